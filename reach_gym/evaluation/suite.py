"""The benchmark's tasks as data: frozen, so that a score of today can be compared with one of next year.

**The score** of an agent on a task is what the task measures, between the random agent's value, 0, and the ideal agent's, 1, both
on the same trials; it is not clipped.

- **The laboratory's tasks** (``lab-...``) measure what a laboratory pays for: the share of trials within the window of
  movement time. The hand has latency, noise and a force that lags, and a false start ends the trial. The ideal controller
  knows the field of every trial; nothing known does better. Who ignores a curl field arrives too late or not at all.
- **The arms' tasks** (``arm-...`` moved by torques, ``muscle-...`` by six muscles) measure the share of successful trials, too:
  ``-reach`` in simple trials without a field, which learners can do, the others in a laboratory's. There the hand is only seen:
  whoever feels the joints after 20 ms and is stiff needs to know no field. Joints with damping, and a hand that is heavy in some
  directions, withstand 13 N s/m; so the field of the torques is twice as strong (`python -m benchmarks yardsticks`). Muscles have
  fewer trials: their controllers take ten times as long.
- **On the grid** the mean return is measured, with -1 per step. The ideal agent takes the fewest steps possible.
- **The board of haste** (``cursor-...``) measures the mean sparse return, with neither latency nor noise: how soon the target is
  held. The controller that defines 1 moves as smoothly as people do and is a reference, no optimum: who pushes harder is sooner
  and scores more, up to a ceiling that `python -m benchmarks ceiling` computes.

What is measured does not depend on the reward that an agent was trained on. The ceiling of a task, the greatest score that there
can be, stands beside the scores: a share of 1, the fewest steps, or what a linear programme found for each trial.

The ideal agent knows the field of every trial. Where the field changes from trial to trial (``non-static``, ``catch``), an agent
that is not told cannot know as much: compare it with ``adapted``, which knows the block's field only and can be entered beside
any agent. In ``washout`` the field has gone for good.

**The adaptation track** has references of its own (`reach_gym.benchmark.sessions`): the controllers that know nothing of the
field, 0, and that know what the block teaches, 1. What counts is how much of the field's force a hand comes to make up for, read
against its own baseline, both from its push on the walls of channels and from the paths of field and catch trials, in fields of
both signs. Who does not change has 0, and who makes up for too much loses.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from reach_gym import checks, registration
from reach_gym.acting import rollout
from reach_gym.grid.observations import KINDS
from reach_gym.reach.observations import OBSERVATIONS as REACH_KINDS

# The kinds of observation by family, in the order in which they are tried; an agent that does not mind gets the first.
OBSERVATIONS = {"grid": tuple(KINDS), "cursor": tuple(REACH_KINDS)}


@dataclass(frozen=True)
class SuiteTask:
    """One task of the benchmark.

    Attributes:
        name: Begins with what it is a reach of, for readers.
        summary: What it asks, in one line.
        env_id: The registered environment.
        kwargs: Constructor keywords that replace the registered ones, plain JSON; the kind of observation is the agent's choice
            unless it is among them.
        episodes: Held-out trials per seed.
        block: ``None`` for independent trials. Otherwise one subject goes through a session, and the trials of this block count.
        track: ``"score"``, or ``"adaptation"``: what counts is how the agent changes in the session.
        measure: What is scored: ``"mean_return"``, ``"success"``, the share of trials, or ``"learning"``, the area under the
            learning curve (`reach_gym.benchmark.sessions`).
        sectors: By so many directions from start to target success and errors are told, too; 0 for none.
        seconds: Wall-clock time that an agent may take per seed, loading included.
        group: Tasks of one group are averaged: a board of the leaderboard.
        ceiling: The greatest score that there can be; ``None`` where it is not known.
    """

    name: str
    summary: str
    env_id: str
    kwargs: dict[str, Any] = field(default_factory=dict)
    episodes: int = rollout.BATCH
    block: str | None = None
    track: str = "score"
    measure: str = "mean_return"
    sectors: int = 0
    seconds: float = 120.0
    group: str = "grid"
    ceiling: float | None = 1.0

    @property
    def family(self) -> str:
        """One of `reach_gym.registration.FAMILIES`."""
        return registration.TASKS[self.env_id].family

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of observation that an agent may have, in the order in which they are tried."""
        own = self.kwargs.get("observation")
        return OBSERVATIONS[self.family] if own is None else (own,)

    @property
    def is_session(self) -> bool:
        """Whether one subject goes through all trials; otherwise each is independent."""
        return self.block is not None or self.track == "adaptation"


