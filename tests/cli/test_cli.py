"""The command line: what it prints, its exit codes, and errors of one line."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import gymnasium as gym
import pytest

import reach_gym
from reach_gym import keywords
from reach_gym.benchmark.jobs import Job, run_job
from reach_gym.cli import main, shell
from reach_gym.cli import watch as watching
from reach_gym.cli.grid_play import play
from reach_gym.cli.keyboard import CHORD, DIRECT, Moves
from reach_gym.cli.tasks import full_id, make
from reach_gym.grid.world import MOVES, Action
from reach_gym.keywords import Keywords
from reach_gym.reach.presets import PRESETS
from reach_gym.registration import TASKS
from reach_gym.rendering.canvas import load_pygame
from reach_gym.rendering.window import Key, Window

GRID, CURL = "GridReach-v0", "CursorReachCurl-v0"
AGENTS = """
import numpy as np

class East:
    def reset(self, starts):
        pass
    def act(self, observations):
        return np.zeros(len(observations), np.int64)

class Broken(East):
    def act(self, observations):
        raise RuntimeError("no idea\\nwhat to do")

class Stopped(East):
    def act(self, observations):
        raise KeyboardInterrupt

class Leaving(East):
    def act(self, observations):
        raise SystemExit(3)

def leaves(envs):
    raise SystemExit(4)

east, broken, stopped, leaving = East(), Broken(), Stopped(), Leaving()
"""


@pytest.fixture(autouse=True)
def no_screen(monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER", "SDL_VIDEO_DRIVER"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def agents(tmp_path, monkeypatch):
    """A folder with the user's own module, which is the current one."""
    (tmp_path / "their_agents.py").write_text(AGENTS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry])
    yield tmp_path
    sys.modules.pop("their_agents", None)


def error(capsys, *arguments):
    """The exit code and the error line of a command that must fail."""
    code = main(list(arguments))
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert err.endswith("\n")
    return code, err


def test_list_names_every_task(capsys):
    assert main(["list"]) == 0
    out = capsys.readouterr().out
    for env_id, task in TASKS.items():
        assert env_id in out
        assert task.summary in out


@pytest.mark.parametrize("env_id", TASKS)
def test_show_every_task(capsys, env_id):
    assert main(["show", env_id]) == 0
    out = capsys.readouterr().out
    assert f'gym.make("reach_gym:{env_id}")' in out
    cursor = TASKS[env_id].family == "cursor"
    space = "Discrete(8): 0 east" if not cursor else f"Box({'0.0, 1.0, (6,)' if 'Muscle' in env_id else '-1.0, 1.0, (2,)'}, float32)"
    assert space in out
    steps = 100 if not cursor else 230 if "Lab" in env_id else 129  # to the target's onset, the latest cue, and then 1 or 1.2 s
    assert f"{steps} steps" in out
    assert max(map(len, out.partition("preset")[0].splitlines())) <= 140


def test_show_names_the_source_of_every_number_of_a_preset(capsys):
    def rows(*arguments):
        assert main(["show", *arguments]) == 0
        lines = capsys.readouterr().out.splitlines()
        begins = [i for i, line in enumerate(lines) if line.startswith("preset")]
        rest = next(i for i, line in enumerate(lines) if "numbers were chosen, unless show --keywords names a source" in line)
        return [line.split(maxsplit=1)[0] for line in lines[begins[0] + 1 : rest]] if begins else []

    assert rows("LabReach-v0") == list(PRESETS["lab"]) and rows("CursorReach-v0") == []
    assert rows("CursorReach-v0", "--kwargs", '{"preset": "sun_plitt"}') == list(PRESETS["sun_plitt"])
    # What somebody replaces is not the preset's any more.
    assert rows("LabReach-v0", "--kwargs", '{"delay": 2}') == [name for name in PRESETS["lab"] if name != "delay"]
    assert main(["show", "LabReach-v0"]) == 0
    out = capsys.readouterr().out
    assert "go_delay       0.4 to 0.9 s " in out and "motor_noise    [0.1, 0.1] " in out and "Todorov 2005" in out


def test_show_draws_the_field_and_the_target(capsys):
    assert main(["show", "GridReachTabularWind-v0"]) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = [line.split() for line in lines if line.startswith("    ") and len(line.split()) == 10]
    assert len(rows) == 10
    assert rows[9 - 8][5] == "T"
    assert all(sign == "←" for y in range(2, 7) for sign in rows[9 - y])
    assert all(sign == "." for y in (0, 1, 7, 9) for sign in rows[9 - y])


