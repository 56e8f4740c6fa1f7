"""The loops of the Numba kernels in which something happens within the trials besides the field; see `reach_gym.reach.events`.

They take the place of those of `reach_gym.reach.loops` in tasks whose sessions have events, bars or hidden cursors, so that all
other tasks do not pay for them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba.extending import register_jitable

from reach_gym.reach.events import cursor_at, pushed, sensed_of, set_off
from reach_gym.reach.info import LINE
from reach_gym.reach.loops import PlantCode, event_at
from reach_gym.reach.rows import COUNT
from reach_gym.reach.tables import EVENT
from reach_gym.rows.records import tuple_reader


def eventful_move(over: Any, code: PlantCode) -> Callable[..., None]:
    """The movement, under fields and force pulses."""
    state_of, put_state, field_of, code_params = code.state, code.put_state, code.field, code.params
    step_of, stop, hand_of = code.plant.step, code.plant.stop, code.plant.hand
    command_at, event = register_jitable(tuple_reader(code.actuators)), register_jitable(event_at)

    def move(floats: Any, counts: Any, commands: Any, numbers: Any, scale: Any, events: Any, values: Any, n: int) -> None:
        """Moves the plants."""
        params = code_params(values)
        for i in over(n):
            state = state_of(floats, i)
            x, y, _, _ = hand_of(state, params)
            push_x, push_y = event(events, counts[COUNT.pulse, i], counts[COUNT.pushed, i], counts[COUNT.step, i])
            factor, field = pushed(scale[i], field_of(floats, i), x, y, push_x, push_y)
            moved, force_x, force_y = step_of(state, command_at(commands, i), factor, field, params)
            put_state(floats, i, stop(moved, params))
            numbers[LINE.force_x, i], numbers[LINE.force_y, i] = force_x, force_y

    return move


def eventful_cursor(over: Any, code: PlantCode) -> Callable[..., None]:
    """Step count, events, targets, hands and cursors."""
    trial_of, state_of, hand_of, code_params = code.trial, code.state, code.plant.hand, code.params
    trial_line, event = code.lines.trial, register_jitable(event_at)
    kinds = ((COUNT.jump, COUNT.jumped), (COUNT.shift, COUNT.shifted), (COUNT.pulse, COUNT.pushed))

    def cursor(floats: Any, counts: Any, past: Any, numbers: Any, events: Any, values: Any, n: int) -> None:
        """Counts the step, sets events off, and places targets, hands and cursors."""
        params, slots = code_params(values), len(past)
        for i in over(n):
            counts[COUNT.step, i] += 1
            step, go, trial = counts[COUNT.step, i], counts[COUNT.go, i], trial_of(floats, i)
            hand = hand_of(state_of(floats, i), params)
            for which, since in kinds:
                line = counts[which, i]
                trigger, at = events[line, EVENT.trigger], events[line, EVENT.at]
                counts[since, i] = set_off(counts[since, i], line, trigger, at, step, go, hand, trial)
            jump_x, jump_y = event(events, counts[COUNT.jump, i], counts[COUNT.jumped, i], step)
            floats[trial_line.target_x, i] = trial.home_x + jump_x
            floats[trial_line.target_y, i] = trial.home_y + jump_y
            shift_x, shift_y = event(events, counts[COUNT.shift, i], counts[COUNT.shifted, i], step)
            feedback = counts[COUNT.feedback, i]
            seen = cursor_at(trial, feedback, shift_x, shift_y, hand)
            sensed = sensed_of(trial, feedback, hand, seen)
            numbers[LINE.hand_x, i], numbers[LINE.hand_y, i] = hand[0], hand[1]
            numbers[LINE.hand_vx, i], numbers[LINE.hand_vy, i] = hand[2], hand[3]
            numbers[LINE.cursor_x, i], numbers[LINE.cursor_y, i] = seen[0], seen[1]
            for part in range(4):
                past[step % slots, part, i] = sensed[part]

    return cursor
