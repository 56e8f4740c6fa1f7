"""NWB files as public data sets lay them out: what is read is what was written, and what could not be is said."""

import dataclasses
import shutil

import numpy as np
import pytest

from benchmarks import lab_files
from reach_gym.recording import (
    HumanTable,
    Recording,
    RecordingError,
    Spikes,
    catch_trials,
    deviations,
    mean_after_effect,
    reach_directions,
    read_nwb,
    record,
    write_nwb,
)
from reach_gym.recording.nwb_layouts import LAYOUTS, layout_from_data
from reach_gym.recording.nwb_units import Units, observed

h5py = pytest.importorskip("h5py")
pytest.importorskip("pynwb")

# Each layout: the file, how it is read, the name in the report, and where the middle of its targets lies in the file's space, m.
FILES = {
    "mc_maze": (lab_files.mc_maze, {}, "mc_maze", (0, 0)),
    "000688": (lab_files.center_out, {}, "000688, center-out", (0, 0)),
    "000688 random": (lab_files.random_targets, {"reached": True}, "000688, random targets", (0, 0)),
    "mc_rtt": (lab_files.mc_rtt, {}, "mc_rtt", (0, 0)),
    "area2_bump": (lab_files.area2_bump, {"distance": 0.08}, "area2_bump", (0.05, -0.35)),
    "000070": (lab_files.churchland, {}, "000070", (0, 0)),
    "map": (lab_files.own_layout, {"layout": lab_files.OWN_MAP}, "map", (0, 0)),
}
WORDS = {"samples": "are missing", "cue": "no go cue", "discard": "discard_trial is 1"}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("nwb")
    return {name: (folder / f"{k}.nwb", make(folder / f"{k}.nwb")) for k, (name, (make, *_)) in enumerate(FILES.items())}


@pytest.fixture(scope="module")
def read(files):
    return {name: read_nwb(path, **FILES[name][1]) for name, (path, _) in files.items()}


@pytest.mark.parametrize("name", FILES)
def test_what_is_read_is_what_was_written(files, read, name):
    truth, (recording, _, _, report) = files[name][1], read[name]
    kept = recording.trial
    assert report.layout == FILES[name][2] and report.trials == len(truth.go)
    assert {each.trial: each.reason for each in report.dropped}.keys() == truth.bad.keys()
    assert all(WORDS[truth.bad[each.trial]] in each.reason for each in report.dropped)
    assert sorted([*kept.tolist(), *truth.bad]) == list(range(len(truth.go)))
    np.testing.assert_allclose(recording.target, truth.target[kept], atol=0.0006 if name != "000688" else 0.002)  # whole mm, or a median
    np.testing.assert_allclose(recording.metadata["origin"], FILES[name][3], atol=0.002)
    assert not recording.start.any() or name in ("000688 random", "mc_rtt", "map")
    np.testing.assert_allclose(recording.go * 0.01, truth.go[kept] - np.maximum(truth.start[kept], truth.go[kept] - recording.go * 0.01), atol=0.011)
    measured = recording.measures("cursor")
    wobble = 0.008 if name == "000688" else 0.0  # of the hand about the middle
    bow = 0.0 if name in ("000688 random", "mc_rtt") else lab_files.BOW
    assert np.abs(measured["max_deviation"] - bow).max() < 0.0006 + wobble and np.isfinite(measured["peak_speed"]).all()
    np.testing.assert_allclose(measured["reaction_time"], 0.28, atol=0.03)  # the hand sets out 0.25 s after the cue
    assert measured["endpoint_error"].max() < 0.002 + wobble
    ways = len(np.unique(reach_directions(recording).round(6)))
    assert ways == {"area2_bump": 4}.get(name, 8) or name in ("000688 random", "mc_rtt")
    np.testing.assert_allclose(recording.hand, recording.cursor, atol=1e-6)  # whatever their origins in the file
    assert recording.force is None and recording.reward is None and recording.action is None
    assert recording.metadata["env_id"] is None and recording.metadata["agent"] != "unknown"


