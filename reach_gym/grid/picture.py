"""What a picture of a grid reach shows, for the scalar and the vector environment."""

from __future__ import annotations

from collections.abc import Iterable

from reach_gym.grid.world import GridWorld
from reach_gym.rendering import GridScene


def scene_of(
    world: GridWorld,
    path: Iterable[int],
    start: int,
    target: int,
    radius: float,
    steps: int,
    ideal: int,
    success: bool,
    title: str,
) -> GridScene:
    """The scene of a trial.

    Args:
        world: Where it takes place.
        path: The cells visited so far, the cursor's last; it alone where no path is kept.
        start: Cell in which it began.
        target: The target's cell.
        radius: In squares.
        steps: Taken so far.
        ideal: Least number of steps from the start.
        success: Whether the last step hit.
        title: The headline.
    """
    trail = tuple(_square(cell, world.size) for cell in path)
    return GridScene(
        size=world.size,
        field=world.field,
        cursor=trail[-1],
        start=_square(start, world.size),
        target=_square(target, world.size),
        radius=radius,
        trail=trail,
        step=steps,
        episode_return=float(success - steps),
        ideal_steps=ideal,
        success=success,
        title=title,
    )


def _square(cell: int, size: int) -> tuple[int, int]:
    return cell % size, cell // size
