"""Checks what `get_state` of the grid environments returned, before `set_state` takes it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from reach_gym import checks
from reach_gym.fields import field_from_data
from reach_gym.grid.keywords import GridReach
from reach_gym.grid.rows import GridRows, Numbers
from reach_gym.grid.tables import UNLIMITED
from reach_gym.grid.world import GridWorld, grid_world, place_cell
from reach_gym.rows.records import Floats, Mask, lines

_LINE = lines(Numbers)


class Counts(NamedTuple):
    """Which trial of which stream a scalar environment is in.

    Attributes:
        key: Of its stream, from which every trial is drawn.
        trial: From 0.
        level: Of the radius schedule, as the two that follow.
        seen: Episodes since its last look.
        hits: Successes among them.
    """

    key: int
    trial: int
    level: int
    seen: int
    hits: int


class SavedTrial(NamedTuple):
    """The state of a scalar environment, checked.

    Attributes:
        counts: Which trial it is.
        start: The cell in which it began.
        target: Its target's cell.
        cursor: The cell of the cursor.
        steps: Taken so far.
        radius: In squares.
        world: The tables of its field.
        gain: Of a session's trial; 1 without a schedule.
    """

    counts: Counts
    start: int
    target: int
    cursor: int
    steps: int
    radius: float
    world: GridWorld
    gain: float


def _require_keys(state: Any, names: tuple[str, ...]) -> None:
    if set(checks.keys("state", state, names)) != set(names):
        raise ValueError(f"`state` must have the keys {names}, got {checks.shown(list(state))}.")


def read_trial(state: Any, task: GridReach) -> SavedTrial:
    """Checks the state of a scalar environment.

    Raises:
        TypeError: A part of `state` has the wrong type.
        ValueError: A part is missing, unknown or out of range.
    """
    cells = dict.fromkeys(("start", "target", "cursor"), task.size**2 - 1)
    tops: dict[str, int | None] = {**dict.fromkeys((*Counts._fields, "steps")), **cells}
    looks = task.radius.episodes - 1  # the schedule counts from 0 again when it has looked
    tops |= {"key": 2**64 - 1, "level": len(task.radii) - 1, "seen": looks, "hits": looks}
    session = task.schedule is not None
    _require_keys(state, (*tops, "radius", "field", *(["gain"] if session else [])))
    whole = {name: checks.integer(f"state['{name}']", state[name], 0, high) for name, high in tops.items()}
    return SavedTrial(
        Counts(**{name: whole.pop(name) for name in Counts._fields}),
        **whole,
        radius=checks.number("state['radius']", state["radius"], 0, 2 * task.size),
        world=grid_world(task.size, field_from_data(state["field"])),
        gain=checks.number("state['gain']", state["gain"]) if session else 1.0,
    )


class SavedRows(NamedTuple):
    """The state of a vector environment, checked.

    Attributes:
        rows: Where every row stands.
        done: Which trials are over.
        worlds: The tables that the rows stand in.
        gain: float64 (rows,) of the trials of a session; ones without a schedule.
    """

    rows: GridRows
    done: Mask
    worlds: list[GridWorld]
    gain: Floats


def read_rows(state: Any, task: GridReach, count: int) -> SavedRows:
    """Checks the state of a vector environment with `count` rows.

    Raises:
        TypeError: A part of `state` has the wrong type.
        ValueError: A part is missing, unknown or out of range.
    """
    blank: dict[str, npt.NDArray[Any]] = {**GridRows.empty(count)._asdict(), "done": np.zeros(count, np.bool_)}
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
    rows, gain = GridRows(*(arrays[name] for name in GridRows._fields)), arrays.get("gain", np.ones(count))
    if worlds[0].field != task.field or not np.isfinite(rows.radius).all():
        raise ValueError("`state` belongs to another task.")
    if not np.isfinite(gain).all() or (task.schedule is not None and rows.stream.trial.max() >= 2**62):
        raise ValueError("`state['gain']` must be finite, and the trials of `state['streams']` below 2**62.")
    _require_numbers(rows, worlds, task)
    return SavedRows(rows, arrays["done"], worlds, gain)


def _require_numbers(rows: GridRows, worlds: list[GridWorld], task: GridReach) -> None:
    """Refuses numbers that would lead beyond a table, and places that are no squares of the grid."""
    now, cells = rows.now, task.size**2
    tops = {_LINE.start: cells, _LINE.world: len(worlds), _LINE.level: len(task.radii), _LINE.success: 2}
    tops |= dict.fromkeys((_LINE.seen, _LINE.hits), task.radius.episodes) | {_LINE.steps: UNLIMITED}
    for line, top in tops.items():
        if now[line].min() < 0 or now[line].max() >= top:
            raise ValueError(f"`state['numbers'][{line}]` must be from 0 to {top - 1}.")
    place = np.stack([world.place for world in worlds])
    for line, world in ((_LINE.place, now.world), (_LINE.goal, np.zeros_like(now.world))):
        # The bit that says whether the field acts is left out: a target keeps that of the world in which it was drawn.
        if ((place[world, place_cell(now[line]) % cells] ^ now[line]) & 2**24 - 1).any():
            raise ValueError(f"`state['numbers'][{line}]` holds squares outside the grid.")
