"""jPCA: planes, speeds and R² of known rotations; a second way to the same numbers; and its nulls."""

import itertools

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d

from reach_gym.neural.maximum_entropy import maximum_entropy
from reach_gym.neural.nulls import against
from reach_gym.neural.preparing import condition_dependent, softening
from reach_gym.neural.rotations import held_out_rotations, rotations
from reach_gym.neural.surrogates import matched_covariance, matched_tuning
from tests.neural.populations import DIRECTIONS, rotating, tuned, velocity


def test_pure_rotation_is_found_with_its_speeds_and_direction():
    rates, speed = rotating(noise=0.0, hz=1.5)
    found = rotations(rates, soften=None)
    np.testing.assert_allclose(found.speed, speed * 0.01, rtol=0.003)  # a step's chord is a little shorter than its arc
    assert found.quality.r2_skew > 0.99 and found.quality.share > 0.995
    plane = found.scores[:, :, 0] + 1j * found.scores[:, :, 1]
    turned = np.angle(plane[:, 1:] / plane[:, :-1])
    np.testing.assert_allclose(turned[np.abs(plane[:, 1:]) > 0.3], speed[0] * 0.01, rtol=0.05)  # from the first axis to the second
    np.testing.assert_allclose(found.axes.T @ found.axes, np.eye(6), atol=1e-10)
    at_start = found.scores[:, 0, :2]
    assert abs(np.cov(at_start.T)[0, 1]) < 1e-10 and at_start[:, 0].std() >= at_start[:, 1].std()


def test_the_rotating_plane_holds_its_variance_and_growth_is_no_rotation():
    rates, _ = rotating(noise=0.0, planes=1)
    assert rotations(rates, components=2, soften=None).quality.plane_variance == pytest.approx(1.0)
    start = np.random.default_rng(0).standard_normal((12, 1, 4))
    growing = start * np.exp(np.arange(40) * 0.02)[None, :, None]
    quality = rotations(growing, components=4, soften=None).quality
    assert quality.r2_best > 0.999 and quality.r2_skew < 1e-6


def by_hand(rates, soften):
    """From the formulas of the paper: basis matrices of skew symmetry, least squares over their weights, complex eigenvectors."""
    scaled = rates / (rates.max(axis=(0, 1)) - rates.min(axis=(0, 1)) + soften)
    ready = scaled - scaled.mean(axis=0)
    flat = ready.reshape(-1, ready.shape[-1])
    flat = flat - flat.mean(axis=0)
    values, vectors = np.linalg.eigh(flat.T @ flat)
    scores = (flat @ vectors[:, ::-1][:, :6]).reshape(*ready.shape[:2], 6)
    x = np.concatenate([each[:-1] for each in scores])
    dx = np.concatenate([each[1:] - each[:-1] for each in scores])
    pairs = list(itertools.combinations(range(6), 2))
    design = np.zeros((dx.size, len(pairs)))
    for column, (i, j) in enumerate(pairs):
        basis = np.zeros((6, 6))
        basis[i, j], basis[j, i] = 1, -1
        design[:, column] = (x @ basis).ravel()
    weights = np.linalg.lstsq(design, dx.ravel(), rcond=None)[0]
    skew = np.zeros((6, 6))
    for weight, (i, j) in zip(weights, pairs):
        skew[i, j], skew[j, i] = weight, -weight
    best = np.linalg.pinv(x) @ dx
    speeds, eigen = np.linalg.eig(skew.T)
    fast = eigen[:, np.argmax(speeds.imag)]
    plane = np.linalg.qr(np.stack([fast.real, fast.imag], axis=1))[0]

    def r2(m, side):
        return 1 - (((dx - x @ m) @ side) ** 2).sum() / ((dx @ side) ** 2).sum()

    inside = ((scores.reshape(-1, 6) @ plane) ** 2).sum() / (flat**2).sum()
    return [r2(skew, np.eye(6)), r2(best, np.eye(6)), r2(skew, plane), r2(best, plane), inside]


