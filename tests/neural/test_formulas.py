"""Measures a second time, from their formulas and by other mathematics than the package's: both agree within 1e-8."""

import numpy as np
import pytest
from sklearn.model_selection import GroupKFold

from reach_gym.neural.compare import held_out_shape
from reach_gym.neural.condition_invariant import invariant_share, reaction_times
from reach_gym.neural.decoding import decode
from reach_gym.neural.dimensionality import shared_dimensions
from reach_gym.neural.learning import learning_change
from tests.neural.populations import tuned
from tests.neural.test_comparing import trials, waiting
from tests.neural.test_spaces_of_epochs import upstream

CLOSE = {"rtol": 0, "atol": 1e-8}


def axes_of(flat, count):
    """The first eigenvectors of the covariance, as columns."""
    values, vectors = np.linalg.eigh(np.cov(flat.T))
    return vectors[:, np.argsort(-values)[:count]]


def r2(wanted, guessed):
    """1 - squared errors over squared distances from the means, over all outputs."""
    return 1 - ((wanted - guessed) ** 2).sum() / ((wanted - wanted.mean(axis=0)) ** 2).sum()


def noisy(seed):
    return tuned(units=15, times=20, noise=0.1) + 0.1 * np.random.default_rng(seed).standard_normal((12, 20, 15))


def test_the_invariant_share_is_that_of_an_analysis_of_variance():
    one, two = noisy(1), noisy(2)

    def squares(a, b):
        """Sums of squares (products, of two halves) of the effect of time, the same for all conditions, and in all."""
        effect = total = 0.0
        for unit in range(a.shape[2]):
            (mean_a, mean_b), (times_a, times_b) = zip(*((x[:, :, unit].mean(), x[:, :, unit].mean(axis=0)) for x in (a, b)))
            effect += len(a) * ((times_a - mean_a) * (times_b - mean_b)).sum()
            total += ((a[:, :, unit] - mean_a) * (b[:, :, unit] - mean_b)).sum()
        return effect / total

    np.testing.assert_allclose(invariant_share(one), squares(one, one), **CLOSE)
    np.testing.assert_allclose(invariant_share(one, two), squares(one, two), **CLOSE)


def test_shared_dimensions_are_a_quadratic_form_of_the_covariance_between_halves():
    one, two = noisy(3).reshape(-1, 15), noisy(4).reshape(-1, 15)
    between = np.cov(one.T, two.T, ddof=0)[:15, 15:]
    along = np.array([v @ between @ v for v in axes_of(one, 15).T])
    total = np.trace(between)
    found = shared_dimensions(one.reshape(12, 20, 15), two.reshape(12, 20, 15), enough=0.8)
    np.testing.assert_allclose(found.shared, along / total, **CLOSE)
    assert found.needed == next(k for k in range(1, 16) if along[:k].sum() >= 0.8 * total)
    np.testing.assert_allclose(found.reliable, 2 * total / (one.var(axis=0).sum() + two.var(axis=0).sum()), **CLOSE)


def test_the_shape_in_left_out_conditions_by_the_polar_decomposition():
    one, two = noisy(5), tuned(units=12, times=20, noise=0.1, seed=6)
    left = whole = 0.0
    for out in range(12):
        kept = np.arange(12) != out
        scores, tested = [], []
        for each in (one, two):
            flat = each[kept].reshape(-1, each.shape[2])
            axes = axes_of(flat, 3)
            scores.append((flat - flat.mean(axis=0)) @ axes)
            tested.append((each[out] - flat.mean(axis=0)) @ axes)
        x, y = scores
        product = x.T @ y
        values, vectors = np.linalg.eigh(product.T @ product)
        root = vectors @ np.diag(np.sqrt(values)) @ vectors.T  # (M'M)^(1/2): M = turn @ root
        scale = np.trace(root) / (x**2).sum()
        left += ((tested[1] - scale * tested[0] @ product @ np.linalg.inv(root)) ** 2).sum()
        whole += (tested[1] ** 2).sum()
    np.testing.assert_allclose(held_out_shape(one, two, 3), 1 - left / whole, **CLOSE)


def test_reaction_times_by_hand():
    rates, waited = waiting(0.02, trials=12)
    crossing = []
    for out in range(12):
        mean = np.delete(rates, out, axis=0).mean(axis=0)
        axis = axes_of(mean, 1)[:, 0]
        course, signal = mean @ axis, rates[out] @ axis
        if np.argmax(course) < np.argmin(course):
            course, signal = -course, -signal
        level = (course.min() + course.max()) / 2
        first = next(t for t in range(1, 70) if signal[t - 1] < level <= signal[t])
        crossing.append(np.interp(level, signal[first - 1 : first + 1], [first - 1, first]) * 0.01)
    found = reaction_times(rates, waited, 0.01, folds=12)
    np.testing.assert_allclose(found.crossing, crossing, **CLOSE)
    a, b = crossing - np.mean(crossing), waited - waited.mean()
    np.testing.assert_allclose(found.r, a @ b / np.sqrt((a @ a) * (b @ b)), **CLOSE)


