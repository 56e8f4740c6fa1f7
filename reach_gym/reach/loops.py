"""The loops of the Numba kernels of a continuous reach: one time step of all rows, and what they observe.

A chain of small loops over few lines each: only such loops does the compiler turn into work on several rows at once. They use the
lines of the info as they fill them. Each factory takes ``range`` or ``numba.prange``, here called `over`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba.extending import register_jitable

from reach_gym import fields
from reach_gym.fields import FieldNumbers
from reach_gym.plants import bounds, turns
from reach_gym.plants.bounds import confine
from reach_gym.plants.plant import Plant
from reach_gym.plants.turns import swing
from reach_gym.reach import beginning, events, rules
from reach_gym.reach.events import is_on, squared_distance
from reach_gym.reach.info import FLAGS, LINE, Ends
from reach_gym.reach.observations import FELT_LIMIT, NUMBERS, OBSERVATIONS
from reach_gym.reach.rows import COUNT, FELT, STREAM, Trial, float_lines
from reach_gym.reach.rules import is_late, judge, pace, rest_of, shown, signals
from reach_gym.reach.rules import phase as phase_of
from reach_gym.reach.tables import EVENT, Settings, Wholes
from reach_gym.rows.compiled import register
from reach_gym.rows.records import lines, list_reader, numbers_reader, reader, tuple_reader, writer
from reach_gym.sessions import draws, schedule
from reach_gym.sessions.draws import BODY_STREAMS, CURSOR_STREAMS, MOTOR_STREAMS, normal

register(draws, schedule, fields, bounds, turns, rules, events, beginning)

COMPILED = NUMBERS._replace(spread=register_jitable(NUMBERS.spread), helper=register_jitable)
MOTOR, CURSOR, BODY = (tuple(map(np.uint64, streams)) for streams in (MOTOR_STREAMS, CURSOR_STREAMS, BODY_STREAMS))
END = lines(Ends, len(FLAGS))
settings_from, wholes_from = register_jitable(list_reader(Settings)), register_jitable(list_reader(Wholes))


_BLOCK = 64  # rows that move together


class PlantCode:
    """A plant's functions and the layout of its rows, for compiled code.

    Attributes:
        params: Reads the plant's parameters from an array.
        state: Reads a row's state from the block of floats.
        put_state: Writes it.
        trial: Reads a row's `Trial`.
        field: Reads the numbers of its field.
        lines: The layout of the block of floats.
        actuators: How many actions there are.
        strengths: Reads their strengths from the numbers of the tables.
    """

    def __init__(self, plant: type[Plant]) -> None:
        """Registers the functions of `plant` with Numba."""
        register(plant)
        self.plant, self.lines, self.actuators = plant, float_lines(plant), len(plant.low)
        # A plain tuple: a record that a parallel loop takes from outside is no name that Numba knows there.
        self.params = register_jitable(numbers_reader(len(plant.Params._fields), len(Settings._fields)))
        first = len(Settings._fields) + len(plant.Params._fields)
        self.strengths = register_jitable(numbers_reader(self.actuators, first))
        self.state, self.put_state = register_jitable(reader(plant.State)), register_jitable(writer(plant.State))
        self.trial = register_jitable(reader(Trial, self.lines.state.stop))
        self.field = register_jitable(tuple_reader(len(FieldNumbers._fields), self.lines.field.start))


def command_loop(over: Any, code: PlantCode) -> Callable[..., None]:
    """Commands and effort."""
    low, high, actuators, strengths = code.plant.low, code.plant.high, code.actuators, code.strengths

    def command(actions: Any, commands: Any, effort: Any, numbers: Any) -> None:
        """The plants' commands, and the effort."""
        strength = strengths(numbers)
        for i in over(len(actions)):
            squares = 0.0
            for k in range(actuators):
                action = min(max(actions[i, k], low[k]), high[k])
                commands[k, i] = strength[k] * action
                squares += action * action
            effort[i] = squares

    return command


def noise_loop(over: Any, code: PlantCode) -> Callable[..., None]:
    """Motor noise."""
    actuators = code.actuators

    def noise(commands: Any, keys: Any, steps: Any, plain: float, share: float, n: int) -> None:
        """Adds motor noise to the commands."""
        for i in over(n):
            key, draw = keys[i], np.uint64(steps[i])
            for k in range(actuators):
                one, two = normal(key, draw, MOTOR[2 * k]), normal(key, draw, MOTOR[2 * k + 1])
                commands[k, i] = commands[k, i] * (1.0 + share * one) + plain * two

    return noise


