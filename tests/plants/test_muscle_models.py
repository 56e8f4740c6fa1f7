"""The models of muscle against their sources' formulas, written here a second time, and the muscles against known figures."""

import math

import numpy as np
import pytest
from scipy.optimize import brentq

from reach_gym.plants.exponentials import exponential, logarithm
from reach_gym.plants.muscle_models import FLOOR, KISTEMAKER, THELEN, VIRTUAL
from reach_gym.plants.muscle_motion import pulls_with
from reach_gym.plants.muscles import MUSCLES
from reach_gym.plants.table import plant_from_data

MODELS = {"kistemaker_2010": KISTEMAKER, "thelen_2003": THELEN, "todorov_li_2004": VIRTUAL}
LENGTHS, ACTIVATIONS = np.linspace(0.45, 1.62, 20), np.linspace(0.03, 1.0, 20)


@pytest.mark.parametrize("low, error", [(-15, 1e-13), (-50, 1e-9)])
def test_the_exponential(low, error):
    x = np.linspace(low, 15, 4001)
    assert exponential(x) == pytest.approx(np.exp(x), rel=error, abs=0)
    assert exponential(-80.0) == exponential(-50.0) and exponential(float(x[7])) == exponential(x)[7]


def test_the_logarithm():
    x = np.exp(np.linspace(math.log(2e-8), math.log(32), 4001))
    assert logarithm(x) == pytest.approx(np.log(x), abs=1e-14, rel=1e-14)
    assert logarithm(float(x[7])) == logarithm(x)[7]


def kistemaker_velocity(force, a, length):
    """The contraction's velocity by the active force, as the source has it: Hill's hyperbola, and above the isometric force the
    root of the quadratic equation of a hyperbola with an oblique asymptote."""
    f = max(0.01, 1 - ((length - 1) / 0.66) ** 2)
    a_rel = 0.41 * (f if length > 1 else 1)
    b_rel = 5.2 * (1 - 0.9 * ((a - 0.3) / (0.005 - 0.3)) ** 2) if a < 0.3 else 5.2
    isometric = a * f
    if force <= isometric:
        return b_rel * (force - isometric) / (force + a * a_rel)
    steep = 2 * (isometric + a * a_rel) / b_rel
    p = 0.5 * isometric / (steep - 0.001)
    # (force - 1.5 F0 - s v) (v + p) = -0.5 F0 p
    roots = np.roots([-0.001, force - 1.5 * isometric - 0.001 * p, (force - 1.5 * isometric) * p + 0.5 * isometric * p])
    return min(root.real for root in roots if root.real > 0)


def thelen_velocity(force, a, length):
    f = math.exp(-((length - 1) ** 2) / 0.45)
    b = a * f + force / 0.25 if force <= a * f else (2 + 2 / 0.25) * (a * f * 1.4 - force) / (1.4 - 1)
    return (0.25 + 0.75 * a) * 10 * (force - a * f) / b


@pytest.mark.parametrize("velocity, model, most", [(kistemaker_velocity, KISTEMAKER, 1.45), (thelen_velocity, THELEN, 1.38)])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.95, 1.1, "most"])
def test_force_by_velocity_is_the_inverse_of_the_source(velocity, model, most, share):
    """The sources give the velocity of a force; 20 lengths and activations for each part of the curve."""
    for length, a in zip(LENGTHS, ACTIVATIONS, strict=True):
        a, length = float(a), float(length)
        passive = model.force(0.0, length, 0.0) if model is THELEN else max(0, (length - 1.4) / 0.26) ** 2
        isometric = model.force(a, length, 0.0) - passive
        active = (most if share == "most" else share) * isometric
        assert model.force(a, length, float(velocity(active, a, length))) - passive == pytest.approx(active, rel=1e-9, abs=1e-13)


def test_force_by_length():
    for length in LENGTHS:
        length = float(length)
        active = max(0.01, 1 - ((length - 1) / 0.66) ** 2)
        passive = max(0.0, (length - 1.4) / 0.26) ** 2
        assert KISTEMAKER.force(1.0, length, 0.0) == pytest.approx(active + passive, rel=1e-12)
        passive = max(0.0, (math.exp(5 * (length - 1) / 0.6) - 1) / (math.exp(5) - 1))
        assert THELEN.force(1.0, length, 0.0) == pytest.approx(math.exp(-((length - 1) ** 2) / 0.45) + passive, rel=1e-11)
    assert KISTEMAKER.force(0.5, 1.66, 0.0) == pytest.approx(1 + 0.5 * 0.01)
    assert THELEN.force(0.0, 1.6, 0.0) == pytest.approx(1.0)


@pytest.mark.parametrize("v", [-6.5, -5.0, -1.0, 0.0, 0.3, 2.0])
def test_the_virtual_muscle(v):
    for length, a in zip(np.linspace(0.6, 1.7, 20), ACTIVATIONS, strict=True):
        by_length = math.exp(-(abs((length**1.93 - 1) / 1.03) ** 1.87))
        if v <= 0:
            by_velocity = max(0.0, (-5.72 - v) / (-5.72 + (1.38 + 2.09 * length) * v))
        else:
            by_velocity = (0.62 - (-3.12 + 4.21 * length - 2.67 * length**2) * v) / (0.62 + v)
        n = 2.11 + 4.16 * (1 / length - 1)
        recruited = 1 - math.exp(-((a / (0.56 * n)) ** n))
        expected = recruited * max(0.0, by_length * by_velocity - 0.02 * math.exp(-18.7 * (length - 0.79)))
        assert VIRTUAL.force(float(a), float(length), v) == pytest.approx(expected, rel=1e-10, abs=1e-14)


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_no_muscle_pushes_and_each_is_stronger_when_it_lengthens(model):
    a, length, v = np.meshgrid(np.linspace(FLOOR, 1, 12), np.linspace(0.1, 2.3, 40), np.linspace(-20, 20, 41), indexing="ij")
    force = model.force(a, length, v)
    assert np.isfinite(force).all() and (force >= 0).all() and force.max() > 1
    inside = (length[..., 1:] > 0.6) & (length[..., 1:] < 1.5)
    assert (np.diff(force, axis=2) >= -1e-12)[inside & (np.abs(v[..., 1:]) < 5.6)].all()


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_holding_is_the_inverse_of_the_force_at_rest(model):
    for length in np.linspace(0.7, 1.3, 20):
        least = model.force(FLOOR, float(length), 0.0)
        for share in (0.01, 0.1):
            a = model.holding(share, float(length))
            assert model.force(a, float(length), 0.0) - least == pytest.approx(share, abs=1e-5)


