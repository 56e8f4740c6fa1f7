"""Trajectories as data: one schema for agents, ideal controllers and people.

`record` lets an agent act, and `Recorder` notes the steps of an environment that you step yourself. Both give a `Recording`,
which can be saved as NPZ or HDF5 and exported to Minari.
"""

from reach_gym.recording.analysis import (
    adaptation,
    all_compensation,
    baseline_trials,
    catch_trials,
    channel_compensation,
    deviations,
    initial_angles,
    mean_after_effect,
    perturbed,
    reach_directions,
    sideways,
    triplets,
)
from reach_gym.recording.groups import Curve, Group, group_curve, record_group
from reach_gym.recording.human_columns import Column
from reach_gym.recording.human_tables import HumanTable, TrialArrays
from reach_gym.recording.metadata import FORMAT, VERSION, RecordingError
from reach_gym.recording.minari_export import check_dataset_id, to_minari
from reach_gym.recording.nwb_reading import read_nwb
from reach_gym.recording.nwb_writing import write_nwb
from reach_gym.recording.pyaldata import read_pyaldata
from reach_gym.recording.reading import Dropped, Reading, Report
from reach_gym.recording.recorder import Recorder
from reach_gym.recording.schema import Recording
from reach_gym.recording.sessions import record, record_whole_session
from reach_gym.recording.spikes import Spikes

__all__ = [
    "FORMAT",
    "VERSION",
    "Column",
    "Curve",
    "Dropped",
    "Group",
    "HumanTable",
    "Reading",
    "Recorder",
    "Recording",
    "RecordingError",
    "Report",
    "Spikes",
    "TrialArrays",
    "adaptation",
    "all_compensation",
    "baseline_trials",
    "catch_trials",
    "channel_compensation",
    "check_dataset_id",
    "deviations",
    "group_curve",
    "initial_angles",
    "mean_after_effect",
    "perturbed",
    "reach_directions",
    "read_nwb",
    "read_pyaldata",
    "record",
    "record_group",
    "record_whole_session",
    "sideways",
    "to_minari",
    "triplets",
    "write_nwb",
]
