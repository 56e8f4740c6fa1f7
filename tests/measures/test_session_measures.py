"""Measures over a session, on plain arrays: numbers worked out by hand, published ones, and arrays with holes."""

import math

import numpy as np
import pytest

from reach_gym import measures
from reach_gym.models import TwoState

NAN = float("nan")
ZERO, UP = np.zeros(2), np.array([0.0, 0.1])
SMITH = TwoState()  # A_f .59, A_s .992, B_f .21, B_s .02
JOINER = TwoState(0.85, 0.998, 0.11, 0.021)


def sequence(*blocks):
    """Perturbations and clamps of blocks (trials, perturbation), where ``None`` stands for error clamps."""
    pushed = np.concatenate([np.full(count, 0.0 if push is None else push) for count, push in blocks])
    return pushed, np.concatenate([np.full(count, push is None) for count, push in blocks])


def which(blocks, *wanted):
    return np.repeat(np.isin(np.arange(len(blocks)), wanted), [count for count, _ in blocks])


def straight(angle, dt=0.01, steps=60):
    """A reach upwards that sets out at an angle to the left, from step 10 on, with constant speed."""
    time = np.maximum(np.arange(steps) - 10, 0) * dt
    way = np.array([-math.sin(angle), math.cos(angle)])
    velocity = np.where(np.arange(steps)[:, None] >= 10, 0.2 * way, 0.0)
    return 0.2 * time[:, None] * way, velocity


def test_the_angle_of_a_straight_reach_is_its_own():
    for angle in (0.5, -0.3, 0.0):
        path, velocity = straight(angle)
        moved = measures.find_movement(velocity, 5)
        assert measures.angle_in_window(path, ZERO, UP, moved, 0.01) == pytest.approx(angle)
        assert measures.angle_in_window(path + 1, ZERO + 1, UP + 1, moved, 0.01) == pytest.approx(angle)


def test_the_angle_in_a_window_sees_that_window_only():
    path, velocity = straight(0.0)
    moved = measures.find_movement(velocity, 5)
    bent = path.copy()
    bent[20:26, 0] -= 0.02  # the states 100 to 150 ms after onset, at step 10
    assert measures.angle_in_window(bent, ZERO, UP, moved, 0.01) == pytest.approx(math.atan2(0.02, 0.025))
    late = path.copy()
    late[26:, 0], late[11:20, 0] = 0.1, 0.1
    assert measures.angle_in_window(late, ZERO, UP, moved, 0.01) == 0
    assert measures.angle_in_window(late, ZERO, UP, moved, 0.01, (0.2, 0.3)) == pytest.approx(-math.atan2(0.1, 0.05))


def test_the_angle_in_a_window_needs_the_whole_window():
    path, velocity = straight(0.2)
    short, slow = path.copy(), velocity.copy()
    short[25:], slow[25:] = NAN, NAN
    both = measures.angle_in_window(
        np.stack([short, path]), ZERO, UP, measures.find_movement(np.stack([slow, velocity]), 5), 0.01
    )
    assert np.isnan(both[0]) and both[1] == pytest.approx(0.2)
    still = measures.find_movement(np.zeros((60, 2)), 0)
    assert np.isnan(measures.angle_in_window(np.zeros((60, 2)), ZERO, UP, still, 0.01))


def test_directions_are_compared_by_their_own_start():
    targets = np.array([[0.1, 0.0], [0.0, 0.1], [-0.1, -0.0], [0.1, -0.1], [1.1, 1.0]])
    starts = np.array([[0.0, 0.0]] * 4 + [[1.0, 1.0]])
    assert measures.directions(starts, targets).tolist() == [0.0, 90.0, 180.0, 315.0, 0.0]


def test_the_baseline_is_taken_off_direction_by_direction():
    values = np.array([1.0, 3.0, NAN, 5.0, 11.0, 13.0, 20.0])
    ways = np.array([0.0, 90.0, 0.0, 0.0, 0.0, 90.0, 180.0])
    before = np.array([True, True, True, True, False, False, False])
    assert measures.baseline_corrected(values, before)[4:] == pytest.approx([8, 10, 17])
    assert measures.baseline_corrected(values, before, ways)[4:] == pytest.approx([8, 10, 17])  # 0: 3; 90: 3; 180: all, 3
    shifted = values + 10 * (ways == 90)
    assert measures.baseline_corrected(shifted, before, ways)[4:6] == pytest.approx([8, 10])
    assert np.isnan(measures.baseline_corrected(values, before, ways, strict=True)).tolist() == [False] * 2 + [True] + [False] * 3 + [True]
    assert np.isnan(measures.baseline_corrected(values, np.zeros(7, bool), ways)).all()


