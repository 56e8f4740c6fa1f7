"""Observations with their past, as `reach_gym.reach.history.History` for arrays."""

from __future__ import annotations

import torch
from torch import Tensor


class TensorHistory:
    """Puts the last observations and actions behind the present observation."""

    def __init__(self, pairs: int, actuators: int) -> None:
        """Remembers so many `pairs` of an observation and the action that followed it; none if 0."""
        self._pairs, self._actuators = pairs, actuators
        self._shown: Tensor | None = None

    def begin(self, observation: Tensor, begins: Tensor) -> Tensor:
        """What is shown where the trials of the rows `begins`, bool (n,), begin: the past is the first observation, at rest."""
        first = observation
        if self._pairs:
            still = observation.new_zeros(len(observation), self._actuators)
            first = torch.cat([observation, *[observation, still] * self._pairs], dim=1)
        if self._shown is not None and not bool(begins.all()):
            first = torch.where(begins.view(-1, *(1,) * (first.dim() - 1)), first, self._shown)
        self._shown = first
        return first

    def add(self, observation: Tensor, actions: Tensor) -> Tensor:
        """What is shown after a step; `actions` (n, actuators) are those within their bounds."""
        before = self._shown
        if self._pairs and before is not None:
            own = observation.shape[1]
            past = before[:, :own], actions, before[:, own : -(own + actions.shape[1])]
            observation = torch.cat([observation, *past], dim=1)
        self._shown = observation
        return observation
