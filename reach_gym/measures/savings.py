"""Savings: does a group learn faster the second time? Paired rates, with an interval and the chance of no savings at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from reach_gym import checks
from reach_gym.measures import arrays
from reach_gym.measures.arrays import Floats
from reach_gym.measures.learning import RATES, fit_exponential

DRAWS = 10_000
_BITS = 13  # subjects up to which all sign flips are taken instead of drawn ones


@dataclass(frozen=True)
class Savings:
    """What a group saved.

    Attributes:
        first: Rate per trial (subjects,) the first time; NaN where the fit has none or stands at a bound.
        second: The second time.
        change: Mean of second minus first over subjects that have both; above 0 is savings.
        low: Lower end of its 95 % interval, by bootstrap over subjects (percentiles).
        high: The upper end.
        p_value: One-sided chance of a change at least as large without savings, where a subject's two rates could be exchanged.
        pairs: Subjects that have both rates.
    """

    first: Floats
    second: Floats
    change: float
    low: float
    high: float
    p_value: float
    pairs: int


def learning_rates(curves: Any, rates: tuple[float, float] = RATES) -> Floats:
    """The rate per trial (subjects,) of an exponential fitted to each curve; NaN where it is no estimate.

    Args:
        curves: One curve per subject: (subjects, n), or a list of curves of any lengths; NaN where a trial is missing.
        rates: Bounds, as `fit_exponential` takes them.

    Raises:
        TypeError: `curves` does not hold numbers.
        ValueError: It is of another shape.
        MissingExtraError: SciPy is not installed.
    """
    fits = [fit_exponential(row, rates) for row in arrays.curves("curves", curves)]
    return np.array([float("nan") if fit.at_bound else fit.rate for fit in fits])


def savings(first: Any, second: Any, rates: tuple[float, float] = RATES, seed: int = 0) -> Savings:
    """Compares the rates of learning of the same subjects in two blocks.

    Rates are compared, not errors: a curve that begins better need not be learned faster. The null hypothesis is that the labels
    of a subject's two blocks could be exchanged: the signs of the paired differences are flipped, all of them up to 13 subjects,
    10,000 drawn ones beyond. Sources: savings in force fields: Coltman, Cashaback & Gribble, Journal of Neurophysiology 121:1575,
    2019 (unverified in detail); the test: Fisher's randomisation test of paired differences.

    Args:
        first: One curve per subject of the first learning: (subjects, n), or a list of curves of any lengths, NaN where missing.
        second: The same subjects' second learning; as many curves, of any length.
        rates: Bounds, as `fit_exponential` takes them.
        seed: Of the drawn signs and of the bootstrap.

    Returns:
        The savings; change, interval and chance are NaN with fewer than two pairs.

    Raises:
        TypeError: An argument does not hold numbers.
        ValueError: An argument is of another shape or out of range.
        MissingExtraError: SciPy is not installed.
    """
    before, after = learning_rates(first, rates), learning_rates(second, rates)
    if before.shape != after.shape:
        raise ValueError(f"`second` must have as many subjects as `first`, {len(before)}, got {len(after)}.")
    change, low, high, chance, pairs = paired_change(before, after, seed)
    return Savings(before, after, change, low, high, chance, pairs)


def paired_change(first: Any, second: Any, seed: int = 0) -> tuple[float, float, float, float, int]:
    """The mean paired change of a number per subject, its 95 % bootstrap interval, its one-sided chance, and the pairs.

    Args:
        first: One number per subject (n,); NaN where there is none.
        second: Of the same subjects (n,).
        seed: Of what is drawn.

    Raises:
        TypeError: An argument does not hold numbers.
        ValueError: An argument is of another shape, or `seed` is out of range.
    """
    before, after = arrays.numbers("first", first), arrays.numbers("second", second)
    if before.shape != after.shape:
        raise ValueError(f"`second` must be of shape {before.shape}, got {after.shape}.")
    draw = np.random.default_rng(checks.integer("seed", seed, 0))
    known = (after - before)[np.isfinite(before) & np.isfinite(after)]
    if len(known) < 2:
        return float("nan"), float("nan"), float("nan"), float("nan"), len(known)
    again = known[draw.integers(0, len(known), (DRAWS, len(known)))].mean(axis=1)
    low, high = np.quantile(again, (0.025, 0.975))
    if len(known) <= _BITS:
        signs = 1.0 - 2.0 * (np.arange(2 ** len(known))[:, None] >> np.arange(len(known)) & 1)
        extra = 0
    else:
        signs, extra = 1.0 - 2.0 * draw.integers(0, 2, (DRAWS, len(known))), 1  # the labels as they are, too
    reached = (signs @ known / len(known) >= known.mean() - 1e-12 * np.abs(known).mean()).sum()
    return float(known.mean()), float(low), float(high), float((reached + extra) / (len(signs) + extra)), len(known)
