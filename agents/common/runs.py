"""Run directories: when one may be made, continued or replaced, and that one process has it for itself."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reach_gym import files
from reach_gym.training.checkpoint import MANIFEST
from reach_gym.training.lock import LOCK, locked

MARKER = "run.json"
"""The file by which a run directory of ours is known; only in such a directory is anything ever deleted."""


@contextmanager
def claimed(directory: Path, kind: str, resume: bool = False, overwrite: bool = False) -> Iterator[None]:
    """`prepare` by a process that has the directory for itself until the block ends.

    Raises:
        ValueError: See `prepare`; or another process has the directory.
        OSError: The directory cannot be made, locked or emptied.
    """
    _check(directory, kind, resume, overwrite)  # so that nothing is made in a directory that is none of ours
    directory.mkdir(parents=True, exist_ok=True)
    with locked(directory):
        prepare(directory, kind, resume, overwrite)
        yield


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
        OSError: The directory cannot be made or emptied.
    """
    _check(directory, kind, resume, overwrite)
    if not is_run(directory, kind):
        directory.mkdir(parents=True, exist_ok=True)
        files.write(directory / MARKER, _mark(kind))
    elif overwrite:
        _empty(directory)
    for path in files.leftovers(directory):  # of writers that were killed
        path.unlink()


def _check(directory: Path, kind: str, resume: bool, overwrite: bool) -> None:
    """Refuses what `prepare` refuses."""
    if resume and overwrite:
        raise ValueError("`--resume` and `--overwrite` exclude each other.")
    if not _taken(directory):
        if resume:
            raise ValueError(f"there is no run in {directory} to resume.")
    elif not (resume or overwrite):
        raise ValueError(f"{directory} exists; choose another directory, `--resume` or `--overwrite`.")
    elif not is_run(directory, kind):
        raise ValueError(f"{directory} is no {kind} run of reach_gym; it is left as it is.")


def _taken(directory: Path) -> bool:
    """Whether there is something else at `directory` than a folder that is empty, or that a run is only beginning in."""
    if directory.is_symlink() or not directory.exists():
        return directory.is_symlink()
    if not directory.is_dir():
        return True
    beginning = {directory / LOCK, *files.leftovers(directory)}
    return any(path not in beginning for path in directory.iterdir())


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


def _empty(directory: Path) -> None:
    """Deletes everything but the marker and the lock: if it is cut off, what is left still is a run that can be replaced."""
    # The manifest first, without which nobody takes the rest for a checkpoint.
    for path in sorted(directory.iterdir(), key=lambda path: path.name != MANIFEST):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name not in (MARKER, LOCK):
            path.unlink()
