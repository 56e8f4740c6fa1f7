"""Loads the policy of a Stable-Baselines3 model from its zip file.

Such a file holds pickled objects, and to unpickle is to run what the file says. Without trust nothing is unpickled: the policy is
built here from the plain part of the file, for the classes in `POLICIES` and `CLASSES`, and given the file's weights.
"""

from __future__ import annotations

import contextlib
import importlib
import inspect
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from gymnasium import spaces
from stable_baselines3.common import torch_layers
from torch import nn
from torch.overrides import TorchFunctionMode

from reach_gym import checks
from reach_gym.acting.sb3 import AimFeatures, GoalFeatures, ReachFeatures
from reach_gym.acting.sb3_archive import read_model, require_numbers, stores
from reach_gym.errors import NotApplicableError, missing_extra

POLICIES = {
    "stable_baselines3.common.policies": "ActorCriticPolicy",
    "stable_baselines3.dqn.policies": "DQNPolicy",
    "stable_baselines3.sac.policies": "SACPolicy",
    "stable_baselines3.td3.policies": "TD3Policy",
    "sb3_contrib.common.recurrent.policies": "RecurrentActorCriticPolicy",
    "sb3_contrib.crossq.policies": "CrossQPolicy",
    "sb3_contrib.qrdqn.policies": "QRDQNPolicy",
    "sb3_contrib.tqc.policies": "TQCPolicy",
}
"""The class that is built for a policy of each module; those for pictures and dicts differ from it only in their features."""

CLASSES: dict[str, Any] = {
    str(kind): kind
    for kind in (
        *(AimFeatures, GoalFeatures, ReachFeatures),
        *(torch_layers.NatureCNN, torch_layers.FlattenExtractor, torch_layers.CombinedExtractor),
        *(nn.ReLU, nn.Tanh, nn.ELU, nn.GELU, nn.SiLU, nn.LeakyReLU),
    )
}
"""The classes that settings may name, by how a file without trust names them."""

_MAKERS = (torch.empty, torch.zeros, torch.ones, torch.full, torch.rand, torch.randn)
_SINGLE, _SPARE = 4, 2**16  # bytes of a weight; numbers that are none, such as the size of a noise
# A policy that only acts needs no optimiser; the first two are how a file tells the type of what holds the settings.
_IGNORED = (":type:", ":serialized:", "optimizer_class", "optimizer_kwargs")
_MAX_SIZE, _MAX_ITEMS, _MAX_DEPTH = 4096, 64, 4  # of a setting: layers and units


def load_policy(path: Path | str, env: Any, trust: bool = False) -> Any:
    """The policy of a saved model, for the spaces of `env`; it has Stable-Baselines3's ``predict``.

    Statistics of a ``VecNormalize`` are not in the file; a model that needs them has to be loaded by your own code.

    Args:
        path: What ``model.save`` wrote.
        env: The vector environment in which it shall act.
        trust: Whether to unpickle what the file holds, which runs its code.

    Raises:
        ValueError: It is no such file, it needs trust, or the policy does not fit `env`.
        gymnasium.error.DependencyNotInstalled: The policy's package is not installed.
        OSError: The file cannot be read.
    """
    data, parameters = read_model(path, trust)
    kind, settings = _trusted(data) if trust else read_plain(data)
    return build(kind, settings, parameters, env, trust)


