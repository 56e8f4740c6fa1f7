"""Observations with their past: what a learner without memory needs where its senses are late."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from reach_gym.reach.keywords import Reach
from reach_gym.rows.records import Mask

Singles = npt.NDArray[np.float32]


class History:
    """Puts the last observations and actions behind the present observation.

    One row is the present observation, then, the latest first, `history` pairs of a past observation and the action that followed
    it. When a trial begins, the past is its first observation, in which nothing was done.

    Attributes:
        space: Of what is observed, with the past if there is one.
        size: Numbers remembered of each row: all that is observed; 0 without a past.
    """

    def __init__(self, task: Reach) -> None:
        """Prepares for a task."""
        own, plant = task.observations().space, task.plant
        self.space: spaces.Space[Any] = own
        self.size = 0
        if task.history:
            bounds = zip((own.low, own.high), (plant.low, plant.high), strict=True)  # type: ignore[attr-defined]
            low, high = (np.concatenate([now, *[now, np.array(action, np.float32)] * task.history]) for now, action in bounds)
            self.space = spaces.Box(low, high, dtype=np.float32)
            self.size = len(low)
            self._own, self._pair = own.shape[0], own.shape[0] + len(plant.low)  # type: ignore[index]
            self._bounds = [np.array(bound, np.float32) for bound in (plant.low, plant.high)]

    def begin(self, shown: Singles, observations: Singles, mask: Mask) -> None:
        """Begins the trials of the rows of `mask`, bool (n,).

        Args:
            shown: (size, n), changed in place.
            observations: (n, ...), the first of each trial; only the rows of `mask` matter.
            mask: Which rows.
        """
        now = observations[mask].T
        still = np.zeros((self._pair - self._own, now.shape[1]), np.float32)
        pairs = (self.size - self._own) // self._pair
        shown[:, mask] = np.concatenate([now, *[now, still] * pairs])

    def add(self, shown: Singles, actions: Any, observations: Singles) -> None:
        """Moves on by one step of all rows.

        Args:
            shown: (size, n), changed in place.
            actions: (n, actuators), finite; they are clipped as the plant does.
            observations: (n, ...), after the step.
        """
        own, pair = self._own, self._pair
        shown[own + pair :] = shown[own:-pair].copy()
        shown[own : 2 * own] = shown[:own]
        shown[2 * own : own + pair] = np.clip(actions, *self._bounds).T
        shown[:own] = observations.T
