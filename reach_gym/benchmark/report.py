"""The files of a benchmark: results as JSON lines, a summary in Markdown, and one page that needs nothing else."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from reach_gym import files
from reach_gym.benchmark import tables
from reach_gym.benchmark.jobs import OK
from reach_gym.benchmark.page import STYLE
from reach_gym.benchmark.results import RECORDS, YARDSTICKS, Results
from reach_gym.benchmark.summary import group_of, ranked
from reach_gym.evaluation import suite

_ARMS = "For an arm 0 is the random agent's share of successful trials, and 1 that of a controller that knows body and field."
SCALES = {
    "grid": "On the grid a score of 0 is the random agent's mean return, and 1 that of the fewest steps.",
    "lab": "In the laboratory's tasks 0 is the random agent's share of trials within the window, and 1 that of the best "
    "controller known, which knows the field.",
    "arm": _ARMS,
    "muscle": _ARMS,
    "haste": "On the board of haste 0 is the random agent's mean return, and 1 that of a smooth reference, which can be outrun.",
    "adaptation": "In the adaptation track 0 is a controller that never learns, and 1 one that knows what a block teaches.",
}
"""What a score means, by group of tasks."""
AVERAGES = (
    "The interquartile mean leaves out the lowest and the highest quarter of all runs. Intervals are 95 % percentiles of a "
    "bootstrap that resamples the runs of each task (Agarwal et al., NeurIPS 2021). With fewer than ten seeds such an interval "
    "holds the truth less often than 95 % of the time; how often it did in simulations stands beside it as its coverage."
)
"""What the averages over tasks and their intervals are."""
PAGE, SUMMARY = "report.html", "summary.md"


def write_all(results: Results, summary: Mapping[str, Any], folder: Path) -> list[Path]:
    """Writes all files into a directory, the page only where Matplotlib is installed; the same results give the same bytes.

    Returns:
        The files that were written.

    Raises:
        OSError: A file cannot be written.
    """
    texts = {RECORDS: results.lines(), SUMMARY: tables.markdown(summary)}
    if can_draw():
        texts[PAGE] = html(results, summary)
    written = []
    for name, text in texts.items():
        files.write(folder / name, text.encode())
        written.append(folder / name)
    return written


def can_draw() -> bool:
    """Whether there is what the figures of the page need."""
    return importlib.util.find_spec("matplotlib") is not None


def remove_all(folder: Path) -> None:
    """Removes the files of an earlier benchmark from a directory, so that they are not taken for those of the next one."""
    for name in (RECORDS, SUMMARY, PAGE):
        (folder / name).unlink(missing_ok=True)


def html(results: Results, summary: Mapping[str, Any]) -> str:
    """The report as one page, for phones and desks, light and dark."""
    agents = ranked(summary)
    parts = [
        "<h1>Reaching under force fields</h1>",
        f'<p class="lead">{_lead(results, summary)}</p>',
        _legend(agents),
        *_charts(summary, agents),
        *(_table(*table) for table in tables.all_tables(summary)),
        *_courses(results, agents),
        *_paths(results, agents),
        _notes(results, summary),
    ]
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="color-scheme" content="light dark"><title>reach_gym benchmark</title><style>{STYLE}</style>'
    )
    return (
        f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body><main>\n' + "\n".join(parts) + "\n</main></body></html>\n"
    )


def _lead(results: Results, summary: Mapping[str, Any]) -> str:
    trials = sum(record["env"]["episodes"] for record in results.records if record["status"] == OK)
    tasks, seeds = len(summary["tasks"]), len(summary["seeds"])
    told = dict.fromkeys(text for group, text in SCALES.items() if group in summary["groups"])
    return (
        f"{_count(len(summary['agents']), 'agent')} on {_count(tasks, 'task')} with {_count(seeds, 'seed')}: "
        f"{trials:,} held-out trials. {' '.join(told)}"
    )


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"


def _legend(agents: Sequence[str]) -> str:
    from reach_gym.benchmark.figures import color_of

    items = (f'<li><i style="background: var(--{color_of(i)})"></i>{escape(agent)}</li>' for i, agent in enumerate(agents))
    return f'<ul class="legend">{"".join(items)}</ul>'


def _charts(summary: Mapping[str, Any], agents: Sequence[str]) -> list[str]:
    from reach_gym.benchmark import figures

    drawn = [
        draw(summary, group, agents)
        for group, found in summary["aggregates"].items()
        if any(each is not None for each in found.values())
        for draw in (figures.intervals, figures.profiles)
    ]
    return ['<section class="charts">', *(f"<figure>{each}</figure>" for each in drawn), "</section>"]


def _table(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    words = {"agent", "task", "first", "second", "status", "why"}
    kinds = ["word" if head in words else "" for head in heads]
    head = "".join(f'<th class="{kind}">{escape(each)}</th>' for kind, each in zip(kinds, heads, strict=True))
    body = "".join(
        "<tr>" + "".join(f'<td class="{kind}">{escape(cell)}</td>' for kind, cell in zip(kinds, row, strict=True)) + "</tr>"
        for row in rows
    )
    # Who has no mouse scrolls the box with the arrow keys.
    box = f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(title)}">'
    return f"<h2>{escape(title)}</h2>{box}<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"


def _courses(results: Results, agents: Sequence[str]) -> list[str]:
    """The learning curves of the adaptation track."""
    from reach_gym.benchmark import figures

    courses: dict[str, list[Any]] = {}
    for (agent, task, _), details in results.details.items():
        if group_of(task) == "adaptation" and details:
            courses.setdefault(agent, []).append(details)
    if not set(courses) & set(agents):
        return []
    drawn = figures.learning_curves(courses, agents), figures.adaptation_curves(courses, agents)
    told = (
        "First: largest deviation of every trial without a channel, mean over seeds; dashed: controllers that never learn and "
        "that know the field. Second: share of the field's force in channel trials, and the fitted two-state model as a line."
    )
    shown = "".join(f"<figure>{each}</figure>" for each in drawn)
    return [f'<h2>Learning curves</h2><p>{told}</p><section class="charts">{shown}</section>']


def _paths(results: Results, agents: Sequence[str]) -> list[str]:
    """Example paths: for every task of the cursor one picture per agent, and the ideal's."""
    from reach_gym.benchmark import figures

    first: dict[str, dict[str, Any]] = {}
    for (agent, task, _), details in results.details.items():
        if details.get("paths"):
            first.setdefault(task, {}).setdefault(agent, details["paths"])
    parts = []
    for task in (task for task in suite.TASKS if task in first):
        shown = [agent for agent in (*agents, *YARDSTICKS["score"]) if agent in first[task]]
        pictures = [
            f"<figure>{figures.paths(first[task][agent], _color(agent, agents), f'Paths of {agent}, {task}')}"
            f"<figcaption>{escape(agent)}</figcaption></figure>"
            for agent in dict.fromkeys(shown)
        ]
        parts.append(f"<h3>{escape(task)}: {escape(suite.TASKS[task].summary)}</h3>")
        parts.append(f'<section class="panels">{"".join(pictures)}</section>')
    told = "The first trials of the first seed: on the grid from the start on, of the cursor from the go cue on, 24 cm a side."
    return [f"<h2>Example paths</h2><p>{told}</p>", *parts] if parts else []


