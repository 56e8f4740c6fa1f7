"""Deep Q-learning (Mnih et al. 2015) of the grid reach from pixels or coordinates, after Sun & Plitt.

One step of learning, from top to bottom: the rows act (`DQN.explore`), the environment answers, the replay buffer keeps it
(`agents.dqn.replay`), a batch is drawn and may get new targets (`agents.dqn.hindsight`), `td_target` says what the values
should have been, and `DQN.update` moves the network there.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from gymnasium import spaces
from torch import Tensor, nn

from agents.dqn.agent import DQNAgent
from agents.dqn.config import DQNConfig
from agents.dqn.hindsight import Hindsight, Symmetries
from agents.dqn.networks import QNetwork, initialise
from agents.dqn.replay import Batch, Replay
from reach_gym import checks
from reach_gym.grid.vector_env import GridReachVectorEnv
from reach_gym.grid.world import NUM_ACTIONS

_ENV_STREAM, _NETWORK_STREAM, _EXPLORE_STREAM, _REPLAY_STREAM = range(4)
_LEG_UPDATES = 32  # between two looks at the keyboard: under a second on one core
HISTORY = ("step", "episodes", "return", "length", "success", "radius", "epsilon", "loss", "value", "gradient", "learning_rate")
"""The columns of `DQN.history`; the figures are means since the record before, NaN where there was nothing."""


def td_target(batch: Batch, network: nn.Module, target: nn.Module, double: bool) -> Tensor:
    """What the values of the batch's actions should be: the returns, plus the discounted value of what came after.

    Args:
        batch: The transitions; their `discounts` are 0 where the episode terminated, and only there.
        network: Chooses the next action if `double`.
        target: Values the next action, and chooses it otherwise.
        double: Whether to use double Q-learning.

    Returns:
        float32 (n,), without a gradient.
    """
    with torch.no_grad():
        ahead = torch.from_numpy(batch.next_observations)
        values: Tensor = target(ahead)
        best = (network(ahead) if double else values).argmax(dim=1, keepdim=True)
        following = values.gather(1, best)[:, 0]
        return torch.from_numpy(batch.returns) + torch.from_numpy(batch.discounts) * following


class DQN:
    """Learns the action values of a grid reach with a network.

    Attributes:
        envs: Where it learns.
        space: Observation space of a row.
        actions: How many.
        config: The settings.
        seed: Seed of the environment, the network, the exploration and the replay, each with a stream of its own.
        network: The action values.
        target: The target network.
        replay: The replay buffer.
        history: One list per name of `HISTORY`, one entry per `DQNConfig.log_every` steps.
    """

    unit = "steps"

    def __init__(self, envs: Any, config: DQNConfig, seed: int = 0) -> None:
        """Begins with a new network.

        Args:
            envs: A vector environment of the grid reach in autoreset mode ``NEXT_STEP`` with `config.num_envs` rows and pixels or
                coordinates as observations; a shrinking radius and a field are its own affair.
            config: The settings.
            seed: Of everything that is drawn.

        Raises:
            TypeError: `envs` or `seed` has the wrong type.
            ValueError: `envs` does not fit.
        """
        base = getattr(envs, "unwrapped", envs)
        if not isinstance(base, GridReachVectorEnv):
            raise TypeError(f"`envs` must be a vector environment of the grid reach, got {envs}.")
        space, mode = base.single_observation_space, base.metadata["autoreset_mode"].value
        if not isinstance(space, spaces.Box) or base.num_envs != config.num_envs or mode != "NextStep":
            raise ValueError(
                "`envs` must have pixels or coordinates as observations, autoreset mode NextStep and "
                f"{config.num_envs} rows, got {space}, {mode} and {base.num_envs}."
            )
        self.space, self.actions = space, NUM_ACTIONS
        self.envs, self.config, self.seed = base, config, checks.integer("seed", seed, 0, checks.MAX_SEED)
        self.leg = _LEG_UPDATES * config.num_envs * config.update_every // config.updates + 1
        self.network, self.target = (
            QNetwork(space, self.actions, config.channels, config.hidden, config.standardise) for _ in range(2)
        )
        initialise(self.network, config.init == "he", config.initial_value, self._derived(_NETWORK_STREAM))
        self.target.to_empty(device="cpu").load_state_dict(self.network.state_dict())
        self.optimiser = torch.optim.Adam(self.network.parameters(), config.learning_rate, fused=True)
        self.replay = Replay(math.ceil(config.buffer / config.num_envs), config.num_envs, space)
        self.hindsight = Hindsight(base, config.hindsight)
        self._symmetries = Symmetries(base) if config.symmetries else None
        self.explorer, self.drawer = (np.random.default_rng([self.seed, stream]) for stream in (_EXPLORE_STREAM, _REPLAY_STREAM))
        self._clear(config.num_envs)

    def _clear(self, rows: int) -> None:
        self.updates = 0
        # Of every row: radius, steps since it changed, return and length of the episode under way.
        self.radius, self.since = np.zeros(rows), np.zeros(rows, np.int64)
        self.returns, self.lengths = np.zeros(rows), np.zeros(rows, np.int64)
        # Sums since the last record: episodes, returns, lengths, successes; updates, losses, values, gradients.
        self.sums = np.zeros(8)
        self.history: dict[str, list[float]] = {name: [] for name in HISTORY}

    def _derived(self, stream: int) -> int:
        # Spread out: the environment gives row i the seed plus i, and different runs must not share rows.
        return int(np.random.SeedSequence([self.seed, stream]).generate_state(1, np.uint64)[0]) >> 2

    @property
    def done(self) -> int:
        """Steps learned so far."""
        return self.replay.time * self.config.num_envs

    @property
    def total(self) -> int:
        """Steps to learn."""
        return self.config.steps

    @property
    def agent(self) -> DQNAgent:
        """The greedy agent of the network as it is now, and as it will be after further learning."""
        return DQNAgent(self.network, self.space)

    def status(self) -> dict[str, float]:
        """The last record's return, success, radius and loss."""
        return {name: self.history[name][-1] for name in ("return", "success", "radius", "loss") if self.history[name]}

    def learn(self, count: int) -> None:
        """Learns for `count` more steps, rounded up to whole steps of the vector environment.

        Raises:
            FloatingPointError: The loss is no longer finite.
        """
        goal, config = self.done + count, self.config
        if not self.replay.time:
            self._begin()
        while self.done < goal:
            self._step()
            if self.done >= config.warmup and self.replay.time % config.update_every == 0:
                for _ in range(config.updates):
                    self.update()
            if self.done // config.log_every > (self.done - config.num_envs) // config.log_every:
                self._record()

    def _begin(self) -> None:
        observations, info = self.envs.reset(seed=self._derived(_ENV_STREAM))
        self.replay.begin(observations)
        self.radius[:] = info["radius"]

    def epsilon(self) -> npt.NDArray[np.float64]:
        """The share of random actions of every row, float64 (rows,)."""
        config = self.config
        share = np.minimum(self.since * config.num_envs / config.epsilon_steps, 1.0)
        epsilon: npt.NDArray[np.float64] = config.epsilon_start + (config.epsilon_end - config.epsilon_start) * share
        return epsilon

    def explore(self) -> npt.NDArray[np.int64]:
        """The next actions (rows,): random ones by chance, else greedy ones."""
        random = self.explorer.integers(0, self.actions, self.config.num_envs)
        return np.where(self.explorer.random(self.config.num_envs) < self.epsilon(), random, self.agent.act(self.replay.newest))

    def _step(self) -> None:
        actions = self.explore()
        observations, rewards, terminated, truncated, info = self.envs.step(actions)
        moved = ~self.replay.over[(self.replay.time - 1) % len(self.replay.over)]  # the others began anew
        self.replay.add(actions, rewards, terminated, truncated, observations)
        self.returns += rewards
        self.lengths += moved
        over = terminated | truncated
        self.sums[:4] += over.sum(), self.returns[over].sum(), self.lengths[over].sum(), terminated.sum()
        self.returns[over], self.lengths[over] = 0.0, 0
        shrunk = info["radius"] != self.radius
        self.since = np.where(shrunk, 0, self.since + 1)
        self.radius = info["radius"]

    def draw(self) -> Batch:
        """A batch to learn from."""
        config, replay = self.config, self.replay
        if config.hindsight:
            batch = self.hindsight.batch(replay, config.batch, self.drawer, self.radius, config.n_step, config.gamma)
        else:
            batch = replay.batch(*replay.draw(config.batch, self.drawer), config.n_step, config.gamma)
        return batch if self._symmetries is None else self._symmetries.turn(batch, self.drawer)

    def update(self) -> None:
        """One step of the optimiser, and of the target network."""
        config, batch = self.config, self.draw()
        wanted = td_target(batch, self.network, self.target, config.double)
        values = self.network(torch.from_numpy(batch.observations))
        chosen = values.gather(1, torch.from_numpy(batch.actions)[:, None])[:, 0]
        loss = (nn.functional.mse_loss if config.loss == "squared" else nn.functional.smooth_l1_loss)(chosen, wanted)
        if not math.isfinite(loss.item()):
            raise FloatingPointError(f"the loss is {loss.item()} after {self.updates} updates; try a lower learning rate")
        self.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        norm = nn.utils.clip_grad_norm_(self.network.parameters(), config.clip or math.inf)
        self.optimiser.param_groups[0]["lr"] = self.learning_rate()
        self.optimiser.step()
        self.updates += 1
        if self.updates % config.target_every == 0:
            with torch.no_grad():
                for old, new in zip(self.target.parameters(), self.network.parameters(), strict=True):
                    old.lerp_(new, config.target_rate)
        self.sums[4:] += 1.0, loss.item(), chosen.mean().item(), norm.item()

    def learning_rate(self) -> float:
        """The learning rate now."""
        left = max(0.0, 1.0 - self.done / self.config.steps)
        return self.config.learning_rate * (min(1.0, left / self.config.anneal) if self.config.anneal else 1.0)

    def _record(self) -> None:
        episodes, returns, lengths, successes, updates, losses, values, gradients = self.sums.tolist()
        per_episode, per_update = (1.0 / count if count else math.nan for count in (episodes, updates))
        figures = (
            float(self.done), episodes, returns * per_episode, lengths * per_episode, successes * per_episode,
            float(self.radius.mean()), float(self.epsilon().mean()),
            losses * per_update, values * per_update, gradients * per_update, self.learning_rate(),
        )  # fmt: skip
        for name, figure in zip(HISTORY, figures, strict=True):
            self.history[name].append(figure)
        self.sums[:] = 0.0
