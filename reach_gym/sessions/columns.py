"""The columns of a table of trials: how each value is read, and which do not go together. A refusal names row and column."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import combinations
from typing import Any

import numpy as np

from reach_gym import checks
from reach_gym.fields import CURSOR_PRESETS, ForceField, field_from_data
from reach_gym.sessions.rows import DEFAULTS, EVENTS, FEEDBACK, MAX_CUE, NUMBERS, OPTIONAL, POINTS, event_from_data
from reach_gym.sessions.schedule import wave_from_data

Columns = dict[str, list[Any]]


def listed(name: str, values: Any) -> list[Any]:
    """A column as a list.

    Raises:
        TypeError: It is neither a list, a tuple nor an array.
    """
    if not isinstance(values, list | tuple | np.ndarray):
        raise TypeError(f"column {name!r} must be a list with a value for each trial, got {checks.shown(values)}.")
    return list(values)


def tell(number: int, column: str | None, read: Callable[..., Any], *values: Any) -> Any:
    """Calls `read` with `values`; its refusal then names row and column."""
    where = f"row {number}" if column is None else f"row {number}, column {column!r}"
    try:
        return read(*values)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{where}: {error}") from None


def checked(given: Columns) -> Columns:
    """The columns, every value normalised, with values that go together."""
    columns = {name: _column(name, values) for name, values in given.items()}
    for number, row in enumerate(zip(*columns.values(), strict=True), 1):
        _check_row(number, dict(zip(columns, row, strict=True)))
    return columns


def _column(name: str, values: list[Any]) -> list[Any]:
    read, default, result = _READERS[name], DEFAULTS[name], []
    for number, value in enumerate(values, 1):
        same = type(value) is type(default) and value == default
        result.append(default if same else tell(number, name, read, name, value))
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
    if not value or value != value.strip() or not value.isprintable():
        raise ValueError(f"`{name}` must be printable, without blanks around it, and not empty, got {checks.shown(value)}.")
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
    if value is None or isinstance(value, ForceField):
        return value
    if isinstance(value, str):
        return checks.choice(name, value, CURSOR_PRESETS)
    return field_from_data(value, CURSOR_PRESETS)  # which nobody can change


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
