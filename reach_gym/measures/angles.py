"""The direction of a reach early on, before what is seen of it can correct it."""

from __future__ import annotations

from typing import Any

import numpy as np

from reach_gym import checks
from reach_gym.measures import arrays
from reach_gym.measures.arrays import Floats
from reach_gym.measures.movement import Movement

WINDOW = (0.10, 0.15)  # s after onset


def angle_in_window(
    path: Any, start: Any, target: Any, movement: Movement, dt: float, window: tuple[float, float] = WINDOW
) -> Floats:
    """Angle in rad, in [-pi, pi], from the direction start to target to the early direction, positive counter-clockwise.

    The early direction leads from the position at onset to the mean position from 100 to 150 ms after it, both ends included:
    earlier the hand has hardly left, later it corrects by what the eyes see. The window is this package's usual one for
    rotations; another can be given. A path turned by an angle has that angle.

    Args:
        path: Positions (..., T+1, 2) in m of hand or cursor, NaN after the trial's end.
        start: Start (..., 2) in m, or one (2,) for all trials.
        target: Target (..., 2) in m, or one (2,) for all trials.
        movement: Of `find_movement`, of the same trials.
        dt: Seconds per step.
        window: Two times in s after onset.

    Returns:
        One angle per trial; NaN without movement, where the trial ended before the window did, and where the hand has not moved.

    Raises:
        TypeError: An argument does not hold numbers.
        ValueError: An argument is of another shape or out of range, or a target lies on its start.
    """
    step = checks.number("dt", dt, 0.0)
    if step == 0.0:
        raise ValueError("`dt` must be above 0, got 0.")
    first, last = (round(time / step) for time in arrays.window("window", window))
    places = arrays.path("path", path, movement.onset.shape)
    _, _, ahead = arrays.line(start, target, places.shape[:-2])
    index = np.maximum(movement.onset, 0)[..., None] + np.arange(first, last + 1)
    length = places.shape[-2]
    there = np.take_along_axis(places, np.minimum(index, length - 1)[..., None], axis=-2)
    begin = np.take_along_axis(places, np.clip(movement.onset, 0, length - 1)[..., None, None], axis=-2)[..., 0, :]
    way = there.mean(axis=-2) - begin
    known = movement.moved & (index[..., -1] < length) & np.isfinite(way).all(axis=-1) & (way != 0).any(axis=-1)
    return np.where(known, np.arctan2(arrays.cross(ahead, way), (ahead * way).sum(axis=-1)), np.nan)
