"""What `python -m benchmarks populations` measures of a network: the findings at every stage, and what learning changed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import populations_runs as runs
from benchmarks.preparation_runs import WINDOW
from reach_gym import files
from reach_gym.findings import FINDINGS, Course, Windows, course_of
from reach_gym.findings.courses import WINDOWS, trials_of
from reach_gym.findings.measuring import most
from reach_gym.findings.report import Result
from reach_gym.neural import Activity, halves_at, learning_change, shift_left, uniform_shift
from reach_gym.neural.nulls import Against
from reach_gym.recording import adaptation

STAGES = ("untrained", "trained", "learned", "washed", "control")
COMPONENTS, OUTPUTS = 16, 8  # of the states and of the command, as published of two areas
AFTER = 0.5  # s after the cue, to where the states and the command are taken for what learning changed
_WAYS = {"learned": "washed", "control": "control_washed"}
Floats = Any


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


def changes(activities: Mapping[str, Activity]) -> dict[str, dict[str, float]]:
    """What the blocks after reaching changed, with the field (``"learned"``) and without it (``"control"``)."""
    found: dict[str, dict[str, float]] = {}
    before = halves_at(activities["trained"], WINDOW)
    for way, later in _WAYS.items():
        during, left = halves_at(activities[way], WINDOW), halves_at(activities[later], WINDOW)
        shift = uniform_shift(before, during)
        found[way] = {"size": shift.size, "uniformity": shift.uniformity, "left": shift_left(before, during, left)}
        found[way] |= _spaces(activities["trained"], activities[way])
    return found


def _spaces(before: Activity, after: Activity) -> dict[str, float]:
    """Perich et al.'s measure, with the units as what is upstream and the command as what is downstream."""
    first, second = _paired(before), _paired(after)
    sizes = most(first[0], COMPONENTS), most(first[1], OUTPUTS)
    labels = before.direction.tolist(), after.direction.tolist()
    change = learning_change(first, second, labels, *sizes)
    return {
        "null_change": change.null_change,
        "potent_change": change.potent_change,
        "null_lost": change.null_within - change.null_across,
        "potent_lost": change.potent_within - change.potent_across,
    }


def _paired(activity: Activity) -> tuple[Floats, Floats]:
    """Rates and commands of single trials, from the cue on."""
    command = Activity(activity.recording.known("action").astype(np.float32), activity.recording)
    return activity.aligned("go", 0.0, AFTER)[1], command.aligned("go", 0.0, AFTER)[1]


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
    found = {
        stage: {name: _told(finding.measure(course, draws, seed)) for name, finding in FINDINGS.items()}
        for stage, course in ready.items()
    }
    return {"found": found, "change": changes(activities), "behaviour": _behaviour(activities, errors, ready)}


def measured_in(folder: Path, plant: str, seed: int, first: int, updates: int, draws: int) -> dict[str, Any]:
    """Trains and measures a network, or reads what is in the folder already."""
    path = folder / f"measured_{draws}.json"
    if not path.exists():
        activities, errors = runs.activities_in(folder, plant, seed, first, updates)
        files.write(path, json.dumps(measured(activities, errors, draws, seed)).encode())
    told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return told
