"""Every phenomenon is a complete record."""

import dataclasses
import math

import numpy as np
import pytest

from reach_gym.models import JOINER_SMITH_2008, TwoState
from reach_gym.phenomena import PHENOMENA, Human, simulate
from reach_gym.registration import TASKS
from reach_gym.sessions import SESSIONS


def test_at_least_fourteen_are_scored_and_what_is_contested_is_not():
    assert sum(not each.contested for each in PHENOMENA.values()) >= 14
    assert [name for name, each in PHENOMENA.items() if each.contested] == ["aba_interference", "error_consistency"]


@pytest.mark.parametrize("phenomenon", PHENOMENA.values(), ids=PHENOMENA)
def test_a_record_is_complete(phenomenon):
    assert PHENOMENA[phenomenon.name] is phenomenon
    assert set(phenomenon.sessions.values()) <= set(SESSIONS)
    assert phenomenon.env_id in TASKS
    assert phenomenon.least > 0
    assert phenomenon.measure.__doc__
    human = phenomenon.human
    assert any(char.isdigit() for char in human.source)  # a year or a volume
    assert (human.value is None) == (human.how_obtained == "not found")
    if human.value is not None:
        assert human.value > phenomenon.least  # people show it


@pytest.mark.parametrize("name", ["learning_curve", "spontaneous_recovery"])
def test_numbers_computed_from_published_parameters_can_be_computed_again(name):
    phenomenon, human = PHENOMENA[name], PHENOMENA[name].human
    assert human.how_obtained == "secondary"
    found = []
    for model in (TwoState(), JOINER_SMITH_2008):
        group = {
            key: simulate(model, SESSIONS[session], 1, planning_noise=0.0, measurement_noise=0.0)
            for key, session in phenomenon.sessions.items()
        }
        found.append(float(phenomenon.measure(group)[0]))
    assert np.round(sorted(found), 2).tolist() == [human.low, human.high]
    assert human.value == pytest.approx(np.mean(found), abs=0.005)


@pytest.mark.parametrize(
    "change",
    [
        {"how_obtained": "guessed"},
        {"how_obtained": "verified"},
        {"value": 1.0},
        {"source": " "},
        {"value": 1.0, "how_obtained": "verified", "low": 0.5},
        {"value": 1.0, "how_obtained": "verified", "low": 0.5, "high": 2.0},
    ],
)
def test_a_number_without_its_origin_is_refused(change):
    with pytest.raises(ValueError, match="must"):
        Human(**{"effect": "more", "source": "Somebody 1999", **change})


def test_verdicts_say_where_the_interval_lies():
    phenomenon = dataclasses.replace(PHENOMENA["savings"], least=0.1)
    assert phenomenon.verdict(0.11, 0.2) == "shown"
    assert phenomenon.verdict(0.05, 0.2) == "open"
    assert phenomenon.verdict(-0.05, 0.1) == "absent"
    assert phenomenon.verdict(math.nan, math.nan) == "no value"