def _color(agent: str, agents: Sequence[str]) -> str:
    from reach_gym.benchmark.figures import color_of

    return color_of(agents.index(agent)) if agent in agents else "faint"


def _notes(results: Results, summary: Mapping[str, Any]) -> str:
    seeds = ", ".join(map(str, summary["seeds"]))
    definitions = (
        f"{AVERAGES} A profile is the share of runs above a score. Intervals of measures by task are Student's over seeds, or "
        "over the trials of a single seed (of shares Wilson's), and hold the truth as often as they say where scores are normal. "
        "Only tasks done with all seeds count. Agents that do not change from seed to seed vary by their trials alone."
    )
    made = escape(made_with(results.records))
    return f'<h2>Notes</h2><p class="notes">{definitions}</p><p class="notes">Seeds {seeds}. {made}</p>'


def made_with(records: Sequence[Mapping[str, Any]]) -> str:
    """The versions of the packages, and the commits, by which records were made."""
    versions: dict[str, set[str]] = {}
    for record in records:
        for name, version in record["versions"].items():
            versions.setdefault(name, set()).add(version)
    told = ", ".join(f"{name} {' / '.join(sorted(found))}" for name, found in sorted(versions.items()))
    commits = sorted({record["commit"] for record in records if record["commit"]})
    return f"{told}." + (f" Commit {', '.join(commits)}." if commits else "")
