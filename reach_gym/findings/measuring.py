"""The measures of `reach_gym.neural` on a population of a file, each with the null that belongs to it."""

from __future__ import annotations

import numpy as np

from reach_gym.findings.courses import SAME, Course
from reach_gym.neural import (
    alignment_against_chance,
    canonical_correlations,
    decode,
    demixed,
    held_out_shape,
    invariant_share,
    null_potent_against_chance,
    participation_ratio,
    reaction_times,
    representational_similarity,
    rotations,
    tangling,
)
from reach_gym.neural.arrays import Floats
from reach_gym.neural.maximum_entropy import maximum_entropy
from reach_gym.neural.nulls import Against, Draw, against
from reach_gym.neural.preparing import condition_dependent, soft_normalized, states
from reach_gym.neural.rotations import Quality, Rotations
from reach_gym.neural.surrogates import matched_covariance, matched_tuning, shuffled_conditions

ROTATING = (-0.05, 0.15)  # s from when the hand sets off, as published
LATENCY = 0.05  # s, the longest of units that are tuned to velocity
STEP = 0.02  # s, over which the change of states is taken for tangling, as published
_SLOW_DRAWS = 20  # at most, where each takes seconds
_FOLDS = 3
_PENALTIES = (1.0, 100.0, 1e4)
_SPREAD = 0.01  # s: reaction times that vary less than a time step or so cannot be told
_EMPTY = 1e-6  # share of the variance below which a component is none
_MAIN = 0.95  # share of the variance that preparatory components hold together


def most(rates: Floats, wanted: int, pairs: bool = False) -> int:
    """As many principal components as are wanted, or as the rates have; an even number if they come in pairs."""
    spread = np.linalg.svd(states(rates - rates.mean(axis=(0, 1))), compute_uv=False) ** 2
    found = min(wanted, int((spread > _EMPTY * spread.sum()).sum()))
    return found - found % 2 if pairs else found


def main(rates: Floats, wanted: int) -> int:
    """How many components hold 95 % of the variance, at most as many as are wanted: more would hold any space."""
    spread = np.linalg.svd(states(rates - rates.mean(axis=(0, 1))), compute_uv=False) ** 2
    return min(wanted, int(np.searchsorted(np.cumsum(spread), _MAIN * spread.sum())) + 1)


def _turning(course: Course) -> Floats:
    """Normalised condition-dependent rates in the window in which states rotate."""
    ready = condition_dependent(soft_normalized(course.movement, course.soften))
    first, last = (course.lead(moment) for moment in ROTATING)
    return ready[:, first : last + 1]


def turned(course: Course) -> Rotations:
    """The rotations of a population, in as many components as it has, at most six."""
    return _rotations(_turning(course))


def _rotations(rates: Floats) -> Rotations:
    return rotations(rates, most(condition_dependent(rates), 6, pairs=True), soften=None)


def _quality(rates: Floats) -> Quality:
    return _rotations(rates).quality


def rotation(course: Course, draws: int, seed: int) -> Against:
    """R² of the best rotation."""
    return against(lambda rates: _quality(rates).r2_skew, _turning(course), maximum_entropy, draws, seed)


def rotation_share(course: Course, draws: int, seed: int) -> Against:
    """R² of the best rotation over that of any matrix."""
    return against(lambda rates: _quality(rates).share, _turning(course), matched_covariance, draws, seed)


def rotation_plane(course: Course, draws: int, seed: int) -> Against:
    """Share of the variance in the fastest plane."""
    return against(lambda rates: _quality(rates).plane_variance, _turning(course), maximum_entropy, draws, seed)


def rotation_beyond_tuning(course: Course, draws: int, seed: int) -> Against:
    """R² of the best rotation, beside units that are tuned to velocity."""
    margin = round(LATENCY / course.dt)
    first, last = (course.lead(moment) for moment in ROTATING)
    hand = course.velocity[:, first - margin : last + 1 + margin]
    return against(lambda rates: _quality(rates).r2_skew, _turning(course), matched_tuning(hand), draws, seed)


def tangling_ratio(course: Course, draws: int, seed: int) -> Against:
    """Tangling of the activity over that of the output."""
    step = max(1, round(STEP / course.dt))
    output = soft_normalized(course.output, 0.0)
    below = tangling(output, course.dt, step, most(output, 8), soften=None).high

    def quotient(rates: Floats) -> float:
        return tangling(rates, course.dt, step, most(rates, 8), soften=None).high / below

    return against(quotient, soft_normalized(course.movement, course.soften), maximum_entropy, draws, seed, "less")


