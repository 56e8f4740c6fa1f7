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


def cosine_and_sine(angle: Any) -> tuple[Any, Any]:
    """Cosine and sine of an angle in radians, in fewer operations than `turn`: to 14 digits up to half a turn, 12 up to one."""
    a = 0.125 * angle
    cosine, sine = small_turn(a)
    for _ in range(3):
        cosine, sine = cosine * cosine - sine * sine, 2.0 * sine * cosine
    return cosine, sine


def small_turn(angle: Any) -> tuple[Any, Any]:
    """Cosine and sine of at most 0.8 radians, to 13 digits, of 0.4 to 15: the Taylor series to the orders 14 and 13."""
    q = angle * angle
    cosine = 1.0 + q * (_C2 + q * (_C4 + q * (_C6 + q * (_C8 + q * (_C10 + q * (_C12 + q * _C14))))))
    sine = angle * (1.0 + q * (_C3 + q * (_C5 + q * (_C7 + q * (_C9 + q * (_C11 + q * _C13))))))
    return cosine, sine


def turned_on(cosine: Any, sine: Any, more: Any) -> tuple[Any, Any]:
    """Cosine and sine of an angle after it has grown by `more`, at most 0.3 radians, to 8 digits; by at most 0.1, to 12."""
    q = more * more
    less = q * (_C2 + q * (_C4 + q * _C6))
    s = more * (1.0 + q * (_C3 + q * (_C5 + q * _C7)))
    return cosine + (less * cosine - s * sine), sine + (less * sine + s * cosine)


def angle_of(cosine: Any, sine: Any) -> Any:
    """The angle of this cosine and sine, from -pi to pi, in radians; the inverse of `cosine_and_sine`."""
    # A first guess within 0.34, then steps of which each leaves a sixth of the cube of the error.
    angle = (1.0 - cosine) * _QUARTER * (1.0 - 2.0 * (sine < 0.0))
    for _ in range(5):
        c, s = cosine_and_sine(angle)
        angle = angle + (sine * c - cosine * s)
    return angle


_QUARTER = 1.5707963267948966  # pi / 2
_C2, _C3, _C4, _C5 = -1.0 / 2.0, -1.0 / 6.0, 1.0 / 24.0, 1.0 / 120.0
_C6, _C7, _C8, _C9 = -1.0 / 720.0, -1.0 / 5040.0, 1.0 / 40320.0, 1.0 / 362880.0
_C10, _C11, _C12, _C13 = -1.0 / 3628800.0, -1.0 / 39916800.0, 1.0 / 479001600.0, 1.0 / 6227020800.0
_C14 = -1.0 / 87178291200.0

COMPONENT_WISE = (swing, turn, cosine_and_sine, small_turn, turned_on, angle_of)
