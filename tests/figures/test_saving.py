"""How figures become files, and that nothing global is touched."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from agents.q_learning.figures import Curve, learning_curve
from reach_gym import figures

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(("ending", "magic"), [(".png", b"\x89PNG"), (".pdf", b"%PDF-"), (".SVG", b"<?xml")])
def test_the_ending_decides_the_format_and_the_figure_the_bytes(ending: str, magic: bytes, tmp_path: Path) -> None:
    code = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from reach_gym.figures.style import save
from agents.q_learning.figures import Curve, learning_curve
save(learning_curve([Curve("calm", [9, 7, 5], 4.5)], 0.3), {str(tmp_path)!r} + "/" + sys.argv[1])
"""
    for name in ("one", "two"):  # of two processes, in the course of whose starts the clock goes on
        subprocess.run([sys.executable, "-c", code, name + ending], check=True)
    one, two = ((tmp_path / (name + ending)).read_bytes() for name in ("one", "two"))
    assert one.startswith(magic) and one == two
    assert {path.name for path in tmp_path.iterdir()} == {"one" + ending, "two" + ending}


@pytest.mark.parametrize("name", ["x", "x.jpg", "x.svgz", "pdf"])
def test_other_endings_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"`path` must end in \.png, \.pdf, \.svg"):
        figures.save(learning_curve([Curve("calm", [9, 7, 5], 4.5)], 0.3), tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_pyplot_is_never_loaded() -> None:
    code = "import sys, agents.analysis.grid_paths, agents.q_learning.figures; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