def scale_loop(over: Any, code: PlantCode) -> Callable[..., bool]:
    """The factors on the fields and the gain."""
    trial_line = code.lines.trial

    def scale_all(floats: Any, counts: Any, waves: Any, periods: Any, scale: Any, gain: Any, n: int) -> bool:
        """Fills `scale` and `gain`; whether any field is felt."""
        felt = False
        for i in range(n):
            scale[i], gain[i] = floats[trial_line.scale, i], floats[trial_line.gain, i]
            felt |= floats[trial_line.scale, i] != 0.0
        if waves.shape[1] > 1:
            for i in over(n):
                wave = counts[COUNT.wave, i]
                factor = waves[wave, counts[COUNT.step, i] % periods[wave]]
                scale[i], gain[i] = scale[i] * factor, gain[i] * factor
        return felt

    return scale_all


def move_loop(over: Any, code: PlantCode) -> Callable[..., None]:
    """The movement, and the fields' forces."""
    state_of, put_state, field_of, plant, code_params = code.state, code.put_state, code.field, code.plant, code.params
    step_of, stop = plant.step, plant.stop
    command_at = register_jitable(tuple_reader(code.actuators))
    actuators, state_end, field_start, field_end = (
        code.actuators,
        code.lines.state.stop,
        code.lines.field.start,
        code.lines.field.stop,
    )
    # Of the rows of a block: their state and field where they stand in all floats, then scale, commands and forces.
    size, at_scale, at_command = _BLOCK, field_end, field_end + 1
    at_force = at_command + actuators
    height = at_force + 2
    command_of = register_jitable(tuple_reader(actuators, at_command))

    def move(floats: Any, commands: Any, numbers: Any, scale: Any, felt: bool, values: Any, n: int) -> None:
        """Moves the plants."""
        params = code_params(values)
        if felt:
            for b in over((n + size - 1) // size):
                first, last = b * size, min(b * size + size, n)
                # Rows of a fixed length do not overlap, and the compiler knows it: it moves several at once.
                block = np.empty((height, size))
                for k in range(state_end):
                    block[k, : last - first] = floats[k, first:last]
                for k in range(field_start, field_end):
                    block[k, : last - first] = floats[k, first:last]
                block[at_scale, : last - first] = scale[first:last]
                for k in range(actuators):
                    block[at_command + k, : last - first] = commands[k, first:last]
                for i in range(last - first):
                    state, command = state_of(block, i), command_of(block, i)
                    moved, force_x, force_y = step_of(state, command, block[at_scale, i], field_of(block, i), params)
                    put_state(block, i, moved)
                    block[at_force, i], block[at_force + 1, i] = force_x, force_y
                for i in range(last - first):
                    put_state(block, i, stop(state_of(block, i), params))
                for k in range(state_end):
                    floats[k, first:last] = block[k, : last - first]
                numbers[LINE.force_x, first:last] = block[at_force, : last - first]
                numbers[LINE.force_y, first:last] = block[at_force + 1, : last - first]
        else:
            for i in over(n):
                moved, _, _ = step_of(state_of(floats, i), command_at(commands, i), 0.0, None, params)
                put_state(floats, i, stop(moved, params))
            numbers[LINE.force_x, :n] = 0.0
            numbers[LINE.force_y, :n] = 0.0

    return move


def cursor_loop(over: Any, code: PlantCode) -> Callable[..., None]:
    """Step count, hands and cursors."""
    trial_of, state_of, hand_of, code_params = code.trial, code.state, code.plant.hand, code.params

    def cursor(floats: Any, counts: Any, past: Any, numbers: Any, values: Any, n: int) -> None:
        """Counts the step, and places the hands and the cursors."""
        params, slots = code_params(values), len(past)
        for i in over(n):
            counts[COUNT.step, i] += 1
        for i in over(n):
            x, y, vx, vy = hand_of(state_of(floats, i), params)
            numbers[LINE.hand_x, i], numbers[LINE.hand_y, i] = x, y
            numbers[LINE.hand_vx, i], numbers[LINE.hand_vy, i] = vx, vy
        for i in over(n):
            x, y, trial = numbers[LINE.hand_x, i], numbers[LINE.hand_y, i], trial_of(floats, i)
            sx, sy = swing(x - trial.start_x, y - trial.start_y, trial.cosine, trial.sine)
            numbers[LINE.cursor_x, i], numbers[LINE.cursor_y, i] = x + sx, y + sy
        if slots > 1:
            for i in over(n):
                trial, vx, vy = trial_of(floats, i), numbers[LINE.hand_vx, i], numbers[LINE.hand_vy, i]
                svx, svy = swing(vx, vy, trial.cosine, trial.sine)
                slot = counts[COUNT.step, i] % slots
                past[slot, 0, i], past[slot, 1, i] = numbers[LINE.cursor_x, i], numbers[LINE.cursor_y, i]
                past[slot, 2, i], past[slot, 3, i] = vx + svx, vy + svy

    return cursor


def judge_loop(over_rows: Any, code: PlantCode, reward_of: Any, eventful: bool) -> Callable[..., None]:
    """False starts, success and reward."""
    trial_line, trial_of = code.lines.trial, code.trial

    def judge_all(floats: Any, counts: Any, past: Any, numbers: Any, tables: Any, flags: Any, reward: Any) -> None:
        """False starts, time on the target, success and reward."""
        settings, wholes, n = settings_from(tables.numbers), wholes_from(tables.wholes), len(reward)
        # Of the rows' own kind of integer, so that a loop need not convert.
        strict, abort, hold = np.int32(wholes.strict), np.int32(wholes.abort), np.int32(wholes.hold_steps)
        fastest, slowest = np.int32(wholes.fastest), np.int32(wholes.slowest)
        last, late = np.int32(wholes.last), np.int32(wholes.limit)
        limits = (
            *(settings.radius_squared, settings.speed_squared, settings.leave_squared),
            *(strict, abort, hold, fastest, slowest, last),
        )
        squared = np.empty(n)
        if eventful:
            for i in range(n):
                squared[i] = squared_distance(numbers[LINE.cursor_x, i], numbers[LINE.cursor_y, i], trial_of(floats, i))
                numbers[LINE.distance, i] = np.sqrt(squared[i])
        else:
            for i in over_rows(n):
                dx = numbers[LINE.cursor_x, i] - floats[trial_line.target_x, i]
                dy = numbers[LINE.cursor_y, i] - floats[trial_line.target_y, i]
                squared[i] = dx * dx + dy * dy
                numbers[LINE.distance, i] = np.sqrt(squared[i])
        for i in over_rows(n):
            step, go = counts[COUNT.step, i], counts[COUNT.go, i]
            false_start, spoilt, on_target, held, left, success, ended = judge(
                *(step, go, numbers[LINE.cursor_x, i], numbers[LINE.cursor_y, i]),
                *(numbers[LINE.hand_vx, i], numbers[LINE.hand_vy, i]),
                *(floats[trial_line.start_x, i], floats[trial_line.start_y, i]),
                *(squared[i], counts[COUNT.false_start, i], counts[COUNT.held, i], counts[COUNT.left, i], limits),
            )
            sx = numbers[LINE.cursor_x, i] - floats[trial_line.start_x, i]
            sy = numbers[LINE.cursor_y, i] - floats[trial_line.start_y, i]
            away = np.sqrt(sx * sx + sy * sy)
            reward[i] = reward_of(
                *(on_target, success, numbers[LINE.distance, i], away, numbers[LINE.effort, i], step >= go, spoilt),
                rest_of(step, go, last, false_start, abort),
            )
            counts[COUNT.false_start, i], counts[COUNT.held, i], counts[COUNT.left, i] = false_start, held, left
            counts[COUNT.success, i], counts[COUNT.ended, i] = success, ended
        for i in over_rows(n):
            step, over = counts[COUNT.step, i], counts[COUNT.ended, i] != 0
            over_time = (step >= late) | is_late(step, counts[COUNT.go, i], last)
            flags[END.terminated, i], flags[END.truncated, i] = over, over_time
            flags[END.done, i], flags[END.every, i] = over | over_time, True
        slots = len(past)
        if slots > 1:
            for i in over_rows(n):
                past[counts[COUNT.step, i] % slots, 4, i] = counts[COUNT.held, i]

    return judge_all


def tell_loop(over: Any, code: PlantCode, lean: bool) -> Callable[..., None]:
    """The rest of the info."""
    trial_line = code.lines.trial

    def tell(floats: Any, counts: Any, streams: Any, numbers: Any, whole: Any, flags: Any, values: Any, n: int) -> None:
        """Copies into the info what no other loop has filled."""
        if lean:
            for i in over(n):
                flags[LINE.false_start, i] = counts[COUNT.false_start, i] != 0
                flags[LINE.is_success, i] = counts[COUNT.success, i] != 0
            return
        wholes = wholes_from(values)
        onset, fastest, slowest, hold = wholes.onset, wholes.fastest, wholes.slowest, wholes.hold_steps
        for i in range(n):
            numbers[LINE.target_x, i] = floats[trial_line.target_x, i]
        for i in range(n):
            numbers[LINE.target_y, i] = floats[trial_line.target_y, i]
        for i in over(n):
            whole[LINE.block, i], whole[LINE.trial, i] = counts[COUNT.block, i], np.int64(streams[STREAM.trial, i])
        for i in over(n):
            whole[LINE.phase, i] = phase_of(counts[COUNT.step, i], onset, counts[COUNT.go, i])
        for i in over(n):
            flags[LINE.channel, i], flags[LINE.false_start, i], flags[LINE.is_success, i] = (
                *(counts[COUNT.channel, i] != 0, counts[COUNT.false_start, i] != 0),
                counts[COUNT.success, i] != 0,
            )
        for i in over(n):
            flags[LINE.too_fast, i], flags[LINE.too_slow, i] = pace(
                *(counts[COUNT.step, i], counts[COUNT.held, i], counts[COUNT.left, i], counts[COUNT.ended, i]),
                *(fastest, slowest, hold),
            )

    return tell


def step_of(
    code: PlantCode, command: Any, noise: Any, scale_all: Any, move: Any, cursor: Any, judge_all: Any, tell: Any, eventful: bool
) -> Any:
    """One time step out of the compiled loops; see `reach_gym.reach.kernels.reach_kernels` for the arguments."""
    actuators = code.actuators

    def step(
        floats: Any, counts: Any, streams: Any, past: Any, actions: Any, tables: Any, numbers: Any, whole: Any, flags: Any,
        reward: Any,
    ) -> None:  # fmt: skip
        n, settings = len(actions), settings_from(tables.numbers)
        commands = np.empty((actuators, n + 8))
        command(actions, commands, numbers[LINE.effort], tables.numbers)
        if settings.motor_noise > 0 or settings.motor_share > 0:
            noise(commands, streams[STREAM.noise], counts[COUNT.step], settings.motor_noise, settings.motor_share, n)
        scale = np.empty(n)
        felt = scale_all(floats, counts, tables.waves, tables.periods, scale, numbers[LINE.gain], n)
        if eventful:
            move(floats, counts, commands, numbers, scale, tables.events, tables.numbers, n)
            cursor(floats, counts, past, numbers, tables.events, tables.numbers, n)
        else:
            move(floats, commands, numbers, scale, felt, tables.numbers, n)
            cursor(floats, counts, past, numbers, tables.numbers, n)
        judge_all(floats, counts, past, numbers, tables, flags, reward)
        tell(floats, counts, streams, numbers, whole, flags, tables.wholes, n)

    return step


def feel_loop(over: Any, code: PlantCode) -> Callable[..., None]:
    """What the bodies feel, for kinds of observation of which it is a part."""
    feel, state_of, code_params, senses = code.plant.feel, code.state, code.params, len(code.plant.senses)

    def feel_all(floats: Any, counts: Any, streams: Any, past: Any, mask: Any, tables: Any, observation: Any) -> None:
        """Writes what the bodies felt `felt_delay` steps ago behind the observations of the rows of `mask`."""
        params, settings, wholes = code_params(tables.numbers), settings_from(tables.numbers), wholes_from(tables.wholes)
        slots, late, first, spread = len(past), np.int32(wholes.felt_delay), observation.shape[1] - senses, settings.felt_noise
        for i in over(len(mask)):
            step, felt = counts[COUNT.step, i], feel(state_of(floats, i), params)
            if slots > 1:
                for k in range(senses):
                    past[step % slots, FELT + k, i] = felt[k]
            if mask[i]:
                then = (step + slots - late) % slots
                for k in range(senses):
                    value = past[then, FELT + k, i] if late > 0 else felt[k]
                    if spread > 0:
                        value = value + spread * normal(streams[STREAM.noise, i], np.uint64(step), BODY[k])
                    observation[i, first + k], _ = confine(value, 0.0, FELT_LIMIT)

    return feel_all


def observe_loop(over: Any, code: PlantCode, kind: str, eventful: bool) -> Callable[..., None]:
    """The observations of one kind."""
    write, late_goal, trial_of = register_jitable(OBSERVATIONS[kind].writer(COMPILED)), OBSERVATIONS[kind].late_goal, code.trial
    lag = np.int32(late_goal)

    def observe_all(
        floats: Any, counts: Any, streams: Any, past: Any, mask: Any, tables: Any, limits: Any, observation: Any, numbers: Any
    ) -> None:
        """Writes the observations of the rows of `mask`."""
        settings, wholes, n = settings_from(tables.numbers), wholes_from(tables.wholes), len(mask)
        onset, pulse, delay = np.int32(wholes.onset), np.int32(wholes.pulse), np.int32(wholes.delay)
        hold, slots, dt = np.int32(wholes.hold_steps), len(past), settings.dt
        sensed, visible, cue = np.empty((4, n + 8)), np.empty(n, np.bool_), np.empty(n, np.bool_)
        held, told, false_start = np.empty(n), np.empty((3, n + 8)), np.empty(n, np.bool_)
        sense(n, floats, counts, streams, past, numbers, sensed, delay, settings, limits)
        for i in over(n):
            visible[i], cue[i] = shown(counts[COUNT.step, i], delay, lag, onset, counts[COUNT.go, i], pulse)
        if delay > 0:
            for i in over(n):
                held[i] = past[(counts[COUNT.step, i] + slots - delay) % slots, 4, i]
        else:
            for i in over(n):
                held[i] = counts[COUNT.held, i]
        for i in over(n):
            clock, moving, share, early = signals(
                *(counts[COUNT.step, i] - delay, onset, counts[COUNT.go, i], counts[COUNT.left, i], held[i], hold, dt)
            )
            told[0, i], told[1, i], told[2, i], false_start[i] = clock, moving, share, early
        per_metre, per_speed = limits[2], limits[3]
        for i in over(n):
            if mask[i]:
                trial = trial_of(floats, i)
                target, start = (trial.target_x, trial.target_y), (trial.start_x, trial.start_y)
                now = sensed[0, i], sensed[1, i], sensed[2, i], sensed[3, i]
                at = numbers[LINE.cursor_x, i], numbers[LINE.cursor_y, i]
                if eventful:  # a jump of the target is seen as late as the target, and a hidden cursor not at all
                    step = counts[COUNT.step, i]
                    jump_x, jump_y = event(tables.events, counts[COUNT.jump, i], counts[COUNT.jumped, i], step - delay * lag)
                    target = trial.home_x + jump_x, trial.home_y + jump_y
                    at = past[step % slots, 0, i], past[step % slots, 1, i]
                signs = told[0, i], told[1, i], told[2, i], false_start[i]
                write(observation, i, target, start, cue[i], visible[i], now, at, signs, per_metre, per_speed)

    sense, event = register_jitable(_sense_with(code, eventful)), register_jitable(event_at)
    return observe_all


def event_at(events: Any, line: Any, since: Any, step: Any) -> tuple[Any, Any]:
    """X and y of an event, m or N; 0 where it does not hold at `step`."""
    on = (line > 0) & is_on(since, step, events[line, EVENT.duration])
    return events[line, EVENT.x] * on, events[line, EVENT.y] * on


def _sense_with(code: PlantCode, eventful: bool) -> Callable[..., None]:
    trial_of = code.trial

    def sense(
        n: int,
        floats: Any,
        counts: Any,
        streams: Any,
        past: Any,
        numbers: Any,
        sensed: Any,
        delay: Any,
        settings: Any,
        limits: Any,
    ) -> None:
        """What all rows sense: the cursor, delayed and noisy."""
        slots = len(past)
        for i in range(n):
            trial, vx, vy = trial_of(floats, i), numbers[LINE.hand_vx, i], numbers[LINE.hand_vy, i]
            svx, svy = swing(vx, vy, trial.cosine, trial.sine)
            sensed[2, i], sensed[3, i] = vx + svx, vy + svy
        for i in range(n):
            sensed[0, i], sensed[1, i] = numbers[LINE.cursor_x, i], numbers[LINE.cursor_y, i]
        if eventful or delay > 0:
            for i in range(n):
                then = (counts[COUNT.step, i] + slots - delay) % slots
                for part in range(4):
                    sensed[part, i] = past[then, part, i]
        place, speed = settings.position_noise, settings.velocity_noise
        if place > 0 or speed > 0:
            for i in range(n):
                key, draw = streams[STREAM.noise, i], np.uint64(counts[COUNT.step, i])
                sensed[0, i], _ = confine(sensed[0, i] + place * normal(key, draw, CURSOR[0]), 0.0, limits[0])
                sensed[1, i], _ = confine(sensed[1, i] + place * normal(key, draw, CURSOR[1]), 0.0, limits[0])
                sensed[2, i], _ = confine(sensed[2, i] + speed * normal(key, draw, CURSOR[2]), 0.0, limits[1])
                sensed[3, i], _ = confine(sensed[3, i] + speed * normal(key, draw, CURSOR[3]), 0.0, limits[1])

    return sense
