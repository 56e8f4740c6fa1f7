"""Numba kernels of the native vector environments: the fast back end.

The rules are not written again here: `reach_gym.rows.compiled` registers the component-wise functions with Numba from outside.

This module is imported on demand, and only where Numba is installed.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from numba.extending import register_jitable

from reach_gym.grid import radius, world
from reach_gym.grid.radius import advance_radius
from reach_gym.grid.rows import GOAL, HITS, IDEAL, LEVEL, LIMIT, PLACE, SEEN, START, STEPS, SUCCESS, WORLD
from reach_gym.grid.world import NUM_ACTIONS, STAY, place_cell, place_felt, place_x, place_y, squared_distance, squared_limit
from reach_gym.rows.compiled import register
from reach_gym.rows.records import KEY, TRIAL
from reach_gym.sessions import draws
from reach_gym.sessions.draws import draw_start, draw_target

register(draws, world, radius)


@register_jitable
def _words(observation: Any) -> Any:
    # The two float32 of a square are copied as one 64-bit word.
    return observation.view(np.uint64)


@register_jitable
def _write_vector(observation: Any, i: int, place: int, goal: int, pairs: Any) -> None:
    observation[i, 0] = pairs[place_cell(place)]
    observation[i, 1] = pairs[place_cell(goal)]


@register_jitable
def _flat(observation: Any) -> Any:
    rows, channels, height, width = observation.shape
    return observation.reshape(rows, channels * height * width)


@register_jitable
def _write_pixels(observation: Any, i: int, place: int, goal: int, pairs: Any) -> None:
    observation[i, place_cell(goal)] = 255
    observation[i, len(pairs) + place_cell(place)] = 255


@register_jitable
def _as_it_is(observation: Any) -> Any:
    return observation


@register_jitable
def _write_cell(observation: Any, i: int, place: int, goal: int, pairs: Any) -> None:
    observation[i] = place_cell(place)


@register_jitable
def _write_pair(observation: Any, i: int, place: int, goal: int, pairs: Any) -> None:
    observation[i] = place_cell(place) * len(pairs) + place_cell(goal)


# For each kind of observation the layout that it is written in, and the writer of one row.
WRITERS = {
    "vector": (_words, _write_vector),
    "pixels": (_flat, _write_pixels),
    "cell": (_as_it_is, _write_cell),
    "pair": (_as_it_is, _write_pair),
}


@register_jitable
def _next_trial(
    i: int, numbers: Any, streams: Any, radius: Any, settings: Any, next_place: Any, ideal: Any, radii: Any
) -> None:  # fmt: skip
    numbers[LEVEL, i], numbers[SEEN, i], numbers[HITS, i] = advance_radius(
        *(numbers[LEVEL, i], numbers[SEEN, i], numbers[HITS, i], numbers[SUCCESS, i]),
        *(settings[3], settings[4], settings[5]),
    )
    streams[TRIAL, i] += np.uint64(1)
    level, size = numbers[LEVEL, i], settings[0]
    radius[i], numbers[LIMIT, i] = radii[level], np.int32(squared_limit(radii[level]))
    cells, attempt, apart = np.uint64(size * size), np.uint64(0), -1
    at = to = np.int64(0)
    while apart <= numbers[LIMIT, i]:
        at, to = np.int64(settings[1]), np.int64(settings[2])
        if at < 0:
            at = np.int64(draw_start(streams[KEY, i], streams[TRIAL, i], attempt, cells))
        if to < 0:
            to = np.int64(draw_target(streams[KEY, i], streams[TRIAL, i], attempt, cells))
        apart = squared_distance(at % size, at // size, to % size, to // size)
        attempt += np.uint64(1)
    numbers[PLACE, i], numbers[GOAL, i] = next_place[0, at, STAY], next_place[0, to, STAY]
    numbers[START, i] = at
    numbers[WORLD, i] = numbers[STEPS, i] = numbers[SUCCESS, i] = 0
    numbers[IDEAL, i] = ideal[level, to % ideal.shape[1], at]


@register_jitable
def _first_bad(actions: Any) -> int:
    worst = np.int64(0)
    for i in range(len(actions)):
        worst |= actions[i]
    if worst < 0 or worst >= NUM_ACTIONS:
        for i in range(len(actions)):
            if actions[i] < 0 or actions[i] >= NUM_ACTIONS:
                return i
    return -1


@functools.cache
def grid_kernels(kind: str, parallel: bool) -> tuple[Callable[..., int], Callable[..., None]]:
    """Compiles ``(advance, restart)`` for one kind of observation.

    Args:
        kind: A key of `WRITERS`.
        parallel: Whether `advance` spreads the rows over Numba's threads.

    Returns:
        ``advance(*rows, actions, again, *rules, *outputs)``, which returns -1, or, before any row
        moves, the first row with a bad action; and ``restart(*rows, mask, *rules, *outputs)``. Both write into the outputs,
        pixels into zeroed ones. Those of `advance` are observation, floats (reward, distance, radius), flags (terminated,
        truncated, in_field, is_success, either end, true) and ideal_steps: few arrays, because each costs time to hand over.
    """
    layout, write = WRITERS[kind]
    advance = _advance_loop(layout, write, numba.prange if parallel else range)
    restart = _restart_loop(layout, write)
    return numba.njit(parallel=parallel, nogil=True)(advance), numba.njit(nogil=True)(restart)


def _restart_loop(layout: Any, write: Any) -> Callable[..., None]:
    def restart(
        numbers: Any, streams: Any, radius: Any, mask: Any,
        settings: Any, next_place: Any, ideal: Any, radii: Any, pairs: Any,
        observation: Any, distance: Any, ideal_steps: Any, felt: Any, reach: Any, success: Any,
    ) -> None:  # fmt: skip
        written = layout(observation)
        for i in range(len(mask)):
            if mask[i]:
                if not settings[7]:
                    _next_trial(i, numbers, streams, radius, settings, next_place, ideal, radii)
                place, goal = numbers[PLACE, i], numbers[GOAL, i]
                apart = squared_distance(place_x(place), place_y(place), place_x(goal), place_y(goal))
                write(written, i, place, goal, pairs)
                distance[i], reach[i], ideal_steps[i] = np.sqrt(np.float64(apart)), radius[i], numbers[IDEAL, i]
                felt[i], success[i] = place_felt(place) != 0, False

    return restart


def _advance_loop(layout: Any, write: Any, each: Any) -> Callable[..., int]:
    def advance(
        numbers: Any, streams: Any, radius: Any, actions: Any, again: Any,
        settings: Any, next_place: Any, ideal: Any, radii: Any, pairs: Any,
        observation: Any, floats: Any, flags: Any, ideal_steps: Any,
    ) -> int:  # fmt: skip
        bad = _first_bad(actions)
        if bad >= 0:
            return bad
        if not settings[7]:
            for i in range(len(again)):
                if again[i]:
                    _next_trial(i, numbers, streams, radius, settings, next_place, ideal, radii)
        most, written = settings[6], layout(observation)
        # From here on no branch, and few arrays to a loop, so that the compiler can work on several rows at once.
        for i in each(len(actions)):
            cell = place_cell(numbers[PLACE, i])
            numbers[PLACE, i] = next_place[numbers[WORLD, i], cell, STAY if again[i] else actions[i]]
            numbers[STEPS, i] += not again[i]
        for i in each(len(actions)):
            write(written, i, numbers[PLACE, i], numbers[GOAL, i], pairs)
        for i in each(len(actions)):
            place, goal = numbers[PLACE, i], numbers[GOAL, i]
            apart = squared_distance(place_x(place), place_y(place), place_x(goal), place_y(goal))
            hit = apart <= numbers[LIMIT, i]
            numbers[SUCCESS, i] = hit
            floats[1, i] = np.sqrt(np.float64(apart))
        for i in each(len(actions)):
            hit = numbers[SUCCESS, i] != 0
            late = numbers[STEPS, i] >= most
            flags[0, i], flags[1, i], flags[3, i] = hit, late, hit
            flags[2, i] = place_felt(numbers[PLACE, i]) != 0
            flags[4, i], flags[5, i] = hit | late, True
        for i in each(len(actions)):
            floats[0, i] = 0.0 - 1.0 * ((not again[i]) & (numbers[SUCCESS, i] == 0))
        for i in each(len(actions)):
            floats[2, i] = radius[i]
            ideal_steps[i] = numbers[IDEAL, i]
        return -1

    return advance
