"""How well rates tell the hand's velocity: ridge regression, cross-validated over trials."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from reach_gym import checks
from reach_gym.neural.arrays import Floats
from reach_gym.neural.potent import lagged, paired
from reach_gym.neural.preparing import states

PENALTIES = (0.01, 1.0, 100.0, 1e3, 1e4, 1e5)
FOLDS = 5
_INNER = 3  # folds within the others, by which the penalty is chosen


class Decoded(NamedTuple):
    """Velocity that was decoded from left-out trials.

    Attributes:
        r2: (components,), coefficient of determination over all times of all trials.
        mean: Of all components together, weighted by their variance.
        velocity: (trials, times - lag, components), decoded.
        penalty: (folds,), of the ridge, chosen by cross-validation within the other folds.
    """

    r2: Floats
    mean: float
    velocity: Floats
    penalty: Floats


def decode(
    rates: Any,
    velocity: Any,
    lag: int = 0,
    groups: Sequence[Any] | None = None,
    folds: int = FOLDS,
    penalties: Sequence[float] = PENALTIES,
) -> Decoded:
    """Decodes hand velocity by ridge regression of standardised rates; no time of a left-out group is seen in training.

    Trials of one target are alike, so a decoder that only knows the target does well on new trials of it. With the targets as
    `groups`, it is tested on targets that it never saw. For chance, use `against` with `shuffled_conditions` or
    `shuffled_trials`.

    Args:
        rates: (trials, times, units).
        velocity: (trials, times, components), or any other signal.
        lag: Steps by which the velocity follows the rates; motor cortex leads by about 100 ms.
        groups: (trials,), what is left out together; single trials unless told otherwise.
        folds: Of the cross-validation, at least 3; the penalty is chosen in three more within the others.
        penalties: Of the ridge, among which is chosen.

    Raises:
        ValueError: See `floats`; arrays that do not fit, a `lag` beyond the times, or too few groups for the folds.
    """
    one, other = lagged(*paired(rates, velocity, output_name="velocity"), checks.integer("lag", lag, 0))
    labels = np.arange(len(one)) if groups is None else np.unique(np.asarray(groups), return_inverse=True)[1]
    count = checks.integer("folds", folds, 3)
    if len(labels) != len(one):
        raise ValueError(f"`groups` must hold one label per trial, {len(one)}, got {len(labels)}.")
    if len(np.unique(labels)) <= count:
        raise ValueError(f"`groups` must be more than `folds` = {count}, got {len(np.unique(labels))}.")
    guess, chosen = np.empty_like(other), []
    for train, test in GroupKFold(count).split(one, groups=labels):
        rows = np.repeat(labels[train], one.shape[1])
        search = GridSearchCV(Ridge(), {"alpha": list(penalties)}, cv=GroupKFold(_INNER), scoring="neg_mean_squared_error")
        model = make_pipeline(StandardScaler(), search)
        model.fit(states(one[train]), states(other[train]), gridsearchcv__groups=rows)
        guess[test] = model.predict(states(one[test])).reshape(other[test].shape)
        chosen.append(search.best_params_["alpha"])
    seen, told = states(other), states(guess)
    r2 = np.asarray(r2_score(seen, told, multioutput="raw_values"))
    return Decoded(r2, float(r2_score(seen, told, multioutput="variance_weighted")), guess, np.array(chosen))
