"""Sessions for networks to learn in, as schedules: one trial of a schedule is one update with a batch of such trials."""

from __future__ import annotations

import json
from typing import Any

from reach_gym import checks
from reach_gym.sessions.schedule import Block, Schedule, schedule_from_data

STEPS = 100  # of a trial, 1 s
# The paper's trials: its timings, and an end where the networks' training ends.
PAPER_TRIALS: dict[str, Any] = {"preset": "sun_plitt", "max_episode_steps": STEPS}
# One that never counts as done lasts until its time limit, so that all trials are equally long.
WHOLE: dict[str, Any] = {**PAPER_TRIALS, "hold": 1.0}
CENTER_OUT: dict[str, Any] = {**WHOLE, "targets": "center-out", "false_start": "ignore"}
_BEFORE, _IN, _AFTER = 800, 800, 200  # updates

SESSIONS: dict[str, Schedule] = {
    # The paper's three phases.
    "adaptation": Schedule((Block("before", _BEFORE, gain=0.0), Block("in the field", _IN), Block("after", _AFTER, gain=0.0))),
    # As long, without any field: is one who has met the field better afterwards than one who has simply learned for longer?
    "control": Schedule(
        (Block("before", _BEFORE, gain=0.0), Block("in no field", _IN, gain=0.0), Block("after", _AFTER, gain=0.0))
    ),
    # The field comes twice: is the second adaptation faster?
    "savings": Schedule(
        (
            Block("before", _BEFORE, gain=0.0),
            Block("in the field", _IN),
            Block("after", _AFTER, gain=0.0),
            Block("in the field again", _IN),
        )
    ),
}


def session_of(text: str, share: float = 1.0) -> list[dict[str, Any]]:
    """Reads a session from a command line.

    Args:
        text: A name of `SESSIONS`, or the blocks of a schedule as JSON.
        share: Every block is shortened, or lengthened, to this share of its updates, at least one.

    Returns:
        The blocks as plain data.

    Raises:
        TypeError: The blocks have a wrong type.
        ValueError: An unknown name, no JSON, or a value out of range.
    """
    if checks.number("share", share, 0, 1000) == 0:
        raise ValueError("`share` must be above 0, got 0.")
    if text.lstrip().startswith("["):
        try:
            schedule = schedule_from_data(json.loads(text))
        except (json.JSONDecodeError, RecursionError) as error:
            raise ValueError(f"`session` must be a name or a JSON list of blocks, got {checks.shown(text)} ({error}).") from error
    else:
        schedule = SESSIONS[checks.choice("session", text, SESSIONS)]
    return [{**block, "trials": max(1, round(share * block["trials"]))} for block in schedule.to_data()]
