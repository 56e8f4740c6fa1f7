"""Surrogates that keep some of a population's structure and destroy the rest; `nulls.against` measures them beside the data."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

from reach_gym.neural.arrays import Floats, floats
from reach_gym.neural.nulls import Draw, Surrogate
from reach_gym.neural.preparing import AXES, condition_dependent, states


def shuffled_conditions(rates: Any) -> Draw:
    """Gives every condition the rates of another, all units alike: what belonged together *between* two arrays no longer does.

    A null for comparisons of two populations and of rates with behaviour; a measure of one array alone does not change.

    Args:
        rates: (conditions, ...).

    Returns:
        From a generator to rates of the same shape.

    Raises:
        ValueError: There is one condition only.
    """
    values = np.asarray(rates, np.float64)
    if values.ndim < 1 or len(values) < 2:
        raise ValueError(f"`rates` must have at least two conditions, got the shape {values.shape}.")
    return lambda generator: values[generator.permutation(len(values))]


def shuffled_trials(labels: Sequence[Hashable]) -> Surrogate:
    """A surrogate for `against` that shuffles trials among those of the same label.

    A null for what distinguishes the first from the last trials: early from late, before from during learning.

    Args:
        labels: (trials,), for example the targets.

    Returns:
        From rates (trials, ...) to how to draw.
    """
    _, group = np.unique(np.asarray(labels), return_inverse=True)

    def surrogate(rates: Floats) -> Draw:
        if len(rates) != len(group):
            raise ValueError(f"`labels` must be one per trial, got {len(group)} for {len(rates)} trials.")

        def draw(generator: np.random.Generator) -> Floats:
            order = np.arange(len(group))
            for each in range(group.max() + 1):
                own = np.flatnonzero(group == each)
                order[own] = generator.permutation(own)
            return np.asarray(rates[order])

        return draw

    return surrogate


def _reassigned(rates: Floats, generator: np.random.Generator) -> Floats:
    """The rates (conditions, times, units) with the conditions of each unit in an order of its own."""
    conditions, _, units = rates.shape
    order = generator.permuted(np.tile(np.arange(conditions)[:, None], units), axis=0)
    return np.asarray(np.take_along_axis(rates, order[:, None], axis=0))


def matched_covariance(rates: Any) -> Draw:
    """Rates whose conditions are reassigned for each unit on its own, with the covariance between units of the data.

    After the covariance-matched permutation test of Michaels, Dann & Scherberger, PLoS Computational Biology 12:e1005175, 2016.
    Single units keep their courses in time and the population its covariance, but conditions no longer mean the same to all
    units. Their statistic is `Quality.share`: with it, rotations of velocity tuning with latencies survive and those of
    dynamics do not; R² by itself falls in both cases. Give smooth rates: noise of single units spoils the surrogates.

    The mean over conditions is kept as it is. The covariance of the rest is restored exactly: with units in a random order, the
    permuted rates are Q R and the data Q' R'; the surrogate is Q R'. (The paper's own way of restoring it was not open to us.)

    Args:
        rates: (conditions, times, units).

    Returns:
        From a generator to surrogate rates of the same shape.

    Raises:
        ValueError: See `floats`; there is one condition only.
    """
    values = floats("rates", rates, AXES, least=2)
    rest = condition_dependent(values)
    mean = values.mean(axis=0)
    units = values.shape[2]

    def draw(generator: np.random.Generator) -> Floats:
        permuted = _reassigned(rest, generator)
        mixed = generator.permutation(units)
        matched = np.empty_like(rest)
        upper = np.linalg.qr(states(rest)[:, mixed], mode="r")
        matched[:, :, mixed] = (np.linalg.qr(states(permuted)[:, mixed])[0] @ upper).reshape(rest.shape)
        return np.asarray(mean + matched)

    return draw


def _tuned(rates: Floats, velocity: Floats) -> Floats:
    """What velocity tuning with the best latency of each unit predicts: (conditions, times, units)."""
    conditions, times, units = rates.shape
    best, predicted = np.full(units, np.inf), np.empty((conditions * times, units))
    for lag in range(velocity.shape[1] - times + 1):
        hand = velocity[:, lag : lag + times]
        design = states(
            np.concatenate([np.ones((conditions, times, 1)), hand, np.linalg.norm(hand, axis=2, keepdims=True)], axis=2)
        )
        fitted = design @ np.linalg.lstsq(design, states(rates))[0]
        left = ((states(rates) - fitted) ** 2).sum(axis=0)
        better = left < best
        best[better], predicted[:, better] = left[better], fitted[:, better]
    return predicted.reshape(rates.shape)


def matched_tuning(velocity: Any) -> Surrogate:
    """A surrogate for `against`: units that only represent the hand's velocity, each with a latency, tuned like those recorded.

    Each unit is fitted by base + b . velocity + c speed at its best latency, as in the representational model of Michaels et al.
    2016. A surrogate is what this predicts for as many units, drawn with replacement, plus what it leaves of each, with the
    conditions reassigned unit by unit: tuning, and whatever else single units do, with nothing in common.

    Args:
        velocity: (conditions, times + 2 m, 2), mean hand velocity, m steps longer on either side than the rates; latencies from
            -m to m steps are tried.

    Returns:
        From rates (conditions, times, units) to how to draw.

    Raises:
        ValueError: `velocity` is not longer than the rates by an even number of times, or of other conditions.
    """
    hand = floats("velocity", velocity, "conditions, times, components")

    def surrogate(rates: Floats) -> Draw:
        values = floats("rates", rates, AXES)
        extra = hand.shape[1] - values.shape[1]
        if len(hand) != len(values) or extra < 0 or extra % 2:
            raise ValueError(
                f"`velocity` must be of shape ({len(values)}, {values.shape[1]} + 2 m, 2) for latencies to m, got {hand.shape}."
            )
        predicted = _tuned(values, hand)
        rest, units = values - predicted, values.shape[2]

        def draw(generator: np.random.Generator) -> Floats:
            drawn = generator.integers(0, units, units)
            return np.asarray(predicted[:, :, drawn] + _reassigned(rest[:, :, drawn], generator))

        return draw

    return surrogate