def build(kind: type, settings: Mapping[str, Any], parameters: Mapping[str, torch.Tensor], env: Any, trust: bool = False) -> Any:
    """A policy with given weights.

    Args:
        kind: Its class.
        settings: Keywords of the class, beside the spaces.
        parameters: Its ``state_dict``.
        env: The vector environment whose spaces it is for.
        trust: Whether the class may take more memory than the weights do.

    Raises:
        ValueError: The weights are no finite numbers.
        NotApplicableError: They do not fit the settings and the spaces, by name, shape or type.
    """
    require_numbers(parameters)
    space, actions = env.single_observation_space, env.single_action_space
    given = {"features_extractor_class": _usual_features(space, parameters), **settings}
    enough = contextlib.nullcontext() if trust else _Enough(sum(stores(parameters.values()).values()))
    with torch.random.fork_rng(devices=[]):  # the layers draw numbers, only to be overwritten
        try:
            with enough:
                policy = kind(space, actions, lambda _: 0.0, **given)
            _require_types(policy.state_dict(), parameters)
            policy.load_state_dict(parameters)
        except (RuntimeError, AssertionError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise NotApplicableError(
                f"the model does not fit observations {space} and actions {actions} ({_line(error)})."
            ) from error
    policy.set_training_mode(False)
    return policy


class _Enough(TorchFunctionMode):
    """While layers are made: refuses to take memory for more weights than there are."""

    def __init__(self, size: int) -> None:
        """Allows `size` bytes, and a little for what is no weight."""
        super().__init__()
        self._left = size // _SINGLE + _SPARE

    def __torch_function__(self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None) -> Any:
        if func in _MAKERS:
            shape = args[0] if args and isinstance(args[0], tuple | list) else args
            self._left -= math.prod(max(0, size) for size in shape if isinstance(size, int))
            if self._left < 0:
                raise ValueError("its settings tell of more weights than it has")
        return func(*args, **(kwargs or {}))


def _require_types(wanted: Mapping[str, torch.Tensor], parameters: Mapping[str, torch.Tensor]) -> None:
    """Refuses weights of another type, which would be converted; names and shapes are checked where they are loaded."""
    for name in wanted.keys() & parameters.keys():
        if wanted[name].dtype != parameters[name].dtype:
            raise ValueError(f"`{name}` must be {wanted[name].dtype}, got {parameters[name].dtype}")


def _line(error: Exception) -> str:
    return checks.shown(" ".join(str(error).split()))


def _usual_features(space: spaces.Space[Any], parameters: Mapping[str, torch.Tensor]) -> Any:
    """What policies have where their settings name nothing: those for pictures convolutions, which the weights show."""
    if isinstance(space, spaces.Dict):
        return torch_layers.CombinedExtractor
    convolutions = any("features_extractor.cnn." in name for name in parameters)
    return torch_layers.NatureCNN if convolutions else torch_layers.FlattenExtractor


def _trusted(data: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
    kind = data.get("policy_class")
    if not inspect.isclass(kind):
        raise ValueError("the model's file names no policy.")
    return kind, _with_sde(kind, data, dict(data.get("policy_kwargs") or {}))


def read_plain(data: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Class and settings of a policy from the plain part of what Stable-Baselines3 saves.

    Args:
        data: Holds ``policy_class`` with its ``__module__``, ``policy_kwargs`` in which classes stand by name, and ``use_sde``.

    Raises:
        ValueError: Something in it is none of `POLICIES` and `CLASSES`, or too large.
        gymnasium.error.DependencyNotInstalled: The policy's package is not installed.
    """
    entry = data.get("policy_class")
    module = entry.get("__module__") if isinstance(entry, dict) else None
    if not isinstance(module, str) or module not in POLICIES:
        raise ValueError(f"the model's policy, of {checks.shown(module)}, can only be loaded with trust, which runs its code.")
    try:
        kind = getattr(importlib.import_module(module), POLICIES[module])
    except ImportError as error:
        raise missing_extra(module.split(".")[0], "sb3") from error
    entry = data.get("policy_kwargs")
    if not isinstance(entry, dict | None):
        raise ValueError(f"the model's `policy_kwargs` must be settings by name, got {checks.shown(entry)}.")
    settings = {name: _setting(name, value) for name, value in (entry or {}).items() if name not in _IGNORED}
    return kind, _with_sde(kind, data, settings)


def _with_sde(kind: Any, data: Mapping[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    """Whether a policy explores by a state-dependent noise is a setting of the model, not of the policy."""
    has = "use_sde" in inspect.signature(kind).parameters
    return {**settings, "use_sde": bool(data.get("use_sde"))} if has else settings


def _setting(name: str, value: Any, depth: int = 0) -> Any:
    """A plain setting, or a class that is known, of sizes that no memory has to be feared for."""
    if isinstance(value, str) and value in CLASSES:
        return CLASSES[value]
    if isinstance(value, dict | list) and len(value) <= _MAX_ITEMS and depth < _MAX_DEPTH:
        if isinstance(value, dict):
            return {key: _setting(name, each, depth + 1) for key, each in value.items()}
        return [_setting(name, each, depth + 1) for each in value]
    if value is None or (isinstance(value, bool | int | float) and abs(value) <= _MAX_SIZE):
        return value
    raise ValueError(f"the model's setting `{name}` = {checks.shown(value)} can only be loaded with trust, which runs its code.")