def channel_trial(share, push=0.0, steps=60):
    """Field and wall forces on a reach upwards whose hand makes up for `share` of a curl and pushes `push` N to the left."""
    speed = 0.3 * np.sin(np.linspace(0, math.pi, steps + 1))
    velocity = np.stack([0 * speed, speed], -1)
    field = measures.viscous_force(velocity, [[0, -13], [13, 0]])
    return share * field + [push, 0.0], field, velocity


@pytest.mark.parametrize("share", [0.0, 0.6, 1.0, -1.0, 3.0])
@pytest.mark.parametrize("push", [0.0, 0.7])
def test_the_push_on_a_wall_is_a_share_and_a_constant(share, push):
    wall, field, velocity = channel_trial(share, push)
    found = measures.compensation(wall, field, ZERO, UP, measures.find_movement(velocity, 0))
    assert found.slope == pytest.approx(share, abs=1e-12) and found.ideal_peak == pytest.approx(3.9, rel=1e-3)
    # A wall that pushes the hand to the right, +x, means a hand that pushes to the left: the wall's own sideways force is -0.7.
    assert found.intercept == pytest.approx(-push, abs=1e-12)
    assert found.r2 == pytest.approx(1.0) if share else np.isnan(found.r2)


def test_only_what_comes_before_the_peak_counts_in_a_channel():
    wall, field, velocity = channel_trial(1.0)
    wall[31:] = 0.0
    moved = measures.find_movement(velocity, 0)
    assert moved.peak == 30
    assert measures.compensation(wall, field, ZERO, UP, moved).slope == pytest.approx(1.0)
    whole = measures.compensation(wall, field, ZERO, UP)
    assert whole.slope < 0.9 and whole.r2 < 0.6


def test_a_batch_of_channels_with_trials_of_no_use():
    wall, field, velocity = (np.stack([part] * 4) for part in channel_trial(0.5))
    velocity[1] = 0.0  # nobody moved
    field[2] *= 1e-4  # a field too weak
    wall[3, 2:], field[3, 2:], velocity[3, 3:] = NAN, NAN, NAN  # broken off
    found = measures.compensation(wall, field, ZERO, UP, measures.find_movement(velocity, 0))
    assert found.slope[0] == pytest.approx(0.5) and np.isnan(found.slope[1:]).all() and np.isnan(found.r2[1:]).all()
    noisy = np.random.default_rng(0).normal(size=wall.shape)
    r2 = measures.compensation(wall + noisy, field, ZERO, UP, measures.find_movement(velocity, 0)).r2[0]
    assert 0.05 < r2 < 0.9


def test_the_learning_index_by_hand():
    def index(field, catch, baseline=(0.0,)):
        return measures.learning_index(field, catch, baseline, 0.001)

    assert index([0.025, NAN, 0.025], [0.0]) == 0  # naive: pushed by the field, no after-effect
    assert index([0.0], [-0.025]) == 1
    assert index([0.0125], [-0.0125]) == pytest.approx(0.5)
    assert index([-0.025], [-0.05]) == pytest.approx(2)  # twice as much as the field
    assert index([0.0], [-0.02], [-0.02]) == 0  # who always pushes bends in the baseline as well
    assert math.isnan(index([0.0002], [-0.0002])) and math.isnan(index([NAN], [0.02])) and math.isnan(index([0.02], []))


def test_an_exponential_is_found_again_although_trials_are_missing():
    curve = 0.8 - 0.6 * np.exp(-0.1 * np.arange(80))
    for holes in ([], [0, 3, 4, 50], list(range(1, 80, 2))):
        seen = curve.copy()
        seen[holes] = NAN
        fit = measures.fit_exponential(seen)
        assert (fit.start, fit.end, fit.rate) == pytest.approx((0.2, 0.8, 0.1), rel=1e-4) and fit.explained > 0.999999
        assert fit.trials == 80 - len(holes) and not fit.at_bound


