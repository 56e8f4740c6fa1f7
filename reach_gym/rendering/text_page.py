"""A page of text, of the size of a picture of the cursor reach: instructions, breaks, the end of a session."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from reach_gym import checks
from reach_gym.rendering import canvas
from reach_gym.rendering.canvas import MAX_WIDTH, MIN_WIDTH, SUPERSAMPLE, WIDTH, load_pygame, text_image, write
from reach_gym.rendering.cursor_layout import CursorLayout
from reach_gym.rendering.header import blank_page

# Heights of the fonts, of a line and of the gap between two paragraphs, in pixels of the standard layout.
_TITLE, _TEXT, _LINE, _GAP = 40.0, 25.0, 29.0, 14.0
_MARGIN, _TOP = 44.0, 58.0


def draw_page(title: str, paragraphs: Sequence[str], footer: str = "", width: int = WIDTH) -> npt.NDArray[np.uint8]:
    """Draws a page.

    Args:
        title: Its headline.
        paragraphs: What stands below it; long ones are broken between words.
        footer: A line at its foot, such as which key leads on.
        width: Of the picture in pixels, from 64 to 4096.

    Returns:
        uint8 array (height, width, 3), red, green, blue, as large as a picture of the cursor reach of that width.

    Raises:
        ValueError: `width` is out of range.
        TypeError: `width` is not an integer.
        MissingExtraError: pygame-ce is not installed.
    """
    pygame = load_pygame()
    board = CursorLayout(checks.integer("width", width, MIN_WIDTH, MAX_WIDTH), 0.1)
    surface, unit = blank_page(board), board.unit
    left, room = _MARGIN * unit, surface.get_width() - 2 * _MARGIN * unit
    write(surface, canvas.shorten(title, _TITLE * unit, room), (left, _TOP * unit), _TITLE * unit, canvas.INK)
    y = (_TOP + 2 * _LINE) * unit
    for paragraph in paragraphs:
        for line in _broken(paragraph, _TEXT * unit, room):
            write(surface, line, (left, y), _TEXT * unit, canvas.INK)
            y += _LINE * unit
        y += _GAP * unit
    foot = surface.get_height() - _MARGIN * unit
    write(surface, canvas.shorten(footer, _TEXT * unit, room), (left, foot), _TEXT * unit, canvas.SUCCESS)
    small = pygame.transform.smoothscale(surface, tuple(side // SUPERSAMPLE for side in surface.get_size()))
    return np.frombuffer(pygame.image.tobytes(small, "RGB"), np.uint8).reshape(*small.get_size()[::-1], 3).copy()


def _broken(text: str, pixels: float, room: float) -> list[str]:
    """The lines of a paragraph, none longer than the `room` unless a single word is."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if text_image(longer, pixels, canvas.INK).get_width() <= room or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines
