"""An arm of two bones in the plane with six muscles on tendons that stretch; see `reach_gym.plants.muscle_arm`.

Component-wise functions as in `reach_gym.plants.point_mass`. Fibres adapt to their tendons within a millisecond, so that a time
step has many parts, each of the Runge-Kutta method of order 4 for joints and fibres together.
"""

from __future__ import annotations

import math
from collections import namedtuple
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from reach_gym.fields import field_around
from reach_gym.keywords import choice_of, keyword
from reach_gym.plants.bounds import square_root
from reach_gym.plants.exponentials import at_least, either
from reach_gym.plants.muscle_arm import MuscleArm
from reach_gym.plants.muscle_models import COMPLIANT, FLOOR, TAIL, hill_numbers, kistemaker_passive, parabola, steeper_pace
from reach_gym.plants.muscle_motion import Params as RigidParams
from reach_gym.plants.muscle_motion import State as RigidState
from reach_gym.plants.muscle_motion import fibre, later, limited, rate
from reach_gym.plants.muscles import COUNT, MUSCLES
from reach_gym.plants.skeleton import bent, hand_at, pulled, stop_joints
from reach_gym.plants.turns import cosine_and_sine

# As for rigid tendons; then the lengths of the six muscles' fibres, optimal lengths.
_state = namedtuple("State", (*RigidState._fields, *(f"l{i}" for i in range(1, COUNT + 1))))  # type: ignore[misc]
State: type[Any] = _state
# As for rigid tendons; then of each muscle the optimal length over the tendon's, and the number of parts of a time step.
_RATIOS = [f"r{i}" for i in range(1, COUNT + 1)]
_named = namedtuple("Params", (*RigidParams._fields, *_RATIOS, "parts"))  # type: ignore[misc]
Params: type[Any] = _named


def tendon_force(slack: Any, ratio: Any) -> Any:
    """The force of a tendon: a parabola, the muscle's maximum at a strain of 4 % (Kistemaker et al. 2010).

    Args:
        slack: How much longer the tendon is than at rest, optimal lengths of the fibres.
        ratio: Their optimal length over the tendon's.
    """
    strain = at_least(slack * ratio, 0.0) * 25.0
    return strain * strain


def fibre_velocity(a: Any, length: Any, force: Any) -> Any:
    """How fast fibres lengthen under a `force`, optimal lengths per second: `kistemaker_force` the other way round."""
    isometric, curvature, pace = hill_numbers(a, length)
    active = at_least(force - kistemaker_passive(length), 0.0)
    over = active - isometric
    slope = 2.0 * (isometric + curvature)
    place = 0.5 * isometric * pace / at_least(slope - TAIL * pace, 0.5 * slope)
    # The root of a quadratic equation.
    most = TAIL * place - (over - 0.5 * isometric)
    more = at_least(over, 0.0)
    root = square_root(most * most + 4.0 * TAIL * place * more)
    shortens = over < 0.0
    return either(shortens, pace * over, 2.0 * place * more) / either(shortens, active + curvature, most + root)


def strained(a: Any, length: Any, ratio: Any, q1: Any, q2: Any, n0: Any, n1: Any, n2: Any, n3: Any, n4: Any) -> Any:
    """How fast the fibres of a muscle lengthen, optimal lengths per second, and both torques of its tendon, N m."""
    whole, _, by_1, by_2 = fibre(q1, q2, 0.0 * q1, 0.0 * q1, n0, n1, n2, n3)
    force = tendon_force(whole - length, ratio)
    return fibre_velocity(a, length, force), -n4 * force * by_1, -n4 * force * by_2


