"""The networks of Sun & Plitt up to their last layer: convolutions for pixels, a perceptron for coordinates.

Needs PyTorch, which the package does not; nothing else in it imports this module but `reach_gym.acting.sb3`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from gymnasium import spaces

from reach_gym.errors import missing_extra

try:
    from torch import Tensor, nn
except ModuleNotFoundError as error:
    raise missing_extra("torch", "sb3") from error

CHANNELS, HIDDEN = (8, 16), (128, 128)  # Sun & Plitt
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

    Raises:
        ValueError: The observations are neither pixels nor coordinates.
    """
    if not isinstance(space, spaces.Box) or len(space.shape) not in (1, 3):
        raise ValueError(f"`space` must be pixels (channels, n, n) or coordinates (k,), got {space}.")
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
