"""The paper's two models as modules for `reach_gym.differentiable`: which part of the observation they see, and how they move.

Both see where the target is, relative to the start, and the go cue as a pulse, whether or not the task's own cue then stays on.
Neither sees where the hand is.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from agents.rnn.config import RnnConfig
from reach_gym.errors import NotApplicableError
from reach_gym.planning.minimum_jerk import FREQUENCY
from reach_gym.plants import point_mass
from reach_gym.reach.keywords import Reach
from reach_gym.reach.observations import SPEED_UNIT

INPUTS = 3  # target x, target y, go cue
AXES = 2
KINEMATICS = 6  # acceleration, velocity and position, each x and y, in the paper's order
# Where the observation "vector" has what they see.
_TARGET, _CUE, _VELOCITY, _CLOCK, _VISIBLE, _START = (
    slice(*ends) for ends in ((0, 2), (2, 3), (5, 7), (7, 8), (11, 12), (12, 14))
)


class Body(NamedTuple):
    """What the networks know of the task: the hand that they move, and the units of what they observe.

    Attributes:
        mass: kg.
        damping: N s/m.
        strength: Greatest force along one axis, N.
        dt: Time step, s.
        workspace: Unit of observed places, m.
        pulse: How long the go cue is seen, s.
    """

    mass: float
    damping: float
    strength: float
    dt: float
    workspace: float
    pulse: float


def body_of(task: Reach) -> Body:
    """What the networks know of a task.

    Raises:
        NotApplicableError: It is no continuous reach of a point mass whose force does not lag, or its observation is another one
            than "vector".
    """
    if getattr(task, "family", None) != "cursor":
        raise NotApplicableError("these networks move the hand of a cursor reach.")
    if task.observation != "vector":
        raise NotApplicableError(f"these networks need the observation 'vector', got {task.observation!r}.")
    if type(task.plant) is not point_mass.PointMass:
        what = task.plant.describe()
        raise NotApplicableError(f"these networks move only a point mass without a lag of its force, got {what}.")
    hand = task.plant.linear()
    return Body(hand.mass, hand.damping, hand.strength, task.dt, task.workspace, task.pulse_steps * task.dt)


class PaperNetwork(nn.Module):
    """What both models share. Their weights are made by `make_network`."""

    cell: nn.Module

    def __init__(self, config: RnnConfig, body: Body) -> None:
        """Keeps what the network knows."""
        super().__init__()
        self._scale, self._body, self.units = config.scale, body, config.units
        self.drop = nn.Dropout(config.dropout)

    def _inputs(self, observation: Tensor) -> Tensor:
        """Target and go cue in the network's units, (n, 3)."""
        scale, body = self._scale, self._body
        observation = observation.detach()  # nothing of this depends on the hand
        aim = (observation[:, _TARGET] - observation[:, _START]) * observation[:, _VISIBLE] * (body.workspace / scale.place)
        cue = observation[:, _CUE] * (observation[:, _CLOCK] < body.pulse - 0.5 * body.dt) * scale.cue
        return torch.cat([aim, cue], dim=1)

    def activity(self, state: tuple[Tensor, ...]) -> Tensor:
        """What the units of the recurrent layer do, (n, units)."""
        return state[0]


