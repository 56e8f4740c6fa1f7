"""What the roll-outs of both networks share: the loss, the units that are silenced in training, and gradients of layers."""

from __future__ import annotations

import abc
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from agents.rnn.cells import flat
from agents.rnn.config import RnnConfig
from agents.rnn.models import Network
from agents.rnn.plant import Workspace
from agents.rnn.trials import STEPS, TrialBatch

_LEVELS = 65_536  # a unit is silenced if its random 16 bits are below this times the dropout: exact to 1 / 65,536


class Path(NamedTuple):
    """Where the hands were; the next roll-out overwrites it.

    Attributes:
        position: (T+1, 2, n), m, from the start on.
        velocity: (T+1, 2, n), m/s.
        states: (T, n, units), of the recurrent layer after each step.
    """

    position: Tensor
    velocity: Tensor
    states: Tensor


class Rollout(abc.ABC):
    """A network at work on a batch of trials, forward, and backward to the gradients of its weights.

    `forward` comes first; `loss` and `backward` speak of what it did.
    """

    def __init__(self, network: Network, config: RnnConfig, arena: float) -> None:
        """For the `network` of these settings; the hands cannot leave +-`arena` metres."""
        self.network, self._config, self._arena = network, config, arena
        dtype = next(network.parameters()).dtype
        self._space, self._believed = Workspace(dtype), Workspace(dtype)

    @abc.abstractmethod
    def forward(self, batch: TrialBatch, generator: np.random.Generator | None = None) -> Path:
        """The paths under the fields of the trials; with dropout only where a `generator` draws it."""

    @abc.abstractmethod
    def loss(self) -> float:
        """The loss in the paper's units."""

    @abc.abstractmethod
    def backward(self) -> dict[str, Tensor]:
        """The gradients of the loss for all weights, by name."""

    def _weights(self) -> dict[str, Tensor]:
        return {name: value.detach() for name, value in self.network.named_parameters()}

    def _elastic(self, errors: Tensor) -> tuple[float, Tensor]:
        """The loss for `errors` in the paper's units, and its gradient for them: squares and sizes, each with its weight."""
        l2, l1 = self._config.l2, self._config.l1
        value = l2 * float(errors.square().mean()) + l1 * float(errors.abs().mean())
        return value, (2.0 * l2 * errors + l1 * errors.sign()) / errors.numel()

    def _draw_masks(self, layers: int, rows: int, generator: np.random.Generator | None) -> list[Tensor]:
        """Factors (T, n, units) for each of so many layers: 0 or 1 / (1 - dropout); none where nothing is silenced."""
        config = self._config
        if generator is None or config.dropout == 0:
            return []
        level = round(config.dropout * _LEVELS)
        masks = []
        for layer in range(layers):
            bits = np.frombuffer(generator.bytes(2 * STEPS * rows * config.units), np.uint16)
            alive = torch.from_numpy(bits >= level).view(STEPS, rows, config.units)
            masks.append(self._space(f"mask {layer}", STEPS, rows, config.units).copy_(alive).mul_(_LEVELS / (_LEVELS - level)))
        return masks


def layer_gradients(layers: Iterable[tuple[str, Tensor, Tensor]]) -> dict[str, Tensor]:
    """Gradients of linear layers, each given by name, gradient of its output and its input, (T, n, ...)."""
    gradients = {}
    for name, to_output, given in layers:
        gradients[f"{name}.weight"], gradients[f"{name}.bias"] = flat(to_output).T @ flat(given), flat(to_output).sum(0)
    return gradients
