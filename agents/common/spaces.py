"""What a checkpoint says of the observations and actions that its network was made for."""

from __future__ import annotations

from typing import Any

from gymnasium import spaces

from reach_gym import checks
from reach_gym.training import checkpoint
from reach_gym.training.checkpoint import CheckpointError
from reach_gym.training.state import Parts, Saved

_ENTRY = "spaces"


def put_spaces(parts: Parts, observations: spaces.Space[Any], actions: spaces.Space[Any]) -> None:
    """Adds both spaces; `take_spaces` gives back what was said of them."""
    parts.entries[_ENTRY] = spaces_of(observations, actions)


def take_spaces(saved: Saved) -> dict[str, Any]:
    """What `spaces_of` said of the training environment.

    Raises:
        CheckpointError: The manifest does not say it.
    """
    entry = saved.manifest.get(_ENTRY)
    if not isinstance(entry, dict) or not all(_is_described(entry.get(name)) for name in ("observations", "actions")):
        raise CheckpointError("corrupt", f"`{_ENTRY}` must tell of observations and actions, got {checks.shown(entry)}.")
    return entry


def spaces_of(observations: spaces.Space[Any], actions: spaces.Space[Any]) -> dict[str, Any]:
    """What decides whether a network fits a task, as plain data: kind, shape and type of both spaces, and how many actions."""
    return {"observations": _described(observations), "actions": _described(actions)}


def _described(space: spaces.Space[Any]) -> dict[str, Any]:
    kind: dict[str, Any] = {"kind": type(space).__name__, "shape": checkpoint.plain(space.shape), "dtype": str(space.dtype)}
    return {**kind, "n": int(space.n)} if isinstance(space, spaces.Discrete) else kind


def _is_described(entry: Any) -> bool:
    if not isinstance(entry, dict) or not all(isinstance(entry.get(name), str) for name in ("kind", "dtype")):
        return False
    shape = entry.get("shape")
    return shape is None or (isinstance(shape, list) and all(type(side) is int and side >= 0 for side in shape))
