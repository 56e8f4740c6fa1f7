"""Agents taken through a session in an environment, and what their recordings show of adaptation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from reach_gym import fields
from reach_gym.phenomena.behaviour import Behaviour, Floats
from reach_gym.phenomena.simulated import corrected
from reach_gym.recording import Recording, channel_compensation, initial_angles
from reach_gym.recording.analysis import own_field
from reach_gym.recording.groups import record_group
from reach_gym.sessions import TrialTable


def observe(
    agent: Any,
    env_id: str,
    table: TrialTable,
    subjects: int,
    seed: int = 0,
    env_kwargs: Mapping[str, Any] | None = None,
    trust: bool = False,
) -> Behaviour:
    """Takes an agent through a session, as several subjects.

    Args:
        agent: As `reach_gym.recording.record_group` takes it.
        env_id: A registered task.
        table: The session.
        subjects: How many.
        seed: Of the first subject.
        env_kwargs: Keywords that replace the registered ones.
        trust: See `reach_gym.acting.load_agent`.
    """
    given = {**(env_kwargs or {}), "schedule": table}
    group = record_group(agent, env_id, subjects, seed, given, trust=trust)
    return of_recordings(tuple(group), table)


def of_recordings(recordings: tuple[Recording, ...], table: TrialTable) -> Behaviour:
    """The behaviour of subjects, agents or people, whose sessions were recorded whole.

    In a field the output is the slope of the push against the channel's walls on the field's force, up to peak speed; under a
    rotation it is the angle of the hand 100 to 150 ms after onset, against the rotation. The error is the cursor's deviation at
    peak speed in m.
    """
    turn = float(recordings[0].metadata["rotation"])
    output = np.stack([_turned(each, turn) if turn else channel_compensation(each).slope for each in recordings])
    return Behaviour(table, corrected(output, table), np.stack([_off(each, turn) for each in recordings]), recordings)


def _turned(recording: Recording, turn: float) -> Floats:
    """The share (n,) of the task's rotation that the hand aims against."""
    return np.asarray(-np.degrees(initial_angles(recording, of="hand")) / turn)


def _off(recording: Recording, turn: float) -> Floats:
    """The cursor's deviation at peak speed (n,), positive to the side to which the perturbation at a gain of 1 leads."""
    off = np.where(recording.in_channel, np.nan, recording.measures("cursor")["deviation_at_peak_speed"])
    return np.asarray(off * (np.sign(turn) if turn else _side(recording)))


def _side(recording: Recording) -> float:
    """The side, 1 left or -1 right, to which the task's own field pushes a hand that moves away from its start."""
    to_the_right = fields.force(own_field(recording), 0.0, 0.0, 0.0, 1.0)[0]  # on a hand that moves straight away from the body
    return -1.0 if to_the_right > 0 else 1.0