def rates(y: Any, a: Any, around: Any, params: Any) -> Any:
    """The derivative of angles, angular velocities and fibres' lengths, and the field's force (x, y)."""
    q1, q2, w1, w2 = y[0], y[1], y[2], y[3]
    v1, s1, e1 = strained(a[0], y[4], params[50], q1, q2, *params[20:25])
    v2, s2, e2 = strained(a[1], y[5], params[51], q1, q2, *params[25:30])
    v3, s3, e3 = strained(a[2], y[6], params[52], q1, q2, *params[30:35])
    v4, s4, e4 = strained(a[3], y[7], params[53], q1, q2, *params[35:40])
    v5, s5, e5 = strained(a[4], y[8], params[54], q1, q2, *params[40:45])
    v6, s6, e6 = strained(a[5], y[9], params[55], q1, q2, *params[45:50])
    t1, t2 = (s1 + s2) + (s3 + s4) + (s5 + s6), (e1 + e2) + (e3 + e4) + (e5 + e6)
    c1, s1 = cosine_and_sine(q1)
    c2, s2 = cosine_and_sine(q2)
    b1, b2, fx, fy = pulled(c1, s1, c2, s2, w1, w2, t1, t2, around, params)
    return (w1, w2, b1, b2, v1, v2, v3, v4, v5, v6), fx, fy


def onward(y: Any, h: Any, r: Any) -> Any:
    """``y + h r``, number by number."""
    return (
        *(y[0] + h * r[0], y[1] + h * r[1], y[2] + h * r[2], y[3] + h * r[3], y[4] + h * r[4]),
        *(y[5] + h * r[5], y[6] + h * r[6], y[7] + h * r[7], y[8] + h * r[8], y[9] + h * r[9]),
    )


def part(y: Any, a: Any, middle: Any, after: Any, around: Any, h: Any, params: Any) -> Any:
    """A step of the Runge-Kutta method of order 4 for activations at its beginning, middle and end, and the mean force (x, y)."""
    first, fx1, fy1 = rates(y, a, around, params)
    second, fx2, fy2 = rates(onward(y, 0.5 * h, first), middle, around, params)
    third, fx3, fy3 = rates(onward(y, 0.5 * h, second), middle, around, params)
    fourth, fx4, fy4 = rates(onward(y, h, third), after, around, params)
    mean = onward(onward(first, 2.0, onward(second, 1.0, third)), 1.0, fourth)
    sixth = 1.0 / 6.0
    return onward(y, h * sixth, mean), sixth * (fx1 + 2.0 * (fx2 + fx3) + fx4), sixth * (fy1 + 2.0 * (fy2 + fy3) + fy4)


def loosened(share: Any, whole: Any, ratio: Any) -> Any:
    """The length of fibres beside a tendon that pulls with this `share` of the maximum."""
    return whole - 0.04 * square_root(share) / ratio


def resting(q1: Any, q2: Any, ratio: Any, n0: Any, n1: Any, n2: Any, n3: Any, n4: Any) -> Any:
    """Force (share of the maximum) and both torques (N m) of a muscle at rest with its least activation."""
    whole, _, by_1, by_2 = fibre(q1, q2, 0.0 * q1, 0.0 * q1, n0, n1, n2, n3)
    length = whole
    for _ in range(20):
        share = FLOOR * parabola(length) + kistemaker_passive(length)
        length = loosened(share, whole, ratio)
    return share, -share * n4 * by_1, -share * n4 * by_2


def held(torque: Any, share: Any, q1: Any, q2: Any, ratio: Any, n0: Any, n1: Any, n2: Any, n3: Any, n4: Any) -> Any:
    """Activation and length of a muscle of one joint at rest that holds the `torque`, if it can pull against it."""
    whole, _, by_1, by_2 = fibre(q1, q2, 0.0 * q1, 0.0 * q1, n0, n1, n2, n3)
    share = share + at_least(torque / (n4 * (by_1 + by_2)), 0.0)
    length = loosened(share, whole, ratio)
    a = (share - kistemaker_passive(length)) / parabola(length)
    return -at_least(-a, -1.0), length


