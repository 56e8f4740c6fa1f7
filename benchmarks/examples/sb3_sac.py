"""Stable-Baselines3: SAC moves a hand to its target; 16 native rows, and the model is evaluated as it is."""

import gymnasium as gym
from stable_baselines3 import SAC

from reach_gym.acting.sb3 import ReachVecEnv
from reach_gym.evaluation import evaluate

ENV_ID = "reach_gym/CursorReach-v0"


def main(steps: int = 48_000, seed: int = 0) -> None:
    """Trains for so many steps, and evaluates on held-out trials."""
    # In training the go cue may come later than in the task: then it does not pay to leave before it.
    envs = gym.make_vec(ENV_ID, num_envs=16, autoreset_mode="SameStep", backend="numpy", go_delay=(0.0, 0.2))
    settings = {"learning_rate": 1e-3, "gamma": 0.95, "batch_size": 256, "gradient_steps": 4, "n_steps": 3}
    policy = {"net_arch": [128, 128]}
    model = SAC("MlpPolicy", ReachVecEnv(envs), learning_starts=1600, policy_kwargs=policy, seed=seed, device="cpu", **settings)
    model.learn(steps)
    summary = evaluate(model, ENV_ID).summary()
    print(f"success {summary['success']:.3f}, false starts {summary['false_starts']:.3f}")