def aligned(course: Course, draws: int, seed: int) -> Against:
    """The alignment index, in ten components as published, or in those that hold 95 % of preparation."""
    count = main(condition_dependent(soft_normalized(course.preparation, course.soften)), 10)
    return alignment_against_chance(course.preparation, course.movement, count, course.soften, draws, seed)


def null_over_potent(course: Course, draws: int, seed: int) -> Against | None:
    """How much preparation avoids the output; the potent space is as large as the output, at most three, the null space too."""
    output = most(soft_normalized(course.output, 0.0), 3)
    if most(course.movement, 2 * output) < 2 * output:
        return None
    given = course.preparation, course.movement, course.output
    return null_potent_against_chance(*given, 2 * output, output, soften=course.soften, draws=draws, seed=seed)


def _independent(rates: Floats) -> Draw:
    """Conditions that have nothing in common; the covariance over conditions holds all that an invariant share is made of."""
    return maximum_entropy(rates, ("times", "units"))


def invariant(course: Course, draws: int, seed: int) -> Against:
    """Share of the variance that all conditions have in common."""
    return against(invariant_share, soft_normalized(course.movement, course.soften), _independent, draws, seed)


def largest_component(course: Course, draws: int, seed: int) -> Against:
    """How much of the largest demixed component's variance all conditions have in common."""
    rates = soft_normalized(course.movement, course.soften)
    count = min(6, most(rates, 6))
    return against(lambda each: float(demixed(each, count, soften=None).invariant[0]), rates, _independent, draws, seed)


def waiting(course: Course, draws: int, seed: int) -> Against | None:
    """Correlation of reaction times with when the condition-invariant signal rises."""
    if course.reaction_time.std() < _SPREAD:
        return None

    def r(rates: Floats) -> float:
        return reaction_times(rates, course.reaction_time, course.dt).r

    return against(r, course.waiting, shuffled_conditions, draws, seed)


def decoding(course: Course, draws: int, seed: int) -> Against:
    """R² of velocity in left-out targets."""

    def r2(rates: Floats) -> float:
        return decode(rates, course.hand, groups=course.label.tolist(), folds=_FOLDS, penalties=_PENALTIES).mean

    return against(r2, course.single, shuffled_conditions, min(draws, _SLOW_DRAWS), seed)


def dimensions(course: Course, draws: int, seed: int) -> float:
    """The participation ratio."""
    return participation_ratio(soft_normalized(course.movement, course.soften))


def common(one: Course, other: Course) -> tuple[Floats, Floats]:
    """The normalised movements of both, in the directions that they share.

    Raises:
        ValueError: Time steps or windows differ, or they share fewer than four directions.
    """
    if one.dt != other.dt or one.movement.shape[1] != other.movement.shape[1]:
        raise ValueError(f"`recording` must have the time steps of `activity`, {one.dt:g} s, got {other.dt:g} s: bin it so.")
    near = np.abs(np.angle(np.exp(1j * (one.direction[:, None] - other.direction))))
    rows, columns = np.nonzero(near < SAME)
    if len(rows) < 4:
        raise ValueError(f"`recording` must share at least 4 directions with `activity`, within 5 deg, shares {len(rows)}.")
    a, b = soft_normalized(one.movement, one.soften), soft_normalized(other.movement, other.soften)
    return a[rows], b[columns]


def correlated(one: Course, other: Course, draws: int, seed: int) -> Against:
    """Mean of the first four canonical correlations, in left-out conditions."""
    a, b = common(one, other)
    count = min(most(a[1:], 10), most(b[1:], 10), 10)

    def mean(rates: Floats) -> float:
        return float(canonical_correlations(rates, b, count).held_out[:4].mean())

    return against(mean, a, shuffled_conditions, draws, seed)


def shaped(one: Course, other: Course, draws: int, seed: int) -> Against:
    """How well one population's trajectories, turned and scaled, are the other's in left-out conditions."""
    a, b = common(one, other)
    count = min(most(a[1:], 10), most(b[1:], 10), 10)
    return against(lambda rates: held_out_shape(rates, b, count), a, shuffled_conditions, draws, seed)


def similar(one: Course, other: Course, draws: int, seed: int) -> Against:
    """Correlation of the dissimilarities of conditions."""
    a, b = common(one, other)
    return against(lambda rates: representational_similarity(rates, b), a, shuffled_conditions, draws, seed)
