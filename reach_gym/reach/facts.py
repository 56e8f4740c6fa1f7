"""What others may know of the trials under way: controllers, and the drawing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from reach_gym import checks
from reach_gym.fields import Pair, from_numbers
from reach_gym.plants import turns
from reach_gym.reach.keywords import CursorTask
from reach_gym.reach.observations import CursorObservations
from reach_gym.reach.rows import (
    BLOCK,
    CHANNEL,
    COS,
    FALSE_START,
    FIELD,
    GAIN,
    GO,
    LAST_BLOCK,
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
    X,
    Y,
)
from reach_gym.reach.rules import Phase, Plants, Sensed, cue_is_on, phase
from reach_gym.rendering import CursorScene
from reach_gym.rows.records import TRIAL
from reach_gym.sessions.schedule import place_in_session

BELIEFS = ("trial", "block", "nothing")
_MOST_STEPS = 100_000


def plants_of(task: CursorTask, rules: CursorRules, rows: CursorRows, belief: str, steps: int) -> Plants:
    """What a controller may know of the trials under way.

    Args:
        task: The task.
        rules: Its tables.
        rows: The rows.
        belief: ``"trial"``, the truth; ``"block"``, the block's field at its planned gain, so that catch and channel trials are
            a surprise;
            ``"nothing"``, no field and no rotation.
        steps: For how many steps the field's factor is told.

    Raises:
        TypeError: `belief` is no string or `steps` no integer.
        ValueError: `belief` is unknown or `steps` out of range.
    """
    checks.choice("belief", belief, BELIEFS)
    checks.integer("steps", steps, 0, _MOST_STEPS)
    floats, counts, count = rows.floats, rows.counts, rows.counts.shape[1]
    field, scale, gain, wave = floats[FIELD:].T.copy(), floats[SCALE].copy(), floats[GAIN], counts[WAVE]
    if belief == "nothing":
        scale, gain = np.zeros(count), np.zeros(count)
    elif belief == "block":
        trial = rows.streams[TRIAL].astype(np.int64)
        gain = rules.session[0, place_in_session(trial, rules.session.shape[1], rules.whole[LAST_BLOCK])]
        own = rules.fields[counts[BLOCK]]
        field, scale, wave = own[:, 1:].copy(), own[:, 0] * gain, counts[BLOCK] + 1
    factors = np.stack([rules.waves[line, np.arange(steps) % rules.periods[line]] for line in range(len(rules.waves))])
    return Plants(
        dt=task.dt,
        mass=task.mass,
        damping=task.damping,
        max_force=task.max_force,
        step=counts[STEP].astype(np.int64),
        go=counts[GO].astype(np.int64),
        onset=task.onset,
        start=floats[[START_X, START_Y]].T.copy(),
        target=floats[[TARGET_X, TARGET_Y]].T.copy(),
        field=field,
        scale=scale[:, None] * factors[wave],
        rotation=np.stack(turns.turn(gain * task.rotation), axis=1),
        delay=task.delay,
        sensory_noise=task.sensory_noise,
        motor_noise=task.motor_noise,
    )


def cursor_of(rows: CursorRows) -> tuple[npt.NDArray[np.float64], ...]:
    """The cursor's x, y, vx, vy, each (rows,): the hand, swung around the start by the rotation."""
    f = rows.floats
    sx, sy = turns.swing(f[X] - f[START_X], f[Y] - f[START_Y], f[COS], f[SIN])
    svx, svy = turns.swing(f[VX], f[VY], f[COS], f[SIN])
    return f[X] + sx, f[Y] + sy, f[VX] + svx, f[VY] + svy


def sensed_by(task: CursorTask, observations: CursorObservations, rows: CursorRows, batch: Any) -> Sensed:
    """What a `batch` of observations of these rows says, in SI units.

    Images show no velocity; for them it is the true state, as old as what is sensed.

    Raises:
        ValueError: `batch` is not one observation per row.
    """
    x, y, vx, vy = cursor_of(rows)
    try:
        told = observations.decode(batch)
    except (IndexError, KeyError, TypeError, ValueError):
        told = np.empty(0), np.empty(0)
    if told is not None and told[1].shape != (len(x), 2):
        raise ValueError(f"`observations` must be {len(x)} of the kind {observations.kind!r}, got {checks.shown(batch)}.")
    if told is None and task.delay:
        x, y, vx, vy = rows.past[(rows.counts[STEP] + 1) % (task.delay + 1), :, np.arange(len(x))].T
    position, velocity = (np.stack([x, y], axis=1), np.stack([vx, vy], axis=1)) if told is None else told
    seen = rows.counts[STEP] - task.delay
    visible, go = (seen if observations.late_goal else rows.counts[STEP]) >= task.onset, rows.counts[GO]
    target = np.where(visible, rows.floats[[TARGET_X, TARGET_Y]], rows.floats[[START_X, START_Y]]).T
    return Sensed(position, velocity, target, visible, cue_is_on(seen, go, task.pulse))


def scene_of(
    task: CursorTask, rules: CursorRules, rows: CursorRows, row: int, path: Sequence[Pair], total: float, title: str
) -> CursorScene:
    """The picture of one row.

    Args:
        task: The task.
        rules: Its tables.
        rows: The rows.
        row: Which one.
        path: The cursor's path so far, at least one point.
        total: Sum of the trial's rewards.
        title: The headline.
    """
    f, c = rows.floats[:, row].tolist(), rows.counts[:, row].tolist()
    step, line = c[STEP], c[WAVE]
    factor = float(rules.waves[line, max(0, step - 1) % rules.periods[line]])
    x, y, _, _ = (float(values[row]) for values in cursor_of(rows))
    return CursorScene(
        field=from_numbers(f[SCALE] * factor, f[FIELD:]),
        workspace=task.workspace,
        arena=task.arena,
        cursor=(x, y),
        hand=(f[X], f[Y]),
        start=(f[START_X], f[START_Y]),
        target=(f[TARGET_X], f[TARGET_Y]),
        target_visible=step >= task.onset,
        go=cue_is_on(step, c[GO], task.pulse),
        phase=Phase(phase(step, task.onset, c[GO])).name.lower(),
        radius=task.radius,
        hold_radius=task.hold_radius,
        trail=tuple(path),
        step=step,
        seconds=step * task.dt,
        episode_return=total,
        block=task.schedule.blocks[c[BLOCK]].name,
        trial=int(rows.streams[TRIAL, row]),
        gain=f[GAIN] * factor,
        channel=c[CHANNEL] == 1,
        success=c[SUCCESS] == 1,
        false_start=c[FALSE_START] == 1,
        title=title,
    )
