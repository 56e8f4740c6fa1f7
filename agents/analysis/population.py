"""What a population of units says about a reach: PSTHs, tuning, principal components, and what a field changes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.linalg import subspace_angles
from scipy.spatial import procrustes
from sklearn.decomposition import PCA
from sklearn.linear_model import LinearRegression

from agents.analysis.activity import Activity

Floats = npt.NDArray[np.float64]
# s about the go cue: the last of the at most 90 ms in which the target is known and the hand must wait. The state at 0 has seen
# the cue already.
PREPARATION = (-0.05, -0.01)
MOVEMENT = (0.1, 0.2)  # s after it: about the peak speed of the logistic reach


class Psth(NamedTuple):
    """Mean activity per reach direction.

    Attributes:
        time: (w,), s from the event.
        direction: (c,), rad.
        rate: (c, w, units), the mean over the trials of each direction that last until then; NaN where none does.
    """

    time: Floats
    direction: Floats
    rate: Floats


def psth(activity: Activity, event: str = "go", before: float = 0.2, after: float = 0.5) -> Psth:
    """The peri-event time histogram of every unit, per direction; for repeated targets (center-out)."""
    time, rates = activity.aligned(event, before, after)
    directions = np.unique(activity.direction)
    means = []
    for direction in directions:
        chosen = rates[activity.direction == direction]
        known = np.isfinite(chosen)
        count = known.sum(axis=0)
        means.append(np.where(count > 0, np.where(known, chosen, 0.0).sum(axis=0) / np.maximum(count, 1), np.nan))
    return Psth(time, directions, np.stack(means))


def _known(means: Psth) -> Psth:
    """The means, if there is one at every time.

    Raises:
        ValueError: No trial of some direction lasts until some time.
    """
    if not np.isfinite(means.rate).all():
        raise ValueError("`means` must be known at all times: ask for a shorter window, or record whole trials (`WHOLE`).")
    return means


class Tuning(NamedTuple):
    """Cosine tuning of every unit: rate = mean + depth cos(direction - preferred), each (units,).

    Attributes:
        preferred: Preferred direction, rad in [0, 2 pi).
        depth: Modulation, in units of the rate.
        share: Share of the variance over directions that the cosine explains; 0 for a unit that does not vary.
    """

    preferred: Floats
    depth: Floats
    share: Floats


def states_at(activity: Activity, window: tuple[float, float], event: str = "go") -> Psth:
    """The mean state in a window about an event, per direction: a `Psth` whose axis of time has one entry.

    Raises:
        ValueError: No trial of some direction lasts through the window.
    """
    low, high = window
    whole = psth(activity, event, max(0.0, -low), max(0.0, high))
    inside = (whole.time >= low - 1e-9) & (whole.time <= high + 1e-9)
    part = _known(Psth(whole.time[inside], whole.direction, whole.rate[:, inside]))
    return Psth(part.time.mean(keepdims=True), part.direction, part.rate.mean(axis=1, keepdims=True))


def tuning(activity: Activity, window: tuple[float, float] = PREPARATION, event: str = "go") -> Tuning:
    """How the units' activity in a window depends on the direction (Georgopoulos et al. 1982)."""
    state = states_at(activity, window, event)
    rate = state.rate[:, 0]
    regressors = np.stack([np.cos(state.direction), np.sin(state.direction)], axis=1)
    fitted = LinearRegression().fit(regressors, rate)
    cosine, sine = fitted.coef_.T
    around, left = ((values - rate.mean(axis=0)) ** 2 for values in (rate, rate - fitted.predict(regressors) + rate.mean(axis=0)))
    varies = around.sum(axis=0) > 1e-12
    share = np.where(varies, 1.0 - left.sum(axis=0) / np.where(varies, around.sum(axis=0), 1.0), 0.0)
    return Tuning(np.arctan2(sine, cosine) % (2 * np.pi), np.hypot(cosine, sine), share)


class Trajectories(NamedTuple):
    """Paths of the population's state.

    Attributes:
        time: (w,), s from the event.
        direction: (c,), rad.
        score: (c, w, k), principal components.
        share: (k,), of the variance.
    """

    time: Floats
    direction: Floats
    score: Floats
    share: Floats


