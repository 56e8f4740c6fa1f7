"""Hidden activity as NWB (Neurodata Without Borders), so that laboratories' own tools read networks and monkeys alike."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from reach_gym import files
from reach_gym.errors import missing_extra
from reach_gym.neural import Activity

_PAUSE = 1.0  # s between two trials on the file's axis of time: independent trials have none of their own
# "Synthetic construct" in the taxonomy of the NCBI: NWB's inspector wants a species, and a network has no better one.
_SPECIES = "http://purl.obolibrary.org/obo/NCBITaxon_32630"


def save_nwb(activity: Activity, path: Path | str, session_start: datetime | None = None) -> None:
    """Writes trials, hidden states and hand movements, one after the other on one axis of time.

    The states go into the processing module ``misc`` as one `TimeSeries` in arbitrary units; hand, velocity and
    force go into ``behavior``. Every trial is a row of the table of trials with target, target onset, go cue, block, gain and
    how it ended. What lies after a trial's end is left out.

    Args:
        activity: What was recorded.
        path: The file, which ends in .nwb; an old one is replaced.
        session_start: When the recording was made, with a time zone; now if ``None``.

    Raises:
        MissingExtraError: pynwb is not installed.
        ValueError: `path` has another suffix.
        OSError: The file cannot be written.
    """
    path = Path(path)
    if path.suffix != ".nwb":
        raise ValueError(f"`path` must end in .nwb, got {path}.")
    try:
        import pynwb
    except ImportError as error:
        raise missing_extra("pynwb", "nwb") from error
    recording = activity.recording
    dt = float(recording.metadata["dt"])
    begin = np.concatenate([[0.0], np.cumsum(recording.steps * dt + _PAUSE)])[:-1]
    file = _file(pynwb, recording.metadata, session_start)
    _add_trials(file, activity, begin, dt)
    _add_series(pynwb, file, activity, begin, dt)
    with files.replacing(path) as partial, pynwb.NWBHDF5IO(str(partial), "w") as io:
        io.write(file)


def _file(pynwb: Any, meta: Mapping[str, Any], session_start: datetime | None) -> Any:
    """A file that says what was recorded, and has no data yet."""
    return pynwb.NWBFile(
        session_description=f"{meta['agent']} in {meta['env_id']}: hidden states of a simulated reach",
        identifier=str(uuid.uuid4()),
        session_start_time=datetime.now(UTC) if session_start is None else session_start,
        experiment_description=f"Agent {meta['agent']} in the reaching task {meta['env_id']}, seed {meta['seed']}.",
        institution="simulation",
        experimenter=["reach_gym, simulation"],
        keywords=["recurrent neural network", "reaching", "force field"],
        subject=pynwb.file.Subject(
            subject_id=str(meta["agent"]),
            species=_SPECIES,
            sex="U",
            age="P0D",
            description="An artificial network, not an animal.",
        ),
    )


def _add_trials(file: Any, activity: Activity, begin: np.ndarray[Any, Any], dt: float) -> None:
    recording = activity.recording
    for name, what in (
        ("target_x", "x of the target in m"),
        ("target_y", "y of the target in m"),
        ("target_onset_time", "when the target appeared, s"),
        ("go_cue_time", "when the go cue began, s"),
        ("block", "name of the block"),
        ("gain", "factor on the force field in the first step"),
        ("channel", "whether the trial ran in a force channel"),
        ("false_start", "whether the cursor left the start before the go cue"),
        ("too_fast", "whether the movement was shorter than the window of movement time"),
        ("too_slow", "whether the movement was longer than the window of movement time"),
        ("success", "whether the hand came to rest on the target"),
    ):
        file.add_trial_column(name=name, description=what)
    for k, block in enumerate(recording.block_names):
        file.add_trial(
            start_time=float(begin[k]),
            stop_time=float(begin[k] + recording.steps[k] * dt),
            target_x=float(recording.target[k, 0]),
            target_y=float(recording.target[k, 1]),
            target_onset_time=float(begin[k] + recording.onset[k] * dt),
            go_cue_time=float(begin[k] + recording.go[k] * dt),
            block=block,
            gain=float(recording.known("gain")[k, 0]),
            channel=bool(recording.in_channel[k]),
            **{name: bool(getattr(recording, name)[k]) for name in ("false_start", "too_fast", "too_slow", "success")},
        )


def _add_series(pynwb: Any, file: Any, activity: Activity, begin: np.ndarray[Any, Any], dt: float) -> None:
    recording = activity.recording
    lived = np.arange(activity.rates.shape[1]) < recording.steps[:, None]
    time = (begin[:, None] + np.arange(lived.shape[1]) * dt)[lived]
    hidden = file.create_processing_module("misc", "states of the recurrent layer; time x units")
    behavior = file.create_processing_module("behavior", "the simulated hand; time x (x, y)")
    for module, name, data, unit, what in (
        (hidden, "HiddenStates", activity.rates, "a.u.", "state of every unit of the recurrent layer as it led to a step"),
        (behavior, "HandPosition", recording.hand[:, :-1], "m", "position of the hand before a step"),
        (behavior, "HandVelocity", recording.velocity[:, :-1], "m/s", "velocity of the hand before a step"),
        (behavior, "FieldForce", recording.known("force"), "N", "force of the field on the hand during a step"),
    ):
        module.add(pynwb.TimeSeries(name=name, description=what, data=np.asarray(data[lived]), unit=unit, timestamps=time))
