"""What a reader of laboratories' files gives: trials, spikes, and what was done to make them so."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, NamedTuple

from reach_gym.recording.layout import Array, Floats
from reach_gym.recording.schema import Recording
from reach_gym.recording.spikes import Spikes


class Dropped(NamedTuple):
    """A trial of a file that is not in the recording.

    Attributes:
        trial: Its number, from 0, as in `Recording.trial`.
        reason: Why.
    """

    trial: int
    reason: str


@dataclass(frozen=True)
class Report:
    """What a reader found and did; printed, it is text.

    Attributes:
        layout: As what the file was read.
        trials: How many it holds.
        dropped: Those that are not in the recording.
        converted: What was changed to SI units, and from which.
        notes: What else was taken, derived or left out.
    """

    layout: str
    trials: int
    dropped: tuple[Dropped, ...]
    converted: tuple[str, ...]
    notes: tuple[str, ...]

    def __str__(self) -> str:
        """A line for each thing that was done; trials that were dropped for the same reason share one."""
        reasons = Counter(each.reason for each in self.dropped)
        lines = [f"{self.layout}: {self.trials - len(self.dropped)} of {self.trials} trials"]
        lines += [f"  dropped {count}: {reason}" for reason, count in reasons.most_common()]
        lines += [f"  converted {each}" for each in self.converted]
        return "\n".join([*lines, *(f"  {each}" for each in self.notes)])


class Reading(NamedTuple):
    """What a file holds.

    Attributes:
        recording: The trials.
        spikes: Of the same trials, or ``None`` if the file has no units.
        columns: What else the file's table says of these trials, by the names of its columns: numbers (n,) or texts (n,).
        report: What was dropped, converted and derived.
    """

    recording: Recording
    spikes: Spikes | None
    columns: dict[str, Array]
    report: Report


def middle_note(origin: Floats) -> str:
    """What a report says of reaches that all start at one place, which becomes the origin; m in the file's space."""
    return f"reaches start at ({origin[0]:.4f}, {origin[1]:.4f}) m, the median at the go cues, which became the origin"


class Notes:
    """A report under way."""

    def __init__(self, layout: str) -> None:
        """Begins the report of a file of a `layout`."""
        self.layout = layout
        self.dropped: dict[int, str] = {}
        self.converted: list[str] = []
        self.notes: list[str] = []

    def drop(self, trials: Any, reason: str) -> None:
        """Drops trials, given by their numbers; the first reason counts."""
        for trial in trials:
            self.dropped.setdefault(int(trial), reason)

    def report(self, trials: int) -> Report:
        """The report of a file that holds so many `trials`."""
        dropped = tuple(Dropped(trial, reason) for trial, reason in sorted(self.dropped.items()))
        return Report(self.layout, trials, dropped, tuple(self.converted), tuple(self.notes))
