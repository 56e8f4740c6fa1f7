"""The reset options of the continuous reach, checked once for both of its environments."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from reach_gym import checks
from reach_gym.fields import ForceField
from reach_gym.reach.keywords import Reach, reach_field
from reach_gym.reach.session import require_apart, require_bearable, require_one_apart, require_within_reach
from reach_gym.reach.targets import point
from reach_gym.sessions.schedule import MAX_GAIN

OPTIONS = ("start", "target", "field", "gain", "channel", "repeat", "trial")
MAX_TRIAL = 2**61


class ReachOptions(NamedTuple):
    """The reset options, checked; ``None`` where the task decides.

    Attributes:
        start: float64 (rows, 2), or ``None``.
        target: float64 (rows, 2), or ``None``.
        field: The trial's field.
        gain: float64 (rows,), factor on it.
        channel: Whether the trial runs in a channel.
        repeat: Whether it is the trial before once more, with the same target, go cue, gain and noise.
        trial: uint64 (rows,), the number of the trial; ``None`` for the next one.
    """

    start: npt.NDArray[np.float64] | None
    target: npt.NDArray[np.float64] | None
    field: ForceField | None
    gain: npt.NDArray[np.float64] | None
    channel: bool | None
    repeat: bool = False
    trial: npt.NDArray[np.uint64] | None = None


NO_OPTIONS = ReachOptions(None, None, None, None, None)


def reach_options(task: Reach, options: Any, rows: int = 1) -> ReachOptions:
    """Checks the reset `options` of an environment with that many `rows`.

    Raises:
        TypeError: An option has the wrong type.
        ValueError: An option is unknown or out of range.
    """
    if not options and (options is None or isinstance(options, dict)):
        return NO_OPTIONS
    checks.keys("options", options, OPTIONS)
    channel, repeat = _truth("channel", options.get("channel")), _truth("repeat", options.get("repeat"))
    field, gain = options.get("field"), options.get("gain")
    chosen = ReachOptions(
        _points("options['start']", options.get("start"), rows, task.workspace),
        _points("options['target']", options.get("target"), rows, task.workspace),
        None if field is None else reach_field("options['field']", field),
        None if gain is None else _gains(gain, rows),
        *(channel, bool(repeat)),
        None if options.get("trial") is None else trial_numbers("options['trial']", options["trial"], rows),
    )
    if chosen.repeat and chosen.trial is not None:
        raise ValueError("`options` must not have a 'trial' beside 'repeat': True, which says which trial it is.")
    if chosen.channel and (chosen.gain is not None or chosen.field is not None):
        raise ValueError("`options` must not have a 'gain' or 'field' beside 'channel': True, which replaces the field.")
    if chosen.field is not None or chosen.gain is not None:
        _check_force(chosen, task)
    return chosen


def _check_force(chosen: ReachOptions, task: Reach) -> None:
    gain = 1.0 if chosen.gain is None else float(np.abs(chosen.gain).max())
    name = "gain" if chosen.field is None else "field"
    for field in task.session_fields.different if chosen.field is None else [chosen.field]:
        require_bearable(f"options['{name}']", field, gain, task)


def check_places(options: ReachOptions, task: Reach, trials: Any) -> None:
    """Refuses a start or target of the `options` out of reach, or too near to what the session says of the rows' `trials`.

    Raises:
        ValueError: It is so in a row.
    """
    if options.start is None and options.target is None:
        return
    for name, places in (("start", options.start), ("target", options.target)):
        for spot in () if places is None else np.unique(places, axis=0).tolist():
            require_within_reach(f"options['{name}']", tuple(spot), task)
    table = task.table
    for row, place in enumerate(table.place_of(np.asarray(trials, np.int64)).tolist()):
        given = table.start[place] if options.start is None else options.start[row]
        start = tuple(given.tolist()) if np.isfinite(given[0]) else task.start
        target = table.target[place] if options.target is None else options.target[row]
        if np.isfinite(target[0]):
            require_apart(start, tuple(target.tolist()), task)
        else:
            require_one_apart(start, task)


def trial_kind(options: ReachOptions, base: Any, gain: Any, channel: Any, given: Any) -> tuple[Any, Any]:
    """The gain of a trial and whether it runs in a channel, under reset `options`; numbers or arrays alike.

    Args:
        options: Which of them say something.
        base: The schedule's gain, without catch trials and spread.
        gain: The drawn gain.
        channel: Whether a channel was drawn, 0 or 1.
        given: The gain that the options give, if they do.
    """
    if options.gain is not None or options.field is not None:
        # A field that somebody asks for is felt, whatever the schedule says.
        return given if options.gain is not None else 0.0 * abs(base) + 1.0, 0 * channel
    if options.channel is None:
        return gain, channel
    if options.channel:
        return 0.0 * abs(gain), 0 * channel + 1
    return gain * (1 - channel) + base * channel, 0 * channel


def _truth(name: str, value: Any) -> bool | None:
    if value is not None and not isinstance(value, bool | np.bool_):
        raise TypeError(f"`options['{name}']` must be True or False, got {checks.shown(value)}.")
    return None if value is None else bool(value)


def _points(name: str, value: Any, rows: int, limit: float) -> npt.NDArray[np.float64] | None:
    if value is None:
        return None
    if isinstance(value, np.ndarray) and value.ndim == 0:
        raise TypeError(f"`{name}` must be a point (x, y) or one per row, got {checks.shown(value)}.")
    many = isinstance(value, list | tuple | np.ndarray) and len(value) and isinstance(value[0], list | tuple | np.ndarray)
    if not many:
        return np.tile(np.array(point(name, value, limit)), (rows, 1))
    checks.items(name, value, rows, f"a point (x, y) or {rows} of them")
    return np.array([point(f"{name}[{i}]", item, limit) for i, item in enumerate(value)])


def trial_numbers(name: str, value: Any, rows: int) -> npt.NDArray[np.uint64]:
    """Numbers of trials, uint64 (rows,): `value` is one integer for all rows, or one for each.

    Raises:
        TypeError: It is none of these.
        ValueError: It is out of range, or there are not as many as rows.
    """
    many = (
        [value] * rows
        if not isinstance(value, list | tuple | np.ndarray)
        else checks.items(name, value, rows, f"an integer or {rows} of them")
    )
    return np.array([checks.integer(name, item, 0, MAX_TRIAL) for item in many], np.uint64)


def _gains(value: Any, rows: int) -> npt.NDArray[np.float64]:
    if not isinstance(value, list | tuple | np.ndarray):
        return np.full(rows, checks.number("options['gain']", value, -MAX_GAIN, MAX_GAIN))
    checks.items("options['gain']", value, rows, f"a number or {rows} of them")
    return np.array([checks.number(f"options['gain'][{i}]", item, -MAX_GAIN, MAX_GAIN) for i, item in enumerate(value)])
