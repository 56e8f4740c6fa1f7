"""Large arrays whose memory is used again as soon as nobody holds it.

The system hands out a large array page by page, which takes longer than to fill it, and takes it back at once.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

LARGE = 2**24  # bytes, from which on arrays come from here
_KEPT = 2  # while one batch is made, its predecessor is mostly still held


def _holders(blocks: list[npt.NDArray[np.uint8]]) -> list[int]:
    return [sys.getrefcount(block) for block in blocks]


# Only CPython with its lock counts exactly. How many holders there are of a block that nobody else holds depends on its version.
_COUNTED = sys.implementation.name == "cpython" and getattr(sys, "_is_gil_enabled", lambda: True)()
_ALONE = _holders([np.empty(0, np.uint8)])[0]


class Pages:
    """The memory of large arrays that were handed out last; a view of an array holds it, too."""

    def __init__(self) -> None:
        """Holds nothing."""
        self._blocks: list[npt.NDArray[np.uint8]] = []

    def __reduce__(self) -> tuple[type[Pages], tuple[()]]:
        """Copies and pickles empty."""
        return Pages, ()

    def empty(self, shape: tuple[int, ...], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
        """As `numpy.empty`: an array that shares memory with none that anybody holds."""
        kind = np.dtype(dtype)
        size = math.prod(shape) * kind.itemsize
        self._blocks = [block for block in self._blocks if block.nbytes == size]
        free = [k for k, count in enumerate(_holders(self._blocks)) if count == _ALONE]
        if not free:
            self._blocks = [*self._blocks, np.empty(size, np.uint8)][-_KEPT:]
        return self._blocks[free[0] if free else -1].view(kind).reshape(shape)


def array_maker(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Callable[..., npt.NDArray[Any]]:
    """What makes an array of `shape` and `dtype` again and again: `Pages.empty` for large ones, else `numpy.empty`."""
    return Pages().empty if _COUNTED and math.prod(shape) * dtype.itemsize >= LARGE else np.empty
