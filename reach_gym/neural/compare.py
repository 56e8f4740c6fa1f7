"""Two populations in the same conditions: canonical correlations, shapes of trajectories, and similarities of conditions."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy.linalg import orthogonal_procrustes
from scipy.spatial.distance import pdist
from scipy.stats import rankdata
from sklearn.model_selection import LeaveOneOut

from reach_gym import checks
from reach_gym.neural.arrays import Floats, floats
from reach_gym.neural.preparing import AXES, principal, states

COMPONENTS = 10
DISTANCES = ("euclidean", "correlation")


def _pair(one: Any, other: Any, least: int = 2) -> tuple[Floats, Floats]:
    """Both populations, if they have equal conditions and times; units may differ."""
    a, b = floats("one", one, AXES, least), floats("other", other, AXES, least)
    if a.shape[:2] != b.shape[:2]:
        raise ValueError(f"`one` and `other` must have equal conditions and times, got {a.shape[:2]} and {b.shape[:2]}.")
    return a, b


class Canonical(NamedTuple):
    """Canonical correlations of two populations.

    Attributes:
        correlation: (k,), largest first, in the data they were fitted to; they are high by chance with few conditions.
        held_out: (k,), of the same pairs of axes in left-out conditions.
    """

    correlation: Floats
    held_out: Floats


def _basis(scores: Floats) -> tuple[Floats, Floats]:
    """Orthonormal columns of centred scores (n, k), and the matrix that gives them from the scores."""
    basis, upper = np.linalg.qr(scores)
    return basis, np.linalg.inv(upper)


def _canonical(a: Floats, b: Floats, components: int) -> tuple[Floats, tuple[Floats, Floats], tuple[Floats, Floats]]:
    """Correlations (k,), axes (units, k) of both populations, and their means."""
    pcas = [principal(each, components) for each in (a, b)]
    (basis, back), (basis_b, back_b) = (_basis(pca.transform(states(each))) for pca, each in zip(pcas, (a, b), strict=True))
    left, correlation, right = np.linalg.svd(basis.T @ basis_b)
    axes = pcas[0].components_.T @ back @ left, pcas[1].components_.T @ back_b @ right.T
    return np.minimum(correlation, 1.0), axes, (pcas[0].mean_, pcas[1].mean_)


def canonical_correlations(one: Any, other: Any, components: int = COMPONENTS) -> Canonical:
    """Canonical correlations of the principal components of two populations (Gallego et al., Nature Neuroscience 23:260, 2020).

    Cross-validated by leaving out one condition at a time: components and axes come from the others, and the correlation is over
    the scores of all left-out conditions together.

    Args:
        one: (conditions, times, units).
        other: (the same, the same, its own units), at matched times.
        components: k, of both.

    Raises:
        ValueError: See `floats`; unequal conditions or times, fewer than three conditions, or k above what the populations have.
    """
    a, b = _pair(one, other, 3)
    correlation, *_ = _canonical(a, b, components)
    scores: tuple[list[Floats], list[Floats]] = ([], [])
    for train, test in LeaveOneOut().split(a):
        _, axes, means = _canonical(a[train], b[train], components)
        for kept, each, axis, mean in zip(scores, (a, b), axes, means, strict=True):
            kept.append((states(each[test]) - mean) @ axis)
    u, v = (np.concatenate(each) for each in scores)
    u, v = u - u.mean(axis=0), v - v.mean(axis=0)
    held_out = (u * v).sum(axis=0) / np.sqrt((u**2).sum(axis=0) * (v**2).sum(axis=0))
    return Canonical(correlation, held_out)


def held_out_shape(one: Any, other: Any, components: int = COMPONENTS) -> float:
    """How well the trajectories of one population, turned and scaled, give those of the other in a left-out condition: R².

    Orthogonal Procrustes on principal components; components, turn and scale come from all other conditions. 1: equal shapes; 0:
    no better than the mean; it may be negative. `reach_gym.neural.procrustes_distance` is the same without cross-validation.

    Args:
        one: (conditions, times, units).
        other: (the same, the same, its own units); which is predicted.
        components: k, of both.

    Raises:
        ValueError: See `canonical_correlations`.
    """
    a, b = _pair(one, other, 3)
    left = whole = 0.0
    for train, test in LeaveOneOut().split(a):
        pcas = [principal(each[train], components) for each in (a, b)]
        x, y = (pca.transform(states(each[train])) for pca, each in zip(pcas, (a, b), strict=True))
        turn, scale = orthogonal_procrustes(x, y)
        guess, seen = (pca.transform(states(each[test])) for pca, each in zip(pcas, (a, b), strict=True))
        left += float(((seen - guess @ turn * scale / (x**2).sum()) ** 2).sum())
        whole += float((seen**2).sum())
    return 1 - left / whole


def dissimilarities(rates: Any, distance: str = "euclidean") -> Floats:
    """How different each pair of conditions is, over all times and units: (pairs,), in SciPy's order.

    Args:
        rates: (conditions, times, units).
        distance: ``"euclidean"`` or ``"correlation"``.

    Raises:
        ValueError: See `floats`; an unknown distance.
    """
    values = floats("rates", rates, AXES, 3)
    return np.asarray(pdist(values.reshape(len(values), -1), checks.choice("distance", distance, DISTANCES)))


def representational_similarity(one: Any, other: Any, distance: str = "euclidean") -> float:
    """Spearman correlation of the dissimilarities of conditions.

    Kriegeskorte, Mur & Bandettini, Frontiers in Systems Neuroscience 2:4, 2008.

    Directions on a circle alone give a high value to whatever follows them: show the null of `shuffled_conditions` beside it, and
    the value of a control population with the same conditions.

    Args:
        one: (conditions, times, units).
        other: (the same, the same, its own units).
        distance: See `dissimilarities`.

    Raises:
        ValueError: See `floats`; unequal conditions or times, or all pairs of conditions are equally different.
    """
    a, b = (rankdata(dissimilarities(each, distance)) for each in _pair(one, other, 3))
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        raise ValueError("`one` and `other` must have pairs of conditions that differ more than others.")
    return float(np.corrcoef(a, b)[0, 1])
