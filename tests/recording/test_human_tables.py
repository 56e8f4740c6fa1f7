"""Tables of people's trials: what a file says comes out as arrays, bad ones are refused with row and column, and agents fit in."""

import math

import numpy as np
import pytest

from reach_gym.recording import Column, HumanTable, adaptation, deviations, group_curve, record, record_group
from reach_gym.recording.human_tables import UNITS

CENTER_OUT = "reach_gym/CursorReachCenterOut-v0"
TEXT = """subject,trial,block,target [deg],perturbation [deg],channel,rest [s],cue,angle [deg]
b,1,base,90,0,no,0,0,1.5
b,2,turned,180,30,no,60,2,
a,2,turned,0,30,yes,0,0,-2
a,1,base,-90,0,no,0,0,NA
a,4,turned,45,30,no,0,0,-12.25
"""


def table_of(tmp_path, text, mapping=None, **more):
    path = tmp_path / "people.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return HumanTable.from_csv(path, mapping, **more)


def test_a_table_comes_out_as_arrays(tmp_path):
    table = table_of(tmp_path, TEXT)
    assert table.subjects == ("b", "a") and table.measures == ("angle",) and table.perturbation_unit == "deg"
    assert len(table) == 5 and (table.first, table.trials) == (1, 4) and "2 subjects, trials 1 to 4" in repr(table)
    a = table.subject("a")
    assert a.subject == "a" and a.trial.tolist() == [1, 2, 3, 4] and a.block == ["base", "turned", "", "turned"]
    assert np.array_equal(a.perturbation, [0, 30, np.nan, 30], equal_nan=True)
    assert a.clamped.tolist() == [False, True, False, False]
    assert np.array_equal(a.measured, [np.nan, -2, np.nan, -12.25], equal_nan=True)
    assert np.array_equal(a.direction, [-90, 0, np.nan, 45], equal_nan=True)
    b = table.subject("b", "angle")
    assert b.rest.tolist() == [0, 60, 0, 0] and b.cue.tolist() == [0, 2, 0, 0] and b.measured[0] == 1.5
    assert [each.dtype for each in b[1:8]] == [np.int64, np.float64, np.bool_, np.float64, np.float64, np.int64, np.float64]
    assert np.array_equal(table.values(), [b.measured, a.measured], equal_nan=True)
    assert group_curve(table.values()).count.tolist() == [1, 1, 0, 1]
    unit = a.scaled(30, -30)
    assert unit.perturbation[1] == 1 and unit.measured[3] == pytest.approx(12.25 / 30) and unit.trial is a.trial


def test_the_file_of_a_laboratory(tmp_path):
    text = "\ufeffppid;TrialNo;Tx;Ty;HandAngle(clockwise);PeakDev [mm];FF;RT;Note\nS01;7.0;10;10;5.0;-12;13;231;\"a;b\"\n\n;;;;;;;;\n"
    mapping = {
        "subject": "ppid", "trial": "TrialNo", "target_x": Column("Tx", "cm"), "target_y": ("Ty", "cm"), "deviation": "PeakDev [mm]",
        "angle": Column("HandAngle(clockwise)", None, -1), "perturbation": Column("FF", "N s/m"),
    }  # fmt: skip
    with pytest.raises(ValueError, match="'angle' must have a unit"):
        table_of(tmp_path, text, mapping, delimiter=";")
    text = text.replace("HandAngle(clockwise)", "HandAngle")
    mapping["angle"] = Column("HandAngle", "deg", -1)
    table = table_of(tmp_path, text, mapping, delimiter=";")
    assert table.perturbation_unit == "N s/m" and table.measures == ("angle", "deviation") and len(table) == 1
    one = table.subject("S01", "deviation")
    assert one.trial.tolist() == [7] and one.direction.tolist() == [45] and one.measured.tolist() == [-0.012]
    assert table.subject("S01", "angle").measured.tolist() == [-5] and one.perturbation.tolist() == [13] and one.block == [""]
    with pytest.raises(ValueError, match="`measure` must be one of 'angle', 'deviation'"):
        table.values()


@pytest.mark.parametrize(
    ("title", "cell", "value"),
    [
        ("angle [rad]", "0.5", math.degrees(0.5)), ("angle [°]", "0.5", 0.5), ("deviation (mm)", "-3", -0.003), ("deviation [cm]", "2", 0.02),
        ("deviation [m]", "0.01", 0.01), ("force [N]", "1e1", 10), ("coefficient [1]", "0.75", 0.75), ("coefficient [%]", "75", 0.75),
        ("angle [deg]", "", math.nan), ("angle [deg]", "NaN", math.nan), ("angle [deg]", " 180 ", 180),
    ],
)  # fmt: skip
def test_units(tmp_path, title, cell, value):
    table = table_of(tmp_path, f"subject,trial,perturbation [%],rest [min],{title}\na,0,50,2,{cell}\n")
    trial = table.subject("a")
    assert trial.measured[0] == pytest.approx(value, nan_ok=True) and trial.perturbation[0] == 0.5 and trial.rest[0] == 120
    assert table.perturbation_unit == "1"