def test_a_rate_at_a_bound_says_so():
    step = np.r_[0.0, np.ones(30)]
    assert measures.fit_exponential(step).at_bound and measures.fit_exponential(np.arange(20.0)).at_bound
    assert np.isnan(measures.learning_rates([step, np.arange(20.0)])).all()


@pytest.mark.parametrize("values", [[], [NAN] * 9, [1, 2, 3], [0.3] * 20])
def test_what_is_no_curve_has_no_rate(values):
    fit = measures.fit_exponential(np.array(values, float))
    assert math.isnan(fit.rate) and math.isnan(fit.explained) and not fit.at_bound
    assert fit.trials == np.isfinite(values).sum()


def test_early_late_and_retention_by_hand():
    block = [NAN, 0.8, 0.6, NAN, 0.4, 0.3, NAN, 0.1]
    assert measures.early_late(block, 3, 2) == pytest.approx((0.7, 0.1))
    assert measures.retention(block, 3) == pytest.approx(0.2 / 0.7)
    assert measures.retention([-1.0, -0.5], 1) == 0.5
    assert math.isnan(measures.retention([0.05, 0.02], 1)) and math.isnan(measures.retention([], 1))
    assert math.isnan(measures.early_late([NAN, NAN, 1.0], 2, 1)[0])


def group(rates, trials, noise, seed):
    draw = np.random.default_rng(seed)
    return [0.8 - 0.8 * np.exp(-rate * np.arange(count)) + noise * draw.normal(size=count) for rate, count in zip(rates, trials)]


def test_savings_are_paired_over_subjects_of_unequal_lengths():
    rates, trials = np.linspace(0.05, 0.2, 8), (40, 60, 80, 50, 41, 43, 70, 90)
    first, second = group(rates, trials, 0.01, 1), group(1.5 * rates, trials[::-1], 0.01, 2)
    found = measures.savings(first, second)
    assert found.first == pytest.approx(rates, rel=0.15) and found.pairs == 8
    assert found.low < np.mean(0.5 * rates) < found.high and found.low > 0
    assert found.p_value == 1 / 256  # all eight differences go one way
    assert measures.savings(second, first).p_value == 1
    holes = [*first[:7], np.full(50, NAN)]
    assert measures.savings(holes, second).pairs == 7 and np.isnan(measures.savings(holes, second).first[7])


def test_the_null_of_no_savings_holds():
    # Subjects without savings: one-sided chances of at most 5 % come up in about 5 % of groups, also with drawn signs.
    draw = np.random.default_rng(5)
    for subjects in (8, 16):
        chances = [measures.paired_change(*draw.normal(size=(2, subjects)), seed=each)[3] for each in range(300)]
        assert 0.02 < np.mean(np.array(chances) <= 0.05) < 0.085
    first = draw.normal(size=20)
    assert measures.paired_change(first, first + 1)[:3] == pytest.approx((1, 1, 1)) and measures.paired_change(first, first + 1)[3] < 2e-4
    assert measures.paired_change(first, first, 3) == measures.paired_change(first, first, 3)
    assert math.isnan(measures.paired_change([1.0, NAN], [2.0, 3.0])[3])


@pytest.mark.parametrize("model, slowings", [
    # Computed from the published parameters, to a percent: after 13 to 369 trials of the opposite.
    (SMITH, {13: 16, 15: 53, 25: 50, 41: 47, 112: 55, 230: 59, 369: 59}),
    (JOINER, {13: 18, 15: 17, 25: 34, 41: 32, 112: 50, 230: 55, 369: 60}),
])  # fmt: skip
def test_anterograde_slowing_of_two_state_models(model, slowings):
    naive = model.simulate(*sequence((60, 1.0)))
    for trials, percent in slowings.items():
        after = -model.simulate(*sequence((trials, 1.0), (60, -1.0)))[trials:]
        assert round(100 * measures.anterograde_slowing(after, naive)) == percent


def test_anterograde_slowing_needs_a_crossing_and_enough_trials():
    naive = 1 - np.exp(-0.1 * np.arange(40))
    assert measures.anterograde_slowing(naive, naive) == 0
    assert measures.anterograde_slowing(naive / 2, naive) == pytest.approx(0.5)
    assert math.isnan(measures.anterograde_slowing(naive - 2, naive)) and math.isnan(measures.anterograde_slowing(naive[:8], naive))
    holes = naive.copy()
    holes[1::4] = NAN
    assert measures.anterograde_slowing(holes, naive) == pytest.approx(0, abs=0.05)
    assert math.isnan(measures.anterograde_slowing([NAN] * 40, naive)) and math.isnan(measures.anterograde_slowing(naive, 0 * naive))


