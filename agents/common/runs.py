"""Run directories: when one may be made, continued or replaced, and how Ctrl-C ends a run without loss."""

from __future__ import annotations

import json
import shutil
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from reach_gym import files

MARKER = "run.json"
"""The file by which a run directory of ours is known; only such a directory is ever deleted."""


def prepare(directory: Path, kind: str, resume: bool = False, overwrite: bool = False) -> None:
    """Makes `directory` ready for a run.

    Args:
        directory: The run directory; an empty one counts as missing.
        kind: What is run; a directory of another kind is neither continued nor replaced.
        resume: Continue the run that is there.
        overwrite: Delete the run that is there.

    Raises:
        ValueError: `resume` and `overwrite` together; the directory holds something and neither is asked for,
            or it is no run directory of this `kind`; there is nothing to resume.
        OSError: The directory cannot be made or deleted.
    """
    if resume and overwrite:
        raise ValueError("`--resume` and `--overwrite` exclude each other.")
    taken = directory.is_symlink() or (directory.exists() and (not directory.is_dir() or any(directory.iterdir())))
    if not taken:
        if resume:
            raise ValueError(f"there is no run in {directory} to resume.")
        directory.mkdir(parents=True, exist_ok=True)
        files.write(directory / MARKER, _mark(kind))
    elif not (resume or overwrite):
        raise ValueError(f"{directory} exists; choose another directory, `--resume` or `--overwrite`.")
    elif not is_run(directory, kind):
        raise ValueError(f"{directory} is no {kind} run of reach_gym; it is left as it is.")
    elif overwrite:
        shutil.rmtree(directory)
        prepare(directory, kind)


def is_run(directory: Path, kind: str) -> bool:
    """Whether `directory` is a real directory that `prepare` made for a run of this `kind`."""
    marker = directory / MARKER
    if directory.is_symlink() or not directory.is_dir() or marker.is_symlink() or not marker.is_file():
        return False
    mark = _mark(kind)
    with marker.open("rb") as file:
        return file.read(len(mark) + 1) == mark


def _mark(kind: str) -> bytes:
    return json.dumps({"made_by": "reach_gym", "kind": kind}).encode() + b"\n"


@contextmanager
def deferred_interrupt() -> Iterator[Callable[[], bool]]:
    """Lets a run finish what it is doing before Ctrl-C ends it.

    Yields:
        A function that says whether Ctrl-C was pressed. A second Ctrl-C interrupts at once. Outside of the
        main thread, where signals cannot be handled, it always says no.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    pressed = False

    def press(number: int, frame: FrameType | None) -> None:
        nonlocal pressed
        if pressed:
            raise KeyboardInterrupt
        pressed = True

    former = signal.signal(signal.SIGINT, press)
    try:
        yield lambda: pressed
    finally:
        signal.signal(signal.SIGINT, former)
