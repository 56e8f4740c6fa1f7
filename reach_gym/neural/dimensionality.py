"""How many dimensions activity fills: the participation ratio and cross-validated principal components."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from reach_gym import checks
from reach_gym.neural.arrays import Floats, floats
from reach_gym.neural.preparing import AXES, states


def participation_ratio(rates: Any) -> float:
    """(sum of l)² / sum of l², l the eigenvalues of the covariance of the states: n if n dimensions vary equally.

    Gao, Trautmann, Yu et al., "A theory of multineuronal dimensionality, dynamics and measurement", bioRxiv 214262, 2017. Noise
    of the units adds dimensions; see `shared_dimensions` for rates with trials.

    Args:
        rates: (conditions, times, units).

    Raises:
        ValueError: See `floats`; nothing varies.
    """
    covariance = np.cov(states(floats("rates", rates, AXES)).T, ddof=0)
    squares = float((covariance**2).sum())
    if squares == 0:
        raise ValueError("`rates` must vary.")
    return float(np.trace(covariance) ** 2 / squares)


class Dimensions(NamedTuple):
    """Variance that two halves of the trials share.

    Attributes:
        shared: (k,), share of the shared variance along each component, which sum to 1. Values of noise scatter about 0.
        needed: How many components it takes to hold `enough` of it.
        reliable: Shared variance over the mean variance of the halves: 1 without noise.
    """

    shared: Floats
    needed: int
    reliable: float


def shared_dimensions(one: Any, other: Any, enough: float = 0.9) -> Dimensions:
    """Cross-validated principal components (Stringer et al., Nature 571:361, 2019).

    Along each component of one half, the covariance of the two halves' scores; what is noise in one is not in the other.

    Args:
        one: (conditions, times, units), means over one half of the trials.
        other: The same over the other half.
        enough: Share of the shared variance that counts as all.

    Raises:
        ValueError: See `floats`; unequal shapes, `enough` not within 0 to 1, or the halves share nothing.
    """
    half, rest = floats("one", one, AXES), floats("other", other, AXES)
    if half.shape != rest.shape:
        raise ValueError(f"`one` and `other` must have equal shapes, got {half.shape} and {rest.shape}.")
    share = checks.number("enough", enough, 0, 1)
    first, second = (states(part) - states(part).mean(axis=0) for part in (half, rest))
    axes = np.linalg.svd(first, full_matrices=False)[2].T
    shared = ((first @ axes) * (second @ axes)).mean(axis=0)
    total = float(shared.sum())
    if total <= 0:
        raise ValueError("`one` and `other` must share variance, got none: all of it is noise.")
    mean = float(((first**2).sum(axis=1) + (second**2).sum(axis=1)).mean() / 2)
    return Dimensions(shared / total, int(np.argmax(np.cumsum(shared) >= share * total - 1e-12 * total)) + 1, total / mean)
