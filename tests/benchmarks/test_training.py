"""The training benchmark: runs that are measured, resumed and ranked."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import matplotlib.image
import numpy as np
import pytest

from benchmarks import training, training_report, training_run
from benchmarks.__main__ import main
from benchmarks.dqn import RECORDS, read
from benchmarks.training_run import Job, measure

CURSOR, GRID = "reach_gym/CursorReach-v0", "reach_gym/GridReach-v0"


def record(algo: str, seed: int, end: float, env_id: str = CURSOR, budget: int = 1000) -> dict[str, Any]:
    job = Job(algo, env_id, seed, budget, 3, 40)
    steps = [budget // 4, budget // 2, budget]
    seen = {"steps": steps, "cpu": [1.0 + seed, 2.0 + seed, 4.0 + seed], "success": [0.0, end / 2, end], "mean_return": [0.0] * 3}
    return {**job._asdict(), "settings": job.settings(), **seen, "false_starts": [0.5, 0.2, 0.1] if env_id == CURSOR else [None] * 3}


def test_a_run_is_judged_in_equal_ratios_and_stays_within_its_budget() -> None:
    sac = measure(Job("sac", CURSOR, 0, 1000, 4, 10))
    assert sac["steps"] == [32, 80, 272, 992]  # 19, 73, 267 and 992, at the next step of 16 rows
    assert all(0 <= share <= 1 for name in ("success", "false_starts") for share in sac[name])
    assert 0 <= sac["cpu"][0] < sac["cpu"][-1] and json.loads(json.dumps(sac)) == sac
    ppo = measure(Job("ppo", GRID, 1, 5000, 2, 10))
    assert ppo["steps"][-1] == 4096 and ppo["false_starts"] == [None, None]  # two roll-outs; a third would not fit
    assert measure(Job("ppo", GRID, 1, 100, 1, 10))["steps"] == [2048]


def test_looks_cost_the_run_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr(training_run.time, "process_time", lambda: clock[0])
    original = training_run.evaluate

    def slow(*arguments: Any, **keywords: Any) -> Any:
        clock[0] += 1000.0
        return original(*arguments, **keywords)

    monkeypatch.setattr(training_run, "evaluate", slow)
    assert measure(Job("sac", CURSOR, 0, 320, 3, 5))["cpu"] == [0.0, 0.0, 0.0]


def test_what_is_there_is_not_run_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = ["training", "--out", str(tmp_path / "out"), "--tasks", "CursorReach-v0", "GridReach-v0", "--budgets", "640", "320"]
    more = ["--algos", "ppo", "td3", "--looks", "2", "--episodes", "5", "--jobs", "1"]
    assert main([*out, *more, "--seeds", "1"]) == 0
    first = read(tmp_path / "out" / RECORDS)
    assert {(each["algo"], each["env_id"]) for each in first} == {("ppo", CURSOR), ("td3", CURSOR), ("ppo", GRID)} and len(first) == 6
    assert capsys.readouterr().out.count("success") == 6
    stale = [{**first[0], "settings": {}, "seed": 1}, {**first[0], "env_id": "reach_gym/Gone-v0"}]
    (tmp_path / "out" / RECORDS).write_text("".join(json.dumps(each) + "\n" for each in [*first, *stale]))
    assert main([*out, *more, "--seeds", "2"]) == 0
    assert capsys.readouterr().out.count("success") == 6
    again = read(tmp_path / "out" / RECORDS)
    assert again[:6] == first and len(again) == 12 and {each["seed"] for each in again[6:]} == {1}
    table = (tmp_path / "out" / "table.md").read_text()
    assert table.count("\n| td3 |") == 3 and table.count("\n| ppo |") == 6  # in the ranking, and with each of two budgets
    assert matplotlib.image.imread(tmp_path / "out" / "curves.png").std() > 0.05


def test_a_run_that_fails_leaves_the_others(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "measure", fails_for_sac)
    arguments = ["--out", str(tmp_path / "out"), "--tasks", "CursorReach-v0", "--budgets", "320", "--seeds", "1", "--looks", "1", "--jobs", "1"]
    assert main(["training", *arguments, "--algos", "sac", "ppo", "--episodes", "5"]) == 1
    output = capsys.readouterr()
    assert "failed: sac, CursorReach-v0, seed 0, 320 steps: ValueError: no" in " ".join(output.out.split()) and "1 of 2" in output.err
    assert [each["algo"] for each in read(tmp_path / "out" / RECORDS)] == ["ppo"]


def fails_for_sac(job: Job) -> dict[str, Any]:
    if job.algo == "sac":
        raise ValueError("no")
    return measure(job)


def cells(text: str, heading: str) -> list[list[str]]:
    part = text.split(f"## {heading}\n")[1].split("\n## ")[0]
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in part.splitlines() if line.startswith("| ")][2:]


def test_the_best_with_the_largest_budget_that_all_had_comes_first() -> None:
    records = [record("td3", seed, end, budget=budget) for budget, end in ((500, 1.0), (1000, 0.9), (2000, 1.0)) for seed in range(5)]
    records += [record("sac", seed, end) for seed, end in enumerate((1.0, 1.0, 1.0, 1.0, 0.0))]
    records += [record("dqn", 0, 0.5, GRID)]
    text = training_report.markdown(records)
    assert cells(text, "Success, CursorReach-v0") == [
        ["sac", "-", "100.0% (33.3% to 100.0%)", "-"],
        ["td3", "100.0% (100.0% to 100.0%)", "90.0% (90.0% to 90.0%)", "100.0% (100.0% to 100.0%)"],
    ]
    assert cells(text, "Success, GridReach-v0") == [["dqn", "50.0%"]]
    assert "Of such intervals of 5 runs 89% hold the truth" in text
    assert cells(text, "CursorReach-v0") == [
        ["sac", "1,000", "100.0% (33.3% to 100.0%)", "4 of 5", "10.0%", "1,000", "6", "6"],
        ["td3", "500", "100.0% (100.0% to 100.0%)", "5 of 5", "10.0%", "500", "6", "6"],
        ["td3", "1,000", "90.0% (90.0% to 90.0%)", "0 of 5", "10.0%", "1,000", "6", "6"],
        ["td3", "2,000", "100.0% (100.0% to 100.0%)", "5 of 5", "10.0%", "2,000", "6", "6"],
    ]
    assert cells(text, "GridReach-v0") == [["dqn", "1,000", "50.0%", "0 of 1", "-", "-", "-", "4"]]


def test_a_mean_over_tasks_takes_the_seeds_of_all() -> None:
    records = [record("ppo", seed, 1.0) for seed in range(3)] + [record("ppo", 1, 0.5, "reach_gym/CursorReachCurl-v0")]
    assert cells(training_report.markdown(records), "Success, CursorReach-v0, CursorReachCurl-v0") == [["ppo", "75.0%"]]


def test_when_most_trials_succeed() -> None:
    assert training_report.first(record("sac", 2, 0.8), "steps") == 1000
    assert training_report.first(record("sac", 2, 0.79), "cpu") == math.inf
    assert "80 % after 1,000 steps, 6 s" in training_report.line(record("sac", 2, 1.0))


def test_curves_are_the_runs_of_the_largest_budget() -> None:
    records = [record("sac", seed, 1.0) for seed in range(3)] + [record("sac", 0, 0.1, budget=400), record("ppo", 0, 0.5, GRID)]
    panels = training_report.curves(records).axes
    assert [axes.get_title(loc="left") for axes in panels] == ["CursorReach-v0", "GridReach-v0"]
    (line,) = panels[0].lines
    assert (line.get_label(), line.get_xdata().tolist(), line.get_ydata().tolist()) == ("sac", [250, 500, 1000], [0.0, 0.5, 1.0])
    assert line.get_color() != panels[1].lines[0].get_color() and line.get_marker() != panels[1].lines[0].get_marker()
    np.testing.assert_allclose(panels[0].collections[0].get_paths()[0].get_extents().get_points()[:, 1], [0.0, 1.0])


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("--algos", "nosuch"), "nosuch"),
        (("--tasks", "nosuch"), "nosuch"),
        (("--budgets", "0"), "budgets"),
        (("--seeds", "0"), "seeds"),
        (("--looks", "0"), "looks"),
        (("--episodes", "0"), "episodes"),
        (("--jobs", "0"), "jobs"),
        (("--algos", "sac", "dqn", "--tasks", "CursorReach-v0"), "`algos` must have a recipe"),
        (("--algos", "sac", "--tasks", "GridReach-v0"), "`tasks` must have a recipe"),
    ],
)
def test_bad_requests(arguments: tuple[str, ...], word: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["training", "--out", str(tmp_path / "out"), *arguments]) == 2
    output = capsys.readouterr()
    assert (output.out, output.err.count("\n")) == ("", 1) and word in output.err
    assert not (tmp_path / "out").exists()
