"""How Ctrl-C, and the SIGTERM of a batch system or container, end a run without loss."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from reach_gym.cli.shell import Terminated

_ENDS: dict[int, type[KeyboardInterrupt]] = {signal.SIGINT: KeyboardInterrupt, signal.SIGTERM: Terminated}


@contextmanager
def deferred_interrupt() -> Iterator[Callable[[], bool]]:
    """Lets a run finish what it is doing, and save, before Ctrl-C or SIGTERM ends it.

    Yields:
        A function that says whether one of them came. A second one interrupts at once. Outside of the main thread, where
        signals cannot be handled, it always says no.

    Raises:
        KeyboardInterrupt: When the block is done, if Ctrl-C was pressed.
        reach_gym.cli.shell.Terminated: Likewise, after SIGTERM.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    came: list[int] = []

    def end(number: int, frame: FrameType | None) -> None:
        if came:
            raise _ENDS[number]
        came.append(number)

    former = {number: signal.signal(number, end) for number in _ENDS}
    try:
        yield lambda: bool(came)
    finally:
        for number, handler in former.items():
            if handler is not None:  # one that Python did not set cannot be set again by it
                signal.signal(number, handler)
    if came:
        raise _ENDS[came[0]]
