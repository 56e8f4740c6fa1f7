"""Start and target of a trial on the grid: which pairs are possible, and which one is drawn."""

from __future__ import annotations

from reach_gym.grid.rules import CHANCES, TRIES, far_pair, is_hit, settle_pair
from reach_gym.grid.world import squared_distance
from reach_gym.sessions.draws import draw_start, draw_target

FREE = -1  # a start or target cell that every trial draws anew


def draw_pair(key: int, trial: int, size: int, start: int, target: int, limit: int) -> tuple[int, int]:
    """Draws (start, target) for one trial, every valid pair being equally likely.

    A pair is drawn again until the start lies outside the reward radius, or after `TRIES` attempts among those that are possible.

    Args:
        key: Key of the row.
        trial: Number of the trial, from 0.
        size: Squares along one side.
        start: The start cell, or `FREE` to draw it.
        target: The target cell, or `FREE` to draw it.
        limit: Squared radius, rounded down; at least one pair must lie further apart.

    Returns:
        The cells of start and target.
    """
    cells, attempt = size * size, 0
    while attempt < TRIES:
        at = draw_start(key, trial, attempt, cells) if start < 0 else start
        to = draw_target(key, trial, attempt, cells) if target < 0 else target
        at, to, squared = settle_pair(at, to, start, target, size)
        if not is_hit(squared, limit):
            return at, to
        attempt += 1
    return far_pair(draw_start(key, trial, TRIES, CHANCES), start, target, size, limit)


def furthest(size: int, start: int, target: int) -> int:
    """The largest squared distance that a pair can have; a start or target may be `FREE`.

    The radius of a trial must stay below it, or no start would be left.
    """
    last = size - 1
    if start < 0 and target < 0:
        return 2 * last * last
    if start >= 0 and target >= 0:
        return int(squared_distance(start % size, start // size, target % size, target // size))
    x, y = (max(start, target) % size, max(start, target) // size)
    return max(x, last - x) ** 2 + max(y, last - y) ** 2


def require_pair(size: int, start: int, target: int, limit: int) -> None:
    """Refuses a reward radius, given as its square, that leaves no start outside of it.

    Raises:
        ValueError: It does.
    """
    longest = furthest(size, start, target)
    if limit >= longest:
        raise ValueError(
            f"`radius` must be smaller than the {longest**0.5:.4g} squares that start and target "
            f"can be apart here, got about {limit**0.5:.4g}."
        )
