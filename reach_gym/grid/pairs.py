"""Start and target of a trial on the grid: which pairs are possible, and which one is drawn."""

from __future__ import annotations

from reach_gym.grid.world import squared_distance
from reach_gym.sessions.draws import draw_start, draw_target


def draw_pair(key: int, trial: int, size: int, start: int, target: int, limit: int) -> tuple[int, int]:
    """Draws (start, target) for one trial, every valid pair being equally likely.

    A pair is drawn again until the start lies outside the reward radius.

    Args:
        key: Key of the row.
        trial: Number of the trial, from 0.
        size: Squares along one side.
        start: The start cell, or -1 to draw it.
        target: The target cell, or -1 to draw it.
        limit: Squared radius, rounded down; at least one pair must lie further apart.

    Returns:
        The cells of start and target.
    """
    cells = size * size
    attempt = 0
    while True:
        to = target if target >= 0 else draw_target(key, trial, attempt, cells)
        at = start if start >= 0 else draw_start(key, trial, attempt, cells)
        if squared_distance(at % size, at // size, to % size, to // size) > limit:
            return at, to
        attempt += 1


def furthest(size: int, start: int, target: int) -> int:
    """The largest squared distance that a pair can have; -1 stands for a free start or target.

    The radius of a trial must stay below it, or no start would be left.
    """
    last = size - 1
    if start < 0 and target < 0:
        return 2 * last * last
    if start >= 0 and target >= 0:
        return int(squared_distance(start % size, start // size, target % size, target // size))
    x, y = (max(start, target) % size, max(start, target) // size)
    return max(x, last - x) ** 2 + max(y, last - y) ** 2
