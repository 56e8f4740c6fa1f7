"""Sessions of protocols that ask how a movement is made and corrected while it runs: jumps, pulses, targets of other shapes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from reach_gym.sessions.building import block
from reach_gym.sessions.rows import Event, Row

Rows = list[Row]

JUMP = 0.02  # m, of the cursor in probes of feedback gains; for 0.25 s, from 3 cm on
PULSE = 3.5  # N across the way, for 50 ms, from 2 cm on: about a centimetre and a half in LabReach
WIDE = 0.06  # m, half the width of the bar
DELAYS = (0.05, 0.1, 0.15, 0.2)  # s from the go cue to the target's jump; later the reach is nearly over
AWAY = 0.06  # m, to the side
WAYS = (0.04, 0.08, 0.16)  # m: with discs of 2 cm indices of difficulty of 2, 3 and 4 bits
_AHEAD = [90.0]


def _feedback_gain() -> Rows:
    def probes(name: str, trials: int, gain: float) -> Rows:
        rows = block(name, trials, gain=gain, directions=_AHEAD, channel=range(1, trials, 2))
        events = [Event(x, 0.0, "place", 0.03, 0.25) if x else None for x in (JUMP, 0.0, -JUMP)]
        for number, place in enumerate(range(1, trials, 2)):
            rows[place] = replace(rows[place], cursor_jump=events[number % 3])
        return rows

    return [*probes("baseline", 48, 0.0), *probes("adaptation", 96, 1.0), *probes("washout", 48, 0.0)]


def _bars() -> Rows:
    rows, free = [], block("reaches", 1, directions=_AHEAD, gain=0.0)[0]
    for cycle in range(12):
        shapes = (0.0, WIDE) if cycle % 2 else (WIDE, 0.0)
        for push in (PULSE, 0.0, -PULSE):
            pulse = Event(push, 0.0, "place", 0.02, 0.05) if push else None
            rows += [replace(free, bar=bar, pulse=pulse) for bar in shapes]
    return rows


def _target_jumps() -> Rows:
    rows, free = [], block("reaches", 1, directions=_AHEAD, gain=0.0)[0]
    for cycle in range(10):
        for number, delay in enumerate(DELAYS):
            side = AWAY if (cycle + number) % 2 else -AWAY
            rows += [replace(free, target_jump=Event(side, 0.0, "time", delay)), free]
    return rows


def _distances() -> Rows:
    start = (0.0, -0.08)
    parts = [block("reaches", 20, directions=_AHEAD, distance=way, start=start, gain=0.0) for way in WAYS]
    return [row for rows in zip(*parts, strict=True) for row in rows]


MOVEMENT_PROTOCOLS: Mapping[str, Callable[[], Rows]] = {
    "feedback_gain": _feedback_gain,
    "dot_and_bar": _bars,
    "target_jumps": _target_jumps,
    "distances": _distances,
    "reaches": lambda: block("reaches", 48, gain=0.0),
}
