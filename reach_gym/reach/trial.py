"""One continuous reach in plain Python: what the scalar environment does between `reset` and the end of the trial."""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np
from gymnasium.error import ResetNeeded

from reach_gym.fields import Pair, channel_of, force_of
from reach_gym.plants import turns
from reach_gym.plants.point_mass import confine
from reach_gym.plants.point_mass import step as move
from reach_gym.reach.keywords import CursorOptions, CursorTask, cursor_action, trial_kind
from reach_gym.reach.numpy_rows import rules_of
from reach_gym.reach.observations import FOURTH, VectorObservations, put_four
from reach_gym.reach.rows import BLOCK, CHANNEL, COS, FALSE_START, FIELD, GAIN, LAST_BLOCK, SCALE, SIN, SUCCESS, WAVE, CursorRows
from reach_gym.reach.rules import cue_is_on, dense_reward, has_left, is_on_target, phase, sparse_reward
from reach_gym.sessions import draws
from reach_gym.sessions.schedule import place_in_session

_NEVER = 2**62
_AWAY, _REST = sparse_reward(False), sparse_reward(True)


class CursorTrial:
    """The trial under way, and the row's random stream.

    The component-wise functions of `reach_gym.plants.point_mass`, `fields`, `reaching` and `trials`, called with floats.
    """

    def __init__(self, task: CursorTask, watched: bool) -> None:
        """Prepares trials of `task`; `_watch` is called after every step if they are `watched`."""
        self._task, self._watched = task, watched
        self._observations = task.observations()
        self._rules = rules = rules_of(task, None)
        self._session = [tuple(column) for column in rules.session.T.tolist()]
        self._fields = [tuple(row) for row in rules.fields.tolist()]
        self._waves = [row[:period] for row, period in zip(rules.waves.tolist(), rules.periods.tolist(), strict=True)]
        self._limits = task.radius * task.radius, task.speed_limit * task.speed_limit
        self._turned = task.rotation != 0
        self._plain = task.delay == 0 and task.sensory_noise == (0.0, 0.0)
        seen = self._observations
        simple = isinstance(seen, VectorObservations) and self._plain and not self._turned
        # What `step` uses, looked up once: it is the hot path.
        self._constants = (
            *(task.max_force, task.dt / task.mass, task.damping, task.dt, task.arena, self._limits[0]),
            *(task.motor_noise != (0.0, 0.0), self._turned, task.reward == "dense"),
            *(getattr(seen, "shown", None) if simple else None, seen.per_metre, seen.per_speed),
        )
        self._leave_squared, self._hold_steps = task.hold_radius * task.hold_radius, task.hold_steps
        self._strict = task.strict
        self._special = not self._plain or self._watched
        self._key: int | None = None
        self._trial = 0
        self._now: tuple[Any, ...] | None = None
        self._begun = False

    def _draw(self, key: int, trial: int, chosen: CursorOptions) -> None:
        """Draws what the trial is."""
        task, session = self._task, self._session
        place = place_in_session(trial, len(session), int(self._rules.whole[LAST_BLOCK]))
        base, spread, catch, clamp, block = session[place]
        gain, channel = draws.draw_kind(key, trial, base, spread, catch, clamp)
        gain, channel = trial_kind(chosen, base, gain, channel, None if chosen.gain is None else float(chosen.gain[0]))
        self._block = int(block)
        self._start, self._target = self._draw_points(key, trial, chosen)
        own, *numbers = self._fields[self._block] if chosen.field is None else (chosen.field.gain, *chosen.field.numbers)
        self._gain, self._scale, self._wave = gain, gain * own, 0 if channel else self._block + 1
        self._waving = len(self._waves[self._wave]) > 1
        self._channel, self._numbers = channel == 1, tuple(numbers)
        if channel:
            self._scale, self._numbers = 1.0, channel_of(*self._start, *self._target, *task.walls)
        self._turn = turns.turn(gain * task.rotation) if task.rotation != 0 else (1.0, 0.0)
        self._go = task.onset + task.delays[draws.draw_delay(key, trial, len(task.delays))]
        self._noise_key = draws.noise_key(key, trial)

    def _draw_points(self, key: int, trial: int, chosen: CursorOptions) -> tuple[Pair, Pair]:
        task, attempt = self._task, 0
        points, half = task.points, task.workspace
        while True:
            start, target = task.start, None
            if chosen.start is not None:
                start = tuple(chosen.start[0].tolist())
            elif start is None:
                start = draws.draw_start_point(key, trial, attempt, half)
            if chosen.target is not None:
                target = tuple(chosen.target[0].tolist())
            elif points:
                target = points[draws.draw_target(key, trial, attempt, len(points))]
            else:
                target = draws.draw_point(key, trial, attempt, half)
            if has_left(target[0], target[1], start[0], start[1], self._limits[0]):
                return start, target
            attempt += 1

    def _begin(self, key: int, trial: int, chosen: CursorOptions) -> None:
        """Begins trial number `trial` of the row with this `key`: the hand rests at the start."""
        self._draw(key, trial, chosen)
        self._key, self._trial, task = key, trial, self._task
        self._steps = self._held = 0
        self._false_start = self._success = self._spoilt = False
        self._hand = (*self._start, 0.0, 0.0)
        self._cursor = self._hand
        self._past = [self._hand] * (task.delay + 1)
        self._begun = True
        self._trial_begins()

    def _trial_begins(self) -> None:
        """Prepares what does not change within the trial."""
        felt = self._scale != 0 or self._waving
        self._now = *self._target, self._go, self._gain, self._scale, felt
        onset, go, delay, pulse = self._task.onset, self._go, self._task.delay, self._task.pulse
        self._changes = onset, go, onset + delay, go + delay, go + delay + pulse
        self._tell()
        self._show()

    def _show(self) -> None:
        """Tells the observations which target and cue are sensed now; only in a few steps of a trial does it change."""
        task = self._task
        seen = self._steps - task.delay
        visible = (seen if self._observations.late_goal else self._steps) >= task.onset
        cue = cue_is_on(seen, self._go, task.pulse)
        self._observations.show(*self._target, visible, cue, self._start)
        self._told["phase"] = phase(self._steps, task.onset, self._go)
        later = [s for s in self._changes if s > self._steps]
        self._next_event = 0 if self._special else min(later, default=_NEVER)

    def _see(self) -> Any:
        """The observation."""
        if not self._turned:
            self._cursor = self._hand
        x, y, vx, vy = self._cursor if self._plain else self._sensed()
        return self._observations.see(x, y, vx, vy, self._cursor[0], self._cursor[1])

    def _sensed(self) -> tuple[float, ...]:
        """The delayed and noisy cursor."""
        task, oldest = self._task, (self._steps + 1) % (self._task.delay + 1)
        noise = (task.sensory_noise[0],) * 2 + (task.sensory_noise[1],) * 2
        if noise == (0.0, 0.0, 0.0, 0.0):
            return self._past[oldest]
        limits = (self._observations.place_limit,) * 2 + (self._observations.speed_limit,) * 2
        noises = (draws.normal(self._noise_key, self._steps, stream) for stream in draws.NOISE_STREAMS[4:])
        return tuple(
            confine(value + spread * drawn, 0.0, limit)[0]
            for value, spread, drawn, limit in zip(self._past[oldest], noise, noises, limits, strict=True)
        )

    def _tell(self) -> None:
        """Sets the info of the trial's first moment, from which `step` makes the others."""
        (x, y, vx, vy), (cx, cy), (tx, ty) = self._hand, self._cursor[:2], self._target
        self._told = {
            "hand_x": x,
            "hand_y": y,
            "hand_vx": vx,
            "hand_vy": vy,
            "cursor_x": cx,
            "cursor_y": cy,
            "target_x": tx,
            "target_y": ty,
            "force_x": 0.0,
            "force_y": 0.0,
            "distance": sqrt((cx - tx) * (cx - tx) + (cy - ty) * (cy - ty)),
            "effort": 0.0,
            "gain": self._gain * self._waves[self._wave][0],
            "block": self._block,
            "trial": self._trial,
            "phase": 0,
            "channel": self._channel,
            "false_start": self._false_start,
            "is_success": self._success,
        }

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Moves the hand by one time step; see the class for rewards and info.

        Raises:
            gymnasium.error.ResetNeeded: Before the first reset or after the end of the trial.
            InvalidActionError: `action` is not two finite numbers.
        """
        # This is the hot path: the common kind of action first, what is constant side by side, and functions only where needed.
        try:
            ax, ay = action.tolist()
            common = type(ax) is float is type(ay) and -1.0 <= ax <= 1.0 and -1.0 <= ay <= 1.0
        except (AttributeError, TypeError, ValueError):
            common = False
        if not common:
            ax, ay = cursor_action(action)
        now = self._now
        if now is None:
            raise ResetNeeded("Call `reset` before `step`: no trial is under way.")
        tx, ty, go, gain, scale, felt = now
        max_force, rate, damping, dt, arena, radius_squared, noisy, turned, dense, shown, per_metre, per_speed = self._constants
        x, y, vx, vy = self._hand
        ux, uy = max_force * ax, max_force * ay
        fx = fy = 0.0
        if noisy:
            ux, uy = self._with_motor_noise(ux, uy)
        if felt:
            if self._waving:
                factor = self._factor(self._steps)
                gain, scale = gain * factor, scale * factor
            fx, fy = force_of(scale, x, y, vx, vy, *self._numbers)
        x, y, vx, vy = move(x, y, vx, vy, ux + fx, uy + fy, rate, damping, dt)
        if not -arena <= x <= arena:
            x, vx = confine(x, vx, arena)
        if not -arena <= y <= arena:
            y, vy = confine(y, vy, arena)
        self._hand = x, y, vx, vy
        cx, cy = self._turn_cursor() if turned else (x, y)
        self._steps = step = self._steps + 1
        if step <= go and not self._false_start and has_left(cx, cy, *self._start, self._leave_squared):
            self._false_start = self._told["false_start"] = True
            self._spoilt = self._strict
        dx, dy = cx - tx, cy - ty
        squared, effort = dx * dx + dy * dy, ax * ax + ay * ay
        on_target = squared <= radius_squared and is_on_target(squared, vx, vy, step >= go, self._spoilt, *self._limits)
        # A copy with the values that change is twice as fast as a new dict.
        info = self._told.copy()
        info["hand_x"], info["hand_y"] = x, y
        info["hand_vx"], info["hand_vy"] = vx, vy
        info["cursor_x"], info["cursor_y"] = cx, cy
        info["distance"], info["effort"] = sqrt(squared), effort
        if felt:
            info["force_x"], info["force_y"], info["gain"] = fx, fy, gain
        success = False
        if on_target or self._held:
            success = info["is_success"] = self._hold(on_target)
        reward = _REST if on_target else _AWAY
        if dense:
            reward = dense_reward(info["distance"], effort, step >= go, self._spoilt)
        if step >= self._next_event:
            self._after_step(reward, info)
        if shown is None:
            return self._see(), reward, success, False, info
        # What `VectorObservations.see` does.
        seen = shown.copy()
        put_four(seen, FOURTH, x * per_metre, y * per_metre, vx * per_speed, vy * per_speed)
        return seen, reward, success, False, info

    def _factor(self, step: int) -> float:
        """The factor on the gain of the step that leads on from `step`."""
        wave = self._waves[self._wave]
        factor: float = wave[step % len(wave)]
        return factor

    def _hold(self, on_target: bool) -> bool:
        """Counts the steps on the target; whether they are enough."""
        self._held = self._held + 1 if on_target else 0
        self._success = self._held >= self._hold_steps
        if self._success:
            self._now = None
        return self._success

    def _with_motor_noise(self, ux: float, uy: float) -> tuple[float, float]:
        (plain, share), streams = self._task.motor_noise, draws.NOISE_STREAMS
        one, two, three, four = (draws.normal(self._noise_key, self._steps, stream) for stream in streams[:4])
        return ux * (1.0 + share * one) + plain * two, uy * (1.0 + share * three) + plain * four

    def _turn_cursor(self) -> tuple[float, float]:
        """Turns the cursor around the start; returns its place."""
        x, y, vx, vy = self._hand
        sx, sy = turns.swing(x - self._start[0], y - self._start[1], *self._turn)
        svx, svy = turns.swing(vx, vy, *self._turn)
        self._cursor = x + sx, y + sy, vx + svx, vy + svy
        return self._cursor[:2]

    def _after_step(self, reward: float, info: dict[str, Any]) -> None:
        """What only some tasks and some steps need."""
        if not self._turned:
            self._cursor = self._hand
        self._past[self._steps % len(self._past)] = self._cursor
        if self._steps in self._changes:
            self._show()
            info["phase"] = self._told["phase"]
        if self._watched:
            self._watch(reward)

    def _watch(self, reward: float) -> None:
        """Called after every step if the trial is watched."""

    def _rows(self) -> CursorRows:
        """The trial under way as one row of the vector environment."""
        floats = (*self._hand, *self._start, *self._target, self._gain, self._scale, *self._turn)
        counts = (self._steps, self._go, self._held, self._false_start, self._success, self._block, self._wave, self._channel)
        return CursorRows(
            np.array([*floats, *self._numbers])[:, None],
            np.array(counts, np.int32)[:, None],
            np.array([self._key, self._trial, self._noise_key], np.uint64)[:, None],
            np.array(self._past)[:, :, None],
        )

    def _restore(self, rows: CursorRows) -> None:
        """Continues from one row as `_rows` gave it."""
        floats, counts = rows.floats[:, 0].tolist(), rows.counts[:, 0].tolist()
        self._key, self._trial, self._noise_key = rows.streams[:, 0].tolist()
        self._hand, self._start, self._target = tuple(floats[:4]), tuple(floats[4:6]), tuple(floats[6:8])
        self._gain, self._scale, self._turn = floats[GAIN], floats[SCALE], (floats[COS], floats[SIN])
        self._numbers = tuple(floats[FIELD:])
        self._steps, self._go, self._held = counts[:3]
        self._false_start, self._success = counts[FALSE_START] == 1, counts[SUCCESS] == 1
        self._block, self._wave, self._channel = counts[BLOCK], counts[WAVE], counts[CHANNEL] == 1
        self._waving, self._spoilt = len(self._waves[self._wave]) > 1, self._false_start and self._strict
        self._past = [tuple(moment) for moment in rows.past[:, :, 0].tolist()]
        self._cursor = self._hand
        if self._task.rotation != 0:
            self._turn_cursor()
        self._begun = True
        self._trial_begins()
        if self._success:
            self._now = None
