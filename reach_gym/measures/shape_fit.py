"""Least squares for a curve of one shape parameter: offset and height follow from it linearly, so that one number is searched."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from reach_gym.errors import missing_extra
from reach_gym.measures.arrays import Floats

_GRID = 40  # places between the bounds from which the search goes on
_ALIKE = 1e-9  # of the values' variance: fits that differ by less are equally good
_NEAR = 1e-3  # relative distance from a bound below which the parameter stands at it


class ShapeFit(NamedTuple):
    """The curve ``offset + height * shape(parameter)`` that fits best.

    Attributes:
        parameter: Of the shape.
        offset: In the unit of the values.
        height: Likewise.
        explained: Share of the values' variance.
        at_bound: Whether the parameter stands at one of its bounds, or one of them fits as well.
    """

    parameter: float
    offset: float
    height: float
    explained: float
    at_bound: bool


def fit_shape(shape: Callable[[float], Floats], values: Floats, low: float, high: float) -> ShapeFit:
    """Searches the parameter between two positive bounds, on a grid first and then by SciPy's bounded search of its logarithm.

    Args:
        shape: The curve (n,) at height 1 for a parameter.
        values: What is fitted (n,), finite and not all alike.
        low: Least parameter, above 0.
        high: Greatest parameter.

    Raises:
        MissingExtraError: SciPy is not installed.
    """
    try:
        from scipy.optimize import minimize_scalar
    except ImportError:
        raise missing_extra("scipy", "bench") from None

    def line(parameter: float) -> tuple[Floats, float]:
        columns = np.stack([np.ones(len(values)), shape(parameter)], axis=1)
        best: Floats = np.asarray(np.linalg.lstsq(columns, values, rcond=None)[0], np.float64)
        return best, float(((columns @ best - values) ** 2).sum())

    grid = np.geomspace(low, high, _GRID)
    place = int(np.argmin([line(float(each))[1] for each in grid]))
    between = float(np.log(grid[max(0, place - 1)])), float(np.log(grid[min(_GRID - 1, place + 1)]))
    search = minimize_scalar(lambda log: line(float(np.exp(log)))[1], bounds=between, method="bounded", options={"xatol": 1e-7})
    parameter = float(np.exp(search.x))
    (offset, height), misfit = line(parameter)
    spread = float(((values - values.mean()) ** 2).sum())
    at_bound = any(abs(parameter / bound - 1.0) < _NEAR or line(bound)[1] - misfit <= _ALIKE * spread for bound in (low, high))
    return ShapeFit(parameter, float(offset), float(height), 1.0 - misfit / spread, at_bound)


def varies(values: Floats) -> bool:
    """Whether values differ by more than rounding errors."""
    return bool(len(values)) and float(np.ptp(values)) > 1e-12 * float(np.abs(values).max())
