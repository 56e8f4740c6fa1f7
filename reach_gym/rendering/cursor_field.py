"""How a force field looks on the board of a cursor reach, and how an error clamp does."""

from __future__ import annotations

import math
from collections.abc import Iterator

from reach_gym.fields import ForceField
from reach_gym.rendering.canvas import FIELD, Point
from reach_gym.rendering.cursor_layout import CursorLayout
from reach_gym.rendering.field_marks import arrows_around, marks_of, room
from reach_gym.rendering.marks import Mark, stroke_of

_SPARSE = 1.3  # the marks stand this much further apart than on the grid, whose squares hold the eye
_WALL, _HATCH = 2.0, 9.0  # thickness of a wall and distance of its hatches, in pixels of the standard layout
_FLOOR, _SIDE, _HATCHES = 0.16, 0.78, 0.51  # how opaque a channel's floor is, its walls, and their hatches


def cursor_field_marks(layout: CursorLayout, field: ForceField) -> list[Mark]:
    """The places on the board at which `field` acts, shaded, with arrows over them.

    The arrows mean what they mean on the grid: the force on a resting hand, and for a viscosity pinwheels.
    """
    x0, y0, x1, y1 = seen = _seen_region(layout, field)
    if field.is_null or x0 > x1 or y0 > y1:
        return []
    least = _SPARSE * room(field, layout) / layout.metre
    columns, rows = _lattice(x0, x1, least), _lattice(y0, y1, least)
    spacing = min((x1 - x0) / len(columns), (y1 - y0) / len(rows)) * layout.metre
    arrows = arrows_around(layout, field, [(x, y) for x in columns for y in rows], spacing)
    box = layout.box(*seen)
    return marks_of(layout, box, arrows, edged=box != layout.whole)


def _seen_region(layout: CursorLayout, field: ForceField) -> tuple[float, float, float, float]:
    """The part of the field's region that is on the board, in metres; empty where a minimum exceeds its maximum."""
    edges = layout.edges
    low = [edge if bound is None else max(bound, edge) for bound, edge in zip(field.region[:2], edges[:2], strict=True)]
    high = [edge if bound is None else min(bound, edge) for bound, edge in zip(field.region[2:], edges[2:], strict=True)]
    return low[0], low[1], high[0], high[1]


def _lattice(low: float, high: float, least: float) -> list[float]:
    """Evenly spread places from `low` to `high`, at least `least` apart."""
    count = max(1, int((high - low) / least))
    return [low + (i + 0.5) * (high - low) / count for i in range(count)]


def channel_marks(layout: CursorLayout, start: Point, target: Point, half_width: float) -> Iterator[Mark]:
    """Two hatched walls, along the straight line from `start` to `target`.

    Args:
        layout: The places on the board.
        start: One end, in metres.
        target: The other end, in metres.
        half_width: Half of the width of the drawn corridor, in metres; the simulated walls yield a little.
    """
    (ax, ay), (bx, by) = layout.point(*start), layout.point(*target)
    length = math.hypot(bx - ax, by - ay)
    if length == 0:
        return
    along = (bx - ax) / length, (by - ay) / length
    across = -along[1], along[0]
    half = layout.pixels(half_width)
    hatch, unit = _HATCH * layout.unit, layout.unit

    def place(a: float, s: float) -> Point:
        return ax + a * along[0] + s * across[0], ay + a * along[1] + s * across[1]

    yield from stroke_of(place(0, 0), place(length, 0), 2 * half, FIELD, _FLOOR)
    for side in (-half, half):
        yield from stroke_of(place(0, side), place(length, side), _WALL * unit, FIELD, _SIDE)
        outer = side + math.copysign(hatch * 0.8, side)
        for i in range(int(length / hatch)):
            a = (i + 0.5) * hatch
            yield from stroke_of(place(a, side), place(a + 0.8 * hatch, outer), unit, FIELD, _HATCHES)
