"""The loops of the cursor's Numba kernels: one time step of all rows, and what they observe.

A chain of small loops over few lines each: only such loops does the compiler turn into work on several rows at once. They use the
lines of the info as they fill them. Each factory takes ``range`` or ``numba.prange``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba.extending import register_jitable

from reach_gym import fields
from reach_gym.fields import force_of
from reach_gym.plants import point_mass, turns
from reach_gym.plants.point_mass import confine
from reach_gym.plants.point_mass import step as move
from reach_gym.plants.turns import swing
from reach_gym.reach import rules
from reach_gym.reach.observations import LIT, PIXELS, SPEED_UNIT
from reach_gym.reach.rows import (
    ARENA,
    BLOCK,
    CHANNEL,
    COS,
    DAMPING,
    DELAY,
    DENSE,
    DT,
    FALSE_START,
    FIELD,
    GAIN,
    GO,
    HELD,
    HOLD_STEPS,
    LEAVE_SQUARED,
    LIMIT,
    MAX_FORCE,
    MOTOR_NOISE,
    MOTOR_SHARE,
    NOISE,
    ONSET,
    POSITION_NOISE,
    PULSE,
    RADIUS_SQUARED,
    RATE,
    SCALE,
    SIN,
    SPEED_SQUARED,
    START_X,
    START_Y,
    STEP,
    STRICT,
    SUCCESS,
    TARGET_X,
    TARGET_Y,
    VELOCITY_NOISE,
    VX,
    VY,
    WAVE,
    WORKSPACE,
    X,
    Y,
)
from reach_gym.reach.rules import cue_is_on, dense_reward, has_left, is_on_target, sparse_reward
from reach_gym.reach.rules import phase as phase_of
from reach_gym.rows.compiled import register
from reach_gym.rows.records import TRIAL
from reach_gym.sessions import draws, schedule
from reach_gym.sessions.draws import NOISE_STREAMS, normal

register(draws, schedule, fields, turns, point_mass, rules)

STREAMS = tuple(np.uint64(stream) for stream in NOISE_STREAMS)
_PER_SPEED = 1.0 / SPEED_UNIT
# Lines of the info's numbers; `reach_gym.reach.numpy_rows.FLOAT_INFO` names them all.
CURSOR_X, CURSOR_Y, PUSH_X, PUSH_Y, DISTANCE, EFFORT, NOW = 4, 5, 8, 9, 10, 11, 12


@register_jitable
def _write_vector(seen: Any, i: int, target: Any, start: Any, cue: bool, visible: bool, sensed: Any, at: Any, per: float) -> None:
    seen[i, 0] = target[0] * per if visible else 0.0
    seen[i, 1] = target[1] * per if visible else 0.0
    seen[i, 2] = cue
    seen[i, 3], seen[i, 4] = sensed[0] * per, sensed[1] * per
    seen[i, 5], seen[i, 6] = sensed[2] * _PER_SPEED, sensed[3] * _PER_SPEED


@register_jitable
def _write_goal(seen: Any, i: int, target: Any, start: Any, cue: bool, visible: bool, sensed: Any, at: Any, per: float) -> None:
    seen[i, 0] = cue
    seen[i, 1], seen[i, 2] = sensed[0] * per, sensed[1] * per
    seen[i, 3], seen[i, 4] = sensed[2] * _PER_SPEED, sensed[3] * _PER_SPEED
    seen[i, 5], seen[i, 6] = at[0], at[1]
    seen[i, 7], seen[i, 8] = target if visible else start


@register_jitable
def _pixel(place: float, per: float) -> Any:
    return np.int64(min(max((place * per + 1.0) * (0.5 * PIXELS), 0.0), PIXELS - 1.0))


@register_jitable
def _write_pixels(seen: Any, i: int, target: Any, start: Any, cue: bool, visible: bool, sensed: Any, at: Any, per: float) -> None:
    seen[i, :2] = 0
    if visible:
        seen[i, 0, _pixel(target[1], per), _pixel(target[0], per)] = LIT
    seen[i, 1, _pixel(sensed[1], per), _pixel(sensed[0], per)] = LIT
    seen[i, 2] = LIT if cue else 0


WRITERS = {"vector": _write_vector, "goal": _write_goal, "pixels": _write_pixels}


def step_of(push: Any, noise: Any, force: Any, axis: Any, cursor: Any, judge: Any, tell: Any) -> Callable[..., None]:
    """One time step out of the compiled loops; see `reach_gym.reach.kernels.cursor_kernels` for the arguments."""

    def step(
        floats: Any,
        counts: Any,
        streams: Any,
        past: Any,
        actions: Any,
        rules: Any,
        numbers: Any,
        whole: Any,
        flags: Any,
        reward: Any,
    ) -> None:
        n, scalars, hands = len(actions), rules.numbers, np.empty((2, len(actions) + 8))
        push(actions, hands, numbers[EFFORT], scalars[MAX_FORCE])
        if scalars[MOTOR_NOISE] > 0 or scalars[MOTOR_SHARE] > 0:
            noise(hands, streams[NOISE], counts[STEP], scalars[MOTOR_NOISE], scalars[MOTOR_SHARE], n)
        force(floats, counts, rules.waves, rules.periods, numbers, n)
        rate, damping, dt, arena = scalars[RATE], scalars[DAMPING], scalars[DT], scalars[ARENA]
        axis(floats[X], floats[VX], hands[0], numbers[PUSH_X], rate, damping, dt, arena, n)
        axis(floats[Y], floats[VY], hands[1], numbers[PUSH_Y], rate, damping, dt, arena, n)
        cursor(floats, counts, past, numbers, rules.whole[DELAY] + 1, n)
        judge(floats, counts, numbers, rules, flags, reward)
        tell(floats, counts, streams, numbers, whole, flags, rules.whole[ONSET], n)

    return step


def push_loop(each: Any) -> Callable[..., None]:
    """The hands' forces and effort."""

    def push(actions: Any, hands: Any, effort: Any, max_force: float) -> None:
        """The hands' forces and effort."""
        for i in each(len(actions)):
            ax, ay = min(max(actions[i, 0], -1.0), 1.0), min(max(actions[i, 1], -1.0), 1.0)
            hands[0, i], hands[1, i] = max_force * ax, max_force * ay
            effort[i] = ax * ax + ay * ay

    return push