_GRID, _GRID_CURL, _WIND = "reach_gym/GridReach-v0", "reach_gym/GridReachCurl-v0", "reach_gym/GridReachTabularWind-v0"
_CURSOR, _CURSOR_CURL = "reach_gym/CursorReach-v0", "reach_gym/CursorReachCurl-v0"
_LAB, _LAB_CURL = "reach_gym/LabReach-v0", "reach_gym/LabReachCurl-v0"
_ANY_GAIN: dict[str, Any] = {"schedule": [{"name": "random", "trials": 1, "gain": 0.0, "spread": 1.0}]}
_CATCH: dict[str, Any] = {"schedule": [{"name": "adaptation", "trials": 1, "catch": 0.25}]}
_WASHOUT: dict[str, Any] = {
    "schedule": [{"name": "adaptation", "trials": 20}, {"name": "washout", "trials": 20, "gain": 0.0}],
}
# How soon a target can be held at all, as a score: `python -m benchmarks ceiling`, seeds 0 to 2, 64 trials each. It knows neither
# sessions nor fields with a region.
_SOONEST = {
    **{"cursor-null": 1.38, "cursor-curl": 1.37, "cursor-non-static": 1.38, "cursor-catch": 1.37},
    **{"cursor-mirrored": 1.37, "cursor-targets": 1.44},
}
_BETWEEN: dict[str, Any] = {"targets": {"kind": "center-out", "count": 8, "first_angle": 22.5}}

# A laboratory's trials for arms, without what the body feels.
_SEEN: dict[str, Any] = {"preset": "lab_arm", "observation": "vector", "felt_delay": 0, "felt_noise": 0.0}

# A fifth of the trials in a channel, where the hand's own force shows what it expects; in the baseline half of them, since all
# is read against it; and once all of them, in which it fades. A tenth without the field that is learned: catch trials.
_PROBED = {"clamp": 0.2}
SESSION: list[dict[str, Any]] = [
    {"name": "baseline", "trials": 40, "gain": 0.0, "clamp": 0.5},
    {"name": "adaptation", "trials": 80, "catch": 0.1, **_PROBED},
    {"name": "retention", "trials": 20, "gain": 0.0, "clamp": 1.0},
    {"name": "washout", "trials": 40, "gain": 0.0, **_PROBED},
    {"name": "readaptation", "trials": 40, **_PROBED},
    {"name": "second washout", "trials": 40, "gain": 0.0, **_PROBED},
    {"name": "opposite", "trials": 80, "gain": -1.0, "catch": 0.1, **_PROBED},
]


def _lab() -> list[SuiteTask]:
    """Trials as a laboratory runs them; what counts is the share within the window of movement time."""
    tasks = [
        SuiteTask("lab-null", "no field, 8 targets at 10 cm", _LAB),
        SuiteTask("lab-curl", "a curl field of 13 N s/m", _LAB_CURL),
        SuiteTask("lab-mirrored", "generalisation: the curl turns the other way", _LAB_CURL, {"field": "curl_cw"}),
        SuiteTask("lab-non-static", "the curl's gain is drawn anew for every trial, from -1 to 1", _LAB_CURL, _ANY_GAIN),
        SuiteTask("lab-catch", "the curl is off in every fourth trial, unannounced", _LAB_CURL, _CATCH),
        SuiteTask("lab-washout", "the curl goes for good after 20 trials", _LAB_CURL, _WASHOUT, 40, block="washout"),
        SuiteTask("lab-targets", "generalisation: 8 other directions, in the curl", _LAB_CURL, _BETWEEN),
    ]
    return [replace(task, group="lab", measure="success") for task in tasks]


