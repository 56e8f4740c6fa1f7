"""The constructor keywords and reset options of the cursor reach, checked once for both of its environments."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from reach_gym import checks
from reach_gym.errors import InvalidActionError
from reach_gym.fields import CURSOR_PRESETS, ForceField, Pair, field_from_data
from reach_gym.reach.observations import CursorObservations, cursor_observations
from reach_gym.reach.rules import has_left
from reach_gym.reach.targets import delays_from_data, point, steps, targets_from_data
from reach_gym.sessions.schedule import MAX_GAIN, Schedule, schedule_from_data

REWARDS = ("sparse", "dense")
OPTIONS = ("start", "target", "field", "gain", "channel")
MAX_DELAY = 1000  # steps
# Numbers of a field may not be larger, so that no force overflows inside the arena.
MAX_FIELD = 1e6
# No positive measure may be smaller, so that no square of it and no quotient leaves the range of floats.
LEAST = 1e-6
WALL_STIFFNESS, WALL_DAMPING = 6000.0, 100.0  # N/m and N s/m; see `reach_gym.fields.channel`


@dataclass(frozen=True)
class CursorTask:
    """One cursor task in SI units; `CursorReachEnv` explains the values.

    Attributes:
        dt: Time step.
        mass: Of the hand.
        damping: Of the hand.
        max_force: Along one axis, for an action of 1.
        workspace: Half its side.
        arena: Half the side of the square that the hand cannot leave.
        start: Where every trial starts, ``None`` where it is drawn.
        points: The targets to choose from; none for uniform ones.
        radius: Of the target.
        speed_limit: Greatest speed on the target.
        hold_steps: Steps to stay on it.
        hold_radius: Around the start, within which the hand waits for the go cue.
        strict: Whether a false start rules success out.
        onset: Steps until the target appears.
        delays: Steps from there to the go cue, each equally likely.
        pulse: Steps that the go cue lasts.
        field: The force field.
        schedule: What changes from trial to trial.
        rotation: Of the cursor around the start, degrees counter-clockwise.
        reward: ``"sparse"`` or ``"dense"``.
        observation: ``"vector"``, ``"pixels"`` or ``"goal"``.
        delay: Of what is observed, in steps.
        sensory_noise: Standard deviations of position and velocity.
        motor_noise: Standard deviations, in newtons and as a share of the force.
    """

    family: ClassVar[str] = "cursor"
    dt: float
    mass: float
    damping: float
    max_force: float
    workspace: float
    arena: float
    start: Pair | None
    points: tuple[Pair, ...]
    radius: float
    speed_limit: float
    hold_steps: int
    hold_radius: float
    strict: bool
    onset: int
    delays: tuple[int, ...]
    pulse: int
    field: ForceField
    schedule: Schedule
    rotation: float
    reward: str
    observation: str
    delay: int
    sensory_noise: Pair
    motor_noise: Pair

    def observations(self) -> CursorObservations:
        """A fresh observation maker."""
        return cursor_observations(self.observation, self.workspace, self.arena, self.dt)

    @property
    def walls(self) -> Pair:
        """Stiffness and damping of the force channel, reduced where mass and time step would make them unstable."""
        return min(WALL_STIFFNESS, 0.6 * self.mass / self.dt**2), max(0.0, min(WALL_DAMPING, self.mass / self.dt - self.damping))

    @property
    def block_fields(self) -> tuple[ForceField, ...]:
        """The field of each block."""
        return tuple(self.field if b.field is None else cursor_field("block.field", b.field) for b in self.schedule.blocks)


def cursor_field(name: str, value: Any) -> ForceField:
    """Reads a field of the continuous task.

    Raises:
        TypeError: `value` is no field.
        ValueError: An unknown preset or key, or a number of more than a million.
    """
    field = field_from_data(value, CURSOR_PRESETS)
    for number in (field.gain, *(n for n in field.numbers if abs(n) != float("inf"))):
        checks.number(f"{name} (every number)", number, -MAX_FIELD, MAX_FIELD)
    return field


def _spread(name: str, value: Any, high: float) -> Pair:
    pair = checks.items(name, value, 2, "a pair of standard deviations")
    return checks.number(f"{name}[0]", pair[0], 0, high), checks.number(f"{name}[1]", pair[1], 0, high)


def _positive(name: str, value: Any, high: float) -> float:
    return checks.number(name, value, LEAST, high)


def cursor_task(keywords: Mapping[str, Any]) -> CursorTask:
    """Checks the constructor `keywords` of a cursor environment, all of which must be there.

    Raises:
        TypeError: A keyword has the wrong type.
        ValueError: A keyword has a value that is not allowed; the message says which are.
    """
    get = keywords.__getitem__
    dt, workspace = _positive("dt", get("dt"), 1.0), _positive("workspace", get("workspace"), 1.0)
    start = None if get("start") is None else point("start", get("start"), workspace)
    hold = steps("hold", get("hold"), dt)
    task = CursorTask(
        dt=dt,
        mass=_positive("mass", get("mass"), 1e6),
        damping=checks.number("damping", get("damping"), 0, 1e6),
        max_force=_positive("max_force", get("max_force"), 1e6),
        workspace=workspace,
        arena=2 * workspace,
        start=start,
        points=targets_from_data(get("targets"), start, workspace),
        radius=_positive("radius", get("radius"), workspace),
        speed_limit=_positive("speed_limit", get("speed_limit"), 1e6),
        hold_steps=max(1, hold),
        hold_radius=_positive("hold_radius", get("hold_radius"), workspace),
        strict=checks.choice("false_start", get("false_start"), ("fail", "ignore")) == "fail",
        onset=steps("target_onset", get("target_onset"), dt),
        delays=delays_from_data(get("go_delay"), dt),
        pulse=steps("go_pulse", get("go_pulse"), dt, least=1),
        field=cursor_field("field", get("field")),
        schedule=schedule_from_data(get("schedule")),
        rotation=checks.number("rotation", get("rotation"), -180, 180),
        reward=checks.choice("reward", get("reward"), REWARDS),
        observation=get("observation"),
        delay=checks.integer("delay", get("delay"), 0, MAX_DELAY),
        sensory_noise=_spread("sensory_noise", get("sensory_noise"), 10.0),
        motor_noise=_spread("motor_noise", get("motor_noise"), 1e6),
    )
    task.observations()
    _ = task.block_fields
    _check_damping(task)
    for target in task.points:
        require_apart(start, target, task)
    return task


def _check_damping(task: CursorTask) -> None:
    if task.damping * task.dt > task.mass:
        raise ValueError(f"`damping` must be at most mass / dt = {task.mass / task.dt:g} N s/m, got {task.damping:g}.")


def require_apart(start: Pair | None, target: Pair, task: CursorTask) -> None:
    """Refuses a target that contains the start."""
    if start is not None and not has_left(*target, *start, task.radius * task.radius):
        raise ValueError(f"`target` must lie further than the radius {task.radius:g} m from the start {start}, got {target}.")


class CursorOptions(NamedTuple):
    """The reset options, checked; ``None`` where the task decides.

    Attributes:
        start: float64 (rows, 2), or ``None``.
        target: float64 (rows, 2), or ``None``.
        field: The trial's field.
        gain: float64 (rows,), factor on it.
        channel: Whether the trial runs in a channel.
    """

    start: npt.NDArray[np.float64] | None
    target: npt.NDArray[np.float64] | None
    field: ForceField | None
    gain: npt.NDArray[np.float64] | None
    channel: bool | None


_NO_OPTIONS = CursorOptions(None, None, None, None, None)


def cursor_options(task: CursorTask, options: Any, rows: int = 1) -> CursorOptions:
    """Checks the reset `options` of an environment with that many `rows`.

    Raises:
        TypeError: An option has the wrong type.
        ValueError: An option is unknown or out of range.
    """
    if not options and (options is None or isinstance(options, dict)):
        return _NO_OPTIONS
    checks.keys("options", options, OPTIONS)
    channel = options.get("channel")
    if channel is not None and not isinstance(channel, bool | np.bool_):
        raise TypeError(f"`options['channel']` must be True or False, got {checks.shown(channel)}.")
    field, gain = options.get("field"), options.get("gain")
    chosen = CursorOptions(
        _points("options['start']", options.get("start"), rows, task.workspace),
        _points("options['target']", options.get("target"), rows, task.workspace),
        None if field is None else cursor_field("options['field']", field),
        None if gain is None else _gains(gain, rows),
        None if channel is None else bool(channel),
    )
    if chosen.channel and (chosen.gain is not None or chosen.field is not None):
        raise ValueError("`options` must not have a 'gain' or 'field' beside 'channel': True, which replaces the field.")
    starts = [task.start] * rows if chosen.start is None else chosen.start.tolist()
    if chosen.target is not None:
        for start, target in zip(starts, chosen.target.tolist(), strict=True):
            require_apart(None if start is None else tuple(start), tuple(target), task)
    elif chosen.start is not None and task.points:
        for x, y in chosen.start.tolist():
            if not any(has_left(px, py, x, y, task.radius * task.radius) for px, py in task.points):
                raise ValueError(f"`options['start']` must lie outside of at least one target, got {(x, y)}.")
    return chosen


def trial_kind(options: CursorOptions, base: Any, gain: Any, channel: Any, given: Any) -> tuple[Any, Any]:
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


def _points(name: str, value: Any, rows: int, limit: float) -> npt.NDArray[np.float64] | None:
    if value is None:
        return None
    many = isinstance(value, list | tuple | np.ndarray) and len(value) and isinstance(value[0], list | tuple | np.ndarray)
    if not many:
        return np.tile(np.array(point(name, value, limit)), (rows, 1))
    checks.items(name, value, rows, f"a point (x, y) or {rows} of them")
    return np.array([point(f"{name}[{i}]", item, limit) for i, item in enumerate(value)])


def _gains(value: Any, rows: int) -> npt.NDArray[np.float64]:
    if not isinstance(value, list | tuple | np.ndarray):
        return np.full(rows, checks.number("options['gain']", value, -MAX_GAIN, MAX_GAIN))
    checks.items("options['gain']", value, rows, f"a number or {rows} of them")
    return np.array([checks.number(f"options['gain'][{i}]", item, -MAX_GAIN, MAX_GAIN) for i, item in enumerate(value)])


def cursor_action(action: Any) -> tuple[float, float]:
    """One action as two floats from -1 to 1; finite numbers outside are clipped.

    Raises:
        InvalidActionError: Not two finite numbers.
    """
    x, y = _numbers("action", action, (2,)).tolist()
    if not (math.isfinite(x) and math.isfinite(y)):
        raise InvalidActionError(f"`action` must be finite numbers of shape (2,), got {checks.shown(action)}.")
    return min(max(x, -1.0), 1.0), min(max(y, -1.0), 1.0)


def cursor_actions(actions: Any, rows: int) -> npt.NDArray[np.float64]:
    """A batch of actions as float64 (rows, 2), not yet checked for NaN and infinity nor clipped.

    Raises:
        InvalidActionError: Not numbers, or of another shape.
    """
    array = np.ascontiguousarray(_numbers("actions", actions, (rows, 2)))
    # Numba would compile once more, for seconds, for an array that cannot be written to.
    return array if array.flags.writeable else array.copy()


def _numbers(name: str, value: Any, shape: tuple[int, ...]) -> npt.NDArray[np.float64]:
    try:
        array = np.asarray(value)
    except (TypeError, ValueError, RuntimeError):
        array = np.empty(0, object)
    if array.dtype.kind not in "fiu" or array.shape != shape:
        raise InvalidActionError(f"`{name}` must be finite numbers of shape {shape}, got {checks.shown(value)}.")
    return array.astype(np.float64, copy=False)
