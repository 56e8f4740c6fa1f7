"""An NWB file on the way to a recording: its trials, sampled anew, in metres, and what had to be done for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from reach_gym.recording.hdf5_tree import Tree
from reach_gym.recording.laboratory import METRES
from reach_gym.recording.layout import Flags, Floats
from reach_gym.recording.metadata import RecordingError
from reach_gym.recording.nwb_layouts import FileLayout
from reach_gym.recording.nwb_trials import FileTrials, Table, chosen, read_trials
from reach_gym.recording.nwb_units import observed, read_units, spikes_of
from reach_gym.recording.reading import Notes, Reading, middle_note
from reach_gym.recording.schema import Recording
from reach_gym.recording.series import Grid, Series, at_edge, firsts, grid_of, lasts, padded, read_series, sample
from reach_gym.recording.spikes import Spikes

REACHES = 0.002, 1.0
"""Metres, of the reaches of an arm."""

_EDGE = 0.025  # s by which samples may begin after a trial, or end before it
_APART = 0.002  # m between hand and cursor, from which on they are said to have different origins


class Reader:
    """A file on the way to a recording."""

    def __init__(
        self,
        tree: Tree,
        layout: FileLayout,
        dt: float,
        window: tuple[float, float] | None,
        unit: str | None,
        distance: float | None,
        reached: bool,
    ) -> None:
        self._tree, self._layout, self._dt, self._window = tree, layout, dt, window
        self._unit, self._distance, self._reached = unit, distance, reached
        self._notes = Notes(layout.name)

    def read(self) -> Reading:
        """The trials, spikes and report."""
        layout, notes = self._layout, self._notes
        self._refuse_unknown_targets()
        trials = read_trials(self._tree, layout, notes)
        count = len(trials.number) + len(notes.dropped)
        named = {"hand": layout.hand, "cursor": layout.cursor, "velocity": layout.velocity}
        series = {name: read_series(self._tree, path) for name, path in named.items() if path}
        factor = {name: self._factor(name, each) for name, each in series.items()}
        trials, grid, courses = self._courses(trials, series)
        units = read_units(self._tree)
        begin, end = (np.array(part) for part in (grid.time[firsts(grid.trial)], grid.time[lasts(grid.trial)]))
        if units is not None:
            seen = observed(units, begin, end)
            blind = np.asarray(~seen.any(axis=0))
            notes.drop(trials.number[blind], "no unit was observed")
            trials, grid, courses = _without(trials, grid, courses, blind)
            self._need(trials)
            begin, end, seen = begin[~blind], end[~blind], seen[:, ~blind]
            spikes: Spikes | None = spikes_of(units, np.asarray(seen.all(axis=1)), begin, end, notes)
        else:
            spikes = None
        recording = self._recording(trials, grid, {name: part * factor[name] for name, part in courses.items()}, factor["hand"])
        columns = {} if layout.shown else Table(self._tree).others(trials.row)
        return Reading(recording, spikes, columns, notes.report(count))

    def _refuse_unknown_targets(self) -> None:
        kind = self._layout.target.kind
        if kind in ("degrees", "radians") and self._distance is None:
            raise RecordingError("it says the direction of a target, not how far it lies: name `distance`, in m.")
        if kind == "unknown" and not self._layout.shown and not self._reached:
            raise RecordingError("it does not say where targets were: `reached=True` takes the places where reaches ended.")

    def _factor(self, name: str, series: Series) -> float:
        """From the numbers of a series to metres."""
        documented = self._unit or self._layout.unit
        if not documented and not series.factor:
            raise RecordingError(f"{series.path} has the unit {series.unit!r}: name the `unit` of positions, m, cm or mm.")
        factor = METRES[documented] if documented else series.factor
        path, called, per = series.path, documented or series.unit, "/s" if name == "velocity" else ""
        if series.factor and not np.isclose(factor, series.factor):
            self._notes.notes.append(f"{path} calls its unit {series.unit!r}; {called} was taken, as documented or asked for")
        if factor != 1:
            self._notes.converted.append(f"{name} ({path}) from {called}{per} to m{per}")
        return factor

    def _need(self, trials: FileTrials) -> None:
        if not len(trials.number):
            report = self._notes.report(len(self._notes.dropped))
            raise RecordingError(f"no trial is left. {report}".replace("\n", ";"))

    def _courses(self, trials: FileTrials, series: Mapping[str, Series]) -> tuple[FileTrials, Grid, dict[str, Floats]]:
        """The series at the states of each trial, without trials in which a sample is missing."""
        for each in series.values():
            early, late = trials.go < each.time[0], trials.go > each.time[-1]
            self._notes.drop(trials.number[early | late], f"the go cue lies outside of {each.path}")
        if trials.number.size and np.isin(trials.number, list(self._notes.dropped)).all():
            self._tell_times(trials, series)
        trials = chosen(trials, ~np.isin(trials.number, list(self._notes.dropped)))
        self._need(trials)
        grid = grid_of(trials.start, trials.stop, trials.go, self._dt, self._window)
        courses, known = {}, np.ones(len(grid.time), np.bool_)
        for name, each in series.items():
            courses[name], there = sample(each, grid.time, self._dt)
            known &= there
            self._notes.drop(trials.number[_torn(grid, there, self._dt)], f"samples of {each.path} are missing")
        whole = ~np.isin(trials.number, list(self._notes.dropped)) & ~_torn(grid, known, self._dt)
        kept = known & whole[grid.trial]
        short = np.bincount(grid.trial[kept], minlength=len(whole)) < 2
        cued = np.zeros(len(whole), np.bool_)
        cued[grid.trial[kept & (grid.state == 0)]] = True
        bad = ~whole | short | ~cued
        self._notes.drop(trials.number[bad], "too short")
        grid = Grid(grid.time[known], grid.trial[known], grid.state[known])
        found = _without(trials, grid, {name: part[known] for name, part in courses.items()}, bad)
        if bad.all():
            self._tell_times(trials, series)
        self._need(found[0])
        return found

    def _tell_times(self, trials: FileTrials, series: Mapping[str, Series]) -> None:
        """Notes which times there are, so that one can see that some are not in seconds."""
        spans = [f"{each.path} has times from {each.time[0]:.6g} to {each.time[-1]:.6g} s" for each in series.values()]
        self._notes.notes += [*spans, f"the trials begin from {trials.start[0]:.6g} to {trials.start[-1]:.6g} s"]

    def _recording(self, trials: FileTrials, grid: Grid, courses: dict[str, Floats], factor: float) -> Recording:
        """The recording of courses in metres."""
        layout, first = self._layout, firsts(grid.trial)
        self._align(courses)
        start = courses.get("cursor", courses["hand"])[grid.state == 0]
        origin = np.median(start, axis=0) if layout.middle else np.zeros(2)
        self._notes.notes.append(middle_note(origin) if layout.middle else "a reach starts where the cursor was at its go cue")
        start = np.zeros_like(start) if layout.middle else start
        courses |= {name: courses[name] - origin for name in ("hand", "cursor") if name in courses}
        target = self._target(trials, start, courses, grid, factor, origin)
        _check_size(start, target)
        arrays: dict[str, Any] = {name: padded(part, grid.trial) for name, part in courses.items()}
        if trials.success is not None:
            arrays["success"] = trials.success
        table = None if layout.shown else Table(self._tree)
        blocks = None
        if table is not None and layout.gain:
            arrays["gain"] = table.times(layout.gain)[trials.row]
        if table is not None and layout.block:
            blocks = [str(each) for each in table.any(layout.block)[trials.row].tolist()]
        go = -grid.state[first] * self._dt
        # The target may have been there before the part that is read.
        arrays["onset"] = np.clip(go - (trials.go - trials.onset), 0, go)
        hand, told, number = arrays.pop("hand"), {**self._told(), "origin": origin.tolist()}, trials.number
        return Recording.from_arrays(hand, self._dt, start, target, go, blocks=blocks, metadata=told, trial=number, **arrays)

    def _align(self, courses: dict[str, Floats]) -> None:
        """Gives hand and cursor one origin, that of the cursor and the targets."""
        notes = self._notes.notes
        if "cursor" not in courses:
            notes.append("the file has one path: `hand` and `cursor` are the same")
            return
        x, y = np.median(courses["cursor"] - courses["hand"], axis=0)
        if np.hypot(x, y) > _APART:
            courses["hand"] = courses["hand"] + (x, y)
            notes.append(f"hand and cursor have different origins: the hand was moved by ({x:.4f}, {y:.4f}) m")

    def _told(self) -> dict[str, Any]:
        session = self._tree.text("general/session_id") or self._tree.text("identifier")
        told = {"task": self._layout.name, "agent": self._tree.text("general/subject/subject_id") or "unknown"}
        return told | ({"session_id": session} if session else {})

    def _target(
        self, trials: FileTrials, start: Floats, courses: Mapping[str, Floats], grid: Grid, factor: float, origin: Floats
    ) -> Floats:
        if self._layout.target.kind in ("degrees", "radians"):
            self._notes.notes.append(f"targets lie {self._distance} m from the start in the file's direction, as asked for")
            way = np.stack([np.cos(trials.direction), np.sin(trials.direction)], axis=1)
            return np.asarray(start + float(self._distance or 0.0) * way)
        if self._layout.target.kind == "unknown" and not self._layout.shown:
            self._notes.notes.append("the file does not say where targets were: each is where the reach ended, as asked for")
            return np.asarray(courses.get("cursor", courses["hand"])[lasts(grid.trial)])
        self._notes.converted += [f"targets as positions, with the factor {factor:g}"] if factor != 1 else []
        return trials.target * factor - origin


def _torn(grid: Grid, known: Flags, dt: float) -> Flags:
    """Which trials lack samples elsewhere than at their very edges, bool (n,)."""
    count = int(grid.trial[-1]) + 1 if len(grid.trial) else 0
    torn = np.zeros(count, np.bool_)
    torn[grid.trial[~(known | at_edge(grid, known, round(_EDGE / dt)))]] = True
    state, trial = grid.state[known], grid.trial[known]
    torn[trial[1:][(np.diff(state) != 1) & (np.diff(trial) == 0)]] = True
    return torn


def _without(
    trials: FileTrials, grid: Grid, courses: Mapping[str, Floats], bad: Flags
) -> tuple[FileTrials, Grid, dict[str, Floats]]:
    """What is left without the trials that are `bad`."""
    kept = ~bad[grid.trial]
    place = np.cumsum(~bad) - 1
    left = Grid(grid.time[kept], place[grid.trial[kept]], grid.state[kept])
    return chosen(trials, ~bad), left, {name: part[kept] for name, part in courses.items()}


def _check_size(start: Floats, target: Floats) -> None:
    """Refuses reaches that no arm makes: then a unit is wrong."""
    far = float(np.median(np.hypot(*(target - start).T)))
    low, high = REACHES
    if not low <= far <= high:
        wanted = f"not {low} to {high} m: name the `unit` of positions, m, cm or mm"
        raise RecordingError(f"targets lie {far:.3g} m from the start, {wanted}.")
