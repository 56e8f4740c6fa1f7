"""What a session of trials says about adaptation: its conditions, its numbers and one summary per subject.

A subject is an agent, an ideal controller or a person: whoever made the `Recording`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from reach_gym.recording.analysis import adaptation, catch_trials, deviations, mean_after_effect, perturbed
from reach_gym.recording.schema import Recording

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

SHOWN = 16  # trials at each end of a block: of eight targets about two each
CATCH = "catch trials"
EARLY, LATE = "early", "late"


@dataclass(frozen=True)
class Condition:
    """Trials that belong together.

    Attributes:
        name: Of the block, with `EARLY` or `LATE` for one end of it, or `CATCH`.
        mask: bool (n,), its trials; at least one, none of them in a channel.
        perturbed: Whether the field or the rotation was on.
        surprising: Whether it had just changed, so that a subject who expects what was before errs.
    """

    name: str
    mask: Flags
    perturbed: bool
    surprising: bool


def conditions(recording: Recording, count: int = SHOWN) -> list[Condition]:
    """The parts of a session that show adaptation, in their order.

    A block before any perturbation counts as a whole. Of a block with a perturbation there are the first and the last `count`
    trials, and after them its catch trials; of a block without one after it (a washout) the first. Channel trials are left out.

    Where it was not recorded which trials were perturbed, every block counts as a whole.

    Where a name comes again, as that of the catch trials of a second adaptation, it has its number behind it: "catch trials (2)".

    Args:
        recording: A session.
        count: At most so many trials at each end, and at most half of a block.
    """
    none = np.zeros(len(recording), np.bool_)
    told = recording.gain is not None
    caught, on = (catch_trials(recording), perturbed(recording) & ~recording.in_channel) if told else (none, none)
    found: list[Condition] = []
    before = False
    for name, mask in block_runs(recording):
        plain = np.flatnonzero(mask & ~caught & ~recording.in_channel)
        felt = bool((on & mask).any())
        half = min(count, max(1, len(plain) // 2))
        if felt:
            found += _some(recording, f"{name}, {EARLY}", plain[:half], True, True)
            found += _some(recording, f"{name}, {LATE}", plain[half:][-half:], True, False)
            found += _some(recording, CATCH, np.flatnonzero(mask & caught), False, True)
        elif before:
            found += _some(recording, f"{name}, {EARLY}", plain[:half], False, True)
        else:
            found += _some(recording, name, plain, False, False)
        before = before or felt
    seen: Counter[str] = Counter()
    for k, each in enumerate(found):
        seen[each.name] += 1
        if seen[each.name] > 1:
            found[k] = replace(each, name=f"{each.name} ({seen[each.name]})")
    return found


def _some(recording: Recording, name: str, trials: npt.NDArray[np.int64], felt: bool, surprising: bool) -> list[Condition]:
    mask = np.zeros(len(recording), np.bool_)
    mask[trials] = True
    return [Condition(name, mask, felt, surprising)] if len(trials) else []


def block_runs(recording: Recording) -> Iterator[tuple[str, Flags]]:
    """The blocks of a recording in the order of its trials.

    Yields:
        The name of each block and its trials, bool (n,).
    """
    names = recording.block_names
    begins = np.flatnonzero(np.diff(recording.block, prepend=-1))
    for first, end in zip(begins, [*begins[1:], len(recording)], strict=True):
        mask = np.zeros(len(recording), np.bool_)
        mask[first:end] = True
        yield names[first], mask


def mean(values: Floats) -> float:
    """The mean of the finite values; NaN, without a warning, where there are none."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else float("nan")


def summary(recording: Recording) -> dict[str, float]:
    """The numbers of a session, in the units that the names say; NaN where no trial has them.

    Deviations are means over trials of their size, without channel trials: those of all trials of the baseline, of the perturbed
    blocks and of what follows them, and the catch trials. The after-effect is signed: positive to the left.
    """
    off, caught, channel = deviations(recording), catch_trials(recording), recording.in_channel
    felt = perturbed(recording) & ~channel
    parts: dict[str, Flags] = {name: np.zeros(len(recording), np.bool_) for name in ("baseline", "adaptation", "washout")}
    place = "baseline"
    for _, mask in block_runs(recording):
        place = "adaptation" if (felt & mask).any() else "baseline" if place == "baseline" else "washout"
        parts[place] |= mask & ~caught
    sizes = {f"{name}_mm": 1000 * mean(np.abs(off[mask])) for name, mask in {**parts, "catch": caught}.items()}
    return {
        "trials": float(len(recording)),
        "success": float("nan") if recording.success is None or not len(recording) else float(recording.success.mean()),
        "false_starts": float("nan") if recording.false_start is None else float(recording.false_start.sum()),
        **sizes,
        "after_effect_mm": 1000 * mean_after_effect(recording),
        "adaptation_coefficient": mean(adaptation(recording)[parts["adaptation"]]),
        "peak_speed_m_per_s": mean(recording.measures()["peak_speed"]),
    }
