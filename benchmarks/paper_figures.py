"""The paper's Figures 1B-E, 2B-C, 3A and 4, remade. Figure 3B shows recordings of a monkey, which are not public."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Rectangle

from agents.analysis.grid_paths import Panel as GridPanel
from agents.analysis.grid_paths import greedy_scenes
from agents.analysis.grid_paths import trajectories as grid_trajectories
from agents.common.judging import EXACT, judge_grid
from agents.dqn.figures import steps
from agents.rnn.checkpoint import Trained
from agents.rnn.figures import band, block_edges, learning_curves, psth_figure, shade_blocks, trajectory_figure
from agents.rnn.objective import desired
from agents.rnn.probe import Probe
from agents.rnn.sessions import CENTER_OUT
from benchmarks.paper_runs import BUFFER, CONTROL, PIXELS, STANDARD, TABULAR, TASK, Grid
from reach_gym.figures.hand_paths import CALM, FELT, SIGN, SURPRISED, Panel, hand_paths
from reach_gym.figures.style import COLORS, DPI, FAINT, FIELD, INK, RULE, TARGET, headline, layout, tidy
from reach_gym.neural import MOVEMENT, Activity, psth, record_activity, states_at, trajectories, tuning
from reach_gym.recording import Recording, record

_PATHS = 24  # trials per panel: three per target
_TRIALS = 64  # center-out trials with which activity is recorded: eight per target
_SHOWN_UNITS = 6
_PHASES = ("before", "in the field", "after")
# What is drawn of a session: title, block whose network it is, block whose field it is, colour.
_VIEWS = (
    ("before", 0, 0, CALM),
    ("in the field, at first", 0, 1, FELT),
    ("in the field, learned", 1, 1, FELT),
    ("removed, at first", 1, 2, SURPRISED),
    ("after", 2, 2, CALM),
)
_NOTE = "the field pushes with \N{MINUS SIGN}1 N along x and y where |x| \N{LESS-THAN OR EQUAL TO} 5 cm and y is from 0 to 10 cm"


def all_figures(trained: Mapping[str, list[Trained]], grid: Grid) -> dict[str, Figure]:
    """All figures by the name of their file."""
    curves = {name: [run.lists() for run in trained[name]] for name in (BUFFER, CONTROL)}
    band_note = f"lines: means over {len(trained[BUFFER])} seeds, bands: from the least to the greatest"
    first = {name: runs[0] for name, runs in trained.items()}
    recorded = {name: phase_activity(first[BUFFER], block) for block, name in enumerate(_PHASES)}
    means = {name: psth(each) for name, each in recorded.items()}
    return {
        "figure_1": figure_1(trained[STANDARD]),
        "figure_2b": learning_curves(
            {"output buffer": curves[BUFFER], "the same without a field": curves[CONTROL]},
            first[BUFFER].manifest["probes"],
            "Figure 2B: the output-buffer model learns through a field",
            band_note,
        ),
        "figure_2c": hand_paths(
            {"standard": views(first[STANDARD]), "output buffer": views(first[BUFFER])},
            "Figure 2C: both models in the same field, seed 0",
            f"{SIGN}; {_NOTE}",
        ),
        "figure_3a": psth_figure(
            means,
            _tuned_units(recorded["before"]),
            "Figure 3A: hidden activity per reach direction",
            "output-buffer model, seed 0; the most deeply tuned units of the GRU; go cue 90 ms after the target",
        ),
        "figure_3_components": trajectory_figure(
            {name: trajectories(each.rate, basis=means["before"].rate) for name, each in means.items()},
            means["before"],
            "The population's state, from 0.2 s before to 0.5 s after the go cue",
            "principal components of the activity before the field, with their share of each phase's variance; dots: the go cue",
        ),
        **figure_4(grid),
    }


def phase_activity(trained: Trained, block: int) -> Activity:
    """Activity in center-out trials at the end of a block, under its field."""
    # The longest delay that the networks know, so that there is a preparation to look at.
    kwargs = {**_kwargs(trained, block), "go_delay": 0.09}
    return record_activity(trained.snapshots[block], TASK, _TRIALS, env_kwargs=kwargs)


def _kwargs(trained: Trained, block: int) -> dict[str, Any]:
    """Center-out trials under the field of a block."""
    probe = trained.manifest["probes"][block]
    return {**CENTER_OUT, "schedule": [{"name": probe["name"], "trials": 1, "gain": probe["gain"]}]}


def _tuned_units(activity: Activity) -> list[int]:
    states = states_at(activity, MOVEMENT)
    order: list[int] = np.argsort(tuning(states.rate, states.direction).depth)[::-1].tolist()
    return order[:_SHOWN_UNITS]


def views(trained: Trained) -> list[Panel]:
    """Hand paths before, in and after the field."""
    return [
        Panel(title, record(trained.snapshots[network], TASK, _PATHS, env_kwargs=_kwargs(trained, field)), color)
        for title, network, field, color in _VIEWS
    ]


def figure_1(trained: Sequence[Trained]) -> Figure:
    """The standard model: inputs and kinematics of a trial, its learning, and reaches without and in the field."""
    figure = Figure(figsize=(11.5, 8.6), dpi=DPI, layout=layout())
    grid = figure.add_gridspec(4, 3, width_ratios=(1.1, 1, 1))
    parts = [figure.add_subplot(grid[row, 0]) for row in range(4)]
    for above in parts[:-1]:
        above.sharex(parts[-1])
        above.tick_params(labelbottom=False)
    c, d, e = (figure.add_subplot(place) for place in (grid[:2, 1:], grid[2:, 1], grid[2:, 2]))
    _trial(parts, trained[0])
    _loss(c, trained)
    shown = views(trained[0])
    _reaches(d, shown[0].recording, "D  without the field", CALM, False)
    _reaches(e, shown[2].recording, "E  in the field, learned", FELT, True)
    headline(
        figure, "Figure 1: the standard sequence model", f"B, D, E: seed 0; C: mean and range of {len(trained)} seeds; {_NOTE}"
    )
    return figure


def _trial(parts: Sequence[Axes], trained: Trained) -> None:
    """One trial: what the network sees, and desired and actual position, velocity and acceleration of the hand."""
    kwargs = {**trained.manifest["env"]["kwargs"], "schedule": [{"name": "before", "trials": 1, "gain": 0.0}]}
    path = Probe(TASK, kwargs, trained.config, 0).rollout(trained.snapshots[0])
    wanted = desired(path, trained.config.desired)
    trial = int(path.target[-1].abs().min(dim=1).values.argmax())
    hand, target, dt = path.hand[:, trial].double().numpy(), path.target[-1, trial].numpy(), path.dt
    time, go = np.arange(1, len(hand) + 1) * dt, float(path.go[trial]) * dt
    visible = (path.observations[:, trial, 11] > 0.5).numpy()
    change = np.diff(hand[:, 2:], axis=0, prepend=0.0) / dt
    done = (hand[:, :2], hand[:, 2:], change)
    scales = ((100, "position (cm)"), (1, "velocity (m/s)"), (1, "acceleration (m/s\N{SUPERSCRIPT TWO})"))
    for axis, name in enumerate("xy"):
        shown = np.where(visible, 100 * target[axis], 0.0)
        parts[0].step(time - dt, shown, color=COLORS[axis], linewidth=1.4, where="post", label=f"target {name}")
        for axes, actual, ideal, (scale, label) in zip(parts[1:], done, wanted, scales, strict=True):
            axes.plot(time, scale * ideal[:, trial, axis], color=COLORS[axis], linewidth=3.6, alpha=0.3)
            axes.plot(time, scale * actual[:, axis], color=COLORS[axis], linewidth=1.3)
            axes.set_ylabel(label, color=INK, fontsize=9)
    parts[0].axvspan(go, go + 0.05, color=INK, alpha=0.2, linewidth=0, label="go cue")
    parts[0].legend(frameon=False, labelcolor=INK, fontsize=8, loc="center right", borderaxespad=1.2)
    parts[0].set_ylabel("inputs (cm)", color=INK, fontsize=9)
    parts[-1].set_xlabel("s", color=INK)
    for axes in parts:
        tidy(axes)
    _title(parts[0], "B  inputs, and hand (broad: desired)")


def _loss(axes: Axes, trained: Sequence[Trained]) -> None:
    probes = trained[0].manifest["probes"]
    shade_blocks(axes, probes, names=True)
    band(axes, [run.records["loss"].tolist() for run in trained], [first for first, *_ in block_edges(probes)], COLORS[0])
    tidy(axes)
    axes.set_yscale("log")
    axes.set_xlabel("update", color=INK)
    axes.set_ylabel("loss (the paper's units)", color=INK)
    _title(axes, "C  learning", pad=18)


def _reaches(axes: Axes, recording: Any, title: str, color: str, field: bool) -> None:
    shown: Recording = recording
    if field:
        axes.add_patch(Rectangle((-5, 0), 10, 10, color=FIELD, alpha=0.14, linewidth=0))
    for x, y in np.unique(100 * shown.target.round(9), axis=0):
        axes.add_patch(Circle((x, y), 1, color=TARGET, alpha=0.3, linewidth=0))
    for way in 100 * shown.hand:
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


def figure_4(grid: Grid) -> dict[str, Figure]:
    """The agents of the grid: their ways, and the deep one's steps over the fewest possible from all pairs."""
    panels = [GridPanel(f"Q-learning {name}", greedy_scenes(grid.tabular[name], task, {})) for name, task in TABULAR.items()]
    panels.append(GridPanel("DQN from pixels", greedy_scenes(grid.dqn, PIXELS, {})))
    judged = judge_grid(grid.dqn, "dqn", PIXELS, {})
    mine = {"DQN from pixels, all pairs": judged[EXACT, "dqn"]}
    return {"figure_4_paths": grid_trajectories(panels), "figure_4_steps": steps(mine)}
