"""The picture: what it shows, that it needs no display, that no call leaks into the next."""

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from reach_gym.fields import GRID_PRESETS, NULL, field_from_data
from reach_gym.rendering import GridScene, draw
from reach_gym.rendering.canvas import FIELD, INK, SUCCESS, TARGET, Layout, load_pygame, shorten
from reach_gym.rendering.field_marks import _arrows, region_squares

WIND = GRID_PRESETS["wind"]


def scene(**changes):
    base = GridScene(
        size=10,
        field=NULL,
        cursor=(2, 1),
        start=(2, 1),
        target=(7, 8),
        radius=0.0,
        trail=((2, 1),),
        step=0,
        episode_return=0.0,
        ideal_steps=7,
        success=False,
        title="GridReach-v0",
    )
    return replace(base, **changes)


def pixel(frame, size, x, y):
    """The colour at (x, y), in squares."""
    layout = Layout(frame.shape[1], size)
    px, py = (value / 2 for value in layout.point(x, y))
    return frame[round(py), round(px)].astype(int)


def nearest(color, *candidates):
    return min(candidates, key=lambda c: np.abs(color - np.array(c)).sum())


def test_shape_dtype_and_even_sides():
    frame = draw(scene())
    assert frame.shape == (624, 576, 3)
    assert frame.dtype == np.uint8
    assert draw(scene(), width=301).shape[1] == 301
    assert draw(scene(), width=301).shape[0] % 2 == 0


@pytest.mark.parametrize("size", [2, 3, 10, 16, 33, 64])
def test_y_points_up(size):
    frame = draw(scene(size=size, cursor=(0, 0), start=(0, 0), trail=((0, 0),), target=(size - 1, size - 1)))
    assert nearest(pixel(frame, size, 0, 0), INK, TARGET, (255, 255, 255)) == INK
    assert nearest(pixel(frame, size, size - 1, size - 1), INK, TARGET, (255, 255, 255)) == TARGET
    assert pixel(frame, size, 0, size - 1).min() > 200
    assert pixel(frame, size, size - 1, 0).min() > 200


def test_same_scene_same_pixels_also_in_another_process():
    shown = scene(field=WIND, cursor=(3, 2), trail=((2, 1), (3, 2)), step=1)
    frame = draw(shown)
    assert np.array_equal(frame, draw(shown))
    code = (
        "import sys, hashlib; sys.path.insert(0, '.'); from tests.rendering.test_rendering import *;"
        "frame = draw(scene(field=WIND, cursor=(3, 2), trail=((2, 1), (3, 2)), step=1));"
        "print(hashlib.sha256(frame.tobytes()).hexdigest())"
    )
    import hashlib

    environment = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
    environment["PYTHONHASHSEED"] = "7"
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    assert out.stdout.strip() == hashlib.sha256(frame.tobytes()).hexdigest()


def test_frames_are_not_aliased():
    first = draw(scene())
    kept = first.copy()
    first[:] = 0
    assert np.array_equal(draw(scene()), kept)
    assert first.base is None


def test_drawing_leaves_the_display_and_the_environment_alone():
    # In a process of its own: another test may have had a window open.
    code = (
        "import os; before = dict(os.environ); import sys; sys.path.insert(0, '.');"
        "from tests.rendering.test_rendering import *; import reach_gym; assert 'pygame' not in sys.modules;"
        "draw(scene(field=WIND)); import pygame; assert not pygame.display.get_init();"
        "changed = {k for k in os.environ if os.environ[k] != before.get(k)};"
        "assert changed <= {'PYGAME_HIDE_SUPPORT_PROMPT'}, changed"
    )
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("SDL", "PYGAME"))}
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=clean)
    assert (out.returncode, out.stdout, out.stderr) == (0, "", "")


def test_fonts_survive_a_quit_of_pygame():
    before = draw(scene(title="one"))
    load_pygame().quit()
    load_pygame().font.init()
    assert np.array_equal(draw(scene(title="one")), before)


def test_the_radius_is_euclidean_and_in_squares():
    plain, disc = draw(scene()), draw(scene(radius=3.0))
    for (x, y), covered in {
        (4.2, 8): True,
        (3.8, 8): False,
        (7, 5.2): True,
        (7, 4.8): False,
        (5.0, 6.0): True,
        (4.6, 5.6): False,
        (9.4, 9.4): True,
    }.items():
        assert np.any(pixel(plain, 10, x, y) != pixel(disc, 10, x, y)) == covered, (x, y)


def test_a_huge_radius_is_drawn():
    assert draw(scene(radius=1e300)).shape == (624, 576, 3)


def test_success_turns_cursor_and_target_green():
    reached = scene(cursor=(7, 8), trail=((2, 1), (7, 8)), success=True)
    frame = draw(reached)
    assert nearest(pixel(frame, 10, 7, 8), SUCCESS, INK, TARGET) == SUCCESS
    near = np.abs(frame[:60, 400:].astype(int) - np.array(SUCCESS)).sum(axis=2) < 10
    assert near.sum() > 500, "no badge in the header"
    missed = draw(replace(reached, success=False))
    assert not np.any(np.abs(missed[:60].astype(int) - np.array(SUCCESS)).sum(axis=2) < 10)


def test_the_trail_shows_where_the_cursor_was():
    still = draw(scene(cursor=(6, 5)))
    moved = draw(scene(cursor=(6, 5), trail=((2, 1), (3, 2), (4, 3), (5, 4), (6, 5))))
    for place in ((2.5, 1.5), (4, 3), (5.3, 4.3)):
        assert pixel(still, 10, *place).min() > 200
        assert pixel(moved, 10, *place).max() < 200


