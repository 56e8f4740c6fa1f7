"""A benchmark's results as tables: for the terminal and, in Markdown, for a README."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from reach_gym.benchmark.jobs import OK
from reach_gym.benchmark.summary import FACTS, MEASURES, SHARES, ranked
from reach_gym.evaluation import statistics

Summary = Mapping[str, Any]
DASH = "-"
_SHOWN = {
    "learning": ("learning", "{:.2f}"),
    "compensation": ("channels", "{:.2f}"),
    "learning_index": ("catch trials", "{:.2f}"),
    "learned": ("learned", "{:.2f}"),
    "r2": ("r\N{SUPERSCRIPT TWO}", "{:.2f}"),
    "early_error_mm": ("early mm", "{:.1f}"),
    "late_error_mm": ("late mm", "{:.1f}"),
    "after_effect_mm": ("after-effect mm", "{:+.1f}"),
    "retention": ("retention", "{:.2f}"),
    "savings": ("savings", "{:+.2f}"),
}
_HEADS = {
    **{"success": "success", "false_starts": "false starts", "too_fast": "too fast", "too_slow": "too slow"},
    **{"mean_return": "mean return", "effort_s": "effort (s)"},
}
_MODEL = {
    "two_state_fast_retention": ("A fast", "{:.3f}"),
    "two_state_slow_retention": ("A slow", "{:.3f}"),
    "two_state_fast_learning": ("B fast", "{:.3f}"),
    "two_state_slow_learning": ("B slow", "{:.3f}"),
    "two_state_explained": ("R\N{SUPERSCRIPT TWO}", "{:.2f}"),
}
# Of the direction from start to target, 0 along the x axis and counter-clockwise: what is told, how, and in which unit.
_BY_DIRECTION = {
    "Success by direction, % of the trials of all seeds": ("success", "{:.1f}", 100.0),
    "Error of the end point by direction, mm": ("endpoint_error_mm", "{:.1f}", 1.0),
    "Largest deviation from the straight line by direction, mm": ("max_deviation_mm", "{:.1f}", 1.0),
}
Rows = tuple[str, list[str], list[list[str]]]  # title, heads, cells


def number(value: float | None, form: str = "{:.3f}") -> str:
    """A number for people; a dash where there is none."""
    if value is None:
        return DASH
    text = form.format(value)
    return text.lstrip("-").replace("+", "") if float(text) == 0 else text.replace("-", "\N{MINUS SIGN}")


def all_tables(summary: Summary, measures: bool = True) -> list[Rows]:
    """All tables of a report: aggregates, scores and measures by task and by direction, comparisons, adaptation, what failed.

    Args:
        summary: What `reach_gym.benchmark.summary.summarise` gives.
        measures: Whether the long tables of measures by task and by direction are among them.
    """
    long = [_measures(summary), *_directions(summary)] if measures else []
    short = [*_comparisons(summary), *_adaptation(summary), *_failures(summary)]
    return [table for table in (_aggregates(summary), _scores(summary), *long, *short) if table[2]]


def _aggregates(summary: Summary) -> Rows:
    groups = summary["aggregates"]
    rows = []
    for agent in ranked(summary):
        cells = [agent]
        for group in groups:
            found = groups[group][agent]
            cells += [DASH, ""] if found is None else [number(found["iqm"]), _interval(found)]
            cells.append(f"{0 if found is None else found['done']} of {len(summary['groups'][group])}")
            cells += _coverage(summary, "mean", 0 if found is None else found["done"])
        rows.append(cells)
    more = _coverage_heads(summary)
    heads = ["agent", *(part for group in groups for part in (group, "95 % interval", "tasks", *more))]
    return "Interquartile mean of the scores", heads, rows


def _coverage_heads(summary: Summary) -> list[str]:
    """The head of the column that says what 95 % intervals of few seeds are worth; none where there are enough."""
    return ["coverage"] if len(summary["seeds"]) < statistics.ENOUGH else []


def _coverage(summary: Summary, kind: str, tasks: int) -> list[str]:
    """The cell of that column."""
    if not _coverage_heads(summary):
        return []
    share = statistics.coverage(kind, len(summary["seeds"]), tasks) if tasks else None
    return ["" if share is None else f"{100 * share:.0f} %"]


def _interval(found: Mapping[str, float]) -> str:
    return f"{number(found['low'])} to {number(found['high'])}"


def _scores(summary: Summary) -> Rows:
    agents = ranked(summary)
    rows = [
        [
            *(task, number(summary["ceilings"][task], "{:.2f}")),
            *(_cell(summary["scores"][task][agent], summary["statuses"][task][agent]) for agent in agents),
        ]
        for task in summary["tasks"]
    ]
    seeds = len(summary["seeds"])
    return f"Mean score by task, {seeds} seed{'s' * (seeds > 1)}", ["task", "ceiling", *agents], rows


def _cell(score: float | None, status: str) -> str:
    if status == OK:
        return number(score, "{:.2f}")
    return "n/a" if status == "not_applicable" else status


def _measures(summary: Summary) -> Rows:
    """Success, what spoilt trials, return and effort by task and agent, each with its interval."""
    found = [
        (task, agent, mine)
        for task in summary["tasks"]
        for agent in ranked(summary)
        if (mine := summary["measures"][task][agent])
    ]
    names = [name for name in MEASURES if any(name in mine for _, _, mine in found)]
    rows = [[task, agent, *(measure(name, mine.get(name)) for name in names)] for task, agent, mine in found]
    over = "trials" if len(summary["seeds"]) == 1 else "seeds"
    return f"Measures by task, with 95 % intervals over {over}", ["task", "agent", *(_HEADS[name] for name in names)], rows


def _directions(summary: Summary) -> list[Rows]:
    """Success and errors by direction, one table each, over the trials of all seeds."""
    told: list[Rows] = []
    for title, (name, form, factor) in _BY_DIRECTION.items():
        rows, heads = [], []
        for task, found in summary["directions"].items():
            for agent in (each for each in ranked(summary) if each in found):
                trials, values = found[agent]["trials"], found[agent][name]
                heads = [f"{360 * each / len(values):g}°" for each in range(len(values))]
                cells = (number(None if value is None else factor * value, form) for value in values)
                rows.append([task, agent, f"{min(trials):.0f} to {max(trials):.0f}", *cells])
        told.append((title, ["task", "agent", "trials each", *heads], rows))
    return told


def measure(name: str, found: Mapping[str, float | None] | None) -> str:
    """A measure with its interval, shares in per cent; a dash where there is none."""
    if found is None:
        return DASH
    forms = {"mean_return": "{:.2f}", "effort_s": "{:.3f}"}
    form, factor, unit = ("{:.1f}", 100.0, " %") if name in SHARES else (forms[name], 1.0, "")
    value, low, high = (None if each is None else factor * each for each in (found["value"], found["low"], found["high"]))
    between = "" if low is None or high is None else f" ({number(low, form)} to {number(high, form)})"
    return f"{number(value, form)}{unit}{between}"


def _comparisons(summary: Summary) -> list[Rows]:
    return [
        (
            f"Probability that the first beats the second, {group}",
            ["first", "second", "probability", "95 % interval", "tasks", *_coverage_heads(summary)],
            [
                [
                    row["x"],
                    row["y"],
                    number(row["probability"], "{:.2f}"),
                    f"{row['low']:.2f} to {row['high']:.2f}",
                    str(row["tasks"]),
                    *_coverage(summary, "improvement", row["tasks"]),
                ]
                for row in rows
            ],
        )
        for group, rows in summary["improvement"].items()
    ]


def _adaptation(summary: Summary) -> list[Rows]:
    facts = summary["facts"]
    shown = [(name, *_SHOWN[name]) for name in FACTS]
    model = [(name, *told) for name, told in _MODEL.items()]
    tables: list[Rows] = []
    for title, columns in (("Adaptation to a force field", shown), ("Two-state model, fitted to the channel trials", model)):
        rows = [[agent, *(number(mine[name], form) for name, _, form in columns)] for agent, mine in facts.items()]
        tables.append((title, ["agent", *(head for _, head, _ in columns)], rows))
    return tables


def _failures(summary: Summary) -> list[Rows]:
    rows = [[str(row[name]) for name in ("agent", "task", "status", "seeds", "message")] for row in summary["failures"]]
    return [("What went wrong", ["agent", "task", "status", "seeds", "why"], rows)]


def terminal(summary: Summary) -> RenderableType:
    """All tables for a terminal."""
    tables = all_tables(summary)
    return Group(*(part for title, heads, rows in tables for part in (Text(title, "bold"), _rich(heads, rows), Text())))


def _rich(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    texts = ("agent", "task", "first", "second", "status", "why")
    for head in heads:
        table.add_column(head, justify="left" if head in texts else "right", overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    return table


def markdown(summary: Summary, measures: bool = True) -> str:
    """The tables of `all_tables` in Markdown."""
    return "\n".join(_markdown(*table) for table in all_tables(summary, measures))


def _markdown(title: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"### {title}", "", _line(heads), _line(["---"] * len(heads)), *map(_line, rows), ""]
    return "\n".join(lines)


def _line(cells: Iterable[str]) -> str:
    # A bar would end the cell; what an agent says may hold anything.
    return "| " + " | ".join(cell.replace("|", "\\|").replace("<", "&lt;") for cell in cells) + " |"