def test_a_table_that_is_written_is_read_again(tmp_path):
    table = table_of(tmp_path, TEXT)
    table.to_csv(tmp_path / "again.csv")
    again = HumanTable.from_csv(tmp_path / "again.csv")
    assert again.subjects == table.subjects and again.perturbation_unit == "deg"
    for name in table.subjects:
        for one, two in zip(table.subject(name), again.subject(name)):
            assert np.array_equal(one, two, equal_nan=True) if isinstance(one, np.ndarray) else one == two
    again.to_csv(tmp_path / "third.csv")
    assert (tmp_path / "third.csv").read_bytes() == (tmp_path / "again.csv").read_bytes()


ROW = "a,1,0,0.5\n"
HEAD = "subject,trial,perturbation [deg],angle [deg]\n"
FULL = "subject,trial,perturbation [1],channel,rest [s],cue,target [deg],deviation [mm]\n"
GOOD = "a,1,0,0,0,0,0,0\n"
BAD = {
    "nothing": ("", "row 1: the titles"),
    "titles only": (HEAD, "row 2: the first trial is missing"),
    "no text": (b"\xff\xfe\x00", "`path` must be a text in UTF-8"),
    "zero bytes": (HEAD + "a\0,1,0,0\n", "`path` must be a text file"),
    "empty title": (HEAD.replace("trial", "") + ROW, "row 1, column 2: the title must not be empty"),
    "same title": ("subject,subject,trial\na,b,1\n", "row 1, column 2: the title 'subject'"),
    "same name": (HEAD.replace("\n", ",angle [rad]\n") + "a,1,0,0,0\n", "row 1, column 5: 'angle' must not stand there twice"),
    "unknown column": (HEAD.replace("angle", "angel") + ROW, "row 1, column 4: 'angel [deg]' is unknown"),
    "no subject": ("trial,perturbation [1],angle [deg]\n1,0,0\n", "row 1: the column 'subject' is missing"),
    "no trial": ("subject,perturbation [1],angle [deg]\na,0,0\n", "row 1: the column 'trial' is missing"),
    "no perturbation": ("subject,trial,angle [deg]\na,1,0\n", "row 1: the column 'perturbation' is missing"),
    "no measure": ("subject,trial,perturbation [1]\na,1,0\n", "row 1: one of the columns angle"),
    "no unit": ("subject,trial,perturbation [1],angle\na,1,0,0\n", "row 1, column 4: 'angle' must have a unit, one of deg, °, rad, got none"),
    "no unit of the perturbation": ("subject,trial,perturbation,angle [deg]\na,1,0,0\n", "row 1, column 3: 'perturbation' must have a unit"),
    "unknown unit": ("subject,trial,perturbation [1],deviation [inch]\na,1,0,0\n", "row 1, column 4: 'deviation' must have a unit, one of m, cm, mm"),
    "half a target": (HEAD.replace("\n", ",target_x [m]\n") + "a,1,0,0,0\n", "row 1: the columns 'target_x' and 'target_y'"),
    "two targets": (HEAD.replace("\n", ",target_x [m],target_y [m],target [deg]\n") + "a,1,0,0,0,0,0\n", "row 1: the columns 'target' and"),
    "too few cells": (HEAD + ROW + "a,2,0\n", "row 3: 4 cells are wanted, as in row 1, got 3"),
    "too many cells": (HEAD + "a,1,0,0,5\n", "row 2: 4 cells are wanted, as in row 1, got 5"),
    "decimal comma": (HEAD.replace(",", ";") + "a;1;0;0,5\n", "row 2, column 'angle [deg]': must be a finite number, or empty, got '0,5'; decimals have a point"),
    "no subject's name": (HEAD + ",1,0,0\n", "row 2, column 'subject': must not be empty"),
    "no number of a trial": (HEAD + "a,,0,0\n", "row 2, column 'trial': must be a whole number"),
    "half a trial": (HEAD + "a,1.5,0,0\n", "row 2, column 'trial': must be a whole number"),
    "trial below 0": (HEAD + "a,-1,0,0\n", "row 2, column 'trial': must be a whole number"),
    "a trial twice": (HEAD + ROW + "\nb,1,0,0\na,1,0,0\n", "row 5, column 'trial': subject 'a' has trial 1 in row 2 already"),
    "trials without end": (HEAD + ROW + "a,10000000,0,0\n", "column 'trial': from the first to the last there must be at most 100000"),
    "no perturbation in a row": (HEAD + "a,1,,0\n", "row 2, column 'perturbation [deg]': must be a finite number, got ''"),
    "perturbation NaN": (HEAD + "a,1,nan,0\n", "row 2, column 'perturbation [deg]': must be a finite number"),
    "a word": (HEAD + "a,1,0,left\n", "row 2, column 'angle [deg]': must be a finite number, or empty, got 'left'"),
    "infinity": (HEAD + "a,1,0,inf\n", "row 2, column 'angle [deg]': must be a finite number"),
    "turned too far": (HEAD + "a,1,0,181\n", "row 2, column 'angle [deg]': must be from -180 to 180 in deg, got 181"),
    "metres for millimetres": (FULL + GOOD.replace(",0\n", ",5000\n"), "row 2, column 'deviation [mm]': must be from -1000 to 1000 in mm, got 5000"),
    "channel": (FULL + "a,1,0,2,0,0,0,0\n", "row 2, column 'channel': must be one of 1, true, yes, 0, false, no, got '2'"),
    "rest below 0": (FULL + "a,1,0,0,-1,0,0,0\n", "row 2, column 'rest [s]': must be from 0 to"),
    "rest empty": (FULL + "a,1,0,0,,0,0,0\n", "row 2, column 'rest [s]': must be a finite number"),
    "cue": (FULL + "a,1,0,0,0,1001,0,0\n", "row 2, column 'cue': must be a whole number from 0 to 1000"),
    "target": (FULL + "a,1,0,0,0,0,400,0\n", "row 2, column 'target [deg]': must be from -360 to 360 in deg"),
    "target at the start": (HEAD.replace("\n", ",target_x [m],target_y [m]\n") + "a,1,0,0,0,0\n", "row 2, column 'target_x': the target must lie elsewhere"),
    "open quotation": (HEAD + 'a,1,0,"0\n', "row 2: unexpected end of data"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD)
def test_bad_tables_are_refused_with_row_and_column(tmp_path, kind):
    text, words = BAD[kind]
    with pytest.raises(ValueError) as error:
        table_of(tmp_path, text, delimiter=";" if "comma" in kind else ",")
    assert words in str(error.value)


def test_good_tables_are_not_refused(tmp_path):
    for text in (HEAD + ROW, FULL + GOOD, HEAD + ROW + "\r\n\r\n"):
        assert len(table_of(tmp_path, text)) == 1


@pytest.mark.parametrize(
    ("mapping", "kind", "words"),
    [
        ([], TypeError, "`mapping` must be a dict"),
        ({"angel": "angle [deg]"}, ValueError, "`mapping` has the unknown key 'angel'"),
        ({"angle": 3}, TypeError, "`mapping['angle']` must be a title or a Column"),
        ({"angle": "Angle"}, ValueError, "`mapping['angle']` must be a title of the file, got 'Angle'"),
        ({"angle": Column("angle [deg]", "rad")}, ValueError, "`mapping['angle']` must have the unit of the title"),
        ({"angle": Column("angle [deg]", "deg", 2)}, ValueError, "`mapping['angle']` must have the sign"),
        ({"trial": Column("trial", None, -1)}, ValueError, "`mapping['trial']` must have the sign"),
    ],
)
def test_bad_mappings(tmp_path, mapping, kind, words):
    whole = {"subject": "subject", "trial": "trial", "perturbation": "perturbation [deg]", "angle": "angle [deg]"}
    with pytest.raises(kind) as error:
        table_of(tmp_path, HEAD + ROW, {**whole, **mapping} if isinstance(mapping, dict) else mapping)
    assert words in str(error.value)


@pytest.mark.parametrize("delimiter", [3, "", ",,", '"', "\n"])
def test_bad_delimiters(tmp_path, delimiter):
    with pytest.raises((TypeError, ValueError), match="`delimiter` must be one character"):
        table_of(tmp_path, HEAD + ROW, delimiter=delimiter)


def test_other_refusals(tmp_path):
    with pytest.raises(TypeError, match="`path` must be a path"):
        HumanTable.from_csv(3)
    with pytest.raises(FileNotFoundError):
        HumanTable.from_csv(tmp_path / "none.csv")
    table = table_of(tmp_path, HEAD + ROW)
    with pytest.raises(ValueError, match="`name` must be one of 'a', got 'c'"):
        table.subject("c")
    with pytest.raises(ValueError, match="`measure` must be one of 'angle', got 'force'"):
        table.values("force")
    for bad in ({"perturbation": 0.0}, {"perturbation": 30.0, "measured": 0}):
        with pytest.raises(ValueError, match="must not be 0"):
            table.subject("a").scaled(**bad)


@pytest.fixture(scope="module")
def group():
    blocks = [{"name": "base", "trials": 6, "gain": 0.0}, {"name": "field", "trials": 14, "catch": 0.2, "clamp": 0.2}]
    return record_group("adapted", CENTER_OUT, 3, env_kwargs={"schedule": blocks})


def test_recordings_are_the_same_table(group, tmp_path):
    table = HumanTable.from_recordings(group)
    assert table.subjects == ("1", "2", "3") and table.measures == ("angle", "deviation", "coefficient") and table.perturbation_unit == "1"
    for name, each in zip(table.subjects, group):
        own = table.subject(name, "deviation")
        assert np.array_equal(own.measured, deviations(each), equal_nan=True) and own.block == each.block_names
        assert np.array_equal(own.perturbation, each.gain[:, 0]) and np.array_equal(own.clamped, each.channel)
        assert np.array_equal(table.subject(name, "coefficient").measured, adaptation(each), equal_nan=True)
        way = each.target - each.start
        assert np.allclose(np.cos(np.radians(own.direction)), way[:, 0] / np.linalg.norm(way, axis=1))
        early = np.degrees(each.measures()["early_angle_error"])
        assert np.array_equal(table.subject(name, "angle").measured, early, equal_nan=True)
    assert np.array_equal(table.values("deviation"), group.values(deviations), equal_nan=True)
    table.to_csv(tmp_path / "agents.csv")
    again = HumanTable.from_csv(tmp_path / "agents.csv")
    assert np.array_equal(again.values("coefficient"), table.values("coefficient"), equal_nan=True)
    assert HumanTable.from_recordings(group, ["x", "y", "z"]).subjects == ("x", "y", "z")


def test_what_a_fit_takes_is_what_the_file_says_to_the_last_bit(tmp_path):
    rng = np.random.default_rng(0)
    push, clamped, found = np.repeat([0.0, 1.0, -1.0, 0.0], [10, 100, 15, 60]), np.repeat([False, True], [125, 60]), rng.normal(size=185)
    lines = [f"s,{k},{p:g},{int(c)},{'' if k % 7 == 3 else repr(x)}" for k, (p, c, x) in enumerate(zip(push.tolist(), clamped.tolist(), found.tolist()))]
    rng.shuffle(lines)
    table = table_of(tmp_path, "subject,trial,perturbation [1],channel,coefficient [1]\n" + "\n".join(lines))
    trials = table.subject("s")
    assert np.array_equal(trials.perturbation, push) and np.array_equal(trials.clamped, clamped)
    assert np.array_equal(trials.measured, np.where(np.arange(185) % 7 == 3, np.nan, found), equal_nan=True)


def test_a_rotation_is_in_degrees():
    kwargs = {"field": "null", "rotation": 30.0, "schedule": [{"name": "b", "trials": 2, "gain": 0.0}, {"name": "r", "trials": 2, "gain": -1.0}]}
    recording = record("naive", CENTER_OUT, env_kwargs=kwargs, session=True)
    table = HumanTable.from_recordings([recording])
    assert table.perturbation_unit == "deg" and table.subject("1", "angle").perturbation.tolist() == [0, 0, -30, -30]
    plain = record("naive", CENTER_OUT, 2, session=True)
    with pytest.raises(ValueError, match="`recordings` must all have perturbations in one unit, got 1 and deg"):
        HumanTable.from_recordings([plain, recording])


def test_fields_of_blocks_are_multiples_of_the_own():
    blocks = [{"name": "a", "trials": 1}, {"name": "b", "trials": 1, "field": "curl_cw"}, {"name": "c", "trials": 1, "gain": 0.5, "field": {"preset": "curl_ccw", "gain": 2}}]
    recording = record("naive", CENTER_OUT, env_kwargs={"schedule": blocks}, session=True)
    assert HumanTable.from_recordings([recording]).subject("1", "angle").perturbation.tolist() == [1, -1, 1]
    other = record("naive", CENTER_OUT, env_kwargs={"schedule": [{"name": "a", "trials": 1, "field": "push"}]}, session=True)
    with pytest.raises(ValueError, match="multiples of the task's own, got another one in trial 0"):
        HumanTable.from_recordings([other])


def test_bad_recordings(group):
    with pytest.raises(ValueError, match="`recordings` must be at least one"):
        HumanTable.from_recordings([])
    with pytest.raises(TypeError, match="`recordings` must hold recordings, got 'a'"):
        HumanTable.from_recordings("a")
    for names in (["a", "b"], ["a", "a", "b"], ["a", "", "b"], ["a", " b", "c"], "abc", ["a", 1, "b"]):
        with pytest.raises((TypeError, ValueError), match="`subjects` must be"):
            HumanTable.from_recordings(group, names)
    assert list(UNITS) == ["angle", "deviation", "force", "coefficient"]
