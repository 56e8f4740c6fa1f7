"""Paths of the hand from the start to the targets, condition by condition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from matplotlib.ticker import MultipleLocator

from agents.analysis.figures import DPI, FAINT, INK, RULE, TARGET, headline, layout
from agents.analysis.session_data import SHOWN, Condition, conditions, mean
from reach_gym.recording import Recording, deviations

CALM, FELT, SURPRISED = "#4d4d4d", "#0072b2", "#d55e00"  # as in COLORS: no field, the field, and no field by surprise
SIGN = "numbers: mean of the largest deviations from the straight line, positive to the left of it"


@dataclass(frozen=True)
class Panel:
    """Hand paths to be drawn together.

    Attributes:
        title: The condition; panels of one title stand in one column.
        recording: The trials.
        color: Of the paths.
        note: What else to say about them; the mean deviation is added.
    """

    title: str
    recording: Recording
    color: str = CALM
    note: str = ""


def panels(recording: Recording, count: int = SHOWN) -> list[Panel]:
    """One panel per condition of a session (`agents.analysis.session_data.conditions`), with its last `count` trials."""
    return [Panel(each.name, _some(recording, each, count), color_of(each)) for each in conditions(recording, count)]


def _some(recording: Recording, condition: Condition, count: int) -> Recording:
    mask = condition.mask.copy()
    mask[np.flatnonzero(mask)[:-count]] = False
    return recording.subset(mask)


def color_of(condition: Condition) -> str:
    """Whether the field was on, off, or off by surprise."""
    return FELT if condition.perturbed else SURPRISED if condition.surprising else CALM


def hand_paths(rows: Mapping[str, Sequence[Panel]], title: str = "Hand paths", note: str = SIGN) -> Figure:
    """Paths of the hand from the start to the targets: one row of panels per subject, one column per condition.

    Args:
        rows: The panels of each subject, at least one in all; a name may be empty.
        title: Headline.
        note: Line at the bottom.

    Raises:
        ValueError: There is no panel.
    """
    titles = list(dict.fromkeys(panel.title for row in rows.values() for panel in row))
    if not titles:
        raise ValueError("`rows` must hold at least one panel.")
    figure = Figure(figsize=(0.8 + 2.35 * len(titles), 1.3 + 2.75 * len(rows)), dpi=DPI, layout=layout())
    grid = figure.subplots(len(rows), len(titles), sharex=True, sharey=True, squeeze=False)
    for line, (name, row) in zip(grid, rows.items(), strict=True):
        by_title = {panel.title: panel for panel in row}
        for axes, column in zip(line, titles, strict=True):
            if column in by_title:
                _paths(axes, by_title[column])
            else:
                axes.set_axis_off()
        line[0].set_ylabel("y (cm)", color=INK)
        if name:
            look = {"rotation": 90, "va": "center", "ha": "center", "color": INK, "fontsize": 13, "fontweight": "bold"}
            line[0].text(-0.5, 0.5, name, transform=line[0].transAxes, **look)
    for axes in grid[-1]:
        axes.set_xlabel("x (cm)", color=INK)
    headline(figure, title, note)
    return figure


def _paths(axes: Axes, panel: Panel) -> None:
    trials = panel.recording
    reach = 130 * float(trials.metadata["workspace"])  # cm, with room for the targets and the detours around them
    axes.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MultipleLocator(reach / 2.6))
        axis.set_tick_params(length=2, color=FAINT, labelcolor=FAINT, labelsize=9)
    for spine in axes.spines.values():
        spine.set_color(RULE)
    for x, y in np.unique(100 * trials.target.round(9), axis=0):
        disc = Circle(
            (x, y), 100 * trials.metadata["radius"], facecolor=TARGET, edgecolor=TARGET, alpha=0.3, linewidth=0, zorder=1
        )
        axes.add_patch(disc)
    for way in 100 * trials.hand:
        axes.plot(*way.T, color=panel.color, linewidth=1.1, alpha=0.85, solid_joinstyle="round", zorder=3)
    axes.plot(*100 * trials.start.T, "o", color="white", markeredgecolor=INK, markersize=4.5, zorder=4)
    axes.set_title(panel.title, loc="left", color=panel.color, fontsize=11, fontweight="bold", pad=18)
    told = [panel.note] if panel.note else []
    told.append(millimetres(mean(deviations(trials))))
    axes.text(0, 1.03, "  ".join(told), transform=axes.transAxes, color=FAINT, fontsize=9)


def millimetres(metres: float) -> str:
    """A signed deviation for people to read."""
    return f"{round(1000 * metres, 1) + 0.0:+.1f} mm".replace("-", "\N{MINUS SIGN}") if np.isfinite(metres) else "no movement"
