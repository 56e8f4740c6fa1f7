"""What learning changes in a population: states that prepare (Sun et al. 2022), what reaches the output (Perich et al. 2018)."""

from __future__ import annotations

import math
import warnings
from collections.abc import Collection, Mapping

import numpy as np

from reach_gym.findings.findings import Published
from reach_gym.findings.measuring import most
from reach_gym.findings.stages import Phase
from reach_gym.neural import TinyDenominatorWarning, learning_change, shift_left, uniform_shift
from reach_gym.neural.arrays import Floats
from reach_gym.neural.means import halves_of
from reach_gym.neural.nulls import DRAWS, Against, against, beside
from reach_gym.neural.surrogates import shuffled_trials

COMPONENTS, OUTPUTS = 16, 8  # at most, of the states and of the command, as published of two areas

_SUN, _PERICH = "Sun, O'Shea et al. 2022, Nature 602:274", "Perich, Gallego & Miller 2018, Neuron 100:964"
_SHUFFLED = "trials of a direction change places between before and after: nothing was learned"
CHANGES: Mapping[str, Published] = {
    "shift": Published(
        title="Learning shifts the states that prepare",
        unit="length of the mean change over the spread of directions",
        null=_SHUFFLED,
        animals="a curl field shifts them",
        source=_SUN,
    ),
    "shift_uniform": Published(
        title="The shift is the same for all directions",
        unit="share of the squared change; by chance 1 over the number of directions",
        null="the change of each direction points its own way or the opposite one: they have nothing in common",
        animals="most of the change is",
        source=_SUN,
    ),
    "shift_left": Published(
        title="The shift outlasts the washout",
        unit="share of the shift that is left",
        null="",
        animals="it does",
        source=_SUN,
    ),
    "null_change": Published(
        title="Learning moves states that do not reach the output",
        unit="mean change over the spread of directions",
        null=_SHUFFLED,
        animals="large in a curl field, not under a rotation",
        source=_PERICH,
    ),
    "potent_change": Published(
        title="Learning moves states that reach the output",
        unit="mean change over the spread of directions",
        null=_SHUFFLED,
        animals="smaller than that of the others",
        source=_PERICH,
    ),
    "null_lost": Published(
        title="States that do not reach the output foretell it less after learning",
        unit="R² before less R² after",
        null=_SHUFFLED,
        animals="they do",
        source=_PERICH,
    ),
    "potent_lost": Published(
        title="States that reach the output foretell it less after learning",
        unit="R² before less R² after",
        null=_SHUFFLED,
        animals="about 0: the map is kept",
        source=_PERICH,
    ),
}
ALL = tuple(CHANGES)


def _halves(phase: Phase) -> Floats:
    return halves_of(phase.prepared, phase.label)


def _spaces(before: Phase, after: Phase) -> dict[str, float]:
    """Perich et al.'s measure, with the units as what is upstream and the output as what is downstream."""
    components = most(before.rates, COMPONENTS)
    outputs = min(most(before.output, OUTPUTS), components - 1)
    labels = before.label.tolist(), after.label.tolist()
    change = learning_change((before.rates, before.output), (after.rates, after.output), labels, components, outputs)
    return {
        "null_change": change.null_change,
        "potent_change": change.potent_change,
        "null_lost": change.null_within - change.null_across,
        "potent_lost": change.potent_within - change.potent_across,
    }


def _shift(before: Phase, after: Phase, later: Phase | None) -> dict[str, float]:
    first, then = _halves(before), _halves(after)
    shift = uniform_shift(first, then)
    left = {} if later is None else {"shift_left": shift_left(first, then, _halves(later))}
    return {"shift": shift.size, "shift_uniform": shift.uniformity, **left}


def changes(before: Phase, after: Phase, later: Phase | None = None, names: Collection[str] = ALL) -> dict[str, float]:
    """What changed from `before` to `after`, by the names of `CHANGES`; ``shift_left`` is what there is of the shift `later`.

    Warns:
        TinyDenominatorWarning: A quotient means nothing and is NaN.
    """
    sources = {CHANGES[name].source for name in names}
    found = _shift(before, after, later) if _SUN in sources else {}
    found |= _spaces(before, after) if _PERICH in sources else {}
    return {name: value for name, value in found.items() if name in names}


def changes_against(
    before: Phase, after: Phase, later: Phase | None, names: Collection[str] = ALL, draws: int = DRAWS, seed: int = 0
) -> dict[str, Against | float | None]:
    """`changes`, each beside its null if it has one; ``None`` where a quotient means nothing."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TinyDenominatorWarning)
        found, shuffled = changes(before, after, later, names), _shuffled(before, after, names, draws, seed)
    results: dict[str, Against | float | None] = {}
    for name, value in found.items():
        if math.isnan(value):
            results[name] = None
        elif name == "shift_uniform":
            results[name] = _uniform(before, after, draws, seed)
        else:
            results[name] = beside(value, shuffled[name]) if name in shuffled else value
    return results


def drifted(before: Phase, learned: Phase, control: Phase) -> float | None:
    """How much of the shift that came with learning the control has, too; ``None`` where there is no shift."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TinyDenominatorWarning)
        found = shift_left(_halves(before), _halves(learned), _halves(control))
    return None if math.isnan(found) else found


def _shuffled(before: Phase, after: Phase, names: Collection[str], draws: int, seed: int) -> dict[str, list[float]]:
    """The changes that have this null, of trials that changed places between both times."""
    wanted = [name for name in names if CHANGES[name].null == _SHUFFLED]
    both, count, generator = before.joined(after), len(before.label), np.random.default_rng(seed)
    draw = shuffled_trials(both.label.tolist())(np.arange(len(both.label), dtype=np.float64))
    drawn = []
    for _ in range(draws):
        order = draw(generator).astype(np.int64)
        drawn.append(changes(both.trials(order[:count]), both.trials(order[count:]), None, wanted))
    return {name: [each[name] for each in drawn] for name in wanted}


def _uniform(before: Phase, after: Phase, draws: int, seed: int) -> Against:
    """How uniform the shift is, beside changes of the same size with a sign of their own for each direction."""
    first = _halves(before)
    change = _halves(after) - first

    def uniformity(signs: Floats) -> float:
        return uniform_shift(first, first + signs[:, None] * change).uniformity

    return against(uniformity, np.ones(change.shape[1]), lambda ones: lambda rng: rng.choice((-1.0, 1.0), len(ones)), draws, seed)
