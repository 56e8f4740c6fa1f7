"""An arm of two bones in the plane with a motor at each joint; see `reach_gym.plants.skeleton`.

Component-wise functions as in `reach_gym.plants.point_mass`.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from reach_gym.keywords import keyword, number_from
from reach_gym.plants import arm_motion
from reach_gym.plants.arm_motion import motion_with
from reach_gym.plants.lagged_mass import fading
from reach_gym.plants.point_mass import LONGEST_LAG
from reach_gym.plants.skeleton import Bones, JointedArm, Pair, bent, hand_at, pair_from, stop_joints


class State(NamedTuple):
    """Angles (rad), angular velocities (rad/s) and own torques (N m) of shoulder and elbow."""

    q1: Any
    q2: Any
    w1: Any
    w2: Any
    t1: Any
    t2: Any


# What does not change: the `Bones`; the time step, s; how much of the difference between torque and command is left at its
# beginning (none without a lag) and after each quarter of it.
_named = namedtuple("Params", (*Bones._fields, "dt", "keep_0", "keep_1", "keep_2", "keep_3", "keep_4"))  # type: ignore[misc]
Params: type[Any] = _named


def start(x: Any, y: Any, params: Any) -> Any:
    """At rest with the hand at (x, y), without torque."""
    q1, q2 = bent(x, y, params)
    still = 0.0 * q1 + 0.0
    return q1, q2, still, still + 0.0, still + 0.0, still + 0.0


def own_torques(drive: Any, q1: Any, q2: Any, w1: Any, w2: Any, params: Any) -> Any:
    """The torques, which are the drive itself; arguments as for `reach_gym.plants.arm_motion.motion_with`."""
    return drive


half_step, move = motion_with(own_torques)


def step(state: Any, command: Any, scale: Any, field: Any, params: Any) -> Any:
    """One time step, in which the torques come nearer to the command by an exponential, exactly.

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
    dt, keep_0, keep_1, keep_2, keep_3, keep_4 = params[17], params[18], params[19], params[20], params[21], params[22]
    u1, u2 = command[0] + 0.0, command[1] + 0.0  # a torque of zero has no sign
    over_1, over_2 = t1 - u1, t2 - u2
    at_4 = u1 + over_1 * keep_4, u2 + over_2 * keep_4
    drives = (
        *((u1 + over_1 * keep_0, u2 + over_2 * keep_0), (u1 + over_1 * keep_1, u2 + over_2 * keep_1)),
        *((u1 + over_1 * keep_2, u2 + over_2 * keep_2), (u1 + over_1 * keep_3, u2 + over_2 * keep_3), at_4),
    )
    (q1, q2, w1, w2), force_x, force_y = move(q1, q2, w1, w2, drives, scale, field, dt, params)
    return (q1, q2, w1, w2, at_4[0], at_4[1]), force_x, force_y


def stop(state: Any, params: Any) -> Any:
    """Stops the joints at their limits; see `reach_gym.plants.skeleton.stop_joints`."""
    q1, q2, w1, w2, t1, t2 = state
    q1, q2, w1, w2 = stop_joints(q1, q2, w1, w2, params)
    return q1, q2, w1, w2, t1, t2


def hand(state: Any, params: Any) -> Any:
    """The hand's x, y, vx, vy."""
    q1, q2, w1, w2, _, _ = state
    return hand_at(q1, q2, w1, w2, params)


def feel(state: Any, params: Any) -> Any:
    """The angles (rad) and the angular velocities (10 rad/s) of both joints."""
    q1, q2, w1, w2, _, _ = state
    return q1, q2, 0.1 * w1, 0.1 * w2


_FUNCTIONS = (start, own_torques, half_step, move, step, stop, hand, feel, *arm_motion.COMPONENT_WISE)


@dataclass(frozen=True, kw_only=True)
class TwoLinkArm(JointedArm):
    """A planar arm with a motor at shoulder and elbow, whose torques follow the command at once or with a lag.

    With the command u held during a step and t the torque at its beginning, the torque ends as ``u + (t - u) exp(-dt / lag)``.
    """

    kind: ClassVar[str] = "two_link_arm"
    title: ClassVar[str] = "an arm of two bones"
    unit: ClassVar[str] = "N m"
    State: ClassVar[type[Any]] = State
    Params: ClassVar[type[Any]] = Params
    low: ClassVar[tuple[float, ...]] = (-1.0, -1.0)
    high: ClassVar[tuple[float, ...]] = (1.0, 1.0)
    start = staticmethod(start)
    step = staticmethod(step)
    stop = staticmethod(stop)
    hand = staticmethod(hand)
    senses: ClassVar[tuple[str, ...]] = (
        *("angle of the shoulder, rad", "angle of the elbow, rad"),
        *("angular velocity of the shoulder, 10 rad/s", "angular velocity of the elbow, 10 rad/s"),
    )
    feel = staticmethod(feel)
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
        kept = [1.0, *(fading(dt * k / 4, lag)[0] for k in range(1, 5))] if lag else [0.0] * 5
        return Params(*self.bones, dt, *kept)

    @property
    def strength(self) -> tuple[float, ...]:
        """See `Plant.strength`."""
        return self.max_torque

    def describe(self) -> str:
        """One line about the body, for people."""
        lag = f", whose torques follow the command with a time constant of {1000 * self.force_lag:g} ms" if self.force_lag else ""
        return super().describe() + lag

    def describe_actions(self) -> str:
        """One line about what the actions do, for people."""
        shoulder, elbow = self.max_torque
        return f"the torques at shoulder and elbow, 1 is {shoulder:g} and {elbow:g} N m"
