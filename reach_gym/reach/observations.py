"""What an agent sees of the continuous reach: one class per kind of observation, all of them in `OBSERVATIONS`.

Each has the same methods: `show` a target and go cue, then `see` the cursor (scalar environment); `fill` (vector environments,
NumPy and Numba alike); `present`, which gives a batch its final form; `decode`, the inverse. Arrays that leave these classes are
never reused.

In what they take, the cursor (x, y, vx, vy) is what the subject senses, delayed and noisy; `at` is where it really is; `told` are
the rules' signals (`reach_gym.reach.rules.Signals`), delayed: with them the observation says all that the rules judge by.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from reach_gym.errors import NotApplicableError
from reach_gym.reach.events import pick
from reach_gym.rows.records import Floats

SPEED_UNIT = 0.5  # m/s; a reach of 10 cm in half a second peaks at 0.375 m/s
PIXELS = 40  # along one side of an image: 5 mm each in the default workspace
LIT = 255

put_seven: Callable[..., None] = struct.Struct("7f").pack_into
FOURTH = 12  # where the fourth of a row of float32 begins, in bytes
# s; no trial is that long. The same for all, so that an agent that was trained with short delays fits a task with long ones.
_LONGEST = 1e7
_VECTOR = 14  # numbers of the observation "vector"
FELT_LIMIT = 1000.0  # what is felt of the body is cut there, in its units; far beyond what a body does
_DIM = 64  # how much darker the go cue's channel is after a false start, and how bright it is without a cue


class Numeric(NamedTuple):
    """What differs between numbers and arrays.

    Attributes:
        where: ``where(condition, one, other)``.
        whole: Cuts a number to an integer.
        spread: Makes one value per row fit an image per row.
        helper: Makes a function that `fill` calls ready to be called; for Numba it is registered.
    """

    where: Callable[[Any, Any, Any], Any]
    whole: Callable[[Any], Any]
    spread: Callable[[Any], Any]
    helper: Callable[[Any], Any]


def _itself(value: Any) -> Any:
    return value


NUMBERS = Numeric(pick, np.int64, _itself, _itself)
ARRAYS = Numeric(np.where, lambda value: value.astype(np.int64), lambda value: value[:, None, None], _itself)


class Sensed(NamedTuple):
    """What n observations say, in SI units.

    Attributes:
        position: float64 (n, 2), the cursor, delayed and noisy as observed.
        velocity: float64 (n, 2), likewise.
        target: float64 (n, 2); the start where it is not visible yet.
        visible: bool (n,), whether the target is.
        go: bool (n,), whether the go cue is on.
        false_start: bool (n,), whether there has been one.
        body: float64 (n, senses), what is felt of the body, in the units of `reach_gym.plants.plant.Plant.senses`; none with
            "vector" and "goal".
    """

    position: Floats
    velocity: Floats
    target: Floats
    visible: npt.NDArray[np.bool_]
    go: npt.NDArray[np.bool_]
    false_start: npt.NDArray[np.bool_]
    body: Floats


def _upper(workspace: float, place: float, speed: float) -> list[float]:
    """The greatest values of what "vector" and "goal" both show, from the go cue on."""
    unit = 1.0 / workspace
    return [1, place * unit, place * unit, speed / SPEED_UNIT, speed / SPEED_UNIT, _LONGEST, _LONGEST, 1, 1, 1, 2, 2]


def _lower(upper: list[float]) -> list[float]:
    """The least values: only places and velocities can be negative."""
    return [0, *(-value for value in upper[1:5]), 0, 0, 0, 0, 0, *(-value for value in upper[10:])]


class Observations:
    """Base of the kinds of observation: units and the bounds of what can be sensed.

    Attributes:
        kind: Its name in the keyword `observation`.
        meaning: What it is, for people.
        late_goal: Whether the target is sensed with the delay of the senses; else it is seen at once.
        feels: Whether what the body feels comes behind what `fill` writes.
        shape: Of one observation as `fill` writes it.
        dtype: Of its numbers.
        space: Of one observation.
        place_limit: Sensed places are cut there, m.
        speed_limit: Sensed velocities are cut there, m/s.
    """

    kind: ClassVar[str]
    meaning: ClassVar[str]
    late_goal: ClassVar[bool]
    feels: ClassVar[bool] = False
    shape: tuple[int, ...]
    dtype: ClassVar[type[Any]]
    space: spaces.Space[Any]
    plain: npt.NDArray[np.float32] | None = None  # what `see` of "vector" copies; see `reach_gym.reach.trial`

    def __init__(self, workspace: float, arena: float, dt: float, senses: int) -> None:
        """Prepares the units of a task (`reach_gym.reach.keywords.Reach`) whose body has so many senses."""
        self.workspace = workspace
        self.per_metre, self.per_speed = 1.0 / workspace, 1.0 / SPEED_UNIT
        # Noise is cut there; without it a rotated cursor does not come as far.
        self.place_limit, self.speed_limit = 5 * arena, 4 * arena / dt

    @staticmethod
    def writer(numeric: Numeric) -> Callable[..., None]:
        """``fill(seen, i, target, start, cue, visible, sensed, at, told, per_metre, per_speed)`` for numbers or for arrays.

        It writes row i, or the rows i, of an array of observations. `target`, `start` and `at` are pairs, `sensed` is (x, y, vx,
        vy), `told` the rules' signals.
        """
        raise NotImplementedError

    def show(self, x: float, y: float, visible: bool, cue: bool, start: tuple[float, float], false_start: bool) -> None:
        """Prepares `see`: target (x, y), whether it is visible, whether the go cue is on, the start, and the false start."""
        raise NotImplementedError

    def see(
        self, x: float, y: float, vx: float, vy: float, at_x: float, at_y: float, clock: float, moving: float, held: float
    ) -> Any:
        """The observation of the cursor, and the signals that change from step to step."""
        raise NotImplementedError

    def batch(
        self, target: Any, visible: Any, cue: Any, start: Any, sensed: Any, at: Any, told: Any, body: Any, into: Any = None
    ) -> npt.NDArray[Any]:
        """The observations (n, ...) of a batch; pairs, `sensed`, `told` and `body` are sequences of arrays (n,).

        They are written in a fresh array unless there is one to write them `into`.
        """
        rows = len(sensed[0])
        seen = np.empty((rows, *self.shape), self.dtype) if into is None else into
        # A picture's pixels are looked up row by row; elsewhere a slice is faster.
        every = np.arange(rows) if len(self.shape) > 1 else slice(None)
        _FILLS[self.kind](seen, every, target, start, cue, visible, sensed, at, told, self.per_metre, self.per_speed)
        for line, values in enumerate(body, seen.shape[-1] - len(body)):
            seen[:, line] = values
        return seen

    def present(self, batch: npt.NDArray[Any]) -> Any:
        """The batch in the form of the batched space."""
        return batch

    def decode(self, observations: Any) -> Sensed:
        """What a batch of observations says.

        Raises:
            NotApplicableError: It does not say all of it.
        """
        raise NotImplementedError


class VectorObservations(Observations):
    """float32 (14,), scaled to about [-1, 1].

    0, 1: target x, y (0 before it appears). 2: go cue. 3 to 6: cursor x, y, vx, vy. 7: time since the phase began (the trial's
    start, the target's onset, the go cue), s. 8: time since the cursor left the start's disc, s. 9: which share of the hold is
    over. 10: whether there has been a false start. 11: whether the target is visible. 12, 13: start x, y.
    """

    kind = "vector"
    meaning = (
        "float32 (14,): target x, y (0 before it appears), go cue (0, 1), cursor x, y, vx, vy, time since the phase began, time "
        "since leaving the start, share of the hold that is over, false start (0, 1), target visible (0, 1), start x, y; places "
        "in units of the workspace's half side, velocities of 0.5 m/s, times in s"
    )
    late_goal = True  # the target is part of what is sensed, with its delay
    shape = (_VECTOR,)
    dtype = np.float32

    def __init__(self, workspace: float, arena: float, dt: float, senses: int) -> None:
        """Prepares the units of a task."""
        super().__init__(workspace, arena, dt, senses)
        self.plain = self._shown = np.zeros(_VECTOR, np.float32)
        upper = _upper(workspace, self.place_limit, self.speed_limit)
        target = [self.place_limit * self.per_metre] * 2
        low = np.array([*(-value for value in target), *_lower(upper)], np.float32)
        self.space = spaces.Box(low, np.array([*target, *upper], np.float32), dtype=np.float32)

    @staticmethod
    def writer(numeric: Numeric) -> Callable[..., None]:
        """See `Observations.writer`."""
        where = numeric.where

        def fill(
            seen: Any,
            i: Any,
            target: Any,
            start: Any,
            cue: Any,
            visible: Any,
            sensed: Any,
            at: Any,
            told: Any,
            metre: Any,
            speed: Any,
        ) -> None:
            seen[i, 0], seen[i, 1] = where(visible, target[0] * metre, 0.0), where(visible, target[1] * metre, 0.0)
            seen[i, 2] = cue
            seen[i, 3], seen[i, 4] = sensed[0] * metre, sensed[1] * metre
            seen[i, 5], seen[i, 6] = sensed[2] * speed, sensed[3] * speed
            seen[i, 7], seen[i, 8], seen[i, 9] = told[0], told[1], told[2]
            seen[i, 10], seen[i, 11] = told[3], visible
            seen[i, 12], seen[i, 13] = start[0] * metre, start[1] * metre

        return fill

    def show(self, x: float, y: float, visible: bool, cue: bool, start: tuple[float, float], false_start: bool) -> None:
        """See `Observations.show`."""
        place = (x * self.per_metre, y * self.per_metre) if visible else (0.0, 0.0)
        self._shown[:3] = *place, cue
        self._shown[10:_VECTOR] = false_start, visible, start[0] * self.per_metre, start[1] * self.per_metre

    def see(
        self, x: float, y: float, vx: float, vy: float, at_x: float, at_y: float, clock: float, moving: float, held: float
    ) -> npt.NDArray[np.float32]:
        """See `Observations.see`."""
        seen, per_metre, per_speed = self._shown.copy(), self.per_metre, self.per_speed
        # One write of seven numbers takes a third of the time of seven.
        put_seven(seen, FOURTH, x * per_metre, y * per_metre, vx * per_speed, vy * per_speed, clock, moving, held)
        return seen

    def decode(self, observations: Any) -> Sensed:
        """See `Observations.decode`; what a history adds is left out."""
        seen = np.asarray(observations, np.float64)
        body = seen[:, _VECTOR : self.shape[0]]
        return _sensed(seen[:, 2:_VECTOR], seen[:, :2] * self.workspace, self.workspace, body)


class BodyObservations(VectorObservations):
    """float32 (14 + senses,): "vector", then what is felt of the body, as the plant's `senses` say, with a delay of its own."""

    kind = "body"
    meaning = (
        "float32: vector, then what is felt of the body, as the plant says (`reach_gym.plants.plant.Plant.senses`), "
        "`felt_delay` steps old; of plants that have a body"
    )
    feels = True

    def __init__(self, workspace: float, arena: float, dt: float, senses: int) -> None:
        """Prepares the units of a task."""
        super().__init__(workspace, arena, dt, senses)
        self.plain, self._shown = None, np.zeros(_VECTOR + senses, np.float32)
        self.shape = self._shown.shape
        felt, own = np.full(senses, FELT_LIMIT, np.float32), self.space
        low, high = np.concatenate([own.low, -felt]), np.concatenate([own.high, felt])  # type: ignore[attr-defined]
        self.space = spaces.Box(low, high, dtype=np.float32)


def _sensed(seen: Floats, target: Floats, workspace: float, body: Floats) -> Sensed:
    """What "vector" and "goal" both say from the go cue on, (n, 12), and what is felt of the `body`."""
    visible = seen[:, 9] > 0.5
    aim = np.where(visible[:, None], target, seen[:, 10:12] * workspace)
    place, speed = seen[:, 1:3] * workspace, seen[:, 3:5] * SPEED_UNIT
    return Sensed(place, speed, aim, visible, seen[:, 0] > 0.5, seen[:, 8] > 0.5, body)


class GoalObservations(Observations):
    """The dict of goal-conditioned learning, all float64.

    ``observation`` (12,): as in "vector" from the go cue on; ``achieved_goal`` (2,): where the cursor is, in metres, neither
    delayed nor noisy; ``desired_goal`` (2,): the target in metres, the start before it appears.
    """

    kind = "goal"
    meaning = (
        "a dict of float64 arrays: `observation` (12,), as in vector from the go cue on; `achieved_goal` (2,), the "
        "cursor in metres; `desired_goal` (2,), the target in metres, the start before it appears"
    )
    late_goal = False  # the goals are neither delayed nor noisy, so that they give the reward
    shape = (16,)
    dtype = np.float64

    def __init__(self, workspace: float, arena: float, dt: float, senses: int) -> None:
        """Prepares the units of a task."""
        super().__init__(workspace, arena, dt, senses)
        self._shown = np.zeros(16)
        upper = _upper(workspace, self.place_limit, self.speed_limit)
        goal = spaces.Box(-self.place_limit, self.place_limit, (2,), np.float64)
        seen = spaces.Box(np.array(_lower(upper), np.float64), np.array(upper, np.float64), dtype=np.float64)
        self.space = spaces.Dict({"observation": seen, "achieved_goal": goal, "desired_goal": goal})

    @staticmethod
    def writer(numeric: Numeric) -> Callable[..., None]:
        """See `Observations.writer`."""
        where = numeric.where

        def fill(
            seen: Any,
            i: Any,
            target: Any,
            start: Any,
            cue: Any,
            visible: Any,
            sensed: Any,
            at: Any,
            told: Any,
            metre: Any,
            speed: Any,
        ) -> None:
            seen[i, 0] = cue
            seen[i, 1], seen[i, 2] = sensed[0] * metre, sensed[1] * metre
            seen[i, 3], seen[i, 4] = sensed[2] * speed, sensed[3] * speed
            seen[i, 5], seen[i, 6], seen[i, 7] = told[0], told[1], told[2]
            seen[i, 8], seen[i, 9] = told[3], visible
            seen[i, 10], seen[i, 11] = start[0] * metre, start[1] * metre
            seen[i, 12], seen[i, 13] = at[0], at[1]
            seen[i, 14], seen[i, 15] = where(visible, target[0], start[0]), where(visible, target[1], start[1])

        return fill

    def show(self, x: float, y: float, visible: bool, cue: bool, start: tuple[float, float], false_start: bool) -> None:
        """See `Observations.show`."""
        self._shown[0] = cue
        self._shown[8:12] = false_start, visible, start[0] * self.per_metre, start[1] * self.per_metre
        self._shown[14:] = (x, y) if visible else start

    def see(
        self, x: float, y: float, vx: float, vy: float, at_x: float, at_y: float, clock: float, moving: float, held: float
    ) -> dict[str, Floats]:
        """See `Observations.see`."""
        shown = self._shown
        shown[1:8] = (x * self.per_metre, y * self.per_metre, vx * self.per_speed, vy * self.per_speed, clock, moving, held)
        shown[12:14] = at_x, at_y
        return {"observation": shown[:12].copy(), "achieved_goal": shown[12:14].copy(), "desired_goal": shown[14:].copy()}

    def present(self, batch: npt.NDArray[Any]) -> dict[str, npt.NDArray[Any]]:
        """See `Observations.present`."""
        parts = {"observation": batch[..., :12], "achieved_goal": batch[..., 12:14], "desired_goal": batch[..., 14:]}
        return {name: part.copy() for name, part in parts.items()}

    def decode(self, observations: Any) -> Sensed:
        """See `Observations.decode`."""
        seen, goal = (np.asarray(observations[name], np.float64) for name in ("observation", "desired_goal"))
        return _sensed(seen[:, :12], goal[:, :2], self.workspace, seen[:, 12:])


class PixelObservations(Observations):
    """uint8 (3, 40, 40), as [channel, y, x]: the target's pixel, the cursor's pixel, the go cue, which lights all of its channel.

    The image shows the workspace; what lies beyond appears at its edge. After a false start the cue's channel is 64 without the
    cue and 191 with it, instead of 0 and 255. One image tells no velocity and no time: learners need several.
    """

    kind = "pixels"
    meaning = (
        "uint8 (3, 40, 40), as [channel, y, x]: target, cursor, and the go cue, which lights all of its channel: 255, without it "
        "0; after a false start 191, without it 64"
    )
    late_goal = True
    shape = (3, PIXELS, PIXELS)
    dtype = np.uint8

    def __init__(self, workspace: float, arena: float, dt: float, senses: int) -> None:
        """Prepares the units of a task."""
        super().__init__(workspace, arena, dt, senses)
        self._shown = np.zeros((3, PIXELS, PIXELS), np.uint8)
        self.space = spaces.Box(0, LIT, (3, PIXELS, PIXELS), np.uint8)

    @staticmethod
    def writer(numeric: Numeric) -> Callable[..., None]:
        """See `Observations.writer`."""
        where, whole, spread, helper = numeric

        @helper
        def pixel(place: Any, metre: Any) -> Any:
            at = (place * metre + 1.0) * (0.5 * PIXELS)
            return whole(where(at < 0.0, 0.0, where(at > PIXELS - 1.0, PIXELS - 1.0, at)))

        def fill(
            seen: Any,
            i: Any,
            target: Any,
            start: Any,
            cue: Any,
            visible: Any,
            sensed: Any,
            at: Any,
            told: Any,
            metre: Any,
            speed: Any,
        ) -> None:
            seen[i, :2] = 0
            seen[i, 0, pixel(target[1], metre), pixel(target[0], metre)] = where(visible, LIT, 0)
            seen[i, 1, pixel(sensed[1], metre), pixel(sensed[0], metre)] = LIT
            seen[i, 2] = spread(where(told[3], where(cue, LIT - _DIM, _DIM), where(cue, LIT, 0)))

        return fill

    def show(self, x: float, y: float, visible: bool, cue: bool, start: tuple[float, float], false_start: bool) -> None:
        """See `Observations.show`."""
        self._shown[0] = 0
        if visible:
            self._shown[0, self._pixel(y), self._pixel(x)] = LIT
        self._shown[2] = abs(LIT * cue - _DIM * false_start)

    def _pixel(self, place: float) -> int:
        return int(min(max((place * self.per_metre + 1.0) * (0.5 * PIXELS), 0.0), PIXELS - 1.0))

    def see(
        self, x: float, y: float, vx: float, vy: float, at_x: float, at_y: float, clock: float, moving: float, held: float
    ) -> npt.NDArray[np.uint8]:
        """See `Observations.see`."""
        seen = self._shown.copy()
        seen[1, self._pixel(y), self._pixel(x)] = LIT
        return seen

    def decode(self, observations: Any) -> Sensed:
        """See `Observations.decode`."""
        raise NotApplicableError(
            "an image tells neither the cursor's velocity nor its exact place; use the observation 'vector'."
        )


OBSERVATIONS: dict[str, type[Observations]] = {
    kind.kind: kind for kind in (VectorObservations, PixelObservations, GoalObservations, BodyObservations)
}
_FILLS = {name: kind.writer(ARRAYS) for name, kind in OBSERVATIONS.items()}


def observations_of(kind: str, workspace: float, arena: float, dt: float, senses: int) -> Observations:
    """The observations of one `kind` in a task with these measures, of a body with so many `senses`."""
    return OBSERVATIONS[kind](workspace, arena, dt, senses)
