"""``python -m agents in_context`` and what its run directory gives."""

import json

import gymnasium as gym
import numpy as np
import pytest

from agents.__main__ import main
from agents.in_context import command
from agents.in_context import training as in_context_training
from agents.in_context.agents import InContextAgent
from agents.in_context.checkpoint import AGENT, load, save
from agents.in_context.network import GatedNetworks
from agents.in_context.sessions import ENV, TASK, session
from agents.loading import load as load_agent
from reach_gym.differentiable import updating
from reach_gym.errors import NotApplicableError
from reach_gym.recording import record
from reach_gym.training.checkpoint import CheckpointError
from reach_gym.training.state import Run

NONE = {"baseline": 0.0, "adaptation": 0.0}
SETTINGS = json.dumps({"units": 5, "rows": 2, "trials": 2, "reaching": 2, "updates": 4})


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """A short table of sessions, and a short test."""
    monkeypatch.setattr(in_context_training, "LENGTH", 60)
    monkeypatch.setattr(command, "_TEST", session({"baseline": 2, "adaptation": 3}, {"baseline": 0.0, "adaptation": 1.0}, NONE))


def run(out, *more):
    return main(["in_context", "--settings", SETTINGS, "--out", str(out), "--no-progress", "--seed", "3", *more])


def weights(out):
    return load(out)[0].state_dict()


def test_a_run_that_was_stopped_goes_on_bit_for_bit(tmp_path, monkeypatch, capsys):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert run(whole) == 0
    update, calls = updating.Learner.update, []

    def stopped(learner):
        calls.append(learner.done)
        if len(calls) == 5:  # two updates of reaching, two over sessions
            raise KeyboardInterrupt
        update(learner)

    with monkeypatch.context() as patch:
        patch.setattr(updating.Learner, "update", stopped)
        assert run(parts) == 130
    assert calls[-1] == 2 and run(parts) == 2 and "--resume" in capsys.readouterr().err
    assert run(parts, "--resume") == 0
    assert all((one == weights(parts)[name]).all() for name, one in weights(whole).items())
    assert (whole / "records.csv").read_bytes() == (parts / "records.csv").read_bytes()
    assert (whole / "adaptation.json").read_bytes() == (parts / "adaptation.json").read_bytes()
    found = json.loads((whole / "adaptation.json").read_text())
    assert set(found) == {"memory", "reset"} and set(found["reset"]) == {"baseline", "first", "last", "left"}
    assert run(whole, "--resume", "--seed", "4") == 2 and "seed" in capsys.readouterr().err


def test_a_run_directory_is_an_agent(tmp_path, capsys):
    out = tmp_path / "run"
    assert run(out) == 0
    env = gym.make_vec(ENV, num_envs=2, **TASK)
    assert isinstance(load_agent(out, env), InContextAgent)
    assert len(record(str(out), ENV, 3, env_kwargs=TASK, session=True)) == 3
    with pytest.raises(NotApplicableError, match=r"observations.*\(?28|observations"):
        load_agent(out, gym.make_vec(ENV, num_envs=2, **{**TASK, "history": 1}))
    manifest = json.loads((out / "checkpoint.json").read_text())
    assert manifest["agent"] == "in_context" and manifest["done"] == 6 and manifest["env"]["kwargs"]["delay"] == 4
    arrays = next(out.glob("arrays-*"))
    arrays.write_bytes(arrays.read_bytes()[:-1])
    with pytest.raises(CheckpointError):
        load(out)


def test_a_network_that_its_settings_do_not_fit_is_refused_by_name(tmp_path):
    env = gym.make_vec(ENV, num_envs=1, **TASK)
    for products in (4, 0):
        run = Run(AGENT, {"id": ENV, "kwargs": TASK}, {"units": 5, "products": 4}, 0)
        save(GatedNetworks(5, [0], products=products), run, env, 0, tmp_path / str(products))
    assert load(tmp_path / "4")[1].products == 4
    with pytest.raises(CheckpointError, match=r"network/recurrent.*\(1, 9, 15\)"):
        load(tmp_path / "0")


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--settings", "[]"], "`--settings`"),
        (["--settings", '{"units": 0}'], "`units`"),
        (["--env-kwargs", '{"observation": "pixels"}'], "rows of numbers"),
    ],
)
def test_bad_requests_are_refused(more, told, tmp_path, capsys):
    assert run(tmp_path / "run", *more) == 2
    assert told in capsys.readouterr().err and not (tmp_path / "run").exists()


def test_the_task_can_be_another(tmp_path):
    given = json.dumps({**TASK, "plant": "lagged_mass", "history": 1, "time_limit": 0.5})
    assert run(tmp_path / "late", "--env", "CursorReachCurl-v0", "--env-kwargs", given) == 0
    assert np.isfinite(json.loads((tmp_path / "late" / "adaptation.json").read_text())["memory"]["baseline"])
