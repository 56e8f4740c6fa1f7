"""``python -m benchmarks dqn_race``: our DQN and that of Stable-Baselines3, side by side on the same task and network."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import torch
from rich import box
from rich.table import Table
from stable_baselines3.common.callbacks import BaseCallback

from agents.common.greedy import GreedyTable
from agents.common.judging import NEAR, RADII
from agents.dqn import command as dqn_command
from agents.dqn.config import PRESETS
from agents.sb3 import command as sb3_command
from benchmarks.dqn import hits
from benchmarks.dqn_arms import PIXELS
from benchmarks.dqn_report import GOAL
from reach_gym import checks
from reach_gym.acting.protocol import from_predict
from reach_gym.cli import shell


@dataclass(kw_only=True)
class DQNRace(shell.Command):
    """Wall time until 99 % of 1,000 held-out pairs come within one square: ours, and Stable-Baselines3's DQN.

    They do not learn alike: ours learns with hindsight, Stable-Baselines3's DQN without. The times compare two methods, not two
    implementations of one.

    Both learn on 64 rows of the native vector environment with Sun & Plitt's network, on one thread: ours by its usual settings,
    Stable-Baselines3's by those of `agents.sb3.config`, which include the shrinking radius. The evaluation, after every `leg`
    steps, is not counted.

    Attributes:
        seeds: Runs of each.
        limit: Seconds of learning after which a run is given up.
        leg: Steps between two evaluations.
    """

    seeds: int = 3
    limit: float = 600.0
    leg: int = 6_400

    def run(self) -> None:
        """Races and prints the table."""
        with shell.request():
            checks.integer("seeds", self.seeds, 1)
            checks.integer("leg", self.leg, 64, 100_000)
            checks.number("limit", self.limit, 1)
        torch.set_num_threads(1)
        table = Table("seed", "learner", "99 % after", "steps", "within 1 then", box=box.HORIZONTALS, padding=(0, 1, 0, 0))
        console = shell.console()
        for seed in range(self.seeds):
            watches: list[Stopwatch] = []
            for name, learn in (("ours", _run_ours), ("Stable-Baselines3", _run_theirs)):
                watches.append(Stopwatch(self.leg, self.limit))
                learn(seed, watches[-1])
                table.add_row(str(seed), name, *watches[-1].told())
            console.print(f"seed {seed}: {_compared(*watches)}")
        console.print(table)


class Stopwatch:
    """Counts the seconds of learning, and looks now and then how good the agent is; begins to count when it is made."""

    def __init__(self, leg: int, limit: float) -> None:
        self._leg, self._limit, self._begin = leg, limit, time.perf_counter()
        self.seconds, self.steps, self.near = 0.0, 0, 0.0

    @property
    def over(self) -> bool:
        """Whether the goal was reached, or the time is up."""
        return self.near >= GOAL or self.seconds >= self._limit

    def goes_on(self, steps: int, agent: Any, env: Any) -> bool:
        """Whether to learn on, after so many `steps`."""
        if steps < self.steps + self._leg:
            return True
        self.seconds += time.perf_counter() - self._begin
        self.steps, self.near = steps, self._judge(agent, env)
        self._begin = time.perf_counter()
        return not self.over

    def _judge(self, agent: Any, env: Any) -> float:
        return hits(GreedyTable(agent, env), RADII[NEAR])

    def told(self) -> tuple[str, str, str]:
        """When the goal was reached, at which step, and how many pairs were within one square then."""
        when = f"{self.seconds:.0f} s" if self.near >= GOAL else f"not within {self.seconds:.0f} s"
        return when, f"{self.steps:,}", f"{self.near:.1%}"


def _compared(ours: Stopwatch, theirs: Stopwatch) -> str:
    if ours.near < GOAL:
        return "ours did not get there"
    more = "" if theirs.near >= GOAL else "more than "
    return f"Stable-Baselines3 takes {more}{theirs.seconds / ours.seconds:.1f} times as long"


def _run_ours(seed: int, watch: Stopwatch) -> None:
    learner = dqn_command.make(PIXELS, {}, PRESETS["default"].config, seed)
    while learner.done < learner.total and watch.goes_on(learner.done, learner.agent, learner.envs):
        learner.learn(learner.leg)


def _run_theirs(seed: int, watch: Stopwatch) -> None:
    model, steps, _ = sb3_command.make("dqn", PIXELS, {}, seed)
    agent, env = from_predict(model), model.env.envs

    class Watching(BaseCallback):
        def _on_step(self) -> bool:
            return watch.goes_on(self.num_timesteps, agent, env)

    while not watch.over:  # beyond the usual length if need be
        model.learn(steps, Watching(), reset_num_timesteps=False)
