"""A measure beside its null: the same number from surrogates in which the structure that it looks for is destroyed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from reach_gym import checks
from reach_gym.neural.arrays import Floats

Draw = Callable[[np.random.Generator], Floats]
Surrogate = Callable[[Floats], Draw]
TAILS = ("greater", "less")
DRAWS = 100
_MIDDLE = (2.5, 50.0, 97.5)


class Against(NamedTuple):
    """A value and what chance gives.

    Attributes:
        value: Of the data.
        null: (draws,), of the surrogates.
        p: Share of draws at least as extreme, the data counted among them: (1 + k) / (1 + draws), never 0 (Phipson & Smyth,
            Statistical Applications in Genetics and Molecular Biology 9:39, 2010).
        tail: ``"greater"`` if the finding is a large value, ``"less"`` if it is a small one.
    """

    value: float
    null: Floats
    p: float
    tail: str

    @property
    def chance(self) -> tuple[float, float, float]:
        """2.5 %, median and 97.5 % of the null."""
        low, middle, high = np.percentile(self.null, _MIDDLE)
        return float(low), float(middle), float(high)


def beside(value: float, null: Any, tail: str = "greater") -> Against:
    """`value` beside values of a null that were drawn already.

    Raises:
        ValueError: `value` or one of the null is not finite, there is no draw, or `tail` is unknown.
    """
    drawn = np.asarray(null, np.float64)
    if drawn.ndim != 1 or not len(drawn) or not np.isfinite(drawn).all():
        raise ValueError(f"`null` must hold at least one finite number in one axis, got {checks.shown(null)}.")
    number = checks.number("value", value)
    extreme = drawn >= number if checks.choice("tail", tail, TAILS) == "greater" else drawn <= number
    return Against(number, drawn, float((1 + extreme.sum()) / (1 + len(drawn))), tail)


def against(
    measure: Callable[[Floats], float],
    rates: Any,
    surrogate: Surrogate,
    draws: int = DRAWS,
    seed: int = 0,
    tail: str = "greater",
) -> Against:
    """Measures the data and `draws` surrogates of them.

    Args:
        measure: From rates to a number, for example ``lambda rates: rotations(rates).quality.r2_skew``.
        rates: As the measure and the surrogate take them.
        surrogate: Fits what is kept and returns how to draw: `maximum_entropy`, `matched_covariance`, `shuffled_conditions`,
            `shuffled_trials`, or a function of your own.
        draws: How many surrogates.
        seed: Of the draws; the same seed gives the same null.
        tail: On which side of the null the finding lies.

    Raises:
        ValueError: Whatever `measure` or `surrogate` refuses; or the measure of the data or of a surrogate is not finite.
    """
    count = checks.integer("draws", draws, 1)
    generator = np.random.default_rng(checks.integer("seed", seed, 0))
    values = np.asarray(rates, np.float64)
    value, draw = measure(values), surrogate(values)
    return beside(value, [measure(draw(generator)) for _ in range(count)], tail)
