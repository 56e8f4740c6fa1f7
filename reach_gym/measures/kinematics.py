"""Measures of a trial's path: deviation, direction, length, speed, times and endpoint.

A path is an array (..., T+1, 2) in metres: one trial, or any batch of trials, padded with NaN after each trial's end. It is
the path of the hand, or under a visuomotor rotation that of the cursor, as you choose. Every measure has the batch's shape and
is NaN for a trial without movement. Positive deviations and angles lie to the left of the direction from start to target.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from reach_gym import checks
from reach_gym.measures import arrays
from reach_gym.measures.arrays import Floats, Steps
from reach_gym.measures.movement import SLOWEST, THRESHOLD, Movement, find_movement, speed

EARLY = 0.12  # s after onset, to where `early_angle_error` looks


def _path(name: str, value: Any, movement: Movement) -> Floats:
    """Returns `value` as the path of the trials in which `movement` was found."""
    path = arrays.path(name, value, movement.onset.shape)
    if movement.end.max(initial=-1) >= path.shape[-2]:
        raise ValueError(f"`{name}` must have as many states as the velocity of the movement, got {path.shape[-2]}.")
    return path


def _at(values: Floats, index: Steps, movement: Movement) -> Floats:
    """The entry of `values` (..., T+1) at one state per trial, NaN without movement."""
    entry = np.take_along_axis(values, index[..., None], axis=-1)[..., 0]
    return np.where(movement.moved, entry, np.nan)


def _lateral(path: Floats, start: Any, target: Any) -> Floats:
    origin, _, ahead = arrays.line(start, target, path.shape[:-2])
    return arrays.cross(ahead[..., None, :], path - origin[..., None, :])


def deviation(path: Any, start: Any, target: Any) -> Floats:
    """Signed distance (..., T+1) in m of every state from the straight line through start and target, positive to the left.

    Args:
        path: Positions (..., T+1, 2) in m, NaN after the trial's end.
        start: Start (..., 2) in m, or one (2,) for all trials.
        target: Target (..., 2) in m, or one (2,) for all trials.

    Raises:
        TypeError: An argument does not hold numbers.
        ValueError: An argument is of another shape, or a target lies on its start.
    """
    return _lateral(arrays.path("path", path), start, target)


def max_deviation(path: Any, start: Any, target: Any, movement: Movement) -> Floats:
    """Signed maximum perpendicular deviation in m: the largest deviation, left or right, from onset to end of the movement.

    Drift before the go cue and corrections after the end do not count. Source: Mattar & Ostry, Journal of Neurophysiology
    97:220, 2007 (the maximum perpendicular distance from the straight line); the sign as in `deviation`.
    """
    lateral = _lateral(_path("path", path, movement), start, target)
    step = np.arange(lateral.shape[-1])
    within = (step >= movement.onset[..., None]) & (step <= movement.end[..., None])
    return _at(lateral, np.where(within, np.abs(lateral), -1.0).argmax(axis=-1), movement)


def deviation_at_peak_speed(path: Any, start: Any, target: Any, movement: Movement) -> Floats:
    """Signed perpendicular deviation in m at the state of peak speed, positive to the left.

    It shows mostly what was planned, because feedback acts late. Source: Donchin, Francis & Shadmehr, Journal of
    Neuroscience 23:9032, 2003 (error of position at the time of maximum velocity).
    """
    return _at(_lateral(_path("path", path, movement), start, target), movement.peak, movement)


def initial_angle_error(path: Any, start: Any, target: Any, movement: Movement) -> Floats:
    """Angle in rad, in [-pi, pi], from the direction start to target to the initial direction, positive counter-clockwise.

    The initial direction leads from the position at onset to that at peak speed; from the onset, so that drift during the
    hold does not turn it. NaN also where these two coincide. Source: Krakauer, Pine, Ghilardi & Ghez, Journal of
    Neuroscience 20:8916, 2000 (directional error at peak velocity).
    """
    return _angle_until(movement.peak, path, start, target, movement)


def early_angle_error(path: Any, start: Any, target: Any, movement: Movement, dt: float) -> Floats:
    """Like `initial_angle_error`, but until `EARLY` seconds after onset, or the end if sooner; with steps of `dt` seconds.

    What was aimed at: corrections by what the eyes see of the movement begin later (Saunders & Knill, Experimental Brain Research
    152:341, 2003, some 120 ms after a change, unverified), while peak speed may come after them. Under a visuomotor rotation that
    nobody has learned it is about the angle of the rotation, for the cursor's path.
    """
    early = movement.onset + round(EARLY / checks.number("dt", dt, 0.0))
    return _angle_until(np.minimum(early, movement.end), path, start, target, movement)


def _angle_until(last: Steps, path: Any, start: Any, target: Any, movement: Movement) -> Floats:
    """The angle from the direction start to target to that from the position at onset to the one at the step `last`."""
    path = _path("path", path, movement)
    _, _, ahead = arrays.line(start, target, path.shape[:-2])
    way = np.stack([_at(path[..., i], last, movement) - _at(path[..., i], movement.onset, movement) for i in (0, 1)], -1)
    angle = np.arctan2(arrays.cross(ahead, way), (ahead * way).sum(axis=-1))
    return np.where((way == 0).all(axis=-1), np.nan, angle)


def path_length_ratio(path: Any, start: Any, target: Any, movement: Movement) -> Floats:
    """Length of the path from onset to end of the movement, divided by the straight distance from start to target.

    Source: Coderre et al., Neurorehabilitation and Neural Repair 24:528, 2010. A straight reach gives 1, or slightly
    less, because the parts below the speed threshold do not count and a reach may end anywhere inside the target. A reach that
    stops short gives less than 1, too.
    """
    path = _path("path", path, movement)
    _, distance, _ = arrays.line(start, target, path.shape[:-2])
    pieces = np.diff(path, axis=-2)
    step = np.arange(pieces.shape[-2])
    within = (step >= movement.onset[..., None]) & (step < movement.end[..., None])
    length = np.where(within, np.hypot(pieces[..., 0], pieces[..., 1]), 0.0).sum(axis=-1)
    return np.where(movement.moved, length / distance, np.nan)


def peak_speed(velocity: Any, movement: Movement) -> Floats:
    """The largest tangential speed in m/s from the go cue on.

    Source: Morasso, Experimental Brain Research 42:223, 1981 (the bell-shaped speed of reaches); a minimum-jerk reach has
    1.875 times its mean speed (Flash & Hogan, Journal of Neuroscience 5:1688, 1985).
    """
    return _at(speed(_path("velocity", velocity, movement)), movement.peak, movement)


def movement_time(movement: Movement, dt: float) -> Floats:
    """Time in s from onset to end of the movement, with steps of `dt` seconds. Source: Coderre et al. 2010."""
    return np.where(movement.moved, (movement.end - movement.onset) * checks.number("dt", dt, 0.0), np.nan)


def reaction_time(movement: Movement, go: Any, dt: float) -> Floats:
    """Time in s from the go cue (step index `go`) to onset, with steps of `dt` seconds. Source: Coderre et al. 2010."""
    wait = movement.onset - arrays.steps("go", go, movement.onset.shape)
    return np.where(movement.moved, wait * checks.number("dt", dt, 0.0), np.nan)


def endpoint_error(path: Any, target: Any, movement: Movement) -> Floats:
    """Distance in m from the position at the end of the movement to the target.

    Source: Gordon, Ghilardi & Ghez, Experimental Brain Research 99:97, 1994 (accuracy of planar reaches by their endpoints).
    """
    path = _path("path", path, movement)
    off = path - arrays.points("target", target, path.shape[:-2])[..., None, :]
    return _at(np.hypot(off[..., 0], off[..., 1]), movement.end, movement)


def trial_measures(
    path: Any,
    velocity: Any,
    start: Any,
    target: Any,
    go: Any,
    dt: float,
    threshold: float = THRESHOLD,
    slowest: float = SLOWEST,
) -> dict[str, Floats]:
    """All measures of this module for a batch of trials.

    Args:
        path: Positions (..., T+1, 2) in m, NaN after the trial's end.
        velocity: Velocities (..., T+1, 2) in m/s, padded likewise.
        start: Start (..., 2) in m, or one (2,) for all trials.
        target: Target (..., 2) in m, or one (2,) for all trials.
        go: Step index of the go cue, one per trial or one for all.
        dt: Seconds per step.
        threshold: See `find_movement`.
        slowest: See `find_movement`.

    Returns:
        Float arrays (...), by the name of their function, NaN for trials without movement.

    Raises:
        TypeError: An argument does not hold numbers.
        ValueError: An argument is of another shape or out of range, or a target lies on its start.
    """
    movement = find_movement(velocity, go, threshold, slowest)
    return {
        "max_deviation": max_deviation(path, start, target, movement),
        "deviation_at_peak_speed": deviation_at_peak_speed(path, start, target, movement),
        "initial_angle_error": initial_angle_error(path, start, target, movement),
        "early_angle_error": early_angle_error(path, start, target, movement, dt),
        "path_length_ratio": path_length_ratio(path, start, target, movement),
        "peak_speed": peak_speed(velocity, movement),
        "movement_time": movement_time(movement, dt),
        "reaction_time": reaction_time(movement, go, dt),
        "endpoint_error": endpoint_error(path, target, movement),
    }
