"""How muscles pull: three published models, each a force for activation, length and velocity and a pace of activation.

Component-wise functions as in `reach_gym.plants.point_mass`. Lengths of fibres are in optimal lengths, their velocities in
optimal lengths per second and positive where they lengthen, forces are shares of the muscle's maximum. No muscle pushes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from reach_gym.plants import exponentials
from reach_gym.plants.exponentials import at_least, either, exponential, logarithm

TAIL = 0.001  # slope of the force of fast lengthening after Kistemaker et al. 2010, maximal forces per optimal length per second
# The least activation, and so the least excitation that acts: of public model code, which has 0.01 where tendons stretch.
FLOOR = 0.001


class MuscleModel(NamedTuple):
    """A model of muscle.

    Attributes:
        force: ``force(a, length, v)``.
        holding: ``holding(share, length)``: the activation whose force at rest is so much more than that of the least one.
        pace: ``pace(u, rising, tau_act, tau_deact)``: four numbers n0, n1, d0 and d1, with which the activation a follows the
            excitation u by ``da/dt = (u - a) (n0 + n1 a) / (d0 + d1 a)``; `rising` is 1 where the excitation is above the
            activation, else 0.
        times: Usual time constants of activation and deactivation, s.
        functions: What both call.
        source: The publication.
        how_obtained: How the formulas came here.
    """

    force: Callable[..., Any]
    holding: Callable[..., Any]
    pace: Callable[..., Any]
    times: tuple[float, float]
    functions: tuple[Callable[..., Any], ...]
    source: str
    how_obtained: str


def kistemaker_force(a: Any, length: Any, v: Any) -> Any:
    """Kistemaker et al. 2010: a parabola of the length; two hyperbolas of the velocity, after van Soest & Bobbert.

    Shortening follows Hill's hyperbola, which is slower for low activations and, beyond the optimal length, less curved. The
    slope is twice as steep where lengthening begins; there the force tends to 1.5 times the isometric one, and a slope of 0.001.
    """
    isometric, curvature, pace = hill_numbers(a, length)
    steep = pace * (isometric + curvature)
    slope = 2.0 * (isometric + curvature)
    slope = at_least(slope - TAIL * pace, 0.5 * slope)  # else a muscle that hardly pulls would have a pole
    half = 0.5 * isometric
    shortens = v < 0.0
    # No muscle is so weak but one without any activation, which does not pull.
    against = at_least(either(shortens, pace - v, half * pace + v * slope), 1e-9)
    share = either(shortens, steep, half * half * pace) / against
    active = either(shortens, share - curvature, 3.0 * half + TAIL * v - share)
    return at_least(active, 0.0) + kistemaker_passive(length)


def hill_numbers(a: Any, length: Any) -> Any:
    """The isometric force, and the numbers a and b of Hill's hyperbola, in maximal forces and optimal lengths per second."""
    by_length = parabola(length)
    low = at_least((0.3 - a) * (1.0 / 0.295), 0.0)
    return a * by_length, 0.41 * a * either(length > 1.0, by_length, 1.0 + 0.0 * length), 5.2 * (1.0 - 0.9 * (low * low))


def parabola(length: Any) -> Any:
    """The isometric force of a muscle that is fully active, after Kistemaker et al. 2010."""
    off = (length - 1.0) * (1.0 / 0.66)
    return at_least(1.0 - off * off, 0.01)


def kistemaker_holding(share: Any, length: Any) -> Any:
    """See `MuscleModel.holding`."""
    return FLOOR + share / parabola(length)


def kistemaker_passive(length: Any) -> Any:
    """A parabola from 1.4 optimal lengths, the maximal force at 1.66."""
    stretch = at_least(length - 1.4, 0.0) * (1.0 / 0.26)
    return stretch * stretch


def thelen_force(a: Any, length: Any, v: Any) -> Any:
    """Thelen 2003 for young adults: a Gaussian of the length, hyperbolas of the velocity, an exponential without activation.

    The greatest velocity grows with the activation from 2.5 to 10 optimal lengths per second.
    """
    pace = v / (2.5 + 7.5 * a)
    shortens = pace < 0.0
    by_velocity = either(shortens, 1.0 + pace, 1.0 + 35.0 * pace) / either(shortens, 1.0 - 4.0 * pace, 1.0 + 25.0 * pace)
    passive = (exponential((5.0 / 0.6) * (length - 1.0)) - 1.0) * (1.0 / 147.4131591025766)  # e^5 - 1
    return a * gaussian(length) * at_least(by_velocity, 0.0) + at_least(passive, 0.0)


def gaussian(length: Any) -> Any:
    """The isometric force of a muscle that is fully active, after Thelen 2003."""
    off = length - 1.0
    return exponential((-1.0 / 0.45) * (off * off))


