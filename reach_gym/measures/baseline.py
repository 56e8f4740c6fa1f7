"""What a subject does before anything is learned, taken off what it does later."""

from __future__ import annotations

from typing import Any

import numpy as np

from reach_gym.measures import arrays
from reach_gym.measures.arrays import Floats

_DEGREE = 1  # decimals of a direction: targets that differ by less are one


def directions(start: Any, target: Any) -> Floats:
    """The direction (n,) of every target seen from its start, in degrees from 0 to below 360, to a tenth of a degree.

    0 is to the right, 90 upwards. To a tenth, so that directions can be compared with ``==``.

    Args:
        start: Start (n, 2) in m.
        target: Target (n, 2) in m.

    Raises:
        TypeError: An argument does not hold numbers.
        ValueError: An argument is of another shape, or a target lies on its start.
    """
    batch = np.shape(target)[:-1]
    _, _, ahead = arrays.line(start, target, batch)
    angle = np.degrees(np.arctan2(ahead[..., 1], ahead[..., 0])).round(_DEGREE) % 360.0
    return np.asarray(angle + 0.0)


def baseline_corrected(values: Any, baseline: Any, direction: Any = None, strict: bool = False) -> Floats:
    """Every trial's value minus the mean of the baseline trials, of those in the same direction where there are any.

    Arms are not alike in all directions: without this a change of the mixture of directions looks like learning.

    Args:
        values: One number per trial (n,), such as an angle or a share of compensation; NaN where there is none.
        baseline: Which trials are baseline, bool (n,).
        direction: The direction of each trial (n,), as `directions` says; ``None`` for one baseline for all.
        strict: What becomes of a direction without a measured baseline trial: ``False``: the mean of all baseline trials is taken
            off, since for most measures that is better than nothing; ``True``: its trials are NaN.

    Returns:
        The corrected values (n,), in the unit of `values`; all NaN where no baseline trial was measured.

    Raises:
        TypeError: An argument does not hold numbers, or `baseline` no booleans.
        ValueError: An argument is of another shape.
    """
    measured = arrays.numbers("values", values)
    before = arrays.mask("baseline", baseline, len(measured)) & np.isfinite(measured)
    common = arrays.mean(measured[before])
    level = np.full(len(measured), common)
    if direction is not None:
        ways = arrays.numbers("direction", direction)
        if ways.shape != measured.shape:
            raise ValueError(f"`direction` must be of shape {measured.shape}, got {ways.shape}.")
        level = np.full(len(measured), float("nan") if strict else common)
        for way in np.unique(ways[before]):
            level[ways == way] = measured[before & (ways == way)].mean()
    return np.asarray(measured - level)
