"""Optimal feedback control of the cursor: a linear-quadratic-Gaussian controller with a belief about the field."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from reach_gym.planning.estimate import Estimator, acts, scale_at
from reach_gym.planning.gains import GainBook, Problem
from reach_gym.planning.watch import Seen, TrialWatch

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

# N: a controller that may be wrong about the field trusts its senses accordingly.
DOUBT = {"trial": 0.0, "block": 1.0, "nothing": 1.0}


class OptimalFeedback:
    """Holds the start until it sees the go cue, moves to the target in half a second, and holds it.

    Where the believed field is linear everywhere the gains are exactly optimal (`reach_gym.planning.gains`); its constant part is
    cancelled. In a field with a region they are those of the field at the estimated place, inside or outside.
    Noisy and delayed senses go through an `Estimator`, which by the separation principle leaves the gains as they are.
    """

    def __init__(self, env: Any, belief: str = "trial") -> None:
        """Controls `env`.

        Args:
            env: A cursor reach of this package, scalar or vector, wrapped or not.
            belief: ``"trial"`` (the truth), ``"block"`` (what the block plans) or ``"nothing"`` (no field, no rotation).

        Raises:
            TypeError: `env` is no cursor reach.
        """
        self._watch = TrialWatch(env, belief)
        self._doubt = DOUBT[belief]
        self._rows = 0

    def reset(self, starts: Mask) -> None:
        """Forgets the rows, bool (n,), that begin an episode."""
        self._watch.reset(starts)

    def act(self, observations: Any) -> npt.NDArray[np.float32]:
        """Actions (n, 2) for a batch of observations."""
        seen = self._watch.look(observations)
        facts = self._watch.facts
        if len(seen.time) != self._rows:
            self._prepare(len(seen.time))
        if seen.new.any():
            self._solve_holds(seen.new)
        if seen.cued.any():
            self._solve_moves(seen)
        state = self._estimator.update(facts, seen)
        inside = acts(facts, state)
        moving = seen.cue >= 0
        goal = np.where(moving[:, None], seen.goal, facts.start)
        away = np.concatenate([state[:, :2] - goal, state[:, 2:]], axis=1)
        gains = self._choose(seen, inside, moving)
        # What the field does to a hand at rest at its goal; the gains see to the rest.
        strength = (scale_at(facts, seen.time) * inside)[:, None]
        stiffness = facts.field[:, 10:14].reshape(-1, 2, 2)
        bias = strength * (facts.field[:, 4:6] + _times(stiffness, goal - facts.field[:, 14:16]))
        actions = self._watch.actions(-_times(gains, away) - bias)
        self._estimator.remember(actions.astype(np.float64) * self._watch.facts.body.strength)
        return actions

    def _prepare(self, rows: int) -> None:
        facts = self._watch.facts
        self._rows = rows
        self._book = GainBook(facts.dt, self._watch.facts.body.mass, self._watch.facts.body.damping)
        self._estimator = Estimator(facts, self._doubt)
        # Inside and outside of the region: the problem of each row, and its gains.
        self._problems: list[list[Problem]] = [self._book.problems([np.zeros((1, 8))] * rows) for _ in range(2)]
        self._hold = np.zeros((2, rows, 1, 2, 4))
        self._move = np.zeros((2, rows, self._book.steps, 2, 4))

    def _solve_holds(self, new: Mask) -> None:
        facts, rows = self._watch.facts, np.flatnonzero(new)
        linear = facts.field[rows, 6:14]
        scale = facts.scale[rows]
        changes = (scale != scale[:, :1]).any(axis=1) & (linear != 0.0).any(axis=1)
        within = [
            # The sum turns -0 into 0, so that equal fields have equal bytes.
            scale[i, : None if changes[i] else 1, None] * linear[i] + 0.0
            for i in range(len(rows))
        ]
        for side, fields in enumerate((within, [np.zeros((1, 8))] * len(rows))):
            problems = self._book.problems(fields)
            longest = max(len(problem.hold) for problem in problems)
            if longest > self._hold.shape[2]:
                self._hold = np.repeat(self._hold, longest, axis=2)
            for row, problem in zip(rows, problems, strict=True):
                self._problems[side][row] = problem
                self._hold[side, row] = problem.hold

    def _solve_moves(self, seen: Seen) -> None:
        rows = np.flatnonzero(seen.cued)
        for side in range(2):
            problems = [self._problems[side][row] for row in rows]
            self._move[side, rows] = self._book.moves(problems, seen.cue[rows])

    def _choose(self, seen: Seen, inside: Mask, moving: Mask) -> Floats:
        """The gains (n, 2, 4) of this step."""
        rows, side = np.arange(self._rows), np.where(inside, 0, 1)
        since = seen.time - seen.cue
        under_way = moving & (since < self._book.steps)
        hold = self._hold[side, rows, np.minimum(seen.time, self._hold.shape[2] - 1)]
        move = self._move[side, rows, np.clip(since, 0, self._book.steps - 1)]
        return np.where(under_way[:, None, None], move, hold)


def _times(matrices: Floats, vectors: Floats) -> Floats:
    """Products (n, i) of matrices (n, i, j) and vectors (n, j)."""
    return np.asarray((matrices * vectors[:, None, :]).sum(axis=2))
