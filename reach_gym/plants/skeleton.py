"""The two bones of a planar arm: constants with sources, where the hand is, how torques and forces on the hand move them.

Component-wise functions as in `reach_gym.plants.point_mass`. The shoulder's angle counts from the x axis, the elbow's from the
upper arm, both counter-clockwise: the right arm of somebody who looks along the y axis.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

import numpy as np

from reach_gym import checks
from reach_gym.keywords import choice_of, keyword
from reach_gym.plants.bounds import confine, square_root
from reach_gym.plants.exponentials import either
from reach_gym.plants.limbs import Limbs, limbs_of
from reach_gym.plants.plant import Plant
from reach_gym.plants.turns import angle_of, cosine_and_sine, small_turn, turned_on

FASTEST = 100.0  # rad/s, of a joint: several times what people reach, and no more than a step can follow

Pair = tuple[float, float]
Matrix = tuple[Pair, Pair]


class Constants(NamedTuple):
    """A published pair of bones: upper arm, then forearm with hand.

    Attributes:
        lengths: m.
        masses: kg.
        centres: From the upper joint to the centre of mass, m.
        inertias: kg m^2, about the axis that `about` names.
        about: ``"joint"``, the bone's upper joint, or ``"centre"``, its centre of mass.
        damping: Of the joints, N m s/rad, row by row.
        source: The publication.
        how_obtained: How the numbers came here.
    """

    lengths: Pair
    masses: Pair
    centres: Pair
    inertias: Pair
    about: str
    damping: Matrix
    source: str
    how_obtained: str


_AXIS = (
    "the axis follows from the numbers: a radius of gyration of more than half of the forearm's length cannot be about a centre "
    "of mass"
)
ARMS: dict[str, Constants] = {
    "li_todorov_2004": Constants(
        *((0.30, 0.33), (1.4, 1.0), (0.11, 0.16), (0.025, 0.045), "joint", ((0.05, 0.025), (0.025, 0.05))),
        source="Li & Todorov 2004, Proc. 1st ICINCO 222-229",
        how_obtained="secondary: from public model code; " + _AXIS,
    ),
    "nijhof_kouwenhoven_2000": Constants(
        *((0.309, 0.333), (1.82, 1.43), (0.135, 0.165), (0.051, 0.057), "joint", ((0.0, 0.0), (0.0, 0.0))),
        source="Nijhof & Kouwenhoven 2000, 10.1007/978-1-4612-2104-3_29",
        how_obtained="secondary: from public model code, which takes them about the centres of mass; " + _AXIS,
    ),
    "shadmehr_mussa_ivaldi_1994": Constants(
        *((0.33, 0.34), (1.93, 1.52), (0.165, 0.19), (0.0141, 0.0188), "centre", ((2.3, 0.9), (0.9, 2.4))),
        source="Shadmehr & Mussa-Ivaldi 1994, J Neurosci 14:3208",
        how_obtained="secondary for the upper arm's mass, inertia and centre; unverified for the rest",
    ),
}


class Bones(NamedTuple):
    """What the functions of this module take of a plant's parameters: the first of them.

    Attributes:
        l1: Length of the upper arm, m.
        l2: Of forearm and hand, m.
        a1: ``I1 + I2 + m2 l1^2``, inertias about the joints, kg m^2.
        a2: ``m2 l1 s2``, kg m^2.
        a3: ``I2``, kg m^2.
        b11: Damping of the joints, N m s/rad, row by row.
        b12: Likewise.
        b21: Likewise.
        b22: Likewise.
        base_x: The shoulder, m.
        base_y: Likewise.
        q1_low: The shoulder's limits, rad.
        q1_high: Likewise.
        q2_low: The elbow's limits, rad.
        q2_high: Likewise.
        c2_low: Cosines of the elbow's limits.
        c2_high: Likewise.
    """

    l1: Any
    l2: Any
    a1: Any
    a2: Any
    a3: Any
    b11: Any
    b12: Any
    b21: Any
    b22: Any
    base_x: Any
    base_y: Any
    q1_low: Any
    q1_high: Any
    q2_low: Any
    q2_high: Any
    c2_low: Any
    c2_high: Any


def bent(x: Any, y: Any, params: Any) -> Any:
    """The joint angles (rad) with the hand at (x, y), the elbow to the right; inverse kinematics."""
    l1, l2, base_x, base_y = params[0], params[1], params[9], params[10]
    dx, dy = x - base_x, y - base_y
    squared = dx * dx + dy * dy
    c2 = (squared - l1 * l1 - l2 * l2) / (2.0 * l1 * l2)
    s2 = square_root(1.0 - c2 * c2)
    along, across = l1 + l2 * c2, l2 * s2
    c1, s1 = (dx * along + dy * across) / squared, (dy * along - dx * across) / squared
    return angle_of(c1, s1), angle_of(c2, s2)


def hand_at(q1: Any, q2: Any, w1: Any, w2: Any, params: Any) -> Any:
    """The hand's x, y, vx, vy for these angles (rad) and angular velocities (rad/s) of the joints."""
    c1, s1 = cosine_and_sine(q1)
    c2, s2 = cosine_and_sine(q2)
    x, y, j11, j12, j21, j22 = reached(c1, s1, c2, s2, params)
    return x, y, j11 * w1 + j12 * w2 + 0.0, j21 * w1 + j22 * w2 + 0.0  # at rest there is no sign


