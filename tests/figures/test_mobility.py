"""The mobility ellipse: what is drawn is what a pushed hand does."""

import gymnasium as gym
import numpy as np
import pytest

pytest.importorskip("matplotlib")
import reach_gym  # noqa: E402, F401
from reach_gym.figures import mobility  # noqa: E402
from reach_gym.plants.point_mass import PointMass  # noqa: E402
from reach_gym.plants.two_link_arm import TwoLinkArm  # noqa: E402

PLACES = [(-0.1, 0.0), (0.0, 0.05)]


def pushed(place, angles):
    """Accelerations (n, 2) of a resting hand that is pushed with 1 N, in the first millisecond."""
    env = gym.make("reach_gym/CursorReach-v0", plant="two_link_arm", dt=0.001)
    found = []
    for angle in angles:
        push = [np.cos(angle), np.sin(angle)]
        env.reset(seed=0, options={"start": place, "target": (place[0], place[1] + 0.03), "field": {"push": push}})
        info = env.step(np.zeros(2, np.float32))[4]
        found.append((info["hand_vx"] / 0.001, info["hand_vy"] / 0.001))
    return np.array(found)


def test_the_ellipse_goes_through_what_is_measured():
    angles = np.radians(np.arange(0, 360, 30))
    measured = np.stack([pushed(place, angles) for place in PLACES])
    figure = mobility(TwoLinkArm(), PLACES, measured)
    lines = [line for line in figure.axes[0].lines if line.get_marker() != "None" or len(line.get_xdata()) > 100]
    for number, place in enumerate(PLACES):
        _, ellipse, points = (np.stack(line.get_data(), axis=1) - place for line in lines[3 * number : 3 * number + 3])
        away = np.linalg.norm(points[:, None] - ellipse[None], axis=2).min(axis=1)
        assert away.max() < 1e-3 < 0.02 < np.linalg.norm(points, axis=1).max()
        light, heavy = np.linalg.norm(measured[number], axis=1).max(), np.linalg.norm(measured[number], axis=1).min()
        assert light / heavy > 2.5  # a hand of an arm is no point mass


def test_a_field_that_is_carried_as_torques_turns_with_the_arm():
    arm, there, here = TwoLinkArm(), (-0.1, 0.0), (0.1, 0.0)
    saddle, curl = np.array([[-10.1, -11.2], [-11.2, 11.1]]), np.array([[0.0, -13.0], [13.0, 0.0]])
    new = arm.carried(saddle, there, here)
    torque = arm.jacobian(*there).T @ saddle @ arm.jacobian(*there)
    assert arm.jacobian(*here).T @ new @ arm.jacobian(*here) == pytest.approx(torque)
    assert arm.carried(new, here, there) == pytest.approx(saddle) and abs(new - saddle).max() > 5
    # A curl stays one; only its strength changes, with the area that the joints' turns span. It cannot tell in which coordinates
    # somebody has learned.
    spanned = np.linalg.det(arm.jacobian(*there)) / np.linalg.det(arm.jacobian(0.0, 0.1))
    assert arm.carried(curl, there, (0.0, 0.1)) == pytest.approx(curl * spanned) and abs(spanned - 1) > 0.05
    with pytest.raises(ValueError, match=r"within reach of an arm of two bones, got \(1, 0\) m"):
        arm.carried(curl, there, (1.0, 0.0))


@pytest.mark.parametrize(
    "arguments,error,message",
    [
        ((PointMass(), PLACES), TypeError, "`arm` must be an arm of bones"),
        ((TwoLinkArm(), []), ValueError, "`places` must hold"),
        ((TwoLinkArm(), [(1.0, 0.0)]), ValueError, "`places` must be within reach"),
        ((TwoLinkArm(), PLACES, np.zeros((1, 4, 2))), ValueError, r"`measured` must be of shape \(2, n, 2\)"),
    ],
)
def test_bad_arguments_are_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        mobility(*arguments)