@pytest.mark.parametrize(
    ("field", "sign"),
    [
        ("curl_ccw", "↺"),
        ("curl_cw", "↻"),
        ({"preset": "curl_cw", "gain": -1}, "↺"),
        ({"push": [2, 1]}, "↗"),
        ({"push": [0, 1], "gain": -1}, "↓"),
        ({"viscosity": [[-1, 0], [0, -1]]}, "*"),
        ({"stiffness": [[-1, 0], [0, -1]]}, "*"),
    ],
)
def test_signs_of_fields(capsys, field, sign):
    assert main(["show", GRID, "--kwargs", json.dumps({"size": 3, "field": field})]) == 0
    assert f"    {sign} {sign} {sign}\n" in capsys.readouterr().out


def test_show_explains_a_cursor_task(capsys):
    kwargs = {"targets": [[0.05, -0.02]], "start": None, "rotation": 30, "delay": 4, "motor_noise": [0.1, 0.2], "damping": 2, "reward": "dense"}
    assert main(["show", CURL, "--kwargs", json.dumps(kwargs)]) == 0
    out = capsys.readouterr().out
    for part in (
        "a point mass of 1 kg with a damping of 2 N s/m, stopped at |x|, |y| = 20 cm",
        "|x|, |y| <= 10 cm",
        "observation: vector: float32 (14,): target x, y",
        "times in s; 4 steps old",
        "1 is 10 N, with noise of 0.1 N and 20 % of the command",
        "start: drawn anew for every trial",
        "target: x = 5 cm, y = -2 cm",
        "viscosity ((0.0, -13.0), (13.0, 0.0)) everywhere",
        "by 30 degrees counter-clockwise",
        "at 0.2 s the target appears: plan; 0 to 0.09 s later the go cue, which stays on: move",
        "within 1 cm of the target and slower than 0.1 m/s for 0.05 s",
        "dense: after the go cue",
        "time limit: 1 s after the go cue; a trial has at most 129 steps of 0.01 s",
    ):
        assert part in " ".join(out.split()), part  # however it is broken into lines
    assert "session of" not in out


def test_show_explains_an_arm(capsys):
    kwargs = {"preset": "lab_arm", "observation": "body", "felt_noise": 0.01, "max_torque": [8, 6]}
    assert main(["show", "ArmReachCurl-v0", "--kwargs", json.dumps(kwargs)]) == 0
    out = " ".join(capsys.readouterr().out.split())
    for part in (
        "an arm of two bones of 0.33 and 0.34 m, 1.93 and 1.52 kg (Shadmehr & Mussa-Ivaldi 1994",
        "stopped by its joints: the shoulder moves from 0 to 135 degrees, the elbow from 0 to 155",
        "angular velocity of the elbow, 10 rad/s; 2 steps old; with noise of 0.01",
        "1 is 8 and 6 N m, with noise of 0.002 N m and 10 % of the command",
        "felt_delay 2 time steps",
        "proprioception: 20 ms",
    ):
        assert part in out, part
    assert main(["show", "MuscleReach-v0", "--kwargs", '{"preset": "lab"}']) == 0
    assert "force_lag" not in capsys.readouterr().out  # muscles have none that could be given


def test_show_tells_the_session(capsys):
    def blocks(*arguments):
        assert main(["show", *arguments]) == 0
        lines = capsys.readouterr().out.splitlines()
        first = next(i for i, line in enumerate(lines) if line.startswith("session of"))
        return lines[first], [line.split() for line in lines[first + 1 : lines.index("", first)]]

    title, rows = blocks("CursorReachCenterOut-v0")
    assert title.startswith("session of 280 trials")
    assert rows[0] == ["block", "trials", "gain", "catch", "trials", "channel", "trials"]
    assert rows[2] == ["adaptation", "160", "1", "10", "%", "10", "%"]
    # The grid has no channels.
    _, rows = blocks("GridReachTabularWind-v0", "--kwargs", '{"schedule": "abrupt"}')
    assert rows[2] == ["adaptation", "160", "1", "20", "%"]
    own = [{"name": "a", "trials": 2, "gain": 0.5, "gain_end": 1, "spread": 0.1}, {"name": "b", "trials": 3, "field": "saddle"}]
    own[1]["within"] = {"amplitude": 1.0, "period": 0.4}
    own[0]["wave"] = {"amplitude": 0.5, "period": 20}
    _, rows = blocks(CURL, "--kwargs", json.dumps({"schedule": own}))
    assert rows[1] == "a 2 0.5 to 1 +- 0.1 at random + 0.5 sin with a period of 20 trials - - -".split()
    assert rows[2] == "b 3 1, times (1 + 1 sin with a period of 0.4 s) - - saddle".split()


