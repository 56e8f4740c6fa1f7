"""Tangling, alignment, null and potent spaces, and what learning changes in them, in populations built for it."""

import numpy as np
import pytest

from reach_gym.neural.alignment import alignment, alignment_against_chance
from reach_gym.neural.arrays import TinyDenominatorWarning
from reach_gym.neural.learning import learning_change
from reach_gym.neural.nulls import against
from reach_gym.neural.potent import null_potent, null_potent_against_chance, output_spaces
from reach_gym.neural.surrogates import shuffled_trials
from reach_gym.neural.tangling import tangling
from tests.neural.populations import mixing, rotating


def circle_and_eight(times=100, units=30):
    """A state that goes round a circle, and one that goes round a figure of eight in the same plane, crossing itself."""
    angle = np.linspace(0, 2 * np.pi, times)
    axes = mixing(units, 2, np.random.default_rng(0))
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    eight = np.stack([np.sin(angle), np.sin(2 * angle) / 2], axis=1)
    return (circle @ axes)[None], (eight @ axes)[None]


def test_a_figure_of_eight_is_tangled_where_it_crosses_and_a_circle_is_not():
    circle, eight = (tangling(each, 0.01, components=2, soften=None) for each in circle_and_eight())
    assert eight.q.max() > 10 * circle.q.max() and eight.high > circle.high
    assert 45 < eight.q[0].argmax() < 55 or eight.q[0].argmax() in (0, 1, 97, 98)  # it crosses at the ends and in the middle


@pytest.mark.parametrize("step", [1, 2])
def test_tangling_by_hand(step):
    rates = rotating(noise=0.3, times=20)[0] * 20
    scaled = rates / (np.ptp(rates, axis=(0, 1)) + 5.0)
    flat = scaled.reshape(-1, 60) - scaled.mean(axis=(0, 1))
    vectors = np.linalg.svd(flat)[2][:8].T
    x = (flat @ vectors).reshape(12, 20, 8)
    constant = 0.1 * x.reshape(-1, 8).var(axis=0).sum()
    points = [(x[c, t], (x[c, t] - x[c, t - step]) / (0.01 * step)) for c in range(12) for t in range(step, 20)]
    q = [max(((d - e) @ (d - e)) / ((s - r) @ (s - r) + constant) for r, e in points) for s, d in points]
    found = tangling(rates, 0.01, step)
    np.testing.assert_allclose(found.q.ravel(), q, rtol=1e-8)
    assert found.high == pytest.approx(np.percentile(q, 90))


def epochs(turn, units=50, seed=0):
    """Preparation in a 4-dimensional space; movement in one turned by `turn` rad out of it, in every dimension."""
    rng = np.random.default_rng(seed)
    axes = mixing(units, 8, rng)
    first, second = axes[:4], np.cos(turn) * axes[:4] + np.sin(turn) * axes[4:]
    one, other = (rng.standard_normal((12, 1, 4)) * rng.standard_normal((1, 30, 4)) for _ in range(2))
    scale = np.array([2.0, 1.5, 1.2, 1.0])
    return (one * scale) @ first, (other * scale) @ second


def test_alignment_of_orthogonal_equal_and_turned_spaces():
    assert alignment(*epochs(np.pi / 2), components=4, soften=None) == pytest.approx(0.0, abs=1e-10)
    assert alignment(*epochs(0.0), components=4, soften=None) == pytest.approx(1.0, abs=1e-10)
    assert alignment(*epochs(0.6), components=4, soften=None) == pytest.approx(np.cos(0.6) ** 2, abs=1e-10)


def test_alignment_has_its_chance_level_beside_it():
    apart, same = (alignment_against_chance(*epochs(turn), components=4, soften=None) for turn in (np.pi / 2, 0.0))
    assert apart.p < 0.05 and apart.tail == "less" and 0.2 < apart.chance[1] < 0.9
    assert same.p > 0.5


