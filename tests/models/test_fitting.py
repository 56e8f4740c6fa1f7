"""Fits find what made the data, say where they cannot, and their intervals hold the truth."""

import numpy as np
import pytest

from reach_gym.models import (
    Contextual,
    ErrorSensitivity,
    ManySlow,
    OneState,
    TrialData,
    TwoState,
    bootstrap,
    compare,
    cross_validate,
    data_of,
    fit,
    fit_group,
    mean_of,
)
from reach_gym.sessions import Row, TrialTable

PUSH = np.r_[np.zeros(20), np.ones(200), -np.ones(20), np.zeros(50)]
WALLS = np.r_[np.zeros(240), np.ones(50)].astype(bool)
WALLS[20:240:5] = True
PUSH[WALLS] = 0.0


def made_by(model, noise=0.0, seed=0, **others):
    measured = model.simulate(PUSH, WALLS, rng=seed, output_noise=noise, **others)
    return TrialData(PUSH, WALLS, np.where(WALLS, measured, np.nan), **others)


@pytest.mark.parametrize(
    "truth",
    [TwoState(), TwoState(0.8, 0.98, 0.3, 0.05), TwoState(0.3, 0.95, 0.4, 0.1), OneState(0.97, 0.1), ErrorSensitivity(0.97, 0.1, 0.01)],
)
def test_a_fit_finds_what_made_the_data(truth):
    found = fit(type(truth), made_by(truth))
    assert found.explained > 0.999 and found.trials == int(WALLS.sum()) and not found.warnings
    for name in truth.FREE:
        assert getattr(found.model, name) == pytest.approx(getattr(truth, name), abs=5e-3), name


def test_cues_and_rests_count():
    cue, rest = np.tile([1, 2], 145), np.where(np.arange(290) % 50 == 49, 60.0, 0.0)
    truth = ManySlow(0.7, 0.98, 0.2, 0.05, fast_decay=0.01)
    found = fit(ManySlow(fast_decay=0.01), made_by(truth, rest=rest, cue=cue), starts=[ManySlow()])
    assert [getattr(found.model, name) for name in truth.FREE] == pytest.approx([0.7, 0.98, 0.2, 0.05], abs=2e-3)
    assert fit(ManySlow, made_by(truth, rest=rest, cue=cue), starts=[truth]).log_likelihood < found.log_likelihood


def test_some_parameters_may_stay():
    found = fit(TwoState(slow_retention=0.99), made_by(TwoState(0.5, 0.99, 0.2, 0.03)), free=["fast_retention", "fast_learning"])
    assert found.model.slow_retention == 0.99 and found.model.slow_learning == 0.02 and found.parameters == 3
    assert found.free == ("fast_retention", "fast_learning")


def test_noise_is_measured():
    found = fit(TwoState, made_by(TwoState(), 0.1))
    assert found.output_noise == pytest.approx(0.1, rel=0.2) and 0.5 < found.explained < 0.95
    assert set(found.to_data()) > {"fast_retention", "asymptote", "explained", "bic", "at_bounds", "warnings"}


def test_who_does_not_learn_is_told_so():
    noise = np.where(WALLS, np.random.default_rng(0).normal(0, 0.05, 290), np.nan)
    found = fit(TwoState, TrialData(PUSH, WALLS, noise))
    assert any("No learning at all" in each for each in found.warnings)
    assert fit(TwoState, made_by(TwoState(), 0.05)).warnings == ()


def test_who_knows_at_once_ends_at_bounds():
    knows = np.where(WALLS, 0.999 * (np.arange(290) >= 20), np.nan)
    found = fit(TwoState, TrialData(np.abs(PUSH), WALLS, knows))
    assert found.at_bounds and any("ends at a bound" in each for each in found.warnings)


def test_nothing_to_explain_is_no_number():
    assert np.isnan(fit(TwoState, TrialData(PUSH, WALLS, np.full(290, 1e-12))).explained)


def test_noise_of_states_is_told_from_noise_of_outputs():
    model, rng, state, seen = OneState(0.98, 0.1), np.random.default_rng(3), np.zeros(1), []
    for push, wall in zip(PUSH, WALLS, strict=True):
        seen.append(float(state[0] + rng.normal(0, 0.02)))
        state = model.learn(state[:, None], push - state, np.array([wall]))[:, 0] + rng.normal(0, 0.06)
    found = fit(OneState, TrialData(PUSH, WALLS, np.array(seen)), noise="state")
    assert found.state_noise == pytest.approx(0.06, rel=0.3) and found.output_noise < 0.04
    assert found.model.retention == pytest.approx(0.98, abs=0.04) and found.parameters == 4
    plain = fit(OneState, TrialData(PUSH, WALLS, np.array(seen)))
    assert found.bic < plain.bic - 20
    assert bootstrap(found, 10, 0.8, 0).samples.shape == (10, 2)


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    truth, held = OneState(0.97, 0.08), []
    for seed in range(24):
        ends = bootstrap(fit(OneState, made_by(truth, 0.1, seed)), 24, 0.8, seed)
        held += [ends.low[name] <= getattr(truth, name) <= ends.high[name] for name in truth.FREE]
    assert 0.65 <= np.mean(held) <= 0.95


def test_models_are_told_apart_by_bic_and_by_trials_left_out():
    one, two = (compare([OneState, TwoState], made_by(model, 0.05), folds=5, rng=0) for model in (OneState(), TwoState()))
    assert [each.name for each in one] == ["OneState", "TwoState"] and [each.name for each in two] == ["TwoState", "OneState"]
    assert two[1].behind > 10 and two[0].error < two[1].error and two[0].best == 1.0


