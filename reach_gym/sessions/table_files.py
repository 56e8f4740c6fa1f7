"""Sessions as files: CSV and JSON, one row per trial, and the target files of OnPoint."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reach_gym import checks, files
from reach_gym.plants import turns
from reach_gym.sessions.rows import DEFAULTS, EVENTS, NUMBERS, POINTS, Event
from reach_gym.sessions.schedule import MAX_TRIALS
from reach_gym.sessions.table import TrialTable, plain

FORMAT = "reach_gym session"
LARGEST = 2**26  # bytes of a file
_AXES = ("x", "y")
_COLUMNS = tuple(c for name in DEFAULTS for c in ([f"{name}_{axis}" for axis in _AXES] if name in POINTS else [name]))
_DATA = ("within", "field", *EVENTS)  # columns whose cells hold JSON, or a plain name
_YES, _NO = ("true", "yes", "1"), ("false", "no", "0")


def read_table(path: str | Path) -> TrialTable:
    """Reads a session from a file that ends with ``.csv`` or ``.json``.

    A CSV file has a line per trial and a column per attribute of `reach_gym.sessions.rows.Row`; points have two columns, such as
    ``target_x`` and ``target_y``; fields, waves and events are JSON. Columns that are missing and cells that are empty have the
    defaults. A JSON file holds what `write_table` writes, a list of one object per trial, or the target file of an OnPoint
    experiment (see `from_onpoint`).

    Raises:
        OSError: The file cannot be read.
        TypeError: A value has the wrong type; the message names row, from 1, and column.
        ValueError: The file is no table, is too long, or a value in it is out of range.
    """
    place = Path(path)
    ending = checks.choice("path", place.suffix.lower(), (".csv", ".json"))
    if place.stat().st_size > LARGEST:
        raise ValueError(f"`path` must be a file of at most {LARGEST} bytes, got {place.stat().st_size}.")
    try:
        text = place.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"`path` must be a text in UTF-8: {error}.") from None
    return _from_csv(text) if ending == ".csv" else _from_json(text)


def write_table(table: TrialTable, path: str | Path) -> None:
    """Writes a session to a file that ends with ``.csv`` or ``.json``; `read_table` gives an equal one back.

    In CSV neighbouring blocks of one name become one.

    Raises:
        OSError: The file cannot be written.
        TypeError: `table` is no table.
        ValueError: The file has another ending.
    """
    if not isinstance(table, TrialTable):
        raise TypeError(f"`table` must be a TrialTable, got {checks.shown(table)}.")
    ending = checks.choice("path", Path(path).suffix.lower(), (".csv", ".json"))
    files.write(path, (_to_csv(table) if ending == ".csv" else _to_json(table)).encode())


def _to_json(table: TrialTable) -> str:
    return json.dumps({"format": FORMAT, "version": 1, **table.to_data()}, indent=1) + "\n"


def _from_json(text: str) -> TrialTable:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"the file must hold JSON: {error}.") from None
    if isinstance(data, Mapping) and "numtrials" in data:
        return from_onpoint(data)
    if isinstance(data, Mapping):
        head = {"format": data.get("format"), "version": data.get("version")}
        if head != {"format": FORMAT, "version": 1}:
            raise ValueError(f"the file must have the format {FORMAT!r} in version 1, got {head}.")
        data = {key: value for key, value in data.items() if key not in head}
    return TrialTable.from_data(data)


def _to_csv(table: TrialTable) -> str:
    """Only the columns that say something; the block's name always."""
    rows = [{name: plain(value) for name, value in vars(row).items()} for row in table]
    used = [name for name, default in DEFAULTS.items() if name == "block" or any(row[name] != default for row in rows)]
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow([c for name in used for c in ([f"{name}_{axis}" for axis in _AXES] if name in POINTS else [name])])
    for row in rows:
        cells: list[Any] = []
        for name in used:
            value = row[name]
            cells += (value or ("", "")) if name in POINTS else [_written(name, value)]
        writer.writerow(cells)
    return lines.getvalue()


def _written(name: str, value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value) if name in _DATA and not isinstance(value, str) else value


def _from_csv(text: str) -> TrialTable:
    try:
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        head = [name.strip() for name in next(reader, [])]
        _check_head(head)
        rows: list[dict[str, Any]] = []
        for line in reader:
            if any(cell.strip() for cell in line):  # programs for tables leave empty lines behind
                if len(rows) == MAX_TRIALS:
                    raise ValueError(f"the file must have at most {MAX_TRIALS} trials, got more.")
                rows.append(_read_line(len(rows) + 1, head, line))
    except csv.Error as error:
        raise ValueError(f"the file must be CSV: {error}.") from None
    if not rows:
        raise ValueError("the file must have at least one trial, got none.")
    return TrialTable.from_data(rows)


def _check_head(head: list[str]) -> None:
    for name in head:
        if name not in _COLUMNS:
            raise ValueError(f"the column {name!r} is unknown; the columns are {', '.join(_COLUMNS)}.")
    if len(set(head)) != len(head):
        raise ValueError(f"every column must stand once, got {', '.join(head)}.")
    for name in POINTS:
        if (f"{name}_x" in head) != (f"{name}_y" in head):
            raise ValueError(f"the columns '{name}_x' and '{name}_y' must come together.")


