"""Errors of trials in units of the perturbation: how far the hand was off at its peak speed, by what a unit of mismatch does.

Who expects the share x of a field, in which the share f acts, moves as if a field of f - x acted on a hand that expects none. So
a channel, in which nobody gets off the line, is a trial without error, and a catch trial one of an error of -x.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from reach_gym.models.model import Flags, Floats
from reach_gym.planning import OptimalFeedback
from reach_gym.planning.watch import own_perturbation
from reach_gym.reach.observations import Sensed
from reach_gym.reach.vector_env import CursorReachVectorEnv

SLOWEST = 0.05  # m/s; who never moves faster has not reached
_DRAWN = 48  # trials tried where the task draws its targets
_SEED = 1
_CONDITIONS = ((0.0, 1.0), (0.0, -1.0), (1.0, 1.0), (1.0, 0.0))  # what is expected and what acts: mismatch 1, -1, 0 and -1
_LEAST = 1e-4  # m; a unit of mismatch that does less in some direction cannot be told from what senses and walls do


class Tracker:
    """Notes of every row the cursor's signed deviation from the line to the target, left positive, at its peak speed so far."""

    def __init__(self, rows: int) -> None:
        """Nothing seen yet of `rows` rows."""
        self.cued = np.zeros(rows, np.bool_)
        self.peak, self.off, self.way = np.zeros(rows), np.zeros(rows), np.zeros((rows, 2))

    def add(self, sensed: Sensed, start: Floats) -> None:
        """Takes in one observation of every row; `start` (n, 2)."""
        self.cued |= sensed.go
        pace = np.hypot(sensed.velocity[:, 0], sensed.velocity[:, 1])
        way, from_start = sensed.target - start, sensed.position - start
        length = np.hypot(way[:, 0], way[:, 1])
        faster = self.cued & sensed.visible & (pace > self.peak) & (length > 0)
        lateral = way[:, 0] * from_start[:, 1] - way[:, 1] * from_start[:, 0]
        self.peak = np.where(faster, pace, self.peak)
        self.off = np.where(faster, lateral / np.where(length > 0, length, 1.0), self.off)
        self.way = np.where(faster[:, None], way, self.way)

    @property
    def moved(self) -> Flags:
        """Bool (n,), rows that reached."""
        return self.peak > SLOWEST

    def forget(self, rows: Flags) -> None:
        """Begins the `rows`, bool (n,), anew."""
        self.cued[rows], self.peak[rows], self.off[rows], self.way[rows] = False, 0.0, 0.0, 0.0


class Yardstick(NamedTuple):
    """What a mismatch does to a reach, by the way from start to target.

    Attributes:
        way: float64 (k, 2), m, from start to target of the trials that were tried.
        unit: float64 (k,), m, deviation that a mismatch of 1 produces; NaN where it does nothing that can be told.
        right: float64 (k,), m, deviation of a hand that rightly expects 1: near 0.
    """

    way: Floats
    unit: Floats
    right: Floats

    def error(self, off: Floats, way: Floats) -> Floats:
        """The errors (n,) of trials with deviations `off` (n,) on ways (n, 2); 0 where no mismatch can be told.

        The trial that was tried on the most similar way is the measure.
        """
        nearest = ((way[:, None] - self.way) ** 2).sum(axis=2).argmin(axis=1)
        return np.asarray(np.nan_to_num(off / self.unit[nearest]))


def yardstick(env: Any) -> Yardstick | None:
    """Tries what mismatches do in the task of an environment, without noise; ``None`` where it has no perturbation.

    Args:
        env: A cursor reach of this package, unwrapped.
    """
    task = env.task
    field, rotation = own_perturbation(env)
    if rotation == 0 and not any(field.gain * number for number in field.numbers[4:14]):
        return None
    count = len(task.points) or _DRAWN
    quiet: dict[str, Any] = {"sensory_noise": (0.0, 0.0), "motor_noise": (0.0, 0.0), "backend": "numpy", "schedule": None}
    rows = CursorReachVectorEnv(count * len(_CONDITIONS), task, field=field, **quiet)
    try:
        expected, acting = (np.repeat(each, count) for each in zip(*_CONDITIONS, strict=True))
        off, way = _try(rows, expected, acting, count)
    finally:
        rows.close()
    one, minus, right, over = off.reshape(len(_CONDITIONS), count)
    unit = (one - minus - (over - right)) / 3.0
    return Yardstick(way[:count], np.where(np.abs(unit) >= _LEAST, unit, np.nan), right)


def _try(rows: CursorReachVectorEnv, expected: Floats, acting: Floats, count: int) -> tuple[Floats, Floats]:
    """Deviations and ways of one trial of each row."""
    options: dict[str, Any] = {"gain": acting.tolist()}
    if rows.task.points:
        limit = rows.task.workspace
        options["target"] = np.clip(rows.task.points, -limit, limit).tolist() * len(_CONDITIONS)
    seeds: list[int | None] = [_SEED + i % count for i in range(rows.num_envs)]
    observations, _ = rows.reset(seed=seeds, options=options)
    agent, seen = OptimalFeedback(rows, expected), Tracker(rows.num_envs)
    running = np.ones(rows.num_envs, np.bool_)
    agent.reset(running)
    while running.any():
        observations, _, terminated, truncated, _ = rows.step(agent.act(observations))
        before = seen.peak.copy(), seen.off.copy(), seen.way.copy()
        seen.add(rows.sense(observations), agent.facts.start)
        for name, old in zip(("peak", "off", "way"), before, strict=True):
            getattr(seen, name)[~running] = old[~running]
        running &= ~(terminated | truncated)
    return seen.off, seen.way
