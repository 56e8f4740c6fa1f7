"""A trial of the continuous reach: what is drawn, the rules, the timeline, the perturbations and the senses, by hand-computed cases."""

import math
from collections import Counter

import numpy as np
import pytest

from reach_gym.fields import CURSOR_PRESETS, field_from_data, force
from reach_gym.reach.env import CursorReachEnv
from reach_gym.reach.rules import Phase, dense_reward, has_left, is_on_target, phase, shaped_reward, sparse_reward
from reach_gym.reach.targets import delays_from_data, targets_from_data
from reach_gym.sessions import draws
from reach_gym.sessions.schedule import SCHEDULES, Schedule, Wave
from reach_gym.sessions.table import TrialTable

numba = pytest.importorskip("numba")
pytest.importorskip("reach_gym.reach.kernels")  # registers the functions with Numba

TOP = 2**64 - 1

# ---------------------------------------------------------------- random numbers

_point, _start_point, _delay, _kind = draws.draw_point, draws.draw_start_point, draws.draw_delay, draws.draw_kind
_noise_key, _normal, _uniform = draws.noise_key, draws.normal, draws.uniform


def drawn_by(key, trial, attempt, count, stream):
    """One of each quantity; the same lines for integers, arrays and Numba."""
    x, y = _point(key, trial, attempt, 0.1)
    sx, sy = _start_point(key, trial, attempt, 0.1)
    gain, channel = _kind(key, trial, 0.5, 0.25, 0.2, 0.3)
    return _uniform(key), x, y, sx, sy, _delay(key, trial, count), gain, channel, _normal(key, trial, stream), _noise_key(key, trial)


_draws = numba.njit(drawn_by)


@numba.njit
def numba_draws(keys, of, attempts, count, stream, out, noise_keys):
    for i in range(len(keys)):
        drawn = _draws(keys[i], of[i], attempts[i], count, stream)
        out[0, i], out[1, i], out[2, i], out[3, i], out[4, i] = drawn[0], drawn[1], drawn[2], drawn[3], drawn[4]
        out[5, i], out[6, i], out[7, i], out[8, i], noise_keys[i] = drawn[5], drawn[6], drawn[7], drawn[8], drawn[9]


def test_draws_agree_between_integers_arrays_and_numba():
    generator = np.random.default_rng(0)
    keys = [0, 1, TOP, 2**63, *generator.integers(0, 2**64, 300, dtype=np.uint64).tolist()]
    of, attempts = generator.integers(0, 2**40, len(keys)).tolist(), generator.integers(0, 9, len(keys)).tolist()
    streams = [int(stream) for stream in STREAMS]
    for stream in streams[:1] + streams[-1:]:
        plain = list(zip(*(drawn_by(*each, 10, stream) for each in zip(keys, of, attempts, strict=True)), strict=True))
        given = [np.array(values, np.uint64) for values in (keys, of, attempts)]
        arrays = drawn_by(*given, 10, np.uint64(stream))
        assert [values.tolist() for values in arrays] == [list(values) for values in plain]
        compiled, noise_keys = np.empty((9, len(keys))), np.empty(len(keys), np.uint64)
        numba_draws(*given, np.uint64(10), np.uint64(stream), compiled, noise_keys)
        assert compiled.tolist() == [list(values) for values in plain[:9]] and noise_keys.tolist() == list(plain[9])


def test_uniform_is_from_0_to_below_1():
    assert (draws.uniform(0), draws.uniform(TOP), draws.uniform(2**63)) == (0.0, 1 - 2**-53, 0.5)
    assert draws.uniform(np.array([0, TOP], np.uint64)).tolist() == [0.0, 1 - 2**-53]


# Those of two actuators, of the cursor, of what is felt first, and the others.
STREAMS = (*draws.MOTOR_STREAMS[:4], *draws.CURSOR_STREAMS, *draws.BODY_STREAMS[:4], *draws.MOTOR_STREAMS[4:], *draws.BODY_STREAMS[4:])
MANY = np.arange(40_000, dtype=np.uint64)


def test_normal_has_mean_0_variance_1_and_ends_at_6():
    values = draws.normal(np.uint64(77), MANY, np.uint64(STREAMS[0]))
    n = len(values)
    assert abs(values.mean()) < 5 / n**0.5 and abs(values.var() - 1) < 5 * (1.9 / n) ** 0.5
    assert abs((values**3).mean()) < 0.1 and (values**4).mean() == pytest.approx(2.9, abs=0.2)  # 3 - 1.2 / 12: a sum of twelve
    assert np.abs(values).max() < 6
    # 68, 95 and 99.7 of 100 within one, two and three standard deviations.
    assert [(np.abs(values) < k).mean() for k in (1, 2, 3)] == pytest.approx([0.6806, 0.9553, 0.9979], abs=0.01)
    lowest, highest = (3 * draws._chunks(word) for word in (0, TOP))
    assert ((highest - draws._SUM_MEAN) * draws._SUM_SCALE, (lowest - draws._SUM_MEAN) * draws._SUM_SCALE) == pytest.approx((6, -6), abs=1e-4)
    assert draws._SUM_SCALE == pytest.approx(1 / math.sqrt(65536**2 - 1), rel=1e-15)


