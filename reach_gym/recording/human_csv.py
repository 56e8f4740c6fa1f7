"""Tables of people's trials as CSV files: every refusal names row and column."""

from __future__ import annotations

import csv
import io
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from reach_gym import checks
from reach_gym.recording.human_columns import Found, find_columns

LARGEST = 2**28  # bytes of a file
MAX_ROWS = 2_000_000

Columns = dict[str, list[Any]]


def read_columns(
    path: str | os.PathLike[str], mapping: Mapping[str, Any] | None, delimiter: str
) -> tuple[Columns, dict[str, str], list[int]]:
    """The columns of a file in the table's own units, the unit that each had, and the row of each entry, of which 1 has titles.

    Raises:
        TypeError: An argument has the wrong type.
        OSError: The file cannot be read.
        ValueError: The file is no table, too long, or has a bad cell; the message names row and column.
    """
    rows = _rows(_text(path), delimiter)
    titles = next(rows, None)
    if titles is None:
        raise ValueError("row 1: the titles of the columns are missing, the file is empty.")
    found = find_columns(titles, mapping)
    columns: Columns = {name: [] for name in found}
    places: list[int] = []
    for number, cells in enumerate(rows, 2):
        if not any(cells):
            continue  # spreadsheets leave such lines at the end
        if len(cells) != len(titles):
            raise ValueError(f"row {number}: {len(titles)} cells are wanted, as in row 1, got {len(cells)}.")
        if number > MAX_ROWS:
            raise ValueError(f"row {number}: a table has at most {MAX_ROWS} rows.")
        places.append(number)
        for name, column in found.items():
            columns[name].append(_cell(number, column, cells))
    if not places:
        raise ValueError("row 2: the first trial is missing, the file has titles only.")
    return columns, {name: column.unit for name, column in found.items()}, places


def _cell(number: int, column: Found, cells: Sequence[str]) -> Any:
    try:
        return column.read(cells[column.place])
    except ValueError as error:
        raise ValueError(f"row {number}, column {column.title!r}: {error}") from None


def _text(path: str | os.PathLike[str]) -> str:
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"`path` must be a path, got {checks.shown(path)}.")
    place = Path(path)
    size = place.stat().st_size
    if size > LARGEST:
        raise ValueError(f"`path` must be a file of at most {LARGEST} bytes, got {size}.")
    try:
        text = place.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"`path` must be a text in UTF-8: {error}.") from None
    if "\0" in text:
        raise ValueError("`path` must be a text file, got one with zero bytes.")
    return text


def _rows(text: str, delimiter: str) -> Iterator[list[str]]:
    if not isinstance(delimiter, str):
        raise TypeError(f"`delimiter` must be one character, got {checks.shown(delimiter)}.")
    if len(delimiter) != 1 or delimiter in '"\r\n ':
        raise ValueError(f"`delimiter` must be one character such as ',' or ';', got {checks.shown(delimiter)}.")
    number = 0
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True):
            number += 1
            yield [cell.strip() for cell in row]
    except csv.Error as error:
        raise ValueError(f"row {number + 1}: {error}.") from None


def to_text(columns: Mapping[str, Sequence[Any]]) -> str:
    """The text of a file with these columns, whose names are the titles."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    for row in zip(*columns.values(), strict=True):
        writer.writerow([_shown(value) for value in row])
    return out.getvalue()


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return "" if math.isnan(value) else repr(value + 0.0)
    return str(int(value)) if isinstance(value, bool) else str(value)
