"""Synthetic NWB files in the layouts of public recordings, with the traps that these have: for tests, the guide and timing.

Nobody's data are in them. A hand reaches from the middle to a target and back by minimum jerk, and units fire as the cosine of
the target's direction; what a reader should find is returned beside each file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_MOVES, _REACTS = 0.45, 0.25  # s, of a reach and from its cue to its onset
BOW = 0.004
"""Metres by which hands swing out to the left of the straight way."""

_START = datetime(2013, 10, 3, 12, tzinfo=UTC)


@dataclass
class Truth:
    """What a file holds.

    Attributes:
        start: float64 (n,), s, when each trial begins.
        onset: float64 (n,), s, when its target appears.
        go: float64 (n,), s, when it is cued.
        stop: float64 (n,), s, when it ends.
        target: float64 (n, 2), m, from the middle.
        bad: The trials that no reader may keep, and a word of the reason.
        spikes: For each unit its times, s.
    """

    start: Floats
    onset: Floats
    go: Floats
    stop: Floats
    target: Floats
    bad: dict[int, str] = field(default_factory=dict)
    spikes: list[Floats] = field(default_factory=list)


def session(trials: int, units: int, seed: int = 0, radius: float = 0.08, ways: int = 8) -> Truth:
    """The plan of a session: reaches to `ways` targets in turn, and the spikes of `units` about them."""
    rng = np.random.default_rng(seed)
    delay = rng.uniform(0.3, 0.8, trials).round(3)
    length = 0.3 + delay + _REACTS + _MOVES + 0.35
    start = 1.0 + np.cumsum(np.append(0.0, (length + 0.5)[:-1]))
    angle = 2 * np.pi * (np.arange(trials) % ways) / ways
    target = radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    truth = Truth(start, start + 0.3, start + 0.3 + delay, start + length, target)
    for unit in range(units):
        rate = 6.0 + 5.0 * np.cos(angle - 2 * np.pi * unit / units)
        count = rng.poisson(rate * length)
        mine = np.repeat(np.arange(trials), count)
        truth.spikes.append(np.sort(start[mine] + rng.uniform(0, 1, len(mine)) * length[mine]))
    return truth


def paths(truth: Truth, rate: float, bow: float = BOW) -> tuple[Floats, Floats, Floats]:
    """The hand's times (k,), positions and velocities (k, 2) in m, from the first trial to the last and between them.

    On its way to the target it swings out to the left by `bow`, in m.
    """
    time = np.arange(round((truth.stop[-1] + 0.4) * rate)) / rate
    trial = np.maximum(np.searchsorted(truth.start, time, side="right") - 1, 0)
    there, speed = _jerk(time - truth.go[trial] - _REACTS)
    back, returning = _jerk(time - truth.stop[trial])
    target = truth.target[trial]
    left = np.stack([-target[:, 1], target[:, 0]], axis=1) / np.hypot(*target.T)[:, None] * bow
    place = (there - back)[:, None] * target + np.sin(np.pi * there)[:, None] * left
    velocity = (speed - returning)[:, None] * target + (np.pi * np.cos(np.pi * there) * speed)[:, None] * left
    return time, place, velocity


def _jerk(time: Floats) -> tuple[Floats, Floats]:
    """Minimum jerk from 0 to 1 (Flash & Hogan 1985), and its velocity."""
    s = np.clip(time / _MOVES, 0.0, 1.0)
    return s**3 * (10 - 15 * s + 6 * s**2), 30 * s**2 * (1 - s) ** 2 / _MOVES


def mc_maze(path: Path, trials: int = 24, units: int = 6, traps: bool = True, seed: int = 0) -> Truth:
    """As DANDI 000128: mm, 1 kHz, ragged targets. The hand's origin lies 30 mm from the cursor's.

    With `traps` two trials lack samples in the movement, one has no cue, one belongs to the test split and has no number at all,
    and the last unit was not observed in the first trial.
    """
    truth = session(trials, units, seed, radius=0.12)
    time, place, velocity = paths(truth, 1000.0)
    go, onset, split = truth.go.copy(), truth.onset.copy(), ["train"] * trials
    hidden = np.zeros(len(time), np.bool_)
    missing = np.zeros(len(time), np.bool_)
    if traps:
        truth.bad = {3: "samples", 5: "cue", 7: "cue", 9: "samples"}
        go[5] = np.nan
        go[7] = onset[7] = np.nan
        split[7] = "test"
        missing |= (time > truth.start[7]) & (time < truth.stop[7])
        missing |= (time > truth.go[9] + 0.3) & (time < truth.go[9] + 0.36)
        hidden |= (time > truth.go[3] + 0.3) & (time < truth.go[3] + 0.38)
        hidden |= (time > truth.stop[1] + 0.1) & (time < truth.stop[1] + 0.3)  # between trials, where it does no harm
    shown = np.arange(trials) % 3 == 2  # every third trial shows three targets
    counts = np.where(shown, 3, 1)
    active = np.where(shown, 1, 0)
    targets = np.repeat(np.round(1000 * truth.target), counts, axis=0)
    first = np.cumsum(counts) - counts
    targets[np.delete(np.arange(counts.sum()), first + active)] *= -0.5
    file = _file("Center-out delayed reaching task with maze barriers", "Jenkins")
    columns: dict[str, Any] = {
        "start_time": truth.start,
        "stop_time": truth.stop,
        "target_on_time": onset,
        "go_cue_time": go,
        "move_onset_time": go + _REACTS,
        "delay": np.nan_to_num(1000 * (truth.go - truth.onset)).astype(np.int64),
        "rt": np.full(trials, int(1000 * _REACTS)),
        "active_target": active,
        "num_targets": counts,
        "trial_version": np.where(shown, 2, 0),
        "success": np.ones(trials, np.bool_),
        "split": split,
    }
    _trials(file, columns, {"target_pos": (targets.astype(np.int16), np.cumsum(counts))})
    kept = ~hidden
    lost = missing[kept][:, None]
    cursor, hand = 1000 * place[kept], 1000 * place[kept] + (0.0, 30.0)
    series = {"cursor_pos": cursor, "hand_pos": hand, "hand_vel": 1000 * velocity[kept], "eye_pos": 0.5 * cursor}
    _behavior(file, {name: np.where(lost, np.nan, part) for name, part in series.items()}, time[kept], "mm")
    seen = [np.stack([truth.start, truth.stop], axis=1)[int(traps and unit == units - 1) :] for unit in range(units)]
    _units(file, truth.spikes, ["M1", "PMd"], seen)
    return _write(file, path, truth)


def mc_maze_test(path: Path) -> Truth:
    """As the test split of DANDI 000128: spikes and the limits of segments, and no behaviour."""
    truth = session(12, 4)
    file = _file("Center-out delayed reaching task with maze barriers", "Jenkins")
    columns = {"start_time": truth.start, "stop_time": truth.stop, "move_onset_time": truth.go, "split": ["test"] * 12}
    _trials(file, columns, {})
    _units(file, truth.spikes, ["M1"], None)
    return _write(file, path, truth)


def center_out(path: Path, trials: int = 24, units: int = 6) -> Truth:
    """As DANDI 000688, center-out: cm, 100 Hz, corners of targets, results R, A, F and I; trial 4 was aborted before its cue."""
    truth = session(trials, units, 1)
    time, place, velocity = paths(truth, 100.0)
    # A hand is never exactly in the middle.
    off = np.random.default_rng(1).normal(0.0, 0.002, (trials, 2))
    place = place + off[np.maximum(np.searchsorted(truth.start, time, side="right") - 1, 0)]
    truth.bad = {4: "cue"}
    go = truth.go.copy()
    go[4] = np.nan
    result = np.array(["R"] * trials)
    result[[4, 6, 8]] = ["A", "F", "I"]
    corner = 100 * truth.target[:, None] + np.array([[-1.0, 1.0], [1.0, -1.0]])
    file = _file("Center-out delayed reaching task", "C")
    columns: dict[str, Any] = {
        "start_time": truth.start,
        "stop_time": truth.stop,
        "target_on_time": truth.onset,
        "go_cue_time": go,
        "target_dir": np.arctan2(truth.target[:, 1], truth.target[:, 0]),
        "target_id": np.arange(trials) % 8 * 1.0,
        "target_corners": corner.reshape(trials, 4),
        "result": result.tolist(),
    }
    _trials(file, columns, {})
    _boxed(file, {"cursor_pos": 100 * place, "cursor_vel": 100 * velocity, "cursor_acc": 0 * place}, time, "cm")
    _units(file, truth.spikes, ["M1"], None)
    return _write(file, path, truth)


def tour(reaches: int, rate: float, seed: int) -> tuple[Truth, Floats, Floats, Floats, Integers]:
    """Reaches from target to target: the plan, the hand's times (k,), positions and velocities (k, 2), and which reach it is."""
    rng = np.random.default_rng(seed)
    places = 0.001 * rng.integers(-50, 50, (reaches + 1, 2))
    places[1::2] += 0.06  # so that no reach is too short
    go: Floats = 1.0 + 1.1 * np.arange(reaches, dtype=np.float64)
    time = np.arange(round(rate * (go[-1] + 1.2))) / rate
    reach = np.searchsorted(go, time, side="right")
    way = np.where(reach[:, None] == 0, 0.0, places[reach] - places[reach - 1])
    share, speed = _jerk(time - go[np.maximum(reach - 1, 0)] - _REACTS)
    place = places[np.maximum(reach - 1, 0)] + share[:, None] * way
    truth = Truth(go.copy(), go, go, np.asarray(go + 1.1), np.asarray(places[1:], np.float64))
    return truth, time, place, speed[:, None] * way, reach