def test_streams_trials_and_rows_are_uncorrelated():
    """All the quantities of a trial, those of the next trial, of the next row, and the noise of sixteen streams in four steps."""
    key = np.uint64(5)
    quantities = []
    for row, trial in ((key, MANY), (key, MANY + np.uint64(1)), (key + np.uint64(1), MANY)):
        quantities += [*draws.draw_point(row, trial, 0, 1.0), *draws.draw_start_point(row, trial, 0, 1.0), draws.draw_point(row, trial, 1, 1.0)[0]]
        quantities += [draws.draw_delay(row, trial, 1000).astype(float), draws.draw_kind(row, trial, 0.0, 1.0, 0.0, 0.0)[0]]
        quantities += [draws.draw_kind(row, trial, 0.0, 1.0, 0.0, 0.5)[1].astype(float)]
        noise = draws.noise_key(row, trial)
        quantities += [draws.normal(noise, step, np.uint64(stream)) for stream in STREAMS[:16] for step in (0, 1)]
    correlation = np.corrcoef(quantities) - np.eye(len(quantities))
    assert len(set(STREAMS)) == len(STREAMS) == 100
    assert np.abs(correlation).max() < 5.5 / len(MANY) ** 0.5


@pytest.mark.parametrize(("catch", "clamp"), [(0.0, 0.0), (0.1, 0.0), (0.0, 0.25), (0.2, 0.3), (0.5, 0.5), (1.0, 0.0), (0.0, 1.0)])
def test_kinds_have_their_shares(catch, clamp):
    gain, channel = draws.draw_kind(np.uint64(9), MANY, 2.0, 0.5, catch, clamp)
    n = len(MANY)
    shares = {"clamp": channel.mean(), "catch": ((gain == 0) & (channel == 0)).mean()}
    for share, expected in ((shares["clamp"], clamp), (shares["catch"], catch)):
        assert abs(share - expected) <= 5 * (expected * (1 - expected) / n) ** 0.5
    assert (gain[channel == 1] == 0).all()
    rest = gain[gain != 0]
    assert ((rest >= 1.5) & (rest < 2.5)).all()
    if rest.size > n / 3:
        assert (rest.mean(), rest.std()) == pytest.approx((2, 1 / math.sqrt(12)), rel=0.02)


def test_without_spread_the_gain_is_exact():
    gain, _ = draws.draw_kind(np.uint64(9), MANY, 0.1, 0.0, 0.0, 0.0)
    assert (gain == 0.1).all()


# ---------------------------------------------------------------- targets and delays


def test_center_out_by_hand():
    assert targets_from_data("uniform", None, 0.1) == targets_from_data({"kind": "uniform"}, (0, 0), 0.1) == ()
    points = targets_from_data("center-out", (0.0, 0.0), 0.1)
    assert len(points) == 8 and points[0] == (0.1, 0.0)
    for i, point in enumerate(points):
        assert point == pytest.approx((0.1 * math.cos(math.pi * i / 4), 0.1 * math.sin(math.pi * i / 4)), abs=1e-14)
    up = targets_from_data({"kind": "center-out", "count": 1, "distance": 0.05, "first_angle": 90}, (0.01, -0.02), 0.1)
    assert up[0] == pytest.approx((0.01, 0.03), abs=1e-14)
    assert targets_from_data({"kind": "center-out", "count": 360}, None, 0.1)[90] == pytest.approx((0, 0.1), abs=1e-14)
    assert targets_from_data([[0.1, -0.1], (0, 0.05)], None, 0.1) == ((0.1, -0.1), (0.0, 0.05))
    assert targets_from_data([np.array([0.1, 0.0])], None, 0.1) == ((0.1, 0.0),)


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        ("circle", ValueError, "`targets.kind` must be one of 'uniform', 'center-out'"),
        ({}, ValueError, "`targets.kind`"),
        ({"kind": 8}, TypeError, "`targets.kind`"),
        ({"kind": "center-out", "radius": 0.1}, ValueError, "`targets` has the unknown key 'radius'"),
        ({"kind": "uniform", "count": 8}, ValueError, "`targets` has the unknown key 'count'"),
        ({"kind": "center-out", "count": 0}, ValueError, "`targets.count`"),
        ({"kind": "center-out", "count": 361}, ValueError, "`targets.count`"),
        ({"kind": "center-out", "count": 8.0}, TypeError, "`targets.count`"),
        ({"kind": "center-out", "distance": 0.11}, ValueError, "`targets.distance`"),
        ({"kind": "center-out", "distance": math.nan}, ValueError, "`targets.distance`"),
        ({"kind": "center-out", "first_angle": 361}, ValueError, "`targets.first_angle`"),
        ([], ValueError, "`targets` must hold 1 to 360 points, got 0"),
        ([(0, 0)] * 361, ValueError, "got 361"),
        ([(0, 0.1), (0, 0.11)], ValueError, r"`targets\[1\]\[1\]`"),
        ([(0, math.nan)], ValueError, r"`targets\[0\]\[1\]`"),
        ([0.1, 0.0], TypeError, r"`targets\[0\]` must be a pair"),
        ([(0, 0.1, 0)], ValueError, r"`targets\[0\]`"),
        (3, TypeError, "`targets` must be 'uniform' or 'center-out'"),
        (None, TypeError, "`targets`"),
    ],
    ids=str,
)
def test_bad_targets_are_refused_by_name(value, error, message):
    with pytest.raises(error, match=message):
        targets_from_data(value, (0.0, 0.0), 0.1)


