"""The network of a run directory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gymnasium.spaces import Box

from agents.common.spaces import put_spaces, spaces_of, take_spaces
from agents.in_context.agents import InContextAgent
from agents.in_context.config import InContextConfig, config_from_data
from agents.in_context.network import GatedNetworks
from reach_gym import checks
from reach_gym.errors import NotApplicableError
from reach_gym.training.checkpoint import CheckpointError
from reach_gym.training.state import Parts, Run, Saved
from reach_gym.training.tensors import put_weights, take_weights

AGENT = "in_context"
_PREFIX = "network"


def sizes(env: Any) -> tuple[int, int]:
    """How many numbers an observation and an action of a vector environment have.

    Raises:
        NotApplicableError: One of them is no row of numbers.
    """
    spaces = env.single_observation_space, env.single_action_space
    if not all(isinstance(space, Box) and len(space.shape) == 1 for space in spaces):
        raise NotApplicableError(f"the task must have rows of numbers as observations and actions, got {checks.shown(spaces)}.")
    return spaces[0].shape[0], spaces[1].shape[0]


def save(network: GatedNetworks, run: Run, env: Any, done: int, directory: Path | str) -> None:
    """Writes the `network` of a `run` in the rows of `env`, with so many updates `done`.

    Raises:
        CheckpointError: A weight is not finite; what was there is kept.
        OSError: The files cannot be written.
    """
    parts = Parts(run, done)
    put_weights(parts, _PREFIX, network.state_dict())
    put_spaces(parts, env.single_observation_space, env.single_action_space)
    parts.save(directory)


def require_run(run: Run, directory: Path | str) -> None:
    """Refuses a directory with another run.

    Raises:
        CheckpointError: It holds another one, or no sound checkpoint.
    """
    Saved(directory, AGENT).require_run(run)


def load(directory: Path | str) -> tuple[GatedNetworks, InContextConfig]:
    """The network of a run directory, and its settings.

    Raises:
        CheckpointError: There is no sound checkpoint of such a network.
    """
    saved = Saved(directory, AGENT)
    return _network(saved)


def load_agent(directory: Path | str, env: Any) -> InContextAgent:
    """The trained agent of a run directory, for a vector environment.

    Raises:
        CheckpointError: There is no sound checkpoint of such a network.
        NotApplicableError: It was made for other observations or actions than those of `env`.
    """
    saved, base = Saved(directory, AGENT), env.unwrapped
    trained, here = take_spaces(saved), spaces_of(base.single_observation_space, base.single_action_space)
    for name, space in here.items():
        if trained[name] != space:
            made = checks.shown(trained[name])
            raise NotApplicableError(f"the network does not fit the {name} {checks.shown(space)}; it was made for {made}.")
    return InContextAgent(_network(saved)[0])


def _network(saved: Saved) -> tuple[GatedNetworks, InContextConfig]:
    try:
        config = config_from_data(saved.manifest.get("config"))
    except (TypeError, ValueError) as error:
        raise CheckpointError("incompatible", f"the settings are refused: {error}") from error
    shapes = [take_spaces(saved)[name]["shape"] for name in ("observations", "actions")]
    if not all(isinstance(shape, list) and len(shape) == 1 for shape in shapes):
        raise CheckpointError("corrupt", f"`spaces` must be of numbers in a row, got the shapes {shapes}.")
    observations, actions = (shape[0] for shape in shapes)
    network = GatedNetworks(config.units, [0], observations, actions, config.products)
    network.load_state_dict(take_weights(saved, _PREFIX, network))
    return network, config
