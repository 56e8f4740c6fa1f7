"""Fitting a model to trials by maximum likelihood, with a plain word where the trials do not determine it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from reach_gym import checks
from reach_gym.errors import missing_extra
from reach_gym.models import likelihood
from reach_gym.models.linear import Linear
from reach_gym.models.model import Floats, Model
from reach_gym.models.trial_data import TrialData

NOISE = ("output", "state")
_EDGE = 1e-4  # of a coordinate's range: who is nearer to its end is at its bound
_REACH = 14.0  # of the unbounded coordinate of a bounded one; its share is then 1e-6 from the end
_LEAST_SPREAD = 1e-3  # standard deviation below which there is nothing to explain but rounding errors
_STEP = 1e-6  # of an unbounded number, over which slopes are taken
_MOST_LOOKS = 300  # at slopes and misfits, per starting point
_MOST_DRAWN = 120  # the same of a model that draws
_RUNS = 4  # of a model that draws, over which its output is averaged


@dataclass(frozen=True)
class Fit:
    """A fitted model.

    Attributes:
        model: With the likeliest parameters.
        data: The trials.
        free: The parameters that were estimated.
        output_noise: Likeliest standard deviation of the measurements about the output.
        state_noise: The same of the noise of states; 0 where there is none in the model.
        log_likelihood: Of the measured trials.
        explained: Share of the variance of the measured trials that the model explains; NaN where they do not vary.
        at_bounds: Parameters at a bound of what is possible; no interval of theirs means much.
        warnings: What should be known before anything is concluded, in plain words.
        noise: Which noise the fit allowed for.
    """

    model: Model
    data: TrialData = field(repr=False)
    free: tuple[str, ...]
    output_noise: float
    state_noise: float
    log_likelihood: float
    explained: float
    at_bounds: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    noise: str = "output"

    @property
    def trials(self) -> int:
        """How many trials were measured."""
        return int(self.data.known.sum())

    @property
    def parameters(self) -> int:
        """How many numbers were estimated, noise included."""
        return len(self.free) + (2 if self.noise == "state" else 1)

    @property
    def bic(self) -> float:
        """Bayesian information criterion (Schwarz, Annals of Statistics 6:461, 1978); the smaller the better."""
        return float(self.parameters * math.log(self.trials) - 2.0 * self.log_likelihood)

    @property
    def output(self) -> Floats:
        """The fitted model's expected output (n,) in every trial."""
        return _courses(self.model, self.data)

    def to_data(self) -> dict[str, Any]:
        """The fit as plain data."""
        own = {name: getattr(self.model, name) for name in self.free}
        if isinstance(self.model, Linear):
            own["asymptote"] = self.model.asymptote
        names = ("output_noise", "state_noise", "log_likelihood", "bic", "explained", "trials")
        listed = {"at_bounds": list(self.at_bounds), "warnings": list(self.warnings)}
        return {**own, **{name: getattr(self, name) for name in names}, **listed}


def fit(
    model: type[Model] | Model,
    data: TrialData,
    *,
    free: Iterable[str] | None = None,
    noise: str = "output",
    starts: Iterable[Model] | None = None,
) -> Fit:
    """Finds the likeliest parameters of a model, from several starting points.

    Args:
        model: Which kind of model; or a model, whose parameters that are not free stay as they are.
        data: The trials; those that were not measured, clamps and rests count for the course of learning.
        free: Which parameters to estimate, of `Model.FREE`; all of them unless told otherwise.
        noise: ``"output"``: states follow from the session, measurements scatter about them (least squares). ``"state"``: states
            have noise of their own as well (Kalman filter), for linear models.
        starts: Where to begin; `Model.starts` unless told otherwise.

    Raises:
        TypeError: `model` is no model, or `data` no `TrialData`.
        ValueError: There are fewer measured trials than parameters and one, or an argument is unknown.
        MissingExtraError: SciPy is not installed.
    """
    fixed = model() if isinstance(model, type) and issubclass(model, Model) else model
    if not isinstance(fixed, Model):
        raise TypeError(f"`model` must be a model of reach_gym.models or its class, got {checks.shown(model)}.")
    if not isinstance(data, TrialData):
        raise TypeError(f"`data` must be a TrialData, got {checks.shown(data)}.")
    checks.choice("noise", noise, NOISE)
    if noise == "state" and not isinstance(fixed, Linear):
        raise ValueError(f"`noise` must be 'output' for {type(fixed).__name__}, whose states are not linear, got 'state'.")
    if isinstance(free, str) or (free is not None and not isinstance(free, Iterable)):
        raise TypeError(f"`free` must be a list of names or None, got {checks.shown(free)}.")
    problem = _Problem(fixed, data, fixed.FREE if free is None else tuple(free))
    least = int(problem.moved.sum()) + (2 if noise == "state" else 1)
    if data.known.sum() < least:
        raise ValueError(f"`measured` must hold at least {least} numbers, got {int(data.known.sum())}.")
    begun = list(fixed.starts() if starts is None else starts)
    if not begun or not all(type(each) is type(fixed) for each in begun):
        raise TypeError(f"`starts` must be at least one {type(fixed).__name__}, got {checks.shown(begun)}.")
    begins = [problem.values_of(each) for each in begun]
    return (_by_filter if noise == "state" else _by_misfit)(problem, begins)


