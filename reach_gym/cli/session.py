"""After a session with the mouse: the person's trials beside the ideal's, as a table and as a learning curve."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from rich.table import Table

from reach_gym import files
from reach_gym.cli import shell
from reach_gym.recording import Recording, catch_trials, deviations, mean_after_effect
from reach_gym.rendering.canvas import load_pygame
from reach_gym.rendering.curve import draw_curves

Flags = npt.NDArray[np.bool_]


def print_session(person: Recording, ideal: Recording) -> None:
    """Prints a table of the blocks, of the person and of the ideal agent on the same trials, and their after-effects."""
    names = ("block", "trials", "reached", "ideal", "false starts", "deviation mm", "ideal", "movement s", "ideal")
    table = Table(*names, box=None, pad_edge=False, header_style="bold")
    for column in table.columns[1:]:
        column.justify = "right"
    blocks = [(int(block), person.block == block) for block in np.unique(person.block)]
    for block, mine in blocks:
        table.add_row(str(person.metadata["schedule"][block]["name"]), *_cells(person, ideal, mine))
    if len(blocks) > 1:
        table.add_row("all", *_cells(person, ideal, np.ones(len(person), np.bool_)))
    shell.console().print(table)
    print("deviation: mean of the largest distance from the straight way, without catch and channel trials")
    mine, best = (1000 * mean_after_effect(each) for each in (person, ideal))
    if not np.isnan(mine):
        print(f"after-effect: {mine:+.1f} mm, of the ideal {best:+.1f} mm (to the left above 0)")


def _cells(person: Recording, ideal: Recording, mine: Flags) -> list[str]:
    """The numbers of the trials in the mask `mine`."""
    plain = mine & ~catch_trials(person)
    reached = [f"{100 * each.known('success')[mine].mean():.0f} %" for each in (person, ideal)]
    sizes = [_mean(1000 * np.abs(deviations(each)[plain]), 1) for each in (person, ideal)]
    times = [_mean(each.measures("cursor")["movement_time"][mine], 2) for each in (person, ideal)]
    return [f"{mine.sum()}", *reached, f"{person.known('false_start')[mine].sum()}", *sizes, *times]


def _mean(values: npt.NDArray[np.float64], digits: int) -> str:
    known = values[np.isfinite(values)]
    return f"{known.mean():.{digits}f}" if known.size else "-"


def learning_curve(recordings: Sequence[tuple[str, Recording]], title: str, width: int = 960) -> npt.NDArray[np.uint8]:
    """The deviations of several subjects, each with a name, on the same trials: uint8 (height, width, 3)."""
    first = recordings[0][1]
    curves = {name: deviations(each) for name, each in recordings}
    return draw_curves(curves, first.block_names, width, title, catch_trials(first))


def save_picture(frame: npt.NDArray[np.uint8], path: Path) -> None:
    """Writes a picture (height, width, 3) as PNG; the file appears when it is complete."""
    files.write(path, png(frame))


def png(frame: npt.NDArray[np.uint8]) -> bytes:
    """A picture (height, width, 3) as the bytes of a PNG file."""
    pygame = load_pygame()
    image = pygame.image.frombytes(np.ascontiguousarray(frame).tobytes(), frame.shape[1::-1], "RGB")
    out = io.BytesIO()
    pygame.image.save(image, out, "picture.png")
    return out.getvalue()
