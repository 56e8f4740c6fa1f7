"""``python -m benchmarks dqn``: what each part of DQN is good for, on held-out pairs, over several seeds."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch

from agents.common import runs
from agents.common.greedy import GreedyTable
from agents.common.judging import EXACT, NEAR, RADII
from agents.dqn.command import make
from agents.dqn.learner import DQN
from benchmarks import dqn_report
from benchmarks.dqn_arms import ALL, ARMS, PIXELS
from reach_gym import checks, files
from reach_gym.cli import shell
from reach_gym.evaluation import evaluate

RECORDS = "runs.jsonl"
_LOOKS = 12  # evaluations in the course of a run; their time is not counted
_HELD_OUT = 1000
_KIND = "dqn ablation"  # of its run directory


@dataclass(kw_only=True)
class DQNAblation(shell.Command):
    """Ablation of DQN: CPU time until 99 % of held-out pairs come within one square, and what is reached in the end.

    Every run is one line of runs.jsonl in the directory; a second call runs only what is missing there. Then table.md,
    ablation.png and radius.png are written from all runs of that length.

    Attributes:
        out: Directory of the results.
        arms: Names of the arms (`benchmarks/dqn_arms.py`); unless told otherwise all but the paper's.
        seeds: Runs per arm.
        steps: Steps per run.
        jobs: Runs at the same time, on one thread each.
    """

    out: Path = Path("runs/dqn")
    arms: tuple[str, ...] = tuple(ARMS)
    seeds: int = 3
    steps: int = 100_000
    jobs: int = 1

    def run(self) -> None:
        """Runs what is missing, then reports."""
        with ExitStack() as stack:
            with shell.request():
                for name in self.arms:
                    checks.choice("arms", name, tuple(ALL))
                for name in ("seeds", "steps", "jobs"):
                    checks.integer(name, getattr(self, name), 1)
                stack.enter_context(runs.claimed(self.out, _KIND, resume=runs.is_run(self.out, _KIND)))
            self._complete()

    def _complete(self) -> None:
        path = self.out / RECORDS
        # Runs by settings that have changed since count no more.
        records = [each for each in read(path) if each["settings"] == settings_of(each["arm"], each["total"])]
        done = {(each["arm"], each["seed"], each["total"]) for each in records}
        wanted = [(arm, seed, self.steps) for seed in range(self.seeds) for arm in self.arms]
        missing = [each for each in wanted if each not in done]
        console = shell.console()
        for record in _measured(missing, self.jobs):
            records.append(record)
            files.write(path, "".join(json.dumps(each) + "\n" for each in records).encode())
            console.print(dqn_report.line(record))
        order = list(ALL)
        mine = [each for each in records if each["total"] == self.steps]
        mine.sort(key=lambda each: (order.index(each["arm"]), each["seed"]))
        dqn_report.write(self.out, mine)
        console.print(dqn_report.table(mine))
        console.print(f"written to {self.out}")


def read(path: Path) -> list[dict[str, Any]]:
    """The records of former calls."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def _measured(wanted: list[tuple[str, int, int]], jobs: int) -> Iterator[dict[str, Any]]:
    """What `measure` returns for each of the `wanted`, as soon as it is done, from up to `jobs` processes."""
    if wanted:
        # Ctrl-C is for this process; it ends the others at once, and what they have not reported is run again.
        with get_context("spawn").Pool(min(jobs, len(wanted)), signal.signal, (signal.SIGINT, signal.SIG_IGN)) as pool:
            yield from pool.imap_unordered(_measure, wanted)


def _measure(run: tuple[str, int, int]) -> dict[str, Any]:
    return measure(*run)


def measure(name: str, seed: int, steps: int) -> dict[str, Any]:
    """Learns by one arm and looks at the greedy policy now and then.

    Args:
        name: Of the arm.
        seed: Of the run.
        steps: To learn.

    Returns:
        Plain data: ``arm``, ``seed``, ``total``, ``settings``, and lists of ``steps``, ``updates``, ``cpu`` and ``wall`` (seconds
        of learning), ``near`` and ``exact`` (shares of held-out pairs), and ``all``, the exact hits of all pairs in the end.
    """
    torch.set_num_threads(1)
    learner = learner_of(name, seed, steps)
    record: dict[str, Any] = {"arm": name, "seed": seed, "total": steps, "settings": settings_of(name, steps)}
    record |= {name: [] for name in ("steps", "updates", "cpu", "wall", "near", "exact")}
    table = None
    for cpu, wall in _legs(learner):
        table = GreedyTable(learner.agent, learner.envs)
        for key, value in (
            ("steps", learner.done), ("updates", learner.updates), ("cpu", cpu), ("wall", wall),
            ("near", hits(table, RADII[NEAR])), ("exact", hits(table, RADII[EXACT])),
        ):  # fmt: skip
            record[key].append(value)
    record["all"] = evaluate(table, PIXELS, "all", env_kwargs={"observation": "index"}).summary()
    return record


def hits(table: GreedyTable, radius: float) -> float:
    """Share of the held-out pairs of the task of the ablation that come within `radius`."""
    judged = {"radius": radius, "observation": "index"}
    return float(evaluate(table, PIXELS, _HELD_OUT, env_kwargs=judged).success.mean())


def settings_of(name: str, steps: int) -> dict[str, Any]:
    """All that decides how an arm learns, as plain data; empty for an arm that is no more."""
    arm = ALL.get(name)
    if arm is None:
        return {}
    plain = {"env": arm.env_id, "radius": arm.radius, "config": asdict(arm.config(steps))}
    settings: dict[str, Any] = json.loads(json.dumps(plain))
    return settings


def learner_of(name: str, seed: int, steps: int) -> DQN:
    """The learner of an arm."""
    arm = ALL[name]
    return make(arm.env_id, {} if arm.radius is None else {"radius": dict(arm.radius)}, arm.config(steps), seed)


def _legs(learner: DQN) -> Iterator[tuple[float, float]]:
    """Learns in equal legs; yields the seconds of processor and wall that learning has taken so far."""
    cpu = wall = 0.0
    for goal in np.linspace(0, learner.total, _LOOKS + 1)[1:]:
        begin = time.process_time(), time.perf_counter()
        learner.learn(int(goal) - learner.done)
        cpu, wall = cpu + time.process_time() - begin[0], wall + time.perf_counter() - begin[1]
        yield round(cpu, 2), round(wall, 2)
