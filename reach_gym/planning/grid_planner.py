"""The planner of the grid task: it follows the exact steps to go."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from reach_gym.fields import NULL
from reach_gym.grid.exact import UNREACHABLE, steps_to_go
from reach_gym.grid.observations import GridObservations
from reach_gym.grid.world import GridWorld, grid_world


class KnowsItsGrid(Protocol):
    """What a planner asks of an environment; both grid environments provide it."""

    observations: GridObservations

    def row_tasks(self) -> list[tuple[npt.NDArray[np.int64], GridWorld, float]]:
        """Groups of rows with the world and the radius that hold for them now."""


class GridPlanner:
    """Takes a shortest path under the field and the radius that it believes in; of equally good actions the first."""

    def __init__(self, env: KnowsItsGrid, feels: bool) -> None:
        """Plans for `env`, without wrappers.

        Args:
            env: A grid environment, scalar or vector.
            feels: Whether to plan with the field; without, every step is planned as if the next had none.
        """
        self._env, self._feels = env, feels

    def reset(self, starts: npt.NDArray[np.bool_]) -> None:
        """Nothing to forget."""

    def act(self, observations: Any) -> npt.NDArray[np.int64]:
        """The best action (n,) for each of a batch of observations."""
        cursor, target = self._env.observations.decode(observations)
        actions = np.zeros(len(cursor), np.int64)
        for rows, true_world, radius in self._env.row_tasks():
            world = true_world if self._feels else grid_world(true_world.size, NULL)
            ahead = world.next_cell[cursor[rows]]
            table = steps_to_go(world, radius)
            left = table[target[rows][:, None], ahead].astype(np.int64)
            actions[rows] = np.where(left == UNREACHABLE, np.iinfo(np.int64).max, left).argmin(axis=1)
        return actions
