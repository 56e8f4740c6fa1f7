"""The page around a board: its frame and the header with title, numbers and badge."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reach_gym.rendering import canvas
from reach_gym.rendering.canvas import Board, Box, Color, Point, load_pygame, write
from reach_gym.rendering.shapes import disc, stroke

if TYPE_CHECKING:
    from pygame import Surface

Facts = Sequence[tuple[str, str]]
_TITLE, _TEXT = 30.0, 21.0  # heights of the fonts, in pixels of the standard layout
_NAME_GAP, _FACT_GAP, _BADGE_GAP = 6.0, 22.0, 16.0


@dataclass(frozen=True)
class Badge:
    """A pill at the right end of the header.

    Attributes:
        text: What it says.
        color: Its colour.
        sign: A polyline in white at its left end, in pixels of the standard layout, y down, around its middle; none
            for no sign.
        filled: Whether the pill is filled, with white text, or an outline with text in its colour.
    """

    text: str
    color: Color
    sign: tuple[Point, ...] = ()
    filled: bool = True


REACHED = Badge("reached", canvas.SUCCESS, ((13, 0), (18, 5), (27, -5.5)))


def blank_page(board: Board) -> Surface:
    """An empty page, enlarged."""
    pygame = load_pygame()
    # 32 bits without alpha: a surface of this kind needs no display and is the fastest to scale.
    extent = board.frame[0] * canvas.SUPERSAMPLE, board.frame[1] * canvas.SUPERSAMPLE
    surface: Surface = pygame.Surface(extent, 0, 32)
    surface.fill(canvas.PAGE)
    return surface


def draw_frame(surface: Surface, box: Box, color: Color, thickness: float) -> None:
    """A frame around the outside of `box`."""
    pygame = load_pygame()
    border = max(1, round(thickness))
    pygame.draw.rect(surface, color, pygame.Rect(box).inflate(2 * border, 2 * border), border)


def draw_header(surface: Surface, board: Board, title: str, facts: Facts, badge: Badge | None) -> None:
    """Writes the title, cut to its room, the named numbers below it, and the badge at the right end."""
    unit, left = board.unit, board.corner[0]
    right = left + board.side
    if badge is not None:
        right -= _draw_badge(surface, board, right, badge) + _BADGE_GAP * unit
    headline = canvas.shorten(title, _TITLE * unit, right - left)
    write(surface, headline, (left, 25 * unit), _TITLE * unit, canvas.INK)
    x, y = left, 53 * unit
    for name, value in facts:
        x += write(surface, name, (x, y), _TEXT * unit, canvas.FAINT_INK) + _NAME_GAP * unit
        x += write(surface, value, (x, y), _TEXT * unit, canvas.INK) + _FACT_GAP * unit


def cut_fact(board: Board, facts: Facts, longest: int) -> Facts:
    """The `facts`, with the value number `longest` cut so that all of them fit in one line."""
    size, unit = _TEXT * board.unit, board.unit
    name, value = facts[longest]
    others = [(n, v) for i, (n, v) in enumerate(facts) if i != longest]
    taken = sum(canvas.text_image(text, size, canvas.INK).get_width() for pair in (*others, (name, "")) for text in pair)
    gaps = len(facts) * _NAME_GAP + (len(facts) - 1) * _FACT_GAP
    cut = canvas.shorten(value, size, board.side - taken - gaps * unit)
    return [(name, cut) if i == longest else fact for i, fact in enumerate(facts)]


def number_text(value: float, digits: int = 6) -> str:
    """A number with a true minus sign and without a negative zero."""
    return f"{value + 0.0:.{digits}g}".replace("-", "−")


def _draw_badge(surface: Surface, board: Board, right: float, badge: Badge) -> float:
    """Draws the badge with its right end at `right`; returns its width."""
    pygame = load_pygame()
    unit = board.unit
    text = canvas.text_image(badge.text, _TEXT * unit, canvas.PAGE if badge.filled else badge.color)
    before = 34 if badge.sign else 13
    width, height = text.get_width() + (before + (10 if badge.sign else 13)) * unit, 28 * unit
    left, middle = right - width, 25 * unit
    area = pygame.Rect(round(left), round(middle - height / 2), round(width), round(height))
    line = 0 if badge.filled else max(1, round(1.5 * unit))
    pygame.draw.rect(surface, badge.color, area, line, border_radius=round(height / 2))
    points = [(left + dx * unit, middle + dy * unit) for dx, dy in badge.sign]
    for a, b in itertools.pairwise(points):
        stroke(surface, canvas.PAGE, a, b, 3 * unit)
    for point in points:
        disc(surface, canvas.PAGE, point, 1.5 * unit)
    surface.blit(text, (round(left + before * unit), round(middle - text.get_height() / 2)))
    return width
