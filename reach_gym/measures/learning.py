"""How fast and how far a subject learns, and what it keeps: early and late values, the rate of an exponential, retention."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from reach_gym import checks
from reach_gym.measures import arrays
from reach_gym.measures.shape_fit import fit_shape, varies

RATES = (1e-3, 2.0)  # per trial: from nothing in a session's thousand trials to all but a seventh in one
_TELLING = 4  # measured trials below which three parameters say nothing


@dataclass(frozen=True)
class Exponential:
    """The curve ``end + (start - end) * exp(-rate * k)`` of trial k, fitted by least squares.

    Attributes:
        start: At trial 0, in the unit of the values.
        end: What it tends to.
        rate: Per trial; the change of one trial is 1 - exp(-rate) of what is left.
        explained: Share of the variance; NaN where the values do not vary, and then all other numbers but `end` are NaN, too.
        at_bound: Whether the rate stands at one of its bounds: it is then no estimate, and `start` and `end` are not either.
        trials: How many were measured.
    """

    start: float
    end: float
    rate: float
    explained: float
    at_bound: bool
    trials: int


def fit_exponential(values: Any, rates: tuple[float, float] = RATES) -> Exponential:
    """Fits an exponential to a subject's curve; missing trials count as time but not as data.

    Start and end follow from the rate by linear regression, so that one number is searched (`reach_gym.measures.shape_fit`). The
    exponential is the field's usual description of a learning curve; a two-state learner's is a sum of two.

    Args:
        values: One number per trial (n,), NaN where there is none.
        rates: The least and the greatest rate per trial.

    Returns:
        The fit; NaN with fewer than 4 measured trials.

    Raises:
        TypeError: `values` does not hold numbers.
        ValueError: It is of another shape, or `rates` are not two numbers in order, both above 0.
        MissingExtraError: SciPy is not installed.
    """
    low, high = arrays.bounds("rates", rates)
    curve = arrays.numbers("values", values)
    trial = np.flatnonzero(np.isfinite(curve))
    known = curve[trial]
    if len(known) < _TELLING or not varies(known):
        nothing = float("nan")
        return Exponential(nothing, arrays.mean(known), nothing, nothing, False, len(known))
    fit = fit_shape(lambda rate: np.exp(-rate * trial), known, low, high)
    return Exponential(fit.offset + fit.height, fit.offset, fit.parameter, fit.explained, fit.at_bound, len(known))


def early_late(values: Any, early: int = 10, late: int = 20) -> tuple[float, float]:
    """The means of the first and of the last measured trials, in the unit of `values`; NaN where none was measured.

    Args:
        values: One number per trial (n,), NaN where there is none.
        early: How many trials, measured or not, from the beginning.
        late: How many from the end.

    Raises:
        TypeError: `values` does not hold numbers, or a number of trials is no integer.
        ValueError: `values` is of another shape, or a number of trials below 1.
    """
    curve = arrays.numbers("values", values)
    first, last = checks.integer("early", early, 1), checks.integer("late", late, 1)
    return arrays.mean(curve[:first]), arrays.mean(curve[-last:])


def retention(values: Any, trials: int = 5, least: float = 0.1) -> float:
    """What is left at the end of a block of error clamps, as a share of what there was at its beginning.

    Source: Scheidt et al., Journal of Neurophysiology 84:853, 2000 (what was learned decays where errors are clamped).

    Args:
        values: Compensation per trial (n,) of the block, corrected for the baseline; NaN where there is none.
        trials: How many count at either end.
        least: Of `values`: below it there is nothing to retain, and the share is NaN.

    Raises:
        TypeError: `values` does not hold numbers.
        ValueError: It is of another shape, or a number is out of range.
    """
    count = checks.integer("trials", trials, 1)
    limit = checks.number("least", least, 0.0)
    before, after = early_late(values, count, count)
    return after / before if np.isfinite(before) and abs(before) > limit else float("nan")