def reached(c1: Any, s1: Any, c2: Any, s2: Any, params: Any) -> Any:
    """The hand's place and the Jacobian, row by row, from cosine and sine of both joint angles."""
    l1, l2, base_x, base_y = params[0], params[1], params[9], params[10]
    fore_x, fore_y = l2 * (c1 * c2 - s1 * s2), l2 * (s1 * c2 + c1 * s2)
    x, y = l1 * c1 + fore_x, l1 * s1 + fore_y
    return base_x + x, base_y + y, -y, -fore_y, x, fore_x


def inertia(c2: Any, params: Any) -> Any:
    """The inertia matrix, m11, m12 and m22, for the cosine of the elbow's angle."""
    a1, a2, a3 = params[2], params[3], params[4]
    turning = a2 * c2
    return a1 + 2.0 * turning, a3 + turning, a3


def pulled(c1: Any, s1: Any, c2: Any, s2: Any, w1: Any, w2: Any, u1: Any, u2: Any, around: Any, params: Any) -> Any:
    """How torques and a field accelerate the joints.

    Args:
        c1: Cosine of the shoulder's angle.
        s1: Its sine.
        c2: Cosine of the elbow's angle.
        s2: Its sine.
        w1: Angular velocity of the shoulder, rad/s.
        w2: Of the elbow.
        u1: The arm's own torque at the shoulder, N m.
        u2: At the elbow.
        around: The field (`reach_gym.fields.field_around`); ``None`` for none.
        params: As `Bones`.

    Returns:
        Both angular accelerations, rad/s^2, and the force (x, y) on the hand, N.
    """
    b11, b12, b21, b22 = params[5], params[6], params[7], params[8]
    m11, m12, m22 = inertia(c2, params)
    turning = params[3] * s2
    t1 = u1 + turning * w2 * (2.0 * w1 + w2) - b11 * w1 - b12 * w2
    t2 = u2 - turning * w1 * w1 - b21 * w1 - b22 * w2
    if around is None:
        force_x = force_y = 0.0
    else:
        x, y, j11, j12, j21, j22 = reached(c1, s1, c2, s2, params)
        fx, fy, bxx, bxy, byx, byy, kxx, kxy, kyx, kyy = around
        vx, vy = j11 * w1 + j12 * w2, j21 * w1 + j22 * w2
        force_x = fx + bxx * vx + bxy * vy + kxx * x + kxy * y
        force_y = fy + byx * vx + byy * vy + kyx * x + kyy * y
        t1 = t1 + (j11 * force_x + j21 * force_y)
        t2 = t2 + (j12 * force_x + j22 * force_y)
    share = 1.0 / (m11 * m22 - m12 * m12)
    return (m22 * t1 - m12 * t2) * share, (m11 * t2 - m12 * t1) * share, force_x, force_y


