"""Findings in several populations, such as networks of different seeds, beside a recording and what has been published."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from reach_gym import checks
from reach_gym.evaluation.statistics import mean_interval
from reach_gym.findings import measuring
from reach_gym.findings.changes import CHANGES, changes_against, drifted
from reach_gym.findings.courses import WINDOWS, Course, Windows, course_of, trials_of
from reach_gym.findings.findings import FINDINGS, Published
from reach_gym.findings.stages import Stages
from reach_gym.neural.activity import Activity
from reach_gym.neural.nulls import Against

DRAWS = 100
CHANCE = 0.05  # p below which a population counts as beyond chance
Result = Against | float | None
Teller = Callable[[str, str], None]

PUBLISHED: Mapping[str, Published] = {**FINDINGS, **CHANGES}
COMPARISONS: Mapping[str, tuple[str, Callable[[Course, Course, int, int], Against]]] = {
    "canonical": ("Canonical correlations, mean of the first four, left-out conditions", measuring.correlated),
    "shape": ("R² of the trajectories' shape, left-out conditions", measuring.shaped),
    "similarity": ("Similarity of conditions, Spearman's correlation", measuring.similar),
}


def _value(result: Against | float) -> float:
    return result.value if isinstance(result, Against) else result


@dataclass(frozen=True)
class Summary:
    """One finding in several populations.

    Attributes:
        results: Of each population: a value beside its null, a bare number, or ``None`` where the file lacks what it needs.
    """

    results: tuple[Result, ...]

    @property
    def values(self) -> list[float]:
        """Of the populations that have one."""
        return [_value(each) for each in self.results if each is not None]

    @property
    def mean(self) -> tuple[float, float, float]:
        """Mean over populations with its 95 % interval (Student's t); NaN where unknown."""
        values = self.values
        if not values:
            return math.nan, math.nan, math.nan
        return mean_interval(values)

    @property
    def chance(self) -> tuple[float, float, float] | None:
        """2.5 %, median and 97.5 % of all populations' nulls together."""
        nulls = [each.null for each in self.results if isinstance(each, Against)]
        if not nulls:
            return None
        low, middle, high = np.percentile(np.concatenate(nulls), (2.5, 50.0, 97.5))
        return float(low), float(middle), float(high)

    @property
    def beyond(self) -> tuple[int, int]:
        """How many populations have p below 0.05, of how many with a null."""
        tested = [each for each in self.results if isinstance(each, Against)]
        return sum(each.p < CHANCE for each in tested), len(tested)

    def less(self, control: Summary) -> Summary:
        """The difference from a control, population by population; ``None`` where one of both is."""
        pairs = zip(self.results, control.results, strict=True)
        return Summary(tuple(None if a is None or b is None else _value(a) - _value(b) for a, b in pairs))

    def to_data(self) -> dict[str, Any]:
        """Plain data: each population's value, p and null's 2.5 %, median and 97.5 %, and the means."""
        told = [
            {"value": each.value, "p": each.p, "tail": each.tail, "chance": each.chance}
            if isinstance(each, Against)
            else {"value": each}
            for each in self.results
        ]
        value, low, high = (None if math.isnan(each) else each for each in self.mean)
        return {"populations": told, "mean": value, "low": low, "high": high, "chance": self.chance}


@dataclass(frozen=True)
class Report:
    """The findings of a group of populations, and of a recording beside them.

    Attributes:
        courses: What was taken from each file.
        recorded: The same of the recording; ``None`` without one.
        found: By the finding's name, of the group.
        found_recorded: The same of the recording.
        compared: By the comparison's name: each population with the recording.
        changed: By the change's name, of the populations whose learning is known.
        changed_control: The same of their controls.
        draws: Of each null.
        seed: Of all draws.
    """

    courses: tuple[Course, ...]
    recorded: Course | None
    found: Mapping[str, Summary]
    found_recorded: Mapping[str, Summary]
    compared: Mapping[str, Summary]
    changed: Mapping[str, Summary]
    changed_control: Mapping[str, Summary]
    draws: int
    seed: int

    @property
    def units(self) -> int:
        """How many of each population."""
        return int(self.courses[0].movement.shape[2])

    @property
    def every(self) -> tuple[Course, ...]:
        """The group, and the recording."""
        return self.courses if self.recorded is None else (*self.courses, self.recorded)

    def to_data(self) -> dict[str, Any]:
        """The report as plain data."""
        files = [
            {
                "name": each.name,
                "units": each.movement.shape[2],
                "trials": len(each.single),
                "left_out": each.left_out,
                "output": "command" if each.commanded else "hand velocity",
                "directions_deg": np.degrees(each.direction).round(3).tolist(),
            }
            for each in self.every
        ]
        parts = {name: getattr(self, name) for name in ("found", "found_recorded", "compared", "changed", "changed_control")}
        told = {part: {name: each.to_data() for name, each in summaries.items()} for part, summaries in parts.items()}
        return {"files": files, "draws": self.draws, "seed": self.seed, **told}


def gather(
    activities: Mapping[str, Activity], units: int | None = None, seed: int = 0, windows: Windows = WINDOWS
) -> tuple[Course, ...]:
    """Takes from every file what the measures need, with equal numbers of units and of trials per direction.

    Args:
        activities: By name.
        units: How many of each; as many as the smallest population has unless told otherwise.
        seed: Of the units and trials that are drawn.
        windows: Which parts of the trials.

    Raises:
        ValueError: There is no activity, or one has too few units or trials.
    """
    if not activities:
        raise ValueError("`activities` must hold at least one, got none.")
    smallest = min(each.rates.shape[2] for each in activities.values())
    size = smallest if units is None else checks.integer("units", units, 2, smallest)
    trials = min(trials_of(each, windows) for each in activities.values())
    return tuple(course_of(each, name, size, trials, seed, windows) for name, each in activities.items())


def report(
    courses: Sequence[Course],
    recorded: Course | None = None,
    only: Sequence[str] = (),
    draws: int = DRAWS,
    seed: int = 0,
    tell: Teller = lambda finding, name: None,
    learning: Sequence[Stages] = (),
) -> Report:
    """Measures a group of populations, and a recording if there is one.

    Args:
        courses: What `gather` took from the files of the group, such as networks of different seeds.
        recorded: The same of an animal, or of whatever the group is to be compared with.
        only: Names of `FINDINGS` and `CHANGES`; all unless told otherwise.
        draws: Of each null; decoding takes at most 20.
        seed: Of the nulls.
        tell: Is told what is measured next.
        learning: Populations before and after they learned, whose `CHANGES` are measured.

    Raises:
        ValueError: A finding is unknown, or the recording does not fit.
    """
    names = [checks.choice("only", name, PUBLISHED) for name in only] or list(PUBLISHED)
    group = tuple(courses)

    def found(of: Sequence[Course]) -> dict[str, Summary]:
        summaries = {}
        for name in filter(FINDINGS.__contains__, names):
            results = []
            for course in of:
                tell(name, course.name)
                results.append(FINDINGS[name].measure(course, draws, seed))
            summaries[name] = Summary(tuple(results))
        return summaries

    with threadpool_limits(1):  # threads only wait for each other in many small products
        compared = {}
        if recorded is not None:
            for name, (_, compare) in COMPARISONS.items():
                tell(name, recorded.name)
                compared[name] = Summary(tuple(compare(course, recorded, draws, seed) for course in group))
        own, of_recording = found(group), found([] if recorded is None else [recorded])
        changed = _changed(learning, [name for name in names if name in CHANGES], draws, seed, tell)
    return Report(group, recorded, own, of_recording, compared, *changed, draws=draws, seed=seed)


def _changed(
    learning: Sequence[Stages], names: Sequence[str], draws: int, seed: int, tell: Teller
) -> tuple[dict[str, Summary], dict[str, Summary]]:
    """The changes of the populations and of their controls; what is left of a shift is beside what the control has of it."""
    own, controls = [], []
    for stages in learning if names else ():
        before, learned, control = stages.before, stages.learned, stages.control
        tell("learning", stages.name)
        own.append(changes_against(before, learned, stages.washed, names, draws, seed))
        if control is not None:
            tell("learning, control", stages.name)
            found = changes_against(before, control, None, names, draws, seed)
            controls.append({**found, "shift_left": drifted(before, learned, control)})
    changed, changed_control = (
        {name: Summary(tuple(each.get(name) for each in of)) for name in names if of} for of in (own, controls)
    )
    return changed, changed_control