def test_delays_by_hand():
    assert delays_from_data(0, 0.01) == (0,) and delays_from_data(0.1, 0.01) == (10,)
    assert delays_from_data((0.0, 0.09), 0.01) == tuple(range(10))
    assert delays_from_data([0.1, 0.1], 0.01) == (10,)
    assert delays_from_data(0.0149, 0.01) == (1,) and delays_from_data(0.0151, 0.01) == (2,)  # rounded to whole steps
    assert delays_from_data({"mean": 0.0, "low": 0.2}, 0.01) == (20,) * 64


def test_exponential_delays_have_their_mean_and_a_flat_hazard():
    delays = np.array(delays_from_data({"mean": 0.3, "low": 0.5}, 0.001)) / 1000
    assert delays.min() >= 0.5 and (np.diff(delays) >= 0).all()
    assert delays.mean() == pytest.approx(0.8, rel=0.02)
    # Of those that still wait, as many begin in every interval: after a mean, 1/e of them still wait.
    for t in (0.0, 0.15, 0.3, 0.6):
        assert (delays - 0.5 > t).mean() == pytest.approx(math.exp(-t / 0.3), abs=1 / 64)
    cut = np.array(delays_from_data({"mean": 0.3, "low": 0.5, "high": 0.8}, 0.001)) / 1000
    assert cut.max() == 0.8 and np.array_equal(cut, np.minimum(delays, 0.8))


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (-0.1, ValueError, "`go_delay`"),
        (math.nan, ValueError, "`go_delay`"),
        ("soon", TypeError, "`go_delay`"),
        (None, TypeError, "`go_delay`"),
        (True, TypeError, "`go_delay`"),
        ((0.1,), ValueError, "`go_delay` must be seconds, a pair"),
        ((0.2, 0.1), ValueError, "shortest <= longest"),
        ((0.0, -0.1), ValueError, r"`go_delay\[1\]`"),
        ((0.0, "1"), TypeError, r"`go_delay\[1\]`"),
        ((0.0, 100.0), ValueError, "at most 10,000 steps"),
        ({}, TypeError, "`go_delay.mean`"),
        ({"mean": -1}, ValueError, "`go_delay.mean`"),
        ({"mean": 0.1, "low": 0.5, "high": 0.4}, ValueError, "`go_delay.high`"),
        ({"mean": 0.1, "low": -0.5}, ValueError, "`go_delay.low`"),
        ({"mean": 1e308}, ValueError, "`go_delay.high`"),
        ({"mean": 1e9}, ValueError, "`go_delay`"),
        ({"mean": 0.1, "max": 1}, ValueError, "`go_delay` has the unknown key 'max'"),
    ],
    ids=str,
)
def test_bad_delays_are_refused_by_name(value, error, message):
    with pytest.raises(error, match=message):
        delays_from_data(value, 0.01)


# ---------------------------------------------------------------- the rules


def test_phases():
    assert [phase(s, 2, 4) for s in range(6)] == [Phase.HOLD, Phase.HOLD, Phase.PLAN, Phase.PLAN, Phase.MOVE, Phase.MOVE]
    assert phase(np.arange(6), 2, 4).tolist() == [0, 0, 1, 1, 2, 2]
    assert [phase(s, 0, 0) for s in range(2)] == [2, 2]


def test_the_start_is_left_beyond_its_radius_only():
    assert not has_left(4.0, 5.0, 1.0, 1.0, 25.0)  # 3, 4, 5
    assert has_left(4.0, math.nextafter(5.0, 6.0), 1.0, 1.0, 25.0)
    assert has_left(np.array([4.0, 4.1]), 5.0, 1.0, 1.0, 25.0).tolist() == [False, True]


def test_on_target_means_near_and_slow_and_moving_and_no_false_start():
    good = {"squared": 25.0, "vx": 3.0, "vy": -4.0, "moving": True, "spoilt": 0, "radius_squared": 25.0, "speed_squared": 25.0}
    assert is_on_target(**good)  # both bounds included
    for spoiler in ({"squared": 25.1}, {"vx": 3.1}, {"vy": -4.1}, {"moving": False}, {"spoilt": 1}):
        assert not is_on_target(**{**good, **spoiler})


def test_rewards_by_hand():
    assert (sparse_reward(True, False, 0.5, 0.3, 1.0, True, False, 0), sparse_reward(False, True, 0.0, 0.3, 0.0, True, True, 0)) == (0, -1)
    assert sparse_reward(False, False, 0.0, 0.3, 0.0, False, True, 30) == -31
    assert dense_reward(False, False, 0.05, 0.3, 0.25, True, False, 0) == pytest.approx(-0.5 - 0.0025)
    assert dense_reward(False, False, 0.05, 0.3, 2.0, False, False, 0) == pytest.approx(-0.02)
    assert dense_reward(False, False, 0.05, 0.3, 0.0, True, True, 0) == pytest.approx(-1.5)
    assert dense_reward(False, False, 0.05, 0.3, 0.0, False, True, 30) == pytest.approx(-31)
    both = np.array([True, True])
    assert dense_reward(True, both, np.array([0.05, 0.0]), 0.3, 0.0, both, 0, 0).tolist() == pytest.approx([-0.5, 0])
    assert shaped_reward(True, True, 0.0, 0.3, 0.5, True, 0, 0) == pytest.approx(10 - 0.005)
    assert shaped_reward(False, False, 0.05, 0.3, 0.0, True, 0, 0) == pytest.approx(-28 / 36)  # tanh 1 = 0.762
    assert shaped_reward(False, False, 0.3, 0.05, 2.0, False, 0, 0) == pytest.approx(-28 / 36 - 0.02)
    assert shaped_reward(False, False, 9.0, 0.0, 0.0, True, 1, 0) == pytest.approx(-2)
    assert shaped_reward(False, False, 0.0, 9.0, 0.0, False, 1, 30) == pytest.approx(-32)


