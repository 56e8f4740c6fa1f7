"""Spikes to rates, and activity to NWB and back."""

import numpy as np
import pytest

from benchmarks import lab_files
from reach_gym.neural import activity_of, load_activity_nwb, psth, save_activity_nwb, states_at, tuning
from reach_gym.recording import Recording, RecordingError, Spikes, read_nwb, write_nwb
from tests.neural.made import clocked


def trials(steps, dt=0.01):
    paths = [np.linspace([0, 0], [0.1, 0], count + 1) for count in steps]
    return Recording.from_arrays(paths, dt, np.zeros((len(steps), 2)), [[0.1, 0]] * len(steps), np.zeros(len(steps)))


def spiking(time, trial, unit, units=1, resolution=0.0):
    names = tuple(str(k) for k in range(units))
    return Spikes(np.array(time, float), np.array(trial, np.int64), np.array(unit, np.int64), names, ("",) * units, resolution)


def test_bins_count_the_spikes_of_each_step():
    spikes = spiking([0.0, 0.0099, 0.01, 0.055, 0.03], [0, 0, 0, 0, 1], [0, 0, 0, 1, 1], 2)
    rates = activity_of(trials([6, 4]), spikes, "bin").rates
    assert rates.shape == (2, 6, 2) and rates.dtype == np.float32
    np.testing.assert_allclose(rates[0, :, 0], [200, 100, 0, 0, 0, 0])
    np.testing.assert_allclose(rates[0, :, 1], [0, 0, 0, 0, 0, 100])
    np.testing.assert_allclose(rates[1, :4, 1], [0, 0, 0, 100])
    assert np.isnan(rates[1, 4:]).all()


@pytest.mark.parametrize("kernel", ["gaussian", "causal"])
def test_a_kernel_keeps_the_mean_and_its_shape(kernel):
    spikes = spiking([0.505], [0], [0])
    rates = activity_of(trials([100]), spikes, kernel, 0.03).rates[0, :, 0].astype(float)
    time = (np.arange(100) - 50) * 0.01
    shape = np.exp(-0.5 * (time / 0.03) ** 2) if kernel == "gaussian" else np.where(time < 0, 0, np.exp(-time.clip(0) / 0.03))
    shape[np.abs(time) > 0.1201] = 0
    np.testing.assert_allclose(rates, 100 * shape / shape.sum(), atol=0.01)
    assert rates.sum() * 0.01 == pytest.approx(1.0, abs=1e-3)
    assert kernel == "gaussian" or (rates[:50] == 0).all()


@pytest.mark.parametrize("kernel", ["bin", "gaussian", "causal"])
def test_a_steady_unit_is_steady_to_the_trials_ends(kernel):
    """A regular unit has the same rate everywhere: what lies outside of a trial is not taken for silence."""
    time = np.concatenate([np.arange(40) * 0.01 + 0.005, np.arange(25) * 0.01 + 0.005])
    rates = activity_of(trials([40, 25]), spiking(time, [0] * 40 + [1] * 25, [0] * 65), kernel, 0.05).rates
    np.testing.assert_allclose(rates[0, :, 0], 100, rtol=1e-5)
    np.testing.assert_allclose(rates[1, :25, 0], 100, rtol=1e-5)


def test_many_units_are_smoothed_in_parts_as_at_once(monkeypatch):
    from reach_gym.neural import spikes as module

    rng = np.random.default_rng(0)
    made = spiking(rng.uniform(0, 0.5, 400), np.sort(rng.integers(0, 8, 400)), rng.integers(0, 3, 400), 3)
    whole = activity_of(trials([50] * 8), made).rates
    monkeypatch.setattr(module, "_TOGETHER", 1)
    assert np.array_equal(activity_of(trials([50] * 8), made).rates, whole)


def test_arguments_are_checked():
    recording, spikes = trials([10]), spiking([0.05], [0], [0])
    for how, error, message in (
        ({"kernel": "box"}, ValueError, "kernel"),
        ({"width": 0.0}, ValueError, "width"),
        ({"spikes": [0.1]}, TypeError, "spikes"),
        ({"spikes": spiking([0.05], [3], [0])}, ValueError, "of the 1 trials"),
        ({"spikes": spiking([0.05], [0], [0], resolution=0.03)}, ValueError, "wider than the time step"),
    ):
        with pytest.raises(error, match=message):
            activity_of(**{"recording": recording, "spikes": spikes, **how})


def test_a_monkeys_units_are_measured_as_a_networks(tmp_path):
    pytest.importorskip("pynwb")
    lab_files.center_out(tmp_path / "a.nwb", 96, 8)
    recording, spikes, *_ = read_nwb(tmp_path / "a.nwb")
    activity = activity_of(recording, spikes)
    states = states_at(activity, (0.0, 0.5))
    found = tuning(states.rate, states.direction)
    # Unit k of the file fires most for direction 2 pi k / 8.
    off = np.angle(np.exp(1j * (found.preferred - 2 * np.pi * np.arange(8) / 8)))
    assert np.abs(off).max() < np.radians(25) and psth(activity, "go", 0.2, 0.5).rate.shape == (8, 71, 8)


def test_activity_comes_back_from_nwb_equal(tmp_path):
    pytest.importorskip("pynwb")
    inspector = pytest.importorskip("nwbinspector")
    activity = clocked()
    save_activity_nwb(activity, tmp_path / "a.nwb")
    again = load_activity_nwb(tmp_path / "a.nwb")
    assert again.rates.tobytes() == activity.rates.tobytes() and again.recording.metadata == activity.recording.metadata
    assert all(values.tobytes() == again.recording.arrays()[name].tobytes() for name, values in activity.recording.arrays().items())
    assert [each.message for each in inspector.inspect_nwbfile(nwbfile_path=tmp_path / "a.nwb")] == []
    write_nwb(activity.recording, tmp_path / "b.nwb")
    with pytest.raises(RecordingError, match="no activity"):
        load_activity_nwb(tmp_path / "b.nwb")
    with pytest.raises(ValueError, match=r"\.nwb"):
        save_activity_nwb(activity, tmp_path / "a.h5")
