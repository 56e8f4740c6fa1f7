"""Which requests over HTTP are answered: a page and its WebSocket, for whoever knows the token, and nothing else."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
import secrets
from collections.abc import Mapping
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

LONGEST = 2**14
"""Bytes of a request's head at most."""
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_WHERE = re.compile(r"[0-9A-Za-z.:\[\]-]{1,255}")  # of a Host header: it becomes part of the page's policy


class RefusedError(Exception):
    """A request that is not answered.

    Attributes:
        status: Of HTTP, with its words.
    """

    def __init__(self, status: str, why: str) -> None:
        """Keeps the `status`."""
        super().__init__(why)
        self.status = status


class Request(NamedTuple):
    """The head of a request.

    Attributes:
        method: Such as ``"GET"``.
        target: The path, with whatever follows it.
        headers: By name in small letters.
    """

    method: str
    target: str
    headers: Mapping[str, str]


def parsed(head: bytes) -> Request:
    """Reads the head of a request.

    Raises:
        RefusedError: It is none, or says the same thing twice.
    """
    lines = head.decode("latin-1").split("\r\n")
    first = lines[0].split(" ")
    if len(first) != 3 or first[2] not in ("HTTP/1.1", "HTTP/1.0"):
        raise RefusedError("400 Bad Request", "no request of HTTP/1.1")
    headers: dict[str, str] = {}
    for line in filter(None, lines[1:]):
        name, colon, value = line.partition(":")
        if not colon or not _NAME.fullmatch(name) or name.lower() in headers:
            raise RefusedError("400 Bad Request", "a bad header, or one that comes twice")
        headers[name.lower()] = value.strip()
    return Request(first[0], first[1], headers)


def wanted(request: Request, token: str, host: str) -> Literal["page", "session"]:
    """What a request is for.

    Args:
        request: The request.
        token: What its path begins with.
        host: The name or address that the server listens at.

    Raises:
        RefusedError: It does not know the token; it names this server by another name (DNS rebinding: somebody has turned a name
            of his own to this address); its WebSocket is asked for by another page; or it is for something else.
    """
    if request.method != "GET":
        raise RefusedError("405 Method Not Allowed", "only GET is answered")
    _check_host(request, host)
    for path, what in ((f"/{token}/", "page"), (f"/{token}/session", "session")):
        if secrets.compare_digest(request.target.encode(), path.encode()):
            if what == "page":
                return "page"
            _check_upgrade(request)
            return "session"
    raise RefusedError("404 Not Found", "there is nothing here")


def _check_host(request: Request, host: str) -> None:
    where = request.headers.get("host", "")
    try:
        named = urlsplit(f"//{where}").hostname if _WHERE.fullmatch(where) else None
    except ValueError:
        named = None
    if named is None or not (named in ("localhost", host.lower()) or is_address(named)):
        raise RefusedError("403 Forbidden", "the server has another name")


def _check_upgrade(request: Request) -> None:
    headers = request.headers
    # A page of http://HOST, whatever other pages may be open in the browser; programs that are none name no origin.
    if headers.get("origin", "").lower() != f"http://{headers['host']}".lower():
        raise RefusedError("403 Forbidden", "another page's request")
    try:
        key = base64.b64decode(headers.get("sec-websocket-key", ""), validate=True)
    except binascii.Error:
        key = b""
    upgrades = headers.get("upgrade", "").lower() == "websocket" and "upgrade" in headers.get("connection", "").lower()
    if not upgrades or headers.get("sec-websocket-version") != "13" or len(key) != 16:
        raise RefusedError("400 Bad Request", "no WebSocket of version 13")


def is_address(host: str) -> bool:
    """Whether a host is given by its number, which nobody can rebind."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach it."""
    return host.lower() == "localhost" or (is_address(host) and ipaddress.ip_address(host).is_loopback)
