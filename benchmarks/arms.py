"""``python -m benchmarks arms``: do the recipes teach every arm to reach, and in every direction?

An arm is lighter in one direction than in another, and its joints take unlike shares of each. A mean over all directions can hide
one in which a policy fails.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.training_jobs import by_recipes, do_missing
from benchmarks.training_report import Record, name, table, task_name
from benchmarks.training_run import Job, affordable
from reach_gym import checks, files
from reach_gym.acting.protocol import BUILT_IN
from reach_gym.acting.recipes import recipe
from reach_gym.cli import shell
from reach_gym.errors import NotApplicableError
from reach_gym.evaluation import by_direction, evaluate
from reach_gym.evaluation.statistics import mean_interval

HELD_OUT = 1000  # trials
DIRECTIONS = 8  # sectors of 45 degrees around 0, 45, ... degrees, counter-clockwise from the x axis
ENOUGH = 0.9  # of the trials
_KIND = "training of arms"  # of its run directory
_MEASURES = {"success": "success", "max_deviation_mm": "deviation, mm", "endpoint_error_mm": "end point, mm"}


@dataclass(kw_only=True)
class Arms(shell.Command):
    """Trains by the recipes and tells success and error by the direction from start to target.

    The policy is judged once, in the end, as it acts without exploration, on 1,000 held-out trials. A run is one line of
    runs.jsonl in the directory; a second call runs only what is missing there. table.md is written after every run, from all.

    Attributes:
        out: Directory of the results.
        algos: The algorithms.
        tasks: Ids of the tasks.
        agents: Reference agents whose rows stand beside; one that does not know the plant has none.
        seeds: Seeds of the runs.
        jobs: Runs at the same time, in a process with one thread each.
    """

    out: Path = Path("runs/arms")
    algos: tuple[str, ...] = ("ppo",)
    tasks: tuple[str, ...] = ("ArmReachCurl-v0",)
    agents: tuple[str, ...] = ("ideal",)
    seeds: tuple[int, ...] = tuple(range(5))
    jobs: int = 1
    _known: dict[str, list[Record]] = field(default_factory=dict, init=False)

    def run(self) -> None:
        """Runs what is missing, and reports.

        Raises:
            FailedError: A run failed; the others were done.
        """
        do_missing(self.out, _KIND, self.jobs, self._wanted, measure, self._tell, self._write)

    def _wanted(self) -> list[Job]:
        """All runs."""
        for agent in self.agents:
            checks.choice("agents", agent, tuple(BUILT_IN))
        return by_recipes(self.algos, self.tasks, self.seeds, HELD_OUT)

    def _tell(self, records: Sequence[Record]) -> None:
        self._write(records)
        worst = min(records[-1]["directions"]["success"])
        shell.console().print(f"{name(records[-1])}: success {records[-1]['success']:.1%}, in the worst direction {worst:.1%}")

    def _write(self, records: Sequence[Record]) -> None:
        for env_id in {each["env_id"] for each in records} - set(self._known):
            self._known[env_id] = [found for agent in self.agents for found in reference(agent, env_id)]
        known = [each for env_id in self._known for each in self._known[env_id]]
        files.write(self.out / "table.md", markdown([*records, *known]).encode())


def measure(job: Job) -> dict[str, Any]:
    """Learns one task by its recipe with one thread.

    Returns:
        The job and its ``settings`` as plain data, ``cpu`` seconds of the training, and what `judged` says.
    """
    torch.set_num_threads(1)
    model = recipe(job.algo, job.env_id).make(job.seed)
    begin = time.process_time()
    model.learn(affordable(model, job.budget))
    spent = round(time.process_time() - begin, 2)
    model.env.close()
    return {**job._asdict(), "settings": job.settings(), "cpu": spent, **judged(evaluate(model, job.env_id, job.episodes))}


def reference(agent: str, env_id: str) -> list[dict[str, Any]]:
    """A record of an agent that does not learn; none where it cannot act."""
    try:
        found = evaluate(agent, env_id, HELD_OUT)
    except NotApplicableError:
        return []
    return [{"algo": agent, "env_id": env_id, "seed": 0, "budget": 0, **judged(found)}]


def judged(evaluation: Any) -> dict[str, Any]:
    """Shares of all trials, and what came of them by direction (`reach_gym.evaluation.by_direction`)."""
    return {
        "success": float(evaluation.success.mean()),
        "false_starts": float(evaluation.false_start.mean()),
        "directions": by_direction(evaluation, DIRECTIONS),
    }


def markdown(records: Sequence[Mapping[str, Any]]) -> str:
    """The whole table.md."""
    groups: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for each in sorted(records, key=lambda each: each["env_id"]):
        groups.setdefault((task_name(each), each["algo"]), []).append(each)
    head = ("task", "agent", f"seeds at {ENOUGH:.0%}", "success", "lowest", "false starts: highest", "steps", "CPU s")
    lines = [
        "# Arms that learn to reach, by direction",
        "",
        f"Success is the share of {HELD_OUT:,} held-out trials in which the policy succeeds without exploring, after the steps",
        "of the recipe: the mean over seeds with its 95 % interval (Student). The deviation is the greatest distance from the",
        "straight line between start and target, the end point's error the distance from the target at the movement's end. An",
        "agent that does not learn has one row of trials and no interval. An interval without width says that these seeds were",
        "alike, not that every seed will be.",
        "",
        *table(head, [(*group, *_figures(mine)) for group, mine in groups.items()]),
    ]
    for (task, agent), mine in groups.items():
        lines += ["", f"## {task}, {agent}", "", *table(("direction", "trials", *_MEASURES.values()), _by_direction(mine))]
    return "\n".join(lines) + "\n"


def _figures(group: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    success, false = (np.array([each[key] for each in group]) for key in ("success", "false_starts"))
    return (
        f"{np.sum(success >= ENOUGH)} of {len(group)}",
        _shown(success, "success"),
        f"{success.min():.1%}",
        f"{false.max():.1%}",
        f"{group[0]['budget']:,}" if group[0]["budget"] else "-",
        f"{np.median([each['cpu'] for each in group]):.0f}" if group[0]["budget"] else "-",
    )


def _by_direction(group: Sequence[Mapping[str, Any]]) -> list[tuple[str, ...]]:
    rows = []
    for each in range(DIRECTIONS):
        found = {measure: np.array([one["directions"][measure][each] for one in group]) for measure in _MEASURES}
        told = (_shown(values, measure) for measure, values in found.items())
        rows.append((f"{each * 360 // DIRECTIONS}°", f"{group[0]['directions']['trials'][each]:.0f}", *told))
    return rows


def _shown(values: np.ndarray[Any, Any], measure: str) -> str:
    """A mean over seeds with its interval; a share of trials ends at 0 and 1."""
    value, low, high = mean_interval(values)
    if measure == "success":
        low, high = max(low, 0.0), min(high, 1.0)
    one = "{:.1%}" if measure == "success" else "{:.1f}"
    told = one.format(value)
    return told if len(values) == 1 else f"{told} ({one.format(low)} to {one.format(high)})"
