"""What is drawn at the start of an episode, and the random numbers it is drawn from.

Randomness lives in the trial: trial k of a seeded row is a pure function of the row's key and k, computed by a counter-based
hash. Steps are then deterministic, and a row of a vector environment does not depend on its neighbours.

The functions from `mix` to `draw_target` are component-wise: the same source serves Python integers, ``uint64`` arrays and,
registered from `reach_gym.kernels`, Numba. For Numba they keep every operand an unsigned 64-bit integer.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from reach_gym import grid

_MASK = 0xFFFFFFFFFFFFFFFF
# The finaliser and the increment of splitmix64 (Steele, Lea & Flood 2014), which passes BigCrush.
_MIX_1 = 0xBF58476D1CE4E5B9
_MIX_2 = 0x94D049BB133111EB
_PER_TRIAL = 0x9E3779B97F4A7C15
# Two more odd constants of about equally many ones and zeros: one step per attempt, one stream per quantity.
_PER_ATTEMPT = 0xD1342543DE82EF95
_START_STREAM = 0xA0761D6478BD642F


def mix(z: Any) -> Any:
    """Scrambles the 64 bits of `z` one-to-one (splitmix64's finaliser)."""
    z = ((z ^ (z >> 30)) * _MIX_1) & _MASK
    z = ((z ^ (z >> 27)) * _MIX_2) & _MASK
    return z ^ (z >> 31)


def bits(key: Any, trial: Any, attempt: Any) -> Any:
    """64 random bits for one attempt at one trial of the row with this `key`."""
    of_trial = mix((key + ((trial * _PER_TRIAL) & _MASK)) & _MASK)
    return mix((of_trial + ((attempt * _PER_ATTEMPT) & _MASK)) & _MASK)


def pick(random_bits: Any, count: Any) -> Any:
    """An integer from 0 to `count` - 1 from the upper 32 bits; its bias is below count / 2**32."""
    return ((random_bits >> 32) * count) >> 32


def draw_target(key: Any, trial: Any, attempt: Any, cells: Any) -> Any:
    """The target cell of an attempt."""
    return pick(bits(key, trial, attempt), cells)


def draw_start(key: Any, trial: Any, attempt: Any, cells: Any) -> Any:
    """The start cell of an attempt."""
    return pick(bits(key ^ _START_STREAM, trial, attempt), cells)


def new_key(generator: np.random.Generator) -> int:
    """The key of a row: the next 64 bits of its `generator`."""
    return int(generator.integers(0, 2**64, dtype=np.uint64))


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
        if grid.squared_distance(at % size, at // size, to % size, to // size) > limit:
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
        return int(grid.squared_distance(start % size, start // size, target % size, target // size))
    x, y = (max(start, target) % size, max(start, target) // size)
    return max(x, last - x) ** 2 + max(y, last - y) ** 2
