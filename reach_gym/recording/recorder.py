"""How trials become a recording: step by step, for one environment or for many rows at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from gymnasium.error import ResetNeeded

from reach_gym.acting.rollout import Step
from reach_gym.reach.facts import TrialFacts
from reach_gym.recording.layout import OBSERVATION, Array, Flags
from reach_gym.recording.metadata import describe, require_cursor
from reach_gym.recording.schema import Recording, assemble

STATE = ("hand_x", "hand_y", "cursor_x", "cursor_y", "hand_vx", "hand_vy")
DRIVE = ("force_x", "force_y", "gain")
# What is true of a trial if it is of one of its steps, and its key in the info.
MARKS = {"false_start": "false_start", "too_fast": "too_fast", "too_slow": "too_slow", "success": "is_success"}


class Trials:
    """One trial of each of n rows, all of which begin at once."""

    def __init__(self, facts: TrialFacts, observations: Any, info: Mapping[str, Any], observe: bool) -> None:
        """Notes what `facts` and the reset's `info` say; the `observations` too if they are wanted."""
        count = len(facts.go)
        self._fixed, self._plant = fixed_of(facts, info), facts.plant
        self._ends = {name: np.zeros(count, np.bool_) for name in (*MARKS, "terminated")}
        self._steps = np.zeros(count, np.int64)
        self._observe = observe
        self._states, self._seen = [columns(info, STATE)], [observations] if observe else []
        self._drives: list[Array] = []
        self._actions: list[Array] = []
        self._rewards: list[Array] = []

    def add(self, step: Step) -> None:
        """Notes one step."""
        self._states.append(columns(step.info, STATE))
        self._drives.append(columns(step.info, DRIVE))
        self._actions.append(np.clip(np.asarray(step.actions, np.float64), self._plant.low, self._plant.high))
        self._rewards.append(np.asarray(step.rewards, np.float64))
        if self._observe:
            self._seen.append(step.observations)
        self._steps += step.running
        for name, mark in zip(self._ends, (*(step.info[key] for key in MARKS.values()), step.terminated), strict=True):
            self._ends[name] |= step.running & mark

    def arrays(self, count: int) -> dict[str, Array]:
        """The arrays of the first `count` rows, of the layout."""
        steps = self._steps[:count]
        longest = int(steps.max())
        states, drives, actions, rewards = (
            np.stack(each[: longest + (each is self._states)], axis=1)[:count]
            for each in (self._states, self._drives, self._actions, self._rewards)
        )
        acted = np.arange(longest) < steps[:, None]
        lived = np.arange(longest + 1) <= steps[:, None]
        for values, mask in ((states, lived), (drives, acted), (actions, acted), (rewards, acted)):
            values[~mask] = np.nan
        parts = {"hand": states[..., :2], "cursor": states[..., 2:4], "velocity": states[..., 4:]}
        parts |= {"action": actions, "force": drives[..., :2], "reward": rewards, "gain": drives[..., 2], "steps": steps}
        fixed = {name: values[:count] for name, values in {**self._fixed, **self._ends}.items()}
        return {**parts, **fixed, **self._observations(lived, count, longest)}

    def _observations(self, lived: Flags, count: int, longest: int) -> dict[str, Array]:
        if not self._observe:
            return {}
        seen: list[Any] = self._seen[: longest + 1]
        if isinstance(seen[0], Mapping):
            named = {f"{OBSERVATION}/{key}": [each[key] for each in seen] for key in seen[0]}
        else:
            named = {OBSERVATION: seen}
        stacked = {name: np.stack(each, axis=1)[:count] for name, each in named.items()}
        for values in stacked.values():
            values[~lived] = np.nan if values.dtype.kind == "f" else 0
        return stacked


def fixed_of(facts: TrialFacts, info: Mapping[str, Any]) -> dict[str, Array]:
    """What does not change within the trials under way in n rows, by the names of the layout."""
    return {
        "start": facts.start,
        "target": facts.target,
        "onset": np.full(len(facts.go), facts.onset, np.int64),
        "go": facts.go,
        **{name: np.array(info[name], np.int64) for name in ("block", "trial")},
        "channel": np.array(info["channel"], np.bool_),
    }


def columns(info: Mapping[str, Any], names: tuple[str, ...]) -> Array:
    """Numbers of the info as float64 (n, names)."""
    return np.array([info[name] for name in names], np.float64).T


class Recorder:
    """Records the trials of one environment as they come, of an agent or a person.

    Call `begin` after every reset and `step` after every step; a trial that does not come to its end is left out.
    """

    def __init__(self, env: Any, metadata: Mapping[str, Any] | None = None) -> None:
        """Prepares for an environment.

        Args:
            env: A cursor reach made by ``gymnasium.make``, wrapped or not.
            metadata: What to add: ``agent`` (who acts), ``seed``, and what you like in plain JSON; the entries that describe
                the task are filled in.

        Raises:
            TypeError: `metadata` is no dict.
            ValueError: `env` is no such environment, or `metadata` has an entry that is filled in.
            RecordingError: `metadata` is no plain JSON.
        """
        self._env = require_cursor(env)
        self._metadata = describe(env, {} if metadata is None else metadata)
        self._parts: list[dict[str, Array]] = []
        self._trial: Trials | None = None

    def begin(self, observation: Any, info: Mapping[str, Any]) -> None:
        """Begins a trial with what ``reset`` returned; a trial under way is given up."""
        self._trial = Trials(self._env.trial_facts(steps=1), _batched(observation), _batched(info), observe=True)

    def step(
        self, action: Any, observation: Any, reward: float, terminated: bool, truncated: bool, info: Mapping[str, Any]
    ) -> None:
        """Notes an action and what ``step`` returned for it.

        Raises:
            gymnasium.error.ResetNeeded: No trial has begun, or it is over.
        """
        if self._trial is None:
            raise ResetNeeded("Call `begin` before `step`: no trial is recorded.")
        ends = np.array([[bool(terminated)], [bool(truncated)]])
        one = _batched(action), _batched(observation), np.array([float(reward)]), ends[0], ends[1], _batched(info)
        self._trial.add(Step(*one, running=np.ones(1, np.bool_)))
        if terminated or truncated:
            self._parts.append(self._trial.arrays(1))
            self._trial = None

    def forget(self) -> None:
        """Forgets the last trial that came to its end, which is begun again.

        Raises:
            gymnasium.error.ResetNeeded: No trial has come to its end.
        """
        if not self._parts:
            raise ResetNeeded("Finish a trial before `forget`: none is recorded.")
        self._parts.pop()

    def finish(self, more: Mapping[str, Any] | None = None) -> Recording:
        """All trials that came to their end; recording may go on.

        Args:
            more: Entries of the metadata that were not known before, in plain JSON.

        Raises:
            ValueError: No trial came to its end, or `more` has an entry that there is already.
            RecordingError: `more` is no plain JSON.
        """
        if not self._parts:
            raise ValueError("`finish` needs at least one trial that came to its end.")
        added = dict(more or {})
        for key in added:
            if key in self._metadata:
                raise ValueError(f"`more` must not have the entry {key!r}, which the metadata have already.")
        return assemble(self._parts, {**self._metadata, **added})


def _batched(value: Any) -> Any:
    """A batch of one."""
    return {key: _batched(part) for key, part in value.items()} if isinstance(value, Mapping) else np.array(value)[None]
