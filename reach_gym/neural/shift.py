"""What learning does to preparatory states: a change that is the same for all directions, and what is left of it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from reach_gym.neural.arrays import TINY, Floats, floats, ratio

_HALVES, _STATES = "halves, directions, units", "directions, units"


class UniformShift(NamedTuple):
    """The change of preparatory states that is the same for all directions (Sun, O'Shea et al. 2022, Nature 602:274).

    Attributes:
        vector: (units,), the mean over directions of the change.
        size: Its length, over the root mean square distance of the directions' states from their mean before.
        uniformity: The share of the squared change that is the same for all directions. Changes that have nothing to do with each
            other give `chance`; one vector for all gives 1. Estimates of two halves may lie a little outside of 0 to 1.
        chance: One over the number of directions.
    """

    vector: Floats
    size: float
    uniformity: float
    chance: float


def uniform_shift(before: Any, during: Any) -> UniformShift:
    """The uniform shift from `before` to `during`.

    Lengths are products of two halves of the trials where both are given (`reach_gym.neural.halves_at`): noise, which differs
    between them, then makes nothing longer. What is found must be compared with a network or an animal that learned nothing:
    states drift, and every drift has a mean.

    Args:
        before: States (directions, units), or (2, directions, units) of two halves of the trials.
        during: Likewise, of the same directions and units.

    Raises:
        TypeError: An argument holds no numbers.
        ValueError: A number is missing, the arguments do not fit together, or there are fewer than two directions.

    Warns:
        TinyDenominatorWarning: Nothing has changed, or nothing differed between directions; the ratio is NaN.
    """
    first, change = _changes(before, during)
    mean = change.mean(axis=1)
    squared = _product(mean[0], mean[1])
    spread = _spread(first)
    return UniformShift(
        vector=mean.mean(axis=0),
        size=ratio("size", float(np.sqrt(max(squared, 0.0))), spread, TINY * _length(first)),
        uniformity=ratio("uniformity", squared, _whole(change), (TINY * spread) ** 2),
        chance=1.0 / change.shape[1],
    )


def shift_left(before: Any, during: Any, later: Any) -> float:
    """How much of the uniform shift from `before` to `during` there is from `before` to `later`: 0 nothing, 1 all of it.

    With `later` after the washout it says what learning has left behind; with a control that learned nothing, how far states
    drift that way of themselves. Directions are compared, too: a change across the shift counts nothing.

    Args:
        before: As `uniform_shift` takes it.
        during: Likewise.
        later: Likewise.

    Raises:
        TypeError: An argument holds no numbers.
        ValueError: As `uniform_shift`.

    Warns:
        TinyDenominatorWarning: There is no uniform shift; the result is NaN.
    """
    first, change = _changes(before, during)
    shift, left = change.mean(axis=1), _changes(before, later)[1].mean(axis=1)
    both = (_product(left[0], shift[1]) + _product(left[1], shift[0])) / 2
    return ratio("shift_left", both, _product(shift[0], shift[1]), (TINY * _spread(first)) ** 2)


def share_in(vector: Any, axes: Any) -> float:
    """Share of a squared vector that lies in a space; k/units by chance, for a random vector and k axes.

    Args:
        vector: (units,).
        axes: (units, k), orthonormal, such as `reach_gym.neural.force_space` gives.

    Raises:
        TypeError: An argument holds no numbers.
        ValueError: A number is missing, the arguments do not fit together, the axes are not orthonormal, or the vector is 0.
    """
    given, space = floats("vector", vector, "units"), floats("axes", axes, "units, axes")
    if len(space) != len(given):
        raise ValueError(f"`axes` must have {len(given)} rows, one per entry of `vector`, got {space.shape}.")
    if not np.allclose(space.T @ space, np.eye(space.shape[1]), atol=1e-6):
        raise ValueError("`axes` must be orthonormal: their products with each other must be 1 and 0.")
    if not given.any():
        raise ValueError("`vector` must not be 0: it then has no direction.")
    return float(((space.T @ given) ** 2).sum() / (given @ given))


def _changes(before: Any, after: Any) -> tuple[Floats, Floats]:
    """The states before and their changes, both (2, directions, units)."""
    first, second = _halves("before", before), _halves("after", after)
    if first.shape != second.shape:
        raise ValueError(f"states must be of the same directions and units, got {first.shape[1:]} and {second.shape[1:]}.")
    return first, second - first


def _halves(name: str, states: Any) -> Floats:
    if np.ndim(states) == 2:
        return np.stack([floats(name, states, _STATES, 2)] * 2)
    halves = floats(name, states, _HALVES, 2)
    if len(halves) != 2 or halves.shape[1] < 2:
        raise ValueError(f"`{name}` must be ({_STATES}) or (2, {_STATES}) with at least 2 directions, got {halves.shape}.")
    return halves


def _product(one: Floats, other: Floats) -> float:
    return float(np.vdot(one, other))


def _whole(change: Floats) -> float:
    """The mean over directions of the squared change."""
    return _product(change[0], change[1]) / len(change[0])


def _spread(states: Floats) -> float:
    """The root mean square distance of the directions from their mean."""
    away: Floats = states - states.mean(axis=1, keepdims=True)
    return _length(away)


def _length(states: Floats) -> float:
    return float(np.sqrt(max(_whole(states), 0.0)))
