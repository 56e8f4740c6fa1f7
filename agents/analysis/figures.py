"""Figures: learning curves, and the ways a trained agent takes (Sun & Plitt, Figure 4 left).

They use Matplotlib's objects and its Agg renderer, never pyplot: no window, no global state.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patches import Circle, Rectangle
from matplotlib.ticker import FuncFormatter, LogLocator, MultipleLocator, NullFormatter

from reach_gym import fields, files
from reach_gym.rendering import GridScene
from reach_gym.rendering.field_marks import region_squares

INK, FAINT, RULE = "#212c42", "#7c8798", "#e5e8ed"
FIELD, TARGET = "#4285d6", "#de5424"
# Okabe & Ito's palette, told apart with colour blindness too; without its yellow, which is pale on white.
COLORS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#4d4d4d")
DPI = 150
_ARROWS: dict[str, Any] = {
    "pivot": "mid",
    "angles": "xy",
    "scale_units": "xy",
    "scale": 1,
    "zorder": 1,
    "width": 0.0045,
    "headwidth": 4.5,
    "headlength": 5,
    "headaxislength": 4.5,
}


@dataclass(frozen=True)
class Curve:
    """One learning curve.

    Attributes:
        label: Name of the task.
        steps: Steps of every episode.
        ideal: Mean of the fewest steps over all starts.
    """

    label: str
    steps: Sequence[int]
    ideal: float


@dataclass(frozen=True)
class Panel:
    """The ways of one agent in one task.

    Attributes:
        title: Headline.
        scenes: The last scene of one episode per start; all on the same grid with the same target.
    """

    title: str
    scenes: Sequence[GridScene]


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
    """Writes the title over the whole figure and the note under it."""
    figure.suptitle(title, x=0.01, ha="left", color=INK, fontsize=14, fontweight="bold")
    if note:
        figure.supxlabel(note, x=0.01, ha="left", color=FAINT, fontsize=9)


def save(figure: Figure, path: Path) -> None:
    """Writes `figure` as PNG."""
    data = io.BytesIO()
    FigureCanvasAgg(figure)  # attaches itself to the figure
    figure.savefig(data, format="png")
    files.write(path, data.getvalue())


def smooth(values: Sequence[float], window: int = 50) -> npt.NDArray[np.float64]:
    """Running means for a logarithmic axis.

    Args:
        values: One value per episode.
        window: Episodes that a mean covers at first; later it is the last tenth of all episodes.

    Returns:
        For each episode the mean of the values up to it, float64 (len(values),).
    """
    sums = np.concatenate([[0.0], np.cumsum(np.asarray(values, np.float64))])
    ends = np.arange(1, len(sums))
    begins = np.maximum(ends - np.maximum(window, ends // 10), 0)
    return np.asarray((sums[ends] - sums[begins]) / (ends - begins))


def learning_curve(curves: Sequence[Curve], epsilon: float) -> Figure:
    """Steps per episode while learning, smoothed, with the ideal mean as a dashed line.

    Args:
        curves: One curve per task.
        epsilon: Share of random actions while learning: why the curves stay above the dashed lines.
    """
    figure = Figure(figsize=(8, 4.5), dpi=DPI, layout=layout())
    axes = figure.add_subplot()
    highest = max(curve.ideal for curve in curves)
    for curve, color in zip(curves, COLORS, strict=False):
        episodes = np.arange(1, len(curve.steps) + 1)
        axes.plot(episodes, smooth(curve.steps), color=color, linewidth=2.4, label=curve.label)
        axes.axhline(curve.ideal, color=color, linestyle=(0, (5, 3)), linewidth=1.4)
        axes.annotate(
            f"ideal {curve.ideal:.2f}",
            *((1.0, curve.ideal), (6, 0), ("axes fraction", "data"), "offset points"),
            color=color,
            # The lowest line has its label below, so that the labels of two close lines do not overlap.
            va="center_baseline" if len(curves) == 1 else "bottom" if curve.ideal == highest else "top",
            annotation_clip=False,
        )
    axes.set(xscale="log", yscale="log", xlabel="episode", ylabel="steps per episode")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
        axis.set_minor_formatter(NullFormatter())
    axes.set_xlim(1, max([2, *(len(curve.steps) for curve in curves)]))
    axes.set_ylim(bottom=max(1.0, 0.7 * min(curve.ideal for curve in curves)))
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.grid(color=RULE)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, labelcolor=INK)
    axes.set_title("Q-learning learns the reach", loc="left", color=INK, fontsize=14, fontweight="bold")
    window = "mean of the last 50 episodes, later of the last tenth"
    note = f"{window}; {epsilon:.0%} of the actions are random while learning"
    figure.supxlabel(note, x=0.01, ha="left", color=FAINT, fontsize=9)
    return figure


def trajectories(panels: Sequence[Panel]) -> Figure:
    """The ways of trained agents, one panel per task side by side.

    Args:
        panels: At least one; each with at least one scene.
    """
    figure = Figure(figsize=(0.6 + 5.2 * len(panels), 6.1), dpi=DPI, layout=layout())
    for axes, panel in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        _board(axes, panel.scenes[0])
        for k, scene in enumerate(panel.scenes):
            _way(axes, scene, COLORS[k % len(COLORS)], k - (len(panel.scenes) - 1) / 2, len(panel.scenes))
        steps, ideal = (np.mean([getattr(scene, name) for scene in panel.scenes]) for name in ("step", "ideal_steps"))
        axes.text(0, 1.07, panel.title, transform=axes.transAxes, color=INK, fontsize=14, fontweight="bold")
        note = f"{len(panel.scenes)} starts: {steps:.2f} steps on average, ideal {ideal:.2f}"
        axes.text(0, 1.02, note, transform=axes.transAxes, color=FAINT, fontsize=10)
    return figure


def _board(axes: Axes, scene: GridScene) -> None:
    last = scene.size - 1
    axes.set(xlim=(-0.5, last + 0.5), ylim=(-0.5, last + 0.5), aspect="equal", xlabel="x", ylabel="y")
    spacing = max(1, scene.size // 10)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MultipleLocator(spacing))
        axis.set_tick_params(length=0, labelcolor=FAINT)
    for i in range(last):
        axes.axhline(i + 0.5, color=RULE, linewidth=0.8, zorder=0)
        axes.axvline(i + 0.5, color=RULE, linewidth=0.8, zorder=0)
    for spine in axes.spines.values():
        spine.set_color("#b2bac5")
    _field(axes, scene)
    x, y = scene.target
    axes.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, color=TARGET, alpha=0.25, linewidth=0, zorder=1))
    if scene.radius > 0:
        axes.add_patch(Circle((x, y), scene.radius, fill=False, edgecolor=TARGET, linewidth=1.4, zorder=1))
    for radius, color in ((0.36, TARGET), (0.25, "white"), (0.14, TARGET)):
        axes.add_patch(Circle((x, y), radius, color=color, linewidth=0, zorder=6))


def _field(axes: Axes, scene: GridScene) -> None:
    """Shades where the field acts, with an arrow per square for its push."""
    region = region_squares(scene.size, scene.field)
    if region is None:
        return
    x0, y0, x1, y1 = region
    axes.add_patch(Rectangle((x0 - 0.5, y0 - 0.5), x1 - x0 + 1, y1 - y0 + 1, color=FIELD, alpha=0.13, linewidth=0, zorder=0))
    x, y = (grid.ravel().astype(float) for grid in np.meshgrid(np.arange(x0, x1 + 1), np.arange(y0, y1 + 1)))
    fx, fy = (np.broadcast_to(part, x.shape) for part in fields.force(scene.field, x, y, 0.0 * x, 0.0 * y))
    top = float(np.hypot(fx, fy).max())
    if top > 0:
        axes.quiver(
            *(x, y, 0.5 * fx / top, 0.5 * fy / top),
            color=FIELD,
            alpha=0.38,
            **_ARROWS,
        )


def _way(axes: Axes, scene: GridScene, color: str, lane: float, lanes: int) -> None:
    """One way; ways keep to lanes of their own inside the squares, so that none hides another."""
    # No move runs in this direction, so lanes stay apart on every way.
    shift = 0.48 * lane / max(lanes - 1, 1) * np.array([0.38, 0.92])
    x, y = (np.array(scene.trail, float) + shift).T
    x[0], y[0] = scene.trail[0]
    axes.plot(x, y, "-", color=color, linewidth=2.2, solid_joinstyle="round", zorder=4)
    axes.plot(x[1:-1], y[1:-1], "o", color=color, markersize=4, zorder=4)
    axes.plot(x[:1], y[:1], "o", color="white", markeredgecolor=color, markeredgewidth=2.4, markersize=10, zorder=5)
