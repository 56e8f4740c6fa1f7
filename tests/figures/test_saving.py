"""How figures become files, and that nothing global is touched."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from agents.q_learning.figures import Curve, learning_curve
from reach_gym import figures, files

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(("ending", "magic"), [(".png", b"\x89PNG"), (".pdf", b"%PDF-"), (".SVG", b"<?xml")])
def test_the_ending_decides_the_format_and_the_figure_the_bytes(ending: str, magic: bytes, tmp_path: Path) -> None:
    code = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from reach_gym.figures import save
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


def test_a_figure_replaces_a_file_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"old")

    def full(*_: object, **__: object) -> None:
        raise OSError("disk full")

    drawn = learning_curve([Curve("calm", [9, 7, 5], 4.5)], 0.3)
    with monkeypatch.context() as patch:
        patch.setattr(files, "_rename", full)
        with pytest.raises(OSError, match="disk full"):
            figures.save(drawn, path)
    assert path.read_bytes() == b"old" and [each.name for each in tmp_path.iterdir()] == ["a.png"]
    figures.save(drawn, path)
    assert path.read_bytes().startswith(b"\x89PNG")


def test_without_matplotlib_the_extra_is_named() -> None:
    code = "import sys; sys.modules['matplotlib'] = None\ntry:\n    import reach_gym.figures\nexcept ImportError as error:\n    print(error)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)
    assert done.stdout == 'matplotlib is not installed; run `pip install "reach-gym[plots]"`.\n'
    assert "plots" in tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]


def test_the_package_itself_does_not_load_matplotlib() -> None:
    code = "import sys, reach_gym, reach_gym.recording.conditions; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_pyplot_is_never_loaded() -> None:
    code = "import sys, agents.analysis.grid_paths, agents.q_learning.figures; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
