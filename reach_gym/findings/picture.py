"""Figures of a report: every finding beside its null and what was published, and the rotating planes."""

from __future__ import annotations

import textwrap

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from reach_gym.figures.style import DPI, FAINT, INK, RULE, layout, look, tidy, wrapped
from reach_gym.findings.courses import Course
from reach_gym.findings.measuring import turned
from reach_gym.findings.report import CHANCE, COMPARISONS, PUBLISHED, Report, Result
from reach_gym.neural.nulls import Against

_COLUMNS = 4
_ANIMALS = "#f0c050"
_PLANES = 6  # populations whose rotating plane is drawn
_GROUP, _RECORDED, _CONTROL = "populations", "recording", "control"


def picture(report: Report) -> Figure:
    """Draws the findings: a point per population over the band of its null, filled where p < 0.05; animals' numbers behind."""
    names = [*report.found, *report.compared, *report.changed]
    rows, columns = wrapped(len(names), _COLUMNS)
    figure = Figure(figsize=(1.2 + 2.9 * columns, 0.7 + 1.55 * rows), dpi=DPI, layout=layout())
    grid = figure.subplots(rows, columns, squeeze=False)
    for axes in grid.flat[len(names) :]:
        axes.set_axis_off()
    for place, (axes, name) in enumerate(zip(grid.flat, names, strict=False)):
        _panel(axes, report, name, place % columns == 0)
    handles = [
        Line2D([], [], color=look(0).color, marker="o", linestyle="", label=f"beyond chance (p < {CHANCE:g})"),
        Line2D([], [], color=look(0).color, marker="o", markerfacecolor="white", linestyle="", label="not, or no null"),
        Line2D([], [], color=FAINT, linewidth=5, alpha=0.4, label="95 % of the null"),
        Patch(color=_ANIMALS, alpha=0.45, label="published of animals"),
    ]
    figure.legend(handles=handles, loc="outside lower left", ncols=4, frameon=False, labelcolor=INK, fontsize=9)
    return figure


def _panel(axes: Axes, report: Report, name: str, labelled: bool) -> None:
    tidy(axes)
    axes.axvline(0.0, color=RULE, linewidth=1)
    finding = PUBLISHED.get(name)
    if finding is not None and finding.low is not None and finding.high is not None:
        axes.axvspan(finding.low, finding.high, facecolor=_ANIMALS, edgecolor=_ANIMALS, alpha=0.45, linewidth=2)
    group = {**report.found, **report.compared, **report.changed}[name]
    beside = {_RECORDED: report.found_recorded.get(name), _CONTROL: report.changed_control.get(name)}
    rows = [(_GROUP, group), *((of, summary) for of, summary in beside.items() if summary is not None and summary.results)]
    for place, (_, summary) in enumerate(rows):
        results = summary.results
        for offset, result in zip(_spread(len(results)), results, strict=True):
            _mark(axes, result, place + offset, look(place).color)
    if not any(summary.values for _, summary in rows):
        axes.annotate("not measured", (0.02, 0.5), xycoords="axes fraction", color=FAINT, fontsize=7)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_yticks(range(len(rows)), [each if labelled else "" for each, _ in rows], fontsize=8, color=INK)
    title = COMPARISONS[name][0] if finding is None else finding.title
    axes.set_title(textwrap.fill(title, 40, break_on_hyphens=False), fontsize=8.5, color=INK, loc="left")
    axes.set_xlabel("" if finding is None else textwrap.fill(finding.unit, 38), fontsize=7.5, color=FAINT)
    axes.tick_params(axis="x", labelsize=7.5)
    axes.xaxis.set_major_locator(MaxNLocator(4))


def _spread(count: int) -> list[float]:
    return [0.0] if count == 1 else np.linspace(-0.32, 0.32, count).tolist() if count else []


def _mark(axes: Axes, result: Result, place: float, color: str) -> None:
    if result is None:
        return
    if isinstance(result, Against):
        low, _, high = result.chance
        axes.plot([low, high], [place, place], color=FAINT, linewidth=5, alpha=0.4, solid_capstyle="butt")
    value, beyond = (result.value, result.p < CHANCE) if isinstance(result, Against) else (result, False)
    axes.plot([value], [place], marker="o", color=color, markerfacecolor=color if beyond else "white", markersize=4.5, zorder=3)


def planes(report: Report) -> Figure:
    """Draws the plane of the fastest rotation of the first populations and of the recording, one line per direction."""
    shown = [*report.courses[: _PLANES - (report.recorded is not None)], *([report.recorded] if report.recorded else [])]
    rows, columns = wrapped(len(shown), 3)
    figure = Figure(figsize=(3.2 * columns, 0.3 + 3.2 * rows), dpi=DPI, layout=layout())
    grid = figure.subplots(rows, columns, squeeze=False)
    for axes in grid.flat[len(shown) :]:
        axes.set_axis_off()
    for axes, course in zip(grid.flat, shown, strict=False):
        _plane(axes, course)
    return figure


def _plane(axes: Axes, course: Course) -> None:
    found = turned(course)
    hues = colormaps["hsv"]
    for path, direction in zip(found.scores, course.direction, strict=True):
        color = hues(float(direction) / (2 * np.pi) % 1.0)
        axes.plot(path[:, 0], path[:, 1], color=color, linewidth=1.4)
        axes.plot(*path[0, :2], marker="o", color=color, markersize=3)
        axes.annotate("", path[-1, :2], path[-2, :2], arrowprops={"arrowstyle": "->", "color": color})
    axes.set_aspect("equal", adjustable="datalim")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[["top", "right"]].set_visible(False)
    quality, hertz = found.quality, found.speed[0] / (2 * np.pi * course.dt)
    title = axes.set_title(course.name, fontsize=9, color=INK, loc="left")
    title.set_parse_math(False)
    note = f"{hertz:.1f} Hz, R² {quality.r2_skew_plane:.2f}, {quality.plane_variance:.0%} of the variance"
    axes.set_xlabel(note, fontsize=7.5, color=FAINT, loc="left")
