"""The paper's Figures 1B-E, 2B-C and 3A, remade."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Rectangle

from agents.rnn.activity import record_network
from agents.rnn.checkpoint import Trained
from agents.rnn.figures import CENTER_OUT, block_edges, learning_curves, psth_figure, shade_blocks, smoothed, trajectory_figure
from agents.rnn.probe import probe_batch
from agents.rnn.training import make_rollout
from benchmarks.paper_facts import PAPER
from benchmarks.paper_runs import BUFFER, CONTROL, CURL, CURL_TASK, STANDARD, TASK
from benchmarks.paper_tables import phase_activity
from reach_gym.figures.hand_paths import CALM, FELT, SIGN, SURPRISED, Panel, hand_paths
from reach_gym.figures.style import COLORS, DPI, FAINT, FIELD, INK, RULE, TARGET, headline, layout, tidy
from reach_gym.neural import MOVEMENT, psth, states_at, trajectories, tuning
from reach_gym.recording import Recording
from reach_gym.sessions.schedule import Block

_PATHS = 24  # trials per panel: three per target
_SHOWN_UNITS = 6
# What is drawn of a session: title, block whose network it is, block whose field it is, colour.
_VIEWS = (
    ("before", 0, 0, CALM),
    ("in the field, at first", 0, 1, FELT),
    ("in the field, learned", 1, 1, FELT),
    ("removed, at first", 1, 2, SURPRISED),
    ("after", 2, 2, CALM),
)


def all_figures(trained: Mapping[str, list[Trained]]) -> dict[str, Figure]:
    """All figures by the name of their file."""
    first = {name: runs[0] for name, runs in trained.items()}
    curves = {f"seed {seed}": run.lists() for seed, run in enumerate(trained[BUFFER])}
    curves |= {"no field, seed 0": first[CONTROL].lists()}
    probes = first[BUFFER].manifest["probes"]
    means = {_PHASE_NAMES[block]: psth(phase_activity(first[BUFFER], TASK, block)) for block in range(3)}
    note = (
        "the field pushes with \N{MINUS SIGN}1 N along x and y where |x| \N{LESS-THAN OR EQUAL TO} 5 cm and y is from 0 to 10 cm"
    )
    return {
        "figure_1": figure_1(trained[STANDARD]),
        "figure_2b": learning_curves(curves, probes, "Figure 2B: the output-buffer model learns through a field", note),
        "figure_2c": hand_paths(
            {"standard": _views(first[STANDARD], TASK), "output buffer": _views(first[BUFFER], TASK)},
            "Figure 2C: both models in the same field, seed 0",
            f"{SIGN}; {note}",
        ),
        "curl_paths": hand_paths(
            {"": _views(first[CURL], CURL_TASK)}, "The output-buffer model in a curl field of 13 N s/m, seed 0", SIGN
        ),
        "figure_3a": psth_figure(
            means,
            _tuned_units(first[BUFFER]),
            "Figure 3A: hidden activity per reach direction",
            "output-buffer model, seed 0; the most deeply tuned units of the GRU; go cue 90 ms after the target",
        ),
        "figure_3_components": trajectory_figure(
            {name: trajectories(each.rate, basis=means[_PHASE_NAMES[0]].rate) for name, each in means.items()},
            means[_PHASE_NAMES[0]],
            "The population's state, from 0.2 s before to 0.5 s after the go cue",
            "principal components of the activity before the field, with their share of each phase's variance; dots: the go cue",
        ),
    }


_PHASE_NAMES = ("before", "in the field", "after")


def _tuned_units(trained: Trained) -> list[int]:
    states = states_at(phase_activity(trained, TASK, 0), MOVEMENT)
    depth = tuning(states.rate, states.direction).depth
    return np.argsort(depth)[::-1][:_SHOWN_UNITS].tolist()  # type: ignore[no-any-return]


def _views(trained: Trained, task: str) -> list[Panel]:
    shown = zip(_VIEWS, _recordings(trained, task), strict=True)
    return [Panel(title, recording, color) for (title, _, _, color), recording in shown]


def _recordings(trained: Trained, task: str) -> list[Recording]:
    probes = trained.manifest["probes"]
    found = []
    for title, network, field, _ in _VIEWS:
        schedule = [{"name": title, "trials": 1, "gain": probes[field]["gain"]}]
        kwargs = {**CENTER_OUT, "schedule": schedule}
        recording = record_network(trained.snapshots[network], trained.config, task, kwargs, _PATHS).recording
        found.append(recording)
    return found


def figure_1(trained: Sequence[Trained]) -> Figure:
    """The standard model: inputs and kinematics of a trial, its learning, and reaches without and in the field."""
    figure = Figure(figsize=(10.5, 8.2), dpi=DPI, layout=layout())
    (b, c), (d, e) = figure.subplots(2, 2, width_ratios=(1, 1.25)).tolist()
    _trial(b, trained[0])
    _loss(c, trained)
    views = _recordings(trained[0], TASK)
    _reaches(d, views[0], "D  without the field", CALM, False)
    _reaches(e, views[2], "E  in the field, learned", FELT, True)
    headline(
        figure, "Figure 1: the standard sequence model", "seed 0, C all seeds; dashed: where the paper's code ended, run again"
    )
    return figure


def _trial(axes: Axes, trained: Trained) -> None:
    """One trial's inputs, and the desired and actual position and speed."""
    batch = probe_batch(TASK, trained.manifest["env"]["kwargs"], trained.config, Block("before", 1, gain=0.0), 0)
    path = make_rollout(trained.snapshots[0], trained.config, 0.2).forward(batch)
    time = np.arange(len(batch.inputs)) / 100
    trial = int(np.argmax(np.abs(batch.facts.target).min(axis=1)))
    scale = 100 * trained.config.scale.place
    for axis, name in enumerate("xy"):
        axes.plot(
            time,
            scale * batch.inputs[:, trial, axis],
            color=COLORS[axis],
            linewidth=1.2,
            linestyle=(0, (1, 1.2)),
            drawstyle="steps-post",
        )
        axes.plot(time + 0.01, 100 * batch.position[:, axis, trial], color=COLORS[axis], linewidth=3.6, alpha=0.3)
        axes.plot(time + 0.01, 100 * path.position[1:, axis, trial], color=COLORS[axis], linewidth=1.4, label=name)
    go = batch.facts.go[trial] / 100
    axes.axvspan(go, go + 0.05, color=INK, alpha=0.15, linewidth=0)
    axes.annotate("go cue", (go - 0.01, 0.08), (0, 0), ("data", "axes fraction"), "offset points", ha="right", color=INK)
    tidy(axes)
    axes.legend(frameon=False, labelcolor=INK, loc="upper left")
    axes.set_xlabel("s", color=INK)
    axes.set_ylabel("cm", color=INK)
    _title(axes, "B  target (dotted), desired (broad), hand")


