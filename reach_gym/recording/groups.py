"""Groups of subjects: a session of each, and learning curves with their mean and interval."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from reach_gym import checks
from reach_gym.acting import rollout
from reach_gym.acting.protocol import carries_nothing_over
from reach_gym.errors import missing_extra
from reach_gym.recording.layout import Floats
from reach_gym.recording.metadata import name_of, require_cursor
from reach_gym.recording.schema import Recording
from reach_gym.recording.sessions import DISABLED, record, record_subjects, record_whole_session
from reach_gym.recording.subjects import repeats_trials
from reach_gym.sessions.schedule import MAX_TRIALS

MAX_SUBJECTS = 1000
RESAMPLES = 2000  # of a bootstrap: the ends of a 95 % interval then rest on 50 resamples each
INTERVALS = ("bootstrap", "t")


class Curve(NamedTuple):
    """The course of a measure over the trials of a group.

    Attributes:
        mean: float64 (trials,), over the subjects that have a value; NaN where none has.
        low: float64 (trials,), lower end of the pointwise interval of the mean; NaN where fewer than two have a value.
        high: float64 (trials,), its upper end.
        count: int64 (trials,), subjects that have a value.
    """

    mean: Floats
    low: Floats
    high: Floats
    count: Any


def group_curve(values: Any, interval: str = "bootstrap", level: float = 0.95, seed: int = 0) -> Curve:
    """The mean of several subjects' values, trial by trial, with its interval.

    Args:
        values: (subjects, trials); NaN where a subject has no value.
        interval: ``"bootstrap"``, percentiles of 2000 resamples of whole subjects, which with fewer than ten subjects hold the
            truth less often than they say; or ``"t"``, Student's, for values that are about normal (needs SciPy).
        level: Of the interval, between 0 and 1.
        seed: Of the bootstrap; the same seed gives the same interval.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: `values` is of another shape or infinite somewhere, or an argument is out of range.
        gymnasium.error.DependencyNotInstalled: ``"t"`` is asked for and SciPy not installed.
    """
    matrix = np.asarray(values, np.float64)
    if matrix.ndim != 2 or matrix.size == 0:
        raise ValueError(f"`values` must be of shape (subjects, trials), at least one of each, got {matrix.shape}.")
    if np.isinf(matrix).any():
        raise ValueError("`values` must be finite or NaN, got infinity.")
    checks.choice("interval", interval, INTERVALS)
    checks.integer("seed", seed, 0, checks.MAX_SEED)
    if not 0 < checks.number("level", level, 0, 1) < 1:
        raise ValueError(f"`level` must be between 0 and 1, got {level}.")
    known = np.isfinite(matrix)
    count = known.sum(axis=0)
    some = np.where(count > 0, count, 1)
    mean = np.where(count > 0, np.where(known, matrix, 0.0).sum(axis=0) / some, np.nan)
    ends = _resampled(matrix, known, level, seed) if interval == "bootstrap" else _student(matrix, known, mean, level)
    low, high = (np.where(count > 1, end, np.nan) for end in ends)
    return Curve(mean, low, high, count)


def _resampled(matrix: Floats, known: Any, level: float, seed: int) -> tuple[Floats, Floats]:
    subjects = len(matrix)
    drawn = np.random.default_rng(seed).multinomial(subjects, np.full(subjects, 1 / subjects), RESAMPLES).astype(np.float64)
    weight = drawn @ known
    sums = drawn @ np.where(known, matrix, 0.0)
    # A resample without any subject that has a value says nothing; where nobody has one, all of them say 0, which is not used.
    means = np.where(weight > 0, sums / np.where(weight > 0, weight, 1.0), np.nan)
    means[:, ~known.any(axis=0)] = 0.0
    tail = (1 - level) / 2
    low, high = np.nanquantile(means, (tail, 1 - tail), axis=0)
    return low, high


def _student(matrix: Floats, known: Any, mean: Floats, level: float) -> tuple[Floats, Floats]:
    try:
        from scipy.stats import t
    except ImportError:
        raise missing_extra("scipy", "bench") from None
    freedom = np.maximum(known.sum(axis=0) - 1, 1)
    squares = np.where(known, (matrix - mean) ** 2, 0.0).sum(axis=0)
    half = t.ppf((1 + level) / 2, freedom) * np.sqrt(squares / freedom / (freedom + 1))
    return mean - half, mean + half


@dataclass(frozen=True)
class Group:
    """The sessions of several subjects in the same task, one recording each.

    Attributes:
        recordings: At least one, all with the same number of trials.

    Raises:
        TypeError: One is no recording.
        ValueError: There is none, or their numbers of trials differ.
    """

    recordings: tuple[Recording, ...]

    def __post_init__(self) -> None:
        """Checks the recordings."""
        object.__setattr__(self, "recordings", tuple(self.recordings))
        for each in self.recordings:
            if not isinstance(each, Recording):
                raise TypeError(f"`recordings` must hold recordings, got {checks.shown(each)}.")
        lengths = sorted({len(each) for each in self.recordings})
        if len(lengths) != 1:
            raise ValueError(f"`recordings` must be at least one, all of as many trials, got {lengths or 'none'}.")

    def __len__(self) -> int:
        """The number of subjects."""
        return len(self.recordings)

    def __iter__(self) -> Iterator[Recording]:
        """The recordings, subject after subject."""
        return iter(self.recordings)

    def __getitem__(self, subject: int) -> Recording:
        """The recording of a subject, from 0."""
        return self.recordings[subject]

    def values(self, measure: Callable[[Recording], Any]) -> Floats:
        """A measure of all subjects.

        Args:
            measure: From a recording to one number for each trial, such as `reach_gym.recording.deviations`.

        Returns:
            float64 (subjects, trials).

        Raises:
            ValueError: `measure` returns another shape.
        """
        rows = [np.asarray(measure(each), np.float64) for each in self.recordings]
        wanted = (len(self.recordings[0]),)
        for row in rows:
            if row.shape != wanted:
                raise ValueError(f"`measure` must give one number for each trial, shape {wanted}, got {row.shape}.")
        return np.stack(rows)

    def curve(self, measure: Callable[[Recording], Any], interval: str = "bootstrap", level: float = 0.95) -> Curve:
        """The mean course of a measure with its interval: `group_curve` of `values`."""
        return group_curve(self.values(measure), interval, level)


def record_group(
    agent: Any,
    env_id: str,
    subjects: int = 20,
    seed: int = 0,
    env_kwargs: Mapping[str, Any] | None = None,
    trials: int | None = None,
    together: bool = True,
    trust: bool = False,
    observe: bool = False,
) -> Group:
    """Records a session of each of several subjects.

    Subject i is what `record` with ``session=True`` gives for the seed ``seed + i``. All subjects are stepped together, each in a
    row of its own that begins its next trial whatever the others do: many times faster than one after the other.

    Args:
        agent: As `record` takes it. Made once for all rows, it must keep them apart: what it learns in a row stays in that row,
            so that all it remembers has one entry per row. What it draws at random for all rows at once is drawn otherwise than
            for a single one.
        env_id: A registered cursor task.
        subjects: How many.
        seed: Of the first subject.
        env_kwargs: Constructor keywords that replace the registered ones; ``{"backend": "auto"}`` pays for long sessions.
        trials: Of each; without it as many as the schedule has.
        together: ``False`` for an agent that cannot keep rows apart: it is made anew for each subject, one after the other.
        trust: See `reach_gym.acting.protocol.load_agent`.
        observe: Whether to keep the observations.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: An argument is out of range, `env_id` is no cursor task, or an agent that exists already shall be made anew.
        gymnasium.error.Error: There is no such task.
    """
    count = checks.integer("subjects", subjects, 1, MAX_SUBJECTS)
    seeds = [checks.integer("seed", seed, 0, checks.MAX_SEED) + i for i in range(count)]
    rollout.held_out(seeds[-1])
    if trials is not None:
        trials = checks.integer("trials", trials, 1, MAX_TRIALS)
    if not isinstance(together, bool | np.bool_):
        raise TypeError(f"`together` must be True or False, got {checks.shown(together)}.")
    if not together:
        return Group(tuple(_one_by_one(agent, env_id, seeds, env_kwargs, trials, trust, observe)))
    env = rollout.make_rows(env_id, count, env_kwargs, DISABLED)
    try:
        task = require_cursor(env).task
        # The one among the built-in agents that draws at random does so for all its rows at once.
        if carries_nothing_over(agent) and agent != "random" and not repeats_trials(task):
            return Group(tuple(record_whole_session(agent, env_id, each, env_kwargs, trials, observe) for each in seeds))
        actor = rollout.actor(agent, env, trust)
        return Group(tuple(record_subjects(actor, env, name_of(agent), seeds, trials, observe)))
    finally:
        env.close()


def _one_by_one(
    agent: Any,
    env_id: str,
    seeds: Sequence[int],
    env_kwargs: Mapping[str, Any] | None,
    trials: int | None,
    trust: bool,
    observe: bool,
) -> Iterator[Recording]:
    if not isinstance(agent, str | type) and hasattr(agent, "act"):
        raise ValueError(f"`agent` must be a name or a class to be made anew for each subject, got {checks.shown(agent)}.")
    for seed in seeds:
        yield record(agent, env_id, trials, seed, env_kwargs, session=True, trust=trust, observe=observe)
