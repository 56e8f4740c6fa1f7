"""Whole sessions of cursor tasks with a synthetic mouse: on a clock of their own, and in a true window on a virtual screen."""

import json
import math
import os
import shutil
import subprocess
import time

import numpy as np
import pytest

import reach_gym  # noqa: F401
from reach_gym.acting.rollout import held_out
from reach_gym.cli import main, mouse, reach_play, session, window_desk
from reach_gym.cli.mouse import MouseSession
from reach_gym.cli.spring import pull
from reach_gym.cli.window_desk import WindowDesk
from reach_gym.plants.two_link_arm import TwoLinkArm
from reach_gym.reach.picture import seen_of
from reach_gym.reach.rows import float_lines
from reach_gym.recording import Recorder, Recording, record
from reach_gym.rendering import draw
from reach_gym.rendering.canvas import load_pygame
from reach_gym.rendering.curve import draw_curves
from reach_gym.rendering.window import Window
from tests.cli.player import INK, ORANGE, SHORT, TARGETS, TASK, CurveWindow, Player, is_green, made, near, pixel_of

SHOW = MouseSession._show
ARM, MUSCLES = "two_link_arm", "muscle_arm"
ARM_MASSES = TwoLinkArm().hand_mass(*TwoLinkArm.start(0.0, 0.0, TwoLinkArm().bones)[:2])  # in the middle of the workspace, kg


@pytest.fixture(autouse=True)
def no_screen(monkeypatch, tmp_path):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER", "SDL_VIDEO_DRIVER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def played(player, trials=6, show_all=False, **kwargs):
    """A session of `player`; what was recorded, and whether it came to its end."""
    env = made(**kwargs)
    recorder = Recorder(env, {"agent": "person", "seed": 0})
    game = MouseSession(env, WindowDesk(player, 0.1, clock=player.clock), recorder, trials, show_all)
    done = game.play(held_out(0))
    env.close()
    return (recorder.finish() if game.finished else None), done


def test_a_session_is_played_to_its_end():
    player = Player()
    recording, done = played(player)
    assert done
    assert len(recording) == 6
    assert recording.trial.tolist() == list(range(6))
    assert recording.block_names == ["before"] * 2 + ["field"] * 3 + ["after"]
    assert recording.success.all()
    assert not recording.false_start.any()
    # The field pushes to the left; nobody here adapts.
    deviations = recording.measures()["max_deviation"]
    assert (np.abs(deviations[[0, 1, 5]]) < 2e-3).all()
    assert ((0.008 < deviations[2:5]) & (deviations[2:5] < 0.03)).all()
    # In real time: the clock has gone on by a hundred steps a second, and by rests and pauses between the trials.
    pause = mouse._REST + mouse._LOOK
    assert player.now == pytest.approx(recording.steps.sum() * 0.01 + 6 * pause, abs=6 * 0.12)
    assert 20 < player.frames / player.now < 60


def test_a_trial_waits_for_the_pointer():
    class Elsewhere(Player):
        def take_pointer(self):
            # Not there yet; at the edge of the circle; across it too fast; in it.
            places = [None, (0.0095, 0.0), (0.0, 0.0), (0.05, 0.05), (0.001, 0.0)]
            self.place = places[min(4, int(self.now / 0.25))] if self.place != "free" else "free"
            return super().take_pointer() if self.place == "free" else self.place and pixel_of(*self.place)

        def show(self, frame):
            super().show(frame)
            if self.now > 1.0 and near(frame, *self.target, ORANGE):
                self.place = "free"

    player = Elsewhere()
    player.place = None
    steps = []

    class Counting(Recorder):
        def begin(self, observation, info):
            steps.append(player.now)
            super().begin(observation, info)

    env = made()
    MouseSession(env, WindowDesk(player, 0.1, clock=player.clock), Counting(env), 1).play(0)
    env.close()
    assert len(steps) == 1
    assert 1.0 + mouse._REST <= steps[0] < 1.1 + mouse._REST


def test_the_hand_starts_at_rest_and_follows_the_pointer():
    recording, _ = played(Player(), 1)
    assert np.array_equal(recording.hand[0, 0], [0, 0])
    go = int(recording.go[0])
    # Drawn to the pointer that rests in the circle, and no further.
    assert np.abs(recording.hand[0, : go + 10]).max() < 0.0022
    assert math.dist(recording.hand[0, recording.steps[0]], (0.06, 0.03)) < 0.01