@pytest.mark.parametrize("name", FILES)
def test_spikes_are_those_of_each_trial(files, read, name):
    truth, (recording, spikes, *_) = files[name][1], read[name]
    begin = truth.go[recording.trial] - recording.go * 0.01
    end = begin + recording.steps * 0.01
    assert len(spikes.names) == len(truth.spikes) - (name == "mc_maze") and set(spikes.regions) < {"M1", "PMd", "area 2"}
    for unit in range(len(spikes.names)):
        for trial in (0, len(recording) - 1):
            mine = spikes.time[(spikes.unit == unit) & (spikes.trial == trial)]
            times = truth.spikes[unit]
            wanted = times[(times >= begin[trial]) & (times < end[trial])] - begin[trial]
            # The target of mc_rtt appears with a sample of its series.
            np.testing.assert_allclose(mine, wanted, atol=0.0011 if name == "mc_rtt" else 1e-9)
    assert len(spikes) > 50 and (np.diff(spikes.trial) >= 0).all()


@pytest.mark.parametrize("name", FILES)
def test_a_recording_comes_back_equal(files, read, tmp_path, name):
    recording, spikes, *_ = read[name]
    write_nwb(recording, tmp_path / "a.nwb", spikes)
    assert_same(recording, spikes, read_nwb(tmp_path / "a.nwb"))


def assert_same(recording, spikes, again):
    first, second = recording.arrays(), again.recording.arrays()
    assert again.recording.metadata == recording.metadata and list(first) == list(second) and not again.report.dropped
    for name, values in first.items():
        assert values.dtype == second[name].dtype and values.shape == second[name].shape and values.tobytes() == second[name].tobytes(), name
    assert (again.spikes is None) == (spikes is None)
    if spikes is not None:
        assert again.spikes.names == spikes.names and again.spikes.regions == spikes.regions and again.spikes.resolution == spikes.resolution
        assert np.array_equal(again.spikes.trial, spikes.trial) and np.array_equal(again.spikes.unit, spikes.unit)
        np.testing.assert_allclose(again.spikes.time, spikes.time, atol=1e-9)


AGENTS = {
    "session": ("adapted", "reach_gym/CursorReachCenterOut-v0", {"trials": 12, "session": True}),
    "one trial": ("naive", "reach_gym/CursorReach-v0", {"trials": 1}),
    "a dict of observations": ("naive", "reach_gym/CursorReach-v0", {"trials": 3, "env_kwargs": {"observation": "goal", "reward": "sparse"}}),
    "images": ("random", "reach_gym/CursorReach-v0", {"trials": 2, "env_kwargs": {"observation": "pixels", "max_episode_steps": 30}}),
    "an arm": ("random", "reach_gym/ArmReach-v0", {"trials": 3, "env_kwargs": {"max_episode_steps": 20}}),
    "without observations": ("naive", "reach_gym/CursorReachCurl-v0", {"trials": 3, "observe": False}),
}  # fmt: skip


@pytest.mark.parametrize("name", AGENTS)
def test_agents_come_back_equal_and_the_inspector_is_content(tmp_path, name):
    agent, env_id, how = AGENTS[name]
    recording = record(agent, env_id, **how)
    write_nwb(recording, tmp_path / "a.nwb")
    assert_same(recording, None, read_nwb(tmp_path / "a.nwb"))
    assert_same(recording, None, read_nwb(tmp_path / "a.nwb", layout="reach_gym"))
    inspected(tmp_path / "a.nwb", alone=len(recording) == 1)


def inspected(path, alone=False):
    inspector = pytest.importorskip("nwbinspector")
    found = [each.message for each in inspector.inspect_nwbfile(nwbfile_path=path)]
    # A session of one trial has a table of one row.
    assert [each for each in found if not (alone and "only a single row" in each)] == []


