"""Numba kernels of a continuous reach: the fast back end.

The rules are not written again here: the component-wise functions are registered with Numba (`reach_gym.rows.compiled`), and the
beginning of a trial is that of `reach_gym.reach.beginning`. This module is imported on demand, where Numba is installed.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from numba.extending import register_jitable

from reach_gym.fields import FieldNumbers
from reach_gym.plants.table import PLANTS
from reach_gym.reach.beginning import begin, candidate, given_or
from reach_gym.reach.event_loops import eventful_cursor, eventful_move
from reach_gym.reach.events import cursor_at, pick, sensed_of, squared_distance
from reach_gym.reach.info import LINE
from reach_gym.reach.loops import (
    END,
    PlantCode,
    command_loop,
    cursor_loop,
    feel_loop,
    judge_loop,
    move_loop,
    noise_loop,
    observe_loop,
    scale_loop,
    settings_from,
    step_of,
    tell_loop,
    wholes_from,
)
from reach_gym.reach.observations import OBSERVATIONS
from reach_gym.reach.rows import COUNT, FELT, STREAM, Trial
from reach_gym.reach.rules import REWARDS, has_left
from reach_gym.reach.rules import phase as phase_of
from reach_gym.reach.tables import SESSION, ReachTables
from reach_gym.rows.compiled import kept
from reach_gym.rows.records import tuple_reader, writer
from reach_gym.sessions.draws import draw_kind, noise_key
from reach_gym.sessions.schedule import place_in_session

_own_field = register_jitable(tuple_reader(len(FieldNumbers._fields), 1))  # of a table whose first line is the gain


@functools.cache
def reach_kernels(
    plant: str, kind: str, reward: str, lean: bool, parallel: bool, eventful: bool
) -> tuple[Callable[..., int], Callable[..., None]]:
    """Compiles ``(advance, restart)`` for one kind of plant, observation and reward.

    Args:
        plant: What is moved, a key of `reach_gym.plants.table.PLANTS`.
        kind: A key of `reach_gym.reach.observations.OBSERVATIONS`.
        reward: A key of `reach_gym.reach.rules.REWARDS`.
        lean: Whether info holds the outcome only; then of its lines only those of `reach_gym.reach.info.Outcome` hold.
        parallel: Whether `advance` spreads the rows over Numba's threads.
        eventful: Whether trials have events, bars or hidden cursors; loops of their own then see to them.

    Returns:
        ``advance(*rows, actions, again, *tables, *limits, observation, floats, whole, flags, reward)`` returns -1, or, before any
        row moves, the first row whose action is not finite; and ``restart(*rows, mask, *tables, *limits, observation, floats,
        whole, flags)``. Both write into the outputs: the lines of `floats`, `whole` and `flags` are the blocks of
        `reach_gym.reach.info`; below the flags `advance` has `Ends`. The `limits` of an observation are where places and
        velocities are cut, and its units per metre and per m/s.
    """
    observe = _observe(plant, kind, parallel, eventful)
    # These only call the loops; Numba warns where there is no loop to spread.
    plain = numba.njit(nogil=True)
    start = _begin(plant)
    advance, restart = (
        _advance_with(_step(plant, reward, lean, parallel, eventful), start, observe),
        _restart_with(start, observe),
    )
    names = plant, kind, lean, parallel, eventful
    return kept(plain(advance), *names, reward), kept(plain(restart), *names)


@functools.cache
def _code(plant: str) -> PlantCode:
    return PlantCode(PLANTS[plant])


def _over(parallel: bool) -> Any:
    return numba.prange if parallel else range


def _jit(parallel: bool) -> Any:
    # Without checks for division by zero, as in NumPy: they keep the compiler from working on several rows at once.
    return numba.njit(parallel=parallel, nogil=True, error_model="numpy")


@functools.cache
def _loops(plant: str, lean: bool, parallel: bool, eventful: bool) -> list[Any]:
    """The loops that serve every reward and observation, compiled once."""
    jit = _jit(parallel)
    factories = (command_loop, noise_loop, scale_loop)
    moving = (eventful_move, eventful_cursor) if eventful else (move_loop, cursor_loop)
    loops = [jit(factory(_over(parallel), _code(plant))) for factory in (*factories, *moving)]
    return [*loops, jit(tell_loop(_over(parallel), _code(plant), lean))]


@functools.cache
def _step(plant: str, reward: str, lean: bool, parallel: bool, eventful: bool) -> Any:
    """The time step, compiled once for all kinds of observation."""
    command, noise, scale_all, move, cursor, tell = _loops(plant, lean, parallel, eventful)
    judge = _jit(parallel)(judge_loop(_over(parallel), _code(plant), REWARDS[reward].of, eventful))
    step = step_of(_code(plant), command, noise, scale_all, move, cursor, judge, tell, eventful)
    return numba.njit(nogil=True, inline="always")(step)


def _observe(plant: str, kind: str, parallel: bool, eventful: bool) -> Any:
    """All observations of one kind; what the body feels comes in a loop of its own."""
    seen = _jit(parallel)(observe_loop(_over(parallel), _code(plant), kind, eventful))
    if not OBSERVATIONS[kind].feels:
        return seen
    felt = _jit(parallel)(feel_loop(_over(parallel), _code(plant)))

    def observe(
        floats: Any, counts: Any, streams: Any, past: Any, mask: Any, tables: Any, limits: Any, observation: Any, numbers: Any
    ) -> None:
        seen(floats, counts, streams, past, mask, tables, limits, observation, numbers)
        felt(floats, counts, streams, past, mask, tables, observation)

    return numba.njit(nogil=True, inline="always")(observe)


def _restart_with(start: Any, observe: Any) -> Callable[..., None]:
    def restart(
        floats: Any, counts: Any, streams: Any, past: Any, mask: Any,
        settings: Any, wholes: Any, points: Any, delays: Any, session: Any, fields: Any, waves: Any, periods: Any, events: Any,
        place: Any, speed: Any, per_metre: Any, per_speed: Any,
        observation: Any, numbers: Any, whole: Any, flags: Any,
    ) -> None:  # fmt: skip
        tables = ReachTables(settings, wholes, points, delays, session, fields, waves, periods, events)
        limits = place, speed, per_metre, per_speed
        start(floats, counts, streams, past, mask, tables, numbers, whole, flags)
        observe(floats, counts, streams, past, mask, tables, limits, observation, numbers)

    return restart


def _advance_with(step: Any, start: Any, observe: Any) -> Callable[..., int]:
    def advance(
        floats: Any, counts: Any, streams: Any, past: Any, actions: Any, again: Any,
        settings: Any, wholes: Any, points: Any, delays: Any, session: Any, fields: Any, waves: Any, periods: Any, events: Any,
        place: Any, speed: Any, per_metre: Any, per_speed: Any,
        observation: Any, numbers: Any, whole: Any, flags: Any, reward: Any,
    ) -> int:  # fmt: skip
        # A tuple of arrays would take Numba's dispatcher several times as long as the arrays themselves.
        tables = ReachTables(settings, wholes, points, delays, session, fields, waves, periods, events)
        limits = place, speed, per_metre, per_speed
        bad = _first_bad(actions)
        if bad >= 0:
            return bad
        # Rows that begin anew are moved like the others; what they did is overwritten by their next trial.
        step(floats, counts, streams, past, actions, tables, numbers, whole, flags, reward)
        some = False
        for i in range(len(again)):
            some |= again[i]
        if some:
            for i in range(len(again)):
                if again[i]:
                    reward[i], flags[END.terminated, i], flags[END.truncated, i], flags[END.done, i] = 0.0, False, False, False
            start(floats, counts, streams, past, again, tables, numbers, whole, flags)
        observe(floats, counts, streams, past, flags[END.every], tables, limits, observation, numbers)
        return -1

    return advance


@register_jitable
def _first_bad(actions: Any) -> int:
    values, bad = actions.reshape(-1), False
    for k in range(len(values)):
        bad |= not abs(values[k]) < np.inf
    if bad:
        for k in range(len(values)):
            if not np.isfinite(values[k]):
                return int(k // actions.shape[1])
    return -1


@functools.cache
def _begin(plant: str) -> Any:
    """Begins trials of one kind of plant, compiled once for all kinds of observation and reward."""
    code = _code(plant)
    next_trial, trial_of = register_jitable(_next_trial_with(code)), code.trial

    def begin_all(
        floats: Any, counts: Any, streams: Any, past: Any, mask: Any, tables: Any, numbers: Any, whole: Any, flags: Any
    ) -> None:
        """Begins the next trial in the rows of `mask`, and fills their info."""
        for i in range(len(mask)):
            if mask[i]:
                hand, cursor = next_trial(i, floats, counts, streams, past, tables)
                x, y, trial = cursor[0], cursor[1], trial_of(floats, i)
                numbers[LINE.hand_x, i], numbers[LINE.hand_y, i] = hand[0], hand[1]
                numbers[LINE.hand_vx, i], numbers[LINE.hand_vy, i] = hand[2], hand[3]
                numbers[LINE.cursor_x, i], numbers[LINE.cursor_y, i] = x, y
                numbers[LINE.target_x, i], numbers[LINE.target_y, i] = trial.target_x, trial.target_y
                numbers[LINE.force_x, i], numbers[LINE.force_y, i], numbers[LINE.effort, i] = 0.0, 0.0, 0.0
                numbers[LINE.distance, i] = np.sqrt(squared_distance(x, y, trial))
                numbers[LINE.gain, i] = trial.gain * tables.waves[counts[COUNT.wave, i], 0]
                whole[LINE.block, i], whole[LINE.trial, i] = counts[COUNT.block, i], np.int64(streams[STREAM.trial, i])
                whole[LINE.phase, i] = phase_of(0, wholes_from(tables.wholes).onset, counts[COUNT.go, i])
                flags[LINE.channel, i] = counts[COUNT.channel, i] != 0
                flags[LINE.false_start, i], flags[LINE.is_success, i] = False, False
                flags[LINE.too_fast, i], flags[LINE.too_slow, i] = False, False

    return numba.njit(nogil=True)(begin_all)


@register_jitable
def _draw_points(key: Any, trial: Any, tables: Any, settings: Any, fixed_start: Any, place: Any) -> Any:
    count, attempt, searching, session = np.uint64(tables.points.shape[1]), np.uint64(0), True, tables.session
    points = (0.0, 0.0, 0.0, 0.0)
    while searching:
        x, y, target_x, target_y = candidate(
            key, trial, attempt, settings, fixed_start, count, tables.points[0], tables.points[1]
        )
        points = (
            given_or(session[SESSION.start_x, place], x, pick),
            given_or(session[SESSION.start_y, place], y, pick),
            given_or(session[SESSION.target_x, place], target_x, pick),
            given_or(session[SESSION.target_y, place], target_y, pick),
        )
        searching = not has_left(points[2], points[3], points[0], points[1], settings.apart_squared)
        attempt += np.uint64(1)
    return points


def _next_trial_with(code: PlantCode) -> Callable[..., tuple[Any, Any]]:
    plant, put_state, code_params = code.plant, code.put_state, code.params
    put_trial = register_jitable(writer(Trial, code.lines.state.stop))
    put_field = register_jitable(writer(FieldNumbers, code.lines.field.start))
    start_of, hand_of, feel, senses = plant.start, plant.hand, plant.feel, len(plant.senses)

    def feel_all_along(i: int, past: Any, state: Any, params: Any) -> None:
        felt = feel(state, params)
        for moment in range(len(past)):
            for k in range(senses):
                past[moment, FELT + k, i] = felt[k]

    def feel_nothing(i: int, past: Any, state: Any, params: Any) -> None:
        pass

    feels = register_jitable(feel_all_along if senses else feel_nothing)

    def next_trial(i: int, floats: Any, counts: Any, streams: Any, past: Any, tables: Any) -> tuple[Any, Any]:
        """Begins the next trial of row i; hand and cursor, each x, y, vx, vy."""
        streams[STREAM.trial, i] += np.uint64(1)
        key, number = streams[STREAM.key, i], streams[STREAM.trial, i]
        settings, wholes, session = settings_from(tables.numbers), wholes_from(tables.wholes), tables.session
        place = place_in_session(np.int64(number), np.int64(session.shape[1]), wholes.last_block)
        gain, channel = draw_kind(
            *(key, number, session[SESSION.gain, place], session[SESSION.spread, place]),
            *(session[SESSION.catch, place], session[SESSION.clamp, place]),
        )
        block = np.int64(session[SESSION.block, place])
        x, y, target_x, target_y = _draw_points(key, number, tables, settings, wholes.fixed_start != 0, place)
        line = np.int64(session[SESSION.field, place])
        own = _own_field(tables.fields.T, line)
        feedback = np.int64(session[SESSION.feedback, place])
        waits = np.uint64(len(tables.delays))
        own_wave = np.int64(session[SESSION.wave, place])
        trial, field, wave, wait = begin(
            *(key, number, gain, channel, own_wave, tables.fields[line, 0], own, x, y, target_x, target_y),
            *(session[SESSION.rotation, place], session[SESSION.bar, place], feedback, session[SESSION.clamp_angle, place]),
            *(settings, waits),
        )
        for each in range(len(counts)):
            counts[each, i] = 0
        counts[COUNT.feedback, i], counts[COUNT.jump, i] = feedback, np.int64(session[SESSION.jump, place])
        counts[COUNT.shift, i], counts[COUNT.pulse, i] = session[SESSION.shift, place], session[SESSION.pulse, place]
        counts[COUNT.block, i], counts[COUNT.channel, i], counts[COUNT.wave, i] = block, channel, wave
        counts[COUNT.go, i] = wholes.onset + tables.delays[np.int64(wait)]
        put_trial(floats, i, trial)
        put_field(floats, i, field)
        streams[STREAM.noise, i] = noise_key(key, number)
        params = code_params(tables.numbers)
        state = start_of(x, y, params)
        put_state(floats, i, state)
        hand = hand_of(state, params)
        cursor = cursor_at(trial, feedback, 0.0, 0.0, hand)
        sensed = sensed_of(trial, feedback, hand, cursor)
        for moment in range(len(past)):
            for part in range(4):
                past[moment, part, i] = sensed[part]
            past[moment, 4, i] = 0.0
        if past.shape[1] > FELT:
            feels(i, past, state, params)
        return hand, cursor

    return next_trial
