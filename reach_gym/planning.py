"""The best possible: exact steps to go on the grid, and the agents that bound every score from above and below."""

from __future__ import annotations

import functools
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from reach_gym import grid
from reach_gym.fields import ForceField
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


class IdealAgent:
    """The agent that knows the field and the radius, and takes a shortest path.

    It defines score 1. Where several actions are equally good it takes the first.
    """

    def __init__(self, env: Any) -> None:
        """Plans for `env`, a grid environment, scalar or vector, wrapped or not.

        Raises:
            TypeError: `env` is no grid environment of this package.
        """
        self._env: KnowsItsGrid = env.unwrapped
        if not hasattr(self._env, "row_tasks"):
            raise TypeError(f"`env` must be a grid reach of reach_gym, got {env}.")

    def reset(self, starts: npt.NDArray[np.bool_]) -> None:
        """Nothing to forget."""

    def act(self, observations: Any) -> npt.NDArray[np.int64]:
        """The best action (n,) for each of a batch of observations."""
        cursor, target = self._env.observations.decode(np.asarray(observations))
        actions = np.zeros(len(cursor), np.int64)
        for rows, world, radius in self._env.row_tasks():
            ahead = world.next_cell[cursor[rows]]
            table = steps_to_go(world, radius)
            left = table[target[rows][:, None], ahead].astype(np.int64)
            actions[rows] = np.where(left == UNREACHABLE, np.iinfo(np.int64).max, left).argmin(axis=1)
        return actions


class RandomAgent:
    """Uniformly random actions: the agent that defines score 0."""

    def __init__(self, env: Any, seed: int = 0) -> None:
        """Acts in any discrete `env`, scalar or vector; the same `seed` gives the same actions.

        Raises:
            TypeError: The actions of `env` are not discrete.
        """
        space = getattr(env, "single_action_space", env.action_space)
        if not isinstance(space, spaces.Discrete):
            raise TypeError(f"`env` must have discrete actions, got {space}.")
        self._low, self._high = int(space.start), int(space.start + space.n)
        self._generator = np.random.default_rng(seed)

    def reset(self, starts: npt.NDArray[np.bool_]) -> None:
        """Nothing to forget."""

    def act(self, observations: Any) -> npt.NDArray[np.int64]:
        """An independent uniform action (n,) for each of a batch of observations."""
        return self._generator.integers(self._low, self._high, len(observations))
