"""The bones of the arms: published constants, inverse kinematics, joint limits, and the angles that they are made of."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from reach_gym.plants.skeleton import ARMS, bent, hand_at, inertia, stop_joints
from reach_gym.plants.turns import angle_of, cosine_and_sine, small_turn, turned_on
from reach_gym.plants.two_link_arm import TwoLinkArm

torch = pytest.importorskip("torch")

cases = settings(max_examples=300, deadline=None)
QUARTER = math.pi / 2

# Of the arm's equations and of the hand at (45, 90) degrees: lumped inertias, kg m^2, and the least and greatest mass, kg.
KNOWN = {
    "li_todorov_2004": ((0.160, 0.048, 0.045), (0.41, 1.28)),
    "nijhof_kouwenhoven_2000": ((0.2445, 0.0729, 0.0570), (0.51, 1.96)),
    "shadmehr_mussa_ivaldi_1994": ((0.3058, 0.0953, 0.0737), (0.64, 2.13)),
}


@pytest.mark.parametrize("arm", ARMS)
def test_the_published_arms_have_the_masses_that_follow_from_them(arm):
    plant, (lumped, masses) = TwoLinkArm(arm=arm), KNOWN[arm]
    assert plant.bones[2:5] == pytest.approx(lumped, abs=6e-5)
    assert plant.hand_mass(QUARTER / 2, QUARTER) == pytest.approx(masses, abs=6e-3)
    # The shoulder's angle turns the ellipse and does not change it; no posture is lighter than the lightest.
    assert plant.hand_mass(1.2, QUARTER) == pytest.approx(plant.hand_mass(0.1, QUARTER))
    assert plant.lightest <= min(plant.hand_mass(0.5, angle)[0] for angle in np.linspace(0.1, 2.6, 40))
    assert plant.constants.source in plant.describe() and ARMS[arm].how_obtained


@pytest.mark.parametrize("arm", ARMS)
def test_the_same_arm_about_joints_or_centres_is_the_same_bones(arm):
    """Whoever takes the one for the other adds or misses ``m s^2``: with Nijhof's numbers the hand then weighs up to 2.31 kg."""
    named = ARMS[arm]
    shift = [m * s * s for m, s in zip(named.masses, named.centres, strict=True)]
    other, sign = ("centre", -1) if named.about == "joint" else ("joint", 1)
    moved = tuple(i + sign * more for i, more in zip(named.inertias, shift, strict=True))
    assert TwoLinkArm(arm=arm, inertias=moved, inertia_axis=other).bones == pytest.approx(TwoLinkArm(arm=arm).bones, rel=1e-12)
    if arm == "nijhof_kouwenhoven_2000":
        mistaken = TwoLinkArm(arm=arm, inertia_axis="centre")
        assert mistaken.bones[2:5] == pytest.approx((0.3166, 0.0729, 0.0959), abs=6e-5)
        assert mistaken.hand_mass(QUARTER / 2, QUARTER) == pytest.approx((0.87, 2.31), abs=6e-3)


def test_the_hand_and_its_velocity_by_hand():
    bones = TwoLinkArm(shoulder=(0.1, -0.4)).bones
    assert hand_at(0.0, 0.0, 0.0, 0.0, bones) == pytest.approx((0.1 + 0.63, -0.4, 0, 0), abs=1e-15)
    assert hand_at(QUARTER, 0.0, 1.0, 0.0, bones) == pytest.approx((0.1, -0.4 + 0.63, -0.63, 0), abs=1e-15)
    assert hand_at(0.0, QUARTER, 0.0, 2.0, bones) == pytest.approx((0.4, -0.4 + 0.33, -0.66, 0), abs=1e-15)
    assert hand_at(0.0, QUARTER, 3.0, 0.0, bones) == pytest.approx((0.4, -0.07, -0.99, 0.9), abs=1e-15)


