"""Optimal feedback control of the cursor: a linear-quadratic-Gaussian controller with a belief about the field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from reach_gym.planning.durations import planned_steps, window_of
from reach_gym.planning.estimate import Estimator, acts, move, scale_at
from reach_gym.planning.gains import FREQUENCY, GainBook
from reach_gym.planning.row_gains import RowGains
from reach_gym.planning.watch import Belief, Seen, TrialWatch

if TYPE_CHECKING:
    from reach_gym.reach.facts import TrialFacts

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

# N along one axis, of a force that the believed field leaves out. Somebody who may be wrong about the field expects much, so that
# the senses outweigh the belief: with less the naive controller is thrown out of a curl field under a delay of 60 ms.
SURPRISE = {"trial": 0.0, "block": 10.0, "nothing": 10.0}
_SURPRISE_OF_LEARNERS = SURPRISE["block"]
# How much of a field that may be absent its believer's feedback and prediction count on where what he sees is late; the rest is
# planned for, as a force that comes with the time and not with the hand. So both the field and its absence are half expected.
TRUST = 0.5


class OptimalFeedback:
    """Holds the start until it sees the go cue, moves to the target in a time that suits the way, and holds it.

    The time is that of `reach_gym.planning.durations`. Where the believed field is linear everywhere the gains are those of
    `reach_gym.planning.gains`, optimal for additive noise; its constant part is cancelled. In a field with a region they are
    those of the field at the estimated place, inside or outside. Noisy and delayed senses go through an `Estimator`, which by the
    separation principle leaves the gains as they are. The gains do not allow for noise that grows with the command, as those of
    Todorov (2005) do, and their costs are not the measure of a task: this is a reference, not the optimum of a score.

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
            TypeError: `env` is no cursor reach.
        """
        if not isinstance(belief, str) and not callable(belief):
            shares = np.asarray(belief, np.float64)
            belief = lambda told, new: np.broadcast_to(shares, len(new))  # noqa: E731  # a constant, as a function
        self._watch = TrialWatch(env, belief)
        self._belief = belief
        self._window = window_of(env)
        self._rows = 0

    def reset(self, starts: Mask) -> None:
        """Forgets the rows, bool (n,), that begin an episode."""
        self._watch.reset(starts)

    @property
    def facts(self) -> TrialFacts:
        """The trials under way as the controller believes them to be; there are none before its first act."""
        return self._watch.facts

    def act(self, observations: Any) -> npt.NDArray[np.float32]:
        """Actions (n, 2) for a batch of observations."""
        seen = self._watch.look(observations)
        facts = self._watch.facts
        if len(seen.time) != self._rows:
            self._prepare(len(seen.time))
        self._solve(seen)
        state, unknown = self._estimator.update(facts, seen, self._trust)
        goal = np.where((seen.cue >= 0)[:, None], seen.goal, facts.start)
        inside = acts(facts, state)
        if self._hedges:
            command, planned = self._along_plan(seen, goal, state, inside, unknown)
        else:
            command, planned = self._towards(seen, goal, state, inside, unknown), np.zeros_like(goal)
        actions = self._watch.actions(command)
        self._estimator.remember(actions.astype(np.float64) * facts.body.strength, planned)
        return actions

    def _prepare(self, rows: int) -> None:
        facts = self._watch.facts
        late = facts.delay * facts.dt + facts.body.lag
        frequency = min(FREQUENCY, 1.0 / late) if late > 0 else FREQUENCY
        self._rows = rows
        learns = not isinstance(self._belief, str)
        self._hedges = (learns or self._belief == "block") and late > 0
        book = GainBook(facts.dt, facts.body, frequency, straight=learns)
        self._gains, self._hedged = RowGains(book, rows), RowGains(book, rows)
        self._estimator = Estimator(facts, SURPRISE[self._belief] if isinstance(self._belief, str) else _SURPRISE_OF_LEARNERS)
        self._trust, self._plan = np.ones(rows), np.zeros((rows, book.size))

    def _solve(self, seen: Seen) -> None:
        """Solves the problems of the rows whose trial or movement begins."""
        facts, new = self._watch.facts, seen.new
        if new.any():
            if self._hedges:
                # A field that drives the hand away leaves no time to find out that it is there.
                self._trust[new] = np.where(_drives(facts.field, facts.scale), 1.0, TRUST)[new]
                self._hedged.begin(facts, new, self._trust)
            self._gains.begin(facts, new, np.ones(self._rows))
        if seen.cued.any():
            way = np.linalg.norm(seen.goal - facts.start, axis=1)[seen.cued]
            steps = planned_steps(way, facts.dt, self._window)
            for gains in (self._gains, self._hedged) if self._hedges else (self._gains,):
                gains.go(seen, steps)

    def _towards(self, seen: Seen, goal: Floats, state: Floats, inside: Mask, unknown: Floats) -> Floats:
        """The command (n, 2) that leads hands in `state` (n, d) to their `goal` (n, 2) by the believed field."""
        facts = self._watch.facts
        # What the field does to a hand at rest at its goal; the gains see to the rest.
        strength = (scale_at(facts, seen.time) * inside)[:, None]
        stiffness = facts.field[:, 10:14].reshape(-1, 2, 2)
        bias = strength * (facts.field[:, 4:6] + _times(stiffness, goal - facts.field[:, 14:16])) + unknown
        own = state[:, 4:] + bias[:, : state.shape[1] - 4]
        away = np.concatenate([state[:, :2] - goal, state[:, 2:4], own], axis=1)
        return -_times(self._gains.now(seen, inside), away) - bias

    def _along_plan(self, seen: Seen, goal: Floats, state: Floats, inside: Mask, unknown: Floats) -> tuple[Floats, Floats]:
        """The command (n, 2) that keeps hands to their plan, and the part (n, 2) of the field's force that they plan for.

        The plan is how the hand would move if the belief were true.
        """
        facts, plan = self._watch.facts, self._plan
        plan[seen.new] = state[seen.new]
        there = acts(facts, plan)
        wanted = self._towards(seen, goal, plan, there, np.zeros_like(goal))
        if plan.shape[1] > 4:
            still = seen.cue < 0
            plan[still, 4:] = wanted[still]
        off = state - plan
        off[:, 4:] += unknown[:, : off.shape[1] - 4]
        command = wanted - _times(self._hedged.now(seen, inside), off) - unknown
        most = facts.body.strength
        self._plan, force = move(facts, self._estimator.fading, plan, np.clip(wanted, -most, most), scale_at(facts, seen.time))
        return command, (1.0 - self._trust)[:, None] * force


def _drives(field: Floats, scale: Floats) -> Mask:
    """Whether fields (n, 16) at factors (n, steps) can put energy into a hand by its velocity, or push it off: bool (n,)."""
    found = np.zeros(len(field), np.bool_)
    for xx, xy, yx, yy in (field[:, 6:10].T, field[:, 10:14].T):
        # Of the symmetric part: a curl does no work. Rounding must not count.
        middle, around = 0.5 * (xx + yy), np.hypot(0.5 * (xx - yy), 0.5 * (xy + yx))
        for factor in (scale.max(axis=1), scale.min(axis=1)):
            found |= factor * middle + np.abs(factor) * around > 1e-9 * np.abs(factor) * (np.abs(xx) + np.abs(yy))
    return found


def _times(matrices: Floats, vectors: Floats) -> Floats:
    """Products (n, i) of matrices (n, i, j) and vectors (n, j)."""
    return np.asarray((matrices * vectors[:, None, :]).sum(axis=2))