def test_show_line_to_make_it_works(capsys):
    import gymnasium as gym

    assert main(["show", GRID, "--kwargs", '{"size": 7, "field": "wind", "target": [1, 2]}']) == 0
    line = capsys.readouterr().out.splitlines()[-1].strip()
    env = eval(line, {"gym": gym})
    assert env.unwrapped.size == 7
    env.reset(seed=0)
    assert env.unwrapped.scene().target == (1, 2)


@pytest.mark.parametrize("name", [GRID, f"reach_gym/{GRID}", f"reach_gym:reach_gym/{GRID}"])
def test_ids_with_and_without_namespace(name):
    assert full_id(name) == f"reach_gym/{GRID}"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "a command is missing; choose one of list, show, recipes, play, watch, evaluate, record"),
        (["lst"], "there is no command 'lst'"),
        (["--list"], "there is no command '--list'"),
        (["show"], "ID"),
        (["show", GRID, "more"], "more"),
        (["show", GRID, "--sise", "3"], "--sise"),
        (["show", "Gridreach-v0"], "did you mean GridReach-v0?"),
        (["show", "CartPole-v1"], "There is no task 'CartPole-v1'"),
        (["show", GRID, "--kwargs", "["], "`--kwargs` must be a JSON object"),
        (["show", GRID, "--kwargs", "[1]"], "`--kwargs` must be a JSON object"),
        (["show", GRID, "--kwargs", '{"siz": 3}'], "`--kwargs` has the unknown key 'siz'; did you mean `size`?"),
        (["show", CURL, "--kwargs", '{"hold_radii": 3}'], "`--kwargs` has the unknown key 'hold_radii'; did you mean `hold_radius`?"),
        (["show", CURL, "--kwargs", '{"": 3}'], "known are"),
        (
            ["show", GRID, "--kwargs", '{"render_mode": "human"}'],
            "`--kwargs` has the unknown key 'render_mode'",
        ),
        (["show", GRID, "--kwargs", '{"size": 1}'], "`size` must be an integer from 2 to 64, got 1."),
        (["show", GRID, "--kwargs", '{"field": "storm"}'], "`field` must be one of"),
        (["play", GRID, "--seed", "-1"], "`seed` must be an integer from 0"),
        (["play", GRID, "--seed", "x"], "--seed"),
        (
            ["watch", GRID, "--episodes", "0", "--video", "a.gif"],
            "`episodes` must be an integer of at least 1",
        ),
        (["watch", GRID, "--fps", "0", "--video", "a.gif"], "`fps` must be a finite number from 0.1"),
        (["watch", GRID, "--video", "a.avi"], "must end in .gif or .mp4"),
        (["watch", GRID, "--agent", "perfect", "--video", "a.gif"], "perfect"),
        (["watch", GRID], "--video out.gif"),
        (["evaluate", CURL, "--agent", "random", "--episodes", "all"], "`episodes` must be a number"),
        (["evaluate", GRID, "--agent", "minimum_jerk"], "`env` must be a cursor reach"),
        (["record", CURL, "--agent", "ideal"], "`--out FILE` or `--minari DATASET_ID`"),
        (["record", GRID, "--agent", "ideal", "--out", "a.npz"], "Only cursor tasks are recorded"),
        (["record", CURL, "--agent", "ideal", "--out", "a.txt"], "`out` must end in .npz, .h5"),
        (["record", CURL, "--agent", "perfect", "--out", "a.npz"], "perfect"),
        (["record", CURL, "--agent", "ideal", "--out", "a.npz", "--trials", "0"], "`trials` must be an integer from 1 to 100000"),
        (["record", CURL, "--agent", "ideal", "--out", "a.npz", "--seed", "-1"], "`seed` must be an integer from 0"),
        (["evaluate", GRID], "--agent"),
        (["evaluate", GRID, "--agent", "no_such_module:x"], "no_such_module"),
        (["evaluate", GRID, "--agent", "json:no_such_name"], "no_such_name"),
        (
            ["evaluate", GRID, "--agent", "random", "--episodes", "0"],
            "`episodes` must be an integer from 1",
        ),
        (["evaluate", GRID, "--agent", "random", "--episodes", "99999999999999"], "`episodes` must be an integer from 1 to"),
        (["evaluate", GRID, "--agent", "random", "--episodes", "some"], "--episodes"),
        (["evaluate", GRID, "--agent", "random", "--seed", "-1"], "`seed` must be an integer from 0"),
    ],
)
def test_bad_requests(capsys, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    code, line = error(capsys, *arguments)
    assert code == 2
    assert message in line
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("env_id", [GRID, CURL])
def test_show_lists_every_keyword(capsys, env_id):
    assert main(["show", env_id]) == 0
    short = capsys.readouterr().out
    assert main(["show", env_id, "--keywords"]) == 0
    text = capsys.readouterr().out
    assert text.startswith(short) and max(map(len, text[len(short) :].splitlines())) <= 100
    task = gym.make(f"reach_gym/{env_id}").unwrapped.task
    parts = [task, *(part for part in vars(task).values() if isinstance(part, Keywords))]
    rows = keywords.table(*map(type, parts))
    assert len(rows) >= 7
    for row in rows:
        line = f"    {row.name} = {row.default} {row.unit}".rstrip()
        assert f"{line}\n{' ' * 8}{row.meaning[:40]}" in text


@pytest.mark.parametrize(
    "arguments",
    [["evaluate", GRID, "--episodes", "2"], ["watch", GRID, "--episodes", "1", "--video", "a.gif"], ["record", CURL, "--out", "a.npz", "--trials", "1"]],
    ids=lambda arguments: arguments[0],
)
def test_an_agent_that_calls_sys_exit_does_not_end_the_command(capsys, agents, arguments):
    (agents / "leaves_on_import.py").write_text("import sys\nsys.exit(3)\n")
    for name, value in (("leaves_on_import:agent", "3"), ("their_agents:leaves(now)", "4"), ("their_agents:leaving", "3")):
        code, line = error(capsys, *arguments, "--agent", name)
        assert code == 1 and line.strip() == f"error: the agent {name} called sys.exit({value})."
    assert not {"a.gif", "a.npz"} & {path.name for path in agents.iterdir()}


def test_a_run_directory_runs_no_file_of_the_current_directory(tmp_path):
    # The current directory may have been downloaded together with the run in it.
    (tmp_path / "run").mkdir()
    (tmp_path / "agents").mkdir()
    trap = "import os\nopen(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'trace'), 'a').close()\n"
    for name in ("torch.py", "stable_baselines3.py", "json.py", "agents/__init__.py", "agents/loading.py"):
        (tmp_path / name).write_text(trap)
    root = Path(reach_gym.__file__).parents[1]
    words = [sys.executable, "-P", "-m", "reach_gym", "evaluate", GRID, "--agent", "run", "--episodes", "1"]  # -P: as `reach-gym` does
    done = subprocess.run(words, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(root)}, capture_output=True, text=True)
    assert done.returncode == 2 and "checkpoint" in done.stderr, done.stderr
    record = run_job(Job("run", "run", "grid-null", 0, path=str(tmp_path))).record
    assert record["status"] == "error" and "checkpoint" in record["message"]
    assert not list(tmp_path.rglob("trace"))


