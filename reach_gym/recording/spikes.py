"""Spikes of a laboratory's units, trial by trial, beside the `Recording` of the same trials."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from reach_gym import checks
from reach_gym.recording.layout import Floats, Integers


@dataclass(frozen=True, eq=False)
class Spikes:
    """The s spikes of n trials: trial by trial, in each unit by unit, and of each in their order.

    `reach_gym.neural.spikes.activity_of` makes rates of them.

    Attributes:
        time: float64 (s,), s from the first state of its trial.
        trial: int64 (s,), the place of its trial in the recording, from 0.
        unit: int64 (s,), the place of its unit in `names`.
        names: What the file calls each unit.
        regions: Where in the brain each unit is, ``""`` where the file does not say.
        resolution: Seconds, the smallest difference between two times: for counts in bins the width of a bin, in whose middle the
            spikes stand; 0 where the file does not say.

    Raises:
        TypeError: An array has another type.
        ValueError: Arrays do not fit together, or a number is out of range.
    """

    time: Floats
    trial: Integers
    unit: Integers
    names: tuple[str, ...]
    regions: tuple[str, ...]
    resolution: float = 0.0

    def __post_init__(self) -> None:
        """Checks everything."""
        for name, kind in (("time", np.float64), ("trial", np.int64), ("unit", np.int64)):
            values = getattr(self, name)
            if not isinstance(values, np.ndarray) or values.dtype != kind:
                raise TypeError(f"`{name}` must be an array of {np.dtype(kind)}, got {checks.shown(values)}.")
            if values.shape != self.time.shape or values.ndim != 1:
                raise ValueError(f"`{name}` must be of shape {self.time.shape}, one axis, got {values.shape}.")
        if len(self.regions) != len(self.names):
            raise ValueError(f"`regions` must be {len(self.names)}, one for each unit, got {len(self.regions)}.")
        if not np.isfinite(self.time).all() or (np.diff(self.trial) < 0).any() or (self.trial < 0).any():
            raise ValueError("`time` must be finite, and `trial` at least 0 and never falling.")
        if len(self.unit) and not 0 <= self.unit.min() <= self.unit.max() < len(self.names):
            raise ValueError(f"`unit` must be from 0 to {len(self.names) - 1}, got {self.unit.min()} to {self.unit.max()}.")
        checks.number("resolution", self.resolution, 0)

    def __len__(self) -> int:
        """The number of spikes."""
        return len(self.time)

    def __repr__(self) -> str:
        """One line."""
        return f"<Spikes: {len(self)} of {len(self.names)} units>"

    def of_trials(self, mask: Any) -> Spikes:
        """The spikes of the trials that `mask`, bool (n,), chooses, as `reach_gym.recording.Recording.subset` does.

        Raises:
            TypeError: `mask` is no array of booleans.
            ValueError: It has more than one axis, or ends before the last trial that has spikes.
        """
        known = int(self.trial[-1]) + 1 if len(self) else 0  # the last trials may have none
        chosen = checks.mask("mask", mask, (max(known, np.size(mask)),))
        kept = chosen[self.trial]
        place = np.cumsum(chosen) - 1
        return Spikes(self.time[kept], place[self.trial[kept]], self.unit[kept], self.names, self.regions, self.resolution)

    def of_units(self, mask: Any) -> Spikes:
        """The spikes of the units that `mask`, bool (units,), chooses, such as those of a region.

        Raises:
            TypeError: `mask` is no array of booleans.
            ValueError: It is of another shape.
        """
        chosen = checks.mask("mask", mask, (len(self.names),))
        kept, place = chosen[self.unit], np.cumsum(chosen) - 1
        names, regions = (
            tuple(each for each, wanted in zip(every, chosen, strict=True) if wanted) for every in (self.names, self.regions)
        )
        return Spikes(self.time[kept], self.trial[kept], place[self.unit[kept]], names, regions, self.resolution)
