"""``python -m agents rnn`` and ``python -m benchmarks paper``: what they write, refuse and resume."""

import json
from pathlib import Path

import gymnasium as gym
import matplotlib.image
import pytest
import torch

import tests.agents.rnn.rnn_reference  # noqa: F401  (one thread)
from agents.__main__ import main
from agents.rnn import checkpoint, command
from benchmarks import __main__ as benchmarks
from benchmarks import paper_figures, paper_runs, paper_tables
from benchmarks.paper_facts import DISCREPANCIES
from reach_gym.cli import main as evaluate

SESSION = '[{"name": "before", "trials": 3, "gain": 0}, {"name": "in", "trials": 3}, {"name": "after", "trials": 2, "gain": 0}]'
SMALL = ["--settings", '{"units": 16, "batch": 4}']


def run(out, *more):
    return main(["rnn", "--out", str(out), "--session", SESSION, *SMALL, *more])


@pytest.mark.parametrize("model", ["standard", "output_buffer"])
def test_a_run_writes_everything_and_prints_the_phases(model, tmp_path, capsys):
    assert run(tmp_path / "run", "--model", model, "--field", "curl_ccw") == 0
    printed = capsys.readouterr().out
    for text in ("before", "in", "after-", "savings", "endpoint"):
        assert text in printed
    files = {path.name for path in (tmp_path / "run").iterdir()}
    assert {"checkpoint.json", "phases.json", "records.csv", "learning_curve.png", "hand_paths.png", "tensorboard", "run.json"} <= files
    rows = json.loads((tmp_path / "run" / "phases.json").read_text())
    assert [row["phase"] for row in rows] == ["before", "in", "after"] and rows[0]["after_effect_mm"] is None
    assert len((tmp_path / "run" / "records.csv").read_text().splitlines()) == 9
    for name in ("learning_curve.png", "hand_paths.png"):
        assert matplotlib.image.imread(tmp_path / "run" / name).std() > 0.03
    assert list((tmp_path / "run" / "tensorboard").iterdir())
    trained = checkpoint.load(tmp_path / "run")
    assert trained.config.cell == ("relu" if model == "standard" else "gru") and len(trained.snapshots) == 3
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
        (("--model", "transformer"), "`model` must be one of"),
        (("--field", "storm"), "storm"),
        (("--settings", "[1]"), "`--settings` must be a JSON object"),
        (("--settings", '{"cell": "lstm"}'), "`cell` must be one of"),
        (("--preset", "mine"), "`preset` must be one of"),
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
        (("--preset", "paper_code"), {"push": [-1.0, 0.0]}),
        (("--env-kwargs", '{"field": "curl_cw"}'), {"viscosity": [[0.0, 13.0], [-13.0, 0.0]]}),
    ],
)
def test_the_field_is_that_of_the_preset_or_the_task_unless_asked_for(arguments, field, tmp_path, monkeypatch):
    learners = []
    monkeypatch.setattr(command, "train", lambda learner, *more: learners.append(learner))
    monkeypatch.setattr(command.RnnCommand, "_report", lambda self, learner: None)
    assert main(["rnn", "--out", str(tmp_path / "run"), "--session", SESSION, *SMALL, *arguments]) == 0
    told = json.loads(json.dumps(gym.make(learners[0].env_id, **learners[0].env_kwargs).unwrapped.task.field.to_data()))
    assert {name: told.get(name) for name in field} == field, told


def test_a_paper_of_another_share_is_a_bad_request(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(paper_runs, "NAMES", ())
    out = str(tmp_path / "paper")
    assert benchmarks.main(["paper", "--out", out, "--seeds", "1", "--share", "0.001"]) in (0, 1)
    capsys.readouterr()
    assert benchmarks.main(["paper", "--out", out, "--seeds", "1", "--share", "0.002", "--resume"]) == 2
    assert "cannot be resumed" in capsys.readouterr().err


def test_the_papers_figures_and_tables_are_remade(tmp_path, monkeypatch):
    monkeypatch.setattr(paper_tables, "_TRIALS", 24)
    monkeypatch.setattr(paper_figures, "_PATHS", 8)
    assert benchmarks.main(["paper", "--out", str(tmp_path / "paper"), "--seeds", "1", "--share", "0.001"]) == 0
    text = (tmp_path / "paper" / "paper.md").read_text()
    assert "python -m benchmarks paper --seeds 1 --share 0.001" in text
    for row in ("standard | before", "output_buffer | in the field", "control | in no field", "66.9", "adaptation coefficient", "drift"):
        assert row in text
    assert all(each.what in text for each in DISCREPANCIES) and len(DISCREPANCIES) >= 8
    for name in ("figure_1", "figure_2b", "figure_2c", "figure_3a", "figure_3_components", "curl_paths"):
        assert matplotlib.image.imread(tmp_path / "paper" / f"{name}.png").std() > 0.03
    kept = sorted((path, path.stat().st_mtime_ns) for path in Path(tmp_path).rglob("arrays-*"))
    shared = [checkpoint.load(tmp_path / "paper" / f"{name}-0").snapshots[0] for name in ("output_buffer", "control")]
    assert all(torch.equal(a, b) for a, b in zip(*(each.parameters() for each in shared)))
    assert len(list(paper_runs.train_all(tmp_path / "paper", 1, 0.001, progress=False))) == 5  # nothing is trained twice
    assert {path for path, _ in kept} == set(Path(tmp_path).rglob("arrays-*"))
    assert benchmarks.main(["paper", "--out", str(tmp_path / "paper")]) == 2


def test_ablations_train_each_choice(monkeypatch, capsys):
    from benchmarks import rnn_ablation

    monkeypatch.setattr(rnn_ablation, "LEVERS", {"all choices": {"units": 8, "batch": 2}, "high": {"units": 8, "batch": 4, "cell": "relu"}})
    assert benchmarks.main(["rnn_ablation", "--trials", "8"]) == 0
    printed = capsys.readouterr().out
    assert "all choices" in printed and "endpoint error" in printed
