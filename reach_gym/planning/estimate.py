"""Where is the hand now? A Kalman filter for noisy senses, and a forward model for late ones.

The filter's state holds the hand (x, y, vx, vy), its own force (fx, fy) where that lags behind the command, and, of somebody who
may be wrong about the field, a force (x, y) from outside that the believed field leaves out.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from reach_gym import fields
from reach_gym.planning import lqg
from reach_gym.planning.watch import Seen
from reach_gym.plants import point_mass
from reach_gym.plants.lagged_mass import fading

if TYPE_CHECKING:
    from reach_gym.reach.facts import TrialFacts

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

# s, after which a third of an unknown force is still expected.
SURPRISE_LASTS = 0.05
# N, of the force that really acted about the command, where neither noise nor doubt says more: senses without noise are believed.
LEAST_SPREAD = 1e-3


def acts(facts: TrialFacts, state: Floats) -> npt.NDArray[np.bool_]:
    """Whether each row's field acts on a hand in `state` (n, d) during the next step, in whose middle it is felt: bool (n,)."""
    x, y = (state[:, :2] + 0.5 * facts.dt * state[:, 2:4]).T
    return np.asarray(fields.is_inside(x, y, *facts.field[:, :4].T))


def scale_at(facts: TrialFacts, time: Integers) -> Floats:
    """The factor (n,) on each row's field in the steps `time` (n,)."""
    last = facts.scale.shape[1] - 1
    return np.asarray(facts.scale[np.arange(len(time)), np.clip(time, 0, last)])


def move(
    facts: TrialFacts, fading: tuple[float, float] | None, state: Floats, command: Floats, scale: Floats, outside: Any = 0.0
) -> tuple[Floats, Floats]:
    """One step of hands in `state` (n, d), away from walls.

    Args:
        facts: The trials.
        fading: Of the hands' own force, as `reach_gym.plants.lagged_mass.fading` gives it; ``None`` where it is the command.
        state: (n, d).
        command: (n, 2), N.
        scale: (n,), factor on the fields.
        outside: (n, 2), N, a force that acts beside the field.

    Returns:
        The states (n, d) after the step, and the field's mean forces (n, 2).
    """
    own, mean = state[:, 4:], command
    if fading:
        keep, lasting = fading
        own, mean = command + (own - command) * keep, command + (own - command) * lasting
    rate = facts.dt / facts.body.mass
    params = point_mass.Params(rate, rate * facts.body.damping, facts.dt, math.inf)
    moved, fx, fy = point_mass.step(state[:, :4].T, (mean + outside).T, scale, facts.field.T, params)
    return np.concatenate([np.stack(moved, axis=1), own], axis=1), np.stack([fx, fy], axis=1)


