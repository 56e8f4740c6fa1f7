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

from agents.common import checkpoint
from agents.common.checkpoint import Arrays, CheckpointError
from agents.q_learning.config import QLearningConfig
from agents.q_learning.tabular import TabularAgent
from reach_gym import checks

AGENT = "q_learning"
MAX_ENTRIES = 2**22  # a table of Python floats takes about 32 bytes an entry: 128 MiB
_BLOCK = 4096  # random numbers drawn at once: one at a time costs ten times as much
_RECENT = 100  # episodes over which `status` averages
_INITIAL_STREAM, _EXPLORE_STREAM = 0, 1


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
        get_state = getattr(self._env.unwrapped, "get_state", None)
        manifest = {
            "agent": AGENT,
            "env": task,
            "config": asdict(self.config),
            "seed": self.seed,
            "episodes": self.done,
            # One number is drawn per step, so this count is the whole state of the generator.
            "generator": {"name": "PCG64", "drawn": sum(self.steps)},
            "env_state": get_state() if get_state and self.steps else None,
        }
        arrays = {
            "q": self.q,
            "steps": np.array(self.steps, np.int64),
            "returns": np.array(self.returns, np.float64),
            "successes": np.array(self.successes, np.bool_),
        }
        checkpoint.save(directory, arrays, manifest)

    def resume(self, directory: Path | str, task: dict[str, Any]) -> None:
        """Continues from a checkpoint of a run with the same task, seed and settings.

        Only `episodes` may have grown.

        Raises:
            CheckpointError: It cannot be used; nothing was changed.
        """
        arrays, manifest = _load(directory)
        config = manifest.get("config")
        settings = {**config, "episodes": self.config.episodes} if isinstance(config, dict) else config
        checkpoint.require(manifest, "env", task)
        checkpoint.require({"settings": settings}, "settings", asdict(self.config))
        checkpoint.require(manifest, "seed", self.seed)
        shape, done = table_shape(self._env), len(arrays["steps"])
        if arrays["q"].shape != shape:
            raise CheckpointError("incompatible", f"the table has shape {arrays['q'].shape}, the task {shape}.")
        drawn = int(arrays["steps"].sum())
        checkpoint.require(manifest, "generator", {"name": "PCG64", "drawn": drawn})
        if done > self.config.episodes:
            raise CheckpointError(
                "incompatible",
                f"the checkpoint has learned {done} episodes, but {self.config.episodes} are asked for.",
            )
        if done:
            self._restore_env(manifest.get("env_state"))
        self._q, self._draw = arrays["q"].tolist(), _uniform(self.seed, drawn).__next__
        self.steps, self.returns = arrays["steps"].tolist(), arrays["returns"].tolist()
        self.successes = arrays["successes"].tolist()

    def _restore_env(self, state: Any) -> None:
        set_state = getattr(self._env.unwrapped, "set_state", None)
        if set_state is None:
            raise CheckpointError("incompatible", f"{self._env.unwrapped} cannot be resumed: it has no `set_state`.")
        try:
            set_state(state)
        except (TypeError, ValueError) as error:
            raise CheckpointError("corrupt", f"the environment's state is refused: {error}") from error


def _load(directory: Path | str) -> tuple[Arrays, dict[str, Any]]:
    """A checkpoint whose arrays are those of a Q-learner."""
    arrays, manifest = checkpoint.load(directory)
    checkpoint.require(manifest, "agent", AGENT)
    shape = arrays["steps"].shape if "steps" in arrays else None
    for name, dtype, ndim in (
        ("q", "float64", 2),
        ("steps", "int64", 1),
        ("returns", "float64", 1),
        ("successes", "bool", 1),
    ):
        array = arrays.get(name)
        if array is None or array.dtype != dtype or array.ndim != ndim or (ndim == 1 and array.shape != shape):
            raise CheckpointError("corrupt", f"the checkpoint has no `{name}` of type {dtype} and {ndim} axes.")
    if arrays["q"].size == 0 or (arrays["steps"] < 1).any():
        raise CheckpointError("corrupt", "the checkpoint has an empty table or an episode without a step.")
    return arrays, manifest


def load(directory: Path | str) -> TabularAgent:
    """The trained agent of a run directory.

    Raises:
        CheckpointError: It holds no sound checkpoint of Q-learning.
    """
    return TabularAgent(_load(directory)[0]["q"])
