"""The picture of a cursor reach: what it shows and hides, that nothing can break it, and the way back from a pixel."""

import hashlib
import math
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reach_gym.fields import NULL, ForceField
from reach_gym.rendering import CursorScene, GridScene, board_point, draw
from reach_gym.rendering.canvas import FIELD, INK, SUCCESS, TARGET, WARNING
from reach_gym.rendering.cursor_field import _lattice, _seen_region
from reach_gym.rendering.cursor_layout import CursorLayout

CURL = ForceField(viscosity=((0.0, -13.0), (13.0, 0.0)))
PUSH = ForceField(push=(-1.0, 0.0), region=(-0.05, 0.0, 0.05, 0.1))
PATH = tuple((0.001 * i, 0.0012 * i) for i in range(40))
SHAPE = (624, 576, 3)


def scene(**changes):
    base = CursorScene(
        field=NULL,
        workspace=0.1,
        arena=0.2,
        cursor=(0.0, 0.0),
        hand=(0.0, 0.0),
        start=(0.0, 0.0),
        target=(0.06, 0.08),
        target_visible=True,
        go=False,
        phase="plan",
        radius=0.01,
        hold_radius=0.01,
        trail=((0.0, 0.0),),
        step=24,
        seconds=0.24,
        episode_return=-24.0,
        block="baseline",
        trial=3,
        gain=0.0,
        channel=False,
        success=False,
        false_start=False,
        too_fast=False,
        too_slow=False,
        title="CursorReach-v0",
    )
    return replace(base, **changes)


def pixel(frame, x, y):
    """The colour at (x, y), in metres."""
    px, py = (value / 2 for value in CursorLayout(frame.shape[1], 0.1).point(x, y))
    return frame[round(py), round(px)].astype(int)


def nearest(color, *candidates):
    return min(candidates, key=lambda c: np.abs(color - np.array(c)).sum())


def differs(a, b):
    return bool(np.any(a != b))


def part(frame, color, off=30):
    """How many pixels have nearly this colour."""
    return int((np.abs(frame.astype(int) - np.array(color)).sum(axis=2) < off).sum())


def test_shape_dtype_and_even_sides():
    for shown in (scene(), scene(field=CURL)):
        frame = draw(shown)
        assert frame.shape == SHAPE
        assert frame.dtype == np.uint8
    assert draw(scene(), width=301).shape[1] == 301
    assert draw(scene(), width=301).shape[0] % 2 == 0


def test_both_tasks_have_frames_of_one_shape():
    grid = GridScene(10, NULL, (2, 1), (2, 1), (7, 8), 0.0, ((2, 1),), 0, 0.0, 7, False, "GridReach-v0")
    assert draw(grid).shape == draw(scene()).shape
    with pytest.raises(TypeError, match="`scene` must be a GridScene or a CursorScene"):
        draw(NULL)


def test_frames_are_fresh():
    first = draw(scene())
    kept = first.copy()
    first[:] = 0
    assert np.array_equal(draw(scene()), kept)
    assert first.base is None


def test_same_scene_same_pixels_also_in_another_process():
    shown = scene(field=CURL, trail=PATH, cursor=PATH[-1])
    code = (
        "import sys, hashlib; sys.path.insert(0, '.'); from tests.rendering.test_cursor_rendering import *;"
        "frame = draw(scene(field=CURL, trail=PATH, cursor=PATH[-1]));"
        "import pygame; assert not pygame.display.get_init();"
        "print(hashlib.sha256(frame.tobytes()).hexdigest())"
    )
    clean = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY") and not k.startswith("SDL")}
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**clean, "PYTHONHASHSEED": "7"}
    )
    assert np.array_equal(draw(shown), draw(shown))
    assert out.stdout.strip() == hashlib.sha256(draw(shown).tobytes()).hexdigest()


def test_y_points_up_and_the_board_is_centred():
    frame = draw(scene(cursor=(0.0, -0.09), hand=(0.0, -0.09), phase="move"))
    assert nearest(pixel(frame, 0.06, 0.08), INK, TARGET, (255, 255, 255)) == TARGET
    assert nearest(pixel(frame, 0.0, -0.09), INK, TARGET, (255, 255, 255)) == INK
    assert pixel(frame, 0.06, -0.08).min() > 200
    assert pixel(frame, 0.0, 0.09).min() > 200


