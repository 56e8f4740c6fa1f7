"""A window that shows frames: resizable, one of several, closed by its user at any time.

pygame's video system starts with the first window and stops with the last one, unless somebody else had
started it. All windows share SDL's one event queue; whichever reads it hands every event to the window that it
belongs to.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from gymnasium.error import Error

from reach_gym import checks
from reach_gym.errors import missing_extra
from reach_gym.rendering.canvas import load_pygame

if TYPE_CHECKING:
    import pygame

_MARGIN = (238, 240, 243)
_NAP = 0.01  # seconds between two looks at the event queue while waiting for the next frame
_SMALLEST = (160, 160)
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


class _Video:
    """pygame's video system and the windows that are open in it."""

    def __init__(self) -> None:
        self.windows: weakref.WeakSet[Window] = weakref.WeakSet()
        self.ours = False

    def start(self) -> None:
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
            return window.id >= 0
        except load_pygame().error:
            return False


_VIDEO = _Video()


class Window:
    """A resizable window that shows frames at a steady pace.

    It opens with the first frame. A copy (deepcopy, pickle) is a new window that is not open yet.

    Attributes:
        title: Its headline.
        fps: Frames per second at most.
        closed: Whether its user or `close` has closed it; it then stays closed and `show` does nothing.
    """

    def __init__(self, title: str, fps: float) -> None:
        """Makes a window that opens with the first frame.

        Args:
            title: Its headline.
            fps: Frames per second at most; positive.

        Raises:
            ValueError: `fps` is not positive.
        """
        self.title = title
        self.fps = checks.number("fps", fps, 0.1, 1000.0)
        self.closed = False
        self._window: pygame.Window | None = None
        self._frame: pygame.Surface | None = None
        self._due = 0.0
        self._keys: list[Key] = []
        self._mouse: tuple[float, float] | None = None

    def __reduce__(self) -> tuple[type[Window], tuple[str, float]]:
        """Copies carry no open window."""
        return Window, (self.title, self.fps)

    def __del__(self) -> None:
        """Closes the window of an environment that nobody closed."""
        # Python may be half shut down by now, and nobody could handle an error.
        with contextlib.suppress(Exception):
            self.close()

    def prepare(self) -> None:
        """Makes sure that a window can open, before there is a frame.

        Raises:
            NoDisplayError: There is no display.
            MissingExtraError: pygame-ce is not installed.
        """
        if not self.closed and self._window is None:
            _VIDEO.start()

    def show(self, frame: npt.NDArray[np.uint8]) -> None:
        """Shows a frame, once it is time for it, and handles what the user did.

        Args:
            frame: uint8 array (height, width, 3), red, green, blue.

        Raises:
            NoDisplayError: There is no display.
            MissingExtraError: pygame-ce is not installed.
        """
        if self.closed:
            return
        self._open(frame.shape[1], frame.shape[0])
        self.wait(self._due - time.perf_counter())
        if self.closed:
            return
        self._due = max(self._due, time.perf_counter()) + 1 / self.fps
        size = frame.shape[1], frame.shape[0]
        data = np.ascontiguousarray(frame).tobytes()
        self._frame = load_pygame().image.frombytes(data, size, "RGB")
        self._redraw()

    def wait(self, seconds: float) -> None:
        """Goes on handling the user's actions for `seconds`, or until the window is closed; at least once."""
        end = time.perf_counter() + seconds
        self._pump()
        while not self.closed and time.perf_counter() < end:
            time.sleep(min(_NAP, max(0.0, end - time.perf_counter())))
            self._pump()

    def take_keys(self) -> list[Key]:
        """The keys and buttons that went down or up in this window since the last call, oldest first."""
        self._pump()
        keys, self._keys = self._keys, []
        return keys

    def take_pointer(self) -> tuple[float, float] | None:
        """Where the mouse is, or was when it left the window.

        Returns:
            (x, y) in pixels of the shown frame, from its left top corner, however the window shrinks or stretches it;
            beyond the frame in the margin around it. None before the mouse has entered the window.
        """
        self._pump()
        if self._window is None or self._frame is None or self._mouse is None:
            return None
        area = self._area(self._window.get_surface(), self._frame)
        scale_x, scale_y = self._frame.get_width() / area.width, self._frame.get_height() / area.height
        # The middle of the pixel of the window that the mouse is on.
        return (self._mouse[0] + 0.5 - area.left) * scale_x, (self._mouse[1] + 0.5 - area.top) * scale_y

    def close(self) -> None:
        """Closes the window; a second call does nothing."""
        self.closed = True
        window, self._window, self._frame = self._window, None, None
        if window is None:
            return
        pygame = load_pygame()
        _VIDEO.windows.discard(self)
        if pygame.display.get_init():  # otherwise pygame.quit() has destroyed it
            window.destroy()
        _VIDEO.stop_if_unused()

    def _open(self, width: int, height: int) -> None:
        if self._window is not None:
            return
        _VIDEO.start()
        pygame = load_pygame()
        desktop = pygame.display.get_desktop_sizes()[0]
        shrink = min(1.0, 0.9 * desktop[0] / width, 0.85 * desktop[1] / height)
        size = max(1, round(width * shrink)), max(1, round(height * shrink))
        try:
            self._window = pygame.Window(self.title, size, resizable=True)
        except pygame.error as error:
            _VIDEO.stop_if_unused()
            raise NoDisplayError(f"No window can open: {error}.") from error
        self._window.minimum_size = (min(_SMALLEST[0], size[0]), min(_SMALLEST[1], size[1]))
        _VIDEO.windows.add(self)
        self._due = time.perf_counter()

    def _pump(self) -> None:
        if self._window is None:
            return
        if not load_pygame().display.get_init():  # somebody called pygame.quit(): all windows are gone
            self.close()
            return
        _VIDEO.pump()

    def _take(self, event: pygame.Event) -> None:
        pygame = load_pygame()
        if event.type == pygame.WINDOWCLOSE:
            self.close()
        elif event.type in (pygame.WINDOWSIZECHANGED, pygame.WINDOWRESIZED, pygame.WINDOWEXPOSED):
            self._redraw()
        elif event.type in (pygame.KEYDOWN, pygame.KEYUP):
            self._keys.append(Key(pygame.key.name(event.key), event.type == pygame.KEYDOWN))
        elif event.type in (pygame.MOUSEMOTION, pygame.MOUSEBUTTONDOWN, pygame.MOUSEBUTTONUP):
            self._mouse = event.pos
            if event.type != pygame.MOUSEMOTION:
                self._keys.append(Key(f"mouse{event.button}", event.type == pygame.MOUSEBUTTONDOWN))

    @staticmethod
    def _area(surface: pygame.Surface, frame: pygame.Surface) -> pygame.Rect:
        """Where in the window the frame is shown, in its own proportions."""
        return frame.get_rect().fit(surface.get_rect())

    def _redraw(self) -> None:
        """Fits the last frame into the window."""
        if self._window is None or self._frame is None:
            return
        pygame = load_pygame()
        surface = self._window.get_surface()
        area = self._area(surface, self._frame)
        surface.fill(_MARGIN)
        image: Any = self._frame
        if area.size != image.get_size():
            image = pygame.transform.smoothscale(image, area.size)
        surface.blit(image, area)
        self._window.flip()
