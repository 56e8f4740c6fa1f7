"""The reward of the grid reach for other goals than the trial's, for goal-conditioned learners."""

from __future__ import annotations

from typing import Any

import numpy as np

from reach_gym import checks
from reach_gym.grid.keywords import GridReach
from reach_gym.grid.rules import is_hit, reward
from reach_gym.grid.world import squared_distance, squared_limit
from reach_gym.rows.goals import Floats, read_infos

_TOLD = ("radius",)  # what the reward depends on beside the goals


def goal_reward(task: GridReach, achieved: Floats, desired: Floats, infos: Any) -> Floats:
    """The rewards of steps that ended at `achieved` if the target had been at `desired`.

    Args:
        task: The task.
        achieved: Cursors, (n, 2), scaled to [0, 1]; the nearest squares count.
        desired: Targets, likewise.
        infos: Of the steps. Where they tell no radius, that of the task holds, unless it shrinks.

    Returns:
        float64 (n,).

    Raises:
        ValueError: The goals are not from 0 to 1, or `infos` lack a radius that shrinks, or tell one that is none.
    """
    (x, y), (to_x, to_y) = _squares(task, "achieved_goal", achieved), _squares(task, "desired_goal", desired)
    limit = squared_limit(_radius(task, infos, len(x)))
    return np.asarray(reward(True, is_hit(squared_distance(x, y, to_x, to_y), limit)))


def _squares(task: GridReach, name: str, goals: Floats) -> Floats:
    if (np.abs(goals - 0.5) > 0.5).any():
        raise ValueError(f"`{name}` must be from 0 to 1, got {goals.min():g} to {goals.max():g}.")
    return np.rint(goals * (task.size - 1)).T


def _radius(task: GridReach, infos: Any, count: int) -> Any:
    told = read_infos(infos, _TOLD, count, needed=len(task.radii) > 1)
    if not told:
        return task.radii[0]
    (radius,) = told
    if (radius < 0).any():
        raise ValueError(f"`info` must hold radii of at least 0, got {checks.shown(radius)}.")
    return np.minimum(radius, 2 * task.size)  # no two squares are further apart, and squares of huge numbers are none
