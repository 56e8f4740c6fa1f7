"""The two-state model: the published figures, its equations, and that a fit finds what made the data."""

import numpy as np
import pytest

from reach_gym.measures import TwoState, fit_two_state

# Adaptation, error clamp, counter-perturbation and clamp again, as in Smith, Ghazizadeh & Shadmehr 2006.
PUSH = np.r_[np.zeros(10), np.ones(200), np.zeros(30), -np.ones(15), np.zeros(50)]
CLAMPED = np.r_[np.zeros(210), np.ones(30), np.zeros(15), np.ones(50)].astype(bool)


def test_the_published_parameters_have_their_asymptote():
    model = TwoState()
    assert model.asymptote == pytest.approx(0.751, abs=5e-4)
    assert model.output(np.ones(2000), np.zeros(2000, bool))[-1] == pytest.approx(model.asymptote, abs=1e-6)
    assert TwoState(1.0, 1.0, 0.1, 0.1).asymptote == 1.0


def test_the_equations_by_hand():
    states = TwoState(0.5, 0.9, 0.4, 0.1).states([1.0, 1.0, 0.0, 0.0], np.array([False, False, True, False]))
    assert states == pytest.approx(np.array([[0, 0], [0.4, 0.1], [0.2 + 0.4 * 0.5, 0.09 + 0.1 * 0.5], [0.2, 0.126]]))


def test_it_recovers_spontaneously():
    # After the counter-perturbation the output is near zero, and rises again while errors are clamped: their Figure 2.
    output = TwoState().output(PUSH, CLAMPED)
    assert output[255] < 0.1 < output[262:275].max()


@pytest.mark.parametrize("truth", [TwoState(), TwoState(0.8, 0.98, 0.3, 0.05), TwoState(0.3, 0.95, 0.4, 0.1)])
def test_a_fit_finds_what_made_the_data(truth):
    measured = truth.output(PUSH, CLAMPED)
    measured[::2] = np.nan
    fit = fit_two_state(PUSH, CLAMPED, measured)
    assert fit.explained > 0.9999 and fit.trials == len(PUSH) // 2
    found = fit.model
    assert found.slow_retention == pytest.approx(truth.slow_retention, abs=2e-3)
    assert found.fast_learning == pytest.approx(truth.fast_learning, abs=2e-2)
    assert found.fast_retention <= found.slow_retention and found.slow_learning <= found.fast_learning


def test_noise_is_not_explained():
    noise = np.random.default_rng(0).normal(0, 0.2, len(PUSH))
    fit = fit_two_state(PUSH, CLAMPED, TwoState().output(PUSH, CLAMPED) + noise)
    assert 0.3 < fit.explained < 0.95 and set(fit.to_data()) > {"fast_retention", "asymptote", "explained"}


def test_nothing_to_explain_is_no_number():
    assert np.isnan(fit_two_state(PUSH, CLAMPED, np.full(len(PUSH), 1e-12)).explained)


def test_too_few_trials_are_refused():
    with pytest.raises(ValueError, match="at least 4 numbers, .* got 3"):
        fit_two_state(np.ones(5), np.zeros(5, bool), [0.1, 0.2, 0.3, np.nan, np.nan])
    with pytest.raises(ValueError, match="`clamped`"):
        fit_two_state(np.ones(5), np.zeros(4, bool), np.ones(5))
