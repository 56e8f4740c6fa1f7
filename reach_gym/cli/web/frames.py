"""Messages of a WebSocket (RFC 6455), as far as one page and its server need them: whole text messages, ping, pong and close."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from typing import NamedTuple

_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # of the RFC, section 1.3
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
GOING_AWAY, PROTOCOL_ERROR, NOT_TEXT, POLICY, TOO_LARGE = 1001, 1002, 1003, 1008, 1009
LONGEST = 2**16
"""Bytes of a message from the page at most; its longest has the movements of a few frames."""
_FINAL, _MASKED = 0x80, 0x80


class ProtocolError(Exception):
    """The other side breaks the rules.

    Attributes:
        code: The status with which the connection is closed (RFC 6455, section 7.4).
    """

    def __init__(self, code: int, message: str) -> None:
        """Keeps the `code`."""
        super().__init__(message)
        self.code = code


class Frame(NamedTuple):
    """A message, or a control frame.

    Attributes:
        kind: `TEXT`, `CLOSE`, `PING` or `PONG`.
        data: What it holds.
    """

    kind: int
    data: bytes


def accepted(key: str) -> str:
    """The answer to the ``Sec-WebSocket-Key`` of a browser."""
    return base64.b64encode(hashlib.sha1((key + _GUID).encode(), usedforsecurity=False).digest()).decode()


def framed(kind: int, data: bytes) -> bytes:
    """A message as a server sends it: in one piece and unmasked."""
    size = len(data)
    if size < 126:
        length = bytes([size])
    elif size < 2**16:
        length = bytes([126]) + size.to_bytes(2, "big")
    else:
        length = bytes([127]) + size.to_bytes(8, "big")
    return bytes([_FINAL | kind]) + length + data


def closing(code: int, why: str = "") -> bytes:
    """The frame that ends a connection; the reason is cut to the 123 bytes that a control frame has room for."""
    return framed(CLOSE, code.to_bytes(2, "big") + why.encode()[:123])


async def received(reader: asyncio.StreamReader) -> Frame:
    """The next frame from a page.

    Raises:
        ProtocolError: It is larger than `LONGEST`, in parts, unmasked, or of no kind that a page sends.
        asyncio.IncompleteReadError: The connection has ended.
    """
    first, second = await reader.readexactly(2)
    kind, size = first & 0x0F, second & 0x7F
    if first & 0x70 or not second & _MASKED:
        raise ProtocolError(PROTOCOL_ERROR, "a frame without a mask, or with bits of an extension")
    if not first & _FINAL or kind == 0:
        raise ProtocolError(TOO_LARGE, "a message in parts")
    if kind not in (TEXT, CLOSE, PING, PONG):
        raise ProtocolError(NOT_TEXT, "no text")
    if kind != TEXT and size > 125:
        raise ProtocolError(PROTOCOL_ERROR, "a control frame of more than 125 bytes")
    if size > 125:
        size = int.from_bytes(await reader.readexactly(2 if size == 126 else 8), "big")
    if size > LONGEST:
        raise ProtocolError(TOO_LARGE, f"a message of more than {LONGEST} bytes")
    mask = await reader.readexactly(4)
    data = await reader.readexactly(size)
    return Frame(kind, _unmasked(data, mask))


def _unmasked(data: bytes, mask: bytes) -> bytes:
    stream = (mask * (len(data) // 4 + 1))[: len(data)]
    return (int.from_bytes(data, "big") ^ int.from_bytes(stream, "big")).to_bytes(len(data), "big")
