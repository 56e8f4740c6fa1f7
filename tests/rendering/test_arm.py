"""The picture of an arm: where its parts stand, what covers what, the colours of the muscles, and that nothing else changes."""

import math
from dataclasses import replace

import gymnasium as gym
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import reach_gym  # noqa: F401
from reach_gym.plants.limbs import limbs_of
from reach_gym.plants.point_mass import PointMass
from reach_gym.plants.two_link_arm import TwoLinkArm
from reach_gym.reach.picture import seen_of
from reach_gym.rendering import board_point, draw
from reach_gym.rendering.canvas import TARGET
from reach_gym.rendering.cursor_layout import CursorLayout, View
from reach_gym.rendering.limbs import _SKIN, muscle_color
from tests.rendering.test_cursor_rendering import CURL, PATH, PUSH, SHAPE, differs, nearest, part, scene

ARM = TwoLinkArm()
PARAMS = ARM.params(0.01, ARM.arena(0.1))
SEEN = seen_of(ARM, 0.1, PARAMS)
LAYOUT = CursorLayout(576, 0.1, SEEN)


def bent(hand=(0.0, 0.0), activations=()):
    """The arm with its hand at a place."""
    q1, q2, *_ = ARM.start(*hand, PARAMS)
    return limbs_of(q1, q2, ARM.bones, activations)


def shown(hand=(0.0, 0.0), activations=(), **changes):
    base = {"seen": SEEN, "hand": hand, "cursor": hand, "limbs": bent(hand, activations)}
    return scene(**{**base, **changes})


def color(frame, place):
    x, y = (round(value / 2) for value in LAYOUT.point(*place))
    return frame[y, x].astype(int)


def between(a, b, share=0.5):
    return a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])


