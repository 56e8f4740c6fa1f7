"""The Numba back end of the grid's vector environment: hands the rows to `reach_gym.grid.kernels`."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from reach_gym.grid.actions import first_bad
from reach_gym.grid.kernels import Ends, Flags, Measures, grid_kernels
from reach_gym.grid.observations import GridObservations
from reach_gym.grid.rows import GridRows, batch_info, batch_outcome
from reach_gym.grid.tables import Tables
from reach_gym.rows.records import Array, Mask
from reach_gym.rows.threads import check_threads, spread
from reach_gym.rows.vector_env import Moved

_MEASURES, _FLAGS, _ENDS = len(Measures._fields), len(Flags._fields), len(Ends._fields)
# What the loops get in the place of the lines of info that nobody asks for: the fields of `reach_gym.grid.rows.Info`.
_NOTHING = {
    "distance": np.empty(0),
    "ideal_steps": np.empty(0, np.int64),
    "in_field": np.empty(0, np.bool_),
    "radius": np.empty(0),
    "is_success": np.empty(0, np.bool_),
}


class NumbaBackend:
    """Moves the rows with compiled loops; same results as `NumpyBackend`, bit for bit."""

    name = "numba"

    def __init__(self, tables: Tables, observations: GridObservations, lean: bool, threads: int) -> None:
        """Compiles for one kind of `observations`.

        Args:
            tables: What holds for every row.
            observations: The maker of observations.
            lean: Whether info holds the outcome only.
            threads: Over how many the rows are spread.

        Raises:
            ValueError: Numba was started with fewer threads.
        """
        check_threads(threads)
        self.tables, self._observations, self._lean, self._threads = tables, observations, lean, threads
        self._advance, self._restart = grid_kernels(observations.layout, observations.write, lean, threads > 1)

    def __reduce__(self) -> tuple[object, tuple[Tables, GridObservations, bool, int]]:
        """Copies and pickles without the compiled loops."""
        return NumbaBackend, (self.tables, self._observations, self._lean, self._threads)

    def restart(self, rows: GridRows, mask: Mask, observation: Array, info: dict[str, Array]) -> None:
        """See `reach_gym.grid.numpy_rows.Backend`."""
        if self._observations.sparse:
            observation[mask] = 0
        self._restart(*rows, mask, *self.tables, observation, *(info.get(name, blank) for name, blank in _NOTHING.items()))

    def advance(self, rows: GridRows, actions: npt.NDArray[np.int64], again: Mask, into: Array | None = None) -> Moved | int:
        """See `reach_gym.grid.numpy_rows.Backend`."""
        count = len(actions)
        if into is None:
            observation = self._observations.blank(count)
        else:
            bad = first_bad(actions)  # before anything is cleared
            if bad >= 0:
                return bad
            observation = self._observations.clear(into)
        if self._lean:
            floats, flags, ideal_steps = np.empty((1, count)), np.empty((_ENDS, count), np.bool_), _NOTHING["ideal_steps"]
        else:
            floats, flags = np.empty((_MEASURES, count)), np.empty((_FLAGS, count), np.bool_)
            ideal_steps = np.empty(count, np.int64)
        arguments = (*rows, actions, again, *self.tables, observation, floats, flags, ideal_steps)
        bad = self._advance(*arguments) if self._threads == 1 else spread(self._advance, arguments, self._threads)
        if bad >= 0:
            return int(bad)
        if self._lean:
            terminated, truncated, done, every, is_success = flags
            return observation, floats[0], terminated, truncated, done, batch_outcome(is_success, every)
        # In the order of the records; making a `Measures` and a `Flags` of them would take 0.5 of 5 microseconds.
        reward, distance, radius = floats
        terminated, truncated, done, every, is_success, in_field = flags
        info = batch_info(distance, ideal_steps, in_field, radius, is_success, every)
        return observation, reward, terminated, truncated, done, info
