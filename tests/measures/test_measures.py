"""The measures of a reach against numbers worked out by hand, a slow reference, and the symmetries of the plane."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reach_gym import measures

ZERO, UP = np.zeros(2), np.array([0.0, 0.1])
SCALES = ("max_deviation", "deviation_at_peak_speed", "path_length_ratio", "peak_speed", "movement_time", "reaction_time", "endpoint_error")
SIGNED = ("max_deviation", "deviation_at_peak_speed", "initial_angle_error", "early_angle_error")


def minimum_jerk(steps=100, distance=0.1, rest=0):
    """Positions and velocities of a minimum-jerk reach of 1 s upwards, after `rest` steps of rest and with 5 more after it."""
    s = np.clip((np.arange(steps + rest + 6) - rest) / steps, 0, 1)
    y = distance * (10 * s**3 - 15 * s**4 + 6 * s**5)
    vy = distance * (30 * s**2 - 60 * s**3 + 30 * s**4)
    return np.stack([0 * y, y], -1), np.stack([0 * y, vy], -1)


def random_trials(seed, n=6, steps=40):
    """Wild but generic paths (no ties) of different lengths, with their cues."""
    draw = np.random.default_rng(seed)
    velocity = np.cumsum(draw.normal(size=(n, steps + 1, 2)), axis=1) * 0.02
    path = np.cumsum(velocity, axis=1) * 0.01 + draw.normal(size=(n, 1, 2)) * 0.01
    start, target = draw.normal(size=(2, n, 2)) * 0.1
    for row, length in enumerate(draw.integers(1, steps + 1, n)):
        path[row, length + 1 :] = velocity[row, length + 1 :] = np.nan
    return path, velocity, start, target, draw.integers(0, steps // 2, n)


def turned(angle, mirror=1.0):
    return np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]) @ np.diag([1.0, mirror])


def test_a_minimum_jerk_reach_is_straight_and_has_the_textbook_peak():
    path, velocity = minimum_jerk(rest=20)
    got = measures.trial_measures(path, velocity, ZERO, UP, 10, 0.01)
    assert got["peak_speed"] == pytest.approx(1.875 * 0.1)  # 15/8 of the distance per duration, at half time
    # 30 s^2 (1 - s)^2 exceeds 0.05 * 1.875 where s (1 - s) > sqrt(0.003125) = 0.0559: from s = 0.0594 to 0.9406.
    movement = measures.find_movement(velocity, 10)
    assert (movement.onset, movement.peak, movement.end, movement.moved) == (26, 70, 115, True)
    assert got["reaction_time"] == pytest.approx(0.16) and got["movement_time"] == pytest.approx(0.89)
    assert got["max_deviation"] == 0 and got["deviation_at_peak_speed"] == 0 and got["initial_angle_error"] == 0
    covered = path[115, 1] - path[26, 1]
    assert got["path_length_ratio"] == pytest.approx(covered / 0.1) and 0.995 < covered / 0.1 < 1
    assert got["endpoint_error"] == pytest.approx(0.1 - path[115, 1])
    assert all(value.shape == () for value in got.values())


def triangle():
    """Three metres per second up and to the left, then back onto the line, then a slow stop."""
    path = np.array([[0, 0], [0, 0], [-3, 4], [-6, 8], [-3, 12], [0, 16], [0, 16.1], [0, 16.1]], float)
    velocity = np.array([[0, 0], [0, 0], [-3, 4], [-3.3, 4.4], [3, 4], [3, 4], [0, 0.1], [0, 0]], float)
    return path, velocity


def test_a_triangle_by_hand():
    path, velocity = triangle()
    assert measures.speed(velocity) == pytest.approx([0, 0, 5, 5.5, 5, 5, 0.1, 0])
    movement = measures.find_movement(velocity, 1)
    assert (movement.onset, movement.peak, movement.end) == (2, 3, 6)  # 5 % of 5.5 m/s is 0.275 m/s
    got = measures.trial_measures(path, velocity, [0, 0], [0, 20], 1, 0.5)
    assert got["max_deviation"] == 6 and got["deviation_at_peak_speed"] == 6  # to the left of a reach upwards
    assert got["initial_angle_error"] == pytest.approx(math.atan2(3, 4))
    assert got["path_length_ratio"] == pytest.approx((5 + 5 + 5 + 0.1) / 20)
    assert got["peak_speed"] == pytest.approx(5.5)
    assert got["reaction_time"] == 0.5 and got["movement_time"] == 2.0
    assert got["endpoint_error"] == pytest.approx(3.9)


def test_the_deviation_at_peak_speed_is_not_the_largest_one():
    path, velocity = triangle()
    velocity[2] *= 2  # now the first side is the fastest
    got = measures.trial_measures(path, velocity, [0, 0], [0, 20], 1, 0.5)
    assert got["deviation_at_peak_speed"] == 3 and got["max_deviation"] == 6


@pytest.mark.parametrize("side", [1, -1])
def test_a_half_circle_deviates_by_its_radius(side):
    angle = np.linspace(math.pi, 0, 181)  # from (-0.05, 0) to (0.05, 0), over the top for side 1: left of a reach to the right
    path = 0.05 * np.stack([np.cos(angle), side * np.sin(angle)], -1)
    velocity = np.stack([np.sin(angle), -side * np.cos(angle)], -1) * (1 - 0.001 * np.abs(np.arange(181) - 45))[:, None]
    got = measures.trial_measures(path, velocity, path[0], path[-1], 0, 0.01)
    assert got["max_deviation"] == pytest.approx(side * 0.05)
    assert got["path_length_ratio"] == pytest.approx(math.pi / 2, rel=1e-4)
    # The peak lies at 45 degrees on the circle: there the height is r / sqrt 2, and the chord has risen by 90 - 45/2 degrees.
    assert got["deviation_at_peak_speed"] == pytest.approx(side * 0.05 / math.sqrt(2))
    assert got["initial_angle_error"] == pytest.approx(side * math.radians(67.5))
    assert measures.deviation(path, path[0], path[-1])[45] == pytest.approx(side * 0.05 / math.sqrt(2))


def test_only_the_movement_counts_towards_the_largest_deviation():
    path, velocity = minimum_jerk(rest=20)
    path[:5, 0], path[-3:, 0], path[60, 0] = 0.03, 0.04, -0.001  # drift in the hold, correction after the end, the reach itself
    movement = measures.find_movement(velocity, 10)
    assert measures.max_deviation(path, ZERO, UP, movement) == pytest.approx(0.001)  # -x is left of a reach upwards


def test_what_happens_before_the_cue_is_no_movement():
    _, velocity = minimum_jerk(rest=5)
    twitch = velocity.copy()
    twitch[2] = [0.5, 0]  # faster than anything after the cue
    assert measures.find_movement(twitch, 3) == measures.find_movement(velocity, 3)
    assert measures.find_movement(twitch, 2).onset == 2  # already moving at the cue


def of_speeds(*rates):
    return np.stack([np.array(rates, float), np.zeros(len(rates))], -1)


@pytest.mark.parametrize("threshold, onset", [(0.2, 1), (0.25, 3)])
def test_a_high_threshold_says_by_itself_what_rest_is(threshold, onset):
    """A speed that falls for a moment is rest up to a tenth of the peak only."""
    assert measures.find_movement(of_speeds(0.0, 2.5, 2.4, 6.0, 10.0, 1.0), 0, threshold).onset == onset


@pytest.mark.parametrize("rest, onset", [
    ([0.1, 0.7, 0.3, 0.2], 4),  # noise is above the threshold, 0.5, for a moment
    ([0.8, 0.2, 0.1, 0.2], 4),  # at the cue, too
    ([0.1, 0.2, 0.1, 0.8], 3),  # before a speed that rises from then on
    ([0.7, 0.9, 0.6, 0.7], 3),  # all the time
    ([0.7, 0.7, 0.7, 0.7], 4),
    ([0.6, 0.7, 0.8, 0.9], 0),  # no rest: it moves at the cue
    ([3.0, 2.0, 1.2, 2.5], 0),
    ([4.0, 2.0, 0.4, 2.5], 3),
])  # fmt: skip
def test_noise_of_a_resting_hand_is_no_onset(rest, onset):
    noisy = of_speeds(*rest, 3, 7, 10, 6, 2, 0.1)
    assert measures.find_movement(noisy, 0)[:3] == (onset, 6, 9)
    before = of_speeds(0, 0, 9, *rest, 3, 7, 10, 6, 2, 0.1)
    assert measures.find_movement(before, 3)[:3] == (onset + 3, 9, 12)  # what happens before the cue changes nothing


@pytest.mark.parametrize("rates, found", [
    ([0, 6, 0, 10, 0, 0], (1, 3, 4)),  # the first peak is more than half as high: what follows corrects it
    ([0, 5, 0, 10, 0, 0], (3, 3, 4)),  # it is not, and the hand rests after it
    ([0, 5, 2, 10, 0, 0], (1, 3, 4)),  # the hand goes on
    ([0, 10, 0, 10, 0, 0], (1, 1, 2)),
    ([0, 4, 0, 6, 0, 10, 0, 7, 0], (3, 5, 6)),
    ([6, 2, 0, 10, 0, 0], (0, 3, 4)),  # a false start that the cue meets
])  # fmt: skip
def test_the_onset_is_that_of_the_first_large_peak(rates, found):
    assert measures.find_movement(of_speeds(*rates), 0)[:3] == found


@settings(max_examples=200, deadline=None)
@given(st.integers(4, 120), st.integers(0, 30), st.floats(0, 0.5), st.floats(0.05, 0.3))
def test_the_onset_of_a_smooth_reach_is_the_first_state_above_the_threshold(steps, rest, threshold, distance):
    _, velocity = minimum_jerk(steps, distance, rest)
    rate = velocity[:, 1]
    found = measures.find_movement(velocity, 0, threshold)
    assert found.onset == (rate > threshold * rate.max()).argmax()


def test_the_movement_ends_at_the_first_slow_state_or_with_the_trial():
    rate = np.array([0, 1, 10, 0.6, 0.4, 3, 0, 0], float)
    velocity = np.stack([rate, 0 * rate], -1)
    assert measures.find_movement(velocity, 0)[:3] == (1, 2, 4)
    assert measures.find_movement(velocity, 0, threshold=0.07)[:3] == (1, 2, 3)
    assert measures.find_movement(velocity[:4], 0)[:3] == (1, 2, 3)
    velocity[4:] = np.nan
    assert measures.find_movement(velocity, 0)[:3] == (1, 2, 3)


def test_trials_without_movement_are_nan():
    path, velocity = (np.stack([part] * 5) for part in minimum_jerk())
    velocity[0] = 0  # never moves
    velocity[1] *= 0.05  # drifts with at most 9.4 mm/s
    path[2, 30:] = velocity[2, 30:] = np.nan  # ends before the cue
    path[3] = velocity[3] = np.nan  # no trial at all
    got = measures.trial_measures(path, velocity, ZERO, UP, [0, 0, 30, 0, 0], 0.01)
    for name, value in got.items():
        assert np.isnan(value).tolist() == [True, True, True, True, False], name
    assert measures.find_movement(velocity[1], 0, slowest=0.009).moved
    assert not measures.find_movement(velocity[0], 0, slowest=0.0).moved
    assert measures.find_movement(velocity[0], 0) == (-1, -1, -1, False)


def test_no_trials_give_no_measures():
    none = np.zeros((0, 5, 2))
    got = measures.trial_measures(none, none, ZERO, UP, 0, 0.01)
    assert all(value.shape == (0,) for value in got.values())
    assert measures.adaptation_coefficient(none, none, ZERO, UP).shape == (0,)


def reference(path, velocity, start, target, go, dt):
    """The same measures, state by state, for one unpadded trial."""
    rates = [math.hypot(*v) for v in velocity]
    peak = max(rates[go:])
    at = rates.index(peak, go)
    onset = next(s for s in range(go, len(rates)) if rates[s] > 0.5 * peak)
    while onset > go and rates[onset - 1] > 0.05 * peak:  # backwards from the first fast state, until the hand rests
        if rates[onset - 1] <= 0.1 * peak and onset - 1 > go and rates[onset - 1] <= rates[onset - 2]:
            break
        onset -= 1
    end = next((s for s in range(at + 1, len(rates)) if rates[s] < 0.05 * peak), len(rates) - 1)
    d = target - start
    off = [(d[0] * (p[1] - start[1]) - d[1] * (p[0] - start[0])) / math.hypot(*d) for p in path]
    first, soon = path[at] - path[onset], path[min(onset + round(0.12 / dt), end)] - path[onset]
    turn, early = (math.atan2(way[1], way[0]) - math.atan2(d[1], d[0]) for way in (first, soon))
    return {
        "max_deviation": max(off[onset : end + 1], key=abs),
        "deviation_at_peak_speed": off[at],
        "initial_angle_error": math.remainder(turn, 2 * math.pi) if first.any() else math.nan,
        "early_angle_error": math.remainder(early, 2 * math.pi) if soon.any() else math.nan,
        "path_length_ratio": sum(math.dist(path[s], path[s + 1]) for s in range(onset, end)) / math.hypot(*d),
        "peak_speed": peak,
        "movement_time": (end - onset) * dt,
        "reaction_time": (onset - go) * dt,
        "endpoint_error": math.dist(path[end], target),
    }


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32))
def test_the_batch_equals_a_slow_reference(seed):
    path, velocity, start, target, go = random_trials(seed)
    got = measures.trial_measures(path, velocity, start, target, go, 0.01)
    for row in range(len(path)):
        length = int(np.isfinite(path[row, :, 0]).sum())
        if go[row] >= length or max(np.hypot(*velocity[row, go[row] : length].T)) < 0.01:
            assert all(math.isnan(value[row]) for value in got.values())
            continue
        want = reference(path[row, :length], velocity[row, :length], start[row], target[row], int(go[row]), 0.01)
        assert list(got) == list(want)
        for name, value in want.items():
            assert np.isclose(got[name][row], value, rtol=1e-9, atol=1e-12, equal_nan=True), name


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32), st.floats(-4, 4), st.floats(-1, 1), st.floats(-1, 1), st.sampled_from([1.0, -1.0]))
def test_turning_and_shifting_changes_nothing_and_a_mirror_flips_the_signs(seed, angle, x, y, mirror):
    path, velocity, start, target, go = random_trials(seed)
    before = measures.trial_measures(path, velocity, start, target, go, 0.01)
    turn, shift = turned(angle, mirror).T, np.array([x, y])
    after = measures.trial_measures(path @ turn + shift, velocity @ turn, start @ turn + shift, target @ turn + shift, go, 0.01)
    for name in SCALES + SIGNED:
        sign = mirror if name in SIGNED else 1.0
        assert np.allclose(after[name], sign * before[name], rtol=1e-6, atol=1e-9, equal_nan=True), name


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 30))
def test_padding_and_the_shape_of_the_batch_change_nothing(seed, extra):
    path, velocity, start, target, go = random_trials(seed)
    want = measures.trial_measures(path, velocity, start, target, go, 0.01)
    pad = np.full((6, extra, 2), np.nan)
    padded = measures.trial_measures(np.concatenate([path, pad], 1), np.concatenate([velocity, pad], 1), start, target, go, 0.01)
    folded = measures.trial_measures(*(a.reshape(2, 3, *a.shape[1:]) for a in (path, velocity, start, target, go)), 0.01)
    single = measures.trial_measures(path[0], velocity[0], start[0], target[0], int(go[0]), 0.01)
    for name, value in want.items():
        assert np.array_equal(padded[name], value, equal_nan=True)
        assert np.array_equal(folded[name], value.reshape(2, 3), equal_nan=True)
        assert np.array_equal(single[name], value[0], equal_nan=True)


def test_the_arguments_are_left_alone():
    given = random_trials(3)
    kept = [a.copy() for a in given]
    measures.trial_measures(*given, 0.01)
    for a, b in zip(given, kept):
        np.testing.assert_array_equal(a, b)


CURL = 13.0 * np.array([[0.0, -1.0], [1.0, 0.0]])


def test_the_curl_field_pushes_a_reach_upwards_to_the_left():
    force = measures.viscous_force([[0, 0.2], [0.1, 0], [9, 9]], CURL)
    np.testing.assert_allclose(force, [[-2.6, 0], [0, 1.3]])


def test_the_adaptation_coefficient_by_hand():
    # Reach to the right: lateral is y. Field (1, 2, 0) N, channel (0.5, 1, 0) N: half. Forces along the reach do not count.
    field = np.array([[5.0, 1], [5, 2], [5, 0]])
    assert measures.adaptation_coefficient(0.5 * field, field, ZERO, [0.1, 0]) == pytest.approx(0.5)
    assert measures.adaptation_coefficient([[9, 1], [-9, 2], [9, 0]], field, ZERO, [0.1, 0]) == pytest.approx(1)
    # (1 * 3 + 2 * 1) / (1 + 4): a slope through the origin, where a line with an offset would have the slope 0.5.
    assert measures.adaptation_coefficient([[0, 3], [0, 1], [0, 0]], field, ZERO, [0.1, 0]) == pytest.approx(1)
    # A constant push against the wall while at rest has no weight.
    assert measures.adaptation_coefficient([[0, 1], [0, 2], [0, 7]], field, ZERO, [0.1, 0]) == pytest.approx(1)


def test_the_adaptation_coefficient_of_a_batch():
    field = measures.viscous_force(np.stack([minimum_jerk()[1]] * 4), CURL)
    channel = field * np.array([1.0, 0.0, -0.5, 0.25])[:, None, None]
    channel[3, 60:] = np.nan
    got = measures.adaptation_coefficient(channel, field, ZERO, UP)
    np.testing.assert_allclose(got, [1, 0, -0.5, 0.25], atol=1e-15)
    assert np.isnan(measures.adaptation_coefficient(channel, 0 * field, ZERO, UP)).all()


@pytest.mark.parametrize("share", [0.0, 0.4, 1.0, -1.0])
@pytest.mark.parametrize("curl", [CURL, -CURL])
def test_a_mass_in_a_channel_that_compensates_a_share_of_the_field(share, curl):
    """The sign worked out from physics: a hand that pushes with minus the field's force, in a channel stiff enough."""
    dt, position, velocity = 0.001, np.zeros(2), np.zeros(2)
    forces, velocities = [], [velocity]
    for step in range(1000):
        s = step * dt
        drive = np.array([0, 0.1 * (60 * s - 180 * s**2 + 120 * s**3)])
        channel = np.array([-6000 * position[0] - 100 * velocity[0], 0])
        velocity = velocity + dt * (drive + channel - share * (curl @ velocity) * [1, 0])
        position = position + dt * velocity
        forces.append(channel)
        velocities.append(velocity)
    field = measures.viscous_force(velocities, curl)
    got = measures.adaptation_coefficient(forces, field, ZERO, UP)
    assert got == pytest.approx(share, abs=0.02)


