"""jPCA: do the states of all conditions rotate alike? (Churchland, Cunningham et al., Nature 487:51, 2012)."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy.linalg import lstsq, solve_continuous_lyapunov

from reach_gym import checks
from reach_gym.neural.arrays import Floats, floats
from reach_gym.neural.preparing import (
    AXES,
    SOFTEN_ROTATIONS,
    condition_dependent,
    principal,
    soft_normalized,
    states,
)

COMPONENTS = 6  # as published


class Quality(NamedTuple):
    """How well rotations describe how the states change. R² is the share of the sum of squares of the change, not about its mean.

    Attributes:
        r2_skew: R² of the best skew-symmetric matrix in all components: pure rotation.
        r2_best: R² of the best matrix of any kind there. The published summary is the ratio of the two.
        r2_skew_plane: The same in the plane of the fastest rotation.
        r2_best_plane: The same.
        plane_variance: Share of the variance of the prepared rates that lies in that plane.
    """

    r2_skew: float
    r2_best: float
    r2_skew_plane: float
    r2_best_plane: float
    plane_variance: float

    @property
    def share(self) -> float:
        """`r2_skew` over `r2_best`."""
        return self.r2_skew / self.r2_best


class Rotations(NamedTuple):
    """What jPCA finds.

    Attributes:
        quality: Of the fit, to the same conditions. `held_out_rotations` tells whether it holds for others.
        speed: (components / 2,), angle per step in each plane, rad, fastest first.
        axes: (units, components), the jPCs, orthonormal, two per plane. Rotation goes from the first to the second of a plane;
            the first is along which the states at the beginning differ most.
        scores: (conditions, times, components), the prepared rates along them.
    """

    quality: Quality
    speed: Floats
    axes: Floats
    scores: Floats


class _Dynamics(NamedTuple):
    """change = state @ matrix, for states about `mean` along `axes` (units, k); `planes` (k, k) are the jPCs."""

    mean: Floats
    axes: Floats
    best: Floats
    skew: Floats
    planes: Floats
    speed: Floats


def skew_symmetric(state: Floats, change: Floats) -> Floats:
    """The skew-symmetric M (k, k) that makes `state` @ M closest to `change`, both (n, k), in least squares.

    Where the gradient vanishes, C M + M C = S' D - D' S with C = S' S: a Lyapunov equation, which SciPy solves.
    """
    cross = state.T @ change
    skew = solve_continuous_lyapunov(state.T @ state, cross - cross.T)
    return np.asarray((skew - skew.T) / 2)


def _planes(skew: Floats, first: Floats) -> tuple[Floats, Floats]:
    """Orthonormal axes (k, k) of the planes in which x -> x @ `skew` rotates, fastest first, and the speeds.

    Args:
        skew: (k, k).
        first: States (conditions, k) at the beginning, along whose largest spread the first axis of each plane points.
    """
    speed, vectors = np.linalg.eigh(-1j * skew.T)  # of a Hermitian matrix: pairs of opposite speeds
    axes = []
    for vector in vectors.T[: len(skew) // 2 - 1 : -1]:
        plane = np.sqrt(2.0) * np.stack([vector.real, -vector.imag], axis=1)
        turn = np.linalg.svd((first - first.mean(axis=0)) @ plane)[2][0]
        axes.append(plane @ np.array([[turn[0], -turn[1]], [turn[1], turn[0]]]))
    return np.concatenate(axes, axis=1), np.asarray(speed[: len(skew) // 2 - 1 : -1])


def _steps(scores: Floats) -> tuple[Floats, Floats]:
    """States and their change to the next time, each (n, k), of scores (conditions, times, k)."""
    return states(scores[:, :-1]), states(np.diff(scores, axis=1))


def _fit(prepared: Floats, components: int) -> _Dynamics:
    pca = principal(prepared, components)
    axes = np.asarray(pca.components_.T)
    scores = (prepared - pca.mean_) @ axes
    state, change = _steps(scores)
    skew = skew_symmetric(state, change)
    planes, speed = _planes(skew, scores[:, 0])
    return _Dynamics(pca.mean_, axes, np.asarray(lstsq(state, change)[0]), skew, planes, speed)


def _sums(dynamics: _Dynamics, prepared: Floats) -> Floats:
    """Sums of squares: the change and what skew and best leave of it, in all components and in the plane; plane and whole."""
    scores = (prepared - dynamics.mean) @ dynamics.axes
    state, change = _steps(scores)
    plane = dynamics.planes[:, :2]
    left = [change, change - state @ dynamics.skew, change - state @ dynamics.best]
    sums = [float((part @ side).ravel() @ (part @ side).ravel()) for side in (np.eye(len(plane)), plane) for part in left]
    whole = states(prepared - dynamics.mean)
    return np.array([*sums, ((states(scores) @ plane) ** 2).sum(), (whole**2).sum()])


def _quality(sums: Floats) -> Quality:
    whole, skew, best, whole_plane, skew_plane, best_plane, plane, variance = map(float, sums)
    in_plane = 1 - skew_plane / whole_plane, 1 - best_plane / whole_plane
    return Quality(1 - skew / whole, 1 - best / whole, *in_plane, plane / variance)


def _prepared(rates: Any, components: int, soften: float | None, window: slice) -> Floats:
    if checks.integer("components", components, 2) % 2:
        raise ValueError(f"`components` must be even, two per plane, got {components}.")
    values = floats("rates", rates, AXES, least=2)
    ready = condition_dependent(soft_normalized(values, soften))[:, window]
    if ready.shape[1] < 3:
        raise ValueError(f"`window` must leave at least 3 times, got {ready.shape[1]}.")
    return ready


def rotations(
    rates: Any, components: int = COMPONENTS, soften: float | None = SOFTEN_ROTATIONS, window: slice = slice(None)
) -> Rotations:
    """Soft normalisation, less the mean over conditions, principal components, the best rotation among them: jPCA as published.

    Published: R² of skew over best about 0.84 to 0.85 on average (secondary source); the first plane holds about 28 % of the
    variance (from memory, unverified). Velocity tuning with latencies looks like that, too (Michaels et al., PLoS Computational
    Biology 12:e1005175, 2016), and correlations over times, units and conditions give much of it (Elsayed & Cunningham, Nature
    Neuroscience 20:1310, 2017): always show a null, `matched_covariance` or `maximum_entropy`, beside it.

    Args:
        rates: (conditions, times, units), evenly sampled; published with 10 ms.
        components: How many principal components, even.
        soften: See `soft_normalized`; 10 spikes/s as published. For a network `softening(rates)`; ``None`` if it is done already.
        window: The times that are analysed, as a slice of their axis; normalised is by all of them.

    Raises:
        ValueError: See `floats`; fewer than two conditions or three times, odd `components`, or more than the states have.
    """
    prepared = _prepared(rates, components, soften, window)
    dynamics = _fit(prepared, components)
    axes = dynamics.axes @ dynamics.planes
    return Rotations(_quality(_sums(dynamics, prepared)), dynamics.speed, axes, (prepared - dynamics.mean) @ axes)


def held_out_rotations(
    rates: Any, components: int = COMPONENTS, soften: float | None = SOFTEN_ROTATIONS, window: slice = slice(None)
) -> Quality:
    """`rotations` cross-validated: components, matrices and plane from all other conditions, quality of the left-out ones.

    Args and errors are those of `rotations`; at least three conditions. R² may be negative. The mean over conditions that is
    taken away is that of all conditions.
    """
    prepared = _prepared(floats("rates", rates, AXES, least=3), components, soften, window)
    each = np.arange(len(prepared))
    return _quality(np.sum([_sums(_fit(prepared[each != one], components), prepared[[one]]) for one in each], axis=0))
