"""The reward of the grid reach for other goals than the trial's, for goal-conditioned learners."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from reach_gym.grid.keywords import GridReach
from reach_gym.grid.rules import is_hit, reward
from reach_gym.grid.world import squared_distance, squared_limit
from reach_gym.rows.goals import no_infos, read_goals, read_infos, require_goals

_TOLD = ("radius",)  # what the reward depends on beside the goals


def reward_of_goals(task: GridReach) -> Callable[[Any, Any, Any], Any]:
    """``compute_reward(achieved_goal, desired_goal, info)`` of an environment, see `goal_reward`.

    Raises:
        AttributeError: `task` has not the observation ``"goal"``.
    """
    require_goals(task.observation)
    return partial(goal_reward, task)


def goal_reward(task: GridReach, achieved_goal: Any, desired_goal: Any, info: Any) -> Any:
    """The reward of steps that ended at `achieved_goal` if the target had been at `desired_goal`.

    Args:
        task: The task.
        achieved_goal: Cursor, (2,) or (n, 2), scaled to [0, 1].
        desired_goal: Target, likewise.
        info: The step's info; for a batch a list of them, or a dict of arrays (n,). Where it tells no radius, that of the task
            holds, unless it shrinks.

    Returns:
        A float, or float64 (n,).

    Raises:
        ValueError: The goals are no squares, differ in number, or `info` lacks a radius that shrinks.
    """
    achieved, desired = read_goals(achieved_goal, desired_goal)
    one = achieved.ndim == 1
    (x, y), (to_x, to_y) = (_squares(task, name, goals) for name, goals in (("achieved", achieved), ("desired", desired)))
    hit = is_hit(squared_distance(x, y, to_x, to_y), squared_limit(_radius(task, [info] if one else info, len(x))))
    result = reward(True, hit)
    return float(result[0]) if one else result


def _squares(task: GridReach, name: str, goals: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    if (np.abs(goals - 0.5) > 0.5).any():
        raise ValueError(f"`{name}_goal` must be from 0 to 1, got {goals.min():g} to {goals.max():g}.")
    return np.rint(goals * (task.size - 1)).reshape(-1, 2).T


def _radius(task: GridReach, infos: Any, count: int) -> Any:
    told = read_infos(infos, _TOLD, count)
    if told:
        return told[0]
    if len(task.radii) > 1:
        raise no_infos(infos, _TOLD, count)
    return task.radii[0]
