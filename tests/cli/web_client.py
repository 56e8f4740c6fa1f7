"""A page of a few lines, for tests: it speaks with the server over a socket."""

import base64
import json
import os
import socket
from urllib.parse import urlsplit

from reach_gym.cli.web.frames import CLOSE, PING, PONG, TEXT, accepted

PLACE = {
    "left": 10, "top": 20, "width": 1152, "window": [1200, 1300], "desktop": [2000, 1500], "full": False, "ratio": 1.5,
    "event": "pointerrawupdate", "coalesced": True, "agent": "test",
}  # fmt: skip


def asked(url, path=None, method="GET", **headers):
    """The answer to a request over HTTP: status, headers by name in small letters, body. A header that is None is left out."""
    at = urlsplit(url)
    wanted = {"Host": at.netloc, **headers}
    with socket.create_connection((at.hostname, at.port), 10) as link:
        lines = [f"{method} {at.path if path is None else path} HTTP/1.1", *(f"{name.replace('_', '-')}: {value}" for name, value in wanted.items() if value is not None)]
        link.sendall("\r\n".join([*lines, "", ""]).encode())
        return _answer(b"".join(iter(lambda: link.recv(2**16), b"")))


def _answer(data):
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    return int(first.split()[1]), {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}, body


def masked(kind, data, first=0x80, mask=b"abcd"):
    """A frame as a browser sends it."""
    size = len(data)
    length = bytes([0x80 | size]) if size < 126 else bytes([0x80 | 126]) + size.to_bytes(2, "big") if size < 2**16 else bytes([0x80 | 127]) + size.to_bytes(8, "big")
    return bytes([first | kind]) + length + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(data))


class Client:
    """One WebSocket."""

    def __init__(self, url, **headers):
        at = urlsplit(url)
        self.link, self.data = socket.create_connection((at.hostname, at.port), 10), b""
        key = base64.b64encode(os.urandom(16)).decode()
        wanted = {
            "Host": at.netloc, "Origin": f"http://{at.netloc}", "Upgrade": "websocket", "Connection": "keep-alive, Upgrade",
            "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": key, **{name.replace("_", "-"): value for name, value in headers.items()},
        }  # fmt: skip
        lines = [f"GET {at.path}session HTTP/1.1", *(f"{name}: {value}" for name, value in wanted.items() if value is not None)]
        self.link.sendall("\r\n".join([*lines, "", ""]).encode())
        while b"\r\n\r\n" not in self.data:
            more = self.link.recv(2**16)
            if not more:
                break
            self.data += more
        head, _, self.data = self.data.partition(b"\r\n\r\n")
        self.status, self.headers, _ = _answer(head)
        assert self.status != 101 or self.headers["sec-websocket-accept"] == accepted(key)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.link.close()

    def say(self, *what):
        self.link.sendall(masked(TEXT, json.dumps(what).encode()))

    def frame(self):
        """The next frame: (kind, data), or None if the connection has ended."""
        head = self._take(2)
        if head is None:
            return None
        size = head[1] & 0x7F
        assert head[0] & 0x80 and not head[1] & 0x80
        if size > 125:
            size = int.from_bytes(self._take(2 if size == 126 else 8), "big")
        return head[0] & 0x0F, self._take(size)

    def hear(self):
        """The next message; a number if the server closes the connection, with that status."""
        while True:
            frame = self.frame()
            if frame is None:
                return None
            kind, data = frame
            if kind == TEXT:
                return json.loads(data)
            assert kind in (CLOSE, PING, PONG)
            if kind == CLOSE:
                return int.from_bytes(data[:2], "big")

    def greet(self, **place):
        """Says how the page stands and answers the first echoes; then messages are those of the session."""
        self.say("place", {**PLACE, **place})

    def _take(self, count):
        while len(self.data) < count:
            try:
                more = self.link.recv(2**16)
            except ConnectionError:
                return None
            if not more:
                return None
            self.data += more
        taken, self.data = self.data[:count], self.data[count:]
        return taken
