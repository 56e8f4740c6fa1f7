"""How an arm looks on the board of a cursor reach, and its muscles, the redder the more active."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence

from reach_gym.plants.limbs import Limbs, MuscleLine
from reach_gym.rendering import canvas
from reach_gym.rendering.canvas import Color, Point
from reach_gym.rendering.cursor_layout import CursorLayout
from reach_gym.rendering.marks import Area, Disc, Label, Mark, Rect

_SKIN: Color = (240, 236, 231)
_OUTLINE: Color = (158, 160, 168)
_JOINT: Color = (250, 250, 251)
_RESTING: Color = (226, 203, 199)
_ACTIVE: Color = (178, 12, 38)
_MUSCLE_EDGE: Color = (122, 62, 66)
_CHEST, _SHOULDER, _ELBOW, _WRIST = 0.080, 0.064, 0.050, 0.030  # radii, in lengths of the whole arm
_MUSCLE = 0.034  # thickness of the belly, likewise
_TENDON = 0.3  # of that
_SMOOTHINGS = 3  # times that the corners of a muscle's line are cut
_BAR = (70.0, 9.0)  # of the legend, in pixels of the standard layout
_SHADES, _SHEET = 35, 0.85  # colours on it, and how opaque the sheet below it is


def limb_marks(layout: CursorLayout, limbs: Limbs) -> Iterator[Mark]:
    """An arm, with its muscles and what their colours mean."""
    shoulder, elbow, hand = (layout.point(*joint) for joint in limbs.joints)
    length = math.dist(shoulder, elbow) + math.dist(elbow, hand)
    bones = [(layout.point(*limbs.chest), shoulder), (shoulder, elbow), (elbow, hand)]
    radii = [length * share for share in (_CHEST, _SHOULDER, _ELBOW, _WRIST)]
    line = 1.5 * layout.unit
    for color, more in ((_OUTLINE, line), (_SKIN, 0.0)):
        for bone, ends in zip(bones, itertools.pairwise(radii), strict=True):
            yield from _thick(color, bone, [radius + more for radius in ends])
    for muscle in limbs.muscles:
        yield from _muscle(layout, muscle, _MUSCLE * length)
    for place, radius in zip((shoulder, elbow), radii[1:3], strict=True):
        yield Disc(place, 0.42 * radius, _OUTLINE)
        yield Disc(place, 0.42 * radius - line, _JOINT)
    if limbs.muscles:
        yield from _legend(layout)


def muscle_color(activation: float) -> Color:
    """The colour of a muscle of this activation, from 0 to 1."""
    share = min(1.0, max(0.0, activation))
    red, green, blue = (round(rest + share * (most - rest)) for rest, most in zip(_RESTING, _ACTIVE, strict=True))
    return red, green, blue


def _thick(color: Color, line: Sequence[Point], radii: Sequence[float]) -> Iterator[Mark]:
    """A line with round ends and a thickness that changes along it, without sharp corners."""
    sides: tuple[list[Point], list[Point]] = [], []
    for i, ((x, y), radius) in enumerate(zip(line, radii, strict=True)):
        (ax, ay), (bx, by) = line[max(0, i - 1)], line[min(len(line) - 1, i + 1)]
        length = math.hypot(bx - ax, by - ay) or 1.0
        dx, dy = radius * (ay - by) / length, radius * (bx - ax) / length
        sides[0].append((x + dx, y + dy))
        sides[1].append((x - dx, y - dy))
    yield Area((*sides[0], *reversed(sides[1])), color)
    for place, radius in ((line[0], radii[0]), (line[-1], radii[-1])):
        yield Disc(place, radius, color)


def _muscle(layout: CursorLayout, muscle: MuscleLine, belly: float) -> Iterator[Mark]:
    """A spindle along the muscle's line: a belly between two tendons."""
    line = _smooth([layout.point(*place) for place in muscle.path])
    ends = list(itertools.accumulate((math.dist(a, b) for a, b in itertools.pairwise(line)), initial=0.0))
    swell = [_TENDON + (1 - _TENDON) * math.sin(math.pi * at / (ends[-1] or 1.0)) for at in ends]
    for color, more in ((_MUSCLE_EDGE, 1.2 * layout.unit), (muscle_color(muscle.activation), 0.0)):
        yield from _thick(color, line, [0.5 * belly * share + more for share in swell])


def _smooth(line: Sequence[Point]) -> Sequence[Point]:
    """A line whose corners have been cut (Chaikin 1974, Comput Graph Image Process 3:346); its ends stay."""
    for _ in range(_SMOOTHINGS):
        cut = [
            (a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1]))
            for a, b in itertools.pairwise(line)
            for share in (0.25, 0.75)
        ]
        line = [line[0], *cut, line[-1]]
    return line


def _legend(layout: CursorLayout) -> Iterator[Mark]:
    """A bar of the muscles' colours, with what they mean, in the lower right corner of the board."""
    unit = layout.unit
    wide, high = (round(side * unit) for side in _BAR)
    page, gap = (round(wide + 46 * unit), round(high + 29 * unit)), 6 * unit
    left, top, width, height = layout.whole
    corner = int(left + width - page[0] - gap), int(top + height - page[1] - gap)
    yield Rect((*corner, *page), canvas.PAGE, _SHEET)
    x, y = corner[0] + round(23 * unit), corner[1] + round(20 * unit)
    for i in range(_SHADES):  # each over the end of the one before, so that there is no seam
        begin = round(i * wide / _SHADES)
        yield Rect((x + begin, y, wide - begin, high), muscle_color(i / (_SHADES - 1)))
    yield Rect((x, y, wide, high), _MUSCLE_EDGE, line=unit)
    middle, size = y + high / 2, 17 * unit
    yield Label("0", (x - 5 * unit, middle), size, canvas.INK, "right")
    yield Label("1", (x + wide + 5 * unit, middle), size, canvas.INK)
    yield Label("activation", (x + wide / 2, y - 9 * unit), size, canvas.INK, "center")
