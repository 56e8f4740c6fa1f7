"""The Numba back end of a continuous reach: hands the rows to `reach_gym.reach.kernels`."""

from __future__ import annotations

from typing import Any

import numpy as np

from reach_gym.reach.info import FLAGS, FLOATS, WHOLES, Ends, Info, batch_info
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

    def __init__(self, task: Reach, tables: ReachTables, observations: Observations, threads: int) -> None:
        """Compiles for one kind of plant, of `observations` and of reward; `threads` above 1 spreads the rows over that many.

        Raises:
            ValueError: Numba was started with fewer threads.
        """
        check_threads(threads)
        self._arguments = task, tables, observations, threads
        self._tables, self._threads = tables, threads
        self._limits = observations.place_limit, observations.speed_limit, observations.per_metre, observations.per_speed
        self._shape, self._dtype = observations.shape, observations.dtype
        self._advance, self._restart = reach_kernels(task.plant.kind, observations.kind, task.reward, threads > 1)

    def __reduce__(self) -> tuple[object, tuple[Any, ...]]:
        """Copies and pickles without the compiled loops."""
        return NumbaBackend, self._arguments

    def restart(self, rows: ReachRows, mask: Mask, observation: Array, info: InfoArrays) -> None:
        """See `reach_gym.reach.numpy_rows.ReachBackend`."""
        count = len(mask)
        floats = np.empty((len(FLOATS), count))
        whole = np.empty((len(WHOLES), count), np.int64)
        flags = np.empty((len(FLAGS), count), np.bool_)
        self._restart(*rows, mask, self._tables, self._limits, observation, floats, whole, flags)
        for name, values in zip(Info._fields, (*floats, *whole, *flags), strict=True):
            info[name][mask] = values[mask]

    def advance(self, rows: ReachRows, actions: Floats, again: Mask) -> Moved | int:
        """See `reach_gym.reach.numpy_rows.ReachBackend`."""
        count = len(actions)
        observation = np.empty((count, *self._shape), self._dtype)
        floats = np.empty((len(FLOATS), count + self.spare))
        whole = np.empty((len(WHOLES), count + self.spare), np.int64)
        flags = np.empty((len(FLAGS) + len(Ends._fields), count), np.bool_)
        reward = np.empty(count)
        arguments = (*rows, actions, again, self._tables, self._limits, observation, floats, whole, flags, reward)
        bad = self._advance(*arguments) if self._threads == 1 else spread(self._advance, arguments, self._threads)
        if bad >= 0:
            return int(bad)
        terminated, truncated, done, every = flags[len(FLAGS) :]
        info = batch_info(floats[:, :count], whole[:, :count], flags[: len(FLAGS)], every)
        return observation, reward, terminated, truncated, done, info
