"""The models that are not linear: error sensitivity and contextual inference."""

import numpy as np
import pytest

from reach_gym.models import Contextual, ErrorSensitivity, TwoState

NONE = np.zeros(300, bool)
SR = np.r_[np.zeros(50), np.ones(125), -np.ones(15), np.zeros(150)], np.r_[np.zeros(190), np.ones(150)].astype(bool)
FEW = Contextual(particles=40)


def evoked():
    push, walls = (part.copy() for part in SR)
    push[192:194], walls[192:194] = 1.0, False
    return push, walls


def test_consistent_errors_are_learned_from_more_than_alternating_ones():
    model = ErrorSensitivity()
    steady, switching = np.repeat([1.0, -1.0] * 5, 30), np.tile([1.0, -1.0], 150)
    found = []
    for push in (steady, switching):
        state = model.begin()
        for each in push:
            state = model.learn(state, each - model.output(state))
        found.append(float(model.sensitivity_to(state, 0.5)[0]))
    assert found[0] > model.sensitivity > found[1]


def test_the_equation_of_error_sensitivity_by_hand():
    model = ErrorSensitivity(retention=0.9, sensitivity=0.1, growth=0.01, width=0.25)
    state = model.learn(model.begin(), np.array([1.0]))
    assert state.output == pytest.approx([0.1]) and not state.change.any()
    after = model.learn(state, np.array([0.5]))
    units = np.linspace(-2, 2, 33)
    then, now = (np.exp(-0.5 * ((error - units) / 0.25) ** 2) for error in (1.0, 0.5))
    grown = 0.1 + 0.01 * (then @ now) / (then @ then)
    assert after.output == pytest.approx([0.9 * 0.1 + grown * 0.5])
    assert model.sensitivity_to(model.learn(state, np.array([-0.5])), 1.0) == pytest.approx([0.09])


def test_a_clamp_changes_no_sensitivity():
    model = ErrorSensitivity()
    state = model.learn(model.begin(), np.array([1.0]))
    clamped = model.learn(state, np.array([1.0]), np.array([True]))
    assert clamped.output == pytest.approx(model.retention * state.output) and not clamped.change.any()


def test_contexts_recover_by_themselves_and_stay():
    group = Contextual().simulate(*SR, subjects=8, rng=0).mean(axis=0)
    assert group[174] > 0.7 and group[189] < -0.3
    clamp = group[190:]
    assert clamp[10:30].mean() > 0.05
    # The two-state model decays over the last hundred trials, contexts leave a plateau.
    assert clamp[-20:].mean() > 0.8 * clamp[50:70].mean()
    two = TwoState().simulate(*SR)[190:]
    assert two[-20:].mean() < 0.6 * two[50:70].mean()


def test_contexts_come_back_when_evoked():
    with_trials, without = (Contextual().simulate(*each, subjects=8, rng=0).mean(axis=0) for each in (evoked(), SR))
    assert with_trials[194] > 0.45 > 3 * without[194]
    assert with_trials[-20:].mean() > without[-20:].mean() - 0.03


def test_cues_tell_contexts_apart():
    cue = np.random.default_rng(0).permutation(np.tile([1, 2], 150))
    push = np.where(cue == 1, 1.0, -1.0)
    told, guessed = (FEW.simulate(push, NONE, cue=each, subjects=4, rng=0).mean(axis=0) for each in (cue, None))
    last = np.arange(300) >= 260
    assert (told * push)[last].mean() > 0.6 and (guessed * push)[last].mean() < 0.1


def test_probabilities_of_contexts_are_probabilities():
    state = FEW.begin(3, 0)
    for error in (0.0, 0.0, 1.0, 1.0, -1.0):
        state = FEW.learn(state, np.full(3, error), cue=np.array([0, 1, 2]))
    found = FEW.probabilities(state, np.array([0, 1, 2]))
    assert found.shape == (3, 40, 10) and found.sum(axis=-1) == pytest.approx(1.0)
    assert state.known.max() <= 10 and (state.known >= 1).all()
    assert state.share.sum(axis=-1) == pytest.approx(1.0) and (state.moves.sum(axis=(2, 3)) == 4).all()


def test_there_are_never_more_contexts_than_allowed():
    push = np.random.default_rng(0).normal(0, 2, 60)
    model = Contextual(particles=30, contexts=3)
    state = model.begin(2, 0)
    for each in push:
        state = model.learn(state, each - model.output(state))
    assert state.known.max() == 3 and np.isfinite(model.output(state)).all()


def test_the_same_seed_gives_the_same_course():
    one, again, other = (FEW.simulate(*evoked(), rng=seed) for seed in (0, 0, 1))
    assert np.array_equal(one, again) and not np.array_equal(one, other)


def test_subjects_can_be_chosen():
    for model in (FEW, ErrorSensitivity(), TwoState()):
        state = model.begin(2, 0)
        first = np.array([True, False])
        learned = model.learn(model.part(state, first), np.ones(1))
        mixed = model.output(model.put(state, first, learned))
        assert mixed[0] != 0 and abs(mixed[1]) < 1e-2


def test_unknown_cues_are_refused():
    with pytest.raises(ValueError, match="`cue` must hold whole numbers from 0 to 8, got 9"):
        FEW.simulate(*SR, cue=np.full(340, 9))
