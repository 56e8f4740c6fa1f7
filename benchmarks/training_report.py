"""What is told about the training benchmark: a ranking, a table for each task, and learning curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, PercentFormatter, StrMethodFormatter

from reach_gym import files
from reach_gym.evaluation import statistics
from reach_gym.figures.saving import save
from reach_gym.figures.style import COLORS, DPI, INK, headline, layout, tidy
from reach_gym.registration import NAMESPACE, TASKS

Record = Mapping[str, Any]
LEARNED, SAFE = 0.8, 0.95  # shares of trials
_MARKS = "os^Dv<>Px"
_COLUMNS = 2  # of panels


def name(record: Record) -> str:
    """What a run is, in words."""
    return f"{record['algo']}, {task_name(record)}, seed {record['seed']}, {record['budget']:,} steps"


def task_name(record: Record) -> str:
    """What a run learns, in words."""
    task: str = record["env_id"].removeprefix(f"{NAMESPACE}/")
    seen = record.get("observation")
    return f"{task} ({seen})" if seen else task


def line(record: Record) -> str:
    """One run in one line."""
    reached = first(record, "steps")
    when = f"80 % after {reached:,.0f} steps, {first(record, 'cpu'):.0f} s" if np.isfinite(reached) else "80 % not reached"
    return f"{name(record)}: success {record['success'][-1]:.1%}; {when}; {record['cpu'][-1]:.0f} s in all"


def first(record: Record, measure: str) -> float:
    """``steps`` or ``cpu`` at the first look at which `LEARNED` of the trials succeeded; infinite if there was none."""
    pairs = zip(record[measure], record["success"], strict=True)
    return next((float(value) for value, success in pairs if success >= LEARNED), float("inf"))


def _chosen(records: Sequence[Record], **wanted: Any) -> list[Record]:
    return [each for each in records if all(each[key] == value for key, value in wanted.items())]


def _unique(records: Sequence[Record], key: str) -> list[Any]:
    return list(dict.fromkeys(each[key] for each in records))


def _ends(records: Sequence[Record], tasks: Sequence[str]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Success in the end (seeds, tasks), of the seeds that were run in all `tasks`."""
    ends = {(each["env_id"], each["seed"]): each["success"][-1] for each in records}
    seeds = sorted({seed for _, seed in ends})
    return np.array([[ends[task, seed] for task in tasks] for seed in seeds if all((task, seed) in ends for task in tasks)])