def random_targets(path: Path, trials: int = 12, units: int = 6) -> Truth:
    """As DANDI 000688, random targets: cues (n, 4) and no places of targets; the third has only three."""
    truth, time, place, velocity, _ = tour(4 * trials, 100.0, 2)
    cues = truth.go.reshape(trials, 4).copy()
    cues[2, 3] = np.nan
    stop = truth.stop[3::4] - 0.05
    stop[2] = truth.stop[10] - 0.05
    truth.start[::4] -= 0.05
    truth.bad = {11: "cue"}
    truth.spikes = session(1, units, 2).spikes
    file = _file("Random target reaching task", "C")
    columns: dict[str, Any] = {
        "start_time": truth.start[::4],
        "stop_time": stop,
        "go_cue_time_array": cues,
        "num_targets": np.full(trials, 4, np.uint8),
        "num_attempted": np.full(trials, 4.0),
        "target_id": np.zeros((trials, 4)),
        "result": ["R"] * trials,
    }
    _trials(file, columns, {})
    _boxed(file, {"cursor_pos": 100 * place, "cursor_vel": 100 * velocity}, time, "cm")
    _units(file, truth.spikes, ["M1"], None)
    return _write(file, path, truth)


def mc_rtt(path: Path, reaches: int = 30, units: int = 6) -> Truth:
    """As DANDI 000129: rows of 600 ms that are no reaches; the target is a series, sampled up from 250 Hz; mm, three axes."""
    truth, time, place, velocity, reach = tour(reaches, 1000.0, 3)
    places = np.concatenate([place[:1], truth.target])
    shown = places[reach]
    for step in (3, 2, 1):  # sampling up has smeared each jump over 4 ms
        late = np.searchsorted(truth.go, time - 0.001 * step, side="right") < reach
        shown = np.where(late[:, None], places[reach - 1] + 0.25 * step * (places[reach] - places[reach - 1]), shown)
    finger = 1000 * np.concatenate([place, 0 * place[:, :1]], axis=1) + (0.0, 40.0, 7.0)
    rows = 1.0 + 0.6 * np.arange(int((time[-1] - 1.0) / 0.6))
    file = _file("Self-paced reaches to targets arranged in a grid", "Indy")
    _trials(file, {"start_time": rows, "stop_time": rows + 0.6, "split": ["train"] * len(rows)}, {})
    series = {"cursor_pos": 1000 * place, "finger_pos": finger, "finger_vel": 1000 * velocity, "target_pos": 1000 * shown}
    _behavior(file, series, time, "mm")
    rng = np.random.default_rng(3)
    truth.spikes = [np.sort(rng.uniform(1.0, time[-1], 300)) for _ in range(units)]
    _units(file, truth.spikes, ["M1"], [np.array([[0.5, time[-1] + 1]])] * units)
    return _write(file, path, truth)


