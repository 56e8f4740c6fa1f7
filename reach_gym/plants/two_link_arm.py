"""An arm of two bones in the plane with a motor at each joint; see `reach_gym.plants.skeleton`.

Component-wise functions as in `reach_gym.plants.point_mass`.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from reach_gym.fields import field_around, is_inside
from reach_gym.keywords import keyword, number_from
from reach_gym.plants.lagged_mass import fading
from reach_gym.plants.point_mass import LONGEST_LAG
from reach_gym.plants.skeleton import Bones, JointedArm, Pair, bent, hand_at, pair_from, pulled, reached, stop_joints
from reach_gym.plants.turns import cosine_and_sine, turned_on


class State(NamedTuple):
    """Angles (rad), angular velocities (rad/s) and own torques (N m) of shoulder and elbow."""

    q1: Any
    q2: Any
    w1: Any
    w2: Any
    t1: Any
    t2: Any


# What does not change: the `Bones`; the time step, s; how much of the difference between torque and command is left at its
# beginning, where without a lag there is none, and after each quarter of it.
_named = namedtuple("Params", (*Bones._fields, "dt", "keep_0", "keep_1", "keep_2", "keep_3", "keep_4"))  # type: ignore[misc]
Params: type[Any] = _named


def start(x: Any, y: Any, params: Any) -> Any:
    """At rest with the hand at (x, y), without torque."""
    q1, q2 = bent(x, y, params)
    still = 0.0 * q1 + 0.0
    return q1, q2, still, still + 0.0, still + 0.0, still + 0.0


def half_step(joints: Any, turns: Any, before: Any, during: Any, after: Any, around: Any, h: Any, params: Any) -> Any:
    """One step of the Runge-Kutta method of order 4.

    Args:
        joints: Angles and angular velocities.
        turns: Cosine and sine of both angles.
        before: The torques at the beginning.
        during: In the middle.
        after: At the end.
        around: As for `reach_gym.plants.skeleton.pulled`.
        h: Its length, s.
        params: As `Params`.

    Returns:
        New joints and turns, and the mean force (x, y) of the field.
    """
    q1, q2, w1, w2 = joints
    c1, s1, c2, s2 = turns
    middle, sixth = 0.5 * h, h * (1.0 / 6.0)
    a1, a2, fx1, fy1 = pulled(c1, s1, c2, s2, w1, w2, before[0], before[1], around, params)
    v1, v2 = w1 + middle * a1, w2 + middle * a2
    d1, e1 = turned_on(c1, s1, middle * w1)
    d2, e2 = turned_on(c2, s2, middle * w2)
    b1, b2, fx2, fy2 = pulled(d1, e1, d2, e2, v1, v2, during[0], during[1], around, params)
    x1, x2 = w1 + middle * b1, w2 + middle * b2
    d1, e1 = turned_on(c1, s1, middle * v1)
    d2, e2 = turned_on(c2, s2, middle * v2)
    g1, g2, fx3, fy3 = pulled(d1, e1, d2, e2, x1, x2, during[0], during[1], around, params)
    z1, z2 = w1 + h * g1, w2 + h * g2
    d1, e1 = turned_on(c1, s1, h * x1)
    d2, e2 = turned_on(c2, s2, h * x2)
    k1, k2, fx4, fy4 = pulled(d1, e1, d2, e2, z1, z2, after[0], after[1], around, params)
    by1, by2 = sixth * (w1 + 2.0 * (v1 + x1) + z1), sixth * (w2 + 2.0 * (v2 + x2) + z2)
    w1, w2 = w1 + sixth * (a1 + 2.0 * (b1 + g1) + k1), w2 + sixth * (a2 + 2.0 * (b2 + g2) + k2)
    c1, s1 = turned_on(c1, s1, by1)
    c2, s2 = turned_on(c2, s2, by2)
    mean = (1.0 / 6.0) * (fx1 + 2.0 * (fx2 + fx3) + fx4), (1.0 / 6.0) * (fy1 + 2.0 * (fy2 + fy3) + fy4)
    return (q1 + by1, q2 + by2, w1, w2), (c1, s1, c2, s2), mean[0], mean[1]


def step(state: Any, command: Any, scale: Any, field: Any, params: Any) -> Any:
    """One time step: two of the Runge-Kutta method of order 4, each of half the length.

    Whether the field's region acts is decided where the hand would be in the middle of the step at its velocity, as for the
    point mass. The torques come nearer to the command by an exponential, exactly.

    Args:
        state: As `State`.
        command: The torques at shoulder and elbow, N m, that the arm's own tend to.
        scale: Factor on the field.
        field: `reach_gym.fields.FieldNumbers`, or ``None`` where there is no field; the bits are those of a field of zeros.
        params: As `Params`.

    Returns:
        The new state, and the field's mean force (x, y) on the hand during the step, N.
    """
    q1, q2, w1, w2, t1, t2 = state
    dt, keep_0, keep_1, keep_2, keep_3, keep_4 = params[15], params[16], params[17], params[18], params[19], params[20]
    u1, u2 = command[0] + 0.0, command[1] + 0.0  # a torque of zero has no sign
    over_1, over_2 = t1 - u1, t2 - u2
    at_0, at_1 = (u1 + over_1 * keep_0, u2 + over_2 * keep_0), (u1 + over_1 * keep_1, u2 + over_2 * keep_1)
    at_2, at_3 = (u1 + over_1 * keep_2, u2 + over_2 * keep_2), (u1 + over_1 * keep_3, u2 + over_2 * keep_3)
    at_4 = u1 + over_1 * keep_4, u2 + over_2 * keep_4
    c1, s1 = cosine_and_sine(q1)
    c2, s2 = cosine_and_sine(q2)
    turns, h = (c1, s1, c2, s2), 0.5 * dt
    if field is None:
        around = None
    else:
        x, y, j11, j12, j21, j22 = reached(c1, s1, c2, s2, params)
        around = field_around(scale, x + h * (j11 * w1 + j12 * w2), y + h * (j21 * w1 + j22 * w2), *field)
    joints, turns, fx1, fy1 = half_step((q1, q2, w1, w2), turns, at_0, at_1, at_2, around, h, params)
    joints, turns, fx2, fy2 = half_step(joints, turns, at_2, at_3, at_4, around, h, params)
    q1, q2, w1, w2 = joints
    return (q1, q2, w1, w2, at_4[0], at_4[1]), 0.5 * (fx1 + fx2), 0.5 * (fy1 + fy2)


def stop(state: Any, params: Any) -> Any:
    """Stops the joints at their limits; see `reach_gym.plants.skeleton.stop_joints`."""
    q1, q2, w1, w2, t1, t2 = state
    q1, q2, w1, w2 = stop_joints(q1, q2, w1, w2, params)
    return q1, q2, w1, w2, t1, t2


def hand(state: Any, params: Any) -> Any:
    """The hand's x, y, vx, vy."""
    q1, q2, w1, w2, _, _ = state
    return hand_at(q1, q2, w1, w2, params)


