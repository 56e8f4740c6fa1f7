"""Figures of sessions, as motor-learning studies print them: learning curve, after-effects and speed.

They use Matplotlib's objects like `agents.analysis.figures`, which also saves them. Positive deviations lie to the left of the
direction from start to target.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MultipleLocator

from agents.analysis.figures import COLORS, DPI, FAINT, FIELD, INK, RULE, headline, layout, tidy
from agents.analysis.session_data import SHOWN, block_runs, conditions
from reach_gym.measures import speed
from reach_gym.planning.minimum_jerk import DURATION, minimum_jerk
from reach_gym.recording import Recording, adaptation, catch_trials, deviations

Floats = npt.NDArray[np.float64]

_WINDOW = (-0.05, 0.65)  # s about the go cue
CATCH_MARK, CHANNEL_MARK = "D", "s"
_LATERAL = "largest deviation (mm)\n\N{LEFTWARDS ARROW} right      left \N{RIGHTWARDS ARROW}"
_LEAST = 0.5  # of the trials, for a mean: they end at different times


def learning_curve(recordings: Mapping[str, Recording], title: str = "Learning curve", note: str = "") -> Figure:
    """The signed maximum deviation of every trial, and the adaptation coefficient of every channel trial, over the session.

    Args:
        recordings: Sessions of the same schedule by the name of the subject, at least one.
        title: Headline.
        note: Line at the bottom.
    """
    clamped = any(each.channel.any() for each in recordings.values())
    figure = Figure(figsize=(9.5, 5.8 if clamped else 4.2), dpi=DPI, layout=layout())
    upper, *lower = figure.subplots(1 + clamped, 1, sharex=True, squeeze=False, height_ratios=(2, 1)[: 1 + clamped])[:, 0]
    first = max(recordings.values(), key=len)
    for axes in (upper, *lower):
        _blocks(axes, first)
        tidy(axes)
    _names(upper, first)
    for under, each, color in _stacked(recordings.values()):
        _course(upper, each, color, 1.1 + under)
        for axes in lower:
            axes.plot(
                _number(each)[each.channel], adaptation(each)[each.channel], CHANNEL_MARK, color=color, markersize=4 + 2 * under
            )
    upper.set_ylabel(_LATERAL, color=INK)
    for axes in lower:
        axes.axhline(1, color=FAINT, linestyle=(0, (5, 3)), linewidth=1)
        axes.set_ylabel("adaptation\ncoefficient", color=INK)
    (lower or [upper])[-1].set_xlabel("trial", color=INK)
    symbols = [_symbol("catch trial", CATCH_MARK)] if any(catch_trials(each).any() for each in recordings.values()) else []
    _legend(figure, recordings, symbols + ([_symbol("channel trial", CHANNEL_MARK)] if clamped else []))
    headline(figure, title, note)
    return figure


def _stacked(recordings: Collection[Recording]) -> Iterator[tuple[int, Recording, str]]:
    """How many come on top of each recording, it, and its colour: the lower ones are drawn broader, so that all can be seen."""
    for k, recording in enumerate(recordings):
        yield len(recordings) - 1 - k, recording, COLORS[k % len(COLORS)]


def _number(recording: Recording) -> Floats:
    return np.asarray(recording.trial + 1.0)


def _blocks(axes: Axes, recording: Recording) -> None:
    """Shades the blocks; those with a perturbation in its colour."""
    number = _number(recording)
    felt = {each.name.rpartition(",")[0] for each in conditions(recording) if each.perturbed}
    for name, mask in block_runs(recording):
        color, alpha = (FIELD, 0.14) if name in felt else (RULE, 0.35)
        axes.axvspan(number[mask][0] - 0.5, number[mask][-1] + 0.5, color=color, alpha=alpha, linewidth=0, zorder=0)
    axes.set_xlim(number[0] - 0.5, number[-1] + 0.5)
    axes.axhline(0, color=FAINT, linewidth=0.8, zorder=1)


def _names(axes: Axes, recording: Recording) -> None:
    number = _number(recording)
    for name, mask in block_runs(recording):
        place = (float(number[mask].mean()), 1.0)
        axes.annotate(name, place, (0, 5), ("data", "axes fraction"), "offset points", ha="center", color=INK, fontsize=10)


def _course(axes: Axes, recording: Recording, color: str, width: float) -> None:
    number, off, caught = _number(recording), 1000 * deviations(recording), catch_trials(recording)
    for _, mask in block_runs(recording):
        plain = mask & ~caught & np.isfinite(off)
        axes.plot(number[plain], off[plain], "-o", color=color, linewidth=width, markersize=1.5 + width, zorder=3)
    axes.plot(number[caught], off[caught], CATCH_MARK, color=color, markersize=3.5 + 1.6 * width, zorder=4)


def _symbol(label: str, marker: str) -> Line2D:
    return Line2D([], [], color=FAINT, marker=marker, linestyle="", markersize=5.5, label=label)


def _legend(figure: Figure, names: Iterable[str], more: Sequence[Line2D] = ()) -> None:
    handles = [Line2D([], [], color=color, linewidth=2.6, label=name) for name, color in zip(names, itertools.cycle(COLORS))]
    figure.legend(handles=[*handles, *more], loc="outside right upper", frameon=False, labelcolor=INK, fontsize=10)


def after_effects(
    recordings: Mapping[str, Recording], count: int = SHOWN, title: str = "Errors and after-effects", note: str = ""
) -> Figure:
    """The signed maximum deviation by condition: every trial as a dot, and mean and standard deviation per subject.

    Args:
        recordings: Sessions by the name of the subject, at least one.
        count: Trials at each end of a block.
        title: Headline.
        note: Line at the bottom.
    """
    shown = {name: {each.name: each for each in conditions(recording, count)} for name, recording in recordings.items()}
    names = list(dict.fromkeys(name for each in shown.values() for name in each))
    figure = Figure(figsize=(9.5, 4.6), dpi=DPI, layout=layout())
    axes = figure.add_subplot()
    tidy(axes)
    axes.grid(visible=False, axis="x")
    axes.axhline(0, color=FAINT, linewidth=0.8, zorder=1)
    for x, key in enumerate(names):
        if any(key in each and each[key].perturbed for each in shown.values()):
            axes.axvspan(x - 0.5, x + 0.5, color=FIELD, alpha=0.14, linewidth=0, zorder=0)
    width = 0.8 / len(recordings)
    for (left, recording, color), found in zip(_stacked(recordings.values()), shown.values(), strict=True):
        off = 1000 * deviations(recording)
        for x, key in enumerate(names):
            if key in found:
                values = off[found[key].mask]
                _dots(axes, x + width * ((len(recordings) - 1) / 2 - left), width, values[np.isfinite(values)], color)
    axes.set_xticks(range(len(names)), [name.replace(", ", ",\n") for name in names], color=INK)
    axes.set_xlim(-0.5, max(1, len(names)) - 0.5)
    axes.set_ylabel(_LATERAL, color=INK)
    _legend(figure, recordings)
    headline(figure, title, note)
    return figure


def _dots(axes: Axes, x: float, width: float, values: Floats, color: str) -> None:
    """Dots side by side in the order of the trials, with mean and standard deviation; nothing for no values."""
    if not values.size:
        return
    places = x + 0.62 * width * ((np.arange(len(values)) + 0.5) / len(values) - 0.5)
    axes.plot(places, values, "o", color=color, markersize=3, alpha=0.45, markeredgewidth=0, zorder=2)
    axes.errorbar(
        x, values.mean(), values.std(), fmt="D", color=color, markersize=4.5, elinewidth=1.8, capsize=5, capthick=1.8, zorder=3
    )


def velocity_profiles(
    recordings: Mapping[str, Recording],
    count: int = SHOWN,
    duration: float = DURATION,
    title: str = "Speed of the hand",
    note: str = "",
) -> Figure:
    """Speed against time from the go cue, mean and standard deviation per subject, one panel per condition.

    Args:
        recordings: Sessions by the name of the subject, at least one.
        count: Trials at each end of a block.
        duration: In seconds, of the minimum-jerk movement that is drawn as a reference: from the cue on, as long as the reaches.
        title: Headline.
        note: Line at the bottom.
    """
    shown = {name: {each.name: each for each in conditions(recording, count)} for name, recording in recordings.items()}
    names = list(dict.fromkeys(name for each in shown.values() for name in each))
    figure = Figure(figsize=(1.6 + 2.3 * max(1, len(names)), 3.6), dpi=DPI, layout=layout())
    for k, (axes, key) in enumerate(
        zip(figure.subplots(1, max(1, len(names)), sharey=True, squeeze=False)[0], names, strict=False)
    ):
        tidy(axes)
        for (under, recording, color), found in zip(_stacked(recordings.values()), shown.values(), strict=True):
            if key in found:
                _speed(axes, recording.subset(found[key].mask), color, 1.4 + 1.1 * under)
        _reference(axes, recordings, duration)
        axes.set_title(key, loc="left", color=INK, fontsize=11, fontweight="bold")
        axes.set_xlim(*_WINDOW)
        axes.set_xlabel("time from go cue (s)", color=INK)
        axes.xaxis.set_major_locator(MultipleLocator(0.2))
        if k == 0:
            axes.set_ylabel("speed (m/s)", color=INK)
    _legend(figure, recordings, [Line2D([], [], color=INK, linestyle=(0, (4, 2)), linewidth=1.2, label="minimum jerk")])
    headline(figure, title, note)
    return figure


def _speed(axes: Axes, recording: Recording, color: str, width: float) -> None:
    """Mean and standard deviation while at least half of the trials go on."""
    time, values = aligned_speed(recording)
    known = np.isfinite(values)
    enough = known.sum(axis=0) >= max(1, _LEAST * len(recording))
    time, values, known = time[enough], values[:, enough], known[:, enough]
    centre = np.where(known, values, 0.0).sum(axis=0) / known.sum(axis=0)
    spread = np.sqrt(np.where(known, (values - centre) ** 2, 0.0).sum(axis=0) / known.sum(axis=0))
    axes.fill_between(time, np.maximum(centre - spread, 0.0), centre + spread, color=color, alpha=0.2, linewidth=0, zorder=2)
    axes.plot(time, centre, color=color, linewidth=width, zorder=3)


def aligned_speed(recording: Recording) -> tuple[Floats, Floats]:
    """The speeds of all trials on one axis of time.

    Returns:
        Time from the go cue in s (w,), and speeds in m/s (n, w), NaN where a trial had not begun or was over.
    """
    dt = float(recording.metadata["dt"])
    window = np.arange(round(_WINDOW[0] / dt), round(_WINDOW[1] / dt) + 1)
    rate = speed(recording.velocity)
    index = recording.go[:, None] + window
    there = (index >= 0) & (index < rate.shape[1])
    values: Floats = np.where(there, np.take_along_axis(rate, np.where(there, index, 0), axis=1), np.nan)
    return np.asarray(window * dt), values


def _reference(axes: Axes, recordings: Mapping[str, Recording], duration: float) -> None:
    ways = np.concatenate([each.target - each.start for each in recordings.values()])
    distance = float(np.median(np.hypot(*ways.T)))
    time = np.linspace(*_WINDOW, 200)
    pace = minimum_jerk(time, np.zeros(2), np.array([distance, 0.0]), duration).velocity[:, 0]
    axes.plot(time, pace, color=INK, linestyle=(0, (4, 2)), linewidth=1.2, zorder=4)
