"""Activity out of any file that holds some: of this package, or of a laboratory."""

from __future__ import annotations

from pathlib import Path

from reach_gym import checks
from reach_gym.neural import Activity, activity_of, load_activity, load_activity_nwb
from reach_gym.recording import read_nwb, read_pyaldata

WIDTH = 0.03  # s, standard deviation of the Gaussian that makes rates of spikes
DT = 0.01
_OWN = "reach_gym"


def activity_in(path: Path | str, dt: float = DT, width: float = WIDTH, distance: float | None = None) -> tuple[Activity, str]:
    """Reads the activity of a file.

    Args:
        path: An NPZ that `Activity.save` wrote; an NWB file of this package or of a laboratory; or TrialData, ``.mat``.
        dt: Seconds from state to state, for the NWB file of a laboratory; the other files have their own.
        width: Standard deviation of the Gaussian that makes rates of spikes, s.
        distance: Metres from start to target, for files that do not say it.

    Returns:
        The activity, and what the reader of a laboratory's file did to it; empty for files of this package.

    Raises:
        ValueError: Another ending, a file without units, or an argument out of range.
        RecordingError: The file is none of these, or is broken.
        OSError: It cannot be read.
    """
    kind = Path(path).suffix.lower()
    if checks.choice("path", kind, (".npz", ".nwb", ".mat")) == ".npz":
        return load_activity(path), ""
    reading = read_pyaldata(path, distance=distance) if kind == ".mat" else read_nwb(path, dt=dt, distance=distance)
    if reading.report.layout == _OWN and reading.spikes is None:
        return load_activity_nwb(path), ""
    if reading.spikes is None:
        raise ValueError(f"{path} holds no units.")
    return activity_of(reading.recording, reading.spikes, width=width), str(reading.report)
