"""What tasks with the observation ``"goal"`` share: reading the goals that a goal-conditioned learner asks rewards for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from reach_gym import checks

KIND = "goal"


def require_goals(observation: str) -> None:
    """Refuses `compute_reward` where another kind is observed.

    Raises:
        AttributeError: Libraries take every environment that has `compute_reward` for a goal-conditioned one.
    """
    if observation != KIND:
        raise AttributeError(f"`compute_reward` needs the observation {KIND!r}, got {observation!r}.")


def read_goals(achieved_goal: Any, desired_goal: Any) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Two goals (2,), or two batches of them (n, 2).

    Raises:
        ValueError: They are no finite points, or differ in number.
    """
    achieved, desired = _points("achieved_goal", achieved_goal), _points("desired_goal", desired_goal)
    if achieved.shape != desired.shape:
        raise ValueError(f"`desired_goal` must have the shape {achieved.shape} of `achieved_goal`, got {desired.shape}.")
    return achieved, desired


def _points(name: str, value: Any) -> npt.NDArray[np.float64]:
    try:
        points = np.asarray(value, np.float64)
    except (TypeError, ValueError):
        points = np.empty(0)
    if points.ndim not in (1, 2) or points.shape[-1] != 2 or not np.isfinite(points).all():
        raise ValueError(f"`{name}` must be finite points of shape (2,) or (n, 2), got {checks.shown(value)}.")
    return points


def read_infos(infos: Any, names: Sequence[str], count: int) -> list[npt.NDArray[Any]]:
    """What the infos of `count` steps tell under each of the `names`, as arrays (count,); an empty list if they lack any of it.

    Args:
        infos: A list of dicts, or a dict of arrays.
        names: What to look up.
        count: How many steps.
    """
    try:
        if isinstance(infos, Mapping):
            parts = [np.asarray(infos[name]) for name in names]
        else:
            parts = [np.array([each[name] for each in infos]) for name in names]
    except (KeyError, TypeError, ValueError, IndexError):
        return []
    return parts if all(part.shape == (count,) for part in parts) else []


def no_infos(infos: Any, names: Sequence[str], count: int) -> ValueError:
    """For infos that do not tell what the reward depends on; Stable-Baselines3 leaves them out unless it is told otherwise."""
    return ValueError(
        f"`info` must hold {', '.join(map(repr, names))} for {count} steps, got {checks.shown(infos)}; "
        "a HerReplayBuffer needs copy_info_dict=True, and the environment info='full'."
    )
