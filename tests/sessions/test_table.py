"""The table of trials: what it holds, how it is built, files, and what is refused."""

import copy
import json
import pickle

import gymnasium as gym
import numpy as np
import pytest

from reach_gym.sessions import SCHEDULES, Block, Event, Row, Schedule, TrialTable, block, read_table, write_table
from reach_gym.sessions.rows import DEFAULTS
from reach_gym.sessions.schedule import MAX_TRIALS
from reach_gym.sessions.table import table_from_data, table_of

EVERYTHING = TrialTable(
    [
        Row(block="a", gain=-0.5, spread=0.25, within={"amplitude": 0.5, "period": 0.2}, field={"preset": "curl_cw", "gain": 2}),
        Row(block="a", rotation=30.0, catch=True, start=(0.01, 0.0), target=(0.05, 0.06), bar=0.02, cue=3, lead_in=-45.0),
        Row(block="b", target_jump=Event(0.02, 0.0, "place", 0.03), pulse=Event(1.0, 0.0, "speed", 0.1, 0.2), feedback="none"),
        Row(block="b", cursor_jump={"x": 0.0, "y": 0.01, "at": 0.1}, channel=0.5, rest=86400.0, repeat=True),
        Row(block="c", channel=True, feedback="clamp", clamp_angle=-15.0),
    ]
)


def test_columns_and_rows_say_the_same():
    table = EVERYTHING
    assert len(table) == table.trials == 5 and table.blocks == (("a", 2), ("b", 2), ("c", 1)) and table.last == 4
    assert table.block_index.tolist() == [0, 0, 1, 1, 2]
    assert table.gain.tolist() == [-0.5, 1, 1, 1, 1] and table.channel.tolist() == [0, 0, 0, 0.5, 1]
    assert np.isnan(table.rotation[[0, 2, 3, 4]]).all() and table.rotation[1] == 30
    assert table.target[1].tolist() == [0.05, 0.06] and np.isnan(table.target[0]).all() and table.target.shape == (5, 2)
    assert table.cue.dtype == np.int64 and table.repeat.dtype == np.bool_
    assert table[3].cursor_jump == Event(0.0, 0.01, at=0.1) and [row.block for row in table] == list("aabbc")
    assert TrialTable(list(table)) == table != TrialTable(list(table)[:4])
    assert table.take([4, 0]).block.tolist() == ["c", "a"]
    assert len(table + table) == 10 and (table + table).blocks[3] == ("a", 2)
    with pytest.raises(AttributeError, match="gian"):
        _ = table.gian


@pytest.mark.parametrize("ending", ["csv", "json"])
def test_files_give_the_same_table_back(tmp_path, ending):
    path = tmp_path / f"session.{ending}"
    for table in (EVERYTHING, TrialTable([Row()]), table_of(SCHEDULES["non_static"])):
        write_table(table, path)
        # Block boundaries between blocks of one name are not in a file; no ready schedule has such.
        assert read_table(path) == table
        assert table_from_data(str(path)) == table
    with pytest.raises(ValueError, match="path"):
        write_table(EVERYTHING, tmp_path / "session.xls")
    with pytest.raises(TypeError, match="`table` must be a TrialTable, got 5"):
        write_table(5, tmp_path / "session.csv")
    with pytest.raises(TypeError, match="`rows` must be rows of a session, got 5"):
        TrialTable(5)


def test_plain_data_copies_and_pickles():
    assert TrialTable.from_data(json.loads(json.dumps(EVERYTHING.to_data()))) == EVERYTHING
    assert pickle.loads(pickle.dumps(EVERYTHING)) == copy.deepcopy(EVERYTHING) == EVERYTHING
    assert hash(copy.deepcopy(EVERYTHING)) == hash(EVERYTHING)
    rows = [{"gain": 0.0}, {"block": "b", "channel": True}]
    assert TrialTable.from_data(rows) == TrialTable([Row(gain=0.0), Row(block="b", channel=1.0)])
    same = TrialTable([Row(target=(0.05, 0.0), gain=0.0)] * 3).to_data()
    assert same == {"trials": 3, "all": {"gain": 0.0, "target": [0.05, 0.0]}, "columns": {}}


def test_blocks_compile_into_the_table():
    schedule = Schedule((Block("a", 2, 0.0), Block("a", 3, 1.0, 3.0, catch=0.25, clamp=0.5, field="push")))
    table = table_of(schedule)
    assert table.gain.tolist() == [0, 0, 1, 2, 3] and table.blocks == (("a", 2), ("a", 3))
    assert table.field.tolist() == [None, None, "push", "push", "push"] and table.catch.tolist() == [0, 0, 0.25, 0.25, 0.25]
    assert table_of(table) is table


