"""Particle learning for `reach_gym.models.contexts.Contextual`, for many subjects at once.

Shapes: s subjects, p particles, c contexts, q cues. A particle knows contexts 0 to ``known - 1``; the slot after them stands for
a novel context, whose state is that of the prior.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from reach_gym.models.model import Flags, Floats, Integers

if TYPE_CHECKING:
    from reach_gym.models.contexts import Contextual

_LARGEST_RETENTION = 1.0 - 1e-6


class Memories(NamedTuple):
    """What particles know.

    Attributes:
        rng: Generator of all draws; the only thing in it that changes.
        known: int64 (s, p), contexts that are known.
        last: int64 (s, p), the context of the trial before, -1 before the first.
        moves: (s, p, c, c), how often one context followed another.
        share: (s, p, c + 1), how common contexts are, and the novel one in the slot after the known.
        mean: (s, p, c), states of contexts after the trial before.
        variance: (s, p, c), and how uncertain they are.
        keep: (s, p, c), retentions.
        drift: (s, p, c), drifts.
        sums: (s, p, c, 5), over past trials, of x x, x, 1, x y and y, for states x and y in a trial and the next one.
        cue_counts: (s, p, c, q), how often a context gave a cue.
        cue_share: (s, p, q + 1), how common cues are, the last entry all that have not been seen.
        cue_seen: bool (s, q).
    """

    rng: np.random.Generator
    known: Integers
    last: Integers
    moves: Floats
    share: Floats
    mean: Floats
    variance: Floats
    keep: Floats
    drift: Floats
    sums: Floats
    cue_counts: Floats
    cue_share: Floats
    cue_seen: Flags


class Expected(NamedTuple):
    """What particles expect of a trial before its feedback.

    Attributes:
        chance: (s, p, c), of each context, given the cue.
        mean: (s, p, c), states of contexts.
        variance: (s, p, c).
        evidence: (s, p), how likely the cue was.
        output: (s,), the mean state.
    """

    chance: Floats
    mean: Floats
    variance: Floats
    evidence: Floats
    output: Floats


def begin(model: Contextual, subjects: int, rng: np.random.Generator) -> Memories:
    """Particles that know no context."""
    size, c, q = (subjects, model.particles), model.contexts, model.cues
    share, cue_share = np.zeros((*size, c + 1)), np.zeros((*size, q + 1))
    share[..., 0] = cue_share[..., q] = 1.0
    flat, sums = np.zeros((*size, c)), np.zeros((*size, c, 5))
    keep, drift = _dynamics(model, sums, rng)
    counts = np.zeros((*size, c, q)), cue_share, np.zeros((subjects, q), np.bool_)
    known, last = np.zeros(size, np.int64), np.full(size, -1, np.int64)
    return Memories(rng, known, last, np.zeros((*size, c, c)), share, flat, flat.copy(), keep, drift, sums, *counts)


def predict(model: Contextual, past: Memories, cue: Integers) -> Expected:
    """What is expected of a trial with the cues `cue` (s,), 0 for none."""
    slot = np.arange(model.contexts)
    stays = past.last[..., None] == slot
    chance = model.concentration * past.share[..., : model.contexts] + model.stickiness * stays + _row(past.moves, past.last)
    chance = chance / chance.sum(axis=-1, keepdims=True)
    evidence = np.ones(past.last.shape)
    if cue.any():
        chance = chance * _cue_chance(model, past, cue)
        evidence = chance.sum(axis=-1)
        chance = chance / evidence[..., None]
    fresh = slot >= past.known[..., None]
    keep, drift, noise = past.keep, past.drift, model.process_noise**2
    mean = np.where(fresh, drift / (1.0 - keep), keep * past.mean + drift)
    variance = np.where(fresh, noise / (1.0 - keep * keep), keep * keep * past.variance + noise)
    weight = evidence / evidence.sum(axis=1, keepdims=True)
    return Expected(chance, mean, variance, evidence, np.asarray((weight * (chance * mean).sum(axis=-1)).sum(axis=1)))


def learn(model: Contextual, past: Memories, error: Floats, clamped: Flags, cue: Integers) -> Memories:
    """Takes in a trial: draws particles, contexts, counts and dynamics anew."""
    rng, expected = past.rng, predict(model, past, cue)
    feedback = expected.output + error + rng.normal(0.0, model.feedback_noise, len(error))
    spread = expected.variance + model.feedback_noise**2
    off = feedback[:, None, None] - expected.mean
    fits = np.where(clamped[:, None, None], 1.0, np.exp(-0.5 * off * off / spread) / np.sqrt(spread))
    joint = expected.chance * fits
    weight = expected.evidence * joint.sum(axis=-1)
    pick = np.arange(len(error))[:, None], _systematic(weight, rng)
    # Everything but the generator and the cues that were seen is of particles.
    past = past._replace(**{name: getattr(past, name)[pick] for name in Memories._fields[1:-1]})
    mean, variance, joint = expected.mean[pick], expected.variance[pick], joint[pick]
    active = _draw(joint, rng)
    after = _count(model, past, active, rng)
    if cue.any():
        after = _count_cues(model, after, active, cue, rng)
    return _states(model, after, past.known, (mean, variance), active, np.where(clamped, np.nan, feedback))


def _states(
    model: Contextual, after: Memories, before: Integers, expected: tuple[Floats, Floats], active: Integers, feedback: Floats
) -> Memories:
    """Corrects the states of the `active` contexts (s, p) by the feedback (s,), NaN without, and learns the dynamics of all."""
    mean, variance = expected
    slot = np.arange(model.contexts)
    told = (active[..., None] == slot) & np.isfinite(feedback)[:, None, None]
    gain = np.where(told, variance / (variance + model.feedback_noise**2), 0.0)
    now = mean + gain * np.nan_to_num(feedback[:, None, None] - mean)
    doubt = (1.0 - gain) * variance
    # A state in this trial and the one in the trial before, drawn together from what is known of both.
    y = now + np.sqrt(doubt) * after.rng.standard_normal(now.shape)
    back = after.keep * after.variance / variance
    left = np.maximum(after.variance * (1.0 - back * after.keep), 0.0)
    x = after.mean + back * (y - mean) + np.sqrt(left) * after.rng.standard_normal(now.shape)
    lived = slot < before[..., None]
    sums = after.sums + np.where(lived[..., None], np.stack([x * x, x, np.ones_like(x), x * y, y], axis=-1), 0.0)
    keep, drift = _dynamics(model, sums, after.rng)
    return after._replace(last=active, mean=now, variance=doubt, sums=sums, keep=keep, drift=drift)


def _dynamics(model: Contextual, sums: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Retentions and drifts (s, p, c), drawn from their normal posterior; slots without a past draw from the prior."""
    xx, x, one, xy, y = (sums[..., i] / model.process_noise**2 for i in range(5))
    prior = 1.0 / model.retention_spread**2, 1.0 / model.drift_spread**2
    a, b, d = xx + prior[0], x, one + prior[1]
    right = xy + prior[0] * model.retention, y
    whole = a * d - b * b
    keep, drift = (d * right[0] - b * right[1]) / whole, (a * right[1] - b * right[0]) / whole
    # With the Cholesky factor L of the precision, noise is what solves L^T noise = z.
    first = np.sqrt(a)
    below = b / first
    z = rng.standard_normal((2, *keep.shape))
    second = z[1] / np.sqrt(d - below * below)
    return np.clip(keep + (z[0] - below * second) / first, 0.0, _LARGEST_RETENTION), drift + second


