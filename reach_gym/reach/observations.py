"""What an agent sees of the continuous reach: one small class per kind of observation.

Each has the same methods: `show` a target and go cue, then `see` the cursor (scalar environment); `batch` (vector environment);
`present`, which gives a batch its final form; `decode`, the inverse. Arrays that leave these classes are never reused.

In what they take, the cursor (x, y, vx, vy) is what the subject senses, delayed and noisy; `at` is where it really is.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from reach_gym import checks

Floats = npt.NDArray[np.float64]

SPEED_UNIT = 0.5  # m/s; a reach of 10 cm in half a second peaks at 0.375 m/s
PIXELS = 40  # along one side of an image: 5 mm each in the default workspace
LIT = 255

put_four: Callable[..., None] = struct.Struct("4f").pack_into
FOURTH = 12  # where the fourth of a row of float32 begins, in bytes


class CursorObservations(Protocol):
    """How one kind of observation is made and read."""

    kind: str
    place_limit: float
    speed_limit: float
    late_goal: bool
    per_metre: float
    per_speed: float

    @property
    def space(self) -> spaces.Space[Any]:
        """The space of one observation."""

    def show(self, x: float, y: float, visible: bool, cue: bool, start: tuple[float, float]) -> None:
        """Prepares `see`: the target (x, y), whether it is visible, whether the go cue is on, and the start."""

    def see(self, x: float, y: float, vx: float, vy: float, at_x: float, at_y: float) -> Any:
        """The observation of the cursor."""

    def batch(self, target: Any, visible: Any, cue: Any, start: Any, sensed: Any, at: Any) -> npt.NDArray[Any]:
        """The observations (n, ...) of a batch; pairs and the four numbers of `sensed` are sequences of arrays (n,)."""

    def present(self, batch: npt.NDArray[Any]) -> Any:
        """The batch in the form of the batched space."""

    def decode(self, observations: Any) -> tuple[Floats, Floats] | None:
        """Position and velocity (n, 2) of the cursor as sensed, in SI units; ``None`` where they cannot be told."""


class _Scaled:
    """What the kinds share: units and the bounds of what can be sensed."""

    def __init__(self, workspace: float, arena: float, dt: float) -> None:
        """Prepares the units of a task; see `reach_gym.reach.keywords.CursorTask`."""
        self.workspace = workspace
        self.per_metre, self.per_speed = 1.0 / workspace, 1.0 / SPEED_UNIT
        # Noise is cut there; without it a rotated cursor does not come as far.
        self.place_limit, self.speed_limit = 10 * workspace, 4 * arena / dt


class VectorObservations(_Scaled):
    """float32 (7,): target x, y (0 before it appears), go cue, cursor x, y, vx, vy, scaled to about [-1, 1]."""

    kind = "vector"
    late_goal = True  # the target is part of what is sensed, with its delay

    def __init__(self, workspace: float, arena: float, dt: float) -> None:
        """Prepares the units of a task."""
        super().__init__(workspace, arena, dt)
        self.shown = np.zeros(7, np.float32)
        place, speed = self.place_limit * self.per_metre, self.speed_limit * self.per_speed
        high = np.array([place, place, 1, place, place, speed, speed], np.float32)
        low = -high
        low[2] = 0
        self.space = spaces.Box(low, high, dtype=np.float32)

    def show(self, x: float, y: float, visible: bool, cue: bool, start: tuple[float, float]) -> None:
        """See `CursorObservations`."""
        place = (x * self.per_metre, y * self.per_metre) if visible else (0.0, 0.0)
        self.shown[:3] = *place, cue

    def see(self, x: float, y: float, vx: float, vy: float, at_x: float, at_y: float) -> npt.NDArray[np.float32]:
        """See `CursorObservations`."""
        seen, per_metre, per_speed = self.shown.copy(), self.per_metre, self.per_speed
        # One write of four numbers takes half the time of four.
        put_four(seen, FOURTH, x * per_metre, y * per_metre, vx * per_speed, vy * per_speed)
        return seen

    def batch(self, target: Any, visible: Any, cue: Any, start: Any, sensed: Any, at: Any) -> npt.NDArray[np.float32]:
        """See `CursorObservations`."""
        x, y, vx, vy = sensed
        seen = np.empty((len(x), 7), np.float32)
        seen[:, 0], seen[:, 1] = (np.where(visible, place * self.per_metre, 0.0) for place in target)
        seen[:, 2] = cue
        seen[:, 3], seen[:, 4] = x * self.per_metre, y * self.per_metre
        seen[:, 5], seen[:, 6] = vx * self.per_speed, vy * self.per_speed
        return seen

    def present(self, batch: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """See `CursorObservations`."""
        return batch

    def decode(self, observations: Any) -> tuple[Floats, Floats]:
        """See `CursorObservations`."""
        seen = np.asarray(observations, np.float64)
        return seen[:, 3:5] * self.workspace, seen[:, 5:7] * SPEED_UNIT


class GoalObservations(_Scaled):
    """The dict of goal-conditioned learning, all float64.

    ``observation`` (5,): go cue, cursor x, y, vx, vy, scaled; ``achieved_goal`` (2,): where the cursor is, in metres, neither
    delayed nor noisy; ``desired_goal`` (2,): the target in metres, the start before it appears.
    """

    kind = "goal"
    late_goal = False  # the goals are neither delayed nor noisy, so that they give the reward

    def __init__(self, workspace: float, arena: float, dt: float) -> None:
        """Prepares the units of a task."""
        super().__init__(workspace, arena, dt)
        self._shown = np.zeros(9)
        place, speed = self.place_limit * self.per_metre, self.speed_limit * self.per_speed
        high = np.array([1, place, place, speed, speed])
        low = -high
        low[0] = 0
        goal = spaces.Box(-self.place_limit, self.place_limit, (2,), np.float64)
        self.space = spaces.Dict(
            {"observation": spaces.Box(low, high, dtype=np.float64), "achieved_goal": goal, "desired_goal": goal}
        )

    def show(self, x: float, y: float, visible: bool, cue: bool, start: tuple[float, float]) -> None:
        """See `CursorObservations`."""
        self._shown[0] = cue
        self._shown[7:] = (x, y) if visible else start

    def see(self, x: float, y: float, vx: float, vy: float, at_x: float, at_y: float) -> dict[str, Floats]:
        """See `CursorObservations`."""
        shown = self._shown
        shown[1:7] = (x * self.per_metre, y * self.per_metre, vx * self.per_speed, vy * self.per_speed, at_x, at_y)
        return {"observation": shown[:5].copy(), "achieved_goal": shown[5:7].copy(), "desired_goal": shown[7:].copy()}

    def batch(self, target: Any, visible: Any, cue: Any, start: Any, sensed: Any, at: Any) -> Floats:
        """See `CursorObservations`."""
        x, y, vx, vy = sensed
        desired = (np.where(visible, place, rest) for place, rest in zip(target, start, strict=True))
        seen: Floats = np.stack(
            [cue * 1.0, x * self.per_metre, y * self.per_metre, vx * self.per_speed, vy * self.per_speed, *at, *desired], axis=1
        )
        return seen

    def present(self, batch: npt.NDArray[Any]) -> dict[str, npt.NDArray[Any]]:
        """See `CursorObservations`."""
        parts = {"observation": batch[..., :5], "achieved_goal": batch[..., 5:7], "desired_goal": batch[..., 7:]}
        return {name: part.copy() for name, part in parts.items()}

    def decode(self, observations: Any) -> tuple[Floats, Floats]:
        """See `CursorObservations`."""
        seen = np.asarray(observations["observation"], np.float64)
        return seen[:, 1:3] * self.workspace, seen[:, 3:5] * SPEED_UNIT


class PixelObservations(_Scaled):
    """uint8 (3, 40, 40), as [channel, y, x]: the target's pixel, the cursor's pixel, the go cue, which lights all of its channel.

    The image shows the workspace; what lies beyond appears at its edge.
    """

    kind = "pixels"
    late_goal = True

    def __init__(self, workspace: float, arena: float, dt: float) -> None:
        """Prepares the units of a task."""
        super().__init__(workspace, arena, dt)
        self._shown = np.zeros((3, PIXELS, PIXELS), np.uint8)
        self.space = spaces.Box(0, LIT, (3, PIXELS, PIXELS), np.uint8)

    def _pixel(self, place: Any) -> Any:
        return np.clip((np.asarray(place) * self.per_metre + 1.0) * (0.5 * PIXELS), 0, PIXELS - 1).astype(np.int64)

    def show(self, x: float, y: float, visible: bool, cue: bool, start: tuple[float, float]) -> None:
        """See `CursorObservations`."""
        self._shown[0] = 0
        if visible:
            self._shown[0, self._pixel(y), self._pixel(x)] = LIT
        self._shown[2] = LIT * cue

    def see(self, x: float, y: float, vx: float, vy: float, at_x: float, at_y: float) -> npt.NDArray[np.uint8]:
        """See `CursorObservations`."""
        seen = self._shown.copy()
        seen[1, self._pixel(y), self._pixel(x)] = LIT
        return seen

    def batch(self, target: Any, visible: Any, cue: Any, start: Any, sensed: Any, at: Any) -> npt.NDArray[np.uint8]:
        """See `CursorObservations`."""
        x, y = sensed[0], sensed[1]
        rows = np.arange(len(x))
        seen = np.zeros((len(x), 3, PIXELS, PIXELS), np.uint8)
        seen[rows, 0, self._pixel(target[1]), self._pixel(target[0])] = np.where(visible, LIT, 0)
        seen[rows, 1, self._pixel(y), self._pixel(x)] = LIT
        seen[:, 2] = np.where(cue, LIT, 0)[:, None, None]
        return seen

    def present(self, batch: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """See `CursorObservations`."""
        return batch

    def decode(self, observations: Any) -> None:
        """Images show no velocity."""
        return


KINDS: dict[str, Any] = {"vector": VectorObservations, "pixels": PixelObservations, "goal": GoalObservations}


def cursor_observations(kind: Any, workspace: float, arena: float, dt: float) -> CursorObservations:
    """The observations of one `kind` in a task with these measures.

    Raises:
        TypeError: `kind` is no string.
        ValueError: `kind` is unknown.
    """
    made: CursorObservations = KINDS[checks.choice("observation", kind, KINDS)](workspace, arena, dt)
    return made
