"""Checkpoints of DQN: everything that the next step depends on, so that a resumed run is the same run bit for bit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from gymnasium import spaces

from agents.common import checkpoint
from agents.common.checkpoint import Arrays, CheckpointError
from agents.dqn.config import DQNConfig
from agents.dqn.learner import DQN, HISTORY, DQNAgent
from agents.dqn.networks import QNetwork
from agents.dqn.replay import Replay

AGENT = "dqn"
_MAX_SIDE, _MAX_ACTIONS = 4096, 4096  # of observations: far beyond any grid, and no memory is taken for less
_ROWS = ("radius", "since", "returns", "lengths", "sums")
_GENERATORS = ("explorer", "drawer")


def save(learner: DQN, directory: Path | str, task: Mapping[str, Any]) -> None:
    """Writes a checkpoint from which `resume` continues bit for bit.

    Args:
        learner: The learner.
        directory: Where.
        task: The training environment's ``id`` and ``kwargs``, as plain data.

    Raises:
        CheckpointError: A number is not finite; the checkpoint that was there is kept.
        OSError: The files cannot be written.
    """
    env_state = learner.envs.get_state() if learner.done else {}
    history = np.array([learner.history[name] for name in HISTORY])
    arrays = {
        **_tensors("network", learner.network.state_dict()),
        **_tensors("target", learner.target.state_dict()),
        **_tensors("adam", _adam(learner.optimiser)),
        **{f"replay.{name}": array for name, array in learner.replay.state().items()},
        **{f"rows.{name}": getattr(learner, name) for name in _ROWS},
        **{f"env.{name}": value for name, value in env_state.items() if isinstance(value, np.ndarray)},
        # A mean over nothing is NaN, which checkpoints refuse everywhere.
        "history": np.nan_to_num(history),
        "history_known": np.isfinite(history),
    }
    manifest = {
        "agent": AGENT,
        "env": dict(task),
        "config": asdict(learner.config),
        "seed": learner.seed,
        "updates": learner.updates,
        "observations": {"shape": list(learner.space.shape), "dtype": str(learner.space.dtype)},
        "actions": learner.actions,
        "generators": {name: getattr(learner, name).bit_generator.state for name in _GENERATORS},
        "env_state": {name: value for name, value in env_state.items() if not isinstance(value, np.ndarray)},
    }
    checkpoint.save(directory, arrays, manifest)


def resume(learner: DQN, directory: Path | str, task: Mapping[str, Any]) -> None:
    """Continues from a checkpoint of a run with the same task, seed and settings; only `DQNConfig.steps` may have grown.

    A run that has grown is another one than a run that was as long from the beginning: the learning rate falls with its share of
    the steps.

    Raises:
        CheckpointError: It cannot be used; nothing was changed.
    """
    arrays, manifest = _load(directory)
    config = manifest["config"]
    checkpoint.require(manifest, "env", dict(task))
    wanted = _plain(asdict(learner.config))
    checkpoint.require({"settings": {**config, "steps": learner.config.steps}}, "settings", wanted)
    checkpoint.require(manifest, "seed", learner.seed)
    network, target = (_network(manifest, arrays, name) for name in ("network", "target"))
    replay = Replay(len(learner.replay.over) - 1, learner.config.num_envs, learner.space)
    try:
        replay.restore(_part(arrays, "replay"))
    except ValueError as error:
        raise CheckpointError("corrupt", str(error)) from error
    if not ((replay.actions >= 0) & (replay.actions < learner.actions)).all():
        raise CheckpointError("corrupt", f"`replay.actions` must be from 0 to {learner.actions - 1}.")
    done = replay.time * learner.config.num_envs
    if done >= learner.config.steps + learner.config.num_envs:  # a run ends with a whole step of the vector environment
        raise CheckpointError("incompatible", f"the checkpoint has {done} steps, but {learner.config.steps} are asked for.")
    rows = {name: _like(arrays, f"rows.{name}", getattr(learner, name)) for name in _ROWS}
    generators = {name: _generator(manifest, name) for name in _GENERATORS}
    adam = _read_adam(network, arrays)
    history = _read_history(arrays)
    updates = manifest.get("updates")
    if type(updates) is not int or updates < 0:
        raise CheckpointError("corrupt", f"the checkpoint counts {updates!r} updates.")
    if done:
        try:
            learner.envs.set_state({**_part(arrays, "env"), **manifest.get("env_state", {})})
        except (TypeError, ValueError) as error:
            raise CheckpointError("corrupt", f"the environment's state is refused: {error}") from error
    learner.network.load_state_dict(network.state_dict())
    learner.target.load_state_dict(target.state_dict())
    for parameter, state in zip(learner.network.parameters(), adam, strict=True):
        learner.optimiser.state[parameter] = state  # empty before the first update
    learner.replay, learner.history, learner.updates = replay, history, updates
    for name, value in {**rows, **generators}.items():
        setattr(learner, name, value)


def require_room(learner: DQN) -> None:
    """Refuses a learner whose checkpoints would be too large.

    Raises:
        ValueError: Its replay buffer holds too many steps.
    """
    weights = sum(parameter.numel() for parameter in learner.network.parameters())
    # Two networks, and Adam's two moments, in four bytes each.
    size = sum(array.nbytes for array in learner.replay.state().values()) + 16 * weights
    if size > checkpoint.MAX_ARRAYS_BYTES:
        raise ValueError(
            f"`buffer` must be smaller: {learner.config.buffer:,} steps with observations of {learner.space.shape} make a "
            f"checkpoint of {size:,} bytes, of {checkpoint.MAX_ARRAYS_BYTES:,} that it may have."
        )


def load(directory: Path | str) -> DQNAgent:
    """The trained agent of a run directory.

    Raises:
        CheckpointError: It holds no sound checkpoint of DQN.
    """
    arrays, manifest = _load(directory)
    return DQNAgent(_network(manifest, arrays, "network"), _space(manifest))


def _load(directory: Path | str) -> tuple[Arrays, dict[str, Any]]:
    arrays, manifest = checkpoint.load(directory)
    checkpoint.require(manifest, "agent", AGENT)
    try:
        config = DQNConfig(**manifest["config"])
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError("corrupt", f"the checkpoint's settings are refused: {error}") from error
    return arrays, {**manifest, "config": _plain(asdict(config))}


def _plain(config: dict[str, Any]) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in config.items()}


def _space(manifest: Mapping[str, Any]) -> spaces.Box:
    entry = manifest.get("observations")
    shape, dtype = (entry.get("shape"), entry.get("dtype")) if isinstance(entry, dict) else ([], "")
    sides = shape if isinstance(shape, list) and all(type(side) is int and 0 < side <= _MAX_SIDE for side in shape) else []
    if len(sides) == 3 and dtype == "uint8" and sides[1] == sides[2]:
        return spaces.Box(0, 255, tuple(sides), np.uint8)
    if len(sides) == 1 and dtype == "float32":
        return spaces.Box(0.0, 1.0, tuple(sides), np.float32)
    raise CheckpointError("corrupt", f"the checkpoint's observations {entry!r} are neither pixels nor coordinates.")


def _network(manifest: Mapping[str, Any], arrays: Arrays, name: str) -> QNetwork:
    config, actions = DQNConfig(**manifest["config"]), manifest.get("actions")
    if type(actions) is not int or not 0 < actions <= _MAX_ACTIONS:
        raise CheckpointError("corrupt", f"the checkpoint has {actions!r} actions.")
    network = QNetwork(_space(manifest), actions, config.channels, config.hidden, config.standardise)
    # The layers have no memory yet, so that their shapes can be compared before any is taken.
    state = {key: _like(arrays, f"{name}.{key}", like) for key, like in network.state_dict().items()}
    network.load_state_dict({key: torch.from_numpy(array) for key, array in state.items()}, assign=True)
    return network


def _tensors(prefix: str, state: Mapping[str, torch.Tensor]) -> Arrays:
    return {f"{prefix}.{name}": tensor.numpy() for name, tensor in state.items()}


def _adam(optimiser: torch.optim.Optimizer) -> dict[str, torch.Tensor]:
    """Adam's numbers by parameter and name; none before the first update."""
    state = optimiser.state_dict()["state"]
    return {f"{i}.{name}": tensor for i, entry in state.items() for name, tensor in entry.items()}


