"""The networks of the value learners: Sun & Plitt's small convolutional one for pixels, a perceptron for coordinates."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import cast

import numpy as np
import torch
from gymnasium import spaces
from torch import Tensor, nn

KERNEL = 3  # Sun & Plitt


class Inputs(nn.Module):
    """Brings observations into the network's units: pixels from 0..255 to 0..1, coordinates as they are.

    Standardised, their mean square is about 1: of a picture of n x n pixels in which one is lit, that one becomes n (the
    variance of such a channel is 1 / n**2); coordinates, uniform in 0..1, get mean 0 and standard deviation 1.
    """

    def __init__(self, space: spaces.Box, standardise: bool) -> None:
        """Prepares for the observations of `space`: uint8 (channels, n, n) or float32 (k,)."""
        super().__init__()
        if space.dtype == np.uint8:
            self.shift, self.factor = 0.0, (space.shape[-1] if standardise else 1.0) / 255.0
        else:
            self.shift, self.factor = (0.5, math.sqrt(12.0)) if standardise else (0.0, 1.0)

    def forward(self, observations: Tensor) -> Tensor:
        """float32, of the same shape."""
        return (observations.float() - self.shift) * self.factor


def features(space: spaces.Box, channels: Sequence[int], hidden: Sequence[int], standardise: bool) -> nn.Sequential:
    """The network without its last layer.

    Args:
        space: Observation space of one row: pixels, uint8 (channels, n, n), or coordinates, float32 (k,).
        channels: Of the convolutional layers, for pixels. Sun & Plitt: 8 and 16.
        hidden: Widths of the fully connected layers. Sun & Plitt: 128 and 128.
        standardise: See `Inputs`.

    Returns:
        Layers from (n, *space.shape) to (n, hidden[-1]), uninitialised.
    """
    layers: list[nn.Module] = [Inputs(space, standardise)]
    width = int(space.shape[0])
    if len(space.shape) == 3:
        size = int(space.shape[-1])
        # As in the paper, unless that would use up half of a small picture.
        padding = 0 if size > 2 * (KERNEL - 1) * len(channels) else KERNEL // 2
        for wider in channels:
            layers += [nn.Conv2d(width, wider, KERNEL, padding=padding), nn.ReLU()]
            width, size = wider, size - KERNEL + 1 + 2 * padding
        layers.append(nn.Flatten())
        width *= size * size
    for wider in hidden:
        layers += [nn.Linear(width, wider), nn.ReLU()]
        width = wider
    return nn.Sequential(*layers)


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
