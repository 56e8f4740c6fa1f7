"""Tangling: does the same state ever go on in different ways? (Russo et al., Neuron 97:953, 2018)."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy.spatial.distance import cdist

from reach_gym import checks
from reach_gym.neural.arrays import Floats, floats
from reach_gym.neural.preparing import AXES, SOFTEN, principal, soft_normalized, states

COMPONENTS = 8  # as published
SOFT = 0.1  # of the total variance, the constant epsilon; as published
HIGH = 90  # per cent of times below the summary value
_ROWS = 512  # states that are compared with all others at a time


class Tangling(NamedTuple):
    """Tangling of every state.

    Attributes:
        q: (conditions, times - step), 1/s²; of time t for state t + step.
        high: The 90th percentile of q. Published: far lower in motor cortex than in muscles; low is the finding.
    """

    q: Floats
    high: float


def tangling(
    rates: Any, dt: float, step: int = 1, components: int = COMPONENTS, soften: float | None = SOFTEN, soft: float = SOFT
) -> Tangling:
    """Q(t) = max over t' of |x'(t) - x'(t')|² / (|x(t) - x(t')|² + epsilon), over all times of all conditions.

    x are the first principal components of the soft-normalised rates, x' their backward difference over `step`, and epsilon a
    tenth of the total variance of x. Q is high where two states are alike but change differently, as those of a smooth
    dynamical system without inputs cannot.

    Args:
        rates: (conditions, times, units).
        dt: Seconds between times.
        step: Over how many of them x' is taken; published for steps of 20 ms.
        components: How many principal components.
        soften: See `soft_normalized`; 5 spikes/s as published. For a network `softening(rates)`.
        soft: Epsilon as a share of the total variance, above 0.

    Raises:
        ValueError: See `floats`; `dt` or `soft` is not positive, there are too few times, or more components than the states
            have.
    """
    values = soft_normalized(floats("rates", rates, AXES), soften)
    ahead = checks.integer("step", step, 1, max(1, values.shape[1] - 1))
    seconds, constant = (checks.number(name, value, 1e-12) for name, value in (("dt", dt), ("soft", soft)))
    if values.shape[1] < 2:
        raise ValueError(f"`rates` must have at least 2 times, got {values.shape[1]}.")
    scores = principal(values, components).transform(states(values)).reshape(*values.shape[:2], components)
    change = states((scores[:, ahead:] - scores[:, :-ahead]) / (ahead * seconds))
    state = states(scores[:, ahead:])
    epsilon = constant * float(states(scores).var(axis=0).sum())
    highest = []
    for rows in (slice(i, i + _ROWS) for i in range(0, len(state), _ROWS)):
        quotient = cdist(change[rows], change, "sqeuclidean") / (cdist(state[rows], state, "sqeuclidean") + epsilon)
        highest.append(quotient.max(axis=1))
    q = np.concatenate(highest).reshape(len(values), -1)
    return Tangling(q, float(np.percentile(q, HIGH)))
