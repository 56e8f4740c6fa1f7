"""A desk with a window of pygame's on it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from reach_gym.cli.desk import Desk
from reach_gym.rendering import CursorScene, draw
from reach_gym.rendering.canvas import WIDTH, load_pygame
from reach_gym.rendering.cursor_layout import CursorLayout, View
from reach_gym.rendering.text_page import draw_page
from reach_gym.rendering.window import Window

WIDEST = 1000  # pixels of a picture: wider ones take longer to draw than there is time for between two
_SHOWN = 120.0  # seconds for which the learning curve stays open at most


class WindowDesk(Desk):
    """The window in which a person plays, with what he does there."""

    frame = 0.02
    apparatus = "A mouse moved a pointer; a spring drew a virtual hand to it."

    def __init__(
        self,
        window: Window,
        workspace: float,
        width: int = WIDTH,
        clock: Callable[[], float] = time.perf_counter,
        seen: View | None = None,
    ) -> None:
        """Sits down at a `window`; see `Desk`."""
        super().__init__(window, workspace, width, clock, seen)
        self._window = window

    def show(self, scene: CursorScene, arrow: bool) -> None:
        """Draws a picture in the window."""
        self._show(draw(scene, self.width), arrow)

    def show_page(self, title: str, paragraphs: Sequence[str], footer: str) -> None:
        """Draws a page of text in the window."""
        self._show(draw_page(title, paragraphs, footer, self.width), True)

    def show_arrow(self) -> None:
        """Shows the arrow of the mouse."""
        _show_arrow(True)

    def leave(self) -> None:
        """Closes the window."""
        self._window.close()

    def keep(self, picture: npt.NDArray[np.uint8], title: str) -> None:
        """Shows a picture in a window of its own, until a key, a button of the mouse or the window is pressed away."""
        window = Window(title, 30.0)
        print("any key closes the learning curve")
        window.show(picture)
        until = time.perf_counter() + _SHOWN
        while not (window.closed or time.perf_counter() > until or any(key.down for key in window.take_keys())):
            window.wait(0.05)
        window.close()

    def versions(self) -> dict[str, str]:
        """Versions of pygame and SDL."""
        pygame = load_pygame()
        return {"pygame": str(pygame.version.ver), "sdl": ".".join(map(str, pygame.get_sdl_version()))}

    def _show(self, frame: npt.NDArray[np.uint8], arrow: bool) -> None:
        self._window.show(frame)
        _show_arrow(arrow)


def width_for(window: Window) -> int:
    """The width of a picture that fills most of the screen's height, at least `WIDTH` and at most `WIDEST`.

    Raises:
        NoDisplayError: There is no display.
    """
    wide, high = window.room()
    frame = CursorLayout(WIDTH, 0.1).frame
    return max(WIDTH, min(WIDEST, int(min(wide / frame[0], high / frame[1]) * WIDTH)))


def _show_arrow(shown: bool) -> None:
    pygame = load_pygame()
    if pygame.display.get_init():
        pygame.mouse.set_visible(shown)
