"""Force fields of the continuous task: presets with their signs, the formula, the force channel, fields from numbers."""

import json
import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from reach_gym.fields import (
    CURSOR_PRESETS,
    ForceField,
    channel,
    channel_of,
    describe,
    field_from_data,
    force,
    force_of,
    from_numbers,
    inside,
)
from reach_gym.reach.env import CursorReachEnv

cases = settings(max_examples=200, deadline=None)


def numbers(span):
    return st.floats(-span, span)


def pairs(span):
    return st.tuples(numbers(span), numbers(span))


def matrices(span):
    return st.tuples(pairs(span), pairs(span))


sides = st.tuples(*[st.none() | numbers(1)] * 4).map(
    lambda s: (s[0], s[1], *(high if None in (low, high) else max(low, high) for low, high in ((s[0], s[2]), (s[1], s[3]))))
).filter(lambda s: all(low is None or high is None or low <= high for low, high in ((s[0], s[2]), (s[1], s[3]))))
random_fields = st.builds(ForceField, numbers(10), sides, pairs(10), matrices(100), matrices(1000), pairs(1))


def perpendicular(field, vx, vy):
    """The part of the force to the left of the movement."""
    fx, fy = force(field, 0.0, 0.0, vx, vy)
    return (vx * fy - vy * fx) / math.hypot(vx, vy)


def test_the_presets_are_these_numbers():
    told = {name: (f.gain, f.region, f.push, f.viscosity, f.stiffness) for name, f in CURSOR_PRESETS.items()}
    everywhere, zero = (None,) * 4, ((0, 0), (0, 0))
    assert told == {
        "null": (0, everywhere, (0, 0), zero, zero),
        # x from -25 to 25 and y from 0 to 50 units of 2 mm.
        "push": (1, (-0.05, 0, 0.05, 0.1), (-1, -1), zero, zero),
        "curl_ccw": (1, everywhere, (0, 0), ((0, -13), (13, 0)), zero),
        "curl_cw": (1, everywhere, (0, 0), ((0, 13), (-13, 0)), zero),
        "viscous": (1, everywhere, (0, 0), ((-10.1, -11.2), (-11.2, 11.1)), zero),
        "curl_assist": (1, everywhere, (0, 0), ((11, 11), (-11, 11)), zero),
        "saddle": (1, everywhere, (0, 0), ((11, 11), (11, -11)), zero),
    }


@pytest.mark.parametrize(("name", "sign"), [("curl_ccw", 1), ("curl_cw", -1)])
def test_a_curl_pushes_to_its_side_of_the_movement(name, sign):
    """Positive is to the left: a hand that moves up is pushed to -x, one that moves right to +y."""
    field = CURSOR_PRESETS[name]
    assert force(field, 0.0, 0.0, 0.0, 0.5) == (-6.5 * sign, 0)
    assert force(field, 0.0, 0.0, 0.5, 0.0) == (0, 6.5 * sign)
    for degrees in range(0, 360, 15):
        velocity = 0.4 * math.cos(math.radians(degrees)), 0.4 * math.sin(math.radians(degrees))
        assert perpendicular(field, *velocity) == pytest.approx(13 * 0.4 * sign)


@cases
@given(numbers(50), numbers(50), numbers(1), numbers(1), numbers(1), numbers(1))
def test_a_curl_force_is_orthogonal_to_the_velocity(gain, b, x, y, vx, vy):
    fx, fy = force(ForceField(gain, viscosity=((0, -b), (b, 0))), x, y, vx, vy)
    assert abs(fx * vx + fy * vy) <= 1e-14 * (abs(fx * vx) + abs(fy * vy)) + 1e-300
    assert math.hypot(fx, fy) == pytest.approx(abs(gain * b) * math.hypot(vx, vy), rel=1e-12, abs=1e-300)


def test_the_viscous_field_is_symmetric_and_no_curl():
    """Shadmehr & Mussa-Ivaldi 1994: along its two axes, which stand at right angles, it only resists or only assists."""
    matrix = np.array(CURSOR_PRESETS["viscous"].viscosity)
    assert np.array_equal(matrix, matrix.T)
    values, axes = np.linalg.eigh(matrix)
    assert values[0] < -10 < 10 < values[1]
    for value, axis in zip(values, axes.T, strict=True):
        assert perpendicular(CURSOR_PRESETS["viscous"], *axis.tolist()) == pytest.approx(0, abs=1e-12)
        assert np.dot(force(CURSOR_PRESETS["viscous"], 0.0, 0.0, *axis), axis) == pytest.approx(value)


