"""The adaptation track: what a session says about an agent that learns while it acts.

Yardsticks are the controllers that bound a learner on the same trials: ``naive`` never learns, ``adapted`` knows what the block
teaches from its first trial on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from reach_gym.measures import after_effect, fit_two_state
from reach_gym.recording import Recording, adaptation, catch_trials, deviations, perturbed

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

NAIVE, ADAPTED = "naive", "adapted"
_EARLY, _LATE = 10, 20  # field trials at the beginning and at the end of a block
_FIRST = 5  # channel trials at either end of the retention block
_PARAMETERS = ("fast_retention", "slow_retention", "fast_learning", "slow_learning")
_LEAST = 0.1  # of the field's force: below it there is nothing to retain


def session_facts(recording: Recording) -> tuple[dict[str, float], dict[str, Any]]:
    """The numbers of one session of `reach_gym.suite.SESSION`, and its courses trial by trial.

    The numbers:

    - ``learned``: share of the field's force that the hand makes up for in the channel trials of the late adaptation
      (`reach_gym.recording.adaptation`).
    - ``early_error_mm``, ``late_error_mm``: mean largest deviation in the first 10 and last 20 field trials of the adaptation.
    - ``after_effect_mm``: signed deviation in catch trials minus that of the baseline (`reach_gym.measures.after_effect`).
    - ``retention``: what is left at the end of the error clamp, as a share of what there was at its beginning.
    - ``savings``: how much smaller the error of the first 10 field trials is the second time, as a share of the first time's.
    - ``two_state_...``: the two-state model fitted to the channel trials (`reach_gym.measures.fit_two_state`).

    NaN where a number does not exist: who has learned nothing has nothing to retain.
    """
    names = np.array(recording.block_names)
    felt, caught, clamped = perturbed(recording), catch_trials(recording), recording.channel
    off, share = deviations(recording), adaptation(recording)
    plain = felt & ~clamped
    first, again = (np.flatnonzero(plain & (names == name)) for name in ("adaptation", "readaptation"))
    late_probes = np.flatnonzero(clamped & (names == "adaptation"))
    faded = share[names == "retention"]
    before, after = _mean(faded[:_FIRST]), _mean(faded[-_FIRST:])
    early, second = _mean(np.abs(off[first[:_EARLY]])), _mean(np.abs(off[again[:_EARLY]]))
    numbers = {
        "learned": _mean(share[late_probes[-max(1, len(late_probes) // 3) :]]),
        "early_error_mm": 1000 * early,
        "late_error_mm": 1000 * _mean(np.abs(off[first[-_LATE:]])),
        "after_effect_mm": 1000 * after_effect(off, (names == "baseline") & ~clamped, caught),
        "retention": after / before if before >= _LEAST else float("nan"),
        "savings": 1.0 - second / early if early > 0 else float("nan"),
    }
    perturbation = plain.astype(float)
    modelled = np.full(len(share), np.nan)
    numbers |= {f"two_state_{name}": float("nan") for name in (*_PARAMETERS, "asymptote", "explained")}
    if np.isfinite(share[clamped]).sum() >= len(_PARAMETERS):
        fit = fit_two_state(perturbation, clamped, share)
        numbers |= {f"two_state_{name}": value for name, value in fit.to_data().items() if name != "trials"}
        modelled = fit.model.output(perturbation, clamped)
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


def learning_errors(
    agent: Mapping[str, Any], naive: Mapping[str, Any], adapted: Mapping[str, Any]
) -> tuple[float, float, float] | None:
    """The mean errors, in mm, of an agent and of both yardsticks over the whole adaptation block: the areas under their curves.

    An error is the largest deviation of a field trial; a trial without success counts as the naive controller's at least. The
    agent's score is where its error lies on the way from the naive controller's, 0, to the adapted one's, 1: mostly how soon it
    learns.

    Args:
        agent: The courses of `session_facts`.
        naive: Those of the naive controller on the same trials.
        adapted: Those of the adapted one.

    Returns:
        The errors of `agent`, `naive` and `adapted`; ``None`` where the yardsticks have none.
    """
    counted = np.array(naive["plain"]) & (np.array(naive["block"]) == "adaptation")
    mine, worst, best = (np.abs(np.array(each["deviation_mm"], float)[counted]) for each in (agent, naive, adapted))
    if not (counted.any() and np.isfinite(worst).all() and np.isfinite(best).all()):
        return None
    failed = ~np.array(agent["success"])[counted] | ~np.isfinite(mine)
    mine = np.where(failed, np.fmax(mine, worst), mine)
    return float(mine.mean()), float(worst.mean()), float(best.mean())
