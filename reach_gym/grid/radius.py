"""The shrinking reward radius, as data.

`RadiusSchedule` is the shrinking reward radius of Sun & Plitt: a target that is easy to hit at first and shrinks as the agent
learns, which makes a sparse reward learnable.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from reach_gym import checks

MAX_LEVELS = 32  # every level keeps its own table of exact steps to go
NEVER = 2**30  # episodes between looks where nothing ever advances; the largest count that is allowed


@dataclass(frozen=True)
class RadiusSchedule:
    """A reward radius that shrinks from `start` by `factor` down to `floor`.

    It advances one level after every `every` episodes (the paper's rule), or, when `success_rate` is given instead, after
    every `window` episodes of which at least that share hit the target. Episodes are counted per row of a vector
    environment, so a row sees what a single environment sees; divide `every` by the number of rows to keep the total.
    A seeded reset starts again at `start`.

    Attributes:
        start: First radius, in squares. Sun & Plitt: 8 on a 16 x 16 grid.
        factor: Each level's radius over the one before, between 0 and 1. Sun & Plitt: 0.5.
        floor: Last radius, in squares; 0 demands an exact hit. Sun & Plitt: 1 in their code, "exactly" in their text.
            It is reached when the next radius would fall below it, or below one square (where only 0 differs).
        every: Episodes per level. Sun & Plitt: 2,000.
        success_rate: Share of successful episodes, above 0 and at most 1, that a window needs.
        window: Episodes per window for `success_rate`.

    Raises:
        TypeError: A value has the wrong type.
        ValueError: A value is out of range, `floor` exceeds `start`, both or none of `every` and `success_rate` are
            given, or there would be more than `MAX_LEVELS` levels.
    """

    start: float
    factor: float = 0.5
    floor: float = 0.0
    every: int | None = None
    success_rate: float | None = None
    window: int = 100

    def __post_init__(self) -> None:
        """Checks every value."""
        checks.number("radius.start", self.start, 0)
        checks.number("radius.floor", self.floor, 0)
        if not 0 < checks.number("radius.factor", self.factor) < 1:
            raise ValueError(f"`radius.factor` must be between 0 and 1, both excluded, got {self.factor}.")
        if self.floor > self.start:
            raise ValueError(f"`radius.floor` must be at most `radius.start` = {self.start}, got {self.floor}.")
        if (self.every is None) == (self.success_rate is None):
            raise ValueError(
                "`radius` must have exactly one of 'every' and 'success_rate', "
                f"got every={self.every} and success_rate={self.success_rate}."
            )
        if self.every is not None:
            checks.integer("radius.every", self.every, 1, NEVER)
        elif checks.number("radius.success_rate", self.success_rate, 0, 1) == 0:
            raise ValueError("`radius.success_rate` must be above 0, got 0.")
        checks.integer("radius.window", self.window, 1, NEVER)
        if len(self.radii) > MAX_LEVELS:
            raise ValueError(f"`radius` must have at most {MAX_LEVELS} levels; factor {self.factor} gives more.")

    @property
    def radii(self) -> tuple[float, ...]:
        """The radius of each level, in squares, strictly decreasing."""
        radii = [float(self.start)]
        while radii[-1] > self.floor and len(radii) <= MAX_LEVELS:
            smaller = radii[-1] * self.factor
            radii.append(float(self.floor) if smaller < max(self.floor, 1.0) else smaller)
        return tuple(radii)

    @property
    def episodes(self) -> int:
        """Episodes after which the schedule looks whether to advance."""
        return self.window if self.every is None else self.every

    @property
    def hits(self) -> int:
        """Successful episodes among them that it needs."""
        if self.success_rate is None:
            return 0
        # The small allowance keeps 0.7 * 10 = 7.000000000000001 at 7 hits.
        return math.ceil(self.success_rate * self.window - 1e-9)

    def to_data(self) -> dict[str, Any]:
        """The schedule as plain data; `radius_from_data` gives the same schedule back."""
        return asdict(self)


def radius_from_data(value: Any) -> RadiusSchedule:
    """Reads a radius as `gym.make` takes it: a number for a constant radius, or a schedule.

    Args:
        value: A number of at least 0, a `RadiusSchedule`, or a dict with its attributes.

    Returns:
        The schedule; for a number one with a single level.

    Raises:
        TypeError: `value` is none of these or a number has the wrong type.
        ValueError: A number is out of range or a key is unknown.
    """
    if isinstance(value, RadiusSchedule):
        return value
    if isinstance(value, Mapping):
        names = [field.name for field in fields(RadiusSchedule)]
        data = checks.keys("radius", value, names)
        if "start" not in data:
            raise ValueError(f"`radius` must have the key 'start', got {checks.shown(value)}.")
        return RadiusSchedule(**data)
    radius = checks.number("radius", value, 0)
    return RadiusSchedule(start=radius, floor=radius, every=NEVER)


def advance_radius(
    level: Any, seen: Any, hits: Any, succeeded: Any, episodes: Any, needed: Any, last: Any
) -> tuple[Any, Any, Any]:
    """The schedule's state after one more episode; integers, arrays and Numba alike.

    Args:
        level: Current level.
        seen: Episodes since the last look.
        hits: Successes among them.
        succeeded: 1 if the episode that ends now hit its target, else 0.
        episodes: `RadiusSchedule.episodes`.
        needed: `RadiusSchedule.hits`.
        last: The last level.

    Returns:
        The new ``(level, seen, hits)``.
    """
    seen = seen + 1
    hits = hits + succeeded
    look = seen >= episodes
    up = look & (hits >= needed) & (level < last)
    keep = 1 - 1 * look
    return level + 1 * up, seen * keep, hits * keep