class Estimator:
    """Follows the hand of every row: what is seen tells of `delay` steps ago, and the commands since then tell the rest."""

    def __init__(self, facts: TrialFacts, surprise: float) -> None:
        """Prepares the rows of `facts`.

        Args:
            facts: The trials; the rows may begin anew later.
            surprise: Standard deviation, in newtons, of the force along one axis that the believed field may have left out.
        """
        rows, self._delay, body = len(facts.start), facts.delay, facts.body
        self.fading = fading(facts.dt, body.lag) if body.lag else None
        self.size = 6 if self.fading else 4
        place, pace = facts.sensory_noise
        noisy = place > 0 or pace > 0
        # Where hand and force are seen at once and exactly there is nothing to estimate, and no time to guess a force in.
        self._filters = noisy or bool(body.lag) or (surprise > 0 and self._delay > 0)
        self._surprise = surprise if self._filters else 0.0
        self._stays = math.exp(-facts.dt / SURPRISE_LASTS)
        self._seeing = np.array([place * place, place * place, pace * pace, pace * pace])
        self._floor = 0.0 if noisy else LEAST_SPREAD * LEAST_SPREAD
        whole = self.size + 2 * (self._surprise > 0)
        self._state, self._covariance = np.zeros((rows, whole)), np.zeros((rows, whole, whole))
        self._since, self._trust = np.zeros(rows, np.int64), np.ones(rows)
        self._noted = np.zeros(
            (self._delay + 1, 2, rows, 2)
        )  # commands and planned forces of the latest steps, the last one last

    def update(self, facts: TrialFacts, seen: Seen, trust: Floats) -> tuple[Floats, Floats]:
        """Takes in one look.

        Args:
            facts: The trials.
            seen: The look.
            trust: (n,), factors on the believed fields; what they leave out is noted as a force that was planned for.

        Returns:
            The states (n, d) of the hands now, as controllers know them, and the unknown forces (n, 2).
        """
        self._trust = trust
        past = seen.time - self._delay
        self._begin(facts, seen, past)
        if self._filters:
            self._filter(facts, seen, past)
        else:
            self._state = np.where((past >= 0)[:, None], seen.state, self._state)
        state = self._state
        for i in range(self._delay):
            step = past + i
            # Before its first step the hand rested at the start.
            state = np.where((step >= 0)[:, None], self._advance(facts, state, self._noted[i + 1], step), state)
        return state[:, : self.size], state[:, self.size :] if self._surprise > 0 else np.zeros((len(state), 2))

    def remember(self, command: Floats, planned: Floats) -> None:
        """Notes for the step to come the `command` (n, 2) and the part (n, 2) of the field that is `planned` for, in N."""
        self._noted = np.concatenate([self._noted[1:], np.stack([command, planned])[None]])

    def _advance(self, facts: TrialFacts, state: Floats, noted: Floats, time: Integers) -> Floats:
        """The states after the steps `time` (n,), of which command and planned force were `noted` (2, n, 2)."""
        command, outside = noted
        if self._surprise > 0:
            outside = outside + state[:, self.size :]
        moved, _ = move(facts, self.fading, state[:, : self.size], command, self._trust * scale_at(facts, time), outside)
        return np.concatenate([moved, self._stays * state[:, self.size :]], axis=1)

    def _begin(self, facts: TrialFacts, seen: Seen, past: Integers) -> None:
        new = seen.new
        if not new.any():
            return
        self._since[new] = np.maximum(past[new], 0)
        # A trial begins at rest at its start; of one under way only what is seen is known.
        fresh = (seen.time == 0)[:, None]
        rest = np.concatenate([facts.start, np.zeros_like(facts.start)], axis=1)
        self._state[new] = 0.0
        self._state[new, :4] = np.where(fresh, rest, seen.state)[new]
        doubt = np.zeros(self._state.shape[1])
        doubt[:4] = self._seeing
        self._covariance[new] = np.where(fresh[:, :, None], 0.0, np.diag(doubt))[new]
        if self._surprise > 0:
            at = np.arange(self.size, self.size + 2)
            self._covariance[np.flatnonzero(new)[:, None], at, at] = self._surprise * self._surprise

    def _filter(self, facts: TrialFacts, seen: Seen, past: Integers) -> None:
        """Moves the estimates on to the moment `past`, of which the senses tell now, and corrects them."""
        due = past > self._since
        if not due.any():
            return
        before, (command, _) = past - 1, self._noted[0]
        a, b = self._linear(facts, before)
        constant, share = facts.motor_noise
        variance = constant * constant + share * share * command * command + self._floor
        covariance = lqg.forget(self._covariance, a, b, variance)
        if self._surprise > 0:
            at = np.arange(self.size, self.size + 2)
            covariance[:, at, at] += (1.0 - self._stays * self._stays) * self._surprise * self._surprise
        state = self._advance(facts, self._state, self._noted[0], before)
        state, covariance = lqg.correct(state, covariance, seen.state, self._seeing)
        self._state = np.where(due[:, None], state, self._state)
        self._covariance = np.where(due[:, None, None], covariance, self._covariance)

    def _linear(self, facts: TrialFacts, time: Integers) -> tuple[Floats, Floats]:
        """The matrices of the steps `time` (n,), the unknown force among the states."""
        strength = (self._trust * scale_at(facts, time) * acts(facts, self._state))[:, None]
        linear = (strength * facts.field[:, 6:14]).reshape(-1, 2, 2, 2)
        body = facts.body
        hand = lqg.dynamics(facts.dt, body.mass, linear[:, 0] - body.damping * np.eye(2), linear[:, 1])
        a, b = lqg.lagging(*hand, *self.fading) if self.fading else hand
        if not self._surprise > 0:
            return a, b
        whole, free = np.zeros((len(a), self.size + 2, self.size + 2)), np.zeros((len(a), self.size + 2, 2))
        whole[:, : self.size, : self.size], whole[:, :4, self.size :] = a, hand[1]
        whole[:, self.size :, self.size :], free[:, : self.size] = self._stays * np.eye(2), b
        return whole, free
