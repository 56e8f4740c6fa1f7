"""``python -m benchmarks recipes``: does every recipe teach its task, whatever the seed?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.training_jobs import by_recipes, do_missing
from benchmarks.training_report import SAFE, Record, name, table, task_name
from benchmarks.training_run import Job, measure
from reach_gym import files
from reach_gym.cli import shell

HELD_OUT = 1000  # trials
_KIND = "check of the recipes"  # of its run directory


@dataclass(kw_only=True)
class RecipeCheck(shell.Command):
    """Trains by the recipes, each with the steps that it says, and counts the seeds with at least 95 % success.

    The policy is judged once, in the end, as it acts without exploration, on 1,000 held-out trials. A run is one line of
    runs.jsonl in the directory; a second call runs only what is missing there. table.md is written after every run, from all.

    Attributes:
        out: Directory of the results.
        algos: The algorithms.
        tasks: Ids of the tasks.
        observation: What is seen, such as goal; what the tasks say unless told otherwise.
        seeds: Seeds of the runs.
        jobs: Runs at the same time, in a process with one thread each.
    """

    out: Path = Path("runs/recipes")
    algos: tuple[str, ...] = ("sac", "td3", "ddpg", "tqc", "ppo")
    tasks: tuple[str, ...] = ("CursorReach-v0", "CursorReachCurl-v0")
    observation: str | None = None
    seeds: tuple[int, ...] = tuple(range(10))
    jobs: int = 1

    def run(self) -> None:
        """Runs what is missing, and reports.

        Raises:
            FailedError: A run failed; the others were done.
        """
        do_missing(self.out, _KIND, self.jobs, self._wanted, measure, self._tell)

    def _tell(self, records: Sequence[Record]) -> None:
        files.write(self.out / "table.md", markdown(records).encode())
        shell.console().print(f"{name(records[-1])}: success {records[-1]['success'][-1]:.1%}")

    def _wanted(self) -> list[Job]:
        """All runs."""
        return by_recipes(self.algos, self.tasks, self.seeds, HELD_OUT, self.observation)


def markdown(records: Sequence[Mapping[str, Any]]) -> str:
    """The whole table.md."""
    head = (
        "task",
        "algorithm",
        "seeds at 95 %",
        "success: median",
        "lowest",
        "false starts: median",
        "highest",
        "steps",
        "CPU s",
    )
    groups: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for each in sorted(records, key=lambda each: (task_name(each), each["algo"])):
        groups.setdefault((task_name(each), each["algo"]), []).append(each)
    lines = [
        "# What the recipes reach",
        "",
        f"Success is the share of {HELD_OUT:,} held-out trials in which the policy succeeds without exploring, after the steps",
        "of the recipe. Medians are over seeds; CPU seconds are those of the training, on one thread.",
        "",
        *table(head, [(*group, *_figures(mine)) for group, mine in groups.items()]),
    ]
    return "\n".join(lines) + "\n"


def _figures(group: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    success, steps, cpu = (np.array([each[key][-1] for each in group]) for key in ("success", "steps", "cpu"))
    false = [each["false_starts"][-1] for each in group if each["false_starts"][-1] is not None]  # there are none on the grid
    return (
        f"{np.sum(success >= SAFE)} of {len(group)}",
        f"{np.median(success):.1%}",
        f"{success.min():.1%}",
        f"{np.median(false):.1%}" if false else "-",
        f"{max(false):.1%}" if false else "-",
        f"{steps.max():,}",
        f"{np.median(cpu):.0f}",
    )
