"""``python -m benchmarks training``: which algorithm learns best within fixed budgets of steps, over several seeds."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agents.common import runs
from benchmarks import training_report
from benchmarks.dqn import RECORDS, read
from benchmarks.training_run import Job, measure
from reach_gym import checks, files
from reach_gym.acting.recipes import ALGORITHMS, recipe
from reach_gym.benchmark.engines import make_engine
from reach_gym.cli import shell
from reach_gym.cli.tasks import full_id
from reach_gym.registration import TASKS

_KIND = "training benchmark"  # of its run directory


@dataclass(kw_only=True)
class Training(shell.Command):
    """Ranks learning algorithms: success within fixed budgets of steps, over several seeds, with learning curves.

    Every algorithm learns by its recipe (`reach-gym recipes`). Every budget has runs of its own, whose learning rates may fall
    within it. A run is one line of runs.jsonl in the directory; a second call runs only what is missing there. Then table.md and
    curves.png are written from all runs.

    Attributes:
        out: Directory of the results.
        algos: The algorithms; those that have no recipe for a task leave it out.
        tasks: Ids of the tasks.
        budgets: Steps per run.
        seeds: Runs of each algorithm in each task with each budget.
        looks: How often a run is judged, in equal ratios of steps.
        episodes: Held-out trials at each look.
        jobs: Runs at the same time, in a process with one thread each.
    """

    out: Path = Path("runs/training")
    algos: tuple[str, ...] = ("sac", "td3", "ddpg", "tqc", "ppo", "dqn", "qrdqn")
    tasks: tuple[str, ...] = ("CursorReach-v0", "CursorReachCurl-v0", "GridReach-v0")
    budgets: tuple[int, ...] = (50_000, 200_000, 1_000_000)
    seeds: int = 5
    looks: int = 20
    episodes: int = 200
    jobs: int = 1

    def run(self) -> None:
        """Runs what is missing, then reports.

        Raises:
            FailedError: A run failed; the others were done.
        """
        with ExitStack() as stack:
            with shell.request():
                wanted = self._wanted()
                engine = make_engine("local", checks.integer("jobs", self.jobs, 1))
                stack.enter_context(runs.claimed(self.out, _KIND, resume=runs.is_run(self.out, _KIND)))
            records = [each for each in read(self.out / RECORDS) if is_current(each)]
            done = {job_of(each) for each in records}
            missing = [job for job in wanted if job not in done]
            console, failed = shell.console(), 0
            for result in engine.run(measure, missing):
                if result.error:
                    failed += 1
                    console.print(f"failed: {training_report.name(missing[result.place]._asdict())}: {result.error}")
                    continue
                records.append(result.value)
                files.write(self.out / RECORDS, "".join(json.dumps(each) + "\n" for each in records).encode())
                console.print(training_report.line(result.value))
            if records:
                training_report.write(self.out, records)
            console.print(f"written to {self.out}")
        if failed:
            raise shell.FailedError(f"{failed} of {len(missing)} runs failed.")

    def _wanted(self) -> list[Job]:
        """All runs, the short ones first, so that there is something to see soon."""
        for name in ("seeds", "looks", "episodes"):
            checks.integer(name, getattr(self, name), 1)
        for algo in self.algos:
            checks.choice("algos", algo, tuple(ALGORITHMS))
        for budget in self.budgets:
            checks.integer("budgets", budget, 1, 10**9)
        tasks = [full_id(task) for task in self.tasks]
        pairs = [(algo, task) for task in tasks for algo in self.algos if has_recipe(algo, task)]
        for name, given, found in (("tasks", tasks, 1), ("algos", self.algos, 0)):
            for each in given:
                if each not in {pair[found] for pair in pairs}:
                    raise ValueError(f"`{name}` must have a recipe among those of the other, got {each}.")
        order = [(budget, seed, pair) for budget in sorted(self.budgets) for seed in range(self.seeds) for pair in pairs]
        return [Job(algo, task, seed, budget, self.looks, self.episodes) for budget, seed, (algo, task) in order]


def has_recipe(algo: str, env_id: str) -> bool:
    """Whether an algorithm has settings for a task."""
    try:
        recipe(algo, env_id)
    except ValueError:
        return False
    return True


def job_of(record: dict[str, Any]) -> Job:
    """What a record is about."""
    return Job(*(record[name] for name in Job._fields))


def is_current(record: dict[str, Any]) -> bool:
    """Whether a run was done by the settings that hold now."""
    job = job_of(record)
    return job.env_id in TASKS and has_recipe(job.algo, job.env_id) and record["settings"] == job.settings()
