"""Models of Stable-Baselines3 from recipes.

Needs ``stable-baselines3``, which the package does not; only `reach_gym.acting.recipes` imports this module, to make a model.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces

from reach_gym import checks
from reach_gym.acting.recipes import ALGORITHMS, Recipe
from reach_gym.acting.sb3 import ReachVecEnv
from reach_gym.errors import missing_extra

try:
    from stable_baselines3.common.noise import NormalActionNoise
    from stable_baselines3.common.utils import LinearSchedule
except ModuleNotFoundError as error:
    raise missing_extra("stable-baselines3", "sb3") from error

_OF_THE_RUN = ("n_timesteps", "n_envs", "noise_type", "noise_std")  # not of the algorithm
_FALLING = "lin_"


def make(recipe: Recipe, seed: int, num_envs: int | None, changes: Mapping[str, Any]) -> Any:
    """See `reach_gym.acting.recipes.Recipe.make`."""
    checks.integer("seed", seed, 0, 2**32 - 1)
    rows = recipe.num_envs if num_envs is None else checks.integer("num_envs", num_envs, 1)
    # NumPy's rows take a small share of the time that the networks take; to compile Numba's would take longer.
    kwargs = {"backend": "numpy", **recipe.env_kwargs, "autoreset_mode": "SameStep"}
    # Hindsight takes from the infos what else the reward of another goal depends on.
    buffer = {**recipe.settings, **changes}.get("replay_buffer_kwargs") or {}
    if not isinstance(buffer, Mapping):
        raise TypeError(f"`replay_buffer_kwargs` must be settings by name, got {checks.shown(buffer)}.")
    envs = ReachVecEnv(gym.make_vec(recipe.env_id, num_envs=rows, **kwargs), bool(buffer.get("copy_info_dict", False)))
    settings = {"device": "cpu", **algorithm_settings(recipe.settings, envs.action_space), **changes}
    return found(ALGORITHMS[recipe.algo])(env=envs, seed=seed, **settings)


def algorithm_settings(settings: Mapping[str, Any], actions: spaces.Space[Any]) -> dict[str, Any]:
    """The keywords of the algorithm from settings in the form of the RL Zoo, for a space of `actions`."""
    result = {name: _read(name, value) for name, value in settings.items() if name not in _OF_THE_RUN}
    if settings.get("noise_type") is not None:
        shape = actions.shape or ()
        result["action_noise"] = NormalActionNoise(np.zeros(shape), np.full(shape, settings["noise_std"]))
    return result


def _read(name: str, value: Any) -> Any:
    if isinstance(value, Mapping):
        return {inner: _read(inner, each) for inner, each in value.items()}
    if name.endswith("_class"):
        return found(value)
    if isinstance(value, str) and value.startswith(_FALLING):
        return LinearSchedule(float(value.removeprefix(_FALLING)), 0.0, 1.0)
    return value


def found(name: str) -> Any:
    """What is called `name`, with its module, such as ``"stable_baselines3.SAC"``.

    Raises:
        MissingExtraError: The library is not installed.
    """
    module, _, attribute = name.rpartition(".")
    try:
        return getattr(importlib.import_module(module), attribute)
    except ModuleNotFoundError as error:
        raise missing_extra(module.replace("_", "-"), "sb3") from error
