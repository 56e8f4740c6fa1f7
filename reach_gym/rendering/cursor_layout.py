"""The places on the board of a cursor reach, in metres."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

from reach_gym.rendering.canvas import SUPERSAMPLE, Board, Box, Point, box_between

VIEW = 1.25
"""The board shows this many times the workspace, unless an arm needs more."""
_FURTHEST = 8.0  # in half boards: what lies beyond is drawn there, as pygame knows no endless coordinates


class View(NamedTuple):
    """The square that a board shows, in metres.

    Attributes:
        x: Its middle.
        y: Likewise.
        half: Half of its side.
    """

    x: float
    y: float
    half: float


@dataclass(frozen=True)
class CursorLayout(Board):
    """A board that shows |x|, |y| up to `VIEW` times the workspace, or another square.

    Attributes:
        workspace: Half of the side of the workspace, in metres.
        seen: What it shows; ``None`` for the workspace with its margin.
    """

    workspace: float
    seen: View | None = None

    @property
    def middle(self) -> Point:
        """The middle of the board, in metres."""
        return (0.0, 0.0) if self.seen is None else (self.seen.x, self.seen.y)

    @property
    def view(self) -> float:
        """Half of the side of the board, in metres."""
        return VIEW * self.workspace if self.seen is None else self.seen.half

    @property
    def metre(self) -> float:
        """Enlarged pixels per metre."""
        return self.side / (2 * self.view)

    @property
    def zoom(self) -> float:
        """How large the workspace is, beside a board that shows nothing else."""
        return VIEW * self.workspace / self.view

    def point(self, x: float, y: float) -> Point:
        """The place of (x, y), given in metres; points far off the board, or not a number, are moved close to it."""
        left, top = self.corner
        half, middle = self.side / 2, self.middle
        return left + half * (1 + self._near(x - middle[0])), top + half * (1 - self._near(y - middle[1]))

    def pixels(self, length: float) -> float:
        """A length, given in metres, in pixels of the enlarged drawing, limited to a few boards."""
        return min(_FURTHEST, length / self.view) * self.side / 2

    def box(self, x0: float, y0: float, x1: float, y1: float) -> Box:
        """The rectangle between two corners, given in metres."""
        return box_between(self.point(x0, y1), self.point(x1, y0))

    @property
    def edges(self) -> tuple[float, float, float, float]:
        """The least x and y and the greatest on the board, in metres."""
        (x, y), view = self.middle, self.view
        return x - view, y - view, x + view, y + view

    @property
    def whole(self) -> Box:
        """The rectangle of the board."""
        return self.box(*self.edges)

    def place(self, pixel: Point) -> Point:
        """The inverse of `point` for a pixel of the finished frame: (x, y) in metres, also off the board."""
        left, top = self.corner
        x, y = SUPERSAMPLE * pixel[0] - left, SUPERSAMPLE * pixel[1] - top
        return self.middle[0] + (x / self.metre - self.view), self.middle[1] + (self.view - y / self.metre)

    def shows(self, x: float, y: float) -> bool:
        """Whether (x, y) lies on the board."""
        return abs(x - self.middle[0]) <= self.view and abs(y - self.middle[1]) <= self.view

    def tick_step(self) -> float:
        """The distance of two ticks in metres: 1, 2 or 5 times a power of ten, about a fifth of the board."""
        most = self.view / (2 * VIEW) * (1 + 1e-9)
        power = 10.0 ** math.floor(math.log10(most))
        return max(power * times for times in (1, 2, 5) if power * times <= most)

    def _near(self, value: float) -> float:
        # In this order the smaller bound also stands in for NaN, of which every comparison is false.
        return min(_FURTHEST, max(-_FURTHEST, value / self.view))
