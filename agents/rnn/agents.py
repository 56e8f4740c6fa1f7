"""The trained networks as agents: they act in every cursor reach through the protocol, row by row, on what they observe."""

from __future__ import annotations

import abc
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from agents.rnn.checkpoint import load
from agents.rnn.config import RnnConfig
from agents.rnn.models import AXES, BufferNetwork, Network, StandardNetwork
from agents.rnn.plant import params_of
from agents.rnn.tracking import lead
from reach_gym.planning.watch import Seen, TrialWatch
from reach_gym.plants import point_mass

Floats = npt.NDArray[np.float64]


class RnnAgent(abc.ABC):
    """Feeds a network with what the environment shows, and exerts the force that its outputs ask for.

    Like a controller it knows the hand's mass and the time step, and no field. Like in its training, targets are relative to the
    start.
    """

    _watch: TrialWatch

    def __init__(self, env: Any, network: Network, config: RnnConfig) -> None:
        """Acts in `env`, a cursor reach, scalar or vector, wrapped or not.

        Raises:
            TypeError: `env` is no cursor reach of this package.
        """
        self._watch = TrialWatch(env, "nothing")
        # A pulse as in the paper, whether or not the task's own cue then stays on.
        self._config, self._pulse = config, getattr(env, "unwrapped", env).task.pulse_steps
        self.network = network
        self._dtype = next(network.parameters()).dtype
        self.states: Floats = np.zeros((0, config.units))

    def reset(self, starts: npt.NDArray[np.bool_]) -> None:
        """Forgets the rows, bool (n,), that begin an episode."""
        self._watch.reset(starts)

    def act(self, observations: Any) -> npt.NDArray[np.float32]:
        """Actions (n, 2) for a batch of observations; afterwards `states` holds the recurrent layer's state, (n, units)."""
        seen = self._watch.look(observations)
        if len(seen.new) != len(self.states):
            self.states = np.zeros((len(seen.new), self._config.units))
        self.states[seen.new] = 0.0
        return self._watch.actions(self._watch.facts.body.mass * self._accelerate(seen))

    @abc.abstractmethod
    def _accelerate(self, seen: Seen) -> Floats:
        """The acceleration (n, 2) that the network wants, in m/s^2."""

    def _inputs(self, seen: Seen) -> Floats:
        """Target and go cue in the network's units, (n, 3)."""
        scale, cue = self._config.scale, seen.go & (seen.time < seen.cue + self._pulse)
        return np.concatenate([(seen.goal - self._watch.facts.start) / scale.place, scale.cue * cue[:, None]], axis=1)

    def _step(self, inputs: Floats) -> Floats:
        with torch.no_grad():
            given, state = (torch.from_numpy(each).to(self._dtype) for each in (inputs, self.states))
            outputs, after = self.network.step(given, state)
        self.states = after.double().numpy()
        return np.asarray(outputs.double().numpy())


class BufferAgent(RnnAgent):
    """The output-buffer model: its buffer holds the last accelerations of the hand, observed as changes of its velocity."""

    def __init__(self, env: Any, network: BufferNetwork, config: RnnConfig) -> None:
        """See `RnnAgent`."""
        super().__init__(env, network, config)
        self._recent: Floats = np.zeros((0, AXES * config.buffer))
        self._velocity: Floats = np.zeros((0, AXES))

    def _accelerate(self, seen: Seen) -> Floats:
        velocity, scale = seen.state[:, 2:], self._config.scale
        if len(velocity) != len(self._velocity):
            self._recent, self._velocity = np.zeros((len(velocity), AXES * self._config.buffer)), velocity.copy()
        change = (velocity - self._velocity) / self._watch.facts.dt
        self._recent = np.concatenate([self._recent[:, AXES:], change], axis=1)
        self._recent[seen.new] = 0.0
        self._velocity = velocity.copy()
        return self._step(np.concatenate([self._inputs(seen), self._recent / scale.acceleration], axis=1)) * scale.acceleration


class StandardAgent(RnnAgent):
    """The standard model: it leads the hand that it believes in along its kinematics, and looks at no other."""

    def __init__(self, env: Any, network: StandardNetwork, config: RnnConfig) -> None:
        """See `RnnAgent`."""
        super().__init__(env, network, config)
        # Of every row: the last outputs (acceleration, velocity and position), and position and velocity of the believed hand;
        # all positions relative to the start.
        self._before: Floats = np.zeros((3, 0, AXES))
        self._hand: Floats = np.zeros((2, 0, AXES))

    def _accelerate(self, seen: Seen) -> Floats:
        facts, scale = self._watch.facts, self._config.scale
        rows = len(seen.new)
        if rows != self._hand.shape[1]:
            self._before, self._hand = np.zeros((3, rows, AXES)), np.zeros((2, rows, AXES))
        self._before[:, seen.new], self._hand[:, seen.new] = 0.0, 0.0
        units = np.array([scale.acceleration, scale.velocity, scale.place])
        now = self._step(self._inputs(seen)).reshape(rows, 3, AXES).transpose(1, 0, 2) * units[:, None, None]
        (x, y), (vx, vy) = (each.T for each in self._hand)
        wanted = lead(self._before, now, self._hand[0], self._hand[1], facts.dt)
        ux, uy = np.clip(facts.body.mass * wanted, -facts.body.strength, facts.body.strength).T
        (x, y, vx, vy), _, _ = point_mass.step((x, y, vx, vy), (ux, uy), 0.0, None, params_of(facts))
        self._before, self._hand = now, np.stack([np.stack([x, y], axis=1), np.stack([vx, vy], axis=1)])
        return np.asarray(wanted)


def agent_of(env: Any, network: Network, config: RnnConfig) -> RnnAgent:
    """The agent that moves with `network`."""
    if isinstance(network, StandardNetwork):
        return StandardAgent(env, network, config)
    return BufferAgent(env, network, config)


def load_agent(directory: Path | str, env: Any, block: int | None = None) -> RnnAgent:
    """The agent of a run directory.

    Args:
        directory: A run of ``python -m agents rnn``.
        env: Where it acts.
        block: As it was at the end of that block of its training, from 0; as it is now if ``None``.

    Raises:
        CheckpointError: The directory holds no sound checkpoint of a recurrent network.
        TypeError: `env` is no cursor reach.
        ValueError: That block is not over yet.
    """
    trained = load(directory)
    if block is not None and not 0 <= block < len(trained.snapshots):
        raise ValueError(f"`block` must be from 0 to {len(trained.snapshots) - 1}, the blocks that are over, got {block}.")
    return agent_of(env, trained.network if block is None else trained.snapshots[block], trained.config)
