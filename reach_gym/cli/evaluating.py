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
from reach_gym.evaluation import CursorEvaluation, Evaluation, evaluate
from reach_gym.evaluation.held_out import MAX_EPISODES
from reach_gym.registration import TASKS

_SHARES = ("success", "optimal", "false_starts", "too_fast", "too_slow", "moved")
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
        _report(env_id, self.agent, self.wrapper, evaluation, self.episodes == "all", self.json)
        if isinstance(evaluation, CursorEvaluation) and not self.json and {**TASKS[env_id].kwargs, **kwargs}.get("schedule"):
            print("\nevery episode is the first trial of a session; `reach-gym record --session` goes through one")


def _report(
    env_id: str, agent: str, wrappers: list[str], evaluation: Evaluation | CursorEvaluation, every: bool, as_json: bool
) -> None:
    # All trials that there are leave nothing to chance.
    summary, intervals = evaluation.summary(), {} if every else evaluation.intervals()
    if as_json:
        # JSON has no NaN, which stands where an average has nothing to average.
        values: dict[str, Any] = {name: _finite(value) for name, value in summary.items()}
        told = {"env_id": env_id, "agent": agent, **({"wrappers": wrappers} if wrappers else {})}
        ends = {name: [_finite(each.low), _finite(each.high)] for name, each in intervals.items()}
        print(json.dumps({**told, **values, "intervals": ends}))
        return
    through = f" through {', '.join(wrappers)}" if wrappers else ""
    print(f"{agent}{through} on {env_id}\n")
    heads = ("measure", "value", "95 % interval") if intervals else ("measure", "value")
    table = Table(*heads, box=None, pad_edge=False, header_style="bold")
    for column in table.columns[1:]:
        column.justify = "right"
    for name, value in summary.items():
        end = next((end for end in _UNITS if name.endswith(end)), "")
        between = " to ".join(_number(name, each) for each in intervals[name][1:]) if name in intervals else ""
        row = name.removesuffix(end).replace("_", " "), f"{_number(name, value)} {_UNITS.get(end, '')}".rstrip(), between
        table.add_row(*row[: len(heads)])
    shell.console().print(table)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _number(name: str, value: float) -> str:
    if not math.isfinite(value):
        return "-"
    if name in _SHARES:
        return f"{100 * value:.1f} %"
    return f"{value:.0f}" if name == "episodes" else f"{value:.3f}"
