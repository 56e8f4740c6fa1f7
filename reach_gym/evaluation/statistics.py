"""Statistics of scores: interquartile means with intervals, performance profiles, probability of improvement.

The definitions are those of Agarwal, Schwarzer, Castro, Courville & Bellemare, "Deep reinforcement learning at the edge of the
statistical precipice", NeurIPS 2021, which the package rliable implements. Scores are a matrix (runs, tasks): run n of an agent
is what it did with seed n on every task.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from reach_gym import checks

Floats = npt.NDArray[np.float64]

RESAMPLES = 2000  # of a bootstrap: the ends of a 95 % interval then rest on 50 resamples each
COVERAGE = 0.95
_PAIRS = 2**20  # of runs that are compared at a time
ENOUGH = 10  # runs
# With fewer the percentiles of a bootstrap lie too close together. The share of 95 % intervals that held the truth, measured on
# normal scores by `python -m benchmarks coverage`: by the number of runs (2 to 9), for 1, 2, 4 and 8 tasks.
_COVERED_TASKS = (1, 2, 4, 8)
_COVERED = {
    "mean": (
        *((0.51, 0.65, 0.73, 0.77), (0.70, 0.84, 0.86, 0.86), (0.88, 0.90, 0.90, 0.90), (0.89, 0.91, 0.91, 0.91)),
        *((0.90, 0.91, 0.92, 0.93), (0.92, 0.92, 0.92, 0.92), (0.95, 0.93, 0.93, 0.94), (0.93, 0.93, 0.93, 0.93)),
    ),
    "improvement": (
        *((0.66, 0.94, 0.90, 0.88), (0.78, 0.93, 0.92, 0.92), (0.92, 0.93, 0.94, 0.94), (0.91, 0.93, 0.93, 0.93)),
        *((0.95, 0.95, 0.93, 0.95), (0.94, 0.94, 0.95, 0.94), (0.94, 0.94, 0.94, 0.96), (0.93, 0.95, 0.95, 0.95)),
    ),
}


class Interval(NamedTuple):
    """An estimate and the interval around it."""

    value: float
    low: float
    high: float


def _scores(name: str, value: Any) -> Floats:
    """Returns `value` as a matrix (runs, tasks) of at least one finite number."""
    scores = np.asarray(value, np.float64)
    if scores.ndim != 2 or scores.size == 0:
        raise ValueError(f"`{name}` must be of shape (runs, tasks), at least one of each, got {scores.shape}.")
    if not np.isfinite(scores).all():
        raise ValueError(f"`{name}` must hold finite numbers, got {checks.shown(value)}.")
    return scores


def interquartile_mean(scores: Any) -> float:
    """The mean of the middle half of all scores of all tasks: robust like the median, and as efficient as a mean.

    Of n scores in order, the lowest and the highest ``floor(n / 4)`` are left out.

    Args:
        scores: (runs, tasks).

    Raises:
        ValueError: `scores` is no such matrix, or holds NaN or infinity.
    """
    return float(_trimmed(_scores("scores", scores)[None])[0])


def _trimmed(resamples: Floats) -> Floats:
    """The interquartile mean of each of many matrices (resamples, runs, tasks)."""
    flat = np.sort(resamples.reshape(len(resamples), -1), axis=1)
    cut = flat.shape[1] // 4
    return np.asarray(flat[:, cut : flat.shape[1] - cut].mean(axis=1))


def _resampled(scores: Floats, generator: np.random.Generator, count: int) -> Floats:
    """`count` stratified resamples (count, runs, tasks): the runs of each task are drawn anew, with replacement."""
    runs, tasks = scores.shape
    return np.asarray(scores[generator.integers(0, runs, (count, runs, tasks)), np.arange(tasks)])


def _between(value: float, estimates: Floats) -> Interval:
    tail = (1 - COVERAGE) / 2
    low, high = np.quantile(estimates, (tail, 1 - tail))
    return Interval(value, float(low), float(high))


def interval(scores: Any, seed: int = 0, resamples: int = RESAMPLES) -> Interval:
    """The interquartile mean with its 95 % interval: percentiles of a stratified bootstrap over runs.

    Args:
        scores: (runs, tasks).
        seed: Of the bootstrap; the same seed gives the same interval.
        resamples: How many.

    Raises:
        ValueError: See `interquartile_mean`.
    """
    matrix = _scores("scores", scores)
    return _between(interquartile_mean(matrix), _trimmed(_resampled(matrix, np.random.default_rng(seed), resamples)))


# Student's t at 97.5 % for 1 to 9 degrees of freedom; for more the expansion of Cornish and Fisher is right to 0.001.
_T = (12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622)
_Z = 1.959964


def _student(freedom: int) -> float:
    if freedom <= len(_T):
        return _T[freedom - 1]
    z, n = _Z, float(freedom)
    return z + (z**3 + z) / (4 * n) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * n**2)


def mean_interval(values: Any) -> Interval:
    """The mean of independent values with its 95 % interval after Student.

    With a single value the interval is unknown, and its ends are NaN.

    Args:
        values: (n,), at least one finite number.

    Raises:
        ValueError: `values` is empty, or holds NaN or infinity.
    """
    numbers = _scores("values", np.asarray(values, np.float64)[:, None])[:, 0]
    value, count = float(numbers.mean()), len(numbers)
    if count == 1:
        return Interval(value, float("nan"), float("nan"))
    half = _student(count - 1) * float(numbers.std(ddof=1)) / math.sqrt(count)
    return Interval(value, value - half, value + half)


def share_interval(flags: Any) -> Interval:
    """The share of independent trials with a property, with its 95 % interval (Wilson 1927).

    Unlike an interval around a mean it stays between 0 and 1, and has a width where all trials agree.

    Args:
        flags: bool (n,), at least one.

    Raises:
        ValueError: `flags` is empty.
    """
    numbers = _scores("flags", np.asarray(flags, np.float64)[:, None])[:, 0]
    share, count = float(numbers.mean()), len(numbers)
    z2 = _Z**2 / count
    middle = (share + z2 / 2) / (1 + z2)
    half = _Z / (1 + z2) * math.sqrt(share * (1 - share) / count + z2 / (4 * count))
    return Interval(share, max(0.0, middle - half), min(1.0, middle + half))


def coverage(kind: str, runs: int, tasks: int) -> float | None:
    """The measured share of 95 % intervals that hold the truth, where there are fewer than ten runs; ``None`` for more.

    Args:
        kind: ``"mean"`` for `interval`, ``"improvement"`` for `improvement_interval`.
        runs: At least 1; a single one gives an interval without any width.
        tasks: At least 1; between those that were measured it is the share of the next lower number.

    Raises:
        ValueError: There is no such kind, or a number is below 1.
    """
    rows = _COVERED[checks.choice("kind", kind, tuple(_COVERED))]
    runs, tasks = checks.integer("runs", runs, 1, 2**31), checks.integer("tasks", tasks, 1, 2**31)
    if runs == 1:
        return 0.0
    column = sum(each <= tasks for each in _COVERED_TASKS) - 1
    return None if runs >= ENOUGH else rows[runs - 2][column]


def probability_of_improvement(x: Any, y: Any) -> float:
    """How probable it is that a run of X beats a run of Y on a task, averaged over tasks; a tie counts half.

    For one task that is the statistic of Mann and Whitney's U test over the number of pairs of runs.

    Args:
        x: Scores of X, (runs, tasks).
        y: Scores of Y, (runs, tasks), on the same tasks; the numbers of runs may differ.

    Raises:
        ValueError: `x` or `y` is no such matrix, or they have different numbers of tasks.
    """
    first, second = _pair(x, y)
    return _wins(first, second)


def _pair(x: Any, y: Any) -> tuple[Floats, Floats]:
    first, second = _scores("x", x), _scores("y", y)
    if first.shape[1] != second.shape[1]:
        raise ValueError(f"`x` and `y` must have as many tasks, got {first.shape[1]} and {second.shape[1]}.")
    return first, second


def _wins(x: Floats, y: Floats) -> float:
    return float(_wins_of_each(x[None], y[None])[0])


def _wins_of_each(x: Floats, y: Floats) -> Floats:
    """The share of pairs of runs that X wins, of each of many resamples (resamples, runs, tasks)."""
    one, other = x[:, :, None, :], y[:, None, :, :]
    return np.asarray(((one > other) + 0.5 * (one == other)).mean(axis=(1, 2, 3)))


def improvement_interval(x: Any, y: Any, seed: int = 0, resamples: int = RESAMPLES) -> Interval:
    """`probability_of_improvement` with its 95 % interval, as in `interval`; both agents' runs are resampled.

    Raises:
        ValueError: See `probability_of_improvement`.
    """
    first, second = _pair(x, y)
    generator = np.random.default_rng(seed)
    drawn = _resampled(first, generator, resamples), _resampled(second, generator, resamples)
    # Some at a time: all pairs of runs of all resamples would not fit into the memory.
    some = max(1, _PAIRS // (first.size * len(second)))
    parts = [_wins_of_each(*(each[at : at + some] for each in drawn)) for at in range(0, resamples, some)]
    estimates = np.concatenate(parts)
    return _between(probability_of_improvement(first, second), estimates)


class Profile(NamedTuple):
    """A performance profile: the share of runs whose score exceeds each threshold.

    Attributes:
        thresholds: float64 (k,).
        share: float64 (k,).
        low: float64 (k,), lower end of the pointwise 95 % interval.
        high: float64 (k,), upper end.
    """

    thresholds: Floats
    share: Floats
    low: Floats
    high: Floats


def performance_profile(scores: Any, thresholds: Any, seed: int = 0, resamples: int = RESAMPLES) -> Profile:
    """The share of all runs on all tasks with a score above each threshold (Dolan & Moré 2002, for scores).

    Args:
        scores: (runs, tasks).
        thresholds: (k,).
        seed: Of the bootstrap.
        resamples: How many.

    Raises:
        ValueError: `scores` is no such matrix.
    """
    matrix, levels = _scores("scores", scores), np.asarray(thresholds, np.float64)
    generator = np.random.default_rng(seed)
    estimates = _above(_resampled(matrix, generator, resamples), levels)
    tail = (1 - COVERAGE) / 2
    low, high = np.quantile(estimates, (tail, 1 - tail), axis=0)
    return Profile(levels, _above(matrix[None], levels)[0], low, high)


def _above(resamples: Floats, levels: Floats) -> Floats:
    """Shares (resamples, k)."""
    flat = resamples.reshape(len(resamples), -1)
    return np.stack([(flat > level).mean(axis=1) for level in levels], axis=1)
