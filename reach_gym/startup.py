"""Ctrl-C in the first seconds of a command, while Python still imports what it needs.

Imports are the wrong place for a `KeyboardInterrupt`: some code turns it into another error, and its traceback helps nobody.
There is nothing to save yet, so a command that is interrupted there just ends. In all other processes nothing changes.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

_SCRIPTS = ("reach-gym", "reach-gym.exe")
_PACKAGES = ("reach_gym", "agents", "benchmarks")  # that are run by ``python -m``


@contextmanager
def importing() -> Iterator[None]:
    """For the imports of a command: Ctrl-C within the block ends it with exit code 130."""
    if not _is_command() or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    signal.signal(signal.SIGINT, _quit)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _is_command() -> bool:
    """Whether this process was started as one of our commands, and this is the thread that hears signals."""
    path = Path(getattr(sys, "argv", [""])[0] or "")
    # Python calls it "-m" as long as it looks for the package to run, and so imports it.
    named = path.name in _SCRIPTS or str(path) == "-m" or (path.name == "__main__.py" and path.parent.name in _PACKAGES)
    return named and threading.current_thread() is threading.main_thread()


def _quit(number: int, frame: FrameType | None) -> None:
    os.write(2, b"interrupted\n")
    os._exit(130)
