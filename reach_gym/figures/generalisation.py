"""Generalisation: what was learned in some directions, measured in all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.projections.polar import PolarAxes
from matplotlib.ticker import FuncFormatter, MaxNLocator, MultipleLocator

from reach_gym import checks
from reach_gym.figures.style import DPI, FAINT, INK, RULE, Look, headline, layout, legend, look, tidy
from reach_gym.recording import Recording, adaptation
from reach_gym.recording.conditions import mean

Floats = npt.NDArray[np.float64]


def by_direction(recordings: Sequence[Recording], values: Sequence[Any] | None = None) -> tuple[Floats, Floats]:
    """The mean of each subject in each direction of the targets.

    Args:
        recordings: One per subject, at least one.
        values: One number per trial of each recording, (n,) each, NaN where a trial has none; without them the adaptation
            coefficients of the channel trials.

    Returns:
        Directions in degrees, counter-clockwise from the x-axis, in [0, 360), (d,): those of targets of trials with a number. And
        the means (subjects, d), NaN where a subject has none.

    Raises:
        ValueError: There is no recording, no number at all, or `values` do not fit the recordings.
    """
    if not recordings:
        raise ValueError("`recordings` must hold at least one recording, got none.")
    found = [adaptation(each) for each in recordings] if values is None else [np.asarray(each, np.float64) for each in values]
    if [each.shape for each in found] != [(len(each),) for each in recordings]:
        raise ValueError(f"`values` must be of shapes {[(len(each),) for each in recordings]}, got {[e.shape for e in found]}.")
    ways = [each.target - each.start for each in recordings]
    # To a tenth of a degree: the same target may be drawn with another last bit.
    angles = [np.degrees(np.arctan2(way[:, 1], way[:, 0])).round(1) % 360 for way in ways]
    directions = np.unique(np.concatenate([angle[np.isfinite(each)] for angle, each in zip(angles, found, strict=True)]))
    if not directions.size:
        raise ValueError("`recordings` must hold at least one trial with a number, got none.")
    rows = [[mean(each[angle == at]) for at in directions] for angle, each in zip(angles, found, strict=True)]
    return directions, np.array(rows)


def generalisation(
    groups: Mapping[str, Any],
    directions: Any,
    trained: Sequence[float] = (),
    polar: bool = False,
    ylabel: str = "adaptation coefficient",
    title: str = "",
    note: str = "",
) -> Figure:
    """Numbers over the directions of movement: the mean of every group with its standard error.

    Args:
        groups: By name the numbers of a subject (d,), or of a group (subjects, d), such as those of `by_direction`; NaN where a
            subject has none. At least one entry.
        directions: In degrees, (d,), increasing; relative to the trained one or absolute.
        trained: The directions in which the subjects practised, marked by lines.
        polar: Draw the directions on a circle instead of a line.
        ylabel: What the numbers are.
        title: Headline, if there is to be one.
        note: Line at the bottom.

    Raises:
        ValueError: There is no group, one is of another shape, or the directions do not increase.
    """
    angles = np.asarray(directions, np.float64)
    if angles.ndim != 1 or not angles.size or not np.isfinite(angles).all() or (np.diff(angles) <= 0).any():
        raise ValueError(f"`directions` must be increasing numbers (d,), got {checks.shown(directions)}.")
    if not groups:
        raise ValueError("`groups` must hold at least one entry, got none.")
    figure = Figure(figsize=(6.4, 4.6) if polar else (7.2, 3.9), dpi=DPI, layout=layout())
    axes = figure.add_subplot(projection="polar" if polar else None)
    tidy(axes) if not polar else None
    for place, (name, each) in enumerate(groups.items()):
        values = np.atleast_2d(np.asarray(each, np.float64))
        if values.ndim != 2 or values.shape[1] != len(angles) or not len(values):
            raise ValueError(f"`groups[{name!r}]` must be of shape (subjects, {len(angles)}), got {np.shape(each)}.")
        _curve(axes, angles, values, look(place), polar)
    _round(axes, trained, ylabel) if isinstance(axes, PolarAxes) else _straight(axes, angles, trained, ylabel)
    legend(figure, list(groups), markers=True)
    headline(figure, title, note)
    return figure


def _curve(axes: Axes, angles: Floats, values: Floats, how: Look, polar: bool) -> None:
    centre = np.array([mean(column) for column in values.T])
    error = np.array([_standard_error(column) for column in values.T])
    whole = polar and len(angles) > 2 and np.diff([*angles, angles[0] + 360]).max() <= 90  # no line across a part without numbers
    x = np.radians(angles) if polar else angles
    ends = [*range(len(x)), 0] if whole else [*range(len(x))]
    axes.plot(x[ends], centre[ends], color=how.color, linestyle=how.dashes, linewidth=1.4, zorder=3)
    bars: dict[str, Any] = {"elinewidth": 1.4, "capsize": 0.0 if polar else 3.0, "capthick": 1.4}
    axes.plot(x, centre, how.marker, color=how.color, markersize=5, zorder=4)
    known = np.isfinite(error)
    if known.any():
        axes.errorbar(x[known], centre[known], error[known], fmt="none", ecolor=how.color, zorder=3, **bars)


def _standard_error(values: Floats) -> float:
    """NaN for fewer than two values."""
    known = values[np.isfinite(values)]
    return float(known.std(ddof=1) / np.sqrt(len(known))) if len(known) > 1 else float("nan")


def _straight(axes: Axes, angles: Floats, trained: Sequence[float], ylabel: str) -> None:
    axes.axhline(0, color=FAINT, linewidth=0.8, zorder=1)
    for direction in trained:
        axes.axvline(direction, color=FAINT, linestyle=(0, (5, 3)), linewidth=1, zorder=1)
    if angles.max() - angles.min() >= 90:
        axes.xaxis.set_major_locator(MultipleLocator(45))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}\N{DEGREE SIGN}".replace("-", "\N{MINUS SIGN}")))
    axes.set_xlabel("direction of movement", color=INK)
    axes.set_ylabel(ylabel, color=INK)


def _away(points: Sequence[Any]) -> float:
    """The direction in degrees, between two lines of the grid, in which the drawn points lie closest to the middle."""
    x, y = np.concatenate(points).T
    known = np.isfinite(x) & np.isfinite(y)
    candidates = np.arange(22.5, 360, 45)
    near = [np.abs((np.degrees(x[known]) - each + 180) % 360 - 180) < 30 for each in candidates]
    return float(candidates[np.argmin([y[known][mask].max(initial=-np.inf) for mask in near])])


def _round(axes: PolarAxes, trained: Sequence[float], ylabel: str) -> None:
    low, high = axes.get_ylim()
    low, high = min(low, 0.0), max(high, 0.0)
    axes.set_ylim(low - 0.08 * (high - low), high)
    for direction in trained:
        axes.plot(np.radians([direction] * 2), axes.get_ylim(), color=FAINT, linestyle=(0, (5, 3)), linewidth=1.2, zorder=2)
    around = np.linspace(0, 2 * np.pi, 181)
    axes.plot(around, np.zeros_like(around), color=FAINT, linewidth=0.8, zorder=1)
    axes.grid(color=RULE, linewidth=0.8)
    axes.spines["polar"].set_color(RULE)
    axes.tick_params(labelcolor=FAINT, color=FAINT)
    axes.set_rlabel_position(_away([line.get_xydata() for line in axes.lines]))
    axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.set_xlabel(f"{ylabel}, by direction of movement", color=INK)
