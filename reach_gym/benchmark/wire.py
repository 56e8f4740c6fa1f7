"""What the referee and an agent's process say to each other: bytes and JSON, never pickle.

The referee believes nothing that comes from an agent. Arrays go as raw numbers, whose type and shape are checked before they are
used; observations arrive read-only.
"""

from __future__ import annotations

import contextlib
import json
import math
import socket
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from reach_gym import checks

Array = npt.NDArray[Any]

ACT, OBSERVE, END, ACTIONS, TEXT = b"a", b"o", b".", b"=", b"{"
MAX_ACTIONS = 2**22  # bytes of a batch of actions; a real one has a few thousand
_MAX_MESSAGE = 2**30  # bytes that the referee sends: hundreds of images at once
_CHUNK = 2**16
# Booleans and numbers, as they are called in a message; what they mean is for the environment to say.
_TYPES = {np.dtype(code).str.encode().ljust(4, b"\0"): np.dtype(code) for code in "?bBhHiIlLqQefd"}
_HEAD = struct.Struct("<c4sB")  # what, type, number of axes
_AXES = tuple(struct.Struct(f"<{axes}q") for axes in range(5))
_LENGTH = struct.Struct("<I")


class WireError(ValueError):
    """A message that no honest process sends."""


class BadActionsError(ValueError):
    """Actions that are no numbers, or far too many of them."""


class Channel:
    """One end of a connection that carries messages.

    It takes half the time of `multiprocessing.connection`, which counts in every step.
    """

    def __init__(self, end: socket.socket, limit: int = _MAX_MESSAGE) -> None:
        """Uses `end`, and takes no message of more than `limit` bytes."""
        self._socket, self._limit = end, limit
        self._rest = b""

    def send(self, message: bytes) -> None:
        """Sends one message.

        Raises:
            OSError: Nobody is there.
        """
        self._socket.sendall(_LENGTH.pack(len(message)) + message)

    def receive(self) -> memoryview:
        """The next message, in memory of its own that cannot be written to.

        Raises:
            EOFError: There is none any more.
            WireError: It is too long.
            OSError: The connection broke.
        """
        data: bytes | bytearray = self._rest or self._more()
        while len(data) < _LENGTH.size:
            data += self._more()
        (length,) = _LENGTH.unpack_from(data)
        if length > self._limit:
            raise WireError(f"a message of {length} bytes")
        end = _LENGTH.size + length
        self._rest = bytes(data[end:])
        if len(data) < end:
            data = self._completed(data, end)
        return memoryview(data)[_LENGTH.size : end].toreadonly()

    def _more(self) -> bytes:
        """What comes next, with one call most messages as a whole."""
        data = self._socket.recv(_CHUNK)
        if not data:
            raise EOFError
        return data

    def _completed(self, begun: bytes | bytearray, count: int) -> bytearray:
        """`count` bytes, of which some have come already."""
        data = bytearray(count)
        data[: len(begun)] = begun
        rest = memoryview(data)[len(begun) :]
        while rest:
            got = self._socket.recv_into(rest)
            if not got:
                raise EOFError
            rest = rest[got:]
        return data

    def shutdown(self) -> None:
        """Ends the conversation, whoever holds the other end; what has come already can still be read."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Lets the other end know that nothing more comes."""
        self._socket.close()


def to_text(**told: Any) -> bytes:
    """A message of plain data."""
    return json.dumps(told).encode()


def from_text(message: memoryview) -> dict[str, Any]:
    """The inverse of `to_text`.

    Raises:
        WireError: It is no JSON object.
    """
    try:
        told = json.loads(bytes(message))
    except (ValueError, RecursionError) as error:
        raise WireError(f"no plain data: {error}") from None
    if not isinstance(told, dict):
        raise WireError("no object")
    return told


Layout = list[tuple[str | None, str, list[int]]]  # of observations: key in a dict or None, type, shape of one row


def layout_of(observations: Any) -> Layout:
    """The types and shapes of a batch of `observations`: one array, or a dict of arrays."""
    parts = observations.items() if isinstance(observations, Mapping) else [(None, observations)]
    return [(key, np.asarray(part).dtype.str, list(np.shape(part)[1:])) for key, part in parts]


def pack(observations: Any) -> bytes:
    """A batch of observations as bytes, in the order of its `layout_of`."""
    parts = observations.values() if isinstance(observations, Mapping) else (observations,)
    return b"".join(np.ascontiguousarray(part).tobytes() for part in parts)


def unpack(layout: Layout, rows: int, message: memoryview, offset: int) -> Any:
    """The batch of observations at `offset` of a message, read-only."""
    found: dict[str | None, Array] = {}
    for key, kind, shape in layout:
        count = rows * math.prod(shape)
        found[key] = np.frombuffer(message, kind, count, offset).reshape(rows, *shape)
        offset += found[key].nbytes
    return found[None] if list(found) == [None] else found


def pack_actions(actions: Any) -> bytes:
    """A batch of actions as bytes.

    Raises:
        BadActionsError: They are none.
    """
    try:
        array = np.asarray(actions)
    except (TypeError, ValueError, RuntimeError):
        array = np.empty(0, object)
    kind = array.dtype.str.encode()
    if kind.ljust(4, b"\0") not in _TYPES:
        raise BadActionsError(f"`act` must return numbers, got {checks.shown(actions)}.")
    if array.nbytes > MAX_ACTIONS or array.ndim > 4:
        raise BadActionsError(f"`act` must return one action per row, got an array of shape {array.shape}.")
    return _HEAD.pack(ACTIONS, kind, array.ndim) + _AXES[array.ndim].pack(*array.shape) + array.tobytes()


def unpack_actions(message: memoryview) -> Array:
    """The inverse of `pack_actions`.

    Raises:
        WireError: The bytes do not fit what they say of themselves.
    """
    try:
        what, name, axes = _HEAD.unpack_from(message)
        kind = _TYPES[name]
        shape = _AXES[axes].unpack_from(message, _HEAD.size)
        offset = _HEAD.size + _AXES[axes].size
        if what != ACTIONS or min(shape, default=0) < 0:
            raise ValueError("not what it must be")
        if math.prod(shape) * kind.itemsize != len(message) - offset:
            raise ValueError("of another size than they say")
        return np.frombuffer(message, kind, offset=offset).reshape(shape)
    except (struct.error, LookupError, ValueError) as error:
        raise WireError(f"no actions: {error}") from None
