"""What holds for every row of a continuous reach, laid out as tables that compiled loops can read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from reach_gym.reach.keywords import Reach
from reach_gym.reach.rules import Limits
from reach_gym.rows.records import Floats, lines
from reach_gym.sessions.rows import EVENTS, FEEDBACK, TRIGGERS, Event

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
        wall_stiffness: Of the force channel, N/m.
        wall_damping: Of the force channel, N s/m.
        motor_noise: Standard deviation, in the unit of the command.
        motor_share: Standard deviation as a share of the command.
        position_noise: Standard deviation, m.
        velocity_noise: Standard deviation, m/s.
        felt_noise: Standard deviation, in the units of what is felt of the body.
        start_x: Where trials start unless the start is drawn.
        start_y: Likewise.
    """

    workspace: Any
    radius_squared: Any
    speed_squared: Any
    leave_squared: Any
    apart_squared: Any
    dt: Any
    wall_stiffness: Any
    wall_damping: Any
    motor_noise: Any
    motor_share: Any
    position_noise: Any
    velocity_noise: Any
    felt_noise: Any
    start_x: Any
    start_y: Any


class Wholes(NamedTuple):
    """Whole numbers of a task.

    Attributes:
        onset: Steps to the target's onset.
        pulse: Steps that the go cue lasts.
        delay: Steps of sensory delay.
        felt_delay: Steps of the delay of what is felt of the body.
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
    felt_delay: Any
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
    """The lines of the table of trials.

    Attributes:
        gain: As in `reach_gym.sessions.rows.Row`.
        spread: Likewise.
        catch: Share of catch trials.
        clamp: Share of trials in a channel.
        block: Index of the block.
        wave: Line of the table of waves.
        field: Line of the table of fields.
        rotation: Of the cursor, degrees, at gain 1.
        start_x: NaN where the task says it.
        start_y: Likewise.
        target_x: Likewise.
        target_y: Likewise.
        bar: Half the width of the target, m; 0 for a disc.
        feedback: Which of `reach_gym.sessions.rows.FEEDBACK`.
        clamp_angle: Degrees.
        jump: Line of the table of events of the target's jump.
        shift: Of the cursor's jump.
        pulse: Of the force pulse.
    """

    gain: Any
    spread: Any
    catch: Any
    clamp: Any
    block: Any
    wave: Any
    field: Any
    rotation: Any
    start_x: Any
    start_y: Any
    target_x: Any
    target_y: Any
    bar: Any
    feedback: Any
    clamp_angle: Any
    jump: Any
    shift: Any
    pulse: Any


class EventLine(NamedTuple):
    """A line of the table of events.

    Attributes:
        x: m or N, as in `reach_gym.sessions.rows.Event`.
        y: Likewise.
        trigger: Which of `reach_gym.sessions.rows.TRIGGERS`.
        at: Time steps, m or m/s.
        duration: Time steps.
    """

    x: Any
    y: Any
    trigger: Any
    at: Any
    duration: Any


SESSION, EVENT = lines(Session), lines(EventLine)


class ReachTables(NamedTuple):
    """What holds for every row.

    Attributes:
        numbers: float64: `Settings`, then the plant's parameters (its `Params`), then the strength of each actuator.
        wholes: int64 (13,), `Wholes`.
        points: float64 (2, n), x and y of the targets to choose from; none where they are drawn from the workspace.
        delays: int64 (n,), steps from onset to go cue to choose from.
        session: float64 (18, trials), `Session`.
        fields: float64 (fields, 17), the gain and the numbers of each field of the session.
        waves: float64 (waves, steps), factor on the gain in each step, a line per different wave; the first line is 1.
        periods: int64 (waves,), after how many steps each wave repeats.
        events: float64 (events, 5), `EventLine`; the first line is no event.
    """

    numbers: Floats
    wholes: npt.NDArray[np.int64]
    points: Floats
    delays: npt.NDArray[np.int64]
    session: Floats
    fields: Floats
    waves: Floats
    periods: npt.NDArray[np.int64]
    events: Floats


def settings_of(task: Reach) -> Settings:
    """The numbers of `task`."""
    radius, speed, leave = (length * length for length in (task.radius, task.speed_limit, task.hold_radius))
    start = (0.0, 0.0) if task.start is None else task.start
    return Settings(
        *(task.workspace, radius, speed, leave, task.apart**2, task.dt),
        *(*task.walls, *task.command_spread, *task.sensed_spread, task.felt_spread, *start),
    )


def wholes_of(task: Reach, limit: int) -> Wholes:
    """The whole numbers of `task` with a time limit."""
    return Wholes(
        *(task.onset, task.pulse, task.delay, task.felt_delay, task.hold_steps, task.strict, task.abort, *task.window),
        task.last,
        *(task.start is not None, task.table.last, limit),
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
        ValueError: A gain changes within a trial with a period that is no number of time steps.
    """
    limit = UNLIMITED if max_steps is None else max_steps
    waves, periods = _waves(task)
    events, event_lines = _events(task)
    return ReachTables(
        np.array([*settings_of(task), *task.params, *task.plant.strength], np.float64),
        np.array(wholes_of(task, limit), np.int64),
        np.array(task.points).reshape(-1, 2).T.copy(),
        np.array(task.delays, np.int64),
        _session(task, event_lines),
        np.array([(field.gain, *field.numbers) for field in task.session_fields.different]),
        waves,
        periods,
        events,
    )


