"""Condition-invariant signals, comparisons of two populations, decoding, dimensions and equal numbers, where the truth is known."""

import numpy as np
import pytest

from reach_gym.neural.compare import canonical_correlations, dissimilarities, held_out_shape, representational_similarity
from reach_gym.neural.condition_invariant import demixed, invariant_share, reaction_times
from reach_gym.neural.decoding import decode
from reach_gym.neural.dimensionality import participation_ratio, shared_dimensions
from reach_gym.neural.matching import matched_trials, matched_units
from reach_gym.neural.maximum_entropy import maximum_entropy
from reach_gym.neural.nulls import against
from reach_gym.neural.surrogates import shuffled_conditions
from tests.neural.populations import DIRECTIONS, mixing, rotating, tuned, velocity


def invariant(share, units=40, times=50, noise=0.0, seed=0):
    """One common time course along one axis, `share` of the variance; tuned activity across it."""
    rng = np.random.default_rng(seed)
    axes = mixing(units, 5, rng)
    common = np.tanh(np.linspace(-3, 3, times))
    common = (common - common.mean()) / common.std()
    tuning = rng.standard_normal((12, 1, 4)) * np.cumsum(rng.standard_normal((1, times, 4)), axis=1)
    tuning -= tuning.mean(axis=0)
    tuning *= np.sqrt((1 - share) / tuning.var(axis=(0, 1)).sum())
    signal = np.sqrt(share) * common[None, :, None] * axes[0] + tuning @ axes[1:]
    return signal + noise * rng.standard_normal(signal.shape), axes


def test_the_invariant_share_is_found_and_halves_take_the_noise_away():
    rates, _ = invariant(0.6)
    assert invariant_share(rates) == pytest.approx(0.6)
    one, other = (invariant(0.6)[0] + 0.2 * np.random.default_rng(k).standard_normal(rates.shape) for k in (1, 2))
    assert invariant_share(one) < 0.4  # noise passes for tuning
    assert invariant_share(one, other) == pytest.approx(0.6, abs=0.05)


def test_a_share_stands_out_of_independent_conditions_and_not_of_the_covariance_that_it_is_made_of():
    rates, _ = invariant(0.6)
    apart = against(invariant_share, rates, lambda each: maximum_entropy(each, ["times", "units"]), 39)
    assert apart.p < 0.05 and apart.chance[2] < 0.4
    assert against(invariant_share, rates, maximum_entropy, 39).p > 0.05  # a function of the covariance over conditions
    alone = np.cumsum(np.random.default_rng(0).standard_normal((12, 50, 4)), axis=1) @ mixing(40, 4, np.random.default_rng(1))
    assert against(invariant_share, alone, lambda each: maximum_entropy(each, ["times", "units"]), 39).p > 0.05


def test_demixing_finds_the_largest_component_and_that_it_is_orthogonal():
    rates, axes = invariant(0.6)
    found = demixed(rates, components=3, soften=None)
    assert found.kind[0] and found.explained[0] == pytest.approx(0.6, abs=0.01) and found.invariant[0] > 0.999
    assert abs(found.encoders[:, 0] @ axes[0]) > 0.999
    assert (found.invariant[~found.kind] < 0.01).all()
    small = demixed(invariant(0.1)[0], components=3, soften=None)
    assert not small.kind[0]
    assert demixed(rates, components=1, soften=None).angle == pytest.approx(np.pi / 2, abs=0.01)


def test_demixed_by_hand():
    rates = tuned(noise=0.05) * 30 + 10
    scaled = rates / (np.ptp(rates, axis=(0, 1)) + 5.0)
    x = (scaled - scaled.mean(axis=(0, 1))).reshape(-1, 100).T  # units in rows, as in the paper
    common = np.tile((scaled - scaled.mean(axis=(0, 1))).mean(axis=0).T, 12)
    penalty = 1e-6 * (x**2).sum()
    expected = []
    for part in (common, x - common):
        # ordinary least squares with the penalty as extra data, then the best approximation of its prediction of rank 2
        padded, target = np.hstack([x, np.sqrt(penalty) * np.eye(100)]), np.hstack([part, np.zeros((100, 100))])
        whole = target @ np.linalg.pinv(padded)
        left = np.linalg.svd(whole @ x, full_matrices=False)[0][:, :2]
        for axis in left.T:
            score = axis @ whole @ x
            expected.append(1 - ((x - np.outer(axis, score)) ** 2).sum() / (x**2).sum())
    np.testing.assert_allclose(demixed(rates, components=2).explained, sorted(expected, reverse=True), atol=1e-8)


def waiting(jitter, trials=80, seed=0):
    """Trials in which the common signal rises when the hand is about to move."""
    rng = np.random.default_rng(seed)
    rt = rng.uniform(0.2, 0.4, trials)
    time = np.arange(70) * 0.01
    rise = np.tanh((time - rt[:, None] + 0.1 + jitter * rng.standard_normal((trials, 1))) / 0.04)
    axes = mixing(30, 3, rng)
    tuning = rng.standard_normal((trials, 1, 2)) * np.sin(time * 9)[None, :, None]
    return 3 * rise[:, :, None] * axes[0] + tuning @ axes[1:] + 0.05 * rng.standard_normal((trials, 70, 30)), rt


