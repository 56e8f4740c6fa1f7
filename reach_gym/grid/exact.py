"""The best possible on the grid: the exact number of steps to go from every cell to every target."""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt

from reach_gym.fields import ForceField
from reach_gym.grid.rules import distance, is_hit
from reach_gym.grid.world import NUM_ACTIONS, GridWorld, grid_world, squared_distance, squared_limit

UNREACHABLE = -1  # steps to go where the field keeps the cursor from the target for ever


def hits(size: int, limit: int, targets: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Which cells lie within the squared distance `limit` of which targets: bool (targets, cells)."""
    return np.asarray(is_hit(_squared(size, targets[:, None]), limit))


def _squared(size: int, target: npt.NDArray[np.int64] | int) -> npt.NDArray[np.int64]:
    cells = np.arange(size * size)
    return np.asarray(squared_distance(cells % size, cells // size, target % size, target // size))


@functools.lru_cache(maxsize=512)
def around(size: int, target: int, limit: int) -> tuple[tuple[bool, float], ...]:
    """For every cell: whether it lies within the squared radius `limit` of `target`, and how far it is.

    In tuples, because plain Python looks them up faster than an array: the scalar environment does it in every step. Equal pairs
    are one object, so that the tuples of many targets fit the processor's cache.
    """
    return tuple(map(_by_square(size, limit).__getitem__, _squared(size, target).tolist()))


@functools.lru_cache(maxsize=64)
def _by_square(size: int, limit: int) -> list[tuple[bool, float]]:
    """The pairs of `around` for every squared distance on the grid."""
    squared = np.arange(2 * (size - 1) ** 2 + 1)
    return list(zip(is_hit(squared, limit).tolist(), distance(squared).tolist(), strict=True))


def steps_to_go(world: GridWorld, radius: float = 0.0, target: int | None = None) -> npt.NDArray[np.int16]:
    """The least number of steps from every cell to within `radius` of every target, under the world's field.

    Args:
        world: The grid's tables.
        radius: Reward radius in squares.
        target: A target cell; ``None`` for all of them.

    Returns:
        Read-only int16 (targets, cells), `UNREACHABLE` (-1) where no number of steps suffices.
    """
    return _steps_to_go(world.size, world.field, int(squared_limit(radius)), target)


@functools.lru_cache(maxsize=64)
def _steps_to_go(size: int, field: ForceField, limit: int, target: int | None) -> npt.NDArray[np.int16]:
    # Breadth-first search from all targets at once: bit t of row c says that target t can be reached from cell c within
    # k steps; one more step unites the rows of the eight next cells.
    world = grid_world(size, field)
    targets = np.arange(size * size) if target is None else np.array([target])
    reached = hits(size, limit, targets).T
    steps = np.where(reached, 0, UNREACHABLE).astype(np.int16)
    within = np.packbits(reached, axis=1)
    for k in range(1, size * size + 1):
        wider = within.copy()
        for action in range(NUM_ACTIONS):
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
