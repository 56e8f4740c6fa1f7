"""Activity as NWB."""

import numpy as np
import pytest

from agents.analysis.nwb import save_nwb
from tests.neural.made import clocked


def test_nwb_files_satisfy_the_inspector(tmp_path):
    pytest.importorskip("pynwb")
    inspector = pytest.importorskip("nwbinspector")
    import pynwb

    activity = clocked()
    path = tmp_path / "a.nwb"
    save_nwb(activity, path)
    assert [message.message for message in inspector.inspect_nwbfile(nwbfile_path=path)] == []
    with pynwb.NWBHDF5IO(str(path), "r") as file:
        read = file.read()
        states = read.processing["misc"]["HiddenStates"]
        assert states.data.shape == (int(activity.recording.steps.sum()), 2)
        trials = read.trials.to_dataframe()
        np.testing.assert_allclose(trials["go_cue_time"] - trials["start_time"], activity.recording.go * 0.01)
        # The clock's state at a trial's go cue is the step of its cue.
        at = np.searchsorted(states.timestamps[:], trials["go_cue_time"].to_numpy() - 1e-6)
        np.testing.assert_array_equal(states.data[:][at, 0], activity.recording.go)
    with pytest.raises(ValueError, match=".nwb"):
        save_nwb(activity, tmp_path / "a.h5")
