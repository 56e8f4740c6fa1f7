"""Anterograde interference: how much what was learned first slows the learning of its opposite."""

from __future__ import annotations

from typing import Any

import numpy as np

from reach_gym import checks
from reach_gym.measures import arrays

TRIALS = 25


def anterograde_slowing(after: Any, naive: Any, trials: int = TRIALS) -> float:
    """The share by which learning is slower than in naive subjects, from the trial at which the baseline is crossed.

    Who comes from the opposite perturbation first has to unlearn. Only what follows counts: the gain over the first trials from
    the first trial at or beyond the baseline, averaged over them, as a share of the naive subjects' gain. 0: no slower; 0.5: half
    as much gained; below 0: faster. The crossing is a whole trial, so that the number jumps where it moves on by one.

    Source: Sing & Smith, PLoS Computational Biology 6:e1000893, 2010 (slowing over the first 25 trials from the crossing).

    Args:
        after: Output per trial (n,) in the second perturbation, positive towards it, 0 the baseline; NaN where it is missing. One
            subject's, or a group's mean: noise of single trials moves the crossing.
        naive: Output per trial (m,) of subjects who learn the same perturbation without the first.
        trials: How many count.

    Returns:
        The slowing; NaN where the baseline is not crossed, fewer than half of the trials were measured on a side, or the naive
        subjects gain nothing.

    Raises:
        TypeError: An argument does not hold numbers.
        ValueError: An argument is of another shape, or `trials` below 2.
    """
    count = checks.integer("trials", trials, 2)
    second, first = arrays.numbers("after", after), arrays.numbers("naive", naive)
    crossed = np.flatnonzero(np.nan_to_num(second, nan=-1.0) >= 0)
    begun = np.flatnonzero(np.isfinite(first))
    if not len(crossed) or not len(begun):
        return float("nan")
    gains = []
    for curve, begin in ((second, int(crossed[0])), (first, int(begun[0]))):
        part = curve[begin : begin + count]
        enough = np.isfinite(part).sum() >= count / 2
        gains.append(arrays.mean(part - part[0]) if enough else float("nan"))
    return 1.0 - gains[0] / gains[1] if gains[1] > 0 else float("nan")