def _loss(axes: Axes, trained: Sequence[Trained]) -> None:
    probes = trained[0].manifest["probes"]
    shade_blocks(axes, probes, names=True)
    edges = block_edges(probes)
    for color, run in zip(COLORS, trained, strict=False):
        axes.plot(smoothed(run.records["loss"].tolist(), [first for first, *_ in edges]), color=color, linewidth=1.4)
    for (first, end, _, _), theirs in zip(edges, PAPER[STANDARD], strict=False):
        axes.hlines(theirs.loss or 0.0, first, end, color=FAINT, linestyle=(0, (5, 3)), linewidth=1.2)
    tidy(axes)
    axes.set_yscale("log")
    axes.set_xlabel("update", color=INK)
    axes.set_ylabel("loss (the paper's units)", color=INK)
    _title(axes, "C  learning", pad=18)


def _reaches(axes: Axes, recording: Recording, title: str, color: str, field: bool) -> None:
    if field:
        axes.add_patch(Rectangle((-5, 0), 10, 10, color=FIELD, alpha=0.14, linewidth=0))
    for x, y in np.unique(100 * recording.target.round(9), axis=0):
        axes.add_patch(Circle((x, y), 1, color=TARGET, alpha=0.3, linewidth=0))
    for way in 100 * recording.hand:
        axes.plot(*way.T, color=color, linewidth=1.1, alpha=0.85)
    axes.set(xlim=(-13, 13), ylim=(-13, 13), aspect="equal")
    axes.tick_params(labelcolor=FAINT, color=FAINT)
    for spine in axes.spines.values():
        spine.set_color(RULE)
    axes.set_xlabel("x (cm)", color=INK)
    axes.set_ylabel("y (cm)", color=INK)
    _title(axes, title)


def _title(axes: Axes, text: str, **look: Any) -> None:
    axes.set_title(text, loc="left", color=INK, fontsize=11, fontweight="bold", **look)
