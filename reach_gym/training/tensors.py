"""Networks and their optimiser in a checkpoint: weights and Adam's moments, by the names that the layers have."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from reach_gym.training.checkpoint import Arrays
from reach_gym.training.state import Parts, Saved, Spec, specs_of

_ADAM = "adam"
MOMENTS = ("exp_avg", "exp_avg_sq")
AdamState = dict[str, dict[str, Tensor]]
"""Step and moments of every parameter, by its name."""


def put_weights(parts: Parts, prefix: str, weights: Mapping[str, Tensor]) -> None:
    """Adds a network's ``state_dict``."""
    parts.put(prefix, {name: tensor.detach().cpu().numpy() for name, tensor in weights.items()})


def take_weights(saved: Saved, prefix: str, network: nn.Module) -> dict[str, Tensor]:
    """The weights that `put_weights` added, for `network`, which may be one without memory.

    Raises:
        CheckpointError: They are those of another network.
    """
    return _tensors(saved.take(prefix, specs_of(network.state_dict())))


def put_adam(parts: Parts, optimiser: torch.optim.Optimizer, network: nn.Module) -> None:
    """Adds Adam's step and moments of every parameter; nothing before the first update."""
    for name, parameter in network.named_parameters():
        state = optimiser.state.get(parameter)
        if state:
            put_weights(parts, f"{_ADAM}/{name}", {key: state[key] for key in ("step", *MOMENTS)})


def take_adam(saved: Saved, network: nn.Module, begun: bool) -> AdamState:
    """What `put_adam` added for the parameters of `network`; empty if no update had `begun` to be counted.

    Raises:
        CheckpointError: They are those of another network.
    """
    if not begun:
        return {}
    result = {}
    for name, parameter in network.named_parameters():
        (moment,) = specs_of({"moment": parameter}).values()
        specs = {"step": Spec("float32", ()), **dict.fromkeys(MOMENTS, moment)}
        result[name] = _tensors(saved.take(f"{_ADAM}/{name}", specs))
    return result


def restore_adam(optimiser: torch.optim.Optimizer, network: nn.Module, state: AdamState) -> None:
    """Lets Adam go on from `state`."""
    for name, parameter in network.named_parameters():
        optimiser.state[parameter] = dict(state.get(name, {}))


def _tensors(arrays: Arrays) -> dict[str, Tensor]:
    return {name: torch.from_numpy(array.copy()) for name, array in arrays.items()}