def test_a_video_that_cannot_be_written_is_refused_before_anything_is_played(capsys, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(watching, "episode_frames", None)
    code, line = error(capsys, "watch", GRID, "--video", str(tmp_path / "file" / "x.gif"))
    assert code == 2 and "is no folder" in line


def test_play_without_display_is_a_bad_request(capsys):
    assert main(["play", GRID]) == 2
    out = capsys.readouterr()
    assert out.err.startswith("error: ")
    assert out.err.count("\n") == 1
    assert "watch GridReach-v0 --video out.gif" in out.err


def test_debug_shows_the_traceback(capsys):
    assert main(["show", "Nothing-v0", "--debug"]) == 2
    err = capsys.readouterr().err
    assert "Traceback" in err
    assert err.splitlines()[-1].startswith("error: There is no task 'Nothing-v0'")


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["help"], ["show", "--help"], ["watch", "-h"]])
def test_help(capsys, arguments):
    assert main(arguments) == 0
    out, err = capsys.readouterr()
    assert out.startswith("usage: reach-gym")
    assert err == ""


def test_every_option_is_explained(capsys):
    for command in ("show", "play", "watch", "evaluate", "record"):
        assert main([command, "--help"]) == 0
        out = capsys.readouterr().out
        assert "Show tracebacks." in out
        assert "Constructor keywords as JSON" in out


