"""How likely trials are under a model: with noise of the output only, or of the states too (a Kalman filter)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from reach_gym.models.linear import Linear
from reach_gym.models.model import Floats, Model
from reach_gym.models.trial_data import TrialData

LEAST_NOISE = 1e-6  # standard deviation below which measurements count as exact


def output_noise(off: Floats) -> float:
    """The likeliest standard deviation of the output's noise for the misfits (k,) of the measured trials."""
    return max(LEAST_NOISE, math.sqrt(float((off * off).mean())))


def of_misfits(off: Floats, spread: float) -> float:
    """Log likelihood of misfits (k,) under normal noise of the standard deviation `spread`."""
    return float(-0.5 * (off * off).sum() / spread**2 - len(off) * math.log(spread * math.sqrt(2.0 * math.pi)))


def of_states(model: Linear, data: TrialData, state_noise: Any, spread: Any) -> tuple[Floats, Floats]:
    """Log likelihoods (m,) of the measured trials where states have noise, too, and what was expected of each trial, (m, n).

    The filter knows what the learner does: ``x <- A x + B (f - w x) + noise`` with noise of the standard deviation `state_noise`
    in every state. What is measured is ``w x`` with noise of the standard deviation `spread`, which is no part of the error.

    Args:
        model: One model, or a bundle of m (`Model.bundle`).
        data: The trials.
        state_noise: (m,).
        spread: (m,).
    """
    inner, outer = np.atleast_1d(state_noise) ** 2, np.atleast_1d(spread) ** 2
    many, size = len(inner), model.states_in_use
    keep, learn = (np.broadcast_to(each, (many, size)) for each in (model.retentions, model.learnings))
    mean, doubt, one = np.zeros((many, size)), np.zeros((many, size, size)), np.eye(size)
    total, expected = np.zeros(many), np.empty((many, len(data)))
    weights = {cue: model.weights(np.array([cue]), 1)[0] for cue in set(data.cue.tolist())}
    rows = zip(data.plain, data.rest.tolist(), data.cue.tolist(), data.measured.tolist(), strict=True)
    for n, ((push, wall), rest, cue, seen) in enumerate(rows):
        used = weights[cue]
        if rest:
            fade = np.broadcast_to(np.exp(-model.decays * rest), (many, size))
            mean, doubt = fade * mean, fade[:, :, None] * doubt * fade[:, None, :]
        expected[:, n] = mean @ used
        if not math.isnan(seen):
            reach = doubt @ used
            spreads, off = reach @ used + outer, seen - expected[:, n]
            total -= 0.5 * (off * off / spreads + np.log(2.0 * np.pi * spreads))
            mean = mean + reach * (off / spreads)[:, None]
            doubt = doubt - reach[:, :, None] * (reach / spreads[:, None])[:, None, :]
        taught = learn * used
        step = keep[:, :, None] * one if wall else keep[:, :, None] * one - taught[:, :, None] * used
        mean = (step @ mean[:, :, None])[:, :, 0] + (0.0 if wall else push) * taught
        doubt = step @ doubt @ np.swapaxes(step, 1, 2) + inner[:, None, None] * one
    return total, expected


def draw_states(model: Linear, data: TrialData, state_noise: float, rng: np.random.Generator, count: int) -> Floats:
    """Outputs (count, n) of subjects whose states have noise of the standard deviation `state_noise`."""
    state, found = model.begin(count), np.empty((count, len(data)))
    for n, ((push, wall), rest, cue) in enumerate(zip(data.plain, data.rest.tolist(), data.cue.tolist(), strict=True)):
        if rest:
            state = model.wait(state, np.full(count, rest))
        cues: Any = np.full(count, cue)
        found[:, n] = model.output(state, cues)
        state = model.learn(state, push - found[:, n], np.full(count, wall), cues) + rng.normal(0.0, state_noise, state.shape)
    return found


def course_of(model: Model, data: TrialData, runs: int = 1) -> Floats:
    """The expected output (n,) of a model in a session; of one that draws, the mean of so many `runs` with fixed draws."""
    arguments = data.perturbation, data.clamped, data.rest, data.cue
    return np.asarray(model._course(*arguments, runs, np.random.default_rng(0), 0.0).mean(axis=0))
