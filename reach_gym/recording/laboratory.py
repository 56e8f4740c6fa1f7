"""Trials that no environment made: a laboratory's own arrays in the layout of a recording."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

import numpy as np

import reach_gym
from reach_gym import checks
from reach_gym.recording.layout import LAYOUT, OPTIONAL, Array, Floats, Integers
from reach_gym.recording.metadata import FORMAT, VERSION, RecordingError, plain

METRES = {"m": 1.0, "cm": 0.01, "mm": 0.001}
"""Of a unit of length."""

_TOLD = ("format", "version", "env_id", "env_kwargs", "plant", "dt", "schedule", "created_by", "derived")
_IN_UNIT = ("hand", "cursor", "velocity", "start", "target")


def laboratory_arrays(
    hand: Any, dt: float, start: Any, target: Any, go: Any, unit: str, given: Mapping[str, Any]
) -> tuple[dict[str, Array], list[str]]:
    """The arrays of `reach_gym.recording.Recording.from_arrays`, and the names of those that were derived from others.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: A number is out of range, or `given` has an unknown name.
        RecordingError: Arrays do not fit together.
    """
    known = (*OPTIONAL, "cursor", "velocity", "onset", "trial")
    checks.keys("arrays", given, known)
    given = {name: values for name, values in given.items() if values is not None}
    step = checks.number("dt", dt, 0)
    if step == 0:
        raise ValueError("`dt` must be above 0, got 0.")
    path, steps = _paths(hand)
    if (steps < 1).any():
        raise RecordingError("`hand` must have at least two states in every trial, so that `steps` is at least 1.")
    raw: dict[str, Any] = {"hand": path, "start": start, "target": target, "steps": steps, **given}
    derived = [name for name in ("cursor", "velocity", "onset") if name not in given]
    raw.setdefault("trial", np.arange(len(steps)))
    raw.setdefault("cursor", path)
    raw.setdefault("velocity", _slopes(path, steps, step))
    places = {"go": go, "onset": given.get("onset", np.zeros(len(steps)))}
    raw |= {name: _states(name, times, step, steps) for name, times in places.items()}
    factor = METRES[checks.choice("unit", unit, tuple(METRES))]
    arrays = {name: _typed(name, values, steps) for name, values in raw.items()}
    if factor != 1:
        arrays |= {name: arrays[name] * factor for name in _IN_UNIT}
    return arrays, derived


def laboratory_metadata(
    dt: float,
    trial: Integers,
    blocks: Sequence[str] | None,
    gain: Array | None,
    more: Mapping[str, Any] | None,
    derived: list[str],
) -> tuple[dict[str, Any], Integers]:
    """The metadata of such a recording, and the index of each trial's block.

    Raises:
        TypeError: `more` is no dict, or a name no string.
        ValueError: `more` has an entry that is filled in here, or `blocks` is of another length.
        RecordingError: `trial` does not increase.
    """
    if not isinstance(more, Mapping | None):
        raise TypeError(f"`metadata` must be a dict, got {checks.shown(more)}.")
    for key in more or {}:
        if key in _TOLD:
            raise ValueError(f"`metadata` must not have the entry {key!r}, which is filled in.")
    names = ["all"] * len(trial) if blocks is None else list(checks.items("blocks", blocks, len(trial), "a name for each trial"))
    if not all(isinstance(name, str) and name for name in names):
        raise TypeError(f"`blocks` must be names, got {checks.shown(names)}.")
    if (np.diff(trial) <= 0).any():
        raise RecordingError(f"`trial` must be increasing, got {checks.shown(trial)}.")
    index = np.zeros(len(trial), np.int64)
    schedule: list[dict[str, Any]] = []
    first = 0
    for name, run in groupby(range(len(names)), key=names.__getitem__):
        places = list(run)
        index[places] = len(schedule)
        end = int(trial[places[-1] + 1]) if places[-1] + 1 < len(trial) else int(trial[places[-1]]) + 1
        # What most of its trials have is what was planned: the others are catch trials.
        planned = {} if gain is None else {"gain": float(np.median(gain[places, 0]))}
        schedule.append({"name": name, "trials": max(end - first, 1), **planned})
        first = end
    told = {"agent": "unknown", "seed": None, "session": True, **plain(more or {})}
    made = {"reach_gym": reach_gym.__version__, "numpy": np.__version__}
    fixed = {"format": FORMAT, "version": VERSION, "env_id": None, "env_kwargs": {}, "plant": None, "dt": float(dt)}
    return {
        **told,
        **fixed,
        "schedule": schedule or [{"name": "all", "trials": 1}],
        "created_by": made,
        "derived": derived,
    }, index


def _paths(hand: Any) -> tuple[Floats, Integers]:
    """The hand's paths in one array with NaN behind the shorter ones, and their steps."""
    if not isinstance(hand, np.ndarray):
        parts = [np.asarray(part, np.float64) for part in hand]
        if any(part.ndim != 2 or part.shape[1] != 2 or len(part) < 2 for part in parts):
            raise RecordingError("`hand` must hold paths of shape (states, 2), each of at least 2 states.")
        steps = np.array([len(part) - 1 for part in parts], np.int64)
        path = np.full((len(parts), int(steps.max(initial=0)) + 1, 2), np.nan)
        for whole, part in zip(path, parts, strict=True):
            whole[: len(part)] = part
        return path, steps
    if hand.ndim != 3 or hand.shape[2] != 2:
        raise RecordingError(f"`hand` must be of shape (n, T+1, 2), got {hand.shape}.")
    path = np.array(hand, np.float64)
    there = ~np.isnan(path).any(axis=2)
    steps = np.where(there.any(axis=1), path.shape[1] - 1 - there[:, ::-1].argmax(axis=1), 0).astype(np.int64)
    return path[:, : int(steps.max(initial=0)) + 1], steps


