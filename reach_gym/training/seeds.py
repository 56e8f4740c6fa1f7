"""Which sessions a training draws."""

from __future__ import annotations

from reach_gym.sessions import draws

_TRAINING_STREAM = 0x5DEECE66D  # keeps the training's rows apart from everybody else's


def training_seed(seed: int) -> int:
    """The seed of the first row of a training: runs with neighbouring seeds share no rows."""
    first: int = draws.mix(seed ^ _TRAINING_STREAM) >> 2
    return first
