"""Stable-Baselines3: DQN on a small grid; the model is evaluated as it is."""

import gymnasium as gym
from stable_baselines3 import DQN

from reach_gym.evaluation import evaluate

ENV_ID, KWARGS = "reach_gym/GridReach-v0", {"size": 6}


def main(steps: int = 25_000, seed: int = 0) -> None:
    """Trains for so many steps, and evaluates on held-out trials."""
    env = gym.make(ENV_ID, **KWARGS)
    settings = {"learning_rate": 1e-3, "gamma": 0.95, "train_freq": 4, "target_update_interval": 250, "exploration_fraction": 0.5}
    model = DQN("MlpPolicy", env, learning_starts=500, policy_kwargs={"net_arch": [128, 128]}, seed=seed, **settings)
    model.learn(steps)
    result = evaluate(model, ENV_ID, 500, env_kwargs=KWARGS)
    print(f"success {result.summary()['success']:.3f}, excess steps {result.summary()['mean_excess_steps']:.2f}")
