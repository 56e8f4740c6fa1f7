"""What surrogates keep and what they destroy, and how a value is set beside its null."""

import numpy as np
import pytest

from reach_gym.neural.maximum_entropy import main_effects, marginal_covariances, maximum_entropy, solve
from reach_gym.neural.nulls import against, beside
from reach_gym.neural.preparing import condition_dependent
from reach_gym.neural.surrogates import matched_covariance, matched_tuning, shuffled_conditions, shuffled_trials
from tests.neural.populations import rotating, tuned, velocity


def test_main_effects_are_the_least_squares_fit_of_one_number_per_condition_time_and_unit():
    rates = np.random.default_rng(0).standard_normal((3, 4, 5))
    axes = [np.eye(n) for n in rates.shape]
    design = np.array([[*axes[0][i], *axes[1][j], *axes[2][k]] for i in range(3) for j in range(4) for k in range(5)])
    fitted = design @ np.linalg.lstsq(design, rates.ravel(), rcond=None)[0]
    np.testing.assert_allclose(main_effects(rates).ravel(), fitted, atol=1e-12)


@pytest.mark.parametrize("rates", [rotating()[0][:, ::3], tuned(units=30)[:, ::2]])
def test_maximum_entropy_keeps_means_and_marginal_covariances(rates):
    generator = np.random.default_rng(0)
    draw = maximum_entropy(rates)
    drawn = [draw(generator) for _ in range(400)]
    mean = main_effects(rates)
    spread = (rates - mean).std()
    assert np.abs(np.mean(drawn, axis=0) - mean).mean() < 0.1 * spread
    for axis, wanted in enumerate(marginal_covariances(rates - mean)):
        got = np.mean([marginal_covariances(each - mean)[axis] for each in drawn], axis=0)
        assert np.linalg.norm(got - wanted) < 0.1 * np.linalg.norm(wanted)
    # and not the rest: a single entry is no longer what it was
    assert abs(np.corrcoef((drawn[0] - mean).ravel(), (rates - mean).ravel())[0, 1]) < 0.5


def test_the_solution_is_the_one_of_largest_entropy():
    """A second way: log-eigenvalues of any distribution, optimised for entropy under the marginals by SciPy's constrained search."""
    from scipy.optimize import minimize

    wanted = [np.array([3.0, 1.0]), np.array([2.5, 1.0, 0.5]), np.array([2.0, 1.2, 0.8])]
    parts = solve(wanted)
    found = 1 / (parts[0][:, None, None] + parts[1][None, :, None] + parts[2][None, None, :])

    def margins(log):
        cube = np.exp(log).reshape(2, 3, 3)
        return np.concatenate([cube.sum((1, 2)) - wanted[0], (cube.sum((0, 2)) - wanted[1])[:-1], (cube.sum((0, 1)) - wanted[2])[:-1]])

    best = minimize(lambda log: -log.sum(), np.full(18, np.log(4 / 18)), jac=lambda log: -np.ones(18), method="SLSQP",
                    constraints={"type": "eq", "fun": margins}, options={"ftol": 1e-15, "maxiter": 500})  # fmt: skip
    np.testing.assert_allclose(found.ravel(), np.exp(best.x), atol=2e-6)
    for axis, each in enumerate(wanted):
        np.testing.assert_allclose(found.sum(axis=tuple({0, 1, 2} - {axis})), each, atol=1e-8)


@pytest.mark.parametrize("seed", [44, 252, 282, 321, 390])
def test_a_solution_is_found_for_eigenvalues_of_all_sizes(seed):
    """For these a least-squares search of the multipliers' logarithms ends up to 23 % off."""
    generator = np.random.default_rng(seed)
    wanted = [each / each.sum() for each in (np.exp(generator.normal(0.0, 3.0, count)) for count in (11, 9, 48))]
    a, b, c = solve(wanted)
    found = 1 / (a[:, None, None] + b[None, :, None] + c[None, None, :])
    assert (found > 0).all()
    for axis, each in enumerate(wanted):
        np.testing.assert_allclose(found.sum(axis=tuple({0, 1, 2} - {axis})), each, rtol=2e-9)


