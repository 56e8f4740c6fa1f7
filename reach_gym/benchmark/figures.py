"""The figures of a report, as SVG that takes its colours from the page: one file for light and dark screens.

They use Matplotlib's objects, never pyplot: no window, no global state. The same results give the same bytes.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

INK, FAINT, RULE, FIELD = "#010101", "#020202", "#030303", "#040404"  # stand-ins for the page's colours
_SERIES = [f"#1000{i:02x}" for i in range(8)]  # likewise, one per agent
_DASHES: list[Any] = ["-", (0, (5, 2)), (0, (1, 1.5)), (0, (6, 2, 1, 2))]  # for more agents than colours
_NAME = 26  # letters of an agent's name beside an axis
_SIZE = (4.3, 3.0)  # inches; narrow, so that the text can be read on a phone
_RC: dict[Any, Any] = {"svg.fonttype": "none", "svg.hashsalt": "reach_gym", "font.size": 9.0, "text.color": INK}
_PAGE = {INK: "ink", FAINT: "faint", RULE: "rule", FIELD: "field", **{color: f"c{i}" for i, color in enumerate(_SERIES)}}

Summary = Mapping[str, Any]
Courses = Sequence[Mapping[str, Any]]


def color_of(place: int) -> str:
    """The page's name for the colour of the agent at this `place`."""
    return f"c{place % len(_SERIES)}"