@pytest.mark.parametrize("agent", ["ideal", "random", "their_agents:east"])
def test_evaluate_json(capsys, agents, agent):
    arguments = ["evaluate", GRID, "--agent", agent, "--episodes", "20", "--json", "--kwargs", '{"size": 5}']
    assert main(arguments) == 0
    first = capsys.readouterr().out
    summary = json.loads(first)
    assert summary["env_id"] == f"reach_gym/{GRID}"
    assert summary["agent"] == agent
    assert summary["episodes"] == 20
    if agent == "ideal":
        assert summary["success"] == summary["optimal"] == 1
        assert summary["mean_excess_steps"] == 0
    else:
        assert summary["optimal"] < 1
    assert main(arguments) == 0
    assert capsys.readouterr().out == first
    assert main([*arguments, "--seed", "1000"]) == 0
    assert capsys.readouterr().out != first


def test_json_has_no_nan(capsys, agents):
    # An agent that never arrives has no mean of the steps that it took to get there, or has them all.
    arguments = ["evaluate", GRID, "--agent", "their_agents:east", "--episodes", "2", "--json"]
    assert main([*arguments, "--kwargs", '{"start": [0, 0], "target": [3, 3]}']) == 0
    out = capsys.readouterr().out
    assert "NaN" not in out
    assert json.loads(out)["success"] == 0


def test_evaluate_all_starts(capsys):
    arguments = ["evaluate", "GridReachTabularWind-v0", "--agent", "ideal", "--episodes", "all"]
    assert main(arguments) == 0
    out = capsys.readouterr().out
    assert "ideal on reach_gym/GridReachTabularWind-v0" in out
    assert any(line.split() == ["episodes", "99"] for line in out.splitlines())
    assert any(line.split() == ["success", "100.0", "%"] for line in out.splitlines())


def test_evaluate_a_cursor_task(capsys):
    arguments = ["evaluate", CURL, "--agent", "naive", "--episodes", "3"]
    assert main(arguments) == 0
    lines = (re.split("  +", line.strip()) for line in capsys.readouterr().out.splitlines())
    cells = {line[0]: line for line in lines}
    rows = {name: line[1] for name, line in cells.items() if len(line) > 1}
    assert main([*arguments, "--json"]) == 0
    values = json.loads(capsys.readouterr().out)
    assert rows["success"] == f"{100 * values['success']:.1f} %"
    assert rows["false starts"] == "0.0 %"
    low, high = values["intervals"]["mean_return"]
    assert cells["mean return"][1:] == [f"{values['mean_return']:.3f}", f"{low:.3f} to {high:.3f}"] and low < values["mean_return"] < high
    assert cells["success"][2] == "43.9 % to 100.0 %" and len(cells["peak speed"]) == 2
    assert rows["max deviation"] == f"{values['max_deviation_mm']:.3f} mm"
    assert rows["peak speed"] == f"{values['peak_speed_m_per_s']:.3f} m/s"
    assert rows["movement time"] == f"{values['movement_time_s']:.3f} s"
    assert rows["path length ratio"] == f"{values['path_length_ratio']:.3f}"
    assert 5 < values["max_deviation_mm"] < 40


def test_record(capsys, tmp_path):
    from reach_gym.recording import Recording, record

    path = tmp_path / "new" / "a.npz"
    arguments = ["record", CURL, "--agent", "ideal", "--trials", "2", "--seed", "3", "--out", str(path)]
    assert main(arguments) == 0
    assert capsys.readouterr().out == f"wrote {path}\n2 trials, 100.0 % reached\n"
    same = record("ideal", f"reach_gym/{CURL}", 2, 3, {"backend": "numpy"})
    assert (Recording.load(path).hand == same.hand)[:, :5].all()
    before = path.read_bytes()
    code, line = error(capsys, *arguments)
    assert code == 2
    assert "--overwrite" in line
    assert path.read_bytes() == before
    kwargs = ["--kwargs", '{"schedule": [{"name": "a", "trials": 3}]}']
    assert main([*arguments[:4], "--out", str(path), "--overwrite", "--session", *kwargs]) == 0
    assert Recording.load(path).trial.tolist() == [0, 1, 2]


def test_record_for_minari(capsys, tmp_path, monkeypatch):
    minari = pytest.importorskip("minari")
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path))
    arguments = ["record", CURL, "--agent", "random", "--trials", "2", "--minari", "reach/test-v0"]
    assert main(arguments) == 0
    assert "wrote the Minari dataset reach/test-v0" in capsys.readouterr().out
    assert minari.load_dataset("reach/test-v0").total_episodes == 2
    code, line = error(capsys, *arguments)
    assert code == 2
    assert "`dataset_id` must be new" in line


