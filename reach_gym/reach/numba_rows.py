"""The Numba back end of a continuous reach: hands the rows to `reach_gym.reach.kernels`."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from reach_gym.reach.info import FLAGS, FLOATS, LINE, WHOLES, Ends, Info, Outcome, batch_info, batch_outcome
from reach_gym.reach.kernels import reach_kernels
from reach_gym.reach.keywords import Reach
from reach_gym.reach.observations import Observations
from reach_gym.reach.rows import ReachRows
from reach_gym.reach.tables import ReachTables
from reach_gym.rows.records import Floats, Mask
from reach_gym.rows.threads import check_threads, spread
from reach_gym.rows.vector_env import Array, Moved
from reach_gym.rows.vector_env import Info as InfoArrays


class NumbaBackend:
    """Moves the rows with compiled loops; same results as `NumpyBackend`, bit for bit."""

    name = "numba"
    # Lines of numbers that lie a power of two apart would compete for the same places of the processor's cache.
    spare = 8

    def __init__(self, task: Reach, tables: ReachTables, observations: Observations, lean: bool, threads: int) -> None:
        """Compiles for one kind of plant, of `observations` and of reward.

        Args:
            task: The task.
            tables: Its tables.
            observations: The maker of observations.
            lean: Whether info holds the outcome only.
            threads: Over how many the rows are spread.

        Raises:
            ValueError: Numba was started with fewer threads.
        """
        check_threads(threads)
        self._arguments = task, tables, observations, lean, threads
        self._tables, self._threads = tables, threads
        self._limits = observations.place_limit, observations.speed_limit, observations.per_metre, observations.per_speed
        self._lean, self._told = lean, Outcome._fields if lean else Info._fields
        self._scratch = np.empty((len(FLOATS), 0)), np.empty((len(WHOLES), 0), np.int64)
        self._advance, self._restart = reach_kernels(
            *(task.plant.kind, observations.kind, task.reward, lean, threads > 1, task.is_eventful)
        )

    def __reduce__(self) -> tuple[object, tuple[Any, ...]]:
        """Copies and pickles without the compiled loops."""
        return NumbaBackend, self._arguments

    def restart(self, rows: ReachRows, mask: Mask, observation: Array, info: InfoArrays) -> None:
        """See `reach_gym.reach.numpy_rows.ReachBackend`."""
        count = len(mask)
        floats, whole = self._blocks(count)
        flags = np.empty((len(FLAGS), count), np.bool_)
        self._restart(*rows[:4], mask, *self._tables, *self._limits, observation, floats, whole, flags)
        lines = Info(*floats, *whole, *flags)
        for name in self._told:
            info[name][mask] = getattr(lines, name)[:count][mask]

    def _blocks(self, count: int) -> tuple[Floats, npt.NDArray[np.int64]]:
        """The blocks of info of `count` rows: fresh ones where they are given away, else those of the last step."""
        width = count + self.spare
        if not self._lean:
            return np.empty((len(FLOATS), width)), np.empty((len(WHOLES), width), np.int64)
        if self._scratch[0].shape[1] != width:
            self._scratch = np.empty((len(FLOATS), width)), np.empty((len(WHOLES), width), np.int64)
        return self._scratch

    def advance(self, rows: ReachRows, actions: Floats, again: Mask, into: Array) -> Moved | int:
        """See `reach_gym.reach.numpy_rows.ReachBackend`."""
        count = len(actions)
        floats, whole = self._blocks(count)
        flags = np.empty((len(FLAGS) + len(Ends._fields), count), np.bool_)
        reward = np.empty(count)
        arguments = (*rows[:4], actions, again, *self._tables, *self._limits, into, floats, whole, flags, reward)
        bad = self._advance(*arguments) if self._threads == 1 else spread(self._advance, arguments, self._threads)
        if bad >= 0:
            return int(bad)
        terminated, truncated, done, every = flags[len(FLAGS) :]
        if self._lean:
            false_start, is_success = flags[LINE.false_start], flags[LINE.is_success]
            return into, reward, terminated, truncated, done, batch_outcome(false_start, is_success, every)
        info = batch_info(floats[:, :count], whole[:, :count], flags[: len(FLAGS)], every)
        return into, reward, terminated, truncated, done, info