@cases
@given(st.sampled_from(list(ARMS)), st.floats(0, math.radians(135)), st.floats(0, math.radians(155)))
def test_inverse_kinematics_over_the_reachable_workspace(arm, q1, q2):
    plant = TwoLinkArm(arm=arm)
    x, y, _, _ = hand_at(q1, q2, 0.0, 0.0, plant.bones)
    assume(plant.reaches(x, y))
    found = bent(x, y, plant.bones)
    assert found == pytest.approx((q1, q2), abs=1e-10)
    assert hand_at(*found, 0.0, 0.0, plant.bones)[:2] == pytest.approx((x, y), abs=1e-12)


def test_what_is_within_reach():
    plant = TwoLinkArm()
    assert all(plant.reaches(x, y) for x in np.linspace(-0.1, 0.1, 9) for y in np.linspace(-0.1, 0.1, 9))
    # Too far, too near, behind the shoulder's limit.
    assert not any(plant.reaches(x, y) for x, y in ((0.0, 0.2), (0.0, -0.42), (-0.1, -0.6), (0.35, -0.45), (9.0, 9.0)))
    assert plant.arena(0.1) == pytest.approx(0.45 + 0.63)


LIMITS = ((20.0, 90.0), (40.0, 120.0))
LOW_1, HIGH_1, LOW_2, HIGH_2 = np.radians(LIMITS).ravel()
joints = st.tuples(
    st.floats(LOW_1 - 0.2, HIGH_1 + 0.2), st.floats(LOW_2 - 0.2, HIGH_2 + 0.2), st.floats(-10, 10), st.floats(-10, 10)
)  # fmt: skip


def energy(q2, w1, w2, bones):
    m11, m12, m22 = inertia(math.cos(q2), bones)
    return 0.5 * (m11 * w1 * w1 + 2 * m12 * w1 * w2 + m22 * w2 * w2)


@cases
@given(st.sampled_from(list(ARMS)), joints)
def test_a_joint_stops_at_its_limit_and_energy_is_only_lost(arm, state):
    q1, q2, w1, w2 = state
    bones = TwoLinkArm(arm=arm, joint_limits=LIMITS).bones
    stopped = stop_joints(q1, q2, w1, w2, bones)
    out_1, out_2 = not LOW_1 <= q1 <= HIGH_1, not LOW_2 <= q2 <= HIGH_2
    assert stopped[:2] == (min(max(q1, LOW_1), HIGH_1), min(max(q2, LOW_2), HIGH_2))
    assert (stopped[2] == 0) or not out_1
    assert (stopped[3] == 0) or not out_2
    if not (out_1 or out_2):
        assert stopped == state
    assert energy(stopped[1], *stopped[2:], bones) <= energy(q2, w1, w2, bones) * (1 + 1e-12)


@pytest.mark.parametrize("corner", [(LOW_1, LOW_2), (LOW_1, HIGH_2), (HIGH_1, LOW_2), (HIGH_1, HIGH_2)])
def test_in_a_corner_both_joints_rest(corner):
    bones = TwoLinkArm(joint_limits=LIMITS).bones
    beyond = [angle + 0.01 * (1 if angle in (HIGH_1, HIGH_2) else -1) for angle in corner]
    assert stop_joints(*beyond, 3.0, -4.0, bones) == (*corner, 0.0, 0.0)
    for make, take in ((np.array, float), (lambda value: torch.tensor(value, dtype=torch.float64), lambda value: value.item())):
        both = stop_joints(*(make([value, value]) for value in (*beyond, 3.0, -4.0)), bones)
        assert [take(value[1]) for value in both] == [*corner, 0.0, 0.0]


