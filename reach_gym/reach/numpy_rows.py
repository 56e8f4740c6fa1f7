"""The tables that the rows of the cursor's vector environment obey, and the NumPy back end that moves them.

`reach_gym.reach.numba_rows` is the other back end. Both return arrays that nobody else holds.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from reach_gym.fields import channel_of, force_of
from reach_gym.plants import point_mass, turns
from reach_gym.reach.facts import cursor_of
from reach_gym.reach.keywords import CursorOptions, CursorTask, trial_kind
from reach_gym.reach.observations import CursorObservations
from reach_gym.reach.rows import (
    BLOCK,
    CHANNEL,
    COS,
    FALSE_START,
    FIELD,
    GAIN,
    GO,
    HELD,
    LAST_BLOCK,
    LIMIT,
    NOISE,
    SCALE,
    SIN,
    START_X,
    START_Y,
    STEP,
    SUCCESS,
    TARGET_X,
    TARGET_Y,
    VX,
    VY,
    WAVE,
    CursorRows,
    CursorRules,
    Floats,
    X,
    Y,
)
from reach_gym.reach.rules import cue_is_on, dense_reward, has_left, is_on_target, phase, sparse_reward
from reach_gym.rows.records import KEY, TRIAL, Mask
from reach_gym.rows.vector_env import Array, Info, Moved
from reach_gym.sessions import draws
from reach_gym.sessions.schedule import place_in_session

UNLIMITED = 2**31 - 1
_LONGEST_WAVE = 100_000  # steps
FLOAT_INFO = (
    *("hand_x", "hand_y", "hand_vx", "hand_vy", "cursor_x", "cursor_y", "target_x", "target_y"),
    *("force_x", "force_y", "distance", "effort", "gain"),
)
WHOLE_INFO = ("block", "trial", "phase")
FLAG_INFO = ("channel", "false_start", "is_success")
INFO = (*FLOAT_INFO, *WHOLE_INFO, *FLAG_INFO)
_MASKS = tuple("_" + name for name in INFO)


def rules_of(task: CursorTask, max_steps: int | None) -> CursorRules:
    """Lays out `task`; `max_steps` is the time limit."""
    start = (0.0, 0.0) if task.start is None else task.start
    table = task.schedule.table()
    numbers = (
        *(task.dt, task.dt / task.mass, task.damping, task.max_force, task.arena, task.workspace),
        *(task.radius * task.radius, task.speed_limit * task.speed_limit, task.hold_radius * task.hold_radius, task.rotation),
        *(*task.walls, *task.motor_noise, *task.sensory_noise, *start),
    )
    limit = UNLIMITED if max_steps is None else max_steps
    whole = (
        task.onset,
        task.pulse,
        task.hold_steps,
        task.delay,
        task.strict,
        limit,
        task.start is None,
        task.reward == "dense",
        table.last,
    )
    waves, periods = _waves(task)
    return CursorRules(
        np.array(numbers),
        np.array(whole, np.int64),
        np.array(task.points).reshape(-1, 2),
        np.array(task.delays, np.int64),
        np.stack([table.gain, table.spread, table.catch, table.clamp, table.block.astype(float)]),
        np.array([(field.gain, *field.numbers) for field in task.block_fields]),
        waves,
        periods,
    )


def _waves(task: CursorTask) -> tuple[Floats, npt.NDArray[np.int64]]:
    """The factor on the gain in every step: a line of ones, then one line per block."""
    lines = [[1.0]]
    for block in task.schedule.blocks:
        wave = block.within
        if wave is None:
            lines.append([1.0])
            continue
        length = round(wave.period / task.dt)
        if not 2 <= length <= _LONGEST_WAVE or abs(wave.period - length * task.dt) > 1e-9:
            allowed = f"2 to {_LONGEST_WAVE} whole time steps of {task.dt:g} s"
            raise ValueError(f"`block.within.period` must be {allowed}, got {wave.period:g} s.")
        lines.append([1.0 + wave.at(i * task.dt) for i in range(length)])
    waves = np.ones((len(lines), max(map(len, lines))))
    for line, factors in zip(waves, lines, strict=True):
        line[: len(factors)] = factors
    return waves, np.array([len(line) for line in lines], np.int64)


class CursorBackend(Protocol):
    """How rows are moved."""

    spare: int  # more rows than there are, which the back end wants in `CursorRows.empty`

    def restart(self, rows: CursorRows, mask: Mask, observation: Array, info: Info) -> None:
        """Begins the next trial in the rows of `mask` and overwrites their `observation` and `info`."""

    def advance(self, rows: CursorRows, actions: Floats, again: Mask) -> Moved | int:
        """Moves all rows, or begins the next trial instead in the rows of `again`.

        Returns:
            Fresh arrays; or, before any row has moved, the number of the first row whose action is not finite.
        """


def next_trial(rows: CursorRows, task: CursorTask, rules: CursorRules, options: CursorOptions | None = None) -> None:
    """Draws the trial whose number stands in each of `rows`, and puts the hands at their starts.

    Args:
        rows: The rows, every one of which begins.
        task: The task.
        rules: Its tables.
        options: Reset options, one value per row.
    """
    chosen = options or CursorOptions(None, None, None, None, None)
    floats, counts, (key, trial, _) = rows.floats, rows.counts, rows.streams
    session = rules.session
    place = place_in_session(trial.astype(np.int64), session.shape[1], rules.whole[LAST_BLOCK])
    base, spread, catch, clamp, block = session[:, place]
    gain, channel = draws.draw_kind(key, trial, base, spread, catch, clamp)
    gain, channel = trial_kind(chosen, base, gain, channel, chosen.gain)
    counts[:] = 0
    counts[BLOCK], counts[CHANNEL] = block, channel
    draw_points(rows, task, rules, chosen)
    own = rules.fields[counts[BLOCK]].T
    if chosen.field is not None:
        own = np.array([[chosen.field.gain, *chosen.field.numbers]]).T
    floats[GAIN], floats[SCALE] = gain, np.where(channel == 1, 1.0, gain * own[0])
    walls = channel_of(floats[START_X], floats[START_Y], floats[TARGET_X], floats[TARGET_Y], *task.walls)
    floats[FIELD:] = np.where(channel == 1, walls, own[1:])
    counts[WAVE] = np.where(channel == 1, 0, counts[BLOCK] + 1)
    floats[COS], floats[SIN] = turns.turn(gain * task.rotation)
    counts[GO] = task.onset + rules.delays[draws.draw_delay(key, trial, len(rules.delays)).astype(np.int64)]
    rows.streams[NOISE] = draws.noise_key(key, trial)
    floats[X], floats[Y], floats[VX], floats[VY] = floats[START_X], floats[START_Y], 0.0, 0.0
    rows.past[:] = floats[:4]


def draw_points(rows: CursorRows, task: CursorTask, rules: CursorRules, chosen: CursorOptions) -> None:
    """Draws start and target of each of `rows`, again until the target does not contain the start."""
    pending, attempt = np.arange(rows.counts.shape[1]), 0
    half, points = task.workspace, rules.points
    while pending.size:
        key, trial = rows.streams[KEY, pending], rows.streams[TRIAL, pending]
        start: Any = draws.draw_start_point(key, trial, attempt, half) if task.start is None else task.start
        if chosen.start is not None:
            start = chosen.start[pending].T
        if len(points):
            target: Any = points[draws.draw_target(key, trial, attempt, len(points)).astype(np.int64)].T
        else:
            target = draws.draw_point(key, trial, attempt, half)
        if chosen.target is not None:
            target = chosen.target[pending].T
        floats = rows.floats
        floats[START_X, pending], floats[START_Y, pending] = start
        floats[TARGET_X, pending], floats[TARGET_Y, pending] = target
        apart = has_left(target[0], target[1], start[0], start[1], task.radius * task.radius)
        pending = pending[~apart]
        attempt += 1


def cursor_info(floats: Any, whole: Any, flags: Any, mask: Mask) -> Info:
    """The info of a batch, in the order of `INFO`, with Gymnasium's `mask` of the rows that each value holds for."""
    info: Info = dict(zip(INFO, (*floats, *whole, *flags), strict=True))
    info.update(dict.fromkeys(_MASKS, mask))
    return info


