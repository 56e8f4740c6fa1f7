"""How the rows of a continuous reach lie in memory: records that name the lines of each block."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from reach_gym.fields import FieldNumbers
from reach_gym.plants.plant import Plant
from reach_gym.rows.records import Floats, Mask, lines

if TYPE_CHECKING:
    from reach_gym.reach.keywords import Reach


class Trial(NamedTuple):
    """The numbers of a trial.

    Attributes:
        start_x: Start, m.
        start_y: Start.
        target_x: Target, m.
        target_y: Target.
        gain: Factor on the perturbation.
        scale: Factor on the numbers of the trial's field: its own gain times `gain`.
        cosine: Of the cursor's rotation; where the cursor is clamped, of the direction of its way.
        sine: Likewise.
        home_x: The target before it jumps, m.
        home_y: Likewise.
        bar: Half the width of a target that is a bar, m.
    """

    start_x: Any
    start_y: Any
    target_x: Any
    target_y: Any
    gain: Any
    scale: Any
    cosine: Any
    sine: Any
    home_x: Any
    home_y: Any
    bar: Any


class Counts(NamedTuple):
    """The integers of a row.

    Attributes:
        step: Steps taken.
        go: Step at which the go cue begins.
        held: Steps on the target.
        left: Step after which the cursor was first outside of the start's disc; 0 while it has not left.
        false_start: Whether there has been one.
        success: Whether the trial has succeeded.
        ended: Whether the rules have ended it.
        block: Number of the block.
        wave: Line of the table of waves that the trial follows.
        channel: Whether it runs in a force channel.
        feedback: What is seen of the hand, as a number (`reach_gym.sessions.rows.FEEDBACK`).
        jump: Line of the table of events of the target's jump; 0 for none.
        shift: Of the cursor's jump.
        pulse: Of the force pulse.
        jumped: Step at which the target's jump was set off; 0 while it was not.
        shifted: Of the cursor's jump.
        pushed: Of the force pulse.
    """

    step: Any
    go: Any
    held: Any
    left: Any
    false_start: Any
    success: Any
    ended: Any
    block: Any
    wave: Any
    channel: Any
    feedback: Any
    jump: Any
    shift: Any
    pulse: Any
    jumped: Any
    shifted: Any
    pushed: Any


class Streams(NamedTuple):
    """The random numbers of a row.

    Attributes:
        key: Of the row.
        trial: Number of the trial.
        noise: Key of the trial's noise.
    """

    key: Any
    trial: Any
    noise: Any


class Cursor(NamedTuple):
    """Where the cursor is, m and m/s."""

    x: Any
    y: Any
    vx: Any
    vy: Any


class Moment(NamedTuple):
    """What is remembered of a step for late senses: the cursor, and for how many steps it has been on the target.

    Behind it stands what the body feels, where that is observed.
    """

    x: Any
    y: Any
    vx: Any
    vy: Any
    held: Any


FELT = len(Moment._fields)  # the line of a moment where what the body feels begins
COUNT, STREAM = lines(Counts), lines(Streams)


class FloatLines(NamedTuple):
    """How the block of floats is laid out for a plant: its state, the trial, the numbers of the trial's field.

    Attributes:
        state: The lines of the plant's state.
        trial: The line of each number of the trial.
        field: The lines of the field's numbers.
        total: Lines in all.
    """

    state: slice
    trial: Trial
    field: slice
    total: int

    def trial_of(self, floats: Floats) -> Trial:
        """The trials' numbers as views of a block of floats, each (rows,)."""
        return Trial(*floats[self.state.stop : self.field.start])


def float_lines(plant: Plant | type[Plant]) -> FloatLines:
    """The layout of the block of floats for a plant."""
    return _lines_beside(len(plant.State._fields))


@functools.cache
def _lines_beside(size: int) -> FloatLines:
    """The layout of the block of floats for a plant whose state has `size` numbers."""
    field = size + len(Trial._fields)
    total = field + len(FieldNumbers._fields)
    return FloatLines(slice(0, size), lines(Trial, size), slice(field, total), total)


class ReachRows(NamedTuple):
    """Where every row stands.

    Attributes:
        floats: float64 (lines, rows), see `FloatLines`.
        counts: int32 (17, rows), see `Counts`.
        streams: uint64 (3, rows), see `Streams`.
        past: float64 (moments, 5 + senses, rows): the `Moment` of the last steps, and what the body felt; that of step s at s
            modulo `moments`, one more than the longest delay.
        shown: float32 (n, rows), the last observation with its history; n is 0 where none is kept.
    """

    floats: Floats
    counts: npt.NDArray[np.int32]
    streams: npt.NDArray[np.uint64]
    past: Floats
    shown: npt.NDArray[np.float32]

    @classmethod
    def empty(cls, task: Reach, count: int, remembered: int = 0, spare: int = 0) -> ReachRows:
        """Rows that have not begun, and `spare` ones that nobody uses; of each so many numbers of observations are remembered."""
        width, senses = count + spare, len(task.senses)
        return cls(
            np.zeros((float_lines(task.plant).total, width)),
            np.zeros((len(Counts._fields), width), np.int32),
            np.zeros((len(Streams._fields), width), np.uint64),
            np.zeros((task.moments, FELT + senses, width)),
            np.zeros((remembered, width), np.float32),
        )

    def first(self, count: int) -> ReachRows:
        """The first `count` rows, as views."""
        return ReachRows._make(values[..., :count] for values in self)

    def take(self, mask: Mask) -> ReachRows:
        """A copy of the rows of `mask`."""
        return ReachRows._make(values[..., mask] for values in self)

    def put(self, mask: Mask, rows: ReachRows) -> None:
        """Overwrites the rows of `mask`."""
        self.floats[:, mask], self.counts[:, mask], self.streams[:, mask] = rows.floats, rows.counts, rows.streams
        self.past[..., mask], self.shown[:, mask] = rows.past, rows.shown
