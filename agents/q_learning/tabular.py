"""A trained table of action values at work."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium import spaces


class TabularAgent:
    """A trained table, acting greedily; follows `reach_gym.acting.protocol.Agent`."""

    def __init__(self, q: npt.NDArray[np.float64]) -> None:
        """Keeps the greedy action of each row of `q` (observations, actions); the lowest index wins a tie.

        Raises:
            ValueError: `q` is no table of finite numbers.
        """
        table = np.asarray(q, np.float64)
        if table.ndim != 2 or table.size == 0 or not np.isfinite(table).all():
            raise ValueError(f"`q` must be a finite table (observations, actions), got shape {table.shape}.")
        # The only tasks that it fits (`reach_gym.acting.protocol.Agent`).
        self.observation_space, self.action_space = (spaces.Discrete(size) for size in table.shape)
        self._greedy: npt.NDArray[np.int64] = table.argmax(axis=1)

    def reset(self, starts: npt.NDArray[np.bool_]) -> None:
        """Nothing to forget."""

    def act(self, observations: Any) -> npt.NDArray[np.int64]:
        """The greedy action (n,) for each of a batch (n,) of integer observations.

        Raises:
            ValueError: An observation is no integer that the table has.
        """
        index = np.asarray(observations)
        if index.dtype.kind not in "iu" or (index.size and not 0 <= index.min() <= index.max() < len(self._greedy)):
            raise ValueError(f"`observations` must be integers from 0 to {len(self._greedy) - 1}.")
        actions: npt.NDArray[np.int64] = self._greedy[index]
        return actions
