"""Where is the hand now? A Kalman filter for noisy senses, and a forward model for late ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from reach_gym import fields
from reach_gym.planning import lqg
from reach_gym.planning.watch import Seen

if TYPE_CHECKING:
    from reach_gym.reach.facts import TrialFacts

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


def acts(facts: TrialFacts, state: Floats) -> npt.NDArray[np.bool_]:
    """Whether each row's field acts on a hand in `state` (n, 4) during the next step, in whose middle it is felt: bool (n,)."""
    x, y = (state[:, :2] + 0.5 * facts.dt * state[:, 2:]).T
    return np.asarray(fields.is_inside(x, y, *facts.field[:, :4].T))


def scale_at(facts: TrialFacts, time: Integers) -> Floats:
    """The factor (n,) on each row's field in the steps `time` (n,)."""
    last = facts.scale.shape[1] - 1
    return np.asarray(facts.scale[np.arange(len(time)), np.clip(time, 0, last)])


def advance(facts: TrialFacts, state: Floats, command: Floats, time: Integers) -> Floats:
    """The state (n, 4) after the steps `time` (n,) under a `command` (n, 2), by the believed field."""
    moved, _, _ = facts.plant.step(state.T, command.T, scale_at(facts, time), facts.field.T, facts.params)
    return np.stack(moved, axis=1)


class Estimator:
    """Follows the hand of every row: what is seen tells of `delay` steps ago, and the commands since then tell the rest."""

    def __init__(self, facts: TrialFacts, doubt: float) -> None:
        """Prepares the rows of `facts`.

        Args:
            facts: The trials; the rows may begin anew later.
            doubt: Standard deviation of a force in newtons that the believed field may have left out.
        """
        rows, self._delay, self._doubt = len(facts.start), facts.delay, doubt
        self._filters = any(deviation > 0 for deviation in facts.sensory_noise)
        place, pace = facts.sensory_noise
        self._seeing = np.array([place * place, place * place, pace * pace, pace * pace])
        self._state, self._covariance = np.zeros((rows, 4)), np.zeros((rows, 4, 4))
        self._since = np.zeros(rows, np.int64)
        self._commands = np.zeros((self._delay + 1, rows, 2))  # of the latest steps, the last one last

    def update(self, facts: TrialFacts, seen: Seen) -> Floats:
        """The states (n, 4) of the hands now, after one look."""
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
            state = np.where((step >= 0)[:, None], advance(facts, state, self._commands[i + 1], step), state)
        return state

    def remember(self, command: Floats) -> None:
        """Notes the forces (n, 2) that the hands are going to exert, in newtons."""
        self._commands = np.concatenate([self._commands[1:], command[None]])

    def _begin(self, facts: TrialFacts, seen: Seen, past: Integers) -> None:
        new = seen.new
        if not new.any():
            return
        self._since[new] = np.maximum(past[new], 0)
        # A trial begins at rest at its start; of one under way only what is seen is known.
        fresh = (seen.time == 0)[:, None]
        rest = np.concatenate([facts.start, np.zeros_like(facts.start)], axis=1)
        self._state[new] = np.where(fresh, rest, seen.state)[new]
        self._covariance[new] = np.where(fresh[:, :, None], 0.0, np.diag(self._seeing))[new]

    def _filter(self, facts: TrialFacts, seen: Seen, past: Integers) -> None:
        """Moves the estimates on to the moment `past`, of which the senses tell now, and corrects them."""
        due = past > self._since
        if not due.any():
            return
        before, command = past - 1, self._commands[0]
        strength = (scale_at(facts, before) * acts(facts, self._state))[:, None]
        linear = (strength * facts.field[:, 6:14]).reshape(-1, 2, 2, 2)
        body = facts.body
        a, b = lqg.dynamics(facts.dt, body.mass, linear[:, 0] - body.damping * np.eye(2), linear[:, 1])
        constant, share = facts.motor_noise
        variance = constant * constant + share * share * command * command + self._doubt * self._doubt
        covariance = lqg.forget(self._covariance, a, b, variance)
        state = advance(facts, self._state, command, before)
        state, covariance = lqg.correct(state, covariance, seen.state, self._seeing)
        self._state = np.where(due[:, None], state, self._state)
        self._covariance = np.where(due[:, None, None], covariance, self._covariance)
