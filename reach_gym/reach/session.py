"""The session of a continuous reach: what its trials have, each thing once, and whether they fit the task."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from reach_gym.fields import ForceField, Pair
from reach_gym.reach.rules import has_left
from reach_gym.reach.targets import point
from reach_gym.sessions.rows import EVENTS, Event
from reach_gym.sessions.table import TrialTable

if TYPE_CHECKING:
    from reach_gym.reach.keywords import Reach


_EDGE = 21  # places along each side of the workspace that are tried


class Distinct(NamedTuple):
    """What the trials of a session have, each thing once.

    Attributes:
        different: The things.
        lines: Which of them each trial has, int64 (trials,).
    """

    different: tuple[Any, ...]
    lines: npt.NDArray[np.int64]


def distinct(values: Sequence[Any]) -> Distinct:
    """The different ones of `values`, of which the first is no trial's own but what comes first."""
    places: dict[Any, int] = {}
    lines = [places.setdefault(value, len(places)) for value in values]
    return Distinct(tuple(places), np.array(lines[1:], np.int64))


def expected_fields(table: TrialTable) -> list[Any]:
    """The field of each trial; in a channel, which has none, that of the trial before it in its block, or else after it."""
    walls, index = table.channel == 1, table.block_index
    found: list[Any] = table.field.tolist()
    for places in (range(len(table)), reversed(range(len(table)))):
        last: dict[int, Any] = {}
        for k in places:
            block = int(index[k])
            if not walls[k]:
                last[block] = found[k]
            elif found[k] is None:
                found[k] = last.get(block)
    return found


def check_reach(task: Reach) -> None:
    """Refuses a start, targets, or a workspace that they are drawn from, where the plant's hand cannot be.

    Raises:
        ValueError: It cannot; the message says where, and why.
    """
    if task.start is not None:
        require_within_reach("start", task.start, task)
    for target in task.points:
        require_within_reach("targets", target, task)
    if task.start is None or not task.points:
        # Whatever stops a limb on the inside of the square stops it somewhere on its edge, too.
        along = np.linspace(-task.workspace, task.workspace, _EDGE).tolist()
        for a in along:
            for place in ((a, -task.workspace), (a, task.workspace), (-task.workspace, a), (task.workspace, a)):
                require_within_reach("workspace", place, task)


def check_forces(task: Reach) -> None:
    """Refuses fields and force pulses of the session that the plant cannot follow.

    Raises:
        ValueError: One is too strong.
    """
    table = task.table
    greatest = float((np.abs(table.gain) + table.spread).max())
    for field in task.session_fields.different:
        require_bearable("field", field, greatest, task)
    most, _, _ = task.plant.bearable(task.dt)
    for pulse in table.pulse.tolist():
        if pulse is not None and math.hypot(pulse.x, pulse.y) > most:
            raise ValueError(f"`pulse` must be of at most {most:g} N with {task.plant.title}, got {(pulse.x, pulse.y)}.")


def require_bearable(name: str, field: ForceField, gain: float, task: Reach) -> None:
    """Refuses a `field` that the plant cannot follow at a `gain`.

    Raises:
        ValueError: It is too strong.
    """
    limits = task.plant.bearable(task.dt)
    if math.inf in limits:
        return
    waves = [1 + abs(wave.amplitude) for wave in task.session_waves.different if wave is not None]
    factor = abs(field.gain * gain) * max(waves, default=1.0)
    stiffness = np.array(field.stiffness)
    push = np.linalg.norm(field.push) + np.linalg.norm(stiffness @ np.array(field.origin))
    sizes = push, np.linalg.norm(field.viscosity, 2), np.linalg.norm(stiffness, 2)
    for part, unit, size, most in zip(("push", "viscosity", "stiffness"), ("N", "N s/m", "N/m"), sizes, limits, strict=True):
        if factor * size > most:
            raise ValueError(
                f"`{name}` must have a {part} of at most {most:g} {unit} with {task.plant.title} in time steps of {task.dt:g} s, "
                f"got {factor * size:g} at its greatest gain."
            )


def require_within_reach(name: str, place: Pair, task: Reach) -> None:
    """Refuses a place (x, y) where the plant's hand cannot be.

    Raises:
        ValueError: It cannot.
    """
    why = task.plant.hindrance(*place)
    if why is not None:
        raise ValueError(f"`{name}` must be within reach of {task.plant.title}, got ({place[0]:g}, {place[1]:g}) m: {why}.")


def check_table(task: Reach) -> None:
    """Refuses rows of the table of trials that do not fit the task.

    Raises:
        ValueError: One does not; the message names it.
    """
    table = task.table
    for k in np.flatnonzero(np.isfinite(table.start[:, 0]) | np.isfinite(table.target[:, 0])).tolist():
        row = table[k]
        try:
            given = [None if place is None else point(name, place, task.workspace) for name, place in
                     (("start", row.start), ("target", row.target))]  # fmt: skip
            for name, place in zip(("start", "target"), given, strict=True):
                if place is not None:
                    require_within_reach(name, place, task)
            start = task.start if given[0] is None else given[0]
            if given[1] is not None:
                require_apart(start, given[1], task)
            else:
                require_one_apart(start, task)
        except ValueError as error:
            raise ValueError(f"row {k + 1} of the session: {error}") from None
    for name in EVENTS:
        for k in np.flatnonzero([event is not None for event in getattr(table, name)]).tolist():
            _check_event(task, k, name, getattr(table, name)[k])


def _check_event(task: Reach, k: int, name: str, event: Event) -> None:
    where = f"row {k + 1} of the session, column {name!r}: `event"
    for part, value in (("at", event.at if event.after == "time" else 0.0), ("duration", event.duration)):
        if value is not None and abs(round(value / task.dt) * task.dt - value) > 1e-9:
            raise ValueError(f"{where}.{part}` must be whole time steps of {task.dt:g} s, got {value:g}.")
    if name != "pulse" and max(abs(event.x), abs(event.y)) > task.workspace:
        raise ValueError(f"{where}` must jump by at most {task.workspace:g} m, got {(event.x, event.y)}.")


def require_one_apart(start: Pair | None, task: Reach) -> None:
    """Refuses a start from which no target is far enough away."""
    if task.points:
        if start is not None and not any(has_left(*target, *start, task.apart**2) for target in task.points):
            raise ValueError(f"`start` must lie outside of at least one target, got {start}.")
        return
    # The corner that is the farthest from the start, or from the opposite corner.
    x, y = (2 * task.workspace,) * 2 if start is None else (abs(part) + task.workspace for part in start)
    if not has_left(x, y, 0.0, 0.0, (1 + 1e-6) * task.apart**2):
        least = f"radius and hold_radius together, {task.apart:g} m"
        raise ValueError(f"`workspace` must hold a target further than {least}, from the start, got {task.workspace:g}.")


def require_apart(start: Pair | None, target: Pair, task: Reach) -> None:
    """Refuses a target so near that a cursor could be on it and in the start's disc at once."""
    if start is not None and not has_left(*target, *start, task.apart**2):
        least = f"radius and hold_radius together, {task.apart:g} m"
        raise ValueError(f"`target` must lie further than {least}, from the start {start}, got {target}.")