class BufferNetwork(PaperNetwork):
    """The output-buffer model: two ReLU layers -> recurrent layer -> ReLU layer -> acceleration.

    Its buffer holds the last accelerations of the hand, field included, which it knows from the changes of the velocity.
    """

    def __init__(self, config: RnnConfig, body: Body) -> None:
        """Makes the layers."""
        super().__init__(config, body)
        self._buffer = config.buffer
        self.first = nn.Linear(INPUTS + AXES * config.buffer, config.units)
        self.second = nn.Linear(config.units, config.units)
        self.cell = _cell(config.kind_of_cell, config.units, config.units)
        self.hidden = nn.Linear(config.units, config.units)
        self.out = nn.Linear(config.units, AXES)

    def initial(self, rows: int) -> tuple[Tensor, ...]:
        """The state of the recurrent layer, the buffer (oldest first), and the last velocity in m/s."""
        new = self.out.weight.new_zeros
        return new(rows, self.units), new(rows, AXES * self._buffer), new(rows, AXES)

    def forward(self, observation: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        """The action (n, 2) and the new state."""
        units, recent, before = state
        velocity = SPEED_UNIT * observation[:, _VELOCITY]
        newest = (velocity - before) / (self._body.dt * self._scale.acceleration)
        recent = torch.cat([recent[:, AXES:], newest], dim=1)
        seen = self.drop(torch.relu(self.first(torch.cat([self._inputs(observation), recent], dim=1))))
        units = self.cell(self.drop(torch.relu(self.second(seen))), units)
        acceleration = self.out(torch.relu(self.hidden(self.drop(units)))) * self._scale.acceleration
        return acceleration * (self._body.mass / self._body.strength), (units, recent, velocity)


class StandardNetwork(PaperNetwork):
    """The standard model: recurrent layer -> ReLU layer -> six kinematics, along which a hand is led.

    The hand that it leads is one that it believes in, an efference copy: it obeys, and there is no field. Followed by second
    differences alone, outputs that jitter by a tenth of a millimetre would ask for more than the hand's strength.
    """

    def __init__(self, config: RnnConfig, body: Body) -> None:
        """Makes the layers."""
        super().__init__(config, body)
        self.cell = _cell(config.kind_of_cell, INPUTS, config.units)
        self.hidden = nn.Linear(config.units, config.units)
        self.out = nn.Linear(config.units, KINEMATICS)
        scale = config.scale
        self._si = torch.tensor(
            [scale.acceleration, scale.velocity, scale.place], dtype=torch.float64, device="cpu"
        ).repeat_interleave(AXES)
        self._lead, self._obey = leading(body)

    def initial(self, rows: int) -> tuple[Tensor, ...]:
        """State of the recurrent layer; kinematics planned for this step; place and velocity of the hand believed in.

        Both are in SI units, places relative to the start.
        """
        new = self.out.weight.new_zeros
        return new(rows, self.units), new(rows, KINEMATICS), new(rows, 2 * AXES)

    def forward(self, observation: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        """The action (n, 2) and the new state."""
        units, before, believed = state
        units = self.cell(self._inputs(observation), units)
        planned = self.out(torch.relu(self.hidden(self.drop(units)))) * self._si.to(before)
        force = torch.cat([before, planned, believed], dim=1) @ self._lead.to(before)
        strength = self._body.strength
        believed = torch.cat([believed, force.clamp(-strength, strength)], dim=1) @ self._obey.to(before)
        return force / strength, (units, planned, believed)


def leading(body: Body) -> tuple[Tensor, Tensor]:
    """How a hand is led along kinematics, and how it obeys: two matrices.

    The force is the planned acceleration's in the middle of the step, and a critically damped pull towards the planned position
    and velocity.

    Returns:
        (16, 2), from the kinematics planned for this step and for after it (acceleration, velocity, position each) and the
        hand's place and velocity, to the force in N; and (6, 4), from place, velocity and force to what they then are.
    """
    dt, pull, brake = body.dt, FREQUENCY * FREQUENCY, 2.0 * FREQUENCY
    half = 0.5 * (1.0 - pull * 0.5 * dt * dt - brake * dt)
    # Of: a, v, p planned for this step; a, v, p for after it; place, velocity.
    weights = [half, 0.0, 0.0, half, brake, pull, -pull, -pull * dt - brake]
    lead = body.mass * torch.tensor(weights, dtype=torch.float64, device="cpu")
    params = point_mass.Params(dt / body.mass, dt * body.damping / body.mass, dt, torch.inf)
    # A hand without a field is linear in place, velocity and force; the matrices are on the CPU whatever is made around them.
    columns = [point_mass.step((p, 0.0, v, 0.0), (f, 0.0), 0.0, None, params)[0] for p, v, f in np.eye(3).tolist()]
    obey = torch.tensor([[x, vx] for x, _, vx, _ in columns], dtype=torch.float64, device="cpu")
    axes = torch.eye(AXES, dtype=torch.float64, device="cpu")
    return torch.kron(lead[:, None], axes), torch.kron(obey, axes)


def _cell(kind: str, inputs: int, units: int) -> nn.Module:
    return nn.GRUCell(inputs, units) if kind == "gru" else nn.RNNCell(inputs, units, nonlinearity=kind)


def outline(config: RnnConfig, body: Body) -> PaperNetwork:
    """A network without weights, on the meta device: names and shapes alone."""
    kind: Any = StandardNetwork if config.model == "standard" else BufferNetwork
    # PyTorch's layers draw from the global state when they are made: on the meta device they draw nothing.
    with torch.device("meta"):
        network: PaperNetwork = kind(config, body)
    return network


def make_network(config: RnnConfig, body: Body, seed: int = 0) -> PaperNetwork:
    """A network with initial weights from `seed`; the global random state is left alone."""
    network = outline(config, body).to_empty(device="cpu")
    initialise(network, config, torch.Generator().manual_seed(seed))
    return network


def initialise(network: nn.Module, config: RnnConfig, generator: torch.Generator) -> None:
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
            if config.kind_of_cell == "relu":
                block.copy_(torch.eye(config.units))
            else:
                nn.init.orthogonal_(block, generator=generator)
    elif name == "out.weight":
        weight.mul_(0.1)
    elif not name.startswith("cell"):
        nn.init.kaiming_uniform_(weight, nonlinearity="relu", generator=generator)