_FUNCTIONS = (start, half_step, step, stop, hand, field_around, is_inside)


@dataclass(frozen=True, kw_only=True)
class TwoLinkArm(JointedArm):
    """A planar arm with a motor at shoulder and elbow, whose torques follow the command at once or with a lag.

    With the command u held during a step and t the torque at its beginning, the torque ends as ``u + (t - u) exp(-dt / lag)``.
    """

    kind: ClassVar[str] = "two_link_arm"
    title: ClassVar[str] = "an arm of two bones"
    State: ClassVar[type[Any]] = State
    Params: ClassVar[type[Any]] = Params
    low: ClassVar[tuple[float, ...]] = (-1.0, -1.0)
    high: ClassVar[tuple[float, ...]] = (1.0, 1.0)
    start = staticmethod(start)
    step = staticmethod(step)
    stop = staticmethod(stop)
    hand = staticmethod(hand)
    COMPONENT_WISE: ClassVar[tuple[Callable[..., Any], ...]] = (*JointedArm.functions, *_FUNCTIONS)

    max_torque: Pair = keyword(
        (10.0, 10.0),
        "Torques at shoulder and elbow for an action of 1 (chosen: a reach of 10 cm in half a second through a curl field of "
        "13 N s/m takes half of it).",
        "N m",
        pair_from(1e-6, 1e6),
    )
    force_lag: float = keyword(
        0.0,
        "Time constant with which the torques follow the command: a low-pass of the first order. 0 is none.",
        "s",
        number_from(0, LONGEST_LAG),
    )

    def params(self, dt: float, arena: float) -> Any:
        """See `Plant.params`.

        Raises:
            ValueError: `dt` is longer than 20 ms.
        """
        self.require_short(dt)
        lag = self.force_lag
        kept = (1.0, *(fading(dt * k / 4, lag)[0] for k in range(1, 5))) if lag else (0.0,) * 5
        return Params(*self.bones, dt, *kept)

    @property
    def strength(self) -> tuple[float, ...]:
        """See `Plant.strength`."""
        return self.max_torque

    def describe(self) -> str:
        """One line about the body, for people."""
        lag = f", whose torques follow the command within {1000 * self.force_lag:g} ms" if self.force_lag else ""
        return super().describe() + lag

    def describe_actions(self) -> str:
        """One line about what the actions do, for people."""
        shoulder, elbow = self.max_torque
        return f"the torques at shoulder and elbow, 1 is {shoulder:g} and {elbow:g} N m"
