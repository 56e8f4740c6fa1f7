"""``python -m agents rnn`` and ``python -m benchmarks paper``: what they write, refuse and resume."""

import json
from dataclasses import replace
from pathlib import Path

import gymnasium as gym
import matplotlib.image
import numpy as np
import pytest
import torch

from agents.__main__ import main
from agents.dqn import command as dqn_command
from agents.dqn.config import PRESETS as DQN_PRESETS
from agents.q_learning.tabular import TabularAgent
from agents.rnn import checkpoint, command
from agents.rnn.config import PRESETS
from benchmarks import __main__ as benchmarks
from benchmarks import paper_figures, paper_runs
from benchmarks.paper_facts import DISCREPANCIES
from reach_gym.cli import main as evaluate

SESSION = '[{"name": "before", "trials": 3, "gain": 0}, {"name": "in", "trials": 3}, {"name": "after", "trials": 2, "gain": 0}]'
SMALL = ["--units", "16", "--batch", "4"]


def run(out, *more):
    return main(["rnn", "--out", str(out), "--session", SESSION, *SMALL, *more])


@pytest.mark.parametrize("model", ["standard", "output_buffer"])
def test_a_run_writes_everything_and_prints_the_phases(model, tmp_path, capsys):
    assert run(tmp_path / "run", "--model", model, "--field", "curl_ccw") == 0
    printed = capsys.readouterr().out
    for text in ("before", "in", "after-", "savings", "endpoint"):
        assert text in printed
    files = {path.name for path in (tmp_path / "run").iterdir()}
    assert {"checkpoint.json", "phases.json", "records.csv", "learning_curve.png", "hand_paths.png", "block_0", "block_2", "run.json"} <= files
    rows = json.loads((tmp_path / "run" / "phases.json").read_text())
    assert [row["phase"] for row in rows] == ["before", "in", "after"] and rows[0]["after_effect_mm"] is None
    assert len((tmp_path / "run" / "records.csv").read_text().splitlines()) == 9
    for name in ("learning_curve.png", "hand_paths.png"):
        assert matplotlib.image.imread(tmp_path / "run" / name).std() > 0.03
    assert list((tmp_path / "run" / "block_1").glob("events*"))
    trained = checkpoint.load(tmp_path / "run")
    assert trained.config.kind_of_cell == ("relu" if model == "standard" else "gru") and len(trained.snapshots) == 3
    # The directory is an agent like any other.
    assert evaluate(["evaluate", "CursorReachCurl-v0", "--agent", str(tmp_path / "run"), "--episodes", "2"]) == 0
    assert "max deviation" in capsys.readouterr().out
    # Existing runs are refused, resumed with the same arguments, or replaced.
    assert run(tmp_path / "run", "--model", model, "--field", "curl_ccw") == 2
    assert run(tmp_path / "run", "--model", model, "--field", "curl_ccw", "--resume") == 0
    assert run(tmp_path / "run", "--model", model, "--field", "push", "--resume") == 2
    assert "error: the checkpoint has env" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--field", "storm"), "storm"),
        (("--units", "0"), "`units` must be an integer from 1"),
        (("--preset", "mine"), "`--preset` must be one of"),
        (("--session", "holiday"), "`session` must be one of"),
        (("--env", "reach_gym/GridReach-v0"), "error:"),
        (("--seed", "-1"), "`seed` must be"),
        (("--share", "0"), "`share` must be above 0"),
        (("--share", "-1"), "`share` must be a finite number from 0"),
    ],
)
def test_bad_requests_end_with_one_line(arguments, message, tmp_path, capsys):
    assert main(["rnn", "--out", str(tmp_path / "run"), *arguments]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1 and message in lines[0] and not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ((), {"push": [-1.0, -1.0]}),
        (("--field", "curl_cw"), {"viscosity": [[0.0, 13.0], [-13.0, 0.0]]}),
        (("--env", "reach_gym/CursorReachCurl-v0"), {"viscosity": [[0.0, -13.0], [13.0, 0.0]]}),
        (("--env", "CursorReachCenterOut-v0"), {"viscosity": [[0.0, -13.0], [13.0, 0.0]]}),
        (("--preset", "curl"), {"viscosity": [[0.0, -13.0], [13.0, 0.0]]}),
        (("--preset", "paper_code"), {"push": [-1.0, 0.0], "region": [None] * 4}),
        (("--env-kwargs", '{"field": "curl_cw"}'), {"viscosity": [[0.0, 13.0], [-13.0, 0.0]]}),
    ],
)
def test_the_field_is_that_of_the_preset_or_the_task_unless_asked_for(arguments, field, tmp_path, monkeypatch):
    learners = []
    monkeypatch.setattr(command.RnnLearner, "is_over", True)
    monkeypatch.setattr(command.RnnCommand, "_report", lambda self, learner: learners.append(learner))
    assert main(["rnn", "--out", str(tmp_path / "run"), "--session", SESSION, *SMALL, *arguments]) == 0
    told = json.loads(json.dumps(gym.make(learners[0].env_id, **learners[0].env_kwargs).unwrapped.task.field.to_data()))
    assert {name: told.get(name) for name in field} == field, told