class _Problem:
    """The likelihood of trials as a function of unbounded numbers, one per free parameter."""

    def __init__(self, fixed: Model, data: TrialData, free: tuple[str, ...]) -> None:
        for name in free:
            checks.choice("free", name, fixed.FREE)
        self.fixed, self.data, self.free = fixed, data, tuple(name for name in fixed.FREE if name in free)
        if not self.free:
            raise ValueError("`free` must name at least one parameter, got none.")
        every = type(fixed).coordinates()
        self.moved = np.array([name in free for name, _, _ in every])
        self.low, self.high = (np.array([each[i] for each in every]) for i in (1, 2))
        self._base = fixed.to_coordinates()
        self.draws = type(fixed).TOLD_OF_CLAMPS

    def values_of(self, model: Model) -> Floats:
        """The unbounded numbers (k,) of a model."""
        share = np.clip((model.to_coordinates() - self.low) / (self.high - self.low), 1e-4, 1.0 - 1e-4)
        return np.asarray(np.log(share / (1.0 - share))[self.moved])

    def coordinates_at(self, values: Floats) -> Floats:
        """Coordinates (..., all) at unbounded numbers (..., k); those that are not free stay."""
        share = 1.0 / (1.0 + np.exp(-np.clip(values, -_REACH, _REACH)))
        found = np.broadcast_to(self._base, (*values.shape[:-1], len(self._base))).copy()
        found[..., self.moved] = self.low[self.moved] + (self.high - self.low)[self.moved] * share
        return found

    def model_at(self, values: Floats) -> Model:
        """The model at unbounded numbers (k,)."""
        named = type(self.fixed).from_coordinates(self.coordinates_at(values))
        given = {**self.fixed.to_data(), **{name: float(named[name]) for name in self.free}}
        return type(self.fixed)(**given)

    def misfits(self, values: Floats) -> Floats:
        """Output minus measurement (m, known) at unbounded numbers (m, k)."""
        if self.draws:
            found = np.stack([_courses(self.model_at(each), self.data) for each in values])
        else:
            found = type(self.fixed).courses(self._named(values), self.fixed, self.data)
        return np.asarray(found - self.data.measured)[:, self.data.known]

    def bundle_at(self, values: Floats) -> Model:
        """A bundle of the models at unbounded numbers (m, k)."""
        return type(self.fixed).bundle(self._named(values), self.fixed)

    def _named(self, values: Floats) -> dict[str, Floats]:
        """The parameters `Model.FREE`, each (m,), at unbounded numbers (m, k)."""
        kind, named = type(self.fixed), type(self.fixed).from_coordinates(self.coordinates_at(values))
        kept = {name: np.full(len(values), getattr(self.fixed, name)) for name in kind.FREE if name not in self.free}
        return {**named, **kept}

    def at_bounds(self, values: Floats) -> tuple[str, ...]:
        """The free parameters whose coordinate ends at a bound."""
        share = 1.0 / (1.0 + np.exp(-np.clip(values, -_REACH, _REACH)))
        names = np.array([name for name, _, _ in type(self.fixed).coordinates()])[self.moved]
        return tuple(names[(share < _EDGE) | (share > 1.0 - _EDGE)].tolist())

    def slopes(self, values: Floats) -> Floats:
        """Derivatives (known, k) of the misfits at unbounded numbers (k,)."""
        steps = _STEP * np.eye(len(values))
        found = self.misfits(np.concatenate([values[None], values + steps]))
        return np.asarray((found[1:] - found[0]).T / _STEP)


