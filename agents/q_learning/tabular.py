"""A trained table of action values at work."""

from __future__ import annotations

import math
from typing import Any

import gymnasium as gym
import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from reach_gym.acting.protocol import Agent
from reach_gym.rendering import GridScene


class TabularAgent:
    """A trained table, acting greedily; follows `reach_gym.acting.protocol.Agent`."""

    def __init__(self, q: npt.NDArray[np.float64]) -> None:
        """Keeps the greedy action of each row of `q` (observations, actions); the lowest index wins a tie.

        Raises:
            ValueError: `q` is no table of finite numbers.
        """
        table = np.asarray(q, np.float64)
        if table.ndim != 2 or table.size == 0 or not np.isfinite(table).all():
            raise ValueError(f"`q` must be a finite table (observations, actions), got shape {table.shape}.")
        # The only tasks that it fits (`reach_gym.acting.protocol.Agent`).
        self.observation_space, self.action_space = (spaces.Discrete(size) for size in table.shape)
        self._greedy: npt.NDArray[np.int64] = table.argmax(axis=1)

    def reset(self, starts: npt.NDArray[np.bool_]) -> None:
        """Nothing to forget."""

    def act(self, observations: Any) -> npt.NDArray[np.int64]:
        """The greedy action (n,) for each of a batch (n,) of integer observations.

        Raises:
            ValueError: An observation is no integer that the table has.
        """
        index = np.asarray(observations)
        if index.dtype.kind not in "iu" or (index.size and not 0 <= index.min() <= index.max() < len(self._greedy)):
            raise ValueError(f"`observations` must be integers from 0 to {len(self._greedy) - 1}.")
        actions: npt.NDArray[np.int64] = self._greedy[index]
        return actions


# What only vector environments take.
_OF_ROWS = ("backend", "threads", "autoreset_mode")


def greedy_scenes(agent: Agent, env_id: str, env_kwargs: dict[str, Any], seed: int = 0) -> list[GridScene]:
    """Lets `agent` act from the corners and the middles of the edges, in the environment with its field.

    Args:
        agent: Who acts.
        env_id: A grid reach.
        env_kwargs: Its keywords.
        seed: Decides the target, where the task draws it.

    Returns:
        The last scene of each episode; its trail is the way taken.
    """
    kwargs = {name: each for name, each in env_kwargs.items() if name not in _OF_ROWS}
    env: gym.Env[Any, Any] = gym.make(env_id, **{**kwargs, "render_mode": "rgb_array"})  # otherwise no way is kept
    env.reset(seed=seed)
    first: GridScene = env.unwrapped.scene()  # type: ignore[attr-defined]
    # Where the target is drawn anew in every trial, one target has to serve the whole panel.
    drawn = env.unwrapped.task.target is None  # type: ignore[attr-defined]
    options: dict[str, Any] = {"target": first.target} if drawn else {}
    scenes = []
    for start in _starts(first):
        observation, _ = env.reset(options={**options, "start": start})
        done = False
        while not done:
            observation, _, terminated, truncated, _ = env.step(int(agent.act(np.array([observation]))[0]))
            done = terminated or truncated
        scenes.append(env.unwrapped.scene())  # type: ignore[attr-defined]
    env.close()
    return scenes


def _starts(scene: GridScene) -> list[tuple[int, int]]:
    last = scene.size - 1
    places = sorted({0, last // 2, last})
    edge = [(x, y) for y in places for x in places if x in (0, last) or y in (0, last)]
    return [start for start in edge if math.dist(start, scene.target) > scene.radius]
