"""What a recording is: arrays of one layout for agents, ideal controllers and people, from and to a file."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from reach_gym import checks
from reach_gym.measures import trial_measures
from reach_gym.recording import files, tables
from reach_gym.recording.laboratory import laboratory_arrays, laboratory_metadata
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
    fitted,
)
from reach_gym.recording.metadata import VERSION, RecordingError, check_metadata, version_of
from reach_gym.sessions.table import TrialTable


@dataclass(frozen=True, eq=False, kw_only=True)
class Recording:
    """The trajectories of n trials of a cursor task; T is the number of steps of the longest.

    Step t leads from state t to state t + 1. After a trial's end floats are NaN and integers 0. Positions in metres, velocities
    in m/s, forces in N; x to the right, y upwards.

    What was not recorded is ``None``: a laboratory's file has no reward, and seldom says of a trial that it began too early.
    `known` gives an array or says what is missing; `from_arrays` makes a recording of one's own data.

    Attributes:
        hand: float64 (n, T+1, 2), positions of the hand.
        cursor: float64 (n, T+1, 2), positions of the cursor, which a visuomotor rotation turns away from the hand.
        velocity: float64 (n, T+1, 2), of the hand.
        action: float64 (n, T, actuators), as carried out: within the bounds of the plant, of which 1 is the greatest force,
            torque or excitation; or ``None``.
        force: float64 (n, T, 2), of the field or channel on the hand; or ``None``.
        reward: float64 (n, T), or ``None``.
        gain: float64 (n, T), of the perturbation; or ``None``.
        steps: int64 (n,), how long each trial was, at least 1.
        start: float64 (n, 2).
        target: float64 (n, 2).
        onset: int64 (n,), the state from which the target is shown.
        go: int64 (n,), the state at which the go cue begins.
        block: int64 (n,), index of the block in ``metadata["schedule"]``.
        trial: int64 (n,), number of the trial in its session, from 0.
        channel: bool (n,), whether the trial ran in a force channel; or ``None``.
        false_start: bool (n,), whether the cursor left the start before the go cue; or ``None``.
        too_fast: bool (n,), whether the movement was shorter than the window of movement time, if the task has one; or ``None``.
        too_slow: bool (n,), whether it was longer; or ``None``.
        success: bool (n,), or ``None``.
        terminated: bool (n,), the others ended by the time limit; or ``None``.
        observation: What the subject saw, (n, T+1, ...); a dict of such arrays for ``"goal"``; ``None`` if it was not kept.
        metadata: Plain JSON: ``format``, ``version``, ``env_id`` (``None`` where it was no environment), ``env_kwargs`` (what
            replaces the registered ones), ``agent``, ``seed``, ``dt``, ``plant`` (its kind) and its keywords, such as ``mass``
            and ``max_force``, ``workspace``, ``radius``, ``rotation``, ``field``, ``schedule`` (its blocks), ``created_by``
            (versions), and what the caller added.

    Raises:
        TypeError: An array is not a NumPy array, or the metadata are no dict.
        RecordingError: An array has another type or shape, a number is missing or not finite, or the metadata are incomplete.
    """

    hand: Floats
    cursor: Floats
    velocity: Floats
    action: Floats | None = None
    force: Floats | None = None
    reward: Floats | None = None
    gain: Floats | None = None
    steps: Integers
    start: Floats
    target: Floats
    onset: Integers
    go: Integers
    block: Integers
    trial: Integers
    channel: Flags | None = None
    false_start: Flags | None = None
    too_fast: Flags | None = None
    too_slow: Flags | None = None
    success: Flags | None = None
    terminated: Flags | None = None
    observation: Array | dict[str, Array] | None = None
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
        task = self.metadata.get("env_id") or self.metadata.get("task")
        return f"<Recording of {len(self)} trials of {task} by {self.metadata.get('agent')!r}>"

    def __len__(self) -> int:
        """The number of trials."""
        return len(self.steps)

    @property
    def block_names(self) -> list[str]:
        """The name of each trial's block."""
        names = [str(block["name"]) for block in self.metadata["schedule"]]
        return [names[index] for index in self.block.tolist()]

    @property
    def longest(self) -> int:
        """T, the number of steps of the longest trial."""
        return int(self.hand.shape[1]) - 1

    @property
    def recorded(self) -> tuple[str, ...]:
        """The names of the arrays that were recorded, but for the observations."""
        return tuple(name for name in LAYOUT if getattr(self, name) is not None)

    def known(self, name: str) -> Array:
        """An array of the recording, by its name.

        Raises:
            TypeError: `name` is no string.
            ValueError: A recording has no such array.
            RecordingError: It was not recorded.
        """
        values: Array | None = getattr(self, checks.choice("name", name, tuple(LAYOUT)))
        if values is None:
            raise RecordingError(f"`{name}` was not recorded, but is needed here.")
        return values

    @property
    def in_channel(self) -> Flags:
        """Which trials, bool (n,), are known to have run in a force channel; none where `channel` was not recorded."""
        return np.zeros(len(self), np.bool_) if self.channel is None else self.channel

    @cached_property
    def planned(self) -> TrialTable:
        """The rows of the session that the trials are, as they were planned: what each subject draws is still open.

        Raises:
            RecordingError: `gain` was not recorded, so that nobody knows what was planned.
        """
        return tables.planned(self)

    @cached_property
    def table(self) -> TrialTable:
        """What each of the trials was, as the rows of a session: with what was drawn, and where start and target were.

        Raises:
            RecordingError: As `planned`.
        """
        return tables.happened(self)

    def arrays(self) -> dict[str, Array]:
        """All arrays that were recorded, by name; the parts of a dict of observations are called ``observation/...``."""
        seen = self.observation
        parts = {} if seen is None else seen if isinstance(seen, dict) else {"": seen}
        named = {f"{OBSERVATION}/{key}" if key else OBSERVATION: part for key, part in sorted(parts.items())}
        return {**{name: getattr(self, name) for name in self.recorded}, **named}

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
        chosen = checks.mask("mask", mask, self.steps.shape)
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
    def from_arrays(
        cls,
        hand: Any,
        dt: float,
        start: Any,
        target: Any,
        go: Any,
        unit: str = "m",
        blocks: Sequence[str] | None = None,
        metadata: Mapping[str, Any] | None = None,
        **arrays: Any,
    ) -> Recording:
        """A recording of trials that no environment made. What is not given was not recorded.

        Args:
            hand: Positions (n, T+1, 2), NaN after each trial's end, or a list of n paths (states, 2); evenly sampled, at least
                two states each.
            dt: Seconds from one state to the next.
            start: (n, 2), where each reach begins.
            target: (n, 2), where it is to end.
            go: (n,), the time of the go cue in s from the trial's first state; the nearest state is kept.
            unit: ``"m"``, ``"cm"`` or ``"mm"``, of all positions; velocities are in that unit per second.
            blocks: The name of each trial's block; without it one block. Blocks are runs of the same name.
            metadata: What to add in plain JSON, such as ``agent`` (who moved), ``task``, ``radius`` (of targets, m),
                ``rotation`` (degrees) and ``field`` (as an environment takes it, at a gain of 1).
            **arrays: Others that were recorded, by their names: ``trial``, the number of each trial in its session, increasing;
                ``onset`` (n,), s; ``gain``, (n,) or (n, T); and those of the class, with its shapes and SI units. Without
                ``cursor`` it is the hand itself, without ``velocity`` the central differences of its path, without ``onset`` the
                target is shown all the time; ``metadata["derived"]`` names these.

        Raises:
            TypeError: An argument has the wrong type.
            ValueError: A number is out of range, or a name unknown.
            RecordingError: Arrays do not fit together or are not finite within a trial.
        """
        made, derived = laboratory_arrays(hand, dt, start, target, go, unit, arrays)
        told, made["block"] = laboratory_metadata(dt, made["trial"], blocks, made.get("gain"), metadata, derived)
        return recording_of(made, told)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Recording:
        """Reads what `save` wrote, whatever the file is called; no code runs from it, sizes are checked before memory is taken.

        Raises:
            TypeError: `path` is no path.
            RecordingError: There is no such file, or it holds no recording; no other exception escapes.
            MissingExtraError: The file is HDF5 and h5py not installed.
        """
        return files.load(path, recording_of)


def assemble(parts: list[dict[str, Array]], metadata: dict[str, Any]) -> Recording:
    """Joins the arrays of at least one part along the trials; shorter ones are padded, surplus padding is cut."""
    length = max((int(part["steps"].max(initial=0)) for part in parts), default=0)
    joined = {name: np.concatenate([fitted(name, part[name], length) for part in parts]) for name in parts[0]}
    return recording_of(joined, metadata)


def recording_of(arrays: Mapping[str, Array], metadata: dict[str, Any]) -> Recording:
    """The inverse of `Recording.arrays`; recordings of old versions become ones of the present version.

    Raises:
        RecordingError: See `Recording`; also where an array is missing or unknown.
    """
    version = version_of(metadata)
    check_names(arrays, version)
    arrays = brought_up(arrays) if version == 1 else arrays
    metadata = {**metadata, "version": VERSION} if version < VERSION else metadata
    parts = {name.partition("/")[2]: values for name, values in arrays.items() if name.partition("/")[0] == OBSERVATION}
    named = {name: values for name, values in arrays.items() if name.partition("/")[0] != OBSERVATION}
    seen = parts.get("", parts or None)
    return Recording(**named, observation=seen, metadata=metadata)
