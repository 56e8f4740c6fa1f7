"""Hands that follow a smooth path stiffly, cancel what pushes them, and know no field: how far does that get them?

Each follows the straight path of least jerk by the inverse dynamics of its body, is held there by a spring and a damper, and
takes back the unknown force that its acceleration tells of. Muscles may also be tense all the time. The laws are drawn at random,
one for each row of an environment, and the best of them are varied.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from reach_gym.evaluation import evaluate
from reach_gym.evaluation.statistics import Interval, share_interval
from reach_gym.evaluation.suite import SuiteTask
from reach_gym.planning import NaiveAgent
from reach_gym.planning.arm_model import ArmModel
from reach_gym.planning.lqg import times
from reach_gym.planning.minimum_jerk import minimum_jerk
from reach_gym.planning.muscles import excitations_for, exerted
from reach_gym.plants.muscle_arm import MuscleArm
from reach_gym.plants.skeleton import JointedArm

Floats = npt.NDArray[np.float64]

GENERATIONS, TRIALS = 3, 2  # of laws; of each law in a generation
_PARENTS = 16  # that are varied
_MOST = np.array([1600.0, 80.0, 60.0, 0.6, 0.3])
_LEAST = np.array([5.0, 1.0, 1.0, 0.25, 0.001])
_NEVER = np.array([0.2, 0.1, 0.3, 0.0, 0.5])  # share of laws without


class Laws(NamedTuple):
    """Constants (n, 1) of n laws.

    Attributes:
        stiffness: 1/s^2, on the inertia.
        damping: 1/s, likewise.
        pace: 1/s, at which an unknown force comes to be cancelled.
        duration: s, of the path.
        tension: Activation that every muscle has at least.
    """

    stiffness: Floats
    damping: Floats
    pace: Floats
    duration: Floats
    tension: Floats


class Tracker:
    """Rests, by the naive controller, until it sees the cue; then each row follows its law."""

    family = "cursor"
    laws: Floats  # (n, 5)

    def __init__(self, env: Any) -> None:
        """Acts in `env`, in one trial per row."""
        self._env, self._task, rows = env.unwrapped, env.unwrapped.task, env.num_envs
        plant = self._task.plant
        self._arm = ArmModel(plant, self._task.dt) if isinstance(plant, JointedArm) else None
        self._late = int(self._task.delay)
        self._law = Laws(*np.resize(self.laws, (rows, 5)).T[:, :, None])
        self._time, self._unknown, self._velocity = np.full(rows, -1), np.zeros((rows, 2)), np.zeros((rows, 2))
        self._own = np.zeros((self._late + 1, rows, 2))  # its forces or torques after each of the last steps
        self._rest: Any = NaiveAgent(env)
        self._begun = False

    def reset(self, starts: npt.NDArray[np.bool_]) -> None:
        """Nothing to forget in the only trial of a row."""
        self._rest.reset(starts)
        if not self._begun:
            facts = self._env.trial_facts(steps=1)
            self._begun, self._start, self._params = True, facts.start, facts.params
            if isinstance(facts.plant, MuscleArm):
                state = facts.plant.start(*facts.start.T, facts.params)
                self._active = np.stack([each + np.zeros(len(starts)) for each in state[4:]], axis=1)

    def act(self, observations: Any) -> npt.NDArray[np.float32]:
        """Actions (n, actuators) for a batch of observations."""
        seen = self._env.sense(observations)
        rest = 0.0 if seen.go.all() else self._rest.act(observations)
        self._time, law = np.where(seen.go, self._time + 1, -1), self._law
        (now, per), (later, _) = (self._needed(*self._path(self._time + steps, seen.target)) for steps in (0, 1))
        hand, _ = self._path(self._time - self._late, seen.target)
        pushed = self._needed(np.hstack([seen.position, seen.velocity]), (seen.velocity - self._velocity) / self._task.dt)[0]
        self._unknown += (1.0 - np.exp(-self._task.dt * law.pace)) * (pushed - self._own[0] - self._unknown)
        self._velocity = seen.velocity
        held = law.stiffness * (hand[:, :2] - seen.position) + law.damping * (hand[:, 2:] - seen.velocity)
        going = seen.go[:, None]
        back = np.where(going, times(per, held) - self._unknown * (self._time[:, None] > 0), 0.0)
        if self._arm is not None and isinstance(self._task.plant, MuscleArm):
            joints = self._arm.joints(self._path(self._time, seen.target)[0]).T
            return self._excited(later + back, joints, rest, going)
        return self._driven(now + back, later + back, going)

    def _path(self, steps: Any, target: Floats) -> tuple[Floats, Floats]:
        """The hand (n, 4) on its path after so many steps, and its acceleration (n, 2)."""
        path = minimum_jerk(np.maximum(steps, 0) * self._task.dt, self._start, target, self._law.duration[:, 0])
        return np.hstack([path.position, path.velocity]), path.acceleration

    def _needed(self, hand: Floats, acceleration: Floats) -> tuple[Floats, Floats]:
        """Forces of a point mass or torques of an arm (n, 2) without a field, and what they are per acceleration (n, 2, 2)."""
        if self._arm is None:
            mass = self._task.plant.mass
            return mass * acceleration, np.broadcast_to(mass * np.eye(2), (len(hand), 2, 2))
        torques, _, per = self._arm.torques(hand, acceleration)
        return torques, per

    def _driven(self, now: Floats, later: Floats, going: Any) -> npt.NDArray[np.float32]:
        """Actions of a hand or of joints whose force lags."""
        plant = self._task.plant
        keep, top = float(np.exp(-self._task.dt / plant.force_lag)), np.array(plant.strength)
        command = np.where(going, np.clip((later - keep * now) / (1.0 - keep), -top, top), 0.0)
        self._own = np.concatenate([self._own[1:], [keep * self._own[-1] + (1.0 - keep) * command]])
        return np.asarray(command / top, np.float32)

    def _excited(self, wanted: Floats, joints: Floats, rest: Any, going: Any) -> npt.NDArray[np.float32]:
        """Excitations that give the torques, and at least the tension."""
        plant = self._task.plant
        excitation = excitations_for(wanted, (*joints, *self._active.T), self._params, plant)
        excitation = np.where(going, np.maximum(excitation, self._law.tension), rest)
        self._active = np.asarray(plant.activations(self._active, excitation, self._params)[-1])
        self._own = np.concatenate([self._own[1:], [exerted(self._active, joints, self._params, plant).sum(axis=2)]])
        return np.asarray(excitation, np.float32)


def best_share(task: SuiteTask, kwargs: Mapping[str, Any]) -> tuple[Interval, Laws]:
    """In which share of fresh trials the best law succeeds; every row of the task had one of its own."""
    rng, number = np.random.default_rng(0), task.episodes
    span = np.log(_MOST / _LEAST)
    laws = _LEAST * np.exp(span * rng.random((number, 5))) * (rng.random((number, 5)) >= _NEVER)
    for generation in range(GENERATIONS):
        shares = sum(_succeeds(task, kwargs, laws, 100 + TRIALS * generation + k) for k in range(TRIALS))
        best = laws[np.argsort(-np.asarray(shares), kind="stable")[:_PARENTS]]
        varied = np.repeat(best, number // _PARENTS, axis=0)
        laws = np.concatenate([best, varied[_PARENTS:] * np.exp(0.25 * rng.normal(size=(number - _PARENTS, 5)))])
    each = number // _PARENTS
    last = _succeeds(task, kwargs, np.repeat(best, each, axis=0), 200).reshape(_PARENTS, each).mean(axis=1)
    law = best[[int(np.argmax(last))]]
    return share_interval(_succeeds(task, kwargs, np.repeat(law, number, axis=0), 0)), Laws(*law.T[:, :, None])


def _succeeds(task: SuiteTask, kwargs: Mapping[str, Any], laws: Floats, seed: int) -> npt.NDArray[np.bool_]:
    agent = type("Follower", (Tracker,), {"laws": laws})
    return evaluate(agent, task.env_id, len(laws), seed, {**task.kwargs, "observation": "vector", **kwargs}).success
