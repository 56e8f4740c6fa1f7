"""How the activity of single units depends on the direction of the reach."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from sklearn.linear_model import LinearRegression

from reach_gym.neural.arrays import Floats, floats

# A unit whose variance is below this share of its mean square does not vary: single precision leaves about 1e-14 of it.
_STILL = 1e-10


class Tuning(NamedTuple):
    """Cosine tuning of every unit: rate = mean + depth cos(direction - preferred), each (units,).

    Attributes:
        preferred: Preferred direction, rad in [0, 2 pi).
        depth: Modulation, in units of the rate.
        share: Share of the variance that the cosine explains; 0 for a unit that does not vary.
    """

    preferred: Floats
    depth: Floats
    share: Floats


def tuning(rates: Any, direction: Any) -> Tuning:
    """Fits a cosine to every unit (Georgopoulos et al. 1982, J Neurosci 2:1527).

    Args:
        rates: (n, units), one row per trial or per direction, such as `reach_gym.neural.states_at` gives.
        direction: (n,), rad.

    Raises:
        TypeError: An argument holds no numbers.
        ValueError: A number is missing, the arguments do not fit together, or there are fewer than four directions: a cosine
            goes through any three.
    """
    rate, angle = floats("rates", rates, "trials, units", 3), floats("direction", direction, "trials", 3)
    if len(angle) != len(rate):
        raise ValueError(f"`direction` must have an entry for each of the {len(rate)} rows of `rates`, got {len(angle)}.")
    if len(np.unique((angle % (2 * np.pi)).round(9))) < 4:
        raise ValueError(f"`direction` must hold at least 4 directions, got {np.unique(angle).tolist()}.")
    regressors = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    fitted = LinearRegression().fit(regressors, rate)
    cosine, sine = fitted.coef_.T
    around = ((rate - rate.mean(axis=0)) ** 2).sum(axis=0)
    left = ((rate - fitted.predict(regressors)) ** 2).sum(axis=0)
    varies = around > _STILL * (rate**2).sum(axis=0)
    share = np.where(varies, 1.0 - left / np.where(varies, around, 1.0), 0.0)
    return Tuning(np.arctan2(sine, cosine) % (2 * np.pi), np.hypot(cosine, sine), share)
