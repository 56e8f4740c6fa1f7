"""Measures of what was learned: the coefficient of channel trials, the after-effect, and the learning index of catch trials."""

from __future__ import annotations

from typing import Any

import numpy as np

from reach_gym import checks
from reach_gym.checks import shown
from reach_gym.measures import arrays
from reach_gym.measures.arrays import Floats

LEAST_PUSH = 0.01  # N, of the field sideways, in a trial that can tell adaptation


def viscous_force(velocity: Any, viscosity: Any) -> Floats:
    """The force (..., T, 2) in N of a viscous field on a hand with this velocity, step by step.

    Args:
        velocity: Velocity (..., T+1, 2) in m/s; the force of a step is that of its first state.
        viscosity: Matrix B (2, 2) in N s/m of the force B v; the curl field is ``b * [[0, -1], [1, 0]]``, b > 0 pushes
            to the left of the velocity.

    Raises:
        TypeError: An argument does not hold numbers.
        ValueError: An argument is of another shape.
    """
    matrix = arrays.path("viscosity", viscosity, (), "2")
    if matrix.shape != (2, 2) or not np.isfinite(matrix).all():
        raise ValueError(f"`viscosity` must be a matrix (2, 2) of finite numbers, got {shown(viscosity)}.")
    return np.asarray(arrays.path("velocity", velocity)[..., :-1, :] @ matrix.T)


def adaptation_coefficient(channel_force: Any, field_force: Any, start: Any, target: Any) -> Floats:
    """How much of the field the hand compensates in channel (error clamp) trials: 1 all of it, 0 nothing.

    It is the slope of the regression through the origin of the lateral force of the hand on the lateral force that would
    just cancel the field. The hand's force on the channel is minus the channel's on the hand, and the ideal force is
    minus the field's; the two signs cancel, so that a fully adapted hand meets a channel force equal to the field force.
    Steps at rest have no ideal force and thus no weight.

    Sources: the channel: Scheidt, Reinkensmeyer, Conditt, Rymer & Mussa-Ivaldi, Journal of Neurophysiology 84:853, 2000;
    the regression on the ideal force: Smith, Ghazizadeh & Shadmehr, PLoS Biology 4:e179, 2006. No offset is fitted: it
    would be a force that the hand exerts at rest, which is no answer to a field that depends on velocity.

    Args:
        channel_force: Force (..., T, 2) in N of the channel on the hand; NaN or 0 after the trial's end.
        field_force: Force (..., T, 2) in N that the field would have exerted on the same movement.
        start: Start (..., 2) in m, or one (2,) for all trials.
        target: Target (..., 2) in m, or one (2,) for all trials.

    Returns:
        One coefficient per trial; NaN where the sideways force of the field stays below a hundredth of a newton.

    Raises:
        TypeError: An argument does not hold numbers.
        ValueError: An argument is of another shape, or a target lies on its start.
    """
    ideal, exerted = arrays.sideways_forces(channel_force, field_force, start, target)
    known = np.isfinite(ideal) & np.isfinite(exerted)
    covariation = np.where(known, ideal * exerted, 0.0).sum(axis=-1)
    weight = np.where(known, ideal * ideal, 0.0).sum(axis=-1)
    # Below that the slope would be that of rounding errors, as in a field that only resists.
    pushed = (np.where(known, np.abs(ideal), 0.0) >= LEAST_PUSH).any(axis=-1)
    return np.where(pushed, covariation / np.where(pushed, weight, 1.0), np.nan)


def after_effect(deviation: Any, baseline: Any, probe: Any) -> float:
    """The mean signed deviation in the probe trials minus that in the baseline trials, in the unit of `deviation`.

    Probes are trials in which the field is off unexpectedly: catch trials, or the first trials of the washout. Opposite in
    sign to the push of the field that was learned. Source: Shadmehr & Mussa-Ivaldi, Journal of Neuroscience 14:3208, 1994.

    Args:
        deviation: One signed deviation (or angle) per trial (n,), such as `max_deviation`; NaN entries are left out.
        baseline: Which trials are baseline, bool (n,).
        probe: Which trials are probes, bool (n,).

    Returns:
        The after-effect; NaN without any measured trial among the baseline or the probes.

    Raises:
        TypeError: `deviation` does not hold numbers, or a mask no booleans.
        ValueError: An argument is of another shape.
    """
    signed = arrays.numbers("deviation", deviation)
    known = np.isfinite(signed)
    before = signed[arrays.mask("baseline", baseline, len(signed)) & known]
    after = signed[arrays.mask("probe", probe, len(signed)) & known]
    if before.size == 0 or after.size == 0:
        return float("nan")
    return float(after.mean() - before.mean())


def learning_index(field: Any, catch: Any, baseline: Any, least: float) -> float:
    """The share of a field that is made up for, read from the paths of field and catch trials: 0 none, 1 all, 2 twice as much.

    With deviations taken from the baseline's it is ``catch / (catch - field)``: who has learned all of it is straight in the
    field, and where it is off bends to the other side, as much as a naive hand bends where it is on. Who changes nothing has no
    after-effect and an index of 0, however stiff the hand and whatever it always pushes. Source: the learning index of Donchin &
    Shadmehr (as in Criscimagna-Hemminger, Donchin, Gazzaniga & Shadmehr, Journal of Neurophysiology 89:168, 2003, unverified).

    Args:
        field: Signed deviations (n,) in trials with the field; NaN entries are left out.
        catch: In trials in which it is off without notice (m,), of about the same time.
        baseline: Before the field was met (k,).
        least: Size of ``catch - field``, in their unit, below which the field moves the hand too little to tell.

    Returns:
        The index; NaN where the field moves the hand by less than `least`, or one kind of trial was not measured.

    Raises:
        TypeError: An argument does not hold numbers.
        ValueError: An argument is of another shape or out of range.
    """
    limit = checks.number("least", least, 0.0)
    on, off, before = (
        arrays.mean(arrays.numbers(name, each)) for name, each in (("field", field), ("catch", catch), ("baseline", baseline))
    )
    moved = off - on
    return (off - before) / moved if abs(moved) > limit else float("nan")