def _interval(scores: np.ndarray[Any, Any]) -> str:
    if not scores.size:
        return "-"
    value, low, high = statistics.interval(scores)
    return f"{value:.1%}" if len(scores) == 1 else f"{value:.1%} ({low:.1%} to {high:.1%})"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a Markdown table."""
    return [f"| {' | '.join(row)} |" for row in (head, ("---",) * len(head), *rows)]


def _order(records: Sequence[Record], tasks: Sequence[str], budgets: Sequence[int]) -> list[str]:
    """The algorithms, the best first: by success with the largest budget that all of them had, then by the next."""
    algos = _unique(records, "algo")
    ends = {(algo, each): _ends(_chosen(records, algo=algo, budget=each), tasks) for algo in algos for each in budgets}
    order = sorted(budgets, key=lambda each: (all(ends[algo, each].size for algo in algos), each), reverse=True)

    def rank(algo: str) -> tuple[float, ...]:
        found = [ends[algo, each] for each in order]
        return tuple(-statistics.interquartile_mean(each) if each.size else 1.0 for each in found)

    return sorted(algos, key=rank)


def ranking(records: Sequence[Record]) -> list[str]:
    """Lines of Markdown: for each family the success of each algorithm over all tasks with each budget."""
    lines: list[str] = []
    for family in dict.fromkeys(TASKS[each["env_id"]].family for each in records):
        mine = [each for each in records if TASKS[each["env_id"]].family == family]
        tasks, budgets = _unique(mine, "env_id"), sorted(_unique(mine, "budget"))
        rows, fewest = [], 10**9
        for algo in _order(mine, tasks, budgets):
            ends = [_ends(_chosen(mine, algo=algo, budget=budget), tasks) for budget in budgets]
            fewest = min([fewest, *(len(each) for each in ends if each.size)])
            rows.append((algo, *map(_interval, ends)))
        told = ", ".join(task.removeprefix(f"{NAMESPACE}/") for task in tasks)
        lines += [f"## Success, {told}", "", *table(("algorithm", *(f"{each:,} steps" for each in budgets)), rows), ""]
        held = statistics.coverage("mean", fewest, len(tasks)) if 1 < fewest < 10**9 else None
        if held is not None:
            lines += [f"Of such intervals of {fewest} runs {held:.0%} hold the truth, not 95 %.", ""]
    return lines


def task_lines(records: Sequence[Record], env_id: str) -> list[str]:
    """Lines of Markdown: what each algorithm reached in one task."""
    mine = _chosen(records, env_id=env_id)
    budgets = sorted(_unique(mine, "budget"))
    rows = []
    for algo in _order(mine, [env_id], budgets):
        for budget in budgets:
            group = _chosen(mine, algo=algo, budget=budget)
            if group:
                rows.append((algo, f"{budget:,}", *_figures(group, env_id)))
    head = ("algorithm", "budget", "success", "runs above 95 %", "false starts", "steps to 80 %", "CPU s to 80 %", "CPU s in all")
    return [f"## {env_id.removeprefix(f'{NAMESPACE}/')}", "", *table(head, rows), ""]


def _figures(group: Sequence[Record], env_id: str) -> tuple[str, ...]:
    above = sum(each["success"][-1] >= SAFE for each in group)
    false_starts = [each["false_starts"][-1] for each in group if each["false_starts"][-1] is not None]
    steps, cpu = (float(np.median([first(each, measure) for each in group])) for measure in ("steps", "cpu"))
    return (
        _interval(_ends(group, [env_id])),
        f"{above} of {len(group)}",
        f"{np.mean(false_starts):.1%}" if false_starts else "-",
        f"{steps:,.0f}" if np.isfinite(steps) else "-",
        f"{cpu:.0f}" if np.isfinite(cpu) else "-",
        f"{np.median([each['cpu'][-1] for each in group]):.0f}",
    )


def markdown(records: Sequence[Record]) -> str:
    """The whole table.md."""
    episodes = sorted(_unique(records, "episodes"))
    told = [
        "# Training within fixed budgets",
        "",
        "Success is the share of held-out trials in which the policy succeeds without exploring: the interquartile mean over",
        "runs, with its 95 % interval (stratified bootstrap over seeds). Steps and CPU seconds to 80 % are medians over runs, at",
        f"the first look that found them; one thread. Held-out trials at each look: {', '.join(map(str, episodes))}.",
        "The best comes first: by success with the largest budget that all algorithms had, then with the other budgets.",
        "",
    ]
    tasks = [text for env_id in _unique(records, "env_id") for text in task_lines(records, env_id)]
    return "\n".join([*told, *ranking(records), *tasks]).rstrip() + "\n"


def curves(records: Sequence[Record]) -> Figure:
    """Success over steps in runs of each algorithm's largest budget, a panel per task; bands are pointwise 95 % intervals."""
    tasks, algos = _unique(records, "env_id"), sorted(_unique(records, "algo"))
    columns = min(_COLUMNS, len(tasks))
    rows = -(-len(tasks) // columns)
    figure = Figure(figsize=(0.6 + 4.4 * columns, 1.2 + 3.3 * rows), dpi=DPI, layout=layout())
    panels = figure.subplots(rows, columns, sharey=True, squeeze=False).ravel()
    for axes, env_id in zip(panels, tasks, strict=False):
        mine = _chosen(records, env_id=env_id)
        for algo in algos:
            group = _chosen(mine, algo=algo)
            if group:
                _draw(axes, _chosen(group, budget=max(each["budget"] for each in group)), algo, algos.index(algo))
        axes.set(xscale="log", xlabel="steps", ylim=(-0.02, 1.02))
        axes.set_title(env_id.removeprefix(f"{NAMESPACE}/"), loc="left", color=INK, fontsize=12, fontweight="bold")
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.yaxis.set_major_formatter(PercentFormatter(1.0))
        axes.legend(loc="upper left", frameon=False, labelcolor=INK, fontsize=9)
        tidy(axes)
    for axes in panels[len(tasks) :]:
        axes.set_visible(False)
    panels[0].set_ylabel("held-out trials that succeed")
    headline(
        figure,
        "Success over steps",
        "Interquartile means with 95 % intervals; the largest budget of each algorithm.",
    )
    return figure


def _draw(axes: Axes, group: Sequence[Record], algo: str, place: int) -> None:
    looks = [each["steps"] for each in group]
    group = [each for each in group if each["steps"] == looks[-1]]  # runs with more or fewer looks have no common points
    success = np.array([each["success"] for each in group])
    middle, low, high = np.array([statistics.interval(each[:, None]) for each in success.T]).T
    color, mark = COLORS[place % len(COLORS)], _MARKS[place % len(_MARKS)]
    axes.plot(looks[-1], middle, color=color, marker=mark, markersize=4, linewidth=1.8, label=algo)
    axes.fill_between(looks[-1], low, high, color=color, alpha=0.18, linewidth=0)


def write(directory: Path, records: Sequence[Record]) -> None:
    """Writes table.md and curves.png."""
    files.write(directory / "table.md", markdown(records).encode())
    save(curves(records), directory / "curves.png")
