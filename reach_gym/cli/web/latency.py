"""The clock of a page beside this machine's, and how long movements and pictures take from one to the other."""

from __future__ import annotations

from array import array
from collections import deque
from typing import NamedTuple

import numpy as np

_REMEMBERED = 64  # echoes from which the best is taken: clocks of two machines drift apart by some 10 us in a second


class _Echo(NamedTuple):
    trip: float  # seconds there and back
    offset: float  # of this machine's clock before the page's, seconds


class Latency:
    """Times in seconds of this machine's clock; the page's are in milliseconds of its own.

    Both clocks are compared as in the Network Time Protocol (Mills 1991, IEEE Trans Commun 39:1482), by the echo that came back
    soonest: the way there is taken to last as long as the way back, so that a time is wrong by half of that echo's trip at most.
    """

    def __init__(self) -> None:
        """Begins without an echo."""
        self._echoes: deque[_Echo] = deque(maxlen=_REMEMBERED)
        self._trips, self._pointer, self._pictures = array("d"), array("d"), array("d")

    @property
    def echoes(self) -> int:
        """How many there have been."""
        return len(self._trips)

    def echo(self, sent: float, heard: float, answered: float, back: float) -> None:
        """Takes in an echo.

        Args:
            sent: When it was asked for, s.
            heard: When the page heard of it, ms.
            answered: When the page answered, ms.
            back: When the answer came, s.
        """
        trip = max(0.0, back - sent - (answered - heard) / 1000)
        self._trips.append(trip)
        self._echoes.append(_Echo(trip, sent + trip / 2 - heard / 1000))

    def here(self, milliseconds: float) -> float:
        """A time of the page's on this machine's clock, s; there must have been an echo."""
        return milliseconds / 1000 + min(self._echoes).offset

    def moved(self, milliseconds: float, now: float) -> None:
        """A movement of that time has arrived here."""
        if self._echoes:
            self._pointer.append(now - self.here(milliseconds))

    def drawn(self, sent: float, milliseconds: float) -> None:
        """The page had drawn a picture at that time."""
        if self._echoes:
            self._pictures.append(self.here(milliseconds) - sent)

    def summary(self) -> dict[str, dict[str, float] | None]:
        """Number, median, 95th percentile and greatest of each time in milliseconds; ``None`` where there were none.

        ``"pointer"`` from a movement until it is known here, ``"picture"`` from here until it is drawn in the page (which the
        screen shows with its next frame), ``"round_trip"`` of an echo.
        """
        series = {"pointer": self._pointer, "picture": self._pictures, "round_trip": self._trips}
        return {name: _summary(values) for name, values in series.items()}


def _summary(values: array[float]) -> dict[str, float] | None:
    if not values:
        return None
    held = values[:]  # the server's thread goes on adding to them, which an array does not suffer while somebody looks at it
    median, high, top = (1000 * np.percentile(held, (50, 95, 100))).tolist()
    return {"count": len(held), "median": round(median, 3), "p95": round(high, 3), "max": round(top, 3)}
