"""The units of an NWB file: their spikes in each trial, their regions, and when they were observed."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from reach_gym import checks
from reach_gym.recording.hdf5_tree import MAX_ROWS, Tree
from reach_gym.recording.layout import Flags, Floats, Integers
from reach_gym.recording.metadata import RecordingError
from reach_gym.recording.nwb_trials import ragged
from reach_gym.recording.reading import Notes
from reach_gym.recording.spikes import Spikes

_UNITS, _ELECTRODES = "units", "general/extracellular_ephys/electrodes"
_SLACK = 0.002  # s by which an interval of observation may be shorter than a trial


class Units(NamedTuple):
    """The u units of a file.

    Attributes:
        times: float64 (s,), of all spikes on the file's clock, unit after unit.
        bounds: int64 (u + 1,), where those of each unit begin.
        seen: float64 (i, 2), intervals in which a unit was observed, unit after unit; ``None`` for always.
        seen_bounds: int64 (u + 1,), where those of each unit begin.
        names: Of the units.
        regions: ``""`` where the file does not say.
        resolution: Seconds, 0 where the file does not say.
    """

    times: Floats
    bounds: Integers
    seen: Floats | None
    seen_bounds: Integers
    names: tuple[str, ...]
    regions: tuple[str, ...]
    resolution: float


def read_units(tree: Tree) -> Units | None:
    """Reads the units of a file; ``None`` if it has none.

    Raises:
        RecordingError: Columns do not fit together, or a time is not finite.
    """
    identity = tree.find(f"{_UNITS}/id")
    if identity is None or tree.find(f"{_UNITS}/spike_times") is None:
        return None
    shape = getattr(identity, "shape", None)
    if not shape or len(shape) != 1 or not 0 < shape[0] <= MAX_ROWS:
        raise RecordingError(f"`{_UNITS}` must be 1 to {MAX_ROWS} units, got {shape}.")
    count = int(shape[0])
    times, bounds = ragged(tree, f"{_UNITS}/spike_times", count)
    if times.ndim != 1 or not np.isfinite(times).all():
        raise RecordingError("the times of spikes must be finite, and of one axis.")
    seen, seen_bounds = None, np.zeros(count + 1, np.int64)
    if tree.find(f"{_UNITS}/obs_intervals") is not None:
        intervals, seen_bounds = ragged(tree, f"{_UNITS}/obs_intervals", count)
        if intervals.ndim != 2 or intervals.shape[1] != 2 or not np.isfinite(intervals).all():
            raise RecordingError(f"`obs_intervals` must be pairs of finite times, got {checks.shown(intervals)}.")
        seen = intervals.astype(np.float64)
    names = tuple(str(each) for each in tree.numbers(identity, f"{_UNITS}/id").tolist())
    return Units(times.astype(np.float64), bounds, seen, seen_bounds, names, _regions(tree, count), _resolution(tree))


def _resolution(tree: Tree) -> float:
    told = tree.attribute(tree.find(f"{_UNITS}/spike_times"), "resolution")
    return float(told) if told is not None and np.isfinite(told) and told > 0 else 0.0


def _regions(tree: Tree, count: int) -> tuple[str, ...]:
    """Where the first electrode of each unit is, as the table of electrodes says."""
    places = next((f"{_ELECTRODES}/{name}" for name in ("location", "group_name") if tree.find(f"{_ELECTRODES}/{name}")), None)
    if places is None or tree.find(f"{_UNITS}/electrodes") is None or tree.find(f"{_UNITS}/electrodes_index") is None:
        return ("",) * count
    entries, bounds = ragged(tree, f"{_UNITS}/electrodes", count)
    rows, texts = entries.astype(np.int64), tree.texts(places)
    found = [rows[low] if low < high else -1 for low, high in pairwise(bounds.tolist())]
    return tuple(texts[row] if 0 <= row < len(texts) else "" for row in found)


def observed(units: Units, begin: Floats, end: Floats) -> Flags:
    """Which units saw the whole of which trials, bool (units, trials)."""
    covered = np.ones((len(units.names), len(begin)), np.bool_)
    if units.seen is None:
        return covered
    for unit, (low, high) in enumerate(zip(units.seen_bounds[:-1], units.seen_bounds[1:], strict=True)):
        spans = units.seen[low:high]
        spans = spans[np.argsort(spans[:, 0], kind="stable")]
        place = np.searchsorted(spans[:, 0], begin + _SLACK, side="right") - 1
        latest = np.maximum.accumulate(spans[:, 1]) if len(spans) else np.zeros(0)
        covered[unit] = (place >= 0) & (latest[np.maximum(place, 0)] >= end - _SLACK) if len(spans) else False
    return covered


def spikes_of(units: Units, chosen: Flags, begin: Floats, end: Floats, notes: Notes) -> Spikes:
    """The spikes of the units that are `chosen`, bool (units,), in trials from `begin` to before `end`, s of the file's clock."""
    kept = np.flatnonzero(chosen)
    if len(kept) < len(chosen):
        notes.notes.append(f"left out {len(chosen) - len(kept)} of {len(chosen)} units, which were not observed in every trial")
    parts = [(np.zeros(0), np.zeros(0, np.int64), np.zeros(0, np.int64))]
    for place, one in enumerate(kept.tolist()):
        times = np.sort(units.times[units.bounds[one] : units.bounds[one + 1]])
        low, high = np.searchsorted(times, begin), np.searchsorted(times, end)
        count = high - low
        mine = np.repeat(np.arange(len(begin)), count)
        which = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count) + low[mine]
        parts.append((times[which] - begin[mine], mine, np.full(len(mine), place)))
    time, trial, unit = (np.concatenate(part) for part in zip(*parts, strict=True))
    # Of numbers of two bytes, as few trials have, this takes a tenth of the time.
    order = np.argsort(trial.astype(np.min_scalar_type(len(begin))), kind="stable")
    names, regions = (tuple(every[one] for one in kept.tolist()) for every in (units.names, units.regions))
    return Spikes(time[order], trial[order], unit[order], names, regions, units.resolution)
