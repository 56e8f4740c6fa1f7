"""What a recorded session says about learning: which trials were perturbed, how far the path deviated, what outlasted it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from reach_gym.measures import after_effect
from reach_gym.recording.schema import Recording

_EARLY = 5  # trials at the beginning of a washout in which the after-effect is looked for

Flags = npt.NDArray[np.bool_]


def perturbed(recording: Recording) -> Flags:
    """Which trials, bool (n,), had the field or the rotation on."""
    return np.asarray((np.nan_to_num(recording.gain) != 0).any(axis=1))


def catch_trials(recording: Recording) -> Flags:
    """Which trials, bool (n,), had it off by surprise."""
    shares = np.array([block.get("catch", 0.0) for block in recording.metadata["schedule"]])
    return np.asarray((shares[recording.block] > 0) & ~perturbed(recording) & ~recording.channel)


def deviations(recording: Recording) -> npt.NDArray[np.float64]:
    """float64 (n,), the signed maximum perpendicular deviation in m; NaN in channel trials, where the walls decide it."""
    return np.where(recording.channel, np.nan, recording.measures("cursor")["max_deviation"])


def mean_after_effect(recording: Recording) -> float:
    """The mean deviation in catch trials and at the beginning of washouts minus that in the baseline, in m; NaN without these.

    The baseline are the trials before the first block with a perturbation; a washout is a block without one after such a block.
    """
    felt = {int(block) for block in recording.block[perturbed(recording)]}
    probe = catch_trials(recording)
    for block in {int(b) + 1 for b in felt} - felt:
        probe[np.flatnonzero((recording.block == block) & ~recording.channel)[:_EARLY]] = True
    baseline = (recording.block < min(felt, default=0)) & ~recording.channel
    return after_effect(deviations(recording), baseline, probe)