def test_too_early_is_a_false_start():
    player = Player()
    player.hasty = (1,)
    recording, _ = played(player, 3, go_delay=0.3)
    assert recording.false_start.tolist() == [False, True, False]
    assert recording.success.tolist() == [True, False, True]


@pytest.mark.parametrize(
    ("window", "flag", "words"), [([0.0, 0.1], "too_slow", "Too slow"), ([0.9, 1.2], "too_fast", "Too fast"), (None, None, "Reached, but too fast: 0.")]
)
def test_the_player_hears_of_his_pace(monkeypatch, window, flag, words):
    told = []
    monkeypatch.setattr(MouseSession, "_show", lambda self, scene, title: (told.append(title), SHOW(self, scene, title)))
    recording, _ = played(Player(), 1, movement_time=window)
    assert recording.success.tolist() == [flag is None] and told[-1].startswith(words)
    assert [name for name in ("too_fast", "too_slow", "false_start") if getattr(recording, name)[0]] == [flag] * (flag is not None)


def test_an_aborted_trial_counts():
    player = Player()
    player.hasty = (1,)
    recording, done = played(player, 3, go_delay=0.3, false_start="abort")
    assert done and recording.trial.tolist() == [0, 1, 2] and recording.false_start.tolist() == [False, True, False]
    assert recording.steps[1] < recording.go[1]


def test_a_limit_among_the_keywords_holds():
    task = "reach_gym/LabReach-v0"
    checked = [reach_play.CursorPlay.check(task, kwargs, 0, 1, limit) for kwargs, limit in (({}, None), ({"time_limit": 0.8}, None), ({"time_limit": 0.8}, 2))]
    assert [each.kwargs["time_limit"] for each in checked] == [1.5, 0.8, 2] and checked[0].env().unwrapped.task.last == 150


@pytest.mark.parametrize("by_closing", [False, True])
def test_quitting_leaves_out_the_trial_under_way(by_closing):
    player = Player()
    player.quits, player.by_closing = 4.6, by_closing
    recording, done = played(player)
    assert not done
    assert 1 < len(recording) < 6
    assert recording.success.all()
    player = Player()
    player.quits = 0.2
    assert played(player) == (None, False)


def test_after_a_long_halt_time_goes_on():
    player = Player()
    player.stuck_at = 0.4
    recording, _ = played(player, 1)
    # Without this the 200 steps that were missed would be made up for at once: the trial would be over before anybody could move.
    assert recording.success.all()


def test_the_player_is_not_told_about_the_field():
    def picture(gain, show_all):
        player = Player()
        pictures = []
        player.show = lambda frame: (pictures.append(frame), Player.show(player, frame))
        played(player, 1, show_all, schedule=[{"name": f"gain {gain}", "trials": 1, "gain": gain}])
        return pictures[0]

    assert np.array_equal(picture(0.0, False), picture(1.0, False))
    assert not np.array_equal(picture(0.0, True), picture(1.0, True))


def test_the_force_follows_the_pointer():
    task = made().unwrapped.task
    assert np.array_equal(pull(task, (0.0, 0.0), (0.0, 0.0, 0.0, 0.0)), [0, 0])
    assert pull(task, (0.01, 0.0), (0.0, 0.0, 0.0, 0.0)) == pytest.approx([0.256, 0.0])
    assert pull(task, (0.0, 0.0), (0.0, 0.0, 0.0, 0.1)) == pytest.approx([0.0, -0.32])
    # Too far: the force is cut, but points to the pointer.
    force = pull(task, (0.4, 0.2), (0.0, 0.0, 0.0, 0.0))
    assert force == pytest.approx([1.0, 0.5])
    assert force.dtype == np.float32


