"""Which activity reaches the output: potent and null dimensions (Kaufman et al., Nature Neuroscience 17:440, 2014)."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy.linalg import lstsq
from scipy.stats import ortho_group

from reach_gym import checks
from reach_gym.neural.arrays import Floats, floats
from reach_gym.neural.nulls import DRAWS, Against, beside
from reach_gym.neural.preparing import AXES, SOFTEN, condition_dependent, principal, soft_normalized, states, variance_along

COMPONENTS = 6
OUTPUT_COMPONENTS = 3


class Spaces(NamedTuple):
    """How states of n units drive outputs: output components = (state - mean) @ axes @ weights.

    Attributes:
        mean: (units,).
        axes: (units, k), the principal components of the states, orthonormal.
        weights: (k, m), from them to the principal components of the output.
        potent: (units, m), orthonormal: what the weights read.
        null: (units, k - m), orthonormal: what they do not; no change along it changes the output.
        r2: Share of the output components' variance that the weights explain, in the data they were fitted to.
    """

    mean: Floats
    axes: Floats
    weights: Floats
    potent: Floats
    null: Floats
    r2: float


def lagged(rates: Floats, output: Floats, lag: int) -> tuple[Floats, Floats]:
    """The rates and the output `lag` steps later, without the times that have no partner."""
    if not 0 <= lag < rates.shape[1]:
        raise ValueError(f"`lag` must be from 0 to {rates.shape[1] - 1} steps, got {lag}.")
    return rates[:, : rates.shape[1] - lag], output[:, lag:]


def paired(rates: Any, output: Any, name: str = "rates", output_name: str = "output") -> tuple[Floats, Floats]:
    """Both arrays, if their first two axes agree.

    Raises:
        ValueError: See `floats`; they do not.
    """
    one, other = floats(name, rates, AXES), floats(output_name, output, "conditions, times, outputs")
    if one.shape[:2] != other.shape[:2]:
        raise ValueError(f"`{name}` and `{output_name}` must have equal first two axes, got {one.shape} and {other.shape}.")
    return one, other


def output_spaces(
    rates: Any, output: Any, components: int = COMPONENTS, output_components: int = OUTPUT_COMPONENTS, lag: int = 0
) -> Spaces:
    """Regresses the principal components of the output on those of the rates; potent is what the weights read, null the rest.

    Args:
        rates: (conditions or trials, times, units), of the movement, normalised as you wish.
        output: (the same, the same, outputs): muscles, forces, or the rates of units downstream, in comparable units.
        components: k, of the rates.
        output_components: m, of the output, below k.
        lag: Steps by which the output follows the rates.

    Raises:
        ValueError: See `floats`; unequal axes, `lag` too long, k not above m, or more components than the data have.
    """
    one, other = lagged(*paired(rates, output), checks.integer("lag", lag, 0))
    most = checks.integer("components", components, 2)
    if checks.integer("output_components", output_components, 1) >= most:
        raise ValueError(f"`output_components` must be below `components` = {most}, got {output_components}.")
    source, target = principal(one, most), principal(other, output_components)
    state, wanted = source.transform(states(one)), target.transform(states(other))
    weights = np.asarray(lstsq(state, wanted)[0])
    left = np.linalg.svd(weights)[0]
    axes = np.asarray(source.components_.T)
    r2 = 1 - float(((wanted - state @ weights) ** 2).sum() / (wanted**2).sum())
    return Spaces(source.mean_, axes, weights, axes @ left[:, :output_components], axes @ left[:, output_components:], r2)


class NullPotent(NamedTuple):
    """Variance over conditions in the null space over that in the potent space, each per dimension.

    Attributes:
        ratio: `preparation` over `movement`: above 1 if preparation avoids the potent space more than movement does. Published:
            about 3 to 8 (from memory, unverified).
        preparation: The quotient before the movement.
        movement: The quotient during it.
        spaces: What they were taken along.
    """

    ratio: float
    preparation: float
    movement: float
    spaces: Spaces


def _quotient(rates: Floats, null: Floats, potent: Floats) -> float:
    kept, read = (variance_along(rates, axes) / axes.shape[1] for axes in (null, potent))
    return float(kept / read)


class _Prepared(NamedTuple):
    """Condition-dependent rates of both epochs, alike normalised, and the spaces."""

    preparation: Floats
    movement: Floats
    spaces: Spaces


def _epochs(
    preparation: Any, movement: Any, output: Any, components: int, output_components: int, lag: int, soften: float | None
) -> _Prepared:
    before, during = floats("preparation", preparation, AXES, 2), floats("movement", movement, AXES, 2)
    if before.shape[::2] != during.shape[::2]:
        raise ValueError(
            f"`preparation` and `movement` must have equal conditions and units, got {before.shape} and {during.shape}."
        )
    both = soft_normalized(np.concatenate([before, during], axis=1), soften)
    before, during = both[:, : before.shape[1]], both[:, before.shape[1] :]
    driven = soft_normalized(floats("output", output, "conditions, times, outputs"), 0.0)
    spaces = output_spaces(during, driven, components, output_components, lag)
    return _Prepared(condition_dependent(before), condition_dependent(during), spaces)


def null_potent(
    preparation: Any,
    movement: Any,
    output: Any,
    components: int = COMPONENTS,
    output_components: int = OUTPUT_COMPONENTS,
    lag: int = 0,
    soften: float | None = SOFTEN,
) -> NullPotent:
    """How much more preparation stays out of the output's dimensions than movement does.

    Args:
        preparation: (conditions, times, units), rates of the delay.
        movement: (conditions, times', units), rates of the movement.
        output: (conditions, times', outputs) beside the movement; each output is divided by its range.
        components: k principal components of the movement's rates.
        output_components: m of the output's; with k = 2 m both spaces are equally large, as published.
        lag: Steps by which the output follows the rates.
        soften: See `soft_normalized`; 5 spikes/s. For a network `softening(rates)`.

    Raises:
        ValueError: See `output_spaces`; the epochs have other conditions or units.
    """
    epochs = _epochs(preparation, movement, output, components, output_components, lag, soften)
    null, potent = epochs.spaces.null, epochs.spaces.potent
    before, during = _quotient(epochs.preparation, null, potent), _quotient(epochs.movement, null, potent)
    return NullPotent(before / during, before, during, epochs.spaces)


def null_potent_against_chance(
    preparation: Any,
    movement: Any,
    output: Any,
    components: int = COMPONENTS,
    output_components: int = OUTPUT_COMPONENTS,
    lag: int = 0,
    soften: float | None = SOFTEN,
    draws: int = DRAWS,
    seed: int = 0,
) -> Against:
    """`NullPotent.ratio` beside that of random halves of the same components: an output that reads any directions of them.

    Args are those of `null_potent`, and how many random splits, with the seed of their draws.

    Raises:
        ValueError: See `null_potent`.
    """
    epochs = _epochs(preparation, movement, output, components, output_components, lag, soften)

    def ratio(turned: Floats) -> float:
        potent, null = turned[:, :output_components], turned[:, output_components:]
        return _quotient(epochs.preparation, null, potent) / _quotient(epochs.movement, null, potent)

    generator = np.random.default_rng(checks.integer("seed", seed, 0))
    turns = (ortho_group.rvs(components, random_state=generator) for _ in range(checks.integer("draws", draws, 1)))
    spaces = epochs.spaces
    value = ratio(np.concatenate([spaces.potent, spaces.null], axis=1))
    return beside(value, [ratio(spaces.axes @ turn) for turn in turns])
