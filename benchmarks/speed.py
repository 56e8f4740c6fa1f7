"""`python -m benchmarks speed`: steps per second, side by side with Gymnasium's own environments, in one run."""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.envs.registration import EnvSpec
from rich.console import Console
from rich.table import Table

import reach_gym  # noqa: F401  (registers the tasks)
from agents.q_learning.config import QLearningConfig
from agents.q_learning.learner import QLearning
from reach_gym.cli.shell import Command

ROWS = (1, 16, 1024)
INFOS = ("full", "lean")


class _Copying(gym.Env[Any, Any]):
    """Does nothing but give copies of its observation: nobody who returns fresh arrays can be quicker."""

    def __init__(self) -> None:
        self.observation_space = gym.spaces.Box(-1.0, 1.0, (14,), np.float32)
        self.action_space = gym.spaces.Box(-1.0, 1.0, (2,), np.float32)
        self._seen = np.zeros(14, np.float32)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """As all environments."""
        super().reset(seed=seed)
        return self._seen.copy(), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """As all environments."""
        return self._seen.copy(), 0.0, False, False, {}


COPYING = EnvSpec("only-copies-v0", entry_point=f"{__name__}:_Copying", max_episode_steps=200)


def _single(env_id: str | EnvSpec, **kwargs: Any) -> Callable[[], float]:
    """Steps per second of CPU of one environment through `gym.make` with random actions, resets included."""
    env: gym.Env[Any, Any] = gym.make(env_id, **kwargs)
    env.action_space.seed(0)
    # Few of them, over and over: an agent's last action is still in the cache.
    actions = [env.action_space.sample() for _ in range(1000)]
    if isinstance(env.action_space, gym.spaces.Discrete):
        actions = list(map(int, actions))
    actions *= 20
    env.reset(seed=0)

    def measure() -> float:
        start = time.process_time()
        for action in actions:
            _, _, terminated, truncated, _ = env.step(action)
            if terminated or truncated:
                env.reset()
        return len(actions) / (time.process_time() - start)

    return measure


def _vector(env_id: str, rows: int, **kwargs: Any) -> Callable[[], float]:
    """Steps per second of CPU, all rows counted, of a native vector environment with one batch of random actions."""
    env = gym.make_vec(env_id, num_envs=rows, **kwargs)
    env.reset(seed=0)
    env.action_space.seed(0)
    actions = env.action_space.sample()
    env.step(actions)

    def measure() -> float:
        repeats = 200_000 // (rows + 200)
        start = time.process_time()
        for _ in range(repeats):
            env.step(actions)
        return repeats * rows / (time.process_time() - start)

    return measure


GRID = ("reach_gym/GridReach-v0", "reach_gym/GridReachPixels-v0", "reach_gym/GridReachTabular-v0")
PLANTS = tuple((plant, field) for plant in ("point_mass", "two_link_arm", "muscle_arm") for field in ("null", "curl_ccw"))
CURSOR = ("reach_gym/CursorReach-v0", "reach_gym/CursorReachCurl-v0", "reach_gym/CursorReachCenterOut-v0")


def in_turn(measures: dict[str, Callable[[], float]], repeats: int) -> dict[str, float]:
    """Medians over repeats, taken in turn so that a slow moment of the machine hits all alike."""
    for measure in measures.values():
        measure()
    samples: dict[str, list[float]] = {name: [] for name in measures}
    for _ in range(repeats):
        for name, measure in measures.items():
            samples[name].append(measure())
    return {name: statistics.median(values) for name, values in samples.items()}


def _table(title: str, speeds: dict[str, float], peer: str) -> Table:
    table = Table("environment", "steps/s of CPU", f"x {peer}", title=title)
    for name, speed in speeds.items():
        table.add_row(name, f"{speed:,.0f}", f"{speed / speeds[peer]:.2f}")
    return table


def _training_time(repeats: int) -> float:
    """Median seconds of Q-learning's default training on the paper's task without wind."""
    seconds = []
    for seed in range(repeats):
        learner = QLearning(gym.make("reach_gym/GridReachTabular-v0"), QLearningConfig(), seed)
        start = time.perf_counter()
        learner.learn(learner.config.episodes)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


@dataclass
class Speed(Command):
    """Measures steps per second beside Gymnasium's FrozenLake and CartPole, and Q-learning's training time.

    Attributes:
        repeats: Measurements of each, of which the median counts.
    """

    repeats: int = 7

    def run(self) -> None:
        """Measures and prints."""
        console = Console()
        for peer, ids in (("FrozenLake8x8-v1", GRID), ("CartPole-v1", CURSOR)):
            ours = {f"{env_id} ({info})": _single(env_id, info=info) for env_id in ids for info in INFOS}
            speeds = in_turn({peer: _single(peer), **ours, "only copies its observation": _single(COPYING)}, self.repeats)
            console.print(_table("one environment, gym.make", speeds, peer))
        for rows, pair in itertools.product(ROWS, (GRID[:2], CURSOR[:2])):
            kinds = itertools.product(pair, ("numba", "numpy"), INFOS)
            vector = {f"{e} ({b}, {info})": _vector(e, rows, backend=b, info=info) for e, b, info in kinds}
            speeds = in_turn({"CartPole-v1": _vector("CartPole-v1", rows), **vector}, self.repeats)
            console.print(_table(f"native vector, rows: {rows:,}", speeds, "CartPole-v1"))
        made = {"backend": "numba", "info": "lean"}
        bodies = {f"{p}, {f}": _vector(CURSOR[0], ROWS[-1], plant=p, field=f, **made) for p, f in PLANTS}
        console.print(_table(f"CursorReach-v0 by plant, {ROWS[-1]:,} rows", in_turn(bodies, self.repeats), "point_mass, null"))
        console.print(
            f"Q-learning, {QLearningConfig().episodes} episodes of GridReachTabular: {_training_time(self.repeats):.2f} s"
        )
