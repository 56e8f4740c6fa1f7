"""What a session with the mouse has besides its trials: pages, practice, breaks, repeated trials, points, and what is saved."""

import csv
import math

import numpy as np
import pytest

from reach_gym.acting.rollout import held_out
from reach_gym.cli import main, mouse, reach_play, window_desk
from reach_gym.cli.desk import Desk
from reach_gym.cli.feedback import PACE, MovementTimer, outcome
from reach_gym.cli.mouse import MouseSession
from reach_gym.cli.pointer_log import TITLES
from reach_gym.cli.spring import pull
from reach_gym.cli.window_desk import WindowDesk, width_for
from reach_gym.recording import HumanTable, Recorder, Recording
from reach_gym.rendering.display import Key
from reach_gym.rendering.text_page import draw_page
from reach_gym.sessions import Row
from tests.cli.player import SHORT, TASK, CurveWindow, Player, made, pixel_of


@pytest.fixture(autouse=True)
def no_screen(monkeypatch, tmp_path):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER", "SDL_VIDEO_DRIVER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def pages(monkeypatch):
    """The titles and texts of all pages that are drawn, in order."""
    told = []
    monkeypatch.setattr(window_desk, "draw_page", lambda *page: (told.append(page), draw_page(*page))[1])
    return told


@pytest.fixture
def desk(monkeypatch):
    player = Player()
    CurveWindow.shown = []
    monkeypatch.setattr("reach_gym.cli.play.Window", lambda title, fps: player)
    monkeypatch.setattr(window_desk, "Window", CurveWindow)
    monkeypatch.setattr(reach_play.time, "perf_counter", player.clock)
    return player


def played(player, trials=6, **more):
    keywords = {name: more.pop(name) for name in ("break_every", "show_all") if name in more}
    env = made(**more)
    recorder = Recorder(env, {"agent": "person", "seed": 0})
    game = MouseSession(env, WindowDesk(player, 0.1, clock=player.clock), recorder, trials, **keywords)
    done = game.play(held_out(0))
    env.close()
    return game, recorder, done


def test_instructions_practice_and_the_end(desk, pages, tmp_path):
    assert main(["play", TASK, "--practice", "2", "--subject", "S01", "--seed", "5", "--kwargs", SHORT]) == 0
    assert [page[0] for page in pages] == ["Reach for the disc", "Ready?", "The end"]
    assert "a spring draws the hand to the pointer" in pages[0][1][0] and "There are 6 trials." in pages[0][1][3]
    recording = Recording.load(tmp_path / "runs" / "play" / f"{TASK}-S01.npz")
    assert len(recording) == 6 and recording.metadata["practice"] == 2 and recording.metadata["subject"] == "S01"
    assert HumanTable.from_recordings([recording]).subjects == ("S01",)
    # Practice is without a perturbation, and none of the session's trials.
    desk.__init__()
    assert main(["play", TASK, "--skip", "--out", "b.npz", "--seed", "5", "--kwargs", SHORT]) == 0
    again = Recording.load(tmp_path / "b.npz")
    assert np.array_equal(again.go, recording.go) and again.metadata["practice"] == 0 and "subject" not in again.metadata
    stages = [row[2] for row in csv.reader((tmp_path / "runs" / "play" / f"{TASK}-S01.pointer.csv").open())]
    assert [stage for stage, before in zip(stages[1:], stages) if stage != before][:6] == ["page", "practice", "page", "wait", "trial", "look"]


