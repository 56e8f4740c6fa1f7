"""Pictures as a page draws them: marks (`reach_gym.rendering.marks`) as short lists that go through JSON."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any

from reach_gym.rendering.canvas import Color, Point
from reach_gym.rendering.cursor_layout import CursorLayout
from reach_gym.rendering.cursor_marks import board_marks, scene_marks
from reach_gym.rendering.cursor_scene import CursorScene, badge_of, shown_facts, shown_field
from reach_gym.rendering.marks import Area, Border, Disc, Label, Mark, Rect, Trail

Drawing = list[list[Any]]
_DIGITS = 1  # of a pixel of the enlarged drawing


@functools.lru_cache(maxsize=8)
def _board(layout: CursorLayout, field: Any, arena: float) -> Drawing:
    return drawn(board_marks(layout, field, arena))


def board_of(layout: CursorLayout, scene: CursorScene) -> Drawing:
    """The board of a scene: the same for a whole session, unless a field is shown."""
    return _board(layout, shown_field(scene), scene.arena)


def picture_of(layout: CursorLayout, scene: CursorScene) -> dict[str, Any]:
    """What is on the board, and what stands above it."""
    badge = badge_of(scene)
    return {
        "marks": drawn(scene_marks(layout, scene)),
        "title": scene.title,
        "facts": shown_facts(scene),
        "badge": None if badge is None else [badge.text, css(badge.color), badge.filled],
    }


def drawn(marks: Iterable[Mark]) -> Drawing:
    """Marks as lists: what it is, its numbers, its colour, and the thickness of its line, 0 for a filled one."""
    return [_drawn(mark) for mark in marks]


def css(color: Color, alpha: float = 1.0) -> str:
    """A colour as style sheets write it."""
    opaque = f"#{color[0]:02x}{color[1]:02x}{color[2]:02x}"
    return opaque if alpha == 1.0 else f"{opaque}{round(255 * alpha):02x}"


def _drawn(mark: Mark) -> list[Any]:
    match mark:
        case Disc(at, radius, color, alpha, ring):
            return ["disc", *_short(at), round(radius, _DIGITS), css(color, alpha), round(ring, _DIGITS)]
        case Area(corners, color, alpha, line):
            return ["area", _flat(corners), css(color, alpha), round(line, _DIGITS)]
        case Rect(box, color, alpha, line):
            return ["rect", *box, css(color, alpha), round(line, _DIGITS)]
        case Border(box, color, line):
            return ["border", *box, css(color), round(line, _DIGITS)]
        case Label(text, at, size, color, align):
            return ["label", text, *_short(at), size, css(color), align]
        case Trail(points, color, line):
            return ["trail", _flat(points), css(color), round(line, _DIGITS)]


def _short(place: Point) -> tuple[float, float]:
    return round(place[0], _DIGITS), round(place[1], _DIGITS)


def _flat(points: Iterable[Point]) -> list[float]:
    return [round(value, _DIGITS) for point in points for value in point]
