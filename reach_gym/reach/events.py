"""What happens within a trial besides the field: jumps of target and cursor, force pulses, bars, hidden cursors.

Component-wise functions, as in `reach_gym.reach.rules`; those that choose are made for numbers or for arrays. A task whose
session has none of it never calls them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from reach_gym.fields import is_inside
from reach_gym.plants.turns import swing, turn
from reach_gym.sessions.rows import FEEDBACK, TRIGGERS

CLAMP, ENDPOINT = FEEDBACK.index("clamp"), FEEDBACK.index("endpoint")
_BLIND = FEEDBACK.index("none")
_TIME, _PLACE = TRIGGERS.index("time"), TRIGGERS.index("place")


def set_off(since: Any, line: Any, trigger: Any, at: Any, step: Any, go: Any, hand: Any, trial: Any) -> Any:
    """The step at which an event was set off: that of before, or `step` if it is set off now; 0 for not yet.

    Args:
        since: That of before.
        line: Of the table of events; 0 is none.
        trigger: Of the event.
        at: Of the event: time steps, m or m/s.
        step: Steps taken.
        go: Step at which the go cue begins.
        hand: x, y, vx, vy.
        trial: `reach_gym.reach.rows.Trial`.
    """
    x, y, vx, vy = hand
    way_x, way_y = trial.home_x - trial.start_x, trial.home_y - trial.start_y
    along = (x - trial.start_x) * way_x + (y - trial.start_y) * way_y
    # Without square roots: along / |way| >= at, and |v| >= at.
    there = (along > 0.0) & (along * along >= at * at * (way_x * way_x + way_y * way_y))
    fast = vx * vx + vy * vy >= at * at
    over = ((trigger == _TIME) & (step - go >= at)) | ((trigger == _PLACE) & there) | ((trigger > _PLACE) & fast)
    return since + step * ((since == 0) & (line > 0) & (step >= go) & over)


def is_on(since: Any, step: Any, duration: Any) -> Any:
    """Whether an event that was set off at the step `since` holds at `step`."""
    return (since > 0) & (step >= since) & (step < since + duration)


def happening(event: Any, since: Any, step: Any) -> tuple[Any, Any]:
    """X and y of a `reach_gym.reach.tables.EventLine` at `step`, m or N, if it was set off at the step `since`; else 0."""
    on = is_on(since, step, event.duration)
    return event.x * on, event.y * on


def way_with(where: Callable[[Any, Any, Any], Any], root: Callable[[Any], Any]) -> tuple[Callable[..., Any], ...]:
    """Makes `clamped_way`, `squared_distance` and `cursor_at` for numbers or for arrays, of their `where` and square `root`."""

    def clamped_way(start_x: Any, start_y: Any, target_x: Any, target_y: Any, degrees: Any) -> tuple[Any, Any]:
        """The direction, of length 1, of a cursor that is clamped at an angle from the target's direction."""
        dx, dy = target_x - start_x, target_y - start_y
        length = root(dx * dx + dy * dy)
        cosine, sine = turn(degrees)
        return (cosine * dx - sine * dy) / length, (sine * dx + cosine * dy) / length

    def squared_distance(x: Any, y: Any, trial: Any) -> Any:
        """The squared distance of a cursor at (x, y) from a target, which may be a bar across the way from start to target."""
        dx, dy = x - trial.target_x, y - trial.target_y
        way_x, way_y = trial.home_x - trial.start_x, trial.home_y - trial.start_y
        length = way_x * way_x + way_y * way_y
        along, across = way_x * dx + way_y * dy, way_x * dy - way_y * dx
        beyond = root(across * across / length) - trial.bar  # of the end of the bar
        beyond = beyond * (beyond > 0.0)
        return where(trial.bar == 0.0, dx * dx + dy * dy, along * along / length + beyond * beyond)

    def cursor_at(trial: Any, feedback: Any, shift_x: Any, shift_y: Any, hand: Any) -> tuple[Any, Any, Any, Any]:
        """The cursor of a `hand` x, y, vx, vy: turned around the start, jumped, or clamped; x, y, vx, vy."""
        x, y, vx, vy = hand
        dx, dy = x - trial.start_x, y - trial.start_y
        sx, sy = swing(dx, dy, trial.cosine, trial.sine)
        svx, svy = swing(vx, vy, trial.cosine, trial.sine)
        away = root(dx * dx + dy * dy)
        speed = (dx * vx + dy * vy) / (away + 1.0 * (away == 0.0))
        clamped = feedback == CLAMP
        return (
            where(clamped, trial.start_x + away * trial.cosine, x + sx + shift_x),
            where(clamped, trial.start_y + away * trial.sine, y + sy + shift_y),
            where(clamped, speed * trial.cosine + 0.0, vx + svx),  # at rest there is no sign
            where(clamped, speed * trial.sine + 0.0, vy + svy),
        )

    return clamped_way, squared_distance, cursor_at


