"""Tensor maximum entropy: random rates that keep the means and covariances over times, units and conditions, and nothing else.

Elsayed & Cunningham, "Structure in neural population recordings: an expected byproduct of simpler phenomena?", Nature
Neuroscience 20:1310, 2017. A finding that such surrogates show, too, follows from smoothness in time, correlated units and
similar conditions. The surrogates are Gaussian; their covariance has the eigenvectors of the three marginal covariances and the
eigenvalues 1 / (a_c + b_t + c_u), whose sums over two of the indices must be the eigenvalues of the third marginal covariance.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any

import numpy as np

from reach_gym import checks
from reach_gym.neural.arrays import Floats, floats
from reach_gym.neural.nulls import Draw
from reach_gym.neural.preparing import AXES

MARGINS = ("conditions", "times", "units")
_ZERO = np.exp(-10.0)  # of the mean eigenvalue: smaller ones count as none, as in the authors' code
_EXACT = 1e-9  # relative error of the marginal eigenvalues with which the search ends
_STEPS, _NEAR = 2000, 0.25  # of Newton's method, and the decrement from which on whole steps are safe


def main_effects(rates: Floats) -> Floats:
    """The part of rates (conditions, times, units) that is a sum of one number per condition, per time and per unit."""
    whole = rates.mean()
    means = (rates.mean(axis=tuple(set(range(3)) - {axis}), keepdims=True) for axis in range(3))
    return np.asarray(sum(means) - 2 * whole)


def marginal_covariances(centred: Floats) -> list[Floats]:
    """Sums of products over the two other axes: (conditions, conditions), (times, times) and (units, units)."""
    flat = (np.moveaxis(centred, axis, 0).reshape(centred.shape[axis], -1) for axis in range(3))
    return [rows @ rows.T for rows in flat]


def _added(parts: list[Floats]) -> Floats:
    """One number per entry of a tensor: the sum of one of each part."""
    a, b, c = parts
    return np.asarray(a[:, None, None] + b[None, :, None] + c[None, None, :])


def _over_others(tensor: Floats) -> Floats:
    """Sums of a tensor over all but each axis, one after the other in one array."""
    return np.concatenate([tensor.sum(axis=(1, 2)), tensor.sum(axis=(0, 2)), tensor.sum(axis=(0, 1))])


def _pairs(tensor: Floats) -> Floats:
    """The same for pairs of entries of the three axes: a symmetric matrix with `_over_others` as its diagonal."""
    a, b, c = tensor.sum(axis=2), tensor.sum(axis=1), tensor.sum(axis=0)
    own = [np.diag(tensor.sum(axis=tuple({0, 1, 2} - {axis}))) for axis in range(3)]
    return np.block([[own[0], a, b], [a.T, own[1], c], [b.T, c.T, own[2]]])


def solve(eigenvalues: list[Floats]) -> list[Floats]:
    """The numbers a, b, c whose 1 / (a_c + b_t + c_u), all positive, have the `eigenvalues` as sums over the two other indices.

    They are where the convex function sum(a λ_c) + sum(b λ_t) + sum(c λ_u) - sum(log(a_c + b_t + c_u)) is least. It is
    self-concordant, so that Newton's method with steps of 1 / (1 + decrement), later of 1, comes there from anywhere (Boyd &
    Vandenberghe, "Convex Optimization", 2004, section 9.6).

    Args:
        eigenvalues: Positive, of three marginal covariances with equal sums.

    Raises:
        ValueError: No solution was found.
    """
    sizes = [len(each) for each in eigenvalues]
    splits, target = np.cumsum(sizes)[:-1], np.concatenate(eigenvalues)
    place = np.repeat(np.prod(sizes) / np.array(sizes), sizes) / (3 * target)
    for _ in range(_STEPS):
        inverse = 1 / _added(np.split(place, splits))
        sums = _over_others(inverse)
        off = float(np.abs(np.log(sums / target)).max())
        if off <= _EXACT:
            return np.split(place, splits)
        # In units of 1 / target all unknowns are about as large. A shift from a to b changes nothing: hence least squares.
        slope, curvature = (sums - target) / target, _pairs(inverse**2) / np.outer(target, target)
        step = np.linalg.lstsq(curvature, slope, rcond=1e-14)[0]
        decrement = math.sqrt(max(float(step @ slope), 0.0))
        place = place + step / target / (1 if decrement < _NEAR else 1 + decrement)
    raise ValueError(f"`rates` have marginal covariances that no tensor was found for, off by {off:.1e}.")


def maximum_entropy(rates: Any, keep: Collection[str] = MARGINS) -> Draw:
    """Fits the distribution of largest entropy that keeps the main effects and the marginal covariances of rates.

    Directions in which a marginal covariance is (nearly) zero stay empty. Rates whose mean over conditions is removed before
    `rotations` should be given without it, as the authors did; see `preparing.condition_dependent`.

    Args:
        rates: (conditions, times, units).
        keep: Whose covariances to keep, of ``"conditions"``, ``"times"`` and ``"units"``; the others get equal variances.

    Returns:
        From a generator to surrogate rates of the same shape.

    Raises:
        ValueError: See `floats`; rates that have main effects only, an unknown name in `keep`, or no solution was found.
    """
    values = floats("rates", rates, AXES, least=2)
    kept = [checks.choice("keep", name, MARGINS) for name in keep]
    mean = main_effects(values)
    total = float(((values - mean) ** 2).sum())
    if total <= 1e-20 * float((values**2).sum()):
        raise ValueError("`rates` must vary beyond one mean per condition, time and unit.")
    vectors, eigenvalues = [], []
    for name, covariance in zip(MARGINS, marginal_covariances(values - mean), strict=True):
        size = len(covariance)
        spread, axes = np.linalg.eigh(covariance) if name in kept else (np.full(size, total / size), np.eye(size))
        full = spread > _ZERO * total / np.mean(values.shape)
        vectors.append(np.asarray(axes[:, full]))
        eigenvalues.append(np.asarray(spread[full] * (total / spread[full].sum())))
    deviation = 1 / np.sqrt(_added(solve(eigenvalues)))

    def draw(generator: np.random.Generator) -> Floats:
        normal = generator.standard_normal(deviation.shape) * deviation
        return np.asarray(mean + np.einsum("abc,ia,jb,kc->ijk", normal, *vectors, optimize=True))

    return draw
