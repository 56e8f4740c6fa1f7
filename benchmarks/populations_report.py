"""Table, verdicts and figure of `python -m benchmarks populations`."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.populations_measures import STAGES, result_of
from benchmarks.populations_runs import UNITS
from reach_gym.evaluation.statistics import mean_interval
from reach_gym.figures.style import COLORS, DPI, FAINT, INK, headline, layout, tidy
from reach_gym.findings import CHANGES, FINDINGS, Finding, Summary
from reach_gym.neural.nulls import Against

ENOUGH, LEAST = 0.8, 5  # share of the networks that must show a finding, and how many there must be
Networks = Sequence[Mapping[str, Any]]  # what `populations_measures.measured` gives, one per seed

_ABOUT = """Networks of {units} units each: {first} updates of reaching, {updates} in the curl field, {updates} of washout; the
control goes on for as long without a field. Cells: mean over the networks, and how many of them are beyond their own null
(p < 0.05, {draws} draws, for decoding at most 20). Chance: median and 95 % of the null of the trained networks."""


def summaries(networks: Networks, name: str) -> dict[str, Summary]:
    """A finding at every stage, over networks."""
    return {stage: Summary(tuple(result_of(each["found"][stage][name]) for each in networks)) for stage in STAGES}


def shown(summary: Summary) -> bool:
    """Whether enough networks are beyond their null."""
    return summary.beyond[0] >= ENOUGH * len(summary.results)


def verdict(found: Mapping[str, Summary]) -> str:
    """What training and learning have to do with a finding, by the rule that the page states."""
    trained = found["trained"]
    if len(trained.results) < LEAST:
        return "too few networks"
    if trained.chance is None:
        return "no null" if trained.values else "not measured"
    there = {stage: shown(found[stage]) for stage in STAGES}
    if there["trained"]:
        return "for free, untrained too" if there["untrained"] else "for free"
    if there["learned"] and not there["control"] and _more(found):
        return "only with learning"
    if there["learned"] and there["control"]:
        return "with more training"
    return "not, but untrained" if there["untrained"] else "not"


def _more(found: Mapping[str, Summary]) -> bool:
    """Whether those that learned the field show more than their controls: the interval of the difference is on that side of 0."""
    first = found["learned"].results[0]
    sign = -1.0 if isinstance(first, Against) and first.tail == "less" else 1.0
    learned, control = found["learned"].values, found["control"].values
    return len(learned) == len(control) and mean_interval(sign * np.subtract(learned, control))[1] > 0


def beside_monkeys(finding: Finding, trained: Summary) -> str:
    """Where the trained networks' mean lies beside the published number; empty where there is none, or too few networks."""
    value = trained.mean[0]
    if finding.low is None or finding.high is None or len(trained.values) < LEAST:
        return ""
    place = "below" if value < finding.low else "above" if value > finding.high else "within"
    return f"value {place} the published"


def _said(summary: Summary) -> str:
    value, beyond, tested = summary.mean[0], *summary.beyond
    if math.isnan(value):
        return "-"
    return _number(value) + (f" ({beyond} of {tested})" if tested else "")


def _number(value: float) -> str:
    return f"{value:.2f}".replace("-", "\N{MINUS SIGN}")


def _between(low: float, high: float) -> str:
    return "" if math.isnan(low) else f" [{_number(low)}, {_number(high)}]"


def _published(finding: Finding) -> str:
    if finding.low is None or finding.high is None:
        return finding.animals
    number = f"{finding.low:g}" if finding.low == finding.high else f"{finding.low:g} to {finding.high:g}"
    return f"{number} ({finding.how_obtained})"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|", *("| " + " | ".join(row) + " |" for row in rows), ""]


def _findings(networks: Networks) -> list[str]:
    rows = []
    for name, finding in FINDINGS.items():
        found = summaries(networks, name)
        chance = found["trained"].chance
        null = _number(chance[1]) + _between(chance[0], chance[2]) if chance else "none"
        judged = ", ".join(part for part in (verdict(found), beside_monkeys(finding, found["trained"])) if part)
        rows.append([f"{finding.title} ({finding.unit})", _published(finding), *(_said(found[s]) for s in STAGES), null, judged])
    return _table(["finding", "monkeys", *STAGES, "chance", "verdict"], rows)


def change_verdict(learned: Sequence[float], control: Sequence[float]) -> str:
    """Whether a change belongs to the field, by the interval of the difference from the control."""
    if len(learned) < LEAST:
        return "too few networks"
    low, high = mean_interval(np.subtract(learned, control))[1:]
    return "more with the field" if low > 0 else "less with the field" if high < 0 else "no difference found"


