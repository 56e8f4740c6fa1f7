"""Error sensitivity: how much of an error the next trial makes up for, from triplets of probe, error and probe."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from reach_gym import checks
from reach_gym.measures import arrays
from reach_gym.measures.arrays import Floats, Steps


class Triplets(NamedTuple):
    """What each triplet says.

    Attributes:
        trial: Place (k,) of the error trial in the session.
        error: The error (k,) in it, in its own unit.
        change: The change (k,) of the output across it, in the output's unit, what was forgotten added.
        sensitivity: ``change / error`` (k,); NaN for an error below the least one.
    """

    trial: Steps
    error: Floats
    change: Floats
    sensitivity: Floats


def error_sensitivity(output: Any, error: Any, probe: Any, retention: float = 1.0, least: float = 1e-9) -> Triplets:
    """Finds the triplets in a session, and how much each error changed the output.

    A triplet is a probe (channel) trial, an error trial and another probe, one after the other. The change across it is the
    second probe's output minus the first one's, of which two trials have left ``retention**2``. Source: Marko, Haith, Harran &
    Shadmehr, Journal of Neurophysiology 2012 (doi 10.1152/jn.00177.2012): sensitivity falls with the size of the error.

    Args:
        output: What probes show (n,), such as the compensation or the hand's angle; NaN where there is none.
        error: The error (n,) that the subject saw, with the sign in which it would change the output; NaN in clamps.
        probe: Which trials are probes, bool (n,).
        retention: Share that one trial leaves of the output, above 0 to 1; 1 where it is not known.
        least: Size of an error below which nothing can be divided by it.

    Returns:
        The triplets whose two probes and error were measured; none where there are none.

    Raises:
        TypeError: An argument does not hold numbers, or `probe` no booleans.
        ValueError: An argument is of another shape or out of range.
    """
    shown, seen = arrays.numbers("output", output), arrays.numbers("error", error)
    if seen.shape != shown.shape:
        raise ValueError(f"`error` must be of shape {shown.shape}, got {seen.shape}.")
    probes = arrays.mask("probe", probe, len(shown))
    keep = checks.number("retention", retention, 0.0, 1.0)
    limit = checks.number("least", least, 0.0)
    known = probes & np.isfinite(shown)
    middle = np.zeros(len(shown), np.bool_)
    middle[1:-1] = known[:-2] & ~probes[1:-1] & known[2:] & np.isfinite(seen[1:-1])
    trial = np.flatnonzero(middle)
    change = shown[trial + 1] - keep**2 * shown[trial - 1]
    large = np.abs(seen[trial]) > limit
    return Triplets(trial, seen[trial], change, np.where(large, change / np.where(large, seen[trial], 1.0), np.nan))


def sensitivity_by_size(error: Any, change: Any, edges: Any) -> Floats:
    """The sensitivity (k,) to errors of k sizes: the slope through the origin of `change` on `error` within each class.

    The slope of a class weighs large errors more than the mean of the ratios does, which small errors would rule.

    Args:
        error: Errors (n,), as `Triplets` has them.
        change: Changes (n,).
        edges: k + 1 sizes in the unit of the errors, rising; a class holds its lower edge.

    Returns:
        One slope per class; NaN where a class is empty or holds only zeros.

    Raises:
        TypeError: An argument does not hold numbers.
        ValueError: An argument is of another shape, or `edges` do not rise.
    """
    seen, moved, steps = arrays.numbers("error", error), arrays.numbers("change", change), arrays.numbers("edges", edges)
    if moved.shape != seen.shape:
        raise ValueError(f"`change` must be of shape {seen.shape}, got {moved.shape}.")
    if len(steps) < 2 or not (np.diff(steps) > 0).all():
        raise ValueError(f"`edges` must be at least two rising numbers, got {checks.shown(edges)}.")
    known = np.isfinite(seen) & np.isfinite(moved)
    slopes = np.full(len(steps) - 1, np.nan)
    for place in range(len(slopes)):
        here = known & (np.abs(seen) >= steps[place]) & (np.abs(seen) < steps[place + 1])
        weight = float((seen[here] ** 2).sum())
        if weight > 0:
            slopes[place] = float((seen[here] * moved[here]).sum()) / weight
    return slopes
