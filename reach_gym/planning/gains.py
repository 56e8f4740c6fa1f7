"""The feedback gains of the optimal controller: what it minimises, and a book of the problems that it has solved.

Before the cue and after the movement the hand is held, by a regulator that looks far ahead; in between lies a movement of
`MOVEMENT` seconds. Effort is charged in (N/kg)^2 per step, so that a heavier hand moves alike. Of the
movement only the end is charged, and effort at the share s of its time costs 1 / (4 s (1 - s)) times as much: for a point mass
this makes the minimum-jerk trajectory optimal, whose acceleration is s (1 - s) times a straight line.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from reach_gym.planning import lqg

Floats = npt.NDArray[np.float64]

MOVEMENT = 0.5  # s, of the movement
# Costs per step of holding, against (1 N/kg)^2: of 1 m from the goal and of 1 m/s. In the null field they make a regulator
# of 336 N/m and 29 N s/m for a hand of 1 kg.
HOLD_POSITION = 400.0**2
HOLD_VELOCITY = 20.0**2
# Costs of the movement's end, beyond what holding from there on will cost: a tenth of a millimetre and 2 mm/s count as much as
# an effort of 1 N/kg during one step.
END_POSITION = 1e8
END_VELOCITY = 2.5e5
# How much of the effort is charged as the hand's own force; the rest is charged as the force that moves it, with the field's.
# With 1 it would pay to be turned by a curl field: the best path under 13 N s/m then bows 3.6 cm out on a reach of 14 cm. Adapted
# subjects move nearly straight and overcompensate a little (Izawa et al. 2008); so does this with 0.1, by 4 mm. Against the
# walls of a force channel it then presses with 1.0 times the force of the field.
EFFORT = 0.1
_MOST = 4096  # solved problems kept


class Problem:
    """One linear field over time, and what is known of its solution.

    Attributes:
        linear: (S, 8), viscosity and stiffness row by row at each step; S is 1 where they stay.
        hold: (S, 2, 4), gains that hold the hand.
        value: (S, 4, 4), what holding costs from each step on.
        moves: Gains (N, 2, 4) of movements, by the step in which they begin.
    """

    def __init__(self, linear: Floats, hold: Floats, value: Floats) -> None:
        """Keeps the solution of the hold; see the attributes."""
        self.linear, self.hold, self.value = linear, hold, value
        self.moves: dict[int, Floats] = {}

    def at(self, steps: npt.NDArray[np.int64] | int) -> npt.NDArray[np.int64]:
        """Where the steps lie on the time axis; after its end its last step stays."""
        return np.minimum(steps, len(self.linear) - 1)


class GainBook:
    """Solves each problem once, however many rows share it."""

    def __init__(self, dt: float, mass: float, damping: float) -> None:
        """For a hand of `mass` kilograms and `damping` N s/m, in time steps of `dt` seconds."""
        self._dt, self._mass, self._damping = dt, mass, damping
        self._book: dict[bytes, Problem] = {}
        self.steps = max(1, round(MOVEMENT / dt))
        share = (np.arange(self.steps) + 0.5) / self.steps
        self._unit = 1.0 / mass**2
        self._effort = self._unit / (4.0 * share * (1.0 - share))
        self._holding = np.diag([HOLD_POSITION, HOLD_POSITION, HOLD_VELOCITY, HOLD_VELOCITY])
        self._end = np.diag([END_POSITION, END_POSITION, END_VELOCITY, END_VELOCITY])

    def problems(self, linear: Sequence[Floats]) -> list[Problem]:
        """The problem of each of a sequence of fields (S, 8)."""
        if len(self._book) > _MOST:
            self._book.clear()
        keys = [field.tobytes() for field in linear]
        fresh: dict[int, dict[bytes, Floats]] = {}
        for key, field in zip(keys, linear, strict=True):
            if key not in self._book:
                fresh.setdefault(len(field), {})[key] = field
        for fields in fresh.values():
            hold, value = self._solve_hold(np.stack(list(fields.values())))
            for i, (key, field) in enumerate(fields.items()):
                self._book[key] = Problem(field, hold[i], value[i])
        return [self._book[key] for key in keys]

    def moves(self, problems: Sequence[Problem], begin: npt.NDArray[np.int64]) -> Floats:
        """Gains (n, N, 2, 4) of movements that begin in the steps `begin` (n,)."""
        # Where the field stays, all movements are one.
        keys = [int(step) if len(problem.linear) > 1 else 0 for problem, step in zip(problems, begin, strict=True)]
        missing = {
            (id(problem), key): (problem, key) for problem, key in zip(problems, keys, strict=True) if key not in problem.moves
        }
        if missing:
            gains = self._solve_moves(list(missing.values()))
            for (problem, key), solved in zip(missing.values(), gains, strict=True):
                problem.moves[key] = solved
        return np.stack([problem.moves[key] for problem, key in zip(problems, keys, strict=True)])

    def _share(self, linear: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """Rewrites a mixed charge as one on the command alone; see `EFFORT`.

        With the field's force ``f = F state`` and the charge ``e |u|^2 + (1 - e) |u + f|^2``, completing the square in
        ``w = u + (1 - e) f`` leaves ``|w|^2 + e (1 - e) |f|^2``.

        Returns:
            The matrices A (..., 4, 4) and B (..., 4, 2) of a hand that w acts on, the state cost (..., 4, 4) that comes with an
            effort cost of 1, and what its gains (..., 2, 4) leave out.
        """
        square = linear.reshape(*linear.shape[:-1], 2, 2, 2)
        viscosity, stiffness = square[..., 0, :, :] - self._damping * np.eye(2), square[..., 1, :, :]
        force = np.concatenate([stiffness, viscosity], axis=-1)
        a, b = lqg.dynamics(self._dt, self._mass, viscosity, stiffness)
        return (
            a - b @ ((1.0 - EFFORT) * force),
            b,
            EFFORT * (1.0 - EFFORT) * np.swapaxes(force, -1, -2) @ force,
            (1.0 - EFFORT) * force,
        )

    def _solve_hold(self, linear: Floats) -> tuple[Floats, Floats]:
        a, b, cost, rest = self._share(linear)
        cost = self._holding + self._unit * cost
        gain, value = lqg.stationary(a[:, -1], b[:, -1], cost[:, -1], self._unit)
        if a.shape[1] == 1:
            return gain[:, None] + rest, value[:, None]
        gains, values = lqg.riccati(a, b, cost, np.full(a.shape[1], self._unit), value)
        return gains + rest, values[:, :-1]

    def _solve_moves(self, wanted: Sequence[tuple[Problem, int]]) -> Floats:
        linear = np.stack([problem.linear[problem.at(begin + np.arange(self.steps))] for problem, begin in wanted])
        end = np.stack([problem.value[problem.at(begin + self.steps)] for problem, begin in wanted]) + self._end
        a, b, cost, rest = self._share(linear)
        return lqg.riccati(a, b, self._effort[:, None, None] * cost, self._effort, end)[0] + rest
