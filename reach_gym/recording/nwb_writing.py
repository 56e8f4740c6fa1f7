"""Recordings as NWB (Neurodata Without Borders), so that laboratories' own tools read agents, monkeys and people alike."""

from __future__ import annotations

import os
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from reach_gym import checks, files
from reach_gym.errors import missing_extra
from reach_gym.recording.layout import OBSERVATION, Array, Floats
from reach_gym.recording.metadata import to_json
from reach_gym.recording.nwb_own import COLUMNS, COURSES, SEEN, SUFFIX, lived
from reach_gym.recording.schema import Recording
from reach_gym.recording.spikes import Spikes

_PAUSE = 1.0  # s between two trials on the file's axis of time: a recording keeps no other
# "Synthetic construct" in the taxonomy of the NCBI: NWB's inspector wants a species, and a network has no better one.
_AGENT = {
    "species": "http://purl.obolibrary.org/obo/NCBITaxon_32630",
    "sex": "U",
    "age": "P0D",
    "description": "An artificial agent, not an animal.",
}


def write_nwb(
    recording: Recording,
    path: str | os.PathLike[str],
    spikes: Spikes | None = None,
    session_start: datetime | None = None,
    subject: Mapping[str, Any] | None = None,
) -> None:
    """Writes a recording as an NWB file; `reach_gym.recording.read_nwb` gives it back equal.

    Trials stand one after the other on one axis of time. The module ``behavior`` has the paths of hand and cursor, velocity and
    whatever else was recorded; the table of trials what is said of each, also ``target_on_time`` and ``go_cue_time``; the notes
    hold the metadata as JSON. Spikes are units.

    Args:
        recording: At least one trial.
        path: The file, which ends in .nwb; an old one is replaced.
        spikes: Of the same trials; their times come back up to rounding.
        session_start: When it was recorded, with a time zone; now if ``None``.
        subject: What NWB wants to know of an animal or a person, such as ``species``, ``sex`` and ``age``; without it an
            artificial agent's.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: `path` has another ending, the recording has no trial, or spikes are of other trials.
        MissingExtraError: pynwb is not installed.
        OSError: The file cannot be written.
    """
    write_file(file_of(recording, spikes, session_start, subject), path)


def write_file(file: Any, path: str | os.PathLike[str]) -> None:
    """Writes a ``pynwb.NWBFile``; a reader, or a crash, sees the old file or the new one.

    Raises:
        TypeError: `path` is no path.
        ValueError: It has another ending than .nwb.
        OSError: The file cannot be written.
    """
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"`path` must be a path, got {checks.shown(path)}.")
    if Path(path).suffix.lower() != ".nwb":
        raise ValueError(f"`path` must end in .nwb, got {checks.shown(str(path))}.")
    with files.replacing(path) as partial, pynwb_library().NWBHDF5IO(str(partial), "w") as io:
        io.write(file)


def pynwb_library() -> Any:
    """The library pynwb.

    Raises:
        MissingExtraError: It is not installed.
    """
    try:
        import pynwb
    except ImportError:
        raise missing_extra("pynwb", "nwb") from None
    return pynwb


def begins(recording: Recording) -> Floats:
    """When (n,) each trial begins on the axis of time of a file, s."""
    return np.cumsum(np.append(0.0, recording.steps[:-1] * float(recording.metadata["dt"]) + _PAUSE))


def file_of(
    recording: Recording,
    spikes: Spikes | None = None,
    session_start: datetime | None = None,
    subject: Mapping[str, Any] | None = None,
) -> Any:
    """The ``pynwb.NWBFile`` of `write_nwb`, to which more can be added.

    Raises:
        ValueError: The recording has no trial, or spikes are of other trials.
        MissingExtraError: pynwb is not installed.
    """
    pynwb = pynwb_library()
    if not len(recording):
        raise ValueError("`recording` must have at least one trial, got none.")
    if spikes is not None and len(spikes) and spikes.trial[-1] >= len(recording):
        raise ValueError(f"`spikes` must be of the {len(recording)} trials of the recording, got trial {spikes.trial[-1]}.")
    meta = recording.metadata
    animal = {"description": "As the source of the recording says.", **(subject or {})}
    task = meta["env_id"] or meta.get("task") or "a reaching task"
    file = pynwb.NWBFile(
        session_description=f"{meta['agent']} in {task}: reaches recorded by reach_gym.",
        identifier=str(uuid.uuid4()),
        session_start_time=datetime.now(UTC) if session_start is None else session_start,
        experiment_description=f"Reaches of {meta['agent']} in {task}.",
        institution="unknown" if meta["env_id"] is None else "simulation",
        experimenter=["reach_gym, recorder"],
        keywords=["reaching", "motor learning"],
        notes=to_json(meta),
        subject=pynwb.file.Subject(subject_id=str(meta["agent"]).replace("/", "_"), **(_AGENT if subject is None else animal)),
    )
    begin = begins(recording)
    _add_trials(file, recording, begin)
    _add_courses(file, recording, begin)
    if spikes is not None:
        _add_units(file, spikes, begin)
    return file


