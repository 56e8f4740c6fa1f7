"""What an agent sees of the grid: one class per kind of observation, all of them in the table `KINDS`.

A new kind is a class here and a line in the table. Its `write` is the only place that says how an observation is laid out for
many rows; arrays and Numba call it. Arrays that leave these classes are never reused.
"""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from gymnasium import spaces

Cells = npt.NDArray[np.int64]
PIXEL = 255  # value of the one lit pixel of each channel


@functools.lru_cache(maxsize=64)
def scaled_squares(size: int) -> npt.NDArray[np.float32]:
    """The x and y of every cell, scaled to [0, 1]: read-only float32 (cells, 2)."""
    cells = np.arange(size * size)
    squares = np.stack([cells % size, cells // size], axis=1).astype(np.float32) / np.float32(size - 1)
    squares.setflags(write=False)
    return squares


def words_of(size: int) -> npt.NDArray[np.uint64]:
    """`scaled_squares` as uint64 (cells,): the two float32 of a square side by side, copied as one word.

    A copy that can be written to, as all arrays that compiled loops get: they distinguish them from read-only ones.
    """
    return scaled_squares(size).view(np.uint64)[:, 0].copy()


class GridObservations(ABC):
    """How one kind of observation is made and read.

    Attributes:
        meaning: The kind in one line, for the documentation.
        sparse: Whether `write` relies on zeros where it writes nothing.
        layout: The view of a batch of observations that `write` takes; for NumPy and Numba.
        write: ``write(view, i, cursor, target, words)`` writes the observation of row i of the view, or of an array of rows, from
            the cells of cursor and target; `words` are `words_of` the size. Component-wise, for NumPy and Numba.
        shape: Of one observation as `write` writes it.
        dtype: Of its numbers.
        space: The space of one observation.
    """

    meaning: ClassVar[str]
    sparse: ClassVar[bool] = False
    layout: Callable[..., Any]
    write: Callable[..., None]
    shape: tuple[int, ...]
    dtype: ClassVar[type[Any]]
    space: spaces.Space[Any]

    def __init__(self, size: int, fixed_target: int) -> None:
        """Prepares a grid of `size` x `size` squares; `fixed_target` is the target's cell, or -1 where it is drawn."""
        self._size, self._fixed = size, fixed_target
        self._words = words_of(size)

    @abstractmethod
    def aim(self, target: int) -> None:
        """Prepares `see` for a new target cell."""

    @abstractmethod
    def see(self, cell: int) -> Any:
        """The observation of a cursor at `cell`: what `write` writes, in a way that is fast for a single environment.

        It takes 0.1 to 0.7 microseconds, a `batch` of one 4 to 7, where the rest of a step takes 0.4.
        """

    @abstractmethod
    def decode(self, observations: Any) -> tuple[Cells, Cells]:
        """The cells of cursor and target, each (n,), from a batch of observations."""

    def present(self, batch: npt.NDArray[Any]) -> Any:
        """The batch in the form of the batched space."""
        return batch

    def blank(self, count: int) -> npt.NDArray[Any]:
        """A fresh array for the observations of so many rows, all of whom are then written."""
        return (np.zeros if self.sparse else np.empty)((count, *self.shape), self.dtype)

    def clear(self, observations: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Makes a used array as good as one of `blank`."""
        if self.sparse:
            observations[...] = 0
        return observations

    def batch(self, cursor: Cells, target: Cells, into: npt.NDArray[Any] | None = None) -> npt.NDArray[Any]:
        """The observations of a batch of cells, in a fresh array unless there is one to write them `into`."""
        observations = self.blank(len(cursor)) if into is None else self.clear(into)
        self.write(self.layout(observations), np.arange(len(cursor)), cursor, target, self._words)
        return observations


def _as_words(observations: Any) -> Any:
    return observations.view(np.uint64)


def _write_vector(view: Any, i: Any, cursor: Any, target: Any, words: Any) -> None:
    view[i, 0] = words[cursor]
    view[i, 1] = words[target]


class VectorObservations(GridObservations):
    """float32 (4,): x, y of the cursor, x, y of the target, scaled to [0, 1]."""

    meaning = "float32 (4,), x and y of the cursor, then of the target, scaled to [0, 1]"
    layout, write = staticmethod(_as_words), staticmethod(_write_vector)
    shape, dtype = (4,), np.float32

    def __init__(self, size: int, fixed_target: int) -> None:
        """See `GridObservations`."""
        super().__init__(size, fixed_target)
        self._squares = scaled_squares(size)
        self._table = np.tile(self._squares, 2)
        self._lines = list(self._table)  # views: looking one up is twice as fast as indexing the array
        self.space = spaces.Box(0.0, 1.0, self.shape, self.dtype)

    def __reduce__(self) -> tuple[object, tuple[type[VectorObservations], int, int, npt.NDArray[np.float32]]]:
        """Copies and pickles whole, so that the views stay views."""
        return _again, (type(self), self._size, self._fixed, self._table)

    def aim(self, target: int) -> None:
        """See `GridObservations`."""
        self._table[:, 2:] = self._squares[target]

    def see(self, cell: int) -> Any:
        """See `GridObservations`."""
        return self._lines[cell].copy()

    def decode(self, observations: Any) -> tuple[Cells, Cells]:
        """See `GridObservations`."""
        squares = np.rint(np.asarray(observations) * (self._size - 1)).astype(np.int64)
        return squares[:, 1] * self._size + squares[:, 0], squares[:, 3] * self._size + squares[:, 2]


def _again(kind: type[VectorObservations], size: int, fixed_target: int, table: npt.NDArray[np.float32]) -> VectorObservations:
    made = kind(size, fixed_target)
    made._table[:] = table
    return made


class GoalObservations(VectorObservations):
    """The dict of goal-conditioned learning, all float32 (2,), scaled to [0, 1].

    ``observation`` and ``achieved_goal``: x, y of the cursor; ``desired_goal``: x, y of the target.
    """

    meaning = (
        "a dict of float32 (2,), scaled to [0, 1], `observation` and `achieved_goal`, x and y of the cursor, and `desired_goal`, "
        "those of the target"
    )

    def __init__(self, size: int, fixed_target: int) -> None:
        """See `GridObservations`."""
        super().__init__(size, fixed_target)
        self.space = spaces.Dict({name: spaces.Box(0.0, 1.0, (2,), np.float32) for name in _PARTS})

    def see(self, cell: int) -> dict[str, npt.NDArray[np.float32]]:
        """See `GridObservations`."""
        return self.present(self._lines[cell])

    def present(self, batch: npt.NDArray[Any]) -> dict[str, npt.NDArray[np.float32]]:
        """See `GridObservations`."""
        return {name: batch[..., part].copy() for name, part in _PARTS.items()}

    def decode(self, observations: Any) -> tuple[Cells, Cells]:
        """See `GridObservations`."""
        return super().decode(np.concatenate([observations["observation"], observations["desired_goal"]], axis=-1))


_CURSOR, _TARGET = slice(0, 2), slice(2, 4)  # of what `_write_vector` writes
_PARTS = {"observation": _CURSOR, "achieved_goal": _CURSOR, "desired_goal": _TARGET}


def _flat(observations: Any) -> Any:
    rows, channels, height, width = observations.shape
    return observations.reshape(rows, channels * height * width)


def _write_pixels(view: Any, i: Any, cursor: Any, target: Any, words: Any) -> None:
    view[i, target] = PIXEL
    view[i, len(words) + cursor] = PIXEL


class PixelObservations(GridObservations):
    """uint8 (2, size, size): the target's square is 255 in channel 0, the cursor's in channel 1; [channel, y, x]."""

    meaning = "uint8 (2, size, size) as [channel, y, x], the target's square is 255 in channel 0, the cursor's in channel 1"
    sparse = True
    layout, write = staticmethod(_flat), staticmethod(_write_pixels)
    dtype = np.uint8

    def __init__(self, size: int, fixed_target: int) -> None:
        """See `GridObservations`."""
        super().__init__(size, fixed_target)
        self.shape = 2, size, size
        self._template = np.zeros(self.shape, self.dtype)
        self._squares = [divmod(cell, size) for cell in range(size * size)]
        self.space = spaces.Box(0, PIXEL, self.shape, self.dtype)

    def aim(self, target: int) -> None:
        """See `GridObservations`."""
        self._template[0] = 0
        self._template[0, target // self._size, target % self._size] = PIXEL

    def see(self, cell: int) -> npt.NDArray[np.uint8]:
        """See `GridObservations`."""
        image = self._template.copy()
        y, x = self._squares[cell]
        image[1, y, x] = PIXEL
        return image

    def decode(self, observations: Any) -> tuple[Cells, Cells]:
        """See `GridObservations`."""
        flat = np.asarray(observations).reshape(len(observations), 2, -1)
        return flat[:, 1].argmax(axis=1), flat[:, 0].argmax(axis=1)


def _as_it_is(observations: Any) -> Any:
    return observations


def _write_cell(view: Any, i: Any, cursor: Any, target: Any, words: Any) -> None:
    view[i] = cursor


def _write_pair(view: Any, i: Any, cursor: Any, target: Any, words: Any) -> None:
    view[i] = cursor * len(words) + target


class IndexObservations(GridObservations):
    """An integer: the cursor's cell; ``cursor * size**2 + target`` where the target changes from trial to trial."""

    meaning = "an integer, the cursor's cell y * size + x; where the target is drawn cursor * size**2 + target"
    layout = staticmethod(_as_it_is)
    shape, dtype = (), np.int64

    def __init__(self, size: int, fixed_target: int) -> None:
        """See `GridObservations`."""
        super().__init__(size, fixed_target)
        self._target = 0
        self._stride = size * size if fixed_target < 0 else 1
        self.write = _write_pair if fixed_target < 0 else _write_cell
        self.space = spaces.Discrete(size * size * self._stride)

    def aim(self, target: int) -> None:
        """See `GridObservations`."""
        self._target = target if self._fixed < 0 else 0

    def see(self, cell: int) -> int:
        """See `GridObservations`."""
        return cell * self._stride + self._target

    def decode(self, observations: Any) -> tuple[Cells, Cells]:
        """See `GridObservations`."""
        index = np.asarray(observations, np.int64)
        if self._fixed < 0:
            return index // self._stride, index % self._stride
        return index, np.full_like(index, self._fixed)


KINDS: dict[str, type[GridObservations]] = {
    "vector": VectorObservations,
    "pixels": PixelObservations,
    "index": IndexObservations,
    "goal": GoalObservations,
}
# For Numba: what the kernels call of each kind.
COMPONENT_WISE = (_as_words, _write_vector, _flat, _write_pixels, _as_it_is, _write_cell, _write_pair)
