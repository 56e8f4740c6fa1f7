"""The NumPy back end of the grid's vector environment, and what every back end does.

A back end has two operations with the same arguments, `restart` and `advance`; `reach_gym.grid.numba_rows` is the other one.
Both return arrays that nobody else holds.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from reach_gym.grid.actions import first_bad
from reach_gym.grid.beginning import next_trial
from reach_gym.grid.observations import GridObservations
from reach_gym.grid.rows import GridRows, Info, Numbers, Outcome, batch_info, batch_outcome
from reach_gym.grid.rules import distance, is_hit, is_late, move, reward, squared_apart
from reach_gym.grid.tables import Tables
from reach_gym.grid.world import STAY, place_cell, place_felt
from reach_gym.rows.records import Array, Mask
from reach_gym.rows.vector_env import Moved


class Backend(Protocol):
    """How rows are moved.

    Attributes:
        name: As the keyword `backend` names it.
        tables: What holds for every row.
    """

    name: str
    tables: Tables

    def restart(self, rows: GridRows, mask: Mask, observation: Array, info: dict[str, Array]) -> None:
        """Begins the next trial in the rows of `mask` and overwrites their `observation` and `info`."""

    def advance(self, rows: GridRows, actions: npt.NDArray[np.int64], again: Mask, into: Array | None = None) -> Moved | int:
        """Moves all rows, or begins the next trial instead in the rows of `again`.

        Returns:
            Fresh arrays, but for the observations where there is an array to write them `into`; or, before any row has moved, the
            number of the first row with a bad action.
        """


class NumpyBackend:
    """Moves the rows with NumPy; needs nothing else."""

    name = "numpy"

    def __init__(self, tables: Tables, observations: GridObservations, lean: bool) -> None:
        """Keeps the `tables` and the maker of `observations`; `lean` where info holds the outcome only."""
        self.tables, self._lean = tables, lean
        self._rules = tables.rules  # the only part of the tables that never changes
        self._observations = observations

    def report(self, rows: GridRows) -> tuple[Array, dict[str, Array]]:
        """Observation and info of `rows`, in fresh arrays."""
        now = rows.now
        return self._report(rows, now, squared_apart(now.place, now.goal))

    def _report(self, rows: GridRows, now: Numbers, squared: Array, into: Array | None = None) -> tuple[Array, dict[str, Array]]:
        place, goal = now.place.astype(np.int64), now.goal.astype(np.int64)
        observation = self._observations.batch(place_cell(place), place_cell(goal), into)
        success, every = now.success != 0, np.ones(len(place), np.bool_)
        if self._lean:
            return observation, batch_outcome(success, every)
        return observation, batch_info(
            distance=distance(squared),
            ideal_steps=now.ideal.astype(np.int64),
            in_field=place_felt(place) != 0,
            radius=rows.radius.copy(),
            is_success=success,
            mask=every,
        )

    def _next(self, rows: GridRows, mask: Mask) -> GridRows:
        some = rows.take(mask)
        if not self._rules.drawn_by_session:
            next_trial(some, self.tables)
            rows.put(mask, some)
        return some

    def restart(self, rows: GridRows, mask: Mask, observation: Array, info: dict[str, Array]) -> None:
        """See `Backend`."""
        some = self._next(rows, mask)
        observation[mask], values = self.report(some)
        for name in Outcome._fields if self._lean else Info._fields:
            info[name][mask] = values[name]

    def advance(self, rows: GridRows, actions: npt.NDArray[np.int64], again: Mask, into: Array | None = None) -> Moved | int:
        """See `Backend`."""
        bad = first_bad(actions)
        if bad >= 0:
            return bad
        if again.any():
            self._next(rows, again)
            actions = np.where(again, STAY, actions)
        now, moved = rows.now, ~again
        now.place[:] = move(self.tables.next_place, now.world, now.place, actions)
        now.steps[:] += moved
        squared = squared_apart(now.place, now.goal)
        terminated, truncated = is_hit(squared, now.limit), is_late(now.steps, self._rules.time_limit)
        now.success[:] = terminated
        observation, info = self._report(rows, now, squared, into)
        return observation, reward(moved, terminated), terminated, truncated, terminated | truncated, info
