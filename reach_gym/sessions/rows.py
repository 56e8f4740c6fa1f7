"""One trial of a session as data: a row of the trial table, and what may happen within it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from reach_gym import checks
from reach_gym.fields import ForceField, Pair
from reach_gym.sessions.schedule import MAX_GAIN, Wave

TRIGGERS = ("time", "place", "speed")
FEEDBACK = ("full", "none", "endpoint", "clamp")
_FARTHEST, _STRONGEST, _FASTEST, _LONGEST = 10.0, 1e4, 1e3, 1e4  # m, N, m/s, s
MAX_REST = 1e7  # s: about four months


@dataclass(frozen=True)
class Event:
    """Something that happens once while the hand moves: the target or the cursor jumps, or a force pushes the hand.

    Attributes:
        x: To the right; metres for a jump, newtons for a force pulse.
        y: Upwards.
        after: What sets it off, from the go cue on: ``"time"`` since the cue, the ``"place"`` that the hand has come to along the
            straight way from start to target, or the hand's ``"speed"``.
        at: How much of it: s (from 0), m or m/s (above 0).
        duration: How long it lasts, s; ``None`` until the trial ends. A force pulse must end.

    Raises:
        TypeError: A value has the wrong type.
        ValueError: A value is out of range.
    """

    x: float
    y: float
    after: str = "time"
    at: float = 0.0
    duration: float | None = None

    def __post_init__(self) -> None:
        """Checks and normalises every value."""
        for name in ("x", "y"):
            object.__setattr__(self, name, checks.number(f"event.{name}", getattr(self, name), -_STRONGEST, _STRONGEST))
        if self.x == 0 and self.y == 0:
            raise ValueError("`event.x` and `event.y` must not both be 0.")
        checks.choice("event.after", self.after, TRIGGERS)
        most = {"time": _LONGEST, "place": _FARTHEST, "speed": _FASTEST}[self.after]
        object.__setattr__(self, "at", checks.number("event.at", self.at, 0, most))
        if self.after != "time" and self.at == 0:
            raise ValueError(f"`event.at` must be above 0 for an event after a {self.after}, got 0.")
        if self.duration is not None:
            object.__setattr__(self, "duration", checks.number("event.duration", self.duration, 0, _LONGEST))
            if self.duration == 0:
                raise ValueError("`event.duration` must be above 0 or None, got 0.")

    @property
    def span(self) -> Pair:
        """When an event of the time begins and ends, s after the go cue."""
        return self.at, math.inf if self.duration is None else self.at + self.duration

    def to_data(self) -> dict[str, Any]:
        """The event as plain data; `event_from_data` gives the same event back."""
        return {name: value for name, value in asdict(self).items() if value is not None}


def event_from_data(name: str, value: Any) -> Event | None:
    """Reads an event from an `Event`, a dict of its attributes, or ``None``.

    Raises:
        TypeError: `value` is none of these.
        ValueError: A key is unknown or missing, or a value out of range.
    """
    if value is None or isinstance(value, Event):
        return value
    data = checks.keys(name, value, [field.name for field in fields(Event)])
    if not {"x", "y"} <= set(data):
        raise ValueError(f"`{name}` must have the keys 'x' and 'y', got {checks.shown(value)}.")
    return Event(**data)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One trial. What is not given stays as the task has it.

    The values are checked when a `reach_gym.sessions.table.TrialTable` is made of rows, which names row and column.

    Attributes:
        block: Name of the block.
        gain: Factor on the perturbation, field or rotation: 0 none, 1 all of it, -1 its mirror image. In catch and channel trials
            the gain that is planned.
        spread: The gain of each subject is drawn uniformly from this far below to this far above `gain`.
        within: The gain is multiplied with 1 plus this wave of the time within the trial (`reach_gym.sessions.schedule.Wave`).
        field: A field instead of the task's own, written as for the environment.
        rotation: Of the cursor around the start, degrees counter-clockwise, instead of the task's own; times the gain.
        channel: Whether the trial runs in a force channel (error clamp) instead of the perturbation. A number between 0 and 1 is
            the probability with which each subject draws it.
        catch: Whether the perturbation is off without notice; likewise.
        start: Where the trial starts (x, y), m.
        target: The target (x, y), m.
        bar: Half the width of a target that is a bar across the straight way, m; 0 for a disc.
        cue: Context cue, a whole number from 0; 0 is none.
        lead_in: Direction of a passive movement that leads to the start, degrees counter-clockwise from the x axis.
        target_jump: The target jumps by (x, y) m.
        cursor_jump: The cursor jumps by (x, y) m, as against the hand.
        pulse: A force (x, y) N pushes the hand.
        feedback: What is seen of the hand: ``"full"``, the cursor; ``"none"``; ``"endpoint"``, the cursor when the movement is
            over; ``"clamp"``, a cursor as far from the start as the hand, on a straight way that the hand does not change.
        clamp_angle: That way's direction, degrees counter-clockwise from the direction of the target.
        rest: Time before the trial, s: a set break. Models of learning forget in it.
        repeat: Whether the trial is done again after a false start that ends it. Whoever begins trials one by one does so
            (`reach_gym.recording.record`, the window); rows of a vector environment that begin by themselves go on.
    """

    block: str = "trials"
    gain: float = 1.0
    spread: float = 0.0
    within: Wave | dict[str, Any] | None = None
    field: str | dict[str, Any] | ForceField | None = None
    rotation: float | None = None
    channel: float = 0.0
    catch: float = 0.0
    start: Pair | None = None
    target: Pair | None = None
    bar: float = 0.0
    cue: int = 0
    lead_in: float | None = None
    target_jump: Event | dict[str, Any] | None = None
    cursor_jump: Event | dict[str, Any] | None = None
    pulse: Event | dict[str, Any] | None = None
    feedback: str = "full"
    clamp_angle: float = 0.0
    rest: float = 0.0
    repeat: bool = False


DEFAULTS: Mapping[str, Any] = {field.name: field.default for field in fields(Row)}
EVENTS = ("target_jump", "cursor_jump", "pulse")
# The least and the greatest number of each column of numbers; None in those that may be left to the task.
NUMBERS: Mapping[str, tuple[float, float]] = {
    "gain": (-MAX_GAIN, MAX_GAIN),
    "spread": (0.0, MAX_GAIN),
    "rotation": (-180.0, 180.0),
    "channel": (0.0, 1.0),
    "catch": (0.0, 1.0),
    "bar": (0.0, _FARTHEST),
    "lead_in": (-360.0, 360.0),
    "clamp_angle": (-180.0, 180.0),
    "rest": (0.0, MAX_REST),
}
OPTIONAL = ("rotation", "lead_in")
POINTS = ("start", "target")
MAX_CUE = 1000