def test_trials_left_out_are_foretold():
    data = made_by(TwoState(), 0.05)
    found = cross_validate(TwoState, data, 5, 0)
    assert np.array_equal(np.isfinite(found.predicted), data.known) and 0.04 < found.error < 0.07 and found.explained > 0.8


def test_groups():
    subjects = [made_by(TwoState(), 0.1, seed) for seed in range(6)]
    group = fit_group(TwoState, subjects)
    assert len(group.each) == 6 and group.parameters()["slow_retention"].shape == (6,)
    assert group.mean.output_noise < 0.07 < min(each.output_noise for each in group.each)
    other = TrialData(-PUSH, WALLS, subjects[0].measured)
    assert fit_group(TwoState, [subjects[0], other]).mean is None
    with pytest.raises(ValueError, match="their `perturbation` differs"):
        mean_of([subjects[0], other])


def test_a_mean_takes_who_was_measured():
    gaps = made_by(TwoState()).measured.copy()
    gaps[20] = np.nan
    mean = mean_of([made_by(TwoState()), TrialData(PUSH, WALLS, gaps)])
    assert mean.measured[20] == made_by(TwoState()).measured[20] and np.isnan(mean.measured[0])


def test_the_contextual_model_can_be_fitted():
    truth = Contextual(particles=20, contexts=4)
    push, walls = PUSH[:80], WALLS[:80]
    measured = truth.simulate(push, walls, subjects=4, rng=5).mean(axis=0)
    found = fit(Contextual(particles=20, contexts=4), TrialData(push, walls, measured), free=["retention"])
    assert found.model.retention == pytest.approx(truth.retention, abs=0.05) and found.explained > 0.7


Table = TrialTable(
    [Row(gain=0.0, channel=True), Row(cue=1), Row(catch=True, cue=2, rest=30.0), Row(rotation=15.0)],
)  # the columns that count


def test_a_table_becomes_trials():
    data = data_of(Table, np.zeros(4), unit=30.0)
    assert data.perturbation.tolist() == [0.0, 1.0, 0.0, 0.5] and data.clamped.tolist() == [True, False, False, False]
    assert data.rest.tolist() == [0, 0, 30, 0] and data.cue.tolist() == [0, 1, 2, 0]
    with pytest.raises(ValueError, match="`unit` must be the degrees"):
        data_of(Table, np.zeros(4))
    for open_row in (Row(catch=0.1), Row(channel=0.1), Row(spread=0.1)):
        with pytest.raises(ValueError, match="drawn"):
            data_of(TrialTable([open_row]), [0.0])
    for unit in (0, float("nan"), "30", True):
        with pytest.raises((TypeError, ValueError), match="unit"):
            data_of(Table, np.zeros(4), unit=unit)


@pytest.mark.parametrize(
    "call,error,match",
    [
        (lambda: fit(TwoState, TrialData(np.ones(5), np.zeros(5, bool), [0.1, 0.2, 0.3, 0.1, np.nan])), ValueError, "at least 5 numbers, got 4"),
        (lambda: TrialData(np.ones(5), np.zeros(4, bool), np.ones(5)), ValueError, "`clamped`"),
        (lambda: TrialData(np.ones(5), np.zeros(5, bool), np.ones(4)), ValueError, "`measured`"),
        (lambda: fit(int, made_by(TwoState())), TypeError, "`model` must be a model"),
        (lambda: fit(TwoState, PUSH), TypeError, "`data` must be a TrialData"),
        (lambda: fit(TwoState, made_by(TwoState()), free=["asymptote"]), ValueError, "`free` must be one of"),
        (lambda: fit(TwoState, made_by(TwoState()), free=[]), ValueError, "`free` must name at least one"),
        (lambda: fit(TwoState, made_by(TwoState()), noise="none"), ValueError, "`noise`"),
        (lambda: fit(ErrorSensitivity, made_by(TwoState()), noise="state"), ValueError, "states are not linear"),
        (lambda: cross_validate(TwoState, made_by(TwoState()), 1), ValueError, "`folds`"),
        (lambda: bootstrap(made_by(TwoState())), TypeError, "`fitted` must be a Fit"),
        (lambda: compare([], made_by(TwoState())), ValueError, "`models`"),
        (lambda: fit_group(TwoState, []), ValueError, "at least one subject"),
    ],
)
def test_bad_requests_are_refused(call, error, match):
    with pytest.raises(error, match=match):
        call()


def test_requests_that_cannot_be_fitted_are_refused():
    data = TrialData([1.0, 1.0, 1.0], [False] * 3, [0.1, 0.2, 0.3])
    assert fit(TwoState, data, free=("fast_retention",)).free == ("fast_retention",)  # two trials are enough for one parameter
    for given, name in (({"free": "fast"}, "free"), ({"free": 5}, "free"), ({"starts": []}, "starts"), ({"starts": [OneState()]}, "starts")):
        with pytest.raises((TypeError, ValueError), match=name):
            fit(TwoState, TrialData([1.0] * 6, [False] * 6, [0.1, 0.2, 0.3, 0.4, 0.4, 0.5]), **given)


def test_trials_keep_nothing_of_the_callers():
    walls = np.zeros(3, bool)
    data = TrialData([1.0] * 3, walls, [0.0] * 3)
    walls[:] = True
    assert not data.clamped.any()
