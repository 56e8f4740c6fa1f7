"""What `python -m benchmarks populations` measures of a network: the findings at every stage, and what learning changed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks import populations_runs as runs
from benchmarks.preparation_runs import WINDOW
from reach_gym import files
from reach_gym.findings import FINDINGS, Course, Windows, course_of
from reach_gym.findings.changes import changes
from reach_gym.findings.courses import trials_of
from reach_gym.findings.report import Result
from reach_gym.findings.stages import phase_of
from reach_gym.neural import Activity
from reach_gym.neural.nulls import Against
from reach_gym.recording import adaptation

STAGES = ("untrained", "trained", "learned", "washed", "control")
WINDOWS = Windows(threshold=0.2)  # hands with muscles drift at 5 % of their peak speed before they set off
_WAYS = {"learned": "washed", "control": "control_washed"}


def courses(activities: Mapping[str, Activity], seed: int) -> dict[str, Course]:
    """The stages, with equally many trials; an untrained hand is taken to set off when the trained one does on average."""
    reaction = float(course_of(activities["trained"], "trained").reaction_time.mean())
    windows = {stage: Windows(sets_off=reaction) if stage == "untrained" else WINDOWS for stage in STAGES}
    trials = min(trials_of(activities[stage], windows[stage]) for stage in STAGES)
    return {stage: course_of(activities[stage], stage, None, trials, seed, windows[stage]) for stage in STAGES}


def _told(result: Result) -> Any:
    if isinstance(result, Against):
        return {"value": result.value, "null": result.null.tolist(), "p": result.p, "tail": result.tail}
    return result


def result_of(told: Any) -> Result:
    """A finding's result as it was measured, from what the file holds of it."""
    if isinstance(told, dict):
        return Against(told["value"], np.asarray(told["null"]), told["p"], told["tail"])
    return None if told is None else float(told)


def learned(activities: Mapping[str, Activity]) -> dict[str, dict[str, float]]:
    """What the blocks after reaching changed, with the field (``"learned"``) and without it (``"control"``)."""
    ready = {stage: phase_of(activities[stage], window=WINDOW) for stage in ("trained", *_WAYS, *_WAYS.values())}
    return {way: changes(ready["trained"], ready[way], ready[later]) for way, later in _WAYS.items()}


def _behaviour(activities: Mapping[str, Activity], errors: Mapping[str, float], ready: Mapping[str, Course]) -> dict[str, Any]:
    return {
        stage: {
            "error": errors.get(stage),
            "coefficient": float(np.nanmean(adaptation(activity.recording))),
            "early": float(activity.recording.known("false_start").mean()),
            "reaction": float(ready[stage].reaction_time.mean()) if stage in STAGES[1:] else None,
            "trials": len(ready[stage].single) if stage in STAGES else None,
        }
        for stage, activity in activities.items()
    }


def measured(activities: Mapping[str, Activity], errors: Mapping[str, float], draws: int, seed: int) -> dict[str, Any]:
    """All of one network, as plain data."""
    ready = courses(activities, seed)
    with threadpool_limits(1):  # many small matrices, over which several threads only wait for each other
        found = {
            stage: {name: _told(finding.measure(course, draws, seed)) for name, finding in FINDINGS.items()}
            for stage, course in ready.items()
        }
        change = learned(activities)
    return {"found": found, "change": change, "behaviour": _behaviour(activities, errors, ready)}


def measured_in(folder: Path, plant: str, seed: int, first: int, updates: int, draws: int) -> dict[str, Any]:
    """Trains and measures a network, or reads what is in the folder already."""
    path = folder / f"measured_{draws}.json"
    if not path.exists():
        activities, errors = runs.activities_in(folder, plant, seed, first, updates)
        files.write(path, json.dumps(measured(activities, errors, draws, seed)).encode())
    told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return told
