"""The Numba back end of the cursor's vector environment: hands the rows to `reach_gym.reach.kernels`."""

from __future__ import annotations

from typing import Any

import numpy as np

from reach_gym.reach.kernels import cursor_kernels
from reach_gym.reach.keywords import CursorTask
from reach_gym.reach.numpy_rows import FLAG_INFO, FLOAT_INFO, INFO, WHOLE_INFO, cursor_info
from reach_gym.reach.observations import CursorObservations
from reach_gym.reach.rows import CursorRows, CursorRules, Floats
from reach_gym.rows.records import Mask
from reach_gym.rows.threads import check_threads, spread
from reach_gym.rows.vector_env import Array, Info, Moved


class NumbaBackend:
    """Moves the rows with compiled loops; same results as `NumpyBackend`, bit for bit."""

    # Lines of numbers that lie a power of two apart would compete for the same places of the processor's cache.
    spare = 8

    def __init__(self, task: CursorTask, rules: CursorRules, observations: CursorObservations, threads: int) -> None:
        """Compiles for one kind of `observations`; `threads` above 1 spreads the rows over that many.

        Raises:
            ValueError: Numba was started with fewer threads.
        """
        check_threads(threads)
        self._arguments = task, rules, observations, threads
        self._rules, self._threads = rules, threads
        self._limits = observations.place_limit, observations.speed_limit
        blank = np.zeros((1,))
        empty: Any = (blank, blank)
        one = observations.batch(empty, blank, blank, empty, (blank,) * 4, empty)
        self._shape, self._dtype = one.shape[1:], one.dtype
        self._advance, self._restart = cursor_kernels(observations.kind, observations.late_goal, threads > 1)

    def __reduce__(self) -> tuple[object, tuple[Any, ...]]:
        """Copies and pickles without the compiled loops."""
        return NumbaBackend, self._arguments

    def restart(self, rows: CursorRows, mask: Mask, observation: Array, info: Info) -> None:
        """See `reach_gym.reach.numpy_rows.CursorBackend`."""
        count = len(mask)
        floats = np.empty((len(FLOAT_INFO), count))
        whole = np.empty((len(WHOLE_INFO), count), np.int64)
        flags = np.empty((len(FLAG_INFO), count), np.bool_)
        self._restart(*rows, mask, self._rules, self._limits, observation, floats, whole, flags)
        for name, values in zip(INFO, (*floats, *whole, *flags), strict=True):
            info[name][mask] = values[mask]

    def advance(self, rows: CursorRows, actions: Floats, again: Mask) -> Moved | int:
        """See `reach_gym.reach.numpy_rows.CursorBackend`."""
        count = len(actions)
        observation = np.empty((count, *self._shape), self._dtype)
        floats = np.empty((len(FLOAT_INFO), count + self.spare))
        whole = np.empty((len(WHOLE_INFO), count + self.spare), np.int64)
        flags = np.empty((len(FLAG_INFO) + 4, count), np.bool_)
        reward = np.empty(count)
        arguments = (*rows, actions, again, self._rules, self._limits, observation, floats, whole, flags, reward)
        bad = self._advance(*arguments) if self._threads == 1 else spread(self._advance, arguments, self._threads)
        if bad >= 0:
            return int(bad)
        terminated, truncated, done, every = flags[len(FLAG_INFO) :]
        info = cursor_info(floats[:, :count], whole[:, :count], flags[: len(FLAG_INFO)], every)
        return observation, reward, terminated, truncated, done, info
