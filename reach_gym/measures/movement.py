"""When the hand moves: onset, peak speed and end of the movement in every trial."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from reach_gym import checks
from reach_gym.measures import arrays
from reach_gym.measures.arrays import Floats, Steps

THRESHOLD = 0.05  # of the trial's peak speed
SLOWEST = 0.01  # m/s, this package's choice: a tenth of the speed below which a target counts as reached
_LARGE = 0.5  # of the trial's peak speed: a faster state belongs to the movement, whatever came before
_RESTLESS = 0.1  # of the trial's peak speed: up to it a hand whose speed does not rise still counts as resting


class Movement(NamedTuple):
    """Step indices of the states that bound the movement of each trial, of the batch's shape, -1 where nothing moved."""

    onset: Steps
    peak: Steps
    end: Steps
    moved: npt.NDArray[np.bool_]


def speed(velocity: Any) -> Floats:
    """The tangential speed (..., T+1) in m/s of a `velocity` (..., T+1, 2) in m/s; NaN after the trial's end.

    Raises:
        TypeError: `velocity` does not hold numbers.
        ValueError: `velocity` is of another shape, or NaN before the end of a trial.
    """
    vector = arrays.path("velocity", velocity)
    return np.hypot(vector[..., 0], vector[..., 1])


def find_movement(velocity: Any, go: Any, threshold: float = THRESHOLD, slowest: float = SLOWEST) -> Movement:
    """Finds the movement that answers the go cue by a threshold on the speed.

    Onset is looked for backwards, so that what a resting hand's noise does after the cue is none: from the first state that
    is faster than half the peak speed of the trial from the cue on, back to the last state at rest; the state after that is
    the onset. At rest a hand is no faster than `threshold` times the peak speed, or no faster than a tenth of it while its
    speed does not rise: noise may keep it above the threshold all the time. Of a speed that rises without a dip, onset is the
    first state above the threshold. A hand that is not at rest from the cue to that first fast state has its onset at the
    cue.

    Of several peaks the first one above half the greatest counts, with whatever leads to it without rest; a smaller one,
    followed by rest, is none. The end is the first state after the greatest peak that is slower than the threshold, or the
    trial's last state, so that corrections before that peak belong to the movement.

    A threshold on the speed is the field's conventional rule (Botzer & Karniel, Frontiers in Neuroscience 2009, doi
    10.3389/neuro.20.002.2009, compare it with others); a fraction of the peak, 5 % by default, does not depend on how far or
    how fast the reach is. To work backwards from a state that surely belongs to the movement, as long as the speed falls, is
    as in Teasdale et al., Journal of Motor Behavior 25:97, 1993 (read in others' code, not in the paper). Half the peak and a
    tenth of it are this package's choice.

    Args:
        velocity: Velocity (..., T+1, 2) in m/s, NaN after the trial's end.
        go: Step index of the go cue, one per trial or one for all.
        threshold: Fraction of the peak speed, from 0 to 0.5.
        slowest: Peak speed in m/s below which the trial holds no movement.

    Returns:
        The movement of each trial; -1 and ``moved`` False where there is none, also where the trial ended before the cue.

    Raises:
        TypeError: An argument does not hold numbers.
        ValueError: An argument is of another shape or out of range.
    """
    threshold = checks.number("threshold", threshold, 0.0, 0.5)
    slowest = checks.number("slowest", slowest, 0.0)
    rate = speed(velocity)
    known = np.isfinite(rate)
    step = np.arange(rate.shape[-1])
    rate = np.where(known & (step >= arrays.steps("go", go, rate.shape[:-1])[..., None]), rate, -1.0)  # -1: not looked at
    peak, fastest = rate.argmax(axis=-1), rate.max(axis=-1)
    moved = np.asarray((fastest > 0) & (fastest >= slowest))
    limit = threshold * fastest[..., None]
    large = (rate > _LARGE * fastest[..., None]).argmax(axis=-1)
    rising = np.diff(rate, axis=-1, prepend=-1.0) > 0  # the first state from the cue on, too: nothing before it is looked at
    resting = (rate <= limit) | (rate <= _RESTLESS * fastest[..., None]) & ~rising
    onset = np.where(resting & (step < large[..., None]), step + 1, 0).max(axis=-1)
    slow = known & (step > peak[..., None]) & (rate < limit)
    end = np.where(slow.any(axis=-1), slow.argmax(axis=-1), known.sum(axis=-1) - 1)
    onset, peak, end = (np.where(moved, index, -1).astype(np.int64) for index in (onset, peak, end))
    return Movement(onset, peak, end, moved)
