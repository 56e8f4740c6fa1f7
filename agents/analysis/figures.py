"""What all figures here share: colours, arrangement, headlines, and how they become files.

They use Matplotlib's objects and its Agg renderer, never pyplot: no window, no global state.
"""

from __future__ import annotations

import io
from pathlib import Path

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from reach_gym import checks, files

INK, FAINT, RULE = "#212c42", "#7c8798", "#e5e8ed"
FIELD, TARGET = "#4285d6", "#de5424"
# Okabe & Ito's palette, told apart with colour blindness too; without its yellow, which is pale on white.
COLORS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#4d4d4d")
DPI = 150
_UNDATED: dict[str, dict[str, None]] = {".png": {}, ".pdf": {"CreationDate": None}, ".svg": {"Date": None}}
"""The formats, and what would put the time of day into their files."""


def layout() -> ConstrainedLayoutEngine:
    """The arrangement of all figures of this package: nothing overlaps, and a little room is left around."""
    return ConstrainedLayoutEngine(h_pad=0.12, w_pad=0.12)  # inches of free border


def tidy(axes: Axes) -> None:
    """The look of axes with numbers: light lines, no box."""
    axes.grid(color=RULE, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(which="both", labelcolor=FAINT, color=FAINT)


def headline(figure: Figure, title: str, note: str) -> None:
    """Writes the title over the whole figure and the note under it."""
    figure.suptitle(title, x=0.01, ha="left", color=INK, fontsize=14, fontweight="bold")
    if note:
        figure.supxlabel(note, x=0.01, ha="left", color=FAINT, fontsize=9)


def save(figure: Figure, path: Path | str) -> None:
    """Writes `figure` in the format that the ending of `path` names; the same figure gives the same bytes.

    Raises:
        ValueError: Another ending than .png, .pdf or .svg.
        OSError: The file cannot be written.
    """
    kind = Path(path).suffix.lower()
    if kind not in _UNDATED:
        raise ValueError(f"`path` must end in {', '.join(_UNDATED)}, got {checks.shown(str(path))}.")
    data = io.BytesIO()
    FigureCanvasAgg(figure)  # attaches itself to the figure
    with matplotlib.rc_context({"svg.hashsalt": "reach_gym"}):  # else the names of an SVG's parts are drawn at random
        figure.savefig(data, format=kind[1:], metadata=_UNDATED[kind])
    files.write(path, data.getvalue())
