"""What holds for every row of a continuous reach, laid out as tables that compiled loops can read."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from reach_gym.reach.keywords import Reach
from reach_gym.reach.rules import Limits
from reach_gym.rows.records import Floats, lines
from reach_gym.sessions.schedule import Wave

UNLIMITED = 2**31 - 1
_LONGEST_WAVE = 100_000  # steps


class Settings(NamedTuple):
    """Numbers of a task, in SI units.

    Attributes:
        workspace: Half its side, m.
        radius_squared: Square of the target's radius, m^2.
        speed_squared: Square of the greatest speed on the target, (m/s)^2.
        leave_squared: Square of the radius around the start, m^2.
        apart_squared: Square of the least distance from start to target, m^2.
        dt: Time step, s.
        rotation: Of the cursor, degrees, at gain 1.
        wall_stiffness: Of the force channel, N/m.
        wall_damping: Of the force channel, N s/m.
        motor_noise: Standard deviation, in the unit of the command.
        motor_share: Standard deviation as a share of the command.
        position_noise: Standard deviation, m.
        velocity_noise: Standard deviation, m/s.
        start_x: Where trials start unless the start is drawn.
        start_y: Likewise.
    """

    workspace: Any
    radius_squared: Any
    speed_squared: Any
    leave_squared: Any
    apart_squared: Any
    dt: Any
    rotation: Any
    wall_stiffness: Any
    wall_damping: Any
    motor_noise: Any
    motor_share: Any
    position_noise: Any
    velocity_noise: Any
    start_x: Any
    start_y: Any


class Wholes(NamedTuple):
    """Whole numbers of a task.

    Attributes:
        onset: Steps to the target's onset.
        pulse: Steps that the go cue lasts.
        delay: Steps of sensory delay.
        hold_steps: Steps to stay on the target.
        strict: Whether a false start rules success out.
        abort: Whether it ends the trial.
        fastest: The least movement time for success, in steps.
        slowest: The greatest.
        last: Steps from the go cue to the time limit.
        fixed_start: Whether the start is not drawn.
        last_block: First trial of the last block.
        limit: Another time limit, which counts from the trial's start.
    """

    onset: Any
    pulse: Any
    delay: Any
    hold_steps: Any
    strict: Any
    abort: Any
    fastest: Any
    slowest: Any
    last: Any
    fixed_start: Any
    last_block: Any
    limit: Any


class Session(NamedTuple):
    """The lines of the table of trials, see `reach_gym.sessions.schedule.SessionTable`; `wave` is a line of `waves`."""

    gain: Any
    spread: Any
    catch: Any
    clamp: Any
    block: Any
    wave: Any


SESSION = lines(Session)


class ReachTables(NamedTuple):
    """What holds for every row.

    Attributes:
        numbers: float64: `Settings`, then the plant's parameters (its `Params`), then the strength of each actuator.
        wholes: int64 (12,), `Wholes`.
        points: float64 (2, n), x and y of the targets to choose from; none where they are drawn from the workspace.
        delays: int64 (n,), steps from onset to go cue to choose from.
        session: float64 (6, trials), `Session`.
        fields: float64 (blocks, 17), the gain and the numbers of each block's field.
        waves: float64 (waves, steps), factor on the gain in each step, a line per different wave; the first line is 1.
        periods: int64 (waves,), after how many steps each wave repeats.
    """

    numbers: Floats
    wholes: npt.NDArray[np.int64]
    points: Floats
    delays: npt.NDArray[np.int64]
    session: Floats
    fields: Floats
    waves: Floats
    periods: npt.NDArray[np.int64]


def settings_of(task: Reach) -> Settings:
    """The numbers of `task`."""
    radius, speed, leave = (length * length for length in (task.radius, task.speed_limit, task.hold_radius))
    start = (0.0, 0.0) if task.start is None else task.start
    return Settings(
        *(task.workspace, radius, speed, leave, task.apart**2, task.dt, task.rotation),
        *(*task.walls, *task.command_spread, *task.sensed_spread, *start),
    )


def wholes_of(task: Reach, limit: int) -> Wholes:
    """The whole numbers of `task` with a time limit."""
    last = task.schedule.trials - task.schedule.blocks[-1].trials
    return Wholes(
        *(task.onset, task.pulse, task.delay, task.hold_steps, task.strict, task.abort, *task.window, task.last),
        *(task.start is not None, last, limit),
    )


def limits_of(settings: Any, wholes: Any) -> Limits:
    """What a cursor is judged by."""
    return Limits(
        *(settings.radius_squared, settings.speed_squared, settings.leave_squared, wholes.strict, wholes.abort),
        *(wholes.hold_steps, wholes.fastest, wholes.slowest, wholes.last),
    )


def tables_of(task: Reach, max_steps: int | None) -> ReachTables:
    """Lays out `task`; `max_steps` is the time limit.

    Raises:
        ValueError: A block's gain changes within a trial with a period that is no number of time steps.
    """
    table = task.schedule.table()
    limit = UNLIMITED if max_steps is None else max_steps
    waves, periods = _waves(task)
    line = wave_lines(task)[table.block]
    return ReachTables(
        np.array([*settings_of(task), *task.params, *task.plant.strength], np.float64),
        np.array(wholes_of(task, limit), np.int64),
        np.array(task.points).reshape(-1, 2).T.copy(),
        np.array(task.delays, np.int64),
        np.stack(Session(table.gain, table.spread, table.catch, table.clamp, table.block.astype(float), line.astype(float))),
        np.array([(field.gain, *field.numbers) for field in task.block_fields]),
        waves,
        periods,
    )


def _different_waves(task: Reach) -> list[Wave]:
    """Each wave within the trials of `task` once, in the order of the blocks."""
    return list(dict.fromkeys(block.within for block in task.schedule.blocks if block.within is not None))


def wave_lines(task: Reach) -> npt.NDArray[np.int64]:
    """The line of the table of waves that each block has, int64 (blocks,); 0 for none."""
    lines: dict[Wave | None, int] = {None: 0, **{wave: k for k, wave in enumerate(_different_waves(task), 1)}}
    return np.array([lines[block.within] for block in task.schedule.blocks], np.int64)


def _waves(task: Reach) -> tuple[Floats, npt.NDArray[np.int64]]:
    """The factor on the gain in every step: a line of ones, then one line per different wave."""
    lines = [[1.0]]
    for wave in _different_waves(task):
        length = round(wave.period / task.dt)
        if not 2 <= length <= _LONGEST_WAVE or abs(wave.period - length * task.dt) > 1e-9:
            allowed = f"2 to {_LONGEST_WAVE} whole time steps of {task.dt:g} s"
            raise ValueError(f"`block.within.period` must be {allowed}, got {wave.period:g} s.")
        lines.append([1.0 + wave.at(i * task.dt) for i in range(length)])
    waves = np.ones((len(lines), max(map(len, lines))))
    for line, factors in zip(waves, lines, strict=True):
        line[: len(factors)] = factors
    return waves, np.array([len(line) for line in lines], np.int64)
