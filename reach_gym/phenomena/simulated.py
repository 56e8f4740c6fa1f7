"""Models of learning taken through a session without an environment: numbers only, all subjects at once."""

from __future__ import annotations

from typing import Any

import numpy as np

from reach_gym.models.model import Model, contexts_of
from reach_gym.phenomena.behaviour import Behaviour, Floats, row_means
from reach_gym.sessions import TrialTable

PLANNING_NOISE = 0.02  # of the perturbation, of each trial's plan; chosen, about the motor noise of `reach_gym.models.Contextual`
MEASUREMENT_NOISE = 0.1  # of what a trial shows of it; chosen, as in the recovery studies of `reach_gym.models`


def simulate(
    model: Model,
    table: TrialTable,
    subjects: int,
    seed: int = 0,
    unit: float | None = None,
    planning_noise: float = PLANNING_NOISE,
    measurement_noise: float = MEASUREMENT_NOISE,
) -> Behaviour:
    """What subjects who learn as `model` says do in a session.

    The output is shown where people show it: in channels, in trials without feedback, and, if a rotation is learned (there is a
    `unit`), in all others, too. A trial without feedback teaches nothing; a cursor on a clamped way shows an error that does not
    depend on the output.

    Args:
        model: The model.
        table: The session.
        subjects: How many.
        seed: Of noise and draws.
        unit: Degrees of a rotation that count as 1; ``None`` in a field.
        planning_noise: Standard deviation of each trial's plan.
        measurement_noise: Standard deviation of what is measured of it.
    """
    generator = np.random.default_rng(seed)
    output, error = _course(model, table, subjects, generator, unit, planning_noise)
    shown = (_flags(table, "channel") | (np.asarray(table.feedback) == "none")) if unit is None else ~_flags(table, "channel")
    found = output + generator.normal(0.0, measurement_noise, output.shape)
    found[:, ~shown] = np.nan
    return Behaviour(table, corrected(found, table), error)


def forgets_in_rests(model: Model) -> bool:
    """Whether a day of rest changes what a model has learned in twenty trials."""
    state = model.begin(1, np.random.default_rng(0))
    for _ in range(20):
        state = model.learn(state, 1.0 - model.output(state), np.zeros(1, np.bool_))
    before, after = model.output(state), model.output(model.wait(state, np.full(1, 86_400.0)))
    return not np.allclose(before, after)


def corrected(output: Floats, table: TrialTable) -> Floats:
    """The outputs (subjects, n) minus each subject's mean in the block "baseline", if there is one."""
    before = np.asarray(table.block == "baseline", np.bool_)
    level = np.nan_to_num(row_means(output[:, before])) if before.any() else np.zeros(len(output))
    return np.asarray(output - level[:, None])


def _course(
    model: Model, table: TrialTable, subjects: int, generator: np.random.Generator, unit: float | None, noise: float
) -> tuple[Floats, Floats]:
    """Outputs and errors (subjects, n), the errors NaN where none is seen."""
    push, seen, clamped, cue, rest = _trials(table, unit)
    state = model.begin(subjects, generator)
    output, error = np.empty((subjects, len(table))), np.full((subjects, len(table)), np.nan)
    for n in range(len(table)):
        if rest[n]:
            state = model.wait(state, np.full(subjects, rest[n]))
        context = np.full(subjects, cue[n])
        planned = model.output(state, context) + generator.normal(0.0, noise, subjects)
        off = np.full(subjects, push[n]) if clamped[n] else push[n] - planned
        output[:, n] = planned
        if seen[n]:
            error[:, n] = off
        state = model.learn(state, off, np.full(subjects, not seen[n]), context)
    return output, error


def _flags(table: TrialTable, name: str) -> Any:
    return np.asarray(getattr(table, name), float) > 0


def _trials(table: TrialTable, unit: float | None) -> tuple[Any, ...]:
    """Of every trial: perturbation, whether an error is seen, whether it is clamped to a way, context, and rest in s."""
    feedback = np.asarray(table.feedback)
    clamped = feedback == "clamp"
    off = _flags(table, "channel") | _flags(table, "catch")
    push = np.where(off, 0.0, np.asarray(table.gain, float))
    if clamped.any() and unit is None:
        raise ValueError("`unit` must be the degrees that count as 1 in a session with clamped cursors, got None.")
    push = np.where(clamped, np.asarray(table.clamp_angle, float) / (unit or 1.0), push)
    seen = ~_flags(table, "channel") & (feedback != "none")
    return push, seen, clamped, contexts_of(table.cue, table.lead_in, {}), np.asarray(table.rest, float)