@pytest.mark.parametrize("rising", [0.0, 1.0])
def test_the_pace_of_activation(rising):
    for a, u in zip(np.linspace(0.01, 0.99, 20), np.linspace(0.9, 0.1, 20), strict=True):
        n0, n1, d0, d1 = KISTEMAKER.pace(u, rising, 0.015, 0.05)
        tau = 0.015 * (0.5 + 1.5 * a) if rising else 0.05 / (0.5 + 1.5 * a)
        assert (n0 + n1 * a) / (d0 + d1 * a) == pytest.approx(1 / tau)
        n0, n1, d0, d1 = VIRTUAL.pace(u, rising, 0.05, 0.066)
        assert (n0 + n1 * a) / (d0 + d1 * a) == pytest.approx(1 / (0.066 - 0.016 * u if rising else 0.066))


def arm26():
    arm = plant_from_data("plant", {"kind": "muscle_arm"})
    return arm, tuple(arm.params(0.01, 1.0)), (math.radians(45), math.radians(90), 0.0, 0.0)


def test_known_figures_of_the_arm():
    """Fibres, moment arms and isometric torques at 45 and 90 degrees, computed from the constants by another program."""
    arm, params, joints = arm26()
    felt = arm.feel((*joints, *[1.0] * 6), params)
    assert np.array(felt[:6]) + 1 == pytest.approx([1.012, 1.019, 0.892, 0.885, 0.827, 0.768], abs=6e-4)
    assert felt[6:12] == (0.0,) * 6 and felt[18:] == joints[:2]
    _, torques, _ = pulls_with(KISTEMAKER)
    flexed, extended = (np.array(torques([1.0 if k % 2 == odd else 0.0 for k in range(6)], *joints, params)) for odd in (0, 1))
    assert flexed == pytest.approx([36.7, 49.8], abs=0.08)
    assert extended == pytest.approx([-52.0, -37.7], abs=0.08)
    muscles = MUSCLES["kistemaker_2010"]
    moments = np.array(muscles.elbow) + 2 * np.array(muscles.curved) * math.radians(90)
    assert moments == pytest.approx([0, 0, -0.0266, 0.0181, -0.0339, 0.0199], abs=6e-5)


@pytest.mark.parametrize("name", MODELS)
def test_moment_arms_are_the_derivatives_of_the_lengths(name):
    """Virtual work: what the muscles do at the joints is what their forces do along their fibres, with the signs of their names."""
    arm = plant_from_data("plant", {"kind": "muscle_arm", "muscles": name})
    params, muscles = tuple(arm.params(0.01, 1.0)), MUSCLES[name]
    one, torques, _ = pulls_with(arm.model)
    for q1, q2, w1, w2 in np.random.default_rng(0).uniform([0.5, 0.6, -2, -2], [1.2, 2.0, 2, 2], (20, 4)).tolist():
        felt = np.array(arm.feel((q1, q2, w1, w2, *[0.5] * 6), params))
        power = -(felt[12:18] * muscles.forces * 10 * felt[6:12] * muscles.optimal).sum()
        t1, t2 = torques((0.5,) * 6, q1, q2, w1, w2, params)
        assert t1 * w1 + t2 * w2 == pytest.approx(power, rel=1e-9, abs=1e-12)
        alone = [one(0.5, q1, q2, 0.0, 0.0, *params[20 + 5 * k : 25 + 5 * k]) for k in range(6)]
        pulling = felt[12:18] > 0
        signs = np.array([(1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, -1)]) * pulling[:, None]
        assert pulling.sum() > 4 and (-np.sign(alone) == signs).all()


def test_the_virtual_muscles_are_at_their_optimum_where_the_source_says():
    arm = plant_from_data("plant", {"kind": "muscle_arm", "muscles": "todorov_li_2004"})
    params = tuple(arm.params(0.01, 1.0))
    shoulder, elbow = (15.0, 4.88, 0.0, 0.0, 4.5, 2.12), (0.0, 0.0, 80.86, 109.32, 92.96, 91.52)
    for k, (q1, q2) in enumerate(zip(shoulder, elbow, strict=True)):
        felt = arm.feel((math.radians(q1), math.radians(q2), 0.0, 0.0, *[0.5] * 6), params)
        assert felt[k] == pytest.approx(0.0, abs=1e-12)


def test_greatest_velocities():
    """Where a fully active muscle at its optimal length exerts nothing."""
    for model, expected in ((KISTEMAKER, -5.2 / 0.41), (THELEN, -10.0), (VIRTUAL, -5.72 + 0.0)):
        fastest = brentq(lambda v, model=model: model.force(1.0, 1.0, v) - 1e-6, -14.0, -0.1)
        assert fastest == pytest.approx(expected, rel=0.02 if model is VIRTUAL else 1e-3)
