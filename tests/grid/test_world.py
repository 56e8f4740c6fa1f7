"""Force fields as data, and the grid's tables against a plain loop in exact arithmetic."""

import json
import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from reach_gym import fields
from reach_gym.fields import GRID_PRESETS, ForceField, describe, field_from_data, force
from reach_gym.grid.world import MAX_SIZE, MOVES, Action, grid_world, place_cell, place_felt, place_x, place_y, squared_distance

FULL = ForceField(-0.5, (0.5, None, 3, 4), (1.25, -2), ((0.5, 0.25), (-1, 2)), ((0.25, -0.5), (0.75, 1)), (1.5, 2))


def one(**numbers):
    """What the tables say of a 9 x 9 grid: (x, y) after `action` from the middle square."""
    world = grid_world(9, ForceField(**numbers))
    return [(cell % 9, cell // 9) for cell in world.next_cell[4 * 9 + 4].tolist()]


@pytest.mark.parametrize("name", ["curl_ccw", "curl_cw"])
def test_a_curl_force_is_orthogonal_to_the_velocity(name):
    velocity = np.random.default_rng(0).normal(size=(2, 50))
    fx, fy = force(GRID_PRESETS[name], 3.0, 4.0, *velocity)
    assert np.abs(fx * velocity[0] + fy * velocity[1]).max() < 1e-12
    turn = velocity[0] * fy - velocity[1] * fx
    assert (np.sign(turn) == (1 if name == "curl_ccw" else -1)).all()
    assert np.hypot(fx, fy) == pytest.approx(np.hypot(*velocity))


@pytest.mark.parametrize("field", [*GRID_PRESETS.values(), FULL], ids=describe)
def test_gain_minus_one_mirrors(field):
    mirrored = replace(field, gain=-field.gain)
    points = np.random.default_rng(1).uniform(-1, 5, (4, 40))
    for plus, minus in zip(force(field, *points), force(mirrored, *points), strict=True):
        assert np.array_equal(plus, -minus)


def test_mirrored_curl_is_the_other_curl_on_the_grid():
    mirrored = field_from_data({"preset": "curl_ccw", "gain": -1})
    assert np.array_equal(grid_world(7, mirrored).next_cell, grid_world(7, GRID_PRESETS["curl_cw"]).next_cell)


def test_the_force_acts_on_the_regions_bounds_and_not_beyond():
    wind = GRID_PRESETS["wind"]
    assert [force(wind, 0.0, y, 0.0, 0.0)[0] for y in (1.99, 2.0, 6.0, 6.01)] == [0, -1, -1, 0]


def test_force_formula_by_hand():
    # Inside: -0.5 * (push + B v + K (p - origin)) at p = (2, 3), v = (1, -1).
    assert force(FULL, 2.0, 3.0, 1.0, -1.0) == (-0.5 * (1.25 + 0.25 - 0.375), -0.5 * (-2 - 3 + 1.375))


def test_describe():
    assert describe(GRID_PRESETS["null"]) == describe(ForceField()) == "no field"
    assert describe(GRID_PRESETS["wind"]) == "push (-1.0, 0.0) in 2 <= y <= 6"
    assert describe(GRID_PRESETS["curl_ccw"]) == "viscosity ((0.0, -1.0), (1.0, 0.0)) everywhere"
    text = describe(FULL)
    assert "0.5 <= x <= 3, y <= 4" in text and text.endswith(", gain -0.5") and "stiffness" in text


@pytest.mark.parametrize("field", [*GRID_PRESETS.values(), FULL], ids=describe)
def test_round_trip_through_json(field):
    assert field_from_data(json.loads(json.dumps(field.to_data()))) == field
    assert field_from_data(field) is field


@pytest.mark.parametrize("name", GRID_PRESETS)
def test_presets_by_name(name):
    assert field_from_data(name) == field_from_data({"preset": name}) == GRID_PRESETS[name]


def test_preset_with_other_numbers():
    field = field_from_data({"preset": "wind", "region": [None, 0, None, 1], "gain": 2})
    assert field == ForceField(2.0, (None, 0, None, 1), (-1, 0))
    assert field_from_data(None).is_null


def quarters(generator, shape, span=2):
    return (generator.integers(-4 * span, 4 * span + 1, shape) / 4).tolist()


def random_field(seed):
    """Quarters, so that halves occur and floats are exact; some regions, some fields far stronger than the grid."""
    generator = np.random.default_rng(seed)
    low, extent = generator.integers(-1, 4, 2), generator.integers(0, 5, 2)
    bounds = [*low.tolist(), *(low + extent).tolist()]
    return ForceField(
        gain=float(generator.choice([1, -1, 0.5, 40])),
        region=tuple(bound if generator.random() < 0.6 else None for bound in bounds),
        push=quarters(generator, 2),
        viscosity=quarters(generator, (2, 2), 1),
        stiffness=quarters(generator, (2, 2), 1) if seed % 2 else ((0, 0), (0, 0)),
        origin=quarters(generator, 2),
    )


def rounded(value):
    """Halves away from zero."""
    return int(math.copysign(math.floor(abs(value) + Fraction(1, 2)), value))


def plain_world(size, field):
    """The tables from the definition, one square and one action at a time, in fractions."""
    table, felt = [], []
    f = Fraction
    x0, y0, x1, y1 = field.region
    for cell in range(size * size):
        x, y = cell % size, cell // size
        within = (x0 is None or x >= x0) and (y0 is None or y >= y0) and (x1 is None or x <= x1) and (y1 is None or y <= y1)
        felt.append(within and not field.is_null)
        row = []
        for move in ((1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1)):
            new = []
            for i in (0, 1):
                total = f(field.push[i])
                total += sum(f(b) * v for b, v in zip(field.viscosity[i], move, strict=True))
                total += sum(f(k) * (p - f(o)) for k, p, o in zip(field.stiffness[i], (x, y), field.origin, strict=True))
                shift = rounded(f(field.gain) * total) if within else 0
                new.append(min(max((x, y)[i] + move[i] + shift, 0), size - 1))
            row.append(new[1] * size + new[0])
        table.append(row)
    return table, felt


@pytest.mark.parametrize("size", [2, 3, 5, 8])
@pytest.mark.parametrize("field", [*GRID_PRESETS.values(), FULL, *map(random_field, range(12))], ids=str)
def test_tables_equal_a_plain_loop(size, field):
    world = grid_world(size, field)
    table, felt = plain_world(size, field)
    assert world.next_cell.tolist() == table == [list(row) for row in world.rows]
    assert world.in_field.tolist() == felt == list(world.felt)
    assert place_cell(world.next_place[:, :8]).tolist() == table
    assert np.array_equal(world.next_place[:, 8], world.place)


def test_actions_go_counter_clockwise_from_east():
    assert [round(math.degrees(math.atan2(dy, dx))) % 360 for dx, dy in MOVES] == list(range(0, 360, 45))
    assert MOVES[Action.NORTH] == (0, 1) and MOVES[Action.SOUTH_WEST] == (-1, -1)
    assert one() == [(4 + dx, 4 + dy) for dx, dy in MOVES]


def test_walls_clip_each_coordinate_by_itself():
    world = grid_world(3, fields.NULL)
    assert world.next_cell[0].tolist() == [1, 4, 3, 3, 0, 0, 0, 1]
    assert world.next_cell[8].tolist() == [8, 8, 8, 7, 7, 4, 5, 5]


@pytest.mark.parametrize(
    ("push", "shift"), [(0.5, 1), (-0.5, -1), (0.49, 0), (-0.49, 0), (1.5, 2), (-1.5, -2), (2.5, 3), (1e300, 9)]
)
def test_halves_round_away_from_zero(push, shift):
    assert one(push=(push, 0))[Action.NORTH] == (min(4 + shift, 8), 5)
    assert one(push=(0, push))[Action.EAST] == (5, min(4 + shift, 8))


def test_a_curl_turns_a_move_by_45_degrees():
    ahead = one(viscosity=((0, -1), (1, 0)))
    assert ahead[Action.EAST] == (5, 5) and ahead[Action.NORTH] == (3, 5) and ahead[Action.NORTH_EAST] == (4, 6)


def test_places_of_the_largest_grid():
    world = grid_world(MAX_SIZE, ForceField(push=(1, 0), region=(10, None, None, 20)))
    cells = np.arange(MAX_SIZE**2)
    x, y = cells % 64, cells // 64
    assert np.array_equal(place_x(world.place), x) and np.array_equal(place_y(world.place), y)
    assert np.array_equal(place_cell(world.place), cells)
    assert np.array_equal(place_felt(world.place), (x >= 10) & (y <= 20))
    last = int(world.place[-1])
    assert (place_x(last), place_y(last), place_cell(last), place_felt(last)) == (63, 63, 4095, 0)


def test_tables_are_read_only_and_made_once():
    world = grid_world(4, GRID_PRESETS["wind"])
    assert grid_world(4, field_from_data("wind")) is world
    for table in (world.next_cell, world.in_field, world.place, world.next_place):
        with pytest.raises(ValueError, match="read-only"):
            table[0] = 0


def test_squared_distance():
    assert squared_distance(1, 2, 4, -2) == 25
