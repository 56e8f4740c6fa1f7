"""What the measures of learning take, out of a population's files before and after it learned."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from reach_gym.findings.courses import BEFORE, SAME, drawn_units, labels_of
from reach_gym.neural.activity import Activity, Window
from reach_gym.neural.arrays import Floats

UNTIL = 0.5  # s after the go cue, to where states and command are taken for what reaches the output


class Phase(NamedTuple):
    """A population at one time of its learning, in n trials of c directions.

    Attributes:
        direction: (c,), rad.
        label: (n,), the direction of each trial, as its place.
        prepared: (n, units), mean rates before the go cue.
        rates: (n, times, units), from the go cue on.
        output: (n, times, outputs), the command beside them; the hand's velocity where no command was recorded.
        left_out: Trials that have not all of these times.
    """

    direction: Floats
    label: Any
    prepared: Floats
    rates: Floats
    output: Floats
    left_out: int

    def trials(self, order: Any) -> Phase:
        """Those trials, in that order."""
        label, prepared, rates, output = (each[order] for each in self[1:5])
        return Phase(self.direction, label, prepared, rates, output, self.left_out)

    def joined(self, other: Phase) -> Phase:
        """The trials of both."""
        label, prepared, rates, output = (np.concatenate(pair) for pair in zip(self[1:5], other[1:5], strict=True))
        return Phase(self.direction, label, prepared, rates, output, self.left_out + other.left_out)


class Stages(NamedTuple):
    """A population before and after it learned; the same units at all times.

    Attributes:
        name: Of the population.
        before: Before it learned.
        learned: Afterwards.
        washed: After the washout, if that is known.
        control: After as much without what was learned, if there was such a control.
    """

    name: str
    before: Phase
    learned: Phase
    washed: Phase | None = None
    control: Phase | None = None


def phase_of(
    activity: Activity, units: int | None = None, seed: int = 0, window: Window | None = None, until: float = UNTIL
) -> Phase:
    """Takes from a file what the changes are measured by.

    Args:
        activity: Trials with a wait before the go cue.
        units: How many to draw, the same ones from every file of a population; all unless told otherwise.
        seed: Of the draw.
        window: First and last moment of the preparation, s from the go cue; the last `reach_gym.findings.courses.BEFORE` s
            before it unless told otherwise.
        until: How long after the go cue states and output are compared, s.

    Raises:
        ValueError: Fewer than 2 trials of some direction have all of these times, or there are fewer units.
    """
    prepares = (-BEFORE, -activity.dt) if window is None else window
    whole = activity.covers(prepares) & activity.covers((0.0, until))
    label, direction = labels_of(activity.direction)
    rarest = int(np.bincount(label[whole], minlength=len(direction)).min())
    if rarest < 2:
        raise ValueError(
            f"`activity` must hold at least 2 trials of each direction that show the target {-prepares[0]:g} s before the go cue "
            f"and last until {until:g} s after it, got {rarest} of the rarest of {len(direction)} directions."
        )
    kept = activity.subset(whole)
    own = drawn_units(activity, units, np.random.default_rng(seed))
    command, recording = kept.recording.action, kept.recording
    values = recording.velocity[:, :-1] if command is None else command
    output = Activity(values.astype(np.float32), recording).aligned("go", 0.0, until)[1]
    rates = kept.aligned("go", 0.0, until)[1]
    return Phase(direction, label[whole], kept.mean_in(prepares)[:, own], rates[:, :, own], output, int(np.sum(~whole)))


def stages_of(
    name: str,
    before: Activity,
    learned: Activity,
    washed: Activity | None = None,
    control: Activity | None = None,
    **how: Any,
) -> Stages:
    """One population's files.

    Args:
        name: Of the population.
        before: Before it learned.
        learned: The same units afterwards.
        washed: After the washout.
        control: After as many trials without what was learned.
        **how: As `phase_of` takes it.

    Raises:
        ValueError: As `phase_of`; or a file has other units, directions or time steps than `before`.
    """
    first = phase_of(before, **how)
    later = {}
    for stage, activity in {"learned": learned, "washed": washed, "control": control}.items():
        if activity is None:
            continue
        if activity.rates.shape[2] != before.rates.shape[2] or activity.dt != before.dt:
            raise ValueError(
                f"`{stage}` of {name} must have its {before.rates.shape[2]} units at time steps of {before.dt:g} s, got "
                f"{activity.rates.shape[2]} at {activity.dt:g} s."
            )
        later[stage] = phase_of(activity, **how)
        if not _same_directions(first, later[stage]):
            raise ValueError(f"`{stage}` of {name} must have its {len(first.direction)} directions, got others.")
    return Stages(name, first, **later)


def _same_directions(one: Phase, other: Phase) -> bool:
    return len(one.direction) == len(other.direction) and np.allclose(one.direction, other.direction, atol=SAME)
