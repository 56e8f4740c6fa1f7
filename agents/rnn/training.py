"""Learning through a session: every block of a schedule is a training by `reach_gym.differentiable.train` of its own."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from agents.rnn.config import RnnConfig
from agents.rnn.models import Body, PaperNetwork, body_of, make_network
from agents.rnn.objective import MEASURES, objective
from agents.rnn.probe import Probe, Push, last_gain, push_of, trial_of
from agents.rnn.sessions import STEPS
from reach_gym import checks
from reach_gym.acting.rollout import make_rows
from reach_gym.differentiable import TorchReach, train
from reach_gym.reach.keywords import Reach
from reach_gym.registration import family_of
from reach_gym.sessions import draws
from reach_gym.sessions.schedule import Block, Schedule
from reach_gym.training.checkpoint import MANIFEST

RECORDS = ("loss", "gradient", *MEASURES)
_ANY = 1e30  # greatest norm of a gradient where any will do
Weights = dict[str, Tensor]


class RnnLearner:
    """One network that goes through a session; a trial of its schedule is an update from a batch of such trials.

    Attributes:
        env_id: The task.
        env_kwargs: Its keywords.
        config: The settings.
        seed: Of weights, trials and dropout.
        schedule: The session.
        body: What the network knows of the task.
        network: The network.
        snapshots: The weights at the end of each block that is over.
        probes: Per block that is over a dict: ``name``, ``field`` (``None`` for the task's), ``gain`` (the last one), ``trials``,
            and `agents.rnn.probe.Probe.measure` on held-out trials ``before`` its first update and ``after`` its last.
        records: Per update: loss in the paper's units, the norm of the gradient, and `agents.rnn.objective.MEASURES` of the batch
            before the update.
        push: What the field did to the held-out trials at the first moment of the first block with one.
    """

    def __init__(self, env_id: str, env_kwargs: Mapping[str, Any], config: RnnConfig, seed: int = 0) -> None:
        """Begins with random weights.

        Args:
            env_id: A cursor task; its schedule is the session.
            env_kwargs: Constructor keywords that replace the registered ones.
            config: The settings.
            seed: See the attributes.

        Raises:
            TypeError: `seed` is no integer, or a keyword has the wrong type.
            ValueError: `seed` or a keyword is out of range, or the task cannot be learned: it is no cursor reach of a point mass,
                or its go cue comes too late.
        """
        self.env_id, self.config = env_id, config
        self.env_kwargs: dict[str, Any] = {"max_episode_steps": STEPS, **env_kwargs}
        self.seed = checks.integer("seed", seed, 0, checks.MAX_SEED)
        task = _task_of(env_id, self.env_kwargs)
        if not isinstance(task.schedule, Schedule):
            raise ValueError("`schedule` must be a list of blocks, got a table of trials.")
        self.schedule = task.schedule
        self.body: Body = body_of(task)
        self.network: PaperNetwork = make_network(config, self.body, seed)
        self.snapshots: list[Weights] = []
        self.probes: list[dict[str, Any]] = []
        self.records: dict[str, list[float]] = {name: [] for name in RECORDS}
        self.push: Push | None = None

    @property
    def total(self) -> int:
        """Updates of the whole session."""
        return self.schedule.trials

    @property
    def done(self) -> int:
        """Updates of the blocks that are over."""
        return len(self.records["loss"])

    @property
    def is_over(self) -> bool:
        """Whether all blocks are."""
        return len(self.snapshots) == len(self.schedule.blocks)

    def learn(self) -> None:
        """Goes through all blocks that are not over yet.

        Raises:
            FloatingPointError: See `learn_block`.
        """
        while not self.is_over:
            self.learn_block()

    def learn_block(self, directory: Path | None = None, save_every: int = 100, progress: bool = False) -> None:
        """Goes through the next block.

        Args:
            directory: Where it is saved meanwhile, and goes on from if there is a checkpoint; nowhere if ``None``.
            save_every: Updates between two checkpoints.
            progress: Whether a bar shows the progress.

        Raises:
            FloatingPointError: The loss or a gradient is not finite any more; the weights are those before that update.
            CheckpointError: The checkpoint is of another training.
            OSError: A file cannot be written.
        """
        index = len(self.snapshots)
        block, config = self.schedule.blocks[index], self.config
        probe = self._probe(block, last_gain(block))
        self._meet(block, probe)
        before = probe.measure(self.network, self.push)
        self.network.train()
        curves = train(
            self.network,
            TorchReach(self.env_id, config.batch, **self._trials(index)),
            objective(config),
            block.trials,
            rate=rate_of(config, block.trials, first=index == 0),
            clip=config.clip or _ANY,
            measures=MEASURES,
            seed=self.seed if index == 0 else int(draws.mix(self.seed ^ (index << 48))) >> 2,
            directory=directory,
            save_every=save_every,
            resume=directory is not None and (directory / MANIFEST).exists(),
            tensorboard=directory is not None,
            progress=progress,
        )
        told = {"name": block.name, "field": self.schedule.to_data()[index].get("field"), "gain": last_gain(block)}
        after = probe.measure(self.network, self.push)
        self.probes.append({**told, "trials": block.trials, "before": before, "after": after})
        self.snapshots.append({name: weight.detach().clone() for name, weight in self.network.named_parameters()})
        for name, values in self.records.items():
            values += curves[name]

    def _trials(self, index: int) -> dict[str, Any]:
        """The keywords of an environment with the trials of a block."""
        return {**self.env_kwargs, "schedule": [self.schedule.to_data()[index]]}

    def _probe(self, block: Block, gain: float) -> Probe:
        """Held-out trials under the field of a block, without catch and channel trials."""
        return Probe(self.env_id, {**self.env_kwargs, **trial_of(block, gain)}, self.config, self.seed)

    def _meet(self, block: Block, probe: Probe) -> None:
        """Notes what the first field does to the held-out trials."""
        if self.push is None and last_gain(block) != 0:
            felt = probe.rollout(self.network)
            if bool(felt.force.any()):
                self.push = push_of(self._probe(block, 0.0).rollout(self.network), felt, self.config)

    def branch(self, env_kwargs: Mapping[str, Any]) -> RnnLearner:
        """A copy that goes on in another session, which must be the same up to here: a control shares its beginning.

        Raises:
            ValueError: The sessions differ in a block that is over.
        """
        twin, over = RnnLearner(self.env_id, env_kwargs, self.config, self.seed), len(self.snapshots)
        if twin.schedule.blocks[:over] != self.schedule.blocks[:over]:
            raise ValueError(f"`env_kwargs` must have the same first {over} blocks, got {checks.shown(env_kwargs)}.")
        twin.network.load_state_dict(self.network.state_dict())
        twin.snapshots, twin.probes, twin.push = list(self.snapshots), list(self.probes), self.push
        twin.records = {name: list(values) for name, values in self.records.items()}
        return twin


def rate_of(config: RnnConfig, updates: int, first: bool) -> Callable[[int], float]:
    """The learning rate of each update of a block: a short rise, then a cosine down to the end."""
    top = config.learning_rate if first else config.adaptation_rate

    def rate(update: int) -> float:
        rise = min(1.0, (update + 1) / (config.warm_up + 1))
        fall = config.floor + (1.0 - config.floor) * 0.5 * (1.0 + math.cos(math.pi * update / updates))
        return top * rise * fall

    return rate


def _task_of(env_id: str, env_kwargs: Mapping[str, Any]) -> Reach:
    """The task that a network shall learn.

    Raises:
        ValueError: It is no cursor reach, turns the cursor, or its go cue comes too late.
    """
    envs = make_rows(env_id, 1, env_kwargs)
    if family_of(envs) != "cursor":
        raise ValueError(f"`env_id` must be a cursor reach, got {env_id}.")
    unwrapped: Any = envs.unwrapped
    task: Reach = unwrapped.task
    envs.close()
    if task.rotation:
        raise ValueError(f"`rotation` must be 0, got {task.rotation:g}: the networks learn where the hand goes, not the cursor.")
    longest = task.onset + max(task.delays)
    if longest >= STEPS:
        raise ValueError(f"the networks' trials have {STEPS} steps: `dt` and `go_delay` must not put the cue at {longest}.")
    return task
