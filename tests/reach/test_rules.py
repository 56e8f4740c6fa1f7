"""The rules stand once: what a hot path leaves out or writes out for speed is what the shared function says."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reach_gym.reach.env import CursorReachEnv
from reach_gym.reach.info import FLAGS, FLOATS, LINE, WHOLES, Info
from reach_gym.reach.observations import NUMBERS, OBSERVATIONS
from reach_gym.reach.rules import REWARDS, Limits, judge, shown

near = st.floats(-0.03, 0.03)
counts = st.integers(0, 60)


@settings(max_examples=300, deadline=None)
@given(counts, counts, near, near, near, near, st.booleans(), st.integers(0, 6), st.booleans(), st.floats(0, 0.002))
def test_judging_changes_nothing_where_the_scalar_step_skips_it(step, go, x, y, vx, vy, false_start, held, strict, squared):
    limits = Limits(0.0001, 0.01, 0.0001, strict, 5)
    result = judge(step, go, x, y, vx, vy, 0.0, 0.0, squared, false_start, held, limits)
    left = step <= go and not false_start and x * x + y * y > limits.leave_squared
    if not (left or squared <= limits.radius_squared or held):
        assert result == (false_start, false_start * strict, False, 0, False)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(counts, counts, near, near, st.booleans(), st.integers(0, 6), st.floats(0, 0.0003)), min_size=1, max_size=20))
def test_arrays_are_judged_as_numbers_are(rows):
    limits = Limits(0.0001, 0.01, 0.0001, True, 5)
    step, go, x, y, false_start, held, squared = (np.array(column) for column in zip(*rows, strict=True))
    many = judge(step, go, x, y, 0.01, 0.0, 0.0, 0.0, squared, false_start, held, limits)
    each = [judge(s, g, a, b, 0.01, 0.0, 0.0, 0.0, q, f, h, limits) for s, g, a, b, f, h, q in rows]
    for column, values in zip(many, zip(*each, strict=True), strict=True):
        assert np.array_equal(column, values)


def test_a_reward_that_says_so_depends_on_nothing_but_the_target():
    for reward in REWARDS.values():
        values = {reward.of(False, d, e, m, s) for d in (0.0, 0.3) for e in (0.0, 2.0) for m in (False, True) for s in (0, 1)}
        assert (len(values) == 1) == reward.of_target_only and reward.meaning


@pytest.mark.parametrize("kind", OBSERVATIONS)
def test_the_scalar_observation_is_what_the_vector_environments_write(kind):
    made = OBSERVATIONS[kind](0.1, 0.2, 0.01)
    fill = OBSERVATIONS[kind].writer(NUMBERS)
    rng = np.random.default_rng(3)
    for visible in (False, True):
        for cue in (False, True):
            target, start, sensed, at = (rng.uniform(-0.25, 0.25, n).tolist() for n in (2, 2, 4, 2))
            made.show(*target, visible, cue, tuple(start))
            one = np.empty((1, *made.shape), made.dtype)
            fill(one, 0, target, start, cue, visible, sensed, at, made.per_metre, made.per_speed)
            many = made.batch(*([np.array([v]) for v in part] if isinstance(part, list) else np.array([part])
                                for part in (target, visible, cue, start, sensed, at)))
            assert np.array_equal(one, many)
            seen, written = made.see(*sensed, *at), made.present(one)
            parts = [(seen[name], written[name]) for name in seen] if isinstance(seen, dict) else [(seen, written)]
            for a, b in parts:
                assert a.dtype == b.dtype and np.array_equal(a, b[0])


def test_the_target_is_as_late_as_the_senses_only_where_it_belongs_to_them():
    assert shown(22, 5, 1, 20, 30, 5) == (False, False) and shown(22, 5, 0, 20, 30, 5) == (True, False)
    assert shown(35, 5, 1, 20, 30, 5) == (True, True) and shown(39, 5, 1, 20, 30, 5)[1] and not shown(40, 5, 1, 20, 30, 5)[1]


def test_info_is_one_record_with_the_keys_lines_and_types():
    _, info = CursorReachEnv().reset(seed=1)
    assert tuple(info) == Info._fields == (*FLOATS, *WHOLES, *FLAGS)
    for block, kind in ((FLOATS, float), (WHOLES, int), (FLAGS, bool)):
        assert [getattr(LINE, name) for name in block] == list(range(len(block)))
        assert all(type(info[name]) is kind for name in block)
