"""What a recorded session says about learning, where blocks are channels, trials are missing, or the schedule was made by hand."""

import copy
import dataclasses
import math

import numpy as np
import pytest

from reach_gym.measures import baseline_corrected
from reach_gym.recording import (
    Recording,
    adaptation,
    baseline_trials,
    catch_trials,
    channel_compensation,
    deviations,
    initial_angles,
    mean_after_effect,
    perturbed,
    reach_directions,
    record_whole_session,
    sideways,
    triplets,
)
from reach_gym.sessions import TrialTable, block, write_table

CURL, LAB = "reach_gym/CursorReachCenterOut-v0", "reach_gym/LabReachCenterOut-v0"
BASELINE = {"name": "baseline", "trials": 12, "gain": 0.0, "clamp": 0.3}
ADAPTATION = {"name": "adaptation", "trials": 30, "catch": 0.2, "clamp": 0.3}
CHANNELS = {"name": "clamps", "trials": 8, "gain": 0.0, "clamp": 1.0}
WASHOUT = {"name": "washout", "trials": 10, "gain": 0.0}


def session(*blocks, agent="adapted", env_id=CURL, **kwargs):
    return record_whole_session(agent, env_id, 1, {"schedule": list(blocks), **kwargs}, observe=False)


def with_schedule(recording, schedule):
    return dataclasses.replace(recording, metadata={**copy.deepcopy(recording.metadata), "schedule": schedule})


def test_a_block_of_channels_before_the_washout_hides_no_after_effect():
    plain = {**ADAPTATION, "catch": 0.0}
    told = session(BASELINE, plain, CHANNELS, WASHOUT)
    assert not catch_trials(told).any()
    off = deviations(told)
    before = off[baseline_trials(told) & ~told.channel].mean()
    first = np.flatnonzero(np.array(told.block_names) == "washout")[:5]
    assert mean_after_effect(told) == pytest.approx(off[first].mean() - before)
    # Also where the last block of the adaptation is channels only, with the gain of the field.
    again = session(BASELINE, plain, {**CHANNELS, "name": "adaptation", "gain": 1.0}, WASHOUT)
    assert mean_after_effect(again) == mean_after_effect(told)
    # Nobody's after-effect can be seen where no free trial follows.
    assert math.isnan(mean_after_effect(session(BASELINE, plain, CHANNELS)))


@pytest.mark.parametrize("missing", [("catch",), ("catch", "gain"), ("catch", "gain", "trials", "clamp")])
def test_catch_trials_are_found_in_a_schedule_made_by_hand(missing):
    told = session(BASELINE, ADAPTATION, WASHOUT)
    wanted = mean_after_effect(told)
    assert wanted < -0.02
    bare = [{key: value for key, value in block.items() if key not in missing} for block in told.metadata["schedule"]]
    by_hand = with_schedule(told, bare)
    assert catch_trials(by_hand).tolist() == catch_trials(told).tolist() and catch_trials(told).sum() > 3
    assert mean_after_effect(by_hand) == wanted


def test_trials_that_are_missing_change_nothing_for_the_others():
    told = session(BASELINE, ADAPTATION, CHANNELS, WASHOUT)
    kept = np.random.default_rng(0).random(len(told)) < 0.7
    part = told.subset(kept)
    for function in (perturbed, catch_trials, baseline_trials, deviations, adaptation, initial_angles, reach_directions):
        np.testing.assert_array_equal(function(part), function(told)[kept])
    np.testing.assert_array_equal(channel_compensation(part).slope, channel_compensation(told).slope[kept])


def test_a_field_that_is_planned_to_be_off_is_no_catch_trial():
    wave = {"name": "wave", "trials": 20, "gain": 0.0, "wave": {"amplitude": 1.0, "period": 4.0}}  # 0, 1, 0, -1
    ramp = {"name": "ramp", "trials": 11, "gain": 0.0, "gain_end": 1.0}
    told = session(wave, ramp)
    assert (~perturbed(told)).sum() == 11 and not catch_trials(told).any()
    assert catch_trials(session({**wave, "catch": 0.3}, ramp)).any()


