"""Paths from the start to the targets, condition by condition."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from matplotlib.ticker import MultipleLocator

from reach_gym import checks, measures
from reach_gym.figures.style import DPI, FAINT, INK, RULE, TARGET, headline, layout, wrapped
from reach_gym.recording import Recording
from reach_gym.recording.conditions import SHOWN, Condition, conditions, mean

Floats = npt.NDArray[np.float64]

CALM, FELT, SURPRISED = "#4d4d4d", "#0072b2", "#d55e00"  # as in COLORS: no field, the field, and no field by surprise
SIGN = "numbers: mean of the largest deviations from the straight line, positive to the left of it"
_COLUMNS = 8
_RADIUS = 0.01  # m, of targets whose size nobody said


class Paths(NamedTuple):
    """Paths as plain arrays, in metres.

    Attributes:
        path: (n, T, 2), NaN after a trial's end.
        start: (n, 2) or (2,).
        target: (n, 2) or (2,).
        radius: Of the targets.
    """

    path: Any
    start: Any
    target: Any
    radius: float = _RADIUS


@dataclass(frozen=True)
class Panel:
    """Paths to be drawn together.

    Attributes:
        title: The condition; panels of one title stand in one column.
        recording: The trials, as a recording or as `Paths`.
        color: Of the paths.
        note: What else to say about them; the mean deviation is added.
    """

    title: str
    recording: Recording | Paths
    color: str = CALM
    note: str = ""


class _Drawn(NamedTuple):
    """A panel's numbers: whose path it is (a word where hand and cursor differ), and one deviation per trial in m."""

    path: Floats
    start: Floats
    target: Floats
    radius: float
    deviation: Floats
    whose: str
    reach: float


def panels(recording: Recording, count: int = SHOWN) -> list[Panel]:
    """One panel per condition of a session (`reach_gym.recording.conditions`), with its last `count` trials."""
    return [Panel(each.name, _some(recording, each, count), color_of(each)) for each in conditions(recording, count)]


def _some(recording: Recording, condition: Condition, count: int) -> Recording:
    mask = condition.mask.copy()
    mask[np.flatnonzero(mask)[:-count]] = False
    return recording.subset(mask)


def color_of(condition: Condition) -> str:
    """Whether the field was on, off, or off by surprise."""
    return FELT if condition.perturbed else SURPRISED if condition.surprising else CALM


def hand_paths(rows: Mapping[str, Sequence[Panel]], title: str = "", note: str = "", of: str = "cursor") -> Figure:
    """Paths from the start to the targets: one row of panels per subject, one column per condition.

    The number in a panel is the mean of the largest deviations of the very paths that are drawn, positive to the left.

    Args:
        rows: The panels of each subject, at least one in all; a name may be empty.
        title: Headline, if there is to be one.
        note: Line at the bottom, such as `SIGN`.
        of: Whose paths of recordings: ``"cursor"``, by which the trials are judged, or ``"hand"``. They differ only under a
            visuomotor rotation, and then the panel says whose they are.

    Raises:
        TypeError: `of` is no string, or `Paths` hold no numbers.
        ValueError: There is no panel, `of` is neither, or `Paths` are of another shape.
    """
    checks.choice("of", of, ("cursor", "hand"))
    titles = list(dict.fromkeys(panel.title for row in rows.values() for panel in row))
    if not titles:
        raise ValueError("`rows` must hold at least one panel.")
    lines, columns = wrapped(len(titles), _COLUMNS)  # of one subject
    words = (0.45 if title else 0.0) + (0.2 * len(note.splitlines()) + 0.15 if note else 0.0)
    size = 0.8 + 2.35 * columns, 0.6 + 2.5 * lines * len(rows) + words
    figure = Figure(figsize=size, dpi=DPI, layout=layout())
    grid = figure.subplots(lines * len(rows), columns, sharex=True, sharey=True, squeeze=False)
    for first, (name, row) in enumerate(rows.items()):
        mine = grid[first * lines : (first + 1) * lines]
        by_title = {panel.title: panel for panel in row}
        for axes, column in itertools.zip_longest(mine.flat, titles):
            if column in by_title:
                _paths(axes, by_title[column], of)
            else:
                axes.set_axis_off()
        _name(mine[:, 0].tolist(), name)
    for axes in grid[-1]:
        axes.set_xlabel("x (cm)", color=INK)
    headline(figure, title, note)
    return figure