def test_a_paper_of_another_share_is_a_bad_request(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(paper_runs, "CONFIGS", {name: replace(each, batch=2, units=4) for name, each in paper_runs.CONFIGS.items()})
    monkeypatch.setattr("benchmarks.paper.load_all", None)  # it fails once all is trained
    out = str(tmp_path / "paper")
    assert benchmarks.main(["paper", "--out", out, "--seeds", "1", "--share", "0.001"]) == 1
    capsys.readouterr()
    assert benchmarks.main(["paper", "--out", out, "--seeds", "1", "--share", "0.003", "--resume"]) == 2
    assert "cannot be resumed" in capsys.readouterr().err


def test_settings_are_flags_and_begin_with_the_presets(tmp_path, monkeypatch, capsys):
    learners = []
    monkeypatch.setattr(command.RnnLearner, "is_over", True)
    monkeypatch.setattr(command.RnnCommand, "_report", lambda self, learner: learners.append(learner))
    assert main(["rnn", "--out", str(tmp_path / "run"), "--preset", "paper", "--model", "standard", "--dropout", "0.1"]) == 0
    assert learners[0].config == replace(PRESETS["paper"], model="standard", dropout=0.1)
    assert main(["rnn", "--out", str(tmp_path / "bad"), "--model", "transformer"]) == 2
    assert main(["rnn", "--help"]) == 0
    assert all(f"--{name} " in capsys.readouterr().out for name in ("units",))


def test_the_papers_figures_and_tables_are_remade(tmp_path, monkeypatch):
    monkeypatch.setattr(paper_figures, "_TRIALS", 24)
    monkeypatch.setattr(paper_figures, "_PATHS", 8)
    monkeypatch.setattr(paper_runs, "CONFIGS", {name: replace(each, batch=4, units=16) for name, each in paper_runs.CONFIGS.items()})
    monkeypatch.setattr(paper_runs, "train_grid", None)
    monkeypatch.setattr("benchmarks.paper.train_grid", small_grid)
    assert benchmarks.main(["paper", "--out", str(tmp_path / "paper"), "--seeds", "2", "--share", "0.003"]) == 0
    text = (tmp_path / "paper" / "paper.md").read_text()
    assert "python -m benchmarks paper --seeds 2 --share 0.003" in text
    for row in ("standard | before", "output_buffer | in the field", "control | in no field", "66.9", "position output", "seed 1"):
        assert row in text
    assert all(each.what in text for each in DISCREPANCIES) and len(DISCREPANCIES) >= 8
    names = ("figure_1", "figure_2b", "figure_2c", "figure_3a", "figure_3_components", "figure_4_paths", "figure_4_steps")
    assert all((tmp_path / "paper" / f"{name}.svg").stat().st_size > 10_000 for name in names)
    kept = {path for path in Path(tmp_path).rglob("arrays-*")}
    shared = [checkpoint.load(tmp_path / "paper" / f"{name}-0").snapshots[0] for name in ("output_buffer", "control")]
    assert all(torch.equal(a, b) for a, b in zip(*(each.parameters() for each in shared)))
    assert len(list(paper_runs.train_all(tmp_path / "paper", 2, 0.003, progress=False))) == 6  # nothing is trained twice
    assert kept == set(Path(tmp_path).rglob("arrays-*"))
    assert benchmarks.main(["paper", "--out", str(tmp_path / "paper")]) == 2


def small_grid(out, share, progress):
    """Agents of the grid that have learned nothing."""
    table = TabularAgent(np.zeros((100, 8)))
    deep = dqn_command.make(paper_runs.PIXELS, {}, replace(DQN_PRESETS["default"].config, steps=2500), 0)
    deep.envs.close()
    return paper_runs.Grid(dict.fromkeys(paper_runs.TABULAR, table), deep.agent)


def test_ablations_train_each_choice(monkeypatch, capsys):
    from benchmarks import rnn_ablation

    monkeypatch.setattr(rnn_ablation, "LEVERS", {"all choices": {"units": 8, "batch": 2}, "high": {"units": 8, "batch": 4, "cell": "relu"}})
    assert benchmarks.main(["rnn_ablation", "--trials", "8"]) == 0
    printed = capsys.readouterr().out
    assert "all choices" in printed and "endpoint error" in printed
