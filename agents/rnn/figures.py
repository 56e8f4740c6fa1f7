"""Figures of recurrent networks: how they learned, what they did with a trial, and what their units did meanwhile.

They use Matplotlib's objects like `reach_gym.figures`, which also saves them.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from agents.rnn.models import PaperNetwork, make_network
from agents.rnn.probe import last_gain, trial_of
from agents.rnn.sessions import CENTER_OUT
from agents.rnn.training import RnnLearner
from reach_gym.figures.hand_paths import CALM, FELT, SIGN, SURPRISED, Panel, hand_paths
from reach_gym.figures.style import COLORS, DPI, FAINT, FIELD, INK, RULE, headline, layout, look, tidy
from reach_gym.neural import Psth, Trajectories
from reach_gym.recording import record

Floats = npt.NDArray[np.float64]
_WINDOW = 10  # updates over which the curves are smoothed, so that the onset of a field stays sharp
_SHOWN = 24  # trials per panel of paths: three per target


def block_edges(probes: Sequence[Mapping[str, Any]]) -> list[tuple[int, int, str, bool]]:
    """First update, end, name and whether there is a field, of each block."""
    ends = np.cumsum([0, *(probe["trials"] for probe in probes)]).tolist()
    return [(ends[i], ends[i + 1], str(probe["name"]), probe["gain"] != 0) for i, probe in enumerate(probes)]


def shade_blocks(axes: Axes, probes: Sequence[Mapping[str, Any]], names: bool) -> None:
    """Shades the blocks, those with a field in its colour, and writes their names above."""
    for first, end, name, felt in block_edges(probes):
        axes.axvspan(first, end, color=FIELD if felt else RULE, alpha=0.14 if felt else 0.35, linewidth=0, zorder=0)
        if names:
            place = ((first + end) / 2, 1.0)
            axes.annotate(name, place, (0, 4), ("data", "axes fraction"), "offset points", ha="center", color=INK, fontsize=9.5)
    axes.set_xlim(0, block_edges(probes)[-1][1])


def smoothed(values: Sequence[float], edges: Sequence[int] = ()) -> Floats:
    """Running means that do not reach across the `edges` of blocks; NaN where nothing was measured."""
    data = np.asarray(values, np.float64)
    result = np.full(len(data), np.nan)
    bounds = [0, *(edge for edge in edges if 0 < edge < len(data)), len(data)]
    for first, end in itertools.pairwise(bounds):
        for k in range(first, end):
            part = data[max(first, k - _WINDOW + 1) : k + 1]
            known = part[np.isfinite(part)]
            result[k] = known.mean() if known.size else np.nan
    return result


def band(axes: Axes, runs: Sequence[Sequence[float]], edges: Sequence[int], color: str, label: str = "") -> None:
    """The mean over `runs` (seeds), smoothed, and the range from the least to the greatest."""
    values = np.stack([smoothed(each, edges) for each in runs])
    update = np.arange(1, values.shape[1] + 1)
    if len(values) > 1:
        axes.fill_between(update, values.min(axis=0), values.max(axis=0), color=color, alpha=0.25, linewidth=0)
    axes.plot(update, values.mean(axis=0), color=color, linewidth=1.5, label=label)


def learning_curves(
    runs: Mapping[str, Sequence[Mapping[str, Sequence[float]]]],
    probes: Sequence[Mapping[str, Any]],
    title: str = "Learning through a field",
    note: str = "",
) -> Figure:
    """Loss, endpoint error and signed deviation of every update's batch, before that update.

    Args:
        runs: The records of `RnnLearner` by label, one per seed, all of one session.
        probes: Its blocks.
        title: Headline.
        note: Line at the bottom.
    """
    figure = Figure(figsize=(9.5, 7.2), dpi=DPI, layout=layout())
    grid = figure.subplots(3, 1, sharex=True)
    told = (
        ("loss", "loss\n(the paper's units)", "log"),
        ("endpoint_mm", "endpoint error\n(mm)", "log"),
        ("deviation_mm", "deviation (mm)\n\N{LEFTWARDS ARROW} right   left \N{RIGHTWARDS ARROW}", "linear"),
    )
    edges = [first for first, *_ in block_edges(probes)]
    for axes, (name, label, scale) in zip(grid, told, strict=True):
        tidy(axes)
        shade_blocks(axes, probes, names=axes is grid[0])
        for color, (run, records) in zip(COLORS, runs.items(), strict=False):
            band(axes, [each[name] for each in records], edges, color, run)
        axes.set_yscale(scale)
        axes.set_ylabel(label, color=INK)
    grid[-1].axhline(0, color=FAINT, linewidth=0.8)
    grid[-1].set_xlabel("update", color=INK)
    if len(runs) > 1:
        grid[-1].legend(loc="upper right", frameon=False, labelcolor=INK, fontsize=9)
    headline(figure, title if len(runs) > 1 else f"{title}: {next(iter(runs))}", note)
    return figure


def paths_of(learner: RnnLearner) -> list[Panel]:
    """Hand paths at the end of every block that is over, and at the start of the next, in the environment."""
    panels = []
    blocks, networks = learner.schedule.blocks, [_network(learner, weights) for weights in learner.snapshots]
    for index, block in enumerate(blocks[: len(networks)]):
        gain, last = block.gain, last_gain(block)
        if index and (gain, block.field) != (last_gain(blocks[index - 1]), blocks[index - 1].field):
            color = FELT if gain else SURPRISED
            panels.append(block_paths(learner, networks[index - 1], index, gain, f"{block.name}, at first", color))
        late = f"{block.name}, {'learned' if last else 'at the end'}" if index else block.name
        panels.append(block_paths(learner, networks[index], index, last, late, FELT if last else CALM))
    return panels


def _network(learner: RnnLearner, weights: Mapping[str, Any]) -> PaperNetwork:
    network = make_network(learner.config, learner.body)
    network.load_state_dict(dict(weights))
    return network.eval()


def block_paths(learner: RnnLearner, network: PaperNetwork, index: int, gain: float, title: str, color: str) -> Panel:
    """What `network` does under the field of block `index` with this `gain`: center-out, unless it has another start."""
    targets = {name: value for name, value in CENTER_OUT.items() if name != "targets" or "start" not in learner.env_kwargs}
    kwargs = {**learner.env_kwargs, **targets, **trial_of(learner.schedule.blocks[index], gain)}
    recording = record(network, learner.env_id, _SHOWN, learner.seed, env_kwargs=kwargs)
    return Panel(title, recording, color)


def phase_paths(panels: Sequence[Panel], title: str) -> Figure:
    """Hand paths phase by phase, in one row."""
    return hand_paths({"": panels}, title, SIGN)


def psth_figure(phases: Mapping[str, Psth], units: Sequence[int], title: str, note: str = "") -> Figure:
    """Mean activity per reach direction of some units, one row per phase (Sun & Plitt, Figure 3A).

    Args:
        phases: The means by phase, at least one.
        units: Which units, one column each.
        title: Headline.
        note: Line at the bottom.
    """
    figure = Figure(figsize=(0.9 + 1.75 * len(units), 0.9 + 1.6 * len(phases)), dpi=DPI, layout=layout())
    grid = figure.subplots(len(phases), len(units), sharex=True, sharey="col", squeeze=False)
    for row, (name, means) in zip(grid, phases.items(), strict=True):
        for axes, unit in zip(row, units, strict=True):
            tidy(axes)
            for place, rate in enumerate(means.rate[:, :, unit]):
                axes.plot(means.time, rate, color=look(place).color, linestyle=look(place).dashes, linewidth=1.1)
            axes.axvline(0, color=INK, linewidth=0.8, linestyle=(0, (3, 2)))
            axes.tick_params(labelsize=8)
        row[0].set_ylabel(name, color=INK, fontsize=10)
    for axes, unit in zip(grid[0], units, strict=True):
        axes.set_title(f"unit {unit}", loc="left", color=INK, fontsize=9.5)
    for axes in grid[-1]:
        axes.set_xlabel("s from go cue", color=INK, fontsize=9)
    _direction_legend(figure, next(iter(phases.values())).direction)
    headline(figure, title, note)
    return figure


def _direction_legend(figure: Figure, directions: Floats) -> None:
    handles = [
        Line2D([], [], color=look(k).color, linestyle=look(k).dashes, linewidth=2, label=f"{np.degrees(d):.0f}\N{DEGREE SIGN}")
        for k, d in enumerate(directions)
    ]
    figure.legend(handles=handles, loc="outside right center", frameon=False, labelcolor=INK, fontsize=9, title="reach to")


def trajectory_figure(phases: Mapping[str, Trajectories], means: Psth, title: str, note: str = "") -> Figure:
    """The population's state along its first two principal components, one panel per phase; a dot marks the go cue.

    Args:
        phases: The paths by phase, at least one.
        means: Has their times and directions.
        title: Headline.
        note: Line at the bottom.
    """
    figure = Figure(figsize=(1.2 + 3.0 * len(phases), 4.0), dpi=DPI, layout=layout())
    grid = figure.subplots(1, len(phases), sharex=True, sharey=True, squeeze=False)[0]
    for axes, (name, each) in zip(grid, phases.items(), strict=True):
        tidy(axes)
        go = int(np.abs(means.time).argmin())
        for place, score in enumerate(each.score):
            axes.plot(*score[:, :2].T, color=look(place).color, linestyle=look(place).dashes, linewidth=1.5)
            axes.plot(*score[go, :2], "o", color=look(place).color, markersize=5)
        axes.set_title(name, loc="left", color=INK, fontsize=11, fontweight="bold")
        axes.set_xlabel(f"component 1 ({each.share[0]:.0%})", color=INK)
        axes.set_ylabel(f"component 2 ({each.share[1]:.0%})", color=INK)
        axes.set_aspect("equal", adjustable="box")
    _direction_legend(figure, means.direction)
    headline(figure, title, note)
    return figure
