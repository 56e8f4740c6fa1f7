"""How a force field looks: a shaded region with arrows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from reach_gym import fields
from reach_gym.fields import ForceField
from reach_gym.rendering.canvas import FIELD, Board, Box, Layout, Point
from reach_gym.rendering.marks import Area, Mark, Rect
from reach_gym.rendering.painting import paint
from reach_gym.rendering.shapes import arrow

if TYPE_CHECKING:
    from pygame import Surface

Arrow = tuple[Point, Point]  # tail and head, in pixels of the enlarged drawing

_SHADE, _EDGE, _ARROW = 0.13, 0.45, 0.62
_ARROW_ROOM, _PINWHEEL_ROOM = 40.0, 76.0  # least distance of two marks in pixels of the standard layout
_LARGEST = 150.0  # a mark does not grow beyond this, however large the squares


def region_squares(size: int, field: ForceField) -> tuple[int, int, int, int] | None:
    """The squares on which `field` acts.

    Returns:
        (x_min, y_min, x_max, y_max), bounds included, or None if there are none.
    """
    if field.is_null:
        return None
    squares = np.arange(size)
    felt = np.broadcast_to(fields.inside(field.region, squares[None, :], squares[:, None]), (size, size))
    if not felt.any():
        return None
    x, y = np.flatnonzero(felt.any(axis=0)), np.flatnonzero(felt.any(axis=1))
    return int(x[0]), int(y[0]), int(x[-1]), int(y[-1])


def draw_field(surface: Surface, layout: Layout, field: ForceField) -> None:
    """Shades the squares on which `field` acts and lays arrows over them.

    A force that does not depend on the movement is an arrow in its direction. A viscosity is a pinwheel: the
    arrows to the east, north, west and south of its hub point along the force on a cursor that leaves the hub
    that way, so that a curl field shows as circulation and a resistance as arrows that point inwards.
    """
    region = region_squares(layout.size, field)
    if region is None:
        return
    box = layout.box(*region)
    paint(surface, marks_of(layout, box, _arrows(layout, field, region)), box)


def marks_of(board: Board, box: Box, arrows: list[Arrow], edged: bool = True) -> list[Mark]:
    """A shaded rectangle of `board`, with an edge or without, and `arrows` over it; nothing where it has no size."""
    if 0 in box[2:]:
        return []
    edge = [Rect(box, FIELD, _EDGE, 1.5 * board.unit)] if edged else []
    return [Rect(box, FIELD, _SHADE), *edge, *(Area(tuple(arrow(*each, board.unit)), FIELD, _ARROW) for each in arrows)]


def room(field: ForceField, board: Board) -> float:
    """The least distance of two marks of `field` in pixels of the enlarged drawing."""
    return (_PINWHEEL_ROOM if _turns(field) else _ARROW_ROOM) * board.unit


def arrows_around(board: Board, field: ForceField, hubs: list[Point], spacing: float) -> list[Arrow]:
    """The arrows that show `field` at some places.

    Args:
        board: Where they are drawn.
        field: The force field.
        hubs: The places, in the units of the board.
        spacing: Their distance in pixels of the enlarged drawing.

    Returns:
        All arrows, in its pixels.
    """
    reach = min(spacing, _LARGEST * board.unit)
    steady = _steady(board, field, hubs, reach * (0.26 if _turns(field) else 0.62))
    return steady + (_pinwheels(board, field, hubs, reach) if _turns(field) else [])


def _turns(field: ForceField) -> bool:
    return field.viscosity != fields.ZERO


def _arrows(layout: Layout, field: ForceField, region: tuple[int, int, int, int]) -> list[Arrow]:
    least = room(field, layout) / layout.square
    columns, rows = _lattice(region[0], region[2], least), _lattice(region[1], region[3], least)
    spacing = min(
        (region[2] - region[0] + 1) / len(columns),
        (region[3] - region[1] + 1) / len(rows),
    )
    return arrows_around(layout, field, [(x, y) for x in columns for y in rows], spacing * layout.square)


def _lattice(low: int, high: int, least: float) -> list[float]:
    """Evenly spread places over the squares low..high, at least `least` squares apart."""
    squares = high - low + 1
    most = max(1, min(squares, int(squares / least)))
    # A divisor keeps the marks in step with the squares; without one nearby an even spread will do.
    best = max(n for n in range(1, most + 1) if squares % n == 0)
    count = best if best >= 0.6 * most else most
    return [low - 0.5 + (i + 0.5) * squares / count for i in range(count)]


def _steady(board: Board, field: ForceField, hubs: list[Point], longest: float) -> list[Arrow]:
    """The force on a resting cursor, the strongest as long as `longest`."""
    forces = [fields.force(field, x, y, 0.0, 0.0) for x, y in hubs]
    top = max(math.hypot(fx, fy) for fx, fy in forces)
    return [
        _centred(board.point(x, y), fx / top * longest, fy / top * longest)
        for (x, y), (fx, fy) in zip(hubs, forces, strict=True)
        if math.hypot(fx, fy) > 0.2 * top
    ]


def _pinwheels(board: Board, field: ForceField, hubs: list[Point], reach: float) -> list[Arrow]:
    """Four arrows around every hub, each along B v for the movement v away from the hub."""
    (bxx, bxy), (byx, byy) = field.viscosity
    ways = [
        (vx, vy, field.gain * (bxx * vx + bxy * vy), field.gain * (byx * vx + byy * vy))
        for vx, vy in ((1, 0), (0, 1), (-1, 0), (0, -1))
    ]
    top = max(math.hypot(fx, fy) for _, _, fx, fy in ways)
    arrows = []
    for hub_x, hub_y in (board.point(x, y) for x, y in hubs):
        for vx, vy, fx, fy in ways:
            if math.hypot(fx, fy) > 0.1 * top:
                middle = hub_x + 0.25 * reach * vx, hub_y - 0.25 * reach * vy
                arrows.append(_centred(middle, fx / top * 0.34 * reach, fy / top * 0.34 * reach))
    return arrows


def _centred(middle: Point, dx: float, dy: float) -> Arrow:
    """An arrow (tail, head) around `middle`; (dx, dy) has y up, as on the board."""
    return (middle[0] - dx / 2, middle[1] + dy / 2), (middle[0] + dx / 2, middle[1] - dy / 2)
