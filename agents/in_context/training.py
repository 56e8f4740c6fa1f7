"""How the networks learn: first to reach, then over sessions whose fields are drawn anew."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from agents.in_context.config import InContextConfig
from agents.in_context.network import AdamApart, GatedNetworks
from agents.in_context.sessions import ENV, TASK, training_table
from reach_gym.differentiable import Rollout, TorchReach, cosine, deviation, endpoint, jerk, position, train
from reach_gym.training.checkpoint import MANIFEST

LENGTH = 26_800  # trials of about 1,000 sessions, which begin anew after the last one
_APART = 120  # trials between two rows: some sessions
_WARM_UP = 20  # updates
_NO_CLIP = 1e9  # the optimiser clips
_SEEDS = 1000  # between two phases


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


@dataclass(frozen=True)
class Phase:
    """A part of the training.

    Attributes:
        name: Of its folder.
        updates: How many.
        rate: The greatest learning rate.
        in_sessions: Whether it goes through sessions, with a state that goes on from trial to trial without end; else through
            single trials without a field.
    """

    name: str
    updates: int
    rate: float
    in_sessions: bool = True


def phases(config: InContextConfig) -> tuple[Phase, ...]:
    """The training."""
    return Phase("reaching", config.reaching, 1e-2, in_sessions=False), Phase("sessions", config.updates, 5e-3)


def loss(path: Rollout) -> Tensor:
    """To be at the target 0.45 s after the cue, smoothly and straight."""
    return position(path, by=0.45) + 0.05 * jerk(path) + 0.2 * deviation(path)


def learn(
    network: GatedNetworks,
    config: InContextConfig,
    seed: int,
    place: Place = USUAL,
    directory: Path | None = None,
    progress: bool = True,
) -> dict[str, list[float]]:
    """Takes every replicate through all phases; what `directory` holds of them is gone on with, bit for bit.

    Returns:
        What `reach_gym.differentiable.train` does, of all phases one after the other, and the number of the ``phase``.
    """
    whole: dict[str, list[float]] = {}
    for number, phase in enumerate(phases(config)):
        history = _learn(network, config, phase, seed + _SEEDS * number, place, directory, progress)
        for name, values in {"phase": [float(number)] * phase.updates, **history}.items():
            whole.setdefault(name, []).extend(values)
    return whole


def _learn(
    network: GatedNetworks, config: InContextConfig, phase: Phase, seed: int, place: Place, directory: Path | None, progress: bool
) -> dict[str, list[float]]:
    folder = None if directory is None else directory / phase.name
    rows = session_rows(network, config, seed, place) if phase.in_sessions else place.rows(config.rows * network.replicates)
    return train(
        network,
        rows,
        summed(network),
        phase.updates,
        rate=cosine(phase.rate, phase.updates, _WARM_UP),
        optimiser=AdamApart,
        clip=_NO_CLIP,
        trials=config.trials if phase.in_sessions else 1,
        carry=phase.in_sessions,
        measures={"endpoint, mm": endpoint},
        seed=seed,
        directory=folder,
        resume=folder is not None and (folder / MANIFEST).exists(),
        save_every=100,
        progress=progress,
    )


def session_rows(network: GatedNetworks, config: InContextConfig, seed: int, place: Place) -> TorchReach:
    """The rows of all replicates, each of which begins some sessions after the one before."""
    rows, table = config.rows * network.replicates, training_table(LENGTH, seed, config.redrawn)
    return place.rows(rows, schedule=table, first=_APART * np.arange(rows) % len(table))


def summed(network: GatedNetworks) -> Callable[[Rollout], Tensor]:
    """The sum over the replicates of the loss of each: no gradient depends on how many there are."""
    return lambda path: network.replicates * loss(path)