# ---------------------------------------------------------------- the timeline in the environment

AT_REST = (0.0, 0.0)
AWAY = (0.08, 0.03)


def play(actions, seed=0, options=None, **keywords):
    """Observations (T + 1) and infos (T + 1), rewards and ends (T) of one trial; stops where it ends."""
    return play_on(CursorReachEnv(**keywords), actions, seed, options)


def play_on(env, actions, seed=None, options=None):
    observation, info = env.reset(seed=seed, options=options)
    seen, infos, rewards, ends = [observation], [info], [], []
    for action in actions:
        observation, reward, terminated, truncated, info = env.step(np.array(action, np.float32))
        assert not truncated
        seen.append(observation)
        infos.append(info)
        rewards.append(reward)
        ends.append(terminated)
        if terminated:
            break
    return seen, infos, rewards, ends


def column(infos, *names):
    return np.array([[info[name] for name in names] for info in infos])


def wander(steps=60, seed=1):
    """A random walk of the action."""
    return np.clip(np.cumsum(np.random.default_rng(seed).normal(0, 0.3, (steps, 2)), axis=0), -1, 1).astype(np.float32)


@pytest.mark.parametrize(
    ("onset", "delay", "pulse", "steps"),
    [
        (0.2, 0.05, 0.05, (20, 25, 30)),
        (0.2, 0.0, 0.05, (20, 20, 25)),
        (0.0, 0.0, 0.03, (0, 0, 3)),
        (0.0, 0.1, 0.0, (0, 10, 11)),  # a pulse lasts at least one step
        (0.1, 0.2, 0.1, (10, 30, 40)),
    ],
)
@pytest.mark.parametrize("cue", ["latched", "pulse"])
def test_target_cue_and_phases_come_on_time(onset, delay, pulse, steps, cue):
    shown, go, dark = steps
    keywords = {"target_onset": onset, "go_delay": delay, "go_pulse": pulse, "cue": cue, "reward": "sparse"}
    options = {"target": AWAY}
    seen, infos, _, _ = play([AT_REST] * 45, options=options, **keywords)
    goals, _, _, _ = play([AT_REST] * 45, options={**options, "start": (0.01, 0.0)}, observation="goal", **keywords)
    images, _, _, _ = play([AT_REST] * 45, options=options, observation="pixels", **keywords)
    for s, (vector, goal, image) in enumerate(zip(seen, goals, images, strict=True)):
        assert vector[:2].tolist() == (np.float32([0.8, 0.3]) if s >= shown else np.zeros(2)).tolist()
        assert goal["desired_goal"].tolist() == list(AWAY if s >= shown else (0.01, 0.0))
        assert np.count_nonzero(image[0]) == (s >= shown)
        lit = go <= s and (s < dark or cue == "latched")
        assert vector[11] == goal["observation"][9] == (s >= shown)
        assert vector[2] == goal["observation"][0] == lit and (image[2] == 255 * lit).all()
    assert column(infos, "phase")[:, 0].tolist() == [0] * shown + [1] * (go - shown) + [2] * (46 - go)


def test_the_go_delay_varies_from_trial_to_trial_as_told():
    env = CursorReachEnv(go_delay=(0.02, 0.06))
    env.reset(seed=3)
    counts = Counter()
    for _ in range(1000):
        env.reset()
        counts[int(env.trial_facts().go[0]) - 20] += 1
    assert set(counts) == {2, 3, 4, 5, 6}
    assert sum((n - 200) ** 2 / 200 for n in counts.values()) < 25


def test_targets_are_where_the_task_says():
    for targets, expected in (("center-out", targets_from_data("center-out", (0.0, 0.0), 0.1)), ([(0.05, 0.0), (0.0, -0.1), (0.02, 0.02)],) * 2):
        env = CursorReachEnv(targets=targets)
        env.reset(seed=3)
        counts = Counter(tuple(column([env.reset()[1]], "target_x", "target_y")[0].tolist()) for _ in range(150 * len(expected)))
        assert set(counts) == set(expected)
        assert sum((n - 150) ** 2 / 150 for n in counts.values()) < 3 * len(expected) + 15


def test_uniform_starts_and_targets_fill_the_workspace_and_stay_apart():
    env = CursorReachEnv(start=None, radius=0.05, hold_radius=0.02)
    env.reset(seed=3)
    places = column([env.reset()[1] for _ in range(2000)], "hand_x", "hand_y", "target_x", "target_y")
    assert np.abs(places).max() <= 0.1 and (np.abs(places).max(axis=0) > 0.099).all()
    assert (np.hypot(*(places[:, :2] - places[:, 2:]).T) > 0.07).all()
    assert np.abs(places.mean(axis=0)).max() < 0.01


def creep(first, steps=45):
    """One push at state `first`: from then on 1 mm per step along x."""
    return [(1.0, 0.0) if s == first else AT_REST for s in range(steps)]


@pytest.mark.parametrize(("first", "spoilt"), [(0, True), (13, True), (14, True), (15, False), (30, False)])
def test_a_false_start_is_a_cursor_away_from_the_start_before_or_as_the_cue_begins(first, spoilt):
    """The hand leaves 10.5 mm 11 steps after the push; the cue begins at state 25."""
    _, infos, _, _ = play(creep(first), options={"target": AWAY}, go_delay=0.05, hold_radius=0.0105)
    marked = column(infos, "false_start")[:, 0]
    assert marked.tolist() == [spoilt and s >= first + 11 for s in range(46)]


