"""How many threads of Numba move the rows. Imported on demand, where Numba is installed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba


def check_threads(threads: int) -> None:
    """Refuses more `threads` than Numba was started with."""
    most: int = numba.config.NUMBA_NUM_THREADS  # type: ignore[attr-defined]
    if threads > most:
        raise ValueError(f"`threads` must be at most {most}, the threads that Numba started, got {threads}.")


def spread(kernel: Callable[..., Any], arguments: tuple[Any, ...], threads: int) -> Any:
    """Calls `kernel` with its loops spread over so many `threads`."""
    before = numba.get_num_threads()
    numba.set_num_threads(threads)
    try:
        return kernel(*arguments)
    finally:
        numba.set_num_threads(before)
