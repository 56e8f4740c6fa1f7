"""What a model is fitted to: the trials of one subject, agent or person, or the mean of a group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from reach_gym.checks import number, shown
from reach_gym.measures import arrays
from reach_gym.models.model import Flags, Floats, Integers, cues_of, rests


@dataclass(frozen=True, eq=False)
class TrialData:
    """The trials of a session, in units of the perturbation.

    Attributes:
        perturbation: float64 (n,), 0 none, 1 the whole perturbation; 0 in catch trials.
        clamped: bool (n,), error clamp (force channel) trials.
        measured: float64 (n,), what was compensated, such as the adaptation coefficient; NaN where it was not measured.
        rest: float64 (n,), seconds before each trial, such as a set break.
        cue: int64 (n,), context cues, 0 for none.

    Raises:
        TypeError: An attribute holds something else.
        ValueError: One is of another shape or out of range.
    """

    perturbation: Floats
    clamped: Flags
    measured: Floats
    rest: Floats = None  # type: ignore[assignment]  # none; written out below
    cue: Integers = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        """Checks and normalises every array."""
        push = arrays.numbers("perturbation", self.perturbation)
        if len(push) == 0 or not np.isfinite(push).all():
            raise ValueError(f"`perturbation` must hold finite numbers, at least one, got {shown(self.perturbation)}.")
        found = arrays.numbers("measured", self.measured)
        if len(found) != len(push):
            raise ValueError(f"`measured` must be of shape ({len(push)},), got ({len(found)},).")
        walls = arrays.mask("clamped", self.clamped, len(push))
        pause, cue = rests("rest", self.rest, len(push)), cues_of("cue", self.cue, len(push))
        named = {"perturbation": push, "clamped": walls, "measured": found, "rest": pause, "cue": cue}
        for name, value in named.items():
            object.__setattr__(self, name, value)

    def __len__(self) -> int:
        """How many trials there are."""
        return len(self.perturbation)

    @cached_property
    def known(self) -> Flags:
        """Bool (n,), trials that were measured."""
        return np.isfinite(self.measured)

    @cached_property
    def plain(self) -> list[tuple[float, bool]]:
        """Perturbation and clamp of every trial as plain numbers, for loops."""
        return list(zip(self.perturbation.tolist(), self.clamped.tolist(), strict=True))

    def with_measured(self, measured: Any) -> TrialData:
        """The same session with other measurements (n,)."""
        return replace(self, measured=measured)


def data_of(table: Any, measured: Any, unit: float | None = None) -> TrialData:
    """The trials of a session table.

    Args:
        table: A `reach_gym.sessions.TrialTable`. Its columns gain, rotation, catch, channel, rest and cue count; shares of catch
            and channel trials that are still to be drawn do not say which trials they are.
        measured: (n,), what was compensated in each trial, NaN where it is not known.
        unit: Degrees of a visuomotor rotation that count as 1, where rows name a rotation of their own.

    Raises:
        ValueError: A share is still to be drawn, or rows name rotations and there is no `unit`.
    """
    flags = {name: np.asarray(getattr(table, name), float) for name in ("catch", "channel")}
    for name, share in flags.items():
        if not np.isin(share, (0.0, 1.0)).all():
            raise ValueError(f"`table` must say of every trial whether it is a {name} trial, got a share to be drawn.")
    if np.any(np.asarray(table.spread, float) > 0):
        raise ValueError("`table` must say the gain of every trial, got a spread from which it is still to be drawn.")
    turned = np.asarray(table.rotation, float)
    factor = np.ones(len(turned))
    if np.isfinite(turned).any():
        if unit is None or number("unit", unit) == 0:
            raise ValueError(f"`unit` must be the degrees that count as 1 where rows name rotations, got {shown(unit)}.")
        factor = np.where(np.isfinite(turned), turned / unit, 1.0)
    off = (flags["catch"] > 0) | (flags["channel"] > 0)
    push = np.where(off, 0.0, np.asarray(table.gain, float) * factor)
    return TrialData(push, flags["channel"] > 0, measured, np.asarray(table.rest, float), np.asarray(table.cue, np.int64))


def mean_of(subjects: Sequence[TrialData]) -> TrialData:
    """The mean of a group that went through one and the same session; trials count where at least one subject was measured.

    Raises:
        ValueError: There is nobody, or their sessions differ.
    """
    if not subjects:
        raise ValueError("`subjects` must hold the trials of at least one subject, got none.")
    first = subjects[0]
    for other in subjects[1:]:
        for name in ("perturbation", "clamped", "rest", "cue"):
            if not np.array_equal(getattr(first, name), getattr(other, name)):
                raise ValueError(f"`subjects` must have one and the same session to be averaged; their `{name}` differs.")
    every = np.stack([each.measured for each in subjects])
    known = np.isfinite(every)
    count = known.sum(axis=0)
    total = np.where(known, every, 0.0).sum(axis=0)
    return first.with_measured(np.where(count > 0, total / np.maximum(count, 1), np.nan))
