"""Numba kernels of the cursor's vector environment: the fast back end.

As in `reach_gym.grid.kernels` the rules are not written again here. This module is imported on demand, where Numba is installed.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from numba.extending import register_jitable

from reach_gym import fields
from reach_gym.fields import channel_of
from reach_gym.plants import point_mass, turns
from reach_gym.plants.turns import turn
from reach_gym.reach import rules
from reach_gym.reach.loops import (
    CURSOR_X,
    CURSOR_Y,
    DISTANCE,
    EFFORT,
    NOW,
    PUSH_X,
    PUSH_Y,
    STEP_LOOPS,
    WRITERS,
    observe_loop,
    step_of,
)
from reach_gym.reach.rows import (
    BLOCK,
    CHANNEL,
    COS,
    DRAW_START,
    FIELD,
    FIELD_NUMBERS,
    FIXED_X,
    FIXED_Y,
    GAIN,
    GO,
    LAST_BLOCK,
    NOISE,
    ONSET,
    RADIUS_SQUARED,
    ROTATION,
    SCALE,
    SIN,
    START_X,
    START_Y,
    TARGET_X,
    TARGET_Y,
    VX,
    VY,
    WALL_DAMPING,
    WALL_STIFFNESS,
    WAVE,
    WORKSPACE,
    X,
    Y,
)
from reach_gym.reach.rules import has_left
from reach_gym.reach.rules import phase as phase_of
from reach_gym.rows.compiled import register
from reach_gym.rows.records import KEY, TRIAL
from reach_gym.sessions import draws, schedule
from reach_gym.sessions.draws import draw_delay, draw_kind, draw_point, draw_start_point, draw_target, noise_key
from reach_gym.sessions.schedule import place_in_session

register(draws, schedule, fields, turns, point_mass, rules)


@functools.cache
def cursor_kernels(kind: str, late_goal: bool, parallel: bool) -> tuple[Callable[..., int], Callable[..., None]]:
    """Compiles ``(advance, restart)`` for one kind of observation.

    Args:
        kind: A key of `reach_gym.reach.loops.WRITERS`.
        late_goal: `reach_gym.reach.observations.CursorObservations.late_goal`.
        parallel: Whether `advance` spreads the rows over Numba's threads.

    Returns:
        ``advance(*rows, actions, again, rules, limits, observation, floats, whole, flags, reward)``, which returns -1, or, before
        any row moves, the first row whose action is not finite; and ``restart(*rows, mask, rules, limits, observation, floats,
        whole, flags)``. Both write into the outputs: the lines of `floats`, `whole` and `flags` are the info in the order of
        `reach_gym.reach.numpy_rows`; the last four flags of `advance` are terminated, truncated, either end, and true.
    """
    observe = numba.njit(parallel=parallel, nogil=True)(observe_loop(_each(parallel), WRITERS[kind], late_goal))
    # These only call the loops; Numba warns where there is no loop to spread.
    plain = numba.njit(nogil=True)
    return plain(_advance_step(_step(parallel), observe)), plain(_restart_step(observe))


def _each(parallel: bool) -> Any:
    return numba.prange if parallel else range


@functools.cache
def _step(parallel: bool) -> Any:
    """The time step, compiled once for all kinds of observation."""
    loops = [numba.njit(parallel=parallel, nogil=True)(loop(_each(parallel))) for loop in STEP_LOOPS]
    return numba.njit(nogil=True)(step_of(*loops))


def _restart_step(observe: Any) -> Callable[..., None]:
    def restart(
        floats: Any, counts: Any, streams: Any, past: Any, mask: Any, rules: Any, limits: Any,
        observation: Any, numbers: Any, whole: Any, flags: Any,
    ) -> None:  # fmt: skip
        _begin(floats, counts, streams, past, mask, rules, numbers, whole, flags)
        observe(floats, counts, streams, past, mask, rules, limits, observation, numbers)

    return restart


def _advance_step(step: Any, observe: Any) -> Callable[..., int]:
    def advance(
        floats: Any, counts: Any, streams: Any, past: Any, actions: Any, again: Any, rules: Any, limits: Any,
        observation: Any, numbers: Any, whole: Any, flags: Any, reward: Any,
    ) -> int:  # fmt: skip
        bad = _first_bad(actions)
        if bad >= 0:
            return bad
        # Rows that begin anew are moved like the others; what they did is overwritten by their next trial.
        step(floats, counts, streams, past, actions, rules, numbers, whole, flags, reward)
        some = False
        for i in range(len(again)):
            some |= again[i]
        if some:
            for i in range(len(again)):
                if again[i]:
                    reward[i], flags[3, i], flags[4, i], flags[5, i] = 0.0, False, False, False
            _begin(floats, counts, streams, past, again, rules, numbers, whole, flags)
        observe(floats, counts, streams, past, flags[6], rules, limits, observation, numbers)
        return -1

    return advance


@register_jitable
def _first_bad(actions: Any) -> int:
    bad = False
    for i in range(len(actions)):
        bad |= (not abs(actions[i, 0]) < np.inf) | (not abs(actions[i, 1]) < np.inf)
    if bad:
        for i in range(len(actions)):
            if not (np.isfinite(actions[i, 0]) and np.isfinite(actions[i, 1])):
                return i
    return -1


@numba.njit(nogil=True)
def _begin(
    floats: Any, counts: Any, streams: Any, past: Any, mask: Any, rules: Any, numbers: Any, whole: Any, flags: Any
) -> None:
    """Begins the next trial in the rows of `mask`, and fills their info."""
    for i in range(len(mask)):
        if mask[i]:
            _next_trial(i, floats, counts, streams, past, rules)
            x, y, tx, ty = floats[X, i], floats[Y, i], floats[TARGET_X, i], floats[TARGET_Y, i]
            # The hand rests at the start, where a rotation leaves the cursor.
            numbers[0, i], numbers[1, i], numbers[2, i], numbers[3, i], numbers[CURSOR_X, i], numbers[CURSOR_Y, i] = (
                x,
                y,
                0.0,
                0.0,
                x,
                y,
            )
            dx, dy = x - tx, y - ty
            numbers[6, i], numbers[7, i], numbers[PUSH_X, i], numbers[PUSH_Y, i] = tx, ty, 0.0, 0.0
            numbers[DISTANCE, i], numbers[EFFORT, i] = np.sqrt(dx * dx + dy * dy), 0.0
            numbers[NOW, i] = floats[GAIN, i] * rules.waves[counts[WAVE, i], 0]
            whole[0, i], whole[1, i] = counts[BLOCK, i], np.int64(streams[TRIAL, i])
            whole[2, i] = phase_of(0, rules.whole[ONSET], counts[GO, i])
            flags[0, i], flags[1, i], flags[2, i] = counts[CHANNEL, i] != 0, False, False


@register_jitable
def _draw_points(i: int, floats: Any, streams: Any, rules: Any) -> None:
    key, trial, attempt = streams[KEY, i], streams[TRIAL, i], np.uint64(0)
    half, searching = rules.numbers[WORKSPACE], True
    while searching:
        if rules.whole[DRAW_START] != 0:
            floats[START_X, i], floats[START_Y, i] = draw_start_point(key, trial, attempt, half)
        else:
            floats[START_X, i], floats[START_Y, i] = rules.numbers[FIXED_X], rules.numbers[FIXED_Y]
        if len(rules.points) > 0:
            which = np.int64(draw_target(key, trial, attempt, np.uint64(len(rules.points))))
            floats[TARGET_X, i], floats[TARGET_Y, i] = rules.points[which, 0], rules.points[which, 1]
        else:
            floats[TARGET_X, i], floats[TARGET_Y, i] = draw_point(key, trial, attempt, half)
        searching = not has_left(
            floats[TARGET_X, i], floats[TARGET_Y, i], floats[START_X, i], floats[START_Y, i], rules.numbers[RADIUS_SQUARED]
        )
        attempt += np.uint64(1)


@register_jitable
def _next_trial(i: int, floats: Any, counts: Any, streams: Any, past: Any, rules: Any) -> None:
    streams[TRIAL, i] += np.uint64(1)
    key, trial, numbers = streams[KEY, i], streams[TRIAL, i], rules.numbers
    place = place_in_session(np.int64(trial), np.int64(rules.session.shape[1]), rules.whole[LAST_BLOCK])
    base, spread, catch, clamp = (
        rules.session[0, place],
        rules.session[1, place],
        rules.session[2, place],
        rules.session[3, place],
    )
    gain, channel = draw_kind(key, trial, base, spread, catch, clamp)
    for line in range(len(counts)):
        counts[line, i] = 0
    block = np.int64(rules.session[4, place])
    counts[BLOCK, i], counts[CHANNEL, i] = block, channel
    _draw_points(i, floats, streams, rules)
    floats[GAIN, i], floats[SCALE, i], counts[WAVE, i] = gain, gain * rules.fields[block, 0], block + 1
    for n in range(FIELD_NUMBERS):
        floats[FIELD + n, i] = rules.fields[block, n + 1]
    if channel == 1:
        floats[SCALE, i], counts[WAVE, i] = 1.0, 0
        walls = channel_of(
            *(floats[START_X, i], floats[START_Y, i], floats[TARGET_X, i], floats[TARGET_Y, i]),
            *(numbers[WALL_STIFFNESS], numbers[WALL_DAMPING]),
        )
        for n in range(FIELD_NUMBERS):
            floats[FIELD + n, i] = walls[n]
    floats[COS, i], floats[SIN, i] = turn(gain * numbers[ROTATION])
    counts[GO, i] = rules.whole[ONSET] + rules.delays[np.int64(draw_delay(key, trial, np.uint64(len(rules.delays))))]
    streams[NOISE, i] = noise_key(key, trial)
    floats[X, i], floats[Y, i], floats[VX, i], floats[VY, i] = floats[START_X, i], floats[START_Y, i], 0.0, 0.0
    for moment in range(len(past)):
        past[moment, 0, i], past[moment, 1, i], past[moment, 2, i], past[moment, 3, i] = floats[X, i], floats[Y, i], 0.0, 0.0
