"""What a recording says about itself: the task, who acted, and with which versions, as plain JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from typing import Any

import gymnasium as gym
import numpy as np

import reach_gym
from reach_gym import checks
from reach_gym.plants.lagged_mass import LaggedMass
from reach_gym.plants.point_mass import PointMass
from reach_gym.registration import family_of
from reach_gym.sessions.schedule import Schedule
from reach_gym.sessions.table import TrialTable

FORMAT, VERSION = "reach_gym recording", 3
MAX_METADATA = 2**20  # characters of JSON; whatever is long belongs into the arrays
# Keywords that say how a task is computed or shown, not which task it is.
_NOT_THE_TASK = ("autoreset_mode", "backend", "max_episode_steps", "num_envs", "render_mode", "threads", "vectorization_mode")


class RecordingError(ValueError):
    """A recording that cannot be used: damaged, of another format, or against its own rules."""


def require_cursor(env: Any) -> Any:
    """The bare environment, which must be a cursor reach.

    Raises:
        ValueError: It is not a cursor reach.
    """
    if family_of(env) != "cursor":
        raise ValueError(f"Recordings hold trials of cursor reaches (`reach_gym/Cursor...`), got {checks.shown(env)}.")
    return env.unwrapped


def describe(env: Any, more: Mapping[str, Any]) -> dict[str, Any]:
    """The metadata of recordings of `env`, with the entries `more`.

    Raises:
        TypeError: `more` is no dict.
        ValueError: `env` was not made by Gymnasium, or `more` has an entry that is filled in here.
        RecordingError: `more` is no plain JSON.
    """
    task, spec = env.unwrapped.task, env.spec
    if spec is None or spec.id not in gym.registry:
        raise ValueError(f"`env` must be made by `gymnasium.make` from a registered id, got {checks.shown(env)}.")
    registered = gym.registry[spec.id]
    given, usual = plain(spec.kwargs), plain(registered.kwargs)
    kwargs = {k: v for k, v in given.items() if k not in _NOT_THE_TASK and (k not in usual or usual[k] != v)}
    if isinstance(task.schedule, TrialTable):
        kwargs["schedule"] = task.schedule.to_data()  # also where it came from a file
    limit = spec.kwargs.get("max_episode_steps", spec.max_episode_steps)
    if limit != registered.max_episode_steps:
        kwargs["max_episode_steps"] = limit
    told = {
        "format": FORMAT,
        "version": VERSION,
        "env_id": spec.id,
        "env_kwargs": kwargs,
        **{name: getattr(task, name) for name in ("dt", "workspace", "radius", "rotation")},
        "plant": task.plant.kind,
        **plain(task.plant),
        "field": plain(task.field),
        "schedule": plain(task.schedule) if isinstance(task.schedule, Schedule) else [s._asdict() for s in task.table.blocks],
        "created_by": {"reach_gym": reach_gym.__version__, "gymnasium": gym.__version__, "numpy": np.__version__},
    }
    if not isinstance(more, Mapping):
        raise TypeError(f"`metadata` must be a dict, got {checks.shown(more)}.")
    for key in more:
        if key in told:
            raise ValueError(f"`metadata` must not have the entry {key!r}, which the recorder fills in.")
    metadata = {"agent": "unknown", "seed": None, **plain(more), **told}
    check_metadata(metadata)
    return metadata


def plain(value: Any) -> Any:
    """Fields, schedules, arrays and tuples as plain JSON data; other things as they are."""
    if isinstance(value, Schedule):
        return plain(value.blocks)  # as the constructors take it
    if isinstance(value, TrialTable):
        return value.to_data()
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, Mapping):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    return plain(value.tolist()) if isinstance(value, np.ndarray | np.generic) else value


def name_of(agent: Any) -> str:
    """What the metadata call an agent: the name by which it was asked for, or that of its class or function."""
    if isinstance(agent, str):
        return agent
    named = agent if hasattr(agent, "__qualname__") else type(agent)
    return f"{named.__module__}:{named.__qualname__}"


def version_of(metadata: Any) -> int:
    """The version of a recording: an old one, or else the present one, of which `check_metadata` sees whether it is."""
    version = metadata.get("version") if isinstance(metadata, Mapping) else None
    return version if type(version) is int and 1 <= version < VERSION else VERSION


def check_metadata(metadata: Any) -> None:
    """Refuses metadata that are no plain JSON or lack what a recording needs.

    Raises:
        TypeError: They are no dict.
        RecordingError: A key is missing or has a bad value.
    """
    if not isinstance(metadata, dict):
        raise TypeError(f"`metadata` must be a dict, got {checks.shown(metadata)}.")
    for key, wanted in (("format", FORMAT), ("version", VERSION)):
        if metadata.get(key) != wanted or type(metadata.get(key)) is not type(wanted):
            raise RecordingError(f"the recording has {key} {checks.shown(metadata.get(key))}, but {wanted!r} is read here.")
    try:
        # Where nothing is said of the plant, it is a point mass.
        body = ("mass", "max_force") if metadata.get("plant", PointMass.kind) in (PointMass.kind, LaggedMass.kind) else ()
        for key in ("dt", *body):
            if checks.number(f"metadata['{key}']", metadata.get(key), 0) == 0:
                raise ValueError(f"`metadata['{key}']` must be above 0, got 0.")
    except (TypeError, ValueError) as error:
        raise RecordingError(str(error)) from None
    if not isinstance(metadata.get("env_id", 0), str | None) or not isinstance(metadata.get("env_kwargs"), dict):
        raise RecordingError("`metadata` must have a string 'env_id', or None for no environment, and a dict 'env_kwargs'.")
    blocks = metadata.get("schedule")
    if not isinstance(blocks, list) or not all(isinstance(b, dict) and isinstance(b.get("name"), str) for b in blocks):
        raise RecordingError("`metadata['schedule']` must be a list of blocks, each with a name.")
    text = to_json(metadata)
    if len(text) > MAX_METADATA:
        raise RecordingError(f"`metadata` must be at most {MAX_METADATA} characters of JSON, got {len(text)}.")


def to_json(metadata: Mapping[str, Any]) -> str:
    """The metadata as JSON in ASCII, keys in order.

    Raises:
        RecordingError: They are no plain JSON.
    """
    try:
        text = json.dumps(metadata, allow_nan=False, sort_keys=True)
        same = json.loads(text) == metadata
    except (TypeError, ValueError, RecursionError) as error:
        raise RecordingError(f"`metadata` must be plain JSON: {error}.") from None
    if not same:  # a tuple, or a key that is no string
        raise RecordingError(
            "`metadata` must be plain JSON: lists, dicts with strings as keys, numbers, strings, booleans and None."
        )
    return text


def from_json(text: str) -> dict[str, Any]:
    """The inverse of `to_json`; `check_metadata` sees to NaN and infinity.

    Raises:
        RecordingError: `text` is no JSON object, or is too long.
    """
    if len(text) > MAX_METADATA:
        raise RecordingError(f"the metadata are longer than {MAX_METADATA} characters.")
    try:
        metadata = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RecordingError(f"the metadata are no plain JSON ({error}).") from None
    if not isinstance(metadata, dict):
        raise RecordingError("the metadata are no JSON object.")
    return metadata
