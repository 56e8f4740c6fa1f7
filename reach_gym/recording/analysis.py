"""What a recorded session says about learning: which trials were perturbed, how far the path deviated, and after-effects."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from reach_gym import fields
from reach_gym.fields import CURSOR_PRESETS
from reach_gym.measures import adaptation_coefficient, after_effect
from reach_gym.recording.schema import Recording

_EARLY = 5  # trials at the beginning of a washout in which the after-effect is looked for

Flags = npt.NDArray[np.bool_]


def perturbed(recording: Recording) -> Flags:
    """Which trials, bool (n,), had the field or the rotation on."""
    return np.asarray((np.nan_to_num(recording.gain) != 0).any(axis=1))


def catch_trials(recording: Recording) -> Flags:
    """Which trials, bool (n,), were catch trials: the perturbation was off without notice."""
    shares = np.array([block.get("catch", 0.0) for block in recording.metadata["schedule"]])
    return np.asarray((shares[recording.block] > 0) & ~perturbed(recording) & ~recording.channel)


def deviations(recording: Recording) -> npt.NDArray[np.float64]:
    """float64 (n,), the cursor's signed maximum perpendicular deviation in m; NaN in channel trials, where walls decide it."""
    return np.where(recording.channel, np.nan, recording.measures("cursor")["max_deviation"])


def mean_after_effect(recording: Recording) -> float:
    """The mean deviation in trials where the perturbation was expected but off, minus that in the baseline, in m.

    Such trials are the catch trials. In a session without any they are the first five trials of each washout: a block without a
    perturbation after one with it. The baseline is all trials before the first perturbed block. NaN where one of them is missing.
    """
    felt = {int(block) for block in recording.block[perturbed(recording)]}
    probe = catch_trials(recording)
    if not probe.any():
        for block in {int(b) + 1 for b in felt} - felt:
            probe[np.flatnonzero((recording.block == block) & ~recording.channel)[:_EARLY]] = True
    baseline = (recording.block < min(felt, default=0)) & ~recording.channel
    return after_effect(deviations(recording), baseline, probe)


def adaptation(recording: Recording) -> npt.NDArray[np.float64]:
    """How much of the environment's own field, at a gain of 1, the hand compensates in each channel trial.

    Returns:
        float64 (n,), `reach_gym.measures.adaptation_coefficient`: 0 nothing, 1 all of it; NaN outside of channel trials.
    """
    result = np.full(len(recording), np.nan)
    mask = recording.channel
    if mask.any():
        field = fields.field_from_data(recording.metadata["field"], CURSOR_PRESETS)
        states = recording.hand[mask, :-1], recording.velocity[mask, :-1]
        force = np.stack(fields.force(field, *(part[..., i] for part in states for i in (0, 1))), axis=-1)
        result[mask] = adaptation_coefficient(recording.force[mask], force, recording.start[mask], recording.target[mask])
    return result
