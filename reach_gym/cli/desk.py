"""What a person sits at: a window, a pointer, a clock, and pages of text."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from reach_gym.cli.pointer_log import PointerLog
from reach_gym.fields import Pair
from reach_gym.rendering import CursorScene, board_point
from reach_gym.rendering.canvas import WIDTH, load_pygame
from reach_gym.rendering.cursor_layout import CursorLayout, View
from reach_gym.rendering.display import Screen
from reach_gym.rendering.text_page import draw_page
from reach_gym.rendering.window import Window

_TICK = 0.1  # seconds between two looks at a page
WIDEST = 1000  # pixels of a picture: wider ones take longer to draw than there is time for between two
_GO_ON = ("space", "return", "enter", "mouse1")
FOOTER = "Space or a click: go on.    F11: full screen.    Esc: end."


class Desk:
    """The window in which a person plays, with what he does there.

    Attributes:
        width: Of the pictures, in pixels.
        layout: The places on them.
        log: The path of the pointer.
        clock: The time in seconds.
    """

    def __init__(
        self,
        window: Window,
        workspace: float,
        width: int = WIDTH,
        clock: Callable[[], float] = time.perf_counter,
        seen: View | None = None,
    ) -> None:
        """Sits down at a `window`.

        Args:
            window: Where everything is shown.
            workspace: Half of the side of the workspace, in metres.
            width: Of the pictures, in pixels.
            clock: Tells the time in seconds.
            seen: What the board shows; ``None`` for the workspace with a margin.
        """
        self.width, self.clock, self.layout = width, clock, CursorLayout(width, workspace, seen)
        self.log = PointerLog(clock(), self.layout)
        self._window = window
        self._presses: list[str] = []
        self._screen: Screen | None = None

    @property
    def screen(self) -> Screen | None:
        """How the window stood on the screen when it was last looked at; ``None`` before it has opened."""
        self._screen = self._window.screen() or self._screen
        return self._screen

    def quits(self, seconds: float) -> bool:
        """Waits, at least for one look at what the person does; whether he has closed the window or pressed Esc."""
        self._window.wait(seconds)
        pressed = [key.name for key in self._window.take_keys() if key.down]
        self.log.add(self._window.take_motions())
        self._presses += pressed
        return "escape" in pressed or self._window.closed

    def pointer(self, scene: CursorScene) -> Pair | None:
        """Where the pointer is on the board, in metres; ``None`` before it has come."""
        pixel = self._window.take_pointer()
        return None if pixel is None else board_point(scene, self.width, pixel)

    def show(self, frame: npt.NDArray[np.uint8], arrow: bool) -> None:
        """Shows a picture, with the arrow of the mouse or without."""
        self._window.show(frame)
        show_arrow(arrow)

    def read(self, title: str, paragraphs: Sequence[str]) -> bool:
        """Shows a page until the person goes on; whether he does, and does not end the session."""
        self._presses.clear()
        self.show(draw_page(title, paragraphs, FOOTER, self.width), arrow=True)
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
                footer = f"It goes on in {shown} s.    F11: full screen.    Esc: end."
                self.show(draw_page(title, paragraphs, footer, self.width), arrow=True)
            if self.quits(min(_TICK, max(0.0, end - self.clock()))):
                return False
        return True


def width_for(window: Window) -> int:
    """The width of a picture that fills most of the screen's height, at least `WIDTH` and at most `WIDEST`.

    Raises:
        NoDisplayError: There is no display.
    """
    wide, high = window.room()
    frame = CursorLayout(WIDTH, 0.1).frame
    return max(WIDTH, min(WIDEST, int(min(wide / frame[0], high / frame[1]) * WIDTH)))


def show_arrow(shown: bool) -> None:
    """Shows or hides the arrow of the mouse, which would tell where the hand is drawn to while a field pushes it aside."""
    pygame = load_pygame()
    if pygame.display.get_init():
        pygame.mouse.set_visible(shown)