def noise_loop(each: Any) -> Callable[..., None]:
    """Motor noise."""

    def noise(hands: Any, keys: Any, steps: Any, plain: float, share: float, n: int) -> None:
        """Adds motor noise to the hands' forces."""
        for i in each(n):
            key, draw = keys[i], np.uint64(steps[i])
            hands[0, i] = hands[0, i] * (1.0 + share * normal(key, draw, STREAMS[0])) + plain * normal(key, draw, STREAMS[1])
            hands[1, i] = hands[1, i] * (1.0 + share * normal(key, draw, STREAMS[2])) + plain * normal(key, draw, STREAMS[3])

    return noise


def force_loop(each: Any) -> Callable[..., None]:
    """The fields' forces and the gain."""

    def force(floats: Any, counts: Any, waves: Any, periods: Any, numbers: Any, n: int) -> None:
        """The fields' forces, and the gain."""
        f, scale, gain, felt = FIELD, np.empty(n), numbers[NOW], False
        for i in range(n):
            scale[i], gain[i] = floats[SCALE, i], floats[GAIN, i]
            felt |= floats[SCALE, i] != 0.0
        if waves.shape[1] > 1:
            for i in each(n):
                wave = counts[WAVE, i]
                factor = waves[wave, counts[STEP, i] % periods[wave]]
                scale[i], gain[i] = scale[i] * factor, gain[i] * factor
        if not felt:
            numbers[PUSH_X, :n] = 0.0
            numbers[PUSH_Y, :n] = 0.0
            return
        for i in each(n):
            numbers[PUSH_X, i], numbers[PUSH_Y, i] = force_of(
                *(scale[i], floats[X, i], floats[Y, i], floats[VX, i], floats[VY, i]),
                *(floats[f, i], floats[f + 1, i], floats[f + 2, i], floats[f + 3, i], floats[f + 4, i], floats[f + 5, i]),
                *(floats[f + 6, i], floats[f + 7, i], floats[f + 8, i], floats[f + 9, i]),
                *(floats[f + 10, i], floats[f + 11, i], floats[f + 12, i], floats[f + 13, i]),
                *(floats[f + 14, i], floats[f + 15, i]),
            )

    return force


