"""What a person is told after a trial: whether he reached, how fast he was, and his points."""

from __future__ import annotations

import math
from typing import NamedTuple

from reach_gym.fields import Pair
from reach_gym.reach.keywords import Reach
from reach_gym.reach.rules import movement_steps
from reach_gym.rendering import CursorScene

PACE: Pair = (0.2, 0.8)
"""Movement time, s, that counts as neither too fast nor too slow in tasks that have no window of their own. Chosen: a smooth
reach of 10 cm takes a hand about half a second, and a hand that a spring draws to a mouse rather more."""
IN_PACE, OUT_OF_PACE = 10, 5  # points for a reach


class Outcome(NamedTuple):
    """What became of a trial.

    Attributes:
        words: What the person is told.
        points: What he gets.
    """

    words: str
    points: int


class MovementTimer:
    """Measures how long a movement takes as the rules of the task do (`reach_gym.reach.rules.movement_steps`).

    From leaving the start disc to the step with which the hold on the target begins.
    """

    def __init__(self, task: Reach) -> None:
        """Measures a trial of a `task`."""
        self._task = task
        self._step = self._left = self._held = 0

    def step(self, start: Pair, target: Pair, cursor: Pair, speed: float) -> None:
        """Takes in where the cursor is after a step, and how fast the hand (m/s)."""
        self._step += 1
        if not self._left and math.dist(cursor, start) > self._task.hold_radius:
            self._left = self._step
        on_target = math.dist(cursor, target) <= self._task.radius and speed < self._task.speed_limit
        self._held = self._held + 1 if on_target else 0

    @property
    def seconds(self) -> float:
        """How long it took; NaN if the cursor did not leave the start, or is not on the target."""
        if not self._left or not self._held:
            return math.nan
        return float(movement_steps(self._step, self._held, self._left)) * self._task.dt


def outcome(end: CursorScene, seconds: float, pace: Pair) -> Outcome:
    """What to tell about a trial.

    Args:
        end: Its last moment.
        seconds: The movement time, or NaN.
        pace: Shortest and longest movement time that is praised, where the task itself has no window.
    """
    if end.false_start:
        return Outcome("Too early: wait for the green frame", 0)
    if end.too_fast or end.too_slow:
        return Outcome("Too fast" if end.too_fast else "Too slow", 0)
    if not end.success:
        return Outcome("Too late", 0)
    if math.isnan(seconds):
        return Outcome("Reached", IN_PACE)
    if pace[0] <= seconds <= pace[1]:
        return Outcome(f"Reached in {seconds:.2f} s", IN_PACE)
    return Outcome(f"Reached, but too {'fast' if seconds < pace[0] else 'slow'}: {seconds:.2f} s", OUT_OF_PACE)