def area2_bump(path: Path, trials: int = 24, units: int = 6) -> Truth:
    """As DANDI 000127: cm, targets by their direction in degrees only; the hand's middle is not the origin; passive trials."""
    truth = session(trials, units, 4, ways=4)
    time, place, velocity = paths(truth, 1000.0)
    passive = np.arange(trials) % 6 == 5
    truth.bad = {int(k): "cue" for k in np.flatnonzero(passive)}
    angle = np.degrees(np.arctan2(truth.target[:, 1], truth.target[:, 0])) % 360
    file = _file("Center out reaching task with perturbations during center hold period before reach", "Han")
    columns: dict[str, Any] = {
        "start_time": truth.start,
        "stop_time": truth.stop,
        "target_on_time": np.where(passive, np.nan, truth.onset),
        "go_cue_time": np.where(passive, np.nan, truth.go),
        "bump_time": np.where(passive, truth.go, np.nan),
        "bump_dir": np.where(passive, angle, np.nan),
        "ctr_hold_bump": passive,
        "target_dir": angle,
        "result": ["R"] * trials,
        "split": ["train"] * trials,
    }
    _trials(file, columns, {})
    series = {"hand_pos": 100 * place + (5.0, -35.0), "hand_vel": 100 * velocity, "force": np.zeros((len(time), 6))}
    _behavior(file, series, time, "cm")
    _units(file, truth.spikes, ["area 2"], [np.array([[0.0, time[-1] + 1]])] * units)
    return _write(file, path, truth)


