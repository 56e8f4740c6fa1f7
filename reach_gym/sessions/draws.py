"""What is drawn at the start of an episode, and the random numbers it is drawn from.

Randomness lives in the trial: trial k of a seeded row is a pure function of the row's key and k, computed by a counter-based
hash. Steps are then deterministic, and a row of a vector environment does not depend on its neighbours.

The functions from `mix` to `draw_kind` are component-wise: the same source serves Python integers, ``uint64`` arrays and,
registered with `reach_gym.rows.compiled`, Numba. For Numba they keep every operand an unsigned 64-bit integer.
"""

from __future__ import annotations

from typing import Any

import numpy as np

_MASK = 0xFFFFFFFFFFFFFFFF
# The finaliser and the increment of splitmix64 (Steele, Lea & Flood 2014), which passes BigCrush.
_MIX_1 = 0xBF58476D1CE4E5B9
_MIX_2 = 0x94D049BB133111EB
_PER_TRIAL = 0x9E3779B97F4A7C15
# Two more odd constants of about equally many ones and zeros: one step per attempt, one stream per quantity.
_PER_ATTEMPT = 0xD1342543DE82EF95
_START_STREAM = 0xA0761D6478BD642F
# One stream per further quantity of the continuous task; more constants of that kind, with the highest bit set, so that
# Numba takes them for unsigned integers.
_TARGET_Y_STREAM = 0xE7037ED1A0B428DB
_START_Y_STREAM = 0x8EBC6AF09C88C6E3
_GO_STREAM = 0xEB44ACCAB455D165
_GAIN_STREAM = 0xC2B2AE3D27D4EB4F
_KIND_STREAM = 0xF1357AEA2E62A9C5
_NOISE_STREAM = 0x9FB21C651E98DF25
_NEXT_WORD = 0xD6E8FEB86659FD93
_MORE_MOTOR, _MORE_BODY = 0xB8FD1D2F8C7A4D35, 0xDA942042E4DD58B5
# Twelve numbers from 0 to 65,535 have this mean; the inverse of their sum's standard deviation, sqrt(65536**2 - 1).
_SUM_MEAN, _SUM_SCALE = 393210.0, 1.0 / 65535.99999237061


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


def bits_once(key: Any, trial: Any) -> Any:
    """64 random bits for a quantity that is drawn once in a trial."""
    return mix(mix((key + ((trial * _PER_TRIAL) & _MASK)) & _MASK))


def uniform(random_bits: Any) -> Any:
    """A float64 from 0 to below 1 from the upper 53 bits."""
    return (random_bits >> 11) * (1.0 / 9007199254740992.0)


def draw_point(key: Any, trial: Any, attempt: Any, half: Any) -> tuple[Any, Any]:
    """A target (x, y), uniform in the square from -`half` to `half`."""
    x, y = bits(key, trial, attempt), bits(key ^ _TARGET_Y_STREAM, trial, attempt)
    return (2.0 * uniform(x) - 1.0) * half, (2.0 * uniform(y) - 1.0) * half


def draw_start_point(key: Any, trial: Any, attempt: Any, half: Any) -> tuple[Any, Any]:
    """A start (x, y), uniform in the square from -`half` to `half`."""
    x, y = bits(key ^ _START_STREAM, trial, attempt), bits(key ^ _START_Y_STREAM, trial, attempt)
    return (2.0 * uniform(x) - 1.0) * half, (2.0 * uniform(y) - 1.0) * half


def draw_delay(key: Any, trial: Any, count: Any) -> Any:
    """Which of `count` delays from the target's onset to the go cue the trial has."""
    return pick(bits_once(key ^ _GO_STREAM, trial), count)


def noise_key(key: Any, trial: Any) -> Any:
    """The key of the trial's noise, for `normal`."""
    return bits_once(key ^ _NOISE_STREAM, trial)


def draw_kind(key: Any, trial: Any, gain: Any, spread: Any, catch: Any, clamp: Any) -> tuple[Any, Any]:
    """The trial's gain and whether it runs in a channel.

    Args:
        key: Key of the row.
        trial: Number of the trial.
        gain: The schedule's gain for this trial.
        spread: How far the gain may lie from it.
        catch: Share of catch trials, whose gain is 0.
        clamp: Share of trials in a channel, whose gain is 0.

    Returns:
        The gain, and 1 or 0.
    """
    drawn = gain + spread * (2.0 * uniform(bits_once(key ^ _GAIN_STREAM, trial)) - 1.0)
    lot = uniform(bits_once(key ^ _KIND_STREAM, trial))
    # Zero has no sign.
    return drawn * (1.0 - 1.0 * (lot < catch + clamp)) + 0.0, 1 * (lot < clamp)


def normal(key: Any, draw: Any, stream: Any) -> Any:
    """A number with mean 0 and variance 1, the sum of twelve uniform ones: a Gaussian but for its tails, cut at 6.

    In integers up to the last step, so that every back end gives the same bits.

    Args:
        key: Of the trial's noise.
        draw: Number of the draw, the time step.
        stream: One of `MOTOR_STREAMS`, `CURSOR_STREAMS` or `BODY_STREAMS`.
    """
    first = bits_once(key ^ stream, draw)
    second = mix(first ^ _NEXT_WORD)
    third = mix(second ^ _NEXT_WORD)
    return (1.0 * (_chunks(first) + _chunks(second) + _chunks(third)) - _SUM_MEAN) * _SUM_SCALE


def _chunks(word: Any) -> Any:
    """The sum of a word's four chunks of 16 bits."""
    return (word >> 48) + ((word & 0xFFFFFFFFFFFF) >> 32) + ((word & 0xFFFFFFFF) >> 16) + (word & 0xFFFF)


def _more_streams(first: int, count: int) -> tuple[int, ...]:
    """Further streams of noise, with the highest bit set like the others."""
    return tuple(mix((first + n * _PER_TRIAL) & _MASK) | 1 << 63 for n in range(count))


# Two of each actuator, of 16 at most: of the noise that goes with the command, and of the rest.
MOTOR_STREAMS = (0xA24BAED4963EE407, 0x9E6F1A3BC4D52887, 0xB5026F5AA96619E9, 0xCBF29CE484222325, *_more_streams(_MORE_MOTOR, 28))
# Of the cursor's x, y, vx and vy.
CURSOR_STREAMS = 0xD2B74407B1CE6E93, 0x94D049BB133111EB, 0xE9846AF9B1A615D5, 0x8F14E45FCEEA167B
# One of each thing that is felt of the body, of 64 at most.
BODY_STREAMS = _more_streams(_MORE_BODY, 64)


def new_key(generator: np.random.Generator) -> int:
    """The key of a row: the next 64 bits of its `generator`."""
    return int(generator.integers(0, 2**64, dtype=np.uint64))


COMPONENT_WISE = (
    mix,
    bits,
    bits_once,
    pick,
    uniform,
    _chunks,
    normal,
    noise_key,
    draw_target,
    draw_start,
    draw_point,
    draw_start_point,
    draw_delay,
    draw_kind,
)