@pytest.mark.parametrize("back", [False, True])
def test_a_false_start_stays_though_the_hand_comes_back(back):
    actions = creep(0, 50)
    actions[12] = actions[13] = (-1.0, 0.0) if back else AT_REST
    _, infos, _, _ = play(actions, options={"target": (-0.08, 0.0)}, go_delay=0.1, hold_radius=0.0105)
    assert infos[10]["false_start"] is False and all(info["false_start"] is True for info in infos[11:])


def reach(extra=()):
    """From state 20 on 20 mm along x in twelve steps, at rest there; then the `extra` actions."""
    push, brake = (1.0, 0.0), (-1.0, 0.0)
    return [AT_REST] * 20 + [push] * 2 + [AT_REST] * 8 + [brake] * 2 + list(extra)


NEAR = {"go_delay": 0.0, "speed_limit": 0.15, "radius": 0.01, "hold_radius": 0.009, "reward": "sparse"}
TWO_CM = {"target": (0.02, 0.0)}


@pytest.mark.parametrize(("hold", "steps"), [(0.05, 5), (0.0, 1), (0.01, 1), (0.12, 12)])
def test_success_needs_so_many_steps_near_and_slow(hold, steps):
    """Within 1 cm from state 26 on, slower than 0.15 m/s from state 31 on."""
    _, infos, rewards, ends = play(reach([AT_REST] * 20), options=TWO_CM, hold=hold, **NEAR)
    assert len(ends) == 30 + steps and ends == [False] * (29 + steps) + [True]
    assert rewards == [-1] * 30 + [0] * steps
    assert [info["is_success"] for info in infos] == [False] * (30 + steps) + [True]
    distance = np.abs(column(infos, "cursor_x")[:, 0] - 0.02)
    assert column(infos, "distance")[:, 0] == pytest.approx(distance) and (distance[26:] <= 0.01).all()


def test_success_needs_consecutive_steps():
    """A push and its brake at states 33 and 34 interrupt the rest after three steps on the target (31 to 33): 0.2 m/s at state 34."""
    twice = {**NEAR, "speed_limit": 0.05}
    _, _, rewards, ends = play(reach([AT_REST, (1.0, 0.0), (-1.0, 0.0), *[AT_REST] * 20]), options=TWO_CM, **twice)
    # Slow at states 32 and 33, fast at 34, slow again from 35 on: success at 39.
    assert rewards == [-1] * 31 + [0, 0, -1] + [0] * 5 and ends[-1] and len(ends) == 39


def test_a_fast_cursor_on_the_target_does_not_succeed():
    _, _, rewards, ends = play(reach()[:-2] + [AT_REST] * 8, options=TWO_CM, **{**NEAR, "hold": 0.01})
    assert set(rewards) == {-1} and not any(ends)


@pytest.mark.parametrize("reward", ["sparse", "dense"])
def test_a_false_start_rules_success_out_unless_it_is_ignored(reward):
    # A detour of 12 mm along y and back before the cue at state 60, then the reach of before.
    out_and_back = [(0.0, 1.0)] * 2 + [AT_REST] * 5 + [(0.0, -1.0)] * 4 + [AT_REST] * 5 + [(0.0, 1.0)] * 2
    actions = out_and_back + [AT_REST] * (40 - len(out_and_back)) + reach([AT_REST] * 10)
    keywords = {**NEAR, "target_onset": 0.6, "reward": reward}
    _, infos, rewards, ends = play(actions, options=TWO_CM, **keywords)
    assert not any(ends) and infos[-1]["false_start"] and not infos[-1]["is_success"] and infos[-1]["distance"] < 0.001
    _, ignored, free, ends = play(actions, options=TWO_CM, false_start="ignore", **keywords)
    assert ends[-1] and len(ends) == 75 and ignored[-1]["false_start"] and ignored[-1]["is_success"]
    if reward == "sparse":
        assert set(rewards) == {-1} and free[-5:] == [0] * 5
    else:
        spoilt = column(infos, "false_start")[1:, 0]
        assert np.array(rewards)[:75] + spoilt[:75] == pytest.approx(free)
        distance, effort, moving = column(infos, "distance", "effort", "phase")[1:].T
        assert rewards == pytest.approx(-10 * distance * (moving == 2) - 0.01 * effort - spoilt)


# ---------------------------------------------------------------- perturbations


def test_catch_trials_are_trials_without_the_field():
    keywords = {"field": "curl_ccw", "schedule": [{"name": "a", "trials": 5, "catch": 0.5}]}
    env, plain = CursorReachEnv(**keywords), CursorReachEnv()
    caught = []
    for k in range(40):
        seed = 11 if k == 0 else None
        (seen, infos, _, _), (free, _, _, _) = play_on(env, wander(30), seed), play_on(plain, wander(30), seed)
        gain = infos[0]["gain"]
        caught.append(gain == 0)
        assert set(column(infos, "gain")[:, 0]) == {gain} and gain in (0, 1) and not infos[0]["channel"]
        assert np.array_equal(seen, free) == (gain == 0)
        assert column(infos, "force_x", "force_y").any() == (gain == 1)
    assert 8 < sum(caught) < 32


