"""The spring by which the pointer of a mouse draws the hand of a cursor task."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from reach_gym.fields import Pair
from reach_gym.reach.keywords import Reach

# Natural frequency of the virtual tool, in rad/s: for 1 kg 256 N/m and, critically damped, 32 N s/m. Stiffer, and nothing could
# be felt of the fields (here the curl field of 13 N s/m pushes a reach of 10 cm about 14 mm aside); softer, and the hand lags.
_FREQUENCY = 16.0
_STEADY = 0.5  # the frequency times dt at most: a coarser time step makes the spring softer, not unstable (which begins at 0.83)
_LAGGING = 0.64  # the frequency times the lag of the hand's force at most: beyond it the hand would swing around the pointer


class Spring(NamedTuple):
    """What draws the hand to the pointer.

    Attributes:
        stiffness: N/m.
        damping: N s/m, besides the hand's own.
    """

    stiffness: float
    damping: float


def spring_of(task: Reach) -> Spring:
    """The critically damped spring of a task.

    The damping of the task's own hand counts as part of the spring's, so that every hand feels alike.
    """
    body = task.plant.linear()
    frequency = min(_FREQUENCY, _STEADY / task.dt, *([_LAGGING / body.lag] if body.lag else []))
    return Spring(body.mass * frequency**2, 2 * body.mass * frequency - body.damping)


def pull(task: Reach, pointer: Pair, hand: Pair, velocity: Pair) -> npt.NDArray[np.float32]:
    """The action with which the spring draws the hand to the pointer; a force beyond `max_force` is cut without turning it.

    Args:
        task: The task.
        pointer: Where the pointer is on the board, in metres.
        hand: Where the hand is, in metres.
        velocity: Of the hand, in m/s.

    Returns:
        float32 (2,), the force over `max_force`, within [-1, 1].
    """
    spring, strength = spring_of(task), task.plant.linear().strength
    force = np.array([spring.stiffness * (p - h) - spring.damping * v for p, h, v in zip(pointer, hand, velocity, strict=True)])
    return (force / max(strength, float(np.abs(force).max()))).astype(np.float32)