def test_a_planned_block_is_balanced():
    rows = block("learn", 80, directions=8, channel=0.1, catch=0.1, gain=0.0, gain_end=1.0, rest=60.0)
    table = TrialTable(rows)
    angles = np.degrees(np.arctan2(*table.target.T[::-1])).round().astype(int) % 360
    assert all(sorted(angles[k : k + 8]) == [45 * i for i in range(8)] for k in range(0, 80, 8))  # a cycle has each direction once
    assert len({tuple(angles[k : k + 8]) for k in range(0, 80, 8)}) > 1
    for special in (table.channel, table.catch):
        places = np.flatnonzero(special)
        assert len(places) == 8 and places[0] >= 5 and set(special) == {0.0, 1.0}
        assert np.diff(places).max() <= 20  # scattered over the block
    both = np.flatnonzero(table.channel + table.catch)
    assert len(both) == 16 and np.diff(both).min() >= 2
    assert table.gain[0] == 0 and table.gain[-1] == 1 and table.rest.tolist() == [60.0] + [0.0] * 79
    assert rows == block("learn", 80, directions=8, channel=0.1, catch=0.1, gain=0.0, gain_end=1.0, rest=60.0)  # for all subjects
    assert rows != block("learn", 80, directions=8, channel=0.1, catch=0.1, gain=0.0, gain_end=1.0, rest=60.0, order=1)
    named = TrialTable(block("named", 10, channel=[0, 9], catch=[4], field="push"))
    assert np.flatnonzero(named.channel).tolist() == [0, 9] and np.flatnonzero(named.catch).tolist() == [4]
    assert named.field.tolist() == [None, *["push"] * 8, None]  # a channel replaces the field
    assert TrialTable(block("clamp", 4, channel=True)).channel.all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"trials": 0}, "trials"),
        ({"channel": 1.5}, "channel"),
        ({"channel": [10]}, r"channel\[0\]"),
        ({"catch": [3], "channel": [3]}, "catch"),
        ({"channel": 0.9}, "first 5 of 10"),
        ({"directions": 0}, "directions"),
        ({"directions": []}, "directions"),
        ({"directions": [float("nan")]}, r"directions\[0\]"),
        ({"order": -1}, "order"),
        ({"distance": float("inf")}, "distance"),
        ({"name": 5}, "name"),
        ({"start": 5}, "start"),
        ({"start": (0.0, float("nan"))}, r"start\[1\]"),
    ],
)
def test_bad_blocks(change, message):
    with pytest.raises((TypeError, ValueError), match=message):
        block(**{"name": "a", "trials": 10, **change})


ONPOINT = {
    "numtrials": 4,
    "tgt_angle": {"0": 45, "1": 135, "2": 225, "3": 315},
    "tgt_distance": {"0": 80, "1": 80, "2": 80, "3": 40},
    "rotation": {"0": 0.0, "1": 30.0, "2": -15.0, "3": 0.0},
    "online_fb": {"0": 1, "1": 1, "2": 1, "3": 0},
    "endpoint_feedback": {"0": 1, "1": 1, "2": 1, "3": 0},
    "clamped_fb": {"0": 0.0, "1": 0.0, "2": 1.0, "3": 0.0},
    "target_jump": {"0": 0.0, "1": 1.0, "2": 0.0, "3": 10.0},
    "between_blocks": {"0": 0.0, "1": 2.0, "2": 0.0, "3": 5.0},
}


def test_a_target_file_of_onpoint(tmp_path):
    path = tmp_path / "targets.json"
    path.write_text(json.dumps(ONPOINT))
    table = read_table(path)
    assert table.blocks == (("block 1", 2), ("block 2", 2))
    assert table.feedback.tolist() == ["full", "full", "clamp", "none"] and table.clamp_angle.tolist() == [0, 0, -15, 0]
    assert table.rotation[1] == 30 and np.hypot(*table.target.T) == pytest.approx([0.1, 0.1, 0.1, 0.05])
    jump = table.target_jump[1]
    turned = np.array(table.target[1]) + (jump.x, jump.y)
    assert np.degrees(np.arctan2(*turned[::-1])) == pytest.approx(165) and np.hypot(*turned) == pytest.approx(0.1)
    for broken in ({"tgt_angle": {"0": 1}}, {"rotation": None}, {"numtrials": 10**7}, {"tgt_distance": dict.fromkeys("0123", 0)}):
        path.write_text(json.dumps({**ONPOINT, **broken}))
        with pytest.raises((TypeError, ValueError)):
            read_table(path)


