"""A scalar environment as a vector environment of one row: what steps a single subject soonest."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from reach_gym.keywords import read
from reach_gym.reach.actions import reach_actions
from reach_gym.reach.facts import TrialFacts
from reach_gym.reach.keywords import Reach
from reach_gym.reach.observations import Sensed
from reach_gym.registration import registered_id
from reach_gym.rows.keywords import Rows, Told
from reach_gym.rows.resets import rows_to_reset

# How rows are moved; of no meaning where there is only one.
_OF_ROWS = {field.name for field in dataclasses.fields(Rows)} - {field.name for field in dataclasses.fields(Told)}
_OF_ROWS -= {"render_mode", "max_episode_steps"}


class OneInfo(dict[str, Any]):
    """The info of one row, which makes arrays of one only of what somebody asks for: there is much that nobody does."""

    def __getitem__(self, key: str) -> Any:
        """An array of one."""
        return np.array([super().__getitem__(key)])


class OneRow(VectorEnv[Any, Any, Any]):
    """One scalar cursor reach, told and asked like a vector environment with one row in the mode ``DISABLED``.

    Its numbers are those of the native vector environment with one row, and come many times faster.
    """

    def __init__(self, env_id: str, env_kwargs: Mapping[str, Any] | None = None) -> None:
        """Makes the environment.

        Args:
            env_id: A registered cursor task, also without its namespace.
            env_kwargs: Constructor keywords that replace the registered ones, of the vector environment.

        Raises:
            TypeError: There is no such keyword, or a value has the wrong type.
            ValueError: A value is out of range.
            gymnasium.error.Error: There is no such task.
        """
        given = dict(env_kwargs or {})
        read("OneRow", (Rows,), {name: given.pop(name) for name in _OF_ROWS & set(given)})
        self._env = gym.make(registered_id(env_id), disable_env_checker=True, **given)
        self._base: Any = self._env.unwrapped
        self.num_envs, self.spec, self.render_mode = 1, self._env.spec, None
        self.metadata = {**self._env.metadata, "autoreset_mode": AutoresetMode.DISABLED}
        self.single_observation_space, self.single_action_space = self._env.observation_space, self._env.action_space
        self.observation_space, self.action_space = batch_space(self._env.observation_space), batch_space(self._env.action_space)

    @property
    def task(self) -> Reach:
        """The task as the constructor's keywords say it."""
        task: Reach = self._base.task
        return task

    def reset(self, *, seed: Any = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begins the next trial, or with a `seed`, an integer or a list of one, that seed's first one."""
        first = seed[0] if isinstance(seed, list | tuple) and len(seed) == 1 else seed
        _, chosen = rows_to_reset(options, 1, begun=True)
        observation, info = self._env.reset(seed=first, options=chosen)
        return _batched(observation), OneInfo(info)

    def step(self, actions: Any) -> tuple[Any, Any, Any, Any, dict[str, Any]]:
        """Moves the row by ``actions[0]``."""
        action = reach_actions(actions, 1, len(self.task.plant.low))[0]
        observation, reward, terminated, truncated, info = self._env.step(action)
        ends = np.array([terminated]), np.array([truncated])
        return _batched(observation), np.array([float(reward)]), *ends, OneInfo(info)

    def trial_facts(self, belief: str = "trial", steps: int = 200) -> TrialFacts:
        """See `reach_gym.reach.facts.facts_of`."""
        facts: TrialFacts = self._base.trial_facts(belief, steps)
        return facts

    def sense(self, observations: Any) -> Sensed:
        """See `reach_gym.reach.facts.sensed_by`."""
        sensed: Sensed = self._base.sense(observations)
        return sensed

    def close_extras(self, **kwargs: Any) -> None:
        """Closes the scalar environment."""
        self._env.close()


def _batched(value: Any) -> Any:
    """A batch of one."""
    if isinstance(value, Mapping):
        return {key: _batched(part) for key, part in value.items()}
    return value[None] if isinstance(value, np.ndarray) else np.array([value])
