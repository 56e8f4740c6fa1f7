"""The sessions of published protocols by name: `SESSIONS`, tables that are made when somebody asks for them.

A perturbation of gain 1 is the task's own, a field or a rotation, so that a session says what changes and the task what it is.
Where a publication was not read in full, numbers of trials are chosen; `reach_gym.phenomena` says of every protocol what is known
of it. Probes of what was learned (channels, trials without feedback) lie at counted places, also early in a block where learning
is fast.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import numpy as np

from reach_gym.sessions.building import block
from reach_gym.sessions.movement_protocols import MOVEMENT_PROTOCOLS
from reach_gym.sessions.rotation_protocols import ROTATION_PROTOCOLS
from reach_gym.sessions.rows import Row
from reach_gym.sessions.table import TrialTable

Rows = list[Row]

DAY = 86_400.0  # s
AHEAD = 90.0  # degrees; straight away from the body
LEAD_IN = 135.0  # degrees from the direction of the target (Howard, Ingram, Franklin & Wolpert 2012)
LEFT, RIGHT = (-0.12, 0.0), (0.12, 0.0)  # m; places in a workspace of at least 0.2
_NEAR = 0.08  # m, of their targets
INTERFERING = (13, 41, 112, 369)  # trials of A before B, some of those of Sing & Smith 2010


def probed(name: str, trials: int, gain: float = 1.0, every: int = 5, rest: float = 0.0) -> Rows:
    """A block with a channel trial in each `every` trials, the third of them, so that early learning is seen, too."""
    return block(name, trials, gain=gain, channel=range(2, trials, every), rest=rest)


def _baseline(trials: int = 40) -> Rows:
    return probed("baseline", trials, 0.0)


def _learning_curve() -> Rows:
    return [*_baseline(), *probed("adaptation", 150), *probed("washout", 60, 0.0)]


def _catch_trials() -> Rows:
    return [*_baseline(), *block("adaptation", 160, catch=0.15), *block("washout", 40, gain=0.0)]


def _savings() -> Rows:
    learning = (probed(name, 100, gain, 4) for name, gain in (("learning", 1.0), ("washout", 0.0), ("relearning", 1.0)))
    return [*_baseline(), *(row for part in learning for row in part)]


def _savings_after_counter() -> Rows:
    return [
        *_baseline(),
        *probed("learning", 100, every=4),
        *probed("counter", 12, -1.0, 4),
        *block("relearning", 100, channel=[0, *range(2, 100, 4)]),
    ]


def _anterograde(trials: int) -> Callable[[], Rows]:
    def rows() -> Rows:
        first = probed("learning", trials, every=4) if trials else []
        return [*_baseline(), *first, *probed("opposite", 100, -1.0, 4)]

    return rows


def _relearning(opposite: bool) -> Callable[[], Rows]:
    def rows() -> Rows:
        between = probed("opposite", 100, -1.0, 4, rest=DAY) if opposite else []
        again = probed("relearning", 100, every=4, rest=DAY if opposite else 2 * DAY)
        return [*_baseline(), *probed("learning", 100, every=4), *between, *again]

    return rows


def _clamps(name: str, trials: int, rest: float = 0.0) -> Rows:
    return block(name, trials, gain=0.0, channel=True, rest=rest)


def _recovery(triggers: tuple[int, ...]) -> Callable[[], Rows]:
    def rows() -> Rows:
        clamps = _clamps("clamps", 150)
        for place in triggers:
            clamps[place] = Row(block="clamps", gain=1.0)
        baseline, counter = probed("baseline", 50, 0.0), probed("counter", 15, -1.0)
        return [*baseline, *probed("adaptation", 125), *counter, *clamps]

    return rows


def _two_trials() -> Rows:
    return [*probed("baseline", 50, 0.0), *(Row(block="trigger") for _ in range(2)), *_clamps("clamps", 40)]


def _decay(clamped: bool) -> Callable[[], Rows]:
    def rows() -> Rows:
        after = _clamps("clamps", 100) if clamped else probed("washout", 100, 0.0)
        return [*_baseline(), *probed("adaptation", 150), *after]

    return rows


def _long_term(trials: int) -> Callable[[], Rows]:
    return lambda: [*_baseline(), *probed("learning", trials), *_clamps("end", 5), *_clamps("next day", 5, DAY)]


def _generalisation() -> Rows:
    around = [45.0 * k for k in range(8)]
    train = block("probes", 64, directions=[AHEAD])
    probes = block("probes", 64, directions=around, channel=True)
    mixed = [row for pair in zip(train, probes, strict=True) for row in pair]
    return [
        *block("baseline", 64, directions=around, gain=0.0, channel=range(1, 64, 2)),
        *block("learning", 120, directions=[AHEAD], channel=0.1),
        *mixed,
    ]


def _two_places() -> Rows:
    return [
        *block("baseline", 32, directions=8, distance=_NEAR, gain=0.0, start=LEFT, channel=range(1, 32, 2)),
        *block("learning", 160, directions=8, distance=_NEAR, start=LEFT, channel=0.1),
        *block("elsewhere", 16, directions=8, distance=_NEAR, gain=0.0, start=RIGHT, channel=True),
    ]


def _dual(lead_in: bool) -> Callable[[], Rows]:
    def told(name: str, trials: int, gain: float) -> Rows:
        generator = np.random.default_rng([5, trials])
        # Of two trials one has each field, in an order that is drawn.
        signs = np.concatenate([generator.permutation((1, -1)) for _ in range(trials // 2)]).tolist()
        rows = block(name, trials, directions=[AHEAD], channel=0.2)
        if lead_in:
            return [replace(row, gain=gain * sign, lead_in=AHEAD + LEAD_IN * sign) for row, sign in zip(rows, signs, strict=True)]
        return [replace(row, gain=gain * sign, cue=1 if sign > 0 else 2) for row, sign in zip(rows, signs, strict=True)]

    return lambda: [*told("baseline", 40, 0.0), *told("adaptation", 300, 1.0)]


def _consistency(stay: float) -> Callable[[], Rows]:
    def rows() -> Rows:
        generator = np.random.default_rng([7, round(100 * stay)])
        found, gain = _baseline(), 1.0
        for cycle in range(12):
            for _ in range(24):
                gain = gain if generator.random() < stay else -gain
                found.append(Row(block=f"cycle {cycle + 1}", gain=gain))
            found += [
                Row(block=f"probe {cycle + 1}", gain=each, channel=wall) for each, wall in ((0.0, 1.0), (1.0, 0.0), (0.0, 1.0))
            ]
        return found

    return rows


_FIELD_PROTOCOLS: dict[str, Callable[[], Rows]] = {
    "learning_curve": _learning_curve,
    "catch_trials": _catch_trials,
    "savings": _savings,
    "savings_after_counter": _savings_after_counter,
    **{f"anterograde_{trials}": _anterograde(trials) for trials in (0, *INTERFERING)},
    "relearning": _relearning(opposite=False),
    "relearning_after_opposite": _relearning(opposite=True),
    "spontaneous_recovery": _recovery(()),
    "evoked_recovery": _recovery((2, 3)),
    "two_trials": _two_trials,
    "clamp_decay": _decay(clamped=True),
    "washout": _decay(clamped=False),
    "retention_15": _long_term(15),
    "retention_160": _long_term(160),
    "field_generalisation": _generalisation,
    "two_places": _two_places,
    "dual_lead_in": _dual(lead_in=True),
    "dual_cue": _dual(lead_in=False),
    "consistent_errors": _consistency(0.9),
    "inconsistent_errors": _consistency(0.1),
}


class NamedSessions(Mapping[str, TrialTable]):
    """Tables by name, each made when it is asked for first."""

    def __init__(self, builders: Mapping[str, Callable[[], Rows]]) -> None:
        """Takes functions that make the rows."""
        self._builders, self._made = dict(builders), dict[str, TrialTable]()

    def __getitem__(self, name: str) -> TrialTable:
        if name not in self._made:
            self._made[name] = TrialTable(self._builders[name]())
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._builders)

    def __len__(self) -> int:
        return len(self._builders)

    def __repr__(self) -> str:
        return f"NamedSessions({', '.join(self)})"


SESSIONS = NamedSessions({**_FIELD_PROTOCOLS, **ROTATION_PROTOCOLS, **MOVEMENT_PROTOCOLS})
