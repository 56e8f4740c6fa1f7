"""How the networks learn: first to reach, then over sessions whose fields are drawn anew."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from agents.in_context.config import InContextConfig
from agents.in_context.network import AdamApart, Replicates
from agents.in_context.sessions import ENV, TASK, training_table
from reach_gym.differentiable import Rollout, TorchReach, cosine, endpoint, jerk, position, train

RATES = 1e-2, 5e-3  # of learning: to reach, and over sessions
_WARM_UP = 20  # updates
LENGTH = 13_400  # trials of about 1,200 sessions, which begin anew after the last one
_APART = 40  # trials between two rows: some sessions
_STRAIGHT = 0.01  # m; a deviation beyond it counts by its size, one below by its square
_NO_CLIP = 1e9  # the optimiser clips


@dataclass(frozen=True)
class Place:
    """Where the networks learn.

    Attributes:
        env_id: A continuous reach.
        keywords: In place of the registered ones.
    """

    env_id: str = ENV
    keywords: Mapping[str, Any] = field(default_factory=lambda: dict(TASK))

    def rows(self, count: int, **more: Any) -> TorchReach:
        """So many rows of it; `more` as of `TorchReach`."""
        return TorchReach(self.env_id, count, **{**self.keywords, **more})


USUAL = Place()


def sideways(path: Rollout) -> Tensor:
    """How far the cursor is to the left of the straight way to the target, m, (T, n)."""
    way = path.target - path.start
    off = path.cursor[..., :2] - path.start
    return (way[..., 0] * off[..., 1] - way[..., 1] * off[..., 0]) / way.norm(dim=-1)


def loss(path: Rollout) -> Tensor:
    """To be at the target 0.45 s after the cue, smoothly and straight."""
    bent = ((1.0 + (sideways(path) / _STRAIGHT).square()).sqrt() - 1.0).mean()
    return position(path, by=0.45) + 0.05 * jerk(path) + 0.2 * bent


def learn_to_reach(network: Replicates, config: InContextConfig, seed: int, place: Place = USUAL) -> dict[str, list[float]]:
    """Without a field; every trial begins with a fresh state. Returns what `reach_gym.differentiable.train` does."""
    task, rate = place.rows(config.rows * network.replicates), cosine(RATES[0], config.reaching, _WARM_UP)
    settings: dict[str, Any] = {"optimiser": AdamApart, "clip": _NO_CLIP, "seed": seed, "progress": False}
    return train(network, task, summed(network), config.reaching, rate=rate, **settings)


def learn_sessions(
    network: Replicates,
    config: InContextConfig,
    seed: int,
    place: Place = USUAL,
    directory: Path | None = None,
    resume: bool = False,
    progress: bool = True,
) -> dict[str, list[float]]:
    """Lets every replicate go through sessions: its state goes on from trial to trial, without end.

    See `reach_gym.differentiable.train` for the other arguments and what is returned.
    """
    return train(
        network,
        session_rows(network, config, seed, place),
        summed(network),
        config.updates,
        rate=cosine(RATES[1], config.updates, _WARM_UP),
        optimiser=AdamApart,
        clip=_NO_CLIP,
        trials=config.trials,
        carry=True,
        measures={"endpoint, mm": endpoint},
        seed=seed,
        directory=directory,
        resume=resume,
        save_every=100,
        progress=progress,
    )


def session_rows(network: Replicates, config: InContextConfig, seed: int, place: Place) -> TorchReach:
    """The rows of all replicates, each of which begins some sessions after the one before."""
    rows, table = config.rows * network.replicates, training_table(LENGTH, seed, config.redrawn)
    return place.rows(rows, schedule=table, first=_APART * np.arange(rows) % len(table))


def summed(network: Replicates) -> Callable[[Rollout], Tensor]:
    """The sum over the replicates of the loss of each: no gradient depends on how many there are."""
    return lambda path: network.replicates * loss(path)
