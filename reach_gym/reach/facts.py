"""What others may know of the trials under way: a controller's facts, and what observations say in SI units."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from reach_gym import checks
from reach_gym.fields import FieldNumbers
from reach_gym.plants.plant import LinearHand, Plant
from reach_gym.plants.turns import swing, turn
from reach_gym.reach.events import cursor_at_all, happening
from reach_gym.reach.keywords import Reach
from reach_gym.reach.observations import Observations, Sensed
from reach_gym.reach.rows import COUNT, STREAM, Counts, Cursor, ReachRows, Trial, float_lines
from reach_gym.reach.tables import SESSION, EventLine, ReachTables
from reach_gym.rows.records import Floats

BELIEFS = ("trial", "block", "nothing")
_MOST_STEPS = 100_000


class TrialFacts(NamedTuple):
    """What a controller is told about the trials under way in n rows; 1 for the scalar environment.

    Attributes:
        dt: Time step in seconds.
        plant: What the agent moves.
        params: Its parameters (`reach_gym.plants.plant.Plant.params`).
        step: int64 (n,), steps taken.
        go: int64 (n,), the step at which the go cue begins. A controller waits for the cue that it sees.
        onset: The step at which the target appears.
        start: float64 (n, 2), metres.
        target: float64 (n, 2), metres.
        field: float64 (n, 16), `reach_gym.fields.ForceField.numbers` of each row's field.
        scale: float64 (n, steps), factor on the field in the step that leads from state s to state s + 1.
        rotation: float64 (n, 2), cosine and sine of the visuomotor rotation.
        delay: Sensory delay in steps.
        sensory_noise: Standard deviations of position (m) and velocity (m/s).
        motor_noise: Standard deviations of the command: additive, and as a share of it.
        cue: int64 (n,), the context cue; 0 for none.
        lead_in: float64 (n,), direction of the movement that led to the start, degrees; NaN for none.
        rest: float64 (n,), time before the trial, s.
        bar: float64 (n,), half the width of a target that is a bar across the way, m; 0 for a disc.
    """

    dt: float
    plant: Plant
    params: Any
    step: npt.NDArray[np.int64]
    go: npt.NDArray[np.int64]
    onset: int
    start: Floats
    target: Floats
    field: Floats
    scale: Floats
    rotation: Floats
    delay: int
    sensory_noise: tuple[float, float]
    motor_noise: tuple[float, float]
    cue: npt.NDArray[np.int64]
    lead_in: Floats
    rest: Floats
    bar: Floats

    @property
    def body(self) -> LinearHand:
        """The plant as a linear one.

        Raises:
            NotApplicableError: It is none.
        """
        return self.plant.linear()


def facts_of_nothing(task: Reach, step: npt.NDArray[np.int64], steps: int) -> TrialFacts:
    """What somebody knows who is told no trial's field, rotation, target or cue: the plant, the senses, how old the trials are.

    Args:
        task: The task.
        step: int64 (n,), steps taken.
        steps: For how many steps the field's factor, which is 0, is told.
    """
    rows = len(step)
    start = np.tile(np.array(task.start or (0.0, 0.0)), (rows, 1))
    return TrialFacts(
        *(task.dt, task.plant, task.params),
        step=step.astype(np.int64),
        go=np.full(rows, task.onset, np.int64),
        onset=task.onset,
        start=start,
        target=start.copy(),
        field=np.zeros((rows, len(FieldNumbers._fields))),
        scale=np.zeros((rows, steps)),
        rotation=np.tile([1.0, 0.0], (rows, 1)),
        delay=task.delay,
        sensory_noise=task.sensed_spread,
        motor_noise=task.command_spread,
        cue=np.zeros(rows, np.int64),
        lead_in=np.full(rows, np.nan),
        rest=np.zeros(rows),
        bar=np.zeros(rows),
    )


def facts_of(task: Reach, tables: ReachTables, rows: ReachRows, belief: str, steps: int) -> TrialFacts:
    """What a controller may know of the trials under way.

    Args:
        task: The task.
        tables: Its tables.
        rows: The rows.
        belief: ``"trial"``, the truth; ``"block"``, the block's field at its planned gain, so that catch and channel trials are
            a surprise; ``"nothing"``, no field and no rotation.
        steps: For how many steps the field's factor is told.

    Raises:
        TypeError: `belief` is no string or `steps` no integer.
        ValueError: `belief` is unknown or `steps` out of range.
    """
    checks.choice("belief", belief, BELIEFS)
    checks.integer("steps", steps, 0, _MOST_STEPS)
    floats, counts, count = rows.floats, rows.counts, rows.counts.shape[1]
    at = float_lines(task.plant)
    field, scale, gain = floats[at.field].T.copy(), floats[at.trial.scale].copy(), floats[at.trial.gain]
    wave, table = counts[COUNT.wave], task.table
    place = table.place_of(rows.streams[STREAM.trial].astype(np.int64))
    turns = tables.session[SESSION.rotation, place]
    if belief == "nothing":
        scale, gain = np.zeros(count), np.zeros(count)
    elif belief == "block":
        gain = tables.session[SESSION.gain, place]
        own = tables.fields[tables.session[SESSION.field, place].astype(np.int64)]
        field, scale, wave = own[:, 1:].copy(), own[:, 0] * gain, tables.session[SESSION.wave, place].astype(np.int32)
    factors = np.stack([tables.waves[line, np.arange(steps) % tables.periods[line]] for line in range(len(tables.waves))])
    return facts_of_nothing(task, counts[COUNT.step], steps)._replace(
        go=counts[COUNT.go].astype(np.int64),
        start=floats[[at.trial.start_x, at.trial.start_y]].T.copy(),
        target=floats[[at.trial.target_x, at.trial.target_y]].T.copy(),
        field=field,
        scale=scale[:, None] * factors[wave],
        rotation=np.stack(turn(gain * turns), axis=1),
        cue=table.cue[place],
        lead_in=table.lead_in[place],
        rest=table.rest[place],
        bar=floats[at.trial.bar].copy(),
    )


def cursor_of(task: Reach, tables: ReachTables, rows: ReachRows) -> Cursor:
    """The cursor's x, y, vx, vy, each (rows,): the hand, turned around the start, jumped, or clamped."""
    at = float_lines(task.plant)
    hand = task.plant.hand(rows.floats[at.state], task.params)
    return placed(task, tables, at.trial_of(rows.floats), Counts(*rows.counts), hand)


