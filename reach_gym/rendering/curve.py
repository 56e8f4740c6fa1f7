"""Learning curves: one value per trial of a session, for several learners, over its blocks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from reach_gym import checks
from reach_gym.rendering import canvas
from reach_gym.rendering.canvas import SUPERSAMPLE, Box, Color, load_pygame, write
from reach_gym.rendering.header import number_text
from reach_gym.rendering.shapes import disc, see_through, stroke

if TYPE_CHECKING:
    from pygame import Surface

Values = npt.NDArray[np.float64]

COLORS: tuple[Color, ...] = (canvas.TARGET, canvas.INK, canvas.SUCCESS, canvas.FIELD, canvas.WARNING)
_WIDTH, _HEIGHT = 960, 520  # of the standard layout, in pixels
_LEFT, _TOP, _RIGHT, _BOTTOM = 66, 84, 24, 52
_TITLE, _TEXT, _SMALL = 30.0, 21.0, 18.0
_BAND = 0.055  # opacity of every second block
_LEAST = 0.005  # metres; the axis shows at least this much to either side


@dataclass(frozen=True)
class _Chart:
    """Where the numbers are on the enlarged drawing.

    Attributes:
        unit: Enlarged pixels per pixel of the standard layout.
        box: The rectangle of the axes.
        trials: How many.
        limit: The axis goes from minus this to this, in metres.
        parts: int64 (trials,), the number of every trial's block.
    """

    unit: float
    box: Box
    trials: int
    limit: float
    parts: npt.NDArray[np.int64]

    def x(self, trial: float) -> float:
        """The place of a trial, from 0."""
        return self.box[0] + (trial + 0.5) / self.trials * self.box[2]

    def y(self, value: float) -> float:
        """The place of a value in metres."""
        return self.box[1] + self.box[3] * (1 - value / self.limit) / 2


def draw_curves(
    curves: Mapping[str, npt.ArrayLike],
    blocks: Sequence[str],
    width: int = _WIDTH,
    title: str = "Learning curve",
    catch: npt.ArrayLike | None = None,
) -> npt.NDArray[np.uint8]:
    """Draws signed deviations over the trials of a session.

    Args:
        curves: By the learner's name, at most five, one deviation in metres per trial, positive to the left of the straight line;
            NaN where there is none, such as in channel trials. The first one is drawn on top.
        blocks: Name of the block of every trial.
        width: Width of the picture in pixels, from 320 to 4096.
        title: The headline.
        catch: bool (trials,), which are catch trials: rings beside the line.

    Returns:
        uint8 array (height, width, 3), red, green, blue.

    Raises:
        ValueError: No trials, no or too many curves, lengths that differ, an infinite value, or `width` is out of range.
        TypeError: `width` is not an integer.
        MissingExtraError: pygame-ce is not installed.
    """
    pygame = load_pygame()
    wide = checks.integer("width", width, 320, canvas.MAX_WIDTH)
    values = _checked(curves, len(blocks))
    rings = np.zeros(len(blocks), np.bool_) if catch is None else np.asarray(catch, np.bool_)
    if rings.shape != (len(blocks),):
        raise ValueError(f"`catch` must hold one value for each of {len(blocks)} trials, got the shape {rings.shape}.")
    unit = SUPERSAMPLE * wide / _WIDTH
    extent = SUPERSAMPLE * wide, SUPERSAMPLE * 2 * round(_HEIGHT * wide / _WIDTH / 2)
    surface = pygame.Surface(extent, 0, 32)
    surface.fill(canvas.PAGE)
    left, top = round(_LEFT * unit), round(_TOP * unit)
    box = left, top, extent[0] - left - round(_RIGHT * unit), extent[1] - top - round(_BOTTOM * unit)
    lengths = [len(list(members)) for _, members in groupby(blocks)]
    chart = _Chart(unit, box, len(blocks), _limit(list(values.values())), np.repeat(np.arange(len(lengths)), lengths))
    _draw_blocks(surface, chart, blocks)
    _draw_axes(surface, chart)
    for color, each in reversed(list(zip(COLORS, values.values(), strict=False))):
        _draw_curve(surface, chart, each, rings, color)
    _draw_header(surface, chart, title, list(values), bool(rings.any()))
    small = pygame.transform.smoothscale(surface, (wide, extent[1] // SUPERSAMPLE))
    return np.frombuffer(pygame.image.tobytes(small, "RGB"), np.uint8).reshape(-1, wide, 3).copy()


def _checked(curves: Mapping[str, npt.ArrayLike], trials: int) -> dict[str, Values]:
    if trials < 1 or not 1 <= len(curves) <= len(COLORS):
        raise ValueError(f"`curves` must hold 1 to {len(COLORS)} curves of at least one trial, got {len(curves)} of {trials}.")
    values = {name: np.asarray(curve, np.float64) for name, curve in curves.items()}
    for name, each in values.items():
        if each.shape != (trials,):
            raise ValueError(f"`curves[{name!r}]` must hold one value for each of {trials} trials, got the shape {each.shape}.")
        if np.isinf(each).any():
            raise ValueError(f"`curves[{name!r}]` must hold finite numbers or NaN, got infinity.")
    return values


def _limit(curves: list[Values]) -> float:
    """The axis' end: a little more than the largest deviation."""
    sizes = np.abs(np.concatenate(curves))
    return 1.08 * max(_LEAST, float(sizes[np.isfinite(sizes)].max(initial=0.0)))