@pytest.mark.parametrize("channel", [False, True])
@pytest.mark.parametrize("phase", ["hold", "plan"])
def test_nothing_tells_the_target_before_it_appears(channel, phase):
    hidden = scene(target_visible=False, phase=phase, channel=channel)
    elsewhere = replace(
        hidden,
        target=(-0.07, 0.03),
        field=ForceField(stiffness=((-6000.0, 1.0), (1.0, -6000.0))) if channel else NULL,
        radius=0.02,
    )
    assert np.array_equal(draw(hidden), draw(elsewhere))
    assert part(draw(hidden), TARGET, 150) == 0
    shown = draw(replace(hidden, target_visible=True))
    assert part(shown, TARGET, 150) > 100


def test_the_target_is_a_ring_then_a_disc():
    assert pixel(draw(scene()), 0.06, 0.08).min() > 200
    for changes in ({"go": True, "phase": "move"}, {"phase": "move"}):
        assert nearest(pixel(draw(scene(**changes)), 0.06, 0.08), TARGET, (255, 255, 255), INK) == TARGET


def test_the_target_has_its_radius():
    plain = draw(scene(target_visible=False))
    for radius in (0.01, 0.02):
        ringed = draw(scene(radius=radius))
        assert differs(pixel(plain, 0.06, 0.08 + 0.97 * radius), pixel(ringed, 0.06, 0.08 + 0.97 * radius))
        assert not differs(pixel(plain, 0.0605, 0.08 + 1.07 * radius), pixel(ringed, 0.0605, 0.08 + 1.07 * radius))


def test_the_start_has_its_radius():
    far = {"cursor": (-0.05, -0.05), "hand": (-0.05, -0.05)}
    for radius in (0.01, 0.02):
        frame = draw(scene(hold_radius=radius, **far))
        ring = [tuple(pixel(frame, sign * r * radius, 0.0)) for r in (0.5, 0.97, 1.2) for sign in (-1, 1)]
        assert min(sum(ring[2]), sum(ring[3])) < 600
        assert min(map(sum, ring[:2] + ring[4:])) > 650


def test_the_go_cue_lights_up_the_frame_and_goes_out_again():
    plan, go, move = (draw(scene(phase=p, go=g)) for p, g in (("plan", False), ("move", True), ("move", False)))
    greens = [part(frame, SUCCESS) for frame in (plan, go, move)]
    assert greens[0] == 0
    assert greens[1] > 4 * greens[2] > 4000


def test_phases_differ():
    frames = [draw(scene(phase=phase)) for phase in ("hold", "plan", "move")]
    assert all(differs(frames[i], frames[j]) for i, j in ((0, 1), (0, 2), (1, 2)))


def test_success_and_false_start_have_their_badges():
    header = slice(0, 44)
    failures = ("false_start", "too_fast", "too_slow")
    plain, reached, *failed = (draw(scene(**{name: True} if name else {}))[header] for name in (None, "success", *failures))
    assert part(reached, SUCCESS) > 500
    assert all(part(each, WARNING) > 500 for each in failed)
    assert differs(failed[0], failed[1]) and differs(failed[1], failed[2])
    both = draw(scene(false_start=True, too_slow=True))[header]
    assert np.array_equal(both, failed[0])  # the first thing that went wrong
    assert part(plain, SUCCESS) == part(plain, WARNING) == 0
    board = draw(scene(success=True, phase="move", cursor=(0.06, 0.08), hand=(0.06, 0.08)))
    assert nearest(pixel(board, 0.06, 0.08), SUCCESS, INK, TARGET) == SUCCESS


def test_the_trail_shows_where_the_cursor_was_and_fades():
    at = {"cursor": (0.09, 0.0), "hand": (0.09, 0.0), "target_visible": False}
    way = tuple((0.09 * i / 60, 0.0) for i in range(61))
    still, moved = draw(scene(**at)), draw(scene(**at, trail=way))
    assert pixel(still, 0.04, 0.0).min() > 200
    assert pixel(moved, 0.04, 0.0).max() < 200
    assert pixel(moved, 0.02, 0.0).mean() > pixel(moved, 0.07, 0.0).mean() + 30


def test_only_the_recent_part_of_an_endless_trail_is_drawn():
    recent = tuple((0.0001 * i, 0.02) for i in range(401))
    assert np.array_equal(draw(scene(trail=recent)), draw(scene(trail=((-0.09, -0.09),) * 500 + recent)))


