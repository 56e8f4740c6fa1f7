"""Blocks of trials as a laboratory plans them: balanced directions, and special trials at counted or named places.

What is shuffled here is the same for all subjects, as in most experiments; another `order` gives another session.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from reach_gym import checks
from reach_gym.fields import Pair
from reach_gym.plants import turns
from reach_gym.sessions.rows import Row
from reach_gym.sessions.schedule import MAX_TRIALS

SETTLE = 5  # trials at the beginning of a block among which none is special

Places = float | Sequence[int]


def block(
    name: str,
    trials: int,
    *,
    directions: int | Sequence[float] | None = None,
    distance: float = 0.1,
    start: Pair = (0.0, 0.0),
    channel: bool | Places = 0.0,
    catch: bool | Places = 0.0,
    gain: float = 1.0,
    gain_end: float | None = None,
    rest: float = 0.0,
    order: int = 0,
    settle: int = SETTLE,
    **row: Any,
) -> list[Row]:
    """The rows of a block.

    Args:
        name: Of the block.
        trials: How many.
        directions: Of the targets, degrees counter-clockwise from the x axis, or how many directions around the circle; they come
            in cycles, each direction once in a cycle, in an order that is shuffled anew for every cycle. ``None`` leaves the
            targets to the task.
        distance: Of the targets from the start, m.
        start: Where these trials start, m; used with `directions`.
        channel: Which trials run in a channel: ``True`` all; a share, whose trials are counted out and scattered, none among the
            first `settle` trials and no two together as far as there is room; or the places, from 0.
        catch: Which are catch trials, likewise.
        gain: Of the first trial.
        gain_end: Of the last trial, with a linear ramp between; ``None`` for no ramp.
        rest: Time before the first trial of the block, s.
        order: Another number shuffles otherwise.
        settle: How many trials at the beginning have no special one.
        **row: What every row has besides, by the names of `reach_gym.sessions.rows.Row`; channel trials have no field.

    Raises:
        TypeError: A value has the wrong type.
        ValueError: A value is out of range; a place lies outside of the block; or there is no room for the special trials.
    """
    if not isinstance(name, str):
        raise TypeError(f"`name` must be a string, got {checks.shown(name)}.")
    trials = checks.integer("trials", trials, 1, MAX_TRIALS)
    place = checks.items("start", start, 2, "a point (x, y)")
    start = checks.number("start[0]", place[0]), checks.number("start[1]", place[1])
    generator = np.random.default_rng([checks.integer("order", order, 0, 2**31), trials, *name.encode()])
    settle = checks.integer("settle", settle, 0, MAX_TRIALS)
    walls = _places("channel", channel, trials, settle, generator, set())
    caught = _places("catch", catch, trials, settle, generator, walls)
    if twice := sorted(walls & caught):
        raise ValueError(f"`catch` must not name channel trials, got the place {twice[0]}.")
    targets = _targets(trials, directions, distance, start, generator)
    first = checks.number("gain", gain)
    last = first if gain_end is None else checks.number("gain_end", gain_end)
    plain = {key: value for key, value in row.items() if key not in ("field", "within")}  # a channel replaces the field
    gains = [first + (last - first) * k / max(1, trials - 1) for k in range(trials)]
    where: dict[str, Any] = {} if directions is None else {"start": start}
    return [
        Row(
            block=name, gain=gains[k], channel=float(k in walls), catch=float(k in caught), target=targets[k],
            rest=rest if k == 0 else 0.0, **where, **(row if k not in walls else plain),
        )
        for k in range(trials)
    ]  # fmt: skip


def _places(name: str, value: Any, trials: int, settle: int, generator: np.random.Generator, taken: set[int]) -> set[int]:
    """The places of special trials; `taken` ones are kept free."""
    if isinstance(value, bool | np.bool_):
        return set(range(trials)) if value else set()
    if isinstance(value, Sequence | np.ndarray) and not isinstance(value, str):
        return {checks.integer(f"{name}[{k}]", place, 0, trials - 1) for k, place in enumerate(value)}
    count = round(checks.number(name, value, 0, 1) * trials)
    if count == trials:
        return set(range(trials))
    room = [k for k in range(settle, trials) if k not in taken]
    if count > len(room):
        raise ValueError(f"`{name}` must leave the first {settle} of {trials} trials plain, got {value:g} of them.")
    # One in each of as many stretches of equal length: counted, scattered, and two side by side only where it cannot be helped.
    chosen: set[int] = set()
    for k in range(count):
        stretch = room[k * len(room) // count : (k + 1) * len(room) // count]
        free = [place for place in stretch if not {place - 1, place + 1} & (chosen | taken)]
        chosen.add(int(generator.choice(free or stretch)))
    return chosen


def _targets(trials: int, directions: Any, distance: float, start: Pair, generator: np.random.Generator) -> list[Any]:
    """The target of each trial."""
    away = checks.number("distance", distance, 0)
    if directions is None:
        return [None] * trials
    if isinstance(directions, int | np.integer) and not isinstance(directions, bool):
        count = checks.integer("directions", directions, 1, 360)
        directions = [360.0 * k / count for k in range(count)]
    if not isinstance(directions, Sequence | np.ndarray) or not len(directions):
        raise ValueError(f"`directions` must be a number of them or a list of degrees, got {checks.shown(directions)}.")
    degrees = [checks.number(f"directions[{k}]", value, -360, 360) for k, value in enumerate(directions)]
    cycles = [generator.permutation(len(degrees)) for _ in range(-(-trials // len(degrees)))]
    chosen = np.concatenate(cycles)[:trials].tolist()
    unit = [turns.turn(value) for value in degrees]
    # Rounded, so that a target at the edge of the workspace does not lie outside of it by a last digit.
    return [tuple(round(place + away * part, 12) for place, part in zip(start, unit[k], strict=True)) for k in chosen]
