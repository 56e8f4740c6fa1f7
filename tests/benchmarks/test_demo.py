"""``python -m benchmarks demo``: everything is written, also twice in a row, and foreign files are left."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
from PIL import Image

from agents.common import report
from agents.q_learning.learner import load
from benchmarks import demo, demo_cursor, demo_rnn
from benchmarks.demo import Demo
from reach_gym.cli import shell
from reach_gym.recording import Recording, record, record_whole_session
from reach_gym.recording.conditions import summary

EPISODES = 400


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "demo"
    Demo(out=out, episodes=EPISODES, dqn=1_000, rnn=0.02, window=False).run()
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


FIGURES = ("after_effects", "force_profiles", "hand_paths", "hand_paths_by_agent", "learning_curve", "velocity_profiles")


def test_the_cursor_stage_writes_figures_numbers_and_recordings(written: Path) -> None:
    cursor = written / "cursor"
    assert sorted(path.name for path in cursor.iterdir()) == sorted(
        [*(f"{name}.png" for name in FIGURES), *(f"{name}.npz" for name in demo_cursor.AGENTS), "curl_and_washout.gif", "evaluation.json"]
    )
    for name in FIGURES:
        assert matplotlib.image.imread(cursor / f"{name}.png").std() > 0.05
    numbers = {each["agent"]: each for each in json.loads((cursor / "evaluation.json").read_text())}
    assert list(numbers) == list(demo_cursor.AGENTS)
    for name, each in numbers.items():
        recording = Recording.load(cursor / f"{name}.npz")
        assert recording.metadata["agent"] == name
        assert len(recording) == each["trials"] == sum(block["trials"] for block in demo_cursor.SCHEDULE)
        assert {key: value for key, value in each.items() if key != "agent"} == pytest.approx(summary(recording))
        assert each["success"] == 1.0 and each["false_starts"] == 0


def test_the_network_stage_writes_its_run(written: Path) -> None:
    assert {path.name for path in (written / "rnn").iterdir()} > {"checkpoint.json", "phases.json", "learning_curve.png", "hand_paths.png"}
    rows = json.loads((written / "rnn" / "phases.json").read_text())
    assert [row["phase"] for row in rows] == ["before", "in the field", "after"]
    assert "python -m benchmarks paper" in demo_rnn.LONGER and "python -m agents rnn" in demo_rnn.LONGER


def test_one_subject_tells_the_textbook_story(written: Path) -> None:
    numbers = {each["agent"]: each for each in json.loads((written / "cursor" / "evaluation.json").read_text())}
    learner, naive, adapted = (numbers[name] for name in demo_cursor.AGENTS)
    for each in (learner, naive, adapted):
        assert each["baseline_mm"] < 4  # a straight reach with a noisy hand
    assert naive["adaptation_mm"] > 1.3 * learner["adaptation_mm"] and learner["adaptation_mm"] > 8 > adapted["adaptation_mm"]
    assert adapted["after_effect_mm"] < learner["after_effect_mm"] < -8 and abs(naive["after_effect_mm"]) < 4
    assert learner["washout_mm"] > 4 > naive["washout_mm"]  # it still expects the field, which those who know the block do not
    assert 0.3 < learner["adaptation_coefficient"] < 0.9 < adapted["adaptation_coefficient"]
    assert naive["adaptation_coefficient"] == pytest.approx(0.0, abs=0.15)
    story = demo_cursor.story(Recording.load(written / "cursor" / f"{demo_cursor.LEARNER}.npz"))
    assert [panel.title for panel in story] == ["baseline", "adaptation, early", "adaptation, late", "catch trials", "washout, early"]
    straight, hooked, learned, mirrored, late = (1000 * np.nanmean(panel.recording.measures()["max_deviation"]) for panel in story)
    assert abs(straight) < 4 and hooked > learned + 4 > 4 and mirrored < -8 and late < -5


def test_the_cursor_gif_shows_learning_and_its_after_effect(written: Path) -> None:
    path = written / "cursor" / "curl_and_washout.gif"
    assert path.stat().st_size < 600_000
    pictures = list(demo_cursor.reach_frames(("naive", demo_cursor.LEARNER), 0))
    with Image.open(path) as gif:
        assert gif.size == (pictures[0].shape[1], pictures[0].shape[0])
        assert 20 < gif.n_frames <= len(pictures)
    half = pictures[0].shape[1] // 2
    field, washout = pictures[10], pictures[-1]
    blue = [int(((each[..., 2].astype(int) - each[..., 0]) > 15).sum()) for each in (field, washout)]
    assert blue[0] > 5 * blue[1]  # the field is drawn in blue where it acts, and is off in the washout
    assert (washout[60:, :half] != washout[60:, half:]).any()  # below the titles


def test_a_summary_without_numbers_makes_a_row() -> None:
    numbers = dict.fromkeys(summary_keys(), float("nan"))
    table = demo_cursor.table({"broken": numbers})
    assert table.row_count == 1
    assert [list(column.cells) for column in table.columns][1:] == [["-"]] * (len(table.columns) - 1)


def summary_keys() -> list[str]:
    recording = record("ideal", demo_cursor.ENV_ID, 1)
    return list(summary(recording))


def test_a_whole_session_at_once_is_the_session_trial_by_trial() -> None:
    blocks = [
        {"name": "baseline", "trials": 3, "gain": 0.0},
        {"name": "adaptation", "trials": 8, "catch": 0.3, "clamp": 0.3},
        {"name": "washout", "trials": 3, "gain": 0.0},
    ]
    kwargs = {**demo_cursor.NOISE, "schedule": blocks}
    for name in ("adapted", "minimum_jerk"):
        one, all_at_once = record(name, demo_cursor.ENV_ID, seed=5, env_kwargs=kwargs, session=True), record_whole_session(
            name, demo_cursor.ENV_ID, 5, kwargs
        )
        assert all_at_once.metadata == one.metadata
        for key, values in one.arrays().items():
            np.testing.assert_array_equal(all_at_once.arrays()[key], values, err_msg=key)
        assert len(set(one.block)) == 3 and one.channel.any()


def test_the_gif_moves(written: Path) -> None:
    with Image.open(written / "wind.gif") as gif:
        assert gif.n_frames > 10
        first = np.asarray(gif.convert("RGB"))
        gif.seek(gif.n_frames - 1)
        assert (np.asarray(gif.convert("RGB")) != first).any()


def test_a_second_demo_replaces_the_first(written: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (written / "trajectories.png").write_bytes(b"old")
    (written / "cursor" / "old.npz").write_bytes(b"old")
    Demo(out=written, episodes=EPISODES, cursor=False, dqn=0, rnn=0, window=False).run()
    assert not (written / "cursor").exists() and not (written / "rnn").exists()
    assert (written / "trajectories.png").stat().st_size > 10_000
    output = capsys.readouterr().out
    assert "curl field" not in output
    for text in ("without wind", "with wind", "random", "q_learning", "ideal", "4.45", "4.91"):
        assert text in output


def test_foreign_directories_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(shell.RequestError, match="exists"):
        Demo(out=tmp_path, episodes=EPISODES, rnn=0, window=False).run()
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
