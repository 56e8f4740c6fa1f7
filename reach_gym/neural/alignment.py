"""Do preparation and movement use the same dimensions? (Elsayed et al., Nature Communications 7:13239, 2016)."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.linalg import orth

from reach_gym import checks
from reach_gym.neural.arrays import Floats, floats
from reach_gym.neural.nulls import DRAWS, Against, beside
from reach_gym.neural.preparing import AXES, SOFTEN, condition_dependent, principal, soft_normalized, states

COMPONENTS = 10  # as published


def captured(axes: Floats, rates: Floats) -> float:
    """The variance of rates along orthonormal axes (units, k), over the most that k axes can have: 0 to 1."""
    covariance = np.cov(states(rates).T)
    most = np.linalg.eigvalsh(covariance)[-axes.shape[1] :].sum()
    return float(np.trace(axes.T @ covariance @ axes) / most)


def _epochs(preparation: Any, movement: Any, soften: float | None) -> tuple[Floats, Floats]:
    """Both epochs, normalised by the range over both, each less its mean over conditions.

    Raises:
        ValueError: See `floats`; they have other conditions or units.
    """
    one, other = (floats(name, part, AXES, 2) for name, part in (("preparation", preparation), ("movement", movement)))
    if one.shape[::2] != other.shape[::2]:
        raise ValueError(f"`preparation` and `movement` must have equal conditions and units, got {one.shape} and {other.shape}.")
    both = soft_normalized(np.concatenate([one, other], axis=1), soften)
    return condition_dependent(both[:, : one.shape[1]]), condition_dependent(both[:, one.shape[1] :])


def alignment(preparation: Any, movement: Any, components: int = COMPONENTS, soften: float | None = SOFTEN) -> float:
    """The alignment index: variance of movement in the preparatory space, over the most that as many dimensions can hold.

    Tr(D' C D) / (s_1 + ... + s_k), where D are the first k preparatory principal components, C is the covariance of the movement
    epoch and s its largest eigenvalues. 1: the same space, 0: orthogonal. Published: far below chance in motor cortex (abstract).

    Args:
        preparation: (conditions, times, units), delay-period rates.
        movement: (conditions, other times, units), rates about the movement.
        components: k, at most the dimensions of the preparatory rates: with one mean per condition, conditions - 1.
        soften: See `soft_normalized`; 5 spikes/s. For a network `softening(rates)`.

    Raises:
        ValueError: See `floats`; unequal conditions or units, or `components` above the dimensions of the preparatory rates.
    """
    prepared, moved = _epochs(preparation, movement, soften)
    return captured(np.asarray(principal(prepared, components).components_.T), moved)


def alignment_against_chance(
    preparation: Any,
    movement: Any,
    components: int = COMPONENTS,
    soften: float | None = SOFTEN,
    draws: int = DRAWS,
    seed: int = 0,
) -> Against:
    """`alignment` beside that of random spaces, drawn where the data vary: orth(U sqrt(S) v), v normal, U S U' the covariance.

    In n dimensions random spaces are nearly orthogonal, but data fill few of the dimensions. The covariance is that of both
    epochs together; the movement stays as it is, as in the authors' public code. The finding is a *low* index.

    Args:
        preparation: See `alignment`.
        movement: See `alignment`.
        components: See `alignment`.
        soften: See `alignment`.
        draws: How many random spaces.
        seed: Of the draws.

    Raises:
        ValueError: See `alignment`.
    """
    prepared, moved = _epochs(preparation, movement, soften)
    spread, vectors = np.linalg.eigh(np.cov(np.concatenate([states(prepared), states(moved)]).T))
    bias = vectors * np.sqrt(np.maximum(spread, 0.0))
    value = alignment(preparation, movement, components, soften)
    generator = np.random.default_rng(checks.integer("seed", seed, 0))
    spaces = (orth(bias @ generator.standard_normal((len(bias), components))) for _ in range(checks.integer("draws", draws, 1)))
    return beside(value, [captured(space, moved) for space in spaces], "less")