NAN, INF = float("nan"), float("inf")
BAD_ROWS = [
    ({"gian": 1.0}, "row 2: .*gian"),
    ({"gain": NAN}, "gain"),
    ({"gain": "1"}, "gain"),
    ({"gain": 11}, "gain"),
    ({"gain": True}, "gain"),
    ({"gain": None}, "gain"),
    ({"spread": -0.1}, "spread"),
    ({"rotation": 181}, "rotation"),
    ({"rotation": INF}, "rotation"),
    ({"channel": 1.5}, "channel"),
    ({"channel": "yes"}, "channel"),
    ({"channel": True, "field": "curl_cw"}, "channel"),
    ({"channel": True, "within": {"amplitude": 1, "period": 0.2}}, "channel"),
    ({"catch": -1}, "catch"),
    ({"catch": 0.6, "channel": 0.6}, "catch"),
    ({"field": 3}, "field"),
    ({"within": {"amplitude": 1}}, "within"),
    ({"within": {"amplitude": 1, "period": 0}}, "within"),
    ({"start": (0.0,)}, "start"),
    ({"start": (NAN, 0.0)}, "start"),
    ({"target": 0.1}, "target"),
    ({"target": (0.1, "0")}, "target"),
    ({"bar": -0.01}, "bar"),
    ({"cue": -1}, "cue"),
    ({"cue": 1.5}, "cue"),
    ({"cue": 10**9}, "cue"),
    ({"lead_in": 361}, "lead_in"),
    ({"target_jump": {"x": 0.01}}, "target_jump"),
    ({"target_jump": {"x": 0.01, "y": 0, "at": -0.1}}, "target_jump"),  # before the go cue
    ({"target_jump": {"x": 0.01, "y": 0, "after": "place"}}, "target_jump"),
    ({"target_jump": {"x": 0.01, "y": 0, "after": "sight", "at": 1}}, "target_jump"),
    ({"cursor_jump": {"x": NAN, "y": 0}}, "cursor_jump"),
    ({"cursor_jump": {"x": 0, "y": 0}}, "cursor_jump"),
    ({"cursor_jump": 3}, "cursor_jump"),
    ({"pulse": {"x": 1, "y": 0}}, "pulse"),  # without an end
    ({"pulse": {"x": 1, "y": 0, "duration": 0}}, "pulse"),
    ({"pulse": {"x": 1, "y": 0, "duration": 0.1}, "target_jump": {"x": 0.01, "y": 0, "at": 0.05}}, "pulse"),  # both at once
    ({"pulse": {"x": 1, "y": 0, "duration": 0.1, "force": 1}}, "pulse"),
    ({"feedback": "some"}, "feedback"),
    ({"feedback": None}, "feedback"),
    ({"feedback": "clamp", "rotation": 30}, "feedback"),
    ({"clamp_angle": 15}, "clamp_angle"),
    ({"rest": -1}, "rest"),
    ({"rest": 1e9}, "rest"),
    ({"repeat": 1}, "repeat"),
    ({"block": ""}, "block"),
    ({"block": 1}, "block"),
    ({"block": " a"}, "block"),
    ({"block": "a\nb"}, "block"),
    ({"field": "storm"}, "field"),
    ({"field": {"gain": NAN}}, "field"),
]


@pytest.mark.parametrize(("row", "column"), BAD_ROWS, ids=lambda value: str(value)[:40])
def test_bad_rows_are_refused_with_row_and_column(row, column):
    with pytest.raises((TypeError, ValueError)) as caught:
        TrialTable.from_data([{}, row])
    assert str(caught.value).startswith("row 2") and column.split()[-1].removeprefix(".*") in str(caught.value)
    if not set(row) - set(DEFAULTS):
        with pytest.raises((TypeError, ValueError), match="row 2"):
            TrialTable([Row(), Row(**row)])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "at least one trial"),
        ("gain\n", "at least one trial"),
        ("gian\n1\n", "gian"),
        ("gain,gain\n1,1\n", "once"),
        ("target_x\n0.1\n", "together"),
        ("gain,rest\n1\n", "row 1"),
        ("gain\n1\nx\n", "row 2, column 'gain'"),
        ("gain\nnan\n", "row 1, column 'gain'"),
        ("cue\n1.5\n", "row 1, column 'cue'"),
        ("pulse\n{x\n", "row 1, column 'pulse'"),
        ("target_x,target_y\n0.1,\n", "row 1, column 'target_y'"),
        ('gain\n"1\n', "CSV"),
        ("gain\n" + "1\n" * (MAX_TRIALS + 1), "at most"),
        ("channel,field\ntrue,push\n", "row 1, column 'channel'"),
    ],
    ids=lambda text: text[:24],
)
def test_bad_csv(tmp_path, text, message):
    path = tmp_path / "bad.csv"
    path.write_text(text)
    with pytest.raises((TypeError, ValueError), match=message):
        read_table(path)


