"""``python -m agents dqn``: presets, run directories, what is written, and that trained agents enter everywhere."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import matplotlib.image
import pytest

from agents.__main__ import main
from agents.common import judging
from agents.dqn import checkpoint as dqn_checkpoint
from agents.dqn.config import PRESETS
from agents.dqn.learner import HISTORY
from reach_gym.acting import rollout
from reach_gym.cli import main as reach_gym_main
from reach_gym.planning import RandomAgent
from reach_gym.training import checkpoint

ROOT = Path(__file__).resolve().parents[3]
PIXELS = "reach_gym/GridReachPixels-v0"
SMALL = [
    "--env", PIXELS, "--env-kwargs", '{"size": 4}', "--num-envs", "8", "--steps", "800", "--warmup", "64", "--batch", "16",
    "--buffer", "400", "--channels", "2", "2", "--hidden", "8", "--log-every", "80",
]  # fmt: skip


def command(out: Path, *more: str) -> list[str]:
    return ["dqn", "--out", str(out), *SMALL, *more]


def manifest_of(out: Path) -> Any:
    return json.loads((out / checkpoint.MANIFEST).read_text())


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "deep" / "run"
    assert main(command(out, "--seed", "3", "--radius", '{"start": 2, "every": 3}')) == 0
    return out


def test_everything_is_written(finished: Path) -> None:
    manifest = manifest_of(finished)
    assert manifest["env"] == {"id": PIXELS, "kwargs": {"size": 4, "radius": {"start": 2, "every": 3}}}
    with (finished / "learning_curve.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == HISTORY
    assert [float(row["step"]) for row in rows] == [80.0 * k for k in range(1, 11)]
    radii = [float(row["radius"]) for row in rows]  # means over the rows
    assert radii == sorted(radii, reverse=True) and radii[0] > 1.5 and radii[-1] < 1.0
    scores = json.loads((finished / "evaluation.json").read_text())
    # The radius of the training is no part of the question; at radius 1 neighbours are no pairs.
    assert {(each["task"], each["agent"]): each["episodes"] for each in scores} == {
        ("exact hit", "random"): 1000, ("exact hit", "dqn"): 240, ("within 1", "random"): 1000, ("within 1", "dqn"): 192,
    }  # fmt: skip
    for name in ("learning_curve.png", "steps.png", "trajectories.png"):
        assert matplotlib.image.imread(finished / name).std() > 0.05


def test_tensorboard_reads_the_curves(finished: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(finished / "tensorboard"))
    events.Reload()
    assert {f"learning/{name}" for name in HISTORY[1:]} <= set(events.Tags()["scalars"])
    assert [event.step for event in events.Scalars("learning/radius")] == [80 * k for k in range(1, 11)]
    assert events.Scalars("learning/radius")[0].value > 1.5
    assert all(event.value > 0 for event in events.Scalars("speed/steps_per_second"))
    told = json.loads(events.Tensors("settings/text_summary")[0].tensor_proto.string_val[0])
    assert told == {"env": PIXELS, "env_kwargs": manifest_of(finished)["env"]["kwargs"], "seed": 3, **manifest_of(finished)["config"]}
    assert "_hparams_/session_start_info" in events.summary_metadata


def test_a_run_cut_in_two_is_the_same_and_its_curves_go_on(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    more = ("--seed", "3", "--radius", '{"start": 2, "every": 3}')
    calls = 0

    def interrupted(learner: dqn_checkpoint.DQN, *where: Any) -> None:
        nonlocal calls
        calls += 1
        save(learner, *where)
        if calls == 3:  # at the start, after 240 steps, after 480
            raise KeyboardInterrupt

    save = dqn_checkpoint.save
    monkeypatch.setattr(dqn_checkpoint, "save", interrupted)
    assert main(command(out, *more, "--checkpoint-every", "240")) == 130
    monkeypatch.undo()
    assert int(checkpoint.load(out)[0]["replay/time"]) == 60
    capsys.readouterr()
    assert main(command(out, *more, "--resume")) == 0
    output = capsys.readouterr()
    for text in (PIXELS, "all 240 pairs", "exact hit", "within 1", "random", "dqn", "run"):
        assert text in output.out
    assert output.err == ""
    assert manifest_of(out) == manifest_of(finished)
    assert (out / "learning_curve.csv").read_bytes() == (finished / "learning_curve.csv").read_bytes()
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(out / "tensorboard"))
    events.Reload()
    # The files of two runs that begin in the same second are read in the order of a counter's digits.
    assert sorted(event.step for event in events.Scalars("learning/radius")) == [80 * k for k in range(1, 11)]
    assert len(events.Tensors("settings/text_summary")) == 1


def test_presets_and_what_overrides_them(tmp_path: Path) -> None:
    assert main(command(tmp_path / "run", "--preset", "paper", "--steps", "80", "--env-kwargs", '{"size": 10}')) == 0
    manifest = manifest_of(tmp_path / "run")
    paper = PRESETS["paper"].config
    assert manifest["config"]["learning_rate"] == paper.learning_rate
    assert manifest["config"]["target_rate"] == 1.0
    assert manifest["config"]["batch"] == 16
    assert manifest["env"]["kwargs"]["radius"] == PRESETS["paper"].radius


def test_a_finished_run_can_be_told_again_where_steps_do_not_divide(tmp_path: Path) -> None:
    short = command(tmp_path / "run", "--steps", "100")  # of 8 rows: 104
    assert main(short) == 0
    (tmp_path / "run" / "evaluation.json").unlink()
    assert main([*short, "--resume"]) == 0
    assert (tmp_path / "run" / "evaluation.json").exists()
    assert main([*command(tmp_path / "run", "--steps", "96"), "--resume"]) == 2


def test_a_radius_of_the_task_comes_before_that_of_the_preset(tmp_path: Path) -> None:
    kwargs = '{"size": 4, "radius": 2, "backend": "numpy"}'
    assert main(command(tmp_path / "run", "--preset", "paper", "--steps", "80", "--env-kwargs", kwargs)) == 0
    assert manifest_of(tmp_path / "run")["env"]["kwargs"]["radius"] == 2


def test_neighbours_are_judged_by_the_exact_hit_only(tmp_path: Path) -> None:
    kwargs = '{"size": 4, "start": [1, 1], "target": [1, 2]}'
    assert main(command(tmp_path / "run", "--steps", "80", "--env-kwargs", kwargs)) == 0
    scores = json.loads((tmp_path / "run" / "evaluation.json").read_text())
    assert [each["task"] for each in scores] == ["exact hit"] * 2


def test_a_large_grid_is_judged_on_held_out_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "_MOST_PAIRS", 4**4 - 1)
    kwargs = {"size": 4, "target": [0, 0]}
    found = judging.judge_grid(RandomAgent(rollout.make_rows(PIXELS, 1, kwargs)), "mine", PIXELS, kwargs)
    assert len(found["exact hit", "mine"].steps) == 1000 and "held-out" in judging.pairs_told(1000)


def test_a_buffer_that_no_checkpoint_can_hold_is_refused_before_anything_is_deleted(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(finished, tmp_path / "run")
    before = manifest_of(tmp_path / "run")
    monkeypatch.setattr(checkpoint, "MAX_ARRAYS_BYTES", 10_000)
    assert main(command(tmp_path / "run", "--overwrite")) == 2
    assert "`buffer` must be smaller" in capsys.readouterr().err
    assert manifest_of(tmp_path / "run") == before


@pytest.mark.parametrize(
    ("more", "word"),
    [
        (("--env", "reach_gym/NoSuch-v0"), "NoSuch"),
        (("--env", "CursorReach-v0", "--env-kwargs", "{}"), "grid reach"),
        (("--env", "GridReachTabular-v0", "--env-kwargs", "{}"), "pixels"),
        (("--preset", "best"), "preset"),
        (("--batch", "0"), "batch"),
        (("--learning-rate", "nan"), "learning_rate"),
        (("--steps", "many"), "many"),
        (("--seed", "-1"), "seed"),
        (("--checkpoint-every", "0"), "checkpoint-every"),
        (("--threads", "0"), "threads"),
        (("--radius", "{"), "radius"),
        (("--radius", "-1"), "radius"),
        (("--env-kwargs", "[1]"), "JSON"),
        (("--env-kwargs", '{"colour": 1}'), "colour"),
        (("--symmetries", "--env-kwargs", '{"size": 4, "field": "curl_ccw"}'), "symmetries"),
    ],
)
def test_bad_requests(tmp_path: Path, more: tuple[str, ...], word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(command(tmp_path / "run", *more)) == 2
    output = capsys.readouterr()
    assert (output.out, output.err.count("\n")) == ("", 1)
    assert output.err.startswith("error: ") and word in output.err
    assert not (tmp_path / "run").exists()


def test_a_run_directory_is_an_agent(finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    task = ["GridReachPixels-v0", "--kwargs", '{"size": 4}', "--agent", str(finished)]
    assert reach_gym_main(["evaluate", *task, "--episodes", "all", "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    scores = json.loads((finished / "evaluation.json").read_text())
    mine = next(each for each in scores if (each["task"], each["agent"]) == ("exact hit", "dqn"))
    assert {name: summary[name] for name in ("success", "optimal", "mean_steps")} == {
        name: mine[name] for name in ("success", "optimal", "mean_steps")
    }
    assert reach_gym_main(["watch", *task, "--episodes", "1", "--video", str(tmp_path / "dqn.gif")]) == 0
    assert (tmp_path / "dqn.gif").stat().st_size > 1000
    assert reach_gym_main(["evaluate", "GridReach-v0", "--agent", str(finished), "--episodes", "3"]) == 2
    assert "uint8" in capsys.readouterr().err
    assert reach_gym_main(["evaluate", "GridReach-v0", "--agent", str(tmp_path), "--episodes", "3"]) == 2


@pytest.mark.skipif(os.name != "posix", reason="sends SIGINT")
def test_ctrl_c_saves_and_exits_130(tmp_path: Path) -> None:
    out = tmp_path / "run"
    more = ("--steps", "24000", "--checkpoint-every", "80")
    argv = [sys.executable, "-m", "agents", *command(out, *more)]
    with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 120
        while not (out / checkpoint.MANIFEST).exists() or manifest_of(out)["updates"] == 0:
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert not (out / "evaluation.json").exists()
    assert 64 < int(checkpoint.load(out)[0]["replay/time"]) * 8 < 24_000