def test_curl_assist_and_saddle():
    """Curl-assist drives forward and to the right everywhere alike; the saddle drives along x and brakes along y."""
    for degrees in range(0, 360, 30):
        vx, vy = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
        fx, fy = force(CURSOR_PRESETS["curl_assist"], 0.0, 0.0, vx, vy)
        assert (fx * vx + fy * vy, perpendicular(CURSOR_PRESETS["curl_assist"], vx, vy)) == pytest.approx((11, -11))
    assert force(CURSOR_PRESETS["saddle"], 0.0, 0.0, 1.0, 0.0) == (11, 11)
    assert force(CURSOR_PRESETS["saddle"], 0.0, 0.0, 0.0, 1.0) == (11, -11)
    assert np.linalg.det(CURSOR_PRESETS["saddle"].viscosity) < 0


def test_the_papers_push_acts_by_place_bounds_included():
    push = CURSOR_PRESETS["push"]
    places = [(-0.05, 0.0), (0.05, 0.1), (0.0, 0.05), (0.051, 0.05), (-0.051, 0.05), (0.0, -0.001), (0.0, 0.101)]
    assert [force(push, x, y, 3.0, -3.0) for x, y in places] == [(-1, -1)] * 3 + [(0, 0)] * 4
    assert [bool(inside(push.region, x, y)) for x, y in places] == [True] * 3 + [False] * 4


@cases
@given(random_fields, numbers(1), numbers(1), numbers(2), numbers(2))
def test_the_formula(field, x, y, vx, vy):
    """gain * inside * (c + B v + K (p - o)) with NumPy's matrices."""
    x0, y0, x1, y1 = field.region
    within = (x0 is None or x0 <= x) and (y0 is None or y0 <= y) and (x1 is None or x <= x1) and (y1 is None or y <= y1)
    parts = [field.push, np.array(field.viscosity) @ (vx, vy), np.array(field.stiffness) @ (np.array([x, y]) - field.origin)]
    expected = field.gain * within * np.sum(parts, axis=0)
    assert force(field, x, y, vx, vy) == pytest.approx(expected, rel=1e-12, abs=1e-9)
    assert force(field, x, y, vx, vy) == force_of(field.gain, x, y, vx, vy, *field.numbers)


@cases
@given(random_fields)
def test_fields_come_back_from_their_numbers_and_from_json(field):
    assert len(field.numbers) == 16 and all(type(number) is float for number in field.numbers)
    assert from_numbers(field.gain, field.numbers) == field
    assert from_numbers(field.gain, np.array(field.numbers)).numbers == field.numbers
    assert field_from_data(json.loads(json.dumps(field.to_data())), CURSOR_PRESETS) == field


def test_the_order_of_the_numbers():
    field = ForceField(7, (1, 2, 3, None), (5, 6), ((7, 8), (9, 10)), ((11, 12), (13, 14)), (15, 16))
    assert field.numbers == (1, 2, 3, math.inf, *range(5, 17))


@pytest.mark.parametrize("name", CURSOR_PRESETS)
def test_presets_by_name_and_scaled(name):
    preset = CURSOR_PRESETS[name]
    assert field_from_data(name, CURSOR_PRESETS) == field_from_data({"preset": name}, CURSOR_PRESETS) == preset
    assert json.loads(json.dumps(preset.to_data()))["gain"] == preset.gain
    half = field_from_data({"preset": name, "gain": 0.5}, CURSOR_PRESETS)
    point = (0.02, 0.03, -0.4, 0.7)
    assert force(half, *point) == tuple(0.5 * value for value in force(ForceField(**{**preset.to_data(), "gain": 1.0}), *point))


def test_a_position_dependent_field_of_ones_own():
    """A spring of 100 N/m to the point (0.02, 0.05), in the upper half plane only."""
    field = field_from_data({"stiffness": [[-100, 0], [0, -100]], "origin": [0.02, 0.05], "region": [None, 0, None, None]}, CURSOR_PRESETS)
    assert force(field, 0.02, 0.05, 9.0, 9.0) == (0, 0)
    assert force(field, 0.05, 0.01, 9.0, 9.0) == pytest.approx((-3, 4))
    assert force(field, 0.05, -0.01, 9.0, 9.0) == (0, 0)
    assert "stiffness" in describe(field) and "0 <= y" in describe(field)


points = st.tuples(numbers(0.1), numbers(0.1))


