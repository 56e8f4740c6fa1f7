"""The measures of phenomena of adaptation: of a group in the sessions of a phenomenon one number per subject.

All are taken as means over trials that are named beforehand, never as the largest of many noisy ones: who learns nothing then
has 0 on average. In units of the perturbation unless something else is said. NaN where a subject has no measured trial.
"""

from __future__ import annotations

import numpy as np

from reach_gym.measures import anterograde_slowing, error_sensitivity, sensitivity_by_size
from reach_gym.phenomena.behaviour import Behaviour, Floats, Group, filled, mean_between, row_means
from reach_gym.sessions.named import AHEAD
from reach_gym.sessions.rotation_protocols import SIZES

EARLY = 25  # trials of a block in which learning is called early; every fourth or fifth shows the output
_LEAST = 0.1  # of the perturbation: less was not learned, and no share of it can be taken


def final_level(group: Group) -> Floats:
    """The output over the last 50 trials of the adaptation."""
    return row_means(group["session"].part("adaptation")[:, -50:])


def catch_ratio(group: Group) -> Floats:
    """The mirror image in late catch trials: minus their error, as a share of the error in the first three trials of the field."""
    one = group["session"]
    here = one.within("adaptation")
    off, caught = one.error[:, here], np.asarray(one.table.catch, float)[here] > 0
    late = caught & (np.arange(len(caught)) >= len(caught) // 2)
    first = row_means(off[:, :3])
    return np.where(np.abs(first) > 0, -row_means(off[:, late]) / np.where(first == 0, 1.0, first), np.nan)


def early_savings(group: Group) -> Floats:
    """The early output of the relearning minus that of the learning."""
    return mean_between(group["session"].part("relearning"), 1, EARLY) - mean_between(group["session"].part("learning"), 1, EARLY)


def faster_after_counter(group: Group) -> Floats:
    """How much more is gained over the 25 trials from where the baseline is crossed, as a share of the first learning's gain."""
    first, second = (filled(group["session"].part(name)) for name in ("learning", "relearning"))
    return np.array([-anterograde_slowing(after, naive) for after, naive in zip(second, first, strict=True)])


def slowing(group: Group) -> Floats:
    """The share by which B is learned more slowly after A than by the group without A, from where the baseline is crossed.

    Source: Sing & Smith, PLoS Computational Biology 6:e1000893, 2010. The naive curve is the group's mean.
    """
    after, naive = (-filled(group[name].part("opposite")) for name in ("after", "naive"))
    level = naive[np.isfinite(naive).all(axis=1)]
    if not len(level):
        return np.full(len(after), np.nan)
    return np.array([anterograde_slowing(row, level.mean(axis=0)) for row in after])


def lost_savings(group: Group) -> Floats:
    """The early output of the relearning without B between, minus that with B between."""
    return mean_between(group["without"].part("relearning"), 1, EARLY) - mean_between(group["with"].part("relearning"), 1, EARLY)


def recovered(group: Group) -> Floats:
    """The mean output in the clamps 11 to 50 after the counter-perturbation."""
    return mean_between(group["session"].part("clamps"), 11, 50)


def evoked_step(group: Group) -> Floats:
    """What two trials of A among the clamps bring at once: clamps 5 to 8, minus those of the group without these trials."""
    return _evoked(group, 5, 8)


def evoked_lasting(group: Group) -> Floats:
    """What is left of it long after: clamps 40 to 100, minus those of the group without these trials."""
    return _evoked(group, 40, 100)


def _evoked(group: Group, first: int, last: int) -> Floats:
    return mean_between(group["evoked"].part("clamps"), first, last) - mean_between(group["spontaneous"].part("clamps"), first, last)


def lost_in_clamps(group: Group) -> Floats:
    """The share of the output that 100 clamps take: the first five against the last twenty. NaN where nothing was learned."""
    clamps = group["session"].part("clamps")
    first = mean_between(clamps, 1, 5)
    kept = row_means(clamps[:, -20:]) / np.where(np.abs(first) > _LEAST, first, np.nan)
    return 1.0 - kept


def kept_longer_in_clamps(group: Group) -> Floats:
    """The output in trials 11 to 40 after the field: in clamps minus in a washout."""
    return mean_between(group["clamps"].part("clamps"), 11, 40) - mean_between(group["washout"].part("washout"), 11, 40)


def overlearning(group: Group) -> Floats:
    """The share kept after a day by those who trained 160 trials minus that of those who trained 15. NaN where nothing was learned."""
    kept = []
    for name in ("long", "short"):
        before, after = (row_means(group[name].part(block)) for block in ("end", "next day"))
        kept.append(after / np.where(np.abs(before) > _LEAST, before, np.nan))
    return np.asarray(kept[0] - kept[1])


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
    """The share of the output that is gone 90 degrees and more from the trained direction. NaN where nothing was learned."""
    found = _by_distance(group["session"])
    far = row_means(np.stack([each for distance, each in found.items() if distance >= 90], axis=1))
    return 1.0 - far / np.where(np.abs(found[0]) > _LEAST, found[0], np.nan)


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
    """The change across single field trials after consistent errors minus that after inconsistent ones, over the last six probes."""
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
    """The share by which the sensitivity to errors of 30 degrees and more is below that to errors of 6 and less.

    NaN for subjects who learn less than a hundredth of small errors.
    """
    one = group["session"]
    unseen = np.asarray(one.table.feedback) == "none"
    angle = np.asarray(one.table.clamp_angle, float)
    imposed = np.where(unseen, np.nan, angle)
    edges = [0.5, (SIZES[1] + SIZES[2]) / 2, (SIZES[2] + SIZES[3]) / 2, 181.0]
    shares = []
    for row in one.output:
        found = error_sensitivity(np.where(unseen, row, np.nan), imposed, unseen)
        small, _, large = sensitivity_by_size(found.error, found.change, edges)
        shares.append(1.0 - large / small if small > _LEAST_SENSITIVITY else np.nan)
    return np.array(shares)


_LEAST_SENSITIVITY = 0.01 / 30.0  # a hundredth of the error, per degree, where 30 degrees count as 1


def gradual_advantage(group: Group) -> Floats:
    """The output in the trials without feedback after a gradual rotation minus that after an abrupt one."""
    return row_means(group["gradual"].part("after-effect")) - row_means(group["abrupt"].part("after-effect"))


def learned_structure(group: Group) -> Floats:
    """The output in the first ten trials of a new rotation: after random rotations minus after none."""
    return mean_between(group["random"].part("test"), 1, 10) - mean_between(group["control"].part("test"), 1, 10)
