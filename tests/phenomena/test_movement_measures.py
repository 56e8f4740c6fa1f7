"""Measures of movements, on synthetic courses and on movements that the package's controllers make."""

import dataclasses

import numpy as np
import pytest

from reach_gym.phenomena import PHENOMENA, observe
from reach_gym.phenomena import movement_measures as measures
from reach_gym.sessions import SESSIONS, TrialTable


def bell(steps):
    share = np.linspace(0.0, 1.0, steps)
    return 30 * share**2 * (1 - share) ** 2


def test_peaks_of_speed_are_counted_where_they_stand_out():
    assert measures._peaks(bell(40)) == 1
    assert measures._peaks(np.concatenate([bell(40), bell(40)])) == 2
    assert measures._peaks(np.concatenate([bell(40), 0.05 * bell(40)])) == 1
    assert measures._peaks(np.array([np.nan])) == 0


@pytest.mark.parametrize(("left", "share"), [(0.0, 1.0), (0.5, 0.5), (1.0, 0.0)])
def test_what_is_corrected_of_a_displacement(left, share):
    course = np.concatenate([np.linspace(0.0, 0.02, 10), np.linspace(0.02, 0.02 * left, 10)])
    away = np.stack([course, np.zeros(20), -course])  # a push to the left, none, and one to the right
    found = measures._corrected(away, np.array([-1.0, 0.0, 1.0]), np.array([19, 19, 19]))
    assert found == pytest.approx(share)


def test_a_trial_that_ends_early_stays_where_it_ended():
    course = np.where(np.arange(20) < 12, 0.01, np.nan)
    found = measures._corrected(np.stack([course, np.zeros(20)]), np.array([-1.0, 0.0]), np.array([11, 19]))
    assert found == pytest.approx(0.0)


@pytest.fixture(scope="module")
def moved():
    """Reaches of two subjects over three distances, in a session that is cut short."""
    table = SESSIONS["distances"].take(range(12))
    return observe("naive", "reach_gym/LabReachCenterOut-v0", table, 2, env_kwargs={"movement_time": None})


def test_movement_time_grows_with_the_distance_of_the_target(moved):
    slopes = measures.time_by_difficulty({"session": moved})
    assert (slopes > 0.01).all()
    slow = tuple(
        dataclasses.replace(each, metadata={**each.metadata, "dt": 2 * each.metadata["dt"]}) for each in moved.recordings
    )
    twice = measures.time_by_difficulty({"session": dataclasses.replace(moved, recordings=slow)})
    assert twice == pytest.approx(2 * slopes)


def test_who_has_no_recording_has_no_value(moved):
    nobody = dataclasses.replace(moved, recordings=())
    assert np.isnan(measures.single_peaked({"session": nobody})).all()


def test_a_hand_that_turns_with_the_jump_has_a_slope_near_one():
    table = TrialTable(list(SESSIONS["target_jumps"])[:24])
    group = {"session": observe("naive", "reach_gym/LabReachCenterOut-v0", table, 2)}
    assert (measures.turns_with_the_jump(group) > PHENOMENA["target_jump"].least).all()
    # Shown the wrong sides, the hands never turn.
    turned = dataclasses.replace(table[0].target_jump, x=-table[0].target_jump.x)
    rows = [dataclasses.replace(row, target_jump=row.target_jump and dataclasses.replace(turned, x=-row.target_jump.x, at=row.target_jump.at)) for row in table]
    wrong = {"session": dataclasses.replace(group["session"], table=TrialTable(rows))}
    assert not (measures.turns_with_the_jump(wrong) > PHENOMENA["target_jump"].least).any()
