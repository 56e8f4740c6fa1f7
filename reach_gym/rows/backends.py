"""What moves the rows of a vector environment: NumPy, or Numba where it is installed. Both give the same bits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from reach_gym.errors import missing_extra
from reach_gym.rows.keywords import Rows

_Backend = TypeVar("_Backend")


def make_backend(
    keywords: Rows, numpy: Callable[..., _Backend], numba: Callable[[], Callable[..., _Backend]], *arguments: Any
) -> _Backend:
    """Makes the back end that the `keywords` name.

    Args:
        keywords: `backend` and `threads` of the vector environment.
        numpy: Called with the `arguments` for the NumPy back end.
        numba: Imports the Numba back end, which is called with the `arguments` and the number of threads.
        arguments: What both of them are made of.

    Raises:
        gymnasium.error.DependencyNotInstalled: Numba is asked for and missing.
        ValueError: More than one thread, and nothing to spread the rows over them.
    """
    if keywords.backend != "numpy":
        try:
            compiled = numba()
        except ImportError:
            if keywords.backend == "numba":
                raise missing_extra("numba", "fast") from None
        else:
            return compiled(*arguments, keywords.threads)
    if keywords.threads > 1:
        raise ValueError(f"`threads` must be 1 with the NumPy back end, got {keywords.threads}.")
    return numpy(*arguments)
