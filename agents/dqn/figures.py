"""Figures of the deep Q-network: how it learned, and its steps beside the least possible (Sun & Plitt, Figure 4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, PercentFormatter

from reach_gym.evaluation import Evaluation
from reach_gym.figures.style import COLORS, DPI, FAINT, INK, TARGET, headline, layout, tidy

_BLUE, _GREEN = COLORS[0], COLORS[2]


def learning(history: Mapping[str, Sequence[float]], title: str) -> Figure:
    """Success, steps and reward radius of the training episodes.

    Args:
        history: `agents.dqn.learner.DQN.history`.
        title: Headline.
    """
    figure = Figure(figsize=(8, 5), dpi=DPI, layout=layout())
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    steps = np.array(history["step"]) / 1000
    above.plot(steps, history["success"], color=_BLUE, linewidth=2.2)
    above.set(ylabel="episodes that hit", ylim=(-0.02, 1.02))
    above.yaxis.set_major_formatter(PercentFormatter(1.0))
    radius = below.twinx()
    radius.step(steps, history["radius"], where="post", color=TARGET, linewidth=1.6)
    radius.set_ylabel("radius (squares)", color=TARGET)
    radius.set_ylim(-0.05, 1.05 * max(1.0, *history["radius"], 1.0))
    radius.spines[["top", "left"]].set_visible(False)
    radius.tick_params(labelcolor=FAINT, color=FAINT)
    below.plot(steps, history["length"], color=_GREEN, linewidth=2.2)
    below.set(ylabel="steps per episode", xlabel="steps learned (thousands)", ylim=(0, None))
    below.yaxis.label.set_color(_GREEN)
    for axes in (above, below):
        tidy(axes)
    headline(figure, title, "While learning, with random actions among the greedy ones.")
    return figure


def steps(evaluations: Mapping[str, Evaluation]) -> Figure:
    """The agent's steps over the least possible, one panel per task; every disc stands for the pairs of that kind.

    Args:
        evaluations: By the name of the task. What did not hit stands at the time limit.
    """
    figure = Figure(figsize=(0.6 + 4.4 * len(evaluations), 4.9), dpi=DPI, layout=layout())
    for axes, (name, each) in zip(figure.subplots(1, len(evaluations), squeeze=False)[0], evaluations.items(), strict=True):
        kinds, counts = np.unique(np.stack([each.ideal_steps, each.steps], axis=1), axis=0, return_counts=True)
        ideal, mine = kinds.T
        top = float(each.ideal_steps.max())
        axes.plot([0, top + 1], [0, top + 1], color=FAINT, linewidth=1.2, zorder=1)
        axes.scatter(ideal, mine, 6 + 110 * np.sqrt(counts / counts.max()), color=_BLUE, alpha=0.75, linewidth=0, zorder=2)
        axes.set(xlabel="least possible steps", ylabel="steps of the agent", xlim=(0, top + 1))
        if mine.max() > 3 * top:
            axes.set_yscale("symlog", linthresh=3 * top)
            axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0f}"))
        tidy(axes)
        summary = each.summary()
        note = f"{each.success.sum():,} of {each.success.size:,} hit, {summary['optimal']:.1%} in the fewest steps"
        axes.set_title(f"{name}\n", loc="left", color=INK, fontsize=13, fontweight="bold")
        axes.text(0, 1.02, note, transform=axes.transAxes, color=FAINT, fontsize=10)
    return figure