def test_the_blow_of_one_stop_reaches_the_other_joint():
    """The momentum of the free joint stays: ``m12 w1 + m22 w2`` at the shoulder's limit, ``m11 w1 + m12 w2`` at the elbow's."""
    bones = TwoLinkArm(joint_limits=LIMITS).bones
    m11, m12, m22 = inertia(math.cos(1.5), bones)
    _, _, w1, w2 = stop_joints(HIGH_1 + 1e-9, 1.5, 2.0, 1.0, bones)
    assert (w1, w2) == pytest.approx((0, 1.0 + m12 * 2.0 / m22))
    m11, m12, m22 = inertia(math.cos(LOW_2), bones)
    _, _, w1, w2 = stop_joints(1.0, LOW_2 - 1e-9, 2.0, -1.0, bones)
    assert (w1, w2) == pytest.approx((2.0 - m12 / m11, 0), abs=1e-7)


def test_pressed_against_its_limits_the_arm_never_gains_energy():
    """Torques into a corner and out of it again; each stop may only take energy away."""
    plant = TwoLinkArm(joint_limits=LIMITS, joint_damping=((0.0, 0.0), (0.0, 0.0)))
    params, state = plant.params(0.01, 1.0), plant.start(0.0, 0.0, TwoLinkArm().params(0.01, 1.0))
    generator, met = np.random.default_rng(0), np.zeros(4, bool)
    for command in np.repeat(generator.choice([-10.0, 10.0], (100, 2)), 10, axis=0):
        moved, _, _ = plant.step(state, tuple(command.tolist()), 0.0, None, params)
        state = plant.stop(moved, params)
        assert energy(state[1], *state[2:4], params) <= energy(moved[1], *moved[2:4], params) * (1 + 1e-12)
        met |= np.array([state[0] == LOW_1, state[0] == HIGH_1, state[1] == LOW_2, state[1] == HIGH_2])
    assert met.all()


# The angles


@pytest.mark.parametrize(("most", "digits"), [(math.pi, 5e-15), (2 * math.pi, 2e-13)])
def test_cosine_and_sine(most, digits):
    angles = np.linspace(-most, most, 20_001)
    assert np.abs(np.array(cosine_and_sine(angles)) - (np.cos(angles), np.sin(angles))).max() < digits
    assert cosine_and_sine(0.0) == (1.0, 0.0)
    small = np.linspace(-0.8, 0.8, 2_001) * (most / (2 * math.pi))
    assert np.abs(np.array(small_turn(small)) - (np.cos(small), np.sin(small))).max() < digits / 5


def test_the_angle_of_a_cosine_and_a_sine():
    angles = np.linspace(-3.14, 3.14, 20_001)
    assert np.abs(angle_of(np.cos(angles), np.sin(angles)) - angles).max() < 2e-15
    assert angle_of(1.0, 0.0) == 0.0 and angle_of(0.0, 1.0) == pytest.approx(QUARTER, abs=1e-15)
    assert abs(angle_of(-1.0, 0.0)) == pytest.approx(math.pi, abs=1e-15)


@pytest.mark.parametrize(("most", "digits"), [(0.1, 1e-12), (0.3, 2e-9)])
def test_an_angle_turned_on(most, digits):
    generator = np.random.default_rng(0)
    angles, more = generator.uniform(-3, 3, 5_000), generator.uniform(-most, most, 5_000)
    turned = np.array(turned_on(np.cos(angles), np.sin(angles), more))
    assert np.abs(turned - (np.cos(angles + more), np.sin(angles + more))).max() < digits
    assert turned_on(0.6, 0.8, 0.0) == (0.6, 0.8)


@cases
@given(st.floats(-6.2, 6.2), st.floats(-0.3, 0.3))
def test_the_angles_of_every_back_end_are_the_same_bits(angle, more):
    def all_of(a, b):
        cosine, sine = cosine_and_sine(a)
        return cosine, sine, *turned_on(cosine, sine, b), angle_of(cosine, sine), *small_turn(b)

    floats = all_of(angle, more)
    assert np.array(all_of(np.array([angle]), np.array([more])))[:, 0].tolist() == list(floats)
    tensors = all_of(torch.tensor([angle], dtype=torch.float64), torch.tensor([more], dtype=torch.float64))
    assert [value.item() for value in tensors] == list(floats)