def _arms() -> list[SuiteTask]:
    """Both arms; what counts is the share of successful trials, in every direction."""
    return [*_of_arm("arm", "ArmReach", 2.0, rollout.BATCH), *_of_arm("muscle", "MuscleReach", 1.0, 64)]


def _of_arm(group: str, name: str, gain: float, episodes: int) -> list[SuiteTask]:
    null, curl = f"reach_gym/{name}-v0", f"reach_gym/{name}Curl-v0"
    left, right = ({**_SEEN, "field": {"preset": preset, "gain": gain}} for preset in ("curl_ccw", "curl_cw"))
    tasks = [
        SuiteTask(f"{group}-reach", "no field, random targets, neither latency nor noise", null),
        SuiteTask(f"{group}-null", "a laboratory's trials without a field, 8 targets at 10 cm", null, _SEEN),
        SuiteTask(f"{group}-curl", f"a curl field of {13 * gain:g} N s/m in such trials", curl, left),
        SuiteTask(f"{group}-mirrored", "generalisation: the curl turns the other way", curl, right),
    ]
    return [replace(task, group=group, episodes=episodes, measure="success", sectors=8) for task in tasks]


def _haste() -> list[SuiteTask]:
    """A hand without latency and noise; what counts is how soon the target is held."""
    tasks = [
        SuiteTask("cursor-null", "no field, random targets in a square of 20 cm", _CURSOR),
        SuiteTask("cursor-curl", "a curl field of 13 N s/m", _CURSOR_CURL),
        SuiteTask("cursor-region", "Sun & Plitt's push in a region", "reach_gym/CursorReachRegion-v0"),
        SuiteTask("cursor-non-static", "the curl's gain is drawn anew for every trial, from -1 to 1", _CURSOR_CURL, _ANY_GAIN),
        SuiteTask("cursor-catch", "the curl is off in every fourth trial, unannounced", _CURSOR_CURL, _CATCH),
        SuiteTask("cursor-washout", "the curl goes for good after 20 trials", _CURSOR_CURL, _WASHOUT, 40, block="washout"),
        SuiteTask("cursor-mirrored", "generalisation: the curl turns the other way", _CURSOR_CURL, {"field": "curl_cw"}),
        SuiteTask("cursor-targets", "generalisation: 8 targets on a circle, in the curl", _CURSOR_CURL, _BETWEEN),
    ]
    return [
        replace(task, group="haste", kwargs={**task.kwargs, "reward": "sparse"}, ceiling=_SOONEST.get(task.name))
        for task in tasks
    ]


_ALL = (
    SuiteTask("grid-null", "no field, random targets, 16 x 16", _GRID),
    SuiteTask("grid-curl", "a curl field in the middle", _GRID_CURL),
    SuiteTask("grid-tabular", "Sun & Plitt's 10 x 10 grid, one target", "reach_gym/GridReachTabular-v0"),
    SuiteTask("grid-wind", "the same with their wind", _WIND),
    SuiteTask("grid-non-static", "the curl's gain is drawn anew for every trial, from -1 to 1", _GRID_CURL, _ANY_GAIN),
    SuiteTask("grid-catch", "the curl is off in every fourth trial, unannounced", _GRID_CURL, _CATCH),
    SuiteTask("grid-washout", "the curl goes for good after 20 trials", _GRID_CURL, _WASHOUT, 40, block="washout"),
    SuiteTask("grid-mirrored", "generalisation: the curl turns the other way", _GRID_CURL, {"field": {
        "preset": "curl_cw", "region": [4, 4, 11, 11]}}),
    SuiteTask("grid-targets", "generalisation: another target in the wind", _WIND, {"target": [2, 3]}),
    SuiteTask("grid-large", "generalisation: 24 x 24", _GRID, {"size": 24}),
    *_lab(),
    *_arms(),
    *_haste(),
    SuiteTask(
        "cursor-adaptation-both", "a session of a curl field, error clamps, washout, the field again, washout, and its opposite",
        "reach_gym/CursorReachCenterOut-v0", {"schedule": SESSION}, 340, track="adaptation", measure="learning", seconds=300.0,
        group="adaptation", ceiling=None,
    ),
)  # fmt: skip
TASKS: dict[str, SuiteTask] = {task.name: task for task in _ALL}


