"""Which model explains trials best: BIC, cross-validation, groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from reach_gym import checks
from reach_gym.models.fitting import Fit, fit
from reach_gym.models.model import Floats, Model
from reach_gym.models.trial_data import TrialData, mean_of


@dataclass(frozen=True)
class CrossValidation:
    """How well a model foretells trials that it was not fitted to.

    Attributes:
        predicted: float64 (n,), the output in measured trials by the fit that did not see them; NaN elsewhere.
        error: Root of the mean squared error of these.
        explained: 1 minus the squared error over that of the mean of all measured trials.
    """

    predicted: Floats = field(repr=False)
    error: float
    explained: float


@dataclass(frozen=True)
class GroupFit:
    """A model fitted to a group.

    Attributes:
        mean: The fit to the mean of the group; ``None`` where its subjects went through different sessions.
        each: The fit of every subject.
    """

    mean: Fit | None
    each: tuple[Fit, ...]

    def parameters(self) -> dict[str, Floats]:
        """The free parameters of every subject, each (subjects,)."""
        return {name: np.array([getattr(one.model, name) for one in self.each]) for name in self.each[0].free}


@dataclass(frozen=True)
class Compared:
    """One model among several.

    Attributes:
        name: Of its class.
        bic: Summed over the subjects.
        behind: By how much it exceeds the least of all models.
        best: The share of subjects for whom it has the least.
        error: Root of the mean squared error in cross-validation over all measured trials; NaN without it.
        fits: Of every subject.
    """

    name: str
    bic: float
    behind: float
    best: float
    error: float
    fits: tuple[Fit, ...] = field(repr=False)


def cross_validate(
    model: type[Model] | Model, data: TrialData, folds: int = 10, rng: Any = None, noise: str = "output"
) -> CrossValidation:
    """Leaves out each of so many `folds` of the measured trials in turn, fits the rest and foretells them.

    Args:
        model: As `reach_gym.models.fit` takes it.
        data: The trials.
        folds: How many, from 2 to the number of measured trials; which trials are together is drawn.
        rng: A generator or a seed.
        noise: As `reach_gym.models.fit` takes it.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: An argument is out of range, or too few trials are left to fit.
    """
    known = np.flatnonzero(data.known)
    count = checks.integer("folds", folds, 2, len(known))
    order = np.random.default_rng(rng).permutation(known)
    predicted = np.full(len(data), np.nan)
    for fold in range(count):
        out = order[fold::count]
        left = data.measured.copy()
        left[out] = np.nan
        predicted[out] = fit(model, data.with_measured(left), noise=noise).output[out]
    off, around = (predicted - data.measured)[known], data.measured[known] - data.measured[known].mean()
    total = float((around * around).sum())
    explained = 1.0 - float((off * off).sum()) / total if total > 0 else float("nan")
    return CrossValidation(predicted, float(np.sqrt((off * off).mean())), explained)


def fit_group(model: type[Model] | Model, subjects: Sequence[TrialData], noise: str = "output") -> GroupFit:
    """Fits every subject of a group, and the mean of the group where all went through one session.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: There is no subject, or one has too few measured trials.
    """
    each = tuple(fit(model, one, noise=noise) for one in _group(subjects))
    try:
        together = mean_of(subjects)
    except ValueError:
        return GroupFit(None, each)
    return GroupFit(fit(model, together, noise=noise), each)


def compare(
    models: Sequence[type[Model] | Model], data: TrialData | Sequence[TrialData], folds: int | None = None, rng: Any = None
) -> list[Compared]:
    """Fits several models to the same trials, of one subject or several; the best by BIC comes first.

    Args:
        models: At least one.
        data: The trials of one subject or of each of a group.
        folds: Of a cross-validation beside BIC; none without it.
        rng: A generator or a seed, for the folds.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: An argument is out of range.
    """
    subjects = _group([data] if isinstance(data, TrialData) else data)
    if not models:
        raise ValueError("`models` must hold at least one model, got none.")
    generator = np.random.default_rng(rng)
    fits = [tuple(fit(model, one) for one in subjects) for model in models]
    scores = np.array([[each.bic for each in one] for one in fits])
    least, winners = float(scores.sum(axis=1).min()), scores.argmin(axis=0)
    found = []
    for i, (model, own) in enumerate(zip(models, fits, strict=True)):
        error = float("nan")
        if folds is not None:
            squares = [(cross_validate(model, one, folds, generator).error ** 2, int(one.known.sum())) for one in subjects]
            error = float(np.sqrt(np.average([each[0] for each in squares], weights=[each[1] for each in squares])))
        total = float(scores[i].sum())
        found.append(Compared(type(own[0].model).__name__, total, total - least, float((winners == i).mean()), error, own))
    return sorted(found, key=lambda each: each.bic)


def _group(subjects: Any) -> Sequence[TrialData]:
    if not isinstance(subjects, Sequence) or not all(isinstance(one, TrialData) for one in subjects):
        raise TypeError(f"`subjects` must be a list of TrialData, got {checks.shown(subjects)}.")
    if not subjects:
        raise ValueError("`subjects` must hold the trials of at least one subject, got none.")
    return subjects
