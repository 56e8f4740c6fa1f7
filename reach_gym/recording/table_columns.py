"""The trials of a recording as columns of a table of subjects."""

from __future__ import annotations

from typing import Any

import numpy as np

from reach_gym import fields
from reach_gym.fields import CURSOR_PRESETS
from reach_gym.recording.analysis import adaptation, deviations
from reach_gym.recording.layout import Floats
from reach_gym.recording.schema import Recording

_SAME = 1e-9  # how far, in parts of its size, a field may be from a multiple of another one


def columns_of(recording: Recording) -> tuple[dict[str, list[Any]], str]:
    """The columns of a recording, without ``subject``, and the unit of its perturbation.

    Raises:
        RecordingError: It was not recorded which trials had the perturbation.
        ValueError: A trial's field is no multiple of the task's own, so that no number says what was done.
    """
    perturbation, unit = _perturbation(recording)
    way = recording.target - recording.start
    angle = recording.measures("hand")["early_angle_error"]
    table = recording.table
    columns: dict[str, Any] = {
        "trial": recording.trial,
        "block": np.array(recording.block_names, object),
        "target": np.degrees(np.arctan2(way[:, 1], way[:, 0])),
        "perturbation": perturbation,
        "channel": recording.in_channel,
        "rest": np.asarray(table.rest, np.float64),
        "cue": np.asarray(table.cue, np.int64),
        "angle": np.degrees(angle),
        "deviation": deviations(recording),
        "coefficient": adaptation(recording),
    }
    return {name: values.tolist() for name, values in columns.items()}, unit


def _perturbation(recording: Recording) -> tuple[Floats, str]:
    """What was done in each trial, 0 in catch and channel trials, and its unit."""
    felt = np.where(recording.in_channel, 0.0, recording.known("gain")[:, 0])
    field = fields.field_from_data(recording.metadata.get("field"), CURSOR_PRESETS)
    turned, shares = _rotations(recording), _shares(recording, field)
    if field.is_null and (turned != 0).any() and np.isnan(shares).all():
        return felt * turned, "deg"
    return felt * np.where(np.isnan(shares), 1.0, shares), "1"


def _rotations(recording: Recording) -> Floats:
    """The visuomotor rotation of each trial at a gain of 1, degrees."""
    own = np.full(len(recording), float(recording.metadata.get("rotation", 0.0)))
    named = np.asarray(recording.table.rotation, np.float64)
    return np.where(np.isnan(named), own, named)


def _shares(recording: Recording, field: fields.ForceField) -> Floats:
    """How much of the task's `field` the field of each trial is at a gain of 1; NaN where a trial has none of its own."""
    shares = np.full(len(recording), np.nan)
    for trial, data in enumerate(recording.table.field):
        if data is not None:
            shares[trial] = _share(fields.field_from_data(data, CURSOR_PRESETS), field, trial)
    return shares


def _share(one: fields.ForceField, whole: fields.ForceField, trial: int) -> float:
    mine, other = (each.gain * np.array(each.numbers[4:14]) for each in (one, whole))
    size = float(other @ other)
    share = float(mine @ other) / size if size else 0.0
    same_place = one.region == whole.region and one.origin == whole.origin
    if np.abs(mine - share * other).max() > _SAME * np.abs(mine).max(initial=0.0) or not (same_place or not mine.any()):
        raise ValueError(
            f"`recordings` must have fields that are multiples of the task's own, got another one in trial {trial}: no single "
            "number says what was done."
        )
    return share
