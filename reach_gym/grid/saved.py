"""Checks what `get_state` of the grid environments returned, before `set_state` takes it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from reach_gym import checks
from reach_gym.fields import field_from_data
from reach_gym.grid.keywords import GridTask
from reach_gym.grid.rows import GOAL, LEVEL, PLACE, START, SUCCESS, WORLD, Rows
from reach_gym.grid.world import GridWorld, grid_world, place_cell
from reach_gym.rows.records import TRIAL, Mask


class SavedTrial(NamedTuple):
    """The state of a scalar environment, checked.

    Attributes:
        counts: Key, trial, level, seen and hits.
        path: The cells of the trial under way.
        target: Its target's cell.
        radius: In squares.
        world: The tables of its field.
        gain: Of a session's trial; 1 without a schedule.
    """

    counts: dict[str, int]
    path: list[int]
    target: int
    radius: float
    world: GridWorld
    gain: float


def _require_keys(state: Any, names: tuple[str, ...]) -> None:
    if set(checks.keys("state", state, names)) != set(names):
        raise ValueError(f"`state` must have the keys {names}, got {checks.shown(list(state))}.")


def read_trial(state: Any, task: GridTask) -> SavedTrial:
    """Checks the state of a scalar environment.

    Raises:
        TypeError: A part of `state` has the wrong type.
        ValueError: A part is missing, unknown or out of range.
    """
    last_cell, session = task.size**2 - 1, task.schedule is not None
    tops = {"key": 2**64 - 1, "trial": None, "level": len(task.radius.radii) - 1, "seen": None, "hits": None}
    _require_keys(state, (*tops, "path", "target", "radius", "field", *(["gain"] if session else [])))
    counts = {name: checks.integer(f"state['{name}']", state[name], 0, high) for name, high in tops.items()}
    target = checks.integer("state['target']", state["target"], 0, last_cell)
    radius = checks.number("state['radius']", state["radius"], 0, 2 * task.size)
    if not isinstance(state["path"], list) or not state["path"]:
        raise ValueError(f"`state['path']` must be a list of cells, got {checks.shown(state['path'])}.")
    path = [checks.integer("state['path']", cell, 0, last_cell) for cell in state["path"]]
    world = grid_world(task.size, field_from_data(state["field"]))
    gain = checks.number("state['gain']", state["gain"]) if session else 1.0
    return SavedTrial(counts, path, target, radius, world, gain)


class SavedRows(NamedTuple):
    """The state of a vector environment, checked.

    Attributes:
        rows: Where every row stands.
        done: Which trials are over.
        worlds: The tables that the rows stand in.
        gain: float64 (rows,) of the trials of a session; ones without a schedule.
    """

    rows: Rows
    done: Mask
    worlds: list[GridWorld]
    gain: npt.NDArray[np.float64]


def read_rows(state: Any, task: GridTask, count: int) -> SavedRows:
    """Checks the state of a vector environment with `count` rows.

    Raises:
        TypeError: A part of `state` has the wrong type.
        ValueError: A part is missing, unknown or out of range.
    """
    blank: dict[str, npt.NDArray[Any]] = {**Rows.empty(count)._asdict(), "done": np.zeros(count, np.bool_)}
    if task.schedule is not None:
        blank["gain"] = np.ones(count)
    _require_keys(state, (*blank, "fields"))
    arrays = {}
    for name, like in blank.items():
        value = np.asarray(state[name])
        if value.dtype != like.dtype or value.shape != like.shape:
            raise ValueError(f"`state['{name}']` must be {like.dtype} {like.shape}, got {value.dtype} {value.shape}.")
        arrays[name] = value.copy()
    if not isinstance(state["fields"], list) or not 0 < len(state["fields"]) <= count + 1:  # each takes memory for its tables
        raise ValueError(f"`state['fields']` must be a list of 1 to {count + 1} fields, got {checks.shown(state['fields'])}.")
    worlds = [grid_world(task.size, field_from_data(data)) for data in state["fields"]]
    rows, gain = Rows(arrays["numbers"], arrays["streams"], arrays["radius"]), arrays.get("gain", np.ones(count))
    tops = {START: task.size**2, WORLD: len(worlds), LEVEL: len(task.radius.radii), SUCCESS: 2}
    for line, top in tops.items():
        if rows.numbers[line].min() < 0 or rows.numbers[line].max() >= top:
            raise ValueError(f"`state['numbers'][{line}]` must be from 0 to {top - 1}.")
    if worlds[0].field != task.field or not np.isfinite(rows.radius).all():
        raise ValueError("`state` belongs to another task.")
    if not np.isfinite(gain).all() or (task.schedule is not None and rows.streams[TRIAL].max() >= 2**62):
        raise ValueError("`state['gain']` must be finite, and the trials of `state['streams']` below 2**62.")
    _require_places(rows, worlds, task.size)
    return SavedRows(rows, arrays["done"], worlds, gain)


def _require_places(rows: Rows, worlds: list[GridWorld], size: int) -> None:
    """Refuses places that are no squares of the grid."""
    for line in (PLACE, GOAL):
        world = rows.numbers[WORLD] if line == PLACE else np.zeros(len(rows.radius), np.int64)
        place = np.stack([world.place for world in worlds])
        cell = place_cell(rows.numbers[line]) % size**2
        if (place[world, cell] & 2**24 - 1 != rows.numbers[line] & 2**24 - 1).any():
            raise ValueError(f"`state['numbers'][{line}]` holds squares outside the grid.")
