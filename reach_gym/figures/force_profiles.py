"""Forces in channels: what the hand pushes against the walls, beside what would cancel the field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MultipleLocator

from reach_gym import checks, fields
from reach_gym.fields import CURSOR_PRESETS
from reach_gym.figures.speed_profiles import aligned
from reach_gym.figures.style import COLORS, DPI, FAINT, INK, headline, layout, tidy, wrapped
from reach_gym.measures import find_movement
from reach_gym.recording import Recording
from reach_gym.recording.analysis import own_field
from reach_gym.recording.conditions import EARLY, LATE, block_runs

Floats = npt.NDArray[np.float64]

_WINDOW = (-0.25, 0.35)  # s about the peak of the speed
CHANNELS = 6  # trials at each end of a block; a tenth of the trials of a usual session run in channels
_COLUMNS = 6
_LEAST = 0.5  # of the trials, for a mean: they end at different times


class ForceProfiles(NamedTuple):
    """Sideways forces of the hand over time, in N, positive to the left of the direction from start to target.

    Attributes:
        time: (w,), s from the peak of the speed.
        force: (n, w), of the hand on the walls of the channel; NaN where a trial had not begun or was over.
        ideal: (n, w), what would cancel the field at the hand's velocity.
    """

    time: Any
    force: Any
    ideal: Any


def lateral_forces(recording: Recording, field: Any = None) -> ForceProfiles:
    """The forces of the channel trials of a recording, aligned to the peak of the speed; trials without a movement are left out.

    The walls push back what the hand pushes: the hand's force is the recorded force of the channel with the other sign. Source:
    Scheidt, Reinkensmeyer, Conditt, Rymer & Mussa-Ivaldi, Journal of Neurophysiology 84:853, 2000 (error clamps).

    Args:
        recording: A session or a part of it.
        field: The field that is to be cancelled, as an environment takes it; without one the environment's own at a gain of 1, as
            in `reach_gym.recording.adaptation`.
    """
    clamped = recording.subset(recording.in_channel)
    static = own_field(clamped) if field is None else fields.field_from_data(field, CURSOR_PRESETS)
    moves = find_movement(clamped.velocity, clamped.go)
    states = clamped.hand[:, :-1], clamped.velocity[:, :-1]
    push = np.stack(fields.force(static, *(part[..., i] for part in states for i in (0, 1))), axis=-1)
    way = clamped.target - clamped.start
    ahead = (way / np.hypot(*way.T)[:, None])[:, None]
    dt = float(clamped.metadata["dt"])
    window = np.arange(round(_WINDOW[0] / dt), round(_WINDOW[1] / dt) + 1)
    found = []
    for force in (clamped.known("force"), push):
        aside = ahead[..., 1] * force[..., 0] - ahead[..., 0] * force[..., 1]  # of the hand: minus the one on it
        found.append(aligned(aside, moves.peak, window)[moves.moved])
    return ForceProfiles(window * dt, *found)


def channel_parts(recording: Recording, count: int = CHANNELS) -> dict[str, Recording]:
    """The channel trials of every block: of a long one the first and the last `count`, of a shorter one all; none without any.

    Returns:
        By the name of the block; a second block of the same name has its number behind it.
    """
    found: dict[str, Recording] = {}
    for name, mask in block_runs(recording):
        places = np.flatnonzero(mask & recording.in_channel)
        parts = {f", {EARLY}": places[:count], f", {LATE}": places[-count:]} if len(places) >= 2 * count else {"": places}
        for part, chosen in parts.items():
            if len(chosen):
                key = name + part
                again = sum(each == key or each.startswith(f"{key} (") for each in found)
                mask = np.zeros(len(recording), np.bool_)
                mask[chosen] = True
                found[f"{key} ({again + 1})" if again else key] = recording.subset(mask)
    return found


def force_profiles(parts: Mapping[str, Recording | ForceProfiles], title: str = "", note: str = "") -> Figure:
    """Sideways force in channel trials over time, one panel per part: mean and standard deviation, and the ideal one.

    Args:
        parts: By title a recording with channel trials (as `channel_parts` gives them), or `ForceProfiles` of one's own, at least
            one. A part without a movement has an empty panel.
        title: Headline, if there is to be one.
        note: Line at the bottom.

    Raises:
        ValueError: There is no part, or arrays are of other shapes.
    """
    if not parts:
        raise ValueError("`parts` must hold at least one entry, got none.")
    found = {name: lateral_forces(each) if isinstance(each, Recording) else _profiles(name, each) for name, each in parts.items()}
    rows, columns = wrapped(len(found), _COLUMNS)
    figure = Figure(figsize=(1.9 + 2.3 * columns, 0.6 + 3 * rows), dpi=DPI, layout=layout())
    grid = figure.subplots(rows, columns, sharey=True, squeeze=False)
    times = np.concatenate([each.time for each in found.values()])
    for axes in grid.flat[len(found) :]:
        axes.set_axis_off()
    for axes, (name, each) in zip(grid.flat, found.items(), strict=False):
        tidy(axes)
        axes.axhline(0, color=FAINT, linewidth=0.8, zorder=1)
        _mean(axes, each)
        axes.set_title(name.replace(", ", ",\n"), loc="left", color=INK, fontsize=11, fontweight="bold")
        axes.set_xlim(times.min(), times.max())
        axes.xaxis.set_major_locator(MultipleLocator(0.2))
        axes.set_xlabel("time from\npeak speed (s)", color=INK)
    for axes in grid[:, 0]:
        axes.set_ylabel("sideways force (N)\n\N{LEFTWARDS ARROW} right      left \N{RIGHTWARDS ARROW}", color=INK)
    handles = [
        Line2D([], [], color=COLORS[0], linewidth=1.8, label="hand, mean"),
        Patch(facecolor=COLORS[0], alpha=0.2, linewidth=0, label="standard deviation\nof trials"),
        Line2D([], [], color=INK, linestyle=(0, (4, 2)), linewidth=1.2, label="cancels the field"),
    ]
    figure.legend(handles=handles, loc="outside right upper", frameon=False, labelcolor=INK, fontsize=10)
    headline(figure, title, note)
    return figure


def _profiles(name: str, value: Any) -> ForceProfiles:
    time, force, ideal = (np.asarray(each, np.float64) for each in value)
    force, ideal = np.atleast_2d(force), np.atleast_2d(ideal)
    if time.ndim != 1 or force.shape != ideal.shape or force.shape[1:] != time.shape:
        shapes = f"{time.shape}, {force.shape} and {ideal.shape}"
        raise ValueError(f"`parts[{name!r}]` must be arrays of shapes (w,), (n, w) and (n, w), got {shapes}.")
    if not np.isfinite(time).all():
        raise ValueError(f"`parts[{name!r}].time` must hold finite numbers, got {checks.shown(value[0])}.")
    return ForceProfiles(time, force, ideal)


def _mean(axes: Axes, profiles: ForceProfiles) -> None:
    time, force, ideal = profiles
    known = np.isfinite(force) & np.isfinite(ideal)
    enough = known.sum(axis=0) >= max(1, _LEAST * len(force))
    time, force, ideal, known = time[enough], force[:, enough], ideal[:, enough], known[:, enough]
    count = known.sum(axis=0)
    centre, wanted = (np.where(known, each, 0.0).sum(axis=0) / count for each in (force, ideal))
    spread = np.sqrt(np.where(known, (force - centre) ** 2, 0.0).sum(axis=0) / count)
    axes.fill_between(time, centre - spread, centre + spread, color=COLORS[0], alpha=0.2, linewidth=0, zorder=2)
    axes.plot(time, centre, color=COLORS[0], linewidth=1.8, zorder=3)
    axes.plot(time, wanted, color=INK, linestyle=(0, (4, 2)), linewidth=1.2, zorder=4)