def _count(model: Contextual, past: Memories, active: Integers, rng: np.random.Generator) -> Memories:
    """Counts the transition to the `active` contexts (s, p), and draws anew how common contexts are."""
    rows = np.indices(active.shape)
    share, moves, novel = past.share.copy(), past.moves.copy(), active == past.known
    # A novel context takes a part of what was left for novel ones.
    rest, after = share[(*rows, past.known)], (*rows, np.minimum(past.known + 1, model.contexts))
    part = rest * rng.beta(1.0, model.novelty, active.shape)
    share[after] = np.where(novel, rest - part, share[after])
    share[(*rows, past.known)] = np.where(novel, part, rest)
    known = past.known + novel
    moves[(*rows, np.maximum(past.last, 0), active)] += past.last >= 0
    common, own = model.concentration * share[:, :, None, : model.contexts], np.arange(model.contexts)
    tables = _tables(moves, common + model.stickiness * np.eye(model.contexts), rng)
    # Tables that were set up by stickiness alone say nothing of how common their context is.
    of_common = common[:, :, 0] / np.maximum(common[:, :, 0] + model.stickiness, 1e-300)
    tables[:, :, own, own] = rng.binomial(tables[:, :, own, own], of_common)
    shape = np.append(tables.sum(axis=2), np.zeros((*active.shape, 1)), axis=-1)
    shape[..., 0] += 1.0  # the first trial's context was drawn from what is common
    shape[(*rows, known)] = model.novelty
    return past._replace(known=known, moves=moves, share=_dirichlet(shape, rng))


