"""How an arm moves through one time step, whatever makes its torques; see `reach_gym.plants.skeleton`.

Component-wise functions as in `reach_gym.plants.point_mass`. What drives the joints and does not depend on them, such as torques
or the activations of muscles, is worked out before at five instants of the step: its *drives*.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reach_gym.fields import field_around, is_inside
from reach_gym.plants.skeleton import pulled, reached
from reach_gym.plants.turns import cosine_and_sine, turned_on


def motion_with(torques: Callable[..., Any]) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """The functions that move an arm by such torques.

    Args:
        torques: ``torques(drive, q1, q2, w1, w2, params)``: what the arm's own actuators exert at shoulder and elbow, N m.

    Returns:
        ``half_step`` and ``move``, for `reach_gym.plants.plant.Plant.COMPONENT_WISE`; whoever makes an arm calls the second.
    """

    def half_step(joints: Any, turns: Any, before: Any, during: Any, after: Any, around: Any, h: Any, params: Any) -> Any:
        """One step of the Runge-Kutta method of order 4.

        Args:
            joints: Angles and angular velocities.
            turns: Cosine and sine of both angles.
            before: The drive at the beginning.
            during: In the middle.
            after: At the end.
            around: As for `reach_gym.plants.skeleton.pulled`.
            h: Its length, s.
            params: Of the plant; the first are `reach_gym.plants.skeleton.Bones`.

        Returns:
            New joints and turns, and the mean force (x, y) of the field.
        """
        q1, q2, w1, w2 = joints
        c1, s1, c2, s2 = turns
        middle, sixth = 0.5 * h, h * (1.0 / 6.0)
        u1, u2 = torques(before, q1, q2, w1, w2, params)
        a1, a2, fx1, fy1 = pulled(c1, s1, c2, s2, w1, w2, u1, u2, around, params)
        v1, v2 = w1 + middle * a1, w2 + middle * a2
        p1, p2 = middle * w1, middle * w2
        d1, e1 = turned_on(c1, s1, p1)
        d2, e2 = turned_on(c2, s2, p2)
        u1, u2 = torques(during, q1 + p1, q2 + p2, v1, v2, params)
        b1, b2, fx2, fy2 = pulled(d1, e1, d2, e2, v1, v2, u1, u2, around, params)
        x1, x2 = w1 + middle * b1, w2 + middle * b2
        p1, p2 = middle * v1, middle * v2
        d1, e1 = turned_on(c1, s1, p1)
        d2, e2 = turned_on(c2, s2, p2)
        u1, u2 = torques(during, q1 + p1, q2 + p2, x1, x2, params)
        g1, g2, fx3, fy3 = pulled(d1, e1, d2, e2, x1, x2, u1, u2, around, params)
        z1, z2 = w1 + h * g1, w2 + h * g2
        p1, p2 = h * x1, h * x2
        d1, e1 = turned_on(c1, s1, p1)
        d2, e2 = turned_on(c2, s2, p2)
        u1, u2 = torques(after, q1 + p1, q2 + p2, z1, z2, params)
        k1, k2, fx4, fy4 = pulled(d1, e1, d2, e2, z1, z2, u1, u2, around, params)
        by1, by2 = sixth * (w1 + 2.0 * (v1 + x1) + z1), sixth * (w2 + 2.0 * (v2 + x2) + z2)
        w1, w2 = w1 + sixth * (a1 + 2.0 * (b1 + g1) + k1), w2 + sixth * (a2 + 2.0 * (b2 + g2) + k2)
        c1, s1 = turned_on(c1, s1, by1)
        c2, s2 = turned_on(c2, s2, by2)
        mean = (1.0 / 6.0) * (fx1 + 2.0 * (fx2 + fx3) + fx4), (1.0 / 6.0) * (fy1 + 2.0 * (fy2 + fy3) + fy4)
        return (q1 + by1, q2 + by2, w1, w2), (c1, s1, c2, s2), mean[0], mean[1]

    def move(q1: Any, q2: Any, w1: Any, w2: Any, drives: Any, scale: Any, field: Any, dt: Any, params: Any) -> Any:
        """One time step: two of the Runge-Kutta method of order 4, each of half the length.

        Whether the field's region acts is decided where the hand would be in the middle of the step at its velocity, as for the
        point mass.

        Args:
            q1: Angle of the shoulder, rad.
            q2: Of the elbow.
            w1: Angular velocity of the shoulder, rad/s.
            w2: Of the elbow.
            drives: After no, one, two, three and four quarters of the step.
            scale: Factor on the field.
            field: `reach_gym.fields.FieldNumbers`, or ``None`` where there is no field; the bits are those of a field of zeros.
            dt: The time step, s.
            params: Of the plant; the first are `reach_gym.plants.skeleton.Bones`.

        Returns:
            New angles and angular velocities, and the field's mean force (x, y) on the hand during the step, N.
        """
        c1, s1 = cosine_and_sine(q1)
        c2, s2 = cosine_and_sine(q2)
        at_0, at_1, at_2, at_3, at_4 = drives
        turns, h = (c1, s1, c2, s2), 0.5 * dt
        if field is None:
            around = None
        else:
            x, y, j11, j12, j21, j22 = reached(c1, s1, c2, s2, params)
            around = field_around(scale, x + h * (j11 * w1 + j12 * w2), y + h * (j21 * w1 + j22 * w2), *field)
        joints, turns, fx1, fy1 = half_step((q1, q2, w1, w2), turns, at_0, at_1, at_2, around, h, params)
        joints, turns, fx2, fy2 = half_step(joints, turns, at_2, at_3, at_4, around, h, params)
        return joints, 0.5 * (fx1 + fx2), 0.5 * (fy1 + fy2)

    return half_step, move


COMPONENT_WISE = (field_around, is_inside)