def test_the_hand_shows_only_where_it_is_not_the_cursor():
    together = draw(scene(cursor=(0.03, 0.0), hand=(0.03, 0.0)))
    apart = draw(scene(cursor=(0.03, 0.0), hand=(-0.05, -0.05)))
    changed = np.argwhere(np.any(together != apart, axis=2))
    place = np.array(CursorLayout(576, 0.1).point(-0.05, -0.05))[::-1] / 2
    assert 20 < len(changed) < 400
    assert np.all(np.linalg.norm(changed + 0.5 - place, axis=1) < 12)
    assert pixel(apart, -0.05, -0.05).min() > 240, "the marker is hollow"


@pytest.mark.parametrize("field", [PUSH, CURL])
def test_the_field_is_shaded_with_arrows(field):
    plain, pushed = draw(scene(target_visible=False)), draw(scene(target_visible=False, field=field))
    assert part(pushed, tuple(round(0.62 * f + 0.38 * 252 - 10) for f in FIELD), 90) > 1000
    for place in ((0.0423, 0.0623), (-0.0423, 0.0423), (0.0823, 0.0523), (0.0223, -0.0423)):
        inside = field is CURL or (abs(place[0]) <= 0.05 and 0 <= place[1] <= 0.1)
        assert differs(pixel(plain, *place), pixel(pushed, *place)) == inside, place


@pytest.mark.parametrize("field", [PUSH, CURL])
def test_a_field_of_negative_gain_is_the_mirror_image(field):
    # Left and right change places: a push to the right for one to the left, clockwise for counter-clockwise.
    here, there = (
        draw(scene(target_visible=False, field=each))[72:600, 30:558].astype(int)
        for each in (field, replace(field, gain=-1.0))
    )
    assert np.abs(here[:, ::-1] - there).mean() < 0.2 * np.abs(here - there).mean()


def test_the_marks_of_a_region_stand_in_it():
    layout = CursorLayout(576, 0.1)
    assert _seen_region(layout, PUSH) == (-0.05, 0.0, 0.05, 0.1)
    assert _seen_region(layout, CURL) == (-0.125, -0.125, 0.125, 0.125)
    places = _lattice(-0.05, 0.05, 0.022)
    assert len(places) == 4
    assert np.allclose(np.diff(places), 0.025)
    assert math.isclose(places[0] + places[-1], 0.0, abs_tol=1e-12)
    assert _lattice(0.01, 0.01, 0.02) == [0.01]


@pytest.mark.parametrize(
    "region", [(0.3, 0.3, 0.4, 0.4), (None, 5.0, None, 6.0), (0.0, 0.0, 0.0, 0.0), (-1e300, None, 1e300, -1.0)]
)
def test_a_region_that_is_not_on_the_board_is_not_drawn(region):
    field = ForceField(push=(1.0, 0.0), region=region)
    assert np.array_equal(draw(scene(field=field)), draw(scene()))


def test_a_channel_has_two_walls_along_the_way():
    shown = scene(channel=True, start=(0.0, 0.0), target=(0.09, 0.0), radius=0.005)
    plain, walled = draw(replace(shown, channel=False)), draw(shown)
    for x in (0.03, 0.05, 0.07):
        for y in (-0.004, 0.004, 0.006, -0.006):
            assert differs(pixel(plain, x, y), pixel(walled, x, y)), (x, y)
        assert not differs(pixel(plain, x, 0.02), pixel(walled, x, 0.02))
    changed = np.any(plain != walled, axis=2)
    (left, middle), (right, _) = ((round(v / 2) for v in CursorLayout(576, 0.1).point(x, 0.0)) for x in (0.02, 0.08))
    for outside in (slice(middle - 22, middle - 15), slice(middle + 15, middle + 22)):
        assert changed[outside, left:right].mean() > 0.1, "no hatches outside of a wall"
    assert draw(replace(shown, target=shown.start)).shape == SHAPE


def test_an_arena_within_the_board_is_drawn():
    wide, narrow = draw(scene(arena=0.2)), draw(scene(arena=0.11))
    assert not differs(pixel(wide, 0.03, -0.118), pixel(narrow, 0.03, -0.118))
    assert np.any(np.any(wide != narrow, axis=2)[:, 100])


def test_header_numbers_matter():
    base = draw(scene())
    for change in (
        {"block": "washout"},
        {"trial": 4},
        {"gain": 0.5},
        {"seconds": 0.25},
        {"episode_return": -25.0},
        {"title": "other"},
    ):
        other = draw(scene(**change))
        assert differs(other[:66], base[:66]), change
        assert np.array_equal(other[66:], base[66:]), change
    assert np.array_equal(draw(scene(gain=-0.0)), base)
    assert np.array_equal(draw(scene(episode_return=-24.0 - 1e-14)), base)
    assert np.array_equal(draw(scene(episode_return=-1.57e-14)), draw(scene(episode_return=0.0)))


