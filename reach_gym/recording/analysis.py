"""What a recorded session says about learning: which trials were which, and the measures of `reach_gym.measures` for all of them.

Every function returns one entry per recorded trial, in order, NaN where the trial has none: trials that are missing from the
recording, blocks of channels only and blocks of any length do no harm. Where it was not recorded which trials ran in a channel,
none did; what else a measure needs and was not recorded is a `RecordingError` that names it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from reach_gym import checks, fields
from reach_gym.fields import CURSOR_PRESETS, ForceField
from reach_gym.measures import (
    Compensation,
    Movement,
    Triplets,
    adaptation_coefficient,
    after_effect,
    angle_in_window,
    arrays,
    compensation,
    directions,
    error_sensitivity,
    find_movement,
    initial_angle_error,
    pooled_compensation,
)
from reach_gym.recording.metadata import RecordingError
from reach_gym.recording.schema import Recording
from reach_gym.sessions.schedule import schedule_from_data

_EARLY = 5  # trials at the beginning of a washout in which the after-effect is looked for

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


def perturbed(recording: Recording) -> Flags:
    """Which trials, bool (n,), had the field or the rotation on."""
    return np.asarray((np.nan_to_num(recording.known("gain")) != 0).any(axis=1))


def catch_trials(recording: Recording) -> Flags:
    """Which trials, bool (n,), were catch trials: the perturbation was off without notice.

    It was off although the schedule says that it should be on (a gain other than 0 at this place of the block), in a block in
    which it was on at least once, or in one with a share of catch trials. A schedule made by hand need not name that share.
    """
    off = ~perturbed(recording) & ~recording.in_channel
    shares = np.array([block.get("catch", 0.0) for block in recording.metadata["schedule"]])
    on = np.isin(recording.block, recording.block[perturbed(recording)])
    return np.asarray(off & ((shares[recording.block] > 0) | (on & (_planned_gain(recording) != 0))))


def _planned_gain(recording: Recording) -> Floats:
    """The gain (n,) that the schedule plans at each trial's place, whether or not it became a catch or channel trial."""
    if isinstance(recording.metadata["env_kwargs"].get("schedule"), dict):
        return recording.planned.gain
    planned, first = np.ones(len(recording)), 0
    for index, data in enumerate(recording.metadata["schedule"]):
        here = recording.block == index
        count = max(1, int(data.get("trials", 1)))
        if here.any():
            gains = np.array(schedule_from_data([{**data, "trials": count}]).blocks[0].gains())
            planned[here] = gains[np.maximum(recording.trial[here] - first, 0) % count]
        first += count
    return planned


def baseline_trials(recording: Recording) -> Flags:
    """Which trials, bool (n,), are the baseline: all before the first block in which the perturbation was on, channels too."""
    felt = recording.block[perturbed(recording)]
    return np.asarray(recording.block < felt.min(initial=len(recording.metadata["schedule"])))


def deviations(recording: Recording) -> Floats:
    """float64 (n,), the cursor's signed maximum perpendicular deviation in m; NaN in channel trials, where walls decide it."""
    return np.where(recording.in_channel, np.nan, recording.measures("cursor")["max_deviation"])


def mean_after_effect(recording: Recording) -> float:
    """The mean deviation in trials where the perturbation was expected but off, minus that in the baseline, in m.

    Such trials are the catch trials. In a session without any they are the first five trials, channels apart, after each block
    with a perturbation: of the washout, also where a block of channel trials lies between, in which some of it is forgotten.
    The baseline is all trials before the first perturbed block. NaN where one of them is missing.
    """
    felt = perturbed(recording)
    if not felt.any():
        return float("nan")
    probe = catch_trials(recording)
    if not probe.any():
        probe = _first_of_washouts(recording)
    return after_effect(deviations(recording), baseline_trials(recording) & ~recording.in_channel, probe)


def _first_of_washouts(recording: Recording) -> Flags:
    """The first trials of each block without a perturbation after one with it; blocks of channels only may lie between."""
    probe, learned = np.zeros(len(recording), np.bool_), False
    felt = {int(block) for block in recording.block[perturbed(recording)]}
    for block in np.unique(recording.block).tolist():
        free = np.flatnonzero((recording.block == block) & ~recording.in_channel)
        if block in felt:
            learned = True
        elif learned and len(free):
            probe[free[:_EARLY]] = True
            learned = False
    return probe


def adaptation(recording: Recording) -> Floats:
    """How much of the environment's own field, at a gain of 1, the hand compensates in each channel trial.

    Returns:
        float64 (n,), `reach_gym.measures.adaptation_coefficient`: 0 nothing, 1 all of it; NaN outside of channel trials.
    """
    result = np.full(len(recording), np.nan)
    mask = recording.in_channel
    if mask.any():
        pushed = recording.known("force")[mask], _own_field(recording, mask)
        result[mask] = adaptation_coefficient(*pushed, recording.start[mask], recording.target[mask])
    return result


def channel_compensation(recording: Recording, field: ForceField | None = None) -> Compensation:
    """Slope, intercept and r^2 of the hand's push on the channel's walls up to peak speed, against a field's.

    The walls' force in the recording is what the hand really exerts, also where it lags behind its commands. Not corrected for
    the baseline: `reach_gym.measures.baseline_corrected` does that, by `reach_directions` and `baseline_trials`.

    Args:
        recording: The trials.
        field: The field; ``None`` for the environment's own at a gain of 1.

    Returns:
        `reach_gym.measures.compensation` (n,) each; NaN outside of channel trials.
    """
    mask, walls = recording.in_channel, Compensation(*(np.full(len(recording), np.nan) for _ in Compensation._fields))
    if mask.any():
        found = compensation(*_pushes(recording, mask, field))
        for whole, part in zip(walls, found, strict=True):
            whole[mask] = part
    return walls


