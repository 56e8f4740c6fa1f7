"""Which excitations make six muscles exert torques: static optimisation, and the activation's own dynamics turned round.

Of all activations that give both joints their torques, among those that the muscles can reach within the time step, those are
sought whose squares sum up to the least.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from reach_gym.planning.lqg import inverse, times
from reach_gym.plants.muscle_arm import MuscleArm
from reach_gym.plants.skeleton import pulled, reached
from reach_gym.plants.turns import cosine_and_sine

Floats = npt.NDArray[np.float64]

_NUDGE = 1e-3  # of an activation, for the slope of the force; less than what is left of the range where a muscle is fully active
_ROUNDS = 3  # of straight lines for the forces, which are nearly straight in the activation
_NEWTON, _NEAR = 12, 1e-6  # steps at most, and N m, where they end
_PRICE = 1e-4  # N^2 m^2, of which the least squares of a torque that no activations give are charged
_SECANT = 3


def torques_for_hand_force(force: Floats, state: Any, params: Any) -> Floats:
    """The torques (n, 2), N m, with which a resting arm exerts forces (n, 2), N, at its hand: the Jacobian, transposed.

    Args:
        force: (n, 2).
        state: Of the arms; the first two are the joint angles (n,), rad.
        params: The arm's.
    """
    _, _, j11, j12, j21, j22 = reached(*cosine_and_sine(state[0]), *cosine_and_sine(state[1]), params)
    x, y = force.T
    return np.stack([j11 * x + j21 * y, j12 * x + j22 * y], axis=1)


def exerted(activation: Floats, joints: Any, params: Any, plant: MuscleArm) -> Floats:
    """The torques of each muscle (n, 2, 6), N m, at activations (n, 6), for angles and angular velocities (n,) of both joints."""
    numbers = np.array(plant.muscle_numbers(params))
    return -np.stack(plant.pull(activation, *(np.asarray(each)[:, None] for each in joints), *numbers), axis=1)


def excitations_for(torque: Floats, state: Any, params: Any, plant: MuscleArm, around: Any = None) -> Floats:
    """The excitations (n, 6) after a time step of which the muscles exert torques, as nearly as they can.

    Args:
        torque: (n, 2), at the end of the step, N m.
        state: Of the arms at its beginning, each (n,).
        params: The arm's.
        plant: The arm.
        around: The field at the hand (`reach_gym.fields.field_around`); ``None`` for none.
    """
    q1, q2, w1, w2, *active = (np.asarray(each, np.float64) for each in state)
    now, dt = np.stack(active, axis=1), params.dt
    # Where the torques will have led to: the force of muscles depends much on their velocity.
    faster = pulled(*cosine_and_sine(q1), *cosine_and_sine(q2), w1, w2, torque[:, 0], torque[:, 1], around, params)
    joints = q1 + dt * w1, q2 + dt * w2, w1 + dt * faster[0], w2 + dt * faster[1]

    def after(excitation: Any) -> Floats:
        return np.asarray(plant.activations(now, excitation + 0.0 * now, params)[-1])

    low, high = after(0.0), after(1.0)
    wanted = np.clip(now, low, high)
    for _ in range(_ROUNDS):
        at = np.clip(wanted, _NUDGE, 1.0 - _NUDGE)
        up, down = (exerted(at + nudge, joints, params, plant) for nudge in (_NUDGE, -_NUDGE))
        slope = (up - down) / (2.0 * _NUDGE)
        rest = torque - (0.5 * (up + down) - slope * at[:, None]).sum(axis=2)
        wanted = least_effort(slope, rest, low, high)
    return _inverted(after, now, wanted, low, high)


def least_effort(slope: Floats, torque: Floats, low: Floats, high: Floats) -> Floats:
    """The activations a (n, m) of the least sum of squares with ``slope a = torque`` and ``low <= a <= high``.

    Where there are none, those that come nearest to the torque. They are ``slope' x`` within the bounds for some x (n, 2), which
    Newton's method finds as the minimum of the dual problem.

    Args:
        slope: (n, 2, m), N m.
        torque: (n, 2), N m.
        low: (n, m).
        high: (n, m).
    """
    turned, x = np.swapaxes(slope, 1, 2), np.zeros_like(torque)
    price = _PRICE * np.eye(2)
    # As if no bound held: a step that always leads downwards, where Newton's may lead too far.
    safe = inverse(slope @ turned + price)

    def bounded(x: Floats) -> tuple[Floats, Floats]:
        free = (turned * x[..., None, :]).sum(axis=-1)
        return free, np.clip(free, low, high)

    def dual(x: Floats) -> Floats:
        free, a = bounded(x)
        return np.asarray((a * (free - 0.5 * a)).sum(axis=-1) + (x * (0.5 * _PRICE * x - torque)).sum(axis=-1))

    for _ in range(_NEWTON):
        free, a = bounded(x)
        within = ((free > low) & (free < high))[:, None]
        off = times(slope, a) + _PRICE * x - torque
        done = np.abs(off).max(axis=1) < _NEAR
        if done.all():
            break
        newton = times(inverse((slope * within) @ turned + price), off)
        tried = x - np.stack([newton, 0.3 * newton, times(safe, off), 8.0 * times(safe, off)])
        best = np.take_along_axis(tried, dual(tried).argmin(axis=0)[None, :, None], axis=0)[0]
        x = np.where(done[:, None], x, best)  # what is found stays, whatever other rows need
    return np.asarray(bounded(x)[1])


def _inverted(after: Any, now: Floats, wanted: Floats, low: Floats, high: Floats) -> Floats:
    """The excitations that turn activations from `now` into those `wanted`, (n, m), by the method of false position."""
    # An excitation equal to the activation leaves that as it is.
    rises = wanted > now
    near, far = now, np.where(rises, 1.0, 0.0)
    left, right = now - wanted, np.where(rises, high, low) - wanted
    for _ in range(_SECANT):
        between = near - left * (far - near) / np.where(right == left, 1.0, right - left)
        miss = after(between) - wanted
        same = np.sign(miss) == np.sign(left)
        near, left = np.where(same, between, near), np.where(same, miss, left)
        far, right = np.where(same, far, between), np.where(same, right, miss)
    return np.clip(between, 0.0, 1.0)
