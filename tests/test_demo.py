"""``python -m benchmarks demo``: everything is written, also twice in a row, and foreign files are left."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
from PIL import Image

from agents import report
from agents.q_learning import load
from benchmarks import demo
from benchmarks.demo import Demo
from reach_gym.cli import shell

EPISODES = 400


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "demo"
    Demo(out=out, episodes=EPISODES, window=False).run()
    return out


def test_everything_is_written(written: Path) -> None:
    records = json.loads((written / "evaluation.json").read_text())
    assert [(each["task"], each["agent"]) for each in records] == [
        (task, agent) for task in demo.TASKS for agent in ("random", "q_learning", "ideal")
    ]
    by_name = {(each["task"], each["agent"]): each for each in records}
    # The optimum of the paper's two tasks, with the wind applied.
    assert by_name["without wind", "ideal"]["mean_steps"] == pytest.approx(4.45, abs=0.005)
    assert by_name["with wind", "ideal"]["mean_steps"] == pytest.approx(4.91, abs=0.005)
    for task in demo.TASKS:
        assert by_name[task, "q_learning"]["optimal"] > by_name[task, "random"]["optimal"]
        assert by_name[task, "q_learning"]["training_seconds"] > 0
        assert by_name[task, "ideal"]["training_seconds"] is None
        load(written / task.replace(" ", "_"))
    for name in ("learning_curve.png", "trajectories.png"):
        assert matplotlib.image.imread(written / name).std() > 0.05


def test_the_gif_moves(written: Path) -> None:
    with Image.open(written / "wind.gif") as gif:
        assert gif.n_frames > 10
        first = np.asarray(gif.convert("RGB"))
        gif.seek(gif.n_frames - 1)
        assert (np.asarray(gif.convert("RGB")) != first).any()


def test_a_second_demo_replaces_the_first(written: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (written / "trajectories.png").write_bytes(b"old")
    Demo(out=written, episodes=EPISODES, window=False).run()
    assert (written / "trajectories.png").stat().st_size > 10_000
    output = capsys.readouterr().out
    for text in ("without wind", "with wind", "random", "q_learning", "ideal", "4.45", "4.91"):
        assert text in output


def test_foreign_directories_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(shell.RequestError, match="exists"):
        Demo(out=tmp_path, episodes=EPISODES, window=False).run()
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


@pytest.mark.parametrize(
    ("platform", "display", "terminal", "expected"),
    [
        ("linux", "DISPLAY", True, True),
        ("linux", "WAYLAND_DISPLAY", True, True),
        ("linux", "DISPLAY", False, False),
        ("linux", None, True, False),
        ("darwin", None, True, True),
        ("win32", None, False, False),
    ],
)
def test_a_window_only_where_somebody_can_see_it(
    platform: str, display: str | None, terminal: bool, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    if display:
        monkeypatch.setenv(display, ":0")
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal, raising=False)
    assert demo.has_display() is expected


def test_the_window_shows_the_pictures_and_closes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    shown = []
    original = demo.Window.show

    def show(self: demo.Window, frame: object) -> None:
        original(self, frame)  # type: ignore[arg-type]
        shown.append((self, self.closed))

    monkeypatch.setattr(demo.Window, "show", show)
    demo.show([np.zeros((90, 80, 3), np.uint8)] * 3)
    assert [closed for _, closed in shown] == [False] * 3
    assert shown[0][0].closed


def test_a_display_that_does_not_answer_is_no_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER", "SDL_VIDEO_DRIVER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    demo.show([np.zeros((90, 80, 3), np.uint8)])
    assert "No window can open" in capsys.readouterr().err


def test_a_score_that_averages_nothing_is_null(tmp_path: Path) -> None:
    report.write_json(tmp_path / "a.json", {"excess": float("nan"), "list": [1.5, float("inf")], "n": 3})
    assert json.loads((tmp_path / "a.json").read_text()) == {"excess": None, "list": [1.5, None], "n": 3}