def trajectories(means: Psth, components: int = 3, basis: Psth | None = None) -> Trajectories:
    """The directions' mean activity along its first principal components, or along those of a common `basis`.

    Raises:
        ValueError: No trial of some direction lasts until some time.
    """
    conditions, steps, units = means.rate.shape
    rate = _known(means).rate.reshape(-1, units)
    pca = PCA(components).fit(rate if basis is None else _known(basis).rate.reshape(-1, units))
    score = pca.transform(rate)
    share = score.var(axis=0) / max(float(rate.var(axis=0).sum()), 1e-30)
    return Trajectories(means.time, means.direction, score.reshape(conditions, steps, components), share)


def _axes(means: Psth, components: int) -> Floats:
    return np.asarray(PCA(components).fit(_known(means).rate.reshape(-1, means.rate.shape[-1])).components_.T)


def subspace_angle(one: Psth, other: Psth, components: int = 3) -> Floats:
    """Principal angles (components,) in rad between the spaces of the first principal components, largest first."""
    return np.asarray(subspace_angles(_axes(one, components), _axes(other, components)))


def procrustes_distance(one: Psth, other: Psth, components: int = 3) -> float:
    """How much two sets of trajectories differ in shape: SciPy's disparity after shift, scaling and rotation, 0 to 1."""
    a, b = (trajectories(each, components).score.reshape(-1, components) for each in (one, other))
    return float(procrustes(a, b)[2])


class UniformShift(NamedTuple):
    """What learning a field does to the states before the movement (Sun, O'Shea et al., Nature 602:274, 2022).

    The *uniform shift* is the mean over directions of the change from before to in the field. They found in monkeys that it lies
    across the space that predicts the hand's force, points the same way for all targets, and outlasts the washout.

    Attributes:
        size: Of the uniform shift, over the mean distance of the states of different directions from their mean before the field.
        uniformity: Share of the squared change that is the same for all directions, 0 to 1.
        in_force_space: Share of the squared shift that lies in the plane which predicts the initial force.
        retained: The change from before to after the washout, along the shift and over its size: 0 nothing, 1 all of it is left.
        drift: Likewise for a control that learned equally long without a field; NaN without one.
    """

    size: float
    uniformity: float
    in_force_space: float
    retained: float
    drift: float


def uniform_shift(
    before: Activity,
    during: Activity,
    after: Activity,
    control: Activity | None = None,
    window: tuple[float, float] = PREPARATION,
) -> UniformShift:
    """The uniform shift of preparatory states along the field-predictive direction, and what is left of it.

    Args:
        before: In the baseline, before the field was met.
        during: In the field, learned.
        after: In the washout.
        control: At the end of as long a training without any field.
        window: Of preparation, s about the go cue.
    """
    states = [states_at(each, window).rate[:, 0] for each in (before, during, after)]
    spread = np.linalg.norm(states[0] - states[0].mean(axis=0), axis=1).mean()
    change = states[1] - states[0]
    shift = change.mean(axis=0)
    length = float(np.linalg.norm(shift))
    whole = float((change**2).sum(axis=1).mean())
    ahead = shift / length if length else shift
    left = float((states[2] - states[0]).mean(axis=0) @ ahead)
    drift = float("nan")
    if control is not None and length:
        drift = float((states_at(control, window).rate[:, 0] - states[0]).mean(axis=0) @ ahead) / length
    plane = force_space(before, window)
    return UniformShift(
        size=length / float(spread) if spread else float("nan"),
        uniformity=length**2 / whole if whole else float("nan"),
        in_force_space=float(((plane.T @ ahead) ** 2).sum()),
        retained=left / length if length else float("nan"),
        drift=drift,
    )


def force_space(activity: Activity, window: tuple[float, float] = PREPARATION) -> Floats:
    """Orthonormal axes (units, 2) of the plane in which the preparatory state predicts the hand's initial force.

    By regression of the states of the directions on the force at the beginning of the movement (targeted dimensionality
    reduction).
    """
    state = states_at(activity, window)
    recording = activity.recording
    early = recording.go[:, None] + np.arange(5, 12)  # steps after the cue: while the hand gathers speed
    force = recording.action[np.arange(len(early))[:, None], np.minimum(early, recording.action.shape[1] - 1)]
    mean = np.stack([np.nanmean(force[activity.direction == d], axis=(0, 1)) for d in state.direction])
    axes = LinearRegression().fit(mean, state.rate[:, 0]).coef_
    return np.asarray(np.linalg.qr(axes)[0])