def test_a_session_without_a_perturbation_is_all_baseline():
    told = session(BASELINE, WASHOUT)
    assert baseline_trials(told).all() and math.isnan(mean_after_effect(told)) and not catch_trials(told).any()


def test_what_is_known_shows_in_the_channels_up_to_peak_speed():
    told = session(BASELINE, ADAPTATION, CHANNELS)
    found, names = channel_compensation(told), np.array(told.block_names)
    assert np.isfinite(found.slope).tolist() == told.channel.tolist()
    share = baseline_corrected(found.slope, names == "baseline", reach_directions(told))
    probes = told.channel & (names == "adaptation")
    assert share[probes] == pytest.approx(np.full(probes.sum(), 0.96), abs=0.02)
    assert share[names == "clamps"] == pytest.approx(np.zeros(8), abs=1e-9)  # the block's field is none
    assert (found.r2[probes] > 0.99).all() and (np.abs(found.intercept[probes]) < 0.5).all()
    opposite = session(BASELINE, {**ADAPTATION, "gain": -1.0})
    assert np.nanmax(channel_compensation(opposite).slope[np.array(opposite.block_names) == "adaptation"]) < -0.9


def test_the_force_of_a_lagging_hand_is_the_walls_and_not_the_command():
    told = session({**BASELINE, "trials": 16}, {**ADAPTATION, "trials": 60, "catch": 0.0}, env_id=LAB)
    mask = told.channel & (np.array(told.block_names) == "adaptation") & ~told.false_start
    assert mask.sum() > 5
    walls, command = sideways(told, "force")[mask], told.action[mask] * told.metadata["max_force"]
    ahead = (told.target - told.start)[mask] / np.linalg.norm((told.target - told.start)[mask], axis=1)[:, None]
    pushed = ahead[:, :1] * command[..., 1] - ahead[:, 1:] * command[..., 0]
    # Minus the walls' force is the hand's, which resembles most what was commanded some steps before.
    alike = [np.nansum(-walls[:, late:] * pushed[:, : pushed.shape[1] - late]) for late in range(12)]
    assert 2 <= int(np.argmax(alike)) <= 8 and alike[0] < 0.95 * max(alike)
    assert np.nanmean(channel_compensation(told).slope[mask]) == pytest.approx(0.93, abs=0.05)


def test_the_initial_angle_is_that_of_the_rotation():
    told = session(BASELINE, {"name": "turned", "trials": 10}, agent="naive", field=None, rotation=30.0)
    turned, names = np.degrees(initial_angles(told)), np.array(told.block_names)
    assert np.isnan(turned).tolist() == told.channel.tolist()
    assert turned[(names == "baseline") & ~told.channel] == pytest.approx(np.zeros((~told.channel & (names == "baseline")).sum()), abs=0.5)
    assert 20 < np.nanmean(turned[names == "turned"]) <= 31 and np.nanmean(np.degrees(initial_angles(told, of="hand"))[names == "turned"]) < 1
    peak = np.degrees(initial_angles(told, at="peak_speed"))[names == "turned"]
    assert (0 < peak).all() and (peak < turned[names == "turned"]).all()


