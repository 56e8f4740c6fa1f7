"""The counter-based random numbers, and the pairs drawn from them."""

from collections import Counter

import numpy as np
import pytest

from reach_gym.grid.pairs import draw_pair, furthest
from reach_gym.sessions import draws
from reach_gym.sessions.draws import bits, draw_start, draw_target, mix, new_key, pick

GOLDEN_GAMMA = 0x9E3779B97F4A7C15
TOP = 2**64 - 1


def numbers():
    """Keys, trials, attempts: the corners and many more, as Python integers."""
    generator = np.random.default_rng(0)
    keys = [0, 1, TOP, 2**63, *generator.integers(0, 2**64, 300, dtype=np.uint64).tolist()]
    of = generator.integers(0, 2**64, len(keys), dtype=np.uint64).tolist()
    of[:3] = [TOP, 0, 1]
    attempts = generator.integers(0, 9, len(keys)).tolist()
    return keys, of, attempts


def test_mix_is_splitmix64():
    # The first outputs of the reference implementation with seed 0.
    expected = [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]
    assert [mix((k + 1) * GOLDEN_GAMMA & TOP) for k in range(3)] == expected


def plain():
    keys, of, attempts = numbers()
    both = list(zip(keys, of, attempts, strict=True))
    return [
        [mix(key) for key in keys],
        [bits(*each) for each in both],
        [pick(key, 4096) for key in keys],
        [draw_target(*each, 100) for each in both],
        [draw_start(*each, 100) for each in both],
    ]


def test_arrays_equal_python_integers():
    keys, of, attempts = (np.array(values, np.uint64) for values in numbers())
    results = [
        mix(keys),
        bits(keys, of, attempts),
        pick(keys, 4096),
        draw_target(keys, of, attempts, 100),
        draw_start(keys, of, attempts, 100),
    ]
    assert all(result.dtype == np.uint64 for result in results)
    assert [result.tolist() for result in results] == plain()


def test_numba_equals_python_integers():
    numba = pytest.importorskip("numba")
    import reach_gym.grid.kernels  # noqa: F401  registers the functions

    jit_mix, jit_bits, jit_pick = draws.mix, draws.bits, draws.pick
    jit_target, jit_start = draws.draw_target, draws.draw_start

    @numba.njit
    def fill(keys, of, attempts, out):
        for i in range(len(keys)):
            out[0, i] = jit_mix(keys[i])
            out[1, i] = jit_bits(keys[i], of[i], attempts[i])
            out[2, i] = jit_pick(keys[i], np.uint64(4096))
            out[3, i] = jit_target(keys[i], of[i], attempts[i], np.uint64(100))
            out[4, i] = jit_start(keys[i], of[i], attempts[i], np.uint64(100))

    keys, of, attempts = (np.array(values, np.uint64) for values in numbers())
    out = np.zeros((5, len(keys)), np.uint64)
    fill(keys, of, attempts, out)
    assert out.tolist() == plain()


def test_pick_spans_its_range():
    assert (pick(0, 7), pick(TOP, 7)) == (0, 6)
    assert {pick(mix(k), 7) for k in range(200)} == set(range(7))


def test_streams_differ():
    """Key, trial, attempt and quantity each change the number."""
    drawn = {bits(key, trial, attempt) for key in range(9) for trial in range(9) for attempt in range(9)}
    assert len(drawn) == 9**3
    same = sum(draw_start(5, k, 0, 100) == draw_target(5, k, 0, 100) for k in range(1000))
    assert same < 40


@pytest.mark.parametrize("limit", [0, 1, 2, 4, 9])
@pytest.mark.parametrize(("start", "target"), [(-1, -1), (0, -1), (-1, 6)])
def test_the_start_lies_outside_the_radius(limit, start, target):
    for k in range(300):
        at, to = draw_pair(77, k, 5, start, target, limit)
        assert (at % 5 - to % 5) ** 2 + (at // 5 - to // 5) ** 2 > limit
        assert 0 <= at < 25 and 0 <= to < 25
        assert start in (-1, at) and target in (-1, to)


@pytest.mark.parametrize(("start", "target"), [(-1, -1), (3, -1), (-1, 4)])
@pytest.mark.parametrize("limit", [0, 1])
def test_every_valid_pair_is_equally_likely(limit, start, target):
    def valid(at, to):
        return (at % 3 - to % 3) ** 2 + (at // 3 - to // 3) ** 2 > limit and start in (-1, at) and target in (-1, to)

    pairs = [(at, to) for at in range(9) for to in range(9) if valid(at, to)]
    expected = 200
    seen = Counter(draw_pair(123456789, k, 3, start, target, limit) for k in range(expected * len(pairs)))
    assert set(seen) == set(pairs)
    chi_square = sum((seen[pair] - expected) ** 2 / expected for pair in pairs)
    freedom = len(pairs) - 1
    assert chi_square < freedom + 5 * (2 * freedom) ** 0.5 + 10


def test_trial_k_is_a_pure_function_of_key_and_k():
    in_order = [draw_pair(42, k, 16, -1, -1, 3) for k in range(50)]
    assert [draw_pair(42, k, 16, -1, -1, 3) for k in reversed(range(50))] == in_order[::-1]
    assert [draw_pair(43, k, 16, -1, -1, 3) for k in range(50)] != in_order
    assert len(set(in_order)) > 40


def test_keys_come_from_the_generator():
    first, second = np.random.default_rng(3), np.random.default_rng(3)
    keys = [new_key(first) for _ in range(20)]
    assert keys == [new_key(second) for _ in range(20)] and len(set(keys)) == 20
    assert all(type(key) is int and 0 <= key <= TOP for key in keys) and max(keys) > 2**63


@pytest.mark.parametrize("size", [2, 3, 5])
def test_furthest(size):
    cells = range(size * size)

    def apart(a, b):
        return (a % size - b % size) ** 2 + (a // size - b // size) ** 2

    assert furthest(size, -1, -1) == max(apart(a, b) for a in cells for b in cells)
    for a in cells:
        assert furthest(size, a, -1) == furthest(size, -1, a) == max(apart(a, b) for b in cells)
        assert all(furthest(size, a, b) == apart(a, b) for b in cells)
