"""Angles and rotations in the plane, to the same last bit on every machine and in every back end.

Component-wise functions of `+ - * /`, as in `reach_gym.plants.point_mass`.
"""

from __future__ import annotations

from typing import Any

_DEGREE = 0.017453292519943295  # pi / 180


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


COMPONENT_WISE = (swing, turn)
