"""``reach-gym evaluate``: how good anybody's agent is on a task."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any, Literal

import gymnasium as gym
from rich.table import Table

from reach_gym import checks
from reach_gym.cli import shell
from reach_gym.cli.tasks import TaskCommand
from reach_gym.evaluation import evaluate
from reach_gym.protocol import load_agent


@dataclass(kw_only=True)
class Evaluate(TaskCommand):
    """Evaluate an agent on a task, beside the best possible score.

    Attributes:
        agent: ideal, random, or module:attribute for your own.
        episodes: How many episodes, or all for every start once.
        seed: Seed of the episodes.
        json: Print JSON instead of a table.
    """

    agent: str
    episodes: int | Literal["all"] = 1000
    seed: int = 0
    json: bool = False

    def run(self) -> None:
        """Prints the summary of an evaluation."""
        with shell.request():
            env_id, kwargs = self.env_id, self.env_kwargs
            checks.seed(self.seed)
            if self.episodes != "all":
                checks.integer("episodes", self.episodes, 1)
            envs = gym.make_vec(env_id, num_envs=1, **kwargs)
            load_agent(self.agent, envs)  # a bad name is a bad request, before anything runs
            envs.close()
        evaluation = evaluate(self.agent, env_id, self.episodes, self.seed, env_kwargs=kwargs)
        _report(env_id, self.agent, evaluation.summary(), self.json)


def _report(env_id: str, agent: str, summary: dict[str, float], as_json: bool) -> None:
    if as_json:
        # JSON has no NaN, which stands where an average has nothing to average.
        values: dict[str, Any] = {k: v if math.isfinite(v) else None for k, v in summary.items()}
        print(json.dumps({"env_id": env_id, "agent": agent, **values}))
        return
    print(f"{agent} on {env_id}\n")
    table = Table("measure", "value", box=None, pad_edge=False, header_style="bold")
    table.columns[1].justify = "right"
    for name, value in summary.items():
        table.add_row(name.replace("_", " "), _number(name, value))
    shell.console().print(table)


def _number(name: str, value: float) -> str:
    if not math.isfinite(value):
        return "-"
    if name in ("success", "optimal"):
        return f"{100 * value:.1f} %"
    return f"{value:.0f}" if name == "episodes" else f"{value:.3f}"
