"""The picture of a grid reach: one pure function from a scene to pixels.

The environments, the figures and the videos all use it. It draws on off-screen surfaces only.
"""

from __future__ import annotations

import functools
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from reach_gym import checks
from reach_gym.fields import ForceField
from reach_gym.rendering import canvas
from reach_gym.rendering.canvas import WIDTH, Color, Layout, Point, load_pygame, see_through, stroke, write
from reach_gym.rendering.field_marks import draw_field

if TYPE_CHECKING:
    from pygame import Surface

MIN_WIDTH, MAX_WIDTH = 64, 4096
_SHOWN_STEPS = 400  # an episode without a time limit must not make its pictures slower and slower


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


def draw(scene: GridScene, width: int = WIDTH) -> npt.NDArray[np.uint8]:
    """Draws a scene.

    Args:
        scene: What to show.
        width: Width of the picture in pixels, from 64 to 4096.

    Returns:
        uint8 array (height, width, 3), red, green, blue; a new one at every call.

    Raises:
        ValueError: `width` is out of range.
        TypeError: `width` is not an integer.
        MissingExtraError: pygame-ce is not installed.
    """
    pygame = load_pygame()
    layout = Layout(checks.integer("width", width, MIN_WIDTH, MAX_WIDTH), scene.size)
    surface = _episode(layout, scene.field, scene.start, scene.target, scene.radius, scene.success).copy()
    _trail(surface, layout, scene.trail, canvas.INK)
    _cursor(surface, layout, scene)
    _header(surface, layout, scene)
    small = pygame.transform.smoothscale(surface, layout.frame)
    pixels = np.frombuffer(pygame.image.tobytes(small, "RGB"), np.uint8)
    return pixels.reshape(layout.frame[1], layout.frame[0], 3).copy()


def _disc(surface: Surface, color: Color, at: Point, radius: float, ring: float = 0.0) -> None:
    pygame = load_pygame()
    line = 0 if ring == 0 else max(1, round(ring))
    pygame.draw.circle(surface, color, (round(at[0]), round(at[1])), max(1, round(radius)), line)