def axis_loop(each: Any) -> Callable[..., None]:
    """One axis of the movement."""

    def axis(
        places: Any, speeds: Any, hand: Any, field: Any, rate: float, damping: float, dt: float, arena: float, n: int
    ) -> None:
        """Moves along one axis; the other one's arguments only fill the function's places."""
        for i in each(n):
            x, _, vx, _ = move(places[i], 0.0, speeds[i], 0.0, hand[i] + field[i], 0.0, rate, damping, dt)
            places[i], speeds[i] = confine(x, vx, arena)

    return axis


def cursor_loop(each: Any) -> Callable[..., None]:
    """Step count and cursors."""

    def cursor(floats: Any, counts: Any, past: Any, numbers: Any, slots: int, n: int) -> None:
        """Counts the step and places the cursors."""
        for i in each(n):
            counts[STEP, i] += 1
        for i in each(n):
            x, y = floats[X, i], floats[Y, i]
            sx, sy = swing(x - floats[START_X, i], y - floats[START_Y, i], floats[COS, i], floats[SIN, i])
            numbers[CURSOR_X, i], numbers[CURSOR_Y, i] = x + sx, y + sy
        if slots > 1:
            for i in each(n):
                svx, svy = swing(floats[VX, i], floats[VY, i], floats[COS, i], floats[SIN, i])
                slot = counts[STEP, i] % slots
                past[slot, 0, i], past[slot, 1, i] = numbers[CURSOR_X, i], numbers[CURSOR_Y, i]
                past[slot, 2, i], past[slot, 3, i] = floats[VX, i] + svx, floats[VY, i] + svy

    return cursor


def judge_loop(each: Any) -> Callable[..., None]:
    """False starts, success and reward."""

    def judge(floats: Any, counts: Any, numbers: Any, rules: Any, flags: Any, reward: Any) -> None:
        """False starts, time on the target, success and reward."""
        scalars, settings, n = rules.numbers, rules.whole, len(reward)
        radius, slow, leave = scalars[RADIUS_SQUARED], scalars[SPEED_SQUARED], scalars[LEAVE_SQUARED]
        # Of the rows' own kind of integer, so that a loop need not convert.
        strict, hold, limit = np.int32(settings[STRICT]), np.int32(settings[HOLD_STEPS]), np.int32(settings[LIMIT])
        for i in each(n):
            left = has_left(numbers[CURSOR_X, i], numbers[CURSOR_Y, i], floats[START_X, i], floats[START_Y, i], leave)
            counts[FALSE_START, i] |= left & (counts[STEP, i] <= counts[GO, i])
        squared = np.empty(n)
        for i in each(n):
            dx, dy = numbers[CURSOR_X, i] - floats[TARGET_X, i], numbers[CURSOR_Y, i] - floats[TARGET_Y, i]
            squared[i] = dx * dx + dy * dy
            numbers[DISTANCE, i] = np.sqrt(squared[i])
        for i in each(n):
            moving, spoilt = counts[STEP, i] >= counts[GO, i], counts[FALSE_START, i] * strict
            on_target = is_on_target(squared[i], floats[VX, i], floats[VY, i], moving, spoilt, radius, slow)
            counts[SUCCESS, i] = on_target
            reward[i] = sparse_reward(on_target)
        if settings[DENSE] != 0:
            for i in each(n):
                spoilt, moving = counts[FALSE_START, i] * strict, counts[STEP, i] >= counts[GO, i]
                reward[i] = dense_reward(numbers[DISTANCE, i], numbers[EFFORT, i], moving, spoilt)
        for i in each(n):
            counts[HELD, i] = (counts[HELD, i] + np.int32(1)) * counts[SUCCESS, i]
            counts[SUCCESS, i] = counts[HELD, i] >= hold
        for i in each(n):
            hit, late = counts[SUCCESS, i] != 0, counts[STEP, i] >= limit
            flags[3, i], flags[4, i], flags[5, i], flags[6, i] = hit, late, hit | late, True

    return judge


