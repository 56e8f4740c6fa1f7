"""The grid world as one table: ``next_cell[cell, action]``.

Squares are (x, y) with x to the right and y upwards; the *cell* of a square is ``y * size + x``. The same table serves the
scalar environment, both back ends of the vector environment, the tabular learner and the planner.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from reach_gym import fields
from reach_gym.fields import ForceField

MIN_SIZE = 2
# An exact number of steps to go for every pair of cells is part of the task; its table has size**4 entries, 32 MiB here.
MAX_SIZE = 64


class Action(IntEnum):
    """The eight king moves, counter-clockwise from east."""

    EAST = 0
    NORTH_EAST = 1
    NORTH = 2
    NORTH_WEST = 3
    WEST = 4
    SOUTH_WEST = 5
    SOUTH = 6
    SOUTH_EAST = 7


# The move (dx, dy) of each action.
MOVES: tuple[tuple[int, int], ...] = (
    (1, 0),
    (1, 1),
    (0, 1),
    (-1, 1),
    (-1, 0),
    (-1, -1),
    (0, -1),
    (1, -1),
)
NUM_ACTIONS = len(MOVES)

STAY = NUM_ACTIONS  # one more column of `GridWorld.next_place`: the step in which a vector environment's row begins anew

# A *place* packs what a step needs to know of a cell into one integer, so that one look-up tells it all:
# x in bits 0 to 5, y in 6 to 11, the cell in 12 to 23, whether the field acts there in bit 24.
_BITS = 6
_ONES = MAX_SIZE - 1


def place_x(place: Any) -> Any:
    """The x of a place; ints, arrays and Numba alike."""
    return place & _ONES


def place_y(place: Any) -> Any:
    """The y of a place."""
    return (place >> _BITS) & _ONES


def place_cell(place: Any) -> Any:
    """The cell of a place."""
    return (place >> (2 * _BITS)) & (MAX_SIZE * MAX_SIZE - 1)


def place_felt(place: Any) -> Any:
    """1 where the field acts, else 0."""
    return place >> (4 * _BITS)


def squared_distance(x: Any, y: Any, other_x: Any, other_y: Any) -> Any:
    """The squared Euclidean distance of two squares, an exact integer; ints, arrays and Numba alike."""
    return (x - other_x) * (x - other_x) + (y - other_y) * (y - other_y)


def squared_limit(radius: Any) -> Any:
    """The largest squared distance, a whole number, that lies within `radius` squares; floats, arrays and Numba alike."""
    return radius * radius // 1


@dataclass(frozen=True, eq=False)
class GridWorld:
    """The tables of one size and field; `grid_world` makes them once.

    Attributes:
        size: Squares along one side.
        field: The force field, in squares.
        next_cell: int32 (cells, 8), where each action leads.
        in_field: bool (cells,), whether the field acts on a cursor that stands there.
        place: int32 (cells,), the place of each cell.
        next_place: int32 (cells, 9), the place to which each action, and `STAY`, leads.
        rows: `next_cell` as nested tuples: plain Python looks them up faster than an array.
        felt: `in_field` as a tuple.
    """

    size: int
    field: ForceField
    next_cell: npt.NDArray[np.int32]
    in_field: npt.NDArray[np.bool_]
    place: npt.NDArray[np.int32]
    next_place: npt.NDArray[np.int32]
    rows: tuple[tuple[int, ...], ...]
    felt: tuple[bool, ...]

    def __reduce__(self) -> tuple[object, tuple[int, ForceField]]:
        """Copies and pickles by name: the tables are a pure function of size and field."""
        return grid_world, (self.size, self.field)


def _whole_squares(value: npt.NDArray[np.float64], size: int) -> npt.NDArray[np.int64]:
    """Rounds to whole squares, halves away from zero, so that a mirrored field gives the mirrored shift."""
    bounded = np.clip(value, -2.0 * size, 2.0 * size)  # further than the wall is as good as the wall
    return (np.sign(bounded) * np.floor(np.abs(bounded) + 0.5)).astype(np.int64)


@functools.lru_cache(maxsize=64)
def grid_world(size: int, field: ForceField) -> GridWorld:
    """Builds the tables: move, plus the field's shift at the square before the move, clipped to the grid."""
    cells = np.arange(size * size)
    x, y = (cells % size)[:, None], (cells // size)[:, None]
    dx, dy = np.array(MOVES).T[:, None, :]
    with np.errstate(over="ignore", invalid="ignore"):
        shift_x, shift_y = fields.force(field, x * 1.0, y * 1.0, dx * 1.0, dy * 1.0)
    new_x = np.clip(x + dx + _whole_squares(np.nan_to_num(shift_x), size), 0, size - 1)
    new_y = np.clip(y + dy + _whole_squares(np.nan_to_num(shift_y), size), 0, size - 1)
    next_cell = (new_y * size + new_x).astype(np.int32)
    felt = np.broadcast_to(fields.inside(field.region, x[:, 0], y[:, 0]), cells.shape)
    in_field = felt & (not field.is_null)
    place = x[:, 0] | y[:, 0] << _BITS | cells << 2 * _BITS | in_field.astype(np.int64) << 4 * _BITS
    place = place.astype(np.int32)
    next_place = place[np.concatenate([next_cell, cells[:, None]], axis=1)]
    for table in (next_cell, in_field, place, next_place):
        table.setflags(write=False)
    return GridWorld(
        size,
        field,
        next_cell,
        in_field,
        place,
        next_place,
        tuple(map(tuple, next_cell.tolist())),
        tuple(in_field.tolist()),
    )


COMPONENT_WISE = (squared_distance, squared_limit, place_x, place_y, place_cell, place_felt)