class NumpyBackend:
    """Moves the rows with NumPy; needs nothing else."""

    spare = 0

    def __init__(self, task: CursorTask, rules: CursorRules, observations: CursorObservations) -> None:
        """Keeps the `task`, its `rules` and the maker of `observations`."""
        self._task, self._rules, self._observations = task, rules, observations

    def observe(self, rows: CursorRows, cursor: tuple[Floats, ...]) -> Array:
        """The observations (n, ...) of `rows`, whose `cursor` is x, y, vx, vy."""
        task, counts = self._task, rows.counts
        seen = counts[STEP] - task.delay
        visible = (seen if self._observations.late_goal else counts[STEP]) >= task.onset
        cue = cue_is_on(seen, counts[GO], task.pulse)
        floats = rows.floats
        start, target = floats[START_X : START_Y + 1], floats[TARGET_X : TARGET_Y + 1]
        return self._observations.batch(target, visible, cue, start, self._sensed(rows, cursor), cursor[:2])

    def _sensed(self, rows: CursorRows, cursor: tuple[Floats, ...]) -> tuple[Floats, ...]:
        task = self._task
        if task.delay:
            oldest = (rows.counts[STEP] + 1) % (task.delay + 1)
            cursor = tuple(rows.past[oldest, part, np.arange(len(oldest))] for part in range(4))
        if task.sensory_noise == (0.0, 0.0):
            return cursor
        place, speed = task.sensory_noise
        key, step = rows.streams[NOISE], rows.counts[STEP].astype(np.uint64)
        limits = (self._observations.place_limit,) * 2 + (self._observations.speed_limit,) * 2
        return tuple(
            point_mass.confine(value + spread * draws.normal(key, step, np.uint64(stream)), 0.0, limit)[0]
            for value, spread, limit, stream in zip(
                cursor, (place, place, speed, speed), limits, draws.NOISE_STREAMS[4:], strict=True
            )
        )

    def report(self, rows: CursorRows, done: tuple[Floats, ...] | None = None) -> tuple[Array, Info]:
        """Observation and info of `rows`, in fresh arrays.

        Args:
            rows: The rows.
            done: Force x and y, effort and gain of the last step; ``None`` at the first moment of a trial.
        """
        floats, counts, task = rows.floats, rows.counts, self._task
        if done is None:
            none = np.zeros(counts.shape[1])
            done = none, none.copy(), none.copy(), floats[GAIN] * self._rules.waves[counts[WAVE], 0]
        force_x, force_y, effort, gain = done
        cursor = cursor_of(rows)
        dx, dy = cursor[0] - floats[TARGET_X], cursor[1] - floats[TARGET_Y]
        info = cursor_info(
            [
                *floats[:4].copy(),
                *(cursor[0], cursor[1]),
                *floats[TARGET_X : TARGET_Y + 1].copy(),
                *(force_x, force_y, np.sqrt(dx * dx + dy * dy), effort, gain),
            ],
            [
                counts[BLOCK].astype(np.int64),
                rows.streams[TRIAL].astype(np.int64),
                phase(counts[STEP], task.onset, counts[GO]).astype(np.int64),
            ],
            [counts[line] != 0 for line in (CHANNEL, FALSE_START, SUCCESS)],
            np.ones(counts.shape[1], np.bool_),
        )
        return self.observe(rows, cursor), info

    def restart(self, rows: CursorRows, mask: Mask, observation: Array, info: Info) -> None:
        """See `CursorBackend`."""
        values = self._begin(rows, mask)
        observation[mask] = values[0]
        for name in INFO:
            info[name][mask] = values[1][name]

    def _begin(self, rows: CursorRows, mask: Mask) -> tuple[Array, Info]:
        some = rows.take(mask)
        some.streams[TRIAL] += np.uint64(1)
        next_trial(some, self._task, self._rules)
        rows.put(mask, some)
        return self.report(some)

    def advance(self, rows: CursorRows, actions: Floats, again: Mask) -> Moved | int:
        """See `CursorBackend`."""
        finite = np.isfinite(actions)
        if not finite.all():
            return int(finite.all(axis=1).argmin())
        # Rows that begin anew are moved like the others; what they did is overwritten by their next trial.
        done = self._move(rows, np.clip(actions, -1.0, 1.0))
        on_target, spoilt = self._judge(rows)
        counts = rows.counts
        terminated, truncated = counts[SUCCESS] != 0, counts[STEP] >= self._rules.whole[LIMIT]
        observation, info = self.report(rows, done)
        if self._task.reward == "dense":
            reward = dense_reward(info["distance"], info["effort"], counts[STEP] >= counts[GO], spoilt)
        else:
            reward = sparse_reward(on_target)
        if again.any():
            self.restart(rows, again, observation, info)
            reward[again], terminated[again], truncated[again] = 0.0, False, False
        return observation, reward, terminated, truncated, terminated | truncated, info

    def _move(self, rows: CursorRows, actions: Floats) -> tuple[Floats, ...]:
        """Moves the hands of all `rows`; returns the force x and y, the effort and the gain of this step."""
        task, rules, floats, counts = self._task, self._rules, rows.floats, rows.counts
        ax, ay = actions.T
        ux, uy = task.max_force * ax, task.max_force * ay
        if task.motor_noise != (0.0, 0.0):
            (plain, share), key, step = task.motor_noise, rows.streams[NOISE], counts[STEP].astype(np.uint64)
            one, two, three, four = (draws.normal(key, step, np.uint64(stream)) for stream in draws.NOISE_STREAMS[:4])
            ux, uy = ux * (1.0 + share * one) + plain * two, uy * (1.0 + share * three) + plain * four
        factor: Floats = rules.waves[counts[WAVE], counts[STEP] % rules.periods[counts[WAVE]]]
        hand = floats[:4]
        fx, fy = force_of(floats[SCALE] * factor, *hand, *floats[FIELD:])
        x, y, vx, vy = hand
        x, y, vx, vy = point_mass.step(x, y, vx, vy, ux + fx, uy + fy, task.dt / task.mass, task.damping, task.dt)
        floats[X], floats[VX] = point_mass.confine(x, vx, task.arena)
        floats[Y], floats[VY] = point_mass.confine(y, vy, task.arena)
        counts[STEP] += 1
        return fx, fy, ax * ax + ay * ay, floats[GAIN] * factor

    def _judge(self, rows: CursorRows) -> tuple[Mask, Any]:
        """False start, time on the target and success; returns whether the cursors are on target and trials are spoilt."""
        task, floats, counts = self._task, rows.floats, rows.counts
        x, y, vx, vy = cursor_of(rows)
        if task.delay:
            rows.past[counts[STEP] % (task.delay + 1), :, np.arange(len(x))] = np.stack([x, y, vx, vy], axis=1)
        left = has_left(x, y, floats[START_X], floats[START_Y], task.hold_radius * task.hold_radius)
        counts[FALSE_START] |= left & (counts[STEP] <= counts[GO])
        spoilt = counts[FALSE_START] * task.strict
        dx, dy = x - floats[TARGET_X], y - floats[TARGET_Y]
        moving = counts[STEP] >= counts[GO]
        limits = task.radius * task.radius, task.speed_limit * task.speed_limit
        on_target = is_on_target(dx * dx + dy * dy, floats[VX], floats[VY], moving, spoilt, *limits)
        counts[HELD] = (counts[HELD] + 1) * on_target
        counts[SUCCESS] = counts[HELD] >= task.hold_steps
        return on_target, spoilt
