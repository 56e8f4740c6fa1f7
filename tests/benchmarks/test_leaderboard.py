"""The leaderboard: contenders as data, trained once and scored by one command."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest

from benchmarks.__main__ import main
from benchmarks.leaderboard import CONTENDERS, is_trained, run_of, train


class Done(NamedTuple):
    """How a command ended, and what it said."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def leaderboard(tmp_path, capsys):
    words = ["leaderboard", "--out", str(tmp_path), "--suite", "grid-wind", "--seeds", "0"]
    return lambda *more: Done(main([*words, *more]), *capsys.readouterr())


def test_it_trains_what_is_missing_scores_it_and_keeps_it(tmp_path, leaderboard):
    only = ("--only", "ideal", "q_learning, wind")
    done = leaderboard(*only)
    assert done.returncode == 0, done.stderr
    records = [json.loads(line) for line in (tmp_path / "results-grid" / "results.jsonl").read_text().splitlines()]
    scores = {(each["agent"], each["seed"]): each["score"] for each in records}
    assert scores["ideal", 0] == 1 and scores["q_learning, wind", 0] > 0.95
    assert {each["env"]["kwargs"]["observation"] for each in records if "q_learning" in each["agent"]} == {"index"}
    assert done.stdout.count("trained ") == 1
    again = leaderboard(*only)
    assert again.returncode == 0 and "trained " not in again.stdout
    assert [json.loads(line) for line in (tmp_path / "results-grid" / "results.jsonl").read_text().splitlines()] == records


def test_each_group_has_a_board_of_those_who_can_do_its_tasks(tmp_path, leaderboard):
    suites = ["--suite", "grid-null", "cursor-null", "lab-null"]
    done = leaderboard(*suites, "--only", "ideal", "minimum_jerk", "q_learning")
    assert done.returncode == 1 and "no task suits q_learning" in done.stderr  # the tabular agent on the large grid
    folders = {name: tmp_path / f"results-{name}" / "results.jsonl" for name in ("grid", "lab", "haste")}
    found = {name: [json.loads(line) for line in path.read_text().splitlines()] for name, path in folders.items()}
    agents = {name: [(each["agent"], each["task"]) for each in records] for name, records in found.items()}
    assert agents["grid"] == [("ideal", "grid-null"), ("q_learning", "grid-null")]
    assert agents["haste"] == [("ideal", "cursor-null"), ("minimum_jerk", "cursor-null")]
    assert agents["lab"] == [("ideal", "lab-null"), ("minimum_jerk", "lab-null")]
    # Who takes part in no board is not trained.
    assert leaderboard("--suite", "lab-null", "--only", "ideal", "q_learning, wind").returncode == 0
    assert [path.name for path in (tmp_path / "trained").iterdir() if path.is_dir()] == ["q_learning-0"]
    nobody = leaderboard("--suite", "grid-null", "--only", "minimum_jerk")
    assert nobody.returncode == 2 and "must name somebody for grid-null" in nobody.stderr


def test_all_boards_stand_on_one_page_with_their_command(tmp_path, leaderboard):
    done = leaderboard("--suite", "grid-wind", "cursor-adaptation-both", "--only", "ideal", "adapted", "two_state")
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "leaderboard.md").read_text()
    command = "--seeds 0 --suite grid-wind cursor-adaptation-both --only ideal adapted two_state"
    assert f"python -m benchmarks leaderboard {command}\n" in page
    heads = [line for line in page.splitlines() if line.startswith("## ")]
    assert heads == ["## Grid", "## Adaptation"]
    grid, adaptation = page.split("\n## ")[1:]
    assert "two_state" not in grid and "| ideal | 1.000 |" in grid and "The score" not in grid
    assert "| two_state |" in adaptation and "### Adaptation to a force field" in adaptation
    assert "Measures by task" not in page and "Seeds 0 of training" in grid and "numpy" in grid


def test_training_that_fails_is_told(tmp_path, leaderboard):
    run = next(run_of(each, 0, tmp_path) for each in CONTENDERS if each.name == "q_learning")
    run.mkdir(parents=True)
    (run / "mine.txt").write_text("do not delete")
    done = leaderboard("--only", "q_learning")
    assert done.returncode == 1 and "could not be trained" in done.stderr and "is no q_learning run" in done.stderr
    assert (run / "mine.txt").exists()


def test_contenders_are_data():
    names = [each.name for each in CONTENDERS]
    assert len(set(names)) == len(names) and all("=" not in name for name in names)
    for each in CONTENDERS:
        assert ("{run}" in each.load) == bool(each.train) and (not each.train or {"{seed}", "{run}"} <= set(each.train))
    assert len({run_of(each, 0, Path("x")) for each in CONTENDERS}) == len(names)


@pytest.mark.parametrize("only", [("nosuch",), ("ideal", "nosuch")])
def test_unknown_contenders_are_refused(only, tmp_path, leaderboard):
    done = leaderboard("--only", *only)
    assert done.returncode == 2 and "got 'nosuch'" in done.stderr and not list(tmp_path.iterdir())


def test_what_would_be_refused_in_the_end_is_refused_before_the_training(tmp_path, leaderboard):
    for more in (("--suite", "nosuch"), ("--seeds", "0", "0")):
        done = leaderboard("--only", "q_learning", *more)
        assert done.returncode == 2 and not list(tmp_path.iterdir()), done.stderr


def test_a_run_by_other_arguments_does_not_count(tmp_path):
    contender = next(each for each in CONTENDERS if each.name == "q_learning")
    arguments = [word.replace("{seed}", "0").replace("{run}", str(tmp_path / "run")) for word in contender.train]
    assert not is_trained(contender, 0, tmp_path / "run")
    assert train((str(tmp_path / "run"), arguments)) == ""
    assert is_trained(contender, 0, tmp_path / "run") and not is_trained(contender, 1, tmp_path / "run")
    shutil.rmtree(tmp_path / "run")
    assert not is_trained(contender, 0, tmp_path / "run")  # whatever the note beside it says
    assert train((str(tmp_path / "run"), arguments)) == ""
    longer = replace(contender, train=(*contender.train, "--episodes", "20"))
    assert not is_trained(longer, 0, tmp_path / "run")