def test_an_animals_file_satisfies_the_inspector(read, tmp_path):
    recording, spikes, *_ = read["mc_maze"]
    write_nwb(recording, tmp_path / "a.nwb", spikes, subject={"species": "Macaca mulatta", "sex": "M", "age": "P5Y"})
    inspected(tmp_path / "a.nwb")


def test_a_writer_refuses(read, tmp_path):
    recording, spikes, *_ = read["mc_maze"]
    with pytest.raises(ValueError, match=r"must end in \.nwb"):
        write_nwb(recording, tmp_path / "a.h5")
    with pytest.raises(TypeError, match="path"):
        write_nwb(recording, 3)
    with pytest.raises(ValueError, match="at least one trial"):
        write_nwb(recording.subset(np.zeros(len(recording), bool)), tmp_path / "a.nwb")
    with pytest.raises(ValueError, match="of the 1 trials"):
        write_nwb(recording.subset(np.arange(len(recording)) < 1), tmp_path / "a.nwb", spikes)
    assert not list(tmp_path.iterdir())


def test_the_report_says_what_was_done(read):
    report = read["mc_maze"].report
    assert str(report).splitlines()[0] == "mc_maze: 20 of 24 trials" and "hand (processing/behavior/hand_pos) from mm to m" in report.converted
    told = "\n".join(report.notes)
    assert "the hand was moved by (0.0000, -0.0300) m" in told and "left out 1 of 6 units" in told
    assert "calls its unit 'meters'; mm was taken" in "\n".join(read["000070"].report.notes)
    assert "each is where the reach ended" in "\n".join(read["000688 random"].report.notes)


def test_columns_and_success_are_those_of_the_trials(files, read):
    maze = read["mc_maze"]
    shown = maze.recording.trial % 3 == 2
    assert np.array_equal(maze.columns["trial_version"], np.where(shown, 2, 0)) and set(maze.columns["split"]) == {"train"}
    assert "target_pos" not in maze.columns and maze.recording.success.all()
    found = read["000688"]
    assert np.array_equal(found.recording.success, found.columns["result"] == "R") and not found.recording.success.all()
    assert not np.isin(5, read["area2_bump"].recording.trial) and not read["area2_bump"].columns["ctr_hold_bump"].any()


def test_a_map_brings_blocks_and_gain(read):
    recording = read["map"].recording
    assert recording.block_names == ["bl"] * 12 + ["ad"] * 12 and recording.success.tolist() == [True] * 23 + [False]
    assert not catch_trials(recording).any() and np.isnan(mean_after_effect(recording))
    assert HumanTable.from_recordings([recording]).subject("1", "deviation").perturbation.tolist() == [0.0] * 12 + [1.0] * 12


def test_a_target_that_was_there_before_the_trial_is_shown_all_the_time(files, tmp_path):
    shutil.copy(files["000688"][0], tmp_path / "a.nwb")
    with h5py.File(tmp_path / "a.nwb", "a") as tree:
        tree["intervals/trials/target_on_time"][2] -= 1.0
        tree["intervals/trials/target_on_time"][3] += 3.0
    found = read_nwb(tmp_path / "a.nwb")
    assert found.recording.onset[found.recording.trial == 2] == 0 and found.recording.onset.min() == 0 < np.median(found.recording.onset)
    assert [each for each in found.report.dropped if each.trial == 3][0].reason == "the target appears after the cue"


def test_a_window_a_time_step_and_a_unit(files):
    path = files["mc_maze"][0]
    found = read_nwb(path, window=(-0.25, 0.45), dt=0.005)
    # A trial whose gap lies after the window is kept; the sample at the go cue is a state.
    assert found.recording.steps.tolist() == [140] * len(found.recording) and (found.recording.go == 50).all()
    assert found.recording.metadata["dt"] == 0.005
    with pytest.raises(RecordingError, match="name the `unit`"):
        read_nwb(path, unit="m")
    metres = read_nwb(files["map"][0], layout={**lab_files.OWN_MAP, "unit": "m"}).recording
    assert np.array_equal(metres.hand, read_nwb(files["map"][0], layout=lab_files.OWN_MAP).recording.hand, equal_nan=True)