@pytest.mark.parametrize("name", ["broken", "stopped"])
def test_failing_agents(capsys, agents, name):
    code = main(["evaluate", GRID, "--agent", f"their_agents:{name}", "--episodes", "2"])
    out, err = capsys.readouterr()
    assert out == ""
    if name == "broken":
        assert (code, err) == (1, "error: RuntimeError: no idea what to do\n")
    else:
        assert (code, err) == (130, "interrupted\n")


def test_watch_writes_a_video_without_a_display(capsys, tmp_path):
    from PIL import Image

    path = tmp_path / "new" / "a.gif"
    small = ["--kwargs", '{"size": 5, "start": [0, 0], "target": [4, 0]}']
    arguments = ["watch", GRID, "--episodes", "2", "--fps", "5", "--video", str(path), *small]
    assert main(arguments) == 0
    assert capsys.readouterr().out == f"wrote {path}\n"
    with Image.open(path) as gif:
        # Start and four steps, twice; the pause at the end of an episode lengthens its last picture.
        assert gif.n_frames == 10
        gif.seek(4)
        assert gif.info["duration"] == 1000
    before = path.read_bytes()
    code, line = error(capsys, *arguments)
    assert code == 2
    assert "--overwrite" in line
    assert path.read_bytes() == before
    assert main([*arguments, "--overwrite", "--agent", "random", "--seed", "4"]) == 0
    assert path.read_bytes() != before


