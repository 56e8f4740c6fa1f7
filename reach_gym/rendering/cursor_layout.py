"""The places on the board of a cursor reach, in metres."""

from __future__ import annotations

import math
from dataclasses import dataclass

from reach_gym.rendering.canvas import SUPERSAMPLE, Board, Box, Point, box_between

VIEW = 1.25
"""The board shows this many times the workspace."""
_FURTHEST = 8.0  # in half boards: what lies beyond is drawn there, as pygame knows no endless coordinates


@dataclass(frozen=True)
class CursorLayout(Board):
    """A board that shows |x|, |y| up to `VIEW` times the workspace.

    Attributes:
        workspace: Half of the side of the workspace, in metres.
    """

    workspace: float

    @property
    def view(self) -> float:
        """Half of the side of the board, in metres."""
        return VIEW * self.workspace

    @property
    def metre(self) -> float:
        """Enlarged pixels per metre."""
        return self.side / (2 * self.view)

    def point(self, x: float, y: float) -> Point:
        """The place of (x, y), given in metres; points far off the board, or not a number, are moved close to it."""
        left, top = self.corner
        half = self.side / 2
        return left + half * (1 + self._near(x)), top + half * (1 - self._near(y))

    def pixels(self, length: float) -> float:
        """A length, given in metres, in pixels of the enlarged drawing, limited to a few boards."""
        return min(_FURTHEST, length / self.view) * self.side / 2

    def box(self, x0: float, y0: float, x1: float, y1: float) -> Box:
        """The rectangle between two corners, given in metres."""
        return box_between(self.point(x0, y1), self.point(x1, y0))

    @property
    def whole(self) -> Box:
        """The rectangle of the board."""
        return self.box(-self.view, -self.view, self.view, self.view)

    def place(self, pixel: Point) -> Point:
        """The inverse of `point` for a pixel of the finished frame: (x, y) in metres, also off the board."""
        left, top = self.corner
        x, y = SUPERSAMPLE * pixel[0] - left, SUPERSAMPLE * pixel[1] - top
        return x / self.metre - self.view, self.view - y / self.metre

    def shows(self, x: float, y: float) -> bool:
        """Whether (x, y) lies on the board."""
        return abs(x) <= self.view and abs(y) <= self.view

    def tick_step(self) -> float:
        """The distance of two ticks in metres: 1, 2 or 5 times a power of ten, about half the workspace."""
        power = 10.0 ** math.floor(math.log10(self.workspace / 2 * (1 + 1e-9)))
        return max(power * times for times in (1, 2, 5) if power * times <= self.workspace / 2 * (1 + 1e-9))

    def _near(self, value: float) -> float:
        # In this order the smaller bound also stands in for NaN, of which every comparison is false.
        return min(_FURTHEST, max(-_FURTHEST, value / self.view))