@pytest.mark.parametrize(
    "kwargs",
    [
        *({}, {"mass": 5.0}, {"damping": 20.0}, {"dt": 0.05}, {"dt": 0.1}, {"mass": 0.2, "damping": 15.0}, {"force_lag": 0.04}, {"force_lag": 0.08}),
        *({"plant": ARM}, {"plant": {"kind": ARM, "arm": "shadmehr_mussa_ivaldi_1994"}}, {"plant": ARM, "dt": 0.02}, {"plant": ARM, "force_lag": 0.04}, {"plant": ARM, "force_lag": 0.08}),
        *({"plant": MUSCLES}, {"plant": {"kind": MUSCLES, "muscles": "thelen_2003"}}),
    ],
)
def test_the_hand_comes_to_rest_at_the_pointer_without_overshoot(kwargs):
    env = made(field=None, schedule=None, false_start="ignore", **kwargs)
    task = env.unwrapped.task
    env.reset(seed=0)
    path = []
    for _ in range(round(1.4 / task.dt)):
        state = env.unwrapped.get_state()["floats"][float_lines(task.plant).state]
        *_, info = env.unwrapped.step(pull(task, (0.03, 0.09), state))
        path.append((info["hand_x"], info["hand_y"]))
    env.close()
    assert math.dist(path[-1], (0.03, 0.09)) < 2e-3
    more = 0.003 if "plant" in kwargs else 0.0  # an arm bends the way a little
    assert max(x for x, _ in path) < 0.0305 + more
    assert max(y for _, y in path) < 0.0915 + more
    if "plant" in kwargs:  # every arm follows as fast, whatever its mass and damping, unless its torques lag
        assert math.dist(path[round((0.6 if "force_lag" in kwargs else 0.3) / task.dt)], (0.03, 0.09)) < 0.01


def played_with_an_arm(player, plant=ARM, **kwargs):
    """A trial with an arm, all of which is on the board: what there was to be seen, and whether the target was reached."""
    env = made(plant=plant, **kwargs)
    task = env.unwrapped.task
    player.seen = seen_of(task.plant, task.workspace, task.params)
    game, scenes = MouseSession(env, WindowDesk(player, 0.1, clock=player.clock, seen=player.seen), None, 1), []
    game._show = lambda scene, title: (scenes.append(scene), SHOW(game, scene, title))
    assert game.play(held_out(0))
    env.close()
    return scenes, game.successes == 1


@pytest.mark.parametrize("plant", [ARM, MUSCLES])
@pytest.mark.parametrize("gain", [0.0, 1.0])
def test_the_hand_of_an_arm_follows_the_pointer(gain, plant):
    scenes, success = played_with_an_arm(Player(), plant, schedule=[{"name": "arm", "trials": 1, "gain": gain}])
    path = scenes[-1].trail
    assert success and math.dist(path[-1], (0.06, 0.03)) < 0.01
    aside = max(np.array(path) @ np.array([-0.03, 0.06]) / math.hypot(0.03, 0.06), key=abs)
    # The field pushes to the left, as it does a point mass; without it the way is straight.
    assert abs(aside) < 2e-3 if gain == 0 else 0.006 < aside < 0.03
    assert max(math.dist(scene.limbs.joints[2], (0.0, 0.0)) for scene in scenes) > 0.06
    activations = [muscle.activation for scene in scenes for muscle in scene.limbs.muscles]
    assert max(activations) > 0.05 if plant == MUSCLES else not activations


@pytest.mark.parametrize("rotation", [0.0, 30.0])
def test_a_player_sees_the_arm_where_it_tells_no_more_than_the_cursor(monkeypatch, rotation):
    drawn = []
    monkeypatch.setattr(window_desk, "draw", lambda scene, width: (drawn.append(scene.limbs), draw(scene, width))[1])
    played_with_an_arm(Player(), schedule=[{"name": "arm", "trials": 1}], field=None, rotation=rotation)
    assert len(drawn) > 20 and {limbs is None for limbs in drawn} == {rotation != 0}


@pytest.fixture
def desk(monkeypatch):
    """Lets `main` meet a player instead of a window; returns him, and the windows with the curve."""
    player = Player()
    CurveWindow.shown = []
    monkeypatch.setattr("reach_gym.cli.play.Window", lambda title, fps: player)
    monkeypatch.setattr(window_desk, "Window", CurveWindow)
    monkeypatch.setattr(reach_play.time, "perf_counter", player.clock)
    return player


