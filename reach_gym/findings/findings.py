"""What has been published of populations in motor cortex, the measure of each finding, its null, and how its number is known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from reach_gym import checks
from reach_gym.findings import measuring
from reach_gym.findings.courses import Course
from reach_gym.neural.nulls import Against
from reach_gym.phenomena.record import HOW

Measure = Callable[[Course, int, int], Against | float | None]


@dataclass(frozen=True, kw_only=True)
class Published:
    """What was found about neurons while an animal reaches.

    Attributes:
        title: For people.
        unit: Of the measure.
        null: What the surrogates keep, or what is drawn; empty without one.
        animals: What was found in animals, in words.
        source: Where it was published.
        how_obtained: Of the number: ``"verified"``, ``"secondary"``, ``"unverified"`` (from memory), ``"not found"``; see
            `reach_gym.phenomena.Human`.
        low: The number in animals, or the lower end of its range; ``None`` where there is none.
        high: Its upper end, the same for a single number.

    Raises:
        ValueError: A text is missing, or number and `how_obtained` do not go together.
    """

    title: str
    unit: str
    null: str
    animals: str
    source: str
    how_obtained: str = "not found"
    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        """Checks that what is said of the number goes together."""
        checks.choice("how_obtained", self.how_obtained, HOW)
        for name in ("title", "unit", "animals", "source"):
            if not getattr(self, name).strip():
                raise ValueError(f"`{name}` must not be empty.")
        if (self.low is None) != (self.high is None) or (self.low is None) != (self.how_obtained == "not found"):
            raise ValueError("`low` and `high` must be given together, and exactly where `how_obtained` is not 'not found'.")


@dataclass(frozen=True, kw_only=True)
class Finding(Published):
    """A finding with its measure.

    Attributes:
        measure: From a population, a number of draws and a seed to the value beside its null; a bare number if none belongs to
            it; ``None`` if the file lacks what it needs.
    """

    measure: Measure


_CHURCHLAND = "Churchland, Cunningham et al. 2012, Nature 487:51"
_KAUFMAN = "Kaufman et al. 2016, eNeuro 3(4):0085-16"
_ENTROPY = "maximum entropy: means and covariances over times, units and conditions are kept"
_INDEPENDENT = "maximum entropy with independent conditions: means and covariances over times and units are kept"

FINDINGS: Mapping[str, Finding] = {
    "rotation": Finding(
        title="States rotate: R² of the best rotation",
        unit="R² in the first components",
        measure=measuring.rotation,
        null=_ENTROPY,
        animals="strong rotations from 50 ms before to 150 ms after the hand sets off",
        source=_CHURCHLAND,
    ),
    "rotation_share": Finding(
        title="States rotate: share of the best linear fit",
        unit="R² of rotation over R² of any matrix",
        measure=measuring.rotation_share,
        null="matched covariance: conditions are reassigned for each unit on its own (Michaels et al. 2016)",
        animals="most of the linear fit is rotation",
        source=_CHURCHLAND,
        how_obtained="secondary",
        low=0.84,
        high=0.85,
    ),
    "rotation_tuning": Finding(
        title="States rotate more than tuning with latencies makes them",
        unit="R² in the first components",
        measure=measuring.rotation_beyond_tuning,
        null="matched tuning: units that only represent the hand's velocity, with latencies fitted to these units",
        animals="neurons' rotations depend on the structure of conditions, those of velocity-tuned units do not",
        source="Michaels, Dann & Scherberger 2016, PLoS Computational Biology 12:e1005175",
    ),
    "rotation_plane": Finding(
        title="The rotating plane holds much of the variance",
        unit="share of the condition-dependent variance",
        measure=measuring.rotation_plane,
        null=_ENTROPY,
        animals="the first plane holds about 28 %",
        source=_CHURCHLAND,
        how_obtained="unverified",
        low=0.28,
        high=0.28,
    ),
    "tangling": Finding(
        title="Activity is less tangled than the output",
        unit="90th percentile of Q over that of the output",
        measure=measuring.tangling_ratio,
        null=_ENTROPY,
        animals="far lower in cortex than in muscles",
        source="Russo et al. 2018, Neuron 97:953",
    ),
    "alignment": Finding(
        title="Preparation and movement use different dimensions",
        unit="alignment index",
        measure=measuring.aligned,
        null="random spaces, drawn where the data vary",
        animals="far below chance",
        source="Elsayed et al. 2016, Nature Communications 7:13239",
    ),
    "null_potent": Finding(
        title="Preparation avoids the output",
        unit="null over potent variance, preparation over movement",
        measure=measuring.null_over_potent,
        null="an output that reads random directions of the same components",
        animals="about 3 to 8 times more in the null space",
        source="Kaufman et al. 2014, Nature Neuroscience 17:440",
        how_obtained="unverified",
        low=3.0,
        high=8.0,
    ),
    "invariant": Finding(
        title="Much of the activity is the same for all movements",
        unit="share of the variance",
        measure=measuring.invariant,
        null=_INDEPENDENT,
        animals="the condition-invariant component is the largest, more than half of the variance",
        source=_KAUFMAN,
        how_obtained="secondary",
        low=0.5,
        high=1.0,
    ),
    "largest_component": Finding(
        title="The largest demixed component is condition-invariant",
        unit="share of its variance that all conditions have in common",
        measure=measuring.largest_component,
        null=_INDEPENDENT,
        animals="it reflects when one moves, not where to",
        source=_KAUFMAN,
    ),
    "reaction_time": Finding(
        title="The condition-invariant signal tells the reaction time",
        unit="correlation over trials",
        measure=measuring.waiting,
        null="trials with the reaction times of others",
        animals="its timing predicts most of the variance of reaction times",
        source=_KAUFMAN,
    ),
    "decoding": Finding(
        title="The hand's velocity can be decoded, for targets that were never seen",
        unit="R² in left-out targets",
        measure=measuring.decoding,
        null="trials with the rates of others",
        animals="velocity is decoded well; numbers depend on units and task",
        source="no single source; ridge regression as in common use",
    ),
    "dimensions": Finding(
        title="Dimensions that the activity fills",
        unit="participation ratio",
        measure=measuring.dimensions,
        null="",
        animals="few, for few movements",
        source="Gao et al. 2017, bioRxiv 214262",
    ),
}
