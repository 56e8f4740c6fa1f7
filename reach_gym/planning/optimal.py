"""Optimal feedback control of a reach: a linear-quadratic-Gaussian controller with a belief about the field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from reach_gym.errors import NotApplicableError
from reach_gym.planning.arm_feedback import ArmFeedback
from reach_gym.planning.doubt import doubt_of
from reach_gym.planning.durations import window_of
from reach_gym.planning.point_feedback import PointFeedback
from reach_gym.planning.watch import Belief, TrialWatch
from reach_gym.plants.compliant_muscle_arm import CompliantMuscleArm
from reach_gym.plants.skeleton import JointedArm

if TYPE_CHECKING:
    from reach_gym.reach.facts import TrialFacts

Floats = npt.NDArray[np.float64]


class OptimalFeedback:
    """Holds the start until it sees the go cue, moves to the target in a time that suits the way, and holds it.

    The time is that of `reach_gym.planning.durations`. How a point mass is led there `PointFeedback` says, and an arm
    `ArmFeedback`. Their costs are not the measure of a task: this is a reference, not the optimum of a score.

    Where what it sees is late or its force lags, it holds no more stiffly than that allows. If it may be wrong about the field,
    it then also estimates a force that it did not expect and cancels it, and of a field that does not drive the hand away it
    plans for one half instead of responding by it.
    """

    def __init__(self, env: Any, belief: Belief | float | Floats = "trial") -> None:
        """Controls `env`.

        Args:
            env: A cursor reach of this package, scalar or vector, wrapped or not.
            belief: ``"trial"`` (the truth), ``"block"`` (what the block plans) or ``"nothing"`` (no field, no rotation); or how
                much of the task's own field and rotation is expected in every trial, a number or one per row (n,); or a function
                that says it at the beginning of trials (`reach_gym.planning.watch.Belief`). Who expects a share of the field
                cancels just that: if he is right his hand moves as without a field, and in a channel he presses with that share.

        Raises:
            NotApplicableError: `env` is no cursor reach.
        """
        if not isinstance(belief, str) and not callable(belief):
            shares = np.asarray(belief, np.float64)
            belief = lambda told, new: np.broadcast_to(shares, len(new))  # noqa: E731  # a constant, as a function
        self._watch = TrialWatch(env, belief)
        self._doubt = doubt_of(belief)
        self._window = window_of(env)
        self._rows = 0
        self._feedback: PointFeedback | ArmFeedback

    def reset(self, starts: npt.NDArray[np.bool_]) -> None:
        """Forgets the rows, bool (n,), that begin an episode."""
        self._watch.reset(starts)

    @property
    def facts(self) -> TrialFacts:
        """The trials under way as the controller believes them to be; there are none before its first act."""
        return self._watch.facts

    def act(self, observations: Any) -> npt.NDArray[np.float32]:
        """Actions (n, actuators) for a batch of observations.

        Raises:
            NotApplicableError: The muscles have tendons that stretch, which this does not control.
        """
        seen = self._watch.look(observations)
        facts = self._watch.facts
        if len(seen.time) != self._rows:
            if isinstance(facts.plant, CompliantMuscleArm):
                raise NotApplicableError(f"`env` must have a plant without tendons that stretch, got {facts.plant.kind}.")
            self._rows = len(seen.time)
            self._feedback = (
                ArmFeedback(facts, facts.plant, self._window, self._doubt)
                if isinstance(facts.plant, JointedArm)
                else PointFeedback(facts, self._window, self._doubt)
            )
        actions = self._watch.actions(self._feedback.command(facts, seen))
        self._feedback.remember(actions.astype(np.float64) * facts.plant.strength)
        return actions
