"""The person at a page: what it tells is taken in on the server's thread and asked for on that of the session."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from reach_gym.cli.web.frames import POLICY, ProtocolError
from reach_gym.cli.web.latency import Latency
from reach_gym.cli.web.messages import Answer, Card, Lifted, Message, Moved, Place, Pressed, read
from reach_gym.rendering.canvas import WIDTH
from reach_gym.rendering.display import Key, Motion, Screen

GREETINGS = 10
"""Echoes before a session begins, so that both clocks are known."""
_EVERY = 0.5  # seconds between two echoes from then on
_REMEMBERED = 2**16  # movements that nobody has asked for yet, and pictures that may still be answered
_BEHIND = 25  # pictures that are under way at most: a page that is hidden draws none


class Participant:
    """What a page tells of the person, and what the page is told.

    Attributes:
        closed: Whether the person has left.
        ready: Set as soon as the page is laid out and its clock is known, or the person has left.
        latency: How long movements and pictures take.
        place: How the page last stood on the screen; ``None`` before that is known.
        card: Pixels of the screen that a bank card is wide; ``None`` where nobody has laid one on the screen.
        pointers: Kinds of pointers that have moved: ``"mouse"``, ``"touch"``, ``"pen"``.
        pictures: How many were sent, and how many left out because the page had not drawn those before.
    """

    def __init__(self, send: Callable[[str], None], clock: Callable[[], float] = time.perf_counter) -> None:
        """Begins.

        Args:
            send: Sends a text to the page, from any thread, without waiting.
            clock: Tells the time in seconds.
        """
        self.closed, self.ready = False, threading.Event()
        self.latency = Latency()
        self.place: Place | None = None
        self.card: float | None = None
        self.pointers: set[str] = set()
        self.pictures = {"sent": 0, "left_out": 0}
        self._send, self._clock, self._lock = send, clock, threading.Lock()
        self._keys: list[Key] = []
        self._motions: deque[Motion] = deque(maxlen=_REMEMBERED)
        self._pointer: tuple[float, float] | None = None
        self._asked: dict[int, float] = {}  # when an echo was asked for that has not come yet
        self._shown: dict[int, float] = {}  # when a picture was sent that has not been drawn yet
        self._number, self._echoed = 0, clock()

    # On the server's thread.

    def hear(self, text: bytes) -> None:
        """Takes in a message from the page.

        Raises:
            ProtocolError: It is none.
        """
        message, now = read(text), self._clock()
        with self._lock:
            self._take(message, now)
        if isinstance(message, Place | Answer) and not self.ready.is_set():
            self._greet()

    def leave(self) -> None:
        """The page is gone."""
        self.closed = True
        self.ready.set()

    def _take(self, message: Message, now: float) -> None:
        if isinstance(message, Place):
            self.place = message
        elif isinstance(message, Moved):
            self._move(message, now)
        elif isinstance(message, Lifted):
            self._pointer = None
        elif isinstance(message, Pressed):
            self._keys.append(Key(message.name, True))
        elif isinstance(message, Card):
            self.card = message.width * (self.place.ratio if self.place else 1.0)
        else:
            self._answer(message, now)

    def _move(self, message: Moved, now: float) -> None:
        if self.place is None:
            raise ProtocolError(POLICY, "a movement before the page is laid out")
        self.pointers.add(message.kind)
        scale = WIDTH / self.place.width
        for milliseconds, x, y in message.samples:
            self._pointer = (x - self.place.left) * scale, (y - self.place.top) * scale
            if self.latency.echoes:
                # Two echoes may differ by a hair; a path of a pointer must not run backwards for that.
                last = self._motions[-1].time if self._motions else -1.0
                self._motions.append(Motion(max(last, self.latency.here(milliseconds)), (x, y), self._pointer))
        self.latency.moved(message.samples[-1][0], now)

    def _answer(self, message: Answer, now: float) -> None:
        sent = (self._shown if message.drawn else self._asked).pop(message.number, None)
        if sent is None:
            raise ProtocolError(POLICY, "an answer to nothing")
        if not message.drawn:
            self.latency.echo(sent, message.heard, message.done, now)
            return
        self.latency.drawn(sent, message.done)
        for number in [each for each in self._shown if each < message.number]:
            del self._shown[number]  # this one was drawn instead

    def _greet(self) -> None:
        if self.place is None or self.latency.echoes < GREETINGS:
            self._ask()
        else:
            self.ready.set()

    # On that of the session.

    def tell(self, **what: Any) -> None:
        """Tells the page something."""
        self._send(json.dumps(what, separators=(",", ":"), allow_nan=False))

    def picture(self, **what: Any) -> None:
        """Shows a picture, unless the page is behind: then the next one will do."""
        with self._lock:
            if len(self._shown) >= _BEHIND:
                self.pictures["left_out"] += 1
                return
            self.pictures["sent"] += 1
            number = self._count(self._shown)
        self.tell(number=number, **what)

    def wait(self, seconds: float) -> None:
        """Lets so much time pass, and asks for an echo now and then."""
        if self._clock() - self._echoed > _EVERY:
            self._echoed = self._clock()
            self._ask()
        time.sleep(max(0.0, seconds))

    def take_keys(self) -> list[Key]:
        """The keys and buttons that went down since the last call, oldest first."""
        with self._lock:
            keys, self._keys = self._keys, []
        return keys

    def take_motions(self) -> list[Motion]:
        """The movements of the pointer since the last call, oldest first; their times are those of the page's events."""
        with self._lock:
            motions = [*self._motions]
            self._motions.clear()
        return motions

    def take_pointer(self) -> tuple[float, float] | None:
        """Where the pointer is, in pixels of a picture `WIDTH` wide; ``None`` before it has come, or while no finger is down."""
        with self._lock:
            return self._pointer

    def screen(self) -> Screen | None:
        """How the picture stands in the page and on the screen, in pixels of CSS."""
        at = self.place
        if at is None:
            return None
        window, desktop = ((round(wide), round(high)) for wide, high in (at.window, at.desktop))
        return Screen(window, desktop, at.full, at.width / WIDTH)

    def close(self) -> None:
        """Ends it."""
        self.closed = True

    def _ask(self) -> None:
        with self._lock:
            number = self._count(self._asked)
        self.tell(ping=number)

    def _count(self, sent: dict[int, float]) -> int:
        self._number += 1
        sent[self._number] = self._clock()
        return self._number