def start(x: Any, y: Any, params: Any) -> Any:
    """At rest with the hand at (x, y), in balance; see `reach_gym.plants.muscle_motion.start_with`."""
    q1, q2 = bent(x, y, params)
    still = 0.0 * q1 + 0.0
    f1, s1, e1 = resting(q1, q2, params[50], *params[20:25])
    f2, s2, e2 = resting(q1, q2, params[51], *params[25:30])
    f3, s3, e3 = resting(q1, q2, params[52], *params[30:35])
    f4, s4, e4 = resting(q1, q2, params[53], *params[35:40])
    f5, s5, e5 = resting(q1, q2, params[54], *params[40:45])
    f6, s6, e6 = resting(q1, q2, params[55], *params[45:50])
    t1, t2 = (s1 + s2) + (s3 + s4) + (s5 + s6), (e1 + e2) + (e3 + e4) + (e5 + e6)
    a1, l1 = held(t1, f1, q1, q2, params[50], *params[20:25])
    a2, l2 = held(t1, f2, q1, q2, params[51], *params[25:30])
    a3, l3 = held(t2, f3, q1, q2, params[52], *params[30:35])
    a4, l4 = held(t2, f4, q1, q2, params[53], *params[35:40])
    a5, l5 = held(still, f5, q1, q2, params[54], *params[40:45])
    a6, l6 = held(still, f6, q1, q2, params[55], *params[45:50])
    return q1, q2, still, still + 0.0, a1, a2, a3, a4, a5, a6, l1, l2, l3, l4, l5, l6


def pace_of(a: Any, command: Any, params: Any) -> Any:
    """The excitation that acts, and the pace of the activation; see `reach_gym.plants.muscle_models.MuscleModel`."""
    u = limited(command, a)
    return (u, *steeper_pace(u, (1.0 + 0.0 * a) * (u > a), params[18], params[19]))


def activate(a: Any, h: Any, p1: Any, p2: Any, p3: Any, p4: Any, p5: Any, p6: Any) -> Any:
    """All activations after `h` seconds."""
    return (
        *(later(a[0], p1[0], h, *p1[1:]), later(a[1], p2[0], h, *p2[1:]), later(a[2], p3[0], h, *p3[1:])),
        *(later(a[3], p4[0], h, *p4[1:]), later(a[4], p5[0], h, *p5[1:]), later(a[5], p6[0], h, *p6[1:])),
    )


def step(state: Any, command: Any, scale: Any, field: Any, params: Any) -> Any:
    """One time step; see `reach_gym.plants.muscle_motion.step_with` and the top of this module."""
    y, a = (*state[0:4], *state[10:16]), state[4:10]
    p1, p2, p3 = pace_of(a[0], command[0], params), pace_of(a[1], command[1], params), pace_of(a[2], command[2], params)
    p4, p5, p6 = pace_of(a[3], command[3], params), pace_of(a[4], command[4], params), pace_of(a[5], command[5], params)
    dt, parts = params[17], params[56]
    if field is None:
        around = None
    else:
        at_x, at_y, vx, vy = hand_at(y[0], y[1], y[2], y[3], params)
        around = field_around(scale, at_x + 0.5 * dt * vx, at_y + 0.5 * dt * vy, *field)
    h = dt / parts
    force_x = force_y = 0.0 * y[0]
    for _ in range(int(parts)):
        middle = activate(a, 0.5 * h, p1, p2, p3, p4, p5, p6)
        after = activate(middle, 0.5 * h, p1, p2, p3, p4, p5, p6)
        y, fx, fy = part(y, a, middle, after, around, h, params)
        a, force_x, force_y = after, force_x + fx, force_y + fy
    return (*y[0:4], *a, *y[4:10]), force_x / parts, force_y / parts


def carried(length: Any, q1: Any, q2: Any, to_1: Any, to_2: Any, n0: Any, n1: Any, n2: Any, n3: Any) -> Any:
    """The length of fibres whose tendon is strained as before, when the joints are put elsewhere."""
    whole, _, _, _ = fibre(q1, q2, 0.0 * q1, 0.0 * q1, n0, n1, n2, n3)
    after, _, _, _ = fibre(to_1, to_2, 0.0 * q1, 0.0 * q1, n0, n1, n2, n3)
    return length + (after - whole)


