"""What a value learner would do everywhere on the grid, as a table: a few forward passes instead of one per step and row."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from reach_gym.observations import GridObservations
from reach_gym.protocol import Agent

_AT_ONCE = 4096


class GreedyTable:
    """The actions of an agent that looks at nothing but the observation, for all pairs of cursor and target.

    Attributes:
        actions: int64 (cells, cells), by the cells of cursor and target.
    """

    def __init__(self, agent: Agent, observations: GridObservations, size: int) -> None:
        """Asks `agent` about every pair once.

        Args:
            agent: Acts on a batch of `observations` and keeps nothing between them.
            observations: How a pair of cells looks.
            size: Squares along one side.
        """
        self._observations, cells = observations, size * size
        cursor, target = np.divmod(np.arange(cells * cells), cells)
        parts = [
            np.asarray(agent.act(observations.batch(cursor[i : i + _AT_ONCE], target[i : i + _AT_ONCE])))
            for i in range(0, cells * cells, _AT_ONCE)
        ]
        self.actions: npt.NDArray[np.int64] = np.concatenate(parts).reshape(cells, cells)

    def reset(self, starts: npt.NDArray[np.bool_]) -> None:
        """Nothing to forget."""

    def act(self, observations: Any) -> npt.NDArray[np.int64]:
        """The action (n,) for each of a batch of observations."""
        actions: npt.NDArray[np.int64] = self.actions[self._observations.decode(np.asarray(observations))]
        return actions
