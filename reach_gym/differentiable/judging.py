"""What has no gradient in rows of tensors: phases, events, judging and all that is counted, with arrays as everywhere else.

On the CPU the arrays are the tensors' own memory; from another device a hand is fetched in every step.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from reach_gym.reach.events import set_off, squared_distance_all
from reach_gym.reach.facts import what_happens
from reach_gym.reach.keywords import Reach
from reach_gym.reach.rows import STREAM, Counts, ReachRows, Trial, float_lines
from reach_gym.reach.rules import Signals, Verdict, is_late, judge, shown, signals
from reach_gym.reach.tables import ReachTables, limits_of, settings_of, wholes_of
from reach_gym.rows.records import Array, Floats, Mask


class Visible(NamedTuple):
    """What is shown besides the cursor.

    Attributes:
        visible: bool (n,), whether the target is.
        cue: bool (n,), whether the go cue is on.
        target: float64 (2, n), where the target is seen, m.
        signals: The rules' signals.
    """

    visible: Mask
    cue: Mask
    target: Floats
    signals: Signals


class Referee:
    """Counts and judges n rows.

    Attributes:
        trial: `reach_gym.reach.rows.Trial`, (n,) each; targets stand where they have jumped to.
        counts: `reach_gym.reach.rows.Counts`, int32 (n,) each.
        keys: uint64 (n,), of the trials' noise.
    """

    trial: Trial
    counts: Counts
    keys: Array

    def __init__(self, task: Reach, tables: ReachTables, longest: int) -> None:
        """Prepares a task whose trials are `longest` steps long at most."""
        self._task, self._tables, self._longest = task, tables, longest
        self._at, self._limits = float_lines(task.plant), limits_of(settings_of(task), wholes_of(task, longest))

    @property
    def limits(self) -> tuple[int, bool]:
        """Steps from the go cue to the time limit, and whether a false start ends the trial."""
        return self._limits.last, self._limits.abort

    def load(self, rows: ReachRows, mask: Mask) -> None:
        """Begins the trials of `rows` in those of `mask`; see `reach_gym.differentiable.rows.TorchRows.load`."""
        self.trial, self.keys = self._at.trial_of(rows.floats), rows.streams[STREAM.noise]
        self.counts = Counts(*(rows.counts if mask.all() else np.where(mask, rows.counts, np.stack(self.counts))))
        if self._task.is_eventful:
            self._place_targets()

    def factor(self) -> Floats | None:
        """The factor on the field in the step that comes, (n,); ``None`` where it is always 1."""
        waves, periods, counts = self._tables.waves, self._tables.periods, self.counts
        return None if len(periods) == 1 else waves[counts.wave, counts.step % periods[counts.wave]]

    def happening(self, name: str, since: str) -> Floats:
        """X and y (2, n) of an event in each row now, m or N."""
        counts = self.counts
        return np.stack(what_happens(self._tables, getattr(counts, name), getattr(counts, since), counts.step))

    def step(self, hand: Floats) -> None:
        """Counts a step after which the hand is there, (4, n); sets events off, and moves the targets that jump."""
        self.counts = counts = self.counts._replace(step=self.counts.step + 1)
        if not self._task.is_eventful:
            return
        for name, since in (("jump", "jumped"), ("shift", "shifted"), ("pulse", "pushed")):
            line, before = getattr(counts, name), getattr(counts, since)
            _, _, trigger, at, _ = self._tables.events[line].T
            on = set_off(before, line, trigger, at, counts.step, counts.go, tuple(hand), self.trial)
            self.counts = self.counts._replace(**{since: on})
        self._place_targets()

    def _place_targets(self) -> None:
        x, y = self.happening("jump", "jumped")
        self.trial = self.trial._replace(target_x=self.trial.home_x + x, target_y=self.trial.home_y + y)

    def judge(self, hand: Floats, cursor: Floats) -> tuple[Verdict, Mask]:
        """What the rules say of hands and cursors, (4, n) each, and bool (n,) whether the time is over."""
        counts, trial, (x, y, _, _) = self.counts, self.trial, cursor
        dx, dy = x - trial.target_x, y - trial.target_y
        squared = squared_distance_all(x, y, trial) if self._task.is_eventful else dx * dx + dy * dy
        verdict = Verdict(
            *judge(
                *(counts.step, counts.go, x, y, hand[2], hand[3], trial.start_x, trial.start_y),
                *(squared, counts.false_start, counts.held, counts.left, self._limits),
            )
        )
        kept = {name: getattr(verdict, name) for name in ("false_start", "held", "left", "success", "ended")}
        self.counts = counts._replace(**kept)
        return verdict, (counts.step >= self._longest) | is_late(counts.step, counts.go, self._limits.last)

    def seen(self, late_goal: int, held: Array) -> Visible:
        """What is shown now; `held` are the steps on the target that are told."""
        task, counts, trial = self._task, self.counts, self.trial
        visible, cue = shown(counts.step, task.delay, late_goal, task.onset, counts.go, task.pulse)
        target_x, target_y = trial.target_x, trial.target_y
        if task.is_eventful:  # a jump of the target is seen as late as the target
            late = counts.step - task.delay * late_goal
            jump_x, jump_y = what_happens(self._tables, counts.jump, counts.jumped, late)
            target_x, target_y = trial.home_x + jump_x, trial.home_y + jump_y
        told = signals(counts.step - task.delay, task.onset, counts.go, counts.left, held, task.hold_steps, task.dt)
        return Visible(visible, cue, np.stack([target_x, target_y]), Signals(*told))
