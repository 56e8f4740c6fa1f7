"""Intervals of fitted parameters by parametric bootstrap: the fitted model makes new trials, and is fitted to them again.

Efron & Tibshirani, An Introduction to the Bootstrap, 1993. The intervals are bias-corrected percentiles (their chapter 14,
without acceleration): where fits to new trials come out too high by the median, the interval is shifted down, and vice versa.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from reach_gym import checks
from reach_gym.models import likelihood
from reach_gym.models.fitting import Fit, fit
from reach_gym.models.model import Floats

MAX_SAMPLES = 100_000


@dataclass(frozen=True)
class Intervals:
    """Intervals of the parameters of a fit.

    Attributes:
        level: The share of intervals that shall hold the truth.
        low: Lower end by parameter.
        high: Upper end by parameter.
        samples: float64 (n, parameters), the parameters that were fitted to each new set of trials, in the order of `low`.
        at_bounds: By parameter, the share of these fits in which it ended at a bound.
    """

    level: float
    low: dict[str, float]
    high: dict[str, float]
    samples: Floats = field(repr=False)
    at_bounds: dict[str, float]


def bootstrap(fitted: Fit, n: int = 200, level: float = 0.95, rng: Any = None) -> Intervals:
    """Intervals of the free parameters of a fit, by `n` new sets of trials.

    Args:
        fitted: The fit. Where it says that it ends at a bound, its intervals mean little.
        n: How many sets, at least 10.
        level: From 0 to 1.
        rng: A generator or a seed.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: An argument is out of range.
    """
    if not isinstance(fitted, Fit):
        raise TypeError(f"`fitted` must be a Fit, got {checks.shown(fitted)}.")
    count = checks.integer("n", n, 10, MAX_SAMPLES)
    share = checks.number("level", level, 0.0, 1.0)
    generator = np.random.default_rng(rng)
    fits = [
        fit(fitted.model, data, free=fitted.free, noise=fitted.noise, starts=(fitted.model,))
        for data in _new(fitted, count, generator)
    ]
    samples = np.array([[getattr(each.model, name) for name in fitted.free] for each in fits])
    ends = [_ends(samples[:, i], getattr(fitted.model, name), share) for i, name in enumerate(fitted.free)]
    low, high = ({name: pair[i] for name, pair in zip(fitted.free, ends, strict=True)} for i in (0, 1))
    bounds = {name: float(np.mean([name in each.at_bounds for each in fits])) for name in fitted.free}
    return Intervals(share, low, high, samples, bounds)


def _new(fitted: Fit, count: int, rng: np.random.Generator) -> list[Any]:
    """New sets of trials that the fitted model makes, measured where the fitted ones were."""
    data = fitted.data
    if fitted.noise == "state":
        made = likelihood.draw_states(fitted.model, data, fitted.state_noise, rng, count)  # type: ignore[arg-type]  # linear
    else:
        made = np.broadcast_to(fitted.output, (count, len(data)))
    measured = np.where(data.known, made + rng.normal(0.0, fitted.output_noise, (count, len(data))), np.nan)
    return [data.with_measured(each) for each in measured]


def _ends(samples: Floats, found: float, level: float) -> tuple[float, float]:
    """The bias-corrected percentile interval of a parameter that was `found`."""
    from statistics import NormalDist

    normal, n = NormalDist(), len(samples)
    below = (float((samples < found).sum()) + 0.5 * float((samples == found).sum())) / n
    shift = normal.inv_cdf(min(max(below, 0.5 / n), 1.0 - 0.5 / n))
    tails = (normal.inv_cdf(each) for each in (max(0.5 - level / 2, 1e-9), min(0.5 + level / 2, 1.0 - 1e-9)))
    low, high = np.quantile(samples, [normal.cdf(2.0 * shift + each) for each in tails])
    return float(low), float(high)
