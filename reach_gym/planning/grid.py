"""The best possible on the grid: exact steps to go, and the planner that follows them."""

from __future__ import annotations

import functools
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from reach_gym import grid
from reach_gym.fields import NULL, ForceField
from reach_gym.grid import GridWorld
from reach_gym.observations import GridObservations

UNREACHABLE = -1  # steps to go where the field keeps the cursor from the target for ever


def hits(size: int, limit: int, targets: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Which cells lie within the squared distance `limit` of which targets: bool (targets, cells)."""
    cells = np.arange(size * size)
    to = targets[:, None]
    return np.asarray(grid.squared_distance(cells % size, cells // size, to % size, to // size) <= limit)


def steps_to_go(world: GridWorld, radius: float = 0.0, target: int | None = None) -> npt.NDArray[np.int16]:
    """The least number of steps from every cell to within `radius` of every target, under the world's field.

    Args:
        world: The grid's tables.
        radius: Reward radius in squares.
        target: A target cell; ``None`` for all of them.

    Returns:
        Read-only int16 (targets, cells), `UNREACHABLE` (-1) where no number of steps suffices.
    """
    return _steps_to_go(world.size, world.field, int(grid.squared_limit(radius)), target)


@functools.lru_cache(maxsize=64)
def _steps_to_go(size: int, field: ForceField, limit: int, target: int | None) -> npt.NDArray[np.int16]:
    # Breadth-first search from all targets at once: bit t of row c says that target t can be reached from cell c within
    # k steps; one more step unites the rows of the eight next cells.
    world = grid.grid_world(size, field)
    targets = np.arange(size * size) if target is None else np.array([target])
    reached = hits(size, limit, targets).T
    steps = np.where(reached, 0, UNREACHABLE).astype(np.int16)
    within = np.packbits(reached, axis=1)
    for k in range(1, size * size + 1):
        wider = within.copy()
        for action in range(grid.NUM_ACTIONS):
            wider |= within[world.next_cell[:, action]]
        fresh = wider & ~within
        rows = np.flatnonzero(fresh.any(axis=1))
        if rows.size == 0:
            break
        new = np.unpackbits(fresh[rows], axis=1, count=len(targets)).view(np.bool_)
        steps[rows] = np.where(new, k, steps[rows])
        within = wider
    table = np.ascontiguousarray(steps.T)
    table.setflags(write=False)
    return table


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
        cursor, target = self._env.observations.decode(np.asarray(observations))
        actions = np.zeros(len(cursor), np.int64)
        for rows, true_world, radius in self._env.row_tasks():
            world = true_world if self._feels else grid.grid_world(true_world.size, NULL)
            ahead = world.next_cell[cursor[rows]]
            table = steps_to_go(world, radius)
            left = table[target[rows][:, None], ahead].astype(np.int64)
            actions[rows] = np.where(left == UNREACHABLE, np.iinfo(np.int64).max, left).argmin(axis=1)
        return actions
