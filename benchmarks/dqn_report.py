"""What is told about the ablation of DQN: a table and two figures."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import PercentFormatter
from rich import box
from rich.table import Table

from benchmarks.dqn_arms import RADIUS_STUDY
from reach_gym import files
from reach_gym.figures.saving import save
from reach_gym.figures.style import COLORS, DPI, FAINT, INK, TARGET, headline, layout, tidy

GOAL = 0.99
Record = Mapping[str, Any]
_HEADINGS = (
    "arm",
    "runs that reach 99 %",
    "CPU seconds until then",
    "within 1",
    "exact hit",
    "fewest steps",
    "CPU seconds in all",
)


def cpu_to_goal(record: Record) -> float:
    """CPU seconds of learning until `GOAL` of the held-out pairs came within one square; infinite if they never did."""
    return next((cpu for cpu, near in zip(record["cpu"], record["near"], strict=True) if near >= GOAL), math.inf)


def line(record: Record) -> str:
    """One run in one line."""
    seconds = cpu_to_goal(record)
    when = f"99 % after {seconds:.0f} s" if math.isfinite(seconds) else "99 % not reached"
    return (
        f"{record['arm']}, seed {record['seed']}: {when}; in the end {record['near'][-1]:.1%} within 1, "
        f"{record['all']['success']:.2%} exact, {record['all']['optimal']:.1%} in the fewest steps"
    )


def _by_arm(records: Sequence[Record]) -> dict[str, list[Record]]:
    arms: dict[str, list[Record]] = {}
    for record in records:
        arms.setdefault(record["arm"], []).append(record)
    return arms


def _rows(records: Sequence[Record]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for arm, group in _by_arm(records).items():
        seconds = [cpu_to_goal(record) for record in group]
        reached = [each for each in seconds if math.isfinite(each)]
        ends = [[record["near"][-1], record["all"]["success"], record["all"]["optimal"]] for record in group]
        near, exact, optimal = np.median(ends, axis=0)
        total = np.median([record["cpu"][-1] for record in group])
        when = f"{np.median(seconds):.0f}" if len(reached) > len(group) / 2 else "-"
        spread = f" ({min(reached):.0f} to {max(reached):.0f})" if len(reached) > 1 else ""
        rows.append(
            (
                arm,
                f"{len(reached)} of {len(group)}",
                when + spread,
                f"{near:.1%}",
                f"{exact:.2%}",
                f"{optimal:.1%}",
                f"{total:.0f}",
            )
        )
    return rows


def table(records: Sequence[Record]) -> Table:
    """Medians over the seeds, one row per arm."""
    result = Table(*_HEADINGS, box=box.HORIZONTALS, padding=(0, 1, 0, 0))
    for row in _rows(records):
        result.add_row(*row)
    return result


def write(directory: Path, records: Sequence[Record]) -> None:
    """Writes table.md, ablation.png and radius.png."""
    rows = [_HEADINGS, ("---",) * len(_HEADINGS), *_rows(records)]
    files.write(directory / "table.md", "".join(f"| {' | '.join(row)} |\n" for row in rows).encode())
    save(ablation(records), directory / "ablation.png")
    study = [record for record in records if record["arm"] in RADIUS_STUDY]
    if study:
        save(radius(study), directory / "radius.png")


def ablation(records: Sequence[Record]) -> Figure:
    """CPU seconds to the goal, one line per arm and one dot per run; runs that did not get there stand at the right."""
    arms = _by_arm(records)
    figure = Figure(figsize=(8.6, 1.6 + 0.32 * len(arms)), dpi=DPI, layout=layout())
    axes = figure.add_subplot()
    last = 1.06 * max(1.0, *(record["cpu"][-1] for record in records))
    for row, (arm, group) in enumerate(reversed(arms.items())):
        seconds = [cpu_to_goal(record) for record in group]
        color = TARGET if arm == "default" else COLORS[0]
        reached = [each for each in seconds if math.isfinite(each)]
        axes.plot(reached, [row] * len(reached), "o", color=color, alpha=0.8, markersize=7, linewidth=0)
        if len(reached) > len(group) / 2:
            axes.plot([np.median(seconds)] * 2, [row - 0.32, row + 0.32], color=color, linewidth=2)
        missed = sorted(
            (record["near"][-1] for record, each in zip(group, seconds, strict=True) if math.isinf(each)), reverse=True
        )
        if missed:
            note = f"{len(missed)} not, {', '.join(f'{share:.0%}' for share in missed)} in the end"
            axes.text(last, row, note, ha="right", va="center", color=FAINT, fontsize=9)
    axes.set_yticks(range(len(arms)), list(arms)[::-1])
    axes.set(
        xlim=(0, last), xlabel="CPU seconds until 99 % of the held-out pairs come within one square", ylim=(-0.7, len(arms) - 0.3)
    )
    tidy(axes)
    axes.tick_params(axis="y", labelcolor=INK, length=0)
    steps = records[0]["total"]
    headline(
        figure, "What each part of DQN is good for", f"Every dot is a run of {steps:,} steps, the bars are medians; one core."
    )
    return figure


def _way(arm: str) -> str:
    """An arm's name, whatever it observes."""
    return arm.removeprefix("coordinates, ").replace("coordinates", "default")


def radius(records: Sequence[Record]) -> Figure:
    """Success within one square over the steps: pixels on the left, coordinates on the right."""
    figure = Figure(figsize=(9.4, 4.6), dpi=DPI, layout=layout())
    panels = figure.subplots(1, 2, sharey=True)
    arms = _by_arm(records)
    names = list(dict.fromkeys(_way(arm) for arm in arms))
    colors = dict(zip(names, COLORS, strict=False))
    for axes, title, coordinates in ((panels[0], "Pixels", False), (panels[1], "Coordinates", True)):
        mine = {arm: group for arm, group in arms.items() if arm.startswith("coordinates") == coordinates}
        for arm, group in mine.items():
            color = colors[_way(arm)]
            steps = np.array(group[0]["steps"]) / 1000
            for record in group:
                axes.plot(steps, record["near"], color=color, linewidth=0.9, alpha=0.5)
            axes.plot(steps, np.median([record["near"] for record in group], axis=0), color=color, linewidth=2.4)
        axes.set(xlabel="steps learned (thousands)", xlim=(0, None), ylim=(-0.02, 1.02))
        axes.set_title(title, loc="left", color=INK, fontsize=12, fontweight="bold")
        axes.yaxis.set_major_formatter(PercentFormatter(1.0))
        tidy(axes)
    lines = [Line2D([], [], color=colors[name], linewidth=2.4) for name in names]
    # What is learned from coordinates leaves the corner free.
    panels[1].legend(lines, names, loc="lower right", frameon=False, labelcolor=INK, fontsize=9)
    panels[0].set_ylabel("held-out pairs within one square")
    headline(figure, "What the shrinking radius and the pixels give", "Thin lines are runs, thick ones medians.")
    return figure
