"""A CleanRL-style loop: DQN with PyTorch on a small grid, eight environments at once."""

import copy

import gymnasium as gym
import numpy as np
import torch
from torch import nn

from reach_gym.evaluation import evaluate

ENV_ID, KWARGS, GAMMA = "reach_gym/GridReach-v0", {"size": 6}, 0.95


def main(steps: int = 3000, seed: int = 0) -> None:
    """Trains for so many steps of eight rows, and evaluates on held-out trials."""
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    envs = gym.make_vec(ENV_ID, num_envs=8, autoreset_mode="SameStep", backend="numpy", **KWARGS)
    q = nn.Sequential(nn.Linear(4, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, 8))
    target, optimizer = copy.deepcopy(q), torch.optim.Adam(q.parameters(), 1e-3)
    memory = torch.zeros(8 * steps, 11)  # observation, next observation, action, reward, whether the trial goes on
    seen, _ = envs.reset(seed=seed)
    for step in range(steps):
        greedy = q(torch.as_tensor(seen)).argmax(1).numpy()
        actions = np.where(rng.random(8) < max(0.1, 1 - 3 * step / steps), rng.integers(0, 8, 8), greedy)
        following, rewards, terminated, _, _ = envs.step(actions)
        rows = np.c_[seen, following, actions, rewards, ~terminated]
        memory[8 * step : 8 * step + 8], seen = torch.as_tensor(rows, dtype=torch.float32), following
        batch = memory[rng.integers(0, 8 * step + 8, 128)]
        with torch.no_grad():
            wanted = batch[:, 9] + GAMMA * batch[:, 10] * target(batch[:, 4:8]).max(1).values
        loss = nn.functional.smooth_l1_loss(q(batch[:, :4]).gather(1, batch[:, 8:9].long())[:, 0], wanted)
        optimizer.zero_grad(), loss.backward(), optimizer.step()
        for slow, fast in zip(target.parameters(), q.parameters(), strict=True):
            slow.data.lerp_(fast.data, 0.01)
    result = evaluate(lambda seen: q(torch.as_tensor(seen)).argmax(1).numpy(), ENV_ID, 500, env_kwargs=KWARGS)
    print(f"success {result.summary()['success']:.3f}, excess steps {result.summary()['mean_excess_steps']:.2f}")