def test_triplets_need_three_trials_one_after_the_other():
    blocks = [{"name": "baseline", "trials": 4, "gain": 0.0}] + [
        {"name": "probes", "trials": 1, "gain": 0.0, "clamp": 1.0}, {"name": "error", "trials": 1}
    ] * 4 + [{"name": "probes", "trials": 1, "gain": 0.0, "clamp": 1.0}]  # fmt: skip
    told = session(*blocks, agent="naive")
    found = triplets(told)
    assert found.trial.tolist() == [5, 7, 9, 11] and (found.error > 0.02).all()  # to the side of the field, a positive error
    assert found.change == pytest.approx(np.zeros(4), abs=1e-9) and found.sensitivity == pytest.approx(np.zeros(4), abs=1e-6)
    mirrored = session(*blocks, agent="naive", field="curl_cw")
    assert (triplets(mirrored).error > 0.02).all()
    gone = np.ones(len(told), bool)
    gone[6:8] = False  # the error before and the probe after them are neighbours in the recording now
    assert triplets(told.subset(gone)).trial.tolist() == [7, 9]


def test_sideways_points_to_the_left():
    told = session({"name": "field", "trials": 8}, agent="naive")
    assert np.nanmax(np.abs(sideways(told, "hand")), axis=1) == pytest.approx(np.abs(told.measures()["max_deviation"]), rel=0.05)
    assert np.nansum(sideways(told, "force")) > 0 and np.nanmax(sideways(told, "velocity")) > 0  # a curl to the left
    assert sideways(told, "force").shape == told.reward.shape


@pytest.mark.parametrize("call", [lambda r: initial_angles(r, at="end"), lambda r: initial_angles(r, of="foot"), lambda r: sideways(r, "action")])
def test_bad_words_are_refused(call):
    with pytest.raises(ValueError, match="must be one of"):
        call(session(WASHOUT))


def test_a_recording_knows_the_rows_of_its_trials(tmp_path):
    rows = [*block("baseline", 6, gain=0.0, directions=2), *block("learn", 20, catch=[7, 11], channel=[9], directions=4)]
    table = TrialTable([*rows, *block("opposite", 4, field="curl_cw", directions=[90], cue=2, rest=9.0)])
    write_table(table, tmp_path / "session.csv")
    for given in (table, table.to_data(), str(tmp_path / "session.csv")):
        done = record_whole_session("naive", "reach_gym/CursorReachCenterOut-v0", 3, {"schedule": given}, observe=False)
        assert done.planned == table.take(range(30)) and done.block_names == table.block.tolist()
        done.save(tmp_path / "done.npz")
        again = Recording.load(tmp_path / "done.npz")
        for each in (done, again):
            assert np.flatnonzero(catch_trials(each)).tolist() == [13, 17] == np.flatnonzero(each.table.catch).tolist()
            assert np.flatnonzero(each.table.channel).tolist() == [15] and (each.table.gain == table.gain).all()
            assert np.allclose(each.table.target, table.target) and each.table.cue.tolist() == table.cue.tolist()
    drawn = record_whole_session("naive", "reach_gym/CursorReachCenterOut-v0", 3, trials=60, observe=False)
    assert set(drawn.table.channel) == {0.0, 1.0} and (drawn.table.channel == drawn.channel).all()
    assert (drawn.table.catch == catch_trials(drawn)).all() and np.isfinite(drawn.table.target).all()


def test_rows_of_blocks_that_no_table_may_plan():
    wave, twice = {"amplitude": 5.0, "period": 4.0}, {"amplitude": 0.5, "period": 0.4, "phase": math.pi / 2}
    for block_of in ({"gain": 9.0, "wave": wave}, {"clamp": 1.0, "field": "curl_cw"}, {"spread": 0.1, "within": twice}):
        done = record_whole_session("naive", CURL, 0, {"schedule": [{"name": "a", "trials": 6, **block_of}]}, observe=False)
        assert len(done.planned) == len(done.table) == 6
        if "spread" in block_of:
            assert (abs(done.table.gain - 1) <= 0.1 + 1e-9).all() and len(set(done.table.gain)) == 6


def test_a_trial_that_plans_no_perturbation_is_no_catch_trial():
    done = record_whole_session("naive", CURL, 0, {"schedule": [{"name": "a", "trials": 8, "gain": 0.0, "catch": 1.0}]}, observe=False)
    assert not done.table.catch.any()
