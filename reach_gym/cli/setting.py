"""Under which circumstances a person played, for the metadata of the recording."""

from __future__ import annotations

import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from reach_gym.cli.desk import Desk
from reach_gym.cli.feedback import IN_PACE, OUT_OF_PACE
from reach_gym.cli.mouse import MouseSession
from reach_gym.cli.spring import spring_of
from reach_gym.reach.keywords import Reach
from reach_gym.rendering.canvas import SUPERSAMPLE


def now() -> str:
    """The date and time in UTC, after ISO 8601, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def setting(task: Reach, session: MouseSession, desk: Desk, practised: int, begun: str, pointer: Path) -> dict[str, Any]:
    """What to say about a session, as plain JSON.

    Args:
        task: The task.
        session: What was played.
        desk: Where.
        practised: Trials of practice that were finished.
        begun: The date and time of its beginning.
        pointer: The file with the path of the pointer.
    """
    spring = spring_of(task.plant, task.dt)
    return {
        "date": begun,
        "ended": now(),
        "apparatus": desk.apparatus,
        "spring": {"stiffness_n_per_m": spring.stiffness.tolist(), "damping_n_s_per_m": spring.damping.tolist()},
        "screen": _screen(desk),
        "pointer_file": pointer.name,
        "practice": practised,
        "points": {"total": session.points, "in_pace": IN_PACE, "out_of_pace": OUT_OF_PACE, "pace_s": list(session.pace)},
        "breaks": [each._asdict() for each in session.breaks],
        "repeated": session.repeated,
        "machine": {"python": platform.python_version(), "system": platform.system(), **desk.versions()},
        **desk.measured(),
    }


def _screen(desk: Desk) -> dict[str, Any] | None:
    seen = desk.screen
    if seen is None:
        return None
    metre = desk.layout.metre / SUPERSAMPLE  # pixels of a picture
    return {
        "pixels_per_metre": metre * seen.scale,
        "picture_pixels_per_metre": metre,
        "window": list(seen.window),
        "desktop": list(seen.desktop),
        "full_screen": seen.full,
    }
