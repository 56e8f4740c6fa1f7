"""Measures of populations whose answer is known."""

import numpy as np
import pytest

from reach_gym.neural import (
    TinyDenominatorWarning,
    early_force,
    force_space,
    halves_at,
    procrustes_distance,
    psth,
    share_in,
    shift_left,
    states_at,
    subspace_angle,
    trajectories,
    tuning,
    uniform_shift,
)
from tests.neural.made import made, planar


def states(base, shift=0.0, turn=0.0):
    return states_at(made(base, planar(shift, turn))).rate


def test_a_preparation_ends_before_the_cue_is_seen(base):
    before = made(base, lambda d, t: [np.where(t < -0.001, np.cos(d), 7.0), np.sin(d)])
    assert states_at(before).rate[0, 0] == pytest.approx(1.0, abs=1e-6)


def test_psths_are_means_per_direction_and_tuning_is_found(base):
    activity = made(base, lambda d, t: [3 + 2 * np.cos(d - 1.0), 1.0 + 0 * d, t])
    means = psth(activity, "go", 0.1, 0.3)
    assert means.rate.shape == (8, 41, 3) and means.direction.tolist() == pytest.approx((np.arange(8) * np.pi / 4).tolist())
    np.testing.assert_allclose(means.rate[:, :, 0], (3 + 2 * np.cos(means.direction - 1.0))[:, None] * np.ones(41), atol=1e-5)
    np.testing.assert_allclose(means.rate[:, :, 2], np.broadcast_to(means.time, (8, 41)), atol=1e-6)
    prepared = states_at(activity)
    assert prepared.trials.sum() == 64 and prepared.trials.min() >= 2
    found = tuning(prepared.rate, prepared.direction)
    assert found.preferred[0] == pytest.approx(1.0, abs=1e-4) and found.depth[:2].tolist() == pytest.approx([2.0, 0.0], abs=1e-4)
    assert found.share[0] == pytest.approx(1.0) and found.share[1] == 0.0
    single = tuning(activity.mean_in((-0.05, -0.01)), activity.direction)  # trial by trial
    assert single.preferred[0] == pytest.approx(1.0, abs=1e-4)


def test_tuning_is_refused_where_any_cosine_fits():
    angle = np.arange(8) % 3 * 2.0
    with pytest.raises(ValueError, match="`direction` must hold at least 4 directions"):
        tuning(np.ones((8, 2)), angle)
    with pytest.raises(ValueError, match="each of the 8 rows"):
        tuning(np.ones((8, 2)), angle[:5])
    with pytest.raises(ValueError, match="`rates` must be finite, got 6.2% that is not"):
        tuning(np.where(np.arange(16).reshape(8, 2) == 3, np.nan, 1.0), np.arange(8.0))
    with pytest.raises(TypeError, match="`rates` must be an array of numbers"):
        tuning("rates", angle)


def test_components_angles_and_shapes(base):
    plain, turned = psth(made(base, planar())).rate, psth(made(base, planar(turn=0.7))).rate
    across = psth(made(base, lambda d, t: planar()(d, t)[::-1])).rate
    paths = trajectories(plain, 2)
    assert paths.score.shape == (*plain.shape[:2], 2) and paths.share.sum() > 0.9
    assert np.degrees(subspace_angle(plain, plain, 2)).max() < 1e-3 and np.degrees(subspace_angle(plain, turned, 2)).max() < 1e-3
    assert np.degrees(subspace_angle(plain, across, 2)).max() > 60  # units 0, 1 against units 3, 4
    assert procrustes_distance(plain, turned, 2) < 1e-6  # a rotation is no difference in shape
    flat = psth(made(base, lambda d, t: [np.cos(d), 0 * d, t, 0 * d, 0 * d])).rate
    assert procrustes_distance(plain, flat, 2) > 0.05
    with pytest.raises(ValueError, match="`components` must be at most the number of directions in which `one` vary"):
        subspace_angle(flat, plain, 3)  # a third axis would be rounding
    with pytest.raises(ValueError, match="`components` must be at most 5"):
        trajectories(plain, 6)
    with pytest.raises(ValueError, match="`basis` must be of shape"):
        trajectories(plain, 2, basis=plain[0])
    with pytest.warns(TinyDenominatorWarning, match="`share` is NaN"):
        assert np.isnan(trajectories(np.ones((4, 3, 5)) + 1e-6 * flat[:4, :3], 2, basis=plain).share).all()


