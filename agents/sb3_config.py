"""Ready settings for Stable-Baselines3 and sb3-contrib on the tasks of this package, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sb3_contrib
import stable_baselines3
from gymnasium import spaces

from reach_gym.sb3 import ReachFeatures

ALGORITHMS: dict[str, Any] = {
    "dqn": stable_baselines3.DQN,
    "qrdqn": sb3_contrib.QRDQN,
    "ppo": stable_baselines3.PPO,
    "a2c": stable_baselines3.A2C,
    "recurrent_ppo": sb3_contrib.RecurrentPPO,
    "ddpg": stable_baselines3.DDPG,
    "td3": stable_baselines3.TD3,
    "sac": stable_baselines3.SAC,
    "tqc": sb3_contrib.TQC,
}


@dataclass(frozen=True)
class Recipe:
    """How to train one algorithm on one kind of task.

    Attributes:
        steps: Steps to learn.
        num_envs: Rows of the training environment.
        settings: Keywords of the algorithm that differ from its own defaults.
        policy_kwargs: Of the policy.
        env_kwargs: Of the training environment, where the user does not say otherwise: what makes the task learnable.
    """

    steps: int
    num_envs: int
    settings: Mapping[str, Any] = field(default_factory=dict)
    policy_kwargs: Mapping[str, Any] = field(default_factory=dict)
    env_kwargs: Mapping[str, Any] = field(default_factory=dict)


# Sun & Plitt's network; it ends in its two layers of 128 units, so that the policy adds none.
_FEATURES: dict[str, Any] = {"features_extractor_class": ReachFeatures, "net_arch": [], "normalize_images": False}
# Without hindsight nothing is learned on the 16 x 16 grid unless the target is easy to hit at first. Episodes of each row.
_SHRINKING: dict[str, Any] = {"radius": {"start": 8.0, "factor": 0.5, "success_rate": 0.9, "window": 20}}
_VALUES: dict[str, Any] = {
    "learning_rate": 1e-3, "buffer_size": 100_000, "learning_starts": 2_000, "batch_size": 128, "train_freq": 1,
    "gradient_steps": 2, "target_update_interval": 6_400, "exploration_fraction": 0.1, "exploration_final_eps": 0.1,
    "gamma": 0.99, "max_grad_norm": 10.0,
}  # fmt: skip
_ROLLOUTS: dict[str, Any] = {"n_steps": 32, "gamma": 0.97, "gae_lambda": 0.95, "ent_coef": 0.01, "learning_rate": 7e-4}

GRID: dict[str, Recipe] = {
    "dqn": Recipe(300_000, 64, _VALUES, _FEATURES, _SHRINKING),
    "qrdqn": Recipe(300_000, 64, {**_VALUES, "max_grad_norm": None}, _FEATURES, _SHRINKING),
    "ppo": Recipe(1_000_000, 64, {**_ROLLOUTS, "batch_size": 256, "n_epochs": 4}, _FEATURES, _SHRINKING),
    "a2c": Recipe(1_000_000, 64, {**_ROLLOUTS, "n_steps": 8}, _FEATURES, _SHRINKING),
}
"""By algorithm, for grid reaches with pixels or coordinates."""


def recipe_for(algo: str, space: spaces.Space[Any], actions: spaces.Space[Any]) -> Recipe:
    """The settings of an algorithm for a task of these observations and actions.

    Raises:
        ValueError: There are none.
    """
    if isinstance(actions, spaces.Discrete) and isinstance(space, spaces.Box) and algo in GRID:
        return GRID[algo]
    known = ", ".join(GRID)
    raise ValueError(f"`algo` {algo} has no settings for observations {space} and actions {actions}; grid reaches take {known}.")
