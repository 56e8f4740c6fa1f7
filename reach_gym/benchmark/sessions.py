"""The adaptation track: what a session says about an agent that learns while it acts.

The score 0 is that of a controller that never learns (``naive``), 1 that of one that knows what a block teaches from its first
trial on (``adapted``), both on the same trials. Whoever does not change has 0, whatever he does: all is read against his own
baseline. The session has fields of both signs, so that a drift or a fixed compensation that helps in one harms in the other.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from reach_gym.measures import after_effect, arrays, baseline_corrected, learning_index, retention
from reach_gym.models import TrialData, TwoState, fit
from reach_gym.recording import Recording, catch_trials, channel_compensation, perturbed, reach_directions

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

FIELDS = {"adaptation": 1.0, "opposite": -1.0}  # the blocks that are scored, and the signs of their fields
_EARLY, _LATE = 10, 20  # field trials at the beginning and at the end of a block
_PARAMETERS = ("fast_retention", "slow_retention", "fast_learning", "slow_learning")
_LEAST_MOVED = 0.001  # m: a hand that the field moves by less shows nothing by its paths
# How far a learning index may lie above 1: that of the controller that knows the field is 1.12, since its path bows a little.
_SLACK = 0.25


def session_facts(recording: Recording) -> tuple[dict[str, float], dict[str, Any]]:
    """The numbers of one session of `reach_gym.evaluation.suite.SESSION`, and its courses trial by trial.

    The numbers, means over the fields of both signs where not said otherwise:

    - ``learning``: what is scored: the smaller one of the next two, field by field. Leaning on walls that are noticed shows in
      the first alone, a stiff hand in neither.
    - ``compensation``: the change from the own baseline of the share of the field's force that the hand exerts on the walls of
      channels up to peak speed (`reach_gym.recording.channel_compensation`), averaged over the block: the area under the learning
      curve. It falls by as much as a trial exceeds 1: 2 counts as 0, and no more than -1 or 1 is given.
    - ``learning_index``: the share that the paths of field and catch trials show (`reach_gym.measures.learning_index`, of the
      deviation at peak speed); what exceeds 1.25 is taken off. 0 for a hand that the field moves by less than a millimetre.
    - ``learned``: as ``compensation``, in the last third of each block's channel trials.
    - ``r2``: how much the force on the walls looks like the field's, the mean of r^2 over the channel trials of these blocks.
    - ``early_error_mm``, ``late_error_mm``: mean largest deviation in the first 10 and last 20 field trials of the blocks.
    - ``after_effect_mm``: signed deviation in the first field's catch trials minus that of the baseline
      (`reach_gym.measures.after_effect`).
    - ``retention``: what is left at the end of the error clamp, as a share of what there was at its beginning.
    - ``savings``: how much smaller the error of the first field trials is the second time, as a share of the first time's: of
      10, or of as many as come before a catch trial in either block, since it unlearns.
    - ``two_state_...``: the two-state model fitted to the channel trials (`reach_gym.models.fit`).

    NaN where a number does not exist: who has learned nothing has nothing to retain.
    """
    session = _Session(recording)
    share, clamped = session.share, recording.in_channel
    numbers = {**session.learning(), **session.errors()}
    numbers["retention"] = retention(share[session.names == "retention"])
    perturbation = np.where(session.plain, np.nan_to_num(recording.known("gain")[:, 0]), 0.0)
    modelled = np.full(len(share), np.nan)
    numbers |= {f"two_state_{name}": float("nan") for name in (*_PARAMETERS, "asymptote", "explained")}
    if np.isfinite(share[clamped]).sum() >= len(_PARAMETERS) + 1:
        fitted = fit(TwoState, TrialData(perturbation, clamped, share))
        facts = fitted.to_data()
        numbers |= {f"two_state_{name}": facts[name] for name in (*_PARAMETERS, "asymptote", "explained")}
        modelled = fitted.output
    courses = {
        "block": session.names.tolist(),
        "plain": session.plain.tolist(),
        "caught": session.caught.tolist(),
        "success": recording.known("success").tolist(),
        "deviation_mm": _listed(1000 * session.off),
        "adaptation": _listed(share),
        "two_state": _listed(modelled),
    }
    return numbers, courses


class _Session:
    """A recording with what its trials are, and their deviations and compensation, the latter corrected for the baseline."""

    def __init__(self, recording: Recording) -> None:
        channel = recording.in_channel
        self.names = np.array(recording.block_names)
        self.caught, self.plain, self.channel = catch_trials(recording), perturbed(recording) & ~channel, channel
        self.baseline = self.names == "baseline"
        # Strict: a direction that has no baseline of its own could make those who do not change seem to.
        ways, found, measured = reach_directions(recording), channel_compensation(recording), recording.measures("cursor")
        self.share = baseline_corrected(found.slope, self.baseline, ways, strict=True)
        self.r2 = found.r2
        self.off = np.where(channel, np.nan, measured["max_deviation"])
        at_peak = np.where(channel, np.nan, measured["deviation_at_peak_speed"])
        self.at_peak = baseline_corrected(at_peak, self.baseline, ways, strict=True)

    def learning(self) -> dict[str, float]:
        """The score and what it is made of."""
        parts: dict[str, list[float]] = {"compensation": [], "learning_index": [], "learned": [], "r2": []}
        for name, sign in FIELDS.items():
            here = self.names == name
            shown = sign * self.share[here & self.channel]
            shown = 1.0 - np.abs(1.0 - shown)
            parts["compensation"].append(_reading(arrays.mean(shown)))
            parts["learned"].append(arrays.mean(shown[-max(1, len(shown) // 3) :]))
            parts["r2"].append(arrays.mean(self.r2[here & self.channel]))
            field, catch = self.at_peak[here & self.plain], self.at_peak[here & self.caught]
            index = learning_index(field, catch, self.at_peak[self.baseline], _LEAST_MOVED)
            parts["learning_index"].append(_reading(index - 2.0 * max(0.0, index - 1.0 - _SLACK)))
        lesser = np.minimum(parts["compensation"], parts["learning_index"])
        return {"learning": float(lesser.mean()), **{name: arrays.mean(np.array(each)) for name, each in parts.items()}}

    def errors(self) -> dict[str, float]:
        """What the paths of field and catch trials show, in mm, and the savings."""
        size = np.abs(self.off)
        fielded = {name: size[self.plain & (self.names == name)] for name in (*FIELDS, "readaptation")}
        both = ("adaptation", "readaptation")
        count = min(_EARLY, *(self._before_catch(name) for name in both))
        first, again = (arrays.mean(fielded[name][:count]) for name in both)
        probes = self.caught & (self.names == "adaptation")
        return {
            "early_error_mm": 1000 * arrays.mean(np.concatenate([fielded[name][:_EARLY] for name in FIELDS])),
            "late_error_mm": 1000 * arrays.mean(np.concatenate([fielded[name][-_LATE:] for name in FIELDS])),
            "after_effect_mm": 1000 * after_effect(self.off, self.baseline & ~self.channel, probes),
            "savings": 1.0 - again / first if first > 0 else float("nan"),
        }

    def _before_catch(self, name: str) -> int:
        """The field trials of a block before its first catch trial."""
        here = self.names == name
        return int((self.plain[here] & (np.cumsum(self.caught[here]) == 0)).sum())


def _reading(value: float) -> float:
    """A share from -1 to 1; 0 where nothing could be read, since nothing was shown then."""
    return float(np.clip(value, -1.0, 1.0)) if np.isfinite(value) else 0.0


def _listed(values: Floats) -> list[float | None]:
    return [round(float(value), 4) if np.isfinite(value) else None for value in values]
