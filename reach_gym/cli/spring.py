"""The spring by which the pointer of a mouse draws the hand of a cursor task."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from reach_gym.fields import Pair
from reach_gym.planning.muscles import excitations_for, torques_for_hand_force
from reach_gym.plants.muscle_arm import MuscleArm
from reach_gym.plants.plant import Plant
from reach_gym.plants.skeleton import JointedArm, bent
from reach_gym.plants.two_link_arm import TwoLinkArm
from reach_gym.reach.keywords import Reach

Matrix = npt.NDArray[np.float64]

# Natural frequency of the virtual tool, in rad/s: for 1 kg 256 N/m and, critically damped, 32 N s/m. Stiffer, and nothing could
# be felt of the fields (here the curl field of 13 N s/m pushes a reach of 10 cm about 14 mm aside); softer, and the hand lags.
_FREQUENCY = 16.0
_STEADY = 0.5  # the frequency times dt at most: a coarser time step makes the spring softer, not unstable (which begins at 0.83)
_LAGGING = 0.64  # the frequency times the lag of the hand's force at most: beyond it the hand would swing around the pointer


class Spring(NamedTuple):
    """What draws the hand to the pointer.

    Attributes:
        stiffness: float64 (2, 2), N/m.
        damping: float64 (2, 2), N s/m, besides the hand's own.
    """

    stiffness: Matrix
    damping: Matrix


def _hand_of(plant: Plant) -> tuple[Matrix, float, float]:
    """Mass (2, 2), kg, damping, N s/m, and lag, s, of the hand; of an arm, in the middle of the workspace.

    The damping of an arm's joints is not among it, as the torques of `pull` take that off joint by joint.
    """
    if isinstance(plant, JointedArm):
        lag = plant.force_lag if isinstance(plant, TwoLinkArm) else 0.0
        return np.linalg.inv(plant.mobility(*bent(0.0, 0.0, plant.bones))), 0.0, lag
    hand = plant.linear()
    return hand.mass * np.eye(2), hand.damping, hand.lag


@functools.lru_cache(maxsize=8)
def spring_of(plant: Plant, dt: float) -> Spring:
    """The critically damped spring of a `plant` in time steps of `dt` seconds.

    It is the stiffer, the heavier the hand is in a direction, and the damping of the hand counts as part of the spring's, so that
    every hand feels alike.
    """
    mass, damping, lag = _hand_of(plant)
    frequency = min(_FREQUENCY, _STEADY / dt, *([_LAGGING / lag] if lag else []))
    return Spring(frequency**2 * mass, 2 * frequency * mass - damping * np.eye(2))


def pull(task: Reach, pointer: Pair, state: Sequence[float]) -> npt.NDArray[np.float32]:
    """The action with which the spring draws the hand to the pointer; what is too much is cut without turning it.

    Args:
        task: The task.
        pointer: Where the pointer is on the board, in metres.
        state: Of the plant.

    Returns:
        float32 (n,), one number for each actuator, within its bounds.
    """
    plant, spring = task.plant, spring_of(task.plant, task.dt)
    hand = np.array(plant.hand(state, task.params))
    force = spring.stiffness @ (pointer - hand[:2]) - spring.damping @ hand[2:]
    command = _drive(plant, force, state, task.params) if isinstance(plant, JointedArm) else force
    action = command / plant.strength
    return (action / max(1.0, float(np.abs(action).max()))).astype(np.float32)


def _drive(plant: JointedArm, force: Matrix, state: Sequence[float], params: Any) -> Matrix:
    """The commands of an arm that push its hand with a force (N), and make up for the damping of the joints."""
    joints = [np.array([each]) for each in state]
    torques = torques_for_hand_force(force[None], joints, params) + np.array(plant.constants.damping) @ state[2:4]
    commands = excitations_for(torques, joints, params, plant) if isinstance(plant, MuscleArm) else torques
    command: Matrix = commands[0]
    return command