@pytest.mark.parametrize("model, end, counter, peak, trial, last", [
    (SMITH, 0.723, -0.193, 0.215, 10, 0.071), (JOINER, 0.836, -0.236, 0.335, 32, 0.267),
])  # fmt: skip
def test_spontaneous_recovery_of_two_state_models(model, end, counter, peak, trial, last):
    blocks = ((50, 0.0), (125, 1.0), (15, -1.0), (150, None))
    output = model.simulate(*sequence(*blocks))
    found = measures.spontaneous_recovery(output, which(blocks, 1), which(blocks, 2), which(blocks, 3))
    # The published states are those that a block leaves, which show in the trial after it; a block's own last trial is one before.
    assert (output[175], output[190], found.peak, found.last) == pytest.approx((end, counter, peak, last), abs=6e-4)
    assert found.learned == output[174] and found.countered == output[189]
    assert found.peak_trial == trial and found.rebound == pytest.approx(found.peak - output[190])
    # One process only fades: nothing comes back.
    one = TwoState(0.9, 0.9, 0.1, 0.0).simulate(*sequence(*blocks))
    assert measures.spontaneous_recovery(one, which(blocks, 1), which(blocks, 2), which(blocks, 3)).peak < 0.01


def test_spontaneous_recovery_with_holes_and_noise():
    blocks = ((50, 0.0), (125, 1.0), (15, -1.0), (150, None))
    masks = [which(blocks, place) for place in (1, 2, 3)]
    output = SMITH.simulate(*sequence(*blocks)) + 0.1 * np.random.default_rng(0).normal(size=340)
    output[::3] = NAN
    single, wide = (measures.spontaneous_recovery(output, *masks, window=width) for width in (1, 9))
    assert single.peak > 0.3 > wide.peak and wide.learned == pytest.approx(0.723, abs=0.1)
    output[190:] = NAN
    assert math.isnan(measures.spontaneous_recovery(output, *masks).peak)


@pytest.mark.parametrize("model, after, later, last", [(SMITH, 0.457, 0.173, 0.081), (JOINER, 0.282, 0.360, 0.298)])
def test_evoked_recovery_of_two_state_models(model, after, later, last):
    blocks = ((50, 0.0), (125, 1.0), (15, -1.0), (2, None), (2, 1.0), (146, None))
    found = measures.evoked_recovery(model.simulate(*sequence(*blocks)), which(blocks, 3, 5), which(blocks, 4))
    assert (found.after, found.later, found.last) == pytest.approx((after, later, last), abs=6e-4)
    assert found.step == pytest.approx(found.after - found.before) and found.kept == pytest.approx((later - found.before) / found.step, abs=2e-3)


def test_evoked_recovery_without_a_trigger_is_nothing():
    flat = np.zeros(20)
    found = measures.evoked_recovery(flat, flat == 0, flat == 1, later=5)
    assert math.isnan(found.step) and math.isnan(found.kept) and math.isnan(found.before)


def test_generalisation_by_hand():
    ways = np.array([45, 90, 135, 45, 225, 270, 0.0, 90])
    values = np.array([1.0, 0.5, NAN, 0.8, 0.1, 0.2, 0.4, 0.3])
    found = measures.generalisation(values, ways, 45.0)
    assert found.distance.tolist() == [-135, -45, 0, 45, 180] and found.value == pytest.approx([0.2, 0.4, 0.9, 0.4, 0.1])
    assert found.trials.tolist() == [1, 1, 2, 2, 1]
    near = measures.generalisation(values, ways, [45, 225])
    assert near.distance.tolist() == [-45, 0, 45] and near.value == pytest.approx([0.4, (1 + 0.8 + 0.1) / 3, (0.5 + 0.3 + 0.2) / 3])
    assert len(measures.generalisation([NAN], [0.0], 0).value) == 0


