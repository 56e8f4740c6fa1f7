"""What a picture is made of: marks as plain data, in pixels of the enlarged drawing, which pygame paints or a browser.

A colour is (red, green, blue) from 0 to 255, and `alpha` 1 for opaque.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from reach_gym.rendering.canvas import Box, Color, Point


class Disc(NamedTuple):
    """A disc, or a ring of the thickness `ring` inside its edge."""

    at: Point
    radius: float
    color: Color
    alpha: float = 1.0
    ring: float = 0.0


class Area(NamedTuple):
    """A polygon, or its outline of the thickness `line`."""

    corners: tuple[Point, ...]
    color: Color
    alpha: float = 1.0
    line: float = 0.0


class Rect(NamedTuple):
    """A rectangle, or its outline of the thickness `line` inside its edge."""

    box: Box
    color: Color
    alpha: float = 1.0
    line: float = 0.0


class Border(NamedTuple):
    """A frame of the thickness `line` around the outside of a rectangle; it is not cut off at the edge of the board."""

    box: Box
    color: Color
    line: float


class Label(NamedTuple):
    """A line of text of the height `size`; `at` is its left end, its centre or its right end (`align`), halfway up."""

    text: str
    at: Point
    size: float
    color: Color
    align: str = "left"


class Trail(NamedTuple):
    """The path of a cursor, older parts fainter: a line, and a dot of the radius `dot` at each place but the last."""

    points: tuple[Point, ...]
    color: Color
    line: float
    dot: float


Mark = Disc | Area | Rect | Border | Label | Trail


def stroke_of(a: Point, b: Point, thickness: float, color: Color, alpha: float = 1.0) -> list[Area]:
    """A straight line from `a` to `b`; none if they are the same."""
    length = math.hypot(b[0] - a[0], b[1] - a[1])
    if length == 0:
        return []
    dx, dy = (b[0] - a[0]) / length * thickness / 2, (b[1] - a[1]) / length * thickness / 2
    corners = (a[0] - dy, a[1] + dx), (b[0] - dy, b[1] + dx), (b[0] + dy, b[1] - dx), (a[0] + dy, a[1] - dx)
    return [Area(corners, color, alpha)]
