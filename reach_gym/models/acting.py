"""Models that act: an optimal controller plans for what a model expects, and the model learns from what comes of it.

The controller (`reach_gym.planning.OptimalFeedback`) cancels the share x of the task's own field at a gain of 1, and aims against
the share x of its rotation, where x is the model's output. After the trial the model is told the error, in the same units: the
deviation at peak speed that was observed, divided by what a mismatch of 1 produces (`reach_gym.models.deviation`).

What an arm learns in coordinates of the joints is a torque for the joints' velocities: elsewhere that is another field.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from reach_gym import checks
from reach_gym.errors import NotApplicableError
from reach_gym.fields import ForceField, describe
from reach_gym.models.contexts import Contextual
from reach_gym.models.deviation import Tracker, yardstick
from reach_gym.models.error_sensitivity import ErrorSensitivity
from reach_gym.models.linear import ManySlow, OneState, TwoState
from reach_gym.models.model import Flags, Floats, Model, contexts_of
from reach_gym.planning import OptimalFeedback
from reach_gym.planning.watch import Expected, own_perturbation
from reach_gym.plants.skeleton import JointedArm
from reach_gym.registration import family_of

if TYPE_CHECKING:
    from reach_gym.reach.facts import TrialFacts

COORDINATES = ("hand", "joints")
_DIGITS = 3  # of a plan: rows that plan about the same share their gains, which saves time
_WALL = 1000.0  # N/m; a field as stiff as this is a channel's wall


class ModelAgent:
    """A learner for the continuous task: a model of learning in an optimal controller.

    Each row of the environment is a subject of its own. It learns in `observe`, so that it changes in sessions only
    (`reach_gym.acting.protocol.Agent`). It reads observations, and of a trial's facts its context cue, its lead-in and the rest
    before it. Only a model that says so (`Model.TOLD_OF_CLAMPS`) is told which trials run in a channel; the others feel
    there that they are right.

    Attributes:
        model: The model.
    """

    family = "cursor"

    def __init__(
        self,
        env: Any,
        model: Model | None = None,
        seed: int = 0,
        planning_noise: float = 0.0,
        coordinates: str = "hand",
        learned_at: tuple[float, float] = (0.0, 0.0),
    ) -> None:
        """Prepares for `env`.

        Args:
            env: A cursor reach of this package, scalar or vector, wrapped or not.
            model: The model; without it `TwoState`.
            seed: Of the model's draws and of the noise.
            planning_noise: Standard deviation of what is added to each trial's plan, in units of the perturbation.
            coordinates: In which it learns a viscous field: ``"hand"``, forces for the hand's velocity, or ``"joints"``, torques
                for the velocities of an arm's joints.
            learned_at: With ``"joints"`` the place of the hand, m, where these torques are those of the task's field.

        Raises:
            NotApplicableError: `env` is no such environment, or with ``"joints"`` has no arm or a field that is not viscous.
            TypeError: `model` is no model.
            ValueError: `coordinates` are unknown, or `learned_at` is out of reach.
        """
        base = getattr(env, "unwrapped", env)
        if family_of(env) != "cursor" or not hasattr(base, "trial_facts"):
            raise NotApplicableError(f"`env` must be a cursor reach of reach_gym, got {env}.")
        self.model = TwoState() if model is None else model
        if not isinstance(self.model, Model):
            raise TypeError(f"`model` must be a model of reach_gym.models, got {checks.shown(model)}.")
        self._noise = checks.number("planning_noise", planning_noise, 0.0)
        self._rng = np.random.default_rng(checks.integer("seed", seed, 0, checks.MAX_SEED))
        self._env, self._yardstick = base, yardstick(base)
        self._carried = _carrier(base, learned_at) if checks.choice("coordinates", coordinates, COORDINATES) == "joints" else None
        self._control = OptimalFeedback(base, self._plan)
        self._contexts: dict[tuple[int, float | None], int] = {}
        self._rows = 0
        self._state: Any = None
        self._tracker = Tracker(0)
        self._planned, self._cue, self._walled = np.zeros(0), np.zeros(0, np.int64), np.zeros(0, np.bool_)

    @property
    def planned(self) -> Floats:
        """The shares (n,) of the perturbation that the trials under way are planned for; there are none before the first act."""
        return self._planned.copy()

    def reset(self, starts: Flags) -> None:
        """Notes the rows, bool (n,), that begin an episode."""
        self._control.reset(starts)
        if len(starts) == self._rows:
            self._tracker.forget(starts)

    def act(self, observations: Any) -> npt.NDArray[np.float32]:
        """Actions (n, 2) for a batch of observations."""
        return self._control.act(observations)

    def observe(self, transition: Any) -> None:
        """Learns from a trial when it ends (`reach_gym.acting.protocol.Transition`)."""
        self._tracker.add(self._env.sense(transition.next_observations), self._control.facts.start)
        ended = np.asarray(transition.terminated | transition.truncated)
        # Who was stopped before the cue has learned nothing; who saw nothing of his reach has seen no error.
        done = ended & self._tracker.cued
        if done.any() and self._yardstick is not None:
            error = self._yardstick.error(self._tracker.off[done], self._tracker.way[done])
            walls, own = (self._walled | ~self._tracker.moved)[done], self.model.part(self._state, done)
            self._state = self.model.put(self._state, done, self.model.learn(own, error, walls, self._cue[done]))
        self._tracker.forget(ended)

    def _begin(self, rows: int) -> None:
        self._rows = rows
        self._state, self._tracker = self.model.begin(rows, self._rng), Tracker(rows)
        self._planned, self._cue, self._walled = np.zeros(rows), np.zeros(rows, np.int64), np.zeros(rows, np.bool_)

    def _plan(self, told: TrialFacts, new: Flags) -> Floats | Expected:
        """What the `new` rows expect of their trials, and the others as before."""
        if len(new) != self._rows:
            self._begin(len(new))
        waits = new & (told.step == 0) & (told.rest > 0)
        if waits.any():
            self._state = self.model.put(
                self._state, waits, self.model.wait(self.model.part(self._state, waits), told.rest[waits])
            )
        self._cue[new] = contexts_of(told.cue, told.lead_in, self._contexts)[new]
        if self.model.TOLD_OF_CLAMPS:
            stiff = np.abs(self._env.trial_facts(belief="trial", steps=1).field[:, 10:14]).max(axis=1) >= _WALL
            self._walled[new] = stiff[new]
        if new.any() and self._yardstick is not None:
            planned = self.model.output(self.model.part(self._state, new), self._cue[new])
            if self._noise:
                planned = planned + self._rng.normal(0.0, self._noise, len(planned))
            self._planned[new] = np.round(planned, _DIGITS)
        return self.planned if self._carried is None else Expected(self.planned, self._carried(told.start))


def _carrier(env: Any, learned_at: tuple[float, float]) -> Callable[[Floats], Floats]:
    """The numbers (n, 16) of the field that learned torques amount to at places (n, 2) of the hand."""
    arm, (field, _) = env.task.plant, own_perturbation(env)
    if not isinstance(arm, JointedArm):
        raise NotApplicableError(f"an agent learns in the coordinates of joints only with an arm, not with {arm.title}.")
    if field != ForceField(field.gain, viscosity=field.viscosity):
        raise NotApplicableError(f"an agent learns only viscous fields in the coordinates of joints, got {describe(field)}.")
    arm.require_reach("learned_at", *learned_at)

    def carried(places: Floats) -> Floats:
        return np.array([_viscous(field.gain * arm.carried(field.viscosity, learned_at, place)) for place in places.tolist()])

    return carried


def _viscous(matrix: Floats) -> tuple[float, ...]:
    (xx, xy), (yx, yy) = matrix.tolist()
    return ForceField(viscosity=((xx, xy), (yx, yy))).numbers


class OneStateAgent(ModelAgent):
    """`OneState` with its default parameters, acting."""

    def __init__(self, env: Any, seed: int = 0) -> None:
        """Prepares for `env`; see `ModelAgent`."""
        super().__init__(env, OneState(), seed)


class TwoStateAgent(ModelAgent):
    """`TwoState` with the parameters of Smith, Ghazizadeh & Shadmehr 2006, acting."""

    def __init__(self, env: Any, seed: int = 0) -> None:
        """Prepares for `env`; see `ModelAgent`."""
        super().__init__(env, TwoState(), seed)


class ManySlowAgent(ModelAgent):
    """`ManySlow` with two contexts, acting."""

    def __init__(self, env: Any, seed: int = 0) -> None:
        """Prepares for `env`; see `ModelAgent`."""
        super().__init__(env, ManySlow(), seed)


class ErrorSensitivityAgent(ModelAgent):
    """`ErrorSensitivity` with its default parameters, acting."""

    def __init__(self, env: Any, seed: int = 0) -> None:
        """Prepares for `env`; see `ModelAgent`."""
        super().__init__(env, ErrorSensitivity(), seed)


class ContextualAgent(ModelAgent):
    """`Contextual` with its default parameters, acting; its particles are drawn with `seed`."""

    def __init__(self, env: Any, seed: int = 0) -> None:
        """Prepares for `env`; see `ModelAgent`."""
        super().__init__(env, Contextual(), seed)
