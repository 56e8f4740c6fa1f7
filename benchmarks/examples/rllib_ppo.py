"""RLlib: PPO on a small grid; its new API stack, one environment runner."""

import gymnasium as gym
import numpy as np
import torch
from ray.rllib.algorithms.ppo import PPOConfig
from ray.rllib.core.columns import Columns
from ray.tune.registry import register_env

from reach_gym.evaluation import evaluate

ENV_ID, KWARGS = "reach_gym/GridReach-v0", {"size": 6}


def make(config: dict[str, object]) -> gym.Env:
    """The environment, on a worker that has not imported the package yet."""
    return gym.make(f"reach_gym:{ENV_ID}", **KWARGS)


def main(steps: int = 60_000, seed: int = 0) -> None:
    """Trains for so many steps, and evaluates on held-out trials."""
    register_env("reach", make)
    config = PPOConfig().environment("reach").env_runners(num_env_runners=0, num_envs_per_env_runner=8)
    config = config.training(lr=1e-3, gamma=0.95, train_batch_size_per_learner=4000, minibatch_size=500, num_epochs=8)
    algorithm = config.debugging(seed=seed).build_algo()
    for _ in range(max(1, steps // 4000)):
        algorithm.train()
    module = algorithm.get_module()

    def act(seen: np.ndarray) -> np.ndarray:
        return module.forward_inference({Columns.OBS: torch.as_tensor(seen)})[Columns.ACTION_DIST_INPUTS].argmax(1).numpy()

    result = evaluate(act, ENV_ID, 500, env_kwargs=KWARGS)
    print(f"success {result.summary()['success']:.3f}, excess steps {result.summary()['mean_excess_steps']:.2f}")
    algorithm.stop()
