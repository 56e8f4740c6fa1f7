"""How far what was learned in some directions reaches into others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from reach_gym.measures import arrays
from reach_gym.measures.arrays import Floats
from reach_gym.measures.shape_fit import fit_shape, varies

WIDTHS = (5.0, 180.0)  # degrees; beyond the upper one a bump is flat


@dataclass(frozen=True)
class Generalisation:
    """Means by distance from the nearest trained direction.

    Attributes:
        distance: Signed angle (k,) in degrees, from above -180 to 180, counter-clockwise positive, in order.
        value: Mean (k,) at each, in the unit of the values.
        trials: Measured trials (k,) behind each mean.
    """

    distance: Floats
    value: Floats
    trials: Floats


@dataclass(frozen=True)
class Width:
    """A bell ``offset + height * exp(-d**2 / (2 sigma**2))`` of the distance d in degrees.

    Attributes:
        sigma: In degrees.
        height: Of the bell over the offset, in the unit of the values.
        offset: What reaches everywhere.
        explained: Share of the variance.
        at_bound: Whether `sigma` stands at a bound: it is then no estimate.
    """

    sigma: float
    height: float
    offset: float
    explained: float
    at_bound: bool


def generalisation(values: Any, direction: Any, trained: Any) -> Generalisation:
    """Averages the probe trials of each distance from the nearest trained direction.

    Sources: local after a rotation: Krakauer, Pine, Ghilardi & Ghez, Journal of Neuroscience 20:8916, 2000; with bumps at 0 and
    180 degrees in force fields: Donchin, Francis & Shadmehr, Journal of Neuroscience 23:9032, 2003.

    Args:
        values: One number per probe trial (n,), corrected for the baseline of its direction; NaN where there is none.
        direction: Direction (n,) of each probe in degrees, as `directions` says.
        trained: The trained directions (m,) in degrees, or one.

    Returns:
        The curve; a distance without a measured trial does not stand in it.

    Raises:
        TypeError: An argument does not hold numbers.
        ValueError: An argument is of another shape, or `trained` is empty.
    """
    measured, ways = arrays.numbers("values", values), arrays.numbers("direction", direction)
    learned = arrays.numbers("trained", np.atleast_1d(trained))
    if ways.shape != measured.shape:
        raise ValueError(f"`direction` must be of shape {measured.shape}, got {ways.shape}.")
    if not len(learned) or not np.isfinite(learned).all():
        raise ValueError("`trained` must hold at least one direction in degrees.")
    known = np.isfinite(measured) & np.isfinite(ways)
    off = (ways[known, None] - learned + 180.0) % 360.0 - 180.0
    nearest = np.take_along_axis(off, np.abs(off).argmin(axis=1)[:, None], axis=1)[:, 0] if known.any() else np.empty(0)
    nearest = np.where(nearest <= -180.0, 180.0, nearest).round(1) + 0.0
    places, member, count = np.unique(nearest, return_inverse=True, return_counts=True)
    return Generalisation(places, np.bincount(member, measured[known], len(places)) / count, count.astype(np.float64))


def fit_width(distance: Any, value: Any, widths: tuple[float, float] = WIDTHS) -> Width:
    """Fits a bell around the trained direction to a curve of generalisation, by bounded least squares.

    Args:
        distance: Angle (k,) in degrees from the trained direction, as `Generalisation` has it.
        value: What was found there (k,); NaN where there is none.
        widths: The least and the greatest `sigma` in degrees.

    Returns:
        The fit; all NaN with fewer than 4 values, or where they do not vary.

    Raises:
        TypeError: An argument does not hold numbers.
        ValueError: An argument is of another shape, or `widths` are not two numbers in order, both above 0.
        MissingExtraError: SciPy is not installed.
    """
    low, high = arrays.bounds("widths", widths)
    off, found = arrays.numbers("distance", distance), arrays.numbers("value", value)
    if off.shape != found.shape:
        raise ValueError(f"`value` must be of shape {off.shape}, got {found.shape}.")
    known = np.isfinite(off) & np.isfinite(found)
    off, found = off[known], found[known]
    if len(found) < 4 or not varies(found):
        nothing = float("nan")
        return Width(nothing, nothing, nothing, nothing, False)
    fit = fit_shape(lambda sigma: np.exp(-(off**2) / (2.0 * sigma**2)), found, low, high)
    return Width(fit.parameter, fit.height, fit.offset, fit.explained, fit.at_bound)
