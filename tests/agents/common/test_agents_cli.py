"""``python -m agents q_learning``: run directories, exit codes, and what is written."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import gymnasium as gym
import matplotlib.image
import numpy as np
import pytest

from agents.__main__ import main
from agents.common import runs
from agents.q_learning.config import QLearningConfig
from agents.q_learning.learner import QLearning, load
from reach_gym.training import checkpoint

WIND = "reach_gym/GridReachTabularWind-v0"
ROOT = Path(__file__).resolve().parents[3]


def command(out: Path, *more: str, env: str = WIND) -> list[str]:
    return ["q_learning", "--env", env, "--out", str(out), "--episodes", "200", *more]


def q_of(out: Path) -> Any:
    return checkpoint.load(out)[0]["tabular/q"]


def refused(capsys: pytest.CaptureFixture[str], argv: list[str]) -> str:
    """The one line of an error for a bad request."""
    assert main(argv) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith("error: ")
    assert output.err.count("\n") == 1
    return output.err


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "deep" / "run"
    assert main(command(out, "--seed", "3")) == 0
    return out


def test_an_id_needs_no_namespace(tmp_path: Path, finished: Path) -> None:
    assert main(command(tmp_path / "run", "--seed", "3", env="GridReachTabularWind-v0")) == 0
    assert q_of(tmp_path / "run").tobytes() == q_of(finished).tobytes()


def test_everything_is_written(finished: Path) -> None:
    learner = QLearning(gym.make(WIND), QLearningConfig(episodes=200), 3)
    learner.learn(200)
    assert q_of(finished).tobytes() == learner.q.tobytes()
    with (finished / "learning_curve.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["episode"]) for row in rows] == list(range(1, 201))
    assert [int(row["steps"]) for row in rows] == learner.steps
    assert [float(row["return"]) for row in rows] == learner.returns
    assert [row["success"] == "1" for row in rows] == learner.successes
    scores = json.loads((finished / "evaluation.json").read_text())
    assert list(scores) == ["random", "q_learning", "ideal"]
    assert scores["ideal"]["mean_steps"] == pytest.approx(4.91, abs=0.005)  # the paper's code, run again
    assert scores["ideal"]["optimal"] == 1
    assert all(score["episodes"] == 99 for score in scores.values())
    assert scores["random"]["optimal"] < scores["q_learning"]["optimal"]
    for name in ("learning_curve.png", "trajectories.png"):
        assert matplotlib.image.imread(finished / name).std() > 0.05
    assert load(finished).act([0]).tolist() == [learner.q[0].argmax()]


def test_the_table_names_task_and_agents(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(command(tmp_path / "run")) == 0
    output = capsys.readouterr()
    for text in (WIND, "random", "q_learning", "ideal", "4.91", str(tmp_path.name)):
        assert text in output.out
    assert output.err == ""  # no progress bar where there is no terminal


def test_an_existing_run_is_refused_resumed_or_overwritten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    assert main(command(out)) == 0
    before = q_of(out)
    capsys.readouterr()
    assert "--resume" in refused(capsys, command(out))
    assert "exclude" in refused(capsys, command(out, "--resume", "--overwrite"))
    assert "seed" in refused(capsys, command(out, "--resume", "--seed", "1"))
    assert q_of(out).tobytes() == before.tobytes()

    assert main([*command(out, "--resume"), "--episodes", "300"]) == 0
    assert main([*command(tmp_path / "whole"), "--episodes", "300"]) == 0
    assert q_of(out).tobytes() == q_of(tmp_path / "whole").tobytes()

    (out / "trajectories.png").write_bytes(b"old")
    assert main(command(out, "--overwrite")) == 0
    assert q_of(out).tobytes() == before.tobytes()
    assert (out / "trajectories.png").read_bytes() != b"old"


def test_nothing_to_resume(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "no run" in refused(capsys, command(tmp_path / "run", "--resume"))
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("flag", ["--overwrite", "--resume"])
def test_foreign_directories_are_left_alone(
    tmp_path: Path, flag: str, capsys: pytest.CaptureFixture[str]
) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "thesis.tex").write_text("years of work")
    assert "left as it is" in refused(capsys, command(precious, flag))
    (precious / runs.MARKER).write_text('{"made_by": "somebody"}')
    assert "left as it is" in refused(capsys, command(precious, flag))
    link = tmp_path / "link"
    runs.prepare(tmp_path / "real", "q_learning")
    link.symlink_to(tmp_path / "real")
    assert "left as it is" in refused(capsys, command(link, flag))
    runs.prepare(tmp_path / "demo", "demo")
    assert "left as it is" in refused(capsys, command(tmp_path / "demo", flag))
    assert (precious / "thesis.tex").read_text() == "years of work"
    assert (tmp_path / "real" / runs.MARKER).exists()


def test_a_file_is_no_run_directory(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "file"
    path.write_text("text")
    for flags in ([], ["--overwrite"], ["--resume"]):
        refused(capsys, command(path, *flags))
    assert path.read_text() == "text"


def test_an_empty_directory_counts_as_missing(tmp_path: Path) -> None:
    runs.prepare(tmp_path, "q_learning")
    assert runs.is_run(tmp_path, "q_learning")


def test_a_damaged_checkpoint_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs.prepare(tmp_path / "run", "q_learning")
    (tmp_path / "run" / checkpoint.MANIFEST).write_text("{")
    assert "JSON" in refused(capsys, command(tmp_path / "run", "--resume"))


@pytest.mark.parametrize(
    ("more", "word"),
    [
        (("--env", "reach_gym/NoSuch-v0"), "NoSuch"),
        (("--env", "reach_gym/GridReach-v0"), "Discrete"),
        (("--env", "FrozenLake-v1"), "grid reach"),
        (("--env", "CartPole-v1"), "grid reach"),
        (("--alpha", "0"), "alpha"),
        (("--alpha", "nan"), "alpha"),
        (("--epsilon", "2"), "epsilon"),
        (("--episodes", "0"), "episodes"),
        (("--episodes", "many"), "many"),
        (("--seed", "-1"), "seed"),
        (("--checkpoint-every", "0"), "checkpoint-every"),
        (("--env-kwargs", "{"), "JSON"),
        (("--env-kwargs", "[1]"), "JSON"),
        (("--env-kwargs", '{"size": 1}'), "size"),
        (("--env-kwargs", '{"colour": 1}'), "colour"),
        (("--no-such-flag",), "no-such-flag"),
    ],
)
def test_bad_requests(
    tmp_path: Path, more: tuple[str, ...], word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert word in refused(capsys, [*command(tmp_path / "run"), *more])
    assert not (tmp_path / "run").exists()


def test_small_grid_by_env_kwargs(tmp_path: Path) -> None:
    kwargs = '{"size": 5, "target": [1, 3], "field": "curl_ccw"}'
    assert main([*command(tmp_path / "run", "--env-kwargs", kwargs), "--episodes", "3000"]) == 0
    scores = json.loads((tmp_path / "run" / "evaluation.json").read_text())
    assert scores["q_learning"]["episodes"] == 24
    assert scores["q_learning"]["optimal"] == 1
    assert q_of(tmp_path / "run").shape == (25, 8)


@pytest.mark.skipif(os.name != "posix", reason="sends signals")
@pytest.mark.parametrize(("number", "code", "word"), [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")])
def test_an_end_from_outside_saves_and_is_told_and_until_then_nobody_else_gets_in(
    tmp_path: Path, number: int, code: int, word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    argv = [
        sys.executable,
        "-m",
        "agents",
        *command(out),
        "--episodes",
        "10000000",
        "--checkpoint-every",
        "100",
    ]
    with subprocess.Popen(argv, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 60
        while not out.exists() or len(checkpoint_steps(out)) == 0:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        for flag in ("--resume", "--overwrite") if number == signal.SIGINT else ():
            assert f"in use by process {process.pid}" in refused(capsys, command(out, "--episodes", "10000000", flag))
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == code
    assert errors == f"{word}\n"
    assert sorted(path.name for path in out.iterdir()) == sorted(["run.json", "checkpoint.json", *(path.name for path in out.glob("arrays-*"))])
    learner = QLearning(gym.make(WIND), QLearningConfig(), 0)
    learner.learn(len(checkpoint_steps(out)))
    assert q_of(out).tobytes() == learner.q.tobytes()
    assert not (out / "evaluation.json").exists()


def checkpoint_steps(out: Path) -> Any:
    """The steps of the episodes in a checkpoint that may be replaced while it is read."""
    try:
        return checkpoint.load(out)[0]["tabular/steps"]
    except checkpoint.CheckpointError:
        return np.zeros(0)


@pytest.mark.skipif(os.name != "posix", reason="sends SIGINT")
@pytest.mark.parametrize("seconds", [0.8, 2.0])
def test_ctrl_c_during_the_imports_is_no_traceback(tmp_path: Path, seconds: float, hears_ctrl_c: Any) -> None:
    argv = [sys.executable, "-m", "agents", *command(tmp_path / "run"), "--episodes", "10000000"]
    with subprocess.Popen(argv, cwd=ROOT, stderr=subprocess.PIPE, text=True, preexec_fn=hears_ctrl_c) as process:
        time.sleep(seconds)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (130, "interrupted\n")


@pytest.mark.skipif(os.name != "posix", reason="closes stdout by a shell")
def test_a_training_whose_output_nobody_wants_is_done_all_the_same(tmp_path: Path) -> None:
    argv = [sys.executable, "-m", "agents", *command(tmp_path / "run")]
    done = subprocess.run(["sh", "-c", 'exec "$@" >&-', "sh", *argv], cwd=ROOT, stderr=subprocess.PIPE, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads((tmp_path / "run" / "evaluation.json").read_text())["q_learning"]["episodes"] == 99


def test_a_run_that_was_killed_before_its_first_checkpoint_is_overwritten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs.prepare(tmp_path / "run", "q_learning")
    assert "no checkpoint to resume" in refused(capsys, command(tmp_path / "run", "--resume"))
    assert main(command(tmp_path / "run", "--overwrite")) == 0
