"""Plans of an arm: a desired path of the hand, the torques that make it, and the feedback that keeps the arm to it.

The path is the smoothest one to the target in the usual time. The torques are those of the arm's inverse dynamics; the field's
part comes on top (`reach_gym.planning.arm_feedback`). The feedback is a linear-quadratic regulator of the plant's own step,
linearised at every point of the path, in the believed field. Its costs are those of holding a point mass
(`reach_gym.planning.gains`): effort counts as the acceleration that it gives the hand, so that all directions are alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from reach_gym.planning import lqg
from reach_gym.planning.arm_model import ArmModel, felt
from reach_gym.planning.minimum_jerk import Profile, onward

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_MOST = 1024  # plans kept
_AT_ONCE = 64  # plans solved together


class Wanted(NamedTuple):
    """A movement that is to be planned; with 0 steps a place that is to be held.

    Attributes:
        begin: float64 (3, 2), the hand's place, velocity and acceleration at the beginning, m and s.
        goal: float64 (2,), where it ends, m.
        steps: How many it takes.
        field: float64 (16,), `reach_gym.fields.FieldNumbers` of the field that the feedback allows for.
        scale: float64 (steps + 1,), factor on the field in every step and thereafter.
    """

    begin: Floats
    goal: Floats
    steps: int
    field: Floats
    scale: Floats


class Plans(NamedTuple):
    """What arms are to do from step to step; the last entry of each lasts.

    Attributes:
        hand: (..., T, 4), the desired hand.
        acceleration: (..., T, 2), of the hand, m/s^2.
        torque: (..., T, 2), what that takes without a field, N m.
        jacobian: (..., T, 2, 2), m/rad.
        gain: (..., T, 2, d), of the ``torque = -gain (state - desired)``.
    """

    hand: Floats
    acceleration: Floats
    torque: Floats
    jacobian: Floats
    gain: Floats


def no_plans(rows: int, size: int) -> Plans:
    """Plans of `rows` arms for one step, to be filled."""
    shapes = (4,), (2,), (2,), (2, 2), (2, size)
    return Plans(*(np.zeros((rows, 1, *shape)) for shape in shapes))


class PlanBook:
    """Solves each plan once, however many rows share it."""

    def __init__(self, model: ArmModel, frequency: float) -> None:
        """For one arm; `frequency` as `reach_gym.planning.gains.FREQUENCY`."""
        self._model = model
        none = [0.0] * (model.size - 4)
        stiff, brake = frequency**4, frequency**2
        self._holding = np.diag([stiff, stiff, brake, brake, *none])
        self._book: dict[tuple[object, ...], Plans] = {}

    def plans(self, wanted: Sequence[Wanted]) -> list[Plans]:
        """The plan of each movement, (steps + 1, ...)."""
        if len(self._book) > _MOST:
            self._book.clear()
        # The sum turns -0 into 0, so that equal numbers have equal bytes.
        keys = [tuple(each if isinstance(each, int) else (each + 0.0).tobytes() for each in one) for one in wanted]
        missing = {key: one for key, one in zip(keys, wanted, strict=True) if key not in self._book}
        for hold in (True, False):
            some = [(key, one) for key, one in missing.items() if (one.steps == 0) == hold]
            for at in range(0, len(some), _AT_ONCE):
                chunk = some[at : at + _AT_ONCE]
                self._book.update(zip([key for key, _ in chunk], self._solve([one for _, one in chunk]), strict=True))
        return [self._book[key] for key in keys]

    def _solve(self, wanted: Sequence[Wanted]) -> list[Plans]:
        """All of them end in the last of so many steps; shorter ones are the last of them."""
        steps = np.array([one.steps for one in wanted])
        count, longest = len(wanted), int(steps.max())
        since = np.maximum(np.arange(-longest, 1) + steps[:, None], 0)
        begin = Profile(*np.swapaxes([one.begin for one in wanted], 0, 1))
        path = onward(
            self._model.dt * since, begin, np.stack([one.goal for one in wanted]), self._model.dt * np.maximum(steps, 1)
        )
        flat = [each.reshape(-1, 2) for each in path]
        hand = np.concatenate(flat[:2], axis=1)
        torque, jacobian, per = self._model.torques(hand, flat[2])
        scale = np.stack([one.scale[now] for one, now in zip(wanted, since, strict=True)]).ravel()
        around = felt(np.repeat([one.field for one in wanted], longest + 1, axis=0), scale, hand[:, :2])
        state = np.concatenate([hand, torque[:, : self._model.size - 4]], axis=1)
        a, b, _ = self._model.linear(state, torque, around)
        gain = self._gains(a, b, per, count)
        whole = Plans(hand, flat[2], torque, jacobian, gain)
        rows = [each.reshape(count, longest + 1, *each.shape[1:]) for each in whole]
        return [Plans(*(each[i, longest - one.steps :] for each in rows)) for i, one in enumerate(wanted)]

    def _gains(self, a: Floats, b: Floats, per: Floats, count: int) -> Floats:
        """Gains (count * T, 2, d) for the matrices of all steps; in the last one the hand is held for ever."""
        a, b = (each.reshape(count, -1, *each.shape[1:]) for each in (a, b @ per))
        hold, value = lqg.stationary(a[:, -1], b[:, -1], np.broadcast_to(self._holding, a[:, -1].shape), 1.0)
        moves = a.shape[1] - 1
        cost = np.broadcast_to(self._holding, (count, moves, *self._holding.shape))
        gains, _ = lqg.riccati(a[:, :-1], b[:, :-1], cost, np.ones(moves), value)
        return np.asarray(per @ np.concatenate([gains, hold[:, None]], axis=1).reshape(-1, 2, self._model.size))


class RowPlans:
    """The plans of n rows under way."""

    def __init__(self, book: PlanBook, rows: int, size: int) -> None:
        """Prepares `rows` rows, whose plans are solved in the `book`."""
        self._book = book
        self._plans = no_plans(rows, size)
        self._begun, self._last = np.zeros(rows, np.int64), np.zeros(rows, np.int64)

    def begin(self, rows: Integers, wanted: Sequence[Wanted], time: Integers) -> None:
        """Gives `rows` the plans that are `wanted`, which begin in the steps `time`; all (k,)."""
        plans = self._book.plans(wanted)
        missing = max(one.steps for one in wanted) + 1 - self._plans.hand.shape[1]
        if missing > 0:
            self._plans = Plans(*(np.pad(each, [(0, 0), (0, missing)] + [(0, 0)] * (each.ndim - 2)) for each in self._plans))
        for row, plan in zip(rows, plans, strict=True):
            for kept, new in zip(self._plans, plan, strict=True):
                kept[row, : len(new)] = new
        self._begun[rows], self._last[rows] = time, [one.steps for one in wanted]

    def left(self, time: Integers) -> Integers:
        """How many steps (n,) the plans still take."""
        return np.asarray(np.maximum(self._begun + self._last - time, 0))

    def at(self, time: Integers) -> Plans:
        """What is planned for the moments `time` (n,): without the axis of steps."""
        rows, now = np.arange(len(time)), np.minimum(np.maximum(time - self._begun, 0), self._last)
        return Plans(*(each[rows, now] for each in self._plans))
