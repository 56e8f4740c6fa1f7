"""A session as a table: one row per trial.

A table is data: it is checked whole when it is made, and a refusal names row and column. It comes from rows
(`reach_gym.sessions.building.block` makes them), from blocks (`reach_gym.sessions.schedule.Schedule`), or from a file
(`reach_gym.sessions.table_files`), and goes where the environments take a schedule.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from reach_gym import checks
from reach_gym.fields import ForceField
from reach_gym.sessions.rows import (
    DEFAULTS,
    EVENTS,
    FEEDBACK,
    MAX_CUE,
    NUMBERS,
    OPTIONAL,
    POINTS,
    Event,
    Row,
    event_from_data,
)
from reach_gym.sessions.schedule import MAX_TRIALS, Schedule, Wave, schedule_from_data, wave_from_data

Columns = dict[str, list[Any]]


class Span(NamedTuple):
    """A block of a table.

    Attributes:
        name: Its name.
        trials: How many.
    """

    name: str
    trials: int


class TrialTable:
    """The trials of a session, in order; after the last one its last block repeats without end. Equal tables are ``==``.

    Every column can be read as an attribute, an array with one entry per trial: ``table.gain``, ``table.target`` (trials, 2),
    ``table.pulse`` (of objects); NaN where a number is left to the task. The columns are the attributes of
    `reach_gym.sessions.rows.Row`.

    Attributes:
        blocks: Name and length of each block.
    """

    __slots__ = ("_columns", "_index", "blocks")

    def __init__(self, rows: Iterable[Row]) -> None:
        """Makes a table of `rows`.

        Raises:
            TypeError: A value has the wrong type; the message names row, from 1, and column.
            ValueError: A value is out of range, values do not go together, or there are none or more than `MAX_TRIALS` rows.
        """
        given: Columns = {name: [] for name in DEFAULTS}
        for number, row in enumerate(rows, 1):
            if number > MAX_TRIALS:
                raise ValueError(f"`rows` must be at most {MAX_TRIALS} trials, got more.")
            if not isinstance(row, Row):
                raise TypeError(f"row {number} must be a Row, got {checks.shown(row)}.")
            for name, values in given.items():
                values.append(getattr(row, name))
        self._take(_checked(given))

    def _take(self, columns: Columns, blocks: Sequence[Span] = ()) -> None:
        """Takes columns that have been checked; blocks are the runs of equal names unless they are given."""
        count = len(columns["block"])
        if not count:
            raise ValueError("`rows` must have at least one trial, got none.")
        self._columns = columns
        names = columns["block"]
        first = [0, *(k for k, (one, two) in enumerate(pairwise(names), 1) if one != two), count]
        self.blocks = tuple(blocks) or tuple(Span(names[low], high - low) for low, high in pairwise(first))
        self._index = np.repeat(np.arange(len(self.blocks), dtype=np.int32), [span.trials for span in self.blocks])
        self._index.flags.writeable = False

    @classmethod
    def of_columns(cls, columns: Mapping[str, Sequence[Any]]) -> TrialTable:
        """A table of columns of equal length; those that are not given have their defaults.

        Raises:
            TypeError: A value has the wrong type; the message names row, from 1, and column.
            ValueError: A column is unknown or of another length, a value is out of range, or values do not go together.
        """
        checks.keys("columns", columns, tuple(DEFAULTS))
        lengths = {name: len(values) for name, values in columns.items()}
        count = max(lengths.values(), default=0)
        for name, length in lengths.items():
            if length != count:
                raise ValueError(f"column {name!r} must have {count} values as the longest one, got {length}.")
        if count > MAX_TRIALS:
            raise ValueError(f"`rows` must be at most {MAX_TRIALS} trials, got {count}.")
        table = cls.__new__(cls)
        table._take(_checked({name: list(columns.get(name, [default] * count)) for name, default in DEFAULTS.items()}))
        return table

    @classmethod
    def of_schedule(cls, schedule: Schedule) -> TrialTable:
        """The trials of blocks: what a schedule draws stays to be drawn, as a share of the trials."""
        counts, given = [block.trials for block in schedule.blocks], schedule.blocks

        def repeated(values: Iterable[Any]) -> list[Any]:
            return [value for value, count in zip(values, counts, strict=True) for _ in range(count)]

        count = schedule.trials
        columns = {name: [default] * count for name, default in DEFAULTS.items()}
        columns["gain"] = [gain for block in given for gain in block.gains()]
        for name, part in (("block", "name"), ("channel", "clamp"), *((each, each) for each in _OF_BLOCKS)):
            columns[name] = repeated(getattr(block, part) for block in given)
        table = cls.__new__(cls)
        table._take(columns, [Span(block.name, block.trials) for block in given])
        return table

    @classmethod
    def from_data(cls, data: Any) -> TrialTable:
        """Reads plain data: what `to_data` gives, or a list of dicts, one per trial.

        Raises:
            TypeError: `data` is neither, or a value has the wrong type.
            ValueError: Something else than a table, or a value out of range.
        """
        if isinstance(data, Mapping):
            checks.keys("session", data, ("trials", "all", "columns"))
            count = checks.integer("session.trials", data.get("trials"), 1, MAX_TRIALS)
            same, columns = (checks.keys(f"session.{key}", data.get(key, {}), tuple(DEFAULTS)) for key in ("all", "columns"))
            if twice := sorted(set(same) & set(columns)):
                raise ValueError(f"`session` must have the column {twice[0]!r} in 'all' or in 'columns', not in both.")
            given = {"block": [DEFAULTS["block"]] * count, **{name: [value] * count for name, value in same.items()}}
            return cls.of_columns(given | {name: _listed(name, values) for name, values in columns.items()})
        if not isinstance(data, list | tuple):
            raise TypeError(f"`session` must be a dict of columns or a list of dicts, got {checks.shown(data)}.")
        if len(data) > MAX_TRIALS:
            raise ValueError(f"`rows` must be at most {MAX_TRIALS} trials, got {len(data)}.")
        for number, row in enumerate(data, 1):
            _tell(number, None, checks.keys, "row", row, tuple(DEFAULTS))
        return cls.of_columns({name: [row.get(name, default) for row in data] for name, default in DEFAULTS.items()})

    def to_data(self) -> dict[str, Any]:
        """The table as plain data; a column that is the same in all trials stands there once, under ``"all"``."""
        same, columns = {}, {}
        for name, default in DEFAULTS.items():
            values = [plain(value) for value in self._columns[name]]
            if all(value == values[0] for value in values):
                if values[0] != plain(default):
                    same[name] = values[0]
            else:
                columns[name] = values
        return {"trials": len(self), "all": same, "columns": columns}

    def columns(self) -> Columns:
        """All columns as lists of plain values, such as `of_columns` takes."""
        return {name: list(values) for name, values in self._columns.items()}

    @property
    def trials(self) -> int:
        """How many trials there are, as for a schedule."""
        return len(self)

    @property
    def last(self) -> int:
        """First trial of the last block."""
        return len(self) - self.blocks[-1].trials

    @property
    def block_index(self) -> npt.NDArray[np.int32]:
        """Index of each trial's block, int32 (trials,)."""
        return self._index

    def __len__(self) -> int:
        return len(self._index)

    def __getitem__(self, trial: int) -> Row:
        return Row(**{name: values[trial] for name, values in self._columns.items()})

    def __iter__(self) -> Iterator[Row]:
        return (self[trial] for trial in range(len(self)))

    def take(self, trials: Any) -> TrialTable:
        """The table of some trials, given by their indices (n,)."""
        chosen = np.asarray(trials).tolist()
        return type(self).of_columns({name: [values[k] for k in chosen] for name, values in self._columns.items()})

    def __add__(self, other: TrialTable) -> TrialTable:
        """One session after the other."""
        return type(self)([*self, *other])

    def __getattr__(self, name: str) -> npt.NDArray[Any]:
        if name.startswith("_") or name not in DEFAULTS:
            raise AttributeError(f"a TrialTable has no column {name!r}; its columns are {', '.join(DEFAULTS)}.")
        values = self._columns[name]
        if name in POINTS:
            return np.array([(np.nan, np.nan) if value is None else value for value in values], np.float64).reshape(-1, 2)
        if name in NUMBERS:
            return np.array([np.nan if value is None else value for value in values], np.float64)
        kind = {"repeat": np.bool_, "cue": np.int64}.get(name, object)
        array: npt.NDArray[Any] = np.empty(len(values), kind)
        array[:] = values
        return array

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TrialTable):
            return NotImplemented
        return self._columns == other._columns and self.blocks == other.blocks

    def __hash__(self) -> int:
        return hash((self.blocks, tuple(self._columns["gain"])))

    def __repr__(self) -> str:
        return f"TrialTable({len(self)} trials: {', '.join(f'{span.name} {span.trials}' for span in self.blocks[:6])})"

    def __getstate__(self) -> Any:
        return self._columns, self.blocks

    def __setstate__(self, state: Any) -> None:
        self._take(*state)


