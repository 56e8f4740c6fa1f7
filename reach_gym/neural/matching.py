"""Equal numbers of units and trials: populations of different sizes are compared by draws of the size of the smallest."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, NamedTuple

import numpy as np

from reach_gym import checks
from reach_gym.neural.arrays import Floats, floats
from reach_gym.neural.preparing import AXES

DRAWS = 50


class Matched(NamedTuple):
    """A measure of several populations, with equally many units of each.

    Attributes:
        value: (populations,), medians over the draws.
        low: (populations,), 2.5 % of the draws: how much the choice of units matters, not what other networks or animals would
            give.
        high: (populations,), 97.5 %.
        draws: (populations, draws), all values.
        units: How many of each.
    """

    value: Floats
    low: Floats
    high: Floats
    draws: Floats
    units: int


def matched_units(
    measure: Callable[[Floats], float], populations: Sequence[Any], draws: int = DRAWS, seed: int = 0, units: int | None = None
) -> Matched:
    """Measures equally many units of each population, drawn without replacement.

    Args:
        measure: From rates (conditions, times, units) to a number.
        populations: Rates (conditions, times, its own units) of each.
        draws: How many of each. A population with no more units than are drawn gives the same value every time.
        seed: Of the draws.
        units: How many of each; as many as the smallest has, unless told otherwise.

    Raises:
        ValueError: See `floats`; there is no population, or one has fewer than `units`.
    """
    rates = [floats(f"populations[{i}]", each, AXES) for i, each in enumerate(populations)]
    if not rates:
        raise ValueError("`populations` must hold at least one, got none.")
    smallest = min(each.shape[2] for each in rates)
    size = smallest if units is None else checks.integer("units", units, 1, smallest)
    generator = np.random.default_rng(checks.integer("seed", seed, 0))
    values = np.empty((len(rates), checks.integer("draws", draws, 1)))
    for row, each in zip(values, rates, strict=True):
        row[:] = [measure(each[:, :, generator.choice(each.shape[2], size, replace=False)]) for _ in row]
    low, middle, high = np.percentile(values, (2.5, 50.0, 97.5), axis=1)
    return Matched(middle, low, high, values, size)


def matched_trials(rates: Any, labels: Sequence[Hashable], trials: int | None = None, seed: int = 0) -> tuple[Floats, Floats]:
    """Means over equally many trials of each label, in two halves that share no trial.

    Args:
        rates: (trials, times, units).
        labels: (trials,), such as the target.
        trials: How many of each label in each half; half of those of the rarest label unless told otherwise.
        seed: Of which ones are drawn.

    Returns:
        Two arrays (labels, times, units), labels in order.

    Raises:
        ValueError: See `floats`; a label is missing, or has fewer than twice as many trials.
    """
    values = floats("rates", rates, "trials, times, units", 2)
    names, group, counts = np.unique(np.asarray(labels), return_inverse=True, return_counts=True)
    if len(group) != len(values):
        raise ValueError(f"`labels` must hold one per trial, {len(values)}, got {len(group)}.")
    rarest = int(counts.min())
    if rarest < 2:
        raise ValueError(f"`labels` must name at least 2 trials each, got {checks.shown(names[counts.argmin()])} once.")
    count = rarest // 2 if trials is None else checks.integer("trials", trials, 1, rarest // 2)
    generator = np.random.default_rng(checks.integer("seed", seed, 0))
    order = [generator.permutation(np.flatnonzero(group == each))[: 2 * count] for each in range(len(names))]
    return tuple(np.stack([values[own[half::2]].mean(axis=0) for own in order]) for half in (0, 1))  # type: ignore[return-value]
