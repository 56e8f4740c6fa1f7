"""Numba kernels of the grid's vector environment: the fast back end.

The rules are not written again here: `reach_gym.rows.compiled` registers the component-wise functions with Numba from outside,
and the names of the numbers come from the records. This module is imported on demand, where Numba is installed.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import numba
import numpy as np
from numba.extending import register_jitable

from reach_gym.grid import observations, rules, world
from reach_gym.grid.radius import advance_radius
from reach_gym.grid.rows import Numbers, Streams
from reach_gym.grid.rules import (
    CHANCES,
    TRIES,
    begun,
    distance,
    far_pair,
    ideal_steps,
    is_hit,
    is_late,
    move,
    reward,
    settle_pair,
    squared_apart,
)
from reach_gym.grid.tables import Settings
from reach_gym.grid.world import NUM_ACTIONS, STAY, place_cell, place_felt, squared_limit
from reach_gym.rows.compiled import kept, register
from reach_gym.rows.records import lines, list_reader, reader, writer
from reach_gym.sessions import draws
from reach_gym.sessions.draws import draw_start, draw_target


class Measures(NamedTuple):
    """The float64 lines that `advance` gives back, one number per row."""

    reward: Any
    distance: Any
    radius: Any


class Ends(NamedTuple):
    """The bool lines that `advance` gives back of an outcome.

    Attributes:
        terminated: Whether the step hit.
        truncated: Whether the time limit is reached.
        done: Either of them.
        every: True, Gymnasium's mask of the rows that info holds for.
        is_success: See `reach_gym.grid.rows.Info`.
    """

    terminated: Any
    truncated: Any
    done: Any
    every: Any
    is_success: Any


class Flags(NamedTuple):
    """The bool lines that `advance` gives back: those of `Ends`, and `in_field` of `reach_gym.grid.rows.Info`."""

    terminated: Any
    truncated: Any
    done: Any
    every: Any
    is_success: Any
    in_field: Any


register(draws, world, rules, observations)
_row, _put_row = register_jitable(reader(Numbers)), register_jitable(writer(Numbers))
_stream, _put_stream = register_jitable(reader(Streams)), register_jitable(writer(Streams))
_settings = register_jitable(list_reader(Settings))
_put_flags, _put_ends = register_jitable(writer(Flags)), register_jitable(writer(Ends))
_TRIES, _CHANCES = np.uint64(TRIES), np.uint64(CHANCES)
# Line numbers, for loops that write only some of the lines.
NUMBER, MEASURE = lines(Numbers), lines(Measures)


@register_jitable
def _next_trial(
    i: int, numbers: Any, streams: Any, radius: Any, settings: Any, next_place: Any, ideal: Any, radii: Any
) -> None:  # fmt: skip
    row, stream, task = _row(numbers, i), _stream(streams, i), _settings(settings)
    level, seen, hits = advance_radius(row.level, row.seen, row.hits, row.success, task.episodes, task.hits, task.last_level)
    trial = stream.trial + np.uint64(1)
    radius[i], limit = radii[level], np.int32(squared_limit(radii[level]))
    cells, attempt = np.uint64(task.size * task.size), np.uint64(0)
    at, to, squared = np.int64(0), np.int64(0), np.int64(-1)
    while is_hit(squared, limit) and attempt < _TRIES:
        start = np.int64(draw_start(stream.key, trial, attempt, cells))
        target = np.int64(draw_target(stream.key, trial, attempt, cells))
        at, to, squared = settle_pair(start, target, task.start, task.target, task.size)
        attempt += np.uint64(1)
    if is_hit(squared, limit):
        luck = np.int64(draw_start(stream.key, trial, _TRIES, _CHANCES))
        at, to = far_pair(luck, np.int64(task.start), np.int64(task.target), np.int64(task.size), np.int64(limit))
    _put_stream(streams, i, Streams(stream.key, trial))
    _put_row(numbers, i, begun(next_place, 0, at, to, limit, ideal_steps(ideal, level, to, at), level, seen, hits))


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
def grid_kernels(
    layout: Callable[..., Any], write: Callable[..., None], lean: bool, parallel: bool
) -> tuple[Callable[..., int], Callable[..., None]]:
    """Compiles ``(advance, restart)`` for one kind of observation.

    Args:
        layout: See `reach_gym.grid.observations.GridObservations`.
        write: Likewise.
        lean: Whether info holds the outcome only; then only the first line of `Measures` and the lines of `Ends` are written.
        parallel: Whether `advance` spreads the rows over Numba's threads.

    Returns:
        ``advance(*rows, actions, again, *tables, *outputs)``, which returns -1, or, before any row moves, the first row with a
        bad action; and ``restart(*rows, mask, *tables, *outputs)``. Both write into the outputs, sparse observations into zeroed
        ones. Those of `advance` are observation, `Measures`, `Flags` and ideal_steps: few arrays, because each costs time to hand
        over; those of `restart` are observation and the fields of `reach_gym.grid.rows.Info`.
    """
    advance = _advance_loop(layout, write, lean, numba.prange if parallel else range)
    restart = _restart_loop(layout, write, lean)
    name = layout.__module__, layout.__qualname__, write.__qualname__
    return (
        kept(numba.njit(parallel=parallel, nogil=True)(advance), *name, lean, parallel),
        kept(numba.njit(nogil=True)(restart), *name, lean),
    )


def _restart_loop(layout: Any, write: Any, lean: bool) -> Callable[..., None]:
    def restart(
        numbers: Any, streams: Any, radius: Any, mask: Any,
        settings: Any, next_place: Any, ideal: Any, radii: Any, words: Any,
        observation: Any, away: Any, to_go: Any, in_field: Any, reach: Any, success: Any,
    ) -> None:  # fmt: skip
        view = layout(observation)
        for i in range(len(mask)):
            if mask[i]:
                if not _settings(settings).drawn_by_session:
                    _next_trial(i, numbers, streams, radius, settings, next_place, ideal, radii)
                row = _row(numbers, i)
                write(view, i, place_cell(row.place), place_cell(row.goal), words)
                success[i] = False
                if not lean:
                    away[i], reach[i], to_go[i] = distance(squared_apart(row.place, row.goal)), radius[i], row.ideal
                    in_field[i] = place_felt(row.place) != 0

    return restart


def _advance_loop(layout: Any, write: Any, lean: bool, each: Any) -> Callable[..., int]:
    def advance(
        numbers: Any, streams: Any, radius: Any, actions: Any, again: Any,
        settings: Any, next_place: Any, ideal: Any, radii: Any, words: Any,
        observation: Any, floats: Any, flags: Any, to_go: Any,
    ) -> int:  # fmt: skip
        bad = _first_bad(actions)
        if bad >= 0:
            return bad
        view, time_limit = layout(observation), _settings(settings).time_limit
        if not _settings(settings).drawn_by_session:
            for i in range(len(again)):
                if again[i]:
                    _next_trial(i, numbers, streams, radius, settings, next_place, ideal, radii)
        # From here on no branch, and few arrays to a loop, so that the compiler can work on several rows at once.
        for i in each(len(actions)):
            row = _row(numbers, i)
            numbers[NUMBER.place, i] = move(next_place, row.world, row.place, STAY if again[i] else actions[i])
        for i in each(len(actions)):
            numbers[NUMBER.steps, i] += not again[i]
        for i in each(len(actions)):
            row = _row(numbers, i)
            write(view, i, place_cell(row.place), place_cell(row.goal), words)
        for i in each(len(actions)):
            row = _row(numbers, i)
            squared = squared_apart(row.place, row.goal)
            numbers[NUMBER.success, i] = is_hit(squared, row.limit)
            if not lean:
                floats[MEASURE.distance, i] = distance(squared)
        for i in each(len(actions)):
            row = _row(numbers, i)
            hit, late = row.success != 0, is_late(row.steps, time_limit)
            if lean:
                _put_ends(flags, i, Ends(hit, late, hit | late, True, hit))
            else:
                _put_flags(flags, i, Flags(hit, late, hit | late, True, hit, place_felt(row.place) != 0))
        for i in each(len(actions)):
            floats[MEASURE.reward, i] = reward(not again[i], _row(numbers, i).success)
        if not lean:
            for i in each(len(actions)):
                floats[MEASURE.radius, i] = radius[i]
                to_go[i] = _row(numbers, i).ideal
        return -1

    return advance
