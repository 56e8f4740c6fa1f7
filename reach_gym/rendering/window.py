"""A window that shows frames: resizable, full screen with F11, one of several, closed by its user at any time."""

from __future__ import annotations

import contextlib
import time
from collections import deque
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from reach_gym import checks
from reach_gym.rendering.canvas import load_pygame
from reach_gym.rendering.display import VIDEO, Motion, Screen
from reach_gym.rendering.display import Key as Key
from reach_gym.rendering.display import NoDisplayError as NoDisplayError

if TYPE_CHECKING:
    import pygame

_MARGIN = (238, 240, 243)
_NAP = 0.01  # seconds between two looks at the event queue while waiting for the next frame
_SMALLEST = (160, 160)
_REMEMBERED = 2**16  # movements of the mouse that nobody has asked for yet
_WIDE, _HIGH = 0.9, 0.85  # of the screen: room for its bars
_FULL_SCREEN = "f11"


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
        self._motions: deque[Motion] = deque(maxlen=_REMEMBERED)
        self._full = False

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
            VIDEO.start()

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
        return self._on_frame(self._mouse)

    def take_motions(self) -> list[Motion]:
        """The movements of the mouse in this window since the last call, oldest first, the last 65,536 at most."""
        self._pump()
        motions = [*self._motions]
        self._motions.clear()
        return motions

    def screen(self) -> Screen | None:
        """How the window stands on its screen; ``None`` while it is not open."""
        if self._window is None or self._frame is None:
            return None
        width, height = load_pygame().display.get_desktop_sizes()[0]
        scale = self._area(self._window.get_surface(), self._frame).width / self._frame.get_width()
        wide, high = self._window.size
        return Screen((wide, high), (width, height), self._full, scale)

    def room(self) -> tuple[int, int]:
        """The greatest width and height, in pixels, of a frame that a new window shows without shrinking it.

        Raises:
            NoDisplayError: There is no display.
            MissingExtraError: pygame-ce is not installed.
        """
        self.prepare()
        width, height = load_pygame().display.get_desktop_sizes()[0]
        return int(_WIDE * width), int(_HIGH * height)

    def _on_frame(self, place: tuple[float, float]) -> tuple[float, float]:
        """The place on the shown frame of the middle of a pixel of the window."""
        window: Any = self._window
        frame: Any = self._frame
        area = self._area(window.get_surface(), frame)
        scale_x, scale_y = frame.get_width() / area.width, frame.get_height() / area.height
        return (place[0] + 0.5 - area.left) * scale_x, (place[1] + 0.5 - area.top) * scale_y

    def close(self) -> None:
        """Closes the window; a second call does nothing."""
        self.closed = True
        window, self._window, self._frame = self._window, None, None
        if window is None:
            if VIDEO.ours:
                VIDEO.stop_if_unused()
            return
        pygame = load_pygame()
        VIDEO.windows.discard(self)
        if pygame.display.get_init():  # otherwise pygame.quit() has destroyed it
            window.destroy()
        VIDEO.stop_if_unused()

    def _open(self, width: int, height: int) -> None:
        if self._window is not None:
            return
        VIDEO.start()
        pygame = load_pygame()
        desktop = pygame.display.get_desktop_sizes()[0]
        shrink = min(1.0, _WIDE * desktop[0] / width, _HIGH * desktop[1] / height)
        size = max(1, round(width * shrink)), max(1, round(height * shrink))
        try:
            self._window = pygame.Window(self.title, size, resizable=True)
        except pygame.error as error:
            VIDEO.stop_if_unused()
            raise NoDisplayError(f"No window can open: {error}.") from error
        self._window.minimum_size = (min(_SMALLEST[0], size[0]), min(_SMALLEST[1], size[1]))
        VIDEO.windows.add(self)
        self._due = time.perf_counter()

    def _pump(self) -> None:
        if self._window is None:
            return
        if not load_pygame().display.get_init():  # somebody called pygame.quit(): all windows are gone
            self.close()
            return
        VIDEO.pump()

    def _take(self, event: pygame.Event) -> None:
        pygame = load_pygame()
        if event.type == pygame.WINDOWCLOSE:
            self.close()
        elif event.type in (pygame.WINDOWSIZECHANGED, pygame.WINDOWRESIZED, pygame.WINDOWEXPOSED):
            self._redraw()
        elif event.type in (pygame.KEYDOWN, pygame.KEYUP) and pygame.key.name(event.key) == _FULL_SCREEN:
            if event.type == pygame.KEYDOWN:
                self._toggle()
        elif event.type in (pygame.KEYDOWN, pygame.KEYUP):
            self._keys.append(Key(pygame.key.name(event.key), event.type == pygame.KEYDOWN))
        elif event.type in (pygame.MOUSEMOTION, pygame.MOUSEBUTTONDOWN, pygame.MOUSEBUTTONUP):
            self._mouse = event.pos
            if self._frame is not None:
                self._motions.append(Motion(time.perf_counter(), event.pos, self._on_frame(event.pos)))
            if event.type != pygame.MOUSEMOTION:
                self._keys.append(Key(f"mouse{event.button}", event.type == pygame.MOUSEBUTTONDOWN))

    def _toggle(self) -> None:
        """Fills the screen, or no longer."""
        if self._window is None:
            return
        self._full = not self._full
        if self._full:
            self._window.set_fullscreen(True)  # at the resolution that the screen has
        else:
            self._window.set_windowed()
        self._redraw()

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
