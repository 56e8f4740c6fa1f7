"""Where the targets of a session are and when the go cue comes, read from plain data."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from reach_gym import checks
from reach_gym.fields import Pair
from reach_gym.plants import turns

KINDS = ("uniform", "center-out")
MAX_TARGETS = 360
_QUANTILES = 64  # equally likely delays that stand for an exponential distribution
MAX_STEPS = 1_000_000


def targets_from_data(value: Any, start: Pair | None, workspace: float) -> tuple[Pair, ...]:
    """Reads the targets of a task.

    Args:
        value: ``"uniform"``; ``"center-out"`` (8 targets on a circle as wide as the workspace around the start); a dict with
            ``"kind"`` and, for center-out, ``"count"``, ``"distance"`` (m) and ``"first_angle"`` (degrees, counter-clockwise
            from the x axis); or a list of points (x, y) in metres.
        start: Where every trial starts; ``None`` where it is drawn: the circle then lies around the origin.
        workspace: Half its side, in metres.

    Returns:
        The points, each equally likely; none for uniform targets.

    Raises:
        TypeError: `value` is none of these.
        ValueError: An unknown kind or key, or a number out of range.
    """
    if isinstance(value, str):
        value = {"kind": value}
    if isinstance(value, Mapping):
        keys = checks.keys("targets", value, ("kind", "count", "distance", "first_angle"))
        if checks.choice("targets.kind", keys.get("kind", ""), KINDS) == "uniform":
            checks.keys("targets", value, ("kind",))
            return ()
        count = checks.integer("targets.count", keys.get("count", 8), 1, MAX_TARGETS)
        distance = checks.number("targets.distance", keys.get("distance", workspace), 0, workspace)
        first = checks.number("targets.first_angle", keys.get("first_angle", 0.0), -360, 360)
        x, y = start or (0.0, 0.0)
        # This function and not the library's, so that the last bit is the same on every machine.
        directions = (turns.turn(first + 360.0 * i / count) for i in range(count))
        points = tuple((x + distance * cosine, y + distance * sine) for cosine, sine in directions)
        if any(max(abs(px), abs(py)) > workspace * (1 + 1e-9) for px, py in points):
            circle = f"a circle of {distance:g} m around {(x, y)}"
            raise ValueError(f"`targets` must lie inside the workspace of +-{workspace:g} m, got {circle}.")
        return points
    if not isinstance(value, list | tuple):
        raise TypeError(
            f"`targets` must be {' or '.join(map(repr, KINDS))}, a dict, or a list of points, got {checks.shown(value)}."
        )
    if not 1 <= len(value) <= MAX_TARGETS:
        raise ValueError(f"`targets` must hold 1 to {MAX_TARGETS} points, got {len(value)}.")
    return tuple(point(f"targets[{i}]", item, workspace) for i, item in enumerate(value))


def point(name: str, value: Any, limit: float) -> Pair:
    """Returns `value` as a point (x, y) in metres, both from -`limit` to `limit`."""
    pair = checks.items(name, value, 2, "a pair (x, y) of numbers in metres")
    return checks.number(f"{name}[0]", pair[0], -limit, limit), checks.number(f"{name}[1]", pair[1], -limit, limit)


def steps(name: str, seconds: Any, dt: float, least: int = 0) -> int:
    """A duration as a whole number of time steps, at least `least`."""
    length = checks.number(name, seconds, 0, MAX_STEPS * dt)
    return max(least, math.floor(length / dt + 0.5))


def delays_from_data(value: Any, dt: float) -> tuple[int, ...]:
    """Reads how long after the target's onset the go cue begins.

    Args:
        value: Seconds; a pair (shortest, longest), between which every number of steps is equally likely; or a dict with
            ``"mean"`` and optionally ``"low"`` and ``"high"``, for an exponential distribution from `low` on (what lies beyond
            `high` becomes `high`), under which the cue is as likely at every moment (flat hazard).
        dt: Time step in seconds.

    Returns:
        Numbers of steps, each equally likely.

    Raises:
        TypeError: `value` is none of these, or a number has the wrong type.
        ValueError: An unknown key, or a number out of range.
    """
    if isinstance(value, Mapping):
        keys = checks.keys("go_delay", value, ("mean", "low", "high"))
        mean = checks.number("go_delay.mean", keys.get("mean"), 0)
        low = checks.number("go_delay.low", keys.get("low", 0.0), 0)
        high = checks.number("go_delay.high", keys.get("high", low + 5 * mean), low)
        shares = [(i + 0.5) / _QUANTILES for i in range(_QUANTILES)]
        waits = [min(high, low - mean * math.log1p(-share)) for share in shares]
        return tuple(steps("go_delay", wait, dt) for wait in waits)
    if isinstance(value, list | tuple):
        pair = checks.items("go_delay", value, 2, "seconds, a pair (shortest, longest) or a dict")
        shortest, longest = steps("go_delay[0]", pair[0], dt), steps("go_delay[1]", pair[1], dt)
        if shortest > longest:
            raise ValueError(f"`go_delay` must have shortest <= longest, got {checks.shown(value)}.")
        if longest - shortest >= 10_000:
            raise ValueError(f"`go_delay` must span at most 10,000 steps, got {checks.shown(value)}.")
        return tuple(range(shortest, longest + 1))
    return (steps("go_delay", value, dt),)
