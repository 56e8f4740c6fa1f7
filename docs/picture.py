"""``python docs/picture.py``: draws the pictures of the README and of the pages into ``docs/_static``."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import gymnasium as gym
import numpy as np
from matplotlib.figure import Figure
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks import demo_cursor
from reach_gym.figures import hand_paths, mobility

STATIC = Path(__file__).parent / "_static"
PICTURE = STATIC / "hand_paths.png"
PLACES = [(-0.09, 0.0), (0.0, 0.0), (0.09, 0.0), (0.0, 0.09), (0.0, -0.09)]  # m, of the hand
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


def arm() -> Figure:
    """Mobility ellipses with the accelerations of pushed hands."""
    env = gym.make("reach_gym/ArmReach-v0")
    measured = []
    for place in PLACES:
        pushed = []
        for angle in np.radians(np.arange(0, 360, 15)):
            field = {"push": [np.cos(angle), np.sin(angle)]}
            env.reset(seed=0, options={"start": place, "target": (0.05, 0.05), "field": field})
            *_, info = env.step(np.zeros(2, np.float32))
            pushed.append((info["hand_vx"] / 0.01, info["hand_vy"] / 0.01))
        measured.append(pushed)
    return mobility(env.unwrapped.task.plant, PLACES, measured)


def main(path: Path = PICTURE) -> None:
    """Draws the picture into `path`, in few colours to keep it small."""
    _save(figure(), path, _DPI)


def _save(drawn: Figure, path: Path, dpi: int) -> None:
    data = io.BytesIO()
    drawn.savefig(data, format="png", dpi=dpi, facecolor="white", bbox_inches="tight", pad_inches=0.05)
    Image.open(data).convert("RGB").quantize(_COLORS).save(path, optimize=True)


if __name__ == "__main__":
    main()
    _save(arm(), STATIC / "mobility.png", 110)
