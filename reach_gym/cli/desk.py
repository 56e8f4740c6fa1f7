"""What a person sits at, whatever shows the pictures: a pointer, a clock, and pages of text."""

from __future__ import annotations

import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from reach_gym.cli.pointer_log import PointerLog
from reach_gym.fields import Pair
from reach_gym.rendering import CursorScene, board_point
from reach_gym.rendering.canvas import WIDTH
from reach_gym.rendering.cursor_layout import CursorLayout, View
from reach_gym.rendering.display import Key, Motion, Screen

_TICK = 0.1  # seconds between two looks at a page
_GO_ON = ("space", "return", "enter", "mouse1")
_KEYS = "F11: full screen.    Esc: end."


class Seat(Protocol):
    """What tells of the person: a window, or a page in a browser.

    Attributes:
        closed: Whether the person has left.
    """

    closed: bool

    def wait(self, seconds: float) -> None:
        """Waits so long, and takes in what the person does."""

    def take_keys(self) -> list[Key]:
        """The keys and buttons that went down or up since the last call, oldest first."""

    def take_motions(self) -> list[Motion]:
        """The movements of the pointer since the last call, oldest first."""

    def take_pointer(self) -> tuple[float, float] | None:
        """Where the pointer is, in pixels of the shown picture; ``None`` before it has come."""

    def screen(self) -> Screen | None:
        """How the pictures stand on the screen; ``None`` before there is one."""

    def close(self) -> None:
        """Ends it."""


class Desk(ABC):
    """Where a person plays, and what he does there.

    Attributes:
        width: Of the pictures, in pixels.
        layout: The places on them.
        log: The path of the pointer.
        clock: The time in seconds.
        frame: Seconds between two pictures.
        apparatus: What it is, in a sentence, for the metadata of a recording.
    """

    frame: ClassVar[float]
    apparatus: ClassVar[str]

    def __init__(
        self,
        seat: Seat,
        workspace: float,
        width: int = WIDTH,
        clock: Callable[[], float] = time.perf_counter,
        seen: View | None = None,
    ) -> None:
        """Sits down.

        Args:
            seat: What tells of the person.
            workspace: Half of the side of the workspace, in metres.
            width: Of the pictures, in pixels.
            clock: Tells the time in seconds.
            seen: What the board shows; ``None`` for the workspace with a margin.
        """
        self.width, self.clock, self.layout = width, clock, CursorLayout(width, workspace, seen)
        self.log = PointerLog(clock(), self.layout)
        self._seat = seat
        self._presses: list[str] = []
        self._screen: Screen | None = None

    @property
    def screen(self) -> Screen | None:
        """How the pictures stood on the screen when that was last looked at; ``None`` before there was one."""
        self._screen = self._seat.screen() or self._screen
        return self._screen

    @property
    def closed(self) -> bool:
        """Whether the person has left."""
        return self._seat.closed

    def quits(self, seconds: float) -> bool:
        """Waits, at least for one look at what the person does; whether he has left or pressed Esc."""
        self._seat.wait(seconds)
        pressed = [key.name for key in self._seat.take_keys() if key.down]
        self.log.add(self._seat.take_motions())
        self._presses += pressed
        return "escape" in pressed or self._seat.closed

    def pointer(self, scene: CursorScene) -> Pair | None:
        """Where the pointer is on the board, in metres; ``None`` before it has come."""
        pixel = self._seat.take_pointer()
        return None if pixel is None else board_point(scene, self.width, pixel)

    def read(self, title: str, paragraphs: Sequence[str]) -> bool:
        """Shows a page until the person goes on; whether he does, and does not end the session."""
        self._presses.clear()
        self.show_page(title, paragraphs, f"Space or a click: go on.    {_KEYS}")
        while not self.quits(_TICK):
            if any(name in _GO_ON for name in self._presses):
                return True
        return False

    def rest(self, title: str, paragraphs: Sequence[str], seconds: float) -> bool:
        """Shows a page for so many seconds, and how many are left; whether the person stays."""
        end, shown = self.clock() + seconds, -1
        while (left := end - self.clock()) > 0:
            if math.ceil(left) != shown:
                shown = math.ceil(left)
                self.show_page(title, paragraphs, f"It goes on in {shown} s.    {_KEYS}")
            if self.quits(min(_TICK, max(0.0, end - self.clock()))):
                return False
        return True

    @abstractmethod
    def show(self, scene: CursorScene, arrow: bool) -> None:
        """Shows a picture, with the arrow of the mouse or without.

        The arrow would tell where the hand is drawn to while a field pushes it aside.
        """

    @abstractmethod
    def show_page(self, title: str, paragraphs: Sequence[str], footer: str) -> None:
        """Shows a page of text, with the arrow of the mouse."""

    @abstractmethod
    def show_arrow(self) -> None:
        """Shows the arrow of the mouse again, after trials."""

    @abstractmethod
    def leave(self) -> None:
        """Ends the session for the person, who need not wait until it is saved."""

    @abstractmethod
    def keep(self, picture: npt.NDArray[np.uint8], title: str) -> None:
        """Shows a picture (height, width, 3), such as the learning curve, to a person who has not left."""

    @abstractmethod
    def versions(self) -> dict[str, str]:
        """What shows the pictures, by name, for the metadata of a recording."""

    def measured(self) -> dict[str, Any]:
        """What else is known of the session, as plain JSON, for the metadata of a recording."""
        return {}
