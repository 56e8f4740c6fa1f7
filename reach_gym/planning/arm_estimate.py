"""Where is the arm now? An extended Kalman filter for noisy senses, and the plant's own step as a forward model for late ones.

As `reach_gym.planning.estimate` for a point mass: what is believed moves by the plant's own step; how sure that is follows from
the step's linearisation at the hand (`reach_gym.planning.arm_model`).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from reach_gym.planning import lqg
from reach_gym.planning.arm_model import ArmModel, felt
from reach_gym.planning.estimate import LEAST_SPREAD, SURPRISE_LASTS, scale_at
from reach_gym.planning.lqg import times
from reach_gym.planning.muscles import exerted
from reach_gym.planning.watch import Seen
from reach_gym.plants.muscle_arm import MuscleArm
from reach_gym.plants.plant import Plant
from reach_gym.plants.two_link_arm import TwoLinkArm

if TYPE_CHECKING:
    from reach_gym.reach.facts import TrialFacts

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

# m and m/s: so much of what a step does its linearisation may leave out, so that senses are not believed more than that.
_LINEAR = 1e-5, 1e-4
_FEW = 16  # rows, up to which plain numbers are sooner than arrays; the bits are the same


class Arm(NamedTuple):
    """Where arms are believed to be.

    Attributes:
        hand: (n, 4), place and velocity.
        torque: (n, 2), N m, what the arms themselves exert; (n, 0) where that is the command.
        body: (s, n), the states of the plants.
    """

    hand: Floats
    torque: Floats
    body: Floats


class ArmEstimator:
    """Follows the arm of every row: what is seen tells of `delay` steps ago, and the commands since then tell the rest."""

    def __init__(self, facts: TrialFacts, model: ArmModel, surprise: float) -> None:
        """Prepares the rows of `facts`.

        Args:
            facts: The trials; the rows may begin anew later.
            model: The arm.
            surprise: As for `reach_gym.planning.estimate.Estimator`.
        """
        rows, self._delay, self._model = len(facts.start), facts.delay, model
        place, pace = facts.sensory_noise
        noisy = place > 0 or pace > 0
        self._filters = noisy or model.lag > 0 or (surprise > 0 and self._delay > 0)
        # Nothing is left to be known of arms that obey at once and whose hands are seen at once and exactly.
        self._sees_all = not self._filters and self._delay == 0 and isinstance(facts.plant, TwoLinkArm)
        # As an acceleration it is as much as of a point mass of 1 kg.
        self._surprise = surprise * model.arm.lightest if self._filters else 0.0
        self._stays = math.exp(-facts.dt / SURPRISE_LASTS)
        place, pace = max(place, _LINEAR[0]), max(pace, _LINEAR[1])
        self._seeing = np.array([place * place, place * place, pace * pace, pace * pace])
        self._floor = 0.0 if noisy else LEAST_SPREAD * LEAST_SPREAD
        self._body = np.stack(self._still(facts, facts.start))
        whole = model.size + 2 * (self._surprise > 0)
        self._unknown, self._covariance = np.zeros((rows, 2)), np.zeros((rows, whole, whole))
        self._since, self._trust = np.zeros(rows, np.int64), np.ones(rows)
        # Commands and planned forces of the latest steps, the last one last.
        self._commands = np.zeros((self._delay + 1, rows, len(facts.plant.strength)))
        self._planned = np.zeros((self._delay + 1, rows, 2))

    def update(self, facts: TrialFacts, seen: Seen, trust: Floats) -> tuple[Arm, Floats]:
        """Takes in one look.

        Args:
            facts: The trials.
            seen: The look.
            trust: (n,), factors on the believed fields; what they leave out is noted as a force that was planned for.

        Returns:
            The arms now, and the unknown forces (n, 2).
        """
        if self._sees_all:
            return Arm(seen.state, self._body[4:4].T, self._body), self._unknown
        self._trust = trust
        past = seen.time - self._delay
        self._begin(facts, seen, past)
        due = past > self._since
        if due.any():
            self._correct(facts, seen, past, due)
        body, unknown = self._body, self._unknown
        for i in range(self._delay):
            # Before its first step the arm rested at the start.
            body = np.where(past + i >= 0, self._advance(facts, body, unknown, i + 1, past + i), body)
            unknown = np.where((past + i >= 0)[:, None], self._stays * unknown, unknown)
        return Arm(self._hand(facts, body), body[4 : self._model.size].T, body), unknown

    def remember(self, command: Floats, planned: Floats) -> None:
        """Notes for the step to come the `command` (n, actuators) and the part (n, 2), N, of the field that is `planned` for."""
        self._commands = np.concatenate([self._commands[1:], command[None]])
        self._planned = np.concatenate([self._planned[1:], planned[None]])

    def _still(self, facts: TrialFacts, place: Floats) -> Any:
        return facts.plant.start(place[:, 0], place[:, 1], facts.params)

    def _hand(self, facts: TrialFacts, body: Floats) -> Floats:
        return np.stack(facts.plant.hand(tuple(body), facts.params), axis=1)

    def _around(self, facts: TrialFacts, hand: Floats, unknown: Floats, noted: int, time: Integers) -> Floats:
        """The field (n, 16) that is believed to act on hands (n, 4) in the steps `time` (n,)."""
        middle = hand[:, :2] + 0.5 * facts.dt * hand[:, 2:]
        return felt(facts.field, self._trust * scale_at(facts, time), middle, self._planned[noted] + unknown)

    def _advance(self, facts: TrialFacts, body: Floats, unknown: Floats, noted: int, time: Integers) -> Floats:
        """The plants' states (s, n) after the steps `time` (n,), of which command and planned force were `noted`."""
        hand = self._hand(facts, body)
        around = self._around(facts, hand, unknown, noted, time)
        return stepped(facts.plant, body, self._commands[noted].T, around.T, facts.params)

    def _begin(self, facts: TrialFacts, seen: Seen, past: Integers) -> None:
        new = seen.new
        if not new.any():
            return
        self._since[new] = np.maximum(past[new], 0)
        # A trial begins at rest at its start; of one under way only what is seen is known.
        fresh = seen.time == 0
        body = np.stack(self._still(facts, np.where(fresh[:, None], facts.start, seen.state[:, :2])))
        body[:4] = np.where(fresh, body[:4], self._model.joints(seen.state).T)
        self._body[:, new], self._unknown[new] = body[:, new], 0.0
        doubt = np.zeros(self._covariance.shape[1])
        doubt[:4] = self._seeing
        self._covariance[new] = np.where(fresh[:, None, None], 0.0, np.diag(doubt))[new]
        if self._surprise > 0:
            at = np.arange(self._model.size, self._model.size + 2)
            self._covariance[np.flatnonzero(new)[:, None], at, at] = self._surprise * self._surprise

    def _correct(self, facts: TrialFacts, seen: Seen, past: Integers, due: npt.NDArray[np.bool_]) -> None:
        """Moves the estimates on to the moment `past`, of which the senses tell now, and corrects them where that is `due`."""
        size = self._model.size
        covariance = self._less_sure(facts, past - 1) if self._filters else self._covariance
        body = self._advance(facts, self._body, self._unknown, 0, past - 1)
        hand = self._hand(facts, body)
        if self._filters:
            whole = np.concatenate([hand, body[4:size].T, self._stays * self._unknown], axis=1)[:, : covariance.shape[1]]
            whole, covariance = lqg.correct(whole, covariance, seen.state, self._seeing)
            hand, body[4:size] = whole[:, :4], whole[:, 4:size].T
            if self._surprise > 0:
                self._unknown = np.where(due[:, None], whole[:, size:], self._unknown)
        else:
            hand = seen.state
        body[:4] = self._model.joints(hand).T
        self._body = np.where(due, body, self._body)
        self._covariance = np.where(due[:, None, None], covariance, self._covariance)

    def _less_sure(self, facts: TrialFacts, time: Integers) -> Floats:
        """The covariances after the steps `time` (n,)."""
        size = self._model.size
        hand = self._hand(facts, self._body)
        torque, variance = self._torque(facts)
        around = self._around(facts, hand, self._unknown, 0, time)
        a, b, c = self._model.linear(np.concatenate([hand, self._body[4:size].T], axis=1), torque, around)
        if self._surprise > 0:
            whole, free = np.zeros((len(a), size + 2, size + 2)), np.zeros((len(a), size + 2, 2))
            whole[:, :size, :size], whole[:, :size, size:], whole[:, size:, size:] = a, c, self._stays * np.eye(2)
            free[:, :size] = b
            a, b = whole, free
        covariance = lqg.forget(self._covariance, a, b, variance)
        if self._surprise > 0:
            at = np.arange(size, size + 2)
            covariance[:, at, at] += (1.0 - self._stays * self._stays) * self._surprise * self._surprise
        return covariance

    def _torque(self, facts: TrialFacts) -> tuple[Floats, Floats]:
        """The torques (n, 2) of the step that is taken in, N m, and their variances by the noise of the commands."""
        constant, share = facts.motor_noise
        command, plant = self._commands[0], facts.plant
        variance = constant * constant + share * share * command * command
        if not isinstance(plant, MuscleArm):
            return command, variance + self._floor
        # As if activations followed at once.
        now, most = (
            exerted(activation, self._body[:4], facts.params, plant) for activation in (self._body[4:].T, np.ones_like(command))
        )
        return now.sum(axis=2), times(most * most, variance) + self._floor


def stepped(plant: Plant, body: Floats, command: Floats, field: Floats, params: Any) -> Floats:
    """The states (s, n) of plants after a step from states (s, n) under commands (a, n) and fields (16, n) of factor 1."""
    if body.shape[1] > _FEW:
        return np.stack(plant.stop(plant.step(tuple(body), tuple(command), 1.0, tuple(field), params)[0], params))
    rows = zip(body.T.tolist(), command.T.tolist(), field.T.tolist(), strict=True)
    return np.array([plant.stop(plant.step(*each[:2], 1.0, each[2], params)[0], params) for each in rows]).T
