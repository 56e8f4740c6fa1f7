"""What `reset` and the ends of trials are in a vector environment: seeds, rows to reset, and how info tells of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium.error import ResetNeeded

from reach_gym import checks
from reach_gym.rows.records import Info, Mask


def row_seeds(seed: Any, num_envs: int) -> list[int | None]:
    """The seed of each row: of an int s the s + i, of a list its items, ``None`` to keep a row's stream.

    Raises:
        TypeError: A seed is no integer.
        ValueError: A seed is out of range, or the list has another length.
    """
    if isinstance(seed, list | tuple):
        checks.items("seed", seed, num_envs, f"an integer or a list of {num_envs}")
        return [checks.seed(value) for value in seed]
    first = checks.seed(seed)
    if first is None:
        return [None] * num_envs
    checks.integer("seed", first + num_envs - 1, 0, checks.MAX_SEED)
    return list(range(first, first + num_envs))


def rows_to_reset(options: Any, num_envs: int, begun: bool) -> tuple[Mask, dict[str, Any]]:
    """Takes ``reset_mask`` out of the reset `options`.

    Args:
        options: Of `reset`; ``None`` for none.
        num_envs: Number of rows.
        begun: Whether all rows have had a trial; before, none can be left out.

    Returns:
        Which rows are reset, and the other options.

    Raises:
        gymnasium.error.ResetNeeded: A row that has had no trial is left out.
        TypeError: `options` or the mask has the wrong type.
        ValueError: The mask has another shape, or no true value.
    """
    every = np.ones(num_envs, np.bool_)
    if options is None:
        return every, {}
    if not isinstance(options, dict):
        raise TypeError(f"`options` must be a dict, got {checks.shown(options)}.")
    chosen = dict(options)
    if "reset_mask" not in chosen:
        return every, chosen
    mask = chosen.pop("reset_mask")
    what = f"`options['reset_mask']` must be a bool array of shape ({num_envs},)"
    if not isinstance(mask, np.ndarray) or mask.dtype != np.bool_:
        raise TypeError(f"{what}, got {checks.shown(mask)}.")
    if mask.shape != (num_envs,) or not mask.any():
        raise ValueError(f"{what} with at least one true value, got {checks.shown(mask)}.")
    if not begun and not mask.all():
        raise ResetNeeded("Reset all rows before you reset some of them: no trial has begun.")
    return mask.copy(), chosen


def masked(info: Info, mask: Mask) -> Info:
    """The `info` of the rows of `mask`; the others hold zeros, as in Gymnasium's SyncVectorEnv."""
    return {
        name: mask.copy() if name.startswith("_") else np.where(mask, values, np.zeros((), values.dtype))
        for name, values in info.items()
    }


def final_info(last: Any, info: Info, done: Mask) -> Info:
    """The `last` observations and the info of the rows that are `done`, laid out as SyncVectorEnv does."""
    final_obs = np.full(len(done), None, dtype=object)
    for i, row in enumerate(np.flatnonzero(done).tolist()):
        final_obs[row] = _row(last, i)
    return {
        "final_obs": final_obs,
        "_final_obs": done.copy(),
        "final_info": masked(info, done),
        "_final_info": done.copy(),
    }


def _row(batch: Any, i: int) -> Any:
    if isinstance(batch, dict):
        return {name: _row(part, i) for name, part in batch.items()}
    return batch[i].item() if batch.ndim == 1 else batch[i]
