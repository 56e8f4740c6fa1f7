"""Optimal feedback control of a point mass: a linear-quadratic-Gaussian controller with a belief about the field."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from reach_gym.planning.doubt import TRUST, Doubt, drives, frequency_of
from reach_gym.planning.durations import TimeWindow, planned_steps
from reach_gym.planning.estimate import Estimator, acts, move, scale_at
from reach_gym.planning.gains import GainBook
from reach_gym.planning.lqg import times
from reach_gym.planning.row_gains import RowGains
from reach_gym.planning.watch import Seen

if TYPE_CHECKING:
    from reach_gym.reach.facts import TrialFacts

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


class PointFeedback:
    """Commands for point masses; see `reach_gym.planning.optimal.OptimalFeedback`.

    Where the believed field is linear everywhere the gains are those of `reach_gym.planning.gains`, optimal for additive noise;
    its constant part is cancelled. In a field with a region they are those of the field at the estimated place, inside or out.
    Noisy and delayed senses go through an `Estimator`, which by the separation principle leaves the gains as they are. The gains
    do not allow for noise that grows with the command, as those of Todorov (2005) do.
    """

    def __init__(self, facts: TrialFacts, window: TimeWindow | None, doubt: Doubt) -> None:
        """Prepares the rows of `facts`."""
        self._rows, self._window = len(facts.start), window
        late = facts.delay * facts.dt + facts.body.lag
        self._hedges = doubt.hedges and late > 0
        book = GainBook(facts.dt, facts.body, frequency_of(late), straight=doubt.learns)
        self._gains, self._hedged = RowGains(book, self._rows), RowGains(book, self._rows)
        self._estimator = Estimator(facts, doubt.surprise)
        self._trust, self._plan = np.ones(self._rows), np.zeros((self._rows, book.size))
        self._planned = np.zeros((self._rows, 2))

    def command(self, facts: TrialFacts, seen: Seen) -> Floats:
        """The forces (n, 2), N, that hands are to exert in the step to come."""
        self._solve(facts, seen)
        state, unknown = self._estimator.update(facts, seen, self._trust)
        goal = np.where((seen.cue >= 0)[:, None], seen.goal, facts.start)
        inside = acts(facts, state)
        if not self._hedges:
            return self._towards(facts, seen, goal, state, inside, unknown)
        command, self._planned = self._along_plan(facts, seen, goal, state, inside, unknown)
        return command

    def remember(self, command: Floats) -> None:
        """Notes the forces (n, 2), N, that were exerted."""
        self._estimator.remember(command, self._planned)

    def _solve(self, facts: TrialFacts, seen: Seen) -> None:
        """Solves the problems of the rows whose trial or movement begins."""
        new = seen.new
        if new.any():
            if self._hedges:
                # A field that drives the hand away leaves no time to find out that it is there.
                self._trust[new] = np.where(drives(facts.field, facts.scale), 1.0, TRUST)[new]
                self._hedged.begin(facts, new, self._trust)
            self._gains.begin(facts, new, np.ones(self._rows))
        if seen.cued.any():
            way = np.linalg.norm(seen.goal - facts.start, axis=1)[seen.cued]
            steps = planned_steps(way, facts.dt, self._window)
            for gains in (self._gains, self._hedged) if self._hedges else (self._gains,):
                gains.go(seen, steps)

    def _towards(self, facts: TrialFacts, seen: Seen, goal: Floats, state: Floats, inside: Mask, unknown: Floats) -> Floats:
        """The command (n, 2) that leads hands in `state` (n, d) to their `goal` (n, 2) by the believed field."""
        # What the field does to a hand at rest at its goal; the gains see to the rest.
        strength = (scale_at(facts, seen.time) * inside)[:, None]
        stiffness = facts.field[:, 10:14].reshape(-1, 2, 2)
        bias = strength * (facts.field[:, 4:6] + times(stiffness, goal - facts.field[:, 14:16])) + unknown
        own = state[:, 4:] + bias[:, : state.shape[1] - 4]
        away = np.concatenate([state[:, :2] - goal, state[:, 2:4], own], axis=1)
        return -times(self._gains.now(seen, inside), away) - bias

    def _along_plan(
        self, facts: TrialFacts, seen: Seen, goal: Floats, state: Floats, inside: Mask, unknown: Floats
    ) -> tuple[Floats, Floats]:
        """The command (n, 2) that keeps hands to their plan, and the part (n, 2) of the field's force that they plan for.

        The plan is how the hand would move if the belief were true.
        """
        plan = self._plan
        plan[seen.new] = state[seen.new]
        there = acts(facts, plan)
        wanted = self._towards(facts, seen, goal, plan, there, np.zeros_like(goal))
        if plan.shape[1] > 4:
            still = seen.cue < 0
            plan[still, 4:] = wanted[still]
        off = state - plan
        off[:, 4:] += unknown[:, : off.shape[1] - 4]
        command = wanted - times(self._hedged.now(seen, inside), off) - unknown
        most = facts.body.strength
        self._plan, force = move(facts, self._estimator.fading, plan, np.clip(wanted, -most, most), scale_at(facts, seen.time))
        return command, (1.0 - self._trust)[:, None] * force
