"""The arrays of a batch of trials at the border: shapes, units of time, and NaN as padding only."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from reach_gym.checks import shown

Floats = npt.NDArray[np.float64]
Steps = npt.NDArray[np.int64]
Batch = tuple[int, ...]


def _array(name: str, value: Any, kinds: str, what: str) -> npt.NDArray[Any]:
    """Returns `value` as an array whose dtype is of one of the `kinds`."""
    try:
        array = np.asarray(value)
    except ValueError:  # rows of different lengths
        array = np.empty((), object)
    if array.dtype.kind not in kinds:
        raise TypeError(f"`{name}` must be an array of {what}, got {shown(value)}.")
    return array


def path(name: str, value: Any, batch: Batch | None = None, axis: str = "T+1") -> Floats:
    """Returns `value` as float64 (..., T+1, 2): finite numbers, then NaN from the trial's end on.

    Args:
        name: The parameter's name, for messages.
        value: What the caller passed.
        batch: The leading dimensions that it must have; ``None`` for any.
        axis: What the axis of time is called in messages.
    """
    array = _array(name, value, "fiu", "numbers").astype(np.float64)
    lead = "..., " if batch is None else "".join(f"{size}, " for size in batch)
    if array.ndim < 2 or array.shape[-1] != 2 or array.shape[-2] == 0 or batch not in (None, array.shape[:-2]):
        raise ValueError(f"`{name}` must be of shape ({lead}{axis}, 2) with {axis} at least 1, got {array.shape}.")
    known = np.isfinite(array)
    state = known[..., 0]
    if np.isinf(array).any() or np.any(state != known[..., 1]) or np.any(state[..., 1:] > state[..., :-1]):
        raise ValueError(f"`{name}` must hold finite numbers, and NaN only after the end of a trial.")
    return array


def points(name: str, value: Any, batch: Batch) -> Floats:
    """Returns `value` as float64 (*batch, 2), one point per trial; a single point (2,) serves all trials."""
    array = _array(name, value, "fiu", "numbers").astype(np.float64)
    lead = "".join(f"{size}, " for size in batch)
    if array.shape not in ((2,), (*batch, 2)):
        raise ValueError(f"`{name}` must be of shape ({lead}2) or (2,), got {array.shape}.")
    if not np.isfinite(array).all():
        raise ValueError(f"`{name}` must hold finite numbers, got {shown(value)}.")
    return np.broadcast_to(array, (*batch, 2))


def steps(name: str, value: Any, batch: Batch) -> Steps:
    """Returns `value` as int64 `batch`, one step index of at least 0 per trial; a single integer serves all trials."""
    array = _array(name, value, "iu", "integers").astype(np.int64)
    if array.shape not in ((), batch):
        raise ValueError(f"`{name}` must be an integer or of shape {batch}, got the shape {array.shape}.")
    if (array < 0).any():
        raise ValueError(f"`{name}` must be at least 0, got {shown(value)}.")
    return np.broadcast_to(array, batch)


def numbers(name: str, value: Any) -> Floats:
    """Returns `value` as float64 (n,), one number per trial, NaN where there is none."""
    array = _array(name, value, "fiu", "numbers").astype(np.float64)
    if array.ndim != 1:
        raise ValueError(f"`{name}` must be of shape (n,), got {array.shape}.")
    if np.isinf(array).any():
        raise ValueError(f"`{name}` must hold finite numbers or NaN, got {shown(value)}.")
    return array


def curves(name: str, value: Any) -> Floats:
    """Returns `value` as float64 (subjects, n): one row per subject, shorter ones end in NaN, which stands where there is none.

    Args:
        name: The parameter's name, for messages.
        value: One curve (n,), an array (subjects, n), or a list of curves of any lengths.
    """
    if isinstance(value, list | tuple) and any(np.ndim(row) == 1 for row in value):
        rows = [numbers(f"{name}[{place}]", row) for place, row in enumerate(value)]
        longest = max(len(row) for row in rows)
        return np.stack([np.pad(row, (0, longest - len(row)), constant_values=np.nan) for row in rows])
    array = _array(name, value, "fiu", "numbers")
    if array.ndim == 2:
        return np.stack([numbers(name, row) for row in array]) if len(array) else array.astype(np.float64)
    return numbers(name, array)[None]


def mean(values: Floats) -> float:
    """The mean of the known entries; NaN, without a warning, where there is none."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else float("nan")


def window(name: str, value: Any) -> tuple[float, float]:
    """Returns `value` as two times in s, the first at least 0 and below the second."""
    pair = numbers(name, value)
    if len(pair) != 2 or not 0 <= pair[0] < pair[1]:
        raise ValueError(f"`{name}` must be two times in s, the first at least 0 and below the second, got {shown(value)}.")
    return float(pair[0]), float(pair[1])


def bounds(name: str, value: Any) -> tuple[float, float]:
    """Returns `value` as two numbers in order, both above 0."""
    pair = numbers(name, value)
    if len(pair) != 2 or not 0 < pair[0] < pair[1]:
        raise ValueError(f"`{name}` must be two numbers in order, both above 0, got {shown(value)}.")
    return float(pair[0]), float(pair[1])


def mask(name: str, value: Any, trials: int) -> npt.NDArray[np.bool_]:
    """Returns `value` as bool (trials,)."""
    array = _array(name, value, "b", "booleans")
    if array.shape != (trials,):
        raise ValueError(f"`{name}` must be of shape ({trials},), got {array.shape}.")
    return array.copy()


def line(start: Any, target: Any, batch: Batch) -> tuple[Floats, Floats, Floats]:
    """The straight line of each trial: its start (*batch, 2) and its length `batch` in m, its direction (*batch, 2).

    Raises:
        TypeError: `start` or `target` does not hold numbers.
        ValueError: They are of another shape, or coincide in a trial.
    """
    origin = points("start", start, batch)
    way = points("target", target, batch) - origin
    length = np.hypot(way[..., 0], way[..., 1])
    if np.any(length == 0):
        raise ValueError("`target` must differ from `start` in every trial.")
    return origin, length, way / length[..., None]


def cross(a: Floats, b: Floats) -> Floats:
    """The component of `b` that points to the left of the unit vector `a`, (..., 2) each."""
    return np.asarray(a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0])


def sideways_forces(channel_force: Any, field_force: Any, start: Any, target: Any) -> tuple[Floats, Floats]:
    """The parts (..., T) across the way, positive to the left, of what a field would have exerted and of what a channel does.

    Raises:
        TypeError: An argument does not hold numbers.
        ValueError: An argument is of another shape, or a target lies on its start.
    """
    field = path("field_force", field_force, None, "T")
    channel = path("channel_force", channel_force, field.shape[:-2], "T")
    if channel.shape != field.shape:
        raise ValueError(f"`channel_force` must be of the shape of `field_force`, {field.shape}, got {channel.shape}.")
    _, _, ahead = line(start, target, field.shape[:-2])
    return cross(ahead[..., None, :], field), cross(ahead[..., None, :], channel)
