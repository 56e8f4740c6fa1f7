"""Where the parts of an arm are, for whoever draws it: numbers only.

The lines of the muscles are chosen for the look: flexors run on the inner side of the joints that they bend, extensors on the
outer side, each over the joints that it moves. A model's lengths and moment arms do not follow from these lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from reach_gym.fields import Pair
from reach_gym.plants.turns import cosine_and_sine


class MuscleLine(NamedTuple):
    """A muscle as a line.

    Attributes:
        path: Points from origin to insertion, at least two, in metres.
        activation: From 0 to 1.
    """

    path: tuple[Pair, ...]
    activation: float


class Limbs(NamedTuple):
    """The parts of a planar arm.

    Attributes:
        joints: Shoulder, elbow and hand, in metres.
        chest: A point on the trunk beside the shoulder, which does not move.
        muscles: Its muscles; empty where it has none.
    """

    joints: tuple[Pair, Pair, Pair]
    chest: Pair
    muscles: tuple[MuscleLine, ...] = ()


# Points as (part, along it, to its left), in lengths of the upper arm; of the trunk, which does not turn, to the right and ahead.
_TRUNK, _UPPER, _FORE = range(3)
_CHEST = _TRUNK, -1.1, 0.0
_LINES: tuple[tuple[tuple[int, float, float], ...], ...] = (
    ((_TRUNK, -0.52, 0.06), (_TRUNK, -0.10, 0.16), (_UPPER, 0.34, 0.07)),  # pectoralis: bends the shoulder
    ((_TRUNK, -0.40, -0.13), (_TRUNK, 0.00, -0.17), (_UPPER, 0.36, -0.09)),  # deltoid, its rear part: stretches it
    ((_UPPER, 0.60, 0.04), (_UPPER, 0.86, 0.12), (_FORE, 0.20, 0.12), (_FORE, 0.62, 0.03)),  # brachioradialis: bends the elbow
    ((_UPPER, 0.38, -0.03), (_UPPER, 0.72, -0.09), (_FORE, -0.08, -0.02)),  # triceps, lateral head
    ((_TRUNK, -0.04, 0.04), (_UPPER, 0.30, 0.12), (_UPPER, 0.68, 0.13), (_FORE, 0.16, 0.05)),  # biceps: over both joints
    ((_TRUNK, -0.10, -0.08), (_UPPER, 0.35, -0.13), (_UPPER, 0.80, -0.15), (_FORE, -0.10, -0.04)),  # long head
)


def limbs_of(q1: float, q2: float, bones: Any, activations: Sequence[float] = ()) -> Limbs:
    """The parts of an arm of two bones.

    Args:
        q1: The shoulder's angle, rad.
        q2: The elbow's, rad.
        bones: As `reach_gym.plants.skeleton.Bones`.
        activations: Of pectoralis, deltoid, brachioradialis, lateral triceps, biceps and long triceps, from 0 to 1, or of the
            muscles that a model has in their places; empty for an arm without muscles.
    """
    shoulder = float(bones[9]), float(bones[10])
    c1, s1 = cosine_and_sine(q1)
    c2, s2 = cosine_and_sine(q2)
    c12, s12 = c1 * c2 - s1 * s2, s1 * c2 + c1 * s2
    unit, fore = float(bones[0]), float(bones[1])
    elbow = shoulder[0] + unit * c1, shoulder[1] + unit * s1
    frames = ((shoulder, 1.0, 0.0), (shoulder, c1, s1), (elbow, c12, s12))

    def place(part: int, along: float, left: float) -> Pair:
        (x, y), cosine, sine = frames[part]
        return x + unit * (cosine * along - sine * left), y + unit * (sine * along + cosine * left)

    lines = zip(_LINES, activations, strict=True) if activations else ()
    muscles = tuple(MuscleLine(tuple(place(*point) for point in line), float(active)) for line, active in lines)
    hand = elbow[0] + fore * c12, elbow[1] + fore * s12
    return Limbs((shoulder, elbow, hand), place(*_CHEST), muscles)
