"""How the rows of the grid's vector environment lie in memory, and the names of all their numbers.

The fields of the records are the lines of the blocks, in order (`reach_gym.rows.records`).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from reach_gym.rows.records import Floats, Integers, Mask, batch_info_of, info_of, views


class Numbers(NamedTuple):
    """The integers of a row, int32.

    Attributes:
        place: Where the cursor is, as a place (`reach_gym.grid.world`).
        goal: Where the target is, as a place.
        start: Cell in which the trial began.
        limit: Squared reward radius, rounded down.
        world: Index of the row's field among the tables.
        ideal: Least number of steps from the start.
        steps: Steps taken.
        success: 1 once the trial has hit, else 0.
        level: Of the radius schedule, as the two that follow.
        seen: Episodes since its last look.
        hits: Successes among them.
    """

    place: Any
    goal: Any
    start: Any
    limit: Any
    world: Any
    ideal: Any
    steps: Any
    success: Any
    level: Any
    seen: Any
    hits: Any


class Streams(NamedTuple):
    """Where a row's random numbers come from, uint64.

    Attributes:
        key: Of the row.
        trial: Number of the trial, from 0.
    """

    key: Any
    trial: Any


class Info(NamedTuple):
    """What info tells of every trial.

    Attributes:
        distance: float, squares from the target.
        ideal_steps: int, the least number of steps that lead from the trial's start to within the radius, under its field; -1 if
            none does.
        in_field: bool, whether the field acts on the next move.
        radius: float, the trial's reward radius in squares.
        is_success: bool, whether the cursor has come within the radius.
    """

    distance: Any
    ideal_steps: Any
    in_field: Any
    radius: Any
    is_success: Any


class SessionInfo(NamedTuple):
    """What info tells besides of a trial of a session.

    Attributes:
        block: int, index of the block.
        trial: int, from 0.
        gain: float, the factor on the block's field.
    """

    block: Any
    trial: Any
    gain: Any

    @classmethod
    def empty(cls, count: int) -> SessionInfo:
        """Of rows that have not begun."""
        return cls(np.zeros(count, np.int64), np.zeros(count, np.int64), np.zeros(count))


class Outcome(NamedTuple):
    """What is left of info with ``info="lean"``.

    Attributes:
        is_success: As in `Info`.
    """

    is_success: Any


single_info = info_of(Info)
batch_info, batch_outcome = batch_info_of(Info), batch_info_of(Outcome)


class GridRows(NamedTuple):
    """Where every row stands.

    Attributes:
        numbers: int32 (11, rows), the lines of `Numbers`.
        streams: uint64 (2, rows), the lines of `Streams`.
        radius: float64 (rows,), in squares.
    """

    numbers: Integers
    streams: npt.NDArray[np.uint64]
    radius: Floats

    @classmethod
    def empty(cls, count: int) -> GridRows:
        """Rows that have not begun."""
        lines = len(Numbers._fields), len(Streams._fields)
        return cls(np.zeros((lines[0], count), np.int32), np.zeros((lines[1], count), np.uint64), np.zeros(count))

    @property
    def now(self) -> Numbers:
        """The lines of `numbers` by name: views, to read and to write."""
        return views(Numbers, self.numbers)

    @property
    def stream(self) -> Streams:
        """The lines of `streams` by name: views, to read and to write."""
        return views(Streams, self.streams)

    def take(self, mask: Mask) -> GridRows:
        """A copy of the rows of `mask`."""
        return GridRows(self.numbers[:, mask], self.streams[:, mask], self.radius[mask])

    def put(self, mask: Mask, rows: GridRows) -> None:
        """Overwrites the rows of `mask`."""
        self.numbers[:, mask], self.streams[:, mask], self.radius[mask] = rows