@cases
@given(points, points, numbers(0.1), numbers(0.1), numbers(1), numbers(1))
def test_a_channel_pulls_to_its_line_and_does_nothing_along_it(start, target, along, across, forward, sideways):
    length = math.dist(start, target)
    assume(length > 1e-3)
    ax, ay = (target[0] - start[0]) / length, (target[1] - start[1]) / length
    x, y = start[0] + along * ax - across * ay, start[1] + along * ay + across * ax
    vx, vy = forward * ax - sideways * ay, forward * ay + sideways * ax
    for walls in ({}, {"stiffness": 4000.0, "damping": 30.0}):
        fx, fy = force(channel(start, target, **walls), x, y, vx, vy)
        assert fx * ax + fy * ay == pytest.approx(0, abs=1e-9)
        pull = -walls.get("stiffness", 6000) * across - walls.get("damping", 100) * sideways
        assert ay * -fx + ax * fy == pytest.approx(pull, rel=1e-9, abs=1e-9)


@cases
@given(points, points, st.floats(0, 10_000), st.floats(0, 300))
def test_a_channel_is_the_numbers_of_channel_of(start, target, stiffness, damping):
    assume(math.dist(start, target) > 1e-3)
    told = channel_of(*start, *target, stiffness, damping)
    assert channel(start, target, stiffness, damping).numbers == told
    ends = [np.array([place, place]) for place in (*start, *target)]
    assert [row.tolist() for row in channel_of(*ends, stiffness, damping)] == [[number] * 2 for number in told]


@pytest.mark.parametrize(
    ("keywords", "error", "message"),
    [
        ({"start": (0, 0), "target": (0, 0)}, ValueError, "`target` must lie at least"),
        ({"start": (0, 0), "target": (0, 0.1), "stiffness": -1.0}, ValueError, "`stiffness`"),
        ({"start": (0, 0), "target": (0, 0.1), "damping": math.nan}, ValueError, "`damping`"),
        ({"start": (0, 0), "target": (0, 0.1), "damping": "much"}, TypeError, "`damping`"),
        ({"start": (0, math.inf), "target": (0, 0.1)}, ValueError, r"start\[1\]"),
        ({"start": (0, 0), "target": 0.1}, TypeError, "target"),
        ({"start": (0, 0), "target": (0, 0.1, 0)}, ValueError, "target"),
    ],
)
def test_bad_channels_are_refused(keywords, error, message):
    with pytest.raises(error, match=message):
        channel(**keywords)


BAD_FIELDS = [
    ("curl", ValueError, "`field` must be one of 'null', 'push', 'curl_ccw'"),
    ("wind", ValueError, "'wind'"),  # the grid's
    (13, TypeError, "`field` must be None, the name of a preset"),
    ({"preset": "curl"}, ValueError, "`field.preset`"),
    ({"viscous": 1}, ValueError, "unknown key 'viscous'"),
    ({"gain": math.nan}, ValueError, "`field.gain`"),
    ({"gain": True}, TypeError, "`field.gain`"),
    ({"push": [1]}, ValueError, "`field.push`"),
    ({"push": [1, math.inf]}, ValueError, r"`field.push\[1\]`"),
    ({"push": "1N"}, TypeError, "`field.push`"),
    ({"viscosity": [[0, -13], [13]]}, ValueError, r"`field.viscosity\[1\]`"),
    ({"viscosity": [0, -13, 13, 0]}, ValueError, "`field.viscosity` must be a 2 x 2 matrix"),
    ({"viscosity": [[0, "a"], [13, 0]]}, TypeError, r"`field.viscosity\[0\]\[1\]`"),
    ({"stiffness": [[0, 0], [0, math.nan]]}, ValueError, r"`field.stiffness\[1\]\[1\]`"),
    ({"origin": [0, None]}, TypeError, r"`field.origin\[1\]`"),
    ({"region": [0, 0, 1]}, ValueError, "`field.region` must be four bounds"),
    ({"region": [0, 0.1, 1, 0]}, ValueError, "y_min <= y_max"),
    ({"region": [0.1, 0, -0.1, 0]}, ValueError, "x_min <= x_max"),
    ({"region": [math.inf, None, None, None]}, ValueError, r"`field.region\[0\]`"),
    # So that nothing overflows inside the arena.
    ({"viscosity": [[0, -1e7], [0, 0]]}, ValueError, "field.*from -1000000.0 to 1000000.0"),
    ({"gain": -1e7}, ValueError, "field.*from -1000000.0 to 1000000.0"),
]


@pytest.mark.parametrize(("value", "error", "message"), BAD_FIELDS, ids=str)
def test_bad_fields_are_refused_by_name(value, error, message):
    """By the constructor, in a block of a schedule, and as an option of `reset`."""
    with pytest.raises(error, match=message):
        CursorReachEnv(field=value)
    with pytest.raises(error, match=message):
        CursorReachEnv(schedule=[{"name": "odd", "trials": 1, "field": value}])
    env = CursorReachEnv()
    with pytest.raises(error, match=message):
        env.reset(seed=0, options={"field": value})
