"""``reach-gym evaluate``: how good anybody's agent is on a task."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import gymnasium as gym
import tyro
from rich.table import Table

from reach_gym import checks
from reach_gym.acting import rollout, wrapping
from reach_gym.cli import shell
from reach_gym.cli.tasks import AgentCommand, vector_backend
from reach_gym.evaluation import CursorEvaluation, evaluate
from reach_gym.evaluation.held_out import MAX_EPISODES
from reach_gym.registration import TASKS

_SHARES = ("success", "optimal", "false_starts", "moved")
_UNITS = {"_m_per_s": "m/s", "_mm": "mm", "_deg": "deg", "_s": "s"}  # by the end of the measure's name


@dataclass(kw_only=True)
class Evaluate(AgentCommand):
    """Evaluate an agent on held-out trials of a task; on the grid beside the best possible score.

    Attributes:
        episodes: How many episodes, or on the grid all for every start once.
        seed: Seed of the episodes.
        wrapper: module:function, called with the vector environment as the agent sees it, returns a wrapped one; give it several
            times for several, the last one next to the agent.
        json: Print JSON instead of a table.
    """

    episodes: int | Literal["all"] = 1000
    seed: int = 0
    wrapper: Annotated[list[str], tyro.conf.UseAppendAction] = field(default_factory=list)
    json: bool = False

    def run(self) -> None:
        """Prints the summary of an evaluation."""
        with shell.request():
            env_id, kwargs = self.env_id, self.env_kwargs
            checks.seed(self.seed)
            if self.episodes != "all":
                checks.integer("episodes", self.episodes, 1, MAX_EPISODES)
            elif TASKS[env_id].family == "cursor":
                raise ValueError("`episodes` must be a number: the trials of a cursor task are too many to try them all.")
            backend = vector_backend(0 if self.episodes == "all" else self.episodes)
            envs = gym.make_vec(env_id, num_envs=1, backend=backend, **kwargs)
            with self.acting():  # a bad name is a bad request, before anything runs
                between = wrapping.load(wrapping.check_names(self.wrapper))
                rollout.release(rollout.actor(self.agent, envs, self.trust, between, self.seed))
            envs.close()
        with self.acting():
            evaluation = evaluate(
                self.agent, env_id, self.episodes, self.seed, {**kwargs, "backend": backend}, self.trust, wrappers=between
            )
        _report(env_id, self.agent, self.wrapper, evaluation.summary(), self.json)
        if isinstance(evaluation, CursorEvaluation) and not self.json and {**TASKS[env_id].kwargs, **kwargs}.get("schedule"):
            print("\nevery episode is the first trial of a session; `reach-gym record --session` goes through one")


def _report(env_id: str, agent: str, wrappers: list[str], summary: dict[str, float], as_json: bool) -> None:
    if as_json:
        # JSON has no NaN, which stands where an average has nothing to average.
        values: dict[str, Any] = {k: v if math.isfinite(v) else None for k, v in summary.items()}
        told = {"env_id": env_id, "agent": agent, **({"wrappers": wrappers} if wrappers else {})}
        print(json.dumps({**told, **values}))
        return
    through = f" through {', '.join(wrappers)}" if wrappers else ""
    print(f"{agent}{through} on {env_id}\n")
    table = Table("measure", "value", box=None, pad_edge=False, header_style="bold")
    table.columns[1].justify = "right"
    for name, value in summary.items():
        end = next((end for end in _UNITS if name.endswith(end)), "")
        table.add_row(name.removesuffix(end).replace("_", " "), f"{_number(name, value)} {_UNITS.get(end, '')}".rstrip())
    shell.console().print(table)


def _number(name: str, value: float) -> str:
    if not math.isfinite(value):
        return "-"
    if name in _SHARES:
        return f"{100 * value:.1f} %"
    return f"{value:.0f}" if name == "episodes" else f"{value:.3f}"