def test_chance_is_that_of_spaces_where_the_data_vary():
    rng = np.random.default_rng(1)
    one, other = (rng.standard_normal((12, 30, 50)) * 0.7 ** np.arange(50) for _ in range(2))
    found = alignment_against_chance(one, other, components=4, soften=None, draws=300)
    p, m = ((each - each.mean(axis=0)).reshape(-1, 50) for each in (one, other))
    values, vectors = np.linalg.eigh(np.cov(np.concatenate([p, m]).T))
    cov = np.cov(m.T)

    def index(axes):
        return np.trace(axes.T @ cov @ axes) / np.linalg.eigvalsh(cov)[-4:].sum()

    biased = [np.linalg.qr(vectors @ (np.sqrt(values)[:, None] * rng.standard_normal((50, 4))))[0] for _ in range(300)]
    anywhere = [np.linalg.qr(rng.standard_normal((50, 4)))[0] for _ in range(300)]
    assert np.median([index(axes) for axes in anywhere]) < 0.2 < found.chance[1]
    np.testing.assert_allclose(found.chance, np.percentile([index(axes) for axes in biased], (2.5, 50, 97.5)), atol=0.06)


def test_alignment_by_hand():
    rng = np.random.default_rng(2)
    one, other = rng.gamma(2, 10, (9, 20, 15)), rng.gamma(2, 10, (9, 25, 15))
    span = np.ptp(np.concatenate([one, other], axis=1), axis=(0, 1)) + 5.0
    p, m = ((each / span - (each / span).mean(axis=0)).reshape(-1, 15) for each in (one, other))
    values, vectors = np.linalg.eig(p.T @ p / (len(p) - 1))
    axes = vectors[:, np.argsort(-values)[:10]]
    cov = m.T @ m / (len(m) - 1)
    by_hand = np.trace(axes.T @ cov @ axes) / np.sort(np.linalg.eigvals(cov).real)[::-1][:10].sum()
    assert alignment(one, other) == pytest.approx(by_hand, abs=1e-8)


def driven(preparation_in_potent=0.0, seed=0, units=40, noise=0.0):
    """Movement fills 6 dimensions, 3 of which drive 3 outputs; preparation fills the other 3, and as much of the first as is said."""
    rng = np.random.default_rng(seed)
    axes = mixing(units, 6, rng)
    before = rng.standard_normal((12, 1, 6)) * np.r_[[preparation_in_potent] * 3, np.ones(3)] * np.ones((1, 20, 1))
    during = rng.standard_normal((12, 1, 6)) * np.cumsum(rng.standard_normal((1, 40, 6)), axis=1)
    during /= during.std(axis=(0, 1))
    output = during[:, :, :3] @ rng.standard_normal((3, 3))
    return before @ axes, during @ axes, output + noise * rng.standard_normal(output.shape), axes


def test_the_weights_read_the_potent_space_and_nothing_else():
    _, during, output, axes = driven()
    spaces = output_spaces(during, output)
    assert spaces.r2 == pytest.approx(1.0)
    np.testing.assert_allclose(spaces.null.T @ spaces.axes @ spaces.weights, 0, atol=1e-10)  # rows and columns of V are not confused
    np.testing.assert_allclose(axes[:3] @ spaces.null, 0, atol=1e-8)
    both = np.concatenate([spaces.potent, spaces.null], axis=1)
    np.testing.assert_allclose(both.T @ both, np.eye(6), atol=1e-10)


def test_a_lag_is_found_where_it_is():
    _, during, output, _ = driven()
    late = np.concatenate([np.zeros((12, 5, 3)), output[:, :-5]], axis=1)
    assert output_spaces(during, late, lag=5).r2 == pytest.approx(1.0) and output_spaces(during, late, lag=0).r2 < 0.99
    with pytest.raises(ValueError, match="lag"):
        output_spaces(during, late, lag=40)


def test_preparation_that_avoids_the_output_stands_out_and_one_that_does_not_does_not():
    before, during, output, _ = driven(0.1)
    found = null_potent(before, during, output, soften=None)
    assert found.preparation == pytest.approx(100, rel=0.9) and found.ratio > 20
    assert null_potent_against_chance(before, during, output, soften=None).p < 0.05
    before, during, output, _ = driven(1.0)
    assert 0.3 < null_potent(before, during, output, soften=None).ratio < 3
    assert null_potent_against_chance(before, during, output, soften=None).p > 0.1


