"""What tasks with the observation ``"goal"`` share: the reward for any target, which goal-conditioned learners ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from reach_gym import checks

Floats = npt.NDArray[np.float64]
KIND = "goal"


def reward_of_goals(task: Any, reward: Callable[..., Floats]) -> Callable[[Any, Any, Any], Any]:
    """``compute_reward(achieved_goal, desired_goal, info)`` of an environment: the reward for any target.

    It takes goals (2,) with the step's info and gives a float, or goals (n, 2) with a list of infos or a dict of arrays (n,) and
    gives float64 (n,). Where a trial ended in ``SAME_STEP`` mode the step's info is ``final_info``.

    Args:
        task: The environment's.
        reward: ``reward(task, achieved, desired, infos)`` gives float64 (n,) for goals float64 (n, 2).

    Raises:
        AttributeError: `task` has another observation. Libraries take every environment that has `compute_reward` for a
            goal-conditioned one.
    """
    if task.observation != KIND:
        raise AttributeError(f"`compute_reward` needs the observation {KIND!r}, got {task.observation!r}.")
    return partial(_computed, partial(reward, task))


def _computed(reward: Callable[..., Floats], achieved_goal: Any, desired_goal: Any, info: Any) -> Any:
    achieved, desired = _read_goals(achieved_goal, desired_goal)
    if achieved.ndim == 1:
        return float(reward(achieved[None], desired[None], [info])[0])
    return reward(achieved, desired, info)


def _read_goals(achieved_goal: Any, desired_goal: Any) -> tuple[Floats, Floats]:
    """Two goals (2,), or two batches of them (n, 2).

    Raises:
        ValueError: They are no finite points, or differ in number.
    """
    achieved, desired = _points("achieved_goal", achieved_goal), _points("desired_goal", desired_goal)
    if achieved.shape != desired.shape:
        raise ValueError(f"`desired_goal` must have the shape {achieved.shape} of `achieved_goal`, got {desired.shape}.")
    return achieved, desired


def _points(name: str, value: Any) -> Floats:
    try:
        points = np.asarray(value, np.float64)
    except (TypeError, ValueError):
        points = np.empty(0)
    if points.ndim not in (1, 2) or points.shape[-1] != 2 or not np.isfinite(points).all():
        raise ValueError(f"`{name}` must be finite points of shape (2,) or (n, 2), got {checks.shown(value)}.")
    return points


def read_infos(infos: Any, names: Sequence[str], count: int, needed: bool = True) -> list[Floats]:
    """What the infos of `count` steps tell under each of the `names`, as arrays float64 (count,), flags as 0 and 1.

    Args:
        infos: A list of dicts, or a dict of arrays.
        names: What to look up.
        count: How many steps.
        needed: Whether they must tell it; otherwise infos that tell nothing of it give an empty list.

    Raises:
        ValueError: They do not tell finite numbers for all steps. Stable-Baselines3 leaves them out unless it is told otherwise.
    """
    if not needed and not _tell_any(infos, names):
        return []
    try:
        if isinstance(infos, Mapping):
            parts = [np.asarray(infos[name]) for name in names]
        else:
            parts = [np.array([each[name] for each in infos]) for name in names]
    except (KeyError, TypeError, ValueError, IndexError):
        parts = []
    if not parts or not all(part.shape == (count,) and part.dtype.kind in "biuf" and np.isfinite(part).all() for part in parts):
        raise ValueError(
            f"`info` must hold finite numbers under {', '.join(map(repr, names))} for {count} steps, got {checks.shown(infos)}; "
            "a HerReplayBuffer needs copy_info_dict=True, and the environment info='full', or ReachVecEnv(envs, infos=True)."
        )
    return [part.astype(np.float64) for part in parts]  # small integers would overflow


def _tell_any(infos: Any, names: Sequence[str]) -> bool:
    """Whether there is anything under one of the names."""
    each = [infos] if isinstance(infos, Mapping) else infos if isinstance(infos, Iterable) else ()
    return any(isinstance(info, Mapping) and name in info for info in each for name in names)
