"""The condition-invariant signal: what a population does alike for all movements (Kaufman et al., eNeuro 3(4):0085-16, 2016)."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.linalg import subspace_angles
from sklearn.decomposition import PCA
from sklearn.model_selection import KFold

from reach_gym import checks
from reach_gym.neural.arrays import Floats, floats
from reach_gym.neural.preparing import AXES, SOFTEN, condition_dependent, soft_normalized, states

COMPONENTS = 6  # of each kind
PENALTY = 1e-6  # of the total sum of squares
FOLDS = 5


def _split(rates: Floats) -> tuple[Floats, Floats]:
    """The rates about each unit's mean, and the part of them that all conditions share; both (conditions * times, units)."""
    whole = rates - rates.mean(axis=(0, 1))
    return states(whole), states(whole - condition_dependent(whole))


def invariant_share(rates: Any, other: Any = None) -> float:
    """Share of the variance over conditions and times that all conditions have in common.

    With means over half of the trials in each of two arrays it is cross-validated: products of the halves take the place of
    squares, to which noise adds. Without, the noise of the means counts as dependence on conditions.

    It is the share that the effect of time has in an analysis of variance of each unit, all units together, and not the number of
    Kaufman et al. They take the population apart by demixed PCA and tell, component by component, how much it explains and how
    much of that all conditions share (their abstract, and the code of Stavisky et al., eLife 8:e46015, 2019, which draws its
    components as they did; their methods were not open to us). That is `Demixed`. This share needs no choice of how many
    components, and no penalty.

    Args:
        rates: (conditions, times, units), means over trials.
        other: Means over other trials of the same conditions.

    Raises:
        ValueError: See `floats`; unequal shapes, or nothing varies (in both halves alike).
    """
    one = floats("rates", rates, AXES, 2)
    two = one if other is None else floats("other", other, AXES, 2)
    if one.shape != two.shape:
        raise ValueError(f"`rates` and `other` must have equal shapes, got {one.shape} and {two.shape}.")
    (whole, common), (whole_two, common_two) = _split(one), _split(two)
    total = float((whole * whole_two).sum())
    if total <= 0:
        raise ValueError("`rates` must vary, and alike in both halves.")
    return float((common * common_two).sum()) / total


class Demixed(NamedTuple):
    """Components of demixed principal component analysis, largest first.

    Attributes:
        explained: (2k,), share of the total variance that each component reconstructs.
        invariant: (2k,), share of each component's own variance that all conditions have in common.
        kind: (2k,), True for those that were sought in the condition-invariant part.
        encoders: (units, 2k), how each component shows in the units.
        decoders: (units, 2k), how it is read from them.
        angle: Smallest principal angle between the encoders of both kinds, rad; pi / 2 if the spaces are orthogonal.
    """

    explained: Floats
    invariant: Floats
    kind: npt.NDArray[np.bool_]
    encoders: Floats
    decoders: Floats
    angle: float


def _reduced(part: Floats, whole: Floats, components: int, penalty: float) -> tuple[Floats, Floats]:
    """Encoders F and decoders D (units, k): least |part - whole D F'|² + penalty |D F'|², reduced-rank regression."""
    total = whole.T @ whole
    weights = np.linalg.solve(total + penalty * np.trace(total) * np.eye(len(total)), whole.T @ part)
    axes = np.linalg.svd(whole @ weights, full_matrices=False)[2][:components].T
    return axes, np.asarray(weights @ axes)