@pytest.mark.parametrize("k", [5, 6])
def test_null_and_potent_by_hand(k):
    before, during, output, _ = driven(0.5, noise=0.1)
    before, during = before * 20, during * 20
    span = np.ptp(np.concatenate([before, during], axis=1), axis=(0, 1)) + 5.0
    before, during, output = before / span, during / span, output / np.ptp(output, axis=(0, 1))
    flat, out = (each.reshape(-1, each.shape[-1]) for each in (during, output))
    pcs = np.linalg.svd(flat - flat.mean(0), full_matrices=False)[2][:k].T
    outs = np.linalg.svd(out - out.mean(0), full_matrices=False)[2][:3].T
    w = np.linalg.pinv((flat - flat.mean(0)) @ pcs) @ ((out - out.mean(0)) @ outs)  # (k, 3)
    potent = w @ np.linalg.inv(w.T @ w) @ w.T  # projectors need no singular value decomposition
    null = np.eye(k) - potent

    def variance(rates, projector):
        own = ((rates - rates.mean(axis=0)) @ pcs @ projector).reshape(-1, k)
        return own.var(axis=0).sum() / np.trace(projector)

    quotients = [variance(each, null) / variance(each, potent) for each in (before, during)]
    found = null_potent(before * span, during * span, output, components=k)
    np.testing.assert_allclose([found.preparation, found.movement, found.ratio], [*quotients, quotients[0] / quotients[1]], rtol=1e-8)


def upstream(change_null=0.0, change_map=0.0, trials=80, seed=0):
    """Trials whose upstream potent activity drives downstream; learning moves null activity, or turns the map."""
    rng = np.random.default_rng(seed)
    labels = np.tile(np.arange(8), trials // 8)
    axes, out, weights = mixing(30, 6, rng), mixing(20, 3, rng), rng.standard_normal((3, 3))
    direction, course = rng.standard_normal((8, 1, 6)), np.cumsum(rng.standard_normal((1, 25, 6)), axis=1)
    pull, turned = rng.standard_normal((8, 1, 3)), rng.standard_normal((3, 3))

    def session(moved, other):
        hidden = direction[labels] * course + 0.3 * rng.standard_normal((trials, 25, 6))
        hidden[:, :, 3:] += moved * pull[labels]
        driven = hidden[:, :, :3] @ (weights * (1 - other) + other * turned)
        return hidden @ axes, driven @ out + 0.01 * rng.standard_normal((trials, 25, 20))

    return session(0.0, 0.0), session(change_null, change_map), (labels, labels)


def changed(*arrays):
    return learning_change(*arrays, components=6, output_components=3)


def test_learning_in_the_null_space_keeps_the_map():
    found = changed(*upstream(change_null=5.0))
    assert found.potent_within > 0.95 and found.potent_across > 0.95
    assert found.null_change > 3 * found.potent_change
    assert found.null_across < found.null_within - 0.05


def test_a_map_that_changes_is_seen():
    found = changed(*upstream(change_map=1.0))
    assert found.potent_within > 0.95 and found.potent_across < 0.5


def test_no_learning_is_no_change_and_shuffled_trials_are_its_chance_level():
    before, after, labels = upstream()
    found = changed(before, after, labels)
    assert found.null_within == pytest.approx(found.null_across, abs=0.05)

    def null_change(rates, down):
        return changed((rates[:80], down[:80]), (rates[80:], down[80:]), labels).null_change

    for moved, low, high in ((0.0, 0.05, 1.0), (1.0, 0.0, 0.05)):
        before, after, labels = upstream(change_null=moved)
        rates, down = (np.concatenate(pair) for pair in zip(before, after))
        p = against(lambda r: null_change(r, down), rates, shuffled_trials(np.tile(labels[0], 2)), 39).p
        assert low <= p <= high


def test_refusals():
    before, during, output, _ = driven()
    with pytest.raises(ValueError, match="`components` must be at most"):
        alignment(before, during, soften=None)
    with pytest.raises(ValueError, match="`movement`|units"):
        alignment(before, during[:, :, 1:])
    with pytest.raises(ValueError, match="output_components"):
        output_spaces(during, output, components=3)
    with pytest.raises(ValueError, match="axes"):
        output_spaces(during, output[:, 1:])
    with pytest.raises(ValueError, match="dt"):
        tangling(during, 0.0)
    first, second, labels = upstream()
    with pytest.raises(ValueError, match="labels"):
        changed(first, second, (labels[0], labels[0] + 1))
    flat = [np.tile(each.mean(axis=0), (80, 1, 1)) + 1e-9 * each for each in first]
    with pytest.warns(TinyDenominatorWarning, match="change"):
        changed(tuple(flat), second, labels)
