"""What is counted and judged of rows, and what that depends on; `reach_gym.differentiable.ruling` is the function.

All of it stands in arrays, which have no gradient.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from reach_gym.reach.keywords import Reach
from reach_gym.reach.observations import Observations
from reach_gym.reach.rows import Counts, ReachRows, Trial, float_lines
from reach_gym.reach.rules import Limits
from reach_gym.reach.tables import EventLine, ReachTables, Settings, Wholes, limits_of, settings_of, wholes_of
from reach_gym.rows.records import Floats, lines


class Judged(NamedTuple):
    """What is counted and judged of a row, all of it as floats.

    Attributes:
        step: Steps taken.
        held: As in `reach_gym.reach.rules.Verdict`.
        left: See there.
        false_start: See there.
        ended: See there.
        late: Whether the time is over.
        done: Whether the trial has ended, now or before.
        succeeded: Whether it had succeeded when it ended.
        target_x: Where the target has jumped to, m.
        target_y: Likewise.
        jumped: Step at which the target's jump was set off; 0 while it was not.
        shifted: Of the cursor's jump.
        pushed: Of the force pulse.
    """

    step: Any
    held: Any
    left: Any
    false_start: Any
    ended: Any
    late: Any
    done: Any
    succeeded: Any
    target_x: Any
    target_y: Any
    jumped: Any
    shifted: Any
    pushed: Any


JUDGED = lines(Judged)


class Kind(NamedTuple):
    """What makes a function of its own.

    Attributes:
        observation: A key of `reach_gym.reach.observations.OBSERVATIONS`.
        reward: A key of `reach_gym.reach.rules.REWARDS`.
        senses: How many numbers of the body are observed.
        eventful: Whether there are events, bars or hidden cursors.
        late: Whether the cursor is sensed with a delay.
        felt_late: Whether the body is.
        noisy: Whether the cursor is sensed with noise.
        felt_noisy: Whether the body is.
    """

    observation: str
    reward: str
    senses: int
    eventful: bool
    late: bool
    felt_late: bool
    noisy: bool
    felt_noisy: bool


def kind_of(task: Reach) -> Kind:
    """That of a `task`."""
    senses = len(task.senses)
    late, noisy = (task.delay > 0, bool(senses and task.felt_delay)), (any(task.sensory_noise), bool(senses and task.felt_noise))
    return Kind(task.observation, task.reward, senses, task.is_eventful, *late, *noisy)


class Shared(NamedTuple):
    """What holds for all rows.

    Attributes:
        settings: `reach_gym.reach.tables.Settings` of the task.
        wholes: `reach_gym.reach.tables.Wholes` of the task.
        place_limit: Sensed places are cut there, m.
        speed_limit: Sensed velocities are cut there, m/s.
        per_metre: Unit of an observation.
        per_speed: Unit of an observation.
    """

    settings: Any
    wholes: Any
    place_limit: Any
    speed_limit: Any
    per_metre: Any
    per_speed: Any

    @property
    def limits(self) -> Limits:
        """What a cursor is judged by."""
        return limits_of(self.settings, self.wholes)


_WHOLES = len(Settings._fields), len(Settings._fields) + len(Wholes._fields)  # where they stand
SHARED = _WHOLES[1] + len(Shared._fields) - 2


def shared_block(task: Reach, longest: int, kind: Observations) -> Floats:
    """`Shared`, number by number, (numbers,)."""
    seen = kind.place_limit, kind.speed_limit, kind.per_metre, kind.per_speed
    return np.array([*settings_of(task), *wholes_of(task, longest), *seen], np.float64)


def shared_of(numbers: Any) -> Shared:
    """What a `shared_block` holds."""
    first, last = _WHOLES
    return Shared(Settings(*numbers[:first]), Wholes(*numbers[first:last]), *numbers[last:])


class TrialNow(NamedTuple):
    """The trial of each row.

    Attributes:
        trial: Its numbers.
        go: The step at which the go cue begins.
        feedback: What is seen of the hand, as in `reach_gym.reach.rows.Counts`.
        jump: Event of the target.
        shift: Of the cursor.
        pulse: Of the force.
    """

    trial: Trial
    go: Any
    feedback: Any
    jump: EventLine
    shift: EventLine
    pulse: EventLine


_AT, _EVENT = len(Trial._fields), len(EventLine._fields)
TRIAL = _AT + 2 + 3 * _EVENT


def trial_block(rows: ReachRows, task: Reach, tables: ReachTables) -> Floats:
    """`TrialNow`, number by number, float64 (numbers, n)."""
    counts, trial = Counts(*rows.counts), float_lines(task.plant).trial_of(rows.floats)
    events = (tables.events[line].T for line in (counts.jump, counts.shift, counts.pulse))
    return np.concatenate([np.stack([*trial, counts.go, counts.feedback]), *events])


def trial_of(numbers: Any) -> TrialNow:
    """What a `trial_block` holds."""
    events = (EventLine(*numbers[first : first + _EVENT]) for first in range(_AT + 2, TRIAL, _EVENT))
    return TrialNow(Trial(*numbers[:_AT]), *numbers[_AT : _AT + 2], *events)