def _session(task: Reach, event_lines: Sequence[Sequence[int]]) -> Floats:
    """The table of trials, float64 (lines, trials)."""
    table = task.table
    rotation, feedback = table.rotation, [FEEDBACK.index(kind) for kind in table.feedback.tolist()]
    columns = Session(
        *(
            table.gain,
            table.spread,
            table.catch,
            table.channel,
            table.block_index,
            task.session_waves.lines,
            task.session_fields.lines,
        ),
        np.where(np.isnan(rotation), task.rotation, rotation),
        *(*table.start.T, *table.target.T, table.bar, feedback, table.clamp_angle, *event_lines),
    )
    return np.stack([np.asarray(column, np.float64) for column in columns])


def _events(task: Reach) -> tuple[Floats, list[list[int]]]:
    """The table of events, and for each kind of event its line in every trial."""
    lines: dict[Event | None, int] = {None: 0}
    found = [[lines.setdefault(event, len(lines)) for event in getattr(task.table, name).tolist()] for name in EVENTS]
    rows = [EventLine(0.0, 0.0, 0.0, 0.0, 0.0)]
    for event in lines:
        if event is not None:
            at = event.at if event.after != "time" else round(event.at / task.dt)
            lasts = UNLIMITED if event.duration is None else max(1, round(event.duration / task.dt))
            rows.append(EventLine(event.x, event.y, TRIGGERS.index(event.after), at, lasts))
    return np.array(rows, np.float64), found


def _waves(task: Reach) -> tuple[Floats, npt.NDArray[np.int64]]:
    """The factor on the gain in every step: a line of ones, then one line per different wave."""
    lines = [[1.0]]
    for wave in task.session_waves.different[1:]:
        length = round(wave.period / task.dt)
        if not 2 <= length <= _LONGEST_WAVE or abs(wave.period - length * task.dt) > 1e-9:
            allowed = f"2 to {_LONGEST_WAVE} whole time steps of {task.dt:g} s"
            raise ValueError(f"`block.within.period` must be {allowed}, got {wave.period:g} s.")
        lines.append([1.0 + wave.at(i * task.dt) for i in range(length)])
    waves = np.ones((len(lines), max(map(len, lines))))
    for line, factors in zip(waves, lines, strict=True):
        line[: len(factors)] = factors
    return waves, np.array([len(line) for line in lines], np.int64)
