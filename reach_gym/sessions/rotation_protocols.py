"""Sessions of protocols with a visuomotor rotation, for a task whose own rotation counts as a gain of 1."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from reach_gym.sessions.building import block
from reach_gym.sessions.rows import Row

Rows = list[Row]

SIZES = (7.5, 15.0, 30.0, 60.0)  # degrees of clamped cursors; corrections of people no longer grow beyond 6 (Kim et al. 2018)
STEPS = 9  # of 10 degrees to 90 (Kagerer, Contreras-Vidal & Stelmach 1997)
CHANGES, EACH = 100, 8  # random rotations and trials of each: 800 trials (Braun, Aertsen, Wolpert & Mehring 2009)
WIDEST = 1.5  # of the task's own rotation: up to 90 degrees where that is 60
_AHEAD = 90.0


def _generalisation() -> Rows:
    around = [45.0 * k for k in range(8)]
    train = block("probes", 64, directions=[_AHEAD])
    probes = block("probes", 64, directions=around, feedback="none")
    return [
        *block("baseline", 64, directions=around, gain=0.0, feedback="none"),
        *block("learning", 120, directions=[_AHEAD]),
        *(row for pair in zip(train, probes, strict=True) for row in pair),
    ]


def _error_sizes() -> Rows:
    generator = np.random.default_rng(11)
    rows = block("baseline", 24, directions=[_AHEAD], gain=0.0)
    probe = replace(block("probes", 1, directions=[_AHEAD], gain=0.0)[0], feedback="none")
    rest = replace(probe, feedback="full")
    for _ in range(12):
        for angle in generator.permutation([sign * size for size in SIZES for sign in (1, -1)]).tolist():
            rows += [probe, replace(probe, feedback="clamp", clamp_angle=angle), probe, rest]
    return rows


def _to_the_end(gradual: bool) -> Callable[[], Rows]:
    def rows() -> Rows:
        gains = [(k + 1) / STEPS if gradual else 1.0 for k in range(STEPS)]
        return [
            *block("baseline", 24, gain=0.0),
            *(row for gain in gains for row in block("adaptation", 24, gain=gain)),
            *block("after-effect", 16, gain=0.0, feedback="none"),
        ]

    return rows


def _structure(random: bool) -> Callable[[], Rows]:
    def rows() -> Rows:
        drawn = np.random.default_rng(13).uniform(-WIDEST, WIDEST, CHANGES)
        gains = np.repeat(drawn if random else np.zeros(CHANGES), EACH).tolist()
        return [
            *block("baseline", 24, gain=0.0),
            *(Row(block="training", gain=gain) for gain in gains),
            *block("washout", 40, gain=0.0),
            *block("test", 40),
        ]

    return rows


ROTATION_PROTOCOLS: Mapping[str, Callable[[], Rows]] = {
    "rotation_generalisation": _generalisation,
    "error_sizes": _error_sizes,
    "gradual_rotation": _to_the_end(gradual=True),
    "abrupt_rotation": _to_the_end(gradual=False),
    "structure_random": _structure(random=True),
    "structure_control": _structure(random=False),
}
