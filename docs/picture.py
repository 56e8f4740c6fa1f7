"""``python docs/picture.py``: draws the picture of the README and of the first page into ``docs/_static/hand_paths.png``."""

from __future__ import annotations

import io
import sys
from pathlib import Path

from matplotlib.figure import Figure
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks import demo_cursor
from reach_gym.figures import hand_paths

PICTURE = Path(__file__).parent / "_static" / "hand_paths.png"
_PANELS = 4  # baseline, early and late adaptation, catch trials; the early washout looks like the last one
_SIZE, _DPI, _COLORS = (8.4, 2.75), 200, 64


def figure() -> Figure:
    """The demonstration's hand paths, without axes, in few large panels."""
    session = demo_cursor.session(demo_cursor.LEARNER, 0)
    drawn = hand_paths({"": demo_cursor.story(session)[:_PANELS]})
    drawn.set_size_inches(*_SIZE)
    for axes in drawn.axes:
        axes.set(xticks=[], yticks=[], xlabel="", ylabel="")
        axes.title.set_fontsize(12)
        for text in axes.texts:
            text.set_fontsize(11)
    return drawn


def main(path: Path = PICTURE) -> None:
    """Draws the picture into `path`, in few colours to keep it small."""
    data = io.BytesIO()
    figure().savefig(data, format="png", dpi=_DPI, facecolor="white", bbox_inches="tight", pad_inches=0.05)
    Image.open(data).convert("RGB").quantize(_COLORS).save(path, optimize=True)


if __name__ == "__main__":
    main()
