"""How a number is kept within bounds; component-wise, as in `reach_gym.plants.plant`."""

from __future__ import annotations

from typing import Any


def confine(position: Any, velocity: Any, limit: Any) -> tuple[Any, Any]:
    """Stops one coordinate: beyond +-`limit` it stays at the wall with no velocity.

    Returns:
        The new ``(position, velocity)``.
    """
    above, below = position > limit, position < -limit
    within = 1.0 - 1.0 * (above | below)
    # The wall in the position's precision: a number times a tensor of truth values would fall back to single precision.
    wall = limit + 0.0 * position
    return position * within + wall * above - wall * below, velocity * within + 0.0  # at rest there is no sign


def square_root(value: Any) -> Any:
    """The square root of a number from 1e-6 to 100, by Newton's method: the libraries' own is not component-wise."""
    root = 0.5 * (value + 1.0)
    for _ in range(16):
        root = 0.5 * (root + value / root)
    return root


COMPONENT_WISE = (confine, square_root)
