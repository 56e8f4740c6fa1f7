"""Trials of people as a table, and of agents and models as the same table: what measures and fits take, whoever moved."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from reach_gym import checks, files
from reach_gym.recording.human_columns import MEASURES
from reach_gym.recording.human_csv import Columns, read_columns, to_text
from reach_gym.recording.layout import Flags, Floats, Integers
from reach_gym.recording.schema import Recording
from reach_gym.recording.table_columns import columns_of
from reach_gym.sessions.schedule import MAX_TRIALS

UNITS = {"angle": "deg", "deviation": "m", "force": "N", "coefficient": "1"}
"""Of the measures, in a table."""

# Units of a perturbation in a table, by those that a file may have.
_OWN = {"deg": "deg", "°": "deg", "rad": "deg", "1": "1", "%": "1", "N s/m": "N s/m"}
_NONE: dict[str, Any] = {"block": "", "channel": False, "rest": 0.0, "cue": 0, "target": np.nan}  # where there is no such column


class TrialArrays(NamedTuple):
    """The n trials of one subject, from the table's first trial number to its last; those that the table lacks are gaps.

    Attributes:
        subject: Who.
        trial: int64 (n,), numbers without a hole.
        perturbation: float64 (n,), in the table's `HumanTable.perturbation_unit`; NaN in gaps.
        clamped: bool (n,), trials in a force channel (error clamp).
        measured: float64 (n,), in the unit of the measure (`UNITS`); NaN in gaps and where nothing was measured.
        rest: float64 (n,), seconds before each trial.
        cue: int64 (n,), context cues, 0 for none.
        direction: float64 (n,), of the target from the start, degrees counter-clockwise from the x axis; NaN where unknown.
        block: Names of the blocks, n of them, ``""`` where unknown.
    """

    subject: str
    trial: Integers
    perturbation: Floats
    clamped: Flags
    measured: Floats
    rest: Floats
    cue: Integers
    direction: Floats
    block: list[str]

    def scaled(self, perturbation: float, measured: float = 1.0) -> TrialArrays:
        """The same in units of `perturbation` and of `measured`, as models of learning want them.

        Args:
            perturbation: What counts as 1, such as the 30 degrees of a rotation.
            measured: What counts as full compensation, such as -30 degrees, if a rotation is answered by turning the other way.

        Raises:
            TypeError: One is no number.
            ValueError: One is 0 or not finite.
        """
        for name, value in (("perturbation", perturbation), ("measured", measured)):
            if checks.number(name, value) == 0:
                raise ValueError(f"`{name}` must not be 0, got {value}.")
        return self._replace(perturbation=self.perturbation / perturbation, measured=self.measured / measured)


class HumanTable:
    """A row for each trial of each subject: what was done to him and what he did.

    Attributes:
        subjects: Their names, in the order of the table.
        measures: Which of `UNITS` it has.
        perturbation_unit: ``"1"``, a share of the whole field or rotation; ``"deg"``, of a rotation; or ``"N s/m"``.
        first: The least trial number.
        trials: How many trials from there to the greatest number.
    """

    def __init__(self, columns: Mapping[str, Sequence[Any]], perturbation_unit: str, rows: Sequence[int] | None = None) -> None:
        """Takes columns that `reach_gym.recording.human_csv.read_columns` or `columns_of` made.

        Args:
            columns: By name, of equal length and in the table's own units; ``target`` in degrees.
            perturbation_unit: See the class.
            rows: The number of each row in its file, for messages.

        Raises:
            ValueError: A subject has a trial twice, or there are too many trials.
        """
        self.perturbation_unit = perturbation_unit
        self.subjects = tuple(dict.fromkeys(columns["subject"]))
        self.measures = tuple(name for name in MEASURES if name in columns)
        self._columns = {name: [default] * len(columns["subject"]) for name, default in _NONE.items()} | {**columns}
        numbers = columns["trial"]
        self.first, last = min(numbers), max(numbers)
        self.trials = last - self.first + 1
        if self.trials > MAX_TRIALS:
            raise ValueError(
                f"column 'trial': from the first to the last there must be at most {MAX_TRIALS}, got {self.first} to {last}."
            )
        self._places: dict[str, dict[int, int]] = {name: {} for name in self.subjects}
        for place, (subject, number) in enumerate(zip(columns["subject"], numbers, strict=True)):
            own = self._places[subject]
            if number in own:
                now, before = (place + 1, own[number] + 1) if rows is None else (rows[place], rows[own[number]])
                raise ValueError(f"row {now}, column 'trial': subject {subject!r} has trial {number} in row {before} already.")
            own[number] = place

    @classmethod
    def from_csv(cls, path: str | os.PathLike[str], mapping: Mapping[str, Any] | None = None, delimiter: str = ",") -> HumanTable:
        """Reads a CSV file with one line for each trial of each subject.

        Columns: ``subject``, ``trial`` (a whole number) and ``perturbation`` must be there, and at least one of ``angle`` (of the
        hand from the direction of the target), ``deviation`` (from the straight line), ``force`` and ``coefficient`` (in
        channels); there may be ``target`` (an angle, counter-clockwise from the x axis) or ``target_x``, ``target_y`` and the
        same of ``start``, ``channel``, ``block``, ``rest`` (before the trial) and ``cue``. Angles and deviations are positive to
        the left. Numbers have their unit in the title, such as ``deviation [mm]``, or in the mapping; nothing is guessed.
        Measures and targets may be empty, and trials may be missing. Lines may be in any order.

        Args:
            path: The file, UTF-8, decimals with a point.
            mapping: Titles of a file that calls things otherwise: ``{"angle": Column("HandAngle", "deg", -1), "subject":
                "ppid", ...}`` (`reach_gym.recording.human_columns.Column`); other columns are then ignored. Without it the titles
                are the names above.
            delimiter: Between cells.

        Raises:
            TypeError: An argument has the wrong type.
            OSError: The file cannot be read.
            ValueError: The file is no such table; the message names row and column.
        """
        columns, units, rows = read_columns(path, mapping, delimiter)
        if "target_x" in columns:
            columns["target"] = _directions(columns, rows)
        unit = _OWN[units["perturbation"]]
        return cls({name: values for name, values in columns.items() if name[-2:] not in ("_x", "_y")}, unit, rows)

    @classmethod
    def from_recordings(cls, recordings: Iterable[Recording], subjects: Sequence[str] | None = None) -> HumanTable:
        """The trials of recordings, one for each subject, of an agent, a model or a person.

        The measures are ``angle``, the hand's `early_angle_error`; ``deviation``, the cursor's largest, outside of channels;
        ``coefficient``, the adaptation coefficient of channel trials.

        Args:
            recordings: A group, or a list of recordings of sessions.
            subjects: Their names; without them those in the metadata (``subject``), or ``"1"``, ``"2"`` and so on.

        Raises:
            TypeError: One is no recording, or a name no string.
            ValueError: There is none, two have the same name, their perturbations have different units, or fields are no
                multiples of the task's own.
        """
        given = list(recordings)
        for each in given:
            if not isinstance(each, Recording):
                raise TypeError(f"`recordings` must hold recordings, got {checks.shown(each)}.")
        if not given:
            raise ValueError("`recordings` must be at least one, got none.")
        found = [str(each.metadata.get("subject") or k) for k, each in enumerate(given, 1)]
        names = found if subjects is None else list(checks.items("subjects", subjects, len(given), "a name for each recording"))
        if not all(isinstance(name, str) and name.strip() == name != "" for name in names) or len(set(names)) < len(names):
            raise ValueError(f"`subjects` must be different names, got {checks.shown(names)}.")
        parts = [columns_of(each) for each in given]
        units = sorted({unit for _, unit in parts})
        if len(units) != 1:
            raise ValueError(f"`recordings` must all have perturbations in one unit, got {' and '.join(units)}.")
        joined: Columns = {"subject": [name for name, each in zip(names, given, strict=True) for _ in range(len(each))]}
        joined |= {name: [value for part, _ in parts for value in part[name]] for name in parts[0][0]}
        return cls(joined, units[0])

    def __len__(self) -> int:
        """The number of rows."""
        return len(self._columns["subject"])

    def __repr__(self) -> str:
        """One line."""
        what = ", ".join(self.measures)
        return f"<HumanTable of {len(self.subjects)} subjects, trials {self.first} to {self.first + self.trials - 1}: {what}>"

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Writes a file that `from_csv` reads; a reader, or a crash, sees the old file or the new one.

        Raises:
            OSError: The file cannot be written.
        """
        units = {"target": "deg", "perturbation": self.perturbation_unit, "rest": "s", **UNITS}
        order = ("subject", "trial", "block", "target", "perturbation", "channel", "rest", "cue", *self.measures)
        titles = {f"{name} [{units[name]}]" if name in units else name: self._columns[name] for name in order}
        files.write(path, to_text(titles).encode())

    def subject(self, name: str, measure: str | None = None) -> TrialArrays:
        """The trials of one subject as arrays.

        Args:
            name: One of `subjects`.
            measure: One of `measures`; may be left out where there is only one.

        Raises:
            TypeError: An argument is no string.
            ValueError: There is no such subject or measure, or more than one measure and none is named.
        """
        checks.choice("name", name, self.subjects)
        measured = self._measure(measure)
        where = self._places[name]
        place = np.array([where.get(self.first + k, -1) for k in range(self.trials)])
        there = place >= 0

        def taken(column: str, missing: Any, kind: Any) -> Any:
            values = self._columns[column]
            return np.array([values[k] if k >= 0 else missing for k in place.tolist()], kind)

        return TrialArrays(
            subject=name,
            trial=np.arange(self.first, self.first + self.trials),
            perturbation=taken("perturbation", np.nan, np.float64),
            clamped=taken("channel", False, np.bool_),
            measured=np.where(there, taken(measured, np.nan, np.float64), np.nan),
            rest=taken("rest", 0.0, np.float64),
            cue=taken("cue", 0, np.int64),
            direction=taken("target", np.nan, np.float64),
            block=taken("block", "", object).tolist(),
        )

    def values(self, measure: str | None = None) -> Floats:
        """A measure of all subjects: float64 (subjects, trials), NaN where there is none; `group_curve` takes it.

        Raises:
            TypeError: `measure` is no string.
            ValueError: There is no such measure, or more than one and none is named.
        """
        return np.stack([self.subject(name, self._measure(measure)).measured for name in self.subjects])

    def _measure(self, measure: str | None) -> str:
        if measure is not None:
            return checks.choice("measure", measure, self.measures)
        if len(self.measures) > 1:
            raise ValueError(f"`measure` must be one of {', '.join(map(repr, self.measures))}, as there are several, got None.")
        return self.measures[0]


def _directions(columns: Columns, rows: Sequence[int]) -> list[float]:
    """The directions of targets that are given as places, in degrees."""
    none = [0.0] * len(rows)
    tx, ty, sx, sy = (np.array(columns.get(name, none)) for name in ("target_x", "target_y", "start_x", "start_y"))
    at_start = np.flatnonzero((tx == sx) & (ty == sy))
    if len(at_start):
        raise ValueError(f"row {rows[at_start[0]]}, column 'target_x': the target must lie elsewhere than the start.")
    return [float(angle) for angle in np.degrees(np.arctan2(ty - sy, tx - sx))]
