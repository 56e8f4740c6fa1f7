"""Tabular Q-learning (Watkins 1989) with the settings of Sun & Plitt's grid reach."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from agents.q_learning.config import QLearningConfig
from agents.q_learning.tabular import TabularAgent
from reach_gym import checks
from reach_gym.training.checkpoint import Arrays, CheckpointError
from reach_gym.training.state import Parts, Run, Saved, Spec

AGENT = "q_learning"
MAX_ENTRIES = 2**22  # a table of Python floats takes about 32 bytes an entry: 128 MiB
_BLOCK = 4096  # random numbers drawn at once: one at a time costs ten times as much
_RECENT = 100  # episodes over which `status` averages
_INITIAL_STREAM, _EXPLORE_STREAM = 0, 1
_PREFIX = "tabular"  # of the arrays in a checkpoint


def table_shape(env: gym.Env[Any, Any]) -> tuple[int, int]:
    """The (observations, actions) of the table that `env` needs.

    Raises:
        ValueError: A space is not ``Discrete`` from 0, or the table would have more than `MAX_ENTRIES`
            entries.
    """
    for name, space in (("observations", env.observation_space), ("actions", env.action_space)):
        if not isinstance(space, spaces.Discrete) or space.start != 0:
            raise ValueError(f"Q-learning needs an environment with Discrete {name} from 0, got {space}.")
    states, actions = int(env.observation_space.n), int(env.action_space.n)  # type: ignore[attr-defined]
    if states * actions > MAX_ENTRIES:
        raise ValueError(f"a table of {states} x {actions} entries is too large; at most {MAX_ENTRIES} are allowed.")
    return states, actions


def _uniform(seed: int, drawn: int) -> Iterator[float]:
    """The numbers of the exploration stream after the first `drawn`; each takes one output of PCG64."""
    generator = np.random.Generator(np.random.PCG64([seed, _EXPLORE_STREAM]).advance(drawn))
    while True:
        yield from generator.random(_BLOCK).tolist()


class QLearning:
    """Learns a table of action values in one environment.

    Attributes:
        config: The settings.
        seed: Seed of the environment, of the initial table and of the exploration, each with a stream of its
            own.
        steps: Steps of every episode so far.
        returns: Undiscounted return of every episode so far.
        successes: Whether the episode hit its target; where the environment does not say
            (``info["is_success"]``), whether it terminated.
    """

    leg, unit = 10, "episodes"  # ten episodes take at most a second even where an environment is slow

    def __init__(self, env: gym.Env[Any, Any], config: QLearningConfig, seed: int = 0) -> None:
        """Begins with a random table.

        Raises:
            TypeError: `seed` is no integer.
            ValueError: `env` has other spaces than Discrete ones, or `seed` is out of range.
        """
        self._env, self.config = env, config
        self.seed = checks.integer("seed", seed, 0, checks.MAX_SEED)
        initial = np.random.default_rng([self.seed, _INITIAL_STREAM]).random(table_shape(env))
        # Nested lists: Python reads and writes one number in them ten times as fast as in an array.
        self._q: list[list[float]] = (config.initial * initial).tolist()
        self._draw: Callable[[], float] = _uniform(self.seed, 0).__next__
        self.steps: list[int] = []
        self.returns: list[float] = []
        self.successes: list[bool] = []

    @property
    def q(self) -> npt.NDArray[np.float64]:
        """A copy of the action values, float64 (observations, actions)."""
        return np.array(self._q)

    @property
    def done(self) -> int:
        """Episodes learned so far."""
        return len(self.steps)

    @property
    def total(self) -> int:
        """Episodes to learn."""
        return self.config.episodes

    def status(self) -> dict[str, float]:
        """Share of successes and mean steps of the last 100 episodes."""
        successes, steps = self.successes[-_RECENT:], self.steps[-_RECENT:]
        return {"success": float(np.mean(successes)), "steps": float(np.mean(steps))} if steps else {}

    def learn(self, count: int) -> None:
        """Learns `count` more episodes."""
        for _ in range(count):
            self._episode()

    def _episode(self) -> None:
        q, draw, step = self._q, self._draw, self._env.step
        alpha, gamma, epsilon = self.config.alpha, self.config.gamma, self.config.epsilon
        explore = len(q[0]) / epsilon if epsilon else 0.0
        # Only the first reset is seeded: a seeded reset begins the stream of trials anew.
        state, _ = self._env.reset(seed=None if self.steps else self.seed)
        total, count, terminated, truncated = 0.0, 0, False, False
        while not (terminated or truncated):
            values, number = q[state], draw()
            # Below epsilon the number is uniform in [0, epsilon) and so also picks the random action.
            action = int(number * explore) if number < epsilon else values.index(max(values))
            state, reward, terminated, truncated, info = step(action)
            # A time limit is no end of the world: only termination makes what follows worth nothing.
            ahead = 0.0 if terminated else gamma * max(q[state])
            values[action] += alpha * (float(reward) + ahead - values[action])
            total += float(reward)
            count += 1
        self.steps.append(count)
        self.returns.append(total)
        self.successes.append(bool(info.get("is_success", terminated)))

    def save(self, directory: Path | str, task: dict[str, Any]) -> None:
        """Writes a checkpoint from which `resume` continues bit for bit.

        Args:
            directory: Where.
            task: The environment's ``id`` and ``kwargs``, as plain data.

        Raises:
            CheckpointError: The table holds NaN or infinity.
            OSError: The files cannot be written.
        """
        parts = Parts(self._run(task), self.done)
        # The exploration needs no state of its own: one number is drawn per step.
        steps, returns = np.array(self.steps, np.int64), np.array(self.returns, np.float64)
        parts.put(_PREFIX, {"q": self.q, "steps": steps, "returns": returns, "successes": np.array(self.successes, np.bool_)})
        if self.done:
            parts.put_environment(self._env)
        parts.save(directory)

    def resume(self, directory: Path | str, task: dict[str, Any]) -> None:
        """Continues from a checkpoint of a run with the same task, seed and settings.

        Only `episodes` may have grown.

        Raises:
            CheckpointError: It cannot be used; nothing was changed.
        """
        saved = Saved(directory, AGENT)
        saved.require_run(self._run(task), growing=("episodes",))
        saved.require_room(self.config.episodes, self.unit)
        arrays = _arrays(saved, table_shape(self._env))
        if saved.done:
            saved.restore_environment(self._env)
        self._q, self._draw = arrays["q"].tolist(), _uniform(self.seed, int(arrays["steps"].sum())).__next__
        self.steps, self.returns = arrays["steps"].tolist(), arrays["returns"].tolist()
        self.successes = arrays["successes"].tolist()

    def _run(self, task: dict[str, Any]) -> Run:
        return Run(AGENT, task, asdict(self.config), self.seed)


def _arrays(saved: Saved, shape: tuple[int | None, int | None]) -> Arrays:
    """The arrays of a Q-learner, with a table of this `shape`."""
    each = (saved.done,)
    wanted = {"steps": Spec("int64", each), "returns": Spec("float64", each), "successes": Spec("bool", each)}
    arrays = saved.take(_PREFIX, {"q": Spec("float64", shape), **wanted})
    if arrays["q"].size == 0 or (arrays["steps"] < 1).any():
        raise CheckpointError("corrupt", "the checkpoint has an empty table or an episode without a step.")
    return arrays


def load(directory: Path | str) -> TabularAgent:
    """The trained agent of a run directory.

    Raises:
        CheckpointError: It holds no sound checkpoint of Q-learning.
    """
    return TabularAgent(_arrays(Saved(directory, AGENT), (None, None))["q"])
