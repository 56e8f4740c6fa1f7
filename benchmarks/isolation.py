"""``python -m benchmarks isolation``: what it costs that every agent of a benchmark acts in a process of its own."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
from rich.console import Console
from rich.table import Table

from reach_gym.acting.rollout import BATCH
from reach_gym.benchmark.engines import LocalEngine
from reach_gym.benchmark.process import MEMORY, AgentProcess
from reach_gym.benchmark.remote import remote_agent
from reach_gym.benchmark.system import on_one_core
from reach_gym.cli.shell import Command
from reach_gym.evaluation import evaluate
from reach_gym.registration import TASKS

_BATCHES = 4  # per measurement; a task of the suite has one
_LAYERS = [np.random.default_rng(0).normal(0, 0.3, shape).astype(np.float32) for shape in ((7, 64), (64, 64), (64, 8))]


def constant_grid(observations: Any) -> Any:
    """The cheapest agent there is: what it costs is the border alone."""
    return np.zeros(len(observations), np.int64)


def constant_cursor(observations: Any) -> Any:
    """The same for the cursor."""
    return np.zeros((len(observations), 2), np.float32)


def _network(observations: Any) -> Any:
    hidden = np.asarray(observations, np.float32)
    for i, weights in enumerate(_LAYERS):
        hidden = hidden @ weights[: hidden.shape[1]]
        hidden = np.tanh(hidden) if i < 2 else hidden
    return hidden


def network_grid(observations: Any) -> Any:
    """A small network, in NumPy."""
    return _network(observations).argmax(axis=1)


def network_cursor(observations: Any) -> Any:
    """The same for the cursor."""
    return np.tanh(_network(observations)[:, :2])


_CASES: dict[str, tuple[Callable[[Any], Any], str]] = {
    "GridReach-v0, a constant": (constant_grid, "reach_gym/GridReach-v0"),
    "GridReach-v0, a small network": (network_grid, "reach_gym/GridReach-v0"),
    "CursorReach-v0, a constant": (constant_cursor, "reach_gym/CursorReach-v0"),
    "CursorReach-v0, a small network": (network_cursor, "reach_gym/CursorReach-v0"),
}


@dataclass
class Isolation(Command):
    """Measures evaluations of agents in a process of their own beside the same evaluations without, and beside a plain loop.

    Attributes:
        repeats: Measurements of each, of which the median counts.
    """

    repeats: int = 15

    def run(self) -> None:
        """Measures and prints.

        Raises:
            RuntimeError: A measurement failed.
        """
        heads = ("task and agent", "plain loop", "batches", "isolated", "isolated / batches", "isolated / plain loop", "start")
        table = Table(*heads, title=f"{BATCH} episodes: ms on one core, medians of {self.repeats}")
        # Where benchmarks happen, too: a process whose libraries compute on one thread.
        items = [(name, self.repeats) for name in _CASES]
        for done in LocalEngine(1).run(measured, items):
            if done.error:
                raise RuntimeError(f"{items[done.place][0]}: {done.error}")
            table.add_row(items[done.place][0], *done.value)
        Console(width=130).print(table)


def measured(item: tuple[str, int]) -> list[str]:
    """The cells of one row of the table, for the name of a case and the number of repeats."""
    name, repeats = item
    function, env_id = _CASES[name]
    with on_one_core():
        runs = [measure(function, env_id) for _ in range(repeats)]
    plain, batches, isolated, start = (1000 * statistics.median(times) for times in zip(*runs, strict=True))
    # Of neighbouring measurements, as the machine's speed changes from second to second.
    border = statistics.median(run[2] / run[1] for run in runs) - 1
    whole = statistics.median(run[2] / run[0] for run in runs) - 1
    return [
        f"{plain:.0f}",
        f"{batches:.0f}",
        f"{isolated:.0f}",
        f"{100 * border:+.0f} %",
        f"{100 * whole:+.0f} %",
        f"{start:.0f}",
    ]


def measure(function: Callable[[Any], Any], env_id: str) -> tuple[float, float, float, float]:
    """Seconds that `BATCH` episodes take: one after another, in a batch, in a batch with the agent in a process; and its start.

    Raises:
        RuntimeError: The agent does something else in its own process.
    """
    begin = time.perf_counter()
    agent = f"{__name__}:{function.__name__}"
    told: dict[str, Any] = {
        "agent": agent,
        "env_id": env_id,
        "kwargs": {},
        "rows": BATCH,
        "observations": ["vector"],
        "seed": 0,
        "trust": False,
    }
    told |= {"session": False, "wrappers": []}
    process = AgentProcess({**told, "path": str(Path.cwd())}, 60.0, MEMORY)
    try:
        start = time.perf_counter() - begin
        remote = remote_agent(process, TASKS[env_id].family)
        (batched, here), (isolated, there) = _evaluated(function, env_id), _evaluated(remote, env_id)
    finally:
        process.close()
    if here != there:
        raise RuntimeError(f"{agent} did something else in its own process.")
    return _plain_loop(function, env_id), batched, isolated, start


def _evaluated(agent: Any, env_id: str) -> tuple[float, float]:
    """Seconds for `BATCH` episodes, and the mean return."""
    begin = time.perf_counter()
    result = evaluate(agent, env_id, _BATCHES * BATCH).summary()["mean_return"]
    return (time.perf_counter() - begin) / _BATCHES, result


def _plain_loop(function: Callable[[Any], Any], env_id: str) -> float:
    """Seconds for `BATCH` episodes as one would write it with Gymnasium alone."""
    begin = time.perf_counter()
    env = gym.make(env_id)
    for episode in range(BATCH):
        observation, _ = env.reset(seed=episode)
        over = False
        while not over:
            observation, _, terminated, truncated, _ = env.step(function(observation[None])[0])
            over = terminated or truncated
    return time.perf_counter() - begin
