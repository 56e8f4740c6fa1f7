"""How Q-learning learned: steps per episode, smoothed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from reach_gym.figures.style import COLORS, DPI, FAINT, INK, RULE, layout


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
