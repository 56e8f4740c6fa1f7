"""How the rows of the cursor's vector environment lie in memory, and the tables that they obey."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from reach_gym.rows.records import Mask

Floats = npt.NDArray[np.float64]

# The lines of `CursorRows.floats`: the hand (metres, metres per second), start and target, the trial's gain and factor on its
# field, the rotation of the cursor, and from FIELD on the 16 numbers of the trial's field.
X, Y, VX, VY, START_X, START_Y, TARGET_X, TARGET_Y, GAIN, SCALE, COS, SIN, FIELD = range(13)
FIELD_NUMBERS = 16
FLOATS = FIELD + FIELD_NUMBERS
# The lines of `CursorRows.counts`: steps taken, step of the go cue, steps on the target, false start, success, block, wave
# within the trial, whether it runs in a channel.
STEP, GO, HELD, FALSE_START, SUCCESS, BLOCK, WAVE, CHANNEL = range(8)
COUNTS = 8
# The lines of `CursorRows.streams`, beside KEY and TRIAL.
NOISE = 2


class CursorRows(NamedTuple):
    """Where every row stands.

    Attributes:
        floats: float64 (28, rows), see the names of the lines above.
        counts: int32 (8, rows).
        streams: uint64 (3, rows): KEY of the row, number of its TRIAL, key of the trial's NOISE.
        past: float64 (delay + 1, 4, rows): cursor x, y, vx, vy of the last steps, that of step s at s modulo delay + 1.
    """

    floats: Floats
    counts: npt.NDArray[np.int32]
    streams: npt.NDArray[np.uint64]
    past: Floats

    @classmethod
    def empty(cls, count: int, delay: int, spare: int = 0) -> CursorRows:
        """Rows that have not begun, and `spare` ones that nobody uses."""
        width = count + spare
        return cls(
            np.zeros((FLOATS, width)),
            np.zeros((COUNTS, width), np.int32),
            np.zeros((3, width), np.uint64),
            np.zeros((delay + 1, 4, width)),
        )

    def first(self, count: int) -> CursorRows:
        """The first `count` rows, as views."""
        return CursorRows._make(values[..., :count] for values in self)

    def take(self, mask: Mask) -> CursorRows:
        """A copy of the rows of `mask`."""
        return CursorRows._make(values[..., mask] for values in self)

    def put(self, mask: Mask, rows: CursorRows) -> None:
        """Overwrites the rows of `mask`."""
        self.floats[:, mask], self.counts[:, mask], self.streams[:, mask], self.past[..., mask] = rows


# The entries of `CursorRules.numbers`.
(DT, RATE, DAMPING, MAX_FORCE, ARENA, WORKSPACE, RADIUS_SQUARED, SPEED_SQUARED, LEAVE_SQUARED, ROTATION, WALL_STIFFNESS,
WALL_DAMPING,
 MOTOR_NOISE, MOTOR_SHARE, POSITION_NOISE, VELOCITY_NOISE, FIXED_X, FIXED_Y) = range(18)  # fmt: skip
# The entries of `CursorRules.whole`.
ONSET, PULSE, HOLD_STEPS, DELAY, STRICT, LIMIT, DRAW_START, DENSE, LAST_BLOCK = range(9)


class CursorRules(NamedTuple):
    """What holds for every row.

    Attributes:
        numbers: float64 (18,), in SI units: time step, time step over mass, damping, greatest force, half sides of arena and
            workspace, squares of the target's radius, the speed limit and the start's radius, rotation (degrees), the walls of
            the channel, noise, and the start where it is not drawn.
        whole: int64 (9,): steps to the target's onset, of the go pulse, on the target, of sensory delay; whether a false
            start rules success out; time limit; whether the start is drawn; whether the reward is dense; first trial of the
            last block.
        points: float64 (n, 2), the targets to choose from; none where they are drawn from the workspace.
        delays: int64 (n,), steps from onset to go cue to choose from.
        session: float64 (5, trials): gain, spread, share of catch trials, share of channel trials, block.
        fields: float64 (blocks, 17), the gain and the numbers of each block's field.
        waves: float64 (blocks + 1, steps), factor on the gain in each step; the first line is 1.
        periods: int64 (blocks + 1,), after how many steps each wave repeats.
    """

    numbers: Floats
    whole: npt.NDArray[np.int64]
    points: Floats
    delays: npt.NDArray[np.int64]
    session: Floats
    fields: Floats
    waves: Floats
    periods: npt.NDArray[np.int64]
