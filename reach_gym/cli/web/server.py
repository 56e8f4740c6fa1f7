"""A server for one participant: it answers with the page, and with a WebSocket, on a thread of its own."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import re
import secrets
import threading
from collections.abc import Callable
from concurrent.futures import Future
from importlib import resources
from typing import Self

from reach_gym.cli.web import frames, requests
from reach_gym.cli.web.participant import Participant
from reach_gym.cli.web.requests import RefusedError, Request

_PATIENCE = 10.0  # seconds for the head of a request
_MOST = 32  # connections at the same time
_BACKLOG = 2**23  # bytes that the page has not taken yet: it is gone, whatever its connection says
_FAREWELL, _NAP = 2.0, 0.01  # seconds for the page to say goodbye, too, and between two looks whether it has


class Server:
    """Serves the page and the WebSocket of the first one who opens it.

    Attributes:
        token: What the path of the page begins with.
        port: Where it listens; known once it has begun.
    """

    def __init__(self, host: str, port: int) -> None:
        """Prepares a server.

        Args:
            host: Name or address to listen at.
            port: Likewise; 0 for one that is free.
        """
        self.token, self.port = secrets.token_urlsafe(16), port
        self._host, self._page = host, _read_page()
        self._came = threading.Event()
        self._participant: Participant | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._links: set[asyncio.StreamWriter] = set()
        self._parting = False
        self._began: Future[int] = Future()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="reach-gym web", daemon=True)

    @property
    def url(self) -> str:
        """The address of the page."""
        # A server that listens everywhere has no address of its own; this one works here.
        here = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self._host, self._host)
        host = f"[{here}]" if ":" in here else here
        return f"http://{host}:{self.port}/{self.token}/"

    def __enter__(self) -> Self:
        """Begins.

        Raises:
            OSError: It cannot listen there.
        """
        self._thread.start()
        try:
            self.port = self._began.result()
        except BaseException:
            self._thread.join(_FAREWELL)
            raise
        return self

    def __exit__(self, *error: object) -> None:
        """Ends all connections."""
        if self._thread.is_alive():
            with contextlib.suppress(RuntimeError):  # the loop may just have ended
                self._loop.call_soon_threadsafe(self._over.set)
            self._thread.join(2 * _FAREWELL)

    def participant(self) -> Participant:
        """Waits for the first participant whose page is ready."""
        self._came.wait()
        person = self._participant
        if person is None:
            raise RuntimeError("The server has ended.")
        person.ready.wait()
        return person

    async def _serve(self) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        try:
            server = await asyncio.start_server(self._meet, self._host, self.port, limit=requests.LONGEST)
        except OSError as error:
            self._began.set_exception(error)
            return
        self._began.set_result(server.sockets[0].getsockname()[1])
        await self._over.wait()
        server.close()
        if self._writer is not None:
            await self._part(self._writer)
        for link in self._links:  # that a browser has opened and never used
            link.transport.abort()
        await self._until(lambda: not self._links)

    async def _part(self, writer: asyncio.StreamWriter) -> None:
        """Says goodbye to the page, which answers by closing the connection."""
        self._parting = True
        if writer in self._links:
            writer.write(frames.closing(frames.GOING_AWAY, "The session is over."))
        await self._until(lambda: writer not in self._links)

    async def _until(self, true: Callable[[], bool]) -> None:
        """Waits for the end of connections, but not for long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_FAREWELL):
                while not true():
                    await asyncio.sleep(_NAP)

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        self._links.add(writer)
        try:
            if len(self._links) <= _MOST:
                await self._answer(reader, writer)
        except (ConnectionError, TimeoutError, asyncio.IncompleteReadError):
            pass  # whoever it was has gone
        finally:
            writer.close()
            self._links.discard(writer)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_PATIENCE):
                request = requests.parsed((await reader.readuntil(b"\r\n\r\n"))[:-4])
            if requests.wanted(request, self.token, self._host) == "session":
                await self._play(request, reader, writer)
                return
            writer.write(_response("200 OK", self._page, "text/html; charset=utf-8", _policy(self._page, request)))
        except asyncio.LimitOverrunError:
            writer.write(_response("431 Request Header Fields Too Large", b"the head of the request is too large\n"))
        except RefusedError as refused:
            writer.write(_response(refused.status, f"{refused}\n".encode()))
        await writer.drain()

    async def _play(self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """The WebSocket of the participant, for as long as he stays."""
        if self._participant is not None:
            raise RefusedError("409 Conflict", "somebody takes part already, or has")
        person = self._participant = Participant(self._sender(writer))
        self._writer = writer
        upgrade = {
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Accept": frames.accepted(request.headers["sec-websocket-key"]),
        }
        writer.write(_head("101 Switching Protocols", upgrade))
        self._came.set()
        try:
            await self._listen(person, reader, writer)
        finally:
            person.leave()

    async def _listen(self, person: Participant, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Takes in what a page says until it leaves."""
        try:
            while True:
                frame = await frames.received(reader)
                if frame.kind == frames.TEXT:
                    person.hear(frame.data)
                elif frame.kind == frames.PING:
                    writer.write(frames.framed(frames.PONG, frame.data))
                elif frame.kind == frames.CLOSE:
                    if not self._parting:
                        writer.write(frames.framed(frames.CLOSE, frame.data[:2]))
                    return
        except frames.ProtocolError as wrong:
            writer.write(frames.closing(wrong.code, str(wrong)))

    def _sender(self, writer: asyncio.StreamWriter) -> Callable[[str], None]:
        loop = self._loop

        def send(text: str) -> None:
            data = frames.framed(frames.TEXT, text.encode())
            with contextlib.suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(write, data)

        def write(data: bytes) -> None:
            transport = writer.transport
            if transport.get_write_buffer_size() > _BACKLOG:
                transport.abort()
            elif not transport.is_closing():
                writer.write(data)

        return send


def _read_page() -> bytes:
    return resources.files("reach_gym.cli.web").joinpath("page.html").read_bytes()


def _policy(page: bytes, request: Request) -> dict[str, str]:
    """What the page may do: run its own script, wear its own style, and talk to this server."""
    allowed = {name: _digests(page, tag) for name, tag in (("script-src", b"script"), ("style-src", b"style"))}
    rules = {"default-src": "'none'", **allowed, "img-src": "data:", "connect-src": f"ws://{request.headers['host']}"}
    closed = dict.fromkeys(("base-uri", "form-action", "frame-ancestors"), "'none'")
    return {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in {**rules, **closed}.items()),
        # Alone in its process, the page is given a clock of microseconds, where others are given tenths of milliseconds or worse.
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Embedder-Policy": "require-corp",
        "Referrer-Policy": "no-referrer",  # the address holds the token
    }


def _digests(page: bytes, tag: bytes) -> str:
    parts = re.findall(rb"<%b>(.*?)</%b>" % (tag, tag), page, re.DOTALL)
    return " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(part).digest()).decode()}'" for part in parts)


def _response(status: str, body: bytes, kind: str = "text/plain; charset=utf-8", more: dict[str, str] | None = None) -> bytes:
    headers = {"Content-Type": kind, "Content-Length": str(len(body)), "Connection": "close", **(more or {})}
    return _head(status, headers) + body


def _head(status: str, headers: dict[str, str]) -> bytes:
    always = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in {**headers, **always}.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")