def test_velocity_is_the_files_own_or_the_slope_of_the_path(read):
    maze, own = read["mc_maze"].recording, read["map"].recording
    assert "velocity" not in maze.metadata["derived"] and "velocity" in own.metadata["derived"]
    for recording in (maze, own):
        lived = np.arange(1, recording.longest) < recording.steps[:, None]
        slope = (recording.hand[:, 2:] - recording.hand[:, :-2]) / 0.02
        np.testing.assert_allclose(recording.velocity[:, 1:-1][lived], slope[lived], atol=0.02)


def test_what_must_be_known_is_asked_for(files):
    for name, message in (("area2_bump", "name `distance`"), ("000688 random", "reached=True"), ("map", "Describe it with a map")):
        with pytest.raises(RecordingError, match=message):
            read_nwb(files[name][0])


def test_a_test_split_has_no_reach(tmp_path):
    lab_files.mc_maze_test(tmp_path / "a.nwb")
    with pytest.raises(RecordingError, match="no behaviour"):
        read_nwb(tmp_path / "a.nwb")


def test_every_layout_can_be_asked_for_by_its_name(files):
    named = {"mc_maze": "mc_maze", "000688": "000688", "000688 random": "000688", "mc_rtt": "mc_rtt", "area2_bump": "area2_bump", "000070": "000070"}
    assert set(named.values()) == set(LAYOUTS)
    for name, layout in named.items():
        assert read_nwb(files[name][0], layout, **FILES[name][1]).report.layout == FILES[name][2]
    with pytest.raises(RecordingError, match="lacks"):
        read_nwb(files["mc_maze"][0], "mc_rtt")


def test_links_within_a_file_are_followed(files, tmp_path):
    shutil.copy(files["mc_maze"][0], tmp_path / "a.nwb")
    with h5py.File(tmp_path / "a.nwb", "a") as tree:
        tree.move("processing/behavior/hand_pos", "scratch_hand")
        tree["processing/behavior/hand_pos"] = h5py.SoftLink("/scratch_hand")
    again, first = (read_nwb(path).recording for path in (tmp_path / "a.nwb", files["mc_maze"][0]))
    assert np.array_equal(again.hand, first.hand, equal_nan=True)


def test_a_target_that_appears_in_a_gap_is_no_trial(files, tmp_path):
    shutil.copy(files["mc_rtt"][0], tmp_path / "a.nwb")
    truth = files["mc_rtt"][1]
    with h5py.File(tmp_path / "a.nwb", "a") as tree:
        times = tree["processing/behavior/cursor_pos/timestamps"][()]
        lost = (times > truth.go[4] - 0.05) & (times < truth.go[4] + 0.05)
        for name in ("cursor_pos", "finger_pos", "finger_vel", "target_pos"):
            values = tree[f"processing/behavior/{name}/data"]
            values[...] = np.where(lost[:, None], np.nan, values[()])
    report = read_nwb(tmp_path / "a.nwb").report
    assert [each.trial for each in report.dropped] == [3, 4] and "samples of" in report.dropped[0].reason
    assert "where the target appears" in report.dropped[1].reason


