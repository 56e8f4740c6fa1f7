"""Time series of a file, cut into trials: evenly sampled about the go cue, without a number where the file has none."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from reach_gym import checks
from reach_gym.recording.hdf5_tree import Tree
from reach_gym.recording.laboratory import METRES
from reach_gym.recording.layout import Array, Flags, Floats, Integers
from reach_gym.recording.metadata import RecordingError

MAX_STATES = 20_000_000
"""Of all trials together; 55 hours of 10 ms steps."""

_SLOWEST = 0.05  # s between two samples, of which a reach must have some
_GAP = 2.5  # sampling intervals, from which on nothing is known between two samples
_NAMES = {
    **{name: "m" for name in ("m", "meter", "meters", "metre", "metres")},
    **{name: "cm" for name in ("cm", "centimeter", "centimeters", "centimetre", "centimetres")},
    **{name: "mm" for name in ("mm", "millimeter", "millimeters", "millimetre", "millimetres")},
}


class Series(NamedTuple):
    """Samples that are numbers.

    Attributes:
        path: In the file.
        time: float64 (k,), s, increasing.
        values: float64 (k, axes), as the file has them.
        factor: From these numbers to metres (per second), as the file says; 0 where it does not.
        unit: What the file calls the unit.
    """

    path: str
    time: Floats
    values: Floats
    factor: float
    unit: str


class Grid(NamedTuple):
    """The states of m trials, one after the other.

    Attributes:
        time: float64 (k,), s.
        trial: int64 (k,), the place of each state's trial.
        state: int64 (k,), its number from the go cue, which is 0.
    """

    time: Floats
    trial: Integers
    state: Integers


def read_series(tree: Tree, path: str, axes: int = 2) -> Series:
    """Reads a time series of NWB, of which the first two axes count.

    Raises:
        RecordingError: There is none, it has too few axes, or its times are not finite and increasing.
    """
    node = tree.find(f"{path}/data")
    values = tree.array(f"{path}/data").astype(np.float64, copy=False)
    if values.ndim != 2 or values.shape[1] < axes or not len(values):
        raise RecordingError(f"{checks.shown(path)} must be of shape (samples, {axes} or more), got {values.shape}.")
    stamped = tree.find(f"{path}/timestamps") is not None
    time = tree.times(f"{path}/timestamps") if stamped else _regular(tree, path, len(values))
    if time.shape != values.shape[:1]:
        raise RecordingError(f"{checks.shown(path)} has {len(values)} samples, but {time.shape} times.")
    if not np.isfinite(time).all() or (np.diff(time) <= 0).any():
        raise RecordingError(f"the times of {checks.shown(path)} must be finite and increasing.")
    unit = str(tree.attribute(node, "unit") or "")
    conversion, offset = (tree.attribute(node, name) for name in ("conversion", "offset"))
    if offset not in (None, 0):
        raise RecordingError(f"{checks.shown(path)} has the offset {checks.shown(offset)}, which no known data set has.")
    known = _NAMES.get(unit.split("/")[0].strip().lower())
    factor = METRES[known] * checks.number("conversion", 1.0 if conversion is None else float(conversion)) if known else 0.0
    interval = float(np.median(np.diff(time))) if len(time) > 1 else np.inf
    if interval > _SLOWEST:
        raise RecordingError(f"{checks.shown(path)} has a sample every {interval:.3g} s: are its times in s?")
    there = np.logical_and.reduce([np.isfinite(part) for part in values[:, :axes].T])
    if not there.any():
        raise RecordingError(f"{checks.shown(path)} holds no number that is finite: nobody's behaviour is in this file.")
    if there.all():  # many a file is large
        return Series(path, time, values[:, :axes], factor, unit)
    return Series(path, time[there], values[there, :axes], factor, unit)


def _regular(tree: Tree, path: str, count: int) -> Floats:
    first = tree.find(f"{path}/starting_time")
    rate = None if first is None else tree.attribute(first, "rate")
    if first is None or rate is None or not np.isfinite(rate) or rate <= 0:
        raise RecordingError(f"{checks.shown(path)} has neither timestamps nor a starting time with a rate.")
    return np.asarray(float(tree.array(f"{path}/starting_time")) + np.arange(count) / float(rate))


def grid_of(start: Floats, stop: Floats, go: Floats, dt: float, window: tuple[float, float] | None) -> Grid:
    """The moments of trials, every `dt` seconds from the go cue on and back, from `start` to `stop` or within a `window`."""
    low, high = (-np.inf, np.inf) if window is None else window
    slack = 1e-6  # s, of rounding in a file's times
    first = np.ceil((np.maximum(start - go, low) - slack) / dt).astype(np.int64)
    last = np.floor((np.minimum(stop - go, high) + slack) / dt).astype(np.int64)
    count = np.maximum(last - first + 1, 0)
    if count.sum() > MAX_STATES:
        raise RecordingError(
            f"the trials last {count.sum() * dt:.3g} s together: are their times in s? `window` makes them shorter."
        )
    trial = np.repeat(np.arange(len(go)), count)
    state = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count) + first[trial]
    return Grid(go[trial] + state * dt, trial, state)


def sample(series: Series, time: Floats, dt: float) -> tuple[Floats, Flags]:
    """A series at other times, linearly between its samples: values (k, axes), and where (k,) it has any nearby."""
    interval = float(np.median(np.diff(series.time))) if len(series.time) > 1 else dt
    widest = max(_GAP * interval, 1.001 * dt)
    after = np.searchsorted(series.time, time)
    before, last = np.maximum(after - 1, 0), len(series.time) - 1
    ahead = series.time[np.minimum(after, last)]
    inside = (after > 0) & (after <= last) & (ahead - series.time[before] <= widest)
    near = np.minimum(np.abs(ahead - time), np.abs(time - series.time[before])) <= 0.5 * interval
    known = inside | near
    values = np.stack([np.interp(time, series.time, part) for part in series.values.T], axis=1)
    return values, known


def firsts(trial: Array) -> Array:
    """Where in a grid each trial begins."""
    return np.flatnonzero(np.diff(trial, prepend=-1))


def lasts(trial: Array) -> Array:
    """Where in a grid each trial ends."""
    return np.flatnonzero(np.diff(trial, append=trial[-1:] + 1))


def at_edge(grid: Grid, known: Flags, count: int) -> Flags:
    """States without a sample that are among the first or last `count` of their trial."""
    place = np.arange(len(known))
    first, last = firsts(grid.trial), lasts(grid.trial)
    nth = np.searchsorted(first, place, side="right") - 1
    return ~known & ((place - first[nth] < count) | (last[nth] - place < count))


def padded(values: Floats, trial: Array) -> Floats:
    """A course (k, 2) as (n, T+1, 2) with NaN after each trial's end."""
    first = firsts(trial)
    count = np.diff(np.append(first, len(trial)))
    course = np.full((len(first), int(count.max()), values.shape[1]), np.nan)
    course[trial, np.arange(len(trial)) - first[trial]] = values
    return course