@functools.lru_cache(maxsize=8)
def _board(layout: Layout, field: ForceField) -> Surface:
    """The page, the board, its grid and the field: the same for a whole session."""
    pygame = load_pygame()
    # 32 bits without alpha: a surface of this kind needs no display and is the fastest to scale.
    extent = layout.frame[0] * canvas.SUPERSAMPLE, layout.frame[1] * canvas.SUPERSAMPLE
    surface: Surface = pygame.Surface(extent, 0, 32)
    surface.fill(canvas.PAGE)
    last = layout.size - 1
    whole = layout.box(0, 0, last, last)
    surface.fill(canvas.BOARD, whole)
    line = max(1, round(min(1.0 * layout.unit, layout.square / 8)))
    for i in range(1, layout.size):
        x, y = (round(value) for value in layout.point(i - 0.5, i - 0.5))
        surface.fill(canvas.GRID_LINE, (x - line // 2, whole[1], line, whole[3]))
        surface.fill(canvas.GRID_LINE, (whole[0], y - line // 2, whole[2], line))
    draw_field(surface, layout, field)
    border = max(1, round(1.5 * layout.unit))
    pygame.draw.rect(surface, canvas.FRAME, pygame.Rect(whole).inflate(2 * border, 2 * border), border)
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
            _disc(layer, color, (at[0] - corner[0], at[1] - corner[1]), pixels)

        def ring(layer: Surface, corner: Any) -> None:
            _disc(layer, color, (at[0] - corner[0], at[1] - corner[1]), pixels, 1.8 * layout.unit)

        see_through(surface, whole, 0.13, fill)
        see_through(surface, whole, 0.7, ring)
    see_through(surface, layout.box(*target, *target), 0.3, lambda layer, corner: layer.fill(color))
    mark = _mark_radius(layout)
    _disc(surface, color, at, mark)
    _disc(surface, canvas.PAGE, at, 0.68 * mark)
    _disc(surface, color, at, 0.38 * mark)
    _disc(surface, canvas.PAGE, layout.point(*start), 0.8 * mark)
    _disc(surface, canvas.FAINT_INK, layout.point(*start), 0.8 * mark, 0.22 * mark)
    return surface


def _mark_radius(layout: Layout) -> float:
    """Radius of the target's mark: most of a square, within reason."""
    return min(max(0.36 * layout.square, 5.0 * layout.unit), 40.0 * layout.unit)


def _trail(surface: Surface, layout: Layout, trail: tuple[tuple[int, int], ...], color: Color) -> None:
    """The way of the cursor, older parts fainter."""
    recent = trail[-_SHOWN_STEPS - 1 :]
    if len(recent) < 2:
        return
    xs, ys = [x for x, _ in recent], [y for _, y in recent]
    line = min(max(0.09 * layout.square, 1.6 * layout.unit), 5.0 * layout.unit)
    dot = 1.1 * line

    def paint(layer: Surface, corner: Any) -> None:
        points = [(px - corner[0], py - corner[1]) for px, py in (layout.point(*square) for square in recent)]
        for i in range(1, len(points)):
            shade = (*color, round(70 + 150 * i / (len(points) - 1)))
            stroke(layer, shade, points[i - 1], points[i], line)
            _disc(layer, shade, points[i - 1], dot)  # type: ignore[arg-type]

    see_through(surface, layout.box(min(xs), min(ys), max(xs), max(ys)), 1.0, paint)


def _cursor(surface: Surface, layout: Layout, scene: GridScene) -> None:
    at, mark = layout.point(*scene.cursor), _mark_radius(layout)
    _disc(surface, canvas.PAGE, at, 0.84 * mark)
    _disc(surface, canvas.SUCCESS if scene.success else canvas.INK, at, 0.68 * mark)


def _header(surface: Surface, layout: Layout, scene: GridScene) -> None:
    unit, left = layout.unit, layout.corner[0]
    right = left + layout.side
    if scene.success:
        right -= _badge(surface, layout, right) + 16 * unit
    title = canvas.shorten(scene.title, 30 * unit, right - left)
    write(surface, title, (left, 25 * unit), 30 * unit, canvas.INK)
    x, y = left, 53 * unit
    for name, value in (
        ("step", f"{scene.step}"),
        ("ideal", f"{scene.ideal_steps}"),
        ("return", f"{scene.episode_return + 0.0:g}".replace("-", "−")),
        ("radius", f"{scene.radius:g}"),
    ):
        x += write(surface, name, (x, y), 21 * unit, canvas.FAINT_INK) + 6 * unit
        x += write(surface, value, (x, y), 21 * unit, canvas.INK) + 22 * unit


def _badge(surface: Surface, layout: Layout, right: float) -> float:
    """A green pill with a tick at the right end of the header; returns its width."""
    pygame = load_pygame()
    unit = layout.unit
    text = canvas.text_image("reached", 21 * unit, canvas.PAGE)
    width, height = text.get_width() + 44 * unit, 28 * unit
    left, middle = right - width, 25 * unit
    area = pygame.Rect(round(left), round(middle - height / 2), round(width), round(height))
    pygame.draw.rect(surface, canvas.SUCCESS, area, border_radius=round(height / 2))
    tick = [(left + dx * unit, middle + dy * unit) for dx, dy in ((13, 0), (18, 5), (27, -5.5))]
    for a, b in itertools.pairwise(tick):
        stroke(surface, canvas.PAGE, a, b, 3 * unit)
    for point in tick:
        _disc(surface, canvas.PAGE, point, 1.5 * unit)
    surface.blit(text, (round(left + 34 * unit), round(middle - text.get_height() / 2)))
    return width