@pytest.mark.parametrize(
    "body", [{}, {"mass": 0.5}, {"mass": 3.0}, {"dt": 0.005}, {"dt": 0.02}, {"damping": 20.0}, {"damping": 90.0}, {"mass": 0.5, "damping": 50.0}], ids=str
)
def test_a_channel_keeps_the_hand_on_its_line(body):
    """Within 2 mm of it under 5 N sideways, once at rest with just the opposite force; half mass or dt 0.02 s soften the walls."""
    soft = 6000 / min(6000, 0.6 * body.get("mass", 1.0) / body.get("dt", 0.01) ** 2)
    env = CursorReachEnv(field="curl_ccw", schedule=[{"name": "a", "trials": 1, "clamp": 1.0}], start=(0.01, -0.02), **body)
    for k in range(10):
        _, info = env.reset(seed=4 if k == 0 else None)
        start = np.array([0.01, -0.02])
        along = (info["target_x"], info["target_y"]) - start
        along /= np.hypot(*along)
        across = np.array([-along[1], along[0]])
        assert info["channel"] and info["gain"] == 0
        for s in range(60):
            _, _, ended, _, info = env.step(0.5 * across + (0.1 if s < 20 else -0.1) * along)
            offset = np.array([info["hand_x"], info["hand_y"]]) - start
            assert abs(offset @ across) < 0.002 * soft and not ended
        assert info["force_x"] * along[0] + info["force_y"] * along[1] == pytest.approx(0, abs=1e-9)
        assert info["force_x"] * across[0] + info["force_y"] * across[1] == pytest.approx(-5, abs=0.01)


def test_channel_trials_have_their_share_and_no_wave_within():
    env = CursorReachEnv(field="curl_ccw", schedule=[{"name": "a", "trials": 1, "clamp": 0.25, "within": {"amplitude": 1.0, "period": 0.2}}])
    env.reset(seed=4)
    channels = [env.reset()[1]["channel"] for _ in range(1000)]
    assert 200 < sum(channels) < 300
    env.reset(options={"channel": True})
    scale = env.trial_facts(steps=50).scale
    assert (scale == 1).all()


@pytest.mark.parametrize("degrees", [30.0, -90.0, 180.0, 7.5])
def test_a_visuomotor_rotation_turns_the_cursor_around_the_start(degrees):
    schedule = [{"name": "ramp", "trials": 3, "gain": 0.0, "gain_end": 1.0}]
    env, plain = CursorReachEnv(rotation=degrees, schedule=schedule, start=(0.03, -0.02)), CursorReachEnv(start=(0.03, -0.02))
    for k in range(3):
        (seen, infos, _, _), (_, free, _, _) = (play_on(each, wander(30), 5 if k == 0 else None) for each in (env, plain))
        hand, speed = column(infos, "hand_x", "hand_y"), column(infos, "hand_vx", "hand_vy")
        assert np.array_equal(hand, column(free, "hand_x", "hand_y"))  # what is felt does not change
        angle = math.radians(degrees * k / 2)
        turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
        cursor = (0.03, -0.02) + (hand - (0.03, -0.02)) @ turn.T
        assert column(infos, "cursor_x", "cursor_y") == pytest.approx(cursor, abs=1e-13)
        assert np.array(seen)[:, 3:7] == pytest.approx(np.hstack([cursor / 0.1, speed @ turn.T / 0.5]), abs=1e-6)
        target = column(infos, "target_x", "target_y")
        assert column(infos, "distance")[:, 0] == pytest.approx(np.hypot(*(cursor - target).T), abs=1e-12)
        assert (infos[0]["gain"], infos[0]["trial"]) == (k / 2, k)
    assert np.abs(hand - cursor).max() > 0.001


