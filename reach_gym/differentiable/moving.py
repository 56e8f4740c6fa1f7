"""One step of all rows on tensors: command, plant and rules behind one function of PyTorch.

Each of these three stages is a component-wise function of the environment's own. Its derivative is written by machine
(`reach_gym.differentiable.adjoint`), or is PyTorch's automatic one.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from reach_gym.differentiable.adjoint import choice
from reach_gym.differentiable.blocks import Block, Given, array_of, block_of, empty, like, lines_of, zeros
from reach_gym.differentiable.judging import kind_of
from reach_gym.differentiable.ruling import ruling, sizes_of, written_rules
from reach_gym.differentiable.tensors import root
from reach_gym.differentiable.written import Arranged, Written
from reach_gym.fields import FieldNumbers
from reach_gym.plants.plant import Plant
from reach_gym.reach.keywords import Reach
from reach_gym.rows.records import Floats

_AROUND = 1 + len(FieldNumbers._fields)  # the factor on a field, and its numbers

Step = Callable[[Tensor, Tensor, Tensor | None, Tensor | None, Given], tuple[Tensor, Tensor]]
"""``step(before, actions, late, felt, given)``: the rows' block before it, actions (n, actuators), and the blocks that late
senses tell of. It returns the block after it, and what is observed, (n, numbers)."""


def commanding(plant: Plant, spread: tuple[float, float], where: Any) -> Callable[..., list[Any]]:
    """A component-wise function, of actions and motor noise of that `spread`: the commands, and the effort."""
    bounds = list(zip(plant.low, plant.high, plant.strength, strict=True))

    def command(*numbers: Any) -> list[Any]:
        noise, (plain, share), commands, effort = numbers[len(bounds) :], spread, [], 0.0
        for k, (low, high, strength) in enumerate(bounds):
            action = where(numbers[k] < low, low, where(numbers[k] > high, high, numbers[k]))
            effort = effort + action * action
            commands.append(strength * action)
            if noise:
                commands[k] = commands[k] * (1.0 + share * noise[2 * k]) + plain * noise[2 * k + 1]
        return [*commands, effort]

    return command


def stepping(plant: Plant, params: Any, with_field: bool, feels: bool) -> Callable[..., tuple[Any, ...]]:
    """A component-wise function: one step of a `plant` with its `params`, of the numbers of state, command and field.

    It returns the new state, the hand, the field's force, and, if the plant `feels`, its senses.
    """
    size, actuators = len(plant.State._fields), len(plant.low)

    def step(*numbers: Any) -> tuple[Any, ...]:
        state, command, around = numbers[:size], numbers[size : size + actuators], numbers[size + actuators :]
        scale, field = (around[0], around[1:]) if with_field else (0.0, None)
        moved, force_x, force_y = plant.step(state, command, scale, field, params)
        moved = plant.stop(moved, params)
        felt = plant.feel(moved, params) if feels else ()
        return *moved, *plant.hand(moved, params), force_x, force_y, *felt

    return step


@functools.lru_cache(maxsize=32)
def _written_command(plant: Plant, spread: tuple[float, float], noisy: bool) -> Written:
    actuators = len(plant.low)
    given = [Arranged(actuators, "rows"), Arranged(2 * actuators * noisy)]
    return Written(commanding(plant, spread, choice), given, 1, [Arranged(actuators + 1)], 1)


@functools.lru_cache(maxsize=32)
def _written_plant(plant: Plant, params: Any, feels: bool, with_field: bool) -> Written:
    size = len(plant.State._fields)
    given = [Arranged(size), Arranged(len(plant.low)), Arranged(_AROUND * with_field)]
    return Written(
        stepping(plant, params, with_field, feels), given, 2, [Arranged(size + 6 + (len(plant.senses) if feels else 0))], 1
    )


def automatic(task: Reach) -> Step:
    """The steps of a `task` with PyTorch's automatic gradient; what `written` is measured against."""
    at, kind = lines_of(task), kind_of(task)
    (placed, seen, _), command = sizes_of(kind)[1], commanding(task.plant, task.command_spread, torch.where)
    move = [stepping(task.plant, task.params, with_field, task.feels) for with_field in (False, True)]
    rules = ruling(kind, torch.where, root)

    def step(before: Tensor, actions: Tensor, late: Tensor | None, felt: Tensor | None, given: Given) -> tuple[Tensor, Tensor]:
        def stacked(numbers: Any, dim: int) -> Tensor:
            return torch.stack([before[0] * 0.0 + number for number in numbers], dim).to(before.dtype)

        *commands, effort = command(*actions.unbind(1), *torch.as_tensor(given.motor))
        moved = stacked(move[len(given.around) > 0](*before[at.state], *commands, *torch.as_tensor(given.around)), 0)
        then = *([] if late is None else late[at.sensed]), *([] if felt is None else felt[at.body])
        still = (line for block in given[2:-2] for line in torch.from_numpy(block).to(before.device))
        found = rules(*moved[at.hand], effort, *moved[at.body], *then, *still, *given.shared.tolist())
        judged = stacked(found[placed + seen :], 0).detach()
        given.judged[:] = judged.cpu().numpy()
        return torch.cat([moved, stacked(found[:placed], 0)]), stacked(found[placed : placed + seen], 1)

    return step


