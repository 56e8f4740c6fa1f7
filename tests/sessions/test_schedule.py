"""Sessions as data: blocks, ramps, waves, what is refused, and the named schedules."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reach_gym.fields import CURSOR_PRESETS, ForceField
from reach_gym.sessions.schedule import MAX_TRIALS, SCHEDULES, STEADY, Block, Schedule, Wave, place_in_session, schedule_from_data
from reach_gym.sessions.table import TrialTable

numba = pytest.importorskip("numba")
pytest.importorskip("reach_gym.reach.kernels")  # registers the functions with Numba

cases = settings(max_examples=200, deadline=None)

waves = st.builds(Wave, st.floats(-10, 10), st.floats(1e-3, 1e6), st.floats(-10, 10))
gains = st.floats(-10, 10)
shares = st.tuples(st.floats(0, 0.5), st.floats(0, 0.5))
block_fields = st.none() | st.sampled_from(["curl_ccw", {"preset": "push", "gain": 2.0}])
blocks = st.builds(
    lambda name, trials, gain, end, spread, wave, within, share, field: Block(name, trials, gain, end, spread, wave, within, *share, field),
    st.text(min_size=1, max_size=9), st.integers(1, 30), gains, st.none() | gains, st.floats(0, 10), st.none() | waves, st.none() | waves,
    shares, block_fields,
)  # fmt: skip
sessions = st.builds(Schedule, st.lists(blocks, min_size=1, max_size=6).map(tuple))


def through_json(schedule):
    return schedule_from_data(json.loads(json.dumps(schedule.to_data())))


@pytest.mark.parametrize("name", [*SCHEDULES, "steady"])
def test_named_schedules_go_through_json(name):
    schedule = SCHEDULES.get(name, STEADY)
    assert through_json(schedule) == schedule
    assert schedule_from_data(schedule) is schedule
    assert schedule_from_data(None if schedule is STEADY else name) is schedule


@cases
@given(sessions)
def test_schedules_go_through_json(schedule):
    assert through_json(schedule) == schedule


def test_numpy_numbers_become_plain_ones():
    block = Block("a", np.int64(3), np.float32(0.5), np.float64(1), np.int32(0), {"amplitude": np.float32(1), "period": np.int64(4)})
    schedule = Schedule([block])
    assert through_json(schedule) == schedule == Schedule([Block("a", 3, 0.5, 1.0, 0.0, Wave(1.0, 4.0))])


def test_a_field_in_a_block_goes_through_json():
    schedule = Schedule((Block("a", 2, field=CURSOR_PRESETS["push"]), Block("b", 1, field=ForceField(push=(1, 2)))))
    again = through_json(schedule)
    assert [ForceField(**block.field) for block in again.blocks] == [block.field for block in schedule.blocks]


def test_the_named_schedules():
    assert set(SCHEDULES) == {"abrupt", "gradual", "clamp", "savings", "non_static", "within_trial"}
    names = {name: [block.name for block in schedule.blocks] for name, schedule in SCHEDULES.items()}
    assert names == {
        "abrupt": ["baseline", "adaptation", "washout"],
        "gradual": ["baseline", "ramp", "adaptation", "washout"],
        "clamp": ["baseline", "adaptation", "error clamp"],
        "savings": ["baseline", "adaptation", "washout", "readaptation", "washout"],
        "non_static": ["baseline", "random", "wave", "washout"],
        "within_trial": ["baseline", "within trial", "washout"],
    }
    for schedule in SCHEDULES.values():
        for block in schedule.blocks:
            if block.name in ("baseline", "washout", "error clamp"):
                assert set(block.gains()) == {0.0} and block.within is None
            if block.name in ("adaptation", "readaptation"):
                assert set(block.gains()) == {1.0}
    first, second = (SCHEDULES["savings"].blocks[i] for i in (1, 3))
    assert (first.trials, first.catch, first.clamp) == (second.trials, second.catch, second.clamp)
    assert SCHEDULES["clamp"].blocks[-1].clamp == 1.0 and SCHEDULES["abrupt"].blocks[1].catch > 0
    assert SCHEDULES["within_trial"].blocks[1].within is not None
    assert SCHEDULES["non_static"].blocks[1].spread > 0
    wave = SCHEDULES["non_static"].blocks[2].gains()
    assert (max(wave), min(wave)) == (1, -1)
    ramp = SCHEDULES["gradual"].blocks[1].gains()
    assert (ramp[0], ramp[-1]) == (0, 1) and len(set(ramp)) == len(ramp)


def test_a_ramp_goes_from_end_to_end():
    assert Block("a", 5, 0.0, 1.0).gains() == [0, 0.25, 0.5, 0.75, 1]
    assert Block("a", 3, 1.0, -1.0).gains() == [1, 0, -1]
    assert Block("a", 1, 0.25, 1.0).gains() == [0.25]
    assert Block("a", 2, 0.25, 1.0).gains() == [0.25, 1]
    assert Block("a", 3, 0.25).gains() == [0.25] * 3


@cases
@given(st.integers(2, 200), gains, gains)
def test_ramps_are_even_and_end_where_they_should(trials, first, last):
    ramp = Block("a", trials, first, last).gains()
    assert len(ramp) == trials and ramp[0] == first and ramp[-1] == pytest.approx(last, abs=1e-14)
    assert np.diff(ramp) == pytest.approx([(last - first) / (trials - 1)] * (trials - 1), abs=1e-14)


def test_a_wave_by_hand():
    wave = Wave(2.0, 8.0)
    half = math.sqrt(2)
    assert [wave.at(t) for t in range(9)] == pytest.approx([0, half, 2, half, 0, -half, -2, -half, 0], abs=1e-12)
    assert Wave(2.0, 8.0, math.pi / 2).at(0) == 2
    # It is added to the gain, and begins anew in every block.
    block = Block("a", 5, gain=0.5, wave={"amplitude": 1.0, "period": 4.0})
    assert block.gains() == pytest.approx([0.5, 1.5, 0.5, -0.5, 0.5])
    assert block.wave == Wave(1.0, 4.0)
    table = TrialTable.of_schedule(Schedule((Block("b", 3), block)))
    assert table.gain.tolist() == [1, 1, 1, *block.gains()]
    ramp = Block("a", 5, 0.0, 1.0, wave=Wave(1.0, 4.0))
    assert ramp.gains() == pytest.approx([0, 1.25, 0.5, -0.25, 1])


THREE = Schedule((Block("a", 2, 0.0), Block("b", 3, 1.0, catch=0.25, clamp=0.5, spread=0.125), Block("c", 4, 2.0, 5.0)))


def test_the_table_by_hand():
    table = TrialTable.of_schedule(THREE)
    assert THREE.trials == 9
    assert table.gain.tolist() == [0, 0, 1, 1, 1, 2, 3, 4, 5]
    assert table.catch.tolist() == [0, 0, 0.25, 0.25, 0.25, 0, 0, 0, 0]
    assert table.channel.tolist() == [0, 0, 0.5, 0.5, 0.5, 0, 0, 0, 0]
    assert table.spread.tolist() == [0, 0, 0.125, 0.125, 0.125, 0, 0, 0, 0]
    assert table.block_index.tolist() == [0, 0, 1, 1, 1, 2, 2, 2, 2] and table.block_index.dtype == np.int32
    assert table.last == 5


def test_the_last_block_goes_on_from_its_first_trial():
    assert [THREE.place_of(trial) for trial in range(18)] == [0, 1, 2, 3, 4, 5, 6, 7, 8, 5, 6, 7, 8, 5, 6, 7, 8, 5]
    assert "".join(THREE.block_of(trial).name for trial in range(14)) == "aabbbccccccccc"
    assert [STEADY.place_of(trial) for trial in (0, 1, 10**12)] == [0, 0, 0]


@numba.njit
def places(trial, trials, last, out):
    for i in range(len(trial)):
        out[i] = place(trial[i], trials, last)


place = place_in_session


@cases
@given(sessions, st.lists(st.integers(0, 2**40), min_size=1, max_size=9))
def test_places_agree_between_integers_arrays_and_numba(schedule, beyond):
    trials = [*range(schedule.trials + 3), *beyond]
    last = schedule.trials - schedule.blocks[-1].trials
    expected = [t if t < schedule.trials else last + (t - last) % schedule.blocks[-1].trials for t in trials]
    compiled = np.empty(len(trials), np.int64)
    places(np.array(trials), schedule.trials, last, compiled)
    assert [schedule.place_of(trial) for trial in trials] == expected == compiled.tolist()
    assert place_in_session(np.array(trials), schedule.trials, last).tolist() == expected
    table = TrialTable.of_schedule(schedule)
    assert table.last == last and len(table.gain) == schedule.trials
    for trial, at in zip(trials, expected, strict=True):
        assert schedule.blocks[table.block_index[at]] == schedule.block_of(trial)


def test_blocks_of_every_kind_are_accepted():
    as_dict = {"name": "a", "trials": 3}
    assert schedule_from_data([as_dict]) == schedule_from_data((Block("a", 3),)) == Schedule([as_dict])
    assert Schedule((Block("long", MAX_TRIALS),)).trials == MAX_TRIALS
    assert Block("a", 1, catch=0.5, clamp=0.5).catch == 0.5


BAD_BLOCKS = [
    ({"name": 1}, TypeError, "block.name"),
    ({"name": ""}, ValueError, "block.name"),
    ({"trials": 0}, ValueError, "block.trials"),
    ({"trials": -1}, ValueError, "block.trials"),
    ({"trials": MAX_TRIALS + 1}, ValueError, "block.trials"),
    ({"trials": 2.0}, TypeError, "block.trials"),
    ({"trials": True}, TypeError, "block.trials"),
    ({"trials": None}, TypeError, "block.trials"),
    *[
        ({key: value}, error, f"block.{key}")
        for key in ("gain", "gain_end", "spread", "catch", "clamp")
        for value, error in ((math.nan, ValueError), (math.inf, ValueError), (10.1, ValueError), ("1", TypeError), (True, TypeError), ([1], TypeError))
    ],
    ({"gain": None}, TypeError, "block.gain"),
    ({"gain": -10.1}, ValueError, "block.gain"),
    ({"gain_end": -10.1}, ValueError, "block.gain_end"),
    ({"spread": -0.1}, ValueError, "block.spread"),
    ({"catch": -0.1}, ValueError, "block.catch"),
    ({"clamp": 1.1}, ValueError, "block.clamp"),
    ({"catch": 0.6, "clamp": 0.6}, ValueError, "`block.catch` and `block.clamp`"),
    *[
        ({key: value}, error, message)
        for key in ("wave", "within")
        for value, error, message in (
            (1.0, TypeError, f"`block.{key}` must be a dict"),
            ("sine", TypeError, f"`block.{key}` must be a dict"),
            ({}, ValueError, f"`block.{key}` must have the keys 'amplitude' and 'period'"),
            ({"amplitude": 1.0}, ValueError, f"`block.{key}` must have the keys"),
            ({"amplitude": 1.0, "period": 1.0, "shape": "square"}, ValueError, f"`block.{key}` has the unknown key 'shape'"),
            ({"amplitude": 11.0, "period": 1.0}, ValueError, "wave.amplitude"),
            ({"amplitude": math.nan, "period": 1.0}, ValueError, "wave.amplitude"),
            ({"amplitude": "1", "period": 1.0}, TypeError, "wave.amplitude"),
            ({"amplitude": 1.0, "period": 0.0}, ValueError, "wave.period"),
            ({"amplitude": 1.0, "period": -1.0}, ValueError, "wave.period"),
            ({"amplitude": 1.0, "period": 1e7}, ValueError, "wave.period"),
            ({"amplitude": 1.0, "period": 1.0, "phase": math.inf}, ValueError, "wave.phase"),
        )
    ],
    ({"speed": 1.0}, ValueError, "`schedule` has the unknown key 'speed'"),
]


@pytest.mark.parametrize(("values", "error", "message"), BAD_BLOCKS, ids=str)
def test_bad_blocks_are_refused_by_name(values, error, message):
    with pytest.raises(error, match=message):
        schedule_from_data([{"name": "a", "trials": 2, **values}])


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        ("abrubt", ValueError, "`schedule` must be one of 'abrupt'"),
        (3, TypeError, "`schedule`"),
        ({"name": "a", "trials": 2}, TypeError, "a list of blocks"),
        ([], ValueError, "at least one block"),
        ([3], TypeError, "`schedule` must be a dict"),
        (["abrupt"], TypeError, "`schedule` must be a dict"),
        ([{"name": "a"}], ValueError, "'name' and 'trials'"),
        ([{"trials": 2}], ValueError, "'name' and 'trials'"),
        ([{"name": "a", "trials": 60_000}] * 2, ValueError, "at most 100000 trials, got 120000"),
    ],
    ids=str,
)
def test_bad_schedules_are_refused_by_name(value, error, message):
    with pytest.raises(error, match=message):
        schedule_from_data(value)