def placed(task: Reach, tables: ReachTables, trial: Trial, counts: Counts, hand: Any) -> Cursor:
    """As `cursor_of`, of a `hand` x, y, vx, vy."""
    if not task.is_eventful:
        return turned(trial, *hand)
    shift_x, shift_y = what_happens(tables, counts.shift, counts.shifted, counts.step)
    return Cursor(*cursor_at_all(trial, counts.feedback, shift_x, shift_y, hand))


def what_happens(tables: ReachTables, line: Any, since: Any, step: Any) -> tuple[Any, Any]:
    """X and y of the events in each row, m or N; 0 where there is none, or it does not hold at `step`.

    Args:
        tables: The tables.
        line: Of the table of events.
        since: Step at which each was set off.
        step: The moment.
    """
    return happening(EventLine(*tables.events[line].T), since, step)


def turned(trial: Trial, x: Any, y: Any, vx: Any, vy: Any) -> Cursor:
    """The cursor of a hand, turned around the start by the trial's rotation."""
    sx, sy = swing(x - trial.start_x, y - trial.start_y, trial.cosine, trial.sine)
    svx, svy = swing(vx, vy, trial.cosine, trial.sine)
    return Cursor(x + sx, y + sy, vx + svx, vy + svy)


def sensed_by(observations: Observations, space: spaces.Space[Any], count: int, batch: Any) -> Sensed:
    """What a `batch` of observations says, in SI units: nothing but what stands in them.

    Args:
        observations: Their kind.
        space: Of one observation.
        count: How many rows there are.
        batch: The observations.

    Raises:
        NotApplicableError: They are images, which do not say it.
        ValueError: `batch` is not one observation per row.
    """
    parts = {"": space} if not isinstance(space, spaces.Dict) else dict(space.items())
    try:
        shapes = {name: np.shape(batch[name] if name else batch) for name in parts}
    except (IndexError, KeyError, TypeError, ValueError):
        shapes = {}
    if shapes != {name: (count, *(part.shape or ())) for name, part in parts.items()}:
        raise ValueError(f"`observations` must be {count} of the kind {observations.kind!r}, got {checks.shown(batch)}.")
    return observations.decode(batch)
