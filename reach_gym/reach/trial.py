"""One continuous reach in plain Python: the trial under way in the scalar environment, and its row's random stream."""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from typing import Any

import numpy as np

from reach_gym.fields import Pair
from reach_gym.plants.bounds import confine
from reach_gym.plants.plant import state_is_hand
from reach_gym.plants.turns import swing
from reach_gym.reach.beginning import begin, candidate, given_or
from reach_gym.reach.events import cursor_at, is_on, pick, pushed, sensed_of, set_off, squared_distance
from reach_gym.reach.history import History
from reach_gym.reach.info import info_from
from reach_gym.reach.keywords import Reach
from reach_gym.reach.observations import FELT_LIMIT
from reach_gym.reach.options import ReachOptions, trial_kind
from reach_gym.reach.rows import FELT, Counts, ReachRows, Streams, float_lines
from reach_gym.reach.rules import REWARDS, Reward, has_left, judge, pace, phase, shown, signals
from reach_gym.reach.tables import UNLIMITED, Session, limits_of, settings_of, tables_of, wholes_of
from reach_gym.sessions import draws
from reach_gym.sessions.schedule import place_in_session

_NEVER = 2**62
_FELT = 7  # where `ReachTrial.now` says whether a field is felt


def _fixed(reward: Reward) -> tuple[float, float]:
    """The rewards elsewhere and on the target of a `reward` that depends on nothing else."""
    return reward.of(False, False, 0, 0, 0, 0, 0, 0), reward.of(True, False, 0, 0, 0, 0, 0, 0)


