"""The network of the value learners, and how its numbers begin."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import cast

import torch
from gymnasium import spaces
from torch import Tensor, nn

from reach_gym.acting.features import features


class QNetwork(nn.Module):
    """Action values of a batch of observations."""

    def __init__(
        self, space: spaces.Box, actions: int, channels: Sequence[int], hidden: Sequence[int], standardise: bool
    ) -> None:
        """Makes layers that take no memory yet; `initialise` or a checkpoint gives them their numbers.

        Args:
            space: See `features`.
            actions: How many.
            channels: See `features`.
            hidden: See `features`.
            standardise: See `Inputs`.
        """
        super().__init__()
        with torch.device("meta"):  # PyTorch's own initialisation would use the global random state
            self.features = features(space, channels, hidden, standardise)
            self.head = nn.Linear(hidden[-1], actions)

    def forward(self, observations: Tensor) -> Tensor:
        """float32 (n, actions) from observations (n, ...)."""
        values: Tensor = self.head(self.features(observations))
        return values


def initialise(network: QNetwork, he: bool, initial_value: float, seed: int) -> None:
    """Draws the numbers of a new network.

    Args:
        network: To be filled.
        he: Normal weights of variance 2 / fan-in (He et al. 2015), which keep the signal's size from layer to layer, no biases,
            and a last layer that begins at 0, so that every value begins at `initial_value`. Otherwise PyTorch's own:
            uniform weights and biases below 1 / sqrt(fan-in), a sixth of that variance.
        initial_value: Bias of the last layer, on top of what PyTorch's own draws.
        seed: The same seed gives the same network.
    """
    network.to_empty(device="cpu")
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for layer in network.modules():
            if not isinstance(layer, nn.Conv2d | nn.Linear):
                continue
            weight, bias = layer.weight, cast(Tensor, layer.bias)
            bound = 1.0 / math.sqrt(weight[0].numel())
            if he:
                weight.normal_(0.0, math.sqrt(2.0) * bound, generator=generator)
                bias.zero_()
            else:
                weight.uniform_(-bound, bound, generator=generator)
                bias.uniform_(-bound, bound, generator=generator)
        if he:
            network.head.weight.zero_()
        network.head.bias.add_(initial_value)