def test_the_signal_tells_the_reaction_time_and_shuffled_trials_do_not():
    rates, rt = waiting(0.005)
    found = reaction_times(rates, rt, 0.01)
    assert found.r > 0.95 and found.crossed == 1.0
    np.testing.assert_allclose(found.crossing, rt - 0.1, atol=0.03)
    assert against(lambda each: reaction_times(each, rt, 0.01).r, rates, shuffled_conditions, 39).p < 0.05
    loose = reaction_times(*waiting(0.2), 0.01)
    assert loose.r < 0.6


def pair(seed=0, shared=2, noise=0.0):
    """Two populations of 30 and 20 units with `shared` signals in common and as many again of their own."""
    rng = np.random.default_rng(seed)
    common, own, other = (np.cumsum(rng.standard_normal((12, 60, shared)), axis=1) for _ in range(3))
    one = np.concatenate([common, own], axis=2) @ mixing(30, 2 * shared, rng)
    two = np.concatenate([common, other], axis=2) @ mixing(20, 2 * shared, rng)
    return (each + noise * rng.standard_normal(each.shape) for each in (one, two))


def test_shared_signals_correlate_in_left_out_conditions_and_others_do_not():
    found = canonical_correlations(*pair(), components=4)
    np.testing.assert_allclose(found.correlation[:2], 1.0, atol=1e-8)
    np.testing.assert_allclose(found.held_out[:2], 1.0, atol=1e-6)
    assert (np.abs(found.held_out[2:]) < 0.5).all() and (found.correlation[2:] > 0.1).any()
    null = against(lambda r: canonical_correlations(r, list(pair())[1], 4).held_out[:2].mean(), list(pair())[0], shuffled_conditions, 19)
    assert null.p == 0.05 and null.chance[2] < 0.9


def test_chance_correlations_of_few_smooth_conditions_do_not_hold_in_left_out_ones():
    rng = np.random.default_rng(5)
    one, other = (np.cumsum(rng.standard_normal((6, 40, 8)), axis=1) @ mixing(20, 8, rng) for _ in range(2))
    found = canonical_correlations(one, other, 8)
    assert found.correlation[0] > 0.9 and np.abs(found.held_out[:4]).mean() < 0.5


def test_canonical_correlations_by_hand():
    one, two = pair(noise=0.5)
    found = canonical_correlations(one, two, 3).correlation
    scores = []
    for each in (one, two):
        flat = each.reshape(-1, each.shape[-1]) - each.mean(axis=(0, 1))
        scores.append(flat @ np.linalg.svd(flat)[2][:3].T)
    a, b = scores
    inner = np.linalg.inv(a.T @ a) @ a.T @ b @ np.linalg.inv(b.T @ b) @ b.T @ a  # Hotelling's eigenvalue problem
    np.testing.assert_allclose(found**2, np.sort(np.linalg.eigvals(inner).real)[::-1], atol=1e-8)


def test_equal_shapes_are_recognised_in_left_out_conditions():
    rates, _ = rotating(noise=0.0)
    rng = np.random.default_rng(3)
    turned = 4 * rates @ mixing(90, 60, rng) + rng.standard_normal(90)
    assert held_out_shape(rates, turned, 6) == pytest.approx(1.0, abs=1e-8)
    assert held_out_shape(rates, rotating(noise=0.0, seed=9)[0], 6) < 0.3
    assert held_out_shape(rates, turned[rng.permutation(12)], 6) < 0.3


def test_similar_geometry_is_found_whatever_the_units():
    one, other = tuned(units=60, seed=1, spread=0.02), tuned(units=200, seed=2, spread=0.02)
    assert representational_similarity(one, other) > 0.9
    assert representational_similarity(one, one * 3 + 1) == pytest.approx(1.0)
    null = against(lambda r: representational_similarity(r, other), one, shuffled_conditions, 99)
    assert null.p < 0.05 and abs(null.chance[1]) < 0.3
    by_hand = [np.linalg.norm(one[i] - one[j]) for i in range(12) for j in range(i + 1, 12)]
    np.testing.assert_allclose(dissimilarities(one), by_hand, rtol=1e-8)


def trials(seed=0, lag=0, noise=0.5, count=60):
    """Rates that follow the hand's velocity `lag` steps ahead of it."""
    rng = np.random.default_rng(seed)
    target = rng.integers(0, 12, count)
    speed = rng.uniform(0.6, 1.4, (count, 1, 1))
    hand = velocity(10)[target] * speed
    rates = hand[:, 10 + lag : 70 + lag] @ mixing(40, 2, rng) * 5
    return rates + noise * rng.standard_normal(rates.shape), hand[:, 10:70], target


