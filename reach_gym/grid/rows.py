"""How the rows of the grid's vector environment lie in memory: one line of integers per quantity.

Lines rather than records, so that a compiled loop reads and writes neighbouring numbers.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from reach_gym.rows.records import Mask

Integers = npt.NDArray[np.int32]

# The lines of `Rows.numbers`.
PLACE, GOAL, START, LIMIT, WORLD, IDEAL, STEPS, SUCCESS, LEVEL, SEEN, HITS = range(11)
LINES = 11


class Rows(NamedTuple):
    """Where every row stands.

    Attributes:
        numbers: int32 (11, rows). PLACE and GOAL are places (`reach_gym.grid.world`), START a cell, LIMIT the squared radius
            rounded down, WORLD the index of the row's field among the tables, IDEAL the steps to go from the start, STEPS those
            taken, SUCCESS whether the trial has hit; LEVEL, SEEN and HITS belong to the radius schedule.
        streams: uint64 (2, rows), KEY of the row and number of its TRIAL.
        radius: float64 (rows,), in squares.
    """

    numbers: Integers
    streams: npt.NDArray[np.uint64]
    radius: npt.NDArray[np.float64]

    @classmethod
    def empty(cls, count: int) -> Rows:
        """Rows that have not begun."""
        return cls(np.zeros((LINES, count), np.int32), np.zeros((2, count), np.uint64), np.zeros(count))

    def take(self, mask: Mask) -> Rows:
        """A copy of the rows of `mask`."""
        return Rows(self.numbers[:, mask], self.streams[:, mask], self.radius[mask])

    def put(self, mask: Mask, rows: Rows) -> None:
        """Overwrites the rows of `mask`."""
        self.numbers[:, mask], self.streams[:, mask], self.radius[mask] = rows
