"""TrialData: versions of MATLAB's files give the same, and what was learned is seen."""

import numpy as np
import pytest
from scipy.io import loadmat, savemat

from benchmarks import lab_trial_data
from reach_gym.recording import RecordingError, baseline_trials, deviations, mean_after_effect, perturbed, read_pyaldata
from reach_gym.recording.mat5 import read_variables

pytest.importorskip("h5py")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mat")
    truth, rows = lab_trial_data.structs()
    lab_trial_data.version_5(folder / "packed.mat", rows)
    lab_trial_data.version_5(folder / "plain.mat", rows, packed=False)
    lab_trial_data.version_73(folder / "modern.mat", rows)
    return truth, rows, [read_pyaldata(folder / f"{name}.mat", distance=0.08) for name in ("packed", "plain", "modern")]


def test_all_versions_give_the_same(made):
    *_, (first, *others) = made
    for other in others:
        for name, values in first.recording.arrays().items():
            assert np.array_equal(values, other.recording.known(name), equal_nan=values.dtype.kind == "f"), name
        assert first.recording.metadata == other.recording.metadata and first.report == other.report
        assert np.array_equal(first.spikes.time, other.spikes.time) and first.spikes.names == other.spikes.names
        assert all(np.array_equal(values, other.columns[name]) for name, values in first.columns.items())


def test_what_is_read_is_what_was_written(made):
    truth, rows, ((recording, spikes, columns, report), *_) = made
    kept = recording.trial
    assert {each.trial for each in report.dropped} == set(truth.bad) and report.trials == 30
    assert "no go cue, or several" in str(report) and "samples of pos are missing" in str(report)
    np.testing.assert_allclose(recording.target - recording.start, truth.target[kept], atol=1e-12)
    np.testing.assert_allclose(recording.metadata["origin"], [0.0, -0.3], atol=1e-9)
    assert not recording.start.any()
    for trial, place in enumerate(kept.tolist()):
        row = rows[place]
        assert recording.steps[trial] == len(row["pos"]) - 1 and recording.go[trial] == row["idx_go_cue"] - 1
        np.testing.assert_allclose(recording.hand[trial, : len(row["pos"])], row["pos"] / 100 + (0.0, 0.3), atol=1e-12)
        np.testing.assert_allclose(recording.velocity[trial, : len(row["pos"])], row["vel"] / 100, atol=1e-12)
        counts = np.concatenate([row["M1_spikes"], row["PMd_spikes"]], 1)[:-1]
        mine = spikes.trial == trial
        again = np.zeros_like(counts)
        np.add.at(again, (np.floor(spikes.time[mine] / 0.01).astype(int), spikes.unit[mine]), 1)
        assert np.array_equal(again, counts)
    assert spikes.names == ("M1 3 1", "M1 3 2", "PMd 8 1", "PMd 8 2") and spikes.regions == ("M1", "M1", "PMd", "PMd") and spikes.resolution == 0.01
    assert recording.success.tolist() == [place % 7 != 0 for place in kept] and recording.metadata["agent"] == "Chewie"
    assert columns["trial_id"].tolist() == (kept + 1).tolist() and set(columns["epoch"]) == {"BL", "AD", "WO"}


def test_what_was_learned_is_seen(made):
    recording = made[-1][0].recording
    assert recording.block_names == ["BL"] * 7 + ["AD"] * 10 + ["WO"] * 10
    assert np.array_equal(perturbed(recording), np.array(recording.block_names) == "AD") and baseline_trials(recording).sum() == 7
    off = 1000 * deviations(recording)
    np.testing.assert_allclose(off[7:17], 30 * np.exp(-np.arange(10) / 3), atol=0.6)
    assert mean_after_effect(recording) == pytest.approx(-0.02 * np.exp(-np.arange(5) / 2).mean(), abs=5e-4)