def middles(activations):
    """The middle of each muscle's line, as it is drawn, in pixels of the frame."""
    from reach_gym.rendering.limbs import _smooth

    lines = [_smooth([LAYOUT.point(*place) for place in muscle.path]) for muscle in bent(activations=activations).muscles]
    return [tuple(round(value / 2) for value in line[len(line) // 2]) for line in lines]


def test_the_board_shows_the_workspace_and_the_arm_wherever_its_hand_is():
    assert seen_of(PointMass(), 0.1, PointMass().params(0.01, 0.2)) is None
    x0, y0, x1, y1 = LAYOUT.edges
    assert x0 <= -0.125 and y1 >= 0.125 and x1 >= 0.125
    for hand in [(x, y) for x in np.linspace(-0.1, 0.1, 9) for y in np.linspace(-0.1, 0.1, 9)]:
        for x, y in bent(hand).joints:
            assert x0 + 0.04 < x < x1 - 0.04 and y0 + 0.04 < y < y1 - 0.04
    # And little more: half of the side is no more than what the arm and the workspace need.
    assert LAYOUT.view < 0.6 * (0.125 + 0.45 + 0.08)


def test_the_shoulder_may_be_elsewhere():
    away = TwoLinkArm(shoulder=(0.2, 0.4), joint_limits=((-170, 170), (0, 155)))
    seen = seen_of(away, 0.1, away.params(0.01, away.arena(0.1)))
    layout = CursorLayout(576, 0.1, seen)
    assert layout.shows(0.2, 0.4) and layout.shows(-0.1, -0.1) and seen.y > 0


def test_joints_stand_where_the_plant_says_and_the_bones_between_them():
    limbs = bent((0.04, 0.06))
    state = ARM.start(0.04, 0.06, PARAMS)
    assert ARM.limbs(state, PARAMS) == limbs and limbs.muscles == ()
    assert math.dist(limbs.joints[2], ARM.hand(state, PARAMS)[:2]) < 1e-9 and math.dist(limbs.joints[2], (0.04, 0.06)) < 1e-9
    assert [math.dist(*pair) for pair in zip(limbs.joints, limbs.joints[1:], strict=False)] == pytest.approx([0.30, 0.33])
    assert limbs.joints[0] == (0.0, -0.45) and limbs.joints[1][0] > 0.1, "the elbow is to the right"
    frame, without = draw(shown((0.04, 0.06))), draw(shown((0.04, 0.06), limbs=None))
    for bone in zip(limbs.joints, limbs.joints[1:], strict=False):
        for share in (0.2, 0.5, 0.8):
            place = between(*bone, share)
            assert tuple(color(frame, place)) == _SKIN and differs(color(without, place), _SKIN)
    assert not differs(color(frame, (-0.1, -0.2)), color(without, (-0.1, -0.2)))


def test_the_arm_lies_below_targets_path_and_cursor_and_within_the_board():
    target = between(*bent().joints[1:], 0.7)
    frame = draw(shown(target=target, phase="move"))
    assert nearest(color(frame, target), TARGET, _SKIN) == TARGET
    drawn = [draw(shown(limbs=limbs, seen=View(0.1, -0.3, 0.12))) for limbs in (bent(activations=[1.0] * 6), None)]
    changed = np.any(drawn[0] != drawn[1], axis=2)
    assert changed.any() and not changed[:70].any() and not changed[602:].any() and not changed[:, :28].any() and not changed[:, 560:].any()


@pytest.mark.parametrize("muscle", range(6))
def test_a_muscle_is_the_redder_the_more_active_it_is(muscle):
    frames = []
    for active in (0.0, 0.5, 1.0):
        activations = [0.0] * 6
        activations[muscle] = active
        frames.append(draw(shown(activations=activations)))
    x, y = middles([0.0] * 6)[muscle]
    patches = [frame[y - 4 : y + 5, x - 4 : x + 5] for frame in frames]
    counts = [part(patch, muscle_color(active), 12) for patch, active in zip(patches, (0.0, 0.5, 1.0), strict=True)]
    assert min(counts) > 5, counts
    assert part(patches[0], muscle_color(1.0), 12) == 0
    # The colour of the legend, and nothing else, depends on it.
    changed = np.argwhere(np.any(frames[0] != frames[2], axis=2))
    path = np.array([LAYOUT.point(*place) for place in bent(activations=[0.0] * 6).muscles[muscle].path])[:, ::-1] / 2
    assert (changed >= path.min(axis=0) - 15).all() and (changed <= path.max(axis=0) + 15).all()


def test_a_legend_says_what_the_colours_mean_where_there_are_muscles():
    corner = slice(540, 600), slice(420, 558)
    plain, muscles = draw(shown()), draw(shown(activations=[0.0] * 6))
    assert part(muscles[corner], muscle_color(1.0), 12) > 5 and part(plain[corner], muscle_color(1.0), 12) == 0
    shades = [np.array(muscle_color(a)) for a in np.linspace(0, 1, 11)]
    assert all(a[1] > b[1] and a[0] >= b[0] for a, b in zip(shades, shades[1:], strict=False))
    assert muscle_color(-1.0) == muscle_color(0.0) and muscle_color(2.0) == muscle_color(1.0)


def test_six_muscles_or_none():
    assert len(bent(activations=[0.1] * 6).muscles) == 6
    assert [muscle.activation for muscle in bent(activations=[0.0, 0.1, 0.2, 0.3, 0.4, 0.5]).muscles] == [0.0, 0.1, 0.2, 0.3, 0.4, 0.5]
    with pytest.raises(ValueError, match="zip"):
        bent(activations=[0.1] * 5)


@pytest.mark.parametrize("muscle", range(6))
def test_flexors_run_inside_of_the_elbow_and_extensors_outside(muscle):
    # The line of a muscle over the elbow passes it on the side to which it bends, or on the other one.
    if muscle < 2:
        return
    limbs = bent(activations=[0.0] * 6)
    shoulder, elbow, hand = map(np.array, limbs.joints)
    inside = (shoulder - elbow) / 0.30 + (hand - elbow) / 0.33
    path = np.array(limbs.muscles[muscle].path)
    close = path[np.argmin(np.linalg.norm(path - elbow, axis=1))]
    assert ((close - elbow) @ inside > 0) == (muscle in (2, 4))


def test_fields_and_regions_on_a_board_with_an_arm():
    plain, curl, pushed = (draw(shown(field=field)) for field in (scene().field, CURL, PUSH))
    # Far from the arm a field that acts everywhere shades the board, and one of a region nothing but that.
    assert differs(color(plain, (-0.2, -0.35)), color(curl, (-0.2, -0.35))) and not differs(color(plain, (-0.2, -0.35)), color(pushed, (-0.2, -0.35)))
    assert differs(color(plain, (-0.03, 0.04)), color(pushed, (-0.03, 0.04)))
    # What lies beyond the board changes nothing.
    wide, endless = (draw(shown(field=replace(PUSH, region=(low, low, 0.0, 0.0)))) for low in (-3.0, None))
    assert np.array_equal(wide, endless)


def test_the_cursor_leaves_a_target_of_1_cm_to_be_seen_and_no_tick_hides_the_unit():
    frame = draw(shown(target=(0.0, 0.0), phase="move", trail=((0.0, 0.0),)))
    assert nearest(color(frame, (0.0075, 0.0)), TARGET, (255, 255, 255), (33, 44, 66)) == TARGET
    ends = [draw(scene(seen=View(0.0, 0.0, half)))[602:, 525:] for half in (0.2999, 0.3001)]
    assert ends[0].min() < 200 and np.array_equal(*ends)


def test_a_cursor_off_the_board_is_a_sign_at_the_edge_nearest_to_it():
    frame = draw(shown(cursor=(0.0, 0.3), target_visible=False, trail=PATH))
    top = LAYOUT.edges[3]
    assert frame[74:110, 150:300].min() < 60 and color(frame, (0.0, top - 0.012)).max() < 100


@pytest.mark.parametrize("far", [1e300, math.inf, math.nan])
def test_endless_coordinates_do_not_matter(far):
    limbs = bent(activations=[0.5] * 6)
    for joint in range(3):
        joints = tuple((far, -far) if i == joint else place for i, place in enumerate(limbs.joints))
        assert draw(shown(limbs=limbs._replace(joints=joints, chest=(far, far)))).shape == SHAPE
    muscles = (limbs.muscles[0]._replace(path=((far, far), (0.0, 0.0)), activation=0.5),)
    assert draw(shown(limbs=limbs._replace(muscles=muscles))).shape == SHAPE


@pytest.mark.parametrize("width", [64, 160, 600, 1000])
def test_every_width(width):
    assert draw(shown(activations=[0.5] * 6), width).shape[1] == width


@settings(max_examples=100, deadline=None)
@given(width=st.integers(64, 4096), x=st.floats(-2.0, 2.0), y=st.floats(-2.0, 2.0))
def test_from_the_board_to_a_pixel_and_back(width, x, y):
    enlarged = CursorLayout(width, 0.1, SEEN).point(x, y)
    assert np.allclose(board_point(shown(), width, (enlarged[0] / 2, enlarged[1] / 2)), (x, y), rtol=0, atol=1e-9)


def steps(env, count=12, look=False):
    observation, _ = env.reset(seed=4)
    seen, generator = [observation], np.random.default_rng(0)
    for _ in range(count):
        observation, *_ = env.step(generator.uniform(-1, 1, env.action_space.shape).astype(np.float32))
        seen.append(observation)
        if look:
            env.render()
    return np.array(seen)


def test_muscles_show_the_activations_of_the_plant():
    env = gym.make("reach_gym/CursorReach-v0", plant="muscle_arm", render_mode="rgb_array")
    env.reset(seed=4)
    for _ in range(5):
        env.step(np.array([0.9, 0.1, 0.3, 0.5, 0.7, 0.2], np.float32))
    shown_, state = env.unwrapped.scene(), env.unwrapped.get_state()["floats"]
    activations = [muscle.activation for muscle in shown_.limbs.muscles]
    assert activations == state[4:10] and activations[0] == max(activations) and activations[1] == min(activations)
    assert len(shown_.limbs.muscles) == 6 and math.dist(shown_.limbs.joints[2], shown_.hand) < 1e-9
    assert env.render().shape == SHAPE
    env.close()


@pytest.mark.parametrize("mode", ["rgb_array", "human"])
def test_a_look_at_an_arm_changes_nothing(monkeypatch, mode):
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    task = "reach_gym/CursorReachCurl-v0"
    plain, watched = gym.make(task, plant="two_link_arm"), gym.make(task, plant="two_link_arm", render_mode=mode)
    watched.unwrapped.metadata = {**watched.unwrapped.metadata, "render_fps": 1000}
    assert np.array_equal(steps(plain), steps(watched, look=mode == "rgb_array"))
    assert plain.unwrapped.get_state() == watched.unwrapped.get_state()
    watched.close()
    plain.close()


def test_the_hand_of_the_picture_is_that_of_the_trial_in_both_kinds_of_environment():
    task, options = "reach_gym/CursorReachCurl-v0", {"plant": "two_link_arm", "render_mode": "rgb_array"}
    one = gym.make(task, **options)
    rows = gym.make_vec(task, num_envs=1, autoreset_mode="Disabled", backend="numpy", **options)
    one.reset(seed=4)
    rows.reset(seed=4)
    for _ in range(8):
        one.step(np.array([0.5, -0.3], np.float32))
        rows.step(np.array([[0.5, -0.3]], np.float32))
    scene_ = one.unwrapped.scene()
    assert scene_.seen == SEEN and math.dist(scene_.limbs.joints[2], scene_.hand) < 1e-9 and math.dist(scene_.hand, scene_.start) > 1e-3
    assert np.array_equal(one.render(), rows.render()[0])
    assert np.array_equal(one.render(), draw(replace(scene_))) and one.render().shape == SHAPE
    one.close()
    rows.close()
