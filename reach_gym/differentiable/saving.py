"""Checkpoints of a training through a task: weights, optimiser, history and state, from which it continues bit for bit."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from reach_gym.training.checkpoint import MANIFEST, CheckpointError, plain
from reach_gym.training.state import Parts, Run, Saved, specs_of
from reach_gym.training.tensors import put_weights, take_weights

AGENT = "network"
_LONG = 100_000  # bytes of a schedule as JSON; a manifest may have about ten times as many


@dataclass(frozen=True)
class Learned:
    """What a checkpoint holds.

    Attributes:
        network: The module.
        optimiser: Its optimiser.
        history: Lists by name, a number per update.
        state: The module's state that the next trials begin with; ``None`` for a fresh one.
        env: Id and keywords of the task, plain data.
        settings: Of the training, plain data.
        seed: Of the training.
    """

    network: nn.Module
    optimiser: torch.optim.Optimizer
    history: dict[str, list[float]]
    state: Any
    env: Mapping[str, Any]
    settings: Mapping[str, Any]
    seed: int

    @property
    def run(self) -> Run:
        """Which run it is."""
        return Run(AGENT, self.env, self.settings, self.seed)


def known(keywords: Mapping[str, Any]) -> dict[str, Any]:
    """The keywords of a task as a checkpoint knows them: a long schedule by the hash of its data, which tells it from others."""
    text = json.dumps(keywords.get("schedule"), sort_keys=True).encode()
    if len(text) <= _LONG:
        return dict(keywords)
    return {**keywords, "schedule": {"sha256": hashlib.sha256(text).hexdigest()}}


def require_new(folder: Path) -> None:
    """Refuses a folder with a checkpoint.

    Raises:
        ValueError: There is one.
    """
    if (folder / MANIFEST).exists():
        raise ValueError(f"`directory` must hold no checkpoint unless `resume` is true, got {folder}.")


def saved_as(folder: Path, learned: Learned) -> None:
    """Writes a checkpoint in place of the one before.

    Raises:
        CheckpointError: A number is not finite; the one before is kept.
        OSError: The files cannot be written.
    """
    parts = Parts(learned.run, len(learned.history["update"]))
    put_weights(parts, "network", learned.network.state_dict())
    for number, values in learned.optimiser.state_dict()["state"].items():
        put_weights(
            parts, f"optimiser/{number}", {name: torch.as_tensor(value) for name, value in values.items() if value is not None}
        )
    put_weights(parts, "state", dict(enumerate(_tensors(learned.state))))  # type: ignore[arg-type]
    if learned.history["update"]:
        parts.put_history(learned.history)
    parts.entries["is_tuple"] = isinstance(learned.state, tuple)
    parts.save(folder)


def restored(folder: Path, learned: Learned, updates: int) -> Learned:
    """The run of `learned` as it was when it was saved; network and optimiser are changed in place.

    Raises:
        CheckpointError: It cannot be used; then nothing was changed.
    """
    saved = Saved(folder, AGENT)
    saved.require_run(replace(learned, env=plain(learned.env)).run)
    saved.require_room(updates, "updates")
    weights = take_weights(saved, "network", learned.network)
    optimiser = learned.optimiser.state_dict()
    optimiser["state"] = {}
    for number, parameter in enumerate(learned.network.parameters()):
        found = {name: torch.from_numpy(array.copy()) for name, array in saved.part(f"optimiser/{number}").items()}
        for name, tensor in found.items():
            if tensor.shape not in ((), parameter.shape):
                raise CheckpointError("corrupt", f"`optimiser/{number}/{name}` has the shape {tuple(tensor.shape)}.")
        if found:
            optimiser["state"][number] = found
    history = saved.history(list(learned.history), saved.done) if saved.done else {name: [] for name in learned.history}
    state = _state(saved, learned.network)
    learned.network.load_state_dict(weights)
    learned.optimiser.load_state_dict(optimiser)
    return replace(learned, history=history, state=state)


def load_network(folder: str | Path, network: nn.Module) -> nn.Module:
    """The `network`, an untrained one of the same kind, with the weights of a checkpoint that `train` has written.

    Raises:
        CheckpointError: There is none, or it is of another network; then nothing was changed.
    """
    network.load_state_dict(take_weights(Saved(folder, AGENT), "network", network))
    return network


def _state(saved: Saved, network: nn.Module) -> Any:
    """The state that the next trials begin with, of the kind that the network makes."""
    arrays = saved.part("state")
    if not arrays:
        return None
    wanted = {str(k): part for k, part in enumerate(_tensors(network.initial(saved.manifest["config"]["rows"])))}  # type: ignore[operator]
    parts = [torch.from_numpy(array.copy()) for array in saved.take("state", specs_of(wanted)).values()]
    return tuple(parts) if saved.manifest.get("is_tuple") is True else parts[0]


def _tensors(state: Any) -> tuple[Tensor, ...]:
    return () if state is None else state if isinstance(state, tuple) else (state,)
