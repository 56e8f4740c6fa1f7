"""The one way in which this package writes files: a reader, or a crash at any moment, sees the old file or the new one, whole.

What is new is written under a temporary name beside the file, brought to the disk, and renamed. Whatever goes wrong, a full disk
too, removes the temporary; only a killed process leaves it behind, and `leftovers` finds it.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# Windows refuses to replace a file that somebody reads, a virus scanner above all: seconds to go on trying, and between tries.
PATIENCE, _PAUSE = 2.0, 0.05
_LONGEST = 40  # letters of the name that a temporary keeps, so that it is never too long for the file system
_TEMPORARY = re.compile(r"\..*-[0-9a-f]{12}\.partial(\.[^.]*)?")


def write(path: str | os.PathLike[str], data: bytes) -> None:
    """Writes `data` in place of the file that `path` may be; its folder must exist.

    Raises:
        OSError: The file cannot be written; the old one is kept.
    """
    with replacing(path) as partial:
        partial.write_bytes(data)


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """For writers that want a path: what they write to the one yielded takes the place of `path` when the block ends well.

    Args:
        path: The file; its folder must exist.

    Yields:
        The path of a new file in the same folder and with the same ending, by which some writers choose the format.

    Raises:
        OSError: The file cannot be written, or the block did not write it; the old one is kept.
    """
    target = Path(path)
    partial = target.with_name(f".{target.stem[:_LONGEST]}-{uuid.uuid4().hex[:12]}.partial{target.suffix}")
    try:
        yield partial
        _sync(partial, os.O_RDWR)
        _rename(partial, target)
    except BaseException:
        with contextlib.suppress(OSError):  # what went wrong first is what counts
            partial.unlink()
        raise
    if os.name == "posix":  # elsewhere a directory cannot be opened, and a rename needs no help to last
        _sync(target.parent, os.O_RDONLY)


def leftovers(folder: Path) -> list[Path]:
    """The temporaries in `folder`: of writers that were killed, or that are at work just now."""
    return [path for path in folder.iterdir() if _TEMPORARY.fullmatch(path.name)]


def _sync(path: Path, flags: int) -> None:
    handle = os.open(path, flags)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _rename(partial: Path, target: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            partial.replace(target)
        except PermissionError:
            if time.monotonic() > deadline:
                raise
            time.sleep(_PAUSE)
        else:
            return
