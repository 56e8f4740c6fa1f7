"""``python -m benchmarks ceiling``: the greatest score that there can be in the laboratory's tasks and on the board of haste.

In the laboratory's tasks it is that of a share of 1. On the board of haste a linear programme asks, for each trial, whether a
hand that rests at its start until it sees the go cue can be on the target, and slow enough, for the whole hold from a given step
on, with the force that it has. Dynamics are exact (`reach_gym.planning.lqg.dynamics`); the discs of place and velocity are
polygons around them, so that the ceiling is never too low. Who gambles on the time of the cue and moves before it can be a little
sooner in lucky trials.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import linprog

from benchmarks.training_report import table
from reach_gym import checks, files
from reach_gym.acting import rollout
from reach_gym.cli import shell
from reach_gym.errors import NotApplicableError
from reach_gym.evaluation import evaluate, suite
from reach_gym.evaluation.statistics import mean_interval
from reach_gym.planning import lqg

Floats = npt.NDArray[np.float64]

SIDES = 32  # of the polygons: their corners lie half a per cent outside of the discs


@dataclass(kw_only=True)
class Ceiling(shell.Command):
    """The ceilings of scores: of a share of 1, and of how soon a target can be held at all.

    Attributes:
        task: Tasks of the suites "lab" and "haste"; all but sessions and fields with a region unless told otherwise.
        seeds: Of the held-out trials.
        episodes: Trials per seed; as many as the suite has unless told otherwise.
        out: File for the table, in Markdown; it is printed, too.
    """

    task: list[str] | None = None
    seeds: list[int] = field(default_factory=lambda: [0, 1, 2, 3, 4])
    episodes: int | None = None
    out: Path | None = None

    def run(self) -> None:
        """Computes and prints."""
        with shell.request():
            every = [name for group in ("lab", "haste") for name in suite.SUITES[group].tasks]
            names = self.task or [name for name in every if name != "cursor-region" and not suite.TASKS[name].is_session]
            for name in names:
                checks.choice("task", name, every)
            if self.episodes is not None:
                checks.integer("episodes", self.episodes, 1, rollout.BATCH)
        rows = []
        for name in names:
            task = suite.TASKS[name]
            found = [(ceiling if task.group == "haste" else share_ceiling)(task, seed, self.episodes) for seed in self.seeds]
            value, low, high = mean_interval([score for score, _ in found])
            between = f"{low:.2f} to {high:.2f}" if len(found) > 1 else "-"
            times = [first for _, first in found if first is not None]
            soon = f"{np.mean(times):.0f} ms after the cue" if times else "-"
            rows.append((name, f"{value:.2f}", between, soon))
        text = "\n".join(table(("task", "ceiling of the score", "95 % interval over seeds", "first on target"), rows)) + "\n"
        print(text)
        if self.out is not None:
            files.write(self.out, text.encode())


def share_ceiling(task: suite.SuiteTask, seed: int, episodes: int | None = None) -> tuple[float, float | None]:
    """The score of a share of 1 in a task that measures the share of trials."""
    count = episodes or task.episodes
    low, high = (
        float(evaluate(name, task.env_id, count, seed, task.kwargs).summary()["success"]) for name in ("random", "ideal")
    )
    return (1.0 - low) / (high - low), None


def ceiling(task: suite.SuiteTask, seed: int, episodes: int | None = None) -> tuple[float, float | None]:
    """The greatest score of a task of the suite "haste", and when its targets can be reached, in ms after the go cue (mean).

    Raises:
        NotApplicableError: The task has a field that is not linear everywhere.
    """
    count = episodes or task.episodes
    low, high = (float(evaluate(name, task.env_id, count, seed, task.kwargs).returns.mean()) for name in ("random", "ideal"))
    env: Any = rollout.make_rows(task.env_id, count, task.kwargs)
    try:
        env.reset(seed=rollout.held_out(seed))
        facts, rules = env.unwrapped.trial_facts(steps=1), env.unwrapped.task
    finally:
        env.close()
    if np.isfinite(facts.field[:, :4]).any() or np.any(facts.field[:, 4:6]) or np.any(facts.field[:, 10:14]):
        raise NotApplicableError("the ceiling is known only for fields that depend on the velocity alone, everywhere.")
    viscosity = (facts.scale[:, :1] * facts.field[:, 6:10]).reshape(-1, 2, 2) - facts.body.damping * np.eye(2)
    a, b = lqg.dynamics(facts.dt, facts.body.mass, viscosity, np.zeros_like(viscosity))
    soonest = [_soonest(a[i], b[i], facts.target[i] - facts.start[i], facts.body.strength, rules) for i in range(count)]
    value = float(-(facts.go + np.array(soonest) - 1).mean())
    return (value - low) / (high - low), 1000 * facts.dt * float(np.mean(soonest))


def _soonest(a: Floats, b: Floats, target: Floats, strength: float, rules: Any) -> int:
    """The least number of steps after the cue at which the hold can begin."""
    low, high = 1, rules.last
    while low < high:
        middle = (low + high) // 2
        if _can_hold(a, b, target, strength, rules, middle):
            high = middle
        else:
            low = middle + 1
    return low


def _can_hold(a: Floats, b: Floats, target: Floats, strength: float, rules: Any, first: int) -> bool:
    """Whether a hand at rest can be on the target in the steps from `first` on, for the whole hold."""
    last = first + rules.hold_steps - 1
    # How each command moves each later state, newest first: b, a b, a a b, ...
    effects = [b]
    for _ in range(last - 1):
        effects.append(a @ effects[-1])
    angles = 2 * np.pi * np.arange(SIDES) / SIDES
    normals = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    rows, bounds = [], []
    for step in range(first, last + 1):
        state = np.zeros((4, 2 * last))
        for k in range(step):
            state[:, 2 * k : 2 * k + 2] = effects[step - 1 - k]
        rows += [normals @ state[:2], normals @ state[2:]]
        bounds += [normals @ target + rules.radius, np.full(SIDES, rules.speed_limit)]
    found = linprog(
        np.zeros(2 * last), np.concatenate(rows), np.concatenate(bounds), bounds=(-strength, strength), method="highs"
    )
    return bool(found.status == 0)
