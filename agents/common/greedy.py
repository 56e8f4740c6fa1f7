"""What a value learner would do everywhere on the grid, as a table: a few forward passes instead of one per step and row."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from reach_gym.acting.protocol import Agent
from reach_gym.grid.observations import IndexObservations

_AT_ONCE = 4096


class GreedyTable:
    """The actions of an agent that looks at nothing but the observation, for all pairs of cursor and target.

    It acts on observations of the kind ``"index"``, so that nothing has to be drawn and read for it.

    Attributes:
        actions: int64 (cells, cells), by the cells of cursor and target.
    """

    def __init__(self, agent: Agent, env: Any) -> None:
        """Asks `agent` about every pair once.

        Args:
            agent: Keeps nothing between observations.
            env: A vector environment of the grid reach with the observations that `agent` knows.
        """
        base = env.unwrapped
        seen, cells = base.observations, base.size**2
        self._index = IndexObservations(base.size, base.task.target_cell)
        cursor, target = np.divmod(np.arange(cells * cells), cells)
        parts = [
            np.asarray(agent.act(seen.present(seen.batch(cursor[i : i + _AT_ONCE], target[i : i + _AT_ONCE]))))
            for i in range(0, cells * cells, _AT_ONCE)
        ]
        self.actions: npt.NDArray[np.int64] = np.concatenate(parts).reshape(cells, cells)

    def reset(self, starts: npt.NDArray[np.bool_]) -> None:
        """Nothing to forget."""

    def act(self, observations: Any) -> npt.NDArray[np.int64]:
        """The action (n,) for each of a batch of indices (n,)."""
        actions: npt.NDArray[np.int64] = self.actions[self._index.decode(observations)]
        return actions
