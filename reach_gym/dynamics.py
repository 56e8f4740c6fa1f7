"""One time step of the cursor: a point mass, moved by the hand's force and the field's.

Component-wise functions of `+ - * /` and comparisons only, written once: with floats they are the scalar environment, with NumPy
arrays the vector environment, registered with Numba the fast one, and with torch tensors the differentiable plant. All agree
with ``==`` in float64.
"""

from __future__ import annotations

from typing import Any

_DEGREE = 0.017453292519943295  # pi / 180


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


def swing(x: Any, y: Any, cosine: Any, sine: Any) -> tuple[Any, Any]:
    """How far a counter-clockwise rotation moves the tip of the vector (x, y); exactly 0 for cosine 1 and sine 0.

    A cursor under a visuomotor rotation stands at the hand plus the swing of the hand's way from the start.
    """
    less = cosine - 1.0
    return less * x - sine * y, sine * x + less * y


def turn(degrees: Any) -> tuple[Any, Any]:
    """Cosine and sine of an angle of at most 5,400 degrees (the greatest rotation at the greatest gain), to 13 digits.

    By a polynomial and six doublings of the angle, because the libraries' own functions differ in the last bit.
    """
    a = degrees * _DEGREE / 64.0
    q = a * a
    # Taylor series to the order 21, of an angle of at most 1.5.
    cosine, sine = 1.0, 1.0
    for n in range(20, 0, -2):
        cosine = 1.0 - q / (n * (n - 1)) * cosine
        sine = 1.0 - q / (n * (n + 1)) * sine
    sine = a * sine
    for _ in range(6):
        cosine, sine = cosine * cosine - sine * sine, 2.0 * sine * cosine
    return cosine, sine
