"""Subjects in the rows of a vector environment, each of whom goes through his session at his own pace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from reach_gym.acting.protocol import Agent, Transition
from reach_gym.reach.facts import TrialFacts
from reach_gym.reach.keywords import Reach
from reach_gym.recording.layout import LAYOUT, OBSERVATION, Array, Flags, Integers
from reach_gym.recording.recorder import DRIVE, MARKS, STATE, columns, fixed_of
from reach_gym.sessions.rows import Row

ATTEMPTS = 10
"""How often a trial is begun at most, where aborted trials are repeated; the last attempt counts, whatever becomes of it."""

_TOLD = (*STATE, *DRIVE, *MARKS.values())  # what is noted of the info
_PATHS = {"hand": slice(0, 2), "cursor": slice(2, 4), "velocity": slice(4, 6)}
_DRIVE = slice(len(STATE), len(STATE) + len(DRIVE))


class SubjectTrials:
    """What was done in each row, trial after trial.

    Attributes:
        kept: For each row, its trials that came to their end: dicts of the arrays of one trial, without padding.
        repeated: For each row, the numbers of the trials that were begun again, once for every time.
    """

    def __init__(self, task: Reach, rows: int, observe: bool) -> None:
        """Makes room for trials of a `task` in so many `rows`; keeps the observations if `observe`."""
        self.kept: list[list[dict[str, Array]]] = [[] for _ in range(rows)]
        self.repeated: list[list[int]] = [[] for _ in range(rows)]
        # Where a step leads, and what it was: both stand at the state after it.
        states = rows, task.longest + 1
        self._plant = task.plant
        self._told, self._reward = np.empty((*states, len(_TOLD))), np.empty(states)
        self._action = np.empty((*states, len(task.plant.low)))
        self._fixed: dict[str, Array] = {}
        self._seen: dict[str, Array] | None = {} if observe else None
        self._row, self._steps = np.arange(rows), np.zeros(rows, np.int64)
        self._terminated = np.zeros(rows, np.bool_)

    def begin(self, rows: Flags, facts: TrialFacts, observations: Any, info: Mapping[str, Any]) -> None:
        """Notes the first moment of the trials that begin in `rows`, bool (n,)."""
        for name, values in fixed_of(facts, info).items():
            kept = self._fixed.setdefault(name, np.empty_like(values))
            kept[rows] = values[rows]
        self._steps[rows] = 0
        self._told[rows, 0] = columns(info, _TOLD)[rows]
        if self._seen is not None:
            self._see(self._seen, observations, np.flatnonzero(rows))

    def add(self, actions: Any, observations: Any, rewards: Array, terminated: Flags, info: Mapping[str, Any]) -> None:
        """Notes a step of every row."""
        self._steps += 1
        now = self._row, self._steps
        self._told[now], self._action[now], self._reward[now] = columns(info, _TOLD), actions, rewards
        self._terminated = terminated
        if self._seen is not None:
            self._see(self._seen, observations, self._row)

    def _see(self, seen: dict[str, Array], observations: Any, row: Integers) -> None:
        parts = observations if isinstance(observations, Mapping) else {"": observations}
        for key, part in parts.items():
            if key not in seen:
                seen[key] = np.zeros((*self._reward.shape, *part.shape[1:]), part.dtype)
            seen[key][row, self._steps[row]] = part[row]

    def keep(self, row: int) -> None:
        """Keeps the trial of a row, which has come to its end."""
        steps = int(self._steps[row])
        told = self._told[row, : steps + 1].copy()
        action = np.clip(self._action[row, 1 : steps + 1], self._plant.low, self._plant.high)
        trial: dict[str, Array] = {name: told[:, part] for name, part in _PATHS.items()}
        trial |= {"force": told[1:, _DRIVE][:, :2], "gain": told[1:, _DRIVE][:, 2]}
        trial |= {"action": action, "reward": self._reward[row, 1 : steps + 1].copy(), "steps": np.array(steps)}
        trial |= {name: values[row].copy() for name, values in self._fixed.items()}
        marks: Array = np.asarray(told[1:, len(STATE) + len(DRIVE) :].any(axis=0))
        trial |= dict(zip(MARKS, marks, strict=True))
        trial["terminated"] = self._terminated[row]
        for key, values in (self._seen or {}).items():
            trial[f"{OBSERVATION}/{key}" if key else OBSERVATION] = values[row, : steps + 1].copy()
        self.kept[row].append(trial)

    def repeat(self, row: int) -> bool:
        """Notes that the trial of a row is begun again, unless it has been often enough; whether it is."""
        number = int(self._fixed["trial"][row])
        again = self.repeated[row].count(number) + 1 < ATTEMPTS
        if again:
            self.repeated[row].append(number)
        return again

    def arrays(self, row: int) -> dict[str, Array]:
        """The arrays of the layout, of all trials of a row."""
        trials = self.kept[row]
        longest = max(int(trial["steps"]) for trial in trials)
        return {name: _padded([trial[name] for trial in trials], name, longest) for name in trials[0]}


def _padded(parts: Sequence[Array], name: str, longest: int) -> Array:
    """Parts of different lengths in one array, with NaN or 0 behind the shorter ones."""
    axis = LAYOUT[name][1][1:2] if name in LAYOUT else ("T+1",)
    if axis not in (("T",), ("T+1",)):
        return np.array(parts)
    first = parts[0]
    missing = np.nan if first.dtype.kind == "f" else 0
    joined = np.full((len(parts), longest + (axis == ("T+1",)), *first.shape[1:]), missing, first.dtype)
    for whole, part in zip(joined, parts, strict=True):
        whole[: len(part)] = part
    return joined


def play_sessions(agent: Agent, env: Any, seeds: list[int], trials: int, observe: bool) -> SubjectTrials:
    """Lets an agent go through a session in every row; a row begins its next trial whatever the others do.

    Args:
        agent: Who acts; in every row it is reset, acts and observes as if there were no other row.
        env: In the autoreset mode ``DISABLED``.
        seeds: Of the rows.
        trials: Of every session. Rows that have had them go on until the last one has, which does not count.
        observe: Whether to keep the observations.

    Returns:
        What was done.
    """
    base = env.unwrapped
    done = SubjectTrials(base.task, len(seeds), observe)
    observations, info = env.reset(seed=seeds)
    starts = np.ones(len(seeds), np.bool_)
    done.begin(starts, base.trial_facts(steps=1), observations, info)
    tell = _listener(agent)
    while True:
        if starts.any():
            agent.reset(starts)
        seen, actions = observations, agent.act(observations)
        observations, rewards, terminated, truncated, info = env.step(actions)
        tell(Transition(seen, actions, rewards, observations, terminated, truncated))
        done.add(actions, observations, rewards, terminated, info)
        starts = terminated | truncated
        if not starts.any():
            continue
        again = _kept(done, base.task, starts, info, trials)
        if min(map(len, done.kept)) >= trials:
            return done
        for rows, options in ((starts & ~again, {}), (again, {"repeat": True})):
            if rows.any():
                fresh, info = env.reset(options={"reset_mask": rows, **options})
                observations = _merged(observations, fresh, rows)
                done.begin(rows, base.trial_facts(steps=1), observations, info)


def _listener(agent: Any) -> Any:
    """What is told of every transition: an agent's wrappers (`follow`), an agent that wants to know, or nobody."""
    follow = getattr(agent, "follow", None)
    if follow is not None:
        return lambda transition: follow(transition, True)
    return getattr(agent, "observe", None) or (lambda transition: None)