@pytest.mark.parametrize("rates", [rotating(decay=1.0, noise=0.05)[0] * 30 + 20, tuned() * 40 + 5])
def test_a_second_implementation_agrees(rates):
    np.testing.assert_allclose(rotations(rates).quality, by_hand(rates, 10.0), atol=1e-8)


def test_left_out_conditions_rotate_alike_only_if_dynamics_are_shared():
    quality = held_out_rotations(rotating(noise=0.0)[0], soften=None)
    assert quality.r2_skew > 0.98
    rng = np.random.default_rng(1)
    own = np.concatenate([rotating(noise=0.0, seed=k)[0][:1] for k in range(12)])  # every condition in planes of its own
    apart = held_out_rotations(own + 1e-6 * rng.standard_normal(own.shape), soften=None)
    assert apart.r2_skew < 0.2 < rotations(own, soften=None).quality.r2_skew


def share(rates):
    return rotations(rates, soften=None).quality.share


def r2(rates):
    return rotations(rates, soften=None).quality.r2_skew


def test_tuning_with_latencies_looks_rotational_and_its_nulls_show_why():
    rates = tuned()
    assert rotations(rates, soften=None).quality.r2_skew_plane > 0.5  # the naive reading
    assert against(share, rates, matched_covariance, 60).p > 0.1
    assert against(r2, rates, matched_tuning(velocity(10)), 60).p > 0.1


@pytest.mark.parametrize("noise", [0.05, 0.2])
def test_noisy_tuning_and_what_tuning_does_not_tell_do_not_stand_out_of_matched_tuning(noise):
    assert against(r2, tuned(noise=noise), matched_tuning(velocity(10)), 60).p > 0.1
    even = np.repeat(velocity()[:, 30:31], 80, axis=1)  # a hand that moves evenly; what units do beyond it is smooth noise
    smooth = gaussian_filter1d(np.random.default_rng(0).standard_normal((12, 60, 60)), 4, axis=1)
    still = np.cos(DIRECTIONS[:, None] - np.arange(60.0))[:, None] + 10 * noise * smooth
    assert against(r2, still, matched_tuning(even), 60).p > 0.1


def test_rotations_of_dynamics_stand_out_of_all_nulls():
    rates, _ = rotating(decay=1.0)
    assert against(share, rates, matched_covariance, 60).p < 0.05
    assert against(r2, rates, matched_tuning(velocity(10)), 60).p < 0.05
    assert against(r2, condition_dependent(rates), maximum_entropy, 60).p < 0.05


def test_rates_of_maximum_entropy_do_not_stand_out_of_their_null():
    template = condition_dependent(rotating(decay=1.0)[0])
    draw = maximum_entropy(template)
    rank = [against(r2, draw(np.random.default_rng(k)), maximum_entropy, 19, seed=k).p for k in range(20)]
    assert 0.2 < np.mean(rank) < 0.8


def test_refusals():
    rates, _ = rotating()
    for kwargs, word in (({"components": 5}, "even"), ({"components": 80}, "components"), ({"window": slice(0, 2)}, "window")):
        with pytest.raises(ValueError, match=word):
            rotations(rates, **kwargs)
    with pytest.raises(ValueError, match="`rates` must be finite"):
        rotations(np.where(rates > 0.5, np.nan, rates))
    with pytest.raises(ValueError, match="at most 2"):
        rotations(rotating(noise=0.0, planes=1)[0], soften=None)


def test_softening_goes_with_the_units_own_range():
    rates, _ = rotating()
    assert softening(rates * 7) == pytest.approx(7 * softening(rates))
    one, other = rotations(rates, soften=softening(rates)), rotations(rates * 7, soften=softening(rates * 7))
    np.testing.assert_allclose(one.quality, other.quality, atol=1e-10)