def test_the_gain_within_a_trial_is_the_wave():
    wave = Wave(0.5, 0.2, 0.3)
    schedule = [{"name": "a", "trials": 1, "gain": 2.0, "within": {"amplitude": 0.5, "period": 0.2, "phase": 0.3}}]
    _, infos, _, _ = play(wander(50), field="curl_ccw", schedule=schedule)
    by_hand = [2 * (1 + 0.5 * math.sin(2 * math.pi * s * 0.01 / 0.2 + 0.3)) for s in range(50)]
    assert column(infos, "gain")[:, 0] == pytest.approx([by_hand[0], *by_hand], rel=1e-11)
    assert 1 + wave.at(0.05) == pytest.approx(by_hand[5] / 2)
    for before, after, gain in zip(infos, infos[1:], by_hand, strict=False):
        # The mean force of a step belongs to its mean velocity.
        mean = ((after[name] - before[name]) / 0.01 for name in ("hand_x", "hand_y"))
        felt = force(field_from_data({"preset": "curl_ccw", "gain": gain}, CURSOR_PRESETS), 0.0, 0.0, *mean)
        assert (after["force_x"], after["force_y"]) == pytest.approx(felt, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("name", SCHEDULES)
def test_trial_k_of_a_session_is_line_k_of_its_table(name):
    schedule = SCHEDULES[name]
    env, table = CursorReachEnv(field="push", schedule=name), TrialTable.of_schedule(schedule)
    kinds = Counter()
    for k in range(schedule.trials + 30):
        _, info = env.reset(seed=2 if k == 0 else None)
        line = schedule.place_of(k)
        block = schedule.blocks[info["block"]]
        assert info["trial"] == k and info["block"] == table.block_index[line] and block is schedule.block_of(k)
        factor = 1 if block.within is None else 1 + block.within.at(0)
        base, spread = table.gain[line] * factor, table.spread[line] * factor
        kind = "channel" if info["channel"] else "catch" if info["gain"] == 0 != base else "plain"
        kinds[kind] += 1
        assert info["gain"] == 0 if kind != "plain" else base - spread <= info["gain"] <= base + spread
        assert kind == "plain" or (block.clamp if kind == "channel" else block.catch) > 0
    places = [schedule.place_of(k) for k in range(schedule.trials + 30)]
    for kind, shares in (("channel", table.channel[places]), ("catch", table.catch[places])):
        assert abs(kinds[kind] - shares.sum()) <= 4 * (shares * (1 - shares)).sum() ** 0.5


def test_a_block_can_have_a_field_of_its_own():
    schedule = [{"name": "a", "trials": 1}, {"name": "b", "trials": 1, "gain": 0.5, "field": {"preset": "curl_cw", "gain": 2.0}}]
    env = CursorReachEnv(field="push", schedule=schedule)
    _, first, _, _ = play_on(env, [(0.2, 0.1)] * 5, 0)
    _, second, _, _ = play_on(env, [(0.2, 0.1)] * 5)
    assert (column(first, "force_x", "force_y")[1:] == -1).all()
    mean = np.diff(column(second, "hand_x", "hand_y"), axis=0) / 0.01  # velocity of each step
    assert column(second, "force_x", "force_y")[1:] == pytest.approx(13 * np.stack([mean[:, 1], -mean[:, 0]], axis=1))


@pytest.mark.parametrize("name", [name for name in CURSOR_PRESETS if name != "null"])
def test_a_field_of_gain_zero_is_no_field(name):
    plain = play(wander(), seed=7)
    zeros = [
        play(wander(), seed=7, field={"preset": name, "gain": 0}),
        play(wander(), seed=7, field=name, schedule=[{"name": "a", "trials": 1, "gain": 0.0}]),
        play(wander(), seed=7, field=name, options={"gain": 0.0}),
        play(wander(), seed=7, field=name, options={"field": "null"}),
    ]
    assert not np.array_equal(play(wander(), seed=7, field=name)[0], plain[0])
    for zero in zeros:
        assert np.array(zero[0]).tobytes() == np.array(plain[0]).tobytes()
        assert [{**info, "gain": 1.0} for info in zero[1]] == plain[1] and zero[2:] == plain[2:]


@pytest.mark.parametrize(
    ("field", "mirrored"),
    [
        ("curl_ccw", "curl_cw"),
        ("push", {"preset": "push", "push": [1.0, -1.0]}),
        ("viscous", {"viscosity": [[-10.1, 11.2], [11.2, 11.1]]}),
        ({"stiffness": [[-50, 20], [10, 5]], "origin": [0.03, 0.02]}, {"stiffness": [[-50, -20], [-10, 5]], "origin": [-0.03, 0.02]}),
        ({"push": [3, 1], "region": [-0.01, None, 0.2, 0.0]}, {"push": [-3, 1], "region": [-0.2, None, 0.01, 0.0]}),
        (None, None),
    ],
    ids=str,
)
def test_a_mirrored_field_gives_the_mirrored_path(field, mirrored):
    """Field, target, rotation and actions mirrored at the y axis: every number comes out the same or with the other sign."""
    options = {"target": AWAY}, {"target": (-AWAY[0], AWAY[1])}
    _, right, rewards, _ = play(wander(), options=options[0], field=field, rotation=20.0, reward="dense")
    _, left, same, _ = play(wander() * np.float32([-1, 1]), options=options[1], field=mirrored, rotation=-20.0, reward="dense")
    flipped = {name for name in right[0] if name.endswith(("_x", "_vx"))}
    assert [{name: -value if name in flipped else value for name, value in info.items()} for info in left] == right
    assert rewards == same and abs(column(right, "hand_x")[-1, 0]) > 0.01


# ---------------------------------------------------------------- the senses


@pytest.mark.parametrize("delay", [1, 3, 20])
@pytest.mark.parametrize("observation", ["vector", "pixels", "goal"])
def test_a_delay_shows_what_was(observation, delay):
    keywords = {"field": "curl_ccw", "rotation": 15.0, "observation": observation, "start": (0.02, 0.01), "reward": "sparse"}
    late, infos, _, _ = play(wander(), **keywords, delay=delay)
    now, plain, _, _ = play(wander(), **keywords)
    assert infos == plain and len(now) == 61
    for s, seen in enumerate(late):
        before = now[max(0, s - delay)]
        if observation == "goal":
            at_once = np.arange(12) == 9  # whether the target is visible, as the goal itself
            assert np.array_equal(seen["observation"], np.where(at_once, now[s]["observation"], before["observation"]))
            for goal in ("achieved_goal", "desired_goal"):
                assert np.array_equal(seen[goal], now[s][goal])
        else:
            assert np.array_equal(seen, before)


def test_sensory_noise_is_of_its_size_and_a_function_of_the_seed():
    noisy = {"sensory_noise": (0.002, 0.03), "field": "curl_ccw"}
    errors, clean = [], CursorReachEnv(field="curl_ccw")
    env = CursorReachEnv(**noisy)
    for k in range(40):
        seed = 8 if k == 0 else None
        (seen, infos, _, _), (_, plain, _, _) = play_on(env, wander(), seed), play_on(clean, wander(), seed)
        assert infos == plain
        true = column(infos, "cursor_x", "cursor_y", "hand_vx", "hand_vy") / (0.1, 0.1, 0.5, 0.5)
        errors.append((np.array(seen, float)[:, 3:7] - true) * (0.1, 0.1, 0.5, 0.5))
    errors = np.array(errors)
    flat = errors.reshape(-1, 4)
    assert flat.std(axis=0) == pytest.approx([0.002, 0.002, 0.03, 0.03], rel=0.06)
    assert np.abs(flat.mean(axis=0) / flat.std(axis=0)).max() < 5 / len(flat) ** 0.5
    assert np.abs(np.corrcoef(flat.T) - np.eye(4)).max() < 0.1
    assert abs(np.corrcoef(errors[:, 1:, 0].ravel(), errors[:, :-1, 0].ravel())[0, 1]) < 0.1
    again, other = play(wander(), seed=8, **noisy)[0], play(wander(), seed=9, **noisy)[0]
    assert np.array_equal(again, play(wander(), seed=8, **noisy)[0]) and not np.array_equal(np.array(again)[:, 3:7], np.array(other)[:, 3:7])


@pytest.mark.parametrize(
    ("noise", "action", "spread"), [((2.0, 0.0), AT_REST, (2, 2)), ((0.0, 0.2), (0.5, -0.25), (1, 0.5)), ((0.6, 0.2), (0.4, 0.0), (1, 0.6))]
)
def test_motor_noise_is_of_its_size_and_a_function_of_the_seed(noise, action, spread):
    """Additive, and in proportion to the force of each axis; independent of one another."""
    env, forces = CursorReachEnv(motor_noise=noise, mass=2.0, workspace=1.0), []
    for k in range(40):
        _, infos, _, _ = play_on(env, [action] * 50, 8 if k == 0 else None)
        forces.append(np.diff(column(infos, "hand_vx", "hand_vy"), axis=0) * 2.0 / 0.01)
    flat = np.concatenate(forces)
    assert flat.std(axis=0) == pytest.approx(spread, rel=0.07)
    assert np.abs((flat.mean(axis=0) - np.array(action) * 10) / flat.std(axis=0)).max() < 5 / len(flat) ** 0.5
    assert abs(np.corrcoef(flat.T)[0, 1]) < 0.1
    first = play([action] * 50, seed=8, motor_noise=noise)[0]
    assert np.array_equal(first, play([action] * 50, seed=8, motor_noise=noise)[0])
    assert not np.array_equal(first, play([action] * 50, seed=9, motor_noise=noise)[0])


def test_motor_and_sensory_noise_are_independent():
    """Of the same step, of the step before and of the step after, in all combinations of axes, places and velocities."""
    env = CursorReachEnv(motor_noise=(1.0, 0.0), sensory_noise=(0.01, 1.0), workspace=1.0)
    motor, sensory = [], []
    for k in range(60):
        seen, infos, _, _ = play_on(env, [AT_REST] * 50, 8 if k == 0 else None)
        state = column(infos, "hand_x", "hand_y", "hand_vx", "hand_vy")
        sensory.append((np.array(seen, float)[:, 3:7] * (1, 1, 0.5, 0.5) - state)[:-1])
        motor.append(np.diff(state[:, 2:], axis=0))
    motor, sensory = np.array(motor), np.array(sensory)
    for lag in (-1, 0, 1):
        pair = motor[:, 1:-1].reshape(-1, 2), np.roll(sensory, lag, axis=1)[:, 1:-1].reshape(-1, 4)
        assert np.abs(np.corrcoef(*(part.T for part in pair))[:2, 2:]).max() < 0.1


def test_a_schedule_is_the_same_by_name_as_data_and_as_object():
    ways = ["abrupt", SCHEDULES["abrupt"], SCHEDULES["abrupt"].to_data(), list(SCHEDULES["abrupt"].blocks)]
    assert all(CursorReachEnv(schedule=way).task.schedule == Schedule(SCHEDULES["abrupt"].blocks) for way in ways)


def test_a_wave_within_a_trial_needs_two_steps():
    with pytest.raises(ValueError, match="`block.within.period` must be 2 to"):
        CursorReachEnv(schedule=[{"name": "a", "trials": 1, "within": {"amplitude": 1.0, "period": 0.01}}])


def test_reset_options_say_what_kind_of_trial_it_is():
    schedule = [{"name": "a", "trials": 400, "gain": 0.5, "spread": 0.4, "catch": 0.3, "clamp": 0.3}]
    env, twin = (CursorReachEnv(field="curl_ccw", schedule=schedule) for _ in range(2))
    env.reset(seed=0), twin.reset(seed=0)
    seen = set()
    for _ in range(60):
        drawn = env.reset()[1]
        forced = twin.reset(options={"channel": False})[1]
        seen.add((drawn["channel"], drawn["gain"] == 0))
        # Only channel trials change: into plain ones at the block's gain.
        assert not forced["channel"] and forced["gain"] == (0.5 if drawn["channel"] else drawn["gain"])
    assert seen == {(True, True), (False, True), (False, False)}
    for options, gain, channel in [
        ({"channel": True}, 0.0, True),
        ({"gain": -2.0}, -2.0, False),
        ({"field": "curl_cw"}, 1.0, False),
        ({"field": "curl_cw", "gain": 0.25}, 0.25, False),
    ]:
        for _ in range(8):
            info = env.reset(options=options)[1]
            assert (info["gain"], info["channel"]) == (gain, channel)
    for options in ({"channel": True, "gain": 1.0}, {"channel": True, "field": "push"}):
        with pytest.raises(ValueError, match="`options` must not have"):
            env.reset(options=options)