def test_watch_a_cursor_task_in_real_time(capsys, tmp_path, monkeypatch):
    from PIL import Image

    from reach_gym.rendering import draw

    path, scenes = tmp_path / "a.gif", []
    monkeypatch.setattr("reach_gym.rows.vector_env.draw", lambda scene: scenes.append(scene) or draw(scene, 96))
    assert main(["watch", CURL, "--agent", "ideal", "--episodes", "1", "--video", str(path)]) == 0
    steps = [scene.step for scene in scenes]
    last = steps[-1]
    assert steps[: 1 + last // 2] == list(range(0, last + 1, 2))
    assert last % 2 == 1  # so that the last picture is one of its own
    assert steps[1 + last // 2 :] == [last] * 41
    assert scenes[-1].success
    with Image.open(path) as gif:
        # 50 pictures a second show every second step of 10 ms; those of the pause are one long picture.
        assert gif.n_frames == 1 + (last + 1) // 2
        assert gif.info["duration"] == 20


@pytest.mark.parametrize("ending", ["gif", "mp4"])
def test_watch_an_arm(capsys, tmp_path, monkeypatch, ending):
    from reach_gym.rendering import draw

    path, scenes = tmp_path / f"a.{ending}", []
    monkeypatch.setattr("reach_gym.rows.vector_env.draw", lambda scene: scenes.append(scene) or draw(scene, 96))
    assert main(["watch", "ArmReachCurl-v0", "--agent", "ideal", "--episodes", "1", "--video", str(path)]) == 0
    assert path.stat().st_size > 1000 and scenes[-1].success
    assert all(scene.limbs.joints[2] == pytest.approx(scene.hand, abs=1e-9) for scene in scenes)
    assert len({scene.limbs.joints for scene in scenes}) > 10


def test_watch_that_fails_leaves_no_file(capsys, agents):
    code, line = error(capsys, "watch", GRID, "--agent", "their_agents:broken", "--video", "a.gif")
    assert (code, line) == (1, "error: RuntimeError: no idea what to do\n")
    assert not list(agents.glob("*.gif"))


def test_watch_in_a_window(capsys, monkeypatch):
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    assert main(["watch", GRID, "--episodes", "1", "--fps", "60", "--kwargs", '{"size": 3}']) == 0
    assert capsys.readouterr().err == ""
    assert not load_pygame().display.get_init()


class Typist(Window):
    """A window with a player, who presses the n-th keys of `script` when he sees the n-th picture."""

    script: tuple[str, ...] = ()
    shown = 0

    def show(self, frame):
        super().show(frame)
        pygame = load_pygame()
        keys = self.script[self.shown].split() if self.shown < len(self.script) else ["escape"]
        self.shown += 1
        for name in keys:
            if name == "close":
                pygame.event.post(pygame.event.Event(pygame.WINDOWCLOSE, window=self._window))
            else:
                code = pygame.key.key_code(name)
                for kind in (pygame.KEYDOWN, pygame.KEYUP):
                    pygame.event.post(pygame.event.Event(kind, key=code, window=self._window))


@pytest.fixture
def game(monkeypatch):
    """Plays a script on a small grid; returns the trials, and the squares where each trial ended."""
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    monkeypatch.setattr("reach_gym.cli.grid_play._PAUSE", 0.05)

    def played(*script):
        window = Typist("game", 1000)
        window.script = script
        env = make(f"reach_gym/{GRID}", {"size": 6, "start": [0, 0], "target": [3, 3]}, "rgb_array")
        trials = play(env, window, 0)
        path = env.unwrapped.scene().trail
        window.close()
        env.close()
        return [(t.steps, t.ideal, t.total, t.success) for t in trials], path

    return played


def test_play_counts_trials(game):
    # Four steps to the target; a key in the pause is dropped; a trial is begun and given up; one more.
    trials, path = game("d", "w", "[9]", "e", "q", "d", "r", "w", "up", "escape")
    assert trials == [(4, 3, -3.0, True)]
    assert path == ((0, 0), (0, 1), (0, 2))


def test_play_does_every_key_of_fast_typing(game):
    # The fourth key is too late for the trial, and must not move the cursor of the next one.
    trials, path = game("e e e a", "", "", "", "escape")
    assert trials == [(3, 3, -2.0, True)]
    assert path == ((0, 0),)


def test_play_quits_in_the_pause(game, monkeypatch):
    monkeypatch.setattr("reach_gym.cli.grid_play._PAUSE", 60.0)
    assert game("e", "e", "e", "escape")[0] == [(3, 3, -2.0, True)]


def test_play_ends_when_the_window_is_closed(game):
    assert game("e", "close") == ([], ((0, 0), (1, 1)))


def test_play_prints_a_table(capsys, monkeypatch):
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    monkeypatch.setattr("reach_gym.cli.play.Window", Typist)
    monkeypatch.setattr(Typist, "script", ("e", "e", "e", "escape"))
    assert main(["play", GRID, "--kwargs", '{"size": 6, "start": [0, 0], "target": [3, 3]}']) == 0
    assert capsys.readouterr().out.splitlines()[-1].split() == ["1", "3", "3", "-2", "yes"]


def test_keys_mean_their_directions():
    for block in ("[1]", "[2]", "[3]", "[4]", "[6]", "[7]", "[8]", "[9]"), "zxcadqwe":
        assert sorted(DIRECT[name] for name in block) == list(range(8))
    digits = {7: (-1, 1), 8: (0, 1), 9: (1, 1), 4: (-1, 0), 6: (1, 0), 1: (-1, -1), 2: (0, -1), 3: (1, -1)}
    for digit, move in digits.items():
        assert MOVES[DIRECT[f"[{digit}]"]] == move
    letters = dict(zip("qweadzxc", (7, 8, 9, 4, 6, 1, 2, 3), strict=True))
    for letter, digit in letters.items():
        assert DIRECT[letter] == DIRECT[f"[{digit}]"]


def test_one_arrow_is_one_straight_step():
    moves = Moves()
    assert moves.press(Key("left", True), 10.0) is None
    assert moves.poll(10.0 + CHORD / 2) is None
    assert moves.poll(10.0 + CHORD) == Action.WEST
    assert moves.poll(11.0) is None
    moves.press(Key("left", False), 11.0)
    assert moves.poll(12.0) is None


def test_two_arrows_are_one_diagonal_step():
    moves = Moves()
    moves.press(Key("right", True), 1.0)
    moves.press(Key("down", True), 1.0 + CHORD / 2)
    assert moves.poll(1.0 + CHORD / 2) == Action.SOUTH_EAST
    assert moves.poll(2.0) is None
    # One held, the other tapped: again a diagonal.
    moves.press(Key("down", False), 2.0)
    moves.press(Key("up", True), 3.0)
    assert moves.poll(3.0) == Action.NORTH_EAST
    moves.press(Key("right", False), 3.1)
    moves.press(Key("up", False), 3.1)
    moves.press(Key("up", True), 4.0)
    assert moves.poll(4.0 + CHORD) == Action.NORTH


def test_opposite_arrows_do_nothing():
    moves = Moves()
    moves.press(Key("right", True), 1.0)
    moves.press(Key("left", True), 1.0)
    assert moves.poll(2.0) is None


@dataclass(kw_only=True)
class Learn(shell.Command):
    """Learn something."""

    out: str = "here"

    def run(self):
        print(f"learnt {self.out}")


@dataclass(kw_only=True)
class Fail(shell.Command):
    """Fail."""

    raised: ClassVar[Exception]
    in_request: ClassVar[bool]

    def run(self):
        if self.in_request:
            with shell.request():
                raise self.raised
        raise self.raised


@pytest.mark.parametrize("name", ["q_learning", "q-learning"])
@pytest.mark.parametrize("registered", ["q_learning", "q-learning"])
def test_dashes_and_underscores(capsys, name, registered):
    assert shell.main({registered: f"{__name__}:Learn"}, [name, "--out", "there"], "agents", "Agents.") == 0
    assert capsys.readouterr().out == "learnt there\n"


@pytest.mark.parametrize(
    ("raised", "in_request", "code"),
    [
        (ValueError("a\n  b"), True, 2),
        (TypeError("a b"), True, 2),
        (ImportError("a b"), True, 2),
        (AttributeError("a b"), True, 2),
        (FileNotFoundError("a b"), True, 2),
        (ZeroDivisionError("a b"), True, 1),
        (ValueError("a b"), False, 1),
        (shell.RequestError("a b"), False, 2),
        (ValueError(), True, 2),
    ],
)
def test_exit_codes(capsys, monkeypatch, raised, in_request, code):
    monkeypatch.setattr(Fail, "raised", raised, raising=False)
    monkeypatch.setattr(Fail, "in_request", in_request, raising=False)
    assert shell.main({"fail": f"{__name__}:Fail"}, ["fail"], "p", "P.") == code
    kind = f"{type(raised).__name__}: " if code == 1 else ""
    assert capsys.readouterr().err == f"error: {kind}{'a b' if str(raised) else 'ValueError'}\n"


def run(*arguments, **options):
    return subprocess.run(
        [sys.executable, "-m", "reach_gym", *arguments],
        capture_output=True,
        text=True,
        check=False,
        **options,
    )


def test_module_and_console_script():
    done = run("list")
    assert (done.returncode, done.stderr) == (0, "")
    script = shutil.which("reach-gym", path=os.path.dirname(sys.executable))
    if script is not None:
        again = subprocess.run([script, "list"], capture_output=True, text=True, check=True)
        assert again.stdout == done.stdout
    failed = run("show", "x")
    assert (failed.returncode, failed.stdout, failed.stderr.count("\n")) == (2, "", 1)


@pytest.mark.parametrize("arguments", [["list"], ["show", GRID], ["--help"]])
def test_a_closed_pipe_is_no_error(arguments):
    # `true` reads nothing, so that every write and every flush fails.
    command = f"{sys.executable} -m reach_gym {' '.join(arguments)} | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    read, write = os.pipe()
    os.close(read)
    closed = subprocess.run(
        [sys.executable, "-m", "reach_gym", *arguments],
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(write)
    assert (closed.returncode, closed.stderr) == (0, "")


def test_ctrl_c_in_a_process(agents, hears_ctrl_c):
    (agents / "slow.py").write_text(
        textwrap.dedent("""
        import time
        class Slow:
            def reset(self, starts):
                print("ready", flush=True)
            def act(self, observations):
                time.sleep(30)
        slow = Slow()
        """)
    )
    command = [sys.executable, "-m", "reach_gym", "evaluate", GRID, "--agent", "slow:slow", "--episodes", "1"]
    root = Path(shell.__file__).parents[2]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(root)},
        preexec_fn=hears_ctrl_c,
    )
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (130, "interrupted\n")


def test_an_ascii_terminal_gets_question_marks():
    done = run("show", "GridReachTabularWind-v0", env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0
    assert "? ? ? ? ? ? ? ? ? ?" in done.stdout


def test_commands_load_no_heavy_modules_of_other_commands():
    code = (
        "import sys; from reach_gym.cli import main; from benchmarks.__main__ import main as benchmarks; from agents.__main__ import main as agents;"
        "heavy = {'torch', 'numba', 'pygame', 'matplotlib', 'imageio', 'sklearn'};"
        "told = lambda code: print(code, sorted(heavy & set(sys.modules)), file=sys.stderr);"
        "told(main(['list']) or benchmarks(['leaderboard', '--help'])); told(agents(['q_learning', '--help']))"
    )
    root = Path(shell.__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stderr == "0 []\n0 ['matplotlib']\n"  # for the curves of a training
