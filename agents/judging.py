"""How good trained agents are, beside random actions and the best possible."""

from __future__ import annotations

from typing import Any

from reach_gym import rollout
from reach_gym.evaluation import CursorEvaluation, Evaluation, evaluate
from reach_gym.planning import IdealAgent, RandomAgent
from reach_gym.protocol import Agent

from .greedy import GreedyTable

EXACT, NEAR = "exact hit", "within 1"
RADII = {EXACT: 0.0, NEAR: 1.0}
"""How grid reaches are judged, by name and radius in squares. Sun & Plitt's last radius is 1."""

_HELD_OUT = 1000


def judge_grid(agent: Agent, name: str, env_id: str, kwargs: dict[str, Any]) -> dict[tuple[str, str], Evaluation]:
    """Judges an agent without memory from all pairs of start and target, random actions on 1,000 held-out ones.

    Args:
        agent: Who is judged.
        name: What it is called.
        env_id: A grid reach.
        kwargs: Its keywords; a radius among them is replaced.

    Returns:
        The evaluations by ``(task, agent)``; the tasks are those of `RADII`.
    """
    env: Any = rollout.make_rows(env_id, 1, kwargs).unwrapped
    table = GreedyTable(agent, env.observations, env.size)
    env.close()
    result: dict[tuple[str, str], Any] = {}
    for task, radius in RADII.items():
        judged = {**kwargs, "radius": radius}
        result[task, "random"] = evaluate(RandomAgent, env_id, _HELD_OUT, env_kwargs=judged)
        result[task, name] = evaluate(table, env_id, "all", env_kwargs=judged)
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