def stop_joints(q1: Any, q2: Any, w1: Any, w2: Any, params: Any) -> Any:
    """Stops the joints at their limits: beyond them a joint stays there, at rest; and none is faster than `FASTEST`.

    The stop is a blow on one joint without a rebound: what it does to the other one follows from the inertia. To set the elbow
    back to its limit changes the inertia; where it becomes more, the shoulder turns slower. So energy is only lost.
    """
    q1_low, q1_high, q2_low, q2_high, c2_low, c2_high = params[11:17]
    none = 0.0 * q2  # a number and a tensor of truth values would fall back to single precision
    below, above = q2 < q2_low, q2 > q2_high
    out = below | above
    # A joint that a force has thrown far beyond counts as at its limit: the cosine does not hold for every angle.
    far = (q2 < q2_low - 1.0) | (q2 > q2_high + 1.0)
    c2, _ = cosine_and_sine(either(far, none + q2_high, q2))
    m_beyond, m12, _ = inertia(c2, params)
    w1, w2 = w1 + either(out, m12 * w2 / m_beyond, none), either(out, none, w2)
    q2 = either(below, none + q2_low, either(above, none + q2_high, q2))
    c2 = either(below, none + c2_low, either(above, none + c2_high, c2))
    m11, m12, m22 = inertia(c2, params)
    w1 = w1 * either(m11 > m_beyond, m_beyond / m11, none + 1.0)
    below, above = q1 < q1_low, q1 > q1_high
    beyond = below | above
    q1 = either(below, none + q1_low, either(above, none + q1_high, q1))
    # Where both joints are at their limits, both are at rest.
    w2 = either(out & beyond, none, w2 + either(beyond, m12 * w1 / m22, none))
    w1, _ = confine(either(beyond, none, w1), 0.0, FASTEST)
    w2, _ = confine(w2, 0.0, FASTEST)
    return q1 + 0.0, q2 + 0.0, w1 + 0.0, w2 + 0.0


def _two(name: str, value: Any, low: float, high: float) -> Pair:
    pair = checks.items(name, value, 2, "a pair of numbers: shoulder or upper arm, elbow or forearm")
    return checks.number(f"{name}[0]", pair[0], low, high), checks.number(f"{name}[1]", pair[1], low, high)


def pair_from(low: float, high: float, none: bool = False) -> Any:
    """Reads a pair of numbers in [low, high], for shoulder and elbow; with `none` also ``None``."""
    return lambda name, value: None if none and value is None else _two(name, value, low, high)


def _matrix(name: str, value: Any) -> Matrix | None:
    if value is None:
        return None
    rows = checks.items(name, value, 2, "a 2 x 2 matrix, row by row")
    return _two(f"{name}[0]", rows[0], -100, 100), _two(f"{name}[1]", rows[1], -100, 100)


def _limits(name: str, value: Any) -> Matrix:
    rows = checks.items(name, value, 2, "two pairs (least, greatest angle), in degrees")
    limits = _two(f"{name}[0]", rows[0], -170, 170), _two(f"{name}[1]", rows[1], 0, 170)
    for i, (low, high) in enumerate(limits):
        if low >= high:
            raise ValueError(f"`{name}[{i}]` must have least < greatest, got {checks.shown(value)}.")
    return limits


_LEAST, _MOST = 1e-3, 100.0  # of lengths, masses and inertias
_LONGEST_STEP = 0.02  # s
_GREATEST_PUSH = 1000.0  # N
_STRETCHED = 0.995  # of its length the arm may be stretched out at the places of a task; at 1 the elbow's angle has no derivative
_OF_SET = "None for that of the `arm`."