def _add_trials(file: Any, recording: Recording, begin: Floats) -> None:
    from hdmf.common import VectorData

    dt = float(recording.metadata["dt"])
    told: dict[str, tuple[str, Any]] = {
        "start_time": ("when the trial begins, s", begin),
        "stop_time": ("when the trial ends, s", begin + recording.steps * dt),
        "target_on_time": ("when the target appears, s", begin + recording.onset * dt),
        "go_cue_time": ("when the go cue begins, s", begin + recording.go * dt),
        "block_name": ("name of the block", recording.block_names),
    }
    told |= {
        SUFFIX.get(name, name): (what, recording.known(name)) for name, what in COLUMNS.items() if name in recording.recorded
    }
    columns = [VectorData(name=name, description=what, data=data) for name, (what, data) in told.items()]
    trials = pynwb_library().epoch.TimeIntervals(
        name="trials", description="reaches", columns=columns, id=np.arange(len(recording)), colnames=list(told)
    )
    file.trials = trials


def _add_courses(file: Any, recording: Recording, begin: Floats) -> None:
    pynwb = pynwb_library()
    behavior = file.create_processing_module("behavior", "movements of hand and cursor, and what acted on them")
    position, others = pynwb.behavior.Position(name="Position"), pynwb.behavior.BehavioralTimeSeries(name="BehavioralTimeSeries")
    behavior.add(position)
    behavior.add(others)
    arrays = recording.arrays()
    seen = {name.replace("/", "_"): values for name, values in arrays.items() if name.partition("/")[0] == OBSERVATION}
    for name, course in (*COURSES.items(), *((name, SEEN) for name in seen)):
        values = seen[name] if name in seen else arrays.get(name)
        if values is None:
            continue
        told = {"name": name, "description": course.description, "unit": course.unit, **samples(recording, name, values, begin)}
        if course.group == position.name:
            position.add_spatial_series(
                pynwb.behavior.SpatialSeries(reference_frame="x to the right, y upwards; origin of the task", **told)
            )
        else:
            others.add_timeseries(pynwb.TimeSeries(**told))


def samples(recording: Recording, name: str, values: Array, begin: Floats) -> dict[str, Any]:
    """Data and times of a time series of NWB, of all trials one after the other, without what lies behind their ends.

    Args:
        recording: The trials.
        name: Of the array in a recording, which says whether it has a value for every state or every step.
        values: (n, T or T+1, ...).
        begin: `begins` of the recording.
    """
    mask = lived(name, recording.steps)
    dt = float(recording.metadata["dt"])
    time = (begin[:, None] + np.arange(mask.shape[1]) * dt)[mask]
    if len(recording) == 1:  # NWB wants the rate of what is regular
        return {"data": values[mask], "starting_time": float(time[0]), "rate": 1.0 / dt}
    return {"data": values[mask], "timestamps": time}


def _add_units(file: Any, spikes: Spikes, begin: Floats) -> None:
    pynwb = pynwb_library()
    if spikes.resolution:
        file.units = pynwb.misc.Units(name="units", description="units, counted in bins", resolution=spikes.resolution)
    regions = sorted(set(spikes.regions))
    device = file.create_device(name="array", description="as the source of the recording says")
    for each in regions:
        place = {"location": each or "unknown"}
        group = file.create_electrode_group(name=place["location"], description="of units", device=device, **place)
        file.add_electrode(group=group, **place)
    for unit, region in enumerate(spikes.regions):
        mine = spikes.unit == unit
        times = begin[spikes.trial[mine]] + spikes.time[mine]
        file.add_unit(spike_times=np.sort(times), electrodes=[regions.index(region)])
