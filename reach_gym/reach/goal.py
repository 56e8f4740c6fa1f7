"""The reward of the continuous reach for other goals than the trial's, for goal-conditioned learners."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from reach_gym.reach.keywords import Reach
from reach_gym.reach.rules import REWARDS, Phase, is_on_target
from reach_gym.reach.tables import settings_of
from reach_gym.rows.goals import no_infos, read_goals, read_infos, require_goals

# What the reward depends on beside the goals.
GOAL_INFO = ("hand_vx", "hand_vy", "phase", "false_start", "effort")


def reward_of_goals(task: Reach) -> Callable[[Any, Any, Any], Any]:
    """``compute_reward(achieved_goal, desired_goal, info)`` of an environment, see `goal_reward`.

    Raises:
        AttributeError: `task` has not the observation ``"goal"``.
    """
    require_goals(task.observation)
    return partial(goal_reward, task)


def goal_reward(task: Reach, achieved_goal: Any, desired_goal: Any, info: Any) -> Any:
    """The reward of steps that ended at `achieved_goal` if the target had been at `desired_goal`.

    Args:
        task: The task.
        achieved_goal: Cursor, (2,) or (n, 2), metres.
        desired_goal: Target, likewise.
        info: The step's info; for a batch a list of them, or a dict of arrays (n,).

    Returns:
        A float, or float64 (n,).

    Raises:
        ValueError: The goals are no finite points, differ in number, or `info` lacks what the reward depends on.
    """
    achieved, desired = read_goals(achieved_goal, desired_goal)
    one = achieved.ndim == 1
    dx, dy = (achieved - desired).reshape(-1, 2).T
    told = read_infos([info] if one else info, GOAL_INFO, len(dx))
    if not told:
        raise no_infos([info] if one else info, GOAL_INFO, len(dx))
    vx, vy, phase, false_start, effort = told
    moving, spoilt, squared = phase == Phase.MOVE, (false_start != 0) & task.strict, dx * dx + dy * dy
    settings = settings_of(task)
    on_target = is_on_target(squared, vx, vy, moving, spoilt, settings.radius_squared, settings.speed_squared)
    # Rewards that are told for any goal depend neither on success nor on what a false start cuts off.
    reward = REWARDS[task.reward].of(on_target, False, np.sqrt(squared), 0.0, effort, moving, spoilt, 0)
    return float(reward[0]) if one else reward
