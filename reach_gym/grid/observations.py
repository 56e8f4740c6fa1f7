"""What an agent sees of the grid: one small class per kind of observation.

Each has the same methods: `aim` at a new target, then `see` the cursor (scalar environment); `batch` (NumPy back end);
`decode`, the inverse, for agents that know the task. Arrays that leave these classes are never reused.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from reach_gym import checks

Cells = npt.NDArray[np.int64]
PIXEL = 255  # value of the one lit pixel of each channel


class GridObservations(Protocol):
    """How one kind of observation is made and read."""

    @property
    def space(self) -> spaces.Space[Any]:
        """The space of one observation."""

    def aim(self, target: int) -> None:
        """Prepares `see` for a new target cell."""

    def see(self, cell: int) -> Any:
        """The observation of a cursor at `cell`."""

    def batch(self, cursor: Cells, target: Cells) -> npt.NDArray[Any]:
        """The observations of a batch of cells."""

    def decode(self, observations: npt.NDArray[Any]) -> tuple[Cells, Cells]:
        """The cells of cursor and target, each (n,), from a batch of observations."""


class VectorObservations:
    """float32 (4,): x, y of the cursor, x, y of the target, scaled to [0, 1]."""

    def __init__(self, size: int) -> None:
        """Prepares a grid of `size` x `size` squares."""
        self._size = size
        cells = np.arange(size * size)
        scale = np.float32(size - 1)
        self.coordinates: npt.NDArray[np.float32] = np.stack([cells % size, cells // size], axis=1).astype(np.float32) / scale
        self._table = np.concatenate([self.coordinates, self.coordinates], axis=1)
        self._lines = list(self._table)  # views: looking one up is twice as fast as indexing the array
        self.space = spaces.Box(0.0, 1.0, (4,), np.float32)

    def __reduce__(self) -> tuple[object, tuple[int, npt.NDArray[np.float32]]]:
        """Copies and pickles whole, so that the views stay views."""
        return _vector_observations, (self._size, self._table)

    def aim(self, target: int) -> None:
        """Prepares `see` for a new target cell."""
        self._table[:, 2:] = self.coordinates[target]

    def see(self, cell: int) -> npt.NDArray[np.float32]:
        """The observation of a cursor at `cell`."""
        seen: npt.NDArray[np.float32] = self._lines[cell].copy()
        return seen

    def batch(self, cursor: Cells, target: Cells) -> npt.NDArray[np.float32]:
        """The observations (n, 4) of a batch of cells."""
        observation = np.empty((len(cursor), 4), np.float32)
        observation[:, :2] = self.coordinates[cursor]
        observation[:, 2:] = self.coordinates[target]
        return observation

    def decode(self, observations: npt.NDArray[Any]) -> tuple[Cells, Cells]:
        """The cells of cursor and target from observations (n, 4)."""
        squares = np.rint(np.asarray(observations) * (self._size - 1)).astype(np.int64)
        return (
            squares[:, 1] * self._size + squares[:, 0],
            squares[:, 3] * self._size + squares[:, 2],
        )


def _vector_observations(size: int, table: npt.NDArray[np.float32]) -> VectorObservations:
    made = VectorObservations(size)
    made._table[:] = table
    return made


class PixelObservations:
    """uint8 (2, size, size): the target's square is 255 in channel 0, the cursor's in channel 1; [channel, y, x]."""

    def __init__(self, size: int) -> None:
        """Prepares a grid of `size` x `size` squares."""
        self._size = size
        self._template = np.zeros((2, size, size), np.uint8)
        self._squares = [divmod(cell, size) for cell in range(size * size)]
        self.space = spaces.Box(0, PIXEL, (2, size, size), np.uint8)

    def aim(self, target: int) -> None:
        """Prepares `see` for a new target cell."""
        self._template[0] = 0
        self._template[0, target // self._size, target % self._size] = PIXEL

    def see(self, cell: int) -> npt.NDArray[np.uint8]:
        """The observation of a cursor at `cell`."""
        image = self._template.copy()
        y, x = self._squares[cell]
        image[1, y, x] = PIXEL
        return image

    def batch(self, cursor: Cells, target: Cells) -> npt.NDArray[np.uint8]:
        """The observations (n, 2, size, size) of a batch of cells."""
        rows = np.arange(len(cursor))
        images = np.zeros((len(cursor), 2, self._size, self._size), np.uint8)
        images[rows, 0, target // self._size, target % self._size] = PIXEL
        images[rows, 1, cursor // self._size, cursor % self._size] = PIXEL
        return images

    def decode(self, observations: npt.NDArray[Any]) -> tuple[Cells, Cells]:
        """The cells of cursor and target from observations (n, 2, size, size)."""
        flat = np.asarray(observations).reshape(len(observations), 2, -1)
        return flat[:, 1].argmax(axis=1), flat[:, 0].argmax(axis=1)


class IndexObservations:
    """An integer: the cursor's cell; ``cursor * size**2 + target`` where the target changes from trial to trial."""

    def __init__(self, size: int, fixed_target: int) -> None:
        """Prepares a grid of `size` x `size` squares; `fixed_target` is -1 where the target is drawn."""
        self._cells = size * size
        self._fixed = fixed_target
        self._target = 0
        self.stride = self._cells if fixed_target < 0 else 1
        self.space = spaces.Discrete(self._cells * self.stride)

    def aim(self, target: int) -> None:
        """Prepares `see` for a new target cell."""
        self._target = target if self._fixed < 0 else 0

    def see(self, cell: int) -> int:
        """The observation of a cursor at `cell`."""
        return cell * self.stride + self._target

    def batch(self, cursor: Cells, target: Cells) -> npt.NDArray[np.int64]:
        """The observations (n,) of a batch of cells."""
        return cursor * self.stride + (target if self._fixed < 0 else 0)

    def decode(self, observations: npt.NDArray[Any]) -> tuple[Cells, Cells]:
        """The cells of cursor and target from observations (n,)."""
        index = np.asarray(observations, np.int64)
        if self._fixed < 0:
            return index // self._cells, index % self._cells
        return index, np.full_like(index, self._fixed)


KINDS = ("vector", "pixels", "index")


def grid_observations(kind: Any, size: int, fixed_target: int) -> GridObservations:
    """The observations of one `kind` on a grid of `size` x `size` squares.

    Args:
        kind: ``"vector"``, ``"pixels"`` or ``"index"``.
        size: Squares along one side.
        fixed_target: The target's cell, or -1 where it is drawn.

    Raises:
        TypeError: `kind` is no string.
        ValueError: `kind` is unknown.
    """
    if checks.choice("observation", kind, KINDS) == "vector":
        return VectorObservations(size)
    return PixelObservations(size) if kind == "pixels" else IndexObservations(size, fixed_target)
