"""How good trained agents are, beside the random and the ideal agent."""

from __future__ import annotations

from typing import Any

from agents.common.greedy import GreedyTable
from reach_gym.acting import rollout
from reach_gym.acting.protocol import Agent
from reach_gym.evaluation import CursorEvaluation, Evaluation, evaluate
from reach_gym.grid.pairs import furthest
from reach_gym.planning import IdealAgent, RandomAgent
from reach_gym.registration import TASKS

EXACT, NEAR = "exact hit", "within 1"
RADII = {EXACT: 0.0, NEAR: 1.0}
"""How grid reaches are judged, by name and radius in squares. Sun & Plitt's last radius is 1."""

_HELD_OUT = 1000
# Pairs of start and target that are all judged: those of 32 x 32 squares. Their number grows with the fourth power.
_MOST_PAIRS = 2**20


def pairs_told(count: int) -> str:
    """How the `count` pairs that `judge_grid` judged are told."""
    return f"{count:,} held-out pairs of start and target" if count == _HELD_OUT else f"all {count:,} pairs of start and target"


Judged = dict[tuple[str, str], Evaluation] | dict[tuple[str, str], CursorEvaluation]
"""Evaluations by ``(task, agent)``."""


def judge(agent: Agent, name: str, env_id: str, kwargs: dict[str, Any]) -> Judged:
    """`judge_grid` or `judge_cursor`, whichever task `env_id` is of."""
    return (judge_grid if TASKS[env_id].family == "grid" else judge_cursor)(agent, name, env_id, kwargs)


def judge_grid(agent: Agent, name: str, env_id: str, kwargs: dict[str, Any]) -> dict[tuple[str, str], Evaluation]:
    """Judges an agent without memory from all pairs of start and target, random actions on 1,000 held-out ones.

    On grids larger than 32 x 32 the agent is judged on held-out pairs, too. A radius that leaves no start outside is left out.

    Args:
        agent: Who is judged.
        name: What it is called.
        env_id: A grid reach.
        kwargs: Its keywords; a radius among them is replaced.

    Returns:
        The evaluations by ``(task, agent)``; the tasks are those of `RADII`.
    """
    env = rollout.make_rows(env_id, 1, kwargs)
    base: Any = env.unwrapped
    few = base.size**4 <= _MOST_PAIRS
    judge, pairs, seen = (GreedyTable(agent, env), "all", {"observation": "index"}) if few else (agent, _HELD_OUT, {})
    longest = furthest(base.size, base.task.start_cell, base.task.target_cell)
    env.close()
    result: dict[tuple[str, str], Any] = {}
    for task, radius in RADII.items():
        if radius**2 < longest:
            judged = {**kwargs, "radius": radius}
            result[task, "random"] = evaluate(RandomAgent, env_id, _HELD_OUT, env_kwargs={**judged, "observation": "index"})
            result[task, name] = evaluate(judge, env_id, pairs, env_kwargs={**judged, **seen})
    return result


def judge_cursor(agent: Agent, name: str, env_id: str, kwargs: dict[str, Any]) -> dict[tuple[str, str], CursorEvaluation]:
    """Judges an agent, random actions and the ideal on the same 1,000 held-out trials.

    Args:
        agent: Who is judged.
        name: What it is called.
        env_id: A cursor reach.
        kwargs: Its keywords.

    Returns:
        The evaluations by ``(task, agent)``; there is one task.
    """
    agents = {"random": RandomAgent, name: agent, "ideal": IdealAgent}
    result: dict[tuple[str, str], Any] = {}
    for who, each in agents.items():
        result[env_id, who] = evaluate(each, env_id, _HELD_OUT, env_kwargs=kwargs)
    return result
