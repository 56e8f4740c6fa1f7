"""What the hand expects of a field, read from its push against the walls of a force channel (error clamp)."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from reach_gym.measures import arrays
from reach_gym.measures.adaptation import LEAST_PUSH
from reach_gym.measures.arrays import Floats
from reach_gym.measures.movement import Movement


class Compensation(NamedTuple):
    """The regression of the exerted on the ideal force, one number per trial.

    Attributes:
        slope: 1 for a force that makes up for all of the field, 0 for none, -1 for the opposite field's.
        intercept: In N, positive to the left: a push that does not follow the field's.
        r2: Share of the exerted force's variance that the line explains, from 0 to 1; how much the force looks like the field's.
            NaN where the exerted force does not vary.
        ideal_peak: In N, the ideal force's largest size in the window: how much there was to see.
    """

    slope: Floats
    intercept: Floats
    r2: Floats
    ideal_peak: Floats


def compensation(channel_force: Any, field_force: Any, start: Any, target: Any, movement: Movement | None = None) -> Compensation:
    """Regresses the force of the hand on the walls on the force that would just cancel the field, in every channel trial.

    The hand's force on the wall is minus the wall's on the hand, the ideal force minus the field's; the two signs cancel. What is
    measured is the wall's force, the force that is really exerted: an action is a command, which a lagging hand follows late.

    Only steps from onset to peak speed count if the movement is given: after that, feedback has changed what was planned.
    Sources: the channel: Scheidt et al., Journal of Neurophysiology 84:853, 2000; the regression of force on ideal force: Smith,
    Ghazizadeh & Shadmehr, PLoS Biology 4:e179, 2006; here with an intercept, so that a constant push is no compensation.

    Args:
        channel_force: Force (..., T, 2) in N of the walls on the hand, such as ``recording.force``; NaN after the trial's end.
        field_force: Force (..., T, 2) in N that the field would have exerted on the same movement.
        start: Start (..., 2) in m, or one (2,) for all trials.
        target: Target (..., 2) in m, or one (2,) for all trials.
        movement: Of `find_movement`, of the same trials; ``None`` to take all steps of the trial.

    Returns:
        One number per trial; NaN without movement, with fewer than three steps, and where the sideways force of the field stays
        below a hundredth of a newton or does not vary by so much.

    Raises:
        TypeError: An argument does not hold numbers.
        ValueError: An argument is of another shape, or a target lies on its start.
    """
    ideal, exerted = arrays.sideways_forces(channel_force, field_force, start, target)
    counted = np.isfinite(ideal) & np.isfinite(exerted) & _until_peak(movement, ideal.shape)
    return _regression(ideal, exerted, counted)


def pooled_compensation(
    channel_force: Any, field_force: Any, start: Any, target: Any, movement: Movement | None = None
) -> Compensation:
    """The same regression over all steps of all trials together: one number each; the arguments as of `compensation`.

    In directions in which a field pushes along the way a single trial says nothing. Together the trials tell how much their
    pushes look like those that one field asks for, in all directions.
    """
    ideal, exerted = arrays.sideways_forces(channel_force, field_force, start, target)
    counted = np.isfinite(ideal) & np.isfinite(exerted) & _until_peak(movement, ideal.shape)
    return _regression(*(values.reshape(-1) for values in (ideal, exerted, counted)))


def _until_peak(movement: Movement | None, shape: tuple[int, ...]) -> Any:
    """Which steps (..., T) lie between onset and peak speed."""
    if movement is None:
        return np.ones(shape, np.bool_)
    if movement.onset.shape != shape[:-1]:
        raise ValueError(f"`movement` must be that of trials of shape {shape[:-1]}, got {movement.onset.shape}.")
    step = np.arange(shape[-1])
    return movement.moved[..., None] & (step >= movement.onset[..., None]) & (step <= movement.peak[..., None])


def _regression(ideal: Floats, exerted: Floats, counted: Any) -> Compensation:
    number = counted.sum(axis=-1)
    some = np.maximum(number, 1)

    def centred(values: Floats) -> tuple[Floats, Floats]:
        level = np.where(counted, values, 0.0).sum(axis=-1) / some
        return np.where(counted, values - level[..., None], 0.0), level

    (x, x_mean), (y, y_mean) = centred(ideal), centred(exerted)
    xx, xy, yy = ((a * b).sum(axis=-1) for a, b in ((x, x), (x, y), (y, y)))
    peak = np.where(counted, np.abs(ideal), 0.0).max(axis=-1, initial=0.0)
    told = (number >= 3) & (peak >= LEAST_PUSH) & (np.abs(x).max(axis=-1, initial=0.0) >= LEAST_PUSH)
    slope = np.where(told, xy / np.where(told, xx, 1.0), np.nan)
    pushed = told & (np.abs(y).max(axis=-1, initial=0.0) >= 1e-6 * LEAST_PUSH)
    r2 = np.where(pushed, xy * xy / np.where(pushed, xx * yy, 1.0), np.nan)
    return Compensation(slope, y_mean - slope * x_mean, r2, np.where(number > 0, peak, np.nan))
