"""Checks what `get_state` of a cursor environment returned, before `set_state` takes it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from reach_gym import checks
from reach_gym.reach.keywords import CursorTask
from reach_gym.reach.numpy_rows import UNLIMITED
from reach_gym.reach.rows import BLOCK, CHANNEL, COS, FALSE_START, FIELD, SIN, SUCCESS, WAVE, CursorRows, X, Y
from reach_gym.rows.records import TRIAL

_LARGEST = 1e30  # in a state that is set; far beyond what a task can reach, and no product of two such numbers overflows


def read_rows(state: Any, task: CursorTask, count: int | None) -> CursorRows:
    """Checks what `get_state` of an environment of `task` with `count` rows returned, ``None`` for the scalar one.

    Raises:
        TypeError: `state` is no dict.
        ValueError: A part is missing, unknown, of another shape or out of range.
    """
    blank = CursorRows.empty(1 if count is None else count, task.delay)
    if set(checks.keys("state", state, blank._fields)) != set(blank._fields):
        raise ValueError(f"`state` must have the keys {blank._fields}, got {checks.shown(list(state))}.")
    for name, like in blank._asdict().items():
        shape = like.shape[:-1] if count is None else like.shape
        value = _array(state[name], like.dtype)
        if value.shape != shape:
            raise ValueError(f"`state['{name}']` must be {like.dtype} {shape}, got {checks.shown(state[name])}.")
        like[...] = value.reshape(like.shape)
    _check_rows(blank, task)
    return blank


def _array(value: Any, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """`value` as an array of `dtype`; an empty one where numbers are none or would change."""
    if isinstance(value, np.ndarray) and value.dtype == dtype:
        return value
    try:
        # Integers as objects, because NumPy turns a list of small and large ones into floats.
        array = np.asarray(value, None if dtype.kind == "f" else object)
    except (TypeError, ValueError):
        return np.empty(0)
    if dtype.kind == "f":
        return array if array.dtype.kind in "fiu" else np.empty(0)
    top = np.iinfo(dtype).max
    whole = all(isinstance(n, int | np.integer) and not isinstance(n, bool) and 0 <= n <= top for n in array.flat)
    return array.astype(dtype) if whole else np.empty(0)


def _check_rows(rows: CursorRows, task: CursorTask) -> None:
    blocks = len(task.schedule.blocks)
    floats = np.where(np.isinf(rows.floats), 0.0, rows.floats)
    floats[:FIELD] = rows.floats[:FIELD]
    finite = (np.abs(floats) < _LARGEST).all() and (np.abs(rows.past) < _LARGEST).all()
    if not finite or np.abs(rows.floats[[X, Y]]).max() > task.arena or np.isinf(rows.floats[FIELD + 4 :]).any():
        raise ValueError("`state['floats']` and `state['past']` must be finite, below 1e30, and the hand inside the arena.")
    tops = {BLOCK: blocks, WAVE: blocks + 1, FALSE_START: 2, SUCCESS: 2, CHANNEL: 2}
    for line in range(len(rows.counts)):
        if rows.counts[line].min() < 0 or rows.counts[line].max() >= tops.get(line, UNLIMITED):
            raise ValueError(f"`state['counts'][{line}]` must be from 0 to {tops.get(line, UNLIMITED) - 1}.")
    strange = (rows.counts[WAVE] != 0) & (rows.counts[WAVE] != rows.counts[BLOCK] + 1)
    if strange.any() or np.abs(rows.floats[[COS, SIN]]).max() > 1.0 + 1e-9:
        raise ValueError("`state` must hold a rotation and a wave that its block can have.")
    if (rows.streams[TRIAL] >= 2**62).any():
        raise ValueError("`state['streams']` must hold trial numbers below 2**62.")
