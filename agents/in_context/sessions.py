"""The task, the fields, and the sessions of training: in every one a field is drawn anew, and sets in after some trials."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from reach_gym.fields import Matrix
from reach_gym.sessions import TrialTable, block
from reach_gym.sessions.rows import Row

ENV = "reach_gym/CursorReach-v0"
TASK: dict[str, Any] = {
    "dt": 0.025,
    "targets": "center-out",
    "plant": {"kind": "point_mass", "damping": 8.0},
    "delay": 4,
    "sensory_noise": [0.001, 0.01],
    "motor_noise": [0.1, 0.1],
    "target_onset": 0.0,
    "go_delay": [0.0, 0.1],
    "time_limit": 0.6,
}
"""Reaches of 10 cm in about 0.4 s, seen 100 ms late: what is done about a field before half of the way must be known before."""
STRENGTH = 10.0  # N s/m; no field is stronger, over the directions of movement on average
CURL = 8.0  # N s/m, of the curls of the test
CURL_SHARE = 0.8  # of a field's size; those with a larger share of curl are kept for the test
_ONSET, _LENGTH = (0, 4), (10, 41)  # trials before the field, and with it
_NULL, _CHANNEL = 0.1, 0.1  # shares of sessions without a field, and of trials in a channel


def curl_share(viscosity: npt.NDArray[np.float64]) -> float:
    """How much of a matrix (2, 2) is curl, from 0 to 1: the norm of its skew part over its own (Frobenius)."""
    skew = (viscosity - viscosity.T) / 2.0
    return float(np.linalg.norm(skew) / np.linalg.norm(viscosity))


def draw_field(rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """A viscosity (2, 2), N s/m, of mean 0: any direction among the four numbers, and any size up to `STRENGTH`; no pure curl."""
    while True:
        drawn = rng.normal(size=(2, 2))
        # A matrix of this norm pushes with at most `STRENGTH` times the speed, as the root of the mean square over directions.
        field = drawn / np.linalg.norm(drawn) * STRENGTH * math.sqrt(2.0) * math.sqrt(rng.uniform())
        if curl_share(field) <= CURL_SHARE:
            return np.asarray(field, np.float64)


def as_field(viscosity: npt.NDArray[np.float64]) -> dict[str, Any]:
    """A field as sessions have it."""
    (xx, xy), (yx, yy) = viscosity.tolist()
    matrix: Matrix = ((xx, xy), (yx, yy))
    return {"viscosity": matrix}


def training_table(trials: int, seed: int, redrawn: bool = False) -> TrialTable:
    """Sessions one after the other, at least so many trials, which begin anew after the last.

    Args:
        trials: How many there are at least.
        seed: Of all that is drawn.
        redrawn: Whether the trials come in an order that is drawn at random, so that nothing can be known of the field of the
            next one: robust training, the control.
    """
    rng = np.random.default_rng([seed, 1])
    fields: list[Any] = []
    while len(fields) < trials:
        without, within = int(rng.integers(*_ONSET)), int(rng.integers(*_LENGTH))
        field = as_field(draw_field(rng)) if rng.uniform() >= _NULL else None
        fields += [None] * without + [field] * within
    if redrawn:
        fields = [fields[k] for k in rng.permutation(len(fields))]
    walls = rng.uniform(size=len(fields)) < _CHANNEL
    return TrialTable.of_columns(
        {
            "block": ["training"] * len(fields),
            "field": [None if wall else field for field, wall in zip(fields, walls, strict=True)],
            "channel": walls.astype(float).tolist(),
        }
    )


def session(trials: Mapping[str, int], gains: Mapping[str, float], channels: Mapping[str, Any]) -> list[Row]:
    """Blocks one after the other: how many trials each has, the gain of the field, and which of its trials run in channels."""
    blocks = (block(name, count, gain=gains[name], channel=channels[name]) for name, count in trials.items())
    return [row for part in blocks for row in part]


ADAPTATION = session(
    {"baseline": 20, "adaptation": 100, "washout": 30, "relearning": 30},
    {"baseline": 0.0, "adaptation": 1.0, "washout": 0.0, "relearning": 1.0},
    {"baseline": 0.2, "adaptation": 0.1, "washout": 0.0, "relearning": 0.0},
)
"""A tenth of the field's trials are error clamps, none among the first five; then the field is off, and comes back."""
CLAMPED = session(
    {"baseline": 20, "adaptation": 60, "clamps": 50},
    {"baseline": 0.0, "adaptation": 1.0, "clamps": 0.0},
    {"baseline": 0.2, "adaptation": 0.1, "clamps": True},
)
"""The field, and then error clamps only."""


def held_out_fields(seed: int, drawn: int = 16, curls: int = 16) -> npt.NDArray[np.float64]:
    """Fields (n, 2, 2) that no training has met: new draws, then curls, half of each sign, unlike any field of the training."""
    rng = np.random.default_rng([seed, 2])
    new = [draw_field(rng) for _ in range(drawn)]
    turn = CURL * np.array([[0.0, -1.0], [1.0, 0.0]])
    return np.array([*new, *(turn if k % 2 == 0 else -turn for k in range(curls))])


def probe_table(rows: Sequence[Row], fields: npt.NDArray[np.float64], shuffled: int | None = None) -> TrialTable:
    """The same session for each of the `fields`, one after the other.

    Args:
        rows: The session; where it has a gain, there is the field.
        fields: float64 (n, 2, 2), viscosities.
        shuffled: Seed with which each trial of the field gets one of the fields at random instead; ``None`` for one in a session.
    """
    rng = np.random.default_rng(shuffled)
    made = []
    for viscosity in fields:
        for row in rows:
            chosen = viscosity if shuffled is None else fields[rng.integers(len(fields))]
            made.append(row if row.channel else replace(row, field=as_field(chosen)))
    return TrialTable(made)