def test_play_saves_reports_and_shows_the_curve(desk, capsys, tmp_path):
    assert main(["play", TASK, "--skip", "--seed", "5", "--kwargs", SHORT]) == 0
    out = capsys.readouterr().out
    path = tmp_path / "runs" / "play" / f"{TASK}.npz"
    recording = Recording.load(path)
    assert len(recording) == 6
    assert recording.success.all()
    assert recording.metadata["agent"] == "person"
    assert recording.metadata["seed"] == 5
    ideal = record("ideal", f"reach_gym/{TASK}", 6, 5, {**TARGETS, "time_limit": 1.5, "backend": "numpy"}, session=True)
    for name in ("target", "go", "block", "trial", "channel"):
        assert np.array_equal(getattr(recording, name), getattr(ideal, name)), name
    assert recording.metadata["env_kwargs"] == ideal.metadata["env_kwargs"]
    rows = [line.split() for line in out.splitlines()]
    assert [row[:5] for row in rows if row and row[0] in ("before", "field", "after", "all")] == [
        ["before", "2", "100", "%", "100"],
        ["field", "3", "100", "%", "100"],
        ["after", "1", "100", "%", "100"],
        ["all", "6", "100", "%", "100"],
    ]
    field = next(row for row in rows if row and row[0] == "field")
    mine = 1000 * np.abs(recording.measures()["max_deviation"][2:5]).mean()
    assert float(field[7]) == pytest.approx(mine, abs=0.06)
    assert float(field[8]) < mine / 2
    assert "after-effect: " in out
    picture = load_pygame().image.load(path.with_suffix(".png"))
    assert picture.get_size() == (960, 520)
    (title, frame), = CurveWindow.shown
    assert title == f"reach_gym/{TASK}: learning curve"
    assert frame.shape == (520, 960, 3)
    assert not list(path.parent.glob(".*"))


def test_a_whole_session_with_an_arm(desk, capsys, tmp_path):
    task = made(plant=ARM).unwrapped.task
    desk.seen = seen_of(task.plant, task.workspace, task.params)
    kwargs = json.dumps({**TARGETS, "schedule": TARGETS["schedule"][:2], "plant": ARM})
    assert main(["play", TASK, "--skip", "--seed", "5", "--out", "a.npz", "--kwargs", kwargs]) == 0
    recording = Recording.load(tmp_path / "a.npz")
    assert len(recording) == 5 and recording.success.all() and "ideal" in capsys.readouterr().out
    spring, screen = recording.metadata["spring"], recording.metadata["screen"]
    assert np.linalg.eigvalsh(spring["stiffness_n_per_m"]) == pytest.approx(256 * ARM_MASSES, rel=1e-3)
    assert screen["picture_pixels_per_metre"] == pytest.approx(528 / (2 * desk.seen.half))
    # The pointer's path is told in metres of this board.
    last = (tmp_path / "a.pointer.csv").read_text().splitlines()[-1].split(",")
    assert math.dist((float(last[5]), float(last[6])), desk.pointer) < 1e-5 or math.dist((float(last[5]), float(last[6])), desk.target) < 1e-5


def test_play_fewer_trials_and_elsewhere(desk, capsys, tmp_path):
    arguments = ["play", TASK, "--skip", "--trials", "2", "--limit", "0.3", "--out", "a/b.h5", "--kwargs", SHORT]
    assert main(arguments) == 0
    # The ideal agent has no more time either.
    row = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("before"))
    assert row.split()[:6] == ["before", "2", "0", "%", "0", "%"]
    recording = Recording.load(tmp_path / "a" / "b.h5")
    assert len(recording) == 2
    assert recording.metadata["env_kwargs"]["time_limit"] == 0.3
    assert (recording.steps == recording.go + 30).all()
    assert (tmp_path / "a" / "b.png").exists()


def test_play_refuses_before_it_plays(desk, capsys, tmp_path):
    (tmp_path / "a.npz").write_bytes(b"mine")
    (tmp_path / "b.png").write_bytes(b"mine")
    (tmp_path / "c").write_bytes(b"mine")
    for arguments, message in [
        (["--out", "a.npz"], "a.npz exists; `--overwrite` replaces it"),
        (["--out", "b.npz"], "b.png exists; `--overwrite` replaces it"),
        (["--out", "c/d.npz"], "c is no folder"),
        (["--out", "a.txt"], "`out` must end in .npz, .h5, .hdf5, got 'a.txt'"),
        (["--trials", "0"], "`trials` must be an integer from 1 to 100000"),
        (["--limit", "0.001"], "`limit` must be a finite number from 0.01"),
        (["--seed", "-1"], "`seed` must be an integer from 0"),
    ]:
        assert main(["play", TASK, "--skip", *arguments, "--kwargs", SHORT]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert message in err
        assert err.count("\n") == 1
    assert desk.frames == 0
    assert (tmp_path / "a.npz").read_bytes() == b"mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.npz", "b.png", "c"]
    assert main(["play", TASK, "--skip", "--trials", "1", "--out", "a.npz", "--overwrite", "--kwargs", SHORT]) == 0
    assert len(Recording.load(tmp_path / "a.npz")) == 1