def _tick(span: float, count: int) -> float:
    """1, 2 or 5 times a power of ten, which fits into `span` at most `count` times."""
    power = 10.0 ** math.floor(math.log10(span / count))
    return next(times * power for times in (1, 2, 5, 10) if span / (times * power) <= count)


def _draw_blocks(surface: Surface, chart: _Chart, blocks: Sequence[str]) -> None:
    """Shades every second block; every one has its name over it, as far as there is room."""
    _, top, _, height = chart.box
    unit, first = chart.unit, 0
    for number, (name, members) in enumerate(groupby(blocks)):
        last = first + len(list(members))
        begin, end = round(chart.x(first - 0.5)), round(chart.x(last - 0.5))
        if number % 2:
            band = begin, top, end - begin, height
            see_through(surface, band, _BAND, lambda layer, _: layer.fill(canvas.FIELD))
        if first:
            surface.fill(canvas.FRAME, (begin, top, max(1, round(unit)), height))
        text = canvas.shorten(name, _SMALL * unit, end - begin - 4 * unit)
        write(surface, text, ((begin + end) / 2, top - 12 * unit), _SMALL * unit, canvas.FAINT_INK, "center")
        first = last


def _draw_axes(surface: Surface, chart: _Chart) -> None:
    left, top, width, height = chart.box
    unit, line = chart.unit, max(1, round(chart.unit))
    step = _tick(2 * chart.limit, 8)
    for i in range(-math.floor(chart.limit / step), math.floor(chart.limit / step) + 1):
        y = chart.y(i * step)
        thick = 2 * line if i == 0 else line
        surface.fill(canvas.FRAME if i == 0 else canvas.GRID_LINE, (left, round(y) - thick // 2, width, thick))
        write(surface, number_text(1000 * i * step, 4), (left - 8 * unit, y), _SMALL * unit, canvas.FAINT_INK, "right")
    below = top + height
    every = max(1, round(_tick(chart.trials, 10)))
    for number in {1, *range(every, chart.trials + 1, every)}:
        x = chart.x(number - 1)
        surface.fill(canvas.FRAME, (round(x), below, line, round(5 * unit)))
        write(surface, f"{number}", (x, below + 15 * unit), _SMALL * unit, canvas.FAINT_INK, "center")
    write(surface, "trial", (left + width / 2, below + 38 * unit), _TEXT * unit, canvas.FAINT_INK, "center")
    load_pygame().draw.rect(surface, canvas.FRAME, chart.box, max(1, round(1.5 * unit)))


def _draw_curve(surface: Surface, chart: _Chart, values: Values, rings: npt.NDArray[np.bool_], color: Color) -> None:
    """A line through the trials of each block, a dot for each of them, and rings for the catch trials."""
    unit = chart.unit
    radius = min(4.5, max(2.0, 0.3 * chart.box[2] / unit / chart.trials)) * unit
    faint = tuple((2 * shade + 255) // 3 for shade in color)
    points = {int(i): (chart.x(int(i)), chart.y(float(values[i]))) for i in np.flatnonzero(np.isfinite(values))}
    joined = [i for i in points if not rings[i]]
    for i, j in pairwise(joined):
        if chart.parts[i] == chart.parts[j]:
            stroke(surface, faint, points[i], points[j], 1.4 * unit)
    for i, at in points.items():
        if rings[i]:
            disc(surface, canvas.PAGE, at, radius + unit)
            disc(surface, color, at, radius + unit, 1.5 * unit)
        else:
            disc(surface, color, at, radius)


def _draw_header(surface: Surface, chart: _Chart, title: str, names: Sequence[str], rings: bool) -> None:
    """The title, what the axis shows, and at the right end the legend."""
    unit, left, right = chart.unit, chart.box[0], chart.box[0] + chart.box[2]
    x = float(right)
    for name, color in reversed(list(zip(names, COLORS, strict=False))):
        text = canvas.text_image(name, _TEXT * unit, canvas.INK)
        x -= text.get_width()
        surface.blit(text, (round(x), round(26 * unit - text.get_height() / 2)))
        x -= 12 * unit
        disc(surface, color, (x, 26 * unit), 5 * unit)
        x -= 20 * unit
    headline = canvas.shorten(title, _TITLE * unit, x - left)
    write(surface, headline, (left, 26 * unit), _TITLE * unit, canvas.INK)
    axis = "largest deviation from the straight way in mm, to the left above 0" + ("; rings: catch trials" if rings else "")
    write(surface, axis, (left, 50 * unit), _SMALL * unit, canvas.FAINT_INK)