def _kept(done: SubjectTrials, task: Reach, over: Flags, info: Mapping[str, Any], trials: int) -> Flags:
    """Keeps the trials that are over; returns which of them, bool (n,), are begun again instead."""
    again = np.zeros_like(over)
    for row in np.flatnonzero(over).tolist():
        if len(done.kept[row]) >= trials:
            continue
        if info["false_start"][row] and is_repeated(task, int(info["trial"][row])):
            again[row] = done.repeat(row)
        if not again[row]:
            done.keep(row)
    return again


def is_repeated(task: Reach, trial: int) -> bool:
    """Whether trial number `trial` is begun again after a false start that has ended it."""
    return repeats_trials(task) and row_of(task, trial).repeat


def repeats_trials(task: Reach) -> bool:
    """Whether any trial of the session is begun again after a false start that has ended it."""
    return task.abort and bool(task.table.repeat.any())


def row_of(task: Reach, trial: int) -> Row:
    """What the session says of trial number `trial`, from 0; after its end its last block repeats."""
    return task.table[task.table.place_of(trial)]


def _merged(observations: Any, fresh: Any, rows: Flags) -> Any:
    """The `observations`, with `fresh` ones in `rows`."""
    if isinstance(observations, Mapping):
        return {key: _merged(part, fresh[key], rows) for key, part in observations.items()}
    merged = observations.copy()
    merged[rows] = fresh[rows]
    return merged
