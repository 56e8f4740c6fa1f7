"""What a group of subjects did in a session, in the same form for models and for agents and people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from reach_gym import checks
from reach_gym.evaluation.statistics import mean_interval
from reach_gym.recording import Recording
from reach_gym.sessions import TrialTable

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Behaviour:
    """A group in a session.

    Attributes:
        table: The session.
        output: float64 (subjects, n), what was compensated, as a share of the perturbation at a gain of 1, corrected for the
            baseline; NaN where it was not measured.
        error: float64 (subjects, n), how far the cursor was off, positive to where a positive perturbation leads it; in any unit
            that is the same in all trials. NaN in channels and where nothing was seen.
        recordings: One per subject, if they moved; else none.

    Raises:
        TypeError: An attribute holds something else.
        ValueError: An array is of another shape.
    """

    table: TrialTable
    output: Floats
    error: Floats
    recordings: tuple[Recording, ...] = field(default=())

    def __post_init__(self) -> None:
        """Checks types and shapes."""
        if not isinstance(self.table, TrialTable):
            raise TypeError(f"`table` must be a TrialTable, got {checks.shown(self.table)}.")
        for name in ("output", "error"):
            values = np.asarray(getattr(self, name), np.float64)
            if values.ndim != 2 or values.shape[1] != len(self.table):
                raise ValueError(f"`{name}` must be of shape (subjects, {len(self.table)}), got {values.shape}.")
            object.__setattr__(self, name, values)
        if self.error.shape != self.output.shape:
            raise ValueError(f"`error` must be of shape {self.output.shape}, got {self.error.shape}.")

    def __len__(self) -> int:
        """The number of subjects."""
        return len(self.output)

    def within(self, block: str) -> Flags:
        """Which trials, bool (n,), belong to blocks of this name.

        Raises:
            ValueError: There is none.
        """
        found = np.asarray(self.table.block == block, np.bool_)
        if not found.any():
            raise ValueError(f"`block` must be a block of the session, got {checks.shown(block)}.")
        return found

    def part(self, block: str) -> Floats:
        """The output (subjects, k) in the trials of a block."""
        return self.output[:, self.within(block)]


Group = Mapping[str, Behaviour]
"""A group in the sessions of a phenomenon, by the name of the condition."""


def row_means(values: Any) -> Floats:
    """The mean (subjects,) of what was measured in each row of (subjects, k); NaN, without a warning, where nothing was."""
    known = np.isfinite(values)
    count = known.sum(axis=1)
    total = np.where(known, values, 0.0).sum(axis=1)
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan))


def mean_between(values: Floats, first: int, last: int) -> Floats:
    """The mean (subjects,) of trials `first` to `last` of a block, counted from 1, both included."""
    return row_means(values[:, first - 1 : last])


def ratio(part: Floats, whole: Floats, least: float) -> Floats:
    """Numbers (subjects,) whose mean is the ratio of the group's means of `part` and `whole`, and whose spread is the ratio's.

    Single subjects' numbers are too noisy to be divided by. To first order (the delta method) the ratio of means varies like
    the mean of ``R + (part - R whole) / mean(whole)``, which is what this returns.

    Args:
        part: (subjects,).
        whole: (subjects,), of the same or of another group.
        least: Mean of `whole` up to which there is nothing to take a share of. So it is where the mean is not above twice the
            half width of its 95 % interval (Student), which one of some thousand groups of 20 passes that learn nothing.

    Returns:
        All NaN where there is nothing to take a share of.
    """
    known = np.isfinite(part) & np.isfinite(whole)
    nothing = np.full(len(part), np.nan)
    if known.sum() < 2:
        return nothing
    level, low, _ = mean_interval(whole[known])
    if level <= max(least, 2.0 * (level - low)):
        return nothing
    share = float(part[known].mean()) / level
    return np.asarray(share + (part - share * whole) / level)


def filled(values: Floats) -> Floats:
    """The courses (subjects, n) with straight lines over trials that were not measured; NaN in rows without any."""
    trial = np.arange(values.shape[1])
    known = np.isfinite(values)
    rows = [np.interp(trial, trial[at], row[at]) if at.any() else row for row, at in zip(values, known, strict=True)]
    return np.array(rows).reshape(values.shape)
