"""The adaptation track: what a session says about an agent that learns while it acts.

The score 0 is that of a controller that never learns (``naive``), 1 that of one that knows what a block teaches from its first
trial on (``adapted``), both on the same trials.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from reach_gym.measures import after_effect
from reach_gym.models import TrialData, TwoState, fit
from reach_gym.recording import Recording, adaptation, catch_trials, deviations, perturbed

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

_EARLY, _LATE = 10, 20  # field trials at the beginning and at the end of a block
_FIRST = 5  # channel trials at either end of the retention block
_PARAMETERS = ("fast_retention", "slow_retention", "fast_learning", "slow_learning")
_LEAST = 0.1  # of the field's force: below it there is nothing to retain


def session_facts(recording: Recording) -> tuple[dict[str, float], dict[str, Any]]:
    """The numbers of one session of `reach_gym.evaluation.suite.SESSION`, and its courses trial by trial.

    The numbers:

    - ``learning``: share of the field's force that the hand makes up for in channel trials (`reach_gym.recording.adaptation`),
      averaged over the whole adaptation block: the area under the learning curve, and what is scored. Channel trials show what
      the hand expects, whereas errors would also fall for a hand that is merely stiff. A hand that rests expects nothing.
    - ``learned``: the same in the last third of these trials.
    - ``early_error_mm``, ``late_error_mm``: mean largest deviation in the first 10 and last 20 field trials of the adaptation.
    - ``after_effect_mm``: signed deviation in catch trials minus that of the baseline (`reach_gym.measures.after_effect`).
    - ``retention``: what is left at the end of the error clamp, as a share of what there was at its beginning.
    - ``savings``: how much smaller the error of the first 10 field trials is the second time, as a share of the first time's.
    - ``two_state_...``: the two-state model fitted to the channel trials (`reach_gym.models.fit`).

    NaN where a number does not exist: who has learned nothing has nothing to retain.
    """
    names = np.array(recording.block_names)
    felt, caught, clamped = perturbed(recording), catch_trials(recording), recording.channel
    off, share = deviations(recording), adaptation(recording)
    plain = felt & ~clamped
    first, again = (np.flatnonzero(plain & (names == name)) for name in ("adaptation", "readaptation"))
    probes = np.flatnonzero(clamped & (names == "adaptation"))
    faded = share[names == "retention"]
    before, after = _mean(faded[:_FIRST]), _mean(faded[-_FIRST:])
    early, second = _mean(np.abs(off[first[:_EARLY]])), _mean(np.abs(off[again[:_EARLY]]))
    numbers = {
        "learning": float(np.nan_to_num(share[probes]).mean()) if len(probes) else float("nan"),
        "learned": _mean(share[probes[-max(1, len(probes) // 3) :]]),
        "early_error_mm": 1000 * early,
        "late_error_mm": 1000 * _mean(np.abs(off[first[-_LATE:]])),
        "after_effect_mm": 1000 * after_effect(off, (names == "baseline") & ~clamped, caught),
        "retention": after / before if before >= _LEAST else float("nan"),
        "savings": 1.0 - second / early if early > 0 else float("nan"),
    }
    perturbation = plain.astype(float)
    modelled = np.full(len(share), np.nan)
    numbers |= {f"two_state_{name}": float("nan") for name in (*_PARAMETERS, "asymptote", "explained")}
    if np.isfinite(share[clamped]).sum() >= len(_PARAMETERS) + 1:
        fitted = fit(TwoState, TrialData(perturbation, clamped, share))
        facts = fitted.to_data()
        numbers |= {f"two_state_{name}": facts[name] for name in (*_PARAMETERS, "asymptote", "explained")}
        modelled = fitted.output
    courses = {
        "block": names.tolist(),
        "plain": plain.tolist(),
        "caught": caught.tolist(),
        "success": recording.success.tolist(),
        "deviation_mm": _listed(1000 * off),
        "adaptation": _listed(share),
        "two_state": _listed(modelled),
    }
    return numbers, courses


def _mean(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else float("nan")


def _listed(values: Floats) -> list[float | None]:
    return [round(float(value), 4) if np.isfinite(value) else None for value in values]
