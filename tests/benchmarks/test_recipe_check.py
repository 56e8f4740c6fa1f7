"""The check of the recipes: runs that are counted, kept and resumed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import recipe_check
from benchmarks.__main__ import main
from benchmarks.dqn import RECORDS, read
from benchmarks.training_run import Job
from reach_gym.acting.recipes import recipe

CURSOR, CURL = "reach_gym/CursorReach-v0", "reach_gym/CursorReachCurl-v0"


def trained(job: Job) -> dict[str, Any]:
    """A run that succeeds less with every seed."""
    success, false = 0.99 - 0.03 * job.seed, 0.01 * job.seed
    return {**job._asdict(), "settings": job.settings(), "steps": [job.budget], "cpu": [10.0], "success": [success], "false_starts": [false]}


def test_runs_are_counted_and_only_the_missing_ones_are_done(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recipe_check, "measure", trained)
    command = ["recipes", "--out", str(tmp_path / "out"), "--tasks", "CursorReachCurl-v0", "--algos", "sac", "ppo", "--seeds"]
    assert main([*command, "0", "2"]) == 0
    first = read(tmp_path / "out" / RECORDS)
    steps = {algo: recipe(algo, CURL).steps for algo in ("sac", "ppo")}
    assert sorted((each["algo"], each["seed"], each["budget"]) for each in first) == [
        *(("ppo", seed, steps["ppo"]) for seed in (0, 2)),
        *(("sac", seed, steps["sac"]) for seed in (0, 2)),
    ]
    assert {(each["looks"], each["episodes"]) for each in first} == {(1, 1000)}
    stale = {**first[0], "settings": {}, "seed": 1}
    (tmp_path / "out" / RECORDS).write_text("".join(json.dumps(each) + "\n" for each in [*first, stale]))
    capsys.readouterr()
    assert main([*command, "0", "1", "2"]) == 0
    assert capsys.readouterr().out.count("success") == 2
    again = read(tmp_path / "out" / RECORDS)
    assert again[:4] == first and {each["seed"] for each in again[4:]} == {1} and len(again) == 6
    line = f"| CursorReachCurl-v0 | sac | 2 of 3 | 96.0% | 93.0% | 1.0% | 2.0% | {steps['sac']:,} | 10 |"
    assert line in (tmp_path / "out" / "table.md").read_text().splitlines()


def test_a_run_that_fails_leaves_the_others(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recipe_check, "measure", fails_for_sac)
    assert main(["recipes", "--out", str(tmp_path / "out"), "--tasks", "CursorReach-v0", "--algos", "sac", "td3", "--seeds", "4"]) == 1
    output = capsys.readouterr()
    assert "failed: sac, CursorReach-v0, seed 4" in " ".join(output.out.split()) and "1 of 2" in output.err
    assert [(each["algo"], each["env_id"]) for each in read(tmp_path / "out" / RECORDS)] == [("td3", CURSOR)]


def fails_for_sac(job: Job) -> dict[str, Any]:
    if job.algo == "sac":
        raise ValueError("no")
    return trained(job)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [(["--seeds", "-1"], "seeds"), (["--algos", "dqn"], "algos"), (["--tasks", "GridReach-v0"], "algos"), (["--observation", "pixels"], "'pixels'"), (["--jobs", "0"], "jobs")],
)
def test_bad_requests(arguments: list[str], word: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["recipes", "--out", str(tmp_path / "out"), *arguments]) == 2
    assert word in capsys.readouterr().err and not (tmp_path / "out").exists()


def test_another_observation_is_another_task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recipe_check, "measure", trained)
    command = ["recipes", "--out", str(tmp_path / "out"), "--tasks", "GridReach-v0", "--algos", "dqn", "--seeds", "0"]
    assert main(command) == main([*command, "--observation", "goal"]) == 0
    plain, goal = read(tmp_path / "out" / RECORDS)
    assert (plain["observation"], goal["observation"]) == (None, "goal") and goal["settings"]["env_kwargs"] == {"observation": "goal"}
    assert main([*command, "--observation", "vector"]) == 0  # which it is anyway
    assert len(read(tmp_path / "out" / RECORDS)) == 2
    table = (tmp_path / "out" / "table.md").read_text()
    assert "| GridReach-v0 | dqn | 1 of 1 |" in table and "| GridReach-v0 (goal) | dqn | 1 of 1 |" in table


def test_there_are_no_false_starts_on_the_grid() -> None:
    record = {**trained(Job("dqn", "reach_gym/GridReach-v0", 0, 1000, 1, 1000)), "false_starts": [None]}
    assert "| GridReach-v0 | dqn | 1 of 1 | 99.0% | 99.0% | - | - | 1,000 | 10 |" in recipe_check.markdown([record])
