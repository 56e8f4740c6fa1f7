"""The feedback gains of the optimal controller: what it minimises, and a book of the problems that it has solved.

Before the cue and after the movement the hand is held, by a regulator that looks far ahead; in between lies a movement of so many
steps. Effort is charged in (N/kg)^2 per step, so that a heavier hand moves alike. Of the
movement only the end is charged, and effort at the share s of its time costs 1 / (4 s (1 - s)) times as much: for a point mass
this makes the minimum-jerk trajectory optimal, whose acceleration is s (1 - s) times a straight line. Where the hand's force lags
behind the command, that is one more part of the state; the command is charged, not the force.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from reach_gym.planning import lqg
from reach_gym.plants.lagged_mass import fading
from reach_gym.plants.plant import LinearHand

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

# rad/s, how quickly the hand is brought back while it is held. Per step, against (1 N/kg)^2, it costs `FREQUENCY`^4 to be 1 m
# from the goal and `FREQUENCY`^2 to move with 1 m/s. In the null field that makes a regulator of 336 N/m and 29 N s/m for a hand
# of 1 kg.
FREQUENCY = 20.0
# Costs of the movement's end, beyond what holding from there on will cost: a tenth of a millimetre and 2 mm/s count as much as
# an effort of 1 N/kg during one step.
END_POSITION = 1e8
END_VELOCITY = 2.5e5
# How much of the effort is charged as the hand's own force; the rest is charged as the force that moves it, with the field's.
# With 1 it would pay to be turned by a curl field: the best path under 13 N s/m then bows 3.6 cm out on a reach of 14 cm. Adapted
# subjects move nearly straight and overcompensate a little (Izawa et al. 2008); so does this with 0.1, by 4 mm. Against the
# walls of a force channel it then presses with 1.0 times the force of the field.
EFFORT = 0.1
_FORCE = 100.0  # what the force that moves a hand costs, where the command costs 1 and a movement is to be straight
_MOST = 4096  # solved problems kept
_TOGETHER = 16  # lengths of a movement that are solved at once, since other rows will ask for the neighbours of one soon


class Problem:
    """One linear field over time, and what is known of its solution.

    Attributes:
        linear: (S, 8), viscosity and stiffness row by row at each step; S is 1 where they stay.
        hold: (S, 2, d), gains that hold the hand.
        value: (S, d, d), what holding costs from each step on.
        moves: Gains (N, 2, d) of movements, by the step in which they begin, 0 where the field stays, and their steps N.
    """

    def __init__(self, linear: Floats, hold: Floats, value: Floats) -> None:
        """Keeps the solution of the hold; see the attributes."""
        self.linear, self.hold, self.value = linear, hold, value
        self.moves: dict[tuple[int, int], Floats] = {}

    def at(self, steps: Integers | int) -> Integers:
        """Where the steps lie on the time axis; after its end its last step stays."""
        return np.minimum(steps, len(self.linear) - 1)


class _Movement(NamedTuple):
    """A movement of so many `steps` that begins in the step `begin`."""

    problem: Problem
    begin: int
    steps: int

    @property
    def key(self) -> tuple[int, int]:
        return self.begin, self.steps

    def and_its_like(self, together: int) -> list[_Movement]:
        """Itself, and where the field stays, those of about as many steps."""
        if len(self.problem.linear) > 1:
            return [self]
        least = self.steps - self.steps % together
        return [self._replace(steps=steps) for steps in range(max(1, least), least + together)]


class GainBook:
    """Solves each problem once, however many rows share it."""

    def __init__(self, dt: float, body: LinearHand, frequency: float = FREQUENCY, straight: bool = False) -> None:
        """For one kind of hand.

        Args:
            dt: Time step, s.
            body: The hand.
            frequency: See `FREQUENCY`.
            straight: Whether movements are to go as without a field, at whatever effort. What is charged then is all the force
                that moves the hand, the field's included, and where it lags the command for a hundredth. Otherwise see `EFFORT`.
        """
        self._effort = 0.0 if straight else EFFORT
        # The fields of somebody who learns change from trial to trial: movements of other lengths are hardly asked for.
        self._together = 1 if straight else _TOGETHER
        self._dt, self._mass, self._damping = dt, body.mass, body.damping
        self._fading = fading(dt, body.lag) if body.lag else None
        self._book: dict[bytes, Problem] = {}
        self._unit = 1.0 / body.mass**2
        none = [0.0, 0.0] if body.lag else []
        self.size = 4 + len(none)
        stiff, brake = frequency**4, frequency**2
        self._holding = np.diag([stiff, stiff, brake, brake, *none])
        self._end = np.diag([END_POSITION, END_POSITION, END_VELOCITY, END_VELOCITY, *none])

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

    def moves(self, problems: Sequence[Problem], begin: Integers, steps: Integers) -> list[Floats]:
        """Gains (N, 2, d) of movements that begin in the steps `begin` (n,) and last `steps` (n,), at least 1 each."""
        missing: dict[tuple[int, int, int], _Movement] = {}
        wanted = []
        for problem, first, length in zip(problems, begin.tolist(), steps.tolist(), strict=True):
            # Where the field stays, it does not matter when a movement begins.
            movement = _Movement(problem, first if len(problem.linear) > 1 else 0, length)
            wanted.append(movement)
            if movement.key not in problem.moves:
                missing.update(
                    {
                        (id(problem), *each.key): each
                        for each in movement.and_its_like(self._together)
                        if each.key not in problem.moves
                    }
                )
        if missing:
            solved = self._solve_moves(list(missing.values()))
            for movement, gains in zip(missing.values(), solved, strict=True):
                movement.problem.moves[movement.key] = gains[-movement.steps :]
        return [movement.problem.moves[movement.key] for movement in wanted]

    def _share(self, linear: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """Rewrites a mixed charge as one on the command alone; see `EFFORT`.

        With the field's force ``f = F state`` and the charge ``e |u|^2 + (1 - e) |u + f|^2``, completing the square in
        ``w = u + (1 - e) f`` leaves ``|w|^2 + e (1 - e) |f|^2``.

        Returns:
            The matrices A (..., d, d) and B (..., d, 2) of a hand that w acts on, the state cost (..., d, d) that comes with an
            effort cost of 1, and what its gains (..., 2, d) leave out.
        """
        a, b, force = self._hand(linear)
        left = 1.0 - self._effort
        return a - b @ (left * force), b, self._effort * left * np.swapaxes(force, -1, -2) @ force, left * force

    def _on_force(self, linear: Floats) -> tuple[Floats, Floats, Floats, float]:
        """The same as `_share` for a charge on the force that moves a hand whose own force lags behind the command."""
        a, b, force = self._hand(linear)
        moving = force + np.eye(2, self.size, self.size - 2)
        return a, b, _FORCE * np.swapaxes(moving, -1, -2) @ moving, 0.0

    def _hand(self, linear: Floats) -> tuple[Floats, Floats, Floats]:
        """The matrices A and B of a hand in a field, and that of the field's force (..., 2, d)."""
        square = linear.reshape(*linear.shape[:-1], 2, 2, 2)
        viscosity, stiffness = square[..., 0, :, :] - self._damping * np.eye(2), square[..., 1, :, :]
        force = np.concatenate([stiffness, viscosity], axis=-1)
        a, b = lqg.dynamics(self._dt, self._mass, viscosity, stiffness)
        if not self._fading:
            return a, b, force
        return *lqg.lagging(a, b, *self._fading), np.concatenate([force, np.zeros_like(viscosity)], axis=-1)

    def _solve_hold(self, linear: Floats) -> tuple[Floats, Floats]:
        a, b, cost, rest = self._share(linear)
        cost = self._holding + self._unit * cost
        gain, value = lqg.stationary(a[:, -1], b[:, -1], cost[:, -1], self._unit)
        if a.shape[1] == 1:
            return gain[:, None] + rest, value[:, None]
        gains, values = lqg.riccati(a, b, cost, np.full(a.shape[1], self._unit), value)
        return gains + rest, values[:, :-1]

    def _solve_moves(self, wanted: Sequence[_Movement]) -> Floats:
        """Gains (n, N, 2, d) of movements that all end in the last of N steps; those of shorter ones are the last of them."""
        longest = max(move.steps for move in wanted)
        back = np.arange(-longest, 0)
        ends = [move.begin + move.steps for move in wanted]
        linear = np.stack(
            [m.problem.linear[m.problem.at(np.maximum(end + back, 0))] for m, end in zip(wanted, ends, strict=True)]
        )
        terminal = self._end + np.stack([m.problem.value[m.problem.at(end)] for m, end in zip(wanted, ends, strict=True)])
        steps = np.array([move.steps for move in wanted])[:, None]
        # Of the steps before a shorter movement nothing is used, but they must cost something.
        share = np.maximum(steps + back + 0.5, 0.5) / steps
        effort = self._unit / (4.0 * share * (1.0 - share))
        a, b, cost, rest = self._on_force(linear) if self._fading and not self._effort else self._share(linear)
        return lqg.riccati(a, b, effort[..., None, None] * cost, effort, terminal)[0] + rest