_OF_BLOCKS = ("spread", "within", "field", "catch")


def table_from_data(value: Any) -> TrialTable | Schedule:
    """Reads a session of the continuous task: a table, as `TrialTable.from_data` takes it, or else a schedule of blocks.

    A list whose first dict has the key ``"name"`` holds blocks. The path of a file that ends with ``.csv`` or ``.json`` stands
    for the table in it (`reach_gym.sessions.table_files.read_table`).

    Raises:
        OSError: There is no such file.
        TypeError: `value` is neither, or a value in it has the wrong type.
        ValueError: A name or key is unknown, or a value out of range.
    """
    if isinstance(value, TrialTable):
        return value
    if isinstance(value, str | Path) and Path(value).suffix.lower() in (".csv", ".json"):
        from reach_gym.sessions.table_files import read_table  # which builds on this module

        return read_table(value)
    of_rows = isinstance(value, list | tuple) and value and isinstance(value[0], Mapping) and "name" not in value[0]
    if isinstance(value, list | tuple) and value and isinstance(value[0], Row):
        return TrialTable(value)
    if isinstance(value, Mapping) or of_rows:
        return TrialTable.from_data(value)
    return schedule_from_data(value)


def table_of(session: TrialTable | Schedule) -> TrialTable:
    """The trials of a session, whichever way it is given."""
    return TrialTable.of_schedule(session) if isinstance(session, Schedule) else session