def _read_line(number: int, head: list[str], line: list[str]) -> dict[str, Any]:
    if len(line) != len(head):
        raise ValueError(f"row {number} must have {len(head)} cells as the first line, got {len(line)}.")
    cells = {name: cell.strip() for name, cell in zip(head, line, strict=True)}
    row: dict[str, Any] = {}
    for name in DEFAULTS:
        if name in POINTS and f"{name}_x" in cells:
            pair = [cells[f"{name}_{axis}"] for axis in _AXES]
            if any(pair):
                row[name] = tuple(_read_cell(number, f"{name}_{axis}", cell) for axis, cell in zip(_AXES, pair, strict=True))
        elif cells.get(name):
            row[name] = _read_cell(number, name, cells[name])
    return row


def _read_cell(number: int, name: str, cell: str) -> Any:
    where = f"row {number}, column {name!r}"
    if name in ("repeat", "channel", "catch") and cell.lower() in (*_YES, *_NO):
        return cell.lower() in _YES
    if name in NUMBERS or name[:-2] in POINTS:
        try:
            return float(cell)
        except ValueError:
            raise ValueError(f"{where}: must be a number, got {checks.shown(cell)}.") from None
    if name == "cue":
        if not cell.isascii() or not cell.isdigit() or len(cell) > 9:
            raise ValueError(f"{where}: must be a whole number, got {checks.shown(cell)}.")
        return int(cell)
    if name in _DATA and cell[0] in "{[":
        try:
            return json.loads(cell)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"{where}: must be JSON: {error}.") from None
    return cell


def from_onpoint(data: Mapping[str, Any], distance: float = 0.1) -> TrialTable:
    """Reads the target file of an OnPoint experiment (Tsay, Lee, Avraham et al. 2020), decoded from JSON.

    A key per column, each an object from the trial's number, from 0, to its value: ``tgt_angle`` and ``rotation`` in degrees
    counter-clockwise, ``tgt_distance``, ``online_fb``, ``endpoint_feedback``, ``clamped_fb`` as 0 or 1, ``target_jump`` (0 none;
    1 by the rotation; another number by so many degrees), ``between_blocks`` (not 0: a message follows, and here another block).
    ``aiming_landmarks`` and what else there may be says nothing about the task and is left out.

    Args:
        data: The object.
        distance: How far away the farthest targets are, m; the file counts in units of the screen.

    Raises:
        TypeError: A value has the wrong type.
        ValueError: A column is missing or too short, or a value is out of range.
    """
    away = checks.number("distance", distance, 1e-6)
    if not isinstance(data, Mapping):
        raise TypeError(f"`data` must be the object of a target file, got {checks.shown(data)}.")
    given = data.get("numtrials")
    count = checks.integer("numtrials", given.get("0") if isinstance(given, Mapping) else given, 1, MAX_TRIALS)
    columns = {name: _onpoint_column(data, name, count) for name in _ONPOINT}
    farthest = max(columns["tgt_distance"])
    for k, length in enumerate(columns["tgt_distance"], 1):
        if length <= 0:
            raise ValueError(f"row {k}, column 'tgt_distance': must be above 0, got {length:g}.")
    rows, block = [], 1
    for k in range(count):
        one = {name: values[k] for name, values in columns.items()}
        rows.append({"block": f"block {block}", **_onpoint_row(one, away * one["tgt_distance"] / farthest)})
        block += one["between_blocks"] != 0
    return TrialTable.from_data(rows)


# The columns of a target file, each with what holds where it is missing; None where it must not be.
_ONPOINT: Mapping[str, float | None] = {
    "tgt_angle": None, "tgt_distance": None, "rotation": None, "online_fb": 1.0, "endpoint_feedback": 1.0, "clamped_fb": 0.0,
    "target_jump": 0.0, "between_blocks": 0.0,
}  # fmt: skip


def _onpoint_column(data: Mapping[str, Any], name: str, count: int) -> list[float]:
    default, values = _ONPOINT[name], data.get(name)
    if values is None and default is not None:
        return [default] * count
    if not isinstance(values, Mapping):
        raise TypeError(f"`{name}` must be an object with a value for each trial, got {checks.shown(values)}.")
    for k in range(count):
        if str(k) not in values:
            raise ValueError(f"row {k + 1}, column {name!r}: is missing.")
    return [checks.number(f"row {k + 1}, column {name!r}", values[str(k)]) for k in range(count)]


def _onpoint_row(one: Mapping[str, float], away: float) -> dict[str, Any]:
    turned = math.remainder(one["rotation"], 360.0)
    x, y = (round(away * part, 12) for part in turns.turn(math.remainder(one["tgt_angle"], 360.0)))
    row: dict[str, Any] = {"target": (x, y), "start": (0.0, 0.0)}
    if one["clamped_fb"]:
        row |= {"feedback": "clamp", "clamp_angle": turned}
    else:
        row |= {"feedback": "full" if one["online_fb"] else "endpoint" if one["endpoint_feedback"] else "none"}
        row |= {"rotation": turned}
    if one["target_jump"]:
        by = turned if one["target_jump"] == 1 else one["target_jump"]
        new = [away * part for part in turns.turn(math.remainder(one["tgt_angle"] + by, 360.0))]
        if by:
            row["target_jump"] = Event(new[0] - x, new[1] - y, after="place", at=0.1 * away)
    return row
