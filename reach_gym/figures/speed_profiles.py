"""The speed of the hand against time, condition by condition."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MultipleLocator

from reach_gym.figures.style import DPI, INK, Look, headline, layout, legend, look, tidy, wrapped
from reach_gym.measures import speed
from reach_gym.planning.minimum_jerk import DURATION, minimum_jerk
from reach_gym.recording import Recording
from reach_gym.recording.conditions import SHOWN, conditions

Floats = npt.NDArray[np.float64]

_WINDOW = (-0.05, 0.65)  # s about the go cue
_LEAST = 0.5  # of the trials, for a mean: they end at different times
_COLUMNS = 6
_BANDS = 3  # subjects whose bands can be told apart


def velocity_profiles(
    recordings: Mapping[str, Recording],
    count: int = SHOWN,
    duration: float = DURATION,
    title: str = "",
    note: str = "",
) -> Figure:
    """Speed against time from the go cue, mean and standard deviation per subject, one panel per condition.

    More than three subjects are drawn without standard deviations, which would lie on each other.

    Args:
        recordings: Sessions by the name of the subject, at least one.
        count: Trials at each end of a block.
        duration: In seconds, of the minimum-jerk movement that is drawn as a reference: from the cue on, as long as the reaches.
        title: Headline, if there is to be one.
        note: Line at the bottom.

    Raises:
        ValueError: There is no session.
    """
    if not recordings:
        raise ValueError("`recordings` must hold at least one session, got none.")
    shown = {name: {each.name: each for each in conditions(recording, count)} for name, recording in recordings.items()}
    names = list(dict.fromkeys(name for each in shown.values() for name in each))
    rows, columns = wrapped(len(names), _COLUMNS)
    figure = Figure(figsize=(1.6 + 2.3 * columns, 0.6 + 3 * rows), dpi=DPI, layout=layout())
    grid = figure.subplots(rows, columns, sharey=True, squeeze=False)
    for axes in grid.flat[max(1, len(names)) :]:
        axes.set_axis_off()
    for axes, key in zip(grid.flat, names, strict=False):
        tidy(axes)
        for place, (recording, found) in enumerate(zip(recordings.values(), shown.values(), strict=True)):
            if key in found:
                _speed(axes, recording.subset(found[key].mask), look(place), len(recordings) <= _BANDS)
        _reference(axes, recordings, duration)
        axes.set_title(key, loc="left", color=INK, fontsize=11, fontweight="bold")
        axes.set_xlim(*_WINDOW)
        axes.set_xlabel("time from go cue (s)", color=INK)
        axes.xaxis.set_major_locator(MultipleLocator(0.2))
    for axes in grid[:, 0]:
        axes.set_ylabel("speed (m/s)", color=INK)
    legend(figure, list(recordings), [Line2D([], [], color=INK, linestyle=(0, (4, 2)), linewidth=1, label="minimum jerk")])
    headline(figure, title, note)
    return figure


def _speed(axes: Axes, recording: Recording, how: Look, band: bool) -> None:
    """Mean and standard deviation while at least half of the trials go on."""
    time, values = aligned_speed(recording)
    known = np.isfinite(values)
    enough = known.sum(axis=0) >= max(1, _LEAST * len(recording))
    time, values, known = time[enough], values[:, enough], known[:, enough]
    centre = np.where(known, values, 0.0).sum(axis=0) / known.sum(axis=0)
    spread = np.sqrt(np.where(known, (values - centre) ** 2, 0.0).sum(axis=0) / known.sum(axis=0))
    if band:
        low = np.maximum(centre - spread, 0.0)
        axes.fill_between(time, low, centre + spread, color=how.color, alpha=0.2, linewidth=0, zorder=2)
    axes.plot(time, centre, color=how.color, linestyle=how.dashes, linewidth=1.8, zorder=3)


def aligned_speed(recording: Recording) -> tuple[Floats, Floats]:
    """The speeds of all trials on one axis of time.

    Returns:
        Time from the go cue in s (w,), and speeds in m/s (n, w), NaN where a trial had not begun or was over.
    """
    dt = float(recording.metadata["dt"])
    window = np.arange(round(_WINDOW[0] / dt), round(_WINDOW[1] / dt) + 1)
    return np.asarray(window * dt), aligned(speed(recording.velocity), recording.go, window)


def aligned(values: Floats, at: npt.NDArray[np.int64], window: npt.NDArray[np.int64]) -> Floats:
    """Parts of the rows of `values` (n, t) around the steps `at` (n,), (n, w) for a `window` (w,) of steps; NaN outside."""
    index = at[:, None] + window
    there = (index >= 0) & (index < values.shape[1])
    return np.where(there, np.take_along_axis(values, np.where(there, index, 0), axis=1), np.nan)


def _reference(axes: Axes, recordings: Mapping[str, Recording], duration: float) -> None:
    ways = np.concatenate([each.target - each.start for each in recordings.values()])
    distance = float(np.median(np.hypot(*ways.T)))
    time = np.linspace(*_WINDOW, 200)
    pace = minimum_jerk(time, np.zeros(2), np.array([distance, 0.0]), duration).velocity[:, 0]
    axes.plot(time, pace, color=INK, linestyle=(0, (4, 2)), linewidth=1, zorder=4)