def test_the_width_of_a_bell_is_found_again():
    off = np.arange(-135, 181, 45.0)
    for sigma in (20.0, 35.0, 60.0):
        fit = measures.fit_width(off, 0.1 + 0.6 * np.exp(-(off**2) / (2 * sigma**2)))
        assert (fit.sigma, fit.height, fit.offset) == pytest.approx((sigma, 0.6, 0.1), rel=1e-3) and not fit.at_bound
    assert measures.fit_width(off, np.where(off == 0, 1.0, 0.0)).at_bound  # narrower than the probes lie apart
    assert math.isnan(measures.fit_width(off[:3], [1, 2, 1]).sigma) and math.isnan(measures.fit_width(off, np.ones(8)).sigma)


def test_triplets_by_hand():
    probe = np.array([True, False, True, False, True, False, False, True, False, True])
    output = np.array([0.0, NAN, 0.2, NAN, 0.5, NAN, NAN, 0.6, NAN, NAN])
    error = np.array([NAN, 1.0, NAN, 2.0, NAN, 5.0, 5.0, NAN, 1.0, NAN])
    found = measures.error_sensitivity(output, error, probe)
    assert found.trial.tolist() == [1, 3] and found.change == pytest.approx([0.2, 0.3]) and found.sensitivity == pytest.approx([0.2, 0.15])
    assert measures.error_sensitivity(output, error, probe, retention=0.9).change == pytest.approx([0.2, 0.5 - 0.81 * 0.2])
    error[1] = 0.0
    assert np.isnan(measures.error_sensitivity(output, error, probe).sensitivity[0])
    assert len(measures.error_sensitivity([], [], np.zeros(0, bool)).trial) == 0


def test_the_sensitivity_of_a_model_is_found_again():
    # One process with A = 0.97 and B = 0.1: channel, error, channel and so on.
    draw, x, output, error = np.random.default_rng(1), 0.0, [], []
    for trial in range(401):
        clamped = trial % 2 == 0
        e = NAN if clamped else draw.normal()
        output.append(x if clamped else NAN)
        error.append(e)
        x = 0.97 * x + (0.0 if clamped else 0.1 * e)
    found = measures.error_sensitivity(output, error, np.arange(401) % 2 == 0, retention=0.97)
    # The error's share of the change passes through one more trial, the second probe's own, only after it was read: 0.1 remains.
    assert found.sensitivity == pytest.approx(np.full(200, 0.1))
    assert measures.sensitivity_by_size(found.error, found.change, [0, 0.5, 1, 9, 10])[:3] == pytest.approx([0.1] * 3)
    assert np.isnan(measures.sensitivity_by_size(found.error, found.change, [9, 10])).all()


def answers():
    """Signals of 3 undisturbed and 4 disturbed trials: 2 N to the side from 150 ms after an event at step 20 or 25 on."""
    event, side = np.array([20, 25, 20, 20, 25, 25, NAN]), np.array([0, 0, 0, 1, -1, 1, -1])
    signal = np.tile(0.01 * np.arange(70.0), (7, 1))
    for row in (3, 4, 5):
        signal[row, int(event[row]) + 15 :] += 2.0 * side[row]
    signal[1] -= 0.05  # so that it equals the others when aligned
    signal[5, 40:] = NAN
    return signal, event, side


def test_corrections_are_seen_against_undisturbed_trials():
    signal, event, side = answers()
    found = measures.correction(signal, event, side, 0.01)
    assert np.isnan(found).tolist() == [True, True, True, False, False, True, True]
    assert found[3] == pytest.approx(2.0) and found[4] == pytest.approx(2.0 - 0.05)
    assert measures.correction(signal, event, side, 0.01, (0.05, 0.1))[3] == pytest.approx(0)
    assert np.isnan(measures.correction(signal, event, np.abs(side) + (side == 0), 0.01)).all()  # nobody is undisturbed
    times, course = measures.correction_course(signal, event, side, 0.01, 0.3)
    assert times[15] == pytest.approx(0.15) and len(times) == 31
    assert course[14] == pytest.approx(0, abs=0.06) and course[15] == pytest.approx(2, abs=0.06)


def test_arguments_stay_as_they_are_and_lists_do_as_well():
    curve = np.array([0.1, NAN, 0.3, 0.5, 0.6, 0.65])
    kept = curve.copy()
    measures.fit_exponential(curve)
    measures.baseline_corrected(curve, np.arange(6) < 2)
    measures.savings([curve], [curve])
    np.testing.assert_array_equal(curve, kept)
    assert measures.learning_rates([[1, 2, 3], [1.0, 2.0, 2.4, 2.5, 2.55]]).shape == (2,)


