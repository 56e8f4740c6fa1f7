"""The reward of the continuous reach for other goals than the trial's, for goal-conditioned learners."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from reach_gym import checks
from reach_gym.reach.keywords import Reach
from reach_gym.reach.rules import REWARDS, Phase, is_on_target
from reach_gym.reach.tables import settings_of

# What the reward depends on beside the goals.
GOAL_INFO = ("hand_vx", "hand_vy", "phase", "false_start", "effort")


def reward_of_goals(task: Reach) -> Callable[[Any, Any, Any], Any]:
    """``compute_reward(achieved_goal, desired_goal, info)`` of an environment, see `goal_reward`.

    Raises:
        AttributeError: `task` has not the observation ``"goal"``. Libraries take every environment that has `compute_reward` for
            a goal-conditioned one.
    """
    if task.observation != "goal":
        raise AttributeError(f"`compute_reward` needs the observation 'goal', got {task.observation!r}.")
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
    achieved, desired = _goals("achieved_goal", achieved_goal), _goals("desired_goal", desired_goal)
    if achieved.shape != desired.shape:
        raise ValueError(f"`desired_goal` must have the shape {achieved.shape} of `achieved_goal`, got {desired.shape}.")
    one = achieved.ndim == 1
    dx, dy = (achieved - desired).reshape(-1, 2).T
    vx, vy, phase, false_start, effort = _goal_info([info] if one else info, len(dx))
    moving, spoilt, squared = phase == Phase.MOVE, (false_start != 0) & task.strict, dx * dx + dy * dy
    settings = settings_of(task)
    on_target = is_on_target(squared, vx, vy, moving, spoilt, settings.radius_squared, settings.speed_squared)
    # Rewards that are told for any goal depend neither on success nor on what a false start cuts off.
    reward = REWARDS[task.reward].of(on_target, False, np.sqrt(squared), 0.0, effort, moving, spoilt, 0)
    return float(reward[0]) if one else reward


def _goals(name: str, value: Any) -> npt.NDArray[np.float64]:
    try:
        goals = np.asarray(value, np.float64)
    except (TypeError, ValueError):
        goals = np.empty(0)
    if goals.ndim not in (1, 2) or goals.shape[-1] != 2 or not np.isfinite(goals).all():
        raise ValueError(f"`{name}` must be finite points of shape (2,) or (n, 2), got {checks.shown(value)}.")
    return goals


def _goal_info(infos: Any, count: int) -> list[npt.NDArray[Any]]:
    try:
        if isinstance(infos, Mapping):
            parts = [np.asarray(infos[name]) for name in GOAL_INFO]
        else:
            parts = [np.array([each[name] for each in infos]) for name in GOAL_INFO]
    except (KeyError, TypeError, ValueError, IndexError):
        parts = []
    if not parts or any(part.shape != (count,) for part in parts):
        # Stable-Baselines3 leaves the infos out unless it is told otherwise.
        raise ValueError(
            f"`info` must hold {', '.join(map(repr, GOAL_INFO))} for {count} steps, got {checks.shown(infos)}; "
            "a HerReplayBuffer needs copy_info_dict=True, and the environment info='full'."
        )
    return parts
