"""What learning changes upstream of the output (Perich, Gallego & Miller, Neuron 100:964, 2018)."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple

import numpy as np
from sklearn.linear_model import LinearRegression
from sklearn.metrics import r2_score
from sklearn.model_selection import KFold

from reach_gym import checks
from reach_gym.neural.arrays import TINY, Floats, ratio
from reach_gym.neural.potent import Spaces, lagged, output_spaces, paired
from reach_gym.neural.preparing import principal, states

COMPONENTS = 16  # as published, of PMd
OUTPUT_COMPONENTS = 8  # of M1
FOLDS = 5


class Learning(NamedTuple):
    """What of the activity upstream changed, and whether it still predicts the activity downstream in the same way.

    The finding of Perich et al. for curl fields: `potent_across` stays near `potent_within`, while `null_across` falls below
    `null_within` and `null_change` is large; for rotations nothing of this.

    Attributes:
        potent_within: R² with which potent activity predicts the downstream components in left-out trials before learning.
        potent_across: The same regressions in the trials after it.
        null_within: R² of null activity before learning; it predicts as far as the two covary.
        null_across: The same regressions after it.
        potent_change: Mean distance, over labels, of the mean state after from that before in the potent space, over the spread
            of the labels' mean states there before; NaN, with a warning, where they do not differ.
        null_change: The same in the null space.
        spaces: Fitted before learning.
    """

    potent_within: float
    potent_across: float
    null_within: float
    null_across: float
    potent_change: float
    null_change: float
    spaces: Spaces


def _means(scores: Floats, group: Floats) -> Floats:
    """Mean over trials and times of each label: (labels, k)."""
    return np.stack([scores[group == each].mean(axis=(0, 1)) for each in np.unique(group)])


def _change(name: str, before: Floats, after: Floats, group: Floats, group_after: Floats) -> float:
    start, end = _means(before, group), _means(after, group_after)
    spread = float(np.linalg.norm(start - start.mean(axis=0), axis=1).mean())
    least = TINY * float(np.sqrt((before**2).sum(axis=2).mean()))
    return ratio(name, float(np.linalg.norm(end - start, axis=1).mean()), spread, least)


def _predictions(first: tuple[Floats, Floats], second: tuple[Floats, Floats], folds: int, seed: int) -> tuple[float, float]:
    """R² in the left-out trials of the first pair of states and outputs, and in all of the second, by the same regressions."""
    (before, wanted), (after, wanted_after) = first, second
    guessed, across = np.empty_like(wanted), []
    for train, test in KFold(folds, shuffle=True, random_state=seed).split(before):
        fit = LinearRegression().fit(states(before[train]), states(wanted[train]))
        guessed[test] = fit.predict(states(before[test])).reshape(wanted[test].shape)
        across.append(_r2(wanted_after, fit.predict(states(after)).reshape(wanted_after.shape)))
    return _r2(wanted, guessed), float(np.mean(across))


def _r2(wanted: Floats, guessed: Floats) -> float:
    return float(r2_score(states(wanted), states(guessed), multioutput="variance_weighted"))


def _labels(name: str, value: Sequence[Hashable], trials: int) -> Floats:
    if len(value) != trials:
        raise ValueError(f"`{name}` must hold one label per trial, {trials}, got {len(value)}.")
    return np.asarray(value)


def learning_change(
    before: tuple[Any, Any],
    after: tuple[Any, Any],
    labels: tuple[Sequence[Hashable], Sequence[Hashable]],
    components: int = COMPONENTS,
    output_components: int = OUTPUT_COMPONENTS,
    lag: int = 0,
    folds: int = FOLDS,
    seed: int = 0,
) -> Learning:
    """Null and potent activity before and after learning, in the spaces of before.

    Compare with as many trials that learned nothing (two halves of a baseline), or with `shuffled_trials` of before and after.

    Args:
        before: Rates upstream (trials, times, units) and downstream (trials, times, units'), smoothed, before learning.
        after: The same after it; other trials, equal times and units.
        labels: The target of each trial before and after; the same targets in both.
        components: Of the rates upstream; 16 as published.
        output_components: Of those downstream; 8 as published.
        lag: Steps by which downstream follows upstream.
        folds: Of the cross-validation over trials.
        seed: Of the folds.

    Raises:
        ValueError: See `output_spaces`; labels that differ between before and after, or fewer trials than `folds`.
    """
    steps = checks.integer("lag", lag, 0)
    first, second = paired(*before, "before[0]", "before[1]"), paired(*after, "after[0]", "after[1]")
    group, group_after = (_labels(f"labels[{i}]", labels[i], len(pair[0])) for i, pair in enumerate((first, second)))
    if not np.array_equal(np.unique(group), np.unique(group_after)):
        raise ValueError(f"`labels` must name the same targets before and after, got {checks.shown(labels)}.")
    spaces = output_spaces(*first, components, output_components, steps)
    output = principal(lagged(*first, steps)[1], output_components)
    parts = []
    for rates, driven in (first, second):
        rates, driven = lagged(rates, driven, steps)
        parts.append((rates - spaces.mean, (driven - output.mean_) @ output.components_.T))
    (state, wanted), (state_after, wanted_after) = parts
    found: dict[str, float] = {}
    for name, axes in (("potent", spaces.potent), ("null", spaces.null)):
        here, there = state @ axes, state_after @ axes
        found[f"{name}_change"] = _change(f"{name}_change", here, there, group, group_after)
        within, across = _predictions((here, wanted), (there, wanted_after), checks.integer("folds", folds, 2, len(here)), seed)
        found |= {f"{name}_within": within, f"{name}_across": across}
    return Learning(**found, spaces=spaces)
