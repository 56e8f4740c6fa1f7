"""How long a reach takes: the longer the way, and as the task's window of movement times asks for it.

A minimum-jerk reach of length d in the time T accelerates with at most 5.8 d / T^2, so that a hand which uses the same greatest
force takes a time that grows with the square root of d. With a constant beside it this is also how the times of pointing to
targets of one size grow: a + b sqrt(d / width) (Meyer et al. 1988). Here a reach of 10 cm takes half a second, of which `BASE`
is the constant.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

BASE = 0.1  # s
PER_ROOT = 0.4 / 0.1**0.5  # s per square root of a metre: 0.4 s for 10 cm
# Of a window's width, from either end: so far inside of it a movement is planned. With 300 ms that is four standard deviations of
# the time that a controller takes which knows the field, under the noise that people show.
_MARGIN = 1.0 / 6.0
_TRIED = np.linspace(0.05, 2.0, 196)  # s, movements among which one is chosen for a window
_SHARES = np.linspace(0.0, 1.0, 401)
_PLACES = _SHARES**3 * (10.0 - 15.0 * _SHARES + 6.0 * _SHARES**2)  # of a minimum-jerk reach at these shares of its time


class TimeWindow(NamedTuple):
    """What a task asks of the time from leaving the start to arriving at the target, and what these mean.

    Attributes:
        shortest: s.
        longest: s.
        leave: Distance from the start at which the hand has left it, m.
        radius: Greatest distance from the target, m.
        speed: Greatest speed on it, m/s.
    """

    shortest: float
    longest: float
    leave: float
    radius: float
    speed: float


def window_of(env: Any) -> TimeWindow | None:
    """The window of an environment, wrapped or not; ``None`` if its task has none."""
    task = getattr(getattr(env, "unwrapped", env), "task", None)
    times = getattr(task, "movement_time", None)
    if task is None or times is None:
        return None
    shortest, longest = times
    return TimeWindow(shortest, longest, task.hold_radius, task.radius, task.speed_limit)


def usual_duration(distance: Floats) -> Floats:
    """The time in seconds that a reach over a `distance` in metres takes."""
    return np.asarray(BASE + PER_ROOT * np.sqrt(distance))


def judged_time(distance: Floats, duration: Floats, window: TimeWindow) -> Floats:
    """How long a minimum-jerk reach over `distance` metres in `duration` seconds takes by the clock of a `window`.

    It starts where the hand leaves the start, and stops where it is near enough to the target and slow enough.
    """
    ways = np.maximum(distance, 1e-9)
    # The speed is 30 s^2 (1 - s)^2 d / T at the share s of the time; below the limit everywhere it never hinders.
    product = np.sqrt(window.speed * duration / (30.0 * ways))
    slow = np.where(product < 0.25, 0.5 + 0.5 * np.sqrt(np.maximum(1.0 - 4.0 * product, 0.0)), 0.0)
    left, near = (np.interp(place, _PLACES, _SHARES) for place in (window.leave / ways, 1.0 - window.radius / ways))
    return np.asarray(duration * np.maximum(np.maximum(near, slow) - left, 0.0))


def planned_duration(distance: Floats, window: TimeWindow | None) -> Floats:
    """The time (n,) in seconds in which reaches over distances (n,) in metres are planned: the usual one, or well in the window.

    Too short a way cannot be made in the window; it takes the usual time.
    """
    usual = usual_duration(distance)
    if window is None:
        return usual
    judged = judged_time(distance[:, None], _TRIED, window)
    margin = _MARGIN * (window.longest - window.shortest)
    fits = (judged >= window.shortest + margin) & (judged <= window.longest - margin)
    # The nearest to the usual one among those that fit.
    chosen = np.where(fits, np.abs(_TRIED - usual[:, None]), np.inf).argmin(axis=1)
    return np.where(fits.any(axis=1), _TRIED[chosen], usual)


def planned_steps(distance: Floats, dt: float, window: TimeWindow | None) -> Integers:
    """`planned_duration` in time steps of `dt` seconds, int64 (n,), at least 1."""
    return np.maximum(1, np.round(planned_duration(distance, window) / dt)).astype(np.int64)