def test_what_is_not_kept_becomes_equal():
    rates = condition_dependent(rotating()[0][:, ::3])
    draw = maximum_entropy(rates, keep=["units"])
    got = np.mean([marginal_covariances(draw(np.random.default_rng(k)))[1] for k in range(300)], axis=0)
    assert np.abs(got - np.diag(np.diag(got))).max() < 0.15 * np.diag(got).mean()


def test_matched_covariance_keeps_it_exactly_and_mixes_conditions():
    rates = tuned(noise=0.0)
    surrogate = matched_covariance(rates)(np.random.default_rng(0))
    one, other = (condition_dependent(each).reshape(-1, 100) for each in (rates, surrogate))
    np.testing.assert_allclose(other.T @ other, one.T @ one, atol=1e-9)
    np.testing.assert_allclose(surrogate.mean(axis=0), rates.mean(axis=0), atol=1e-9)
    assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 0.6


def test_matched_tuning_predicts_tuned_units_exactly_at_their_latencies():
    from reach_gym.neural.surrogates import _tuned

    lags = np.arange(-10, 11)
    rng = np.random.default_rng(0)
    where, lag = rng.uniform(0, 2 * np.pi, 21), rng.permutation(lags)
    hand = velocity(10)
    rates = np.stack([2 + hand[:, 10 + k : 70 + k] @ [np.cos(w), np.sin(w)] for k, w in zip(lag, where)], axis=2)
    np.testing.assert_allclose(_tuned(rates, hand), rates, atol=1e-10)
    drawn = matched_tuning(hand)(rates)(np.random.default_rng(1))
    assert all(min(np.abs(drawn[:, :, [i]] - rates).max(axis=(0, 1))) < 1e-10 for i in range(21))
    with pytest.raises(ValueError, match="2 m"):
        matched_tuning(hand)(rates[:, 1:])


def test_shuffles_move_whole_conditions_and_trials_within_their_label():
    rates = np.arange(6.0)[:, None, None] * np.ones((6, 2, 3))
    drawn = shuffled_conditions(rates)(np.random.default_rng(0))
    assert sorted(drawn[:, 0, 0]) == list(range(6)) and (np.ptp(drawn, axis=(1, 2)) == 0).all()
    labels = ["a", "b", "a", "b", "a", "b"]
    for k in range(20):
        drawn = shuffled_trials(labels)(rates)(np.random.default_rng(k))[:, 0, 0]
        assert set(drawn[::2]) == {0, 2, 4} and set(drawn[1::2]) == {1, 3, 5}
    with pytest.raises(ValueError, match="labels"):
        shuffled_trials(labels)(rates[1:])


def test_p_counts_the_data_and_follows_the_tail():
    null = np.arange(1.0, 100.0)
    assert beside(98.5, null).p == pytest.approx(0.02) and beside(98.5, null, "less").p == pytest.approx(0.99)
    assert beside(1000.0, null).p == 0.01
    assert beside(5.0, null).chance == pytest.approx((3.45, 50.0, 96.55))
    with pytest.raises(ValueError, match="tail"):
        beside(5.0, null, "both")
    with pytest.raises(ValueError, match="null"):
        beside(5.0, [np.nan])


def test_the_same_seed_gives_the_same_null():
    rates = rotating()[0]
    one, same, other = (against(lambda r: float(r[0, 0, 0]), rates, shuffled_conditions, 9, seed=k) for k in (1, 1, 2))
    np.testing.assert_array_equal(one.null, same.null)
    assert not np.array_equal(one.null, other.null)
    with pytest.raises(ValueError, match="vary"):
        maximum_entropy(np.ones((3, 4, 5)))
