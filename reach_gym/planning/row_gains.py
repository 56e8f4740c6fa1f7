"""The gains of every row in every step: which problem a row has, in which part of its trial it is, and where its hand is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from reach_gym.planning.gains import GainBook, Problem
from reach_gym.planning.watch import Seen

if TYPE_CHECKING:
    from reach_gym.reach.facts import TrialFacts

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


class RowGains:
    """Gains for n rows under a share of the believed field, inside of its region and outside."""

    def __init__(self, book: GainBook, rows: int) -> None:
        """Prepares `rows` rows, whose problems are solved in the `book`."""
        self._book = book
        self._problems: list[list[Problem]] = [book.problems([np.zeros((1, 8))] * rows) for _ in range(2)]
        self._hold = np.zeros((2, rows, 1, 2, book.size))
        self._move = np.zeros((2, rows, 1, 2, book.size))
        self._steps = np.zeros(rows, np.int64)

    def begin(self, facts: TrialFacts, new: Mask, share: Floats) -> None:
        """Solves what the rows of `new`, bool (n,), need to hold their hands under a `share` (n,) of their fields."""
        rows = np.flatnonzero(new)
        linear, scale = facts.field[rows, 6:14], share[rows, None] * facts.scale[rows]
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

    def go(self, seen: Seen, steps: Integers) -> None:
        """Solves the movements of the rows that see the cue; they last `steps`, int64, one for each of these rows."""
        rows = np.flatnonzero(seen.cued)
        self._steps[rows] = steps
        missing = int(steps.max()) - self._move.shape[2]
        if missing > 0:
            self._move = np.pad(self._move, [(0, 0), (0, 0), (0, missing), (0, 0), (0, 0)])
        for side in range(2):
            problems = [self._problems[side][row] for row in rows]
            for row, gains in zip(rows, self._book.moves(problems, seen.cue[rows], steps), strict=True):
                self._move[side, row, : len(gains)] = gains

    def now(self, seen: Seen, inside: Mask) -> Floats:
        """The gains (n, 2, d) of this step for hands `inside` of the field's region or not, bool (n,)."""
        rows, side, since = np.arange(len(inside)), np.where(inside, 0, 1), seen.time - seen.cue
        under_way = (seen.cue >= 0) & (since < self._steps)
        hold = self._hold[side, rows, np.minimum(seen.time, self._hold.shape[2] - 1)]
        move = self._move[side, rows, np.clip(since, 0, self._move.shape[2] - 1)]
        return np.where(under_way[:, None, None], move, hold)