@pytest.mark.parametrize("option", [["--trials", "3"], ["--out", "a.npz"], ["--open"], ["--overwrite"], ["--limit", "2"]])
def test_grid_tasks_know_no_session(capsys, option):
    assert main(["play", "GridReach-v0", *option]) == 2
    assert f"`{option[0]}` is for cursor tasks" in capsys.readouterr().err


def test_esc_saves_what_was_played(desk, capsys, tmp_path):
    desk.quits = 4.6
    assert main(["play", TASK, "--skip", "--out", "a.npz", "--kwargs", SHORT]) == 0
    assert 1 < len(Recording.load(tmp_path / "a.npz")) < 6
    assert (tmp_path / "a.png").exists()
    assert len(CurveWindow.shown) == 1


def test_whoever_closes_the_window_is_left_in_peace(desk, tmp_path):
    desk.quits, desk.by_closing = 4.6, True
    assert main(["play", TASK, "--skip", "--out", "a.npz", "--kwargs", SHORT]) == 0
    assert (tmp_path / "a.png").exists()
    assert CurveWindow.shown == []


def test_nothing_played_nothing_saved(desk, capsys, tmp_path):
    desk.quits = 0.1
    assert main(["play", TASK, "--skip", "--out", "a.npz", "--kwargs", SHORT]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "no trial was finished"
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_saves_what_was_played(desk, capsys, tmp_path):
    show = desk.show

    def interrupted(frame):
        show(frame)
        if desk.now > 4.6:
            raise KeyboardInterrupt

    desk.show = interrupted
    assert main(["play", TASK, "--skip", "--out", "a.npz", "--kwargs", SHORT]) == 130
    assert 1 < len(Recording.load(tmp_path / "a.npz")) < 6
    assert capsys.readouterr().err == "interrupted\n"


def test_play_without_display(capsys, tmp_path):
    assert main(["play", TASK]) == 2
    err = capsys.readouterr().err
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert f"`reach-gym watch {TASK} --video out.gif` needs none" in err
    assert list(tmp_path.iterdir()) == []


def test_after_effect_of_a_session():
    kwargs = {
        "backend": "numpy",
        "schedule": [
            {"name": "a", "trials": 5, "gain": 0.0, "clamp": 0.3},
            {"name": "b", "trials": 30, "catch": 0.3, "clamp": 0.2},
            {"name": "c", "trials": 9, "gain": 0.0},
        ],
    }
    adapted = record("adapted", f"reach_gym/{TASK}", 44, 1, kwargs, session=True)
    catch = session.catch_trials(adapted)
    block, free = adapted.block, ~adapted.channel
    assert np.array_equal(catch, (block == 1) & free & (np.nanmax(np.abs(adapted.gain), axis=1) == 0))
    assert 3 < catch.sum() < 20
    values = session.deviations(adapted)
    assert np.array_equal(np.isnan(values), adapted.channel)
    before = values[(block == 0) & free].mean()
    assert session.mean_after_effect(adapted) == pytest.approx(values[catch].mean() - before)
    # Without catch trials it shows at the beginning of the washout.
    washout = adapted.subset(~catch)
    wanted = values[(block == 2) & (np.arange(44) < 40)].mean() - before
    assert session.mean_after_effect(washout) == pytest.approx(wanted, abs=1e-9)
    assert values[catch].mean() - before < -0.001
    naive = record("naive", f"reach_gym/{TASK}", 4, 1, kwargs, session=True)  # only baseline
    assert math.isnan(session.mean_after_effect(naive))


def columns_of(frame, color):
    """Columns of a picture that hold a colour."""
    return np.flatnonzero((np.abs(frame.astype(int) - color).max(axis=2) < 30).any(axis=0))


def test_learning_curves():
    values = np.array([0.0, 0.01, np.nan, -0.01])
    plain = draw_curves({"you": values}, ["a", "a", "b", "b"], 480)
    assert plain.shape == (260, 480, 3)
    assert plain.dtype == np.uint8
    assert np.array_equal(plain, draw_curves({"you": values}, ["a", "a", "b", "b"], 480))
    columns = [33 + (trial + 0.5) / 4 * 435 for trial in range(4)]  # the axes go from 33 to 468
    orange = (np.abs(plain[45:230].astype(int) - ORANGE).max(axis=2) < 30).astype(int)
    rows = [np.flatnonzero(orange[:, round(column) - 1 : round(column) + 2].any(axis=1)) for column in columns]
    assert len(rows[2]) == 0
    zero, high, low = (float(np.mean(rows[i])) for i in (0, 1, 3))
    assert high < zero < low
    assert zero - high == pytest.approx(low - zero, abs=2)
    assert not np.array_equal(plain, draw_curves({"you": values}, ["a"] * 4, 480))
    assert not np.array_equal(plain, draw_curves({"you": values}, ["a", "a", "b", "b"], 480, catch=[False, True, False, False]))
    # No line leads from one block to the next.
    steady = draw_curves({"you": [0.01] * 4}, ["a", "a", "b", "b"], 480)
    orange = (steady[45:230].astype(int) @ [1, 0, -1] > 40).any(axis=0)
    assert orange[[130, 150, 350, 370]].all()
    assert not orange[210:290].any()
    two = draw_curves({"you": values, "ideal": 0 * values}, ["a", "a", "b", "b"], 480)
    assert len(columns_of(two[60:220, 50:460], INK)) > len(columns_of(plain[60:220, 50:460], INK))


@pytest.mark.parametrize(
    ("curves", "blocks", "more", "message"),
    [
        ({}, ["a"], {}, "`curves` must hold 1 to 5 curves"),
        ({"a": []}, [], {}, "of at least one trial"),
        ({"a": [0.0, 0.1]}, ["a"], {}, "one value for each of 1 trials"),
        ({"a": [math.inf]}, ["a"], {}, "finite numbers or NaN"),
        ({"a": [0.0]}, ["a"], {"catch": [True, False]}, "`catch` must hold one value for each of 1 trials"),
        ({"a": [0.0]}, ["a"], {"width": 10}, "`width` must be an integer from 320"),
    ],
)
def test_bad_curves(curves, blocks, more, message):
    with pytest.raises(ValueError, match=message):
        draw_curves(curves, blocks, **more)


def test_curves_of_nothing_but_gaps():
    assert draw_curves({"a": [math.nan]}, ["a"]).shape == (520, 960, 3)


@pytest.fixture
def x_screen(monkeypatch):
    read, write = os.pipe()
    command = ["Xvfb", "-noreset", "-displayfd", str(write), "-screen", "0", "1280x1024x24", "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL)
    os.close(write)
    with os.fdopen(read) as pipe:
        monkeypatch.setenv("DISPLAY", f":{pipe.readline().strip()}")
    yield
    server.terminate()
    server.wait()


class Hand(Window):
    """A true window; whoever sees it moves the true pointer of the screen, and presses a key at the learning curve."""

    escape_at = None
    begun = 0.0

    def room(self):
        return 576, 624

    def show(self, frame):
        super().show(frame)
        if self._window is None:
            return
        self.begun = self.begun or time.perf_counter()
        late = self.escape_at is not None and time.perf_counter() - self.begun > self.escape_at
        if self.title.endswith("learning curve") or late:
            self._do("key", "Escape")
            return
        x, y = pixel_of(*Player.target) if is_green(frame) and near(frame, *Player.target, ORANGE) else pixel_of(0.002, 0.0)
        left, top = self._window.position
        scale = self._window.size[0] / frame.shape[1]
        self._do("mousemove", str(left + round(scale * x)), str(top + round(scale * y)))

    def _do(self, *words):
        subprocess.run(["xdotool", *words], check=True)


@pytest.mark.skipif(shutil.which("Xvfb") is None or shutil.which("xdotool") is None, reason="needs Xvfb and xdotool")
@pytest.mark.parametrize("escape_at", [None, 3.0])
def test_a_true_mouse_plays_a_session(x_screen, monkeypatch, capsys, tmp_path, escape_at):
    monkeypatch.setattr("reach_gym.cli.play.Window", Hand)
    monkeypatch.setattr(window_desk, "Window", Hand)
    monkeypatch.setattr(Hand, "escape_at", escape_at)
    begin = time.perf_counter()
    assert main(["play", TASK, "--skip", "--trials", "3", "--out", "a.npz", "--kwargs", SHORT]) == 0
    assert time.perf_counter() - begin < 30
    recording = Recording.load(tmp_path / "a.npz")
    assert len(recording) == 3 if escape_at is None else 1 <= len(recording) < 3
    assert recording.success.any()
    assert (tmp_path / "a.png").exists()
    assert not load_pygame().display.get_init()
