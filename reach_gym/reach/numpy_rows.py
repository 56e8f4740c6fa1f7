"""The NumPy back end that moves the rows of a continuous reach; `reach_gym.reach.numba_rows` is the other one.

Both return arrays that nobody else holds.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from reach_gym.fields import FieldNumbers
from reach_gym.plants.bounds import confine
from reach_gym.reach.beginning import begin_all, candidate, given_or
from reach_gym.reach.events import pushed, sensed_of_all, set_off, squared_distance_all
from reach_gym.reach.facts import placed, what_happens
from reach_gym.reach.info import Info, Outcome, batch_info, batch_outcome
from reach_gym.reach.keywords import Reach
from reach_gym.reach.observations import FELT_LIMIT, Observations
from reach_gym.reach.options import NO_OPTIONS, ReachOptions, trial_kind
from reach_gym.reach.rows import COUNT, FELT, STREAM, Counts, Cursor, ReachRows, Trial, float_lines
from reach_gym.reach.rules import REWARDS, has_left, is_late, judge, pace, phase, rest_of, shown, signals
from reach_gym.reach.tables import SESSION, ReachTables, Wholes, limits_of, settings_of, wholes_of
from reach_gym.rows.records import Floats, Mask
from reach_gym.rows.vector_env import Array, Moved
from reach_gym.rows.vector_env import Info as InfoArrays
from reach_gym.sessions import draws
from reach_gym.sessions.schedule import place_in_session


class ReachBackend(Protocol):
    """How rows are moved."""

    name: str
    spare: int  # more rows than there are, which the back end wants in `ReachRows.empty`

    def restart(self, rows: ReachRows, mask: Mask, observation: Array, info: InfoArrays) -> None:
        """Begins the next trial in the rows of `mask` and overwrites their `observation` and `info`."""

    def advance(self, rows: ReachRows, actions: Floats, again: Mask, into: Array) -> Moved | int:
        """Moves all rows, or begins the next trial instead in the rows of `again`; writes the observations `into` an array.

        Returns:
            That array, and fresh ones; or, before any row has moved, the number of the first row whose action is not finite.
        """


def next_trial(rows: ReachRows, task: Reach, tables: ReachTables, options: ReachOptions = NO_OPTIONS) -> None:
    """Draws the trial whose number stands in each of `rows`, and puts the hands at their starts.

    Args:
        rows: The rows, every one of which begins.
        task: The task.
        tables: Its tables.
        options: Reset options, one value per row.
    """
    floats, counts, (key, number, _) = rows.floats, rows.counts, rows.streams
    at, wholes = float_lines(task.plant), Wholes(*tables.wholes.tolist())
    place = place_in_session(number.astype(np.int64), tables.session.shape[1], wholes.last_block)
    now = tables.session[:, place]
    gain, channel = draws.draw_kind(key, number, *now[: SESSION.block])
    gain, channel = trial_kind(options, now[SESSION.gain], gain, channel, options.gain)
    block = now[SESSION.block].astype(np.int32)
    own_gain, *own = tables.fields[now[SESSION.field].astype(np.int64)].T
    if options.field is not None:
        own_gain, own = options.field.gain, [*options.field.numbers]
    points = _draw_points(rows, task, tables, options, now)
    line, waits = now[SESSION.wave].astype(np.int32), len(tables.delays)
    trial, field, wave, wait = begin_all(
        *(key, number, gain, channel, line, own_gain, FieldNumbers(*own), *points, now[SESSION.rotation], now[SESSION.bar]),
        *(now[SESSION.feedback], now[SESSION.clamp_angle], settings_of(task), waits),
    )
    counts[:] = 0
    counts[COUNT.block], counts[COUNT.channel], counts[COUNT.wave] = block, channel, wave
    for name in ("feedback", "jump", "shift", "pulse"):
        counts[getattr(COUNT, name)] = now[getattr(SESSION, name)]
    counts[COUNT.go] = wholes.onset + tables.delays[wait.astype(np.int64)]
    for line, values in zip(range(at.state.stop, at.total), (*trial, *field), strict=True):
        floats[line] = values
    for line, values in enumerate(task.plant.start(points[0], points[1], task.params)):
        floats[line] = values
    rows.streams[STREAM.noise] = draws.noise_key(key, number)
    hand = task.plant.hand(floats[at.state], task.params)
    _, sensed = _cursors(task, tables, at.trial_of(floats), Counts(*counts), hand)
    rows.past[:, :4] = np.stack(sensed)
    rows.past[:, 4] = 0.0
    if task.feels:
        rows.past[:, FELT:] = np.stack(task.plant.feel(floats[at.state], task.params))


def _draw_points(rows: ReachRows, task: Reach, tables: ReachTables, chosen: ReachOptions, session: Floats) -> Floats:
    """Draws start and target of each of `rows`, (4, rows), again until start and target are far enough apart.

    What the `session`, its lines (lines, rows), or the options have `chosen` is not drawn.
    """
    pending, attempt, settings = np.arange(rows.counts.shape[1]), 0, settings_of(task)
    drawn, count = np.empty((4, len(pending))), tables.points.shape[1]
    while pending.size:
        key, number = rows.streams[STREAM.key, pending], rows.streams[STREAM.trial, pending]
        points = candidate(key, number, attempt, settings, task.start is not None, count, *tables.points)
        for line, values in enumerate(points):
            drawn[line, pending] = given_or(session[SESSION.start_x + line, pending], values, np.where)
        for first, given in ((0, chosen.start), (2, chosen.target)):
            if given is not None:
                drawn[first : first + 2, pending] = given[pending].T
        start_x, start_y, target_x, target_y = drawn[:, pending]
        pending = pending[~has_left(target_x, target_y, start_x, start_y, settings.apart_squared)]
        attempt += 1
    return drawn


def _cursors(task: Reach, tables: ReachTables, trial: Trial, counts: Counts, hand: Any) -> tuple[Cursor, Cursor]:
    """The cursors of hands, and what is sensed of them: the hand itself where the cursor is hidden."""
    cursor = placed(task, tables, trial, counts, hand)
    return cursor, Cursor(*sensed_of_all(trial, counts.feedback, hand, cursor)) if task.is_eventful else cursor


def _before(rows: ReachRows, delay: int) -> Floats:
    """What is remembered of the moment `delay` steps ago, (5 + senses, rows)."""
    slots, count = len(rows.past), rows.counts.shape[1]
    return rows.past[(rows.counts[COUNT.step] + (slots - delay)) % slots, :, np.arange(count)].T


class _Done(NamedTuple):
    """What a step did to all rows: force of the field, effort, and the gain that held."""

    force_x: Floats
    force_y: Floats
    effort: Floats
    gain: Floats


class _Now(NamedTuple):
    """Where all rows stand: views of trial and counts, hand, cursor, its squared distance from the target, what is sensed."""

    trial: Trial
    counts: Counts
    hand: tuple[Floats, ...]
    cursor: Cursor
    squared: Floats
    sensed: Cursor


class NumpyBackend:
    """Moves the rows with NumPy; needs nothing else."""

    name, spare = "numpy", 0

    def __init__(self, task: Reach, tables: ReachTables, observations: Observations, lean: bool) -> None:
        """Keeps the `task`, its `tables` and the maker of `observations`; `lean` where info holds the outcome only."""
        self._lean, self._told = lean, Outcome._fields if lean else Info._fields
        self._task, self._tables, self._observations = task, tables, observations
        self._at, self._limits = float_lines(task.plant), limits_of(settings_of(task), wholes_of(task, 0))
        self._reward, self._limit = REWARDS[task.reward].of, Wholes(*tables.wholes.tolist()).limit
        self._bounds = [np.array(bound) for bound in (task.plant.low, task.plant.high)]

    def _now(self, rows: ReachRows) -> _Now:
        trial, hand = self._at.trial_of(rows.floats), self._task.plant.hand(rows.floats[self._at.state], self._task.params)
        counts = Counts(*rows.counts)
        cursor, sensed = _cursors(self._task, self._tables, trial, counts, hand)
        if self._task.is_eventful:
            return _Now(trial, counts, tuple(hand), cursor, squared_distance_all(cursor.x, cursor.y, trial), sensed)
        dx, dy = cursor.x - trial.target_x, cursor.y - trial.target_y
        return _Now(trial, counts, tuple(hand), cursor, dx * dx + dy * dy, sensed)

    def _happen(self, rows: ReachRows) -> None:
        """Sets events off, and moves the targets that jump."""
        counts, trial, tables = Counts(*rows.counts), self._at.trial_of(rows.floats), self._tables
        hand = self._task.plant.hand(rows.floats[self._at.state], self._task.params)
        for line, since in ((counts.jump, counts.jumped), (counts.shift, counts.shifted), (counts.pulse, counts.pushed)):
            _, _, trigger, at, _ = tables.events[line].T
            since[:] = set_off(since, line, trigger, at, counts.step, counts.go, hand, trial)
        jump_x, jump_y = what_happens(tables, counts.jump, counts.jumped, counts.step)
        trial.target_x[:], trial.target_y[:] = trial.home_x + jump_x, trial.home_y + jump_y

    def _observe(self, rows: ReachRows, now: _Now, into: Array | None = None) -> Array:
        """The observations (n, ...) of `rows`, in a fresh array unless there is one to write them `into`."""
        task, (start_x, start_y, target_x, target_y, *_) = self._task, now.trial
        late_goal = int(self._observations.late_goal)
        visible, cue = shown(now.counts.step, task.delay, late_goal, task.onset, now.counts.go, task.pulse)
        sensed, held = self._sensed(rows, now.sensed)
        if self._task.is_eventful:  # a jump of the target is seen as late as the target
            late = now.counts.step - task.delay * late_goal
            jump_x, jump_y = what_happens(self._tables, now.counts.jump, now.counts.jumped, late)
            target_x, target_y = now.trial.home_x + jump_x, now.trial.home_y + jump_y
        start, count = (start_x, start_y), now.counts
        told = signals(count.step - task.delay, task.onset, count.go, count.left, held, task.hold_steps, task.dt)
        target, body = (target_x, target_y), self._felt(rows)
        return self._observations.batch(target, visible, cue, start, sensed, now.sensed[:2], told, body, into)

    def _sensed(self, rows: ReachRows, cursor: Cursor) -> tuple[Cursor, Array]:
        """The delayed and noisy cursor, and how many steps it was on the target then."""
        task, held = self._task, rows.counts[COUNT.held]
        if task.delay:
            *then, held = _before(rows, task.delay)[:FELT]
            cursor = Cursor(*then)
        if task.sensory_noise == (0.0, 0.0):
            return cursor, held
        place, speed = task.sensed_spread
        key, step = rows.streams[STREAM.noise], rows.counts[COUNT.step].astype(np.uint64)
        limits = (self._observations.place_limit,) * 2 + (self._observations.speed_limit,) * 2
        noises = (draws.normal(key, step, np.uint64(stream)) for stream in draws.CURSOR_STREAMS)
        parts = zip(cursor, (place, place, speed, speed), noises, limits, strict=True)
        return Cursor(*(confine(value + spread * noise, 0.0, limit)[0] for value, spread, noise, limit in parts)), held

    def _felt(self, rows: ReachRows) -> Sequence[Floats]:
        """What is felt of the bodies, delayed and noisy; nothing where it is not observed."""
        task = self._task
        if not task.feels:
            return ()
        late = task.felt_delay
        felt = _before(rows, late)[FELT:] if late else task.plant.feel(rows.floats[self._at.state], task.params)
        noises: Iterable[Any] = itertools.repeat(0.0)
        if task.felt_noise:
            key, step = rows.streams[STREAM.noise], rows.counts[COUNT.step].astype(np.uint64)
            noises = (draws.normal(key, step, np.uint64(stream)) for stream in draws.BODY_STREAMS)
        return [confine(value + task.felt_spread * noise, 0.0, FELT_LIMIT)[0] for value, noise in zip(felt, noises, strict=False)]

    def report(self, rows: ReachRows) -> tuple[Array, InfoArrays]:
        """Observation and info of `rows` at the first moment of their trials, in fresh arrays."""
        none, now = np.zeros(rows.counts.shape[1]), self._now(rows)
        gain = now.trial.gain * self._tables.waves[now.counts.wave, 0]
        return self._observe(rows, now), self._info(rows, now, _Done(none, none.copy(), none.copy(), gain))

    def _info(self, rows: ReachRows, now: _Now, done: _Done) -> InfoArrays:
        counts, trial, cursor = now.counts, now.trial, now.cursor
        if self._lean:
            return batch_outcome(counts.false_start != 0, counts.success != 0, np.ones(len(now.squared), np.bool_))
        return batch_info(
            [
                *(*(np.array(part) for part in now.hand), cursor.x, cursor.y, trial.target_x.copy(), trial.target_y.copy()),
                *(done.force_x, done.force_y, np.sqrt(now.squared), done.effort, done.gain),
            ],
            [
                counts.block.astype(np.int64),
                rows.streams[STREAM.trial].astype(np.int64),
                phase(counts.step, self._task.onset, counts.go).astype(np.int64),
            ],
            [
                *(counts.channel != 0, counts.false_start != 0, counts.success != 0),
                *pace(counts.step, counts.held, counts.left, counts.ended, *self._task.window, self._task.hold_steps),
            ],
            np.ones(len(now.squared), np.bool_),
        )

    def restart(self, rows: ReachRows, mask: Mask, observation: Array, info: InfoArrays) -> None:
        """See `ReachBackend`."""
        some = rows.take(mask)
        some.streams[STREAM.trial] += np.uint64(1)
        next_trial(some, self._task, self._tables)
        rows.put(mask, some)
        observation[mask], values = self.report(some)
        for name in self._told:
            info[name][mask] = values[name]

    def advance(self, rows: ReachRows, actions: Floats, again: Mask, into: Array) -> Moved | int:
        """See `ReachBackend`."""
        finite = np.isfinite(actions)
        if not finite.all():
            return int(finite.all(axis=1).argmin())
        # Rows that begin anew are moved like the others; what they did is overwritten by their next trial.
        done = self._move(rows, np.clip(actions, *self._bounds).T)
        if self._task.is_eventful:
            self._happen(rows)
        now = self._now(rows)
        counts, trial, cursor, (_, _, vx, vy) = now.counts, now.trial, now.cursor, now.hand
        false_start, spoilt, on_target, held, left, success, ended = judge(
            *(counts.step, counts.go, cursor.x, cursor.y, vx, vy, trial.start_x, trial.start_y),
            *(now.squared, counts.false_start, counts.held, counts.left, self._limits),
        )
        if len(rows.past) > 1:
            moment = [*now.sensed, held]
            if self._task.feels:
                moment += self._task.plant.feel(rows.floats[self._at.state], self._task.params)
            rows.past[counts.step % len(rows.past), :, np.arange(len(actions))] = np.stack(moment, axis=1)
        counts.false_start[:], counts.held[:], counts.left[:] = false_start, held, left
        counts.success[:], counts.ended[:] = success, ended
        last, abort = self._limits.last, self._limits.abort
        truncated = (counts.step >= self._limit) | is_late(counts.step, counts.go, last)
        info = self._info(rows, now, done)
        distance = info["distance"] if "distance" in info else np.sqrt(now.squared)
        rest = rest_of(counts.step, counts.go, last, false_start, abort)
        sx, sy = cursor.x - trial.start_x, cursor.y - trial.start_y
        away, moving = np.sqrt(sx * sx + sy * sy), counts.step >= counts.go
        reward = self._reward(on_target, success, distance, away, done.effort, moving, spoilt, rest)
        observation = self._observe(rows, now, into)
        if again.any():
            self.restart(rows, again, observation, info)
            reward[again], ended[again], truncated[again] = 0.0, False, False
        return observation, reward, ended, truncated, ended | truncated, info

    def _move(self, rows: ReachRows, actions: Floats) -> _Done:
        """Moves the hands of all `rows` by clipped actions (actuators, rows)."""
        task, tables, plant, counts = self._task, self._tables, self._task.plant, Counts(*rows.counts)
        command = [strength * action for strength, action in zip(plant.strength, actions, strict=True)]
        if task.motor_noise != (0.0, 0.0):
            (plain, share), key, step = task.command_spread, rows.streams[STREAM.noise], counts.step.astype(np.uint64)
            noise = [draws.normal(key, step, np.uint64(stream)) for stream in draws.MOTOR_STREAMS[: 2 * len(command)]]
            parts = zip(command, noise[::2], noise[1::2], strict=True)
            command = [part * (1.0 + share * one) + plain * two for part, one, two in parts]
        factor: Floats = tables.waves[counts.wave, counts.step % tables.periods[counts.wave]]
        trial, state = self._at.trial_of(rows.floats), rows.floats[self._at.state]
        scale, field = trial.scale * factor, rows.floats[self._at.field]
        if task.is_eventful:
            push = what_happens(tables, counts.pulse, counts.pushed, counts.step)
            x, y, _, _ = plant.hand(state, task.params)
            scale, field = pushed(scale, field, x, y, *push)
        moved, fx, fy = plant.step(state, command, scale, field, task.params)
        moved = plant.stop(moved, task.params)
        for line, values in zip(state, moved, strict=True):
            line[:] = values
        counts.step[:] += 1
        return _Done(fx, fy, np.asarray(sum(action * action for action in actions)), trial.gain * factor)
