"""The reset options of the grid reach, checked for both of its environments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from reach_gym import checks
from reach_gym.fields import field_from_data
from reach_gym.grid.keywords import GridReach, cell_of, square
from reach_gym.grid.world import GridWorld, grid_world

OPTIONS = ("start", "target", "radius", "field")


class TrialOptions(NamedTuple):
    """The reset options, checked.

    Attributes:
        start: Cell or `reach_gym.grid.pairs.FREE`; for a vector environment an int64 array (num_envs,) of these.
        target: Likewise.
        radius: Reward radius in squares, ``None`` where the task decides.
        world: The tables of the trial's field, where no schedule decides.
        replaced: Whether `world` is that of a field among the options, which goes before the schedule.
    """

    start: Any
    target: Any
    radius: float | None
    world: GridWorld
    replaced: bool


def trial_options(task: GridReach, options: Mapping[str, Any], num_envs: int | None = None) -> TrialOptions:
    """Checks the reset `options` of a scalar environment, or of a vector environment with `num_envs` rows.

    Raises:
        TypeError: An option has the wrong type.
        ValueError: An option is unknown or out of range.
    """
    checks.keys("options", options, OPTIONS)
    radius = options.get("radius")
    return TrialOptions(
        _cells("options['start']", options.get("start"), task.size, task.start_cell, num_envs),
        _cells("options['target']", options.get("target"), task.size, task.target_cell, num_envs),
        None if radius is None else checks.number("options['radius']", radius, 0, 2 * task.size),
        grid_world(task.size, field_from_data(options["field"])) if "field" in options else task.world,
        "field" in options,
    )


def _cells(name: str, value: Any, size: int, default: int, num_envs: int | None) -> Any:
    if num_envs is None:
        return _cell(name, value, size, default)
    try:
        pairs = np.asarray(value)
    except ValueError:  # lists of different lengths
        pairs = np.empty(0, object)
    if pairs.ndim != 2:
        return np.full(num_envs, _cell(name, value, size, default), np.int64)
    what = f"`{name}` must be a pair (x, y) or {num_envs} of them, integers from 0 to {size - 1}"
    if pairs.dtype.kind not in "iu":
        raise TypeError(f"{what}, got {checks.shown(value)}.")
    if pairs.shape != (num_envs, 2) or pairs.min() < 0 or pairs.max() >= size:
        raise ValueError(f"{what}, got {checks.shown(value)}.")
    return pairs[:, 1].astype(np.int64) * size + pairs[:, 0].astype(np.int64)


def _cell(name: str, value: Any, size: int, default: int) -> int:
    return default if value is None else cell_of(square(name, value, size), size)