@dataclass(frozen=True, kw_only=True)
class JointedArm(Plant):
    """An arm of two bones in the plane, moved at shoulder and elbow. Base of the arms; see the module."""

    functions: ClassVar[tuple[Callable[..., Any], ...]] = (
        *(bent, hand_at, reached, inertia, pulled, stop_joints),
        *(confine, either, square_root, angle_of, cosine_and_sine, small_turn, turned_on),
    )

    arm: str = keyword(
        "li_todorov_2004",
        "Published constants of the bones: a name of `reach_gym.plants.skeleton.ARMS`.",
        read=choice_of(*ARMS),
    )
    lengths: Pair | None = keyword(None, "Of upper arm and forearm with hand. " + _OF_SET, "m", pair_from(0.01, 10, True))
    masses: Pair | None = keyword(None, "Of both. " + _OF_SET, "kg", pair_from(_LEAST, _MOST, True))
    centres: Pair | None = keyword(
        None, "From the upper joint of each to its centre of mass. " + _OF_SET, "m", pair_from(_LEAST, 10, True)
    )
    inertias: Pair | None = keyword(None, "Of both, about `inertia_axis`. " + _OF_SET, "kg m^2", pair_from(1e-6, _MOST, True))
    inertia_axis: str | None = keyword(
        None,
        'About which axis the inertias are: "joint", the upper joint of each, or "centre", its centre of mass. ' + _OF_SET,
        read=choice_of("joint", "centre", none=True),
    )
    joint_damping: Matrix | None = keyword(
        None, "Viscous damping of the joints, a symmetric matrix row by row. " + _OF_SET, "N m s/rad", _matrix
    )
    joint_limits: Matrix = keyword(
        ((0.0, 135.0), (0.0, 155.0)),
        "Least and greatest angle of shoulder and elbow (0 to 135 and 0 to 155 in public models of the arm).",
        "degrees",
        _limits,
    )
    shoulder: Pair = keyword(
        (0.0, -0.45), "Where the shoulder is, from the middle of the workspace (chosen).", "m", pair_from(-10, 10)
    )

    def check(self) -> None:
        """Refuses bones that cannot be."""
        bones = self.constants
        for name, one, other in zip(("upper arm", "forearm"), bones.centres, bones.lengths, strict=True):
            if one > other:
                raise ValueError(f"`centres` must lie on the bones, got {one:g} m for the {name} of {other:g} m.")
        for inertia_, mass, centre in zip(bones.inertias, bones.masses, bones.centres, strict=True):
            if bones.about == "joint" and inertia_ <= mass * centre**2:
                raise ValueError(
                    f"`inertias` about the joints must be more than masses * centres^2 = {mass * centre**2:g} kg m^2, got "
                    f"{inertia_:g}; `inertia_axis` says about which axis they are."
                )
        (b11, b12), (b21, b22) = bones.damping
        if b12 != b21 or min(b11, b22) < 0 or b11 * b22 < b12 * b21:
            raise ValueError(
                f"`joint_damping` must be symmetric and must not drive the arm (no negative eigenvalue), got {bones.damping}."
            )

    @cached_property
    def constants(self) -> Constants:
        """The bones: those of `arm`, but for what the keywords say."""
        named = ARMS[self.arm]
        own: dict[str, Any] = {"lengths": self.lengths, "masses": self.masses, "centres": self.centres, "inertias": self.inertias}
        own |= {"about": self.inertia_axis, "damping": self.joint_damping}
        return named._replace(**{name: value for name, value in own.items() if value is not None})

    @cached_property
    def bones(self) -> Bones:
        """The bones as the functions of this module take them."""
        (l1, l2), (m1, m2), (s1, s2), (i1, i2), about, damping, _, _ = self.constants
        if about == "centre":
            i1, i2 = i1 + m1 * s1 * s1, i2 + m2 * s2 * s2
        limits = [math.radians(angle) for pair in self.joint_limits for angle in pair]
        lumped = i1 + i2 + m2 * l1 * l1, m2 * l1 * s2, i2
        cosines = (cosine_and_sine(limit)[0] for limit in limits[2:])
        return Bones(l1, l2, *lumped, *damping[0], *damping[1], *self.shoulder, *limits, *cosines)

    def arena(self, workspace: float) -> float:
        """As far as the stretched arm reaches along one axis."""
        return max(map(abs, self.shoulder)) + sum(self.constants.lengths)

    def hindrance(self, x: float, y: float) -> str | None:
        """Why the hand cannot be at (x, y) with both joints within their limits, and not quite stretched out, if it cannot."""
        l1, l2 = self.constants.lengths
        away = math.hypot(x - self.shoulder[0], y - self.shoulder[1])
        nearest, farthest = abs(l1 - l2) + (1 - _STRETCHED) * (l1 + l2), _STRETCHED * (l1 + l2)
        if not nearest < away < farthest:
            return f"{away:g} m from the shoulder, which must be between {nearest:g} and {farthest:g} m"
        limits = self.bones[11:15]
        for joint, angle, low, high in zip(("shoulder", "elbow"), bent(x, y, self.bones), limits[::2], limits[1::2], strict=True):
            if not low <= angle <= high:
                at, least, most = map(math.degrees, (angle, low, high))
                return f"with the {joint} at {at:.1f} degrees, which must be from {least:g} to {most:g}"
        return None

    def bearable(self, dt: float) -> tuple[float, float, float]:
        """See `Plant.bearable`: what the half steps that the arm takes can follow, at the lightest that the hand is."""
        mass, half = self.lightest, 0.5 * dt
        return _GREATEST_PUSH, 2.5 * mass / half, 4 * mass / half**2

    def stiffest(self, dt: float) -> Pair:
        """See `Plant.stiffest`: of the lightest that the hand is in any direction, in the half steps that the arm takes."""
        mass, half = self.lightest, 0.5 * dt
        return 0.6 * mass / half**2, mass / half

    @cached_property
    def lightest(self) -> float:
        """The least mass of the hand in any direction and posture within the limits of the elbow, kg."""
        low, high = (math.radians(angle) for angle in self.joint_limits[1])
        return min(float(1.0 / np.linalg.eigvalsh(self.mobility(0.0, angle))[-1]) for angle in np.linspace(low, high, 61))

    def hand_mass(self, shoulder: float, elbow: float) -> Any:
        """The masses of the hand along the principal axes of its ellipse, ascending, float64 (2,), kg; angles in radians.

        They are the inverse eigenvalues of the mobility ``J M^-1 J'`` (Hogan 1985, Biol Cybern 52:315).
        """
        return 1.0 / np.linalg.eigvalsh(self.mobility(shoulder, elbow))[::-1]

    def mobility(self, shoulder: float, elbow: float) -> Any:
        """The acceleration of the hand at rest for a force on it, ``J M^-1 J'``, float64 (2, 2), 1/kg; angles in radians."""
        turns = math.cos(shoulder), math.sin(shoulder), math.cos(elbow), math.sin(elbow)
        _, _, *rows = reached(*turns, self.bones)
        jacobian, (m11, m12, m22) = np.array(rows).reshape(2, 2), inertia(turns[2], self.bones)
        return jacobian @ np.linalg.solve(np.array([[m11, m12], [m12, m22]]), jacobian.T)

    def limbs(self, state: Any, params: Any) -> Limbs | None:
        """See `Plant.limbs`; the first two numbers of the state are the joints' angles."""
        return limbs_of(state[0], state[1], params)

    def jacobian(self, x: float, y: float) -> Any:
        """How the hand at (x, y), m, moves with the joints, float64 (2, 2), m/rad.

        Raises:
            ValueError: (x, y) is out of reach.
        """
        self.require_reach("(x, y)", x, y)
        q1, q2 = bent(x, y, self.bones)
        _, _, *rows = reached(math.cos(q1), math.sin(q1), math.cos(q2), math.sin(q2), self.bones)
        return np.array(rows).reshape(2, 2)

    def carried(self, viscosity: Any, there: Pair, here: Pair) -> Any:
        """A viscous field at the hand that is carried to another place as a field of joint torques, float64 (2, 2), N s/m.

        With the hand at `there` the torques are ``J' B J w`` for the joints' velocities w. The same torques are, `here`, those of
        another field at the hand (Shadmehr & Mussa-Ivaldi 1994, who test with it in which coordinates people learn).

        Args:
            viscosity: B (2, 2), N s/m.
            there: Where it was learned, m.
            here: Another place, m.

        Raises:
            ValueError: One of them is out of reach.
        """
        old, new = self.jacobian(*there), self.jacobian(*here)
        change = old @ np.linalg.inv(new)
        return change.T @ np.asarray(viscosity, np.float64) @ change

    def require_short(self, dt: float) -> None:
        """Refuses time steps that are too long to move an arm.

        Raises:
            ValueError: `dt` is longer than 20 ms.
        """
        if dt > _LONGEST_STEP:
            raise ValueError(f"`dt` must be at most {_LONGEST_STEP:g} s with {self.title}, got {dt:g}.")

    def describe(self) -> str:
        """One line about the body, for people."""
        (l1, l2), (m1, m2), *_ = self.constants
        return f"{self.title} of {l1:g} and {l2:g} m, {m1:g} and {m2:g} kg ({ARMS[self.arm].source})"

    def describe_stop(self, arena: float) -> str:
        """What stops the hand, for people: the limits of the joints."""
        (a, b), (c, d) = self.joint_limits
        return f"stopped by its joints: the shoulder moves from {a:g} to {b:g} degrees, the elbow from {c:g} to {d:g}"
