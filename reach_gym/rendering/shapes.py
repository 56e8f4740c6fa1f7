"""Shapes that the drawings share: translucent layers, discs, strokes, arrows and trails."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from reach_gym.rendering.canvas import Box, Color, Point, load_pygame

if TYPE_CHECKING:
    from pygame import Surface

SHOWN_STEPS = 400
"""Steps of a trail that are drawn: an episode without a time limit must not make its pictures slower and slower."""


def see_through(surface: Surface, box: Box, alpha: float, paint: Callable[[Surface, Any], Any]) -> None:
    """Lays translucent shapes on `surface`.

    Args:
        surface: What lies below.
        box: Rectangle (left, top, width, height) that is painted; clipped to the surface.
        alpha: 1 for opaque.
        paint: Called with a transparent surface of the size of the box and the box's left top corner.
    """
    pygame = load_pygame()
    area = pygame.Rect(box).clip(surface.get_rect())
    if area.width == 0 or area.height == 0:
        return
    layer = pygame.Surface(area.size, pygame.SRCALPHA, 32)
    paint(layer, area.topleft)
    layer.set_alpha(round(255 * alpha))
    surface.blit(layer, area.topleft)


def disc(surface: Surface, color: Any, at: Point, radius: float, ring: float = 0.0) -> None:
    """A disc around `at`, or a ring of the thickness `ring` inside its edge."""
    pygame = load_pygame()
    line = 0 if ring == 0 else max(1, round(ring))
    pygame.draw.circle(surface, color, (round(at[0]), round(at[1])), max(1, round(radius)), line)


def stroke(surface: Surface, color: Any, a: Point, b: Point, thickness: float) -> None:
    """A straight line from `a` to `b`; pygame's own is thinner on a diagonal."""
    length = math.hypot(b[0] - a[0], b[1] - a[1])
    if length == 0:
        return
    dx, dy = (b[0] - a[0]) / length * thickness / 2, (b[1] - a[1]) / length * thickness / 2
    corners = [
        (a[0] - dy, a[1] + dx),
        (b[0] - dy, b[1] + dx),
        (b[0] + dy, b[1] - dx),
        (a[0] + dy, a[1] - dx),
    ]
    load_pygame().draw.polygon(surface, color, corners)


def draw_trail(surface: Surface, box: Box, points: Sequence[Point], color: Color, line: float, dot: float) -> None:
    """The path of the cursor, older parts fainter.

    Args:
        surface: What to draw on.
        box: Rectangle that is painted.
        points: Where the cursor was, the oldest place first and the present one last.
        color: Colour of the path.
        line: Thickness of the line.
        dot: Radius of the dot at each place but the last.
    """

    def paint(layer: Surface, corner: Any) -> None:
        places = [(x - corner[0], y - corner[1]) for x, y in points]
        for i in range(1, len(places)):
            shade = (*color, round(70 + 150 * i / (len(places) - 1)))
            stroke(layer, shade, places[i - 1], places[i], line)
            disc(layer, shade, places[i - 1], dot)

    see_through(surface, box, 1.0, paint)


def arrow(tail: Point, head: Point, unit: float) -> list[Point]:
    """The outline of an arrow with a shaft and a triangular head."""
    length = math.hypot(head[0] - tail[0], head[1] - tail[1])
    along = (head[0] - tail[0]) / length, (head[1] - tail[1]) / length
    barb = min(0.42 * length, 9.0 * unit)
    shaft = min(0.08 * length, 1.6 * unit)
    profile = (
        (0.0, shaft),
        (length - barb, shaft),
        (length - barb, 0.62 * barb),
        (length, 0.0),
        (length - barb, -0.62 * barb),
        (length - barb, -shaft),
        (0.0, -shaft),
    )
    return [(tail[0] + a * along[0] - s * along[1], tail[1] + a * along[1] + s * along[0]) for a, s in profile]
