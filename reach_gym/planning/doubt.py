"""How sure a controller is of its belief about the field, and how stiffly that lets it hold a hand whose senses are late."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from reach_gym.planning.gains import FREQUENCY
from reach_gym.planning.watch import Belief

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

# N along one axis, of a force that the believed field leaves out. Somebody who may be wrong about the field expects much, so that
# the senses outweigh the belief: with less the naive controller is thrown out of a curl field under a delay of 60 ms.
SURPRISE = {"trial": 0.0, "block": 10.0, "nothing": 10.0}
_SURPRISE_OF_LEARNERS = SURPRISE["block"]
# How much of a field that may be absent its believer's feedback and prediction count on where what he sees is late; the rest is
# planned for, as a force that comes with the time and not with the hand. So both the field and its absence are half expected.
TRUST = 0.5


class Doubt(NamedTuple):
    """What follows from the kind of a belief.

    Attributes:
        surprise: Standard deviation of the force along one axis that the believed field may have left out, N.
        hedges: Whether the believed field may be absent.
        learns: Whether the belief changes from trial to trial.
    """

    surprise: float
    hedges: bool
    learns: bool


def doubt_of(belief: Belief) -> Doubt:
    """How sure the owner of a `belief` is."""
    if isinstance(belief, str):
        return Doubt(SURPRISE[belief], belief == "block", learns=False)
    return Doubt(_SURPRISE_OF_LEARNERS, hedges=True, learns=True)


def frequency_of(late: float) -> float:
    """How quickly a hand is brought back, rad/s, whose senses and force together are `late` by so many seconds."""
    return min(FREQUENCY, 1.0 / late) if late > 0 else FREQUENCY


def drives(field: Floats, scale: Floats) -> Mask:
    """Whether fields (n, 16) at factors (n, steps) can put energy into a hand by its velocity, or push it off: bool (n,)."""
    found = np.zeros(len(field), np.bool_)
    for xx, xy, yx, yy in (field[:, 6:10].T, field[:, 10:14].T):
        # Of the symmetric part: a curl does no work. Rounding must not count.
        middle, around = 0.5 * (xx + yy), np.hypot(0.5 * (xx - yy), 0.5 * (xy + yx))
        for factor in (scale.max(axis=1), scale.min(axis=1)):
            found |= factor * middle + np.abs(factor) * around > 1e-9 * np.abs(factor) * (np.abs(xx) + np.abs(yy))
    return found