def sensed_with(where: Callable[[Any, Any, Any], Any]) -> Callable[..., tuple[Any, Any, Any, Any]]:
    """Makes `sensed_of` for numbers or for arrays."""

    def sensed_of(trial: Any, feedback: Any, hand: Any, cursor: Any) -> tuple[Any, Any, Any, Any]:
        """What is sensed of a hand: its cursor, or, where that is hidden, where the hand itself is felt to be."""
        hidden = is_hidden(trial, feedback, hand)
        return (
            where(hidden, hand[0], cursor[0]),
            where(hidden, hand[1], cursor[1]),
            where(hidden, hand[2], cursor[2]),
            where(hidden, hand[3], cursor[3]),
        )

    return sensed_of


def is_hidden(trial: Any, feedback: Any, hand: Any) -> Any:
    """Whether the cursor is not shown; an endpoint is shown when the hand is as far from the start as the target."""
    dx, dy = hand[0] - trial.start_x, hand[1] - trial.start_y
    way_x, way_y = trial.home_x - trial.start_x, trial.home_y - trial.start_y
    short = dx * dx + dy * dy < way_x * way_x + way_y * way_y
    return (feedback == _BLIND) | ((feedback == ENDPOINT) & short)


def pushed(scale: Any, field: Any, x: Any, y: Any, push_x: Any, push_y: Any) -> tuple[Any, Any]:
    """The factor and the numbers of a field to which a constant push (N) is added, for one step from the place (x, y)."""
    (x_min, y_min, x_max, y_max, own_x, own_y, b_xx, b_xy, b_yx, b_yy, k_xx, k_xy, k_yx, k_yy, origin_x, origin_y) = field
    felt = scale * is_inside(x, y, x_min, y_min, x_max, y_max)
    none = 0.0 * felt
    far, push_x, push_y = none + np.inf, felt * own_x + push_x, felt * own_y + push_y
    viscosity = felt * b_xx, felt * b_xy, felt * b_yx, felt * b_yy
    stiffness = felt * k_xx, felt * k_xy, felt * k_yx, felt * k_yy
    # Numba builds no tuple out of starred ones beside another.
    return none + 1.0, (-far, -far, far, far, push_x, push_y) + viscosity + stiffness + (origin_x, origin_y)  # noqa: RUF005


def pick(condition: Any, one: Any, other: Any) -> Any:
    """`one` where the condition holds, else the `other`; for numbers, and for Numba."""
    return one if condition else other


clamped_way, squared_distance, cursor_at = way_with(pick, math.sqrt)
clamped_way_all, squared_distance_all, cursor_at_all = way_with(np.where, np.sqrt)
sensed_of, sensed_of_all = sensed_with(pick), sensed_with(np.where)

COMPONENT_WISE = (set_off, is_on, is_hidden, pushed, pick, clamped_way, squared_distance, cursor_at, sensed_of)
