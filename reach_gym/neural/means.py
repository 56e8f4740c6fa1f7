"""Mean activity per direction: over the time around an event (PSTH), and in a window."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from reach_gym import checks
from reach_gym.neural.activity import Activity, Floats, Window

# s about the go cue: the last of the at most 90 ms of Sun & Plitt's trials in which the target is known and the hand must wait.
# The state at 0 has seen the cue, where the senses have no delay.
PREPARATION = (-0.05, -0.01)
MOVEMENT = (0.1, 0.2)  # s after it: about the peak speed of a reach of 10 cm in half a second


class Psth(NamedTuple):
    """Mean activity per reach direction.

    Attributes:
        time: (w,), s from the event.
        direction: (c,), rad.
        rate: (c, w, units), the mean over the trials of each direction that last until then; NaN where none does.
    """

    time: Floats
    direction: Floats
    rate: Floats


class States(NamedTuple):
    """The mean state of a population in a window, per reach direction.

    Attributes:
        direction: (c,), rad.
        rate: (c, units).
        trials: int64 (c,), how many are behind each.
    """

    direction: Floats
    rate: Floats
    trials: npt.NDArray[np.int64]


def psth(activity: Activity, event: str = "go", before: float = 0.2, after: float = 0.5) -> Psth:
    """The peri-event time histogram of every unit, per direction; for repeated targets (center-out).

    Args:
        activity: What was recorded.
        event: ``"target"``, its onset, or ``"go"``, the beginning of the cue.
        before: Seconds before it.
        after: Seconds after it.

    Raises:
        ValueError: An unknown event or a negative time.
    """
    time, rates = activity.aligned(event, before, after)
    directions = np.unique(activity.direction)
    means = []
    for direction in directions:
        chosen = rates[activity.direction == direction]
        known = np.isfinite(chosen)
        count = known.sum(axis=0)
        means.append(np.where(count > 0, np.where(known, chosen, 0.0).sum(axis=0) / np.maximum(count, 1), np.nan))
    return Psth(time, directions, np.stack(means))


def states_at(activity: Activity, window: Window = PREPARATION, event: str = "go") -> States:
    """The mean state in a window about an event, per direction.

    Args:
        activity: What was recorded.
        window: First and last moment, s from the event.
        event: As `psth` takes it.

    Raises:
        ValueError: The window holds no time step; or it begins before the trial or before its target was seen, or ends after the
            trial, in any of the trials.
    """
    rates = activity.mean_in(window, event)
    directions, place, count = np.unique(activity.direction, return_inverse=True, return_counts=True)
    means = np.stack([rates[place == k].mean(axis=0) for k in range(len(directions))])
    return States(directions, means, count.astype(np.int64))


def early_force(activity: Activity, window: Window = (0.05, 0.11)) -> Floats:
    """The command (c, actuators) with which the hand sets off, per direction: its mean in a window while it gathers speed.

    Args:
        activity: What was recorded; a point mass's command is the force in units of its greatest.
        window: First and last moment, s from the go cue.

    Raises:
        ValueError: As `states_at`.
    """
    command = Activity(activity.recording.known("action").astype(np.float32), activity.recording)
    return states_at(command, window).rate


def halves_at(activity: Activity, window: Window = PREPARATION, event: str = "go", seed: int = 0) -> Floats:
    """The mean states (2, c, units) in a window of two random halves of the trials of every direction.

    What both have in common is no noise of single trials: cross-validated measures multiply one half by the other.

    Args:
        activity: What was recorded.
        window: First and last moment, s from the event.
        event: As `psth` takes it.
        seed: Decides which trial is in which half.

    Raises:
        ValueError: As `states_at`; or some direction has fewer than two trials.
    """
    rates = activity.mean_in(window, event)
    directions, count = np.unique(activity.direction, return_counts=True)
    if count.min() < 2:
        lonely = np.degrees(directions[count.argmin()])
        raise ValueError(f"`activity` must have at least 2 trials of every direction, got 1 at {lonely:g} degrees.")
    return halves_of(rates, activity.direction, seed)


def halves_of(rates: Any, labels: Any, seed: int = 0) -> Floats:
    """The mean states (2, c, units) of two random halves of the trials of each of c labels.

    Args:
        rates: States (trials, units).
        labels: (trials,), such as the direction of each; c of them differ.
        seed: Decides which trial is in which half.

    Raises:
        ValueError: Some label has fewer than two trials, or there is not one for each trial.
    """
    rng = np.random.default_rng(checks.integer("seed", seed, 0))
    names, place = np.unique(labels, return_inverse=True)
    if len(place) != len(rates):
        raise ValueError(f"`labels` must hold one label per trial, {len(rates)}, got {len(place)}.")
    means = []
    for label, name in enumerate(names):
        chosen = rng.permutation(np.flatnonzero(place == label))
        if len(chosen) < 2:
            raise ValueError(f"`labels` must have at least 2 trials of every label, got 1 of {name:g}.")
        means.append([rates[half].mean(axis=0) for half in (chosen[::2], chosen[1::2])])
    return np.swapaxes(np.array(means), 0, 1)
