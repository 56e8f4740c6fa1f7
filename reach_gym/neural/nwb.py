"""Activity as NWB, so that laboratories' own tools read networks and animals alike."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from reach_gym.neural.activity import Activity
from reach_gym.recording.hdf5_tree import open_tree, reading
from reach_gym.recording.metadata import RecordingError
from reach_gym.recording.nwb_own import padded, read_own
from reach_gym.recording.nwb_writing import begins, file_of, pynwb_library, samples, write_file

_MODULE, _SERIES = "misc", "rates"


def save_activity_nwb(
    activity: Activity,
    path: str | os.PathLike[str],
    session_start: datetime | None = None,
    subject: Mapping[str, Any] | None = None,
) -> None:
    """Writes the trials as `reach_gym.recording.write_nwb` does, and the rates as a time series of the module ``misc``.

    Args:
        activity: What was recorded.
        path: The file, which ends in .nwb; an old one is replaced.
        session_start: As `reach_gym.recording.write_nwb` takes it.
        subject: As `reach_gym.recording.write_nwb` takes it.

    Raises:
        TypeError: `path` is no path.
        ValueError: `path` has another ending, or there is no trial.
        MissingExtraError: pynwb is not installed.
        OSError: The file cannot be written.
    """
    recording = activity.recording
    file = file_of(recording, None, session_start, subject)
    module = file.create_processing_module(_MODULE, "what the units did; time x units")
    # A step has a rate, as it has a force.
    told = samples(recording, "reward", activity.rates, begins(recording))
    what = "activity of every unit: of a network, its state as it led to a step"
    module.add(pynwb_library().TimeSeries(name=_SERIES, description=what, unit="a.u.", **told))
    write_file(file, path)


def load_activity_nwb(path: str | os.PathLike[str]) -> Activity:
    """Reads what `save_activity_nwb` wrote, equal to the last bit.

    Raises:
        TypeError: `path` is no path.
        RecordingError: There is no such file, or it holds no activity of this package; no other exception escapes.
        MissingExtraError: h5py is not installed.
    """
    with reading(path, "an activity") as place, open_tree(place) as tree:
        recording = read_own(tree).recording
        where = f"processing/{_MODULE}/{_SERIES}"
        if tree.find(where) is None:
            raise RecordingError("it holds trials, and no activity.")
        return Activity(padded(tree, where, "reward", recording.steps), recording)