def test_the_after_effect_by_hand():
    deviation = [0.001, 0.003, np.nan, 0.03, -0.018, -0.022]
    baseline = np.array([True, True, True, False, False, False])
    probe = np.array([False, False, False, False, True, True])
    assert measures.after_effect(deviation, baseline, probe) == pytest.approx(-0.022)
    assert math.isnan(measures.after_effect(deviation, baseline, np.zeros(6, bool)))
    assert math.isnan(measures.after_effect(deviation, [False, False, True, False, False, False], probe))


GOOD = dict(path=np.ones((3, 5, 2)), velocity=np.ones((3, 5, 2)), start=np.zeros((3, 2)), target=np.ones((3, 2)), go=np.zeros(3, int), dt=0.01)
GAP = np.ones((3, 5, 2))
GAP[1, 2] = np.nan
HALF = np.ones((3, 5, 2))
HALF[1, 4, 0] = np.nan


@pytest.mark.parametrize("name, value, error", [
    ("path", "straight", TypeError), ("path", None, TypeError), ("path", np.ones((3, 5, 2), bool), TypeError), ("path", [[1, 2], [3]], TypeError),
    ("path", np.ones((3, 5, 2), complex), TypeError), ("path", np.ones((3, 5, 3)), ValueError), ("path", np.ones((2, 5, 2)), ValueError),
    ("path", np.ones((3, 4, 2)), ValueError), ("path", np.ones(2), ValueError), ("path", GAP, ValueError), ("path", HALF, ValueError),
    ("path", np.full((3, 5, 2), np.inf), ValueError), ("velocity", np.ones((3, 0, 2)), ValueError), ("velocity", GAP, ValueError),
    ("velocity", "fast", TypeError), ("velocity", np.ones((3, 5)), ValueError),
    ("start", np.zeros((2, 2)), ValueError), ("start", 0.0, ValueError), ("start", [0, np.nan], ValueError), ("start", "here", TypeError),
    ("target", np.zeros((3, 3)), ValueError), ("target", [np.inf, 0], ValueError), ("target", np.zeros((3, 2)), ValueError),
    ("go", 0.5, TypeError), ("go", True, TypeError), ("go", [0, 1], ValueError), ("go", -1, ValueError),
    ("dt", -1, ValueError), ("dt", "0.01", TypeError), ("dt", float("nan"), ValueError),
    ("threshold", 1.0, ValueError), ("threshold", -0.1, ValueError), ("threshold", None, TypeError), ("slowest", -1, ValueError),
])
def test_bad_trials_are_refused_by_name(name, value, error):
    with pytest.raises(error, match=f"`{name}`"):
        measures.trial_measures(**{**GOOD, name: value})