def tell_loop(each: Any) -> Callable[..., None]:
    """The rest of the info."""

    def tell(floats: Any, counts: Any, streams: Any, numbers: Any, whole: Any, flags: Any, onset: int, n: int) -> None:
        """Copies into the info what no other loop has filled."""
        for line in range(4):
            for i in range(n):
                numbers[line, i] = floats[line, i]
        for line in range(2):
            for i in range(n):
                numbers[6 + line, i] = floats[TARGET_X + line, i]
        for i in each(n):
            whole[0, i], whole[1, i] = counts[BLOCK, i], np.int64(streams[TRIAL, i])
        for i in each(n):
            whole[2, i] = phase_of(counts[STEP, i], onset, counts[GO, i])
        for i in each(n):
            flags[0, i], flags[1, i], flags[2, i] = counts[CHANNEL, i] != 0, counts[FALSE_START, i] != 0, counts[SUCCESS, i] != 0

    return tell


STEP_LOOPS = (push_loop, noise_loop, force_loop, axis_loop, cursor_loop, judge_loop, tell_loop)  # the arguments of `step_of`


def observe_loop(each: Any, write: Any, late_goal: bool) -> Callable[..., None]:
    """The observations, through one of `WRITERS`."""

    def observe_all(
        floats: Any, counts: Any, streams: Any, past: Any, mask: Any, rules: Any, limits: Any, observation: Any, numbers: Any
    ) -> None:
        """Writes the observations of the rows of `mask`."""
        scalars, settings, n = rules.numbers, rules.whole, len(mask)
        onset, pulse, delay = np.int32(settings[ONSET]), np.int32(settings[PULSE]), np.int32(settings[DELAY])
        sensed, visible, cue = np.empty((4, n + 8)), np.empty(n, np.bool_), np.empty(n, np.bool_)
        _sense(n, floats, counts, streams, past, numbers, sensed, delay, scalars[POSITION_NOISE], scalars[VELOCITY_NOISE], limits)
        lag = delay if late_goal else np.int32(0)
        for i in each(n):
            step, go = counts[STEP, i], counts[GO, i]
            visible[i] = step - lag >= onset
            cue[i] = cue_is_on(step - delay, go, pulse)
        per = 1.0 / scalars[WORKSPACE]
        for i in each(n):
            if mask[i]:
                target, start = (floats[TARGET_X, i], floats[TARGET_Y, i]), (floats[START_X, i], floats[START_Y, i])
                now = sensed[0, i], sensed[1, i], sensed[2, i], sensed[3, i]
                write(observation, i, target, start, cue[i], visible[i], now, (numbers[CURSOR_X, i], numbers[CURSOR_Y, i]), per)

    return observe_all


@register_jitable
def _sense(
    n: int,
    floats: Any,
    counts: Any,
    streams: Any,
    past: Any,
    numbers: Any,
    sensed: Any,
    delay: Any,
    place: float,
    speed: float,
    limits: Any,
) -> None:
    """What all rows sense: the cursor, delayed and noisy."""
    for i in range(n):
        svx, svy = swing(floats[VX, i], floats[VY, i], floats[COS, i], floats[SIN, i])
        sensed[2, i], sensed[3, i] = floats[VX, i] + svx, floats[VY, i] + svy
    for i in range(n):
        sensed[0, i], sensed[1, i] = numbers[CURSOR_X, i], numbers[CURSOR_Y, i]
    if delay > 0:
        for i in range(n):
            oldest = (counts[STEP, i] + 1) % (delay + 1)
            for part in range(4):
                sensed[part, i] = past[oldest, part, i]
    if place > 0 or speed > 0:
        for i in range(n):
            key, draw = streams[NOISE, i], np.uint64(counts[STEP, i])
            sensed[0, i], _ = confine(sensed[0, i] + place * normal(key, draw, STREAMS[4]), 0.0, limits[0])
            sensed[1, i], _ = confine(sensed[1, i] + place * normal(key, draw, STREAMS[5]), 0.0, limits[0])
            sensed[2, i], _ = confine(sensed[2, i] + speed * normal(key, draw, STREAMS[6]), 0.0, limits[1])
            sensed[3, i], _ = confine(sensed[3, i] + speed * normal(key, draw, STREAMS[7]), 0.0, limits[1])