def test_a_uniform_shift_is_found_with_what_is_left_of_it(base):
    before, during, after, control = (states(base, shift) for shift in (0.0, 2.0, 1.5, 0.2))
    shift = uniform_shift(before, during)
    assert shift.size == pytest.approx(2.0, rel=1e-4)  # the directions lie on a circle of radius 1
    assert shift.uniformity == pytest.approx(1.0) and shift.chance == 0.125
    np.testing.assert_allclose(shift.vector, [0, 0, 0, 0, 2], atol=1e-5)
    assert shift_left(before, during, after) == pytest.approx(0.75, abs=1e-4)
    assert shift_left(before, during, control) == pytest.approx(0.1, abs=1e-4)
    turned = states(base, turn=0.5)
    assert uniform_shift(before, turned).uniformity < 1e-6
    with pytest.warns(TinyDenominatorWarning, match="`shift_left` is NaN"):
        assert np.isnan(shift_left(before, turned, before))
    with pytest.warns(TinyDenominatorWarning, match="`uniformity` is NaN"):
        assert np.isnan(uniform_shift(before, before + 1e-4).uniformity)
    with pytest.warns(TinyDenominatorWarning, match="`size` is NaN"):
        assert np.isnan(uniform_shift(0 * before, during).size)
    with pytest.raises(ValueError, match="same directions and units"):
        uniform_shift(before, during[:4])


def test_halves_keep_noise_from_being_a_shift(base):
    """A shift under noise: plain means find it too long, halves do not, nor do they find one where there is none."""
    rng, found = np.random.default_rng(0), []
    clean = states(base)[None] + np.zeros((2, 1, 1))
    for _ in range(200):
        before, during = (clean + shift * np.eye(5)[4] + rng.normal(0, 0.15, clean.shape) for shift in (0.0, 0.5))
        shift = uniform_shift(before, during)
        drift = shift_left(before, during, clean + rng.normal(0, 0.15, clean.shape))
        found.append((shift.size**2, shift.vector @ shift.vector, drift))
    crossed, plain, drift = np.mean(found, axis=0)
    assert crossed == pytest.approx(0.25, abs=0.01) and plain > 0.26
    assert abs(drift) < 0.1


def test_the_halves_are_disjoint_and_hold_all_trials(base):
    number = made(base, lambda d, t: [np.arange(64.0)[:, None] + 0 * t])
    halves = halves_at(number, seed=1)
    assert halves.shape == (2, 8, 1)
    for k, direction in enumerate(np.unique(base.direction)):
        mine = np.flatnonzero(base.direction == direction)
        sizes = len(mine) - len(mine) // 2, len(mine) // 2
        assert halves[0, k, 0] * sizes[0] + halves[1, k, 0] * sizes[1] == pytest.approx(mine.sum())
    assert not np.array_equal(halves, halves_at(number, seed=2)) and np.array_equal(halves, halves_at(number, seed=1))
    with pytest.raises(ValueError, match=r"`activity` must have at least 2 trials of every direction, got 1 at -?\d+ degrees"):
        halves_at(base.subset(np.arange(64) < 9))


def test_the_plane_of_the_force_is_that_of_the_preparation(base):
    before = made(base, planar())
    force = early_force(before)
    assert force.shape == (8, 2) and np.degrees(np.arctan2(force[:, 1], force[:, 0])).round(3).tolist() == pytest.approx(
        [0, 45, 90, 135, 180, -135, -90, -45], abs=0.5
    )
    plane = force_space(states_at(before).rate, force)
    np.testing.assert_allclose(plane.T @ plane, np.eye(2), atol=1e-9)
    assert np.abs(plane[:2]).sum() > 1.9 and np.abs(plane[4]).max() < 1e-6
    assert share_in([0, 0, 0, 0, 2.0], plane) == pytest.approx(0.0, abs=1e-9)
    assert share_in([1.0, 0, 0, 0, 1.0], plane) == pytest.approx(0.5, abs=1e-6)
    with pytest.raises(ValueError, match="one line only"):
        force_space(states_at(before).rate, force[:, :1] * [1.0, 2.0])
    with pytest.raises(ValueError, match="must not be 0"):
        share_in(np.zeros(5), plane)
    with pytest.raises(ValueError, match="must be orthonormal"):
        share_in(np.ones(5), 2 * plane)
    with pytest.raises(ValueError, match=r"`force` must be of shape \(8, 2\)"):
        force_space(states_at(before).rate, force[:4])
