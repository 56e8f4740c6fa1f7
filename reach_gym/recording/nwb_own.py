"""How this package's own recordings stand in NWB files, and how they are read from there again, equal to the last bit."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from reach_gym import checks
from reach_gym.recording.hdf5_tree import Tree
from reach_gym.recording.layout import LAYOUT, OBSERVATION, Array, Flags, Integers
from reach_gym.recording.metadata import FORMAT, RecordingError, from_json
from reach_gym.recording.nwb_layouts import BEHAVIOR, TRIALS
from reach_gym.recording.nwb_units import read_units, spikes_of
from reach_gym.recording.reading import Notes, Reading
from reach_gym.recording.schema import recording_of
from reach_gym.recording.series import MAX_STATES
from reach_gym.recording.spikes import Spikes

NOTES = "general/notes"  # where the metadata stand, as JSON


class Course(NamedTuple):
    """A time series of the file.

    Attributes:
        group: The interface of the module ``behavior`` in which it stands.
        unit: Of its numbers.
        description: What it is.
    """

    group: str
    unit: str
    description: str


COURSES = {
    "hand": Course("Position", "meters", "position of the hand; x to the right, y upwards"),
    "cursor": Course("Position", "meters", "position of the cursor, which a visuomotor rotation turns away from the hand"),
    "velocity": Course("BehavioralTimeSeries", "m/s", "velocity of the hand"),
    "action": Course(
        "BehavioralTimeSeries", "1", "what was commanded during a step, as a share of the greatest force or excitation"
    ),
    "force": Course("BehavioralTimeSeries", "N", "force of the field or channel on the hand during a step"),
    "reward": Course("BehavioralTimeSeries", "1", "reward of a step"),
    "gain": Course("BehavioralTimeSeries", "1", "factor on the perturbation during a step"),
}
SEEN = Course("BehavioralTimeSeries", "a.u.", "what the subject saw")

COLUMNS = {
    "steps": "how many time steps the trial has",
    "start": "where the reach begins, x and y in m",
    "target": "where the reach is to end, x and y in m",
    "onset": "the state, from 0, from which the target is shown",
    "go": "the state, from 0, at which the go cue begins",
    "block": "index of the block in the plan of the session",
    "trial": "number of the trial in its session, from 0",
    "channel": "whether the trial ran in a force channel",
    "false_start": "whether the cursor left the start before the go cue",
    "too_fast": "whether the movement was shorter than the window of movement time",
    "too_slow": "whether the movement was longer than the window of movement time",
    "success": "whether the reach succeeded",
    "terminated": "whether the trial ended by its own rules, not by the time limit",
}
SUFFIX = {"onset": "target_on_state", "go": "go_cue_state", "block": "block_index", "trial": "trial_number"}
"""Columns that have a plainer name in the table."""


def lived(name: str, steps: Integers) -> Flags:
    """Where in a padded array (n, T or T+1) of a recording its trials have numbers."""
    longest = int(steps.max(initial=0))
    extra = int(name not in LAYOUT or LAYOUT[name][1][1] == "T+1")
    return np.asarray(np.arange(longest + extra) < (steps + extra)[:, None])


def is_own(tree: Tree) -> bool:
    """Whether `reach_gym.recording.write_nwb` wrote a file."""
    return FORMAT in (tree.text(NOTES) or "")


def read_own(tree: Tree) -> Reading:
    """Reads what `reach_gym.recording.write_nwb` wrote.

    Raises:
        RecordingError: It is no such file.
    """
    text = tree.text(NOTES)
    if text is None or FORMAT not in text:
        raise RecordingError("it was not written by this package.")
    arrays: dict[str, Array] = {}
    for name in COLUMNS:
        column = f"{TRIALS}/{SUFFIX.get(name, name)}"
        if tree.find(column) is not None:
            arrays[name] = tree.array(column).astype(LAYOUT[name][0])
    steps = arrays.get("steps", np.zeros(0, np.int64))
    if steps.ndim != 1 or not len(steps) or (steps < 1).any():
        raise RecordingError(f"the column 'steps' must be whole numbers of at least 1, got {checks.shown(steps)}.")
    if len(steps) * (int(steps.max()) + 1) > MAX_STATES:
        raise RecordingError(f"the trials have up to {steps.max()} steps, together more than the {MAX_STATES} that may be read.")
    for name in COURSES:
        path = f"{BEHAVIOR}/{COURSES[name].group}/{name}"
        if tree.find(path) is not None:
            arrays[name] = padded(tree, path, name, steps)
    for name in tree.names(f"{BEHAVIOR}/{SEEN.group}"):
        if name.partition("_")[0] == OBSERVATION:
            arrays[name.replace("_", "/", 1)] = padded(tree, f"{BEHAVIOR}/{SEEN.group}/{name}", name, steps)
    recording = recording_of(arrays, from_json(text))
    return Reading(
        recording, _spikes(tree, recording.steps, float(recording.metadata["dt"])), {}, Notes("reach_gym").report(len(steps))
    )


def padded(tree: Tree, path: str, name: str, steps: Integers) -> Array:
    """A time series of all trials as an array (n, T or T+1, ...), with NaN or 0 behind the shorter ones.

    Args:
        tree: The file.
        path: Of the series.
        name: Of an array of recordings that has as many values in each trial.
        steps: Of the trials.

    Raises:
        RecordingError: The series has another number of samples.
    """
    values = tree.array(f"{path}/data")
    mask = lived(name, steps)
    if not values.ndim or len(values) != mask.sum():
        raise RecordingError(f"{checks.shown(path)} must have {mask.sum()} samples, got {values.shape}.")
    array = np.full((*mask.shape, *values.shape[1:]), np.nan if values.dtype.kind == "f" else 0, values.dtype)
    array[mask] = values
    return array


def _spikes(tree: Tree, steps: Integers, dt: float) -> Spikes | None:
    units = read_units(tree)
    if units is None:
        return None
    begin = tree.array(f"{TRIALS}/start_time").astype(np.float64)
    return spikes_of(units, np.ones(len(units.names), np.bool_), begin, begin + steps * dt, Notes("reach_gym"))
