"""Arrays of the caller's that a step writes its results into."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import gymnasium as gym
import numpy as np
from gymnasium import spaces

from reach_gym import checks
from reach_gym.rows.records import Array


class Out(NamedTuple):
    """Where a step of n rows writes its results; ``None`` for a fresh array.

    Attributes:
        observations: An array like the batch of observations, or a dict of them where observations are dicts.
        rewards: float64 (n,).
        terminated: bool (n,).
        truncated: bool (n,).
    """

    observations: Any = None
    rewards: Any = None
    terminated: Any = None
    truncated: Any = None


def check_out(out: Any, space: gym.Space[Any], rows: int) -> None:
    """Refuses what a step of so many `rows` with this batched observation `space` cannot write into.

    Raises:
        TypeError: `out` is no `Out`, or a part is no array of the right type.
        ValueError: A part has another shape, is not contiguous, or cannot be written to; or two of them share memory.
    """
    if not isinstance(out, Out):
        raise TypeError(f"`out` must be a `reach_gym.rows.out.Out`, got {checks.shown(out)}.")
    parts: list[Array] = []
    if out.observations is not None:
        if isinstance(space, spaces.Dict):
            if not isinstance(out.observations, Mapping) or set(out.observations) != set(space.spaces):
                names = ", ".join(map(repr, space.spaces))
                raise TypeError(f"`out.observations` must be a dict with the keys {names}, got {checks.shown(out.observations)}.")
            for name, each in space.spaces.items():
                parts.append(_checked(f"observations[{name!r}]", out.observations[name], each.shape, each.dtype))
        else:
            parts.append(_checked("observations", out.observations, space.shape, space.dtype))
    for name, dtype in (("rewards", np.float64), ("terminated", np.bool_), ("truncated", np.bool_)):
        value = getattr(out, name)
        if value is not None:
            parts.append(_checked(name, value, (rows,), np.dtype(dtype)))
    if any(np.may_share_memory(one, other) for i, one in enumerate(parts) for other in parts[:i]):
        raise ValueError("The arrays of `out` must not share memory.")


def _checked(name: str, value: Any, shape: Any, dtype: Any) -> Array:
    what = f"`out.{name}` must be a writable C-contiguous {dtype} array of shape {shape}"
    if not isinstance(value, np.ndarray):
        raise TypeError(f"{what}, got {checks.shown(value)}.")
    if value.dtype != dtype:
        raise TypeError(f"{what}, got one of {value.dtype}.")
    if value.shape != shape or not value.flags.carray:
        flaws = "" if value.flags.carray else ", which is not contiguous, aligned and writable"
        raise ValueError(f"{what}, got one of shape {value.shape}{flaws}.")
    return value


def written(out: Out, *results: Any) -> list[Any]:
    """Copies the `results` (observations, rewards, terminated, truncated) to where `out` wants them, unless they stand there."""
    return [result if to is None else _copied(to, result) for to, result in zip(out, results, strict=True)]


def _copied(to: Any, result: Any) -> Any:
    if isinstance(to, Mapping):
        for name, part in to.items():
            part[...] = result[name]
    elif to is not result:
        to[...] = result
    return to
