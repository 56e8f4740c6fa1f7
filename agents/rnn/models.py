"""The two networks: their layers, their initial weights, and one time step of them, with which they act.

They learn by the faster roll-outs of `agents.rnn.buffer` and `agents.rnn.standard`, which also apply the dropout: after the first
two layers of the output-buffer model, and in both models between the recurrent and the ReLU layer.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from agents.rnn.config import RnnConfig

INPUTS = 3  # target x, target y, go cue
AXES = 2
KINEMATICS = 6  # acceleration, velocity and position, each x and y, in the paper's order


def _cell(kind: str, inputs: int, units: int) -> nn.Module:
    return nn.GRUCell(inputs, units) if kind == "gru" else nn.RNNCell(inputs, units, nonlinearity=kind)


class StandardNetwork(nn.Module):
    """Recurrent layer -> ReLU layer -> six kinematics; it sees nothing but target and cue."""

    def __init__(self, config: RnnConfig) -> None:
        """Makes the layers; `initialise` fills them."""
        super().__init__()
        self.cell = _cell(config.cell, INPUTS, config.units)
        self.hidden = nn.Linear(config.units, config.units)
        self.out = nn.Linear(config.units, KINEMATICS)

    def step(self, inputs: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """One time step: `inputs` (n, 3) and the state (n, units) to the outputs (n, 6) and the next state."""
        state = self.cell(inputs, state)
        return self.out(torch.relu(self.hidden(state))), state


class BufferNetwork(nn.Module):
    """Two ReLU layers -> recurrent cell -> ReLU layer -> acceleration; it sees its last accelerations."""

    def __init__(self, config: RnnConfig) -> None:
        """Makes the layers; `initialise` fills them."""
        super().__init__()
        self.first = nn.Linear(INPUTS + AXES * config.buffer, config.units)
        self.second = nn.Linear(config.units, config.units)
        self.cell = _cell(config.cell, config.units, config.units)
        self.hidden = nn.Linear(config.units, config.units)
        self.out = nn.Linear(config.units, AXES)

    def step(self, inputs: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """One time step: `inputs` (n, 3 + 2 buffer), oldest acceleration first, and the state to outputs (n, 2) and state."""
        state = self.cell(torch.relu(self.second(torch.relu(self.first(inputs)))), state)
        return self.out(torch.relu(self.hidden(state))), state


Network = StandardNetwork | BufferNetwork


def outline(config: RnnConfig) -> Network:
    """A network without weights, on the meta device: names and shapes alone."""
    kind: Any = StandardNetwork if config.model == "standard" else BufferNetwork
    # PyTorch's layers draw from the global state when they are made: on the meta device they draw nothing.
    with torch.device("meta"):
        network: Network = kind(config)
    return network


def make_network(config: RnnConfig, seed: int = 0) -> Network:
    """A network with initial weights from `seed`; the global random state is left alone."""
    network = outline(config).to_empty(device="cpu")
    initialise(network, config, torch.Generator().manual_seed(seed))
    return network


def initialise(network: Network, config: RnnConfig, generator: torch.Generator) -> None:
    """Fills the weights in place.

    ``"torch"`` draws all of them uniformly up to 1 / sqrt(fan-in), as PyTorch's layers do. ``"orthogonal"`` instead gives ReLU
    layers He's variance, recurrent matrices an orthogonal one (the identity for a ReLU RNN: Le, Jaitly & Hinton 2015), and begins
    with no biases and small outputs, so that the hand rests at first.
    """
    for name, weight in network.named_parameters():
        fan = config.units if "cell" in name or weight.ndim < 2 else weight.shape[1]
        with torch.no_grad():
            weight.uniform_(-(fan**-0.5), fan**-0.5, generator=generator)
            if config.initial == "orthogonal":
                _refine(name, weight, config, generator)


def _refine(name: str, weight: Tensor, config: RnnConfig, generator: torch.Generator) -> None:
    if "bias" in name:
        weight.zero_()
    elif name == "cell.weight_hh":
        for block in torch.split(weight, config.units):
            if config.cell == "relu":
                block.copy_(torch.eye(config.units))
            else:
                nn.init.orthogonal_(block, generator=generator)
    elif name == "out.weight":
        weight.mul_(0.1)
    elif not name.startswith("cell"):
        nn.init.kaiming_uniform_(weight, nonlinearity="relu", generator=generator)
