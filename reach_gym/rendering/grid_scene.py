"""The picture of a grid reach: a board of squares with the field, the path of the cursor and the target."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reach_gym.fields import ForceField
from reach_gym.rendering import canvas
from reach_gym.rendering.canvas import Layout, write
from reach_gym.rendering.field_marks import draw_field
from reach_gym.rendering.header import REACHED, blank_page, draw_frame, draw_header, number_text
from reach_gym.rendering.shapes import SHOWN_STEPS, disc, draw_trail, see_through

if TYPE_CHECKING:
    from pygame import Surface


@dataclass(frozen=True)
class GridScene:
    """Everything a picture of the grid reach shows. Squares are (x, y), x to the right and y upwards.

    Attributes:
        size: Squares along one side.
        field: The force field, in squares.
        cursor: The square of the cursor.
        start: The square in which the episode began.
        target: The square of the target.
        radius: The reward radius, Euclidean, in squares.
        trail: The squares visited so far, the start first and the cursor last.
        step: Steps taken in this episode.
        episode_return: Sum of the rewards of this episode.
        ideal_steps: The fewest steps from the start to within the radius.
        success: Whether the cursor is within the radius.
        title: The headline.
    """

    size: int
    field: ForceField
    cursor: tuple[int, int]
    start: tuple[int, int]
    target: tuple[int, int]
    radius: float
    trail: tuple[tuple[int, int], ...]
    step: int
    episode_return: float
    ideal_steps: int
    success: bool
    title: str


def paint_grid_scene(scene: GridScene, width: int) -> Surface:
    """The picture of a scene, enlarged: not yet averaged down to `width` pixels."""
    layout = Layout(width, scene.size)
    surface = _episode(layout, scene.field, scene.start, scene.target, scene.radius, scene.success).copy()
    _trail(surface, layout, scene.trail)
    _cursor(surface, layout, scene)
    facts = (
        ("step", f"{scene.step}"),
        ("ideal", f"{scene.ideal_steps}"),
        ("return", number_text(scene.episode_return)),
        ("radius", f"{scene.radius:g}"),
    )
    draw_header(surface, layout, scene.title, facts, REACHED if scene.success else None)
    return surface


@functools.lru_cache(maxsize=8)
def _board(layout: Layout, field: ForceField) -> Surface:
    """The page, the board, its grid and the field: the same for a whole session."""
    surface = blank_page(layout)
    last = layout.size - 1
    whole = layout.box(0, 0, last, last)
    surface.fill(canvas.BOARD, whole)
    line = max(1, round(min(1.0 * layout.unit, layout.square / 8)))
    for i in range(1, layout.size):
        x, y = (round(value) for value in layout.point(i - 0.5, i - 0.5))
        surface.fill(canvas.GRID_LINE, (x - line // 2, whole[1], line, whole[3]))
        surface.fill(canvas.GRID_LINE, (whole[0], y - line // 2, whole[2], line))
    draw_field(surface, layout, field)
    draw_frame(surface, whole, canvas.FRAME, 1.5 * layout.unit)
    _ticks(surface, layout)
    return surface


def _ticks(surface: Surface, layout: Layout) -> None:
    step = next(s for s in (1, 2, 5, 10) if layout.size <= 12 * s)
    left, bottom = layout.corner[0], layout.corner[1] + layout.side
    pixels = 15 * layout.unit
    for i in range(0, layout.size, step):
        x, y = layout.point(i, i)
        write(surface, str(i), (x, bottom + 12 * layout.unit), pixels, canvas.FAINT_INK, "center")
        write(surface, str(i), (left - 7 * layout.unit, y), pixels, canvas.FAINT_INK, "right")


@functools.lru_cache(maxsize=4)
def _episode(
    layout: Layout,
    field: ForceField,
    start: tuple[int, int],
    target: tuple[int, int],
    radius: float,
    success: bool,
) -> Surface:
    """The board with start and target: the same for a whole episode."""
    surface = _board(layout, field).copy()
    color = canvas.SUCCESS if success else canvas.TARGET
    last = layout.size - 1
    whole = layout.box(0, 0, last, last)
    at = layout.point(*target)
    if radius > 0:
        # Beyond twice the diagonal a larger disc looks the same; an endless radius must not overflow.
        pixels = min(radius, 3.0 * layout.size) * layout.square

        def fill(layer: Surface, corner: Any) -> None:
            disc(layer, color, (at[0] - corner[0], at[1] - corner[1]), pixels)

        def ring(layer: Surface, corner: Any) -> None:
            disc(layer, color, (at[0] - corner[0], at[1] - corner[1]), pixels, 1.8 * layout.unit)

        see_through(surface, whole, 0.13, fill)
        see_through(surface, whole, 0.7, ring)
    see_through(surface, layout.box(*target, *target), 0.3, lambda layer, corner: layer.fill(color))
    mark = _mark_radius(layout)
    disc(surface, color, at, mark)
    disc(surface, canvas.PAGE, at, 0.68 * mark)
    disc(surface, color, at, 0.38 * mark)
    disc(surface, canvas.PAGE, layout.point(*start), 0.8 * mark)
    disc(surface, canvas.FAINT_INK, layout.point(*start), 0.8 * mark, 0.22 * mark)
    return surface


def _mark_radius(layout: Layout) -> float:
    """Radius of the target's mark: most of a square, within reason."""
    return min(max(0.36 * layout.square, 5.0 * layout.unit), 40.0 * layout.unit)


def _trail(surface: Surface, layout: Layout, trail: tuple[tuple[int, int], ...]) -> None:
    recent = trail[-SHOWN_STEPS - 1 :]
    if len(recent) < 2:
        return
    xs, ys = [x for x, _ in recent], [y for _, y in recent]
    line = min(max(0.09 * layout.square, 1.6 * layout.unit), 5.0 * layout.unit)
    box = layout.box(min(xs), min(ys), max(xs), max(ys))
    draw_trail(surface, box, [layout.point(*square) for square in recent], canvas.INK, line, 1.1 * line)


def _cursor(surface: Surface, layout: Layout, scene: GridScene) -> None:
    at, mark = layout.point(*scene.cursor), _mark_radius(layout)
    disc(surface, canvas.PAGE, at, 0.84 * mark)
    disc(surface, canvas.SUCCESS if scene.success else canvas.INK, at, 0.68 * mark)
