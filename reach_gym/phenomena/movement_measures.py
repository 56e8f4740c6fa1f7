"""The measures of phenomena of control, of recorded movements: of a group in a session one number per subject."""

from __future__ import annotations

from typing import Any

import numpy as np

from reach_gym.measures import correction, find_movement, movement_time
from reach_gym.phenomena.behaviour import Behaviour, Floats, Group
from reach_gym.recording import Recording, sideways
from reach_gym.sessions.movement_protocols import WAYS

PLACE = 0.03  # m of the way at which the cursor jumps in probes of feedback gains
_FEW = 9  # probes that count as early, three of each kind


def _each(one: Behaviour, measure: Any) -> Floats:
    """A measure of every subject's recording; NaN for those who have none."""
    if not one.recordings:
        return np.full(len(one), np.nan)
    return np.array([float(measure(each, one)) for each in one.recordings])


def _amounts(one: Behaviour, name: str) -> Floats:
    """The sideways amount (n,) of an event of each trial, 0 without one."""
    return np.array([0.0 if event is None else event.x for event in getattr(one.table, name)])


def _along(recording: Recording) -> Floats:
    """How far (n, T+1) the hand has come along the way from start to target, m."""
    way = recording.target - recording.start
    ahead = way / np.linalg.norm(way, axis=1, keepdims=True)
    return np.asarray(((recording.hand - recording.start[:, None]) * ahead[:, None]).sum(axis=2))


def _first(reached: Any) -> Floats:
    """The first step (n,) at which `reached` (n, T) is true; NaN where it never is."""
    return np.where(reached.any(axis=1), reached.argmax(axis=1).astype(float), np.nan)


def rise_of_feedback_gain(group: Group) -> Floats:
    """The visuomotor response to jumps of the cursor: in the first nine probes of the field minus in the last nine before it, N.

    The response is the push on the channel's wall against the jump, 180 to 230 ms after it (`reach_gym.measures.correction`).
    """

    def rise(recording: Recording, one: Behaviour) -> float:
        probes = np.flatnonzero(recording.in_channel)
        before = probes[one.within("baseline")[probes]][-_FEW:]
        after = probes[one.within("adaptation")[probes]][:_FEW]
        jumps = _amounts(one, "cursor_jump")
        return _response(recording, jumps, after) - _response(recording, jumps, before)

    return _each(group["session"], rise)


def _response(recording: Recording, jumps: Floats, trials: Any) -> float:
    """The mean response (N) to jumps in some trials; the hand moves straight up, so that a jump to the right is to x above 0."""
    some = np.zeros(len(recording), np.bool_)
    some[trials] = True
    part = recording.subset(some)
    begin = _first(_along(part) >= PLACE)
    # A cursor that jumps to the right asks for a push to the left, and the wall pushes back to the right.
    side = np.sign(jumps[some])
    found = correction(-sideways(part, "force"), begin, side, part.metadata["dt"])
    known = found[np.isfinite(found)]
    return float(known.mean()) if len(known) else float("nan")


def spared_correction(group: Group) -> Floats:
    """How much less of a push's displacement is corrected where the target is a bar: 1 minus the ratio of bar to dot.

    What is corrected is the share of the largest displacement that is gone at the end; displacements are those of pushed trials
    minus the mean of the others to the same target.
    """

    def spared(recording: Recording, one: Behaviour) -> float:
        away, push = sideways(recording, "hand"), _amounts(one, "pulse")
        bars = np.asarray(one.table.bar, float) > 0
        dot, bar = (
            _corrected(away[bars == shape], np.sign(push[bars == shape]), recording.steps[bars == shape]) for shape in (0, 1)
        )
        # Who hardly corrects a push away from a disc has nothing to spare.
        return 1.0 - bar / dot if dot > 0.05 else float("nan")

    return _each(group["session"], spared)


def _corrected(away: Floats, side: Floats, steps: Any) -> float:
    length = away.shape[1]
    # What a trial ends with stays, so that trials of all lengths can be averaged.
    held = np.take_along_axis(away, np.minimum(np.arange(length), steps[:, None]), axis=1)
    usual = held[side == 0].mean(axis=0)
    # A push to the right leads to the right of the way, where sideways numbers are below 0.
    pushed = -(held - usual)[side != 0] * side[side != 0, None]
    mean = pushed.mean(axis=0)
    peak = float(mean.max())
    return (peak - float(mean[-1])) / peak if peak > 0 else float("nan")


def turns_with_the_jump(group: Group) -> Floats:
    """The slope (s/s) of the time at which the hand turns to the new target on the time at which the target jumps.

    The hand turns when its sideways speed towards the new target exceeds 5 cm/s beyond the mean of trials without a jump.
    """

    def slope(recording: Recording, one: Behaviour) -> float:
        speed, jumps, dt = sideways(recording, "velocity"), _amounts(one, "target_jump"), recording.metadata["dt"]
        go = recording.go
        index = np.minimum(go[:, None] + np.arange(int(0.8 / dt)), speed.shape[1] - 1)
        course = np.nan_to_num(np.take_along_axis(speed, index, axis=1))
        usual = course[jumps == 0].mean(axis=0)
        turned = _first(-(course - usual) * np.sign(jumps)[:, None] > 0.05) * dt
        at = np.array([np.nan if event is None else event.at for event in one.table.target_jump])
        known = np.isfinite(turned) & np.isfinite(at)
        if known.sum() < 4 or np.ptp(at[known]) == 0:
            return float("nan")
        return float(np.polyfit(at[known], turned[known], 1)[0])

    return _each(group["session"], slope)


def time_by_difficulty(group: Group) -> Floats:
    """The slope of the movement time on Fitts's index of difficulty, s/bit: log2(2 D / W), W the diameter of the target."""

    def slope(recording: Recording, one: Behaviour) -> float:
        moved = find_movement(recording.velocity, recording.go)
        times = movement_time(moved, recording.metadata["dt"])
        way = np.linalg.norm(recording.target - recording.start, axis=1)
        difficulty = np.log2(way / float(recording.metadata["radius"]))
        known = np.isfinite(times)
        return float(np.polyfit(difficulty[known], times[known], 1)[0]) if known.sum() >= len(WAYS) else float("nan")

    return _each(group["session"], slope)


def single_peaked(group: Group) -> Floats:
    """The share of reaches whose speed rises once and falls once: no second peak of more than a tenth of the highest one."""

    def share(recording: Recording, one: Behaviour) -> float:
        moved = find_movement(recording.velocity, recording.go)
        pace = np.linalg.norm(recording.velocity, axis=2)
        found = [
            _peaks(row[first : last + 1]) == 1
            for row, first, last, did in zip(pace, moved.onset, moved.end, moved.moved, strict=True)
            if did
        ]
        return float(np.mean(found)) if found else float("nan")

    return _each(group["session"], share)


def _peaks(pace: Floats) -> int:
    """How often the speed rises to a peak that stands out of the valleys beside it by more than a tenth of the highest."""
    pace = pace[np.isfinite(pace)]
    if not len(pace):
        return 0
    least, count, low, high = 0.1 * float(pace.max()), 0, 0.0, 0.0
    rising = True
    for value in [*pace.tolist(), 0.0]:
        if rising:
            high = max(high, value)
            if high - value > least:
                count, rising, low = count + 1, False, value
        else:
            low = min(low, value)
            if value - low > least:
                rising, high = True, value
    return count
