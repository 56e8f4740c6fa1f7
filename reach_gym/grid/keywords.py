"""The constructor keywords and reset options of the grid reach, checked once for both of its environments."""

from __future__ import annotations

import functools
import operator
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from reach_gym import checks
from reach_gym.errors import InvalidActionError
from reach_gym.fields import ForceField, field_from_data
from reach_gym.grid.exact import hits
from reach_gym.grid.observations import GridObservations, grid_observations
from reach_gym.grid.pairs import furthest
from reach_gym.grid.radius import RadiusSchedule, radius_from_data
from reach_gym.grid.session import GridSession, grid_schedule
from reach_gym.grid.world import MAX_SIZE, MIN_SIZE, NUM_ACTIONS, GridWorld, grid_world, squared_distance, squared_limit
from reach_gym.sessions.schedule import Schedule

FREE = -1  # a start or target cell that every trial draws anew
OPTIONS = ("start", "target", "radius", "field")


@dataclass(frozen=True)
class GridTask:
    """One grid task.

    Attributes:
        size: Squares along one side.
        observation: Kind of observation.
        start: The start's cell, or `FREE`.
        target: The target's cell, or `FREE`.
        radius: The reward radius.
        field: The force field.
        schedule: What changes from trial to trial; ``None`` for nothing.
    """

    family: ClassVar[str] = "grid"
    size: int
    observation: str
    start: int
    target: int
    radius: RadiusSchedule
    field: ForceField
    schedule: Schedule | None

    @property
    def world(self) -> GridWorld:
        """The tables of size and field."""
        return grid_world(self.size, self.field)

    def observations(self) -> GridObservations:
        """A fresh observation maker."""
        return grid_observations(self.observation, self.size, self.target)

    def session(self) -> GridSession | None:
        """The schedule laid out, in a fresh object; ``None`` without one."""
        return None if self.schedule is None else GridSession(self.size, self.schedule, self.field)


@dataclass(frozen=True)
class TrialOptions:
    """The reset options, checked.

    Attributes:
        start: Cell or `FREE`; for a vector environment an int64 array (num_envs,) of these.
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


def trial_options(task: GridTask, options: Mapping[str, Any], num_envs: int | None = None) -> TrialOptions:
    """Checks the reset `options` of a scalar environment, or of a vector environment with `num_envs` rows.

    Raises:
        TypeError: An option has the wrong type.
        ValueError: An option is unknown or out of range.
    """
    checks.keys("options", options, OPTIONS)
    radius = options.get("radius")
    return TrialOptions(
        _places("options['start']", options.get("start"), task.size, task.start, num_envs),
        _places("options['target']", options.get("target"), task.size, task.target, num_envs),
        None if radius is None else checks.number("options['radius']", radius, 0, 2 * task.size),
        grid_world(task.size, field_from_data(options["field"])) if "field" in options else task.world,
        "field" in options,
    )


@functools.lru_cache(maxsize=512)
def around(size: int, target: int, limit: int) -> tuple[tuple[bool, ...], tuple[float, ...]]:
    """For every cell: whether it lies within the squared radius `limit` of `target`, and how far it is."""
    cells = np.arange(size * size)
    squared = squared_distance(cells % size, cells // size, target % size, target // size)
    return tuple(hits(size, limit, np.array([target]))[0].tolist()), tuple(np.sqrt(squared).tolist())


def require_pair(size: int, start: int, target: int, limit: int) -> None:
    """Refuses a reward radius, given as its square, that leaves no start outside of it."""
    longest = furthest(size, start, target)
    if limit >= longest:
        raise ValueError(
            f"`radius` must be smaller than the {longest**0.5:.4g} squares that start and target "
            f"can be apart here, got about {limit**0.5:.4g}."
        )


def _places(name: str, value: Any, size: int, default: int, num_envs: int | None) -> Any:
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


def _cell(name: str, value: Any, size: int, default: int = FREE) -> int:
    if value is None:
        return default
    x, y = checks.cell(name, value, size)
    return y * size + x


def grid_task(size: Any, observation: Any, start: Any, target: Any, radius: Any, field: Any, schedule: Any) -> GridTask:
    """Checks the constructor keywords of a grid environment.

    Raises:
        TypeError: A keyword has the wrong type.
        ValueError: A keyword has a value that is not allowed; the message says which are.
    """
    size = checks.integer("size", size, MIN_SIZE, MAX_SIZE)
    checks.choice("observation", observation, ("vector", "pixels", "index"))
    levels = radius_from_data(radius)
    checks.number("radius", levels.start, 0, 2 * size)
    task = GridTask(
        size,
        observation,
        _cell("start", start, size),
        _cell("target", target, size),
        levels,
        field_from_data(field),
        grid_schedule(schedule),
    )
    require_pair(size, task.start, task.target, int(squared_limit(levels.start)))
    return task


def grid_action(action: Any) -> int:
    """One action as an ``int``; Python, NumPy and torch integers and 0-d integer arrays are the same action.

    Raises:
        InvalidActionError: Anything else, or out of range.
    """
    if isinstance(action, np.integer):  # what agents mostly send; the rest takes several microseconds
        index = int(action)
    else:
        is_bool = isinstance(action, bool | np.bool_) or "bool" in str(getattr(action, "dtype", ""))
        try:
            index = -1 if is_bool or getattr(action, "shape", ()) != () else operator.index(action)
        except (TypeError, ValueError, RuntimeError):
            index = -1
    if not 0 <= index < NUM_ACTIONS:
        raise InvalidActionError(f"`action` must be an integer from 0 to {NUM_ACTIONS - 1}, got {checks.shown(action)}.")
    return index


def grid_actions(actions: Any, num_envs: int) -> npt.NDArray[np.int64]:
    """A batch of actions as int64 (num_envs,), not yet checked for range.

    Raises:
        InvalidActionError: Not integers, or not one per row.
    """
    try:
        array = np.asarray(actions)
    except (TypeError, ValueError, RuntimeError):
        array = np.empty(0, object)
    if array.dtype.kind not in "iu" or array.shape != (num_envs,):
        raise InvalidActionError(
            f"`actions` must be {num_envs} integers from 0 to {NUM_ACTIONS - 1}, got {checks.shown(actions)}."
        )
    return np.ascontiguousarray(array, np.int64)
