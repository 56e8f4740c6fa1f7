"""How pygame paints the marks of a picture."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from reach_gym.rendering.canvas import Box, load_pygame, write
from reach_gym.rendering.header import draw_frame
from reach_gym.rendering.marks import Area, Border, Disc, Label, Mark, Rect, Trail
from reach_gym.rendering.shapes import disc, draw_trail, see_through

if TYPE_CHECKING:
    from pygame import Surface


def paint(surface: Surface, marks: Iterable[Mark], board: Box) -> None:
    """Paints marks, the first ones lowest; all but borders and labels are cut off at the edge of the `board`."""
    pygame = load_pygame()
    before, whole = surface.get_clip(), pygame.Rect(board)
    for mark in marks:
        surface.set_clip(before if isinstance(mark, Border | Label) else whole)
        _paint(surface, mark)
    surface.set_clip(before)


def _paint(surface: Surface, mark: Mark) -> None:
    if isinstance(mark, Disc):
        _disc(surface, mark)
    elif isinstance(mark, Area):
        _area(surface, mark)
    elif isinstance(mark, Rect):
        _rect(surface, mark)
    elif isinstance(mark, Border):
        draw_frame(surface, mark.box, mark.color, mark.line)
    elif isinstance(mark, Label):
        write(surface, mark.text, mark.at, mark.size, mark.color, mark.align)
    else:
        _trail(surface, mark)


def _disc(surface: Surface, mark: Disc) -> None:
    (x, y), radius = mark.at, mark.radius
    if mark.alpha == 1.0:
        disc(surface, mark.color, mark.at, radius, mark.ring)
        return
    side = round(2 * radius) + 2

    def lay(layer: Surface, corner: Any) -> None:
        disc(layer, mark.color, (x - corner[0], y - corner[1]), radius, mark.ring)

    see_through(surface, (round(x - radius) - 1, round(y - radius) - 1, side, side), mark.alpha, lay)


def _area(surface: Surface, mark: Area) -> None:
    pygame = load_pygame()
    line = _line(mark.line)
    if mark.alpha == 1.0:
        pygame.draw.polygon(surface, mark.color, mark.corners, line)
        return
    xs, ys = [x for x, _ in mark.corners], [y for _, y in mark.corners]
    left, top = math.floor(min(xs)) - line, math.floor(min(ys)) - line
    box = left, top, math.ceil(max(xs)) + line + 1 - left, math.ceil(max(ys)) + line + 1 - top

    def lay(layer: Surface, corner: Any) -> None:
        pygame.draw.polygon(layer, mark.color, [(x - corner[0], y - corner[1]) for x, y in mark.corners], line)

    see_through(surface, box, mark.alpha, lay)


def _rect(surface: Surface, mark: Rect) -> None:
    pygame = load_pygame()
    if mark.alpha == 1.0:
        pygame.draw.rect(surface, mark.color, mark.box, _line(mark.line))
        return

    def lay(layer: Surface, corner: Any) -> None:
        box = pygame.Rect(mark.box).move(-corner[0], -corner[1])
        pygame.draw.rect(layer, mark.color, box, _line(mark.line))

    see_through(surface, mark.box, mark.alpha, lay)


def _trail(surface: Surface, mark: Trail) -> None:
    pygame = load_pygame()
    xs, ys = [x for x, _ in mark.points], [y for _, y in mark.points]
    around = pygame.Rect(min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)).inflate(4 * mark.line, 4 * mark.line)
    draw_trail(surface, tuple(around.clip(surface.get_clip())), mark.points, mark.color, mark.line, mark.dot)


def _line(thickness: float) -> int:
    """As pygame means it: 0 for a filled shape."""
    return max(1, round(thickness)) if thickness else 0