MAPS = {
    "no hand": ({"trials": {"go": "cue"}}, ValueError, "layout.hand"),
    "no cue": ({"hand": "a", "trials": {}}, ValueError, "layout.trials.go"),
    "an unknown key": ({"hand": "a", "trials": {"go": "cue"}, "wrist": "b"}, ValueError, "wrist"),
    "an unknown event": ({"hand": "a", "trials": {"go": "cue", "cue": "b"}}, ValueError, "cue"),
    "a number for a path": ({"hand": 3, "trials": {"go": "cue"}}, TypeError, "layout.hand"),
    "an unknown unit": ({"hand": "a", "unit": "inch", "trials": {"go": "cue"}}, ValueError, "layout.unit"),
    "an unknown kind of target": ({"hand": "a", "trials": {"go": "cue", "target": {"polar": "t"}}}, ValueError, "layout.trials.target"),
    "one column of two": ({"hand": "a", "trials": {"go": "cue", "target": {"xy": ["x"]}}}, ValueError, "2 columns"),
    "two kinds of target": ({"hand": "a", "trials": {"go": "cue", "target": {"point": "p", "xy": ["x", "y"]}}}, TypeError, "one entry"),
    "success as a text": ({"hand": "a", "trials": {"go": "cue", "success": "R"}}, TypeError, "one entry"),
}  # fmt: skip


@pytest.mark.parametrize("how", MAPS)
def test_bad_maps_are_refused(how):
    data, error, message = MAPS[how]
    with pytest.raises(error, match=message):
        layout_from_data(data)


ARGUMENTS = {
    "layout": ("maze", ValueError), "dt": (0.0, ValueError), "window": ((0.1, 0.4), ValueError), "unit": ("inch", ValueError), "distance": (0.0, ValueError),
}  # fmt: skip


@pytest.mark.parametrize("name", ARGUMENTS)
def test_bad_arguments_are_refused(files, name):
    value, error = ARGUMENTS[name]
    with pytest.raises(error, match=name):
        read_nwb(files["mc_maze"][0], **{name: value})


def test_spikes_refuse_what_does_not_fit(read):
    spikes = read["mc_maze"].spikes
    for change, error in (
        ({"time": spikes.time[:-1]}, ValueError),
        ({"time": spikes.time.astype(np.float32)}, TypeError),
        ({"time": spikes.time * np.nan}, ValueError),
        ({"trial": spikes.trial[::-1].copy()}, ValueError),
        ({"unit": spikes.unit + 9}, ValueError),
        ({"regions": ("M1",)}, ValueError),
        ({"resolution": -1.0}, ValueError),
    ):
        with pytest.raises(error):
            dataclasses.replace(spikes, **change)
    some = np.arange(20) % 2 == 0
    half = spikes.of_trials(some)
    assert np.array_equal(half.time, spikes.time[some[spikes.trial]]) and half.trial.max() == 9
    cortex = spikes.of_units(np.array(spikes.regions) == "M1")
    assert set(cortex.regions) == {"M1"} and len(cortex) == np.isin(spikes.unit, np.flatnonzero(np.array(spikes.regions) == "M1")).sum()
    assert isinstance(repr(spikes), str) and isinstance(half, Spikes)
    assert len(spikes.of_trials(np.append(some, [True] * 3))) == len(half)  # the last trials may have no spikes
    last = int(spikes.trial[-1])
    for bad, error in ((np.ones(20), TypeError), (np.ones((2, 2), bool), ValueError), (np.ones(last, bool), ValueError)):
        with pytest.raises(error, match="`mask`"):
            spikes.of_trials(bad)


def test_deviations_and_files_of_what_was_read(read, tmp_path):
    recording = read["000688"].recording
    assert np.isfinite(deviations(recording)).all()
    recording.save(tmp_path / "a.npz")
    again = Recording.load(tmp_path / "a.npz")
    assert again.metadata == recording.metadata and np.array_equal(again.hand, recording.hand, equal_nan=True)


def test_a_unit_saw_a_trial_only_if_one_interval_covers_it():
    spans = np.array([[0.0, 5.0], [6.0, 9.0], [2.0, 3.0], [0.0, 20.0]])
    units = Units(np.zeros(0), np.zeros(4, np.int64), spans, np.array([0, 2, 3, 4]), ("a", "b", "c"), ("", "", ""), 0.0)
    begin, end = np.array([1.0, 4.0, 6.0, 2.5]), np.array([4.0, 7.0, 9.0, 2.9])
    assert observed(units, begin, end).tolist() == [[True, False, True, True], [False, False, False, True], [True] * 4]
