"""The rules of the grid reach, each of them once.

Plain numbers, arrays and Numba call the same functions; only the loops around them differ. The scalar environment looks the move,
the hit and the distance up in tables that are made by them (`reach_gym.grid.world.grid_world`, `reach_gym.grid.exact.around`).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from reach_gym.grid.radius import advance_radius
from reach_gym.grid.rows import Numbers
from reach_gym.grid.world import STAY, place_cell, place_x, place_y, squared_distance


def move(next_place: Any, world: Any, place: Any, action: Any) -> Any:
    """The place to which an action, or `STAY`, leads from a place under the field of a world."""
    return next_place[world, place_cell(place), action]


def squared_apart(place: Any, goal: Any) -> Any:
    """The squared distance of two places, an exact integer."""
    return squared_distance(place_x(place), place_y(place), place_x(goal), place_y(goal))


def distance(squared: Any) -> Any:
    """The distance in squares, a float64, from its square."""
    return np.sqrt(1.0 * squared)


def is_hit(squared: Any, limit: Any) -> Any:
    """Whether a squared distance lies within the reward radius; `limit` is its square, rounded down."""
    return squared <= limit


def is_late(steps: Any, time_limit: Any) -> Any:
    """Whether the time limit truncates the trial after so many steps."""
    return steps >= time_limit


def reward(moved: Any, hit: Any) -> Any:
    """-1 for a step and 0 for one that hits; 0 also for a row that has not `moved`, as it began a trial instead."""
    return 0.0 - 1.0 * (moved & (hit == 0))  # not -1.0 * x: zero has no sign


def settle_pair(at: Any, to: Any, start: Any, target: Any, size: Any) -> tuple[Any, Any, Any]:
    """Start and target of one attempt to draw them.

    Args:
        at: The drawn start cell.
        to: The drawn target cell.
        start: The cell that is asked for, or -1 (`reach_gym.grid.pairs.FREE`) to take the drawn one.
        target: Likewise.
        size: Squares along one side.

    Returns:
        Both cells and their squared distance. An attempt counts if it is no hit; otherwise the next one is made.
    """
    at = at + (start - at) * (start >= 0)
    to = to + (target - to) * (target >= 0)
    return at, to, squared_distance(at % size, at // size, to % size, to // size)


TRIES = 2000  # attempts to draw a pair, after which one is chosen among those that are possible
CHANCES = 2**32


def far_pair(luck: Any, start: Any, target: Any, size: Any, limit: Any) -> tuple[Any, Any]:
    """Start and target of a trial after `TRIES` attempts in vain, every possible pair being equally likely; ints and Numba.

    Args:
        luck: 32 random bits, the `draw_start` of attempt `TRIES` among `CHANCES`.
        start: The cell that is asked for, or -1; likewise the next one.
        target: See there.
        size: Squares along one side.
        limit: Squared radius, rounded down.
    """
    last, count, chosen = size - 1, 0, 0
    # First all pairs are counted, then the chosen one is looked for, in the same order.
    for looking in (False, True):
        if looking:
            chosen, count = (luck * count) >> 32, 0
        if start >= 0 or target >= 0:
            fixed = max(start, target)
            for cell in range(size * size):
                if not is_hit(squared_distance(fixed % size, fixed // size, cell % size, cell // size), limit):
                    if looking and count == chosen:
                        return (start, cell) if start >= 0 else (cell, target)
                    count += 1
            continue
        for dy in range(-last, last + 1):
            if is_hit(last * last + dy * dy, limit):
                continue
            for dx in range(-last, last + 1):
                if not is_hit(dx * dx + dy * dy, limit):
                    width = size - abs(dx)
                    pairs = width * (size - abs(dy))
                    if looking and chosen < count + pairs:
                        x, y = max(0, -dx) + (chosen - count) % width, max(0, -dy) + (chosen - count) // width
                        return y * size + x, (y + dy) * size + x + dx
                    count += pairs
    return start, target  # never: a radius that leaves no pair has been refused


def ideal_steps(tables: Any, level: Any, target: Any, start: Any) -> Any:
    """The steps to go from a start.

    Args:
        tables: (levels, targets, cells) of `reach_gym.grid.exact.steps_to_go`; one target where it is fixed.
        level: Of the radius schedule.
        target: Its cell.
        start: Its cell.
    """
    return tables[level, target % tables.shape[1], start]


def begun(
    next_place: Any, world: Any, start: Any, target: Any, limit: Any, ideal: Any, level: Any, seen: Any, hits: Any
) -> Numbers:
    """The numbers of a row whose trial has just begun.

    Args:
        next_place: (worlds, cells, 9), see `move`.
        world: Index of the row's world.
        start: The start cell.
        target: The target cell.
        limit: Squared radius, rounded down.
        ideal: Steps to go.
        level: Of the radius schedule, like the two that follow.
        seen: Episodes since its last look.
        hits: Successes among them.
    """
    place, goal = next_place[world, start, STAY], next_place[world, target, STAY]
    return Numbers(place, goal, start, limit, world, ideal, 0, 0, level, seen, hits)


COMPONENT_WISE = (
    far_pair,
    advance_radius,
    move,
    squared_apart,
    distance,
    is_hit,
    is_late,
    reward,
    settle_pair,
    ideal_steps,
    begun,
)
