"""``python -m benchmarks coverage``: how often a benchmark's 95 % intervals hold the truth, by seeds and tasks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from reach_gym import checks
from reach_gym.cli import shell
from reach_gym.evaluation import statistics
from reach_gym.evaluation.statistics import Interval

SEEDS, TASKS = (2, 3, 4, 5, 6, 7, 8, 9, 10), (1, 2, 4, 8)
_RESAMPLES = 400  # of each interval; with 2000, as in a benchmark, the ends hardly differ


def _mean(generator: np.random.Generator, seeds: int, tasks: int, seed: int) -> Interval:
    return statistics.interval(generator.normal(size=(seeds, tasks)), seed, _RESAMPLES)


def _improvement(generator: np.random.Generator, seeds: int, tasks: int, seed: int) -> Interval:
    x, y = generator.normal(size=(2, seeds, tasks))
    return statistics.improvement_interval(x, y, seed, _RESAMPLES)


def _student(generator: np.random.Generator, seeds: int, tasks: int, seed: int) -> Interval:
    return statistics.mean_interval(generator.normal(size=seeds))


# What is measured: the interval of an experiment whose truth is known, that truth, and the numbers of tasks.
KINDS: dict[str, tuple[Callable[[np.random.Generator, int, int, int], Interval], float, tuple[int, ...]]] = {
    "interquartile mean": (_mean, 0.0, TASKS),
    "probability that the first beats the second": (_improvement, 0.5, TASKS),
    "mean by task (Student)": (_student, 0.0, (1,)),
}


@dataclass(kw_only=True)
class Coverage(shell.Command):
    """Measures, on simulated scores, how often the 95 % intervals of a benchmark hold the truth.

    The scores of every task are normal, with the same mean for all tasks; of two agents that are compared neither is better.

    Attributes:
        experiments: Simulated benchmarks for each number of seeds and tasks; 1000 tell a share to about 1 %.
    """

    experiments: int = 1000

    def run(self) -> None:
        """Measures and prints."""
        with shell.request():
            checks.integer("experiments", self.experiments, 10, 10**6)
        for name, (_, _, tasks) in KINDS.items():
            table = Table("seeds", *(f"{each} task{'s' * (each > 1)}" for each in tasks), title=f"{name}: coverage of 95 %, in %")
            for seeds in SEEDS:
                table.add_row(str(seeds), *(f"{100 * measured(name, seeds, each, self.experiments):.0f}" for each in tasks))
            Console(width=100).print(table)


def measured(name: str, seeds: int, tasks: int, experiments: int) -> float:
    """The share of `experiments` whose interval of a kind holds the truth."""
    draw, truth, _ = KINDS[name]
    generator: Any = np.random.default_rng([seeds, tasks])
    found = (draw(generator, seeds, tasks, number) for number in range(experiments))
    return sum(each.low <= truth <= each.high for each in found) / experiments
