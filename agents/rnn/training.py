"""Learning by gradient descent through a session: the blocks of a schedule, one batch of trials per update."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from agents.rnn.buffer import BufferRollout
from agents.rnn.config import RnnConfig
from agents.rnn.models import Network, make_network
from agents.rnn.probe import Push, endpoint_errors, last_gain, measure, path_deviations, probe_batch, push_of
from agents.rnn.rollout import Rollout
from agents.rnn.standard import StandardRollout
from agents.rnn.trials import TrialSource
from reach_gym import checks
from reach_gym.sessions.schedule import Schedule
from reach_gym.training.seeds import training_seed

RECORDS = ("loss", "endpoint_mm", "deviation_mm", "deviation_size_mm")
_DROPOUT_STREAM = 1
_RECENT = 50  # updates that the status averages


def make_rollout(network: Network, config: RnnConfig, arena: float) -> Rollout:
    """The roll-out that fits the settings."""
    kind = StandardRollout if config.model == "standard" else BufferRollout
    return kind(network, config, arena)


class RnnLearner:
    """One network that goes through a session; update k learns from trial k of every row.

    Attributes:
        unit: What `done` and `total` count.
        leg: How many of them take about half a second.
        config: The settings.
        seed: Of weights, trials and dropout, each with a stream of its own.
        network: The weights.
        done: Updates so far.
        records: Per update: loss in the paper's units, and in mm the mean endpoint error, signed deviation and size of the
            deviation of the batch before the update.
        probes: Per begun block a dict: ``name``, ``field`` (``None`` for the task's), ``gain`` (the last one), ``trials``, and
            `agents.rnn.probe.measure` on held-out trials ``before`` its first update and, once it is over, ``after`` its last.
        snapshots: The weights at the end of each block that is over.
        push: What the field did to the held-out trials at the first moment of the first block with one.
    """

    unit = "updates"

    def __init__(self, env_id: str, env_kwargs: Mapping[str, Any], config: RnnConfig, seed: int = 0) -> None:
        """Begins with random weights.

        Args:
            env_id: A cursor task; its schedule is the session, each of whose trials is one update.
            env_kwargs: Constructor keywords that replace the registered ones.
            config: The settings.
            seed: See the attributes.

        Raises:
            TypeError: `seed` is no integer, or a keyword has the wrong type.
            ValueError: `seed` or a keyword is out of range, or the task cannot be learned (see `TrialSource`).
        """
        self.env_id, self.env_kwargs, self.config = env_id, dict(env_kwargs), config
        self.seed = checks.integer("seed", seed, 0, checks.MAX_SEED)
        self._source = TrialSource(env_id, env_kwargs, config, config.batch, training_seed(seed))
        self.schedule: Schedule = self._source.task.schedule
        self._ends = np.cumsum([block.trials for block in self.schedule.blocks]).tolist()
        self.network = make_network(config, seed)
        self.rollout = make_rollout(self.network, config, self._source.task.arena)
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=0.0)
        self.done = 0
        self.leg = max(1, 256 // config.batch)
        self.records: dict[str, list[float]] = {name: [] for name in RECORDS}
        self.probes: list[dict[str, Any]] = []
        self.snapshots: list[dict[str, torch.Tensor]] = []
        self.push: Push | None = None
        self.updates: list[float] = []

    @property
    def total(self) -> int:
        """Updates of the whole session."""
        return self.schedule.trials

    @property
    def history(self) -> dict[str, list[float]]:
        """The records, and the number of each update, from 1, as ``update``: lists that go on growing."""
        return {"update": self.updates, **self.records}

    def learn(self, count: int) -> None:
        """So many more updates.

        Raises:
            FloatingPointError: The loss or a gradient is not finite any more; the weights are those before that update.
            ValueError: The session is not that long.
        """
        if count > self.total - self.done:
            raise ValueError(f"`count` must be at most {self.total - self.done}, what is left of the session, got {count}.")
        for _ in range(count):
            self._update()

    def status(self) -> dict[str, float]:
        """Means of the last updates."""
        recent = {name: np.array(values[-_RECENT:]) for name, values in self.records.items()}
        known = {name: values[np.isfinite(values)] for name, values in recent.items()}
        return {name: float(values.mean()) if values.size else math.nan for name, values in known.items()}

    def rate(self, update: int) -> float:
        """The learning rate of an update: a short rise at the start of each block, then a cosine down to its end."""
        config = self.config
        index = int(np.searchsorted(self._ends, update, side="right"))
        place, trials = update - self._ends[index - 1] if index else update, self.schedule.blocks[index].trials
        top = config.adaptation_rate if index else config.learning_rate
        rise = min(1.0, (place + 1) / (config.warm_up + 1))
        fall = config.floor + (1.0 - config.floor) * 0.5 * (1.0 + math.cos(math.pi * place / trials))
        return top * rise * fall

    def _update(self) -> None:
        self._begin_block()
        batch = self._source.draw(self.done)
        path = self.rollout.forward(batch, np.random.Generator(np.random.SFC64([self.seed, _DROPOUT_STREAM, self.done])))
        loss, gradients = self.rollout.loss(), self.rollout.backward()
        norm = math.sqrt(sum(float(gradient.square().sum()) for gradient in gradients.values()))
        if not (math.isfinite(loss) and math.isfinite(norm)):
            raise FloatingPointError(f"loss {loss}, gradient {norm} at update {self.done + 1}; a smaller learning rate may help.")
        self._record(loss, endpoint_errors(path, batch.facts), path_deviations(path, batch.facts))
        shrink = min(1.0, self.config.clip / norm) if self.config.clip and norm else 1.0
        for name, weight in self.network.named_parameters():
            weight.grad = gradients[name].mul_(shrink)
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate(self.done)
        self.optimizer.step()
        self.done += 1
        self.updates.append(self.done)
        self._end_block()

    def _record(self, loss: float, endpoint: np.ndarray[Any, Any], deviation: np.ndarray[Any, Any]) -> None:
        moved = deviation[np.isfinite(deviation)]
        signed, size = (float(moved.mean()), float(np.abs(moved).mean())) if moved.size else (math.nan, math.nan)
        values = (loss, 1000 * float(endpoint.mean()), 1000 * signed, 1000 * size)
        for name, value in zip(RECORDS, values, strict=True):
            self.records[name].append(value)

    def _block(self) -> int | None:
        """The block that begins or ends with the updates done, if one does."""
        edges = [0, *self._ends]
        return edges.index(self.done) if self.done in edges else None

    def _begin_block(self) -> None:
        index = self._block()
        if index is not None and len(self.probes) == index < len(self.schedule.blocks):
            block = self.schedule.blocks[index]
            told = {"name": block.name, "field": self.schedule.to_data()[index].get("field"), "gain": last_gain(block)}
            self.probes.append({**told, "trials": block.trials, "before": self.probe(index)})

    def _end_block(self) -> None:
        index = self._block()
        if index:
            self.probes[index - 1]["after"] = self.probe(index - 1)
            self.snapshots.append({name: weight.detach().clone() for name, weight in self.network.named_parameters()})

    def probe(self, block: int) -> dict[str, float]:
        """`agents.rnn.probe.measure` on held-out trials under the field of that block."""
        batch = probe_batch(self.env_id, self.env_kwargs, self.config, self.schedule.blocks[block], self.seed)
        if self.push is None and (batch.facts.scale != 0).any():
            self.push = push_of(self.rollout, batch)
        return measure(self.rollout, batch, self.push)

    def branch(self, env_kwargs: Mapping[str, Any]) -> RnnLearner:
        """A copy that goes on in another session, which must be the same up to here: a control shares its beginning.

        Raises:
            ValueError: The sessions differ in a block that has begun.
        """
        twin = RnnLearner(self.env_id, env_kwargs, self.config, self.seed)
        begun = sum(first < self.done for first in [0, *self._ends[:-1]])
        if twin.schedule.blocks[:begun] != self.schedule.blocks[:begun]:
            raise ValueError(f"`env_kwargs` must have the same first {begun} blocks, got {checks.shown(env_kwargs)}.")
        twin.network.load_state_dict(self.network.state_dict())
        twin.optimizer.load_state_dict(copy.deepcopy(self.optimizer.state_dict()))
        twin.done, twin.push, twin.updates = self.done, self.push, list(self.updates)
        twin.records, twin.probes = copy.deepcopy(self.records), copy.deepcopy(self.probes)
        twin.snapshots = list(self.snapshots)
        return twin

    def close(self) -> None:
        """Closes the environment."""
        self._source.close()
