"""What all figures here share: colours, the looks of subjects, arrangement, headlines and legends.

They use Matplotlib's objects, never pyplot: no window, no global state.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D

INK, FAINT, RULE = "#212c42", "#7c8798", "#e5e8ed"
FIELD, TARGET = "#4285d6", "#de5424"
# Okabe & Ito's palette, told apart with colour blindness too; without its yellow, which is pale on white.
COLORS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#4d4d4d")
# Four and seven have no common divisor: the first 28 subjects have a pair of style and colour each of their own.
DASHES: tuple[Any, ...] = ("-", (0, (4, 1.5)), (0, (1.2, 1.2)), (0, (6, 1.4, 1.2, 1.4)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<")
DPI = 150
LATERAL = "largest deviation (mm)\n\N{LEFTWARDS ARROW} right      left \N{RIGHTWARDS ARROW}"


class Look(NamedTuple):
    """How one subject or group is drawn, in all figures alike: its colour, its line style and its marker."""

    color: str
    dashes: Any
    marker: str


def look(place: int) -> Look:
    """The look of the subject at this `place` of a figure, from 0."""
    return Look(COLORS[place % len(COLORS)], DASHES[place % len(DASHES)], MARKERS[place % len(MARKERS)])


def layout() -> ConstrainedLayoutEngine:
    """The arrangement of all figures of this package: nothing overlaps, and a little room is left around."""
    return ConstrainedLayoutEngine(h_pad=0.12, w_pad=0.12)  # inches of free border


def tidy(axes: Axes) -> None:
    """The look of axes with numbers: light lines, no box."""
    axes.grid(color=RULE, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(which="both", labelcolor=FAINT, color=FAINT)


def headline(figure: Figure, title: str, note: str) -> None:
    """Writes the title over the whole figure and the note under it; empty ones take no room."""
    if title:
        figure.suptitle(title, x=0.01, ha="left", color=INK, fontsize=14, fontweight="bold")
    if note:
        figure.supxlabel(note, x=0.01, ha="left", color=FAINT, fontsize=9)


def symbol(label: str, marker: str) -> Line2D:
    """The entry of a legend that explains a marker."""
    return Line2D([], [], color=FAINT, marker=marker, linestyle="", markersize=5.5, label=label)


def wrapped(panels: int, most: int) -> tuple[int, int]:
    """Rows and columns for so many panels, with at most `most` in a row, so that a long session stays on a page."""
    columns = max(1, min(panels, most))
    return max(1, math.ceil(panels / columns)), columns


def legend(figure: Figure, names: Sequence[str], more: Sequence[Artist] = (), markers: bool = False, lines: bool = True) -> None:
    """The names of the subjects with their looks, and what else is to be explained, right of the figure.

    Names without a letter are left out, and so is a legend without an entry.

    Args:
        figure: The figure.
        names: In the order of their places.
        more: Further entries.
        markers: Whether the subjects have markers.
        lines: Whether they have lines.
    """
    handles: list[Artist] = []
    for place, name in enumerate(names):
        if name:
            color, dashes, marker = look(place)
            shown: dict[str, Any] = {"linestyle": dashes if lines else "", "marker": marker if markers else ""}
            handles.append(Line2D([], [], color=color, linewidth=2, label=name, **shown))
    if handles or more:
        told = figure.legend(
            handles=[*handles, *more], loc="outside right upper", frameon=False, labelcolor=INK, fontsize=10, handlelength=2.8
        )
        for text in told.get_texts():
            text.set_parse_math(False)  # a name is no formula
