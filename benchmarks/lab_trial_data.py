"""Synthetic TrialData: `.mat` files with a struct for each trial of a learning session, for tests and the guide."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.lab_files import Floats, Truth, paths, session

WIDTH = 0.01
"""Seconds of a bin."""

_EXTRA = 0.2  # s before and after each trial, which TrialData keeps


def structs(trials: int = 30, units: int = 4) -> tuple[Truth, list[dict[str, Any]]]:
    """A session of baseline, adaptation and washout in a force field that pushes to the side; the hand learns.

    Positions are in cm and have their middle at (0, -30). Trial 2 has no cue, trial 5 several, and trial 7 lacks a sample.
    """
    truth = session(trials, units, 7)
    time, place, _ = paths(truth, 1 / WIDTH, bow=0.0)
    third = np.arange(trials // 3)
    epochs = np.repeat(["BL", "AD", "WO"], len(third))
    aside = np.concatenate([0.0 * third, 0.03 * np.exp(-third / 3), -0.02 * np.exp(-third / 2)])
    truth.bad = {2: "cue", 5: "cue", 7: "samples"}
    rows = []
    for trial in range(trials):
        part = (time >= truth.start[trial] - _EXTRA) & (time < truth.stop[trial] + _EXTRA)
        first = int(np.flatnonzero(part)[0])
        events = {"start": truth.start, "onset": truth.onset, "go": truth.go, "stop": truth.stop}
        index = {name: np.round(at[trial] / WIDTH) - first + 1.0 for name, at in events.items()}
        way = truth.target[trial] / np.hypot(*truth.target[trial])
        along = place[part] @ way / 0.08
        curve = (np.sin(np.pi * np.clip(along, 0, 1)) * aside[trial])[:, None] * np.array([-way[1], way[0]])
        pos = 100 * (place[part] + curve) + (0.0, -30.0)
        edges = np.append(time[part], time[part][-1] + WIDTH)
        counts = np.stack([np.histogram(times, edges)[0] for times in truth.spikes], axis=1)
        cue: Any = index["go"]
        if trial == 2:
            cue = np.nan
        elif trial == 5:
            cue = np.array([[index["go"], index["go"] + 20]])
        if trial == 7:
            pos[len(pos) // 2] = np.nan
        rows.append(
            {
                "trial_id": trial + 1.0,
                "monkey": "Chewie",
                "task": "CO",
                "epoch": str(epochs[trial]),
                "result": "R" if trial % 7 else "F",
                "perturbation": "FF",
                "bin_size": WIDTH,
                "target_direction": float(np.arctan2(way[1], way[0])),
                "idx_trial_start": index["start"],
                "idx_target_on": index["onset"],
                "idx_go_cue": cue,
                "idx_trial_end": index["stop"],
                "pos": pos,
                "vel": np.gradient(pos, WIDTH, axis=0),
                "M1_spikes": counts[:, : units // 2].astype(np.uint8),
                "M1_unit_guide": np.array([[3.0, k + 1.0] for k in range(units // 2)]),
                "PMd_spikes": counts[:, units // 2 :].astype(np.uint8),
                "PMd_unit_guide": np.array([[8.0, k + 1.0] for k in range(units - units // 2)]),
            }
        )
    return truth, rows


def version_5(path: Path, rows: list[dict[str, Any]], name: str = "trial_data", packed: bool = True) -> None:
    """Writes structs as MATLAB's version 5."""
    from scipy.io import savemat

    made = np.zeros((1, len(rows)), [(field, object) for field in rows[0]])
    for place, row in enumerate(rows):
        for field, value in row.items():
            made[field][0, place] = value
    savemat(str(path), {name: made}, do_compression=packed)


def version_73(path: Path, rows: list[dict[str, Any]], name: str = "trial_data") -> None:
    """Writes structs as MATLAB's version 7.3: HDF5 behind 512 bytes of text; a field refers to one value of each trial."""
    import h5py

    with h5py.File(path, "w", userblock_size=512) as file:
        group, values = file.create_group(name), file.create_group("#refs#")
        group.attrs["MATLAB_class"] = np.bytes_("struct")
        for field in rows[0]:
            refs = []
            for place, row in enumerate(rows):
                refs.append(_stored(values, f"{field}{place}", row[field]).ref)
            group.create_dataset(field, data=np.array(refs, dtype=h5py.ref_dtype)[:, None], dtype=h5py.ref_dtype)
    with path.open("r+b") as stream:
        stream.write(b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM")


def _stored(group: Any, name: str, value: Any) -> Any:
    if isinstance(value, str):
        made = group.create_dataset(name, data=np.array([[ord(letter)] for letter in value], np.uint16))
        made.attrs["MATLAB_class"] = np.bytes_("char")
        return made
    array: Floats = np.atleast_2d(np.asarray(value))
    made = group.create_dataset(name, data=array.T)
    made.attrs["MATLAB_class"] = np.bytes_("double")
    return made
