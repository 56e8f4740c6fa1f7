"""Foreign HDF5 files, read without trust: nothing is followed out of the file, no object is made, sizes come before memory.

An HDF5 file can lead to other files (external links, external and virtual storage), promise more rows than the disk holds, pack a
gigabyte of zeros into a megabyte, refer to itself in circles, and name filters that load code. Here a name is looked up link by
link, and an array is read only if it is plain numbers or text, stands in the file itself and is as large as it may be.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from reach_gym import checks
from reach_gym.errors import MissingExtraError
from reach_gym.recording.files import MAX_BYTES, hdf5_library, opened
from reach_gym.recording.hdf5_check import check_dataset
from reach_gym.recording.layout import Array, Floats
from reach_gym.recording.metadata import RecordingError

MAX_FILE = 2**36
"""Bytes of a file that is read: raw voltages may lie beside what is wanted, and are not touched."""

MAX_ROWS = 100_000  # of a table of trials, units or electrodes
_HOPS = 16  # soft links one after the other


class Tree:
    """An open HDF5 file.

    Attributes:
        left: Bytes that may still be read.
    """

    def __init__(self, file: Any, budget: int = MAX_BYTES) -> None:
        """Takes an ``h5py.File``, of which at most `budget` bytes are read."""
        self._file, self.left = file, budget
        self._h5py = hdf5_library()
        self._times: dict[int, Floats] = {}

    def find(self, path: str) -> Any | None:
        """The group or dataset of a path from the root, or ``None`` if there is none.

        Raises:
            RecordingError: A link leads out of the file, or round in circles.
        """
        parts, node, hops = path.strip("/").split("/"), self._file, 0
        while parts:
            name = parts.pop(0)
            if name in ("", "."):
                continue
            if not isinstance(node, self._h5py.Group):
                return None
            link = node.get(name, getlink=True)
            if link is None:
                return None
            if isinstance(link, self._h5py.SoftLink):
                hops += 1
                if hops > _HOPS:
                    raise RecordingError(f"the links of {checks.shown(path)} lead round in circles.")
                node = self._file if link.path.startswith("/") else node
                parts = [*link.path.strip("/").split("/"), *parts]
            elif isinstance(link, self._h5py.HardLink):
                node = node[name]
            else:
                raise RecordingError(f"{checks.shown(path)} leads out of the file, which is not followed.")
        return node

    def names(self, path: str) -> list[str]:
        """The names in a group; none if there is no such group."""
        group = self.find(path)
        return list(group) if isinstance(group, self._h5py.Group) else []

    def attribute(self, node: Any, name: str) -> Any:
        """A number or a text that is an attribute of a node, or ``None``."""
        if name not in node.attrs:
            return None
        found = node.attrs.get_id(name)
        if math.prod(found.shape or ()) != 1 or not (found.dtype.kind in "iufSb" or self._h5py.check_string_dtype(found.dtype)):
            return None
        value = np.asarray(node.attrs[name]).reshape(-1)[0]
        return value.decode("utf-8", "replace") if isinstance(value, bytes) else value

    def array(self, path: str) -> Array:
        """The numbers of a dataset.

        Raises:
            RecordingError: There is none, or it is not what may be read.
        """
        return self.numbers(self._dataset(path), path)

    def times(self, path: str) -> Floats:
        """The numbers of a dataset as float64; one to which several names lead is read once.

        Raises:
            RecordingError: As `array`.
        """
        node = self._dataset(path)
        address = int(self._h5py.h5o.get_info(node.id).addr)
        if address not in self._times:
            self._times[address] = self.numbers(node, path).astype(np.float64, copy=False)
        return self._times[address]

    def numbers(self, node: Any, path: str) -> Array:
        """The numbers of a dataset that was found already; `path` is for messages.

        Raises:
            RecordingError: It is not what may be read.
        """
        check_dataset(node, path)
        if node.dtype.kind not in "iufb" or node.dtype.itemsize > 8:
            raise RecordingError(f"{checks.shown(path)} must be numbers, got {node.dtype}.")
        self._pay(node.dtype.itemsize * math.prod(node.shape), path)
        return np.asarray(node[()])

    def texts(self, path: str) -> list[str]:
        """The texts of a dataset of one axis.

        Raises:
            RecordingError: There is none, or it is not what may be read.
        """
        node = self._dataset(path)
        check_dataset(node, path)
        if len(node.shape) != 1 or node.shape[0] > MAX_ROWS or not self._h5py.check_string_dtype(node.dtype):
            raise RecordingError(f"{checks.shown(path)} must be at most {MAX_ROWS} texts, got {node.dtype} {node.shape}.")
        found = []
        for row in range(node.shape[0]):  # one by one: nothing else bounds what they take together
            value = node[row]
            text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
            self._pay(len(text), path)
            found.append(text)
        return found

    def references(self, node: Any, path: str) -> list[Any] | None:
        """The datasets to which a dataset refers, which are all in the same file; ``None`` if it holds something else.

        Raises:
            RecordingError: It refers to too many, or to none.
        """
        if not isinstance(node, self._h5py.Dataset) or self._h5py.check_ref_dtype(node.dtype) is not self._h5py.Reference:
            return None
        check_dataset(node, path)
        if node.shape is None or math.prod(node.shape) > MAX_ROWS:
            raise RecordingError(f"{checks.shown(path)} must refer to at most {MAX_ROWS} values, got {node.shape}.")
        found = [self._file[each] if each else None for each in np.asarray(node[()]).ravel().tolist()]
        if not all(isinstance(each, self._h5py.Dataset) for each in found):
            raise RecordingError(f"{checks.shown(path)} refers to what is no dataset.")
        return found

    def is_text(self, path: str) -> bool:
        """Whether a dataset holds texts."""
        return bool(self._h5py.check_string_dtype(self._dataset(path).dtype))

    def text(self, path: str) -> str | None:
        """A single text, or ``None`` if there is none."""
        node = self.find(path)
        if not isinstance(node, self._h5py.Dataset) or node.shape != () or not self._h5py.check_string_dtype(node.dtype):
            return None
        check_dataset(node, path)
        return str(node.asstr(errors="replace")[()])

    def _dataset(self, path: str) -> Any:
        node = self.find(path)
        if not isinstance(node, self._h5py.Dataset):
            raise RecordingError(f"{checks.shown(path)} is missing.")
        return node

    def _pay(self, size: int, path: str) -> None:
        if size > self.left:
            raise RecordingError(f"{checks.shown(path)} has {size} bytes, more than the {self.left} that may be read.")
        self.left -= size


@contextmanager
def reading(path: Any, what: str) -> Iterator[Path]:
    """Turns whatever goes wrong with a foreign file into one error that names it.

    Args:
        path: Of the file.
        what: It should be, for the message.

    Raises:
        TypeError: `path` is no path.
        RecordingError: Whatever else.
    """
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"`path` must be a path, got {checks.shown(path)}.")
    try:
        yield Path(path)
    except MissingExtraError:
        raise
    except Exception as error:  # a foreign parser on foreign bytes: whatever it raises means the same
        reason = str(error) if isinstance(error, RecordingError) else f"{type(error).__name__}: {error}"
        line = " ".join(reason.split())  # arrays are shown in several
        raise RecordingError(f"cannot read {what} from {checks.shown(str(path))}: {line}") from error


def is_hdf5(stream: BinaryIO) -> bool:
    """Whether a file is HDF5; MATLAB begins its own with 512 bytes of text. The file is rewound."""
    found = False
    for place in (512, 0):
        stream.seek(place)
        found = found or stream.read(8) == b"\x89HDF\r\n\x1a\n"
    stream.seek(0)
    return found


@contextmanager
def open_tree(path: Path) -> Iterator[Tree]:
    """Opens an HDF5 file.

    Raises:
        RecordingError: It is none.
    """
    with opened(path, MAX_FILE) as stream:
        if not is_hdf5(stream):
            raise RecordingError("it is no HDF5 file.")
    with hdf5_library().File(path, "r") as file:
        yield Tree(file)