def _courses(model: Model, data: TrialData) -> Floats:
    return likelihood.course_of(model, data, _RUNS if model.TOLD_OF_CLAMPS else 1)


def _by_misfit(problem: _Problem, begins: list[Floats]) -> Fit:
    """Least squares."""
    optimize = _scipy()
    if problem.draws:
        # Whose output is drawn has no derivatives.
        options = {"maxfev": _MOST_DRAWN, "xatol": 1e-2, "fatol": 1e-3}
        found = [
            optimize.minimize(lambda x: float((problem.misfits(x[None]) ** 2).sum()), each, method="Nelder-Mead", options=options)
            for each in begins
        ]
        best = min(found, key=lambda each: float(each.fun)).x
    else:
        found = [
            optimize.least_squares(lambda x: problem.misfits(x[None])[0], each, problem.slopes, method="lm", max_nfev=_MOST_LOOKS)
            for each in begins
        ]
        best = min(found, key=lambda each: float(each.cost)).x
    off = problem.misfits(best[None])[0]
    spread = likelihood.output_noise(off)
    return _made(problem, best, off, (spread, 0.0), likelihood.of_misfits(off, spread), "output")


def _by_filter(problem: _Problem, begins: list[Floats]) -> Fit:
    """The Kalman filter's likelihood, from the best fits by least squares on."""
    optimize = _scipy()
    first = _by_misfit(problem, begins)
    start = problem.values_of(first.model)
    low, high = math.log(likelihood.LEAST_NOISE), 5.0

    def chances(x: Floats) -> tuple[Floats, Floats]:
        """Log likelihoods (m,) and expected outputs (m, n) at unbounded numbers (m, k + 2)."""
        made: Any = problem.bundle_at(x[:, :-2])
        spreads = np.exp(np.clip(x[:, -2:], low, high))
        return likelihood.of_states(made, problem.data, spreads[:, 1], spreads[:, 0])

    def against(x: Floats) -> tuple[float, Floats]:
        found = -chances(np.concatenate([x[None], x + _STEP * np.eye(len(x))]))[0]
        return float(found[0]), (found[1:] - found[0]) / _STEP

    splits = [np.log(np.maximum(first.output_noise, 1e-4) * np.array(each)) for each in ((0.9, 0.2), (0.5, 0.5))]
    found = [optimize.minimize(against, np.concatenate([start, split]), jac=True, method="L-BFGS-B") for split in splits]
    best = min(found, key=lambda each: float(each.fun)).x
    total, expected = chances(best[None])
    outer, inner = np.exp(np.clip(best[-2:], low, high)).tolist()
    off = (expected[0] - problem.data.measured)[problem.data.known]
    return _made(problem, best[:-2], off, (outer, inner), float(total[0]), "state")


def _made(problem: _Problem, values: Floats, off: Floats, spreads: tuple[float, float], total: float, noise: str) -> Fit:
    measured = problem.data.measured[problem.data.known]
    spread = float(((measured - measured.mean()) ** 2).sum())
    varies = spread > _LEAST_SPREAD**2 * len(measured)
    explained = 1.0 - float((off * off).sum()) / spread if varies else float("nan")
    bounds = problem.at_bounds(values)
    made = Fit(problem.model_at(values), problem.data, problem.free, *spreads, total, explained, bounds, (), noise)
    return replace(made, warnings=_warnings(made))


def _warnings(made: Fit) -> tuple[str, ...]:
    found = []
    measured = made.data.measured[made.data.known]
    nothing = likelihood.of_misfits(measured, likelihood.output_noise(measured))
    if math.log(len(measured)) - 2.0 * nothing <= made.bic:
        found.append("No learning at all explains the trials as well by BIC: the parameters mean nothing.")
    elif not made.explained > 0.0:
        found.append("The model explains none of the variance of the trials.")
    found += [f"`{name}` ends at a bound of what is possible: the trials do not determine it." for name in made.at_bounds]
    return tuple(found)


def _scipy() -> Any:
    try:
        from scipy import optimize
    except ImportError:
        raise missing_extra("scipy", "bench") from None
    return optimize