def written(task: Reach) -> Step:
    """The steps of a `task` with the derivative that is written by machine: the same numbers, far sooner."""
    stages = Stages(task)

    def step(before: Tensor, actions: Tensor, late: Tensor | None, felt: Tensor | None, given: Given) -> tuple[Tensor, Tensor]:
        made: tuple[Tensor, Tensor] = _Step.apply(before, actions, late, felt, stages, given)  # type: ignore[no-untyped-call]
        return made

    return step


class _Step(torch.autograd.Function):
    """Goes through the stages, there and back."""

    @staticmethod
    def forward(
        ctx: Any, before: Tensor, actions: Tensor, late: Tensor | None, felt: Tensor | None, stages: Stages, given: Given
    ) -> tuple[Tensor, Tensor]:
        """See `Step`."""
        then = (None if each is None else block_of(each) for each in (late, felt))
        taken = block_of(before), block_of(actions), *then, given
        block, command, seen = stages.forward(*taken)
        ctx.stages, ctx.kept = stages, (*taken, block, command)
        return torch.as_tensor(block), torch.from_numpy(seen).to(before.device)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, slope: Tensor, seen: Tensor) -> tuple[Tensor | None, ...]:
        """The gradients of blocks and actions."""
        found = ctx.stages.backward(*ctx.kept, block_of(slope), block_of(seen))
        return *(None if each is None else torch.as_tensor(each) for each in found), None, None


class Stages:
    """The three stages of a step, there and back. The rules work on arrays on every device."""

    def __init__(self, task: Reach) -> None:
        """Prepares those of a `task`."""
        self._at, kind = lines_of(task), kind_of(task)
        self._command = _written_command(task.plant, task.command_spread, any(task.motor_noise))
        self._plants = functools.cache(functools.partial(_written_plant, task.plant, task.params, task.feels))
        self._rules, self._seen = written_rules(kind), sizes_of(kind)[1][1]

    def _plant(self, given: Given) -> Written:
        return self._plants(len(given.around) > 0)

    def forward(
        self, before: Block, actions: Block, late: Block | None, felt: Block | None, given: Given
    ) -> tuple[Block, Block, Floats]:
        """The block after a step; commands and effort; what is observed."""
        at = self._at
        command, block = empty(before, actions.shape[1] + 1), empty(before, at.total)
        self._command.forward(actions, given.motor, command)
        self._plant(given).forward(before[at.state], command[:-1], given.around, block[: at.moved])
        return block, command, self.place(block, command[-1:], late, felt, given)

    def place(self, block: Block, effort: Block, late: Block | None, felt: Block | None, given: Given) -> Floats:
        """Puts the cursor into a block in which the plants have moved, and judges; what is observed."""
        moved = array_of(block)
        seen = np.empty((moved.shape[1], self._seen), moved.dtype)
        self._rules.forward(*self._told(moved, effort, late, felt, given), moved[self._at.moved :], seen, given.judged)
        if moved is not block:
            block[:] = like(block, moved)
        return seen

    def _told(self, moved: Floats, effort: Block, late: Block | None, felt: Block | None, given: Given) -> list[Floats]:
        """What the rules take."""
        at, none = self._at, moved[:0]
        then = none if late is None else array_of(late)[at.sensed], none if felt is None else array_of(felt)[at.body]
        return [moved[at.hand], array_of(effort), moved[at.body], *then, *given[2:-1]]

    def backward(
        self, before: Block, actions: Block, late: Block | None, felt: Block | None, given: Given, block: Block, command: Block,
        slope: Block, seen: Block,
    ) -> list[Block | None]:  # fmt: skip
        """The gradients of `before`, `actions`, `late` and `felt` for those of the block after the step and of what is seen."""
        at, told = self._at, self._told(array_of(block), command[-1:], late, felt, given)
        hand, effort, body, *then = (np.empty_like(each) for each in told[:5])
        self._rules.backward(*told, array_of(slope)[at.moved :], array_of(seen), hand, effort, body, *then)
        moved = slope[: at.moved] + 0.0  # a copy: the gradient is not this function's own
        moved[at.hand] += like(block, hand)
        moved[at.body] += like(block, body)
        own, commanded, acted = zeros(before), empty(before, len(command)), actions + 0.0
        self._plant(given).backward(before[at.state], command[:-1], given.around, moved, own[at.state], commanded[:-1])
        commanded[-1:] = like(block, effort)
        self._command.backward(actions, given.motor, commanded, acted)
        return [own, acted, _only(late, at.sensed, then[0]), _only(felt, at.body, then[1])]


def _only(block: Block | None, lines: slice, slope: Floats) -> Block | None:
    """The gradient of a block of which only these lines matter."""
    if block is None:
        return None
    found = zeros(block)
    found[lines] = like(block, slope)
    return found
