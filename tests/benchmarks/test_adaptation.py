"""The adaptation score is 0 for whoever does not change, whatever he does, and a learner beats them all."""

import dataclasses

import numpy as np
import pytest

from benchmarks import adaptation
from benchmarks.adaptation import CARRIES, FIXED, LEARNS, TASK, YARDSTICKS, facts
from reach_gym.benchmark.sessions import session_facts
from reach_gym.recording import record_whole_session

SEED = 0


@pytest.fixture(scope="module")
def anchors():
    return [facts(name, SEED, True) for name in YARDSTICKS.values()]


def score(numbers, anchors):
    low, high = (each["learning"] for each in anchors)
    return (numbers["learning"] - low) / (high - low)


def test_the_anchors_are_what_they_are_called(anchors):
    naive, adapted = anchors
    assert naive["learning"] == pytest.approx(0, abs=1e-9) and 0.94 < adapted["learning"] <= 1
    assert adapted["r2"] > 0.99 and adapted["after_effect_mm"] < -20 and adapted["learning_index"] == 1


@pytest.mark.parametrize("name", FIXED)
def test_whoever_does_not_change_has_nothing(name, anchors):
    found = facts(FIXED[name], SEED, True)
    assert abs(score(found, anchors)) < 1e-6
    assert abs(found["compensation"]) < 1e-6 and abs(found["learning_index"]) < 1e-6


# Blocks of the same kinds, but short: who goes through them trial by trial takes a second for ten trials.
FEW = {"baseline": 24, "adaptation": 30, "retention": 1, "washout": 1, "readaptation": 1, "second washout": 12, "opposite": 30}


def test_what_changes_without_learning_has_nothing_and_the_learner_beats_them_all():
    blocks = [{**block, "trials": FEW[block["name"]]} for block in TASK.kwargs["schedule"]]
    short = dataclasses.replace(TASK, kwargs={"schedule": blocks}, episodes=sum(FEW.values()))
    anchors = [facts(name, SEED, True, short) for name in YARDSTICKS.values()]
    follower, drifter = (score(facts(agent, SEED, False, short), anchors) for agent in CARRIES.values())
    assert abs(follower) < 0.05 and drifter < 0.05
    assert score(facts(LEARNS["the documentation's learner"], SEED, False, short), anchors) > 0.5


@pytest.mark.parametrize("share, expected", [(0.5, 0.5), (1.0, 1.0), (1.5, 0.5), (2.0, 0.0), (3.0, -1.0)])
def test_making_up_for_too_much_costs(share, expected):
    """A session whose walls are pushed, and whose paths bend, as by someone who has learned `share` of each field."""
    plain = record_whole_session("adapted", TASK.env_id, SEED, TASK.kwargs, observe=False)
    sign = np.where(np.array(plain.block_names) == "opposite", -1.0, np.where(np.isin(plain.block_names, ["adaptation", "readaptation"]), 1.0, 0.0))
    ahead = (plain.target - plain.start) / np.linalg.norm(plain.target - plain.start, axis=1)[:, None]
    left = np.stack([-ahead[:, 1], ahead[:, 0]], -1)
    walls = np.where(plain.channel[:, None, None], sign[:, None, None] * share * 13 * np.stack([-plain.velocity[:, :-1, 1], plain.velocity[:, :-1, 0]], -1), plain.force)
    on = (np.nan_to_num(plain.gain[:, 0]) != 0) & ~plain.channel
    bend = 0.02 * sign * (on - share)  # m, and 0 in a baseline
    along = ((plain.hand - plain.start[:, None]) * ahead[:, None]).sum(-1, keepdims=True)
    hand = plain.start[:, None] + along * ahead[:, None] + (bend[:, None] * np.clip(along[..., 0] / 0.05, 0, 1))[..., None] * left[:, None]
    made = dataclasses.replace(plain, force=walls + 0 * plain.force, hand=hand, cursor=hand)
    numbers = session_facts(made)[0]
    # Up to 1.25 the paths are believed to be the bow of a good controller; the push against the walls is not.
    assert numbers["compensation"] == pytest.approx(expected, abs=0.02)
    assert numbers["learning"] == pytest.approx(min(expected, 1.0), abs=0.02)
    assert numbers["learning_index"] == pytest.approx(min(share, max(-1.0, 2.5 - share) if share > 1.25 else 1.0), abs=0.04)


def test_the_command_prints_a_row_for_everybody(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(adaptation, "_entries", lambda: [(name, agent, True) for name, agent in {**YARDSTICKS, "minimum jerk": "minimum_jerk"}.items()])
    adaptation.Adaptation(seeds=[0], out=tmp_path / "table.md").run()
    text = (tmp_path / "table.md").read_text()
    assert text in capsys.readouterr().out and text.count("\n") == 5
    assert "| adapted (1) | 1.00 (1.00 to 1.00) |" in text and "| minimum jerk | 0.00 (0.00 to 0.00) |" in text
