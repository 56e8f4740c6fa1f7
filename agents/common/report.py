"""What is told about a trained agent: its score beside the best and the worst, as table, JSON and CSV."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich import box
from rich.table import Table

from reach_gym import files
from reach_gym.evaluation import CursorEvaluation, Evaluation

Row = tuple[str, str, Mapping[str, float], float | None]
"""Task, agent, `Evaluation.summary()`, seconds of training or ``None``."""


def table(rows: Sequence[Row], title: str, family: str = "grid") -> Table:
    """One table of tasks and agents; `family` is that of the tasks."""
    return _grid_table(rows, title) if family == "grid" else _cursor_table(rows, title)


def _grid_table(rows: Sequence[Row], title: str) -> Table:
    """Narrow enough for 80 columns; a single task has no column of its own."""
    result = Table(title=title, title_justify="left", box=box.HORIZONTALS, padding=(0, 1, 0, 0))
    several = len({task for task, *_ in rows}) > 1
    for name in ("task", "agent")[not several :]:
        result.add_column(name)
    for name in ("success", "steps", "ideal", "excess", "optimal", "training"):
        result.add_column(name, justify="right")
    former = rows[0][0] if rows else ""
    for task, agent, summary, seconds in rows:
        if task != former:
            result.add_section()
        result.add_row(
            *([task] if several else []),
            agent,
            f"{summary['success']:.1%}",
            *(f"{summary[key]:.2f}" for key in ("mean_steps", "mean_ideal_steps", "mean_excess_steps")),
            f"{summary['optimal']:.1%}",
            "" if seconds is None else f"{seconds:.2f} s",
        )
        former = task
    return result


_CURSOR = {
    "success": ("success", 100.0, "{:.1f}%"),
    "false starts": ("false_starts", 100.0, "{:.1f}%"),
    "return": ("mean_return", 1.0, "{:.2f}"),
    "steps": ("mean_steps", 1.0, "{:.1f}"),
    "error": ("endpoint_error_mm", 1.0, "{:.1f} mm"),
    "deviation": ("max_deviation_mm", 1.0, "{:.1f} mm"),
}  # heading: measure of `CursorEvaluation.summary`, factor, form


def _cursor_table(rows: Sequence[Row], title: str) -> Table:
    result = Table(title=title, title_justify="left", box=box.HORIZONTALS, padding=(0, 1, 0, 0))
    result.add_column("agent")
    for name in (*_CURSOR, "training"):
        result.add_column(name, justify="right")
    for _, agent, summary, seconds in rows:
        values = [(factor * summary[key], form) for key, factor, form in _CURSOR.values()]
        shown = [form.format(value) if math.isfinite(value) else "-" for value, form in values]
        result.add_row(agent, *shown, "" if seconds is None else f"{seconds:.0f} s")
    return result


def narrow_table(
    title: str, first: str, columns: Mapping[str, tuple[str, str]], rows: Iterable[tuple[str, Mapping[str, Any]]]
) -> Table:
    """A table for 80 columns, whose heads may have several lines; what is not finite is "-".

    Args:
        title: Above it.
        first: Head of the first column, the names of the rows.
        columns: For each other head the key of its value, and how that is formatted.
        rows: Names, and values by key.
    """
    result = Table(title=title, title_justify="left", box=box.HORIZONTALS, padding=(0, 1, 0, 0))
    result.add_column(first, vertical="bottom")
    for head in columns:
        result.add_column(head, justify="right", vertical="bottom")
    for name, values in rows:
        result.add_row(name, *(form.format(values[key]) if math.isfinite(values[key]) else "-" for key, form in columns.values()))
    return result


def write_scores(
    path: Path, evaluations: Mapping[tuple[str, str], Evaluation | CursorEvaluation], name: str, seconds: float
) -> list[Row]:
    """Writes what `agents.common.judging.judge` found as JSON.

    Args:
        path: The file.
        evaluations: By task and agent.
        name: Which of the agents was trained.
        seconds: For how long.

    Returns:
        The rows of the table.
    """
    summaries = {key: each.summary() for key, each in evaluations.items()}
    write_json(path, [{"task": task, "agent": who, **summary} for (task, who), summary in summaries.items()])
    return [(task, who, each, seconds if who == name else None) for (task, who), each in summaries.items()]


def write_json(path: Path, data: Any) -> None:
    """Writes `data` as JSON; a mean over nothing, NaN, becomes ``null``."""
    files.write(path, (json.dumps(_without_nan(data), indent=1, allow_nan=False) + "\n").encode())


def _without_nan(data: Any) -> Any:
    if isinstance(data, Mapping):
        return {key: _without_nan(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_without_nan(value) for value in data]
    return None if isinstance(data, float) and not math.isfinite(data) else data


def write_columns(path: Path, columns: Mapping[str, Iterable[Any]]) -> None:
    """Writes columns of numbers under their names as CSV; truth values as 0 and 1, NaN as nothing."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_cell(value) for value in row] for row in zip(*columns.values(), strict=True))
    files.write(path, text.getvalue().encode())


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return int(value)
    return "" if value != value else value
