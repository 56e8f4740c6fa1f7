"""Files that a command will write, checked before it begins."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

from reach_gym import checks
from reach_gym.errors import missing_extra

_ENDINGS = (".npz", ".h5", ".hdf5")  # of recordings


def check_recording(path: Path, overwrite: bool) -> Path:
    """Checks that a recording could be written; see `check_output`.

    Raises:
        ValueError: Another ending than .npz, .h5 or .hdf5.
        MissingExtraError: HDF5 is asked for and h5py not installed.
        OSError: See `check_output`.
    """
    if path.suffix.lower() not in _ENDINGS:
        raise ValueError(f"`out` must end in {', '.join(_ENDINGS)}, got {checks.shown(str(path))}.")
    if path.suffix.lower() != ".npz" and importlib.util.find_spec("h5py") is None:
        raise missing_extra("h5py", "data")
    return check_output(path, overwrite)


def check_output(path: Path, overwrite: bool) -> Path:
    """Checks that a file could be written, before hours of work are lost; nothing is made.

    Args:
        path: The file; missing folders are no fault.
        overwrite: Whether it may exist.

    Returns:
        The path.

    Raises:
        FileExistsError: It exists.
        IsADirectoryError: It is a folder.
        NotADirectoryError: It lies in something that is no folder.
        PermissionError: It lies in a folder in which one may not write.
    """
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder.")
    if path.exists() and not overwrite:
        raise FileExistsError(f"{path} exists; `--overwrite` replaces it.")
    folder = next(each for each in path.absolute().parents if each.exists())
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder} is no folder.")
    if not os.access(folder, os.W_OK):
        raise PermissionError(f"{folder} cannot be written to.")
    return path


def check_folder(path: Path, marker: str, replace: bool) -> Path:
    """Checks that results could be written into a directory; nothing is made.

    Args:
        path: The directory; missing ones are no fault.
        marker: A file by which a directory of ours is known.
        replace: Whether what is there may be replaced or continued.

    Returns:
        The path.

    Raises:
        FileExistsError: It holds something, and `replace` is false or it is none of ours.
        OSError: As for `check_output`.
    """
    if path.is_dir() and any(path.iterdir()):
        if not (path / marker).is_file():
            raise FileExistsError(f"{path} holds something else; it is left as it is.")
        if not replace:
            raise FileExistsError(f"{path} exists; choose another directory, `--resume` or `--overwrite`.")
    return check_output(path / marker, overwrite=True)
