"""MATLAB files of version 5, looked over before they are read: whatever a file promises must be in it.

A reader takes memory for what a tag says, before it sees whether the bytes are there; and a packed variable may unpack to a
thousand times its size. The format is that of "MAT-File Format", The MathWorks, chapter 1.
"""

from __future__ import annotations

import math
import os
import struct
import zlib
from typing import BinaryIO

from reach_gym.recording.files import MAX_BYTES
from reach_gym.recording.metadata import RecordingError

_PACKED, _MATRIX = 15, 14
_CELL, _STRUCT, _OBJECT = 1, 2, 3
_DEEP = 8  # matrices within matrices
_PIECE = 2**20


def check_mat(stream: BinaryIO) -> None:
    """Refuses a file of version 5 whose tags promise more than is there, or that unpacks to more than may be read.

    Raises:
        RecordingError: It does, or is no such file.
    """
    head = stream.read(128)
    if len(head) < 128 or head[126:128] not in (b"IM", b"MI") or not head.startswith(b"MATLAB"):
        raise RecordingError("it is no MATLAB file of version 5 or 7.3.")
    order = "<" if head[126:128] == b"IM" else ">"
    left, whole = MAX_BYTES, os.fstat(stream.fileno()).st_size
    while tag := stream.read(8):
        if len(tag) < 8:
            raise RecordingError("it is cut off in the middle of a tag.")
        kind, size = struct.unpack(f"{order}II", tag)
        if size > whole - stream.tell():
            raise RecordingError(f"a variable promises {size} bytes, but {whole - stream.tell()} are there.")
        data = stream.read(size)
        if kind == _PACKED:
            data = _unpacked(data, left)
            kind, size = struct.unpack(f"{order}II", data[:8].ljust(8, b"\0"))
            data = data[8:]
            if size > len(data):
                raise RecordingError(f"a packed variable promises {size} bytes, but {len(data)} are there.")
        left -= len(data)
        if left < 0:
            raise RecordingError(f"it has more than {MAX_BYTES} bytes of variables.")
        if kind == _MATRIX:
            _check_matrix(memoryview(data)[:size], order, 0)


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


def _check_matrix(data: memoryview, order: str, depth: int) -> None:
    """Refuses a matrix whose parts reach beyond it, or that has more elements than bytes."""
    if depth > _DEEP:
        raise RecordingError(f"matrices lie in each other more than {_DEEP} times.")
    if not len(data):
        return
    parts, place = [], 0
    while place + 8 <= len(data):
        kind, size = struct.unpack_from(f"{order}II", data, place)
        first = place + 8
        if kind >> 16:  # up to four bytes stand in the tag itself
            kind, size, first = kind & 0xFFFF, kind >> 16, place + 4
        if first + size > len(data):
            raise RecordingError(f"a part of a matrix promises {size} bytes, but {len(data) - first} are there.")
        parts.append((kind, data[first : first + size]))
        place = place + 8 if first < place + 8 else first + -(-size // 8) * 8  # parts are padded to eight bytes
    if len(parts) < 2 or len(parts[0][1]) < 8 or len(parts[1][1]) % 4:
        raise RecordingError("a matrix has no kind or no size.")
    holds = struct.unpack_from(f"{order}I", parts[0][1])[0] & 0xFF
    sides = struct.unpack(f"{order}{len(parts[1][1]) // 4}i", parts[1][1])
    if any(side < 0 for side in sides) or math.prod(sides) > len(data):
        raise RecordingError(f"a matrix of {' x '.join(map(str, sides))} elements stands in {len(data)} bytes.")
    for kind, part in parts:
        if kind == _MATRIX and holds in (_CELL, _STRUCT, _OBJECT):
            _check_matrix(part, order, depth + 1)
