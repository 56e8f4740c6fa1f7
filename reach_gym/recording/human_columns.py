"""Which columns a table of people's trials has, in which units, and how a cell of each is read."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from reach_gym import checks

GAPS = ("", "na", "nan", ".")  # cells that hold no number, in lower case
_YES, _NO = ("1", "true", "yes"), ("0", "false", "no")
MAX_CUE = 1000
_ANGLE = {"deg": 1.0, "°": 1.0, "rad": 180 / math.pi}
_LENGTH = {"m": 1.0, "cm": 0.01, "mm": 0.001}
_TIME = {"s": 1.0, "ms": 0.001, "min": 60.0}
_SHARE = {"1": 1.0, "%": 0.01}


class Kind(NamedTuple):
    """What a column of numbers is.

    Attributes:
        units: Each unit that it may have, and how many of the table's own unit that is; empty where there is none.
        limit: The greatest size of a value in the table's own unit: beyond it the unit is another one than said.
        low: The least value.
        gaps: Whether cells may be empty.
    """

    units: Mapping[str, float]
    limit: float
    low: float = -math.inf
    gaps: bool = True


MEASURES = {
    "angle": Kind(_ANGLE, 180.0),
    "deviation": Kind(_LENGTH, 1.0),
    "force": Kind({"N": 1.0}, 1000.0),
    "coefficient": Kind(_SHARE, 100.0),
}
"""What may have been measured: deg, m, N and, for the adaptation coefficient, a share."""

# A rotation in degrees, a field as a share of the whole one (1) or in N s/m.
PERTURBATION = Kind({**_ANGLE, **_SHARE, "N s/m": 1.0}, 360.0, gaps=False)
NUMBERS = {
    **MEASURES,
    "perturbation": PERTURBATION,
    "rest": Kind(_TIME, 1e7, 0.0, gaps=False),
    "target": Kind(_ANGLE, 360.0),
    **dict.fromkeys(("target_x", "target_y", "start_x", "start_y"), Kind(_LENGTH, 10.0)),
}
NAMES = ("subject", "trial", "block", "channel", "cue", *NUMBERS)
NEEDED = ("subject", "trial", "perturbation")
_PAIRS = (("target_x", "target_y"), ("start_x", "start_y"))


class Column(NamedTuple):
    """Where a file has what the table calls otherwise.

    Attributes:
        name: The column's title in the file, as it stands there.
        unit: Its unit; ``None`` if the title has it, as in ``angle [deg]``.
        sign: -1 where the file counts the other way round, such as clockwise.
    """

    name: str
    unit: str | None = None
    sign: int = 1


class Found(NamedTuple):
    """A column of a file: its place in a line, its title, and how its cells are read."""

    place: int
    title: str
    unit: str
    read: Callable[[str], Any]


def find_columns(titles: Sequence[str], mapping: Mapping[str, Any] | None) -> dict[str, Found]:
    """Which column of a file holds what.

    Args:
        titles: The first line of the file.
        mapping: By name of `NAMES`, the title in the file or a `Column`; with a mapping all other columns are ignored.
            ``None`` where the titles are the names, with their units.

    Raises:
        TypeError: `mapping` is no such dict.
        ValueError: A column is unknown, missing, there twice, or without its unit; the message names it.
    """
    for place, title in enumerate(titles, 1):
        if not title.strip():
            raise ValueError(f"row 1, column {place}: the title must not be empty.")
        if titles.index(title) != place - 1:
            raise ValueError(f"row 1, column {place}: the title {title!r} must not stand there twice.")
    wanted = _by_title(titles) if mapping is None else _by_mapping(titles, mapping)
    for name in NEEDED:
        if name not in wanted:
            raise ValueError(f"row 1: the column {name!r} is missing; the file has {', '.join(titles)}.")
    if not set(MEASURES) & set(wanted):
        raise ValueError(f"row 1: one of the columns {', '.join(MEASURES)} is missing; the file has {', '.join(titles)}.")
    for pair in _PAIRS:
        if len(set(pair) & set(wanted)) == 1:
            raise ValueError(f"row 1: the columns {pair[0]!r} and {pair[1]!r} must both be there or neither.")
    if "target" in wanted and "target_x" in wanted:
        raise ValueError("row 1: the columns 'target' and 'target_x' must not both be there.")
    return {name: _found(titles, name, column) for name, column in wanted.items()}


def _by_title(titles: Sequence[str]) -> dict[str, Column]:
    wanted: dict[str, Column] = {}
    for place, title in enumerate(titles, 1):
        name = _parts(title)[0]
        if name not in NAMES:
            hint = "give a mapping to read some columns only"
            raise ValueError(f"row 1, column {place}: {title!r} is unknown; known are {', '.join(NAMES)}; {hint}.")
        if name in wanted:
            raise ValueError(f"row 1, column {place}: {name!r} must not stand there twice, got {title!r} too.")
        wanted[name] = Column(title)
    return wanted


def _by_mapping(titles: Sequence[str], mapping: Any) -> dict[str, Column]:
    wanted: dict[str, Column] = {}
    for name, value in checks.keys("mapping", mapping, NAMES).items():
        is_column = isinstance(value, tuple) and 1 <= len(value) <= 3
        if not isinstance(value, str) and not is_column:
            raise TypeError(f"`mapping[{name!r}]` must be a title or a Column, got {checks.shown(value)}.")
        column = Column(value) if isinstance(value, str) else Column(*value)
        if column.name not in titles:
            raise ValueError(f"`mapping[{name!r}]` must be a title of the file, got {column.name!r}; it has {', '.join(titles)}.")
        if column.sign not in (1, -1) or (column.sign == -1 and name not in NUMBERS):
            raise ValueError(f"`mapping[{name!r}]` must have the sign 1, or -1 for numbers, got {checks.shown(column.sign)}.")
        wanted[name] = column
    return wanted


def _parts(title: str) -> tuple[str, str | None]:
    """A title without its unit, and the unit in brackets or parentheses."""
    match = re.fullmatch(r"\s*(.*?)\s*(?:\[([^\]]*)\]|\(([^)]*)\))\s*", title)
    return (title.strip(), None) if match is None else (match[1], (match[2] or match[3] or "").strip())


def _found(titles: Sequence[str], name: str, column: Column) -> Found:
    place, said = titles.index(column.name), _parts(column.name)[1]
    if name not in NUMBERS:
        return Found(place, column.name, "", _OTHERS[name])
    units = NUMBERS[name].units
    if said and column.unit is not None and said != column.unit:
        raise ValueError(f"`mapping[{name!r}]` must have the unit of the title {column.name!r}, got {checks.shown(column.unit)}.")
    unit = column.unit or said or ""
    if unit not in units:
        got = f"the unit {unit!r}" if unit else f"none in {column.name!r}"
        one = next(iter(units))
        raise ValueError(
            f"row 1, column {place + 1}: {name!r} must have a unit, one of {', '.join(units)}, got {got}; write it into the "
            f"title, {name} [{one}], or into the mapping."
        )
    return Found(place, column.name, unit, _number_reader(NUMBERS[name], column.sign * units[unit], unit))


def _number_reader(kind: Kind, factor: float, unit: str) -> Callable[[str], float]:
    limit = kind.limit

    def read(cell: str) -> float:
        if kind.gaps and cell.lower() in GAPS:
            return math.nan
        try:
            value = float(cell)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            hint = ", or empty" if kind.gaps else ""
            comma = "; decimals have a point" if re.fullmatch(r"[-+]?\d+,\d+", cell) else ""
            raise ValueError(f"must be a finite number{hint}, got {checks.shown(cell)}{comma}.")
        found = value * factor
        if not kind.low <= found or abs(found) > limit * (1 + 1e-9):
            least = "0" if kind.low == 0 else f"-{limit / abs(factor):g}"
            raise ValueError(f"must be from {least} to {limit / abs(factor):g} in {unit}, got {cell}.")
        return found

    return read


def _text(cell: str) -> str:
    if not cell:
        raise ValueError("must not be empty.")
    return cell


def _whole(most: int) -> Callable[[str], int]:
    def read(cell: str) -> int:
        # A spreadsheet writes whole numbers as 3.0, too.
        if not re.fullmatch(r"\d{1,9}(\.0+)?", cell) or int(cell.split(".")[0]) > most:
            raise ValueError(f"must be a whole number from 0 to {most}, got {checks.shown(cell)}.")
        return int(cell.split(".")[0])

    return read


def _truth(cell: str) -> bool:
    if cell.lower() not in (*_YES, *_NO):
        raise ValueError(f"must be one of {', '.join((*_YES, *_NO))}, got {checks.shown(cell)}.")
    return cell.lower() in _YES


_OTHERS: dict[str, Callable[[str], Any]] = {
    "subject": _text,
    "trial": _whole(10**9),
    "block": str,
    "channel": _truth,
    "cue": _whole(MAX_CUE),
}
