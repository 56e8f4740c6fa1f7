"""The linear models: the published figures, their equations, and what follows from published parameters."""

import numpy as np
import pytest

from reach_gym.models import JOINER_SMITH_2008, ManySlow, OneState, TwoState

SMITH = TwoState()


def session(*parts):
    """Perturbation and clamps of blocks (gain, trials), where a gain of None is a clamp."""
    push = np.concatenate([np.full(trials, gain or 0.0) for gain, trials in parts])
    return push, np.concatenate([np.full(trials, gain is None) for gain, trials in parts])


SR = session((0, 50), (1, 125), (-1, 15), (None, 150))  # spontaneous recovery, Heald et al. 2021
ER = session((0, 50), (1, 125), (-1, 15), (None, 2), (1, 2), (None, 146))  # evoked recovery: A-trials as clamp trials 3 and 4
LONG = session((0, 100), (1, 200), (-1, 20), (None, 100))  # McDougle, Bond & Taylor 2015


def test_the_published_parameters_have_their_asymptote():
    assert SMITH.asymptote == pytest.approx(0.751, abs=5e-4)
    assert SMITH.simulate(np.ones(2000), np.zeros(2000, bool))[-1] == pytest.approx(SMITH.asymptote, abs=1e-6)
    assert TwoState(1.0, 1.0, 0.1, 0.1).asymptote == 1.0 and OneState(1.0, 0.0).asymptote == 0.0
    assert OneState().asymptote == pytest.approx(SMITH.asymptote, abs=0.01)


def test_the_equations_by_hand():
    states = TwoState(0.5, 0.9, 0.4, 0.1).states([1.0, 1.0, 0.0, 0.0], np.array([False, False, True, False]))
    assert states == pytest.approx(np.array([[0, 0], [0.4, 0.1], [0.2 + 0.4 * 0.5, 0.09 + 0.1 * 0.5], [0.2, 0.126]]))


@pytest.mark.parametrize(
    "model,end_a,end_b,peak,place,last",
    [(SMITH, 0.723, -0.193, 0.215, 10, 0.071), (JOINER_SMITH_2008, 0.836, -0.236, 0.335, 32, 0.267)],
)
def test_spontaneous_recovery_of_published_parameters(model, end_a, end_b, peak, place, last):
    found = model.simulate(*SR)
    assert found[[175, 190]] == pytest.approx([end_a, end_b], abs=6e-4)
    clamp = found[190:]
    assert clamp.max() == pytest.approx(peak, abs=6e-4) and clamp.argmax() + 1 == place
    assert clamp[-1] == pytest.approx(last, abs=6e-4)


@pytest.mark.parametrize("model,after,later,last", [(SMITH, 0.457, 0.173, 0.081), (JOINER_SMITH_2008, 0.282, 0.360, 0.298)])
def test_evoked_recovery_of_published_parameters(model, after, later, last):
    found = model.simulate(*ER)
    assert found[[194, 244, 339]] == pytest.approx([after, later, last], abs=6e-4)


@pytest.mark.parametrize("model,peak,place", [(SMITH, 0.156, 11), (JOINER_SMITH_2008, 0.326, 32)])
def test_the_long_protocol_of_published_parameters(model, peak, place):
    clamp = model.simulate(*LONG)[320:]
    assert clamp.max() == pytest.approx(peak, abs=6e-4) and clamp.argmax() + 1 == place


@pytest.mark.parametrize(
    "model,slowing", [(SMITH, [16, 53, 50, 47, 55, 59, 59]), (JOINER_SMITH_2008, [18, 17, 34, 32, 50, 55, 60])]
)
def test_anterograde_slowing_of_published_parameters(model, slowing):
    # Sing & Smith 2010: by how much less of B is gained after so many A-trials, on average over 25 trials from the first at or
    # beyond baseline.
    def gained(course):
        first = int((course <= 0).argmax())
        return course[first] - course[first : first + 25].mean()

    naive = gained(model.simulate(*session((-1, 60))))
    found = []
    for trials in (13, 15, 25, 41, 112, 230, 369):
        course = model.simulate(*session((1, trials), (-1, 100)))[trials:]
        found.append(100 * (1 - gained(course) / naive))
    assert found == pytest.approx(slowing, abs=0.5)


def test_one_state_does_not_recover():
    clamp = OneState().simulate(*SR)[190:]
    assert clamp.max() < 0


def test_rest_decays_what_it_should():
    model = TwoState(fast_decay=1.0)
    push, walls = session((1, 50), (None, 5))
    rest = np.zeros(55)
    rest[50] = 1e3
    with_break, without = model.simulate(push, walls, rest=rest), model.simulate(push, walls)
    assert with_break[:50] == pytest.approx(without[:50])
    assert with_break[50] == pytest.approx(TwoState().states(push, walls)[50, 1])  # the slow state is left, the fast one gone
    assert TwoState().simulate(push, walls, rest=rest) == pytest.approx(without)


def test_many_slow_states_learn_opposite_tasks_that_one_cannot():
    cue = np.tile([1, 2], 200)
    push = np.where(cue == 1, 1.0, -1.0)
    none = np.zeros(400, bool)
    many, two = ManySlow().simulate(push, none, cue=cue), SMITH.simulate(push, none, cue=cue)
    assert many[-2] > 0.5 and many[-1] < -0.5 and abs(two[-2:]).max() < 0.25
    assert ManySlow().simulate(*SR) == pytest.approx(SMITH.simulate(*SR))
    with pytest.raises(ValueError, match="`cue` must be at most 2, .* got 3"):
        ManySlow().simulate(push, none, cue=cue + 1)


def test_noise_of_plans_is_learned_from_and_noise_of_measurements_is_not():
    push, walls = session((0, 400))
    seen = SMITH.simulate(push, walls, rng=1, output_noise=0.1, subjects=50)
    assert np.std(seen) == pytest.approx(0.1, rel=0.02) and abs(np.corrcoef(seen[:, 1:].ravel(), seen[:, :-1].ravel())[0, 1]) < 0.02
    group = SMITH.simulate(push, walls, rng=1, planning_noise=0.1, subjects=50)
    assert group.shape == (50, 400) and np.corrcoef(group[:, 1:].ravel(), group[:, :-1].ravel())[0, 1] < -0.1


@pytest.mark.parametrize(
    "make,match",
    [
        (lambda: TwoState(fast_retention=1.1), "`fast_retention` must be a finite number from 0.0 to 1.0, got 1.1"),
        (lambda: OneState(learning=float("nan")), "`learning`"),
        (lambda: ManySlow(contexts=0), "`contexts` must be an integer from 1"),
        (lambda: SMITH.simulate([1.0, np.nan], np.zeros(2, bool)), "`perturbation` must hold finite numbers"),
        (lambda: SMITH.simulate([1.0, 1.0], np.zeros(3, bool)), "`clamped` must be of shape"),
        (lambda: SMITH.simulate([1.0, 1.0], np.zeros(2, bool), rest=[0, -1]), "`rest` must hold 2 numbers of at least 0"),
    ],
)
def test_bad_values_are_refused(make, match):
    with pytest.raises(ValueError, match=match):
        make()
