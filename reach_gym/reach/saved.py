"""Checks what `get_state` of a cursor environment returned, before `set_state` takes it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from reach_gym import checks
from reach_gym.fields import FieldNumbers
from reach_gym.reach.facts import cursor_of
from reach_gym.reach.history import History
from reach_gym.reach.keywords import Reach
from reach_gym.reach.rows import COUNT, STREAM, Counts, ReachRows, float_lines
from reach_gym.reach.rules import has_left
from reach_gym.reach.tables import ReachTables
from reach_gym.rows.records import Floats, Mask
from reach_gym.sessions.rows import FEEDBACK

_LARGEST = 1e30  # in a state that is set; far beyond what a task can reach, and no product of two such numbers overflows


def read_rows(state: Any, task: Reach, tables: ReachTables, count: int | None) -> ReachRows:
    """Checks what `get_state` of an environment of `task` with `count` rows returned, ``None`` for the scalar one.

    Raises:
        TypeError: `state` is no dict.
        ValueError: A part is missing, unknown, of another shape or out of range.
    """
    blank = ReachRows.empty(task, 1 if count is None else count, History(task).size)
    if set(checks.keys("state", state, blank._fields)) != set(blank._fields):
        raise ValueError(f"`state` must have the keys {blank._fields}, got {checks.shown(list(state))}.")
    for name, like in blank._asdict().items():
        shape = like.shape[:-1] if count is None else like.shape
        value = _array(state[name], like.dtype)
        # A list of no numbers has forgotten how many rows there were.
        nothing = not like.size and isinstance(state[name], list) and not state[name]
        if value is None or (value.shape != shape and not nothing):
            raise ValueError(f"`state['{name}']` must be {like.dtype} {shape}, got {checks.shown(state[name])}.")
        like[...] = value.reshape(like.shape)
    _check_rows(blank, task, tables)
    return blank


def _array(value: Any, dtype: np.dtype[Any]) -> npt.NDArray[Any] | None:
    """`value` as an array of `dtype`; ``None`` where numbers are none or would change."""
    if isinstance(value, np.ndarray) and value.dtype == dtype:
        return value
    try:
        # Integers as objects, because NumPy turns a list of small and large ones into floats.
        array = np.asarray(value, None if dtype.kind == "f" else object)
    except (TypeError, ValueError):
        return None
    if dtype.kind == "f":
        return array if array.dtype.kind in "fiu" else None
    top = np.iinfo(dtype).max
    whole = all(isinstance(n, int | np.integer) and not isinstance(n, bool) and 0 <= n <= top for n in array.flat)
    return array.astype(dtype) if whole else None


def _check_rows(rows: ReachRows, task: Reach, tables: ReachTables) -> None:
    blocks, at = len(task.table.blocks), float_lines(task.plant)
    # Only the region of a field may be infinite: its first four numbers.
    region = slice(at.field.start, at.field.start + FieldNumbers._fields.index("push_x"))
    floats = rows.floats.copy()
    floats[region] = np.where(np.isinf(floats[region]), 0.0, floats[region])
    finite = all((np.abs(values) < _LARGEST).all() for values in (floats, rows.past, rows.shown))
    if not finite:
        parts = ", ".join(f"`state['{name}']`" for name in ("floats", "past", "shown"))
        raise ValueError(f"{parts} must hold finite numbers below 1e30.")
    _check_plant(task, rows.floats)
    steps, waves, events = task.longest + 1, len(tables.waves), len(tables.events)
    tops = Counts(
        steps,
        task.latest_cue + 1,
        steps + 1,
        steps,
        2,
        2,
        2,
        blocks,
        waves,
        2,
        len(FEEDBACK),
        *(events,) * 3,
        *(steps,) * 3,
    )
    for line, top in enumerate(tops):
        if rows.counts[line].min() < 0 or rows.counts[line].max() >= top:
            raise ValueError(f"`state['counts'][{line}]` must be from 0 to {top - 1}.")
    _check_trials(Counts(*rows.counts), _is_outside(rows, task, tables))
    wave, block = rows.counts[COUNT.wave], rows.counts[COUNT.block]
    allowed = np.zeros((blocks, waves), np.bool_)
    allowed[:, 0] = allowed[task.table.block_index, task.session_waves.lines] = True
    strange = ~allowed[block, wave]
    if strange.any() or np.abs(rows.floats[[at.trial.cosine, at.trial.sine]]).max() > 1.0 + 1e-9:
        raise ValueError("`state` must hold a rotation and a wave that its block can have.")
    named = ("start_x", "start_y", "target_x", "target_y", "home_x", "home_y")
    if np.abs(rows.floats[[getattr(at.trial, name) for name in named]]).max() > task.arena:
        raise ValueError(f"`state['floats']` must hold starts and targets within {task.arena:g} m of the centre.")
    trial, jumped = at.trial_of(rows.floats), rows.counts[COUNT.jumped] > 0
    apart = has_left(trial.home_x, trial.home_y, trial.start_x, trial.start_y, (1 - 1e-9) * task.apart**2)
    moved = (trial.home_x != trial.target_x) | (trial.home_y != trial.target_y)
    if not apart.all() or (moved & ~jumped).any() or trial.bar.min() < 0:
        raise ValueError("`state['floats']` must hold a target that is far enough from the start and where its jump has led it.")
    if (rows.streams[STREAM.trial] >= 2**62).any():
        raise ValueError("`state['streams']` must hold trial numbers below 2**62.")


def _check_plant(task: Reach, floats: Floats) -> None:
    """Refuses states of the plant, among the `floats` of the rows, beyond walls or joint limits, or with a step to infinity."""
    plant, at = task.plant, float_lines(task.plant)
    state, still = floats[at.state], [0.0] * len(plant.low)
    stopped = plant.stop(state, task.params)
    for name, now, allowed in zip(plant.State._fields, state, stopped, strict=True):
        beyond = np.flatnonzero(now != allowed)
        if len(beyond):
            raise ValueError(
                f"`state['floats']` must hold a state that {plant.title} can be in, inside of its arena or its joint limits, got "
                f"{name} = {now[beyond[0]]:g}."
            )
    with np.errstate(all="ignore"):
        moved, _, _ = plant.step(state, still, 0.0, None, task.params)
    most, scale = dict(zip(("push", "b", "k"), plant.bearable(task.dt), strict=True)), np.abs(floats[at.trial.scale])
    field = {name: np.abs(values) for name, values in FieldNumbers(*floats[at.field])._asdict().items()}
    strong = any((scale * field[name] > most[part]).any() for name in field if (part := name.partition("_")[0]) in most)
    if strong or not all(np.isfinite(values).all() for values in moved):
        raise ValueError(f"`state['floats']` must hold a state and a field that {plant.title} can follow for a step.")


def _is_outside(rows: ReachRows, task: Reach, tables: ReachTables) -> Mask:
    """Whether each row's cursor is outside of the start's disc."""
    at = float_lines(task.plant)
    trial = at.trial_of(rows.floats)
    cursor = cursor_of(task, tables, rows)
    outside: Mask = has_left(cursor.x, cursor.y, trial.start_x, trial.start_y, task.hold_radius * task.hold_radius)
    return outside


def _check_trials(counts: Counts, outside: Mask) -> None:
    """Refuses counts that no trial can have, after which scalar and vector environments would go on differently."""
    early = (counts.left > 0) & (counts.left <= counts.go)
    strange = (counts.left > counts.step) | ((counts.false_start != 0) != early) | (counts.success > counts.ended)
    strange |= ((counts.left == 0) & outside) | ((counts.left > 0) & (counts.left == counts.step) & ~outside)
    if np.any(strange | (counts.held > np.maximum(counts.step - counts.go + 1, 0))):
        raise ValueError(
            "`state['counts']` must hold a trial's: the start is left when the cursor is first outside of its disc, which is a "
            "false start until the go cue; nothing is held sooner than it can be; and success ends a trial."
        )
