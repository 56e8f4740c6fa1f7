"""What the measures of populations take, out of a file of activity: preparation, movement, hand and output of equal trials."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from reach_gym import checks
from reach_gym.measures.movement import THRESHOLD, find_movement
from reach_gym.neural.activity import Activity
from reach_gym.neural.arrays import Floats
from reach_gym.neural.preparing import SHARE_OF_RANGE, condition_dependent, softening, states

BEFORE, AFTER = 0.1, 0.3  # s: of preparation before the go cue, of movement after the hand sets off
LEAD = 0.1  # s of the movement's window before the hand sets off
SECTORS = 8
SAME = np.radians(5)  # within which directions of two files are the same
_MOST = 24  # directions that stand for themselves; more are taken together in sectors


class Course(NamedTuple):
    """One population, ready to be measured. c conditions are the directions of the reach, w and p are times.

    Attributes:
        name: Of the file.
        dt: s.
        direction: (c,), rad.
        preparation: (c, p, units), mean rates of the last `BEFORE` s before the go cue.
        movement: (c, w, units), mean rates about the moment at which the hand sets off, from `LEAD` s before it.
        velocity: (c, w, 2), mean velocity of the hand beside them, m/s.
        output: (c, w, outputs), the mean command beside them; the hand's velocity where no command was recorded.
        commanded: Whether it is the command.
        single: (trials, w, units), the rates of single trials.
        hand: (trials, w, 2), their velocity.
        waiting: (trials, from the go cue, units), single trials from the go cue on.
        reaction_time: (trials,), s.
        label: (trials,), the condition of each.
        soften: Constant of the soft normalisation, a fifth of the units' mean range.
        left_out: Trials of the file that have not all of these windows, or are surplus.
    """

    name: str
    dt: float
    direction: Floats
    preparation: Floats
    movement: Floats
    velocity: Floats
    output: Floats
    commanded: bool
    single: Floats
    hand: Floats
    waiting: Floats
    reaction_time: Floats
    label: Floats
    soften: float
    left_out: int

    def lead(self, seconds: float) -> int:
        """The index in the movement's window of a moment, s from when the hand sets off."""
        return round((LEAD + seconds) / self.dt)


class _Chosen(NamedTuple):
    """The trials of a file that have all windows, with the steps of their events."""

    trials: Any
    go: Any
    onset: Any
    label: Any
    direction: Floats


def labels_of(direction: Floats) -> tuple[Any, Floats]:
    """The condition of each trial and the conditions' directions: each its own, or sectors where there are many."""
    names, place = np.unique(direction, return_inverse=True)
    if len(names) <= _MOST:
        return place, names
    sector = np.round(direction / (2 * np.pi / SECTORS)).astype(int) % SECTORS
    names, place = np.unique(sector, return_inverse=True)
    return place, names * 2 * np.pi / SECTORS


class Windows(NamedTuple):
    """Which parts of a trial are measured.

    Attributes:
        before: Length of the preparation, s before the go cue.
        after: End of the movement's window, s after the hand sets off.
        sets_off: When the hand is taken to set off, s after the go cue, in all trials alike; ``None`` for each trial's own
            onset of movement. An untrained network, which sets off at no time, is measured at the time of the trained ones.
        threshold: Speed at which the hand has set off, as a share of the trial's peak speed; see `find_movement`. A hand that is
            never quite still needs a higher one.
    """

    before: float = BEFORE
    after: float = AFTER
    sets_off: float | None = None
    threshold: float = THRESHOLD

    def steps(self, dt: float) -> tuple[int, int, int]:
        """Steps from the beginning of the movement's window to its zero, from there to its end, and of the preparation."""
        after, before = (checks.number(name, getattr(self, name), 1e-9) for name in ("after", "before"))
        return round(LEAD / dt), round(after / dt), max(1, round(before / dt))


WINDOWS = Windows()