def test_old_parts_of_the_trail_are_fainter():
    frame = draw(scene(cursor=(9, 3), trail=tuple((x, 3) for x in range(10))))
    assert pixel(frame, 10, 1.5, 3).mean() > pixel(frame, 10, 7.5, 3).mean() + 30


def test_header_numbers_matter():
    base = draw(scene())
    for change in ({"step": 3}, {"episode_return": -3.0}, {"ideal_steps": 9}, {"title": "other"}):
        other = draw(scene(**change))
        assert np.any(other[:72] != base[:72]), change
        assert np.array_equal(other[72:], base[72:]), change


def test_no_negative_zero():
    assert np.array_equal(draw(scene(episode_return=-0.0)), draw(scene(episode_return=0.0)))


def test_long_titles_are_cut():
    cut = shorten("x" * 300, 30.0, 400.0)
    assert cut.endswith("…")
    assert 10 < len(cut) < 60
    assert shorten("short", 30.0, 400.0) == "short"


def test_region_is_shaded_and_only_there():
    plain, windy = draw(scene()), draw(scene(field=WIND))
    for y in range(10):
        # In the corner of a square, away from arrows and grid lines.
        changed = np.any(pixel(plain, 10, 4.35, y + 0.3) != pixel(windy, 10, 4.35, y + 0.3))
        assert changed == (2 <= y <= 6), y


@pytest.mark.parametrize(
    ("data", "squares"),
    [
        (None, None),
        ("wind", (0, 2, 9, 6)),
        ({"preset": "wind", "gain": 0}, None),
        ({"push": [1, 0], "region": [2.2, None, 5.8, 3]}, (3, 0, 5, 3)),
        ({"push": [1, 0], "region": [2.2, 0, 2.8, 3]}, None),
        ({"push": [1, 0], "region": [20, 20, 30, 30]}, None),
    ],
)
def test_region_squares(data, squares):
    assert region_squares(10, field_from_data(data)) == squares
    assert draw(scene(field=field_from_data(data))).shape == (624, 576, 3)


def arrows(data, size=10):
    field = field_from_data(data)
    region = region_squares(size, field)
    return [
        (np.array(tail), np.array(head) - np.array(tail))
        for tail, head in _arrows(Layout(576, size), field, region)
    ]


def test_wind_arrows_point_where_the_wind_pushes():
    marks = arrows("wind")
    assert len(marks) >= 20
    for _, (dx, dy) in marks:
        assert dx < 0
        assert dy == 0
    for _, (dx, dy) in arrows({"push": [0, 2], "gain": -1}):
        assert dx == 0
        assert dy > 0  # downwards: y points down in the drawing


@pytest.mark.parametrize(("preset", "sense"), [("curl_ccw", 1), ("curl_cw", -1)])
def test_a_curl_shows_as_circulation(preset, sense):
    marks = arrows({"preset": preset, "region": [2, 2, 3, 3]})
    assert len(marks) == 4
    middles = [tail + way / 2 for tail, way in marks]
    hub = sum(middles) / 4
    for middle, (_, way) in zip(middles, marks, strict=True):
        out = middle - hub
        # y points down in the drawing, which turns the sense around.
        turn = -(out[0] * way[1] - out[1] * way[0])
        assert sense * turn > 0
        assert abs(out @ way) < 1e-9


def test_resistance_points_inwards():
    marks = arrows({"viscosity": [[-1, 0], [0, -1]], "region": [2, 2, 3, 3]})
    middles = [tail + way / 2 for tail, way in marks]
    hub = sum(middles) / 4
    assert all((middle - hub) @ way < 0 for middle, (_, way) in zip(middles, marks, strict=True))


@pytest.mark.parametrize(
    ("preset", "size"), [(p, s) for p in ("wind", "curl_ccw") for s in (2, 3, 5, 16, 64) if (p, s) != ("wind", 2)]
)
def test_arrows_stay_in_the_region(size, preset):
    region = region_squares(size, field_from_data(preset))
    left, top, width, height = Layout(576, size).box(*region)
    marks = arrows(preset, size)
    assert marks
    for tail, way in marks:
        for x, y in (tail, tail + way):
            assert left <= x <= left + width
            assert top <= y <= top + height


def test_a_spring_points_home():
    spring = {"stiffness": [[-1, 0], [0, -1]], "origin": [4.5, 4.5]}
    home = np.array(Layout(576, 10).point(4.5, 4.5))
    marks = arrows(spring)
    assert marks
    assert all((home - tail) @ way > 0 for tail, way in marks)


@pytest.mark.parametrize("push", [1e308, 1e-300])
def test_extreme_forces_draw(push):
    assert draw(scene(field=field_from_data({"push": [push, -push], "gain": 1e3}))).shape == (624, 576, 3)
    assert draw(scene(field=field_from_data({"viscosity": [[push, push], [push, push]], "gain": 1e3}))).any()
    assert bool(arrows({"push": [push, -push], "gain": 1e3})) == (push < 1)  # none beyond the floats


@pytest.mark.parametrize(("width", "error"), [(63, ValueError), (5000, ValueError), ("a", TypeError)])
def test_bad_widths(width, error):
    with pytest.raises(error, match="`width` must be an integer from 64 to 4096"):
        draw(scene(), width=width)


def test_missing_pygame_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "pygame", None)
    with pytest.raises(
        ImportError, match=r'pygame-ce is not installed; run `pip install "reach-gym\[render\]"`'
    ):
        draw(scene())


def test_colours_differ_in_lightness():
    # A colour-blind reader, or a black-and-white print, must still tell the four apart from the page.
    for color in (INK, TARGET, SUCCESS, FIELD):
        assert np.dot(color, (0.299, 0.587, 0.114)) < 140
