"""Recordings as NPZ and HDF5 files: the same names in both, no pickle, and everything is checked when it is read.

Both hold the arrays of `Recording.arrays` under their names, and the metadata as JSON: NPZ in the string array ``metadata``, HDF5
in the file's attribute ``metadata``.
"""

from __future__ import annotations

import io
import math
import os
import stat
import uuid
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.lib import format as npy

from reach_gym import checks
from reach_gym.errors import MissingExtraError, missing_extra
from reach_gym.recording.metadata import MAX_METADATA, RecordingError, from_json, to_json
from reach_gym.recording.schema import Array, Recording, check_layout, from_arrays

MAX_BYTES = 2**31  # of all arrays together, unpacked: some 200,000 trials, or 4,000 with images
METADATA = "metadata"
_NPZ, _HDF5 = b"PK\x03\x04", b"\x89HDF\r\n\x1a\n"


class _Entry(NamedTuple):
    """An array in a file, not read yet."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    read: Callable[[], Array]


_Opened = tuple[dict[str, _Entry], str]  # arrays and metadata


def save(recording: Recording, path: str | os.PathLike[str]) -> None:
    """Writes a recording; a reader, or a crash, sees the old file or the new one. The same recording gives the same bytes.

    Args:
        recording: What to write.
        path: Ends in ``.npz``, or in ``.h5`` or ``.hdf5`` (gzip).

    Raises:
        TypeError: `path` is no path.
        ValueError: It has another ending.
        RecordingError: The recording is too large.
        MissingExtraError: HDF5 is asked for and h5py not installed.
        OSError: The file cannot be written.
    """
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"`path` must be a path, got {checks.shown(path)}.")
    target = Path(path)
    ending = target.suffix.lower()
    if ending not in _WRITERS:
        raise ValueError(f"`path` must end in {', '.join(_WRITERS)}, got {checks.shown(str(path))}.")
    arrays = recording.arrays()
    _check_size(sum(values.nbytes for values in arrays.values()))
    data = _WRITERS[ending](arrays, to_json(recording.metadata))
    _write(target, data)


def _write(target: Path, data: bytes) -> None:
    partial = target.with_name(f".{target.name}-{uuid.uuid4().hex[:8]}")
    try:
        with partial.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    if os.name == "posix":  # elsewhere a directory cannot be opened, and a rename needs no help to last
        handle = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _npz_bytes(arrays: dict[str, Array], metadata: str) -> bytes:
    buffer = io.BytesIO()
    # NumPy writes a fixed time into the archive.
    np.savez_compressed(buffer, allow_pickle=False, **{METADATA: np.array(metadata)}, **arrays)
    return buffer.getvalue()


def _hdf5_bytes(arrays: dict[str, Array], metadata: str) -> bytes:
    buffer = io.BytesIO()
    with _h5py().File(buffer, "w") as file:
        file.attrs[METADATA] = metadata
        for name, values in arrays.items():
            # An empty array cannot be packed.
            file.create_dataset(name, data=values, compression="gzip" if values.size else None, track_times=False)
    return buffer.getvalue()


_WRITERS: dict[str, Callable[[dict[str, Array], str], bytes]] = {".npz": _npz_bytes, ".h5": _hdf5_bytes, ".hdf5": _hdf5_bytes}


def load(path: str | os.PathLike[str]) -> Recording:
    """Reads what `save` wrote, whatever the file is called; no code is run from it, and sizes are checked before memory is taken.

    Raises:
        TypeError: `path` is no path.
        RecordingError: There is no such file, or it holds no recording that `Recording` accepts; no other exception escapes.
        MissingExtraError: The file is HDF5 and h5py not installed.
    """
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"`path` must be a path, got {checks.shown(path)}.")
    try:
        with _opened(Path(path)) as file, _entries(file) as (entries, text):
            _check_size(sum(entry.dtype.itemsize * math.prod(entry.shape) for entry in entries.values()))
            check_layout({name: (entry.dtype, entry.shape) for name, entry in entries.items()})
            arrays = {name: entry.read() for name, entry in entries.items()}
        return from_arrays(arrays, from_json(text))
    except MissingExtraError:
        raise
    except Exception as error:  # a foreign parser on foreign bytes: whatever it raises means the same
        reason = str(error) if isinstance(error, RecordingError) else f"{type(error).__name__}: {error}"
        raise RecordingError(f"cannot read a recording from {checks.shown(str(path))}: {reason}") from error


def _check_size(total: int) -> None:
    if total > MAX_BYTES:
        raise RecordingError(f"a recording may have at most {MAX_BYTES} bytes of arrays, got {total}.")


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    # A FIFO would block for ever on open, hence the non-blocking open before the look.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    with open(path, "rb", opener=lambda name, _: os.open(name, flags)) as file:
        facts = os.fstat(file.fileno())
        if not stat.S_ISREG(facts.st_mode) or facts.st_size > MAX_BYTES:
            raise RecordingError(f"it must be a regular file of at most {MAX_BYTES} bytes.")
        yield file


@contextmanager
def _entries(file: BinaryIO) -> Iterator[_Opened]:
    """Opens an archive of either format, told by its first bytes."""
    head = file.read(8)
    file.seek(0)
    if head.startswith(_NPZ):
        with zipfile.ZipFile(file) as archive:
            yield _npz_entries(archive)
    elif head == _HDF5:
        with _h5py().File(file, "r") as tree:
            yield _hdf5_entries(tree)
    else:
        raise RecordingError("it is neither an NPZ nor an HDF5 file.")


def _npz_entries(archive: zipfile.ZipFile) -> _Opened:
    entries: dict[str, _Entry] = {}
    for member in archive.infolist():
        name = member.filename.removesuffix(".npy")
        if name in entries or name == member.filename:
            raise RecordingError(f"the member {checks.shown(member.filename)} does not belong there.")
        entries[name] = _npz_entry(archive, member)
    metadata = entries.pop(METADATA, None)
    if metadata is None or metadata.dtype.kind != "U" or metadata.shape != () or metadata.dtype.itemsize > 4 * MAX_METADATA:
        raise RecordingError("the string `metadata` is missing, or too long.")
    return entries, str(metadata.read())


def _npz_entry(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> _Entry:
    with archive.open(member) as stream:
        version = npy.read_magic(stream)
        if version != (1, 0):
            raise RecordingError(f"{checks.shown(member.filename)} has the unknown version {version}.")
        shape, _, dtype = npy.read_array_header_1_0(stream)
        # The archive does not unpack more bytes than its directory states, and these are all that the array may ask for.
        if dtype.hasobject or dtype.itemsize * math.prod(shape) != member.file_size - stream.tell():
            raise RecordingError(f"{checks.shown(member.filename)} does not have the bytes of a {dtype} array of shape {shape}.")

    def read() -> Array:
        with archive.open(member) as again:
            values: Array = npy.read_array(again, allow_pickle=False)
            if again.read(1):  # also makes the archive check the sum of the member
                raise RecordingError(f"{checks.shown(member.filename)} is too long.")
            return values

    return _Entry(dtype, shape, read)


def _hdf5_entries(tree: Any) -> _Opened:
    h5py = _h5py()
    entries: dict[str, _Entry] = {}
    pending = [("", tree)]
    while pending:
        prefix, group = pending.pop()
        for key in group:
            name = f"{prefix}{key}"
            # Soft and external links lead elsewhere, a second hard link to the same object round in circles.
            if not isinstance(group.get(key, getlink=True), h5py.HardLink) or name.count("/") > 1 or len(entries) > 100:
                raise RecordingError(f"the entry {checks.shown(name)} does not belong there.")
            value = group[key]
            if isinstance(value, h5py.Group):
                pending.append((f"{name}/", value))
            elif isinstance(value, h5py.Dataset) and not value.is_virtual and value.external is None:
                entries[name] = _Entry(value.dtype, value.shape, value.__array__)
            else:
                raise RecordingError(f"the entry {checks.shown(name)} is no array of this file.")
    text = tree.attrs.get(METADATA)
    if not isinstance(text, str):
        raise RecordingError("the string `metadata` is missing.")
    return entries, text


def _h5py() -> ModuleType:
    try:
        import h5py
    except ImportError:
        raise missing_extra("h5py", "data") from None
    module: ModuleType = h5py
    return module
