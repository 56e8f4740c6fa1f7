"""The Numba back end of the grid's vector environment: hands the rows to `reach_gym.grid.kernels`."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from reach_gym.grid.kernels import grid_kernels
from reach_gym.grid.numpy_rows import INFO_NAMES, Rules, grid_info
from reach_gym.grid.observations import GridObservations, IndexObservations, PixelObservations
from reach_gym.grid.rows import Rows
from reach_gym.rows.records import Mask
from reach_gym.rows.threads import check_threads, spread
from reach_gym.rows.vector_env import Array, Info, Moved


class NumbaBackend:
    """Moves the rows with compiled loops; same results as `NumpyBackend`, bit for bit."""

    def __init__(self, rules: Rules, observations: GridObservations, threads: int) -> None:
        """Compiles for one kind of `observations`; `threads` above 1 spreads the rows over that many.

        Raises:
            ValueError: Numba was started with fewer threads.
        """
        self._observations = observations
        check_threads(threads)
        self.rules = rules
        self._threads = threads
        kind = _kind(observations)
        self._shape, self._dtype = observations.space.shape or (), observations.space.dtype
        self._new = np.zeros if kind == "pixels" else np.empty
        self._advance, self._restart = grid_kernels(kind, threads > 1)

    def __reduce__(self) -> tuple[object, tuple[Rules, GridObservations, int]]:
        """Copies and pickles without the compiled loops."""
        return NumbaBackend, (self.rules, self._observations, self._threads)

    def restart(self, rows: Rows, mask: Mask, observation: Array, info: Info) -> None:
        """See `reach_gym.grid.numpy_rows.Backend`."""
        if observation.dtype == np.uint8:
            observation[mask] = 0
        outputs = (observation, *(info[name] for name in INFO_NAMES))
        self._restart(*rows, mask, *self.rules, *outputs)

    def advance(self, rows: Rows, actions: npt.NDArray[np.int64], again: Mask) -> Moved | int:
        """See `reach_gym.grid.numpy_rows.Backend`."""
        count = len(actions)
        observation = self._new((count, *self._shape), self._dtype)
        floats = np.empty((3, count))
        flags = np.empty((6, count), np.bool_)
        ideal_steps = np.empty(count, np.int64)
        arguments = (*rows, actions, again, *self.rules, observation, floats, flags, ideal_steps)
        bad = self._advance(*arguments) if self._threads == 1 else spread(self._advance, arguments, self._threads)
        if bad >= 0:
            return int(bad)
        reward, distance, radius = floats
        terminated, truncated, in_field, is_success, done, every = flags
        info = grid_info(distance, ideal_steps, in_field, radius, is_success, every)
        return observation, reward, terminated, truncated, done, info


def _kind(observations: GridObservations) -> str:
    if isinstance(observations, IndexObservations):
        return "cell" if observations.stride == 1 else "pair"
    return "pixels" if isinstance(observations, PixelObservations) else "vector"
