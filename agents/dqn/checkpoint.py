"""Checkpoints of DQN: everything that the next step depends on, so that a resumed run is the same run bit for bit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from gymnasium import spaces

from agents.common.spaces import put_spaces, spaces_of, take_spaces
from agents.dqn.agent import DQNAgent
from agents.dqn.config import DQNConfig
from agents.dqn.learner import DQN, HISTORY
from agents.dqn.networks import QNetwork
from agents.dqn.replay import Replay
from reach_gym import checks
from reach_gym.grid.observations import PixelObservations, VectorObservations
from reach_gym.grid.pairs import FREE
from reach_gym.grid.world import MAX_SIZE, MIN_SIZE, NUM_ACTIONS
from reach_gym.training import checkpoint
from reach_gym.training.checkpoint import CheckpointError
from reach_gym.training.state import Parts, Run, Saved, specs_of
from reach_gym.training.tensors import put_adam, put_weights, restore_adam, take_adam, take_weights

AGENT = "dqn"
_ROWS = ("radius", "since", "returns", "lengths", "sums")
_GENERATORS = ("explorer", "drawer")
_ACTIONS = spaces.Discrete(NUM_ACTIONS)


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
    parts = Parts(_run(learner, task), learner.done)
    put_weights(parts, "network", learner.network.state_dict())
    put_weights(parts, "target", learner.target.state_dict())
    put_adam(parts, learner.optimiser, learner.network)
    parts.put("replay", learner.replay.state())
    parts.put("rows", {name: getattr(learner, name) for name in _ROWS})
    parts.put_history(learner.history)
    parts.put_generators({name: getattr(learner, name) for name in _GENERATORS})
    if learner.done:
        parts.put_environment(learner.envs)
    put_spaces(parts, learner.space, _ACTIONS)
    parts.entries["updates"] = learner.updates
    parts.save(directory)


def resume(learner: DQN, directory: Path | str, task: Mapping[str, Any]) -> None:
    """Continues from a checkpoint of a run with the same task, seed and settings; only `DQNConfig.steps` may have grown.

    A run that has grown is another one than a run that was as long from the beginning: the learning rate falls with its share of
    the steps.

    Raises:
        CheckpointError: It cannot be used; nothing was changed.
    """
    saved = Saved(directory, AGENT)
    saved.require_run(_run(learner, task), growing=("steps",))
    checkpoint.require({"spaces": take_spaces(saved)}, "spaces", spaces_of(learner.space, _ACTIONS))
    # A run ends with a whole step of the vector environment.
    saved.require_room(learner.config.steps, learner.unit, beyond=learner.config.num_envs - 1)
    network, target = (take_weights(saved, name, getattr(learner, name)) for name in ("network", "target"))
    replay, updates = _replay(saved, learner), saved.count("updates")
    rows = saved.take("rows", specs_of({name: getattr(learner, name) for name in _ROWS}))
    generators = {name: saved.generator(name) for name in _GENERATORS}
    adam, history = take_adam(saved, learner.network, begun=updates > 0), saved.history(HISTORY)
    if saved.done:
        saved.restore_environment(learner.envs)
    learner.network.load_state_dict(network)
    learner.target.load_state_dict(target)
    restore_adam(learner.optimiser, learner.network, adam)
    learner.replay, learner.history, learner.updates = replay, history, updates
    for name, value in {**rows, **generators}.items():
        setattr(learner, name, value)


def _run(learner: DQN, task: Mapping[str, Any]) -> Run:
    return Run(AGENT, task, asdict(learner.config), learner.seed)


def _replay(saved: Saved, learner: DQN) -> Replay:
    replay = Replay(len(learner.replay.over) - 1, learner.config.num_envs, learner.space)
    try:
        replay.restore(saved.take("replay", specs_of(replay.state())))
    except ValueError as error:
        raise CheckpointError("corrupt", str(error)) from error
    if not ((replay.actions >= 0) & (replay.actions < learner.actions)).all():
        raise CheckpointError("corrupt", f"`replay.actions` must be from 0 to {learner.actions - 1}.")
    if replay.time * learner.config.num_envs != saved.done:
        raise CheckpointError("corrupt", f"the replay buffer's {replay.time} steps of every row are not {saved.done} steps.")
    return replay


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
    saved = Saved(directory, AGENT)
    try:
        config = DQNConfig(**saved.manifest["config"])
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError("corrupt", f"the checkpoint's settings are refused: {error}") from error
    space = _space(saved)
    # The layers have no memory yet, so that their shapes are compared before any is taken.
    network = QNetwork(space, NUM_ACTIONS, config.channels, config.hidden, config.standardise)
    network.load_state_dict(take_weights(saved, "network", network), assign=True)
    return DQNAgent(network, space)


def _space(saved: Saved) -> spaces.Box:
    """The observations of the grid that the network was made for; no other space, however large, is ever made."""
    told = take_spaces(saved)
    for size in range(MIN_SIZE, MAX_SIZE + 1):
        for kind in (PixelObservations, VectorObservations):
            known = kind(size, FREE).space
            if isinstance(known, spaces.Box) and spaces_of(known, _ACTIONS) == told:
                return known
    what = f"the checkpoint's spaces {checks.shown(told)} are not those of a grid reach with pixels or coordinates."
    raise CheckpointError("corrupt", what)
