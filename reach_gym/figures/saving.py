"""How a figure becomes a file."""

from __future__ import annotations

import io
from pathlib import Path

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from reach_gym import checks, files

_UNDATED: dict[str, dict[str, None]] = {".png": {}, ".pdf": {"CreationDate": None}, ".svg": {"Date": None}}
"""The formats, and what would put the time of day into their files."""


def save(figure: Figure, path: Path | str) -> None:
    """Writes `figure` in the format that the ending of `path` names; the same figure gives the same bytes.

    A reader, or a crash, sees the old file or the new one, whole.

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