@pytest.mark.parametrize("title", ["Reach for the disc", "Ready?"])
def test_whoever_leaves_at_a_page_has_played_nothing(desk, monkeypatch, capsys, tmp_path, title):
    read = Desk.read

    def leaving(self, name, paragraphs):
        if name == title:
            desk._keys.append(Key("escape", True))
        return read(self, name, paragraphs)

    monkeypatch.setattr(Desk, "read", leaving)
    desk.reads = title == "Ready?"
    assert main(["play", TASK, "--practice", "1", "--out", "a.npz", "--kwargs", SHORT]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "no trial was finished" and not list(tmp_path.iterdir())


def test_what_is_saved_besides_the_trials(desk, tmp_path):
    assert main(["play", TASK, "--skip", "--seed", "5", "--break-every", "4", "--out", "a.npz", "--kwargs", SHORT]) == 0
    metadata = Recording.load(tmp_path / "a.npz").metadata
    assert metadata["date"].endswith("+00:00") and metadata["ended"] >= metadata["date"]
    spring = metadata["spring"]
    assert spring == {"stiffness_n_per_m": [[256.0, 0.0], [0.0, 256.0]], "damping_n_s_per_m": [[32.0, 0.0], [0.0, 32.0]]}
    screen = metadata["screen"]
    # The board is 25 cm and 528 pixels wide; each of these is two pixels of the screen.
    assert screen["picture_pixels_per_metre"] == pytest.approx(528 / 0.25) and screen["pixels_per_metre"] == pytest.approx(2 * 528 / 0.25)
    assert (screen["window"], screen["desktop"], screen["full_screen"]) == ([1152, 1248], [1920, 1280], False)
    assert [each["trial"] for each in metadata["breaks"]] == [4] and metadata["breaks"][0]["planned"] is None
    assert set(metadata["machine"]) == {"python", "pygame", "sdl", "system"} and metadata["pointer_file"] == "a.pointer.csv"
    assert 6 * 5 <= metadata["points"]["total"] <= 6 * 10 and metadata["points"]["pace_s"] == list(PACE) and metadata["repeated"] == []
    rows = list(csv.reader((tmp_path / "a.pointer.csv").open()))
    assert tuple(rows[0]) == TITLES
    numbers = np.array([[float(cell) for k, cell in enumerate(row) if k != 2] for row in rows[1:]])
    assert (np.diff(numbers[:, 0]) >= 0).all() and numbers[0, 0] < 1 < 6 < numbers[-1, 0] < desk.now and set(numbers[:, 1]) == {-1, 0, 1, 2, 3, 4, 5}
    # Pixels of the window, and the place on the board in metres that they are.
    in_window = np.array([pixel_of(x, y) for x, y in numbers[:, 4:]]) * 2
    assert np.abs(in_window - numbers[:, 2:4]).max() < 0.02
    in_trial = np.array([row[2] == "trial" for row in rows[1:]])
    assert math.dist(numbers[in_trial][-1, 4:], Player.target) < 1e-5


def test_breaks_every_few_trials(pages):
    game, _, done = played(Player(), 6, break_every=2)
    assert done and [each.trial for each in game.breaks] == [2, 4] and all(each.planned is None for each in game.breaks)
    assert [page[0] for page in pages] == ["Break"] * 2 and "2 of 6 trials are done" in pages[0][1][0]


def rests(monkeypatch, **columns):
    """A session whose table says more than blocks can."""
    monkeypatch.setattr(mouse, "row_of", lambda task, trial: Row(**{name: values[trial] for name, values in columns.items()}))
    if "repeat" in columns:
        monkeypatch.setattr(mouse, "is_repeated", lambda task, trial: columns["repeat"][trial])


def test_breaks_of_the_table_last_as_long_as_it_says(monkeypatch, pages):
    rests(monkeypatch, rest=[0.0, 7.0, 0.0])
    player = Player()
    player.reads = False  # nobody can cut it short
    game, recorder, done = played(player, 3)
    assert done and len(recorder.finish()) == 3
    (one,) = game.breaks
    assert one.trial == 1 and one.planned == 7.0 and one.taken == pytest.approx(7.0, abs=0.15)
    assert [page[2].split("    ")[0] for page in pages] == [f"It goes on in {k} s." for k in range(7, 0, -1)]


def test_esc_in_a_break_ends_the_session(monkeypatch):
    rests(monkeypatch, rest=[0.0, 60.0])
    player = Player()
    player.quits = 8.0
    game, recorder, done = played(player, 2)
    assert not done and len(recorder.finish()) == 1 and game.breaks[0].taken < 10


def test_a_trial_is_begun_again_where_the_table_says_so(monkeypatch):
    rests(monkeypatch, repeat=[False, True, True], rest=[0.0, 1.0, 0.0])
    player = Player()
    player.hasty = (1,)
    game, recorder, done = played(player, 3, go_delay=0.3, false_start="abort")
    recording = recorder.finish()
    assert done and game.repeated == [1] and recording.trial.tolist() == [0, 1, 2] and recording.success.all()
    assert game.finished == 3 and game.successes == 3
    # Whoever repeats a trial has rested before it.
    assert [each.trial for each in game.breaks] == [1]


@pytest.mark.parametrize(("feedback", "moves"), [("full", True), ("none", False), ("endpoint", False), ("clamp", False)])
def test_after_a_trial_the_pointer_tells_no_more_than_the_session_does(monkeypatch, feedback, moves):
    rests(monkeypatch, feedback=[feedback])
    shown = []
    show = MouseSession._show
    monkeypatch.setattr(MouseSession, "_show", lambda self, scene, title: (shown.append(scene), show(self, scene, title)))
    played(Player(), 1)
    # The player's pointer is back in the circle as soon as the trial is over.
    assert (math.dist(shown[-1].cursor, (0.001, 0.002)) < 1e-6) == moves


@pytest.mark.parametrize(("rotation", "moves"), [(0.0, True), (30.0, False)])
def test_after_a_trial_with_a_turned_cursor_the_pointer_is_not_shown(monkeypatch, rotation, moves):
    shown = []
    show = MouseSession._show
    monkeypatch.setattr(MouseSession, "_show", lambda self, scene, title: (shown.append(scene), show(self, scene, title)))
    played(Player(), 1, field=None, rotation=rotation, schedule=[{"name": "turned", "trials": 1}])
    assert (shown[-1].cursor != shown[-1].trail[-1]) == moves


def test_points_and_words():
    env = made()
    env.reset(seed=0)
    end = env.unwrapped.scene()
    changed = lambda **flags: type(end)(**{**vars(end), **flags})
    cases = [
        ({"success": True}, 0.5, "Reached in 0.50 s", 10), ({"success": True}, 0.1, "Reached, but too fast: 0.10 s", 5),
        ({"success": True}, 1.2, "Reached, but too slow: 1.20 s", 5), ({"success": True}, math.nan, "Reached", 10), ({}, 0.5, "Too late", 0),
        ({"false_start": True}, 0.5, "Too early: wait for the green frame", 0), ({"too_fast": True}, 0.1, "Too fast", 0), ({"too_slow": True}, 1, "Too slow", 0),
    ]  # fmt: skip
    for flags, seconds, words, points in cases:
        assert outcome(changed(**flags), seconds, PACE) == (words, points)


def test_the_movement_time_is_that_of_the_task():
    # As the task's own window takes it: it says "too slow" just above the time that is measured here.
    env = made(field=None, schedule=None, hold=0.1)
    timer, task = MovementTimer(env.unwrapped.task), env.unwrapped.task
    _, info = env.reset(seed=held_out(0))
    assert math.isnan(timer.seconds)
    over = False
    while not over:
        aim = Player.target if info["phase"] == 2 else (0.0, 0.0)
        *_, ended, late, info = env.step(pull(task, aim, [info[f"hand_{name}"] for name in ("x", "y", "vx", "vy")]))
        over = ended or late
        timer.step((0.0, 0.0), (info["target_x"], info["target_y"]), (info["cursor_x"], info["cursor_y"]), math.hypot(info["hand_vx"], info["hand_vy"]))
    assert info["is_success"] and 0.1 < timer.seconds < 0.4
    for longest, good in ((timer.seconds, True), (timer.seconds - task.dt, False)):
        other = made(field=None, schedule=None, hold=0.1, movement_time=[0.0, round(longest, 3)])
        _, info = other.reset(seed=held_out(0))
        over = False
        while not over:
            aim = Player.target if info["phase"] == 2 else (0.0, 0.0)
            *_, ended, late, info = other.step(pull(task, aim, [info[f"hand_{name}"] for name in ("x", "y", "vx", "vy")]))
            over = ended or late
        assert info["is_success"] == good


def test_pictures_fill_the_screen():
    def width(*room):
        player = Player()
        player.room = lambda: room
        return width_for(player)

    assert width(576, 624) == 576 and width(100, 100) == 576 and width(1728, 918) == 847 and width(5000, 5000) == 1000
    player = Player()
    player.shapes = set()
    player.show = lambda frame: (player.shapes.add(frame.shape), Player.show(player, frame))
    env = made()
    env.reset(seed=0)
    MouseSession(env, WindowDesk(player, 0.1, 800, player.clock), None, 1)._show(env.unwrapped.scene(), "a")
    env.close()
    assert player.shapes == {(866, 800, 3)} and draw_page("a", ["b"], "", 800).shape == (866, 800, 3)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--subject", "a/b"], "`subject` must be letters"), (["--subject", "../x"], "`subject` must be letters"), (["--subject", ""], "`subject` must be letters"),
        (["--subject", "x" * 65], "`subject` must be letters"), (["--practice", "-1"], "`practice` must be an integer from 0"), (["--break-every", "0"], "`break_every` must be an integer from 1"),
    ],
)  # fmt: skip
def test_bad_options(capsys, tmp_path, arguments, words):
    assert main(["play", TASK, *arguments]) == 2
    assert words in capsys.readouterr().err and not list(tmp_path.iterdir())


@pytest.mark.parametrize("arguments", [["--subject", "a"], ["--practice", "0"], ["--skip"], ["--break-every", "3"]])
def test_grid_tasks_have_none_of_this(capsys, arguments):
    assert main(["play", "GridReach-v0", *arguments]) == 2
    assert f"`{arguments[0]}` is for cursor tasks" in capsys.readouterr().err


def test_a_file_of_the_pointer_is_not_replaced_by_accident(capsys, tmp_path):
    (tmp_path / "a.pointer.csv").write_text("mine")
    assert main(["play", TASK, "--out", "a.npz"]) == 2
    assert "a.pointer.csv exists" in capsys.readouterr().err


def test_pages_break_lines_between_words():
    short, long = draw_page("Title", ["word"]), draw_page("Title", ["word " * 60])
    assert short.shape == long.shape == (624, 576, 3)
    ink = lambda page: (page.astype(int).sum(axis=2) < 300)
    assert ink(long).any(axis=1).sum() > 2.5 * ink(short).any(axis=1).sum()
    columns = np.flatnonzero(ink(long).any(axis=0))
    assert columns[0] >= 43 and columns[-1] <= 533
