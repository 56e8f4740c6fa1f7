"""The rules stand once: what a hot path leaves out or writes out for speed is what the shared function says."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reach_gym.reach.env import CursorReachEnv
from reach_gym.reach.info import FLAGS, FLOATS, LINE, WHOLES, Info
from reach_gym.reach.observations import NUMBERS, OBSERVATIONS
from reach_gym.reach.rules import REWARDS, Limits, Verdict, judge, shown

near = st.floats(-0.03, 0.03)
counts = st.integers(0, 60)
lefts = st.integers(0, 60)


def limits_with(strict=True, abort=False, fastest=3, slowest=20):
    return Limits(0.0001, 0.01, 0.0001, strict, abort, 5, fastest, slowest, 100)


@settings(max_examples=300, deadline=None)
@given(st.integers(1, 60), counts, near, near, near, near, lefts, st.integers(0, 6), st.booleans(), st.booleans(), st.floats(0, 0.002))
def test_judging_changes_nothing_where_the_scalar_step_skips_it(step, go, x, y, vx, vy, left, held, strict, abort, squared):
    limits = limits_with(strict, abort)
    left = min(left, step - 1)
    false_start = 0 < left <= go
    result = judge(step, go, x, y, vx, vy, 0.0, 0.0, squared, false_start, held, left, limits)
    leaves = not left and x * x + y * y > limits.leave_squared
    # An aborted trial does not go on.
    if not (leaves or squared <= limits.radius_squared or held or (abort and false_start)):
        assert result == (false_start, false_start * strict, False, 0, left, False, False)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(counts, counts, near, near, st.booleans(), st.integers(0, 6), lefts, st.floats(0, 0.0003)), min_size=1, max_size=20),
    st.booleans(),
)
def test_arrays_are_judged_as_numbers_are(rows, abort):
    limits = limits_with(abort=abort)
    step, go, x, y, false_start, held, left, squared = (np.array(column) for column in zip(*rows, strict=True))
    many = judge(step, go, x, y, 0.01, 0.0, 0.0, 0.0, squared, false_start, held, left, limits)
    each = [judge(s, g, a, b, 0.01, 0.0, 0.0, 0.0, q, f, h, e, limits) for s, g, a, b, f, h, e, q in rows]
    for column, values in zip(many, zip(*each, strict=True), strict=True):
        assert np.array_equal(column, values)
    assert Verdict(*each[0]).held == many[Verdict._fields.index("held")][0]


def test_a_reward_that_says_so_depends_on_nothing_but_the_target():
    for reward in REWARDS.values():
        cases = itertools.product((0.0, 0.3), (0.0, 0.2), (0.0, 2.0), (False, True), (0, 1))
        values = {reward.of(False, False, *case, 0) for case in cases}
        assert (len(values) == 1) == reward.of_target_only and reward.meaning


def test_a_reward_that_says_so_can_be_told_for_another_goal():
    """It knows neither whether the trial has succeeded, nor, but for trials that are broken off, what is left of its time."""
    for reward in REWARDS.values():
        for on, distance, moving, spoilt in itertools.product((False, True), (0.0, 0.3), (False, True), (0, 1)):
            told = {reward.of(on, success, distance, 0.1, 1.0, moving, spoilt, 0) for success in (False, True)}
            assert (len(told) == 1) == reward.of_step_only


@pytest.mark.parametrize("kind", OBSERVATIONS)
def test_the_scalar_observation_is_what_the_vector_environments_write(kind):
    made = OBSERVATIONS[kind](0.1, 0.2, 0.01, 0)  # what is felt comes behind what is seen
    fill = OBSERVATIONS[kind].writer(NUMBERS)
    rng = np.random.default_rng(3)
    for visible, cue, false_start in itertools.product((False, True), repeat=3):
        target, start, sensed, at, times = (rng.uniform(-0.25, 0.25, n).tolist() for n in (2, 2, 4, 2, 3))
        told = [*(abs(time) for time in times), false_start]
        made.show(*target, visible, cue, tuple(start), false_start)
        one = np.empty((1, *made.shape), made.dtype)
        fill(one, 0, target, start, cue, visible, sensed, at, told, made.per_metre, made.per_speed)
        many = made.batch(*([np.array([v]) for v in part] if isinstance(part, list) else np.array([part])
                            for part in (target, visible, cue, start, sensed, at, told)), ())  # fmt: skip
        assert np.array_equal(one, many)
        seen, written = made.see(*sensed, *at, *told[:3]), made.present(one)
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
