"""Actions of the continuous reach, checked and clipped."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from reach_gym import checks
from reach_gym.errors import InvalidActionError
from reach_gym.plants.plant import Plant


def reach_action(action: Any, plant: Plant) -> tuple[float, ...]:
    """One action as a float for each actuator of the `plant`; finite numbers beyond its bounds are clipped.

    Raises:
        InvalidActionError: Not that many finite numbers.
    """
    shape = (len(plant.low),)
    values = _numbers("action", action, shape).tolist()
    if not all(map(math.isfinite, values)):
        raise InvalidActionError(f"`action` must be finite numbers of shape {shape}, got {checks.shown(action)}.")
    return tuple(min(max(value, low), high) for value, low, high in zip(values, plant.low, plant.high, strict=True))


def reach_actions(actions: Any, rows: int, actuators: int) -> npt.NDArray[np.float64]:
    """A batch of actions as float64 (rows, actuators), not yet checked for NaN and infinity nor clipped.

    Raises:
        InvalidActionError: Not numbers, or of another shape.
    """
    array = np.ascontiguousarray(_numbers("actions", actions, (rows, actuators)))
    # Numba would compile once more, for seconds, for an array that cannot be written to.
    return array if array.flags.writeable else array.copy()


def _numbers(name: str, value: Any, shape: tuple[int, ...]) -> npt.NDArray[np.float64]:
    try:
        array = np.asarray(value)
    except (TypeError, ValueError, RuntimeError):
        array = np.empty(0, object)
    if array.dtype.kind not in "fiu" or array.shape != shape:
        raise InvalidActionError(f"`{name}` must be finite numbers of shape {shape}, got {checks.shown(value)}.")
    return array.astype(np.float64, copy=False)
