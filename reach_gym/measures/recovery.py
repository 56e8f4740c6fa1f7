"""What comes back in error clamps after a counter-perturbation: spontaneous and evoked recovery."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from reach_gym import checks
from reach_gym.measures import arrays


@dataclass(frozen=True)
class Recovery:
    """Spontaneous recovery, in the unit of the output, which is positive towards the first perturbation.

    Attributes:
        learned: At the end of the first perturbation's block.
        countered: At the end of the counter-perturbation's.
        peak: The largest running mean in the clamps.
        peak_trial: The clamp trial at the middle of it, from 1; NaN without one.
        rebound: `peak` minus the mean of the first trials of the clamps; above 0 something comes back.
        last: Mean of the last trials of the clamps: where it ends.
    """

    learned: float
    countered: float
    peak: float
    peak_trial: float
    rebound: float
    last: float


def spontaneous_recovery(output: Any, adaptation: Any, counter: Any, clamps: Any, window: int = 1) -> Recovery:
    """The rebound towards what was learned first, in the clamps that follow a short counter-perturbation.

    Source: Smith, Ghazizadeh & Shadmehr, PLoS Biology 4:e179, 2006. The largest of many noisy trials is too large: with the data
    of people or of noisy agents take a `window` of 5 or more trials, or the mean over subjects; 1 is for models without noise.

    Args:
        output: Compensation per trial (n,), 1 for all of the first perturbation; NaN where it was not measured.
        adaptation: Which trials are of the first perturbation, bool (n,).
        counter: Which are of the counter-perturbation, bool (n,).
        clamps: Which are the error clamps after it, bool (n,).
        window: Measured trials of the running means, and of the means at the ends of blocks; 1 for the single trials.

    Returns:
        The recovery; NaN where a block has no measured trial.

    Raises:
        TypeError: `output` does not hold numbers, or a mask no booleans.
        ValueError: An argument is of another shape, or `window` below 1.
    """
    values = arrays.numbers("output", output)
    width = checks.integer("window", window, 1)
    known = np.isfinite(values)
    blocks = (("adaptation", adaptation), ("counter", counter))
    learned, countered = (arrays.mean(values[arrays.mask(name, which, len(values)) & known][-width:]) for name, which in blocks)
    late = arrays.mask("clamps", clamps, len(values))
    number = np.flatnonzero(known[late])
    found = values[late][number]
    if not len(found):
        nothing = float("nan")
        return Recovery(learned, countered, nothing, nothing, nothing, nothing)
    size = min(width, len(found))
    means = np.convolve(found, np.full(size, 1.0 / size), "valid")
    place = int(means.argmax())
    middle = float(number[place : place + size].mean()) + 1.0
    return Recovery(learned, countered, float(means[place]), middle, float(means[place] - means[0]), float(means[-1]))


@dataclass(frozen=True)
class Evoked:
    """Evoked recovery, in the unit of the output.

    Attributes:
        before: The clamps before the first trigger.
        after: The first clamps after the last trigger.
        later: Some clamps after that.
        last: The last clamps.
        step: `after` minus `before`: what the triggers evoked.
        kept: ``later - before`` as a share of the step; 1 is a plateau. NaN for a step of less than 0.01.
    """

    before: float
    after: float
    later: float
    last: float
    step: float
    kept: float


def evoked_recovery(output: Any, clamps: Any, triggers: Any, later: int = 50, window: int = 1) -> Evoked:
    """What a few trials of the first perturbation, put among the clamps, bring back, and whether it lasts.

    Source: Heald, Lengyel & Wolpert, Nature 600:489, 2021: after two trials people step up to a lasting plateau.

    Args:
        output: Compensation per trial (n,); NaN where it was not measured.
        clamps: Which trials are the error clamps, bool (n,).
        triggers: Which are the trials that evoke, bool (n,).
        later: After how many clamp trials `Evoked.later` is taken.
        window: Trials of the means, from that place on; at the end the last ones.

    Returns:
        The recovery; NaN where there is no trigger, or no measured trial.

    Raises:
        TypeError: `output` does not hold numbers, or a mask no booleans.
        ValueError: An argument is of another shape or out of range.
    """
    values = arrays.numbers("output", output)
    walls, evokes = (arrays.mask(name, each, len(values)) for name, each in (("clamps", clamps), ("triggers", triggers)))
    width, wait = checks.integer("window", window, 1), checks.integer("later", later, 1)
    places = np.flatnonzero(evokes)
    first, last = (int(places[0]), int(places[-1])) if len(places) else (len(values), len(values))
    prior, follow = values[:first][walls[:first]], values[last + 1 :][walls[last + 1 :]]
    before = arrays.mean(prior[-width:]) if len(places) else float("nan")
    after, then = arrays.mean(follow[:width]), arrays.mean(follow[wait : wait + width])
    step = after - before
    kept = (then - before) / step if abs(step) >= 0.01 else float("nan")
    return Evoked(before, after, then, arrays.mean(follow[-width:]), step, kept)
