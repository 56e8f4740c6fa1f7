"""The six muscles of a planar arm: where they pull and how strongly, with sources.

In the order of `NAMES`.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from reach_gym.plants.muscle_models import COMPLIANT, KISTEMAKER, THELEN, VIRTUAL, MuscleModel

Six = tuple[float, float, float, float, float, float]
COUNT = 6
NAMES = "shoulder flexor", "shoulder extensor", "elbow flexor", "elbow extensor", "two-joint flexor", "two-joint extensor"


class Muscles(NamedTuple):
    """A published set of muscles.

    Muscle with tendon is ``path + shoulder q1 + elbow q2 + curved q2^2`` long, angles in radians: the moment arms are the
    derivatives, a positive one extends.

    Attributes:
        model: How they pull.
        forces: The greatest isometric forces, N.
        optimal: Optimal lengths of the fibres, m.
        tendons: Lengths of the tendons, m.
        path: m, with both angles 0.
        shoulder: m/rad.
        elbow: m/rad.
        curved: m/rad^2.
        names: Anatomical.
        source: The publication.
        how_obtained: How the numbers came here.
    """

    model: MuscleModel
    forces: Six
    optimal: Six
    tendons: Six
    path: Six
    shoulder: Six
    elbow: Six
    curved: Six
    names: tuple[str, str, str, str, str, str]
    source: str
    how_obtained: str

    def numbers(self) -> list[float]:
        """For each muscle length, its derivatives, in optimal lengths, and the greatest force times the optimal length, N m.

        The length of the fibres is then ``n0 + n1 q1 + (n2 + n3 q2) q2``, and the torques ``-force n4`` times its derivatives.
        """
        rows = zip(self.path, self.tendons, self.shoulder, self.elbow, self.curved, self.optimal, self.forces, strict=True)
        return [
            number
            for path, tendon, shoulder, elbow, curved, optimal, force in rows
            for number in ((path - tendon) / optimal, shoulder / optimal, elbow / optimal, curved / optimal, force * optimal)
        ]


_ARM26: dict[str, Any] = {
    "forces": (838.0, 1207.0, 1422.0, 1549.0, 414.0, 603.0),
    "optimal": (0.134, 0.140, 0.092, 0.093, 0.137, 0.127),
    "elbow": (0.0, 0.0, -0.014, 0.025, -0.016, 0.03),
    "curved": (0.0, 0.0, -0.004, -0.0022, -0.0057, -0.0032),
    "shoulder": (-0.03, 0.03, 0.0, 0.0, -0.03, 0.03),
    "names": ("pectoralis", "deltoid", "brachioradialis", "lateral triceps", "biceps", "long triceps"),
    "source": "Nijhof & Kouwenhoven 2000, 10.1007/978-1-4612-2104-3_29; Kistemaker, Wong & Gribble 2010, 10.1152/jn.00483.2010",
    "how_obtained": "secondary: from public model code of the arm that it calls arm26",
}


def _arm26(model: MuscleModel, path: Six, tendons: Six) -> Muscles:
    # The source counts the shoulder's angle from a right one.
    lengths: Any = tuple(at - 0.5 * math.pi * by for at, by in zip(path, _ARM26["shoulder"], strict=True))
    return Muscles(model=model, path=lengths, tendons=tendons, **_ARM26)


_RIGID = (0.151, 0.2322, 0.2859, 0.2355, 0.3329, 0.2989), (0.039, 0.066, 0.172, 0.187, 0.204, 0.217)
_COMPLIANT = (0.182, 0.2362, *_RIGID[0][2:]), (0.07, 0.07, *_RIGID[1][2:])
_ARMS_CM = (2.0, -2.0, 0.0, 0.0, 1.5, -2.0), (0.0, 0.0, 2.0, -2.0, 2.0, -1.5)  # moment arms, positive where they bend
_AT_OPTIMUM = (15.0, 4.88, 0.0, 0.0, 4.5, 2.12), (0.0, 0.0, 80.86, 109.32, 92.96, 91.52)  # angles of optimal lengths, degrees
_OPTIMAL_CM = (7.32, 3.26, 6.4, 4.26, 5.95, 4.04)


def _li_todorov() -> Muscles:
    optimal = tuple(length / 100 for length in _OPTIMAL_CM)
    shoulder, elbow = (tuple(-arm / 100 for arm in arms) for arms in _ARMS_CM)
    at_1, at_2 = (tuple(math.radians(angle) for angle in angles) for angles in _AT_OPTIMUM)
    path = tuple(o - s * q1 - e * q2 for o, s, e, q1, q2 in zip(optimal, shoulder, elbow, at_1, at_2, strict=True))
    sets: dict[str, Any] = {
        "forces": tuple(31.8 * area for area in (22.0, 12.0, 18.0, 14.0, 5.0, 10.0)),
        "optimal": optimal,
        "tendons": (0.0,) * COUNT,
        "path": path,
        "shoulder": shoulder,
        "elbow": elbow,
        "curved": (0.0,) * COUNT,
        "names": NAMES,
        "source": "Li & Todorov 2004, Proc. 1st ICINCO 222-229",
        "how_obtained": "secondary: from public model code; 31.8 N per cm^2 of the areas there",
    }
    return Muscles(model=VIRTUAL, **sets)


MUSCLES: dict[str, Muscles] = {
    "kistemaker_2010": _arm26(KISTEMAKER, *_RIGID),
    "kistemaker_2010_compliant": _arm26(COMPLIANT, *_COMPLIANT),
    "thelen_2003": _arm26(THELEN, *_RIGID),
    "todorov_li_2004": _li_todorov(),
}