def demixed(rates: Any, components: int = COMPONENTS, soften: float | None = SOFTEN, penalty: float = PENALTY) -> Demixed:
    """Demixed PCA with two parts, what conditions share and the rest (Kobak et al., eLife 5:e10989, 2016).

    Published for reaching (Kaufman et al., abstract): the largest component is condition-invariant, much larger than any tuned
    one, and lies in dimensions orthogonal to theirs. The abstract has no number; that it holds more than half of the variance is
    from a secondary source.

    Args:
        rates: (conditions, times, units), means over trials.
        components: k of each part.
        soften: See `soft_normalized`; 5 spikes/s. For a network `softening(rates)`.
        penalty: On the weights, as a share of the total sum of squares.

    Raises:
        ValueError: See `floats`; k is above what the parts can have, or `penalty` is not positive.
    """
    values = soft_normalized(floats("rates", rates, AXES, 2), soften)
    whole, common = _split(values)
    most = min(values.shape[1], values.shape[2])
    count = checks.integer("components", components, 1, most)
    pull = checks.number("penalty", penalty, 1e-15)
    parts = [_reduced(part, whole, count, pull) for part in (common, whole - common)]
    encoders, decoders = (np.concatenate([part[i] for part in parts], axis=1) for i in (0, 1))
    scores, total = whole @ decoders, float((whole**2).sum())
    explained = 1 - np.array([((whole - np.outer(s, f)) ** 2).sum() for s, f in zip(scores.T, encoders.T, strict=True)]) / total
    invariant = ((common @ decoders) ** 2).sum(axis=0) / np.maximum((scores**2).sum(axis=0), 1e-300)
    order = np.argsort(-explained)
    angle = float(subspace_angles(parts[0][0], parts[1][0]).min())
    kind = np.arange(2 * count) < count
    return Demixed(explained[order], invariant[order], kind[order], encoders[:, order], decoders[:, order], angle)


class ReactionTimes(NamedTuple):
    """How well the condition-invariant signal of a trial tells its reaction time.

    Attributes:
        r: Pearson correlation of crossing and reaction time over trials that crossed. Published: it predicts most of the
            variance (abstract).
        crossing: (trials,), s from the first time, when the left-out trial crosses half way; NaN if it never does.
        crossed: Share of trials that did.
    """

    r: float
    crossing: Floats
    crossed: float


def _crossings(signal: Floats, level: float, dt: float) -> Floats:
    """When each row of (trials, times) first rises to `level` from below, between times; s, NaN if it never does."""
    rises = (signal[:, :-1] < level) & (signal[:, 1:] >= level)
    first = rises.argmax(axis=1)
    rows = np.arange(len(signal))
    low, high = signal[rows, first], signal[rows, first + 1]
    part = (level - low) / np.where(rises.any(axis=1), high - low, 1.0)
    return np.where(rises.any(axis=1), (first + part) * dt, np.nan)


def reaction_times(rates: Any, reaction_time: Any, dt: float, folds: int = FOLDS, seed: int = 0) -> ReactionTimes:
    """Predicts reaction times from when the condition-invariant signal passes half of its rise, in left-out trials.

    The signal is the first principal component of the mean over the other trials; the level is half way between the ends of its
    mean course's range. Kaufman et al. foretell reaction times from when the component changes rapidly (abstract); how they read
    that in single trials was not open to us: this is the package's way. For chance, use `against` with `shuffled_conditions`,
    which gives trials the rates of others.

    Args:
        rates: (trials, times, units), from the go cue, smoothed; targets about equally often.
        reaction_time: (trials,), s.
        dt: Seconds between times.
        folds: Of the cross-validation over trials.
        seed: Of the folds.

    Raises:
        ValueError: See `floats`; one reaction time per trial is missing, or fewer than three trials cross.
    """
    values = floats("rates", rates, "trials, times, units", 2)
    waited = floats("reaction_time", reaction_time, "trials")
    if len(waited) != len(values):
        raise ValueError(f"`reaction_time` must be of shape ({len(values)},), got {waited.shape}.")
    seconds = checks.number("dt", dt, 1e-12)
    crossing = np.full(len(values), np.nan)
    for train, test in KFold(checks.integer("folds", folds, 2), shuffle=True, random_state=seed).split(values):
        mean = values[train].mean(axis=0)
        axis = PCA(1, svd_solver="full").fit(mean).components_[0]
        course = mean @ axis
        if course.argmax() < course.argmin():
            axis, course = -axis, -course
        crossing[test] = _crossings(values[test] @ axis, (course.min() + course.max()) / 2, seconds)
    known = np.isfinite(crossing)
    if known.sum() < 3:
        raise ValueError(f"`rates` must cross half of the mean rise in at least 3 trials, did in {known.sum()}.")
    return ReactionTimes(float(np.corrcoef(crossing[known], waited[known])[0, 1]), crossing, float(known.mean()))
