"""The ablation of DQN and its race against Stable-Baselines3: what is measured, resumed, told and refused."""

from __future__ import annotations

import itertools
import json
import math
import time
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest
import torch

from agents.common import runs
from benchmarks import dqn, dqn_race, dqn_report
from benchmarks.__main__ import main
from benchmarks.dqn_arms import ARMS, RADIUS_STUDY


def record(arm: str, seed: int, near: list[float], total: int = 1000) -> dict[str, Any]:
    cpu = [5.0 * (k + 1) + seed for k in range(len(near))]
    ends = {"success": near[-1] / 2, "optimal": 0.25}
    settings = dqn.settings_of(arm, total)
    return {"arm": arm, "seed": seed, "total": total, "settings": settings, "steps": [500, 1000], "cpu": cpu, "near": near, "exact": near, "all": ends}


def test_seconds_are_those_of_the_first_look_that_reaches_the_goal() -> None:
    assert dqn_report.cpu_to_goal(record("default", 0, [0.5, 0.99])) == 10
    assert dqn_report.cpu_to_goal(record("default", 2, [0.995, 0.4])) == 7
    assert dqn_report.cpu_to_goal(record("default", 0, [0.5, 0.989])) == math.inf
    assert "99 % not reached" in dqn_report.line(record("default", 0, [0.5, 0.6]))


def test_what_is_there_is_not_run_again_and_all_of_it_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs.prepare(tmp_path / "out", "dqn ablation")
    there = [record("no hindsight", seed, [0.2, 0.3]) for seed in range(3)]
    there += [record("default", seed, [0.5, 0.99 + 0.01 * (seed > 0)]) for seed in range(3)]
    there += [record("coordinates", 0, [0.1, 0.2]), record("double Q", 0, [1.0, 1.0], total=999)]
    there += [{**record("default", 0, [1.0, 1.0]), "settings": {}}, {**record("default", 0, [1.0, 1.0]), "arm": "of old"}]
    (tmp_path / "out" / dqn.RECORDS).write_text("".join(json.dumps(each) + "\n" for each in there))
    arguments = ["--out", str(tmp_path / "out"), "--arms", "default", "no hindsight", "--seeds", "2", "--steps", "1000"]
    assert main(["dqn", *arguments]) == 0
    lines = (tmp_path / "out" / "table.md").read_text().splitlines()
    assert [line.split(" | ")[:3] for line in lines[2:]] == [
        ["| default", "3 of 3", "11 (10 to 12)"],
        ["| no hindsight", "0 of 3", "-"],
        ["| coordinates", "0 of 1", "-"],
    ]
    assert "double Q" not in capsys.readouterr().out
    assert (tmp_path / "out" / "ablation.png").stat().st_size > 10_000 and (tmp_path / "out" / "radius.png").exists()


def test_a_run_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dqn, "_LOOKS", 1)
    monkeypatch.setattr(dqn, "_HELD_OUT", 100)
    measured = dqn.measure("coordinates", 0, 2240)
    assert measured["steps"] == [2240] and measured["updates"] == [2 * (2240 - 2000) // 64 + 1]
    assert 0 < measured["near"][0] < 1 and measured["exact"][0] <= measured["near"][0] and measured["cpu"][0] > 0
    assert json.loads(json.dumps(measured)) == measured


@pytest.mark.parametrize("name", ARMS)
def test_every_arm_makes_a_learner(name: str) -> None:
    learner = dqn.learner_of(name, 0, 64)
    assert learner.total == 64 and (name in RADIUS_STUDY or "coordinates" not in name)
    learner.envs.close()


def test_runs_are_measured_in_processes(tmp_path: Path) -> None:
    out = ["--out", str(tmp_path / "out"), "--seeds", "1", "--steps", "64", "--jobs", "2"]
    assert main(["dqn", "--arms", "coordinates", *out]) == 0
    records = dqn.read(tmp_path / "out" / dqn.RECORDS)
    assert [(each["arm"], each["steps"][-1]) for each in records] == [("coordinates", 64)]


class Slow:
    """Takes its time to learn, and is good after the first leg."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def __call__(self, seed: int, watch: dqn_race.Stopwatch) -> None:
        begin = time.process_time()
        while time.process_time() < begin + self.seconds:
            pass
        watch.goes_on(6400, None, None)


def test_each_has_a_stopwatch_of_its_own(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    monkeypatch.setattr(dqn_race.Stopwatch, "_judge", lambda self, agent, env: (1.0, 0.75))
    monkeypatch.setitem(dqn_race.LEARNERS, dqn_race.OURS, Slow(2.2))
    monkeypatch.setitem(dqn_race.LEARNERS, dqn_race.RADIUS, Slow(1.1))
    out = tmp_path / "race.md"
    assert main(["dqn_race", "--seeds", "1", "--learners", dqn_race.OURS, dqn_race.RADIUS, "--out", str(out)]) == 0
    told = [[cell.strip() for cell in line.split("|")[1:-1]] for line in out.read_text().splitlines() if line.startswith("| ")][2:]
    assert told == [[dqn_race.OURS, "0", "2 s", "6,400", "100.0%", "75.0%"], [dqn_race.RADIUS, "0", "1 s", "6,400", "100.0%", "75.0%"]]
    assert "75.0%" in capsys.readouterr().out


def test_the_race_tells_all_sides(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dqn, "_HELD_OUT", 100)
    clock = itertools.count(0.0, 10.0)  # so that the time of each is up after its first leg
    monkeypatch.setattr(dqn_race.time, "process_time", lambda: next(clock))
    assert main(["dqn_race", "--seeds", "1", "--limit", "1", "--leg", "2176"]) == 0
    output = capsys.readouterr().out
    assert all(name in output for name in dqn_race.LEARNERS) and output.count("not within") == 3


def test_goals_are_drawn_as_the_task_draws_them() -> None:
    torch.manual_seed(0)
    pixels, goals = (
        gym.make_vec("reach_gym/GridReach-v0", num_envs=5, backend="numpy", observation=kind) for kind in ("pixels", "goal")
    )
    places = {name: torch.as_tensor(values) for name, values in goals.reset(seed=1)[0].items()}
    network = dqn_race.GoalPixels(goals.single_observation_space, 16)
    torch.testing.assert_close(network(places), network.layers(torch.as_tensor(pixels.reset(seed=1)[0])))


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["dqn", "--arms", "nosuch"], "nosuch"),
        (["dqn", "--seeds", "0"], "seeds"),
        (["dqn_race", "--limit", "0"], "limit"),
        (["dqn_race", "--leg", "1"], "leg"),
        (["dqn_race", "--learners", "nosuch"], "nosuch"),
    ],
)
def test_bad_requests(arguments: list[str], word: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = ["--out", str(tmp_path / "out")] if arguments[0] == "dqn" else []
    assert main([*arguments, *out]) == 2
    output = capsys.readouterr()
    assert (output.out, output.err.count("\n")) == ("", 1) and word in output.err
    assert not (tmp_path / "out").exists()
