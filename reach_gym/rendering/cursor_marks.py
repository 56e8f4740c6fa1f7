"""What a picture of a cursor reach is made of: the board, and what is on it. Numbers only: pygame paints them, or a browser."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from reach_gym.fields import ForceField
from reach_gym.rendering import canvas
from reach_gym.rendering.canvas import Box, Color, Point
from reach_gym.rendering.cursor_field import channel_marks, cursor_field_marks
from reach_gym.rendering.cursor_layout import CursorLayout
from reach_gym.rendering.header import number_text
from reach_gym.rendering.limbs import limb_marks
from reach_gym.rendering.marks import Area, Border, Disc, Label, Mark, Rect, Trail
from reach_gym.rendering.shapes import SHOWN_STEPS

if TYPE_CHECKING:
    from reach_gym.rendering.cursor_scene import CursorScene

_WORKSPACE: Color = (204, 210, 219)
_CURSOR = 7.5  # radius in pixels of the standard layout
_UNIT_ROOM = 24.0  # for the "cm" at the end of the axis, in pixels of the standard layout
_AXIS = 15.0  # height of the font, likewise
_CORNERS = (0.0, 2.3, -2.3)  # of a triangle that points ahead, rad


def board_marks(layout: CursorLayout, field: ForceField | None, arena: float) -> Iterator[Mark]:
    """The board with its axes, the workspace and a field: the same for a whole session.

    Args:
        layout: The places on the board.
        field: The force field; ``None`` to show none.
        arena: Half of the side of the square that the hand cannot leave, in metres.
    """
    yield Rect(layout.whole, canvas.BOARD)
    yield from _axes(layout)
    line = 1.5 * layout.unit
    for side, color in ((layout.workspace, _WORKSPACE), (arena, canvas.FAINT_INK)):
        if side <= layout.view:
            yield Rect(layout.box(-side, -side, side, side), color, line=line)
    if field is not None:
        yield from cursor_field_marks(layout, field)
    yield Border(layout.whole, canvas.FRAME, line)


def scene_marks(layout: CursorLayout, scene: CursorScene) -> Iterator[Mark]:
    """What is on the board, the lowest first."""
    # A channel leads to the target, which nobody may know before it appears.
    if scene.channel and scene.target_visible:
        yield from channel_marks(layout, scene.start, scene.target, 0.6 * scene.hold_radius)
    if scene.limbs is not None:
        yield from limb_marks(layout, scene.limbs)
    # The frame lights up with the go cue and stays thin and green while the hand may move.
    if scene.go or scene.phase == "move":
        yield Border(layout.whole, canvas.SUCCESS, (6 if scene.go else 1.5) * layout.unit)
    start = max(layout.pixels(scene.hold_radius), 4 * layout.unit)
    yield Disc(layout.point(*scene.start), start, canvas.PAGE)
    color = canvas.WARNING if scene.false_start else canvas.FAINT_INK
    yield Disc(layout.point(*scene.start), start, color, ring=2 * layout.unit)
    yield from _target(layout, scene)
    recent = scene.trail[-SHOWN_STEPS - 1 :]
    if not scene.hidden and len(recent) > 1:
        line = 2.6 * layout.unit
        yield Trail(tuple(layout.point(*place) for place in recent), canvas.INK, line, line / 2)
    if math.dist(scene.hand, scene.cursor) > 1e-9:
        yield from _marker(layout, scene.hand, canvas.FAINT_INK, hollow=True)
    if not scene.hidden:
        yield from _marker(layout, scene.cursor, canvas.SUCCESS if scene.success else canvas.INK)


def _axes(layout: CursorLayout) -> Iterator[Mark]:
    """Light lines with their places in centimetres."""
    step, unit, color = layout.tick_step(), layout.unit, canvas.FAINT_INK
    left, top, width, height = layout.whole
    line, foot = max(1, round(unit)), top + height + 12 * unit
    x0, y0, x1, y1 = layout.edges
    for i in _ticks(x0, x1, step):
        x, _ = layout.point(i * step, y0)
        yield Rect((round(x) - line // 2, top, line, height), canvas.GRID_LINE)
        if x < left + width - _UNIT_ROOM * unit:
            yield Label(number_text(100 * i * step, 3), (x, foot), _AXIS * unit, color, "center")
    for i in _ticks(y0, y1, step):
        _, y = layout.point(x0, i * step)
        yield Rect((left, round(y) - line // 2, width, line), canvas.GRID_LINE)
        yield Label(number_text(100 * i * step, 3), (left - 7 * unit, y), _AXIS * unit, color, "right")
    yield Label("cm", (left + width, foot), _AXIS * unit, color, "right")


def _ticks(low: float, high: float, step: float) -> range:
    """The whole multiples of `step` from `low` to `high`."""
    return range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)


def _target(layout: CursorLayout, scene: CursorScene) -> Iterator[Mark]:
    """Nothing before it appears; a ring until the go cue, then a disc."""
    if not scene.target_visible:
        return
    radius = max(layout.pixels(scene.radius), 4 * layout.unit)
    color = canvas.SUCCESS if scene.success else canvas.TARGET
    filled, line, at = scene.go or scene.phase == "move", 2.5 * layout.unit, layout.point(*scene.target)
    if scene.bar:
        yield Area(_bar(layout, scene, radius), color, line=0.0 if filled else line)
        return
    yield Disc(at, radius, canvas.PAGE)
    yield Disc(at, radius, color, 0.8 if filled else 0.12)
    yield Disc(at, radius, color, ring=line)


def _bar(layout: CursorLayout, scene: CursorScene, thick: float) -> tuple[Point, ...]:
    """The corners of a target that is a bar across the way, as thick as a disc."""
    way = scene.home[0] - scene.start[0], scene.home[1] - scene.start[1]
    length, half = math.hypot(*way), layout.pixels(scene.bar)
    ahead, aside = (way[0] / length, -way[1] / length), (way[1] / length, way[0] / length)  # in pixels, where y grows downwards
    x, y = layout.point(*scene.target)
    return tuple(
        (x + a * half * aside[0] + b * thick * ahead[0], y + a * half * aside[1] + b * thick * ahead[1])
        for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1))
    )


def _marker(layout: CursorLayout, place: Point, color: Color, hollow: bool = False) -> Iterator[Mark]:
    """A disc at `place`, or a triangle at the edge of the board that points to where it would be."""
    radius = (0.8 if hollow else 1.0) * _CURSOR * math.sqrt(layout.zoom) * layout.unit
    line = 2.2 * layout.unit if hollow else 0.0
    if layout.shows(*place):
        at = layout.point(*place)
        yield Disc(at, radius + 1.8 * layout.unit, canvas.PAGE)
        yield Disc(at, radius, color, ring=line)
        return
    far = layout.point(*place)
    near = _within(layout.whole, far, 2 * radius)
    angle = math.atan2(far[1] - near[1], far[0] - near[0])
    for size, shade, thickness in ((1.9, canvas.PAGE, 0.0), (1.4, color, line)):
        reach = size * radius
        corners = ((near[0] + reach * math.cos(angle + turn), near[1] + reach * math.sin(angle + turn)) for turn in _CORNERS)
        yield Area(tuple(corners), shade, line=thickness)


def _within(box: Box, place: Point, room: float) -> Point:
    """The point of `box` next to `place`, so far from its edge."""
    left, top, width, height = box
    return min(max(place[0], left + room), left + width - room), min(max(place[1], top + room), top + height - room)
