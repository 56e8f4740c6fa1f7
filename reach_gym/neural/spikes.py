"""Spikes to rates: a laboratory's units as an `Activity`, beside those of a network."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.ndimage import convolve1d

from reach_gym import checks
from reach_gym.neural.activity import Activity
from reach_gym.recording import Recording, Spikes

Floats = npt.NDArray[np.float64]
KERNELS = ("bin", "gaussian", "causal")
_REACH = 4.0  # widths, beyond which a kernel is 0
_TOGETHER = 2**24  # rates that are smoothed at once


def activity_of(recording: Recording, spikes: Spikes, kernel: str = "gaussian", width: float = 0.03) -> Activity:
    """The rates of units in the trials of a recording, in spikes per second.

    Entry t counts the spikes from state t to state t + 1. A kernel spreads each over its neighbours; where a trial begins or
    ends, outside of which no spike is known, the rest of the kernel has the whole weight.

    Args:
        recording: The trials.
        spikes: Of the same trials.
        kernel: ``"bin"``, counts by the time step, ``"gaussian"``, or ``"causal"``: an exponential decay, which never shows a
            spike before it was fired.
        width: Seconds: the standard deviation of ``"gaussian"`` (20 to 50 ms are usual), or the time constant of ``"causal"``.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: An argument is out of range, spikes are of other trials, or were counted in bins wider than the time step.
    """
    if not isinstance(recording, Recording) or not isinstance(spikes, Spikes):
        raise TypeError(f"`recording` and `spikes` must be what a reader gives, got {checks.shown(recording)}.")
    checks.choice("kernel", kernel, KERNELS)
    dt, count = float(recording.metadata["dt"]), len(spikes.names)
    if spikes.resolution > dt * (1 + 1e-9):
        raise ValueError(f"`spikes` were counted in bins of {spikes.resolution} s, wider than the time step of {dt} s.")
    if len(spikes) and spikes.trial[-1] >= len(recording):
        raise ValueError(f"`spikes` must be of the {len(recording)} trials of the recording, got trial {spikes.trial[-1]}.")
    weights = None if kernel == "bin" else _weights(kernel, checks.number("width", width, 1e-4, 10.0), dt)
    lived = np.arange(recording.longest) < recording.steps[:, None]
    rates = np.full((*lived.shape, count), np.nan, np.float32)
    chunk = max(1, _TOGETHER // max(recording.longest * count, 1))
    for first in range(0, len(recording), chunk):
        here = slice(first, first + chunk)
        counts = _counts(spikes, first, lived[here], dt)
        if weights is not None:
            mask = lived[here].astype(np.float64)
            counts = _smooth(counts, weights) / np.maximum(_smooth(mask, weights), 1e-12)[..., None]
        rates[here] = np.where(lived[here][..., None], counts / dt, np.nan)
    return Activity(rates, recording)


def _weights(kernel: str, width: float, dt: float) -> Floats:
    """A kernel at steps from the middle, of sum 1; `scipy.ndimage.convolve1d` turns it around."""
    reach = math.ceil(_REACH * width / dt)
    time = np.arange(-reach, reach + 1) * dt
    if kernel == "gaussian":
        weights = np.exp(-0.5 * (time / width) ** 2)
    else:
        weights = np.where(time < 0, 0.0, np.exp(-np.maximum(time, 0.0) / width))
    return np.asarray(weights / weights.sum())


def _counts(spikes: Spikes, first: int, lived: npt.NDArray[np.bool_], dt: float) -> Floats:
    """The spikes of each step and unit (n, T, units) of the trials from number `first` on; none behind a trial's end."""
    trials, longest = lived.shape
    low, high = np.searchsorted(spikes.trial, [first, first + trials])
    step = np.floor(spikes.time[low:high] / dt + 1e-9).astype(np.int64)
    known = (step >= 0) & (step < longest)
    place = (spikes.trial[low:high][known] - first, step[known], spikes.unit[low:high][known])
    counts = np.zeros((trials, longest, len(spikes.names)))
    np.add.at(counts, place, 1.0)
    counts[~lived] = 0.0
    return counts


def _smooth(values: Any, weights: Floats) -> Floats:
    return np.asarray(convolve1d(values, weights, axis=1, mode="constant"))
