"""What a recording is: arrays of one layout for agents, ideal controllers and people, from and to a file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from reach_gym import checks
from reach_gym.measures import trial_measures
from reach_gym.recording import files
from reach_gym.recording.layout import (
    LAYOUT,
    OBSERVATION,
    Array,
    Flags,
    Floats,
    Integers,
    brought_up,
    check_layout,
    check_names,
    check_numbers,
)
from reach_gym.recording.metadata import VERSION, check_metadata, version_of
from reach_gym.sessions.table import TrialTable, table_from_data, table_of


@dataclass(frozen=True, eq=False)
class Recording:
    """The trajectories of n trials of a cursor task; T is the number of steps of the longest.

    Step t leads from state t to state t + 1. After a trial's end floats are NaN and integers 0. Positions in metres, velocities
    in m/s, forces in N; x to the right, y upwards.

    Attributes:
        hand: float64 (n, T+1, 2), positions of the hand.
        cursor: float64 (n, T+1, 2), positions of the cursor, which a visuomotor rotation turns away from the hand.
        velocity: float64 (n, T+1, 2), of the hand.
        action: float64 (n, T, actuators), as carried out: within the bounds of the plant, of which 1 is the greatest force,
            torque or excitation.
        force: float64 (n, T, 2), of the field or channel on the hand.
        reward: float64 (n, T).
        gain: float64 (n, T), of the perturbation.
        steps: int64 (n,), how long each trial was, at least 1.
        start: float64 (n, 2).
        target: float64 (n, 2).
        onset: int64 (n,), the state from which the target is shown.
        go: int64 (n,), the state at which the go cue begins.
        block: int64 (n,), index of the block in ``metadata["schedule"]``.
        trial: int64 (n,), number of the trial in its session, from 0.
        channel: bool (n,), whether the trial ran in a force channel.
        false_start: bool (n,), whether the cursor left the start before the go cue.
        too_fast: bool (n,), whether the movement was shorter than the window of movement time, if the task has one.
        too_slow: bool (n,), whether it was longer.
        success: bool (n,).
        terminated: bool (n,); the others ended by the time limit.
        observation: What the subject saw, (n, T+1, ...); a dict of such arrays for ``"goal"``; ``None`` if it was not kept.
        metadata: Plain JSON: ``format``, ``version``, ``env_id``, ``env_kwargs`` (those that replace the registered ones),
            ``agent``, ``seed``, ``dt``, ``plant`` (its kind) and its keywords, such as ``mass`` and ``max_force``, ``workspace``,
            ``radius``, ``rotation``, ``field``, ``schedule`` (its blocks), ``created_by`` (versions), and what the caller added.

    Raises:
        TypeError: An array is not a NumPy array, or the metadata are no dict.
        RecordingError: An array has another type or shape, a number is missing or not finite, or the metadata are incomplete.
    """

    hand: Floats
    cursor: Floats
    velocity: Floats
    action: Floats
    force: Floats
    reward: Floats
    gain: Floats
    steps: Integers
    start: Floats
    target: Floats
    onset: Integers
    go: Integers
    block: Integers
    trial: Integers
    channel: Flags
    false_start: Flags
    too_fast: Flags
    too_slow: Flags
    success: Flags
    terminated: Flags
    observation: Array | dict[str, Array] | None
    metadata: dict[str, Any]

    def __post_init__(self) -> None:
        """Checks everything."""
        check_metadata(self.metadata)
        arrays = self.arrays()
        for name, values in arrays.items():
            if not isinstance(values, np.ndarray):
                raise TypeError(f"`{name}` must be an array, got {checks.shown(values)}.")
        check_layout({name: (values.dtype, values.shape) for name, values in arrays.items()})
        check_numbers(arrays, len(self.metadata["schedule"]))

    def __repr__(self) -> str:
        """One line; the arrays would fill the screen."""
        return f"<Recording of {len(self)} trials of {self.metadata.get('env_id')} by {self.metadata.get('agent')!r}>"

    def __len__(self) -> int:
        """The number of trials."""
        return len(self.steps)

    @property
    def block_names(self) -> list[str]:
        """The name of each trial's block."""
        names = [str(block["name"]) for block in self.metadata["schedule"]]
        return [names[index] for index in self.block.tolist()]

    @cached_property
    def planned(self) -> TrialTable:
        """The rows of the session that the trials are, as they were planned: what each subject draws is still open."""
        given = self.metadata["env_kwargs"].get("schedule")
        session = table_of(table_from_data(given if isinstance(given, dict) else self.metadata["schedule"]))
        return session.take(session.place_of(self.trial))

    @cached_property
    def table(self) -> TrialTable:
        """What each of the trials was, as the rows of a session: with what was drawn, and where start and target were."""
        columns = self.planned.columns()
        waves = [1.0 if wave is None else 1.0 + wave.at(0.0) for wave in columns["within"]]
        with np.errstate(divide="ignore", invalid="ignore"):
            first = self.gain[:, 0] / np.array(waves)  # the gain of a step has the wave's factor
        felt = (np.nan_to_num(self.gain) != 0).any(axis=1)
        caught = (np.array(columns["catch"]) > 0) & (self.planned.gain != 0) & ~felt & ~self.channel
        plain = ~self.channel & ~caught & (np.array(columns["spread"]) > 0) & np.isfinite(first)
        columns["gain"] = np.where(plain, first, columns["gain"]).tolist()
        columns["field"] = [None if wall else field for wall, field in zip(self.channel, columns["field"], strict=True)]
        columns["within"] = [None if wall else wave for wall, wave in zip(self.channel, columns["within"], strict=True)]
        columns |= {
            "spread": [0.0] * len(self),
            "channel": self.channel.astype(float).tolist(),
            "catch": caught.astype(float).tolist(),
        }
        columns |= {name: list(map(tuple, getattr(self, name).tolist())) for name in ("start", "target")}
        return self.planned.with_columns(columns)

    def arrays(self) -> dict[str, Array]:
        """All arrays by name; the parts of a dict of observations are called ``observation/...``."""
        seen = self.observation
        parts = {} if seen is None else seen if isinstance(seen, dict) else {"": seen}
        named = {f"{OBSERVATION}/{key}" if key else OBSERVATION: part for key, part in sorted(parts.items())}
        return {**{name: getattr(self, name) for name in LAYOUT}, **named}

    def measures(self, of: str = "hand") -> dict[str, Floats]:
        """`reach_gym.measures.trial_measures` of every trial: arrays (n,), NaN where nothing moved.

        Args:
            of: ``"hand"``, or ``"cursor"`` for its path, which differs under a visuomotor rotation; the speed is the same.
        """
        path = getattr(self, checks.choice("of", of, ("hand", "cursor")))
        return trial_measures(path, self.velocity, self.start, self.target, self.go, self.metadata["dt"])

    def subset(self, mask: Any) -> Recording:
        """The trials that `mask`, bool (n,), chooses, with the padding that they need.

        Raises:
            TypeError: `mask` is no array of booleans.
            ValueError: It is of another shape.
        """
        chosen = np.asarray(mask)
        if chosen.dtype != np.bool_:
            raise TypeError(f"`mask` must be an array of booleans, got {checks.shown(mask)}.")
        if chosen.shape != self.steps.shape:
            raise ValueError(f"`mask` must be of shape {self.steps.shape}, got {chosen.shape}.")
        return assemble([{name: values[chosen] for name, values in self.arrays().items()}], self.metadata)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the recording; a reader, or a crash, sees the old file or the new one. The same recording gives the same bytes.

        Args:
            path: Ends in ``.npz``, or in ``.h5`` or ``.hdf5`` (gzip, with a checksum of every chunk).

        Raises:
            TypeError: `path` is no path.
            ValueError: It has another ending.
            RecordingError: The recording is too large.
            MissingExtraError: HDF5 is asked for and h5py not installed.
            OSError: The file cannot be written.
        """
        files.save(path, self.arrays(), self.metadata)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Recording:
        """Reads what `save` wrote, whatever the file is called; no code runs from it, sizes are checked before memory is taken.

        Raises:
            TypeError: `path` is no path.
            RecordingError: There is no such file, or it holds no recording; no other exception escapes.
            MissingExtraError: The file is HDF5 and h5py not installed.
        """
        return files.load(path, from_arrays)


def assemble(parts: list[dict[str, Array]], metadata: dict[str, Any]) -> Recording:
    """Joins the arrays of at least one part along the trials; shorter ones are padded, surplus padding is cut."""
    length = max((int(part["steps"].max(initial=0)) for part in parts), default=0)
    joined = {name: np.concatenate([_fit(name, part[name], length) for part in parts]) for name in parts[0]}
    return from_arrays(joined, metadata)


def _fit(name: str, values: Array, length: int) -> Array:
    """Cuts or pads the axis of time to `length` steps."""
    axis = LAYOUT[name][1][1:2] if name in LAYOUT else ("T+1",)
    if axis not in (("T",), ("T+1",)):
        return values
    wanted = length + (axis == ("T+1",))
    values = values[:, :wanted]
    missing = [(0, wanted - values.shape[1]) if i == 1 else (0, 0) for i in range(values.ndim)]
    return np.pad(values, missing, constant_values=np.nan if values.dtype.kind == "f" else 0)


def from_arrays(arrays: Mapping[str, Array], metadata: dict[str, Any]) -> Recording:
    """The inverse of `Recording.arrays`; recordings of version 1 become ones of the present version.

    Raises:
        RecordingError: See `Recording`; also where an array is missing or unknown.
    """
    check_names(arrays, version_of(metadata))
    if version_of(metadata) == 1:
        arrays, metadata = brought_up(arrays), {**metadata, "version": VERSION}
    parts = {name.partition("/")[2]: values for name, values in arrays.items() if name.partition("/")[0] == OBSERVATION}
    named = {name: values for name, values in arrays.items() if name.partition("/")[0] != OBSERVATION}
    seen = parts.get("", parts or None)
    return Recording(**named, observation=seen, metadata=metadata)