def _changes(networks: Networks) -> list[str]:
    rows = []
    for name, change in CHANGES.items():
        learned, control = ([each["change"][way][name] for each in networks] for way in ("learned", "control"))
        cells = [_number(v) + _between(*ends) for v, *ends in map(mean_interval, (learned, control))]
        difference, *ends = mean_interval(np.subtract(learned, control))
        cells.append(_number(difference) + _between(*ends))
        told = f"{change.title} ({change.unit})", f"{change.animals} ({change.source})"
        rows.append([*told, *cells, change_verdict(learned, control)])
    return _table(["what changed", "monkeys", "with the field", "control", "difference", "verdict"], rows)


def _behaviour(networks: Networks) -> list[str]:
    names = {
        "error": "error at the end of the block's last trials (mm)",
        "coefficient": "compensation of the field in error clamps",
        "early": "false starts (share)",
        "reaction": "reaction time (s)",
    }
    stages = networks[0]["behaviour"]
    rows = []
    for key, title in names.items():
        values = [[each["behaviour"][stage][key] for each in networks] for stage in stages]
        rows.append([title, *("-" if None in v else _number(float(np.mean(v))) for v in values)])
    return _table(["", *(stage.replace("_", ", ") for stage in stages)], rows)


def markdown(found: Mapping[str, Networks], first: int, updates: int, draws: int, missing: Sequence[str]) -> str:
    """The tables of all plants, one of verdicts before them."""
    lines = [_ABOUT.format(units=UNITS, first=first, updates=updates, draws=draws), ""]
    counts = ", ".join(f"`{plant}` {len(networks)}" for plant, networks in found.items())
    lines += [f"Networks: {counts}." + (f" Not run: {', '.join(missing)}." if missing else ""), ""]
    heads = ["finding", "monkeys", *(f"`{plant}`" for plant in found)]
    lines += _table(heads, [[f.title, _published(f), *(_short(found[p], n) for p in found)] for n, f in FINDINGS.items()])
    for plant, networks in found.items():
        lines += [f"## {plant}", "", *_behaviour(networks), *_findings(networks), *_changes(networks)]
    return "\n".join(lines)


def _short(networks: Networks, name: str) -> str:
    return verdict(summaries(networks, name))


def picture(found: Mapping[str, Networks]) -> Figure:
    """Every finding with a null at every stage: a point per network, a colour per plant, each stage's null behind."""
    names = [name for name, finding in FINDINGS.items() if finding.null]
    figure = Figure(figsize=(13, 8.5), dpi=DPI, layout=layout())
    grid = figure.subplots(3, math.ceil(len(names) / 3), squeeze=False)
    for axes in grid.flat[len(names) :]:
        axes.set_axis_off()
    for axes, name in zip(grid.flat, names, strict=False):
        _panel(axes, found, name)
    for place, plant in enumerate(found):
        grid.flat[-1].plot([], [], color=COLORS[place], marker="o", label=plant.replace("_", " "))
    grid.flat[-1].legend(frameon=False, labelcolor=INK, loc="center left")
    note = "one point per network, filled where beyond its null (p < 0.05); bars: 95 % of the null at each stage"
    headline(figure, "What networks that learn to reach have of monkeys' motor cortex", note)
    return figure


def _panel(axes: Axes, found: Mapping[str, Networks], name: str) -> None:
    tidy(axes)
    finding = FINDINGS[name]
    if finding.low is not None and finding.high is not None:
        axes.axhspan(finding.low, finding.high, facecolor="#f0c050", edgecolor="#f0c050", alpha=0.45, linewidth=2)
    for place, networks in enumerate(found.values()):
        for stage, summary in enumerate(summaries(networks, name).values()):
            x = stage + 0.22 * (place - (len(found) - 1) / 2)
            if summary.chance is not None:
                low, _, high = summary.chance
                axes.plot([x, x], [low, high], color=FAINT, linewidth=6, alpha=0.3, solid_capstyle="butt")
            for result in summary.results:
                _mark(axes, result, x, COLORS[place])
    axes.set_xticks(range(len(STAGES)), STAGES, fontsize=7)
    axes.set_title(textwrap.fill(finding.title, 42, break_on_hyphens=False), fontsize=8.5, color=INK, loc="left")
    axes.set_ylabel(textwrap.fill(finding.unit, 32), fontsize=7.5, color=FAINT)
    axes.tick_params(axis="y", labelsize=8)


def _mark(axes: Axes, result: Any, x: float, color: str) -> None:
    if isinstance(result, Against):
        face = color if result.p < 0.05 else "white"
        axes.plot([x], [result.value], marker="o", color=color, markerfacecolor=face, markersize=4, zorder=3)