def _choose(activity: Activity, windows: Windows) -> _Chosen:
    recording = activity.recording
    lead, last, first = windows.steps(activity.dt)
    if windows.sets_off is None:
        moved = find_movement(recording.velocity, recording.go, windows.threshold)
        onset, whole = moved.onset, moved.moved & (moved.onset >= recording.go)
    else:
        onset = recording.go + round(checks.number("sets_off", windows.sets_off, 0) / activity.dt)
        whole = np.ones(len(onset), np.bool_)
    whole = whole & (onset >= lead) & (onset + last < recording.steps) & (recording.go - first >= recording.onset)
    label, direction = labels_of(activity.direction)
    kept = np.flatnonzero(whole)
    rarest = int(np.bincount(label[kept], minlength=len(direction)).min())
    if rarest < 2 or len(direction) < 4:
        raise ValueError(
            f"`activity` must hold at least 2 trials of at least 4 directions that show the target {windows.before:g} s before "
            f"the go cue, set off after it and last {windows.after:g} s from then on; {len(kept)} of {len(whole)} trials do, "
            f"{rarest} of the rarest of {len(direction)} directions: record longer waits, whole trials, or ask for other windows."
        )
    return _Chosen(kept, recording.go[kept], onset[kept], label[kept], direction)


def trials_of(activity: Activity, windows: Windows = WINDOWS) -> int:
    """How many trials of its rarest direction a file has for `course_of`."""
    return int(np.bincount(_choose(activity, windows).label).min())


def _around(values: Any, zero: Any, first: int, last: int) -> Floats:
    """Values (n, T, k) from `first` to `last` steps about the step `zero` (n,) of each trial."""
    rows = np.arange(len(values))[:, None]
    return np.asarray(values[rows, zero[:, None] + np.arange(first, last + 1)], np.float64)


def _means(values: Floats, label: Any) -> Floats:
    return np.stack([values[label == each].mean(axis=0) for each in np.unique(label)])


def _check_varies(movement: Floats) -> None:
    """Refuses rates that do not tell directions apart."""
    if np.linalg.matrix_rank(states(condition_dependent(movement)), tol=1e-6 * float(np.abs(movement).max())) < 2:
        raise ValueError("`activity` must vary with the direction in at least 2 dimensions during the movement.")


def drawn_units(activity: Activity, units: int | None, generator: np.random.Generator) -> Any:
    """Which units of a file are measured, in their order: as many as are asked for, or all."""
    count = activity.rates.shape[2]
    most = checks.integer("units", count if units is None else units, 2, count)
    return np.sort(generator.permutation(count)[:most])


def course_of(
    activity: Activity,
    name: str,
    units: int | None = None,
    trials: int | None = None,
    seed: int = 0,
    windows: Windows = WINDOWS,
) -> Course:
    """Takes from a file what the measures need, of as many units and trials as are asked for.

    Args:
        activity: Trials with a wait before the go cue that last beyond the movement.
        name: What to call it.
        units: How many units to draw; all unless told otherwise.
        trials: How many trials of each direction to draw; all unless told otherwise.
        seed: Of what is drawn.
        windows: Which parts of the trials.

    Raises:
        ValueError: There are too few trials with all of these windows, units or trials, or rates do not vary with directions.
    """
    chosen = _choose(activity, windows)
    generator = np.random.default_rng(checks.integer("seed", seed, 0))
    own = drawn_units(activity, units, generator)
    least = int(np.bincount(chosen.label).min())
    most = least if trials is None else checks.integer("trials", trials, 2, least)
    groups = [np.flatnonzero(chosen.label == each) for each in range(len(chosen.direction))]
    drawn = np.sort(np.concatenate([generator.permutation(g)[: len(g) if trials is None else most] for g in groups]))
    rows, go, onset, label = (each[drawn] for each in chosen[:4])
    recording, dt = activity.recording, activity.dt
    lead, last, first = windows.steps(dt)
    rates = activity.rates[rows][:, :, own]
    single = _around(rates, onset, -lead, last)
    hand = _around(recording.velocity[rows], onset, -lead, last)
    command = recording.action
    output = hand if command is None else _around(command[rows], onset, -lead, last)
    preparation, movement = (_means(each, label) for each in (_around(rates, go, -first, -1), single))
    _check_varies(movement)
    return Course(
        *(name, dt, chosen.direction, preparation, movement, _means(hand, label), _means(output, label), command is not None),
        *(single, hand, _around(rates, go, 0, last), (onset - go) * dt, label),
        soften=softening(np.concatenate([preparation, movement], axis=1), SHARE_OF_RANGE),
        left_out=len(activity.rates) - len(rows),
    )