def thelen_holding(share: Any, length: Any) -> Any:
    """See `MuscleModel.holding`."""
    return FLOOR + share / gaussian(length)


def virtual_force(a: Any, length: Any, v: Any) -> Any:
    """The virtual muscle of Brown, Cheng & Loeb 1999 with the averages of fast and slow fibres of Li & Todorov 2004.

    What the activation recruits depends on the length. The formula holds between 0.2 and 1.93 optimal lengths (beyond 2.03 an
    exponent changes its sign) and stays as there outside; where its passive part would push, there is no force.
    """
    length = within(length)
    by_length, passive, exponent = virtual_numbers(length)
    shortens = v < 0.0
    by_velocity = either(shortens, -5.72 - v, 0.62 - v * (-3.12 + length * (4.21 - 2.67 * length))) / either(
        shortens, -5.72 + v * (1.38 + 2.09 * length), 0.62 + v
    )
    return recruited(a, exponent) * at_least(by_length * at_least(by_velocity, 0.0) + passive, 0.0)


def within(length: Any) -> Any:
    """The `length`, kept where the formulas of the virtual muscle hold."""
    return -at_least(-at_least(length, 0.2), -1.93)


def virtual_numbers(length: Any) -> Any:
    """Active force at rest and passive force for a full recruitment, and the exponent of the recruitment."""
    off = (exponential(1.93 * logarithm(length)) - 1.0) * (1.0 / 1.03)
    off = at_least(either(off < 0.0, -off, off), 1e-7)
    by_length = exponential(-exponential(1.87 * logarithm(off)))
    return by_length, -0.02 * exponential(-18.7 * (length - 0.79)), 2.11 + 4.16 * (1.0 / length - 1.0)


def recruited(a: Any, exponent: Any) -> Any:
    """The share of the virtual muscle that an activation recruits."""
    return 1.0 - exponential(-exponential(exponent * logarithm(a / (0.56 * exponent))))


def virtual_holding(share: Any, length: Any) -> Any:
    """See `MuscleModel.holding`; no more than what recruits 99 %."""
    by_length, passive, exponent = virtual_numbers(within(length))
    part = recruited(FLOOR + 0.0 * length, exponent) + share / at_least(by_length + passive, 0.001)
    left = at_least(-logarithm(1.0 + at_least(-part, -0.99)), 1e-7)
    return at_least(0.56 * exponent * exponential(logarithm(left) / exponent), FLOOR)


def steeper_pace(u: Any, rising: Any, tau_act: Any, tau_deact: Any) -> Any:
    """Thelen 2003: the more active, the slower a muscle becomes more active and the faster less."""
    falling = 1.0 - rising
    return rising + 0.5 * falling, 1.5 * falling, 0.5 * tau_act * rising + tau_deact * falling, 1.5 * tau_act * rising


def filtered_pace(u: Any, rising: Any, tau_act: Any, tau_deact: Any) -> Any:
    """Li & Todorov 2004: a filter; the more excited, the more its time constant is that of activation."""
    none = 0.0 * rising
    return none + 1.0, none, tau_deact + (tau_act - tau_deact) * u * rising, none


KISTEMAKER = MuscleModel(
    *(kistemaker_force, kistemaker_holding, steeper_pace, (0.015, 0.05)),
    (hill_numbers, parabola, kistemaker_passive, *exponentials.COMPONENT_WISE),
    source="Kistemaker, Wong & Gribble 2010, 10.1152/jn.00483.2010; activation: Thelen 2003, 10.1115/1.1531112",
    how_obtained="secondary: from public model code, which squares the whole factor of low activations, measures velocities of "
    "its rigid tendons in ten optimal lengths per second beside constants per second, and makes the hyperbola of its compliant "
    "tendons less curved below, not beyond, the optimal length",
)
COMPLIANT = KISTEMAKER._replace(source=KISTEMAKER.source + ", with tendons that stretch")
THELEN = MuscleModel(
    *(thelen_force, thelen_holding, steeper_pace, (0.015, 0.05), (gaussian, *exponentials.COMPONENT_WISE)),
    source="Thelen 2003, 10.1115/1.1531112",
    how_obtained="secondary: constants from public model code; its equation of the velocity differs, this one is unverified",
)
VIRTUAL = MuscleModel(
    *(virtual_force, virtual_holding, filtered_pace, (0.05, 0.066)),
    (within, virtual_numbers, recruited, *exponentials.COMPONENT_WISE),
    source="Li & Todorov 2004, Proc. 1st ICINCO 222-229, after Brown, Cheng & Loeb 1999, J Muscle Res Cell Motil 20:627",
    how_obtained="secondary: from public model code, whose filter takes the time of activation where the excitation is below",
)