def test_long_names_leave_the_last_number_on_the_page():
    frame = draw(scene(block="x" * 300, title="y" * 300, trial=123456, episode_return=-123.456, gain=-0.33333))
    assert frame[40:66, :558].min() < 100
    assert frame[40:66, 560:].min() == 255


@pytest.mark.parametrize(
    ("place", "edge"),
    [((0.19, 0.0), (0.119, 0.0)), ((-0.19, 0.0), (-0.119, 0.0)), ((0.0, 0.19), (0.0, 0.119)), ((0.0, -0.19), (0.0, -0.119))],
)
def test_a_cursor_off_the_board_is_a_sign_at_its_edge(place, edge):
    frame = draw(scene(cursor=place, hand=place, target_visible=False))
    assert nearest(pixel(frame, *edge), INK, (255, 255, 255)) == INK
    assert frame[74:598, 33:555].min() < 60


@pytest.mark.parametrize("far", [1e3, 1e300, math.inf, -math.inf, math.nan])
def test_endless_coordinates_do_not_matter(far):
    place = (far, -far)
    shown = scene(cursor=place, trail=((0.0, 0.0), place, (far, 0.01)), channel=True)
    assert draw(shown).shape == SHAPE
    assert draw(replace(shown, hand=place, target=place, start=place)).shape == SHAPE
    assert draw(scene(radius=abs(far), hold_radius=abs(far))).shape == SHAPE
    assert draw(scene(gain=far, episode_return=far, seconds=far)).shape == SHAPE


@pytest.mark.parametrize("size", [1e308, 1e150, 1e-300])
def test_huge_and_tiny_fields_draw(size):
    for field in (
        ForceField(gain=1e3, push=(size, -size)),
        ForceField(gain=1e3, viscosity=((size, size), (-size, size))),
        ForceField(gain=-1e3, stiffness=((size, size), (-size, size)), origin=(size, -size)),
    ):
        assert draw(scene(field=field)).shape == SHAPE


@pytest.mark.parametrize("workspace", [1e-6, 0.03, 0.1, 0.2, 0.5, 1.0, 40.0])
def test_ticks_are_few_and_within_the_board(workspace):
    layout = CursorLayout(576, workspace)
    step = layout.tick_step()
    assert 2 <= int(layout.view / step) <= 6
    digits = f"{step:.10e}".split("e")[0].rstrip("0").rstrip(".")
    assert digits in ("1", "2", "5")
    assert draw(scene(workspace=workspace, arena=2 * workspace)).shape == SHAPE


@pytest.mark.parametrize(("width", "error"), [(63, ValueError), (5000, ValueError), ("a", TypeError), (True, TypeError)])
def test_bad_widths(width, error):
    for call in (lambda: draw(scene(), width=width), lambda: board_point(scene(), width, (1.0, 1.0))):
        with pytest.raises(error, match="`width` must be an integer from 64 to 4096"):
            call()


@pytest.mark.parametrize(("place", "error"), [((1.0, math.nan), ValueError), ((1.0,), ValueError), (3, TypeError), (("a", 1), TypeError)])
def test_bad_pixels(place, error):
    with pytest.raises(error, match="`pixel"):
        board_point(scene(), 576, place)


@settings(max_examples=200, deadline=None)
@given(
    width=st.integers(64, 4096),
    workspace=st.floats(0.01, 10.0),
    x=st.floats(-3.0, 3.0),
    y=st.floats(-3.0, 3.0),
)
def test_from_the_board_to_a_pixel_and_back(width, workspace, x, y):
    place = x * workspace, y * workspace
    enlarged = CursorLayout(width, workspace).point(*place)
    back = board_point(scene(workspace=workspace), width, (enlarged[0] / 2, enlarged[1] / 2))
    assert np.allclose(back, place, rtol=0, atol=1e-9 * workspace)


@pytest.mark.parametrize("width", [97, 288, 576, 1024])
def test_the_way_back_from_the_pixels_of_the_cursor(width):
    place = (0.0437, -0.0713)
    with_cursor = draw(scene(cursor=place, hand=place), width)
    without = draw(scene(), width)
    below = with_cursor.shape[0] * 2 // 3
    changed = np.argwhere(np.any(with_cursor != without, axis=2)[below:])
    middle = changed.mean(axis=0) + (below + 0.5, 0.5)
    found = board_point(scene(), width, (float(middle[1]), float(middle[0])))
    assert math.dist(found, place) < 0.25 / (528 / 576 * width)  # one pixel
