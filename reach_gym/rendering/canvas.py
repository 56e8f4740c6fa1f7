"""What every drawing shares: pygame on demand, the palette, the layout of a frame and text.

Drawings use off-screen surfaces only. pygame's display is never initialised here, so they need no screen and
leave a window that somebody else has open alone.
"""

from __future__ import annotations

import functools
import os
from abc import ABC, abstractmethod
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING

from reach_gym.errors import missing_extra

if TYPE_CHECKING:
    import pygame
    from pygame import Surface

Color = tuple[int, int, int]
Point = tuple[float, float]
Box = tuple[int, int, int, int]  # left, top, width, height

PAGE: Color = (255, 255, 255)
BOARD: Color = (252, 252, 253)
GRID_LINE: Color = (229, 232, 237)
FRAME: Color = (178, 186, 197)
INK: Color = (33, 44, 66)
FAINT_INK: Color = (124, 135, 152)
FIELD: Color = (66, 133, 214)
TARGET: Color = (222, 84, 36)
SUCCESS: Color = (32, 150, 86)
WARNING: Color = (186, 30, 74)

WIDTH = 576
"""Width of a frame in pixels, unless told otherwise; the layout below is for this width."""
MIN_WIDTH, MAX_WIDTH = 64, 4096
"""The widths that a frame may have."""
SUPERSAMPLE = 2
"""Everything is drawn this many times larger and averaged down: pygame's own shapes have jagged edges."""
_HEADER, _LEFT, _RIGHT, _BOTTOM = 72, 30, 18, 24


def load_pygame() -> ModuleType:
    """Imports pygame without its greeting.

    Returns:
        The module.

    Raises:
        MissingExtraError: pygame-ce is not installed.
    """
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    try:
        import pygame
    except ImportError as error:
        raise missing_extra("pygame-ce", "render") from error
    return pygame


@dataclass(frozen=True)
class Board(ABC):
    """Where the square board is on the enlarged drawing, in its pixels; y points down there and up on the board.

    Attributes:
        width: Width in pixels of the finished frame.
    """

    width: int

    @property
    def unit(self) -> float:
        """Enlarged pixels per pixel of the standard layout."""
        return SUPERSAMPLE * self.width / WIDTH

    @property
    def frame(self) -> tuple[int, int]:
        """(width, height) of the finished frame; the height is even, as video codecs want it."""
        board = WIDTH - _LEFT - _RIGHT
        return self.width, 2 * round(self.width / WIDTH * (_HEADER + board + _BOTTOM) / 2)

    @property
    def corner(self) -> Point:
        """The top left corner of the board."""
        return _LEFT * self.unit, _HEADER * self.unit

    @property
    def side(self) -> float:
        """Length of one side of the board."""
        return (WIDTH - _LEFT - _RIGHT) * self.unit

    @abstractmethod
    def point(self, x: float, y: float) -> Point:
        """The place of (x, y), given in the units of the board."""


@dataclass(frozen=True)
class Layout(Board):
    """The places on a board of squares.

    Attributes:
        size: Squares along one side of the board.
    """

    size: int

    @property
    def square(self) -> float:
        """Length of one side of a square."""
        return self.side / self.size

    def point(self, x: float, y: float) -> Point:
        """The place of (x, y), given in squares; whole numbers are the centres of squares."""
        left, top = self.corner
        return left + (x + 0.5) * self.square, top + (self.size - y - 0.5) * self.square

    def box(self, x0: int, y0: int, x1: int, y1: int) -> Box:
        """The rectangle of the squares x0..x1, y0..y1, bounds included."""
        return box_between(self.point(x0 - 0.5, y1 + 0.5), self.point(x1 + 0.5, y0 - 0.5))


def box_between(corner: Point, opposite: Point) -> Box:
    """The rectangle from its left top `corner` to its right bottom one, in whole pixels."""
    left, top = round(corner[0]), round(corner[1])
    return left, top, round(opposite[0]) - left, round(opposite[1]) - top


@functools.lru_cache(maxsize=32)
def _font(pixels: int) -> pygame.font.Font:
    # pygame's own font, so that a frame is the same on every machine.
    module = load_pygame()
    module.font.init()
    font: pygame.font.Font = module.font.Font(None, pixels)
    return font


def write(surface: Surface, text: str, at: Point, pixels: float, color: Color, align: str = "left") -> float:
    """Writes one line of text.

    Args:
        surface: What to write on.
        text: The line.
        at: The point at the left end, the centre or the right end of the line, halfway up.
        pixels: Height of the font.
        color: Colour of the text.
        align: ``"left"``, ``"center"`` or ``"right"``: which part of the line stands at `at`.

    Returns:
        The width of the line in pixels.
    """
    image = text_image(text, pixels, color)
    width: int = image.get_width()
    shift = {"left": 0.0, "center": 0.5, "right": 1.0}[align]
    surface.blit(image, (round(at[0] - shift * width), round(at[1] - image.get_height() / 2)))
    return width


def text_image(text: str, pixels: float, color: Color) -> Surface:
    """One line of `text` on a transparent surface."""
    pygame = load_pygame()
    height = max(6, round(pixels))
    try:
        return _font(height).render(text, True, color)
    except pygame.error:
        # Somebody called pygame.quit() since this font was made, which kills fonts.
        _font.cache_clear()
        return _font(height).render(text, True, color)


def shorten(text: str, pixels: float, room: float) -> str:
    """`text`, cut with an ellipsis to at most `room` pixels."""
    if text_image(text, pixels, INK).get_width() <= room:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        fits = text_image(text[:middle].rstrip() + "…", pixels, INK).get_width() <= room
        low, high = (middle, high) if fits else (low, middle - 1)
    return text[:low].rstrip() + "…"
