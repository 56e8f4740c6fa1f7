"""The numbers of all rows as blocks, and where each stands in them: arrays on the CPU, tensors elsewhere."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from reach_gym.reach.keywords import Reach
from reach_gym.rows.records import Floats

Block = Any
"""(numbers, n): an array on the CPU, a tensor elsewhere."""


class Lines(NamedTuple):
    """Where the numbers of rows stand in their block.

    Attributes:
        state: The plants' states.
        hand: x, y (m), vx, vy (m/s).
        force: The field's mean force on the hand during the step, N.
        body: What is felt of the body; none where it is not observed.
        cursor: As the hand.
        sensed: What is sensed of the cursor; its own lines where that is all of it.
        reward: Of the step.
        moved: How many lines come before the cursor's.
        total: How many there are.
    """

    state: slice
    hand: slice
    force: slice
    body: slice
    cursor: slice
    sensed: slice
    reward: int
    moved: int
    total: int


def lines_of(task: Reach) -> Lines:
    """Those of a `task`."""
    sizes = len(task.plant.State._fields), 4, 2, len(task.senses), 4, 4 * task.is_eventful, 1
    ends = np.cumsum(sizes).tolist()
    state, hand, force, body, cursor, sensed, _ = (slice(end - size, end) for size, end in zip(sizes, ends, strict=True))
    return Lines(state, hand, force, body, cursor, sensed if task.is_eventful else cursor, ends[5], ends[3], ends[6])


class Given(NamedTuple):
    """What a step depends on besides what has gradients.

    Attributes:
        motor: Motor noise, two numbers per actuator; none where there is none.
        around: The factor on the field and its numbers; none where there is no field.
        before: `reach_gym.differentiable.judging.Judged` before the step, an array, like all that follow.
        held: (1, n), the steps on the target that are told.
        trial: A `reach_gym.differentiable.judging.trial_block`.
        noise: Of the sensed cursor.
        felt_noise: Of what is felt of the body.
        shared: A `reach_gym.differentiable.judging.shared_block`.
        judged: `Judged` after the step is written there.
    """

    motor: Block
    around: Block
    before: Floats
    held: Floats
    trial: Floats
    noise: Floats
    felt_noise: Floats
    shared: Floats
    judged: Floats


def block_of(tensor: Tensor) -> Block:
    """The numbers of a tensor, without a gradient; an array shares its memory unless that lies in another order."""
    plain = tensor.detach().contiguous()
    return plain.numpy() if plain.device.type == "cpu" else plain


def array_of(block: Block) -> Floats:
    """The numbers of a block as an array; an array is itself."""
    array: Floats = block.cpu().numpy() if isinstance(block, Tensor) else block
    return array


def like(block: Block, array: Floats) -> Block:
    """An `array` as what the `block` is, where that is."""
    return torch.from_numpy(array).to(block.device) if isinstance(block, Tensor) else array


def empty(block: Block, lines: int) -> Block:
    """A block of as many rows, the values of which do not matter yet."""
    shape = lines, block.shape[1]
    return block.new_empty(shape) if isinstance(block, Tensor) else np.empty(shape, block.dtype)


def zeros(block: Block) -> Block:
    """A block of the same shape."""
    return torch.zeros_like(block) if isinstance(block, Tensor) else np.zeros_like(block)


def joined(lines: list[Any]) -> Block:
    """A block of these lines."""
    return torch.stack(lines) if isinstance(lines[0], Tensor) else np.stack(lines)
