"""The measures of phenomena of adaptation: of a group in the sessions of a phenomenon one number per subject.

All are taken as means over trials that are named beforehand, never as the largest of many noisy ones: who learns nothing then
has 0 on average. Shares are ratios of the group's means (`reach_gym.phenomena.behaviour.ratio`). In units of the perturbation
unless something else is said. NaN where a subject has no measured trial, or there is nothing to take a share of.
"""

from __future__ import annotations

import numpy as np

from reach_gym.measures import error_sensitivity, sensitivity_by_size
from reach_gym.phenomena.behaviour import Behaviour, Floats, Group, filled, mean_between, ratio, row_means
from reach_gym.sessions.named import AHEAD
from reach_gym.sessions.rotation_protocols import SIZES

EARLY = 25  # trials of a block in which learning is called early; every fourth or fifth shows the output
_LEAST = 0.1  # of the perturbation: less was not learned, and no share of it can be taken
_LEAST_SENSITIVITY = 0.01 / 30.0  # a hundredth of the error, per degree, where 30 degrees count as 1


def final_level(group: Group) -> Floats:
    """The output over the last 50 trials of the adaptation."""
    return row_means(group["session"].part("adaptation")[:, -50:])


def catch_ratio(group: Group) -> Floats:
    """The mirror image: minus the error in late catch trials, as a share of the way from it to that in the first field trials.

    0 for who does not expect the field, 1 for who expects it from the first trial on, 0.5 where both errors mirror each other.
    """
    one = group["session"]
    here = one.within("adaptation")
    off, caught = one.error[:, here], np.asarray(one.table.catch, float)[here] > 0
    late = caught & (np.arange(len(caught)) >= len(caught) // 2)
    mirrored = -row_means(off[:, late])
    return ratio(mirrored, mirrored + row_means(off[:, :3]), 0.0)


def early_savings(group: Group) -> Floats:
    """The early output of the relearning minus that of the learning."""
    return mean_between(group["session"].part("relearning"), 1, EARLY) - mean_between(group["session"].part("learning"), 1, EARLY)


def faster_after_counter(group: Group) -> Floats:
    """How much more of what is left to learn is learned early the second time, when the counter-perturbation has brought it back.

    The relearning begins with a channel: its output x0 is where it starts, and ``(x - x0) / (1 - x0)`` is what counts.
    """
    learning, again = (group["session"].part(name) for name in ("learning", "relearning"))
    start = again[:, 0]
    return (mean_between(again, 2, EARLY) - start) / (1.0 - start) - mean_between(learning, 2, EARLY)


def slowing(group: Group) -> Floats:
    """The share by which B is learned more slowly after A than by the group without A, from where the baseline is crossed.

    Source: Sing & Smith, PLoS Computational Biology 6:e1000893, 2010.
    """
    after, naive = (-filled(group[name].part("opposite")) for name in ("after", "naive"))
    return _slower(after, naive)


def _slower(after: Floats, naive: Floats) -> Floats:
    """The share by which the baseline is exceeded by less over 25 trials from where it is crossed than by naive subjects.

    As in `reach_gym.measures.anterograde_slowing`, but where the baseline is crossed is that of the group's mean, since noise of
    single trials moves it.
    """
    mean = after.mean(axis=0)
    crossed = np.flatnonzero(mean >= 0)
    if not len(crossed):
        return np.full(len(after), np.nan)
    begin = int(crossed[0])
    gain = after[:, begin : begin + EARLY].mean(axis=1)
    return 1.0 - ratio(gain, naive[:, :EARLY].mean(axis=1), _LEAST)


def lost_savings(group: Group) -> Floats:
    """The early output of the relearning without B between, minus that with B between."""
    return mean_between(group["without"].part("relearning"), 1, EARLY) - mean_between(group["with"].part("relearning"), 1, EARLY)


def recovered(group: Group) -> Floats:
    """The mean output in the clamps 11 to 50 after the counter-perturbation."""
    return mean_between(group["session"].part("clamps"), 11, 50)


def evoked(group: Group) -> Floats:
    """What two trials of A among the clamps bring back, beyond what the first two such trials ever leave.

    The former is the output in the clamps 10 to 30 minus that of the group without the two trials, which are the clamps 3 and 4;
    the latter the output in clamps as long after the first two trials of A. Five trials after it a fast process has forgotten
    nearly all; and where effects only add up, two trials do now about what they did at first.
    """
    with_them, without, first = (group[name].part("clamps") for name in ("evoked", "spontaneous", "first"))
    return mean_between(with_them, 10, 30) - mean_between(without, 10, 30) - mean_between(first, 6, 26)


def lost_in_clamps(group: Group) -> Floats:
    """The share of the output that 100 clamps take: the last twenty against the first five."""
    clamps = group["session"].part("clamps")
    return 1.0 - ratio(row_means(clamps[:, -20:]), mean_between(clamps, 1, 5), _LEAST)


def kept_longer_in_clamps(group: Group) -> Floats:
    """The output in trials 11 to 40 after the field: in clamps minus in a washout."""
    return mean_between(group["clamps"].part("clamps"), 11, 40) - mean_between(group["washout"].part("washout"), 11, 40)


def overlearning(group: Group) -> Floats:
    """The share kept after a day by those who trained 160 trials minus that of those who trained 15."""
    long, short = (
        ratio(row_means(group[name].part("next day")), row_means(group[name].part("end")), _LEAST) for name in ("long", "short")
    )
    return long - short


def _by_distance(one: Behaviour) -> dict[int, Floats]:
    """The output in the probes by their distance in degrees from the trained direction."""
    way = np.asarray(one.table.target, float) - np.nan_to_num(np.asarray(one.table.start, float))
    degrees = np.degrees(np.arctan2(way[:, 1], way[:, 0]))
    off = np.abs((degrees - AHEAD + 180.0) % 360.0 - 180.0).round()
    probe = (np.asarray(one.table.channel, float) > 0) | (np.asarray(one.table.feedback) == "none")
    here = one.within("probes") & probe
    return {int(each): row_means(one.output[:, here & (off == each)]) for each in np.unique(off[here])}


def second_bump(group: Group) -> Floats:
    """The output opposite to the trained direction minus that at right angles to it."""
    found = _by_distance(group["session"])
    return found[180] - found[90]


def locality(group: Group) -> Floats:
    """The share of the output that is gone 90 degrees and more from the trained direction."""
    found = _by_distance(group["session"])
    far = row_means(np.stack([each for distance, each in found.items() if distance >= 90], axis=1))
    return 1.0 - ratio(far, found[0], _LEAST)


def separation(group: Group) -> Floats:
    """The output in the last 100 trials of two opposite fields, each in the direction of its own."""
    return _separated(group["session"])


def _separated(one: Behaviour) -> Floats:
    own = one.output * np.sign(np.asarray(one.table.gain, float))
    return row_means(own[:, one.within("adaptation")][:, -100:])


def static_cue_fails(group: Group) -> Floats:
    """The separation that lead-in movements bring minus that which a static cue brings."""
    return _separated(group["lead-in"]) - _separated(group["cue"])


def more_from_consistent(group: Group) -> Floats:
    """The change across single field trials after consistent errors minus that after inconsistent ones, in the last six."""
    return _triplet_change(group["consistent"]) - _triplet_change(group["inconsistent"])


def _triplet_change(one: Behaviour) -> Floats:
    walls = np.asarray(one.table.channel, float) > 0
    probes = np.array([str(name).startswith("probe") for name in one.table.block])
    imposed = np.where(walls, np.nan, 1.0)
    changes = []
    for row in one.output:
        found = error_sensitivity(np.where(probes & walls, row, np.nan), imposed, probes & walls)
        changes.append(found.change[-6:].mean() if len(found.change) else np.nan)
    return np.array(changes)


def falling_sensitivity(group: Group) -> Floats:
    """The share by which the sensitivity to errors of 60 degrees is below that to errors of 7.5 and 15."""
    one = group["session"]
    unseen = np.asarray(one.table.feedback) == "none"
    angle = np.asarray(one.table.clamp_angle, float)
    imposed = np.where(unseen, np.nan, angle)
    edges = [0.5, (SIZES[1] + SIZES[2]) / 2, (SIZES[2] + SIZES[3]) / 2, 181.0]  # in degrees: small, middle, large
    slopes = []
    for row in one.output:
        found = error_sensitivity(np.where(unseen, row, np.nan), imposed, unseen)
        slopes.append(sensitivity_by_size(found.error, found.change, edges))
    small, _, large = np.array(slopes).T
    return 1.0 - ratio(large, small, _LEAST_SENSITIVITY)


def gradual_advantage(group: Group) -> Floats:
    """The output in the trials without feedback after a gradual rotation minus that after an abrupt one."""
    return row_means(group["gradual"].part("after-effect")) - row_means(group["abrupt"].part("after-effect"))


def learned_structure(group: Group) -> Floats:
    """The output in the first ten trials of a new rotation: after random rotations minus after none."""
    return mean_between(group["random"].part("test"), 1, 10) - mean_between(group["control"].part("test"), 1, 10)
