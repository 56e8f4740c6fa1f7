"""What measures of populations take and give: checks of arrays of rates, and quotients that are told when they mean nothing."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt

from reach_gym import checks

Floats = npt.NDArray[np.float64]
TINY = 1e-3  # of the length beside it: a change of states below that is rounding and chance


class TinyDenominatorWarning(UserWarning):
    """A share or a ratio has a denominator so small that it means nothing; it is NaN."""


def floats(name: str, value: Any, axes: str, least: int = 1) -> Floats:
    """Returns `value` as a float64 array.

    Args:
        name: Of the parameter, for the message.
        value: Anything that NumPy makes an array of numbers of.
        axes: Names of its axes, such as ``"conditions, times, units"``.
        least: How many entries the first axis must have.

    Raises:
        TypeError: It holds no numbers.
        ValueError: It has other axes, too few entries, or one that is not finite.
    """
    array = np.asarray(value)
    if array.dtype.kind not in "fiu":
        raise TypeError(f"`{name}` must be an array of numbers ({axes}), got {checks.shown(value)}.")
    count = len(axes.split(","))
    if array.ndim != count or 0 in array.shape or len(array) < least:
        raise ValueError(f"`{name}` must be of shape ({axes}), with at least {least} {axes.split(',')[0]}, got {array.shape}.")
    if not np.isfinite(array).all():
        missing = float(1 - np.isfinite(array).mean())
        raise ValueError(f"`{name}` must be finite, got {missing:.1%} that is not: ask for a window that all trials cover.")
    return array.astype(np.float64)


def ratio(name: str, part: float, whole: float, least: float) -> float:
    """`part` over `whole`; NaN, with a `TinyDenominatorWarning`, if `whole` is not above `least`.

    Args:
        name: What it is, for the warning.
        part: Numerator.
        whole: Denominator, at least 0.
        least: The denominator from which on the quotient means something.
    """
    if whole > least:
        return part / whole
    warnings.warn(f"`{name}` is NaN: its denominator {whole:.2g} is not above {least:.2g}.", TinyDenominatorWarning, stacklevel=3)
    return float("nan")
