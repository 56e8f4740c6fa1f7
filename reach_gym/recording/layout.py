"""Which arrays a recording has: their names, types and shapes, and what is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from reach_gym import checks
from reach_gym.recording.metadata import VERSION, RecordingError

OBSERVATION = "observation"

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_PATH, _STEPS, _POINT = ("n", "T+1", 2), ("n", "T", 2), ("n", 2)
# Type and shape of every array but the observations: n trials, the longest of T steps, which lead through T+1 states, and
# the plant's actuators.
LAYOUT: dict[str, tuple[type, tuple[str | int, ...]]] = {
    **dict.fromkeys(("hand", "cursor", "velocity"), (np.float64, _PATH)),
    "action": (np.float64, ("n", "T", "actuators")),
    "force": (np.float64, _STEPS),
    **dict.fromkeys(("reward", "gain"), (np.float64, ("n", "T"))),
    **dict.fromkeys(("start", "target"), (np.float64, _POINT)),
    **dict.fromkeys(("steps", "onset", "go", "block", "trial"), (np.int64, ("n",))),
    **dict.fromkeys(("channel", "false_start", "too_fast", "too_slow", "success", "terminated"), (np.bool_, ("n",))),
}
OPTIONAL = (
    *("action", "force", "reward", "gain"),
    *("channel", "false_start", "too_fast", "too_slow", "success", "terminated"),
)
"""Arrays that a recording may lack since version 3: a laboratory's file seldom says all that an environment knows."""

_SINCE_VERSION_2 = ("too_fast", "too_slow")


def layout_of(version: int) -> dict[str, tuple[type, tuple[str | int, ...]]]:
    """The `LAYOUT` of recordings of a version."""
    return {name: kind for name, kind in LAYOUT.items() if version > 1 or name not in _SINCE_VERSION_2}


def brought_up(arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Arrays of version 1 as later ones have them: no task had a window of movement time then."""
    none = np.zeros(np.shape(arrays.get("steps", ()))[:1], np.bool_)
    return {**arrays, **{name: none.copy() for name in _SINCE_VERSION_2}}


def check_names(names: Mapping[str, Any], version: int = VERSION) -> None:
    """Refuses unknown and missing arrays of a recording of a `version`.

    Raises:
        RecordingError: The message names one.
    """
    layout = layout_of(version)
    for name in layout:
        if name not in names and (version < VERSION or name not in OPTIONAL):
            raise RecordingError(f"the array `{name}` is missing.")
    seen = [name for name in names if name not in layout]
    for name in seen:
        head, slash, key = name.partition("/")
        if head != OBSERVATION or (slash and not key.isidentifier()) or (not slash and len(seen) > 1):
            raise RecordingError(f"the array {checks.shown(name)} is unknown.")


def check_layout(found: Mapping[str, tuple[np.dtype[Any], tuple[int, ...]]], version: int = VERSION) -> None:
    """Refuses arrays of a recording of a `version` that do not fit together, by their types and shapes alone.

    Raises:
        RecordingError: The message names the array.
    """
    check_names(found, version)
    lead, acted = found["hand"][1], found.get("action", (None, ()))[1]
    trials, longest = (lead[0], lead[1] - 1) if len(lead) == 3 and lead[1] else (0, 0)
    actuators = acted[2] if len(acted) == 3 and acted[2] else 1
    sizes = {"n": trials, "T": longest, "T+1": longest + 1, "actuators": actuators}
    for name, (dtype, shape) in found.items():
        if name in LAYOUT:
            kind, axes = LAYOUT[name]
            wanted = tuple(sizes[axis] if isinstance(axis, str) else axis for axis in axes)
            if dtype != kind or shape != wanted:
                raise RecordingError(f"`{name}` must be {np.dtype(kind)} {wanted}, got {dtype} {shape}.")
        elif dtype not in (np.float32, np.float64, np.uint8) or len(shape) < 3 or shape[:2] != (trials, longest + 1):
            raise RecordingError(f"`{name}` must be numbers of shape {(trials, longest + 1)} and more axes, got {dtype} {shape}.")


def check_numbers(arrays: Mapping[str, Array], blocks: int) -> None:
    """Refuses arrays whose numbers contradict each other, are missing or not finite.

    Args:
        arrays: Of the layout.
        blocks: How many the schedule has.

    Raises:
        RecordingError: The message names the array.
    """
    steps = arrays["steps"]
    longest = arrays["hand"].shape[1] - 1
    if (steps < 1).any() or steps.max(initial=0) != longest:
        raise RecordingError(f"`steps` must be from 1 to {longest}, the steps of the longest trial, got {checks.shown(steps)}.")
    for name in ("onset", "go", "block", "trial"):
        if (arrays[name] < 0).any():
            raise RecordingError(f"`{name}` must be at least 0, got {checks.shown(arrays[name])}.")
    if (arrays["go"] < arrays["onset"]).any():
        raise RecordingError("`go` must not be before `onset`.")
    missed = np.zeros(steps.shape, np.bool_)
    for name in ("too_fast", "too_slow"):
        missed |= arrays.get(name, missed)
    if "success" in arrays and (arrays["success"] & missed).any():
        raise RecordingError("`success` must be false where the movement was too fast or too slow.")
    if (arrays["block"] >= blocks).any():
        raise RecordingError(f"`block` must be below {blocks}, the number of blocks, got {checks.shown(arrays['block'])}.")
    for name, values in arrays.items():
        _check_padding(name, values, steps, longest)


def _check_padding(name: str, values: Array, steps: Integers, longest: int) -> None:
    """Finite numbers up to the trial's end; after it NaN, or 0 for integers."""
    axis = LAYOUT[name][1][1:2] if name in LAYOUT else ("T+1",)
    lived = np.ones(values.shape[:1], np.bool_)
    if axis in (("T",), ("T+1",)):
        count = longest + (axis == ("T+1",))
        lived = np.arange(count) < (steps + count - longest)[:, None]
    if values.dtype.kind != "f":
        if lived.ndim == 2 and values[~lived].any():
            raise RecordingError(f"`{name}` must be 0 after the end of a trial.")
    elif not np.isfinite(values[lived]).all():
        raise RecordingError(f"`{name}` must hold finite numbers up to the end of a trial.")
    elif not np.isnan(values[~lived]).all():
        raise RecordingError(f"`{name}` must be NaN after the end of a trial.")


def fitted(name: str, values: Array, length: int) -> Array:
    """An array of a recording with its axis of time cut or padded to `length` steps."""
    axis = LAYOUT[name][1][1:2] if name in LAYOUT else ("T+1",)
    if axis not in (("T",), ("T+1",)):
        return values
    wanted = length + (axis == ("T+1",))
    values = values[:, :wanted]
    missing = [(0, wanted - values.shape[1]) if i == 1 else (0, 0) for i in range(values.ndim)]
    return np.pad(values, missing, constant_values=np.nan if values.dtype.kind == "f" else 0)
