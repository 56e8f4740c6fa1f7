"""A recurrent network that is told what it has done itself; several copies with weights of their own can learn side by side."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from agents.in_context.config import InContextConfig

REMEMBERED = 5  # last own actions that are told, so that one stands beside what is seen of it 100 ms later
_LONGEST = 200.0  # time steps, of the units' own time constants at first: some seven trials
_QUIET = 0.3  # how much smaller than usual the weights of the actions are at first
_MILD = 0.5  # the same, of what products do to the units

State = tuple[Tensor, Tensor]


class GatedNetworks(nn.Module):
    """Gated recurrent units (Cho et al. 2014) with a layer of actions, once or several times over.

    Each replicate has weights of its own and a share of the rows, in order: one pass through the task trains them all, far faster
    than one after the other. The bias of the update gates spreads the units' time constants from one step to several trials
    (Tallec & Ollivier 2018), without which little is remembered at first. A replicate depends on its own seed only.

    The force of a field is a product of two things: the field, which is remembered, and the velocity. So is what tells about the
    field. No linear layer makes products; they stand beside the units, each of two weighted sums of them, for the action and for
    the next step (as in second-order networks: Giles et al. 1992, Neural Comput 4:393).

    Attributes:
        replicates: How many there are.
    """

    def __init__(
        self, units: int, seeds: Sequence[int], observations: int = 14, actions: int = 2, products: int = InContextConfig.products
    ) -> None:
        """Makes one replicate for each of the `seeds`, which draw the weights; `products` stand beside the `units`."""
        super().__init__()
        self.replicates, self._units, self._actions, self._products = len(seeds), units, actions, products
        inputs = observations + REMEMBERED * actions
        made = [_weights(inputs, units, actions, products, torch.Generator().manual_seed(seed)) for seed in seeds]
        for name in made[0]:
            self.register_parameter(name, nn.Parameter(torch.stack([each[name] for each in made])))

    def initial(self, rows: int) -> State:
        """Nothing remembered, (rows, units), and no own action, (rows, remembered actions)."""
        like: Any = self.get_parameter("recurrent")
        return like.new_zeros(rows, self._units), like.new_zeros(rows, REMEMBERED * self._actions)

    def forward(self, observation: Tensor, state: State) -> tuple[Tensor, State]:
        """Actions (rows, actions) within -1 and 1, and the new state.

        Raises:
            ValueError: The rows cannot be shared out among the replicates.
        """
        if len(observation) % self.replicates:
            raise ValueError(f"`observation` must have a multiple of {self.replicates} rows, got {len(observation)}.")
        weight: Callable[[str], Any] = self.get_parameter
        units, (memory, done) = self._units, state
        seen = torch.cat([observation, done], dim=1)
        seen, memory = (each.reshape(self.replicates, -1, each.shape[1]) for each in (seen, memory))
        driven = torch.baddbmm(weight("bias"), seen, weight("input"))
        kept = torch.baddbmm(weight("kept_bias"), self._with_products(memory), weight("recurrent"))
        forget, update = (driven[..., : 2 * units] + kept[..., : 2 * units]).sigmoid().chunk(2, dim=-1)
        new = (driven[..., 2 * units :] + forget * kept[..., 2 * units :]).tanh()
        memory = new + update * (memory - new)
        action = torch.baddbmm(weight("action_bias"), self._with_products(memory), weight("action")).tanh().flatten(0, 1)
        return action, (memory.flatten(0, 1), torch.cat([action, done[:, : -self._actions]], dim=1))

    def _with_products(self, memory: Tensor) -> Tensor:
        """What the units do (replicates, rows, units), and beside it the products of pairs of weighted sums of it."""
        pairs: Any = self.get_parameter("pairs")
        one, other = torch.bmm(memory, pairs).chunk(2, dim=-1)
        return torch.cat([memory, one * other], dim=-1)

    def only(self, replicates: Sequence[int]) -> GatedNetworks:
        """Some of the replicates, by number, as a module of their own."""
        inputs = self.get_parameter("input").shape[1] - REMEMBERED * self._actions
        some = GatedNetworks(self._units, [0] * len(replicates), inputs, self._actions, self._products)
        some.load_state_dict({name: each.detach()[list(replicates)] for name, each in self.state_dict().items()})
        return some


def _weights(inputs: int, units: int, actions: int, products: int, drawn: torch.Generator) -> dict[str, Tensor]:
    """The first weights of one replicate."""

    def uniform(*shape: int) -> Tensor:
        return (torch.rand(*shape, generator=drawn) * 2.0 - 1.0) / math.sqrt(shape[0])

    recurrent = torch.cat([uniform(units, 3 * units), _MILD * uniform(products, 3 * units)])
    # The sums are about as large as what the units do.
    pairs = math.sqrt(3.0) * uniform(units, 2 * products)
    first = {"input": uniform(inputs, 3 * units), "recurrent": recurrent, "pairs": pairs}
    constants = torch.exp(torch.rand(units, generator=drawn) * math.log(_LONGEST))
    bias = torch.zeros(1, 3 * units)
    # The gate keeps constant / (constant + 1) of a unit's activity from step to step.
    bias[0, units : 2 * units] = torch.log(constants - 0.7)
    action = _QUIET * torch.cat([uniform(units, actions), uniform(products, actions)])
    zero = {"kept_bias": torch.zeros(1, 3 * units), "action_bias": torch.zeros(1, actions)}
    return {**first, "bias": bias, "action": action, **zero}


class AdamApart(torch.optim.Adam):
    """Adam (Kingma & Ba 2015) in which the gradient of every replicate is clipped by itself, so that none depends on another."""

    def __init__(self, parameters: Any, lr: float, clip: float = 1.0) -> None:
        """With the greatest norm `clip` of the gradient of a replicate.

        The squares are averaged over 100 steps, so that early gradients, some of them huge, are soon forgotten.
        """
        super().__init__(parameters, lr=lr, betas=(0.9, 0.99))
        self._clip = clip

    def step(self, closure: Any = None) -> Any:
        """One step; the first axis of every parameter counts the replicates."""
        gradients = [each.grad for group in self.param_groups for each in group["params"] if each.grad is not None]
        norm = torch.stack([each.flatten(1).square().sum(1) for each in gradients]).sum(0).sqrt()
        factor = (self._clip / norm.clamp(min=1e-12)).clamp(max=1.0)
        for each in gradients:
            each.mul_(factor.view(-1, *(1,) * (each.dim() - 1)))
        return super().step(closure)
