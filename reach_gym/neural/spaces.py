"""Where a population's activity lies: principal components, angles between spaces, shapes, and the plane of the force."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy.linalg import subspace_angles
from scipy.spatial import procrustes
from sklearn.decomposition import PCA
from sklearn.linear_model import LinearRegression

from reach_gym import checks
from reach_gym.neural.arrays import TINY, Floats, floats, ratio

_PATHS, _STATES = "conditions, times, units", "conditions, units"
_NONE = 1e-9  # share of the variance below which a principal component is rounding, and its axis arbitrary


class Trajectories(NamedTuple):
    """Paths of the population's state.

    Attributes:
        score: (conditions, times, k), along the principal components.
        share: (k,), of the variance of the rates; the mean state is taken off.
    """

    score: Floats
    share: Floats


def trajectories(rates: Any, components: int = 3, basis: Any = None) -> Trajectories:
    """Mean activity along its first principal components, or along those of a common `basis`.

    Args:
        rates: (conditions, times, units), such as `reach_gym.neural.psth` gives.
        components: How many.
        basis: Other rates, (conditions, times, units) with the same units.

    Raises:
        TypeError: An argument holds no numbers.
        ValueError: A rate is missing, or there are fewer components than asked for.

    Warns:
        TinyDenominatorWarning: The rates do not vary; their shares are NaN.
    """
    rate = floats("rates", rates, _PATHS)
    rows = rate.reshape(-1, rate.shape[-1])
    score = _components("rates" if basis is None else "basis", rate if basis is None else basis, components).transform(rows)
    whole = float(rows.var(axis=0).sum())
    each = ratio("share", 1.0, whole, TINY**2 * float((rows**2).sum(axis=1).mean()))
    return Trajectories(score.reshape(*rate.shape[:2], -1), score.var(axis=0) * each)


def _components(name: str, rates: Any, components: int) -> Any:
    """The principal components of rates (conditions, times, units)."""
    rate = floats(name, rates, _PATHS)
    rows = rate.reshape(-1, rate.shape[-1])
    count = checks.integer("components", components, 1)
    if count > min(rows.shape):
        raise ValueError(f"`components` must be at most {min(rows.shape)}, the rank of `{name}` {rate.shape}, got {count}.")
    return PCA(count, svd_solver="full").fit(rows)


def _axes(name: str, rates: Any, components: int) -> Floats:
    pca = _components(name, rates, components)
    least = pca.explained_variance_ratio_[-1]
    if not least > _NONE:
        raise ValueError(f"`components` must be at most the number of directions in which `{name}` vary, got {components}.")
    return np.asarray(pca.components_.T)


def subspace_angle(one: Any, other: Any, components: int = 3) -> Floats:
    """Principal angles (components,) in rad between the spaces of the first principal components, largest first.

    Args:
        one: Rates (conditions, times, units).
        other: Likewise, of the same units.
        components: Of each space. Two random planes among few units are near, too: compare with shuffled units.

    Raises:
        TypeError: An argument holds no numbers.
        ValueError: A rate is missing, the units differ, or the rates vary in fewer directions.
    """
    return np.asarray(subspace_angles(_axes("one", one, components), _axes("other", other, components)))


def procrustes_distance(one: Any, other: Any, components: int = 3) -> float:
    """How much two sets of trajectories differ in shape: SciPy's disparity after shift, scaling and rotation, 0 to 1.

    Args:
        one: Rates (conditions, times, units).
        other: Likewise, with as many conditions and times; the units may differ.
        components: Of each, in which the paths are compared.

    Raises:
        TypeError: An argument holds no numbers.
        ValueError: A rate is missing, conditions or times differ, or one of the two does not vary at all.
    """
    a, b = (trajectories(each, components).score.reshape(-1, components) for each in (one, other))
    return float(procrustes(a, b)[2])


def force_space(states: Any, force: Any) -> Floats:
    """Orthonormal axes (units, 2) of the plane in which preparatory states follow the force with which the hand sets off.

    By regression of the states on the force (targeted dimensionality reduction, Mante et al. 2013, Nature 503:78; for preparation
    and force Sun, O'Shea et al. 2022, Nature 602:274).

    Args:
        states: (conditions, units), such as `reach_gym.neural.states_at` gives.
        force: (conditions, 2), such as `reach_gym.neural.early_force` gives.

    Raises:
        TypeError: An argument holds no numbers.
        ValueError: A number is missing, the arguments do not fit together, or the force varies along one line only.
    """
    state, push = floats("states", states, _STATES, 3), floats("force", force, "conditions, axes", 3)
    if push.shape != (len(state), 2):
        raise ValueError(f"`force` must be of shape ({len(state)}, 2), got {push.shape}.")
    if np.linalg.matrix_rank(push - push.mean(axis=0), tol=1e-6 * np.abs(push).max()) < 2:
        raise ValueError("`force` must vary in both directions, got conditions that differ along one line only.")
    return np.asarray(np.linalg.qr(LinearRegression().fit(push, state).coef_)[0])