def stop(state: Any, params: Any) -> Any:
    """Stops the joints at their limits, see `reach_gym.plants.skeleton.stop_joints`; no tendon is jerked by that."""
    q1, q2 = state[0], state[1]
    to_1, to_2, w1, w2 = stop_joints(q1, q2, state[2], state[3], params)
    return (
        *(to_1, to_2, w1, w2, *state[4:10]),
        carried(state[10], q1, q2, to_1, to_2, *params[20:24]),
        carried(state[11], q1, q2, to_1, to_2, *params[25:29]),
        carried(state[12], q1, q2, to_1, to_2, *params[30:34]),
        carried(state[13], q1, q2, to_1, to_2, *params[35:39]),
        carried(state[14], q1, q2, to_1, to_2, *params[40:44]),
        carried(state[15], q1, q2, to_1, to_2, *params[45:49]),
    )


def hand(state: Any, params: Any) -> Any:
    """The hand's x, y, vx, vy."""
    return hand_at(state[0], state[1], state[2], state[3], params)


def felt(a: Any, length: Any, q1: Any, q2: Any, ratio: Any, n0: Any, n1: Any, n2: Any, n3: Any) -> Any:
    """Length, velocity and force of a muscle, as `Plant.feel` has them."""
    whole, _, _, _ = fibre(q1, q2, 0.0 * q1, 0.0 * q1, n0, n1, n2, n3)
    force = tendon_force(whole - length, ratio)
    return length - 1.0, 0.1 * fibre_velocity(a, length, force), force


def feel(state: Any, params: Any) -> Any:
    """See `Plant.feel`: lengths and velocities of the fibres, forces of the tendons, both angles."""
    q1, q2 = state[0], state[1]
    l1, v1, f1 = felt(state[4], state[10], q1, q2, params[50], *params[20:24])
    l2, v2, f2 = felt(state[5], state[11], q1, q2, params[51], *params[25:29])
    l3, v3, f3 = felt(state[6], state[12], q1, q2, params[52], *params[30:34])
    l4, v4, f4 = felt(state[7], state[13], q1, q2, params[53], *params[35:39])
    l5, v5, f5 = felt(state[8], state[14], q1, q2, params[54], *params[40:44])
    l6, v6, f6 = felt(state[9], state[15], q1, q2, params[55], *params[45:49])
    return l1, l2, l3, l4, l5, l6, v1, v2, v3, v4, v5, v6, f1, f2, f3, f4, f5, f6, q1 + 0.0, q2 + 0.0


_FIBRES = (tendon_force, fibre_velocity, strained, rates, onward, part, loosened, resting, held, pace_of, activate)
_FUNCTIONS = (*_FIBRES, start, step, carried, stop, hand, felt, feel)
_LONGEST_PART = 5e-4  # s; the hand is then within 0.01 mm of a solver of high order after 1 s


@dataclass(frozen=True, kw_only=True)
class CompliantMuscleArm(MuscleArm):
    """A planar arm moved by six muscles on tendons that stretch, as Kistemaker et al. 2010 describe them.

    Slow beside the other arms: a time step of 10 ms has 20 parts.
    """

    kind: ClassVar[str] = "compliant_muscle_arm"
    title: ClassVar[str] = "an arm of two bones with six muscles on tendons that stretch"
    model: ClassVar[Any] = COMPLIANT
    State: ClassVar[type[Any]] = State
    Params: ClassVar[type[Any]] = Params
    start = staticmethod(start)
    step = staticmethod(step)
    stop = staticmethod(stop)
    hand = staticmethod(hand)
    feel = staticmethod(feel)
    COMPONENT_WISE: ClassVar[tuple[Callable[..., Any], ...]] = (*MuscleArm.COMPONENT_WISE, rate, *_FUNCTIONS)

    muscles: str = keyword("kistemaker_2010_compliant", "Published muscles; see `MuscleArm`.", read=choice_of(*MUSCLES))

    def params(self, dt: float, arena: float) -> Any:
        """See `Plant.params`.

        Raises:
            ValueError: `dt` is longer than 20 ms.
        """
        muscles = MUSCLES[self.muscles]
        ratios = [optimal / tendon for optimal, tendon in zip(muscles.optimal, muscles.tendons, strict=True)]
        return Params(*super().params(dt, arena), *ratios, float(math.ceil(dt / _LONGEST_PART - 1e-9)))
