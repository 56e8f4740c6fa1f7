"""Exponential and logarithm, and choices between two numbers, to the same last bit on every machine and in every back end.

Component-wise functions of `+ - * /` and comparisons, as in `reach_gym.plants.point_mass`: the libraries' own functions differ in
the last bit.
"""

from __future__ import annotations

from typing import Any

_LN2 = 0.6931471805599453


def either(first: Any, one: Any, other: Any) -> Any:
    """`one` where the truth value `first` holds, else `other`; both must be finite."""
    return one * first + other * (1.0 - 1.0 * first)


def at_least(value: Any, low: Any) -> Any:
    """`value`, but no less than `low`; both in the same precision."""
    return value + (low - value) * (value < low)


def exponential(x: Any) -> Any:
    """The exponential of a number from -15 to 15, to 13 digits, of one from -50, to 9; of a lesser one, that of -50.

    A Taylor series of x / 256, and eight squarings.
    """
    a = at_least(x, -50.0) * 0.00390625
    e = 1.0 + a * (1.0 + a * (_E2 + a * (_E3 + a * (_E4 + a * (_E5 + a * (_E6 + a * (_E7 + a * _E8)))))))
    for _ in range(8):
        e = e * e
    return e


def logarithm(x: Any) -> Any:
    """The natural logarithm of a number from 2e-8 to 32, to 14 digits.

    Factors of 2 bring the number between 1/2 and 1; then a series in (x - r) / (x + r) around the root of 1/2, r.
    """
    x, more = 0.03125 * x, 5.0 * _LN2
    for power, times in _DOUBLINGS:
        small = (1.0 + 0.0 * x) * (x < 1.0 / times)  # in the precision of x
        x, more = x * (1.0 + (times - 1.0) * small), more - power * _LN2 * small
    z = (x - _ROOT) / (x + _ROOT)
    q = z * z
    odd = _L1 + q * (_L3 + q * (_L5 + q * (_L7 + q * (_L9 + q * (_L11 + q * (_L13 + q * (_L15 + q * _L17)))))))
    return more + (z * odd - 0.5 * _LN2)


_DOUBLINGS = ((16.0, 65536.0), (8.0, 256.0), (4.0, 16.0), (2.0, 4.0), (1.0, 2.0))
_ROOT = 0.7071067811865476
_E2, _E3, _E4, _E5, _E6, _E7, _E8 = 1 / 2, 1 / 6, 1 / 24, 1 / 120, 1 / 720, 1 / 5040, 1 / 40320
_L1, _L3, _L5, _L7, _L9, _L11, _L13, _L15, _L17 = 2.0, 2 / 3, 2 / 5, 2 / 7, 2 / 9, 2 / 11, 2 / 13, 2 / 15, 2 / 17

COMPONENT_WISE = (either, at_least, exponential, logarithm)
