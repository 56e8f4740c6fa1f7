"""Activity of units over the time of trials, with the labels of every trial beside it."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from reach_gym import checks, files
from reach_gym.recording import Recording
from reach_gym.recording.metadata import from_json, to_json
from reach_gym.recording.schema import recording_of

Floats = npt.NDArray[np.float64]
Window = tuple[float, float]
EVENTS = ("target", "go")
TARGET_LAG = "target_lag"
"""In the metadata: how many steps after its onset the agent sees the target, which may be part of what is sensed late."""
_KIND = "activity"


@dataclass(frozen=True, eq=False)
class Activity:
    """What the units did in n trials of at most T steps.

    Attributes:
        rates: float32 (n, T, units); entry t is the state that led to step t. NaN after a trial's end.
        recording: The trials: hands, targets, cues, blocks and all other labels.
    """

    rates: npt.NDArray[np.float32]
    recording: Recording

    def __post_init__(self) -> None:
        """Checks that rates and recording fit together.

        Raises:
            ValueError: They do not, or a rate is not finite within a trial or not NaN after it.
        """
        lead = len(self.recording), self.recording.longest
        if self.rates.dtype != np.float32 or self.rates.ndim != 3 or self.rates.shape[:2] != lead:
            raise ValueError(f"`rates` must be float32 (*{lead}, units), got {self.rates.dtype} {self.rates.shape}.")
        lived = np.arange(lead[1]) < self.recording.steps[:, None]
        if not np.isfinite(self.rates[lived]).all() or not np.isnan(self.rates[~lived]).all():
            raise ValueError("`rates` must be finite within a trial and NaN after its end.")

    @property
    def direction(self) -> Floats:
        """Direction (n,) of each target from its start, rad in [0, 2 pi)."""
        way = self.recording.target - self.recording.start
        return np.asarray(np.arctan2(way[:, 1], way[:, 0]).round(9) % (2 * np.pi))

    def aligned(self, event: str, before: float, after: float) -> tuple[Floats, Floats]:
        """The rates around an event of each trial.

        Args:
            event: ``"target"``, its onset, or ``"go"``, the beginning of the cue.
            before: Seconds before it.
            after: Seconds after it.

        Returns:
            The time from the event (w,) in s and the rates (n, w, units), NaN outside of a trial.

        Raises:
            ValueError: An unknown event or a negative time.
        """
        first, last = (round(checks.number(name, value, 0) / self.dt) for name, value in (("before", before), ("after", after)))
        steps = np.arange(-first, last + 1)
        index = self._zero(event)[:, None] + steps
        there = (index >= 0) & (index < self.rates.shape[1])
        rows = np.arange(len(index))[:, None]
        values = self.rates[rows, np.where(there, index, 0)].astype(np.float64)
        return np.asarray(steps * self.dt), np.where(there[:, :, None], values, np.nan)

    def covers(self, window: Window, event: str = "go") -> npt.NDArray[np.bool_]:
        """Which trials (n,) have begun, know their target and have not ended in all of a window: others have no direction there.

        Args:
            window: First and last moment, s from the event.
            event: As `aligned` takes it.

        Raises:
            ValueError: An unknown event, or a window that has no time step in it.
        """
        index = self._zero(event)[:, None] + self._steps_inside(window)[[0, -1]]
        # The onset is never before the trial's first step.
        known = index[:, 0] >= self.recording.onset + int(self.recording.metadata.get(TARGET_LAG, 0))
        return np.asarray(known & (index[:, 1] < self.recording.steps))

    def mean_in(self, window: Window, event: str = "go") -> Floats:
        """The mean rate (n, units) of every trial in a window.

        Args:
            window: First and last moment, s from the event.
            event: As `aligned` takes it.

        Raises:
            ValueError: As `covers`; or the window begins before the trial or its target, or ends after the trial, in any trial.
        """
        covered, steps = self.covers(window, event), self._steps_inside(window)
        if not covered.all():
            raise ValueError(
                f"`window` must lie within the trial, after its target was seen, got {window} s from {event!r}, which "
                f"{np.sum(~covered)} of {len(covered)} trials do not cover: leave these out (`activity.subset(activity.covers("
                "window))`), ask for another window, or record whole trials with longer delays."
            )
        index = self._zero(event)[:, None] + steps
        return np.asarray(self.rates[np.arange(len(index))[:, None], index].mean(axis=1, dtype=np.float64))

    def subset(self, mask: Any) -> Activity:
        """The trials that `mask`, bool (n,), chooses.

        Raises:
            TypeError: `mask` is no array of booleans.
            ValueError: It is of another shape.
        """
        recording = self.recording.subset(mask)
        return Activity(self.rates[np.asarray(mask), : recording.longest], recording)

    @property
    def dt(self) -> float:
        """Time step, s."""
        return float(self.recording.metadata["dt"])

    def _zero(self, event: str) -> npt.NDArray[np.int64]:
        """The state at which the event is, (n,)."""
        return self.recording.onset if checks.choice("event", event, EVENTS) == "target" else self.recording.go

    def _steps_inside(self, window: Window) -> npt.NDArray[np.int64]:
        """The steps that a window holds, counted from its event."""
        pair = checks.items("window", window, 2, "a pair (first, last) of seconds")
        low, high = (checks.number(f"window[{k}]", value) / self.dt for k, value in enumerate(pair))
        steps = np.arange(np.ceil(low - 1e-6), np.floor(high + 1e-6) + 1).astype(np.int64)
        if not len(steps):
            raise ValueError(f"`window` must hold at least one time step of {self.dt:g} s, got {checks.shown(window)}.")
        return steps

    def save(self, path: Path | str) -> None:
        """Writes one NPZ file, `rates` beside the arrays of the recording; `load_activity` reads it.

        Raises:
            OSError: The file cannot be written.
        """
        data = io.BytesIO()
        arrays = {f"recording/{name}": values for name, values in self.recording.arrays().items()}
        np.savez_compressed(data, kind=_KIND, rates=self.rates, metadata=to_json(self.recording.metadata), **arrays)  # type: ignore[arg-type]
        files.write(path, data.getvalue())


def load_activity(path: Path | str) -> Activity:
    """Reads what `Activity.save` wrote; no code is run from the file.

    Raises:
        ValueError: The file holds no activity.
        OSError: It cannot be read.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            parts = {name: file[name] for name in file.files}
        if str(parts.get("kind")) != _KIND:
            raise ValueError("it is of another kind")
        arrays = {name.removeprefix("recording/"): part for name, part in parts.items() if name.startswith("recording/")}
        return Activity(parts["rates"], recording_of(arrays, from_json(str(parts["metadata"]))))
    except OSError:
        raise
    except Exception as error:  # whatever NumPy's reader raises on foreign bytes means the same
        raise ValueError(f"{path} holds no activity: {error}.") from error
