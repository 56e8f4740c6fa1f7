"""The tasks as data, and the only place that registers them with Gymnasium."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import gymnasium as gym

NAMESPACE = "reach_gym"
FAMILIES: tuple[Literal["grid"], Literal["cursor"]] = ("grid", "cursor")
# Curl in the middle of the 16 x 16 grid; around it the cursor moves freely.
_CURL = {"preset": "curl_ccw", "region": [4, 4, 11, 11]}
# Sun & Plitt's tabular task.
_TABULAR: dict[str, Any] = {"size": 10, "observation": "index", "target": [5, 8]}


@dataclass(frozen=True)
class Task:
    """One registered task.

    Attributes:
        summary: What it is, in one line.
        kwargs: Constructor keywords, plain JSON.
        max_episode_steps: The time limit, in steps; ``None`` where the keywords say it.
        family: One of `FAMILIES`; the only test of which of the two tasks it is.
    """

    summary: str
    kwargs: dict[str, Any]
    max_episode_steps: int | None = 100
    family: str = "grid"


# The scalar and the vector class of each family.
_CLASSES = {
    "grid": ("reach_gym.grid.env:GridReachEnv", "reach_gym.grid.vector_env:GridReachVectorEnv"),
    "cursor": ("reach_gym.reach.env:CursorReachEnv", "reach_gym.reach.vector_env:CursorReachVectorEnv"),
}

_ARM: dict[str, Any] = {"plant": "two_link_arm"}
_MUSCLES: dict[str, Any] = {"plant": "muscle_arm", "observation": "body"}
_LAB: dict[str, Any] = {"preset": "lab"}
_ADAPTING: dict[str, Any] = {"field": "curl_ccw", "schedule": "abrupt"}
_SESSION = "a session of baseline, adaptation to the curl field, washout"


def _reach(summary: str, **kwargs: Any) -> Task:
    return Task(summary, kwargs, max_episode_steps=None, family="cursor")


TASKS: dict[str, Task] = {
    f"{NAMESPACE}/GridReach-v0": Task("16 x 16 grid, random start and target, exact hit, vector observation", {}),
    f"{NAMESPACE}/GridReachPixels-v0": Task("the same from two-channel pixels", {"observation": "pixels"}),
    f"{NAMESPACE}/GridReachCurl-v0": Task("GridReach with a counter-clockwise curl field in its middle", {"field": _CURL}),
    f"{NAMESPACE}/GridReachTabular-v0": Task("10 x 10 grid, fixed target, the cursor's cell as observation", _TABULAR),
    f"{NAMESPACE}/GridReachTabularWind-v0": Task(
        "GridReachTabular with a wind to the left over rows 2 to 6", {**_TABULAR, "field": "wind"}
    ),
    f"{NAMESPACE}/CursorReach-v0": _reach("a point mass, random target, go cue, no field"),
    f"{NAMESPACE}/CursorReachRegion-v0": _reach("CursorReach with a push of -1 N along each axis in a region", field="push"),
    f"{NAMESPACE}/CursorReachCurl-v0": _reach("CursorReach in a counter-clockwise curl field of 13 N s/m", field="curl_ccw"),
    f"{NAMESPACE}/CursorReachCenterOut-v0": _reach("8 targets on a circle; " + _SESSION, **_ADAPTING, targets="center-out"),
    f"{NAMESPACE}/ArmReach-v0": _reach("an arm of two bones, torques at its joints, random target, go cue, no field", **_ARM),
    f"{NAMESPACE}/ArmReachCurl-v0": _reach("ArmReach in a counter-clockwise curl field of 13 N s/m", **_ARM, field="curl_ccw"),
    f"{NAMESPACE}/ArmReachCenterOut-v0": _reach("ArmReach to 8 targets; " + _SESSION, **_ARM, **_ADAPTING, targets="center-out"),
    f"{NAMESPACE}/MuscleReach-v0": _reach("an arm with six muscles that feels its body, random target, no field", **_MUSCLES),
    f"{NAMESPACE}/MuscleReachCurl-v0": _reach(
        "MuscleReach in a counter-clockwise curl field of 13 N s/m", **_MUSCLES, field="curl_ccw"
    ),
    f"{NAMESPACE}/MuscleReachCenterOut-v0": _reach(
        "MuscleReach to 8 targets; " + _SESSION, **_MUSCLES, **_ADAPTING, targets="center-out"
    ),
    f"{NAMESPACE}/LabReach-v0": _reach("8 targets on a circle, a laboratory's trials and a hand with latency and noise", **_LAB),
    f"{NAMESPACE}/LabReachCurl-v0": _reach("LabReach in a counter-clockwise curl field of 13 N s/m", **_LAB, field="curl_ccw"),
    f"{NAMESPACE}/LabReachCenterOut-v0": _reach("LabReach; " + _SESSION, **_LAB, **_ADAPTING),
}


def family_of(env: Any) -> str | None:
    """Which of `FAMILIES` an environment belongs to, scalar or vector, wrapped or not; ``None`` for one of another package."""
    task = getattr(getattr(env, "unwrapped", env), "task", None)
    return getattr(task, "family", None)


def registered_id(name: Any) -> Any:
    """The id of a task of this package, given with or without its namespace; anything else stays as it is."""
    if not isinstance(name, str):
        return name
    env_id = f"{NAMESPACE}/{name.removeprefix(f'{NAMESPACE}:').removeprefix(f'{NAMESPACE}/')}"
    return env_id if env_id in TASKS else name


def register_all() -> None:
    """Registers every task; a second call changes nothing."""
    for env_id, task in TASKS.items():
        if env_id not in gym.registry:
            gym.register(
                id=env_id,
                entry_point=_CLASSES[task.family][0],
                vector_entry_point=_CLASSES[task.family][1],
                max_episode_steps=task.max_episode_steps,
                kwargs=task.kwargs,
            )