class ReachTrial:
    """The trial under way, and the row's random stream: the functions that all back ends share, called with numbers."""

    # With slots an attribute is found a few nanoseconds sooner, which `CursorReachEnv.step` does thirty times.
    __slots__ = (
        "_block", "_changes", "_channel", "_eventful", "_events", "_feedback", "_feels", "_fields", "_happened", "_happens",
        "_limits", "_noise_key", "_past", "_plain", "_points", "_row", "_session", "_settings", "_special", "_trial", "_turned",
        "_watch", "_wave", "_waves", "_wholes", "began", "constants", "cursor", "ended", "false_start", "go", "hand", "held",
        "history", "key", "left", "next_event", "now", "number", "numbers", "observations", "sensed", "shown", "spoilt",
        "state", "steps", "success", "tables", "task", "told", "waving",
    )  # fmt: skip

    def __init__(self, task: Reach, watch: Callable[[float], None] | None) -> None:
        """Prepares trials of `task`; `watch` is called with the reward after every step."""
        self.task, self._watch = task, watch
        self.observations, self.history = task.observations(), History(task)
        self.shown = np.zeros((self.history.size, 1), np.float32)  # the last observation with its past, where one is kept
        self.tables = tables = tables_of(task, None)
        self._session = [tuple(column) for column in tables.session.T.tolist()]
        self._fields = [(gain, tuple(numbers)) for gain, *numbers in tables.fields.tolist()]
        self._waves = [row[:period] for row, period in zip(tables.waves.tolist(), tables.periods.tolist(), strict=True)]
        self._points = [tuple(line) for line in tables.points.tolist()]
        self._settings, self._wholes = settings_of(task), wholes_of(task, UNLIMITED)
        self._limits = limits = limits_of(self._settings, self._wholes)
        self._turned, self._eventful = task.turns_cursor, task.is_eventful
        self._events = [tuple(line) for line in tables.events.tolist()]
        self._plain = task.delay == 0 and task.sensory_noise == (0.0, 0.0)
        seen, plant, reward = self.observations, task.plant, REWARDS[task.reward]
        # What every step uses, looked up once: `CursorReachEnv.step` is the hot path.
        self.constants = (
            *(None if plant.hand is state_is_hand else plant.hand, tuple(task.params)),
            *(*plant.strength, 0.0)[:2],
            *(plant.free_within(task.arena), limits.radius_squared, limits.leave_squared),
            *(task.motor_noise != (0.0, 0.0), self._turned),
            *(_fixed(reward) if reward.of_target_only and not task.abort else None, reward.of, task.abort),
            *(seen.plain if self._plain and not self._turned else None, seen.per_metre, seen.per_speed),
            *(task.dt, task.hold_steps, task.last, task.movement_time is not None, task.history > 0),
        )
        self._feels = task.feels
        self._special = not self._plain or task.moments > 1 or watch is not None or self._eventful
        self.key: int | None = None
        self.number = 0
        self.now: tuple[Any, ...] | None = None  # what `step` uses of the trial under way

    def __getstate__(self) -> dict[str, Any]:
        """What copies and pickles hold: all but the function that moves the plant, which need not be of a module."""
        kept = {name: getattr(self, name) for name in self.__slots__ if hasattr(self, name)}
        return kept if self.now is None else {**kept, "now": self.now[:-2]}

    def __setstate__(self, kept: dict[str, Any]) -> None:
        """The inverse of `__getstate__`."""
        for name, value in kept.items():
            setattr(self, name, value)
        if self.now is not None:
            self.now = *self.now, *self._mover(self.now[_FELT])

    def begin(self, key: int, number: int, chosen: ReachOptions) -> None:
        """Begins trial `number` of the row with this `key` under reset options: the hand rests at the start."""
        task, waits = self.task, self.task.delays
        place = place_in_session(number, len(self._session), self._wholes.last_block)
        self._row = row = Session(*self._session[place])
        self._feedback = int(row.feedback)
        base, spread, catch, clamp, block, line, field, *_ = row
        gain, channel = draws.draw_kind(key, number, base, spread, catch, clamp)
        gain, channel = trial_kind(chosen, base, gain, channel, None if chosen.gain is None else float(chosen.gain[0]))
        self._block, self._channel = int(block), channel == 1
        own_gain, own = self._fields[int(field)]
        if chosen.field is not None:
            own_gain, own = chosen.field.gain, tuple(chosen.field.numbers)
        points = self._draw_points(key, number, chosen)
        self._trial, self.numbers, self._wave, wait = begin(
            *(key, number, gain, channel, int(line), own_gain, own, *points, row.rotation, row.bar),
            *(self._feedback, row.clamp_angle, self._settings, len(waits)),
        )
        self.go = self._wholes.onset + waits[wait]
        self._noise_key = draws.noise_key(key, number)
        self.key, self.number = key, number
        self.steps = self.held = self.left = 0
        self.false_start = self.success = self.spoilt = self.ended = False
        self._happens, self._happened = (int(row.jump), int(row.shift), int(row.pulse)), [0, 0, 0]
        self.state = task.plant.start(points[0], points[1], task.params)
        self.cursor = self.sensed = self.hand = task.plant.hand(self.state, task.params)
        if self._turned:
            self._turn_cursor()
        self._past = [self._moment()] * task.moments
        self._trial_begins()

    def _draw_points(self, key: int, number: int, chosen: ReachOptions) -> tuple[float, float, float, float]:
        """Start and target, drawn again until they are far enough apart."""
        attempt, count, fixed = 0, self.tables.points.shape[1], self.task.start is not None
        while True:
            drawn, row = candidate(key, number, attempt, self._settings, fixed, count, *self._points), self._row
            given = row.start_x, row.start_y, row.target_x, row.target_y
            points: tuple[Any, ...] = tuple(given_or(g, d, pick) for g, d in zip(given, drawn, strict=True))
            if chosen.start is not None:
                points = (*chosen.start[0].tolist(), *points[2:])
            if chosen.target is not None:
                points = (*points[:2], *chosen.target[0].tolist())
            if has_left(points[2], points[3], points[0], points[1], self._settings.apart_squared):
                return points
            attempt += 1

    @property
    def start(self) -> Pair:
        """Where the trial starts, m."""
        return self._trial.start_x, self._trial.start_y

    def _trial_begins(self) -> None:
        """Prepares what does not change within the trial."""
        trial = self._trial
        self.waving = len(self._waves[self._wave]) > 1 or self._eventful
        felt = trial.scale != 0 or self.waving
        move, field = self._mover(felt)
        self.now = (
            *(trial.start_x, trial.start_y, trial.target_x, trial.target_y, self.go, trial.gain, trial.scale, felt),
            *(move, field),
        )
        onset, go, delay, pulse = self.task.onset, self.go, self.task.delay, self.task.pulse
        self._changes = onset, go, onset + delay, go + delay, go + delay + pulse
        self._tell()
        self._show()

    def _mover(self, felt: bool) -> tuple[Callable[..., Any], Any]:
        """The function that moves the plant in this trial, and what it takes as the field."""
        plant = self.task.plant
        if not felt:
            return plant.step, None
        if plant.steady is not None and plant.step_steady is not None and not self.waving:
            prepared = plant.steady(self._trial.scale, self.numbers, tuple(self.task.params))
            if prepared is not None:
                return plant.step_steady, prepared
        return plant.step, self.numbers

    def _show(self) -> None:
        """Tells the observations which target and cue are sensed now; only in a few steps of a trial does it change."""
        task, trial, seen = self.task, self._trial, self.observations
        visible, cue = shown(self.steps, task.delay, seen.late_goal, task.onset, self.go, task.pulse)
        *_, false_start = self._signals(0)
        # A jump of the target is seen as late as the target.
        jump_x, jump_y = self._event(0, self.steps - task.delay * seen.late_goal) if self._eventful else (0.0, 0.0)
        seen.show(trial.home_x + jump_x, trial.home_y + jump_y, visible, cue, self.start, false_start)
        self.told["phase"] = now = phase(self.steps, task.onset, self.go)
        self.began = (0, task.onset, self.go)[now]
        later = [s for s in self._changes if s > self.steps]
        self.next_event = 0 if self._special else min(later, default=_NEVER)

    def _signals(self, held: int) -> tuple[Any, ...]:
        """The rules' signals as they are sensed now, with that many steps on the target."""
        task = self.task
        return signals(self.steps - task.delay, task.onset, self.go, self.left, held, task.hold_steps, task.dt)

    def see(self) -> Any:
        """The observation, without its past."""
        if not self._turned:
            self.cursor = self.sensed = self.hand
        x, y, vx, vy = self.sensed if self._plain else self._sensed()
        held = self._before(self.task.delay)[4] if self.task.delay else self.held
        clock, moving, share, _ = self._signals(held)
        seen = self.observations.see(x, y, vx, vy, self.sensed[0], self.sensed[1], clock, moving, share)
        if self._feels:
            body = self._felt()
            seen[-len(body) :] = body
        return seen

    def _moment(self) -> tuple[Any, ...]:
        """What is remembered of this moment for late senses."""
        return *self.sensed, self.held, *(self.task.plant.feel(self.state, self.task.params) if self._feels else ())

    def _before(self, delay: int) -> tuple[Any, ...]:
        """What is remembered of the moment `delay` steps ago."""
        return self._past[(self.steps - delay) % len(self._past)]

    def _felt(self) -> list[float]:
        """What is felt of the body, delayed and noisy."""
        task, late = self.task, self.task.felt_delay
        felt = self._before(late)[FELT:] if late else task.plant.feel(self.state, task.params)
        if task.felt_noise:
            noises = (draws.normal(self._noise_key, self.steps, stream) for stream in draws.BODY_STREAMS)
            felt = [value + task.felt_spread * noise for value, noise in zip(felt, noises, strict=False)]
        return [confine(value, 0.0, FELT_LIMIT)[0] for value in felt]

    def with_past(self, seen: Any, actions: tuple[float, ...] | None) -> Any:
        """An observation with its past: what came before the `actions` that led to it, ``None`` where a trial begins."""
        if actions is None:
            self.history.begin(self.shown, seen[None], np.ones(1, np.bool_))
        else:
            self.history.add(self.shown, np.array([actions]), seen[None])
        return self.shown[:, 0].copy()

    def _sensed(self) -> tuple[float, ...]:
        """The delayed and noisy cursor."""
        task = self.task
        noise = (task.sensed_spread[0],) * 2 + (task.sensed_spread[1],) * 2
        past: tuple[float, ...] = self._before(task.delay)[:4] if task.delay else self.sensed
        if noise == (0.0, 0.0, 0.0, 0.0):
            return past
        limits = (self.observations.place_limit,) * 2 + (self.observations.speed_limit,) * 2
        drawn = (draws.normal(self._noise_key, self.steps, stream) for stream in draws.CURSOR_STREAMS)
        return tuple(
            confine(value + spread * draw, 0.0, limit)[0]
            for value, spread, draw, limit in zip(past, noise, drawn, limits, strict=True)
        )

    def _tell(self) -> None:
        """Sets the info of the trial's first moment, from which `step` makes the others."""
        trial, (x, y, vx, vy), (cx, cy, _, _) = self._trial, self.hand, self.cursor
        away = sqrt(squared_distance(cx, cy, trial))
        gain = trial.gain * self._waves[self._wave][0]
        numbers = (x, y, vx, vy, cx, cy, trial.target_x, trial.target_y, 0.0, 0.0, away, 0.0, gain)
        flags = self._channel, self.false_start, self.success, *self.pace()
        self.told = info_from(*numbers, self._block, self.number, 0, *flags)

    def stop(self) -> None:
        """Stops the plant at walls or joint limits."""
        self.state = self.task.plant.stop(self.state, self.task.params)
        self.hand = self.task.plant.hand(self.state, self.task.params)

    def judge(self, x: float, y: float, squared: float) -> bool:
        """Judges the cursor at (x, y), at the `squared` distance from the target; returns whether it is on the target."""
        trial, (_, _, vx, vy), had_left = self._trial, self.hand, self.left
        self.false_start, self.spoilt, on_target, self.held, self.left, self.success, self.ended = judge(
            *(self.steps, self.go, x, y, vx, vy, trial.start_x, trial.start_y),
            *(squared, self.false_start, self.held, self.left, self._limits),
        )
        self.told["false_start"] = self.false_start
        if self.left != had_left:
            self._show()  # a false start is seen at once
        return on_target  # type: ignore[no-any-return]

    def pace(self) -> tuple[bool, bool]:
        """Whether the movement was too fast, and whether it is too slow."""
        return pace(self.steps, self.held, self.left, self.ended, *self.task.window, self.task.hold_steps)

    def changed(self, gain: float, scale: float, field: Any) -> tuple[float, float, Any]:
        """The gain, and factor and numbers of the field, for the step that leads on from here, in a trial that changes them."""
        wave = self._waves[self._wave]
        factor: float = wave[self.steps % len(wave)]
        gain, scale = gain * factor, scale * factor
        if self._eventful:
            x, y, _, _ = self.hand
            scale, field = pushed(scale, field, x, y, *self._event(2, self.steps))
        return gain, scale, field

    def command(self, actions: tuple[float, ...]) -> tuple[Any, float]:
        """The command of all actuators, and the effort of these `actions`."""
        command = tuple(strength * action for strength, action in zip(self.task.plant.strength, actions, strict=True))
        return command, sum(action * action for action in actions)

    def with_motor_noise(self, command: tuple[float, ...]) -> tuple[float, ...]:
        """The `command` with this step's motor noise."""
        plain, share = self.task.command_spread
        noise = [draws.normal(self._noise_key, self.steps, stream) for stream in draws.MOTOR_STREAMS[: 2 * len(command)]]
        pairs = zip(command, noise[::2], noise[1::2], strict=True)
        return tuple(part * (1.0 + share * one) + plain * two for part, one, two in pairs)

    def place_cursor(self) -> tuple[float, float, float]:
        """Places a cursor that is not simply the hand, and sets events off; its place, and squared distance from the target."""
        if self._eventful:
            self._happen()
        self._turn_cursor()
        trial, (x, y, _, _) = self._trial, self.cursor
        if self._eventful:
            return x, y, squared_distance(x, y, trial)
        dx, dy = x - trial.target_x, y - trial.target_y
        return x, y, dx * dx + dy * dy

    def _turn_cursor(self) -> None:
        trial, hand = self._trial, self.hand
        if self._eventful:
            self.cursor = cursor_at(trial, self._feedback, *self._event(1, self.steps), hand)
            self.sensed = sensed_of(trial, self._feedback, hand, self.cursor)
        else:
            x, y, vx, vy = hand
            sx, sy = swing(x - trial.start_x, y - trial.start_y, trial.cosine, trial.sine)
            svx, svy = swing(vx, vy, trial.cosine, trial.sine)
            self.cursor = self.sensed = x + sx, y + sy, vx + svx, vy + svy

    def _happen(self) -> None:
        """Sets events off, and moves a target that jumps."""
        trial = self._trial
        for which, line in enumerate(self._happens):
            if line:
                _, _, trigger, at, _ = self._events[line]
                since = self._happened[which]
                self._happened[which] = int(set_off(since, line, trigger, at, self.steps, self.go, self.hand, trial))
        if self._happens[0]:
            jump_x, jump_y = self._event(0, self.steps)
            self._trial = trial._replace(target_x=trial.home_x + jump_x, target_y=trial.home_y + jump_y)
            self.told["target_x"], self.told["target_y"] = self._trial.target_x, self._trial.target_y

    def _event(self, which: int, step: int) -> Pair:
        """X and y of an event (0 the target's jump, 1 the cursor's, 2 the force pulse); 0 where it does not hold at `step`."""
        line = self._happens[which]
        x, y, _, _, duration = self._events[line]
        on = line > 0 and is_on(self._happened[which], step, duration)
        return x * on, y * on

    def after_step(self, reward: float) -> None:
        """What only some tasks and some steps need; it may change the phase in `told`."""
        if not self._turned:
            self.cursor = self.sensed = self.hand
        if len(self._past) > 1:
            self._past[self.steps % len(self._past)] = self._moment()
        if self._happens[0] or self.steps in self._changes or (self.left and self.steps == self.left + self.task.delay):
            self._show()
        if self._watch is not None:
            self._watch(reward)

    def rows(self) -> ReachRows:
        """The trial under way as one row of the vector environment."""
        counts = Counts(
            *(self.steps, self.go, self.held, self.left, self.false_start, self.success, self.ended),
            *(self._block, self._wave, self._channel, self._feedback, *self._happens, *self._happened),
        )
        return ReachRows(
            np.array([*self.state, *self._trial, *self.numbers])[:, None],
            np.array(counts, np.int32)[:, None],
            np.array(Streams(self.key, self.number, self._noise_key), np.uint64)[:, None],
            np.array(self._past, np.float64)[:, :, None],
            self.shown.copy(),
        )

    def restore(self, rows: ReachRows) -> None:
        """Continues from one row as `rows` gave it."""
        at, floats, counts = float_lines(self.task.plant), rows.floats[:, 0], Counts(*rows.counts[:, 0].tolist())
        self.key, self.number, self._noise_key = rows.streams[:, 0].tolist()
        self.state, self.numbers = tuple(floats[at.state].tolist()), tuple(floats[at.field].tolist())
        self._trial = type(at.trial)(*floats[at.state.stop : at.field.start].tolist())
        self.steps, self.go, self.held, self.left = counts.step, counts.go, counts.held, counts.left
        self.false_start, self.success, self.ended = counts.false_start == 1, counts.success == 1, counts.ended == 1
        self._block, self._wave, self._channel = counts.block, counts.wave, counts.channel == 1
        self.spoilt = self.false_start and self._limits.strict
        self._past = [(*moment[:4], int(moment[4]), *moment[FELT:]) for moment in rows.past[:, :, 0].tolist()]
        self.shown = rows.shown.copy()
        self.cursor = self.sensed = self.hand = self.task.plant.hand(self.state, self.task.params)
        self._feedback, self._happens = counts.feedback, (counts.jump, counts.shift, counts.pulse)
        self._happened = [counts.jumped, counts.shifted, counts.pushed]
        if self._turned:
            self._turn_cursor()
        self._trial_begins()
        if self.ended or self.steps >= self.go + self.task.last:
            self.now = None
