"""Optimal feedback control of an arm: linear-quadratic control along a desired path, with a belief about the field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from reach_gym.fields import field_around, force_of
from reach_gym.planning.arm_estimate import ArmEstimator
from reach_gym.planning.arm_model import ArmModel
from reach_gym.planning.arm_plans import PlanBook, Plans, RowPlans, Wanted
from reach_gym.planning.doubt import TRUST, Doubt, drives, frequency_of
from reach_gym.planning.durations import TimeWindow, planned_steps
from reach_gym.planning.estimate import scale_at
from reach_gym.planning.lqg import times
from reach_gym.planning.muscles import excitations_for
from reach_gym.planning.watch import Seen
from reach_gym.plants.muscle_arm import MuscleArm
from reach_gym.plants.skeleton import JointedArm

if TYPE_CHECKING:
    from reach_gym.reach.facts import TrialFacts

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


class ArmFeedback:
    """Commands for arms; see `reach_gym.planning.optimal.OptimalFeedback`.

    An arm follows the desired path of its hand by the torques of its inverse dynamics against the believed field, and is kept to
    it by the gains of `reach_gym.planning.arm_plans`. A target that jumps leads to a new plan, from where the hand should be.
    """

    def __init__(self, facts: TrialFacts, plant: JointedArm, window: TimeWindow | None, doubt: Doubt) -> None:
        """Prepares the rows of `facts`, arms of the kind `plant`."""
        rows = len(facts.start)
        self._window, self._model = window, ArmModel(plant, facts.dt)
        late = facts.delay * facts.dt + self._model.lag
        self._hedges = doubt.hedges and late > 0
        self._plans = RowPlans(PlanBook(self._model, frequency_of(late)), rows, self._model.size)
        self._estimator = ArmEstimator(facts, self._model, doubt.surprise)
        self._trust, self._goal, self._planned = np.ones(rows), np.zeros((rows, 2)), np.zeros((rows, 2))

    def command(self, facts: TrialFacts, seen: Seen) -> Floats:
        """What the actuators are to do in the step to come, (n, actuators) in their units."""
        self._plan(facts, seen)
        arm, unknown = self._estimator.update(facts, seen, self._trust)
        now, then = self._plans.at(seen.time), self._plans.at(seen.time + 1)
        (torque, force), (later, _) = self._desired(facts, now, seen.time), self._desired(facts, then, seen.time + 1)
        self._planned = (1.0 - self._trust)[:, None] * force
        against = _through(now.jacobian, unknown)
        own = arm.torque - torque + against if self._model.keep else arm.torque
        off = np.concatenate([arm.hand - now.hand, own], axis=1)
        wanted = self._model.command(torque, later) - times(now.gain, off) - against
        if not isinstance(facts.plant, MuscleArm):
            return wanted
        around = field_around(scale_at(facts, seen.time), *arm.hand[:, :2].T, *facts.field.T)
        return excitations_for(wanted, arm.body, facts.params, facts.plant, around)

    def remember(self, command: Floats) -> None:
        """Notes what the actuators did, (n, actuators)."""
        self._estimator.remember(command, self._planned)

    def _desired(self, facts: TrialFacts, plans: Plans, time: Integers) -> tuple[Floats, Floats]:
        """The torques (n, 2) that are planned for the moments `time` (n,), and the forces (n, 2) of the believed fields there."""
        force = np.stack(force_of(scale_at(facts, time), *plans.hand.T, *facts.field.T), axis=1)
        return plans.torque - _through(plans.jacobian, force), force

    def _plan(self, facts: TrialFacts, seen: Seen) -> None:
        """Plans for the rows whose trial or movement begins, or whose target has jumped."""
        new = seen.new
        if new.any():
            if self._hedges:
                # A field that drives the hand away leaves no time to find out that it is there.
                self._trust[new] = np.where(drives(facts.field, facts.scale), 1.0, TRUST)[new]
            self._goal[new] = np.where((seen.time == 0)[:, None], facts.start, seen.state[:, :2])[new]
            rest = np.stack([self._goal, np.zeros_like(self._goal), np.zeros_like(self._goal)], axis=1)
            self._begin(facts, seen, np.flatnonzero(new), rest, np.zeros_like(seen.time))
        moves = (seen.cue >= 0) & (seen.cued | (seen.goal != self._goal).any(axis=1))
        if moves.any():
            now = self._plans.at(seen.time)
            self._goal[moves] = seen.goal[moves]
            way = np.linalg.norm(seen.goal - now.hand[:, :2], axis=1)
            steps = np.maximum(self._plans.left(seen.time), planned_steps(way, facts.dt, self._window))
            begin = np.stack([now.hand[:, :2], now.hand[:, 2:], now.acceleration], axis=1)
            self._begin(facts, seen, np.flatnonzero(moves), begin, steps)

    def _begin(self, facts: TrialFacts, seen: Seen, rows: Integers, begin: Floats, steps: Integers) -> None:
        wanted = [
            Wanted(
                begin[i],
                self._goal[i].copy(),
                int(steps[i]),
                facts.field[i].copy(),
                self._trust[i] * _course(facts.scale[i], seen.time[i], steps[i]),
            )
            for i in rows
        ]
        self._plans.begin(rows, wanted, seen.time[rows])


def _course(scale: Floats, begin: Any, steps: Any) -> Floats:
    """The factor (steps + 1,) on a field in a movement that begins in the step `begin`, and on average, while its end is held."""
    course = scale[np.minimum(begin + np.arange(steps + 1), len(scale) - 1)]
    course[-1] = scale[0] if (scale == scale[0]).all() else scale.mean()
    return np.asarray(course)


def _through(jacobian: Floats, force: Floats) -> Floats:
    """The torques (n, 2) that forces (n, 2) at the hand exert, N m."""
    return times(np.swapaxes(jacobian, 1, 2), force)
