"""Where the pointer was, movement by movement, as a CSV file beside a recording."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from pathlib import Path

from reach_gym import files
from reach_gym.rendering.cursor_layout import CursorLayout
from reach_gym.rendering.display import Motion

TITLES = ("time [s]", "trial", "stage", "window x [px]", "window y [px]", "x [m]", "y [m]")
BETWEEN = -1
"""The number of the trial where none of the session is meant."""


class PointerLog:
    """The raw path of the pointer, as the system told of it, with what happened meanwhile.

    Attributes:
        trial: The trial that the next movements belong to, or `BETWEEN`.
        stage: What happens now: ``"page"``, ``"practice"``, ``"wait"`` (before a trial), ``"trial"``, ``"look"`` (after it).
    """

    def __init__(self, begin: float, layout: CursorLayout) -> None:
        """Counts the time from `begin`; the pictures have the `layout`."""
        self.trial, self.stage = BETWEEN, "page"
        self._begin, self._layout = begin, layout
        self._rows: list[tuple[float, int, str, float, float, float, float]] = []

    def __len__(self) -> int:
        """How many movements there are."""
        return len(self._rows)

    def add(self, motions: Iterable[Motion]) -> None:
        """Notes movements."""
        for motion in motions:
            x, y = self._layout.place(motion.frame)
            self._rows.append((motion.time - self._begin, self.trial, self.stage, *motion.window, x, y))

    def save(self, path: Path) -> None:
        """Writes them; the file appears when it is complete.

        Raises:
            OSError: It cannot be written.
        """
        out = io.StringIO(newline="")
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(TITLES)
        for time, trial, stage, left, top, x, y in self._rows:
            writer.writerow((f"{time:.6f}", trial, stage, f"{left:g}", f"{top:g}", f"{x:.6f}", f"{y:.6f}"))
        files.write(path, out.getvalue().encode())
