"""How easily an arm's hand is pushed in each direction: the mobility ellipse at several places, with what was measured there."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reach_gym import checks
from reach_gym.figures.style import COLORS, DPI, FAINT, INK, headline, layout, symbol, tidy
from reach_gym.plants.skeleton import JointedArm, bent

_SCALE = 0.025  # m of the drawing for 1 m/s^2
_POINTS = 121  # of an ellipse


def mobility(
    arm: JointedArm, places: Sequence[tuple[float, float]], measured: Any = None, title: str = "", note: str = ""
) -> Figure:
    """The acceleration of the resting hand for a force of 1 N in each direction, at several places.

    The ellipse is ``J M^-1 J'`` of the arm's own constants (Hogan 1985, Biol Cybern 52:315). The hand is light along its long
    axis.

    Args:
        arm: The arm.
        places: Of the hand, m, at least one.
        measured: Accelerations (places, n, 2), m/s^2, of a resting hand that was pushed with 1 N, drawn as points.
        title: Headline, if there is to be one.
        note: Line at the bottom.

    Raises:
        TypeError: `arm` is no arm.
        ValueError: There is no place, one is out of reach, or `measured` does not fit.
    """
    if not isinstance(arm, JointedArm):
        raise TypeError(f"`arm` must be an arm of bones, got {checks.shown(arm)}.")
    if not len(places):
        raise ValueError("`places` must hold at least one place, got none.")
    seen = None if measured is None else np.asarray(measured, np.float64)
    if seen is not None and (seen.ndim != 3 or len(seen) != len(places) or seen.shape[2] != 2):
        raise ValueError(f"`measured` must be of shape ({len(places)}, n, 2), got {seen.shape}.")
    figure = Figure(figsize=(6.4, 5.6), dpi=DPI, layout=layout())
    axes = figure.add_subplot(aspect="equal")
    tidy(axes)
    for number, place in enumerate(places):
        _draw(axes, arm, place, None if seen is None else seen[number], COLORS[number % len(COLORS)])
    entries = [symbol(f"{_SCALE * 1000:g} mm: 1 m/s\N{SUPERSCRIPT TWO} for 1 N", "")]
    if seen is not None:
        entries.append(symbol("measured", "o"))
    axes.legend(handles=entries, frameon=False, labelcolor=INK, loc="lower right")
    axes.set_xlabel("x (m)", color=INK)
    axes.set_ylabel("y (m)", color=INK)
    headline(figure, title, note)
    return figure


def _draw(axes: Axes, arm: JointedArm, place: tuple[float, float], seen: npt.NDArray[np.float64] | None, color: str) -> None:
    arm.require_reach("places", *place)
    q1, q2 = bent(*place, arm.bones)
    elbow = arm.shoulder[0] + arm.bones.l1 * math.cos(q1), arm.shoulder[1] + arm.bones.l1 * math.sin(q1)
    axes.plot(*zip(arm.shoulder, elbow, place, strict=True), color=FAINT, linewidth=1.2, marker="o", markersize=3, zorder=1)
    around = np.linspace(0, 2 * np.pi, _POINTS)
    ellipse = np.stack([np.cos(around), np.sin(around)], axis=1) @ arm.mobility(q1, q2).T
    axes.plot(*(np.array(place) + _SCALE * ellipse).T, color=color, linewidth=1.6, zorder=2)
    if seen is not None:
        axes.plot(*(np.array(place) + _SCALE * seen).T, "o", color=color, markersize=4, zorder=3)
