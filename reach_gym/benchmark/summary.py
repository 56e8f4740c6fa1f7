"""What the scores of a benchmark say together: one summary of plain data, from which all reports are made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations, pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from reach_gym.benchmark.jobs import NOT_APPLICABLE, OK
from reach_gym.evaluation import statistics, suite

_POINTS = 71  # of performance profiles
_LEAST = -1.0  # where profiles begin at the lowest: an agent that is far worse than the random one shall not squeeze the others
MEASURES = ("success", "false_starts", "too_fast", "too_slow", "mean_return", "effort_s")  # shown by task
_FEW = 5  # agents of which all pairs are compared
FACTS = (
    *("learning", "compensation", "learning_index", "learned", "r2"),
    *("early_error_mm", "late_error_mm", "after_effect_mm", "retention", "savings"),
)

SHARES = ("success", "false_starts", "too_fast", "too_slow")

Floats = npt.NDArray[np.float64]
Record = dict[str, Any]


def group_of(task: str) -> str:
    """The group of a task, `reach_gym.evaluation.suite.SuiteTask.group`: tasks whose scores are averaged."""
    return suite.TASKS[task].group


def summarise(records: Sequence[Record]) -> dict[str, Any]:
    """The summary of scored records.

    Only tasks that an agent has done with all seeds count for its aggregates; how many these are is told beside them.

    Returns:
        ``agents``, ``tasks`` and ``seeds``, in order; ``groups``: tasks by group; ``ceilings``: the greatest score by task;
        ``scores``: mean score by task and agent, each ``None`` where there is none; ``measures``: by task, agent and name
        (`MEASURES`) ``value``, ``low`` and ``high`` over the seeds, or over the trials of a single seed; ``directions``: by
        task and agent what came of all trials by direction, where the task tells it (`reach_gym.evaluation.by_direction`);
        ``statuses``: by task and agent, the first that is not ``"ok"``; ``aggregates``: by group and agent ``iqm``, ``low``,
        ``high``, ``done`` and ``tasks``; ``profiles``: by group and agent ``share``, ``low`` and ``high`` for the group's
        ``thresholds``; ``improvement``: by group, the better over the other agent of a pair on the tasks that both have done;
        ``facts``: the adaptation track's measures by agent; ``failures``: agent, task, status, message, seeds.
    """
    agents, tasks = (list(dict.fromkeys(record[name] for record in records)) for name in ("agent", "task"))
    seeds = sorted({record["seed"] for record in records})
    matrices = {(agent, task): _scores(records, agent, task, seeds) for agent in agents for task in tasks}
    groups: dict[str, list[str]] = {}
    for task in tasks:
        groups.setdefault(group_of(task), []).append(task)
    aggregates = {name: {agent: _aggregate(agent, mine, matrices) for agent in agents} for name, mine in groups.items()}
    thresholds = {name: _thresholds(agents, mine, matrices) for name, mine in groups.items()}
    return {
        "agents": agents,
        "tasks": tasks,
        "groups": groups,
        "seeds": seeds,
        "ceilings": {task: suite.TASKS[task].ceiling for task in tasks},
        "scores": {task: {agent: _mean(matrices[agent, task]) for agent in agents} for task in tasks},
        "measures": {task: {agent: _measures(records, agent, task, seeds) for agent in agents} for task in tasks},
        "directions": {task: found for task in tasks if (found := _directions(records, agents, task, seeds))},
        "statuses": {task: {agent: _status(records, agent, task) for agent in agents} for task in tasks},
        "aggregates": aggregates,
        "thresholds": {name: each.round(6).tolist() for name, each in thresholds.items()},
        "profiles": {name: _profiles(agents, mine, matrices, thresholds[name]) for name, mine in groups.items()},
        "improvement": {name: _improvement(_by_mean(aggregates[name]), mine, matrices) for name, mine in groups.items()},
        "facts": _facts(records, agents),
        "failures": _failures(records),
    }


def _scores(records: Sequence[Record], agent: str, task: str, seeds: Sequence[int]) -> Floats | None:
    """The scores (seeds,) of an agent on a task; ``None`` unless it has one for every seed."""
    found = {record["seed"]: record["score"] for record in records if record["agent"] == agent and record["task"] == task}
    values = [found.get(seed) for seed in seeds]
    return None if any(value is None for value in values) else np.array(values, float)


def _mean(scores: Floats | None) -> float | None:
    return None if scores is None else float(scores.mean())


def _status(records: Sequence[Record], agent: str, task: str) -> str:
    mine = [record["status"] for record in records if record["agent"] == agent and record["task"] == task]
    return next((status for status in mine if status != OK), OK)


def _stacked(agent: str, tasks: Sequence[str], matrices: dict[tuple[str, str], Floats | None]) -> Floats | None:
    """The scores (seeds, tasks) of an agent on those of `tasks` that it has done; ``None`` for none."""
    found = [scores for task in tasks if (scores := matrices[agent, task]) is not None]
    return np.stack(found, axis=1) if found else None


def _aggregate(agent: str, tasks: Sequence[str], matrices: dict[tuple[str, str], Floats | None]) -> dict[str, Any] | None:
    scores = _stacked(agent, tasks, matrices)
    if scores is None:
        return None
    value, low, high = statistics.interval(scores)
    return {"iqm": value, "low": low, "high": high, "done": scores.shape[1], "tasks": len(tasks)}


def _thresholds(agents: Sequence[str], tasks: Sequence[str], matrices: dict[tuple[str, str], Floats | None]) -> Floats:
    """The scores at which profiles are drawn: from below the lowest to above the highest, 0 and 1 among them."""
    known = [scores for agent in agents for task in tasks if (scores := matrices[agent, task]) is not None]
    scores = np.concatenate([*known, [0.0, 1.0]])
    low, high = max(_LEAST, float(scores.min())), float(scores.max())
    edge = 0.05 * (high - low)
    return np.linspace(low - edge, high + edge, _POINTS)


def _measures(records: Sequence[Record], agent: str, task: str, seeds: Sequence[int]) -> dict[str, dict[str, float | None]]:
    """What an agent measured on a task with all `seeds`; empty unless it did them all."""
    mine = [record for record in records if record["agent"] == agent and record["task"] == task and record["status"] == OK]
    if len(mine) < len(seeds):
        return {}
    found: dict[str, dict[str, float | None]] = {}
    for name in MEASURES:
        values = [record["measures"].get(name) for record in mine]
        if None in values:
            continue
        if len(seeds) == 1:
            low, high = mine[0]["intervals"][name]
            found[name] = {"value": values[0], "low": low, "high": high}
        else:
            value, low, high = statistics.mean_interval(values)
            if name in SHARES:
                low, high = max(0.0, low), min(1.0, high)
            found[name] = {"value": value, "low": low, "high": high}
    return found


def _directions(
    records: Sequence[Record], agents: Sequence[str], task: str, seeds: Sequence[int]
) -> dict[str, dict[str, list[float | None]]]:
    """By agent the numbers of `reach_gym.evaluation.by_direction` over the trials of all `seeds`, if it did them all."""
    found = {}
    for agent in agents:
        mine = [
            each["directions"] for each in records if (each["agent"], each["task"]) == (agent, task) and each.get("directions")
        ]
        if mine and len(mine) == len(seeds):
            found[agent] = {name: _over_trials(mine, name) for name in mine[0]}
    return found


def _over_trials(parts: Sequence[Record], name: str) -> list[float | None]:
    """Sums of counts, and means of what was averaged over as many trials."""
    if name in ("trials", "moved"):
        return [sum(counts) for counts in zip(*(part[name] for part in parts), strict=True)]
    values = np.array([part[name] for part in parts], float)
    counts = np.where(np.isnan(values), 0.0, np.array([part["trials" if name == "success" else "moved"] for part in parts]))
    sums, number = np.nansum(values * counts, axis=0), counts.sum(axis=0)
    return [float(total / each) if each else None for total, each in zip(sums, number, strict=True)]


def _profiles(
    agents: Sequence[str], tasks: Sequence[str], matrices: dict[tuple[str, str], Floats | None], thresholds: Floats
) -> dict[str, Any]:
    profiles = {}
    for agent in agents:
        scores = _stacked(agent, tasks, matrices)
        if scores is not None:
            profile = statistics.performance_profile(scores, thresholds)
            profiles[agent] = {name: getattr(profile, name).round(6).tolist() for name in ("share", "low", "high")}
    return profiles


def _improvement(
    agents: Sequence[str], tasks: Sequence[str], matrices: dict[tuple[str, str], Floats | None]
) -> list[dict[str, Any]]:
    rows = []
    for x, y in _pairs(agents):
        both = [task for task in tasks if matrices[x, task] is not None and matrices[y, task] is not None]
        one, other = _stacked(x, both, matrices), _stacked(y, both, matrices)
        if one is not None and other is not None:
            value, low, high = statistics.improvement_interval(one, other)
            rows.append({"x": x, "y": y, "probability": value, "low": low, "high": high, "tasks": len(both)})
    return rows


def _by_mean(aggregates: Mapping[str, Any]) -> list[str]:
    """The agents of one group of tasks, best first, whichever of its tasks they have done."""
    return sorted((agent for agent, each in aggregates.items() if each), key=lambda agent: -aggregates[agent]["iqm"])


def _pairs(agents: Sequence[str]) -> list[tuple[str, str]]:
    """Every pair of a few agents, the one of the higher mean first; of many only those that follow each other."""
    return list(combinations(agents, 2) if len(agents) <= _FEW else pairwise(agents))


def _facts(records: Sequence[Record], agents: Sequence[str]) -> dict[str, dict[str, float | None]]:
    """Means over the seeds of the adaptation track's measures and of the fitted model's parameters."""
    facts: dict[str, dict[str, float | None]] = {}
    for agent in agents:
        mine = [
            record["measures"]
            for record in records
            if record["agent"] == agent and group_of(record["task"]) == "adaptation" and record["status"] == OK
        ]
        if mine:
            names = [*FACTS, *(name for name in mine[0] if name.startswith("two_state_"))]
            facts[agent] = {name: _known_mean([each[name] for each in mine]) for name in names}
    return facts


def _known_mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def _failures(records: Sequence[Record]) -> list[dict[str, Any]]:
    """One line per agent, task and reason, the number of seeds with it in ``seeds``."""
    found: dict[tuple[str, str, str, str], int] = {}
    for record in records:
        if record["status"] not in (OK, NOT_APPLICABLE):
            key = record["agent"], record["task"], record["status"], record["message"]
            found[key] = found.get(key, 0) + 1
    return [dict(zip(("agent", "task", "status", "message", "seeds"), (*key, n), strict=True)) for key, n in found.items()]


def ranked(summary: Mapping[str, Any]) -> list[str]:
    """The agents, best first: by the groups' tasks that they have done, then by their means."""

    def place(agent: str) -> tuple[float, ...]:
        found = [group[agent] for group in summary["aggregates"].values() if group[agent] is not None]
        done = sum(each["done"] for each in found)
        return -done, -sum(each["iqm"] for each in found) / max(1, len(found))

    return sorted(summary["agents"], key=place)
