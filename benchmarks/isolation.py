"""``python -m benchmarks isolation``: what it costs that every agent of a benchmark acts in a process of its own."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from reach_gym.benchmark.process import MEMORY, AgentProcess
from reach_gym.benchmark.remote import remote_agent
from reach_gym.cli.shell import Command
from reach_gym.evaluation import evaluate
from reach_gym.rollout import BATCH

_EPISODES = 8 * BATCH
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
    """Measures evaluations of agents in a process of their own beside the same evaluations without.

    Attributes:
        repeats: Measurements of each, of which the least counts.
    """

    repeats: int = 9

    def run(self) -> None:
        """Measures and prints."""
        heads = ("task and agent", "bare s", "isolated s", "overhead", "CPU s", "CPU s", "overhead", "start s")
        table = Table(*heads, title=f"{_EPISODES} episodes in batches of {BATCH}, least of {self.repeats}: clock, then CPU time")
        for name, (function, env_id) in _CASES.items():
            runs = [measure(function, env_id) for _ in range(self.repeats)]
            # The least disturbed: a neighbour on the same core costs two processes that wait for each other far more than one.
            start, *times = (min(each) for each in zip(*runs, strict=True))
            cells = []
            for one, other in (times[:2], times[2:]):
                cells += [f"{one:.3f}", f"{other:.3f}", f"{100 * (other / one - 1):+.0f} %"]
            table.add_row(name, *cells, f"{start:.2f}")
        Console(width=120).print(table)


def measure(function: Callable[[Any], Any], env_id: str) -> tuple[float, float, float, float, float]:
    """Seconds to start a process; of an evaluation without and with it, by the clock; and both in CPU time of all processes.

    Raises:
        RuntimeError: The agent does something else in its own process.
    """
    begin = time.perf_counter()
    agent = f"{__name__}:{function.__name__}"
    told = {"agent": agent, "env_id": env_id, "kwargs": {}, "rows": BATCH, "observations": ["vector"], "seed": 0, "trust": False}
    process = AgentProcess({**told, "path": str(Path.cwd())}, 60.0, MEMORY)
    try:
        remote = remote_agent(process, "grid" if "Grid" in env_id else "cursor")
        times = [(time.perf_counter(), _cpu(process.pid))]
        results = []
        for agent_here in (function, remote):
            results.append(evaluate(agent_here, env_id, _EPISODES).summary()["mean_return"])
            times.append((time.perf_counter(), _cpu(process.pid)))
    finally:
        process.close()
    if results[0] != results[1]:
        raise RuntimeError(f"{agent} did something else in its own process.")
    (ready, cpu), (bare, bare_cpu), (end, end_cpu) = times
    return ready - begin, bare - ready, end - bare, bare_cpu - cpu, end_cpu - bare_cpu


def _cpu(pid: int) -> float:
    """CPU seconds of this process and of the one with the number `pid`, which Linux tells."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return time.process_time() + (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
