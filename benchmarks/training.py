"""``python -m benchmarks training``: which algorithm learns best within fixed budgets of steps, over several seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import training_report
from benchmarks.training_jobs import do_missing, has_recipe
from benchmarks.training_run import Job, measure
from reach_gym import checks
from reach_gym.acting.recipes import ALGORITHMS
from reach_gym.cli import shell
from reach_gym.cli.tasks import full_id

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
        do_missing(self.out, _KIND, self.jobs, self._wanted, measure, self._tell, self._report)

    def _tell(self, records: Sequence[training_report.Record]) -> None:
        shell.console().print(training_report.line(records[-1]))

    def _report(self, records: Sequence[training_report.Record]) -> None:
        if records:
            training_report.write(self.out, records)

    def _wanted(self) -> list[Job]:
        """All runs, the short ones first, so that there is something to see soon."""
        for name in ("seeds", "looks", "episodes"):
            checks.integer(name, getattr(self, name), 1)
        for algo in self.algos:
            checks.choice("algos", algo, tuple(ALGORITHMS))
        for budget in self.budgets:
            checks.integer("budgets", budget, 1, 10**9)
        tasks = [full_id(task) for task in self.tasks]
        jobs = [Job(algo, task, 0, 1, self.looks, self.episodes) for task in tasks for algo in self.algos]
        jobs = [job for job in jobs if has_recipe(job)]
        for name, given, found in (("tasks", tasks, "env_id"), ("algos", self.algos, "algo")):
            for each in given:
                if each not in {getattr(job, found) for job in jobs}:
                    raise ValueError(f"`{name}` must have a recipe among those of the other, got {each}.")
        return [
            job._replace(budget=budget, seed=seed)
            for budget in sorted(self.budgets)
            for seed in range(self.seeds)
            for job in jobs
        ]
