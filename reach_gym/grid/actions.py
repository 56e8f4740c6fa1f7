"""The actions of the grid reach, checked: one of them, or one per row."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import numpy.typing as npt

from reach_gym import checks
from reach_gym.errors import InvalidActionError
from reach_gym.grid.world import NUM_ACTIONS

_ALLOWED = f"from 0 to {NUM_ACTIONS - 1}"


def grid_action(action: Any) -> int:
    """One action as an ``int``; Python, NumPy and torch integers and 0-d integer arrays are the same action.

    Raises:
        InvalidActionError: Anything else, or out of range.
    """
    # What agents mostly send comes first, as the rest takes several microseconds. NumPy counts durations among its integers.
    if isinstance(action, np.integer) and not isinstance(action, np.timedelta64):
        index = int(action)
    else:
        is_bool = isinstance(action, bool | np.bool_) or "bool" in str(getattr(action, "dtype", ""))
        try:
            index = -1 if is_bool or getattr(action, "shape", ()) != () else operator.index(action)
        except (TypeError, ValueError, RuntimeError):
            index = -1
    if not 0 <= index < NUM_ACTIONS:
        raise InvalidActionError(f"`action` must be an integer {_ALLOWED}, got {checks.shown(action)}.")
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
        raise InvalidActionError(f"`actions` must be {num_envs} integers {_ALLOWED}, got {checks.shown(actions)}.")
    return np.ascontiguousarray(array, np.int64)


def refuse_action(actions: Any, row: int) -> InvalidActionError:
    """The refusal of a batch of `actions` because the one of `row` is out of range."""
    return InvalidActionError(
        f"`actions` must be {len(actions)} integers {_ALLOWED}, got {np.asarray(actions)[row]} in row {row}."
    )


def first_bad(actions: npt.NDArray[np.int64]) -> int:
    """The number of the first row whose action is out of range; -1 for none."""
    bad = (actions < 0) | (actions >= NUM_ACTIONS)
    return int(bad.argmax()) if bad.any() else -1
