"""The trials of an NWB file: when each begins, is cued and ends, and where its target is, as a layout says."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from reach_gym import checks
from reach_gym.recording.hdf5_tree import MAX_ROWS, Tree
from reach_gym.recording.layout import Array, Flags, Floats, Integers
from reach_gym.recording.metadata import RecordingError
from reach_gym.recording.nwb_layouts import TRIALS, FileLayout, Target
from reach_gym.recording.reading import Notes
from reach_gym.recording.series import read_series

_MERGED = 0.02  # s: a target that jumps in a series which was sampled up takes so long to arrive


class FileTrials(NamedTuple):
    """m trials of a file.

    Attributes:
        number: int64 (m,), increasing.
        row: int64 (m,), of each trial in the file's table.
        start: float64 (m,), s of the file's clock, as are the next three.
        stop: float64 (m,).
        go: float64 (m,).
        onset: float64 (m,).
        target: float64 (m, 2), in the file's unit; NaN where it does not say.
        direction: float64 (m,), rad, where a layout has no more than that; NaN otherwise.
        success: bool (m,), or ``None``.
    """

    number: Integers
    row: Integers
    start: Floats
    stop: Floats
    go: Floats
    onset: Floats
    target: Floats
    direction: Floats
    success: Flags | None


def read_trials(tree: Tree, layout: FileLayout, notes: Notes) -> FileTrials:
    """Reads the trials of a file; those that cannot be used are dropped in the `notes`, and left out.

    Raises:
        RecordingError: The table lacks a column, or columns do not fit together.
    """
    if layout.shown:
        return _from_shown(tree, layout, notes)
    table = Table(tree)
    start, stop = table.times(layout.start), table.times(layout.stop)
    go = table.numbers(layout.go).astype(np.float64)
    row, cue = np.arange(table.rows), np.zeros(table.rows, np.int64)
    target, direction = _targets(table, layout.target)
    if go.ndim == 2:
        row, cue = (part.ravel() for part in np.indices(go.shape))
        ends = np.empty(go.shape)
        for k in range(go.shape[1] - 1, -1, -1):
            ends[:, k] = stop
            stop = np.where(np.isfinite(go[:, k]), go[:, k], stop)
        start, stop, go = np.where(cue == 0, start[row], go.ravel()), ends.ravel(), go.ravel()
        notes.notes.append("a trial is the reach of one cue: from it to the next, or to the end of the file's trial")
    onset = table.times(layout.onset)[row] if layout.onset else go
    success = None if layout.success is None else np.isin(table.any(layout.success[0]), layout.success[1])[row]
    number = row * (int(cue.max(initial=0)) + 1) + cue
    found = FileTrials(number, row, start, stop, go, onset, target[row], direction[row], success)
    for name, values in layout.discard.items():
        notes.drop(number[np.isin(table.any(name), values)[row]], f"{name} is {values[0]}")
    return _usable(found, layout, notes)


def chosen(trials: FileTrials, mask: Flags) -> FileTrials:
    """The trials that `mask`, bool (m,), chooses."""
    parts: Any = (None if part is None else part[mask] for part in trials)
    return FileTrials(*parts)


class Table:
    """The table of trials of a file.

    Attributes:
        rows: How many trials it has.
    """

    def __init__(self, tree: Tree) -> None:
        """Takes the file.

        Raises:
            RecordingError: It has no table of trials, or one without rows or with too many.
        """
        self._tree = tree
        node = tree.find(f"{TRIALS}/start_time")
        shape = getattr(node, "shape", None)
        if not shape or len(shape) != 1 or not 0 < shape[0] <= MAX_ROWS:
            raise RecordingError(f"there must be a table `{TRIALS}` of 1 to {MAX_ROWS} trials, got {shape}.")
        self.rows = int(shape[0])

    def times(self, name: str) -> Floats:
        """A column of times, float64 (rows,)."""
        values = self.numbers(name)
        if values.ndim != 1:
            raise RecordingError(f"the column {name!r} must have one time for each trial, got {values.shape}.")
        return values.astype(np.float64)

    def numbers(self, name: str) -> Array:
        """A column of numbers, (rows, ...)."""
        values = self._tree.array(f"{TRIALS}/{name}")
        if not values.ndim or len(values) != self.rows:
            raise RecordingError(f"the column {name!r} must have {self.rows} rows, got {values.shape}.")
        return values

    def any(self, name: str) -> Array:
        """A column of numbers or texts, (rows, ...)."""
        path = f"{TRIALS}/{name}"
        if not self._tree.is_text(path):
            return self.numbers(name)
        texts = self._tree.texts(path)
        if len(texts) != self.rows:
            raise RecordingError(f"the column {name!r} must have {self.rows} rows, got {len(texts)}.")
        return np.array(texts)

    def ragged(self, name: str) -> tuple[Array, Integers]:
        """A column of several rows for each trial: all of them, and where (rows + 1,) those of each trial begin."""
        return ragged(self._tree, f"{TRIALS}/{name}", self.rows)

    def others(self, row: Integers) -> dict[str, Array]:
        """All columns of one number or text for each trial, at some rows."""
        names = self._tree.names(TRIALS)
        plain = [name for name in names if not name.endswith("_index") and f"{name}_index" not in names]
        return {name: self.any(name)[row] for name in plain if self._is_plain(f"{TRIALS}/{name}")}

    def _is_plain(self, path: str) -> bool:
        node: Any = self._tree.find(path)
        return getattr(node, "shape", None) == (self.rows,) and (node.dtype.kind in "iufb" or self._tree.is_text(path))


def ragged(tree: Tree, path: str, rows: int) -> tuple[Array, Integers]:
    """A ragged column of NWB: all its entries, and where (rows + 1,) those of each row begin.

    Raises:
        RecordingError: Its index is of another length, falls, or points beyond the end.
    """
    ends = tree.array(f"{path}_index").astype(np.int64)
    entries = tree.array(path)
    bounds = np.concatenate([[0], ends]) if ends.ndim == 1 else ends
    if bounds.shape != (rows + 1,) or (np.diff(bounds) < 0).any() or bounds[-1] != len(entries):
        raise RecordingError(
            f"the index of {checks.shown(path)} must rise to {len(entries)} in {rows} rows, got {checks.shown(ends)}."
        )
    return entries, bounds


def _targets(table: Table, target: Target) -> tuple[Floats, Floats]:
    """Places (rows, 2) and directions (rows,) in rad of the targets, NaN where a table does not say."""
    places, ways = np.full((table.rows, 2), np.nan), np.full(table.rows, np.nan)
    names = target.columns
    if target.kind == "point":
        places = table.numbers(names[0])
    elif target.kind == "xy":
        places = np.stack([table.times(name) for name in names], axis=1)
    elif target.kind == "corners":
        corners = table.numbers(names[0])
        _wide(names[0], corners, 4)
        places = corners.reshape(-1, 2, 2).mean(axis=1)
    elif target.kind == "points":
        entries, bounds = table.ragged(names[0])
        _wide(names[0], entries, 2)
        active = table.times(names[1])
        place = bounds[:-1] + np.nan_to_num(active, nan=-1).astype(np.int64)
        good = np.isfinite(active) & (active >= 0) & (place < bounds[1:])
        places[good] = entries[place[good]]
    elif target.kind in ("degrees", "radians"):
        angles = table.times(names[0])
        ways = np.radians(angles) if target.kind == "degrees" else angles
    _wide(names[0] if names else "", places, 2)
    return places.astype(np.float64), ways


def _wide(name: str, values: Array, width: int) -> None:
    if values.ndim != 2 or values.shape[1] != width:
        raise RecordingError(f"the column {name!r} must be of shape (rows, {width}), got {values.shape}.")


def _usable(trials: FileTrials, layout: FileLayout, notes: Notes) -> FileTrials:
    """Drops trials that no event or target makes a reach."""
    needs: list[tuple[Any, str]] = [
        (~np.isfinite(trials.go), "no go cue" if layout.go else "no target"),
        (~(np.isfinite(trials.start) & np.isfinite(trials.stop)), "no start or end"),
        (~np.isfinite(trials.onset), f"no {layout.onset}"),
        (~((trials.start <= trials.go) & (trials.go < trials.stop)), "the go cue lies outside of the trial"),
        (~(trials.onset <= trials.go), "the target appears after the cue"),
    ]
    if layout.target.kind in ("degrees", "radians"):
        needs.append((~np.isfinite(trials.direction), "no direction of the target"))
    elif layout.target.kind != "unknown" or layout.shown:
        needs.append((~np.isfinite(trials.target).all(axis=1), "no target"))
    for bad, reason in needs:
        notes.drop(trials.number[bad], reason)
    return chosen(trials, ~np.isin(trials.number, list(notes.dropped)))


def _from_shown(tree: Tree, layout: FileLayout, notes: Notes) -> FileTrials:
    """A trial for each target that a time series shows, from its appearance to that of the next."""
    series = read_series(tree, layout.shown)
    changes = np.flatnonzero((np.diff(series.values, axis=0) != 0).any(axis=1)) + 1
    pauses = np.diff(series.time[changes], prepend=-np.inf) > _MERGED
    first = changes[pauses]
    arrived = changes[np.append(np.flatnonzero(pauses)[1:], len(changes)) - 1] if len(changes) else changes
    go = series.time[first]
    stop = np.append(go[1:], series.time[-1:]) if len(go) else go
    notes.notes.append(f"a trial is the reach to one target of {layout.shown}: from its appearance to that of the next")
    number = np.arange(len(go))
    notes.drop(number[series.time[first] - series.time[first - 1] > _MERGED], f"a gap in {layout.shown} where the target appears")
    unknown = np.full(len(go), np.nan)
    # The file's own rows are segments of equal length, which say nothing of reaches.
    found = FileTrials(number, number, go, stop, go, go, series.values[arrived], unknown, None)
    return _usable(found, layout, notes)
