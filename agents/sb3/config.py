"""Ready settings for Stable-Baselines3 and sb3-contrib on the tasks of this package, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import sb3_contrib
import stable_baselines3
from gymnasium import spaces
from stable_baselines3.common.noise import NormalActionNoise
from stable_baselines3.common.utils import LinearSchedule

from reach_gym.acting.sb3 import ReachFeatures

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


# The sparse reward is not found by chance. Falling learning rates let the policy come to rest.
_DENSE: dict[str, Any] = {"reward": "dense"}
_HANDS: dict[str, Any] = {
    "n_steps": 100, "batch_size": 640, "n_epochs": 10, "gamma": 0.98, "gae_lambda": 0.97,
    "learning_rate": LinearSchedule(2e-3, 0.0, 1.0),
}  # fmt: skip
# Noise of 1 N leaves a resting hand within the start's centimetre until the go cue; much more makes every trial a false start.
_QUIET = {"log_std_init": -1.5}
# Whether a trial began with a false start, which costs 1 per step, is not observed: only returns over many steps tell.
_OFF_POLICY: dict[str, Any] = {
    "buffer_size": 50_000, "learning_starts": 6_400, "batch_size": 256, "train_freq": 1, "gradient_steps": 4, "gamma": 0.97,
    "n_steps": 30, "learning_rate": LinearSchedule(1e-3, 0.0, 1.0),
}  # fmt: skip
_LATE_CUE: dict[str, Any] = {**_DENSE, "go_delay": [0.0, 0.3]}
_NOISY: dict[str, Any] = {
    **_OFF_POLICY,
    "learning_rate": LinearSchedule(5e-4, 0.0, 1.0),
    "action_noise": NormalActionNoise(np.zeros(2), np.full(2, 0.2)),
}
_LAYERS: dict[str, Any] = {"net_arch": [128, 128]}

CURSOR: dict[str, Recipe] = {
    "ppo": Recipe(1_000_000, 64, _HANDS, {**_QUIET, **_LAYERS}, _DENSE),
    # A recurrent layer goes step by step through a batch, however large it is: few and large ones.
    "recurrent_ppo": Recipe(
        500_000, 64, {**_HANDS, "batch_size": 3_200}, {**_QUIET, "net_arch": [64], "lstm_hidden_size": 64}, _DENSE
    ),
    "ddpg": Recipe(200_000, 64, _NOISY, _LAYERS, _LATE_CUE),
    "td3": Recipe(300_000, 64, _NOISY, _LAYERS, _LATE_CUE),
    "sac": Recipe(100_000, 64, {**_OFF_POLICY, "target_entropy": -4.0}, _LAYERS, _LATE_CUE),
    "tqc": Recipe(60_000, 64, {**_OFF_POLICY, "target_entropy": -4.0}, _LAYERS, _LATE_CUE),
}
"""By algorithm, for cursor reaches with vector observations, with or without a field."""


def recipe_for(algo: str, family: str, space: spaces.Space[Any]) -> Recipe:
    """The settings of an algorithm for a task of this family with these observations.

    Raises:
        ValueError: There are none.
    """
    recipes: dict[str, Recipe] = {}
    if isinstance(space, spaces.Box):
        recipes = GRID if family == "grid" else CURSOR if space.shape == (7,) else {}
    if algo in recipes:
        return recipes[algo]
    raise ValueError(
        f"`algo` {algo} has no settings for a {family} reach with observations {space}; grid reaches with pixels or coordinates "
        f"take {', '.join(GRID)}, cursor reaches with vector observations {', '.join(CURSOR)}."
    )
