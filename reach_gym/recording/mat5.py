"""MATLAB files of version 5: numbers, texts, cells and structs, read so that no broken file does harm.

SciPy's reader takes what a file says of itself for true: a changed byte can make it take any memory, or end the whole process.
Here every tag is held against the bytes that are there. The format is that of "MAT-File Format", The MathWorks, chapter 1.
"""

from __future__ import annotations

import math
import os
import struct
import zlib
from typing import Any, BinaryIO

import numpy as np

from reach_gym.recording.files import MAX_BYTES
from reach_gym.recording.metadata import RecordingError

_PACKED, _MATRIX = 15, 14
_CELL, _STRUCT, _CHAR = 1, 2, 4
_NUMBERS = range(6, 16)  # classes of matrices: double, single, and integers from 8 to 64 bits
# How the numbers of a part are stored, by the type in its tag.
_STORED = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_TEXTS = {1: "latin-1", 2: "latin-1", 4: "utf-16", 16: "utf-8", 17: "utf-16", 18: "utf-32"}
_DEEP = 8  # matrices within matrices
_PIECE = 2**20

Parts = list[tuple[int, memoryview]]


def read_variables(stream: BinaryIO) -> dict[str, Any]:
    """The variables of a file by their names: arrays of numbers, ``str``, lists of cells, lists of structs as dicts.

    Sparse matrices, objects and functions are ``None``.

    Raises:
        RecordingError: It is no such file, promises more than is there, or unpacks to more than may be read.
    """
    head = stream.read(128)
    if len(head) < 128 or head[126:128] not in (b"IM", b"MI") or not head.startswith(b"MATLAB"):
        raise RecordingError("it is no MATLAB file of version 5 or 7.3.")
    order = "<" if head[126:128] == b"IM" else ">"
    left, whole = MAX_BYTES, os.fstat(stream.fileno()).st_size
    found: dict[str, Any] = {}
    while tag := stream.read(8):
        if len(tag) < 8:
            raise RecordingError("it is cut off in the middle of a tag.")
        kind, size = struct.unpack(f"{order}II", tag)
        if size > min(whole - stream.tell(), left):
            raise RecordingError(f"a variable promises {size} bytes, more than are there or may be read.")
        data = stream.read(size)
        if kind == _PACKED:
            data = _unpacked(data, left)
            ((kind, inner),) = _parts(memoryview(data), order)[:1] or [(0, memoryview(b""))]
        else:
            inner = memoryview(data)
        left -= len(data)
        if kind == _MATRIX:
            name, value = _matrix(inner, order, 0)
            found[name] = value
    return found


def _unpacked(data: bytes, most: int) -> bytes:
    """A packed variable, of at most so many bytes."""
    unpacker, parts, size = zlib.decompressobj(), [], 0
    while data:
        part = unpacker.decompress(data, _PIECE)
        size += len(part)
        if size > most:
            raise RecordingError(f"a packed variable unpacks to more than the {most} bytes that may be read.")
        parts.append(part)
        data = unpacker.unconsumed_tail
    return b"".join(parts)


def _parts(data: memoryview, order: str) -> Parts:
    """What a variable or matrix is made of: types and bytes.

    Raises:
        RecordingError: A part reaches beyond the end.
    """
    parts, place = [], 0
    while place + 8 <= len(data):
        kind, size = struct.unpack_from(f"{order}II", data, place)
        first = place + 8
        if kind >> 16:  # up to four bytes stand in the tag itself
            kind, size, first = kind & 0xFFFF, kind >> 16, place + 4
        if first + size > len(data) or (first == place + 4 and size > 4):
            raise RecordingError(f"a part of a matrix promises {size} bytes, but {len(data) - first} are there.")
        parts.append((kind, data[first : first + size]))
        place = place + 8 if first < place + 8 else first + -(-size // 8) * 8  # parts are padded to eight bytes
    return parts


def _matrix(data: memoryview, order: str, depth: int) -> tuple[str, Any]:
    """The name and the value of a matrix.

    Raises:
        RecordingError: It has more elements than bytes, or its parts do not fit together.
    """
    if depth > _DEEP:
        raise RecordingError(f"matrices lie in each other more than {_DEEP} times.")
    parts = _parts(data, order)
    if not parts:  # an empty matrix may be left out
        return "", np.zeros((0, 0))
    if len(parts) < 3 or len(parts[0][1]) < 8 or len(parts[1][1]) % 4 or not parts[1][1]:
        raise RecordingError("a matrix has no kind, no size or no name.")
    holds = struct.unpack_from(f"{order}I", parts[0][1])[0] & 0xFF
    sides = struct.unpack(f"{order}{len(parts[1][1]) // 4}i", parts[1][1])
    count = math.prod(sides)
    if any(side < 0 for side in sides) or count > len(data):
        raise RecordingError(f"a matrix of {' x '.join(map(str, sides))} elements stands in {len(data)} bytes.")
    name, rest = bytes(parts[2][1]).decode("latin-1"), parts[3:]
    if holds == _STRUCT:
        return name, _structs(rest, count, order, depth)
    if holds == _CELL:
        return name, _values(rest, count, order, depth)
    if holds == _CHAR:
        return name, _text(rest, order)
    return name, _numbers(rest, sides, order) if holds in _NUMBERS else None


def _numbers(parts: Parts, sides: tuple[int, ...], order: str) -> Any:
    count = math.prod(sides)
    kind, data = parts[0] if parts else (9, memoryview(b""))
    stored = np.dtype(f"{order}{_STORED[kind]}") if kind in _STORED else None
    if stored is None or len(data) != count * stored.itemsize:
        raise RecordingError(f"a matrix of {' x '.join(map(str, sides))} numbers has {len(data)} bytes of type {kind}.")
    return np.frombuffer(data, stored).reshape(sides, order="F").astype(stored.newbyteorder("="))


def _text(parts: Parts, order: str) -> str:
    kind, data = parts[0] if parts else (16, memoryview(b""))
    if kind not in _TEXTS:
        raise RecordingError(f"a text is stored as type {kind}, which is none of letters.")
    code = _TEXTS[kind]
    return bytes(data).decode(code if code in ("utf-8", "latin-1") else f"{code}-{'le' if order == '<' else 'be'}", "replace")


def _values(parts: Parts, count: int, order: str, depth: int) -> list[Any]:
    if len(parts) != count or any(kind != _MATRIX for kind, _ in parts):
        raise RecordingError(f"{count} matrices should follow, but {len(parts)} parts do, not all of which are matrices.")
    return [_matrix(part, order, depth + 1)[1] for _, part in parts]


def _structs(parts: Parts, count: int, order: str, depth: int) -> list[dict[str, Any]]:
    if len(parts) < 2 or len(parts[0][1]) != 4:
        raise RecordingError("a struct does not say how long the names of its fields are.")
    (width,), letters = struct.unpack(f"{order}i", parts[0][1]), bytes(parts[1][1])
    if width < 1 or len(letters) % width:
        raise RecordingError(f"the names of fields have {len(letters)} letters, {width} each.")
    names = [letters[k : k + width].split(b"\0")[0].decode("latin-1") for k in range(0, len(letters), width)]
    values = _values(parts[2:], count * len(names), order, depth)
    return [dict(zip(names, values[k * len(names) : (k + 1) * len(names)], strict=True)) for k in range(count)]
