"""Tendons that stretch: the fibres against the model of muscle and a solver that knows no parts of a step."""

import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from reach_gym.fields import CURSOR_PRESETS, field_around
from reach_gym.plants.compliant_muscle_arm import CompliantMuscleArm, fibre_velocity, tendon_force
from reach_gym.plants.muscle_models import FLOOR, KISTEMAKER
from reach_gym.plants.muscles import MUSCLES
from reach_gym.plants.skeleton import pulled

ARM, DT = CompliantMuscleArm(), 0.01
PARAMS = tuple(ARM.params(DT, 1.0))
SET = MUSCLES["kistemaker_2010_compliant"]


@pytest.mark.parametrize("share", [0.0, 0.2, 0.9, 1.0, 1.2, 1.45, 1.55])
def test_the_velocity_of_fibres_is_the_inverse_of_their_force(share):
    for length, a in zip(np.linspace(0.5, 1.55, 20).tolist(), np.linspace(0.02, 1.0, 20).tolist(), strict=True):
        passive = max(0.0, (length - 1.4) / 0.26) ** 2
        force = share * (KISTEMAKER.force(a, length, 0.0) - passive) + passive
        v = fibre_velocity(a, length, force)
        assert KISTEMAKER.force(a, length, v) == pytest.approx(force, rel=1e-7, abs=1e-12)
        assert (v > 0) == (share > 1) or abs(v) < 1e-12


def test_a_tendon_pulls_with_the_maximum_at_4_percent_and_never_pushes():
    """The ratio is that of the pectoralis: 0.134 m of fibres, 0.07 m of tendon."""
    for strain in np.linspace(-0.02, 0.06, 20).tolist():
        assert tendon_force(strain * 0.07 / 0.134, 0.134 / 0.07) == pytest.approx((max(0.0, strain) / 0.04) ** 2, abs=1e-12)


def derivative(u, rising, field):
    """Of the whole state, in metres and newtons, written without the plant's functions but for the bones and the velocity."""
    around = None if field is None else field_around(1.0, 0.0, 0.0, *field)
    optimal, tendons, forces = (np.array(values) for values in (SET.optimal, SET.tendons, SET.forces))
    path, shoulder, elbow, curved = (np.array(values) for values in (SET.path, SET.shoulder, SET.elbow, SET.curved))

    def rate(_, s):
        q1, q2, w1, w2 = s[:4].tolist()
        a, fibres = s[4:10], s[10:]
        stretch = np.maximum(path + shoulder * q1 + elbow * q2 + curved * q2**2 - fibres * optimal - tendons, 0) / tendons
        share = (stretch / 0.04) ** 2
        t1, t2 = -(forces * share * shoulder).sum(), -(forces * share * (elbow + 2 * curved * q2)).sum()
        b1, b2, _, _ = pulled(math.cos(q1), math.sin(q1), math.cos(q2), math.sin(q2), w1, w2, t1, t2, around, PARAMS)
        tau = np.where(rising, 0.015 * (0.5 + 1.5 * a), 0.05 / (0.5 + 1.5 * a))
        return [w1, w2, b1, b2, *((u - a) / tau), *fibre_velocity(a, fibres, share)]

    return rate


@pytest.mark.parametrize("field", [None, CURSOR_PRESETS["curl_ccw"].numbers], ids=["free", "curl"])
def test_the_hand_is_where_a_stiff_solver_has_it(field):
    """1 s of random excitations in pieces of 20 ms, within 0.1 mm."""
    generator = np.random.default_rng(2)
    state = ARM.start(0.0, 0.0, PARAMS)
    true = np.array(state)
    for _ in range(50):
        u = generator.uniform(0, 1, 6)
        for _ in range(2):
            state, _, _ = ARM.step(state, tuple(u.tolist()), 1.0, field, PARAMS)
        u = np.maximum(u, FLOOR)
        rate = derivative(u, u > true[4:10], field)
        true = solve_ivp(rate, (0.0, 0.02), true, "LSODA", rtol=1e-8, atol=1e-10).y[:, -1]
        (x, y, _, _), (tx, ty, _, _) = ARM.hand(state, PARAMS), ARM.hand(tuple(true), PARAMS)
        assert math.hypot(x - tx, y - ty) < 1e-4
    assert math.hypot(x, y) > 0.1


def test_fibres_stay_calm_under_blows_of_excitation():
    """All or nothing for every muscle: no fibre swings, no number leaves its range."""
    generator = np.random.default_rng(0)
    x, y = generator.uniform(-0.1, 0.1, (2, 50))
    state = ARM.start(x, y, PARAMS)
    for _ in range(25):
        state = ARM.stop(ARM.step(state, tuple(1.0 * (generator.random((6, 50)) < 0.5)), 1.0, None, PARAMS)[0], PARAMS)
        felt = np.array(ARM.feel(state, PARAMS))
        assert np.isfinite(np.array(state)).all() and (np.array(state)[10:] > 0.3).all() and (np.array(state)[10:] < 1.9).all()
        assert (felt[12:18] >= 0).all() and (felt[12:18] < 1.7).all() and (np.abs(felt[6:12]) < 3).all()


def test_parts_of_a_step():
    assert [ARM.params(dt, 1.0).parts for dt in (0.0004, 0.0005, 0.001, 0.01, 0.02)] == [1, 1, 2, 20, 40]
