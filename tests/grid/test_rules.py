"""The rules stand once: plain numbers, arrays and Numba get the same from them, and the scalar environment's tables hold no others."""

import numpy as np
import pytest

from reach_gym.fields import GRID_PRESETS, ForceField
from reach_gym.grid import rules
from reach_gym.grid.env import GridReachEnv
from reach_gym.grid.exact import around, steps_to_go
from reach_gym.grid.observations import KINDS
from reach_gym.grid.pairs import FREE
from reach_gym.grid.rows import GridRows, Info, Numbers, SessionInfo, Streams
from reach_gym.grid.vector_env import GridReachVectorEnv
from reach_gym.grid.world import grid_world, place_cell, place_felt

FIELDS = [*GRID_PRESETS.values(), ForceField(push=(2.5, -1.0), region=(1, None, 3, 3))]
NUM = 200


def arguments():
    """For each rule plausible arguments, arrays (NUM,) or what holds for all rows."""
    generator = np.random.default_rng(0)
    world = grid_world(7, FIELDS[-1])
    cells = lambda: generator.integers(0, 49, NUM)
    flags = lambda: generator.random(NUM) < 0.5
    free = lambda: np.where(flags(), FREE, cells())
    place, goal, which = world.place[cells()], world.place[cells()], np.zeros(NUM, np.int64)
    tables, moves, level = np.stack([steps_to_go(world, radius) for radius in (2.0, 0.0)]), world.next_place[None], generator.integers(0, 2, NUM)
    return {
        rules.far_pair: (generator.integers(0, 2**32, NUM), np.where(flags(), -1, 0), -1, 7, 60),
        rules.move: (moves, which, place, generator.integers(0, 9, NUM)),
        rules.squared_apart: (place, goal),
        rules.distance: (generator.integers(0, 90, NUM),),
        rules.is_hit: (generator.integers(0, 9, NUM), generator.integers(0, 9, NUM)),
        rules.is_late: (generator.integers(0, 9, NUM), 5),
        rules.reward: (flags(), flags()),
        rules.settle_pair: (cells(), cells(), free(), free(), 7),
        rules.ideal_steps: (tables, level, cells(), cells()),
        rules.begun: (moves, which, cells(), cells(), cells(), cells(), level, cells(), cells()),
        rules.advance_radius: (level, generator.integers(0, 5, NUM), generator.integers(0, 5, NUM), flags() * 1, 5, 3, 3),
    }


def of_row(value, i):
    return value[i] if isinstance(value, np.ndarray) and value.ndim == 1 else value


def plain(value):
    return tuple(np.asarray(part).item() for part in value) if isinstance(value, tuple) else np.asarray(value).item()


@pytest.mark.parametrize("rule", rules.COMPONENT_WISE, ids=lambda rule: rule.__name__)
def test_a_rule_is_component_wise(rule):
    numba = pytest.importorskip("numba")
    from reach_gym.grid import kernels  # noqa: F401  registers the rules

    given = arguments()[rule]
    compiled = eval("numba.njit(lambda *given: rule(*given))", {"numba": numba, "rule": rule})
    if rule is rules.far_pair:  # it searches, so that it takes row by row
        rows = [rule(*(plain(of_row(value, i)) for value in given)) for i in range(NUM)]
        together = tuple(np.array(part) for part in zip(*rows, strict=True))
    else:
        together = rule(*given)
    parts = together if isinstance(together, tuple) else (together,)
    for i in range(NUM):
        one = [of_row(value, i) for value in given]
        expected = tuple(np.asarray(of_row(np.asarray(part), i)).item() for part in parts)
        numbers = [value.item() if isinstance(value, np.generic) else value for value in one]
        for result in (plain(rule(*numbers)), plain(compiled(*one))):
            assert (result if isinstance(result, tuple) else (result,)) == expected


def test_every_rule_is_tried():
    assert set(arguments()) == set(rules.COMPONENT_WISE)


@pytest.mark.parametrize("size", [2, 5, 8])
@pytest.mark.parametrize("field", FIELDS, ids=str)
def test_the_scalar_environment_looks_up_what_the_rules_say(size, field):
    world, cells = grid_world(size, field), np.arange(size * size)
    places = rules.move(world.next_place[None], 0, world.place[:, None], np.arange(8))
    assert place_cell(places).tolist() == [list(row) for row in world.rows]
    assert (place_felt(world.place) != 0).tolist() == list(world.felt)
    for target in cells.tolist():
        for limit in (0, 2, 5):
            squared = rules.squared_apart(world.place, world.place[target])
            assert list(around(size, target, limit)) == list(zip(rules.is_hit(squared, limit).tolist(), rules.distance(squared).tolist()))


def test_the_scalar_environment_rewards_as_the_rules_say():
    env = GridReachEnv(size=3)
    env.reset(seed=0)
    seen = set()
    for action in np.random.default_rng(0).integers(0, 8, 300).tolist():
        _, reward, hit, _, _ = env.step(action)
        expected = rules.reward(True, hit)
        assert type(reward) is float and reward == expected and not np.signbit(reward + (not hit))
        seen.add(reward)
        if hit:
            env.reset()
    assert seen == {0.0, -1.0}
    assert rules.reward(False, False) == 0.0 and not np.signbit(rules.reward(np.array([False]), np.array([True]))).any()


@pytest.mark.parametrize("target", [FREE, 7], ids=["free", "fixed"])
@pytest.mark.parametrize("kind", KINDS)
def test_one_observation_is_that_of_a_batch(kind, target):
    maker = KINDS[kind](5, target)
    cursors, targets = np.arange(25), np.arange(25)[::-1].copy() if target == FREE else np.full(25, target)
    batch = maker.batch(cursors, targets)
    parts = lambda seen: list(seen.values()) if isinstance(seen, dict) else [seen]
    for row, (cursor, to) in enumerate(zip(cursors.tolist(), targets.tolist(), strict=True)):
        maker.aim(to)
        for one, many in zip(parts(maker.see(cursor)), parts(maker.present(batch[row])), strict=True):
            assert np.array_equal(one, many) and np.asarray(one).dtype == batch.dtype
        assert maker.space.contains(maker.see(cursor))
    assert [part.tolist() for part in maker.decode(maker.present(batch))] == [cursors.tolist(), targets.tolist()]


def test_the_blocks_have_the_lines_of_their_records():
    rows = GridRows.empty(3)
    assert len(rows.numbers) == len(Numbers._fields) and len(rows.streams) == len(Streams._fields)
    for record, block in ((rows.now, rows.numbers), (rows.stream, rows.streams)):
        for line, values in enumerate(record):
            assert np.shares_memory(values, block)
            values[:] = line
        assert block[:, 0].tolist() == list(range(len(block)))


@pytest.mark.parametrize("backend", ["numpy", "numba"])
@pytest.mark.parametrize("schedule", [None, "abrupt"])
def test_info_is_the_record(backend, schedule):
    scalar, vector = GridReachEnv(schedule=schedule), GridReachVectorEnv(2, schedule=schedule, backend=backend, autoreset_mode="SameStep")
    names = [*Info._fields, *(SessionInfo._fields if schedule else ())]
    assert list(scalar.reset(seed=0)[1]) == list(scalar.step(0)[4]) == names
    for info in (vector.reset(seed=0)[1], vector.step(np.zeros(2, np.int64))[4]):
        assert [name for name in info if not name.startswith("_")] == names
        assert set(info) == {*names, *(f"_{name}" for name in names)}
