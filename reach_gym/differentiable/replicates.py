"""Several networks of one kind, of different seeds, that learn in one pass through a task."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from reach_gym import checks
from reach_gym.acting.adapters import is_stateful
from reach_gym.acting.modules import activity_of
from reach_gym.differentiable.rollouts import Rollout


class Replicates(nn.Module):
    """Networks with weights of their own, which share out the rows of a task in order.

    `train` gives each the loss of its own rows, and clips each gradient by itself, so that none depends on the others: they learn
    what they would one by one. Body, field and senses are moved once for all of them, which is where most of the time goes. What
    a module draws, as dropout does, differs from what it draws alone.

    Attributes:
        networks: The networks; each is a module and an agent of its own.
    """

    def __init__(self, make: Callable[[], nn.Module], seeds: Sequence[int]) -> None:
        """Makes a network for each of the seeds.

        Args:
            make: Gives a module with ``initial``, with new weights at each call; it draws them from PyTorch's random state.
            seeds: At which that state is set before each call; the caller's stays as it is.

        Raises:
            TypeError: A seed is no integer, or what is made has no state.
            ValueError: There are no seeds, or one is out of range.
        """
        super().__init__()
        if not len(seeds):
            raise ValueError("`seeds` must hold at least one, got none.")
        self.networks = nn.ModuleList(_made(make, checks.integer(f"seeds[{k}]", seed, 0)) for k, seed in enumerate(seeds))

    def initial(self, rows: int) -> Any:
        """The states in which the trials begin, those of the first network's rows first.

        Raises:
            ValueError: The rows cannot be shared out.
        """
        count = len(self.networks)
        if rows % count:
            raise ValueError(f"`rows` must be a multiple of {count}, the number of networks, got {rows}.")
        return _joined([network.initial(rows // count) for network in self.networks])  # type: ignore[operator]

    def forward(self, observation: Tensor, state: Any) -> tuple[Tensor, Any]:
        """Actions (rows, actuators) and the new states."""
        count = len(self.networks)
        shares = zip(self.networks, observation.chunk(count), _shared_out(state, count), strict=True)
        actions, states = zip(*(network(seen, own) for network, seen, own in shares), strict=True)
        return torch.cat(actions), _joined(states)

    def activity(self, state: Any) -> Tensor:
        """What the units do, (rows, units)."""
        shares = zip(self.networks, _shared_out(state, len(self.networks)), strict=True)
        return torch.cat([activity_of(network, own) for network, own in shares])

    def of_each(self, path: Rollout) -> list[Rollout]:
        """What each network did, of its own rows."""
        count = len(self.networks)
        size = len(path.go) // count
        return [path.of_rows(slice(k * size, (k + 1) * size), network) for k, network in enumerate(self.networks)]


def _made(make: Callable[[], nn.Module], seed: int) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        module = make()
    if not isinstance(module, nn.Module) or not is_stateful(module):
        raise TypeError(f"`make` must give a torch.nn.Module with a method `initial`, got {checks.shown(module)}.")
    return module


def _shared_out(state: Any, count: int) -> list[Any]:
    if isinstance(state, tuple):
        return list(zip(*(part.chunk(count) for part in state), strict=True))
    return list(state.chunk(count))


def _joined(states: Sequence[Any]) -> Any:
    if isinstance(states[0], tuple):
        return tuple(torch.cat(parts) for parts in zip(*states, strict=True))
    return torch.cat(list(states))