def _read_adam(network: QNetwork, arrays: Arrays) -> list[dict[str, torch.Tensor]]:
    if not _part(arrays, "adam"):
        return [{} for _ in network.parameters()]
    result = []
    for i, parameter in enumerate(network.parameters()):
        likes = {"step": torch.zeros(()), "exp_avg": parameter, "exp_avg_sq": parameter}
        result.append({name: torch.from_numpy(_like(arrays, f"adam.{i}.{name}", like)) for name, like in likes.items()})
    return result


def _read_history(arrays: Arrays) -> dict[str, list[float]]:
    values, known = arrays.get("history"), arrays.get("history_known")
    if values is None or known is None or values.shape != known.shape or values.ndim != 2 or len(values) != len(HISTORY):
        raise CheckpointError("corrupt", "the checkpoint has no history.")
    return dict(zip(HISTORY, np.where(known, values, np.nan).tolist(), strict=True))


def _part(arrays: Arrays, prefix: str) -> Arrays:
    return {name.removeprefix(f"{prefix}."): array for name, array in arrays.items() if name.startswith(f"{prefix}.")}


def _like(arrays: Arrays, name: str, like: Any) -> Any:
    """The array `name`, if it has the shape and the type of the array or tensor `like`."""
    dtype = str(like.dtype).removeprefix("torch.")
    array = arrays.get(name)
    if array is None or array.shape != tuple(like.shape) or str(array.dtype) != dtype:
        found = "nothing" if array is None else f"{array.dtype} {array.shape}"
        raise CheckpointError("corrupt", f"`{name}` must be {dtype} {tuple(like.shape)}, got {found}.")
    return array


def _generator(manifest: Mapping[str, Any], name: str) -> np.random.Generator:
    generator = np.random.default_rng(0)
    try:
        generator.bit_generator.state = manifest["generators"][name]
    except (KeyError, TypeError, ValueError, OverflowError, AttributeError) as error:
        raise CheckpointError("corrupt", f"the state of the generator `{name}` is refused: {error!r}") from error
    return generator
