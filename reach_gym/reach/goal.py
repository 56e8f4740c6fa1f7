"""The reward of the continuous reach for other goals than the trial's, for goal-conditioned learners."""

from __future__ import annotations

from typing import Any

import numpy as np

from reach_gym.reach.keywords import Reach
from reach_gym.reach.rules import REWARDS, Phase, is_on_target
from reach_gym.reach.tables import settings_of
from reach_gym.rows.goals import Floats, read_infos

# What the reward depends on beside the goals.
GOAL_INFO = ("hand_vx", "hand_vy", "phase", "false_start", "effort")


def goal_reward(task: Reach, achieved: Floats, desired: Floats, infos: Any) -> Floats:
    """The rewards of steps that ended at `achieved` if the target had been at `desired`.

    Args:
        task: The task.
        achieved: Cursors, (n, 2), metres.
        desired: Targets, likewise.
        infos: Of the steps.

    Returns:
        float64 (n,).

    Raises:
        ValueError: `infos` lack what the reward depends on, or it is no finite number.
    """
    dx, dy = (achieved - desired).T
    vx, vy, phase, false_start, effort = read_infos(infos, GOAL_INFO, len(dx))
    moving, spoilt, squared = phase == Phase.MOVE, (false_start != 0) & task.strict, dx * dx + dy * dy
    settings = settings_of(task)
    on_target = is_on_target(squared, vx, vy, moving, spoilt, settings.radius_squared, settings.speed_squared)
    # Rewards that are told for any goal depend neither on success nor on what a false start cuts off.
    return np.asarray(REWARDS[task.reward].of(on_target, False, np.sqrt(squared), 0.0, effort, moving, spoilt, 0))
