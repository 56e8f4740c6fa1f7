"""A plant's step on tensors, with its derivative (`reach_gym.differentiable.adjoint`) behind one function of PyTorch."""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from reach_gym.differentiable.adjoint import Source, differentiated
from reach_gym.fields import FieldNumbers
from reach_gym.plants.plant import Plant

_AROUND = 1 + len(FieldNumbers._fields)  # the factor on a field, and its numbers


class Motion(NamedTuple):
    """Where n plants are after a step.

    Attributes:
        state: (numbers, n), the plants' state.
        hand: (4, n), x, y (m), vx, vy (m/s).
        force: (2, n), the field's mean force on the hand during the step, N.
        body: (senses, n), what is felt of the body; none where it is not asked for.
    """

    state: Tensor
    hand: Tensor
    force: Tensor
    body: Tensor


Move = Callable[[Tensor, Tensor, Tensor | None], Motion]
"""``move(state, command, field)``: blocks (numbers, n); a field is its factor and its numbers, ``None`` where there is none."""


def _sizes(plant: Plant) -> tuple[int, int]:
    """How many numbers a plant's state has, and its command."""
    return len(plant.State._fields), len(plant.low)


def stepping(plant: Plant, params: Any, with_field: bool, feels: bool) -> Callable[..., tuple[Any, ...]]:
    """A component-wise function: one step of a `plant` with its `params`, of the numbers of state, command and field.

    It returns the new state, the hand, the field's force, and, if the plant `feels`, its senses.
    """
    size, actuators = _sizes(plant)

    def step(*numbers: Any) -> tuple[Any, ...]:
        state, command, around = numbers[:size], numbers[size : size + actuators], numbers[size + actuators :]
        scale, field = (around[0], around[1:]) if with_field else (0.0, None)
        moved, force_x, force_y = plant.step(state, command, scale, field, params)
        moved = plant.stop(moved, params)
        felt = plant.feel(moved, params) if feels else ()
        return *moved, *plant.hand(moved, params), force_x, force_y, *felt

    return step


def automatic(plant: Plant, params: Any, feels: bool) -> Move:
    """A step with PyTorch's automatic gradient; what `written` is measured against."""
    size, _ = _sizes(plant)
    steps = {with_field: stepping(plant, params, with_field, feels) for with_field in (False, True)}

    def move(state: Tensor, command: Tensor, field: Tensor | None) -> Motion:
        around = () if field is None else field.unbind(0)
        numbers = steps[field is not None](*state.unbind(0), *command.unbind(0), *around)
        return _motion(torch.stack([state[0] * 0.0 + number for number in numbers]), size)

    return move


def written(plant: Plant, params: Any, feels: bool) -> Move:
    """A step with the derivative that is written by machine: the same numbers, far sooner.

    On the CPU it is compiled with Numba where that is installed.
    """
    size, _ = _sizes(plant)

    def move(state: Tensor, command: Tensor, field: Tensor | None) -> Motion:
        block = torch.cat([state, command])
        around = block.new_empty((0, block.shape[1])) if field is None else field
        return Motion(*_Step.apply(block, around, _loops(plant, params, feels, field is not None), size))  # type: ignore[no-untyped-call]

    return move


def _motion(block: Tensor, size: int) -> Motion:
    return Motion(block[:size], block[size : size + 4], block[size + 4 : size + 6], block[size + 6 :])


class _Step(torch.autograd.Function):
    """Applies a pair of loops."""

    @staticmethod
    def forward(ctx: Any, block: Tensor, around: Tensor, loops: Loops, size: int) -> tuple[Tensor, ...]:
        """A `Motion`, of state (so many numbers) and command in a `block`, and the field around."""
        ctx.save_for_backward(block, around)
        ctx.loops = loops
        moved = loops.forward(block, around)
        return torch.split(moved, [size, 4, 2, len(moved) - size - 6])

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None, None]:
        """The gradient of state and command."""
        block, around = ctx.saved_tensors
        return ctx.loops.backward(block, around, torch.cat(gradients)), None, None, None


class Loops:
    """A step and its derivative over the rows of blocks."""

    def __init__(self, source: Source) -> None:
        """Makes both of their `source`."""
        self._outputs, self._gradients = len(source.outputs), len(source.gradients)
        names = [f"x{k}" for k in range(source.inputs)], [f"g{k}" for k in range(self._outputs)]
        self._of_rows = (
            _function(names[0], source.forward, source.outputs),
            _function([*names[0], *names[1]], source.backward, source.gradients),
        )
        self._compiled: tuple[Any, ...] | None = None
        if importlib.util.find_spec("numba"):
            import numba

            taken = [f"a[{k}, i]" for k in range(self._gradients)], [f"b[{k}, i]" for k in range(source.inputs - self._gradients)]
            given = dict(zip(names[0], [*taken[0], *taken[1]], strict=True))
            told = given | {name: f"c[{k}, i]" for k, name in enumerate(names[1])}
            self._compiled = tuple(
                numba.njit(error_model="numpy")(_loop(*parts))
                for parts in ((given, source.forward, source.outputs), (told, source.backward, source.gradients))
            )

    def forward(self, block: Tensor, around: Tensor) -> Tensor:
        """The outputs (numbers, n)."""
        return self._run(0, self._outputs, block, around)

    def backward(self, block: Tensor, around: Tensor, gradient: Tensor) -> Tensor:
        """The gradient of the `block` for that of the outputs."""
        return self._run(1, self._gradients, block, around, gradient)

    def _run(self, which: int, lines: int, *blocks: Tensor) -> Tensor:
        first = blocks[0]
        if first.is_cuda:
            values = self._of_rows[which](*(line for block in blocks for line in block.unbind(0)))
            return torch.stack([first[0] * 0.0 + value for value in values])
        arrays = [block.detach().contiguous().numpy() for block in blocks]
        made = np.empty((lines, first.shape[1]), arrays[0].dtype)
        if self._compiled is None:
            for line, value in zip(made, self._of_rows[which](*(line for array in arrays for line in array)), strict=True):
                line[:] = value
        else:
            self._compiled[which](*arrays, *(arrays[:1] if which == 0 else ()), made)
        return torch.from_numpy(made)


@functools.lru_cache(maxsize=32)
def _loops(plant: Plant, params: Any, feels: bool, with_field: bool) -> Loops:
    size, actuators = _sizes(plant)
    active = size + actuators
    return Loops(differentiated(stepping(plant, params, with_field, feels), active + _AROUND * with_field, active))


def _function(names: list[str], lines: list[str], results: list[str]) -> Callable[..., Any]:
    """A function of rows: numbers, arrays or tensors."""
    body = "".join(f"    {line}\n" for line in lines)
    return _made(f"def made({', '.join(names)}):\n{body}    return ({', '.join(results)},)\n")


def _loop(given: dict[str, str], lines: list[str], results: list[str]) -> Callable[..., Any]:
    """A loop over rows of the blocks a (what has gradients), b (what has none) and c (gradients) that writes the block `into`."""
    taken = [f"{name} = {cell}" for name, cell in given.items()]
    put = [f"into[{k}, i] = {result}" for k, result in enumerate(results)]
    body = "".join(f"        {line}\n" for line in [*taken, *lines, *put])
    return _made(f"def made(a, b, c, into):\n    for i in range(a.shape[1]):\n{body}")


def _made(text: str) -> Callable[..., Any]:
    space: dict[str, Any] = {"INF": float("inf")}
    exec(text, space)  # made of a plant's own operations and nothing else
    made: Callable[..., Any] = space["made"]
    return made
