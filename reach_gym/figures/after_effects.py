"""Errors and after-effects: the deviation in the conditions of a session, trial by trial and on average."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reach_gym.figures.style import DPI, FAINT, FIELD, INK, LATERAL, Look, headline, layout, legend, look, tidy
from reach_gym.recording import Recording, deviations
from reach_gym.recording.conditions import SHOWN, conditions

Floats = npt.NDArray[np.float64]

_WIDEST, _LEVEL, _UPRIGHT = 14.0, 9, 60  # inches; names of conditions that fit side by side, level and upright


def after_effects(recordings: Mapping[str, Recording], count: int = SHOWN, title: str = "", note: str = "") -> Figure:
    """The signed maximum deviation by condition: every trial as a dot, and mean and standard deviation per subject.

    Args:
        recordings: Sessions by the name of the subject, at least one.
        count: Trials at each end of a block.
        title: Headline, if there is to be one.
        note: Line at the bottom.

    Raises:
        ValueError: There is no session.
    """
    if not recordings:
        raise ValueError("`recordings` must hold at least one session, got none.")
    shown = {name: {each.name: each for each in conditions(recording, count)} for name, recording in recordings.items()}
    names = list(dict.fromkeys(name for each in shown.values() for name in each))
    figure = Figure(figsize=(float(np.clip(2.6 + 1.3 * len(names), 9.5, _WIDEST)), 4.6), dpi=DPI, layout=layout())
    axes = figure.add_subplot()
    tidy(axes)
    axes.grid(visible=False, axis="x")
    axes.axhline(0, color=FAINT, linewidth=0.8, zorder=1)
    for x, key in enumerate(names):
        if any(key in each and each[key].perturbed for each in shown.values()):
            axes.axvspan(x - 0.5, x + 0.5, color=FIELD, alpha=0.14, linewidth=0, zorder=0)
    width = 0.84 / len(recordings)
    for place, (recording, found) in enumerate(zip(recordings.values(), shown.values(), strict=True)):
        off = 1000 * deviations(recording)
        for x, key in enumerate(names):
            if key in found:
                values = off[found[key].mask]
                middle = x + width * (place - (len(recordings) - 1) / 2)
                _dots(axes, middle, width, values[np.isfinite(values)], look(place))
    _ticks(axes, names)
    axes.set_xlim(-0.5, max(1, len(names)) - 0.5)
    axes.set_ylabel(LATERAL, color=INK)
    legend(figure, list(recordings), markers=True, lines=False)
    headline(figure, title, note)
    return figure


def _ticks(axes: Axes, names: list[str]) -> None:
    """The names of the conditions; many of them upright, and no more than there is room for."""
    if len(names) <= _LEVEL:
        axes.set_xticks(range(len(names)), [name.replace(", ", ",\n") for name in names], color=INK)
    else:
        places = range(0, len(names), math.ceil(len(names) / _UPRIGHT))
        axes.set_xticks(places, [names[place] for place in places], color=INK, rotation=90, fontsize=8)
    for label in axes.get_xticklabels():
        label.set_parse_math(False)  # a name is no formula


def _dots(axes: Axes, x: float, width: float, values: Floats, how: Look) -> None:
    """Dots side by side in the order of the trials, with mean and standard deviation; nothing for no values."""
    if not values.size:
        return
    places = x + 0.62 * width * ((np.arange(len(values)) + 0.5) / len(values) - 0.5)
    axes.plot(places, values, ".", color=how.color, markersize=4, alpha=0.4, markeredgewidth=0, zorder=2)
    bars: dict[str, Any] = {"elinewidth": 1.6, "capsize": min(5.0, 14 * width), "capthick": 1.6}
    axes.errorbar(x, values.mean(), values.std(), fmt=how.marker, color=how.color, markersize=4.5, zorder=3, **bars)
