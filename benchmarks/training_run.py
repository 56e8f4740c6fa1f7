"""One run of the training benchmark: an algorithm learns a task by its recipe, and is judged now and then."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.on_policy_algorithm import OnPolicyAlgorithm

from reach_gym.acting.recipes import Recipe, recipe
from reach_gym.evaluation import evaluate
from reach_gym.registration import TASKS

_EARLIEST = 50  # the first look comes after this part of a run; the others follow in equal ratios
MEASURES = ("success", "false_starts", "mean_return")


class Job(NamedTuple):
    """What one run is.

    Attributes:
        algo: The algorithm.
        env_id: The task.
        seed: Of the training.
        budget: Steps that it may take.
        looks: How often it is judged.
        episodes: Held-out trials at each look, the same for all runs.
        observation: What is seen; none for what the task says.
    """

    algo: str
    env_id: str
    seed: int
    budget: int
    looks: int
    episodes: int
    observation: str | None = None

    def recipe(self) -> Recipe:
        """By which it learns.

        Raises:
            ValueError: There is none.
        """
        return recipe(self.algo, self.env_id, {} if self.observation is None else {"observation": self.observation})

    def settings(self) -> dict[str, Any]:
        """All that decides what comes of it besides, as plain data."""
        found = self.recipe()
        plain = {"recipe": dict(found.settings), "env_kwargs": dict(found.env_kwargs), "task": TASKS[self.env_id].kwargs}
        read: dict[str, Any] = json.loads(json.dumps(plain))
        return read


def measure(job: Job) -> dict[str, Any]:
    """Learns and looks.

    The policy is judged as it acts without exploration. Seconds are those of the processor, without the looks.

    Returns:
        The job and its ``settings`` as plain data, and a list per look of ``steps``, ``cpu`` and each of `MEASURES`; ``None``
        where the task has no such measure.
    """
    torch.set_num_threads(1)
    model = job.recipe().make(job.seed)
    total = affordable(model, job.budget)
    looking = Looking(job, np.unique(np.geomspace(max(1, total // _EARLIEST), total, job.looks).astype(int)).tolist())
    model.learn(total, looking)
    looking.look()
    model.env.close()
    return {**job._asdict(), "settings": job.settings(), **looking.seen}


def affordable(model: Any, budget: int) -> int:
    """How many steps to ask for, so that none is taken beyond the budget, but by the first roll-out."""
    rows: int = model.env.num_envs
    at_once = rows * model.n_steps if isinstance(model, OnPolicyAlgorithm) else rows
    return max(1, budget // at_once) * at_once


class Looking(BaseCallback):
    """Judges a model at some steps of its learning.

    Attributes:
        seen: A list per measure, and of ``steps`` and ``cpu``.
    """

    def __init__(self, job: Job, due: Sequence[int]) -> None:
        """Looks at the steps `due` but the last, after which the learning ends: that look is the caller's."""
        super().__init__()
        self._job, self._due, self._cpu = job, list(due[:-1]), 0.0
        self.seen: dict[str, list[Any]] = {name: [] for name in ("steps", "cpu", *MEASURES)}

    def _on_training_start(self) -> None:
        self._begin = time.process_time()

    def _on_step(self) -> bool:
        if self._due and self.num_timesteps >= self._due[0]:
            self._due = [step for step in self._due if step > self.num_timesteps]
            self.look()
        return True

    def look(self) -> None:
        """Judges the policy as it is now."""
        self._cpu += time.process_time() - self._begin
        seen = {} if self._job.observation is None else {"observation": self._job.observation}
        summary = evaluate(self.model, self._job.env_id, self._job.episodes, env_kwargs=seen).summary()
        for name, value in (("steps", self.num_timesteps), ("cpu", round(self._cpu, 2))):
            self.seen[name].append(value)
        for name in MEASURES:
            self.seen[name].append(summary.get(name))
        self._begin = time.process_time()
