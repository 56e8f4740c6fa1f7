"""An arm as its controller knows it: where its joints are for a hand, which torques move it, and a step linearised at the hand.

A state is that of the hand, (x, y, vx, vy) in metres and metres per second, and where the torques lag behind the command these
two follow, N m. The elbow bends to one side, so that the hand says all of the joints. Commands are torques (shoulder, elbow).
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
import numpy.typing as npt

from reach_gym.fields import FieldNumbers, field_around
from reach_gym.planning.lqg import inverse, times
from reach_gym.plants.lagged_mass import fading
from reach_gym.plants.skeleton import JointedArm, inertia, pulled, reached
from reach_gym.plants.turns import cosine_and_sine
from reach_gym.plants.two_link_arm import TwoLinkArm

Floats = npt.NDArray[np.float64]

_STEP = 1e-5  # m, m/s and N m, of the central differences
_MARGIN = 0.003  # m; nearer to its ends the arm has hardly a direction in which it can move
_TOGETHER = 2048  # states that are stepped at once: more would not stay in the processor's cache
_PUSH = np.array([FieldNumbers._fields.index(name) for name in ("push_x", "push_y")])
_EVERYWHERE = (-np.inf, -np.inf, np.inf, np.inf)


class ArmModel:
    """A torque arm: the plant itself, or one of the same bones where muscles move these."""

    def __init__(self, plant: JointedArm, dt: float) -> None:
        """Prepares for time steps of `dt` seconds."""
        bones = {field.name: getattr(plant, field.name) for field in fields(JointedArm)}
        self.drives = isinstance(plant, TwoLinkArm)
        self.arm = plant if isinstance(plant, TwoLinkArm) else TwoLinkArm(**bones)
        self.dt = dt
        self._params = self.arm.params(dt, self.arm.arena(0.0))
        self.lag = self.arm.force_lag
        self.keep = fading(dt, self.lag)[0] if self.lag else 0.0
        upper, fore = self.arm.constants.lengths
        self._reach = abs(upper - fore) + _MARGIN, upper + fore - _MARGIN
        self.size = 6 if self.keep else 4

    def joints(self, hand: Floats) -> Floats:
        """Angles (rad) and angular velocities (rad/s) (n, 4) of both joints for hands (n, 4).

        Of a hand that is believed to be out of reach they are those of the nearest that is not.
        """
        shoulder = np.array(self.arm.shoulder)
        away = hand[:, :2] - shoulder
        length = np.maximum(np.hypot(away[:, 0], away[:, 1]), 1e-9)
        place = shoulder + away * (np.clip(length, *self._reach) / length)[:, None]
        q1, q2, *_ = self.arm.start(place[:, 0], place[:, 1], self._params)
        pace = times(inverse(self.jacobian(q1, q2)[0]), hand[:, 2:4])
        return np.stack([q1, q2, pace[:, 0], pace[:, 1]], axis=1)

    def jacobian(self, q1: Any, q2: Any) -> tuple[Floats, Floats]:
        """The Jacobians (n, 2, 2) at joint angles (n,), m/rad, and the inertia matrices (n, 2, 2), kg m^2."""
        c2, s2 = cosine_and_sine(q2)
        _, _, *rows = reached(*cosine_and_sine(q1), c2, s2, self._params)
        m11, m12, m22 = inertia(c2, self._params)
        return np.stack(rows, axis=1).reshape(-1, 2, 2), np.stack([m11, m12, m12, m22 + 0.0 * m11], axis=1).reshape(-1, 2, 2)

    def torques(self, hand: Floats, acceleration: Floats) -> tuple[Floats, Floats, Floats]:
        """Inverse dynamics without a field.

        Args:
            hand: (n, 4).
            acceleration: (n, 2), of the hand, m/s^2.

        Returns:
            The torques (n, 2), the Jacobians (n, 2, 2), and the torques per acceleration of the hand (n, 2, 2), N m s^2/m.
        """
        q1, q2, w1, w2 = self.joints(hand).T
        turns = *cosine_and_sine(q1), *cosine_and_sine(q2)
        jacobian, mass = self.jacobian(q1, q2)
        per = mass @ inverse(jacobian)
        # The hand of joints that turn evenly accelerates towards them; the Jacobian's columns are the ways from them, turned.
        fore = np.stack([jacobian[:, 1, 1], -jacobian[:, 0, 1]], axis=1)
        whole = np.stack([jacobian[:, 1, 0], -jacobian[:, 0, 0]], axis=1)
        inward = (w1 * w1)[:, None] * (whole - fore) + ((w1 + w2) ** 2)[:, None] * fore
        coasting = np.stack(pulled(*turns, w1, w2, 0.0, 0.0, None, self._params)[:2], axis=1)
        return times(per, acceleration + inward) - times(mass, coasting), jacobian, per

    def command(self, now: Floats, then: Floats) -> Floats:
        """The commands (n, 2) that make the torques (n, 2) what they are to be at the beginning of a step and at its end.

        Muscles take the torques at the end.
        """
        if not self.drives:
            return then
        return (then - self.keep * now) / (1.0 - self.keep) if self.keep else 0.5 * (now + then)

    def step(self, state: Floats, command: Floats, field: Floats) -> Floats:
        """The states (n, d) after one step under commands (n, 2) and fields (n, 16) whose factor is 1."""
        own = state[:, 4:] if self.keep else np.zeros_like(command)
        joints = np.concatenate([self.joints(state), own], axis=1)
        after, _, _ = self.arm.step(tuple(joints.T), tuple(command.T), 1.0, tuple(field.T), self._params)
        return np.stack([*self.arm.hand(after, self._params), *after[4 : self.size]], axis=1)

    def linear(self, state: Floats, command: Floats, field: Floats) -> tuple[Floats, Floats, Floats]:
        """The matrices of a step from states (n, d), by central differences.

        Returns:
            A (n, d, d) on the state, B (n, d, 2) on the command, and (n, d, 2) on a force at the hand, N.
        """
        whole = np.concatenate([state, command, field], axis=1)
        changed = np.r_[: self.size + 2, self.size + 2 + _PUSH]
        nudges = np.zeros((2, len(changed), whole.shape[1]))
        nudges[0, np.arange(len(changed)), changed] = _STEP
        nudges[1] = -nudges[0]
        each, parts = max(1, _TOGETHER // nudges[..., 0].size), []
        for at in range(0, len(state), each):
            near = (whole[at : at + each, None, None] + nudges).reshape(-1, whole.shape[1])
            ahead = self.step(*np.split(near, [self.size, self.size + 2], axis=1))
            up, down = np.moveaxis(ahead.reshape(-1, 2, len(changed), self.size), 1, 0)
            parts.append(np.swapaxes(up - down, 1, 2) / (2.0 * _STEP))
        a, b, c = np.split(np.concatenate(parts), [self.size, self.size + 2], axis=2)
        return a, b, c


def felt(field: Floats, scale: Floats, place: Floats, outside: Any = 0.0) -> Floats:
    """Fields (n, 16) of factor 1 that act everywhere as the `field` (n, 16) at a factor (n,) acts around a `place` (n, 2).

    With a force from `outside` (n, 2), N, that acts beside it.
    """
    here = np.stack(field_around(scale, place[:, 0], place[:, 1], *field.T), axis=1)
    here[:, :2] += outside
    return np.concatenate([np.tile(_EVERYWHERE, (len(here), 1)), here, np.zeros((len(here), 2))], axis=1)
