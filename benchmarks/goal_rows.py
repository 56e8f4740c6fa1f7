"""The grid reach as a goal-conditioned task of Stable-Baselines3: its ``HerReplayBuffer`` can then give old steps new targets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gymnasium as gym
import numpy as np
import numpy.typing as npt
import torch
from gymnasium import spaces
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor

from reach_gym.acting.features import CHANNELS, HIDDEN, features
from reach_gym.acting.sb3 import ReachVecEnv
from reach_gym.grid.observations import PIXEL
from reach_gym.grid.world import squared_distance, squared_limit

Goals = dict[str, npt.NDArray[np.float32]]


def goals(observations: npt.NDArray[Any]) -> Goals:
    """Vector observations (..., 4) as ``observation`` and ``achieved_goal``, the cursor, and ``desired_goal``, the target."""
    cursor, target = observations[..., :2], observations[..., 2:]
    return {"observation": cursor.copy(), "achieved_goal": cursor.copy(), "desired_goal": target.copy()}


class GoalRows(ReachVecEnv):
    """`reach_gym.acting.sb3.ReachVecEnv` of a grid reach with vector observations, which it gives as `goals`."""

    def __init__(self, envs: Any) -> None:
        """Adapts `envs`."""
        super().__init__(envs)
        place = spaces.Box(0.0, 1.0, (2,), np.float32)
        self.observation_space = spaces.Dict({"observation": place, "achieved_goal": place, "desired_goal": place})

    def reset(self) -> Goals:
        """See `ReachVecEnv`."""
        return goals(super().reset())

    def step_wait(self) -> tuple[Goals, npt.NDArray[np.float32], npt.NDArray[np.bool_], list[dict[str, Any]]]:
        """See `ReachVecEnv`."""
        observations, rewards, over, infos = super().step_wait()
        for row in np.flatnonzero(over).tolist():
            infos[row]["terminal_observation"] = goals(infos[row]["terminal_observation"])
        return goals(observations), rewards, over, infos

    def env_method(self, method_name: str, *method_args: Any, indices: Any = None, **method_kwargs: Any) -> list[Any]:
        """See `ReachVecEnv`; ``compute_reward`` is that of the goals."""
        if method_name == "compute_reward":
            return [self.compute_reward(*method_args)]
        return super().env_method(method_name, *method_args, indices=indices, **method_kwargs)

    def compute_reward(self, achieved: npt.NDArray[Any], desired: npt.NDArray[Any], infos: Any) -> npt.NDArray[np.float64]:
        """The rewards (n,) of steps that ended at `achieved` (n, 2), had the target been at `desired` (n, 2)."""
        (x, y), (to_x, to_y) = (np.rint(each * (self.envs.size - 1)).astype(np.int64).T for each in (achieved, desired))
        hit = squared_distance(x, y, to_x, to_y) <= squared_limit(self.envs.task.radii[0])
        return np.where(hit, 0.0, -1.0)


class GoalPixels(BaseFeaturesExtractor):
    """Sun & Plitt's network on the picture of two squares, drawn from their coordinates."""

    def __init__(self, observation_space: spaces.Dict, size: int) -> None:
        """Makes the layers for a grid of `size` x `size` squares."""
        super().__init__(observation_space, HIDDEN[-1])
        self._size = size
        self.layers = features(spaces.Box(0, PIXEL, (2, size, size), np.uint8), CHANNELS, HIDDEN, True)

    def forward(self, observations: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """float32 (n, HIDDEN[-1])."""
        places = torch.stack([observations["desired_goal"], observations["achieved_goal"]], dim=1)
        squares = (places * (self._size - 1)).round().long()
        pictures = torch.zeros(len(places), 2, self._size**2)
        pictures.scatter_(2, squares[..., 1:] * self._size + squares[..., :1], float(PIXEL))
        result: torch.Tensor = self.layers(pictures.view(-1, 2, self._size, self._size))
        return result


def goal_rows(env_id: str, num_envs: int, **kwargs: Any) -> GoalRows:
    """Rows of a grid reach, to be learned with hindsight."""
    keywords = {"backend": "numpy", **kwargs, "observation": "vector", "autoreset_mode": "SameStep"}
    return GoalRows(gym.make_vec(env_id, num_envs=num_envs, **keywords))