def churchland(path: Path, trials: int = 24, units: int = 6) -> Truth:
    """As DANDI 000070: mm under the unit ``"meters"``, a starting time and a rate, discarded and failed trials."""
    truth = session(trials, units, 5, radius=0.1)
    time, place, _ = paths(truth, 1000.0)
    truth.bad = {2: "discard"}
    discarded = (np.arange(trials) == 2).astype(np.uint8)
    file = _file("Mazes", "Nitschke")
    columns: dict[str, Any] = {
        "start_time": truth.start,
        "stop_time": truth.stop,
        "target_presentation_time": truth.onset,
        "go_cue_time": truth.go,
        "move_begins_time": truth.go + _REACTS,
        "move_ends_time": truth.go + _REACTS + _MOVES,
        "discard_trial": discarded,
        "task_success": (np.arange(trials) % 5 != 4).astype(np.uint8),
        "hit_target_position": np.round(1000 * truth.target).astype(np.int16),
        "maze_condition": (np.arange(trials) % 8).astype(np.uint8),
    }
    _trials(file, columns, {})
    _boxed(file, {"Hand": 1000 * place, "Cursor": 1000 * place}, time, "meters", regular=True)
    _units(file, truth.spikes, ["PMd", "M1"], None)
    return _write(file, path, truth)


def own_layout(path: Path, trials: int = 24, units: int = 3) -> Truth:
    """A laboratory's own layout, for which a map is needed: events in columns of other names, targets in two columns, a gain."""
    truth = session(trials, units, 6)
    time, place, _ = paths(truth, 200.0)
    half = trials // 2
    file = _file("Reaches in a force field", "M")
    columns: dict[str, Any] = {
        "start_time": truth.start,
        "stop_time": truth.stop,
        "cue": truth.go,
        "x": truth.target[:, 0],
        "y": truth.target[:, 1],
        "epoch": ["bl"] * half + ["ad"] * (trials - half),
        "field": (np.arange(trials) >= half).astype(np.float64),
        "outcome": ["ok"] * (trials - 1) + ["late"],
    }
    _trials(file, columns, {})
    _behavior(file, {"wrist": place}, time, "m")
    _units(file, truth.spikes, ["M1"], None)
    return _write(file, path, truth)


