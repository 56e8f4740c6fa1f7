"""What is done to rates before they are measured: soft normalisation, the condition-dependent part, principal components."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.decomposition import PCA

from reach_gym import checks
from reach_gym.neural.arrays import Floats, floats

AXES = "conditions, times, units"
SOFTEN = 5.0  # spikes/s; Elsayed et al. 2016 and Russo et al. 2018
SOFTEN_ROTATIONS = 10.0  # spikes/s; Churchland et al. 2012
SHARE_OF_RANGE = 0.2


def softening(rates: Any, share: float = SHARE_OF_RANGE) -> float:
    """A constant of `soft_normalized` for units without spikes, in their own unit: a share of the mean range of the units.

    The constants of the literature are spikes/s, and mean nothing for the units of a network. A fifth of the mean range is this
    package's convention: a unit that varies as much as the mean one is scaled to 5/6, a silent one stays silent.

    Args:
        rates: (conditions, times, units).
        share: Of the mean range.

    Raises:
        ValueError: See `floats`.
    """
    values = floats("rates", rates, AXES)
    return checks.number("share", share, 0) * float(np.ptp(values, axis=(0, 1)).mean())


def soft_normalized(rates: Any, soften: float | None) -> Floats:
    """Divides the rate of each unit by its range plus a constant, so that neither strong units nor noise drown the rest.

    Args:
        rates: (conditions, times, units).
        soften: The constant, in the unit of the rates; ``None`` leaves the rates as they are. With 0, units that do not vary
            stay.

    Raises:
        ValueError: See `floats`; or `soften` is negative.
    """
    values = floats("rates", rates, AXES)
    if soften is None:
        return values
    scale = np.ptp(values, axis=(0, 1)) + checks.number("soften", soften, 0)
    return np.asarray(values / np.where(scale > 0, scale, 1.0))


def condition_dependent(rates: Floats) -> Floats:
    """The rates less their mean over conditions at each time: what depends on the condition."""
    return np.asarray(rates - rates.mean(axis=0))


def states(rates: Floats) -> Floats:
    """The rates (conditions, times, units) as one state per row (conditions * times, units)."""
    return rates.reshape(-1, rates.shape[-1])


def principal(rates: Floats, components: int) -> PCA:
    """Principal components of the states of (conditions, times, units), about the mean of each unit.

    Raises:
        ValueError: The states vary along fewer directions than `components`.
    """
    flat = states(rates)
    most = min(flat.shape[0] - 1, flat.shape[1])
    checks.integer("components", components, 1)
    if components <= most:
        pca = PCA(components, svd_solver="full").fit(flat)
        if pca.explained_variance_[-1] > 1e-12 * pca.explained_variance_[0]:
            return pca
    found = min(most, int(np.linalg.matrix_rank(flat - flat.mean(axis=0))))
    raise ValueError(f"`components` must be at most {found}, in how many directions these states vary, got {components}.")


def variance_along(values: Floats, axes: Floats) -> float:
    """Total variance of the states of (..., units) along orthonormal axes (units, k)."""
    return float((values.reshape(-1, values.shape[-1]) @ axes).var(axis=0).sum())
