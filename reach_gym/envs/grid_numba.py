"""The Numba back end of the grid's vector environment: hands the rows to `reach_gym.kernels`."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from reach_gym.envs.autoreset import Batch, Mask
from reach_gym.envs.grid_rows import Rows, Rules
from reach_gym.kernels import grid_kernels
from reach_gym.observations import GridObservations, IndexObservations, PixelObservations


class NumbaBackend:
    """Moves the rows with compiled loops; same results as `NumpyBackend`, bit for bit."""

    def __init__(self, rules: Rules, observations: GridObservations, threads: int) -> None:
        """Compiles for one kind of `observations`; `threads` above 1 spreads the rows over that many.

        Raises:
            ValueError: Numba was started with fewer threads.
        """
        self._observations = observations
        most: int = numba.config.NUMBA_NUM_THREADS  # type: ignore[attr-defined]
        if threads > most:
            raise ValueError(f"`threads` must be at most {most}, the threads that Numba started, got {threads}.")
        self.rules = rules
        self._threads = threads
        self._pixels = isinstance(observations, PixelObservations)
        self._vector = False
        if isinstance(observations, IndexObservations):
            kind = "cell" if observations.stride == 1 else "pair"
        else:
            self._vector = not self._pixels
            kind = "pixels" if self._pixels else "vector"
        self._advance, self._restart = grid_kernels(kind, threads > 1)

    def __reduce__(self) -> tuple[object, tuple[Rules, GridObservations, int]]:
        """Copies and pickles without the compiled loops."""
        return NumbaBackend, (self.rules, self._observations, self._threads)

    def _blank(self, count: int) -> npt.NDArray[Any]:
        """A fresh array for the observations, in the layout that the kernels write."""
        if self._vector:
            return np.empty((count, 2), np.uint64)
        if self._pixels:
            return np.zeros((count, 2 * len(self.rules.pairs)), np.uint8)
        return np.empty(count, np.int64)

    def _shaped(self, observation: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The same memory in the layout that the caller sees."""
        if self._vector:
            return observation.view(np.float32)
        if self._pixels:
            size = int(self.rules.settings[0])
            return observation.reshape(-1, 2, size, size)
        return observation

    def restart(self, rows: Rows, mask: Mask, batch: Batch) -> None:
        """Begins the next trial in the rows of `mask` and writes their observation and info into `batch`."""
        observation = batch["observation"]
        if self._vector:
            observation = observation.view(np.uint64)
        elif self._pixels:
            observation[mask] = 0
            observation = observation.reshape(len(mask), -1)
        names = ("distance", "ideal_steps", "in_field", "radius", "is_success")
        self._restart(*rows, mask, *self.rules, observation, *(batch[name] for name in names))

    def advance(self, rows: Rows, actions: npt.NDArray[np.int64], again: Mask | None) -> Batch | int:
        """See `reach_gym.envs.grid_rows.Backend`."""
        count = len(actions)
        observation = self._blank(count)
        floats = np.empty((3, count))
        flags = np.empty((4, count), np.bool_)
        ideal_steps = np.empty(count, np.int64)
        if again is None:
            again = np.zeros(count, np.bool_)
        outputs = (observation, floats, flags, ideal_steps)
        if self._threads == 1:
            bad = self._advance(*rows, actions, again, *self.rules, *outputs)
        else:
            before = numba.get_num_threads()
            numba.set_num_threads(self._threads)
            try:
                bad = self._advance(*rows, actions, again, *self.rules, *outputs)
            finally:
                numba.set_num_threads(before)
        if bad >= 0:
            return int(bad)
        reward, distance, radius = floats
        terminated, truncated, in_field, is_success = flags
        return {
            "observation": self._shaped(observation),
            "reward": reward,
            "terminated": terminated,
            "truncated": truncated,
            "distance": distance,
            "ideal_steps": ideal_steps,
            "in_field": in_field,
            "radius": radius,
            "is_success": is_success,
        }
