"""Validation at the border: every message names the parameter, what is allowed and what came.

A wrong type raises ``TypeError``, a wrong value ``ValueError``. Booleans are refused where a number is
meant, NaN and infinity always.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

MAX_SEED = 2**63 - 1  # so that `seed + row` always fits the unsigned 64-bit integers of NumPy


def shown(value: object) -> str:
    """A short picture of `value` for an error message, however large it is, and whatever its ``repr`` does."""
    try:
        text = repr(value)
    except Exception:  # an integer of more digits than Python prints, or somebody's object that fails at it
        text = f"a {type(value).__name__} that cannot be printed"
    return text if len(text) <= 80 else text[:77] + "..."


def _bounds(low: float | None, high: float | None) -> str:
    if low is not None and high is not None:
        return f" from {low} to {high}"
    if low is not None:
        return f" of at least {low}"
    return "" if high is None else f" of at most {high}"


def integer(name: str, value: Any, low: int | None = None, high: int | None = None) -> int:
    """Returns `value` as an ``int`` in [low, high]; NumPy integers are welcome, booleans are not."""
    allowed = f"`{name}` must be an integer{_bounds(low, high)}, got {shown(value)}."
    if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Integral):
        raise TypeError(allowed)
    whole = int(value)
    if (low is not None and whole < low) or (high is not None and whole > high):
        raise ValueError(allowed)
    return whole


def number(name: str, value: Any, low: float | None = None, high: float | None = None) -> float:
    """Returns `value` as a finite ``float`` in [low, high]."""
    allowed = f"`{name}` must be a finite number{_bounds(low, high)}, got {shown(value)}."
    if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Real):
        raise TypeError(allowed)
    if isinstance(value, int) and abs(value) > 2**1000:
        raise ValueError(allowed)
    if not math.isfinite(value):
        raise ValueError(allowed)
    real = float(value)
    if (low is not None and real < low) or (high is not None and real > high):
        raise ValueError(allowed)
    return real


def choice(name: str, value: Any, options: Collection[str]) -> str:
    """Returns `value` if it is one of the `options`."""
    allowed = f"`{name}` must be one of {', '.join(map(repr, options))}, got {shown(value)}."
    if not isinstance(value, str):
        raise TypeError(allowed)
    if value not in options:
        raise ValueError(allowed)
    return value


def items(name: str, value: Any, length: int, what: str) -> Any:
    """Returns `value` if it is a list, tuple or array of `length` items; `what` says which ones."""
    allowed = f"`{name}` must be {what}, got {shown(value)}."
    if not isinstance(value, list | tuple | np.ndarray) or getattr(value, "ndim", 1) == 0:
        raise TypeError(allowed)
    if len(value) != length:
        raise ValueError(allowed)
    return value


def cell(name: str, value: Any, size: int) -> tuple[int, int]:
    """Returns `value` as a cell (x, y) of a grid of `size` x `size` squares."""
    pair = items(name, value, 2, f"a pair (x, y) of integers from 0 to {size - 1}")
    return integer(f"{name}[0]", pair[0], 0, size - 1), integer(f"{name}[1]", pair[1], 0, size - 1)


def keys(name: str, value: Any, allowed: Collection[str]) -> Mapping[str, Any]:
    """Returns `value` if it is a dict that holds no other keys than the `allowed` ones."""
    if not isinstance(value, Mapping):
        raise TypeError(f"`{name}` must be a dict, got {shown(value)}.")
    for key in value:
        if key not in allowed:
            names = ", ".join(map(repr, allowed)) or "none"
            raise ValueError(f"`{name}` has the unknown key {shown(key)}; allowed are {names}.")
    return value


def mask(name: str, value: Any, shape: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    """Returns `value` as an array of booleans of that shape."""
    chosen = np.asarray(value)
    if chosen.dtype != np.bool_:
        raise TypeError(f"`{name}` must be an array of booleans, got {shown(value)}.")
    if chosen.shape != shape:
        raise ValueError(f"`{name}` must be of shape {shape}, got {chosen.shape}.")
    return chosen


def seed(value: Any) -> int | None:
    """Returns a seed for one episode stream: ``None`` or an integer from 0 to `MAX_SEED`."""
    return None if value is None else integer("seed", value, 0, MAX_SEED)
