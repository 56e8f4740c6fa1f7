"""The trials of a recording as the rows of a session: what was planned, and what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from reach_gym.sessions.table import TrialTable, table_from_data, table_of

if TYPE_CHECKING:
    from reach_gym.recording.schema import Recording


def planned(recording: Recording) -> TrialTable:
    """See `reach_gym.recording.Recording.planned`."""
    recording.known("gain")
    given = recording.metadata["env_kwargs"].get("schedule")
    session = table_of(table_from_data(given if isinstance(given, dict) else recording.metadata["schedule"]))
    return session.take(session.place_of(recording.trial))


def happened(recording: Recording) -> TrialTable:
    """See `reach_gym.recording.Recording.table`."""
    plan, gain, walls = recording.planned, recording.known("gain"), recording.in_channel
    columns = plan.columns()
    waves = [1.0 if wave is None else 1.0 + wave.at(0.0) for wave in columns["within"]]
    with np.errstate(divide="ignore", invalid="ignore"):
        first = gain[:, 0] / np.array(waves)  # the gain of a step has the wave's factor
    felt = (np.nan_to_num(gain) != 0).any(axis=1)
    caught = (np.array(columns["catch"]) > 0) & (plan.gain != 0) & ~felt & ~walls
    plain = ~walls & ~caught & (np.array(columns["spread"]) > 0) & np.isfinite(first)
    columns["gain"] = np.where(plain, first, columns["gain"]).tolist()
    columns["field"] = [None if wall else field for wall, field in zip(walls, columns["field"], strict=True)]
    columns["within"] = [None if wall else wave for wall, wave in zip(walls, columns["within"], strict=True)]
    columns |= {
        "spread": [0.0] * len(recording),
        "channel": walls.astype(float).tolist(),
        "catch": caught.astype(float).tolist(),
    }
    columns |= {name: list(map(tuple, getattr(recording, name).tolist())) for name in ("start", "target")}
    return plan.with_columns(columns)
