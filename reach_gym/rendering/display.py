"""pygame's video system, which starts with the first window and stops with the last one, and what windows tell.

All windows share SDL's one event queue; whichever reads it hands every event to the window that it belongs to.
"""

from __future__ import annotations

import os
import sys
import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from gymnasium.error import Error

from reach_gym.errors import missing_extra
from reach_gym.rendering.canvas import load_pygame

if TYPE_CHECKING:
    import pygame

    from reach_gym.rendering.window import Window

_DRIVER_NAMES = ("SDL_VIDEODRIVER", "SDL_VIDEO_DRIVER")
_SCREEN_NAMES = ("DISPLAY", "WAYLAND_DISPLAY")


class NoDisplayError(Error, RuntimeError):
    """There is no screen on which a window could open."""


@dataclass(frozen=True)
class Key:
    """A key or a button of the mouse that went down or up.

    Attributes:
        name: pygame's name of the key: ``"left"``, ``"q"``, ``"[7]"`` on the number pad; ``"mouse1"`` is the left
            button of the mouse, ``"mouse2"`` the middle and ``"mouse3"`` the right one.
        down: Whether it went down.
    """

    name: str
    down: bool


class Motion(NamedTuple):
    """A movement of the mouse.

    Attributes:
        time: When it was heard of, in seconds of `time.perf_counter`.
        window: (x, y) in pixels of the window, from its left top corner.
        frame: (x, y) in pixels of the shown frame, however the window shrinks or stretches it.
    """

    time: float
    window: tuple[float, float]
    frame: tuple[float, float]


class Screen(NamedTuple):
    """How a window stands on its screen, all in pixels of the screen.

    Attributes:
        window: Width and height of the window.
        desktop: Those of the screen.
        full: Whether the window fills the screen.
        scale: Pixels of the window per pixel of the shown frame.
    """

    window: tuple[int, int]
    desktop: tuple[int, int]
    full: bool
    scale: float


class Video:
    """pygame's video system and the windows that are open in it."""

    def __init__(self) -> None:
        self.windows: weakref.WeakSet[Window] = weakref.WeakSet()
        self.ours = False

    def start(self) -> None:
        """Starts pygame's video system, unless it runs.

        Raises:
            NoDisplayError: There is no display.
            MissingExtraError: pygame-ce is not installed.
        """
        pygame = load_pygame()
        if not hasattr(pygame, "Window"):  # the older pygame, which has one window at most
            raise missing_extra("pygame-ce", "render")
        if pygame.display.get_init():
            return
        chosen = [name for name in _DRIVER_NAMES if os.environ.get(name)]
        if sys.platform == "linux" and not chosen and not any(map(os.environ.get, _SCREEN_NAMES)):
            raise NoDisplayError("No window can open: there is no display.")
        # Otherwise SDL takes SIGTERM over, and a program with a window could no longer be told to stop.
        os.environ.setdefault("SDL_NO_SIGNAL_HANDLERS", "1")
        try:
            pygame.display.init()
        except pygame.error as error:
            raise NoDisplayError(f"No window can open: {error}; is there a display?") from error
        if pygame.display.get_driver() in ("offscreen", "dummy") and not chosen:
            # SDL's last resort: windows that nobody can see.
            pygame.display.quit()
            raise NoDisplayError("No window can open: the display does not answer.")
        self.ours = True

    def stop_if_unused(self) -> None:
        """Stops it once no window is open, unless somebody else had started it."""
        pygame = load_pygame()
        if self.ours and not self.windows:
            pygame.display.quit()
            self.ours = False

    def pump(self) -> None:
        """Hands every waiting event to its window; puts the events of other programs' windows back."""
        pygame = load_pygame()
        ours = self.ours  # the close button of the last window stops the video system below
        for event in pygame.event.get():
            # The window of an event may have been destroyed since; even its number is then an error.
            window = getattr(event, "window", None)
            owners = [each for each in self.windows if window is not None and each._window is window]
            if owners:
                owners[0]._take(event)
            elif not ours:
                if window is None or self._lives(window):
                    pygame.event.post(event)
            elif event.type == pygame.QUIT:  # "quit" in the menu of the desktop means all windows
                for each in list(self.windows):
                    each.close()

    @staticmethod
    def _lives(window: pygame.Window) -> bool:
        try:
            return bool(window.id >= 0)
        except load_pygame().error:
            return False


VIDEO = Video()
