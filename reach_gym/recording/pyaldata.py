"""TrialData of MATLAB, and PyalData: files with a struct for each trial, binned at one width."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from reach_gym import checks
from reach_gym.recording.hdf5_tree import reading
from reach_gym.recording.laboratory import METRES
from reach_gym.recording.layout import Array, Floats, Integers
from reach_gym.recording.mat_reading import Row, read_structs
from reach_gym.recording.metadata import RecordingError
from reach_gym.recording.reading import Notes, Reading, middle_note
from reach_gym.recording.schema import Recording
from reach_gym.recording.spikes import Spikes

EPOCHS = {"bl": 0.0, "ad": 1.0, "wo": 0.0}
"""The gain of the perturbation in the epochs of a learning session: baseline, adaptation and washout."""

_SPIKES, _GUIDE = "_spikes", "_unit_guide"
_TOLD = {"monkey": "agent", "task": "task", "date": "date", "perturbation": "perturbation"}


def read_pyaldata(
    path: str | os.PathLike[str],
    name: str | None = None,
    distance: float | None = None,
    unit: str = "cm",
    first: int = 1,
) -> Reading:
    """Reads TrialData, or what PyalData saved of it: a ``.mat`` file of version 5 or 7.3 with a struct for each trial.

    Wanted are ``bin_size`` (s), ``pos`` (bins, 2), ``idx_go_cue`` and ``target_direction`` (rad); ``vel``, ``idx_target_on``,
    ``result``, ``epoch`` and counts of spikes (``M1_spikes``, ``PMd_spikes`` and so on, bins by units) are read if they are
    there. Epochs become blocks, and the gain is that of `EPOCHS`, if all of them are there. What was dropped or derived is in the
    report.

    Args:
        path: The file.
        name: Of the variable; without it the file must have one alone.
        distance: Metres from start to target, which these files do not say.
        unit: Of ``pos`` and ``vel``; cm is usual.
        first: The number of the first bin in ``idx_...``: 1 in files of MATLAB, 0 where Python has shifted them.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: An argument is out of range.
        RecordingError: There is no such file, it does not say what is needed, or no trial is left; no other exception escapes.
        MissingExtraError: The file is of version 7.3, and h5py is not installed.
    """
    factor = METRES[checks.choice("unit", unit, tuple(METRES))]
    base = checks.integer("first", first, 0, 1)
    if name is not None and not isinstance(name, str):
        raise TypeError(f"`name` must be a text, got {checks.shown(name)}.")
    far = None if distance is None else checks.number("distance", distance, 0.002, 1.0)
    with reading(path, "TrialData") as place:
        rows = read_structs(place, name)
        if far is None:
            raise RecordingError("it says the direction of a target, not how far it lies: name `distance`, in m.")
        return _Trials(rows, base, factor, unit).read(far)


class _Trials:
    """The structs of a file on the way to a recording."""

    def __init__(self, rows: list[Row], first: int, factor: float, unit: str) -> None:
        self._rows, self._first, self._factor = rows, first, factor
        self._notes = Notes("TrialData")
        self._kept: list[int] = []
        for field in ("bin_size", "pos", "idx_go_cue", "target_direction"):
            if field not in rows[0]:
                raise RecordingError(f"the field {field!r} is missing; there are {', '.join(rows[0])}.")
        self._dt = self._width()
        if factor != 1:
            self._notes.converted.append(f"hand (pos) from {unit} to m")

    def read(self, distance: float) -> Reading:
        """The trials, spikes and report."""
        notes, dt = self._notes, self._dt
        numbers = range(len(self._rows))
        go = np.array([self._index(row, "idx_go_cue") for row in self._rows])
        onset = np.array([self._index(row, "idx_target_on") for row in self._rows])
        angle = np.array([_number(row, "target_direction") for row in self._rows])
        states = np.array([len(_course(row, "pos")) for row in self._rows])
        whole = np.array([np.isfinite(_course(row, "pos")).all() for row in self._rows])
        self._check_first(go, states)
        for good, reason in (
            (np.isfinite(go), "no go cue, or several"),
            (np.isfinite(angle), "no direction of the target"),
            (states >= 2, "too short"),
            (whole, "samples of pos are missing"),
            ((go >= 0) & (go < states), "the go cue lies outside of the trial"),
        ):
            notes.drop(np.flatnonzero(~good), reason)
        self._kept = [k for k in numbers if k not in notes.dropped]
        if not self._kept:
            raise RecordingError(f"no trial is left. {notes.report(len(self._rows))}".replace("\n", ";"))
        kept = np.array(self._kept)
        hand = [_course(self._rows[k], "pos") * self._factor for k in self._kept]
        cued = np.array([path[int(state)] for path, state in zip(hand, go[kept], strict=True)])
        origin = np.median(cued, axis=0)
        hand = [path - origin for path in hand]
        notes.notes.append(middle_note(origin))
        notes.notes.append(f"targets lie {distance} m from the start in the file's direction, as asked for")
        start = np.zeros((len(kept), 2))
        target = distance * np.stack([np.cos(angle[kept]), np.sin(angle[kept])], axis=1)
        arrays = self._arrays(onset[kept], go[kept])
        recording = Recording.from_arrays(
            hand, dt, start, target, go[kept] * dt, blocks=self._blocks(), metadata=self._told(origin), trial=kept, **arrays
        )
        spikes = self._spikes(recording)
        return Reading(recording, spikes, self._columns(), notes.report(len(self._rows)))

    def _width(self) -> float:
        widths = np.array([_number(row, "bin_size") for row in self._rows])
        if not np.isfinite(widths).all() or (widths != widths[0]).any() or not 1e-4 <= widths[0] <= 1.0:
            raise RecordingError(f"`bin_size` must be the same in every trial, from 0.0001 to 1 s, got {checks.shown(widths)}.")
        return float(widths[0])

    def _index(self, row: Row, field: str) -> float:
        """The state at which something is, or NaN."""
        return _number(row, field) - self._first

    def _check_first(self, go: Floats, states: Array) -> None:
        """Refuses a `first` that the file contradicts."""
        ends = np.array([_number(row, "idx_trial_end") for row in self._rows])
        if (go < 0).any():
            raise RecordingError("an index is 0, so that the first bin is not 1: `first` must be 0.")
        if self._first == 0 and (ends == states).any():
            raise RecordingError("an index is the number of bins, so that the first bin is not 0: `first` must be 1.")
        self._notes.notes.append(f"the first bin was taken to be {self._first}")

    def _arrays(self, onset: Floats, go: Floats) -> dict[str, Any]:
        rows = [self._rows[k] for k in self._kept]
        arrays: dict[str, Any] = {}
        speeds = [_course(row, "vel") for row in rows]
        if all(
            len(speed) == len(_course(row, "pos")) and np.isfinite(speed).all() for speed, row in zip(speeds, rows, strict=True)
        ):
            arrays["velocity"] = _stacked(speeds) * self._factor
        # A target that appeared before the trial's first bin was there all the time.
        known = np.isfinite(onset)
        if known.all():
            arrays["onset"] = np.clip(onset, 0, go) * self._dt
        if all(isinstance(row.get("result"), str) for row in rows):
            arrays["success"] = np.array([row["result"] == "R" for row in rows])
        gains = [EPOCHS.get(str(row.get("epoch", "")).lower()) for row in rows]
        if None not in gains:
            arrays["gain"] = np.array(gains, np.float64)
            self._notes.notes.append("the gain is 0 in the epochs bl and wo, and 1 in ad")
        return arrays

    def _blocks(self) -> list[str] | None:
        names = [str(self._rows[k].get("epoch", "")) for k in self._kept]
        return names if all(names) else None

    def _told(self, origin: Floats) -> dict[str, Any]:
        row = self._rows[self._kept[0]]
        told: dict[str, Any] = {own: str(row[field]) for field, own in _TOLD.items() if isinstance(row.get(field), str)}
        if told.get("perturbation") == "VR":
            self._notes.notes.append("pos is the hand's: the cursor, which a rotation turns, is not in the file")
        return {"task": "TrialData", **told, "origin": origin.tolist()}

    def _columns(self) -> dict[str, Array]:
        """All fields with one number or text in each trial."""
        rows = [self._rows[k] for k in self._kept]
        found: dict[str, Array] = {}
        for field in rows[0]:
            values = [row.get(field) for row in rows]
            if all(isinstance(value, str) for value in values):
                found[field] = np.array(values)
            elif all(isinstance(value, np.ndarray) and value.size == 1 for value in values):
                found[field] = np.array([_number(row, field) for row in rows])
        return found

    def _spikes(self, recording: Recording) -> Spikes | None:
        """Counts of all areas as spikes in the middle of their bins; what the last bin has lies after the last state."""
        rows = [self._rows[k] for k in self._kept]
        areas = [field.removesuffix(_SPIKES) for field in rows[0] if field.endswith(_SPIKES)]
        if not areas:
            return None
        names: list[str] = []
        regions: list[str] = []
        parts = []
        for area in areas:
            counts = [_course(row, area + _SPIKES, None) for row in rows]
            parts.append(_counted(area, counts, recording.steps, len(names)))
            units = counts[0].shape[1]
            guide = _course(rows[0], area + _GUIDE, None)
            named = [f"{area} {' '.join(f'{each:g}' for each in line)}" for line in guide]
            names += named if len(named) == units else [f"{area} {k}" for k in range(units)]
            regions += [area] * units
        trial, time, unit = np.concatenate(parts, axis=1)
        order = np.lexsort((time, unit, trial))
        middle = (time[order] + 0.5) * self._dt
        return Spikes(middle, trial[order], unit[order], tuple(names), tuple(regions), self._dt)


def _counted(area: str, counts: list[Floats], steps: Integers, first: int) -> Integers:
    """Trial, bin and unit (3, s) of each spike of an area, whose units are numbered from `first`."""
    parts = [np.zeros((3, 0), np.int64)]
    for trial, (part, count) in enumerate(zip(counts, steps.tolist(), strict=True)):
        if part.shape != (count + 1, counts[0].shape[1]):
            raise RecordingError(f"`{area}{_SPIKES}` must have as many units in every trial, and as many bins as pos.")
        if (part < 0).any() or (part != np.round(part)).any():
            raise RecordingError(f"`{area}{_SPIKES}` must be counts, whole numbers of at least 0.")
        time, unit = np.nonzero(part[:-1])
        place = np.stack([np.full(len(time), trial), time, unit + first])
        parts.append(np.repeat(place, part[time, unit].astype(np.int64), axis=1))
    return np.concatenate(parts, axis=1)


def _number(row: Row, field: str) -> float:
    """A field of one number; NaN where it is missing, empty, or more."""
    value = row.get(field)
    if not isinstance(value, np.ndarray) or value.size != 1:
        return float("nan")
    return float(value.ravel()[0])


def _course(row: Row, field: str, width: int | None = 2) -> Floats:
    """A field (bins, width); without a row where it is missing or of another width."""
    value = row.get(field)
    if not isinstance(value, np.ndarray) or value.ndim != 2 or (width is not None and value.shape[1] != width):
        return np.zeros((0, width or 0))
    return value.astype(np.float64)


def _stacked(parts: list[Floats]) -> Floats:
    """Paths of different lengths in one array, with NaN behind the shorter ones."""
    stacked = np.full((len(parts), max(map(len, parts)), 2), np.nan)
    for whole, part in zip(stacked, parts, strict=True):
        whole[: len(part)] = part
    return stacked