def plain(value: Any) -> Any:
    """A value of a table as JSON has it."""
    if isinstance(value, Event | ForceField):
        return value.to_data()
    if isinstance(value, Wave):
        return {"amplitude": value.amplitude, "period": value.period, "phase": value.phase}
    return list(value) if isinstance(value, tuple) else value


def _listed(name: str, values: Any) -> list[Any]:
    if not isinstance(values, list | tuple | np.ndarray):
        raise TypeError(f"column {name!r} must be a list with a value for each trial, got {checks.shown(values)}.")
    return list(values)


def _tell(number: int, column: str | None, read: Callable[..., Any], *values: Any) -> Any:
    """Calls `read` with `values`; its refusal then names row and column."""
    where = f"row {number}" if column is None else f"row {number}, column {column!r}"
    try:
        return read(*values)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{where}: {error}") from None


def _checked(given: Columns) -> Columns:
    """The columns, every value normalised, with values that go together."""
    columns = {name: _column(name, values) for name, values in given.items()}
    for number, row in enumerate(zip(*columns.values(), strict=True), 1):
        _check_row(number, dict(zip(columns, row, strict=True)))
    return columns


def _column(name: str, values: list[Any]) -> list[Any]:
    read, default, result = _READERS[name], DEFAULTS[name], []
    for number, value in enumerate(values, 1):
        same = type(value) is type(default) and value == default
        result.append(default if same else _tell(number, name, read, name, value))
    return result


def _number(name: str, value: Any) -> float | None:
    if value is None and name in OPTIONAL:
        return None
    if name in ("channel", "catch") and isinstance(value, bool | np.bool_):
        return float(value)
    return checks.number(name, value, *NUMBERS[name])


def _name(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"`{name}` must be a string, got {checks.shown(value)}.")
    if not value.strip():
        raise ValueError(f"`{name}` must not be empty.")
    return value


def _point(name: str, value: Any) -> tuple[float, float] | None:
    if value is None:
        return None
    pair = checks.items(name, value, 2, "a point (x, y) or None")
    return checks.number(f"{name}[0]", pair[0]), checks.number(f"{name}[1]", pair[1])


def _truth(name: str, value: Any) -> bool:
    if not isinstance(value, bool | np.bool_):
        raise TypeError(f"`{name}` must be True or False, got {checks.shown(value)}.")
    return bool(value)


def _field(name: str, value: Any) -> Any:
    if value is None or isinstance(value, str | ForceField):
        return value
    if not isinstance(value, Mapping):
        raise TypeError(f"`{name}` must be a name, a dict, a ForceField or None, got {checks.shown(value)}.")
    return json.loads(json.dumps(value))  # lists, as JSON has them, and nothing that somebody else changes


_READERS: Mapping[str, Callable[[str, Any], Any]] = {
    **{name: _number for name in NUMBERS},
    **{name: _point for name in POINTS},
    **{name: event_from_data for name in EVENTS},
    "block": _name,
    "within": wave_from_data,
    "field": _field,
    "cue": lambda name, value: checks.integer(name, value, 0, MAX_CUE),
    "feedback": lambda name, value: checks.choice(name, value, FEEDBACK),
    "repeat": _truth,
}


def _check_row(number: int, row: Mapping[str, Any]) -> None:
    """Refuses values of one row that do not go together."""

    def refuse(column: str, message: str) -> None:
        raise ValueError(f"row {number}, column {column!r}: {message}")

    if row["channel"] == 1 and (row["field"] is not None or row["within"] is not None):
        refuse("channel", "must be 0 in a trial that has a field of its own; a channel replaces the field.")
    if row["channel"] + row["catch"] > 1:
        refuse("catch", f"must be at most 1 together with `channel`, got {row['catch']:g} and {row['channel']:g}.")
    if row["feedback"] != "clamp" and row["clamp_angle"] != 0:
        refuse("clamp_angle", f"must be 0 unless the feedback is 'clamp', got {row['clamp_angle']:g}.")
    if row["feedback"] == "clamp" and (row["rotation"] or row["cursor_jump"] is not None):
        refuse("feedback", "must not be 'clamp' beside a rotation or a jump of the cursor, which it hides.")
    if row["pulse"] is not None and row["pulse"].duration is None:
        refuse("pulse", "must have a duration.")
    events = [(name, row[name]) for name in EVENTS if row[name] is not None]
    for (one, first), (two, second) in combinations(events, 2):
        both = first.after == second.after == "time"
        if both and first.span[0] < second.span[1] and second.span[0] < first.span[1]:
            refuse(two, f"must not overlap `{one}`, got {first.span} and {second.span} s after the go cue.")