def test_known_velocity_is_decoded_to_its_ceiling():
    rates, hand, _ = trials(noise=0.0)
    assert decode(rates, hand).mean > 0.9999
    rates, hand, _ = trials(noise=0.5)
    # 2 signals of gain 5 under white noise of 0.5 in all units: the best linear estimate leaves 1 / (1 + signal / noise)
    power = hand.reshape(-1, 2).var(axis=0)
    ceiling = 1 - 1 / (1 + power * 25 / 0.25)
    np.testing.assert_allclose(decode(rates, hand).r2, ceiling, atol=0.02)


def test_the_lag_counts_and_chance_is_at_or_below_zero():
    rates, hand, _ = trials(lag=8, noise=0.1, count=20)
    assert decode(rates, hand, lag=8).mean > 0.99 > decode(rates, hand).mean + 0.1
    found = against(lambda r: decode(r, hand, lag=8, folds=3).mean, rates, shuffled_conditions, 9)
    assert found.p == 0.1 and found.chance[2] < 0.1


def test_new_targets_are_harder_than_new_trials_for_a_decoder_that_knows_targets_only():
    rng = np.random.default_rng(0)
    _, hand, target = trials()
    bell = velocity()[0, :, :1]
    codes = rng.standard_normal((12, 40))  # units that name the target, in no order
    rates = codes[target][:, None] * bell + 0.05 * rng.standard_normal((60, 60, 40))
    assert decode(rates, hand).mean > 0.7
    assert decode(rates, hand, groups=target).mean < 0.3
    with pytest.raises(ValueError, match="groups"):
        decode(rates, hand, groups=target % 3)


def test_dimensions_of_equal_and_unequal_variances():
    rng = np.random.default_rng(0)
    flat = np.linalg.qr(rng.standard_normal((600, 5)) - 0)[0]
    flat -= flat.mean(axis=0)
    basis = np.linalg.qr(flat)[0] @ mixing(30, 5, rng)
    assert participation_ratio(basis.reshape(12, 50, 30)) == pytest.approx(5.0)
    values = np.linalg.eigvalsh(np.cov(tuned().reshape(-1, 100).T))
    assert participation_ratio(tuned()) == pytest.approx(values.sum() ** 2 / (values**2).sum(), rel=1e-8)


def test_noise_adds_dimensions_to_the_one_count_and_not_to_the_other():
    rates, _ = rotating(noise=0.0, planes=2)
    one, other = (rates + 0.2 * np.random.default_rng(k).standard_normal(rates.shape) for k in (1, 2))
    assert participation_ratio(one) > 1.5 * participation_ratio(rates)
    found = shared_dimensions(one, other, 0.95)
    shares = np.linalg.svd(rates.reshape(-1, 60) - rates.mean(axis=(0, 1)), compute_uv=False)[:4] ** 2
    assert found.needed == 1 + np.argmax(np.cumsum(shares) >= 0.95 * shares.sum()) and found.shared[:4].sum() > 0.97
    true = rates.reshape(-1, 60).var(axis=0).sum()
    assert found.reliable == pytest.approx(true / (true + 60 * 0.04), rel=0.05)
    assert shared_dimensions(rates, rates).reliable == pytest.approx(1.0)
    with pytest.raises(ValueError, match="shapes"):
        shared_dimensions(one, other[:, 1:])


def test_equal_numbers_of_units_take_a_difference_of_size_away():
    rng = np.random.default_rng(0)
    large, small = rng.standard_normal((6, 40, 80)), rng.standard_normal((6, 40, 20))  # white: as many dimensions as units
    assert participation_ratio(large) > 2.5 * participation_ratio(small)
    found = matched_units(participation_ratio, [large, small], draws=20)
    assert found.units == 20 and found.value[0] == pytest.approx(found.value[1], rel=0.1)
    assert found.low[0] <= found.value[0] <= found.high[0] and found.low[1] == pytest.approx(found.high[1])
    with pytest.raises(ValueError, match="units"):
        matched_units(participation_ratio, [large, small], units=21)


def test_halves_share_no_trial_and_hold_equally_many_of_each_label():
    rates = np.arange(10.0)[:, None, None] * np.ones((10, 2, 3))
    labels = [0, 0, 0, 0, 0, 0, 1, 1, 1, 1]
    one, other = matched_trials(rates**2 * 0 + 2.0 ** rates, labels)
    for half, rest in zip(one[:, 0, 0], other[:, 0, 0]):
        bits, more = int(round(half * 2)), int(round(rest * 2))
        assert bits.bit_count() == more.bit_count() == 2 and bits & more == 0
    with pytest.raises(ValueError, match="once"):
        matched_trials(rates, [0] * 9 + [1])


def test_refusals():
    one, two = pair()
    with pytest.raises(ValueError, match="conditions and times"):
        canonical_correlations(one, two[:, 1:])
    with pytest.raises(ValueError, match="distance"):
        representational_similarity(one, two, "cosine")
    with pytest.raises(ValueError, match="reaction_time"):
        reaction_times(one, np.ones(11), 0.01)
    with pytest.raises(ValueError, match="equal shapes"):
        invariant_share(one, two)
    with pytest.raises(ValueError, match="first two axes"):
        decode(one, np.zeros((12, 59, 2)))
    assert len(DIRECTIONS) == 12
