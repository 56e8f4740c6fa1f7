"""Loads the policy of a Stable-Baselines3 model from its zip file.

Such a file holds pickled objects, and to unpickle is to run what the file says. Without trust nothing is unpickled: the policy is
built here from the plain part of the file, for the classes in `POLICIES` and `CLASSES`, and given the file's weights.
"""

from __future__ import annotations

import importlib
import inspect
import io
import itertools
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from gymnasium import spaces
from stable_baselines3.common import torch_layers
from stable_baselines3.common.save_util import json_to_data
from torch import nn

from reach_gym import checks
from reach_gym.acting.sb3 import ReachFeatures
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
        *(ReachFeatures, torch_layers.NatureCNN, torch_layers.FlattenExtractor, torch_layers.CombinedExtractor),
        *(nn.ReLU, nn.Tanh, nn.ELU, nn.GELU, nn.SiLU, nn.LeakyReLU),
    )
}
"""The classes that settings may name, by how a file without trust names them."""

MAX_BYTES = 2**30  # of one part of the file
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
    try:
        with zipfile.ZipFile(path) as archive:
            text, weights = (_read(archive, name) for name in ("data", "policy.pth"))
        data = json_to_data(text.decode()) if trust else json.loads(text)
        parameters = torch.load(io.BytesIO(weights), map_location="cpu", weights_only=True)
    except (zipfile.BadZipFile, KeyError, UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"{path} is no model that Stable-Baselines3 saved ({checks.shown(error)}).") from error
    except Exception as error:  # foreign parsers on foreign bytes: whatever they raise means the same
        if isinstance(error, OSError | ValueError):
            raise
        raise ValueError(f"{path} holds no weights that can be read ({checks.shown(error)}).") from error
    if not isinstance(data, dict) or not isinstance(parameters, dict):
        raise ValueError(f"{path} is no model that Stable-Baselines3 saved.")
    kind, settings = _trusted(data) if trust else read_plain(data)
    return build(kind, settings, parameters, env)


def build(kind: type, settings: Mapping[str, Any], parameters: Mapping[str, torch.Tensor], env: Any) -> Any:
    """A policy with given weights.

    Args:
        kind: Its class.
        settings: Keywords of the class, beside the spaces.
        parameters: Its ``state_dict``.
        env: The vector environment whose spaces it is for.

    Raises:
        ValueError: The weights do not fit, or are no finite numbers.
    """
    for name, values in parameters.items():
        if not (isinstance(name, str) and isinstance(values, torch.Tensor) and torch.isfinite(values).all()):
            raise ValueError(f"the model's weights must be finite numbers by name, got others in {checks.shown(name)}.")
    space, actions = env.single_observation_space, env.single_action_space
    given = {"features_extractor_class": _usual_features(space, parameters), **settings}
    with torch.random.fork_rng(devices=[]):  # the layers draw numbers, only to be overwritten
        try:
            if _least(settings) > sum(values.numel() for values in parameters.values()):  # before memory is taken for them
                raise ValueError("its settings tell of more weights than it has")
            policy = kind(space, actions, lambda _: 0.0, **given)
            policy.load_state_dict(parameters)
        except (RuntimeError, AssertionError, AttributeError, TypeError, ValueError) as error:
            raise NotApplicableError(
                f"the model does not fit observations {space} and actions {actions} ({_line(error)})."
            ) from error
    policy.set_training_mode(False)
    return policy


def _least(settings: Mapping[str, Any]) -> int:
    """How many weights settings imply at the least: those between layers whose units a list names, and of recurrent layers."""
    layers = settings.get("net_arch")
    critic = layers.get("qf") if isinstance(layers, Mapping) else layers
    more_critics = max(0, settings.get("n_critics", 1) - 1)
    recurrent = 4 * settings.get("lstm_hidden_size", 0) ** 2 * max(1, settings.get("n_lstm_layers", 1))
    return int(_between(settings) + more_critics * _between(critic) + recurrent)


def _between(setting: Any) -> int:
    """Weights between neighbours of every list of units in a setting."""
    if isinstance(setting, Mapping):
        return sum(_between(each) for each in setting.values())
    if isinstance(setting, list | tuple):
        units = [abs(each) if isinstance(each, int) else 0 for each in setting]
        return sum(a * b for a, b in itertools.pairwise(units)) + sum(_between(each) for each in setting)
    return 0


def _line(error: Exception) -> str:
    return checks.shown(" ".join(str(error).split()))


def _usual_features(space: spaces.Space[Any], parameters: Mapping[str, torch.Tensor]) -> Any:
    """What policies have where their settings name nothing: those for pictures convolutions, which the weights show."""
    if isinstance(space, spaces.Dict):
        return torch_layers.CombinedExtractor
    convolutions = any("features_extractor.cnn." in name for name in parameters)
    return torch_layers.NatureCNN if convolutions else torch_layers.FlattenExtractor


def _read(archive: zipfile.ZipFile, name: str) -> bytes:
    if archive.getinfo(name).file_size > MAX_BYTES:
        raise ValueError(f"`{name}` in the model's file has more than {MAX_BYTES} bytes.")
    return archive.read(name)


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
