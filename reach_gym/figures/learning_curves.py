"""Learning curves: what is measured in every trial of a session, of single subjects and of groups with their intervals.

Positive deviations lie to the left of the direction from start to target.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from reach_gym import checks
from reach_gym.evaluation.statistics import mean_interval
from reach_gym.figures import block_marks
from reach_gym.figures.block_marks import Span
from reach_gym.figures.style import DPI, FAINT, INK, LATERAL, Look, headline, layout, legend, look, symbol, tidy
from reach_gym.recording import Recording, adaptation, catch_trials, deviations
from reach_gym.recording.conditions import mean

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

CATCH_MARK, CHANNEL_MARK = "D", "s"
FEW, CYCLE = 3, 8  # subjects whose every trial can be told apart; trials of which more subjects show the mean
_LEAST = 3  # subjects for an interval; that of two is so broad that it hides all others
_INTERVAL = "95 % interval\nof the mean"


class _Subject(NamedTuple):
    """What is drawn under one name: values (subjects, trials), NaN where a trial has none of the kind."""

    plain: Floats
    caught: Floats
    clamped: Floats


def learning_curve(
    subjects: Mapping[str, Recording | Sequence[Recording]],
    title: str = "",
    note: str = "",
    every: int | None = None,
) -> Figure:
    """The signed maximum deviation of every trial, and the adaptation coefficient of every channel trial, over the session.

    A group is drawn as the mean of its subjects, with its 95 % interval as a band (Student's t, point by point) where at least
    three of them, and half of the group, have a number. Catch trials are diamonds; of a group those that at least half of its
    subjects have in the same place.

    Args:
        subjects: By name a session, or a group of sessions; all of the same schedule, at least one. Shorter ones end sooner.
        title: Headline, if there is to be one.
        note: Line at the bottom.
        every: The mean of so many trials of a block is one point of a line; single trials of single subjects are then faint dots.
            ``None``: 1 for up to 3 subjects or groups, 8 for more.

    Raises:
        TypeError: An entry is neither a recording nor a sequence of them.
        ValueError: There is no subject, a group is empty, or `every` is below 1.
    """
    groups = {name: _recordings(name, each) for name, each in subjects.items()}
    every = _every(every, len(groups), "subjects")
    longest = max((each for group in groups.values() for each in group), key=len)
    spans, count = block_marks.spans_of(longest), len(longest)
    series = {name: _measured(group, count) for name, group in groups.items()}
    clamped = any(np.isfinite(each.clamped).any() for each in series.values())
    figure, (upper, *lower) = _axes(1 + clamped, np.asarray(longest.trial + 1.0), spans)
    number = np.asarray(longest.trial + 1.0)
    grouped = any(len(group) > 1 for group in groups.values())
    for place, each in enumerate(series.values()):
        _course(upper, number, each.plain, spans, look(place), every, dots=not grouped)
        _catches(upper, number, each.caught, look(place), 5 if len(groups) <= FEW else 3.2)
        for axes in lower:
            _channel(axes, number, each.clamped, spans, look(place), every)
    upper.set_ylabel(LATERAL, color=INK)
    for axes in lower:
        axes.axhline(1, color=FAINT, linestyle=(0, (5, 3)), linewidth=1)
        axes.set_ylabel("adaptation\ncoefficient", color=INK)
    symbols: list[Artist] = []
    if any(np.isfinite(each.caught).any() for each in series.values()):
        symbols.append(symbol("catch trial", CATCH_MARK))
    if clamped:
        symbols.append(symbol("channel trial", CHANNEL_MARK))
    _finish(figure, list(groups), symbols, grouped, title, note)
    block_marks.thin(figure, block_marks.names(upper, spans, number), spans)
    return figure


def trial_curves(
    values: Mapping[str, Any],
    blocks: Sequence[str] | None = None,
    gain: Any = None,
    every: int | None = None,
    ylabel: str = "",
    title: str = "",
    note: str = "",
) -> Figure:
    """Numbers of every trial of plain data, such as the output of a model or a table of a person, over the session.

    Args:
        values: By name the numbers of a subject, (trials,), or of a group, (subjects, trials), which is drawn as in
            `learning_curve`; NaN where a trial has none. At least one entry; shorter ones end sooner.
        blocks: The name of each trial's block, (trials,) of the longest entry.
        gain: Of the perturbation, (trials,): blocks are shaded by its sign.
        every: See `learning_curve`.
        ylabel: What the numbers are, with their unit.
        title: Headline, if there is to be one.
        note: Line at the bottom.

    Raises:
        TypeError: An entry holds no numbers.
        ValueError: There is no entry, one of another shape or without a trial, or `blocks` or `gain` is of another length.
    """
    found = {name: _matrix(name, each) for name, each in values.items()}
    every = _every(every, len(found), "values")
    count = max(each.shape[1] for each in found.values())
    spans, number = block_marks.spans_from(count, blocks, gain), np.arange(1.0, count + 1)
    figure, (axes,) = _axes(1, number, spans)
    grouped = any(len(each) > 1 for each in found.values())
    for place, each in enumerate(found.values()):
        _course(axes, number, _padded(list(each), count), spans, look(place), every, dots=not grouped)
    axes.set_ylabel(ylabel, color=INK)
    _finish(figure, list(found), [], grouped, title, note)
    block_marks.thin(figure, block_marks.names(axes, spans, number), spans)
    return figure


def _recordings(name: str, value: Any) -> list[Recording]:
    found = [value] if isinstance(value, Recording) else list(value) if isinstance(value, Sequence) else [value]
    if not all(isinstance(each, Recording) for each in found):
        raise TypeError(f"`subjects[{name!r}]` must be a Recording or a sequence of them, got {checks.shown(value)}.")
    if not found or not all(map(len, found)):
        raise ValueError(f"`subjects[{name!r}]` must hold recordings of at least one trial, got {checks.shown(value)}.")
    return found


def _matrix(name: str, value: Any) -> Floats:
    wanted = f"`values[{name!r}]` must be numbers of shape (trials,) or (subjects, trials), at least one of each, got"
    try:
        matrix = np.atleast_2d(np.asarray(value, np.float64))
    except (TypeError, ValueError):
        raise TypeError(f"{wanted} {checks.shown(value)}.") from None
    if matrix.ndim != 2 or matrix.size == 0:
        raise ValueError(f"{wanted} {np.shape(value)}.")
    return matrix


def _every(every: int | None, count: int, name: str) -> int:
    if count == 0:
        raise ValueError(f"`{name}` must hold at least one entry, got none.")
    return (1 if count <= FEW else CYCLE) if every is None else checks.integer("every", every, 1)


def _measured(group: Sequence[Recording], count: int) -> _Subject:
    off = [1000 * deviations(each) for each in group]
    # Of an animal nobody may have said which trials were perturbed.
    caught = [np.zeros(len(each), np.bool_) if each.gain is None else catch_trials(each) for each in group]
    plain = _padded([np.where(mask, np.nan, each) for each, mask in zip(off, caught, strict=True)], count)
    catches = _padded([np.where(mask, each, np.nan) for each, mask in zip(off, caught, strict=True)], count)
    common = np.isfinite(catches).mean(axis=0) >= 0.5
    return _Subject(plain, np.where(common, catches, np.nan), _padded([adaptation(each) for each in group], count))


def _padded(rows: Sequence[Floats], count: int) -> Floats:
    return np.stack([np.pad(row, (0, count - len(row)), constant_values=np.nan) for row in rows])


def _axes(rows: int, number: Floats, spans: Sequence[Span]) -> tuple[Figure, list[Axes]]:
    figure = Figure(figsize=(9.5, 4.2 if rows == 1 else 5.8), dpi=DPI, layout=layout())
    grid = figure.subplots(rows, 1, sharex=True, squeeze=False, height_ratios=(2, 1)[:rows])[:, 0].tolist()
    for axes in grid:
        tidy(axes)
        axes.grid(visible=False, axis="x")
        block_marks.shade(axes, spans, number)
        axes.axhline(0, color=FAINT, linewidth=0.8, zorder=1)
    grid[-1].set_xlabel("trial", color=INK)
    return figure, grid


def _finish(figure: Figure, names: list[str], symbols: list[Artist], groups: bool, title: str, note: str) -> None:
    if groups:
        symbols = [*symbols, Patch(facecolor=FAINT, alpha=0.3, linewidth=0, label=_INTERVAL)]
    legend(figure, names, symbols)
    headline(figure, title, note)


def _course(axes: Axes, number: Floats, values: Floats, spans: Sequence[Span], how: Look, every: int, dots: bool) -> None:
    """One subject or group: a line that is broken between blocks; with dots, which beside a group would hide it."""
    if dots and every > 1:
        axes.plot(number, values[0], "o", color=how.color, markersize=2.2, alpha=0.35, markeredgewidth=0, zorder=2)
    size = 2.6 if dots else 0
    for span in spans:
        x, low, middle, high = _points(number, values, span, every)
        axes.fill_between(x, low, high, color=how.color, alpha=0.22, linewidth=0, zorder=2)
        axes.plot(x, middle, "o", linestyle=how.dashes, color=how.color, linewidth=1.4, markersize=size, zorder=3)
        if len(x) == 1 and not size:  # no line shows a single point
            axes.plot(x, middle, "o", color=how.color, markersize=2.6, zorder=3)


def _catches(axes: Axes, number: Floats, values: Floats, how: Look, size: float) -> None:
    known = np.isfinite(values).any(axis=0)
    middle = [float(mean(column)) for column in values[:, known].T]
    axes.plot(number[known], middle, CATCH_MARK, color=how.color, markersize=size, zorder=2.5)


def _channel(axes: Axes, number: Floats, values: Floats, spans: Sequence[Span], how: Look, every: int) -> None:
    for span in spans:
        x, low, middle, high = _points(number, values, span, every)
        axes.plot(x, middle, CHANNEL_MARK, linestyle=how.dashes, color=how.color, linewidth=0.8, markersize=3.6, zorder=3)
        known = np.isfinite(low)
        axes.vlines(x[known], low[known], high[known], color=how.color, linewidth=1, alpha=0.6, zorder=2)


def _points(number: Floats, values: Floats, span: Span, every: int) -> tuple[Floats, Floats, Floats, Floats]:
    """Place, lower end, mean and upper end of every point of a block that has a number; no interval for a single subject."""
    found = []
    for first in range(span.first, span.end, every):
        part = slice(first, min(first + every, span.end))
        each = np.array([mean(row[part]) for row in values])
        each = each[np.isfinite(each)]
        if each.size:
            estimate = mean_interval(each)
            enough = each.size >= max(_LEAST, len(values) / 2)
            ends = (estimate.low, estimate.high) if enough else (np.nan, np.nan)
            found.append((float(number[part].mean()), ends[0], estimate.value, ends[1]))
    x, low, middle, high = np.array(found, np.float64).reshape(-1, 4).T
    return x, low, middle, high
