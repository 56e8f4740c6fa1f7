"""What a controller of the cursor keeps of every row: which trial it is in, how old that is, and whether it saw the go cue."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from reach_gym.errors import NotApplicableError
from reach_gym.fields import FieldNumbers
from reach_gym.plants.turns import turn

if TYPE_CHECKING:
    from reach_gym.fields import ForceField
    from reach_gym.reach.facts import TrialFacts
    from reach_gym.reach.observations import Sensed

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

# For how long a controller asks after the field's time course, in steps and in seconds, whichever is more; a registered trial
# has 100 steps of 10 ms.
STEPS, SECONDS = 200, 2.0


class Expected(NamedTuple):
    """What is expected of n trials.

    Attributes:
        share: float64 (n,), how much of the field and of the task's own rotation.
        field: float64 (n, 16), `reach_gym.fields.ForceField.numbers` at a share of 1.
    """

    share: Floats
    field: Floats


# A belief: a name, or a function of the trials, as somebody sees them who knows no field, and of the rows, bool (n,), that begin
# one; it gives how much of the task's own field and rotation is expected, (n,), or `Expected` where the field is another one.
Belief = str | Callable[["TrialFacts", Mask], Floats | Expected]
_PER_ROW = ("start", "field", "scale", "rotation")  # what a controller may know of a trial; the target and the cue it sees


class KnowsItsTrials(Protocol):
    """What a controller asks of an environment; both cursor environments provide it."""

    def trial_facts(self, belief: str = "trial", steps: int = STEPS) -> TrialFacts:
        """The trials under way, as the owner of a `belief` sees them."""

    def sense(self, observations: Any) -> Sensed:
        """What a batch of observations says in SI units."""


class Seen(NamedTuple):
    """One look at n rows.

    Attributes:
        time: int64 (n,), steps since the trial began.
        cue: int64 (n,), the step at which the go cue was first seen, or -1.
        new: bool (n,), the rows whose trial began with this look.
        cued: bool (n,), the rows that see the cue for the first time.
        state: float64 (n, 4), position and velocity of the hand as observed: delayed, noisy, the believed rotation undone.
        goal: float64 (n, 2), the target of the hand; the start before the target is seen.
        go: bool (n,), whether the go cue is on.
    """

    time: Integers
    cue: Integers
    new: Mask
    cued: Mask
    state: Floats
    goal: Floats
    go: Mask


def own_perturbation(env: Any) -> tuple[ForceField, float]:
    """The field of a task and its rotation in degrees at a gain of 1.

    Where the task itself has neither, they are the first field among those of its session, or else its first rotation.
    """
    task = env.task
    if task.rotation == 0 and not _pushes(task.field):
        for field in task.session_fields.different:
            if _pushes(field):
                return field, 0.0
        turned = task.table.rotation[np.nan_to_num(task.table.rotation) != 0]
        return task.field, float(turned[0]) if len(turned) else 0.0
    return task.field, task.rotation


def _pushes(field: ForceField) -> bool:
    return field.gain != 0 and any(field.numbers[FieldNumbers._fields.index("push_x") : FieldNumbers._fields.index("origin_x")])


class TrialWatch:
    """Follows the trials of all rows of an environment, each row on its own."""

    facts: TrialFacts
    _time: Integers
    _cue: Integers
    _goal: Floats

    def __init__(self, env: Any, belief: Belief) -> None:
        """Watches `env`.

        Args:
            env: A cursor reach of this package, scalar or vector, wrapped or not.
            belief: ``"trial"``, ``"block"`` or ``"nothing"``, see `reach_gym.reach.facts.TrialFacts`; or a function (`Belief`).

        Raises:
            NotApplicableError: `env` is none.
        """
        base = getattr(env, "unwrapped", env)
        if not (hasattr(base, "trial_facts") and hasattr(base, "sense")):
            raise NotApplicableError(f"`env` must be a cursor reach of reach_gym, got {env}.")
        self._env: KnowsItsTrials = base
        self._belief = belief
        self._steps = STEPS
        self._asks: Integers | None = None

    def reset(self, starts: Mask) -> None:
        """Notes the rows, bool (n,), that begin an episode."""
        if self._asks is None or len(starts) != len(self._asks):
            self._asks = None
        else:
            self._asks[starts] = 2

    def look(self, observations: Any) -> Seen:
        """Takes in a batch of observations; to be called exactly once per step."""
        sensed = self._env.sense(observations)
        count = len(sensed.position)
        new = self._begin(count)
        self._time += 1
        self._cue[new] = -1
        cued = sensed.go & (self._cue < 0)
        self._cue[cued] = self._time[cued]
        start = self.facts.start
        self._goal[new] = start[new]
        target = start + self._to_hand(sensed.target - start)
        self._goal = np.where(sensed.visible[:, None], target, self._goal)
        position = start + self._to_hand(sensed.position - start)
        state = np.concatenate([position, self._to_hand(sensed.velocity)], axis=1)
        return Seen(self._time.copy(), self._cue.copy(), new, cued, state, self._goal, sensed.go)

    def actions(self, command: Floats) -> npt.NDArray[np.float32]:
        """The actions, float32 (n, actuators), that exert a `command` in the actuators' units, as far as these are strong enough.

        A field so strong that no command is a number leaves the hand at rest.
        """
        plant = self.facts.plant
        shares = np.clip(command / np.array(plant.strength), plant.low, plant.high)
        return np.asarray(np.nan_to_num(shares), np.float32)

    def _begin(self, count: int) -> Mask:
        """Asks about the trials of the rows that were reset; returns those whose trial begins now."""
        if self._asks is not None and len(self._asks) == count and not self._asks.any():
            return np.zeros(count, np.bool_)
        told = self._ask()
        if self._steps * told.dt < SECONDS:
            self._steps = math.ceil(SECONDS / told.dt)
            told = self._ask()
        if self._asks is None or len(self._asks) != count:
            told = self._believed(told, np.ones(count, np.bool_))
            self.facts = told._replace(
                start=told.start.copy(), field=told.field.copy(), scale=told.scale.copy(), rotation=told.rotation.copy()
            )
            self._time, self._cue, self._goal = told.step - 1, np.full(count, -1, np.int64), told.start.copy()
            self._asks = np.where(told.step > 0, 1, 0)
            return np.ones(count, np.bool_)
        # In the NEXT_STEP mode of vector environments the first look after a reset still shows the end of the trial before:
        # a row whose trial is not at its first step is asked once more.
        new = np.asarray((self._asks == 2) | ((self._asks == 1) & (told.step == 0)))
        self._asks = np.where((self._asks == 2) & (told.step > 0), 1, 0)
        told = self._believed(told, new)
        self._time[new] = told.step[new] - 1
        for name in _PER_ROW:
            getattr(self.facts, name)[new] = getattr(told, name)[new]
        return new

    def _ask(self) -> TrialFacts:
        belief = self._belief if isinstance(self._belief, str) else "nothing"
        return self._env.trial_facts(belief=belief, steps=self._steps)

    def _believed(self, told: TrialFacts, new: Mask) -> TrialFacts:
        """What was `told`, with the field and the rotation that are expected of the `new` rows where the belief is a function."""
        if isinstance(self._belief, str):
            return told
        expected, (own, rotation) = self._belief(told, new), own_perturbation(self._env)
        if isinstance(expected, Expected):
            share, field, gain = *expected, 1.0
        else:
            share, field, gain = expected, np.tile(np.array(own.numbers, np.float64), (len(expected), 1)), own.gain
        return told._replace(
            field=field,
            scale=np.repeat((gain * share)[:, None], told.scale.shape[1], axis=1),
            rotation=np.stack(turn(share * rotation), axis=1),
        )

    def _to_hand(self, vectors: Floats) -> Floats:
        """Turns vectors (n, 2) of the cursor back to the hand, against the believed rotation."""
        cosine, sine = self.facts.rotation[:, 0], self.facts.rotation[:, 1]
        x, y = vectors[:, 0], vectors[:, 1]
        return np.stack([cosine * x + sine * y, cosine * y - sine * x], axis=1)