def _name(left: Sequence[Axes], name: str) -> None:
    for axes in left:
        axes.set_ylabel("y (cm)", color=INK)
    if name:
        axes = left[0]
        look: dict[str, Any] = {
            "rotation": 90,
            "va": "center",
            "ha": "center",
            "color": INK,
            "fontsize": 13,
            "fontweight": "bold",
        }
        axes.text(-0.5, 0.5, name, transform=axes.transAxes, parse_math=False, **look)


def _drawn(trials: Recording | Paths, of: str) -> _Drawn:
    if isinstance(trials, Recording):
        path = trials.cursor if of == "cursor" else trials.hand
        off = np.where(trials.in_channel, np.nan, trials.measures(of)["max_deviation"])
        whose = "" if np.array_equal(trials.cursor, trials.hand, equal_nan=True) else of
        radius = float(trials.metadata.get("radius", 0.0))
        # An animal's workspace is not known: as many whole centimetres as hold its reaches.
        reach = float(trials.metadata.get("workspace") or 0.02 * np.ceil(_reach(path, trials.target, radius) / 0.02))
        return _Drawn(path, trials.start, trials.target, radius, off, whose, reach)
    aside = measures.deviation(trials.path, trials.start, trials.target)
    path = np.asarray(trials.path, np.float64)
    if path.ndim != 3:
        raise ValueError(f"`path` must be of shape (n, T, 2), got {path.shape}.")
    largest = np.where(np.isfinite(aside), np.abs(aside), -1.0).argmax(axis=1)
    start, target = (np.broadcast_to(np.asarray(each, np.float64), (len(path), 2)) for each in (trials.start, trials.target))
    reach = _reach(path, target, trials.radius)
    return _Drawn(path, start, target, trials.radius, np.take_along_axis(aside, largest[:, None], 1)[:, 0], "", reach)


def _reach(path: Floats, target: Floats, radius: float) -> float:
    """Half of a workspace, m, that holds paths and targets."""
    return (max(float(np.abs(each).max(initial=0.0, where=np.isfinite(each))) for each in (path, target)) + radius) / 1.3


def _paths(axes: Axes, panel: Panel, of: str) -> None:
    drawn = _drawn(panel.recording, of)
    reach = 130 * drawn.reach  # cm, with room for the targets and the detours around them
    axes.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MultipleLocator(reach / 2.6))
        axis.set_tick_params(length=2, color=FAINT, labelcolor=FAINT, labelsize=9)
    for spine in axes.spines.values():
        spine.set_color(RULE)
    for x, y in np.unique(100 * drawn.target.round(9), axis=0):
        disc = Circle((x, y), 100 * drawn.radius, facecolor=TARGET, edgecolor=TARGET, alpha=0.3, linewidth=0, zorder=1)
        axes.add_patch(disc)
    for way in 100 * drawn.path:
        axes.plot(*way.T, color=panel.color, linewidth=1.1, alpha=0.85, solid_joinstyle="round", zorder=3)
    axes.plot(*100 * drawn.start.T, "o", color="white", markeredgecolor=INK, markersize=4.5, zorder=4)
    axes.set_title(panel.title, loc="left", color=panel.color, fontsize=11, fontweight="bold", pad=18)
    told = [each for each in (panel.note, f"{drawn.whose}:" if drawn.whose else "") if each]
    axes.text(0, 1.03, "  ".join([*told, millimetres(mean(drawn.deviation))]), transform=axes.transAxes, color=FAINT, fontsize=9)


def millimetres(metres: float) -> str:
    """A signed deviation for people to read."""
    return f"{round(1000 * metres, 1) + 0.0:+.1f} mm".replace("-", "\N{MINUS SIGN}") if np.isfinite(metres) else "no movement"