@pytest.mark.parametrize(
    "data",
    ["nonsense", "3", "{}", '{"format": "reach_gym session", "version": 2, "trials": 1}', "[]", "[[]]", '[{"gain": NaN}]',
     '{"format": "reach_gym session", "version": 1, "trials": 10000000, "all": {}, "columns": {}}',
     '{"format": "reach_gym session", "version": 1, "trials": 2, "all": {}, "columns": {"gain": [1]}}',
     '{"format": "reach_gym session", "version": 1, "trials": 2, "all": {}, "columns": {"gain": 1}}',
     '{"format": "reach_gym session", "version": 1, "trials": 1, "all": {"gain": 1}, "columns": {"gain": [1]}}', "[" * 10**5],
    ids=lambda text: text[:30],
)  # fmt: skip
def test_bad_json(tmp_path, data):
    path = tmp_path / "bad.json"
    path.write_text(data)
    with pytest.raises((TypeError, ValueError)):
        read_table(path)


def test_other_files_are_refused(tmp_path):
    path = tmp_path / "bad.csv"
    path.write_bytes(b"\xff\xfe\x00gain")
    with pytest.raises(ValueError, match="UTF-8"):
        read_table(path)
    with pytest.raises(OSError, match="no.csv"):
        read_table(tmp_path / "no.csv")
    with pytest.raises(ValueError, match="at most"):
        TrialTable(Row() for _ in range(MAX_TRIALS + 1))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"target": (0.2, 0.0)}, "row 2 .*target"),
        ({"target": (0.01, 0.0)}, "row 2 .*target"),  # on the start
        ({"start": (0.05, 0.0), "target": (0.06, 0.0)}, "row 2 .*target"),
        ({"target_jump": {"x": 0.01, "y": 0, "at": 0.005}}, "row 2 .*target_jump"),
        ({"cursor_jump": {"x": 1.0, "y": 0}}, "row 2 .*cursor_jump"),
        ({"pulse": {"x": 1, "y": 0, "duration": 0.005}}, "row 2 .*pulse"),
        ({"within": {"amplitude": 0.1, "period": 0.015}}, "period"),
    ],
)
@pytest.mark.parametrize("make", [gym.make, lambda *a, **k: gym.make_vec(*a, num_envs=2, **k)], ids=["make", "make_vec"])
def test_tables_that_do_not_fit_the_task(make, row, message):
    with pytest.raises((TypeError, ValueError), match=message):
        make("reach_gym/CursorReach-v0", schedule=[{"gain": 1.0}, row])


def test_blocks_of_one_name_keep_their_lengths():
    table = TrialTable.of_schedule(Schedule((Block("a", 3), Block("a", 2))))
    assert TrialTable.from_data(json.loads(json.dumps(table.to_data()))) == table and table.last == 3
    for blocks in ([2, 2], [5, 1], [0, 5], "5", [5.0]):
        with pytest.raises((TypeError, ValueError), match="blocks"):
            TrialTable.from_data({**table.to_data(), "blocks": blocks})


def test_nobody_can_change_a_table():
    given = {"gain": 1.0, "push": [1.0, 0.0]}
    table = TrialTable([Row(field=given)])
    given["gain"] = 7
    table.columns()["gain"][0] = 7
    data = table.to_data()
    data["all"]["field"]["gain"] = 99
    assert table == TrialTable([Row(field={"gain": 1.0, "push": [1.0, 0.0]})]) and table[0].field.gain == 1.0


@pytest.mark.parametrize("trials", [[True, False], [0.5], [7], [-1], [], 1, [[0]], "0"])
def test_bad_indices(trials):
    with pytest.raises((TypeError, ValueError), match="trials"):
        TrialTable([Row()] * 2).take(trials)
    with pytest.raises(TypeError):
        TrialTable([Row()])[0:1]


def test_empty_lines_of_a_csv_are_no_trials(tmp_path):
    path = tmp_path / "lines.csv"
    path.write_text("block,gain\na,1\n,\n\na,0.5\n,\n")
    assert read_table(path).gain.tolist() == [1.0, 0.5]
    path.write_text("block,gain\na,1\n,\na,x\n")
    with pytest.raises(ValueError, match="row 2, column 'gain'"):
        read_table(path)
