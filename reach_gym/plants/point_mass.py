"""One time step of the cursor: a point mass, moved by the hand's force and the field's.

Component-wise functions of `+ - * /` and comparisons only, written once: with floats they are the scalar environment, with NumPy
arrays the vector environment, registered with Numba the fast one, and with torch tensors the differentiable plant. All agree
with ``==`` in float64.
"""

from __future__ import annotations

from typing import Any


def step(
    x: Any, y: Any, vx: Any, vy: Any, force_x: Any, force_y: Any, rate: Any, damping: Any, dt: Any
) -> tuple[Any, Any, Any, Any]:
    """Semi-implicit Euler: the velocity first, then the position with the new velocity.

    Args:
        x: Position in metres.
        y: Position in metres.
        vx: Velocity in metres per second.
        vy: Velocity in metres per second.
        force_x: Sum of all forces but the damping, in newtons.
        force_y: Likewise.
        rate: Time step over mass, s/kg.
        damping: Viscous damping of the mass itself, N s/m.
        dt: Time step in seconds.

    Returns:
        The new ``(x, y, vx, vy)``.
    """
    vx = vx + rate * (force_x - damping * vx)
    vy = vy + rate * (force_y - damping * vy)
    return x + dt * vx, y + dt * vy, vx, vy


def confine(position: Any, velocity: Any, limit: Any) -> tuple[Any, Any]:
    """Stops a coordinate at the wall of the arena: beyond +-`limit` it stays at the wall with no velocity.

    Returns:
        The new ``(position, velocity)``.
    """
    above, below = position > limit, position < -limit
    within = 1.0 - 1.0 * (above | below)
    # The wall in the position's precision: a number times a tensor of truth values would fall back to single precision.
    wall = limit + 0.0 * position
    return position * within + wall * above - wall * below, velocity * within + 0.0  # at rest there is no sign


COMPONENT_WISE = (step, confine)
