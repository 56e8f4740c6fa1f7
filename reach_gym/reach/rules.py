"""The rules of a continuous reach: phases of a trial, false start, success and reward.

Component-wise functions, as in `reach_gym.plants.point_mass`: floats, arrays and Numba alike. Truth values are 0 or 1.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

# One unit of the dense reward's distance, in 1/m: 10 cm cost as much per step as the sparse reward does.
PER_METRE = 10.0
# Cost of the greatest effort along one axis, per step.
EFFORT_COST = 0.01


class Phase(IntEnum):
    """Where a trial stands.

    HOLD: the hand rests at the start, no target is shown. PLAN: the target is shown, the hand must wait. MOVE: the go cue has
        come.
    """

    HOLD = 0
    PLAN = 1
    MOVE = 2


class Plants(NamedTuple):
    """What a controller is told about the trials under way in n rows; 1 for the scalar environment.

    Attributes:
        dt: Time step in seconds.
        mass: In kilograms.
        damping: Of the mass itself, N s/m.
        max_force: Greatest force along one axis, in newtons.
        step: int64 (n,), steps taken.
        go: int64 (n,), the step at which the go cue begins. A controller waits for the cue that it sees.
        onset: The step at which the target appears.
        start: float64 (n, 2), metres.
        target: float64 (n, 2), metres.
        field: float64 (n, 16), `reach_gym.fields.ForceField.numbers` of each row's field.
        scale: float64 (n, steps), factor on the field in the step that leads from state s to state s + 1.
        rotation: float64 (n, 2), cosine and sine of the visuomotor rotation.
        delay: Sensory delay in steps.
        sensory_noise: Standard deviations of position (m) and velocity (m/s).
        motor_noise: Standard deviations: additive (N) and as a share of the force.
    """

    dt: float
    mass: float
    damping: float
    max_force: float
    step: npt.NDArray[np.int64]
    go: npt.NDArray[np.int64]
    onset: int
    start: npt.NDArray[np.float64]
    target: npt.NDArray[np.float64]
    field: npt.NDArray[np.float64]
    scale: npt.NDArray[np.float64]
    rotation: npt.NDArray[np.float64]
    delay: int
    sensory_noise: tuple[float, float]
    motor_noise: tuple[float, float]


class Sensed(NamedTuple):
    """What n observations say, in SI units.

    Attributes:
        position: float64 (n, 2), the cursor, delayed and noisy as observed.
        velocity: float64 (n, 2), likewise.
        target: float64 (n, 2); the start where it is not visible yet.
        visible: bool (n,), whether the target is.
        go: bool (n,), whether the go cue is on.
    """

    position: npt.NDArray[np.float64]
    velocity: npt.NDArray[np.float64]
    target: npt.NDArray[np.float64]
    visible: npt.NDArray[np.bool_]
    go: npt.NDArray[np.bool_]


def phase(step: Any, onset: Any, go: Any) -> Any:
    """The phase (`Phase`) after `step` steps; the target appears at `onset`, the go cue begins at `go`."""
    return 1 * (step >= onset) + 1 * (step >= go)


def cue_is_on(step: Any, go: Any, pulse: Any) -> Any:
    """Whether the go cue, which begins at `go` and lasts for `pulse` steps, is on at `step`."""
    return (go <= step) & (step < go + pulse)


def has_left(x: Any, y: Any, start_x: Any, start_y: Any, limit: Any) -> Any:
    """Whether the cursor is further from its start than the square root of `limit`."""
    dx, dy = x - start_x, y - start_y
    return dx * dx + dy * dy > limit


def is_on_target(squared: Any, vx: Any, vy: Any, moving: Any, spoilt: Any, radius_squared: Any, speed_squared: Any) -> Any:
    """Whether the cursor rests on the target after the go cue.

    Args:
        squared: Squared distance of cursor and target.
        vx: Velocity.
        vy: Velocity.
        moving: Whether the go cue has come.
        spoilt: 1 if a false start rules success out.
        radius_squared: Square of the greatest distance.
        speed_squared: Square of the greatest speed.
    """
    slow = vx * vx + vy * vy <= speed_squared
    return (squared <= radius_squared) & slow & moving & (spoilt == 0)


def sparse_reward(on_target: Any) -> Any:
    """-1 per step, 0 on the target."""
    return 1.0 * on_target - 1.0


def dense_reward(distance: Any, effort: Any, moving: Any, spoilt: Any) -> Any:
    """Minus the distance in units of 10 cm after the go cue, minus a little effort, minus 1 after a false start."""
    return 0.0 - 1.0 * moving * distance * PER_METRE - EFFORT_COST * effort - 1.0 * spoilt


COMPONENT_WISE = (phase, cue_is_on, has_left, is_on_target, sparse_reward, dense_reward)