OWN_MAP: dict[str, Any] = {
    "hand": "processing/behavior/wrist",
    "trials": {"go": "cue", "target": {"xy": ["x", "y"]}, "success": {"outcome": "ok"}, "block": "epoch", "gain": "field"},
}
"""The map of `own_layout`."""


def _file(task: str, subject: str) -> Any:
    import pynwb

    return pynwb.NWBFile(
        session_description="Synthetic; no animal was involved.",
        identifier=f"synthetic {task} {subject}",
        session_start_time=_START,
        experiment_description=task,
        session_id="synthetic",
        subject=pynwb.file.Subject(subject_id=subject),
    )


def _trials(file: Any, columns: Mapping[str, Any], ragged: Mapping[str, tuple[Any, Integers]]) -> None:
    import pynwb
    from hdmf.common import VectorData, VectorIndex

    made = [VectorData(name=name, description=name, data=data) for name, data in columns.items()]
    for name, (data, ends) in ragged.items():
        entries = VectorData(name=name, description=name, data=data)
        made += [entries, VectorIndex(name=f"{name}_index", data=ends.astype(np.uint16), target=entries)]
    names = [*columns, *ragged]
    file.trials = pynwb.epoch.TimeIntervals(
        name="trials", description="trials", columns=made, colnames=names, id=np.arange(len(columns["start_time"]))
    )


def _behavior(file: Any, series: Mapping[str, Floats], time: Floats, unit: str) -> None:
    """Time series that stand in the module itself and share the times of the first one."""
    import pynwb

    module, first = file.create_processing_module("behavior", "Processed behavioral data"), None
    for name, data in series.items():
        per = f"{unit}/s" if name.endswith("_vel") else unit
        made = pynwb.TimeSeries(name=name, description=name, data=data, unit=per, timestamps=time if first is None else first)
        first = first or made
        module.add(made)


def _boxed(file: Any, series: Mapping[str, Floats], time: Floats, unit: str, regular: bool = False) -> None:
    """Time series in the interfaces of NWB for positions and velocities."""
    import pynwb

    module = file.create_processing_module("behavior", "Processed Behavioral data")
    position = pynwb.behavior.Position(name="Position")
    module.add(position)
    told: dict[str, Any] = {"starting_time": float(time[0]), "rate": 1 / (time[1] - time[0])} if regular else {"timestamps": time}
    for name, data in series.items():
        if name.endswith(("_vel", "_acc")):
            box = pynwb.behavior.BehavioralTimeSeries(name="Velocity" if name.endswith("_vel") else "Acceleration")
            box.add_timeseries(pynwb.TimeSeries(name=name, description=name, data=data, unit=f"{unit}/s", **told))
            module.add(box)
        else:
            position.add_spatial_series(
                pynwb.behavior.SpatialSeries(name=name, description=name, data=data, unit=unit, reference_frame="screen", **told)
            )


def _units(file: Any, spikes: Sequence[Floats], regions: Sequence[str], seen: Sequence[Floats] | None) -> None:
    import pynwb

    file.units = pynwb.misc.Units(name="units", description="units", resolution=1 / 30000)
    device = file.create_device(name="array")
    for region in regions:
        group = file.create_electrode_group(name=f"group_{region}", description="array", location=region, device=device)
        file.add_electrode(location=region, group=group, group_name=group.name)
    for unit, times in enumerate(spikes):
        told: dict[str, Any] = {} if seen is None else {"obs_intervals": seen[unit]}
        file.add_unit(spike_times=times, electrodes=[unit % len(regions)], **told)


def _write(file: Any, path: Path, truth: Truth) -> Truth:
    import pynwb

    with pynwb.NWBHDF5IO(str(path), "w") as io:
        io.write(file)
    return truth
