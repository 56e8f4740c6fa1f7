"""A session as a table: one row per trial.

A table is data: it is checked whole when it is made, and a refusal names row and column. It comes from rows
(`reach_gym.sessions.building.block` makes them), from blocks (`reach_gym.sessions.schedule.Schedule`), or from a file
(`reach_gym.sessions.table_files`), and goes where the environments take a schedule.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from reach_gym import checks
from reach_gym.fields import ForceField
from reach_gym.sessions.columns import Columns, checked, listed, tell
from reach_gym.sessions.rows import (
    DEFAULTS,
    NUMBERS,
    POINTS,
    Event,
    Row,
)
from reach_gym.sessions.schedule import MAX_TRIALS, Schedule, Wave, place_in_session, schedule_from_data


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

    Every column can be read as an attribute, a read-only array with one entry per trial: ``table.gain``,
    ``table.target`` (trials, 2), ``table.pulse`` (of objects); NaN where a number is left to the task. The columns are the
    attributes of `reach_gym.sessions.rows.Row`.

    Attributes:
        blocks: Name and length of each block.
    """

    __slots__ = ("_arrays", "_columns", "_index", "blocks")

    def __init__(self, rows: Iterable[Row]) -> None:
        """Makes a table of `rows`.

        Raises:
            TypeError: `rows` are none, or a value has the wrong type; the message names row, from 1, and column.
            ValueError: A value is out of range, values do not go together, or there are none or more than `MAX_TRIALS` rows.
        """
        if not isinstance(rows, Iterable):
            raise TypeError(f"`rows` must be rows of a session, got {checks.shown(rows)}.")
        given: Columns = {name: [] for name in DEFAULTS}
        for number, row in enumerate(rows, 1):
            if number > MAX_TRIALS:
                raise ValueError(f"`rows` must be at most {MAX_TRIALS} trials, got more.")
            if not isinstance(row, Row):
                raise TypeError(f"row {number} must be a Row, got {checks.shown(row)}.")
            for name, values in given.items():
                values.append(getattr(row, name))
        self._take(checked(given))

    def _take(self, columns: Columns, blocks: Sequence[Span] = ()) -> None:
        """Takes columns that have been checked; blocks are the runs of equal names unless they are given."""
        count = len(columns["block"])
        if not count:
            raise ValueError("`rows` must have at least one trial, got none.")
        self._columns = columns
        self._arrays: dict[str, npt.NDArray[Any]] = {}
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
        columns = {name: listed(name, values) for name, values in columns.items()}
        lengths = {name: len(values) for name, values in columns.items()}
        count = max(lengths.values(), default=0)
        for name, length in lengths.items():
            if length != count:
                raise ValueError(f"column {name!r} must have {count} values as the longest one, got {length}.")
        if count > MAX_TRIALS:
            raise ValueError(f"`rows` must be at most {MAX_TRIALS} trials, got {count}.")
        table = cls.__new__(cls)
        table._take(checked({name: list(columns.get(name, [default] * count)) for name, default in DEFAULTS.items()}))
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
            checks.keys("session", data, ("trials", "blocks", "all", "columns"))
            count = checks.integer("session.trials", data.get("trials"), 1, MAX_TRIALS)
            same, columns = (checks.keys(f"session.{key}", data.get(key, {}), tuple(DEFAULTS)) for key in ("all", "columns"))
            if twice := sorted(set(same) & set(columns)):
                raise ValueError(f"`session` must have the column {twice[0]!r} in 'all' or in 'columns', not in both.")
            given = {"block": [DEFAULTS["block"]] * count, **{name: [value] * count for name, value in same.items()}}
            return cls.of_columns(given | dict(columns))._with_blocks(data.get("blocks"))
        if not isinstance(data, list | tuple):
            raise TypeError(f"`session` must be a dict of columns or a list of dicts, got {checks.shown(data)}.")
        if len(data) > MAX_TRIALS:
            raise ValueError(f"`rows` must be at most {MAX_TRIALS} trials, got {len(data)}.")
        for number, row in enumerate(data, 1):
            tell(number, None, checks.keys, "row", row, tuple(DEFAULTS))
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
        twice = any(one.name == two.name for one, two in pairwise(self.blocks))
        blocks = {"blocks": [span.trials for span in self.blocks]} if twice else {}
        return {"trials": len(self), **blocks, "all": same, "columns": columns}

    def _with_blocks(self, lengths: Any) -> TrialTable:
        """Itself with blocks of these lengths; neighbouring ones may have one name."""
        if lengths is None:
            return self
        if not isinstance(lengths, list | tuple):
            raise TypeError(f"`session.blocks` must be a list of lengths, got {checks.shown(lengths)}.")
        counts = [checks.integer("session.blocks", length, 1, MAX_TRIALS) for length in lengths]
        names, first, spans = self._columns["block"], 0, []
        for count in counts:
            if len(set(names[first : first + count])) != 1:
                raise ValueError(f"`session.blocks` must part the trials where names change, got {checks.shown(lengths)}.")
            spans.append(Span(names[first], count))
            first += count
        if first != len(self):
            raise ValueError(f"`session.blocks` must be {len(self)} trials together, got {first}.")
        self._take(self._columns, spans)
        return self

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

    def place_of(self, trial: Any) -> Any:
        """The place in the table of trial number `trial`, an integer or an array of them: itself up to the end."""
        return place_in_session(trial, len(self), self.last)

    @property
    def block_index(self) -> npt.NDArray[np.int32]:
        """Index of each trial's block, int32 (trials,)."""
        return self._index

    def __len__(self) -> int:
        return len(self._index)

    def __getitem__(self, trial: int) -> Row:
        place = operator.index(trial)
        return Row(**{name: values[place] for name, values in self._columns.items()})

    def __iter__(self) -> Iterator[Row]:
        return (self[trial] for trial in range(len(self)))

    def take(self, trials: Any) -> TrialTable:
        """The table of some trials, given by their indices (n,).

        Raises:
            TypeError: They are no integers.
            ValueError: There are none, or one is out of range.
        """
        places = np.asarray(trials)
        if places.dtype.kind not in "iu" or places.ndim != 1:
            raise TypeError(f"`trials` must be a list of indices, got {checks.shown(trials)}.")
        if not len(places) or places.min() < 0 or places.max() >= len(self):
            raise ValueError(f"`trials` must be indices from 0 to {len(self) - 1}, at least one, got {checks.shown(trials)}.")
        return self.with_columns({name: [values[k] for k in places.tolist()] for name, values in self._columns.items()})

    def with_columns(self, columns: Columns) -> TrialTable:
        """A table of other trials, whose values are known to be good: what was drawn may lie outside of what may be planned."""
        table = type(self).__new__(type(self))
        table._take(dict(columns))
        return table

    def __add__(self, other: TrialTable) -> TrialTable:
        """One session after the other."""
        return type(self)([*self, *other])

    def __getattr__(self, name: str) -> npt.NDArray[Any]:
        if name.startswith("_") or name not in DEFAULTS:
            raise AttributeError(f"a TrialTable has no column {name!r}; its columns are {', '.join(DEFAULTS)}.")
        if name not in self._arrays:
            array = _array(name, self._columns[name])
            array.flags.writeable = False
            self._arrays[name] = array
        found: npt.NDArray[Any] = self._arrays[name]
        return found

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


def _array(name: str, values: list[Any]) -> npt.NDArray[Any]:
    """A column as an array."""
    if name in POINTS:
        return np.array([(np.nan, np.nan) if value is None else value for value in values], np.float64).reshape(-1, 2)
    if name in NUMBERS:
        return np.array([np.nan if value is None else value for value in values], np.float64)
    array: npt.NDArray[Any] = np.empty(len(values), {"repeat": np.bool_, "cue": np.int64}.get(name, object))
    array[:] = values
    return array


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
        return {name: plain(part) for name, part in value.to_data().items()}
    if isinstance(value, Wave):
        return {"amplitude": value.amplitude, "period": value.period, "phase": value.phase}
    return [plain(part) for part in value] if isinstance(value, tuple) else value
