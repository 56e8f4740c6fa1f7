"""The two-state model of motor adaptation, fitted to a subject's trials.

Smith, Ghazizadeh & Shadmehr, PLoS Biology 4:e179, 2006: what is learned is the sum of a fast process, which learns and forgets
fast, and a slow one. On trial n the error is ``e = f - x`` for a perturbation f and an output x = x_f + x_s, and

    x_f <- A_f x_f + B_f e,    x_s <- A_s x_s + B_s e,    A_s > A_f, B_f > B_s.

In an error clamp the error is zero by construction, so that both states only decay: an ``e`` of 0, whatever x is. It explains
savings, spontaneous recovery and anterograde interference by one pair of states.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from reach_gym.errors import missing_extra
from reach_gym.measures import arrays

Floats = npt.NDArray[np.float64]

_LEAST_SPREAD = 1e-3  # standard deviation below which there is nothing to explain but rounding errors
# Where fits begin: the paper's values (A_f, A_s, B_f, B_s), a subject that learns fast, one that learns slowly, one that forgets.
_STARTS = ((0.59, 0.992, 0.21, 0.02), (0.8, 0.999, 0.6, 0.2), (0.9, 0.99, 0.05, 0.01), (0.2, 0.8, 0.3, 0.1))


@dataclass(frozen=True)
class TwoState:
    """Parameters of the model; the defaults are Smith, Ghazizadeh & Shadmehr's.

    Attributes:
        fast_retention: A_f.
        slow_retention: A_s.
        fast_learning: B_f.
        slow_learning: B_s.
    """

    fast_retention: float = 0.59
    slow_retention: float = 0.992
    fast_learning: float = 0.21
    slow_learning: float = 0.02

    def states(self, perturbation: Any, clamped: Any) -> Floats:
        """The fast and the slow state (n, 2) at the beginning of every trial; both begin at 0.

        Args:
            perturbation: (n,), 0 none, 1 the whole perturbation.
            clamped: bool (n,), error clamp trials.

        Raises:
            TypeError: `perturbation` does not hold numbers, or `clamped` no booleans.
            ValueError: One is of another shape.
        """
        pushed = arrays.numbers("perturbation", perturbation)
        walls = arrays.mask("clamped", clamped, len(pushed))
        keep = self.fast_retention, self.slow_retention
        learn = self.fast_learning, self.slow_learning
        fast, slow, states = 0.0, 0.0, np.empty((len(pushed), 2))
        for n, (push, wall) in enumerate(zip(pushed.tolist(), walls.tolist(), strict=True)):
            states[n] = fast, slow
            error = 0.0 if wall else push - fast - slow
            fast, slow = keep[0] * fast + learn[0] * error, keep[1] * slow + learn[1] * error
        return states

    def output(self, perturbation: Any, clamped: Any) -> Floats:
        """The compensation (n,) in every trial: the sum of both `states`."""
        return np.asarray(self.states(perturbation, clamped).sum(axis=1))

    @property
    def asymptote(self) -> float:
        """The share of a lasting perturbation that is compensated in the end."""
        gains = sum(
            learn / (1.0 - keep) if keep < 1.0 else np.inf
            for keep, learn in ((self.fast_retention, self.fast_learning), (self.slow_retention, self.slow_learning))
        )
        return float(gains / (1.0 + gains)) if np.isfinite(gains) else 1.0


@dataclass(frozen=True)
class Fit:
    """A fitted model.

    Attributes:
        model: The parameters.
        explained: Share of the variance of the measured trials that the model explains; NaN where they do not vary.
        trials: How many were measured.
    """

    model: TwoState
    explained: float
    trials: int

    def to_data(self) -> dict[str, float]:
        """The fit as plain data."""
        return {**asdict(self.model), "asymptote": self.model.asymptote, "explained": self.explained, "trials": self.trials}


def fit_two_state(perturbation: Any, clamped: Any, measured: Any) -> Fit:
    """Fits the model by least squares, from several starting points.

    Args:
        perturbation: (n,), of every trial.
        clamped: bool (n,), error clamp trials.
        measured: (n,), what was compensated: `reach_gym.recording.adaptation`; NaN where it is not known.

    Returns:
        The best fit.

    Raises:
        TypeError: An argument holds neither numbers nor booleans as described.
        ValueError: One is of another shape, or fewer than 4 trials were measured.
        MissingExtraError: SciPy is not installed.
    """
    try:
        from scipy.optimize import least_squares
    except ImportError:
        raise missing_extra("scipy", "bench") from None
    values = arrays.numbers("measured", measured)
    known = np.isfinite(values)
    if known.sum() < 4:
        raise ValueError(f"`measured` must hold at least 4 numbers, one per parameter, got {int(known.sum())}.")

    def model(x: Floats) -> TwoState:
        # Retentions in order by construction: the slow one covers a share of what is left between the fast one and 1.
        return TwoState(float(x[0]), float(x[0] + (1.0 - x[0]) * x[1]), float(x[2]), float(x[3] * x[2]))

    def misfit(x: Floats) -> Floats:
        return np.asarray((model(x).output(perturbation, clamped) - values)[known])

    found = [
        least_squares(misfit, [af, (slow - af) / (1 - af), bf, bs / bf], bounds=([0] * 4, [1] * 4))
        for af, slow, bf, bs in _STARTS
    ]
    best = min(found, key=lambda each: float(each.cost))
    spread = float(((values[known] - values[known].mean()) ** 2).sum())
    varies = spread > _LEAST_SPREAD**2 * int(known.sum())
    return Fit(model(best.x), 1.0 - 2.0 * float(best.cost) / spread if varies else float("nan"), int(known.sum()))
