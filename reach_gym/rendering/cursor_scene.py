"""The picture of a cursor reach: a board in centimetres with the field, the start, the target and the cursor."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reach_gym import checks
from reach_gym.fields import ForceField
from reach_gym.plants.limbs import Limbs
from reach_gym.rendering import canvas
from reach_gym.rendering.canvas import Color, Point, load_pygame, write
from reach_gym.rendering.cursor_field import draw_channel, draw_cursor_field
from reach_gym.rendering.cursor_layout import CursorLayout, View
from reach_gym.rendering.header import REACHED, Badge, blank_page, cut_fact, draw_frame, draw_header, number_text
from reach_gym.rendering.limbs import draw_limbs
from reach_gym.rendering.shapes import SHOWN_STEPS, disc, draw_trail, see_through

if TYPE_CHECKING:
    from pygame import Surface

_WORKSPACE: Color = (204, 210, 219)
_CURSOR = 7.5  # radius in pixels of the standard layout
_PLACES = 9  # of a return: less than that is what the sum has lost in rounding
_UNIT_ROOM = 24.0  # for the "cm" at the end of the axis, in pixels of the standard layout
_FALSE_START = Badge("false start", canvas.WARNING)
_TOO_FAST, _TOO_SLOW = Badge("too fast", canvas.WARNING), Badge("too slow", canvas.WARNING)
_PHASES = {
    "hold": Badge("hold", canvas.FAINT_INK, filled=False),
    "plan": Badge("plan", canvas.FAINT_INK, filled=False),
    "move": Badge("move", canvas.SUCCESS, filled=False),
}
_GO = Badge("go", canvas.SUCCESS)


@dataclass(frozen=True)
class CursorScene:
    """Everything a picture of the cursor reach shows. Places are (x, y) in metres, x to the right and y upwards.

    Attributes:
        field: The force field, its gain times that of the trial; in a channel trial the channel.
        workspace: Half of the side of the workspace, in metres.
        arena: Half of the side of the square that the hand cannot leave, in metres.
        cursor: Where the cursor is.
        hand: Where the hand is; under a visuomotor rotation not where the cursor is.
        start: Where the trial began.
        target: Where the target is.
        target_visible: Whether the target has appeared; before that nothing in the picture depends on its place.
        go: Whether the go cue is on.
        phase: ``"hold"``, ``"plan"`` or ``"move"``.
        radius: Radius of the target, in metres.
        hold_radius: Radius of the start, in metres.
        trail: The places of the cursor so far, the oldest first and the present one last.
        step: Steps taken in this trial.
        seconds: Time since the trial began.
        episode_return: Sum of the rewards of this trial.
        block: Name of the block.
        trial: Number of the trial.
        gain: Gain of the field in this trial.
        channel: Whether an error clamp keeps the hand between start and target.
        success: Whether the target has been reached and held.
        false_start: Whether the cursor left the start before the go cue.
        too_fast: Whether the movement was shorter than the window of movement time.
        too_slow: Whether it is longer.
        title: The headline.
        hidden: Whether the cursor is not shown.
        bar: Half the width of a target that is a bar across the way from `start` to `home`, in metres; 0 for a disc.
        home: Where the target was before it jumped; needed for a bar only.
        facts: What stands in the header as (name, value), instead of block, trial, gain, time and return.
        limbs: The arm; ``None`` for a hand without one.
        seen: The square that the board shows; ``None`` for the workspace with a margin.
    """

    field: ForceField
    workspace: float
    arena: float
    cursor: Point
    hand: Point
    start: Point
    target: Point
    target_visible: bool
    go: bool
    phase: str
    radius: float
    hold_radius: float
    trail: tuple[Point, ...]
    step: int
    seconds: float
    episode_return: float
    block: str
    trial: int
    gain: float
    channel: bool
    success: bool
    false_start: bool
    too_fast: bool
    too_slow: bool
    title: str
    facts: tuple[tuple[str, str], ...] | None = None
    hidden: bool = False
    bar: float = 0.0
    home: Point = (0.0, 0.0)
    limbs: Limbs | None = None
    seen: View | None = None


def board_point(scene: CursorScene, width: int, pixel: Point) -> Point:
    """The place on the board that a pixel of a picture shows.

    Args:
        scene: What the picture shows.
        width: The width of the picture that `draw` was given.
        pixel: (x, y) in pixels from the left top corner of the picture; fractions and places off the board too.

    Returns:
        (x, y) in metres.

    Raises:
        ValueError: `width` is out of range, or a coordinate is not finite.
        TypeError: `width` is not an integer, or a coordinate is not a number.
    """
    layout = CursorLayout(checks.integer("width", width, canvas.MIN_WIDTH, canvas.MAX_WIDTH), scene.workspace, scene.seen)
    x, y = checks.items("pixel", pixel, 2, "a pair (x, y) of finite numbers")
    return layout.place((checks.number("pixel[0]", x), checks.number("pixel[1]", y)))


def paint_cursor_scene(scene: CursorScene, width: int) -> Surface:
    """The picture of a scene, enlarged: not yet averaged down to `width` pixels."""
    layout = CursorLayout(width, scene.workspace, scene.seen)
    # A channel leads to the target, which nobody may know before it appears.
    field = None if scene.channel else scene.field
    surface = _board(layout, field, scene.arena).copy()
    if scene.channel and scene.target_visible:
        draw_channel(surface, layout, scene.start, scene.target, 0.6 * scene.hold_radius)
    if scene.limbs is not None:
        draw_limbs(surface, layout, scene.limbs)
    _frame(surface, layout, scene)
    _start(surface, layout, scene)
    _target(surface, layout, scene)
    if not scene.hidden:
        _trail(surface, layout, scene.trail)
    if math.dist(scene.hand, scene.cursor) > 1e-9:
        _marker(surface, layout, scene.hand, canvas.FAINT_INK, hollow=True)
    if not scene.hidden:
        _marker(surface, layout, scene.cursor, canvas.SUCCESS if scene.success else canvas.INK)
    _header(surface, layout, scene)
    return surface


@functools.lru_cache(maxsize=8)
def _empty_board(layout: CursorLayout, arena: float) -> Surface:
    """The page, the board with its axes and the workspace."""
    surface = blank_page(layout)
    surface.fill(canvas.BOARD, layout.whole)
    _axes(surface, layout)
    pygame = load_pygame()
    line = max(1, round(1.5 * layout.unit))
    for side, color in ((layout.workspace, _WORKSPACE), (arena, canvas.FAINT_INK)):
        if side <= layout.view:
            pygame.draw.rect(surface, color, layout.box(-side, -side, side, side), line)
    return surface


@functools.lru_cache(maxsize=8)
def _board(layout: CursorLayout, field: ForceField | None, arena: float) -> Surface:
    """The board with the field: the same for a whole session."""
    surface = _empty_board(layout, arena).copy()
    if field is not None:
        draw_cursor_field(surface, layout, field)
    draw_frame(surface, layout.whole, canvas.FRAME, 1.5 * layout.unit)
    return surface


def _axes(surface: Surface, layout: CursorLayout) -> None:
    """Light lines with their places in centimetres."""
    step, unit = layout.tick_step(), layout.unit
    left, top, width, height = layout.whole
    line = max(1, round(unit))
    x0, y0, x1, y1 = layout.edges
    for i in _ticks(x0, x1, step):
        x, _ = layout.point(i * step, y0)
        surface.fill(canvas.GRID_LINE, (round(x) - line // 2, top, line, height))
        if x < left + width - _UNIT_ROOM * unit:
            text = number_text(100 * i * step, 3)
            write(surface, text, (x, top + height + 12 * unit), 15 * unit, canvas.FAINT_INK, "center")
    for i in _ticks(y0, y1, step):
        _, y = layout.point(x0, i * step)
        surface.fill(canvas.GRID_LINE, (left, round(y) - line // 2, width, line))
        text = number_text(100 * i * step, 3)
        write(surface, text, (left - 7 * unit, y), 15 * unit, canvas.FAINT_INK, "right")
    write(surface, "cm", (left + width, top + height + 12 * unit), 15 * unit, canvas.FAINT_INK, "right")


def _ticks(low: float, high: float, step: float) -> range:
    """The whole multiples of `step` from `low` to `high`."""
    return range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)


def _frame(surface: Surface, layout: CursorLayout, scene: CursorScene) -> None:
    """The frame lights up with the go cue and stays thin and green while the hand may move."""
    if scene.go:
        draw_frame(surface, layout.whole, canvas.SUCCESS, 6 * layout.unit)
    elif scene.phase == "move":
        draw_frame(surface, layout.whole, canvas.SUCCESS, 1.5 * layout.unit)


def _start(surface: Surface, layout: CursorLayout, scene: CursorScene) -> None:
    radius = max(layout.pixels(scene.hold_radius), 4 * layout.unit)
    color = canvas.WARNING if scene.false_start else canvas.FAINT_INK
    _circle(surface, layout, scene.start, radius, canvas.PAGE, 1.0)
    _circle(surface, layout, scene.start, radius, color, 1.0, ring=2 * layout.unit)


def _target(surface: Surface, layout: CursorLayout, scene: CursorScene) -> None:
    """Nothing before it appears; a ring until the go cue, then a disc."""
    if not scene.target_visible:
        return
    radius = max(layout.pixels(scene.radius), 4 * layout.unit)
    color = canvas.SUCCESS if scene.success else canvas.TARGET
    filled = scene.go or scene.phase == "move"
    if scene.bar:
        _bar(surface, layout, scene, radius, color, filled)
        return
    _circle(surface, layout, scene.target, radius, canvas.PAGE, 1.0)
    _circle(surface, layout, scene.target, radius, color, 0.8 if filled else 0.12)
    _circle(surface, layout, scene.target, radius, color, 1.0, ring=2.5 * layout.unit)


def _bar(surface: Surface, layout: CursorLayout, scene: CursorScene, radius: float, color: Color, filled: bool) -> None:
    """A target that is a bar across the way, as thick as a disc; an outline until the go cue."""
    way = scene.home[0] - scene.start[0], scene.home[1] - scene.start[1]
    length, half, thick = math.hypot(*way), layout.pixels(scene.bar), radius
    ahead, aside = (way[0] / length, -way[1] / length), (way[1] / length, way[0] / length)  # in pixels, where y grows downwards
    x, y = layout.point(*scene.target)
    corners = [
        (x + a * half * aside[0] + b * thick * ahead[0], y + a * half * aside[1] + b * thick * ahead[1])
        for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1))
    ]
    load_pygame().draw.polygon(surface, color, corners, 0 if filled else max(1, round(2.5 * layout.unit)))


def _circle(
    surface: Surface, layout: CursorLayout, place: Point, radius: float, color: Color, alpha: float, ring: float = 0.0
) -> None:
    """A translucent disc or ring, cut off at the edge of the board."""
    x, y = layout.point(*place)
    pygame = load_pygame()
    box = pygame.Rect(round(x - radius) - 1, round(y - radius) - 1, round(2 * radius) + 2, round(2 * radius) + 2)
    area = box.clip(layout.whole)

    def paint(layer: Surface, corner: Any) -> None:
        disc(layer, color, (x - corner[0], y - corner[1]), radius, ring)

    see_through(surface, tuple(area), alpha, paint)


def _trail(surface: Surface, layout: CursorLayout, trail: tuple[Point, ...]) -> None:
    recent = trail[-SHOWN_STEPS - 1 :]
    if len(recent) < 2:
        return
    points = [layout.point(*place) for place in recent]
    line = 2.6 * layout.unit
    xs, ys = [x for x, _ in points], [y for _, y in points]
    pygame = load_pygame()
    box = pygame.Rect(min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)).inflate(4 * line, 4 * line)
    draw_trail(surface, tuple(box.clip(layout.whole)), points, canvas.INK, line, line / 2)


def _marker(surface: Surface, layout: CursorLayout, place: Point, color: Color, hollow: bool = False) -> None:
    """A disc at `place`, or a triangle at the edge of the board that points to where it would be."""
    radius = (0.8 if hollow else 1.0) * _CURSOR * math.sqrt(layout.zoom) * layout.unit
    if not layout.shows(*place):
        _pointer(surface, layout, place, radius, color, hollow)
        return
    at = layout.point(*place)
    disc(surface, canvas.PAGE, at, radius + 1.8 * layout.unit)
    disc(surface, color, at, radius, 2.2 * layout.unit if hollow else 0.0)


def _pointer(surface: Surface, layout: CursorLayout, place: Point, radius: float, color: Color, hollow: bool) -> None:
    pygame = load_pygame()
    far = layout.point(*place)
    left, top, width, height = layout.whole
    room = 2 * radius
    near = (
        min(max(far[0], left + room), left + width - room),
        min(max(far[1], top + room), top + height - room),
    )
    angle = math.atan2(far[1] - near[1], far[0] - near[0])
    for size, shade in ((1.9, canvas.PAGE), (1.4, color)):
        corners = [
            (
                near[0] + size * radius * math.cos(angle + turn),
                near[1] + size * radius * math.sin(angle + turn),
            )
            for turn in (0.0, 2.3, -2.3)
        ]
        line = max(1, round(2.2 * layout.unit)) if hollow and shade == color else 0
        pygame.draw.polygon(surface, shade, corners, line)


def _header(surface: Surface, layout: CursorLayout, scene: CursorScene) -> None:
    facts = scene.facts or (
        ("block", scene.block),
        ("trial", f"{scene.trial}"),
        ("gain", number_text(scene.gain, 3)),
        ("time", f"{scene.seconds:.2f} s"),
        ("return", number_text(round(scene.episode_return, _PLACES), 4)),
    )
    draw_header(surface, layout, scene.title, cut_fact(layout, facts, 0), _badge(scene))


def _badge(scene: CursorScene) -> Badge | None:
    if scene.success:
        return REACHED
    for failed, badge in ((scene.false_start, _FALSE_START), (scene.too_fast, _TOO_FAST), (scene.too_slow, _TOO_SLOW)):
        if failed:
            return badge
    return _GO if scene.go else _PHASES.get(scene.phase)
