"""Recordings as NPZ and HDF5 files: the same names in both, no pickle, and everything is checked when it is read.

Both hold the arrays of `Recording.arrays` under their names, and the metadata as JSON: NPZ in the string array ``metadata``, HDF5
in the file's attribute ``metadata``. A changed bit is noticed: NPZ has a checksum of every member. HDF5 has one of every chunk of
an array, which every reader checks, but none of what says where the chunks are; hence the attribute ``sha256``, of everything.
"""

from __future__ import annotations

import hashlib
import io
import math
import os
import stat
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, BinaryIO, NamedTuple, TypeVar

import numpy as np
from numpy.lib import format as npy

from reach_gym import checks, files
from reach_gym.errors import MissingExtraError, missing_extra
from reach_gym.recording.layout import Array, check_layout
from reach_gym.recording.metadata import MAX_METADATA, RecordingError, from_json, to_json, version_of

MAX_BYTES = 2**31  # of all arrays together, unpacked: some 200,000 trials, or 4,000 with images
METADATA, _DIGEST = "metadata", "sha256"
# Below version 2.2 NumPy took a keyword of `savez_compressed` for an array; files of that time hold it.
_NO_ARRAY = "allow_pickle"
Made = TypeVar("Made")
_NPZ, _HDF5 = b"PK\x03\x04", b"\x89HDF\r\n\x1a\n"


class _Entry(NamedTuple):
    """An array in a file, not read yet."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    read: Callable[[], Array]


_Opened = tuple[dict[str, _Entry], str, str | None]  # arrays, metadata, and the hash of both if the file has one


def save(path: str | os.PathLike[str], arrays: dict[str, Array], metadata: Mapping[str, Any]) -> None:
    """Writes the arrays and metadata of a recording; see `reach_gym.recording.Recording.save`."""
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"`path` must be a path, got {checks.shown(path)}.")
    target = Path(path)
    ending = target.suffix.lower()
    if ending not in _WRITERS:
        raise ValueError(f"`path` must end in {', '.join(_WRITERS)}, got {checks.shown(str(path))}.")
    _check_size(sum(values.nbytes for values in arrays.values()))
    files.write(target, _WRITERS[ending](arrays, to_json(metadata)))


def _npz_bytes(arrays: dict[str, Array], metadata: str) -> bytes:
    buffer = io.BytesIO()
    # NumPy writes a fixed time into the archive.
    named: Any = {METADATA: np.array(metadata), **arrays}
    np.savez_compressed(buffer, **named)
    return buffer.getvalue()


def _hdf5_bytes(arrays: dict[str, Array], metadata: str) -> bytes:
    buffer = io.BytesIO()
    with hdf5_library().File(buffer, "w") as file:
        file.attrs[METADATA], file.attrs[_DIGEST] = metadata, _digest(arrays, metadata)
        for name, values in arrays.items():
            # An empty array can neither be packed nor have a checksum.
            packed = {"compression": "gzip", "fletcher32": True} if values.size else {}
            file.create_dataset(name, data=values, track_times=False, **packed)
    return buffer.getvalue()


_WRITERS: dict[str, Callable[[dict[str, Array], str], bytes]] = {".npz": _npz_bytes, ".h5": _hdf5_bytes, ".hdf5": _hdf5_bytes}


def load(path: str | os.PathLike[str], make: Callable[[dict[str, Array], dict[str, Any]], Made]) -> Made:
    """What `make` makes of the arrays and metadata in a file; see `reach_gym.recording.Recording.load`.

    Whatever `make` raises is an error of the file, too.
    """
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"`path` must be a path, got {checks.shown(path)}.")
    try:
        with opened(Path(path)) as file, _entries(file) as (entries, text, digest):
            _check_size(sum(entry.dtype.itemsize * math.prod(entry.shape) for entry in entries.values()))
            metadata = from_json(text)
            check_layout({name: (entry.dtype, entry.shape) for name, entry in entries.items()}, version_of(metadata))
            arrays = {name: entry.read() for name, entry in entries.items()}
        if digest not in (None, _digest(arrays, text)):
            raise RecordingError(f"what it holds differs from its checksum `{_DIGEST}`.")
        return make(arrays, metadata)
    except MissingExtraError:
        raise
    except Exception as error:  # a foreign parser on foreign bytes: whatever it raises means the same
        reason = str(error) if isinstance(error, RecordingError) else f"{type(error).__name__}: {error}"
        raise RecordingError(f"cannot read a recording from {checks.shown(str(path))}: {reason}") from error


def _check_size(total: int) -> None:
    if total > MAX_BYTES:
        raise RecordingError(f"a recording may have at most {MAX_BYTES} bytes of arrays, got {total}.")


@contextmanager
def opened(path: Path, largest: int | None = None) -> Iterator[BinaryIO]:
    """A regular file of at most so many bytes, `MAX_BYTES` if nothing is said, open for reading.

    Raises:
        OSError: It cannot be read.
        RecordingError: It is something else, or larger.
    """
    most = MAX_BYTES if largest is None else largest
    # A FIFO would block for ever on open, hence the non-blocking open before the look.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    with open(path, "rb", opener=lambda name, _: os.open(name, flags)) as file:
        facts = os.fstat(file.fileno())
        if not stat.S_ISREG(facts.st_mode) or facts.st_size > most:
            raise RecordingError(f"it must be a regular file of at most {most} bytes.")
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
        with hdf5_library().File(file, "r") as tree:
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
    extra = entries.get(_NO_ARRAY)
    if extra is not None and extra.dtype == np.bool_ and extra.shape == ():
        del entries[_NO_ARRAY]
    metadata = entries.pop(METADATA, None)
    if metadata is None or metadata.dtype.kind != "U" or metadata.shape != () or metadata.dtype.itemsize > 4 * MAX_METADATA:
        raise RecordingError("the string `metadata` is missing, or too long.")
    return entries, str(metadata.read()), None


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
    h5py = hdf5_library()
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
    return entries, text, tree.attrs.get(_DIGEST)


def _digest(arrays: Mapping[str, Array], metadata: str) -> str:
    """A hash of all that a recording holds."""
    found = hashlib.sha256(metadata.encode())
    for name, values in sorted(arrays.items()):
        found.update(f"{name} {values.dtype.str} {values.shape}".encode())
        found.update(np.ascontiguousarray(values).data)
    return found.hexdigest()


def hdf5_library() -> ModuleType:
    """The library h5py.

    Raises:
        MissingExtraError: It is not installed.
    """
    try:
        import h5py
    except ImportError:
        raise missing_extra("h5py", "data") from None
    module: ModuleType = h5py
    return module
