"""What a session is made of: its conditions, its blocks and the numbers of a summary."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from reach_gym.measures import adaptation_coefficient, viscous_force
from reach_gym.recording import Recording, adaptation, catch_trials, deviations, record, record_whole_session
from reach_gym.recording.conditions import CATCH, block_runs, conditions, summary

ENV_ID = "reach_gym/CursorReachCenterOut-v0"
NOISE: dict[str, Any] = {"motor_noise": [0.5, 0.2]}


@pytest.fixture(scope="module")
def sessions() -> dict[str, Recording]:
    return {name: record_whole_session(name, ENV_ID, 1, NOISE) for name in ("naive", "adapted")}


@pytest.fixture(scope="module")
def naive(sessions: dict[str, Recording]) -> Recording:
    return sessions["naive"]


def session_of(blocks: list[dict[str, Any]], agent: str = "naive") -> Recording:
    return record_whole_session(agent, ENV_ID, 0, {"schedule": blocks})


def still(observations: Any) -> Any:
    return np.zeros((len(observations), 2), np.float32)


def test_conditions_of_one_name_are_numbered() -> None:
    twice = record_whole_session("naive", ENV_ID, 0, {"schedule": "savings"})
    names = [each.name for each in conditions(twice)]
    assert len(set(names)) == len(names)
    assert [name for name in names if name.startswith((CATCH, "washout"))] == [
        CATCH, "washout, early", f"{CATCH} (2)", "washout, early (2)",
    ]  # fmt: skip
    masks = {each.name: each.mask for each in conditions(twice)}
    caught = catch_trials(twice)
    np.testing.assert_array_equal(masks[CATCH] | masks[f"{CATCH} (2)"], caught)
    assert not (masks[CATCH] & masks[f"{CATCH} (2)"]).any()


def test_conditions_are_the_ends_of_the_blocks_and_the_catch_trials(naive: Recording) -> None:
    found = {each.name: each for each in conditions(naive, 10)}
    assert list(found) == ["baseline", "adaptation, early", "adaptation, late", CATCH, "washout, early"]
    names, caught = np.array(naive.block_names), catch_trials(naive)
    plain = ~caught & ~naive.channel
    for name, block, part in (
        ("baseline", "baseline", slice(None)),
        ("adaptation, early", "adaptation", slice(10)),
        ("adaptation, late", "adaptation", slice(-10, None)),
        ("washout, early", "washout", slice(10)),
    ):
        assert np.flatnonzero(found[name].mask).tolist() == np.flatnonzero(plain & (names == block))[part].tolist()
    np.testing.assert_array_equal(found[CATCH].mask, caught)
    assert caught.any()
    told = {name: (each.perturbed, each.surprising) for name, each in found.items()}
    assert told == {
        "baseline": (False, False),
        "adaptation, early": (True, True),
        "adaptation, late": (True, False),
        CATCH: (False, True),
        "washout, early": (False, True),
    }


def test_both_ends_of_a_short_block_share_no_trial() -> None:
    short = session_of([{"name": "a", "trials": 1}, {"name": "b", "trials": 5}, {"name": "c", "trials": 1, "gain": 0.0}])
    masks = {each.name: np.flatnonzero(each.mask).tolist() for each in conditions(short)}
    assert masks == {"a, early": [0], "b, early": [1, 2], "b, late": [4, 5], "c, early": [6]}


def test_a_block_of_channel_trials_has_no_condition() -> None:
    clamped = session_of([{"name": "adaptation", "trials": 4}, {"name": "clamp", "trials": 4, "gain": 0.0, "clamp": 1.0}])
    assert [each.name for each in conditions(clamped)] == ["adaptation, early", "adaptation, late"]
    only = session_of([{"name": "clamp", "trials": 3, "gain": 0.0, "clamp": 1.0}])
    assert conditions(only) == []


def test_blocks_of_one_name_stay_apart() -> None:
    blocks = [{"name": "rest", "trials": 2, "gain": 0.0}, {"name": "field", "trials": 2}, {"name": "rest", "trials": 3, "gain": 0.0}]
    runs = [(name, np.flatnonzero(mask).tolist()) for name, mask in block_runs(session_of(blocks))]
    assert runs == [("rest", [0, 1]), ("field", [2, 3]), ("rest", [4, 5, 6])]


def test_adaptation_is_the_coefficient_of_the_channel_trials(sessions: dict[str, Recording]) -> None:
    adapted = sessions["adapted"]
    channel = adapted.channel
    values = adaptation(adapted)
    field = viscous_force(adapted.velocity[channel], [[0.0, -13.0], [13.0, 0.0]])
    expected = adaptation_coefficient(adapted.force[channel], field, adapted.start[channel], adapted.target[channel])
    np.testing.assert_allclose(values[channel], expected, atol=1e-12)
    assert np.isnan(values[~channel]).all()
    assert channel.any()


def test_a_summary_has_the_numbers_of_its_conditions(sessions: dict[str, Recording]) -> None:
    adapted = sessions["adapted"]
    told = summary(adapted)
    off, names = 1000 * deviations(adapted), np.array(adapted.block_names)
    plain = ~catch_trials(adapted) & ~adapted.channel
    for name in ("baseline", "adaptation", "washout"):
        assert told[f"{name}_mm"] == pytest.approx(np.abs(off[plain & (names == name)]).mean())
    caught = off[catch_trials(adapted)]
    assert told["catch_mm"] == pytest.approx(np.abs(caught).mean())
    assert told["after_effect_mm"] == pytest.approx(caught.mean() - off[plain & (names == "baseline")].mean())
    assert told["after_effect_mm"] < -15
    assert told["adaptation_coefficient"] == pytest.approx(np.mean(adaptation(adapted)[adapted.channel & (names == "adaptation")]))


def test_summaries_of_failing_subjects_have_no_invented_numbers() -> None:
    blocks = [{"name": "baseline", "trials": 2, "gain": 0.0}, {"name": "field", "trials": 8, "catch": 0.3, "clamp": 0.3}]
    agents: dict[str, Any] = {"random": "random", "still": still}
    failing = {name: record(agent, ENV_ID, env_kwargs={"schedule": blocks}, session=True) for name, agent in agents.items()}
    told = summary(failing["still"])
    assert told["success"] == 0.0 and told["false_starts"] == 0.0
    assert all(np.isnan(value) for key, value in told.items() if key not in ("trials", "success", "false_starts"))
    assert summary(failing["random"])["false_starts"] == failing["random"].false_start.sum() > 0