def _tables(counts: Floats, weight: Floats, rng: np.random.Generator) -> Integers:
    """How many tables customers (...) took in a Chinese restaurant whose new tables have the `weight` (...)."""
    found = np.zeros(counts.shape, np.int64)
    taken = np.nonzero(counts)
    many = counts[taken].astype(np.int64)
    starts = np.cumsum(many) - many
    before = np.arange(int(many.sum())) - np.repeat(starts, many)
    new = np.repeat(np.broadcast_to(weight, counts.shape)[taken], many)
    found[taken] = np.add.reduceat(rng.random(len(before)) * (new + before) < new, starts, dtype=np.int64) if len(many) else 0
    return found


def _cue_chance(model: Contextual, past: Memories, cue: Integers) -> Floats:
    """How likely each context gives the cue: (s, p, c); 1 without one."""
    rows, which = np.arange(len(cue)), np.maximum(cue - 1, 0)
    seen = past.cue_seen[rows, which]
    share = np.where(seen[:, None], past.cue_share[rows, :, which], past.cue_share[..., -1])
    found = model.cue_concentration * share[..., None] + past.cue_counts[rows, :, :, which]
    chance = found / (model.cue_concentration + past.cue_counts.sum(axis=-1))
    return np.where((cue > 0)[:, None, None], chance, 1.0)


def _count_cues(model: Contextual, past: Memories, active: Integers, cue: Integers, rng: np.random.Generator) -> Memories:
    """Counts the cues (s,) that the `active` contexts (s, p) gave, and draws anew how common cues are."""
    subjects, shown, which = np.arange(len(cue)), cue > 0, np.maximum(cue - 1, 0)
    at = np.broadcast_to(which[:, None], active.shape)
    rows = np.indices(active.shape)
    share, counts, seen = past.cue_share.copy(), past.cue_counts.copy(), past.cue_seen.copy()
    novel = (shown & ~past.cue_seen[subjects, which])[:, None]
    part = share[..., -1] * rng.beta(1.0, model.cue_novelty, active.shape)
    share[(*rows, at)] = np.where(novel, part, share[(*rows, at)])
    counts[(*rows, active, at)] += shown[:, None]
    seen[subjects, which] |= shown
    tables = _tables(counts, model.cue_concentration * share[:, :, None, :-1], rng).sum(axis=2)
    shape = np.append(tables, np.full((*active.shape, 1), model.cue_novelty), axis=-1)
    return past._replace(cue_counts=counts, cue_seen=seen, cue_share=_dirichlet(shape, rng))


def _row(moves: Floats, last: Integers) -> Floats:
    """The transitions (s, p, c) from the contexts `last` (s, p); none before the first trial."""
    found = np.take_along_axis(moves, np.maximum(last, 0)[..., None, None], axis=2)[:, :, 0]
    return np.where((last >= 0)[..., None], found, 0.0)


def _dirichlet(shape: Floats, rng: np.random.Generator) -> Floats:
    """Draws (..., k) from Dirichlet distributions; entries of shape 0 get 0."""
    drawn = np.maximum(rng.standard_gamma(shape), np.where(shape > 0, 1e-300, 0.0))
    return np.asarray(drawn / drawn.sum(axis=-1, keepdims=True))


def _systematic(weight: Floats, rng: np.random.Generator) -> Integers:
    """Indices (s, p) of particles drawn by their weights (s, p), evenly spread."""
    total = weight.sum(axis=1, keepdims=True)
    # A feedback so far from what anybody expects that no particle explains it favours none of them.
    ladder = np.cumsum(np.where(total > 0, weight / np.where(total > 0, total, 1.0), 1.0 / weight.shape[1]), axis=1)
    steps = (np.arange(weight.shape[1]) + rng.random((len(weight), 1))) / weight.shape[1]
    found: Any = (ladder[:, None, :-1] <= steps[:, :, None]).sum(axis=2)
    return np.asarray(found, np.int64)


def _draw(weight: Floats, rng: np.random.Generator) -> Integers:
    """One index (s, p) each by weights (s, p, c)."""
    ladder = np.cumsum(weight, axis=-1)
    return np.asarray((ladder[..., :-1] <= rng.random(weight.shape[:-1])[..., None] * ladder[..., -1:]).sum(axis=-1), np.int64)
