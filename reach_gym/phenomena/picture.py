"""The figure of a scorecard: one panel per phenomenon, every agent with its interval beside what people do."""

from __future__ import annotations

import textwrap

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from reach_gym.figures.style import DPI, FAINT, INK, RULE, layout, look, tidy, wrapped
from reach_gym.phenomena.record import NOTHING, SHOWN, Phenomenon
from reach_gym.phenomena.scorecard import SKIPPED, Scorecard

_COLUMNS = 5
_HUMAN = "#f0c050"
_NAME = 22  # letters of an agent's name


def picture(card: Scorecard) -> Figure:
    """Draws a scorecard.

    A filled marker is an effect that is shown, an open one one that is not. The dashed line is the least effect that counts; the
    band and the thick line in it are people's spread and number, where there is one.
    """
    rows, columns = wrapped(len(card.phenomena), _COLUMNS)
    height = 0.75 + 0.22 * len(card.agents)
    figure = Figure(figsize=(2.1 + 2.5 * columns, 0.6 + height * rows), dpi=DPI, layout=layout())
    grid = figure.subplots(rows, columns, squeeze=False)
    for axes in grid.flat[len(card.phenomena) :]:
        axes.set_axis_off()
    for place, (axes, name) in enumerate(zip(grid.flat, card.phenomena, strict=False)):
        _panel(axes, card, name, place % columns == 0)
    handles = [
        Line2D([], [], color=INK, marker="o", label="shown"),
        Line2D([], [], color=INK, marker="o", markerfacecolor="white", label="not shown, or open"),
        Line2D([], [], color=FAINT, linestyle="--", label="least effect that counts"),
        Patch(color=_HUMAN, alpha=0.45, label="people"),
    ]
    figure.legend(handles=handles, loc="outside lower left", ncols=4, frameon=False, labelcolor=INK, fontsize=9)
    return figure


def _panel(axes: Axes, card: Scorecard, name: str, labelled: bool) -> None:
    phenomenon = card.phenomena[name]
    tidy(axes)
    axes.axvline(phenomenon.least, color=FAINT, linestyle="--", linewidth=1)
    axes.axvline(0.0, color=RULE, linewidth=1)
    _people(axes, phenomenon)
    for place, agent in enumerate(card.agents):
        cell = card.cells[name, agent]
        color = look(place).color
        if cell.verdict == NOTHING:
            told = "not run" if cell.how == SKIPPED else "no value"
            axes.annotate(told, (0.02, place), xycoords=("axes fraction", "data"), color=FAINT, fontsize=7, va="center")
            continue
        axes.plot([cell.low, cell.high], [place, place], color=color, linewidth=2)
        fill = color if cell.verdict == SHOWN else "white"
        axes.plot([cell.value], [place], marker="o", color=color, markerfacecolor=fill, markersize=5)
    axes.set_ylim(len(card.agents) - 0.4, -0.6)
    names = [agent if len(agent) <= _NAME else f"…{agent[1 - _NAME :]}" for agent in card.agents]
    axes.set_yticks(range(len(names)), names if labelled else [""] * len(names), fontsize=8, color=INK)
    for label in axes.get_yticklabels():
        label.set_parse_math(False)  # a name is no formula
    title = textwrap.fill(phenomenon.title + (" (contested)" if phenomenon.contested else ""), 34, break_on_hyphens=False)
    axes.set_title(title, fontsize=8.5, color=INK, loc="left")
    axes.set_xlabel(phenomenon.unit, fontsize=7.5, color=FAINT)
    axes.tick_params(axis="x", labelsize=7.5)
    axes.xaxis.set_major_locator(MaxNLocator(4))


def _people(axes: Axes, phenomenon: Phenomenon) -> None:
    human = phenomenon.human
    if human.low is not None and human.high is not None:
        axes.axvspan(human.low, human.high, color=_HUMAN, alpha=0.45, linewidth=0)
    if human.value is not None:
        axes.axvline(human.value, color=_HUMAN, linewidth=2.5)
