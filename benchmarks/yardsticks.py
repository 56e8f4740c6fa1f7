"""``python -m benchmarks yardsticks``: what controllers score that know a field, and what those score that do not, however stiff.

A yardstick that a trick beats is worth nothing. The tricks are here: a velocity loop that is as stiff as the force allows, a
spring with a damper of fixed gains, and the best of a grid of such gains, chosen on the very trials on which it is then shown;
for arms, too, hands that follow a path stiffly and cancel what pushes them (`benchmarks.trackers`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.trackers import Laws, best_share
from benchmarks.training_report import table
from reach_gym import checks, files
from reach_gym.acting import rollout
from reach_gym.cli import shell
from reach_gym.evaluation import evaluate, suite
from reach_gym.evaluation.statistics import Interval, mean_interval

Floats = npt.NDArray[np.float64]
Law = Callable[[Floats, Floats], Floats]

TASKS = ("lab-null", "lab-curl", "lab-mirrored", "cursor-null", "cursor-curl")
KNOWN = ("adapted", "naive", "minimum_jerk")
# By name, the task and the keywords that it differs by; beside each curl without a field, to show that trackers can reach at all.
TRACKED: dict[str, tuple[str, dict[str, Any]]] = {
    "lab-null": ("lab-null", {}),
    "lab-curl": ("lab-curl", {}),
    "arm-null": ("arm-null", {}),
    "arm-curl": ("arm-curl", {}),
    "arm-curl in 13 N s/m": ("arm-curl", {"field": "curl_ccw"}),
    "the same, with 20 ms of latency": ("arm-curl", {"field": "curl_ccw", "delay": 2}),
    "muscle-null": ("muscle-null", {}),
    "muscle-curl": ("muscle-curl", {}),
}
STIFFNESSES, DAMPINGS = (10.0, 20.0, 40.0, 80.0, 160.0, 320.0), (5.0, 10.0, 20.0, 40.0)  # N/m, N s/m
DELAYS = (0, 2, 4, 6, 8, 10)  # time steps of 10 ms


class Blind:
    """Follows a law of force from the go cue on, and rests until then; it knows no field, delay or lag.

    Attributes:
        law: ``law(away, velocity)``: the force in newtons, (n, 2).
    """

    family = "cursor"
    law: Law

    def __init__(self, env: Any) -> None:
        """Acts in `env`."""
        self._env = env.unwrapped

    def reset(self, starts: npt.NDArray[np.bool_]) -> None:
        """Nothing to forget."""

    def act(self, observations: Any) -> npt.NDArray[np.float32]:
        """Actions (n, 2) for a batch of observations."""
        seen = self._env.sense(observations)
        force = type(self).law(seen.target - seen.position, seen.velocity) * seen.go[:, None]
        return np.asarray(np.clip(force / self._env.task.plant.max_force, -1.0, 1.0), np.float32)


def velocity_loop(away: Floats, velocity: Floats) -> Floats:
    """A wish for a speed that falls towards the target, held with 600 N s/m."""
    distance = np.maximum(np.linalg.norm(away, axis=1, keepdims=True), 1e-9)
    return np.asarray(600.0 * (np.minimum(np.sqrt(14.0 * distance), 8.0 * distance) * away / distance - velocity))


def spring(stiffness: float, damping: float) -> Law:
    """A spring of `stiffness` N/m to the target, and a damper of `damping` N s/m."""
    return lambda away, velocity: stiffness * away - damping * velocity


def by(law: Law) -> type[Blind]:
    """The agent that follows a law, as a class, which `evaluate` calls with the environment."""
    return type("Follower", (Blind,), {"law": staticmethod(law)})


@dataclass(kw_only=True)
class Yardsticks(shell.Command):
    """Scores of controllers that know the field, and of stiff ones that do not.

    Attributes:
        tasks: Of the suites "lab" and "haste"; five unless told otherwise.
        tracked: Of `TRACKED`; all unless told otherwise, which takes most of the time.
        seeds: Of the held-out trials.
        episodes: Trials per seed.
        out: File for the tables, in Markdown; they are printed, too.
    """

    tasks: list[str] = field(default_factory=lambda: list(TASKS))
    tracked: list[str] = field(default_factory=lambda: list(TRACKED))
    seeds: list[int] = field(default_factory=lambda: [0, 1, 2])
    episodes: int = rollout.BATCH
    out: Path | None = None

    def run(self) -> None:
        """Measures and prints."""
        with shell.request():
            for name in self.tasks:
                checks.choice("tasks", name, [*suite.SUITES["lab"].tasks, *suite.SUITES["haste"].tasks])
            for name in self.tracked:
                checks.choice("tracked", name, tuple(TRACKED))
            checks.integer("episodes", self.episodes, 1, rollout.BATCH)
        text = "\n".join([*self._scores(), "", *self._delays(), "", *self._trackers()]) + "\n"
        print(text)
        if self.out is not None:
            files.write(self.out, text.encode())

    def _scores(self) -> list[str]:
        laws = {"velocity loop": velocity_loop, "spring 60 N/m, damper 30 N s/m": spring(60.0, 30.0)}
        agents: dict[str, Any] = {**{name: name for name in KNOWN}, **{name: by(law) for name, law in laws.items()}}
        columns = []
        for name in self.tasks:
            task, marks = suite.TASKS[name], {}
            for seed in self.seeds:
                marks[seed] = self._value("random", task, seed), self._value("ideal", task, seed)
            cells = [
                _cell([_score(self._value(agent, task, seed), marks[seed]) for seed in self.seeds]) for agent in agents.values()
            ]
            columns.append([*cells, self._best_spring(task, marks), f"{np.mean([high for _, high in marks.values()]):.2f}"])
        rows = zip([*agents, "the best of 24 springs with dampers", "value of ideal, which scores 1"], *columns, strict=True)
        return table(["score of", *self.tasks], list(rows))

    def _best_spring(self, task: suite.SuiteTask, marks: dict[int, tuple[float, float]]) -> str:
        first = self.seeds[0]
        gains = [(stiffness, damping) for stiffness in STIFFNESSES for damping in DAMPINGS]
        scores = [_score(self._value(by(spring(*each)), task, first), marks[first]) for each in gains]
        stiffness, damping = gains[int(np.argmax(scores))]
        return f"{max(scores):.2f} ({stiffness:g} N/m, {damping:g} N s/m)"

    def _value(self, agent: Any, task: suite.SuiteTask, seed: int) -> float:
        kwargs = {**task.kwargs, "observation": "vector"}
        return float(evaluate(agent, task.env_id, self.episodes, seed, kwargs).summary()[task.measure])

    def _delays(self) -> list[str]:
        agents = {"adapted": "adapted", "naive": "naive", "minimum jerk": "minimum_jerk", "velocity loop": by(velocity_loop)}
        rows = []
        for name, agent in agents.items():
            shares = [
                np.mean([
                    evaluate(agent, "reach_gym/CursorReachCurl-v0", self.episodes, seed, {"delay": delay}).summary()["success"]
                    for seed in self.seeds
                ])
                for delay in DELAYS
            ]  # fmt: skip
            rows.append([name, *(f"{100 * share:.0f} %" for share in shares)])
        return table(["success in the curl field with a latency of", *(f"{10 * delay} ms" for delay in DELAYS)], rows)

    def _trackers(self) -> list[str]:
        rows = []
        for name in self.tracked:
            task, kwargs = TRACKED[name]
            found, law = best_share(suite.TASKS[task], kwargs)
            rows.append(tracked_row(name, found, law))
        return table(["success of the best tracker", "share of fresh trials", "its constants"], rows)


def tracked_row(name: str, found: Interval, law: Laws) -> list[str]:
    """A row of the table of trackers."""
    share, low, high = (100 * each for each in found)
    told = f"{share:.1f} % ({low:.1f} to {high:.1f})"
    if not found.value:  # one is as good as another
        return [name, told, "-"]
    stiffness, damping, pace, duration, tension = (float(each[0, 0]) for each in law)
    gains = f"stiffness {stiffness:.0f} per s\N{SUPERSCRIPT TWO}, damping {damping:.0f} per s, pace {pace:.0f} per s"
    return [name, told, f"{gains}, path of {duration:.2f} s, tension {tension:.2f}"]


def _score(value: float, marks: tuple[float, float]) -> float:
    low, high = marks
    return (value - low) / (high - low)


def _cell(scores: Sequence[float]) -> str:
    value, low, high = mean_interval(scores)
    return f"{value:.2f}" if len(scores) == 1 else f"{value:.2f} ({low:.2f} to {high:.2f})"