def ridge(x, y, penalty):
    """Weights and intercept, by the normal equations."""
    centre = x - x.mean(axis=0)
    weights = np.linalg.inv(centre.T @ centre + penalty * np.eye(x.shape[1])) @ centre.T @ (y - y.mean(axis=0))
    return weights, y.mean(axis=0) - x.mean(axis=0) @ weights


@pytest.mark.parametrize("lag", [0, 3])
def test_decoding_by_the_normal_equations(lag):
    rates, hand, target = trials(count=24, noise=2.0)
    x, y = rates[:, :, :20][:, : 60 - lag], hand[:, lag:]
    guessed, chosen = np.empty_like(y), []
    penalties = (1.0, 100.0, 1e4)
    for train, test in GroupKFold(3).split(x, groups=target):  # which trials are left out together is no formula
        flat, wanted = x[train].reshape(-1, 20), y[train].reshape(-1, 2)
        mean, spread = flat.mean(axis=0), flat.std(axis=0)
        rows, errors = np.repeat(target[train], 60 - lag), np.zeros(3)
        for inner, outer in GroupKFold(3).split(flat, groups=rows):
            for k, penalty in enumerate(penalties):
                weights, base = ridge((flat[inner] - mean) / spread, wanted[inner], penalty)
                errors[k] += (((flat[outer] - mean) / spread @ weights + base - wanted[outer]) ** 2).mean()
        chosen.append(penalties[errors.argmin()])
        weights, base = ridge((flat - mean) / spread, wanted, chosen[-1])
        guessed[test] = (x[test] - mean) / spread @ weights + base
    found = decode(rates[:, :, :20], hand, lag, groups=target.tolist(), folds=3, penalties=penalties)
    np.testing.assert_allclose(found.velocity, guessed, **CLOSE)
    np.testing.assert_allclose(found.mean, r2(y.reshape(-1, 2), guessed.reshape(-1, 2)), **CLOSE)
    np.testing.assert_allclose(found.r2, [r2(y[..., k].reshape(-1, 1), guessed[..., k].reshape(-1, 1)) for k in (0, 1)], **CLOSE)
    assert found.penalty.tolist() == chosen


@pytest.mark.parametrize("lag", [0, 2])
def test_learning_in_null_and_potent_spaces_by_projectors(lag):
    (rates, down), (rates_after, down_after), (labels, _) = upstream(change_null=2.0, change_map=0.3, trials=16)
    first, last = slice(None, 25 - lag), slice(lag, None)
    flat, out = rates[:, first].reshape(-1, 30), down[:, last].reshape(-1, 20)
    axes, out_axes = axes_of(flat, 6), axes_of(out, 3)

    def told(x, y):
        """States and outputs in the components of before, (trials, times, components)."""
        return (x[:, first] - flat.mean(axis=0)) @ axes, (y[:, last] - out.mean(axis=0)) @ out_axes

    (state, wanted), (state_after, wanted_after) = told(rates, down), told(rates_after, down_after)
    w = np.linalg.pinv(state.reshape(-1, 6)) @ wanted.reshape(-1, 3)
    potent = w @ np.linalg.inv(w.T @ w) @ w.T  # a projector needs no basis of its space
    found = learning_change((rates, down), (rates_after, down_after), (labels, labels), 6, 3, lag, folds=16)
    for name, projector in (("potent", potent), ("null", np.eye(6) - potent)):
        here, there = state @ projector, state_after @ projector
        guessed, across = np.empty_like(wanted), []
        for test in range(16):
            x, y = (np.delete(each, test, axis=0).reshape(-1, each.shape[2]) for each in (here, wanted))
            map_ = np.linalg.pinv(x - x.mean(axis=0), rcond=1e-10) @ (y - y.mean(axis=0))
            guessed[test] = (here[test] - x.mean(axis=0)) @ map_ + y.mean(axis=0)
            after = (there.reshape(-1, 6) - x.mean(axis=0)) @ map_ + y.mean(axis=0)
            across.append(r2(wanted_after.reshape(-1, 3), after))
        start, end = (np.stack([each[labels == k].mean(axis=(0, 1)) for k in range(8)]) for each in (here, there))
        spread = np.linalg.norm(start - start.mean(axis=0), axis=1).mean()
        change = np.linalg.norm(end - start, axis=1).mean() / spread
        by_hand = [r2(wanted.reshape(-1, 3), guessed.reshape(-1, 3)), np.mean(across), change]
        told_so = [getattr(found, f"{name}_{what}") for what in ("within", "across", "change")]
        np.testing.assert_allclose(told_so, by_hand, **CLOSE)
