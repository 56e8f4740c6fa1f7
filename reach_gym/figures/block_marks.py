"""The blocks of a session behind its trials: shaded, parted by thin lines, and named as far as there is room."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Annotation

from reach_gym.figures.style import FAINT, FIELD, INK, RULE, TARGET
from reach_gym.recording import Recording
from reach_gym.recording.conditions import block_runs

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

_SHADES = {0: (RULE, 0.35), 1: (FIELD, 0.14), -1: (TARGET, 0.12)}
_GAP = 6  # pixels at least between two names


class Span(NamedTuple):
    """One block.

    Attributes:
        first: Place of its first trial, from 0.
        end: Place after its last trial.
        name: What it is called.
        sign: Of the perturbation: 0 none, 1 or -1 for opposite ones.
    """

    first: int
    end: int
    name: str
    sign: int


def spans_of(recording: Recording) -> list[Span]:
    """The blocks of a recording; the sign is that of the mean gain of its perturbed trials, channel trials aside.

    Where the gain was not recorded, it is 0.
    """
    gain = np.zeros((len(recording), 1)) if recording.gain is None else np.nan_to_num(recording.gain)
    on = (gain != 0).any(axis=1) & ~recording.in_channel
    found = []
    for name, mask in block_runs(recording):
        places, felt = np.flatnonzero(mask), mask & on
        sign = 0 if not felt.any() else -1 if gain[felt].sum() < 0 else 1
        found.append(Span(int(places[0]), int(places[-1]) + 1, name, sign))
    return found


def spans_from(trials: int, blocks: Sequence[str] | None, gain: Any) -> list[Span]:
    """The blocks of plain data: runs of trials with the same name, and the sign of their mean gain.

    Args:
        trials: How many.
        blocks: The name of each trial's block, or ``None`` for a single block without a name.
        gain: Of the perturbation, (trials,), or ``None`` where nothing is to be shaded.

    Raises:
        ValueError: `blocks` or `gain` is of another length.
    """
    names = [""] * trials if blocks is None else [str(name) for name in blocks]
    gains = np.zeros(trials) if gain is None else np.asarray(gain, np.float64)
    for name, length in (("blocks", (len(names),)), ("gain", gains.shape)):
        if length != (trials,):
            raise ValueError(f"`{name}` must be of shape ({trials},), one per trial, got {length}.")
    begins = [k for k in range(trials) if k == 0 or names[k] != names[k - 1]]
    ends = [*begins[1:], trials]
    return [
        Span(first, end, names[first], int(np.sign(np.nan_to_num(gains[first:end]).sum())))
        for first, end in zip(begins, ends, strict=True)
    ]


def shade(axes: Axes, spans: Sequence[Span], number: Floats) -> None:
    """Shades the blocks, those with a perturbation in the colour of its sign, and parts them by thin lines.

    Args:
        axes: Whose x-axis counts trials.
        spans: The blocks.
        number: The number of each trial on that axis.
    """
    for span in spans:
        color, alpha = _SHADES[span.sign]
        low, high = number[span.first] - 0.5, number[span.end - 1] + 0.5
        axes.axvspan(low, high, color=color, alpha=alpha, linewidth=0, zorder=0)
        if span is not spans[0]:
            axes.axvline(low, color=FAINT, linewidth=0.5, alpha=0.5, zorder=0.5)
    axes.set_xlim(number[0] - 0.5, number[-1] + 0.5)


def names(axes: Axes, spans: Sequence[Span], number: Floats) -> list[Annotation]:
    """Writes the names of the blocks above the axes; `thin` then takes away those for which there is no room."""
    written = []
    for span in spans:
        place = (float(number[span.first : span.end].mean()), 1.0)
        text = axes.annotate(
            span.name, place, (0, 5), ("data", "axes fraction"), "offset points", ha="center", color=INK, fontsize=10
        )
        text.set_parse_math(False)  # a name is no formula
        written.append(text)
    return written


def thin(figure: Figure, written: Sequence[Annotation], spans: Sequence[Span]) -> None:
    """Hides names that would lie on others or leave the figure; those of longer blocks stay, then the earlier ones.

    Args:
        figure: The finished figure: it is laid out for this, and sizes that are changed later do not count.
        written: What `names` wrote.
        spans: The blocks.
    """
    figure.draw_without_rendering()
    taken: list[tuple[float, float]] = []
    for place in sorted(range(len(written)), key=lambda k: (spans[k].first - spans[k].end, k)):
        box = written[place].get_window_extent()
        inside = figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1
        free = all(box.x1 + _GAP <= low or high + _GAP <= box.x0 for low, high in taken)
        if inside and free:
            taken.append((box.x0, box.x1))
        else:
            written[place].set_visible(False)
