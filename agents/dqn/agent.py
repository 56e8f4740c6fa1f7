"""A trained network of action values at work."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from gymnasium import spaces

from agents.dqn.networks import QNetwork


class DQNAgent:
    """A trained network, acting greedily; follows `reach_gym.acting.protocol.Agent`."""

    def __init__(self, network: QNetwork, space: spaces.Box) -> None:
        """Acts by `network` on observations of `space`."""
        self._network, self.observation_space = network, space

    def reset(self, starts: npt.NDArray[np.bool_]) -> None:
        """Nothing to forget."""

    def values(self, observations: Any) -> npt.NDArray[np.float32]:
        """The action values, float32 (n, actions), of a batch of observations.

        Raises:
            ValueError: The observations are not those that the network was made for.
        """
        batch, space = np.asarray(observations), self.observation_space
        if batch.shape[1:] != space.shape or batch.dtype != space.dtype:
            raise ValueError(
                f"`observations` must be {space.dtype} (n, {', '.join(map(str, space.shape))}), got {batch.dtype} {batch.shape}."
            )
        with torch.inference_mode():
            values: npt.NDArray[np.float32] = self._network(torch.from_numpy(np.ascontiguousarray(batch))).numpy()
        return values

    def act(self, observations: Any) -> npt.NDArray[np.int64]:
        """The greedy action (n,) for each of a batch of observations; the lowest index wins a tie."""
        actions: npt.NDArray[np.int64] = self.values(observations).argmax(axis=1)
        return actions
