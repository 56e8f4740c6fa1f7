"""Minari: the ideal controller's reaches as a dataset, and a network that imitates them."""

import os
import tempfile

import numpy as np
import torch
from torch import nn

from reach_gym.evaluation import evaluate
from reach_gym.recording import record, to_minari

ENV_ID = "reach_gym/CursorReach-v0"


def main(steps: int = 6000, seed: int = 0) -> None:
    """Records 300 trials, imitates them for so many steps of gradient descent, and evaluates on held-out trials."""
    import minari

    torch.manual_seed(seed)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["MINARI_DATASETS_PATH"] = folder
        to_minari(record("ideal", ENV_ID, trials=300, seed=seed + 1), "reach/ideal-v0")
        episodes = list(minari.load_dataset("reach/ideal-v0").iterate_episodes())
    seen = torch.as_tensor(np.concatenate([episode.observations[:-1] for episode in episodes]))
    done = torch.as_tensor(np.concatenate([episode.actions for episode in episodes]))
    net = nn.Sequential(nn.Linear(seen.shape[1], 128), nn.Tanh(), nn.Linear(128, 128), nn.Tanh(), nn.Linear(128, 2))
    optimizer = torch.optim.Adam(net.parameters(), 2e-3)
    generator = torch.Generator().manual_seed(seed)
    for _ in range(steps):
        some = torch.randint(len(seen), (512,), generator=generator)
        loss = (net(seen[some]) - done[some]).square().mean()
        optimizer.zero_grad(), loss.backward(), optimizer.step()
    result = evaluate(lambda batch: net(torch.as_tensor(batch)).detach().numpy(), ENV_ID, 500)
    print(f"{len(seen):,} steps imitated, success {result.summary()['success']:.3f}")