def test_other_epochs_leave_the_gain_open(tmp_path):
    rows = lab_trial_data.structs(9)[1]
    for row in rows:
        row["epoch"] = "night"
        row["perturbation"] = "VR"
    lab_trial_data.version_5(tmp_path / "a.mat", rows, name="td")
    found = read_pyaldata(tmp_path / "a.mat", "td", 0.08)
    assert found.recording.gain is None and set(found.recording.block_names) == {"night"}
    assert "the cursor, which a rotation turns, is not in the file" in "\n".join(found.report.notes)


def test_indices_of_python_count_from_0(tmp_path):
    rows = lab_trial_data.structs(9)[1]
    lab_trial_data.version_73(tmp_path / "a.mat", rows)
    one, zero = (read_pyaldata(tmp_path / "a.mat", distance=0.08, first=first).recording for first in (1, 0))
    assert np.array_equal(zero.go, one.go + 1)


@pytest.mark.parametrize("packed", [False, True])
def test_version_5_is_read_as_scipy_reads_it(tmp_path, packed):
    """SciPy is the second implementation: of numbers of all kinds, texts, cells and structs in each other."""
    rng = np.random.default_rng(0)
    kinds = {f"k{name}": rng.integers(0, 100, (3, 4)).astype(name) for name in ("f8", "f4", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8")}
    inner = np.zeros((1, 2), [("a", object), ("longer_name", object)])
    inner["a"][0] = [np.arange(3.0)[None], "x"]
    inner["longer_name"][0] = ["two words", rng.normal(size=(2, 3, 2))]
    cells = np.empty((1, 3), object)
    cells[0] = [np.ones((2, 2)), "text", np.zeros((0, 0))]
    given = {**kinds, "flag": np.array([[True, False]]), "text": "größer", "empty": np.zeros((0, 3)), "inner": inner, "cells": cells, "one": 3.5}
    savemat(tmp_path / "a.mat", given, do_compression=packed)
    wanted = loadmat(tmp_path / "a.mat", chars_as_strings=True)
    with (tmp_path / "a.mat").open("rb") as stream:
        found = read_variables(stream)
    assert set(found) == set(given)
    for name in (*kinds, "flag", "empty", "one"):
        assert np.array_equal(found[name], wanted[name]) and (found[name].dtype == wanted[name].dtype or name == "flag"), name
    assert found["text"] == wanted["text"][0]
    assert found["cells"][1] == "text" and np.array_equal(found["cells"][0], np.ones((2, 2))) and found["cells"][2].size == 0
    first, second = found["inner"]
    assert second["a"] == "x" and first["longer_name"] == "two words" and np.array_equal(first["a"], [[0, 1, 2]])
    assert np.array_equal(second["longer_name"], inner["longer_name"][0, 1])


def test_what_pyaldata_saved_is_read(tmp_path):
    rows = lab_trial_data.structs(9)[1]
    savemat(tmp_path / "a.mat", {"td": rows})  # a list of dicts becomes cells with a struct each
    lab_trial_data.version_5(tmp_path / "b.mat", rows)
    one, other = (read_pyaldata(tmp_path / f"{name}.mat", distance=0.08) for name in "ab")
    assert one.report == other.report and np.array_equal(one.recording.hand, other.recording.hand, equal_nan=True)


def test_bytes_that_differ_end_in_an_error_or_in_other_numbers(tmp_path):
    lab_trial_data.version_5(tmp_path / "a.mat", lab_trial_data.structs(6)[1], packed=False)
    data, rng, refused = (tmp_path / "a.mat").read_bytes(), np.random.default_rng(0), 0
    for place in rng.integers(0, len(data), 60).tolist() + rng.integers(128, 4000, 60).tolist():
        (tmp_path / "b.mat").write_bytes(data[:place] + bytes([data[place] ^ int(rng.integers(1, 256))]) + data[place + 1 :])
        try:
            assert len(read_pyaldata(tmp_path / "b.mat", distance=0.08).recording) <= 6
        except RecordingError:
            refused += 1
    assert 10 < refused < 110