@dataclass(frozen=True)
class Suite:
    """Tasks that are run together.

    Attributes:
        summary: What for.
        tasks: Names of `TASKS`.
        seeds: Of the held-out trials, where nobody gives others.
    """

    summary: str
    tasks: tuple[str, ...]
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)


def _of(group: str) -> tuple[str, ...]:
    return tuple(task.name for task in _ALL if task.group == group)


SUITES: dict[str, Suite] = {
    "quick": Suite("a first look", ("grid-null", "grid-curl", "lab-null", "lab-curl"), (0, 1, 2)),
    "grid": Suite("all tasks of the grid", _of("grid")),
    "lab": Suite("a hand with latency, noise and lag in a laboratory's trials: the headline of the cursor", _of("lab")),
    "haste": Suite("how soon a hand without latency and noise holds the target", _of("haste")),
    "arms": Suite(
        "a column for each arm, of torques and of muscles, by direction; not in full, because it takes much longer",
        (*_of("arm"), *_of("muscle")),
    ),
    "full": Suite("the grid and the laboratory", (*_of("grid"), *_of("lab"))),
    "adaptation": Suite("how an agent that learns while it acts adapts to a force field", ("cursor-adaptation-both",), (0, 1, 2)),
}


def chosen(names: list[str] | tuple[str, ...]) -> tuple[list[SuiteTask], tuple[int, ...]]:
    """The tasks of several suites or of single names, each once and in the order of `TASKS`, and the usual seeds.

    Raises:
        TypeError: A name is no string.
        ValueError: There is no such suite or task.
    """
    wanted: set[str] = set()
    seeds: set[int] = set()
    for name in names:
        checks.choice("suite", name, (*SUITES, *TASKS))
        suite = SUITES.get(name, Suite("", (name,)))
        wanted |= set(suite.tasks)
        seeds |= set(suite.seeds)
    if not wanted:
        raise ValueError(f"`suite` must name at least one of {', '.join(map(repr, SUITES))}.")
    return [task for task in _ALL if task.name in wanted], tuple(sorted(seeds))


def fingerprint(task: SuiteTask, seed: int) -> str:
    """A hash of the trials that `task` has with `seed`: their starts, targets, go cues, fields and channels.

    Sixteen hexadecimal digits. It stands in every result; two results with the same one were measured on the same trials.
    """
    rows = rollout.make_rows(task.env_id, task.episodes, task.kwargs)
    env: Any = rollout.WholeSession(rows) if task.is_session else rows
    try:
        _, info = env.reset(seed=rollout.held_out(seed))
        base = env.unwrapped
        if task.family == "grid":
            parts = list(base.trial_cells())
            parts += [part for rows_there, world, _ in base.row_tasks() for part in (rows_there, world.next_cell)]
        else:
            facts = base.trial_facts(steps=1)
            parts = [facts.start, facts.target, facts.go, facts.scale, facts.field, info["channel"]]
    finally:
        env.close()
    numbers = (np.nan_to_num(np.asarray(part, "<f8"), posinf=1e9, neginf=-1e9).round(9) + 0.0 for part in parts)
    return hashlib.sha256(b"".join(part.tobytes() for part in numbers)).hexdigest()[:16]
