"""Corrections within a movement: what a jump of target or cursor, or a pulse of force, changes, and when."""

from __future__ import annotations

from typing import Any

import numpy as np

from reach_gym import checks
from reach_gym.measures import arrays
from reach_gym.measures.arrays import Floats

WINDOW = (0.18, 0.23)  # s after the event: the first, involuntary visuomotor response


def _aligned(signal: Any, event: Any, length: int) -> Floats:
    """The signal (n, length) from each trial's event on; NaN where there is no event, and after the trial's end."""
    values = np.asarray(signal)
    if values.dtype.kind not in "fiu":
        raise TypeError(f"`signal` must be an array of numbers, got {checks.shown(signal)}.")
    if values.ndim != 2 or values.shape[1] == 0:
        raise ValueError(f"`signal` must be of shape (n, T) with T at least 1, got {values.shape}.")
    if np.isinf(values).any():
        raise ValueError("`signal` must hold finite numbers or NaN.")
    begin = arrays.numbers("event", event)
    if begin.shape != values.shape[:1]:
        raise ValueError(f"`event` must be of shape {values.shape[:1]}, got {begin.shape}.")
    known = np.isfinite(begin) & (begin >= 0)
    index = np.where(known, begin, 0.0).round().astype(np.int64)[:, None] + np.arange(length)
    inside = known[:, None] & (index < values.shape[1])
    there = np.take_along_axis(values.astype(np.float64), np.minimum(index, values.shape[1] - 1), axis=1)
    return np.where(inside, there, np.nan)


def _steps(dt: float, window: Any) -> tuple[int, int]:
    step = checks.number("dt", dt, 0.0)
    if step == 0.0:
        raise ValueError("`dt` must be above 0, got 0.")
    first, last = (round(time / step) for time in arrays.window("window", window))
    return first, last


def _column_means(values: Floats) -> Floats:
    known = np.isfinite(values)
    number = known.sum(axis=0)
    total = np.where(known, values, 0.0).sum(axis=0)
    return np.asarray(np.where(number > 0, total / np.maximum(number, 1), np.nan))


def correction(signal: Any, event: Any, side: Any, dt: float, window: tuple[float, float] = WINDOW) -> Floats:
    """How much of a signal answers an event: its mean in a window after it, minus that of undisturbed trials at the same time.

    The signal is a force against a channel's wall, or a velocity, across the movement. The window of 180 to 230 ms holds the
    involuntary visuomotor response (Franklin, Franklin & Wolpert, Journal of Neurophysiology 108:467, 2012; the window's ends
    unverified); for a pulse of force the long-latency response lies at 50 to 100 ms (Coltman & Gribble, Journal of
    Neurophysiology 124:388, 2020).

    Args:
        signal: One number per trial and step (n, T), in N or m/s, positive to the left of the way; NaN after the trial's end.
        event: The step (n,) of the event; in undisturbed trials the step at which it would have come. NaN where it did not come.
        side: (n,): 1 where a full correction goes to the left, -1 to the right, 0 in undisturbed trials.
        dt: Seconds per step.
        window: Two times in s after the event; both ends count.

    Returns:
        One number per trial (n,), in the signal's unit, positive where it corrects; NaN in undisturbed trials, in trials that end
        before the window does, and everywhere without an undisturbed trial.

    Raises:
        TypeError: An argument does not hold numbers.
        ValueError: An argument is of another shape or out of range.
    """
    first, last = _steps(dt, window)
    aligned = _aligned(signal, event, last + 1)[:, first:]
    sides = _sides(side, len(aligned))
    usual = _column_means(aligned[sides == 0]) if (sides == 0).any() else np.full(aligned.shape[1], np.nan)
    away = (aligned - usual).mean(axis=1)
    return np.where(sides == 0, np.nan, sides * away)


def correction_course(signal: Any, event: Any, side: Any, dt: float, until: float = 0.4) -> tuple[Floats, Floats]:
    """The course of the mean correction: times (k,) in s after the event, and the signed difference (k,) from undisturbed trials.

    Args:
        signal: As `correction` takes it.
        event: As there.
        side: As there.
        dt: Seconds per step.
        until: Last time in s after the event.

    Returns:
        Times, and the mean of the disturbed trials, mirrored to positive, minus the undisturbed ones'; NaN where no trial lasts.

    Raises:
        TypeError: An argument does not hold numbers.
        ValueError: An argument is of another shape or out of range.
    """
    _, last = _steps(dt, (0.0, until))
    aligned = _aligned(signal, event, last + 1)
    sides = _sides(side, len(aligned))
    usual = _column_means(aligned[sides == 0]) if (sides == 0).any() else np.full(last + 1, np.nan)
    turned = sides[:, None] * (aligned - usual)
    found = _column_means(turned[sides != 0]) if (sides != 0).any() else np.full(last + 1, np.nan)
    return np.asarray(np.arange(last + 1) * float(dt)), found


def _sides(side: Any, trials: int) -> Floats:
    sides = arrays.numbers("side", side)
    if sides.shape != (trials,) or not np.isin(sides, (-1.0, 0.0, 1.0)).all():
        raise ValueError(f"`side` must be -1, 0 or 1 for each of {trials} trials, got {checks.shown(side)}.")
    return sides