FLAGS = np.ones(3, bool)
@pytest.mark.parametrize("call, name, error", [
    (lambda: measures.baseline_corrected("abc", FLAGS), "values", TypeError),
    (lambda: measures.baseline_corrected([1, 2, 3], [0, 1, 1]), "baseline", TypeError),
    (lambda: measures.baseline_corrected([1, 2, 3], FLAGS, [1, 2]), "direction", ValueError),
    (lambda: measures.directions([0, 0], [[0, 0]]), "target", ValueError),
    (lambda: measures.fit_exponential([[1, 2]]), "values", ValueError),
    (lambda: measures.fit_exponential([1, np.inf]), "values", ValueError),
    (lambda: measures.fit_exponential([1, 2], (0, 1)), "rates", ValueError),
    (lambda: measures.fit_exponential([1, 2], (1, 0.1)), "rates", ValueError),
    (lambda: measures.early_late([1], 0), "early", ValueError),
    (lambda: measures.retention([1], 1.5), "trials", TypeError),
    (lambda: measures.savings([[1, 2]], [[1, 2], [3, 4]]), "second", ValueError),
    (lambda: measures.savings([["a"], [1]], [[1, 2]]), r"curves\[0\]", TypeError),
    (lambda: measures.paired_change([1, 2], [1]), "second", ValueError),
    (lambda: measures.paired_change([1, 2], [1, 2], -1), "seed", ValueError),
    (lambda: measures.learning_index([1], [1], [1], -1), "least", ValueError),
    (lambda: measures.learning_index([1], "x", [1], 1), "catch", TypeError),
    (lambda: measures.anterograde_slowing([1], [1], 1), "trials", ValueError),
    (lambda: measures.anterograde_slowing([[1]], [1]), "after", ValueError),
    (lambda: measures.spontaneous_recovery([1, 2, 3], FLAGS, FLAGS, FLAGS[:2]), "clamps", ValueError),
    (lambda: measures.spontaneous_recovery([1, 2, 3], FLAGS, FLAGS, FLAGS, 0), "window", ValueError),
    (lambda: measures.evoked_recovery([1, 2, 3], FLAGS, [1, 0, 0]), "triggers", TypeError),
    (lambda: measures.evoked_recovery([1, 2, 3], FLAGS, FLAGS, 0), "later", ValueError),
    (lambda: measures.generalisation([1], [1, 2], 0), "direction", ValueError),
    (lambda: measures.generalisation([1], [1], []), "trained", ValueError),
    (lambda: measures.fit_width([1], [1, 2]), "value", ValueError),
    (lambda: measures.fit_width([1], [1], (5, 5)), "widths", ValueError),
    (lambda: measures.error_sensitivity([1, 2, 3], [1, 2], FLAGS), "error", ValueError),
    (lambda: measures.error_sensitivity([1, 2, 3], [1, 2, 3], FLAGS, 1.1), "retention", ValueError),
    (lambda: measures.sensitivity_by_size([1], [1], [1, 1]), "edges", ValueError),
    (lambda: measures.sensitivity_by_size([1], [1, 2], [0, 1]), "change", ValueError),
    (lambda: measures.correction([1, 2], [1], [1], 0.01), "signal", ValueError),
    (lambda: measures.correction([[True]], [1], [1], 0.01), "signal", TypeError),
    (lambda: measures.correction([[1.0]], [1, 2], [1], 0.01), "event", ValueError),
    (lambda: measures.correction([[1.0]], [1], [2], 0.01), "side", ValueError),
    (lambda: measures.correction([[1.0]], [1], [1], 0), "dt", ValueError),
    (lambda: measures.correction([[1.0]], [1], [1], 0.01, (0.2, 0.1)), "window", ValueError),
    (lambda: measures.angle_in_window(np.zeros((3, 2)), ZERO, UP, measures.find_movement(np.ones((3, 2)), 0), 0.0), "dt", ValueError),
    (lambda: measures.compensation(np.ones((3, 2)), np.ones((4, 2)), ZERO, UP), "channel_force", ValueError),
    (lambda: measures.compensation(np.ones((3, 2)), np.ones((3, 2)), ZERO, UP, measures.find_movement(np.ones((2, 4, 2)), 0)), "movement", ValueError),
])  # fmt: skip
def test_bad_arguments_are_refused_by_name(call, name, error):
    with pytest.raises(error, match=f"`{name}`"):
        call()