def all_compensation(recording: Recording, field: ForceField | None = None) -> Compensation:
    """`channel_compensation` over all channel trials together (`reach_gym.measures.pooled_compensation`), one number each.

    Raises:
        ValueError: There is no channel trial.
    """
    if not recording.in_channel.any():
        raise ValueError("`recording` must have channel trials, got none.")
    return pooled_compensation(*_pushes(recording, recording.in_channel, field))


def _pushes(recording: Recording, mask: Flags, field: ForceField | None) -> tuple[Any, ...]:
    """The arguments of `compensation` for the trials of `mask`."""
    moved = find_movement(recording.velocity[mask], recording.go[mask])
    forces = recording.known("force")[mask], _own_field(recording, mask, field)
    return *forces, recording.start[mask], recording.target[mask], moved


def _own_field(recording: Recording, mask: Flags, field: ForceField | None = None) -> Floats:
    """The force (k, T, 2) in N of a `field`, or else of the environment's own at a gain of 1, in the trials of `mask`."""
    field = own_field(recording) if field is None else field
    states = recording.hand[mask, :-1], recording.velocity[mask, :-1]
    return np.stack(fields.force(field, *(part[..., i] for part in states for i in (0, 1))), axis=-1)


def own_field(recording: Recording) -> ForceField:
    """The task's own field, at a gain of 1.

    Raises:
        RecordingError: The metadata do not say which.
    """
    if "field" not in recording.metadata:
        raise RecordingError("`metadata['field']` was not recorded, but is needed here: name the field.")
    return fields.field_from_data(recording.metadata["field"], CURSOR_PRESETS)


def reach_directions(recording: Recording) -> Floats:
    """float64 (n,), `reach_gym.measures.directions` of the targets, in degrees."""
    return directions(recording.start, recording.target)


def initial_angles(recording: Recording, at: str = "window", of: str = "cursor") -> Floats:
    """The angle in rad, to the left of the target's direction, at which each reach sets out.

    Args:
        recording: The trials.
        at: ``"window"``, 100 to 150 ms after onset (`reach_gym.measures.angle_in_window`), or ``"peak_speed"``
            (`reach_gym.measures.initial_angle_error`).
        of: ``"cursor"``, or ``"hand"``, whose path a rotation does not turn.

    Returns:
        float64 (n,); NaN in channel trials, where walls decide it, and where nothing moved.
    """
    checks.choice("at", at, ("window", "peak_speed"))
    path = getattr(recording, checks.choice("of", of, ("hand", "cursor")))
    moved = find_movement(recording.velocity, recording.go)
    if at == "window":
        angle = angle_in_window(path, recording.start, recording.target, moved, recording.metadata["dt"])
    else:
        angle = initial_angle_error(path, recording.start, recording.target, moved)
    return np.where(recording.in_channel, np.nan, angle)


def sideways(recording: Recording, of: str) -> Floats:
    """A course across the way, positive to the left of the direction from start to target, NaN after each trial's end.

    Args:
        recording: The trials.
        of: ``"hand"`` or ``"cursor"``, m, ``"velocity"``, m/s, each (n, T+1); or ``"force"``, N, (n, T): of field or walls on the
            hand, minus which the hand exerts against the walls. What `reach_gym.measures.correction` takes.
    """
    course = recording.known(checks.choice("of", of, ("hand", "cursor", "velocity", "force")))
    origin, _, ahead = arrays.line(recording.start, recording.target, (len(recording),))
    return arrays.cross(ahead[:, None], course - origin[:, None] if of in ("hand", "cursor") else course)


def triplets(recording: Recording, retention: float = 1.0) -> Triplets:
    """What single errors in the field change: `reach_gym.measures.error_sensitivity` of channel, field, channel.

    The output is the share of the own field's force that `channel_compensation` finds; the error is the cursor's largest
    deviation in m, positive to the side to which the own field pushes, so that a positive sensitivity, in 1/m, is learning.

    Args:
        recording: A session, whose trials follow each other.
        retention: Share of the output that one trial leaves.
    """
    moved = find_movement(recording.velocity, recording.go)
    error = deviations(recording) * _side_of_field(recording, moved)
    follows = np.diff(recording.trial, prepend=recording.trial[:1] - 1) == 1
    found = error_sensitivity(channel_compensation(recording).slope, error, recording.in_channel, retention)
    whole = follows[found.trial] & follows[found.trial + 1]
    return Triplets(*(part[whole] for part in found))


def _side_of_field(recording: Recording, movement: Movement) -> Any:
    """The side (n,), 1 left, -1 right, to which the own field pushes a hand that moves as this one did until its peak."""
    every = np.ones(len(recording), np.bool_)
    _, _, ahead = arrays.line(recording.start, recording.target, (len(recording),))
    across = np.nan_to_num(arrays.cross(ahead[:, None], _own_field(recording, every)))
    step = np.arange(across.shape[1])
    return np.sign(np.where(step <= movement.peak[:, None], across, 0.0).sum(axis=1))
