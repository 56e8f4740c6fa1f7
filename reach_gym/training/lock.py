"""A directory that one process has for itself.

The lock is the operating system's: it ends with its process, however that ends, so that none is ever left over. The file says
which process it is.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOCK = "run.lock"
"""The file in a directory that is in use."""

if sys.platform == "win32":
    import msvcrt

    _BYTE = 2**30  # what is locked nobody can read there, and the number of the process must be

    def _lock(handle: int) -> bool:
        os.lseek(handle, _BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        os.lseek(handle, 0, os.SEEK_SET)
        return True

else:
    import fcntl

    def _lock(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:  # some network file systems have no locks: better to run there without than not at all
            pass
        return True


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Keeps every other process out of `directory`, which must exist, until the block ends.

    Raises:
        ValueError: Another process is in it; the message has its number.
        OSError: The directory cannot be written to.
    """
    path = directory / LOCK
    handle = _acquire(path)
    try:
        os.ftruncate(handle, 0)  # of a process that was killed
        os.write(handle, f"{os.getpid()}\n".encode())
        yield
    finally:
        try:
            with contextlib.suppress(OSError):  # Windows keeps what is open; an unlocked file does no harm
                path.unlink()
        finally:
            os.close(handle)


def _acquire(path: Path) -> int:
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o644)
        try:
            if not _lock(handle):
                raise ValueError(f"{path.parent} is in use by {_owner(path)}; wait for its end, or choose another directory.")
            if _is(path, handle):
                return handle
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)  # its owner removed it between our two looks


def _is(path: Path, handle: int) -> bool:
    """Whether `path` still is the file that is open as `handle`."""
    try:
        return os.path.samestat(os.stat(path), os.fstat(handle))
    except FileNotFoundError:
        return False


def _owner(path: Path) -> str:
    try:
        return f"process {int(path.read_text())}"
    except (OSError, ValueError):  # it has not written its number yet, or has just gone
        return "another process"