def _slopes(path: Floats, steps: Integers, dt: float) -> Floats:
    """The velocity of paths by central differences, NaN after each trial's end."""
    slopes = np.full_like(path, np.nan)
    for whole, one, count in zip(slopes, path, steps.tolist(), strict=True):
        if count:
            whole[: count + 1] = np.gradient(one[: count + 1], dt, axis=0)
    return slopes


def _states(name: str, times: Any, dt: float, steps: Integers) -> Integers:
    """The states that are nearest to times in s from each trial's first state."""
    seconds = np.asarray(times, np.float64)
    if seconds.shape != steps.shape:
        raise RecordingError(f"`{name}` must be of shape {steps.shape}, one per trial, got {seconds.shape}.")
    if not np.isfinite(seconds).all() or (seconds < 0).any() or (seconds > (steps + 0.5) * dt).any():
        raise RecordingError(f"`{name}` must be times in s within each trial, got {checks.shown(seconds)}.")
    return np.asarray(np.round(seconds / dt), np.int64)


def _typed(name: str, values: Any, steps: Integers) -> Array:
    """An array of the layout's type and shape: a number of each trial is that of all its steps."""
    kind, axes = LAYOUT[name]
    array = np.asarray(values)
    if array.dtype.kind not in {np.bool_: "b", np.int64: "iu", np.float64: "iuf"}[kind]:
        raise RecordingError(f"`{name}` must be {np.dtype(kind)}, got {array.dtype}.")
    array = array.astype(kind)
    longest = int(steps.max(initial=0))
    if name == "gain" and array.ndim == 1:
        array = np.repeat(array[:, None], longest, axis=1)
    timed = {"T": longest, "T+1": longest + 1}.get(str(axes[1]) if len(axes) > 1 else "")
    if timed is None or array.ndim < 2 or len(array) != len(steps):
        return array
    array = array[:, :timed].copy()
    array[np.arange(array.shape[1]) >= (steps + timed - longest)[:, None]] = np.nan
    return array