def _look(place: int) -> dict[str, Any]:
    return {"color": _SERIES[place % len(_SERIES)], "linestyle": _DASHES[place // len(_SERIES) % len(_DASHES)]}


def _axes(height: float = _SIZE[1]) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(_SIZE[0], height), layout=ConstrainedLayoutEngine(h_pad=0.06, w_pad=0.06))
    axes = figure.add_subplot()
    _tidy(axes)
    return figure, axes


def _tidy(axes: Axes) -> None:
    axes.patch.set_visible(False)
    axes.grid(color=RULE, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    for spine in axes.spines.values():
        spine.set_color(FAINT)
    axes.tick_params(color=FAINT, labelcolor=FAINT)
    for axis in (axes.xaxis, axes.yaxis):
        axis.label.set_color(INK)


def _svg(figure: Figure, told: str) -> str:
    """The figure as an element of the page; `told` says what can be seen."""
    data = io.StringIO()
    figure.patch.set_visible(False)
    FigureCanvasSVG(figure)
    with matplotlib.rc_context(_RC), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph", UserWarning)  # the page draws the text, with fonts of its own
        figure.savefig(data, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    text = data.getvalue()
    text = text[text.index("<svg") :]
    for color, name in _PAGE.items():
        text = text.replace(color, f"var(--{name})")
    # The size is the page's affair; names of fonts, too.
    text = re.sub(
        r'<svg [^>]*?viewBox="([^"]*)"[^>]*>', rf'<svg role="img" aria-label="{escape(told)}" viewBox="\1">', text, count=1
    )
    return re.sub(r"font-family: [^;\"]*", "font-family: system-ui, sans-serif", text)


def intervals(summary: Summary, group: str, agents: Sequence[str]) -> str:
    """The interquartile means of a group of tasks with their intervals."""
    found = {agent: each for agent in agents if (each := summary["aggregates"][group][agent]) is not None}
    with matplotlib.rc_context(_RC):
        figure, axes = _axes(0.9 + 0.3 * len(found))
        for y, (agent, each) in enumerate(found.items()):
            color = _look(agents.index(agent))["color"]
            axes.plot([each["low"], each["high"]], [y, y], color=color, linewidth=5, alpha=0.45, solid_capstyle="butt")
            axes.plot([each["iqm"]], [y], "o", color=color, markersize=6)
        axes.set_yticks(range(len(found)), [_short(agent) for agent in found], color=INK)
        for label in axes.get_yticklabels():
            label.set_parse_math(False)  # a name is no formula
        axes.set_ylim(len(found) - 0.4, -0.6)
        axes.axvline(0, color=FAINT, linewidth=0.8)
        axes.axvline(1, color=FAINT, linewidth=0.8)
        axes.set_xlabel(f"score, {group}: interquartile mean")
    return _svg(figure, f"Interquartile mean of the scores of each agent, {group}")


def _short(name: str) -> str:
    """The end of a long name, which in a path says most."""
    return name if len(name) <= _NAME else f"\N{HORIZONTAL ELLIPSIS}{name[1 - _NAME :]}"


def profiles(summary: Summary, group: str, agents: Sequence[str]) -> str:
    """The performance profiles of a group of tasks."""
    thresholds = summary["thresholds"][group]
    with matplotlib.rc_context(_RC):
        figure, axes = _axes()
        for agent, each in ((agent, summary["profiles"][group].get(agent)) for agent in agents):
            if each is not None:
                look = _look(agents.index(agent))
                axes.fill_between(thresholds, each["low"], each["high"], color=look["color"], alpha=0.15, linewidth=0, step="mid")
                axes.plot(thresholds, each["share"], linewidth=1.8, drawstyle="steps-mid", **look)
        axes.set(xlabel="score \N{GREEK SMALL LETTER TAU}", xlim=(thresholds[0], thresholds[-1]), ylim=(-0.03, 1.03))
        axes.set_ylabel(f"share of runs above \N{GREEK SMALL LETTER TAU}, {group}")
    return _svg(figure, f"Performance profiles, {group}")


def learning_curves(courses: Mapping[str, Courses], agents: Sequence[str]) -> str:
    """The deviation of every field trial, averaged over the seeds, smoothed lightly, and the yardsticks' as thin lines."""
    with matplotlib.rc_context(_RC):
        figure, axes = _axes()
        _blocks(axes, next(iter(courses.values())))
        for agent, seeds in courses.items():
            mean = _mean_over_seeds(seeds, "deviation_mm", absolute=True)
            yard = agent not in agents
            look: dict[str, Any] = {"color": FAINT, "linestyle": (0, (2, 2))} if yard else _look(agents.index(agent))
            for block in _blocks_of(seeds):
                known = block[np.isfinite(mean[block])]
                axes.plot(known + 1, _smooth(mean[known]), linewidth=1.0 if yard else 1.6, **look)
            if yard:
                axes.annotate(
                    agent, (known[-1] + 1, mean[known[-1]]), (3, 0), textcoords="offset points", color=FAINT, fontsize=7
                )
        axes.set(xlabel="trial", ylabel="largest deviation (mm)")
        axes.set_ylim(bottom=0)
    return _svg(figure, "Learning curves: largest deviation by trial")


def adaptation_curves(courses: Mapping[str, Courses], agents: Sequence[str]) -> str:
    """What the hand makes up for in channel trials, and the fitted two-state model."""
    with matplotlib.rc_context(_RC):
        figure, axes = _axes()
        _blocks(axes, next(iter(courses.values())))
        for agent in (agent for agent in agents if agent in courses):
            look = _look(agents.index(agent))
            mean, model = (_mean_over_seeds(courses[agent], name) for name in ("adaptation", "two_state"))
            axes.plot(np.arange(len(mean)) + 1, mean, "o", color=look["color"], markersize=2.6, alpha=0.75, markeredgewidth=0)
            axes.plot(np.arange(len(model)) + 1, model, linewidth=1.4, **look)
        for full in (-1, 1):
            axes.axhline(full, color=FAINT, linewidth=0.8)
        axes.set(xlabel="trial", ylabel="share of the field's force")
    return _svg(figure, "Adaptation in channel trials with the fitted two-state model")


def _blocks(axes: Axes, seeds: Courses) -> None:
    """Shades the blocks with the field, and names every block."""
    blocks = _blocks_of(seeds)
    for block in blocks:
        if np.array(seeds[0]["plain"])[block].any():
            axes.axvspan(block[0] + 0.5, block[-1] + 1.5, color=FIELD, alpha=0.14, linewidth=0)
        place, name = (block.mean() + 1, 1.0), seeds[0]["block"][block[0]]
        axes.annotate(name, place, (0, 3), ("data", "axes fraction"), "offset points", ha="center", color=FAINT, fontsize=6.2)
    axes.set_xlim(0.5, blocks[-1][-1] + 1.5)


def _blocks_of(seeds: Courses) -> list[np.ndarray[Any, np.dtype[np.int64]]]:
    """The numbers of each block's trials, from 0."""
    names = np.array(seeds[0]["block"])
    return np.split(np.arange(len(names)), np.flatnonzero(names[1:] != names[:-1]) + 1)


def _mean_over_seeds(seeds: Courses, name: str, absolute: bool = False) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The mean (trials,) of the seeds that have a number for a trial; NaN where none has. Catch trials are left out."""
    values = np.array([each[name] for each in seeds], float)
    values = np.abs(values) if absolute else values
    known = np.isfinite(values) & ~np.array([each["caught"] for each in seeds])
    return np.asarray(np.where(known, values, 0.0).sum(axis=0) / np.where(known.any(axis=0), known.sum(axis=0), np.nan))


def _smooth(values: np.ndarray[Any, np.dtype[np.float64]], width: int = 3) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Running means over up to `width` values on either side; few, so that the change of a block stays sharp."""
    half = width // 2
    return np.array([values[max(0, i - half) : i + half + 1].mean() for i in range(len(values))])


def paths(trials: Sequence[Mapping[str, Any]], color: str, told: str) -> str:
    """The cursor's paths of some trials to their targets: 24 cm on a side, or the whole grid."""
    size = trials[0].get("size")
    # To units of which 240 make a side, y upwards.
    scale, shift, radius = (1000.0, 120.0, 10.0) if size is None else (240.0 / size, 120.0 / size, 96.0 / size)

    def place(point: Sequence[float]) -> tuple[str, str]:
        return f"{scale * point[0] + shift:.0f}", f"{240 - scale * point[1] - shift:.0f}"

    lines, marks = [], []
    for trial in trials:
        (x, y), *_ = map(place, [trial["target"]])
        marks.append(f'<circle class="target" cx="{x}" cy="{y}" r="{radius:.0f}"/>')
        points = [place(point) for point in trial["path"]]
        if not points:  # a trial that was broken off before the go cue
            continue
        marks.append(f'<circle class="start" cx="{points[0][0]}" cy="{points[0][1]}" r="3.5"/>')
        lines.append(f'<polyline points="{" ".join(map(",".join, points))}" style="stroke: var(--{color})"/>')
    box = '<rect class="arena" x="1" y="1" width="238" height="238" rx="8"/>'
    drawn = "".join((box, *lines, *marks))
    return f'<svg role="img" aria-label="{escape(told)}" class="paths" viewBox="0 0 240 240">{drawn}</svg>'