FORCES = dict(channel_force=np.ones((3, 4, 2)), field_force=np.ones((3, 4, 2)), start=np.zeros(2), target=np.ones(2))
EFFECT = dict(deviation=np.ones(3), baseline=np.ones(3, bool), probe=np.ones(3, bool))


@pytest.mark.parametrize("function, good, name, value, error", [
    (measures.adaptation_coefficient, FORCES, "channel_force", np.ones((3, 5, 2)), ValueError),
    (measures.adaptation_coefficient, FORCES, "channel_force", np.ones((2, 4, 2)), ValueError),
    (measures.adaptation_coefficient, FORCES, "channel_force", "hard", TypeError),
    (measures.adaptation_coefficient, FORCES, "field_force", np.ones((3, 4)), ValueError),
    (measures.adaptation_coefficient, FORCES, "target", np.zeros(2), ValueError),
    (measures.viscous_force, dict(velocity=np.ones((5, 2)), viscosity=CURL), "viscosity", np.ones((3, 2)), ValueError),
    (measures.viscous_force, dict(velocity=np.ones((5, 2)), viscosity=CURL), "viscosity", np.full((2, 2), np.nan), ValueError),
    (measures.viscous_force, dict(velocity=np.ones((5, 2)), viscosity=CURL), "viscosity", 13.0, ValueError),
    (measures.viscous_force, dict(velocity=np.ones((5, 2)), viscosity=CURL), "velocity", np.ones(2), ValueError),
    (measures.after_effect, EFFECT, "deviation", np.ones((3, 1)), ValueError),
    (measures.after_effect, EFFECT, "deviation", [1, 2, np.inf], ValueError),
    (measures.after_effect, EFFECT, "deviation", "left", TypeError),
    (measures.after_effect, EFFECT, "baseline", [0, 1, 1], TypeError),
    (measures.after_effect, EFFECT, "probe", np.ones(2, bool), ValueError),
])
def test_bad_forces_and_masks_are_refused_by_name(function, good, name, value, error):
    function(**good)
    with pytest.raises(error, match=f"`{name}`"):
        function(**{**good, name: value})


def test_a_field_that_only_resists_tells_no_adaptation():
    # In a channel the hand moves straight: such a field pushes it sideways by rounding errors only.
    velocity = np.zeros((3, 20, 2))
    velocity[..., 1] = np.linspace(0, 0.3, 20)
    velocity[..., 0] = 1e-9
    channel = np.full((3, 19, 2), 1e-7)
    told = measures.adaptation_coefficient(channel, measures.viscous_force(velocity, [[-8, 0], [0, -8]]), (0, 0), (0, 0.1))
    assert np.isnan(told).all()
