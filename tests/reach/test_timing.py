"""Rules in time: the limit counts from the cue, the movement has a window, a false start has its price, and the shaped reward a shape."""

import json
import math
from itertools import pairwise

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.error import ResetNeeded
from hypothesis import given, settings
from hypothesis import strategies as st

import reach_gym  # noqa: F401
from reach_gym.reach.env import CursorReachEnv
from reach_gym.reach.rules import BONUS, NEAR, shaped_reward
from reach_gym.reach.vector_env import CursorReachVectorEnv

BACKENDS = ["numpy", "numba"]
AT_REST = (0.0, 0.0)
LAB_DELAY = (0.4, 0.9)


def steady(info):
    """A soft spring-damper after the cue."""
    force = [12 * (info[f"target_{a}"] - info[f"cursor_{a}"]) - 2.2 * info[f"hand_v{a}"] for a in "xy"]
    return np.array(force) * (info["phase"] == 2)


def trial(env, policy, seed=None, options=None):
    """One trial to its end: observations and infos (T + 1), rewards (T), and how it ended."""
    seen, info = env.reset(seed=seed, options=options)
    looks, infos, rewards, terminated, truncated = [seen], [info], [], False, False
    while not (terminated or truncated):
        seen, reward, terminated, truncated, info = env.step(policy(info))
        looks.append(seen), infos.append(info), rewards.append(reward)
    return looks, infos, rewards, (terminated, truncated)


def still(info):
    return AT_REST


def script(actions):
    """A policy that ignores what it is told, and then rests."""
    left = iter(actions)
    return lambda info: next(left, AT_REST)


# ---------------------------------------------------------------- the time limit


def test_the_limit_counts_from_the_cue():
    env, ends = CursorReachEnv(go_delay=LAB_DELAY, time_limit=0.5), set()
    for k in range(30):
        looks, infos, _, ended = trial(env, still, seed=2 if k == 0 else None)
        go = int(env.trial_facts().go[0])
        assert len(looks) - 1 == go + 50 and ended == (False, True) and infos[-1]["phase"] == 2
        assert [look[2] for look in looks] == [0.0] * go + [1.0] * 51 and 60 <= go <= 110
        ends.add(go)
    assert len(ends) > 10


def test_delays_as_in_laboratories_leave_time_to_reach():
    """Where the limit counted from the trial's start, none of these could succeed."""
    env = gym.make("reach_gym/CursorReach-v0", go_delay=LAB_DELAY)
    assert env.spec.max_episode_steps is None
    ends = [trial(env, steady, seed=k)[3] for k in range(20)]
    assert ends == [(True, False)] * 20


def test_the_bare_environment_ends_by_itself():
    env, other = (CursorReachEnv(time_limit=0.05, go_delay=0.0) for _ in range(2))
    assert trial(env, still, 0)[3] == (False, True)
    before = env.get_state()
    other.set_state(json.loads(json.dumps(before)))
    for each in (env, other):
        with pytest.raises(ResetNeeded, match="`reset` before `step`"):
            each.step(AT_REST)
    assert env.get_state() == before
    assert env.reset()[1] == other.reset()[1]
    env.step(AT_REST)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_trial_that_leaves_no_step_to_spare_can_succeed(backend):
    """The cue comes at step 1, the limit six steps later; the hand leaves in step 2 and arrives in step 2 or 4."""
    ready = {"targets": [(0.05, 0.0)], "hold_radius": 0.0005, "speed_limit": 10.0, "go_delay": 0.0, "dt": 0.05, "target_onset": 0.05, "time_limit": 0.3}
    for radius, push, keywords in ((0.049, 0.1, {"hold": 0.3}), (0.045, 0.09, {"hold": 0.2, "movement_time": (0.1, 1.0)})):
        env, rows = CursorReachEnv(**ready, radius=radius, **keywords), CursorReachVectorEnv(1, **ready, radius=radius, **keywords, backend=backend)
        env.reset(seed=0), rows.reset(seed=0)
        for step in range(1, 8):
            action = (push if step == 2 else 0.0, 0.0)
            _, _, terminated, truncated, info = env.step(action)
            many = rows.step([action])
            assert (terminated, truncated) == (step == 7, step == 7) == (many[2][0], many[3][0])
        assert info["is_success"] and many[4]["is_success"][0]
        with pytest.raises(ValueError, match="at most `time_limit`, 0.25 s, got"):
            CursorReachEnv(**{**ready, "time_limit": 0.25}, radius=radius, **keywords)
    # Who may leave before the cue has more time than from the cue to the limit.
    assert CursorReachEnv(movement_time=(0.99, 2.0), false_start="ignore").task.window == (99, 200)


def test_a_limit_before_the_cue_is_warned_of_where_it_is_seen():
    with pytest.warns(UserWarning, match="`max_episode_steps` of 29 ends trials before their go cue, which comes after up to 29 steps"):
        CursorReachVectorEnv(2, backend="numpy", max_episode_steps=29)
    CursorReachVectorEnv(2, backend="numpy", max_episode_steps=30)


@pytest.mark.parametrize("mode", ["NextStep", "SameStep", "Disabled"])
@pytest.mark.parametrize("backend", BACKENDS)
def test_rows_end_as_the_scalar_environment_does(backend, mode):
    keywords = {"time_limit": 0.1, "target_onset": 0.02, "go_delay": (0.0, 0.08)}
    env, single = CursorReachVectorEnv(4, **keywords, backend=backend, autoreset_mode=mode), CursorReachEnv(**keywords)
    lengths = []
    for row in range(4):
        lengths.append([len(trial(single, still, seed=9 + row if k == 0 else None)[2]) for k in range(4)])
    found, age, over = [[] for _ in range(4)], np.zeros(4, int), np.zeros(4, np.bool_)
    env.reset(seed=9)
    for _ in range(70):
        begins = over if mode == "NextStep" else np.zeros(4, np.bool_)
        _, _, terminated, truncated, info = env.step(np.zeros((4, 2)))
        age = np.where(begins, 0, age + 1)
        assert not terminated.any() and ("final_obs" in info) == (mode == "SameStep" and truncated.any())
        for row in np.flatnonzero(truncated):
            found[row].append(int(age[row]))
        over = truncated
        if mode != "NextStep":
            age[over] = 0
        if mode == "Disabled" and over.any():
            with pytest.raises(ResetNeeded):
                env.step(np.zeros((4, 2)))
            env.reset(options={"reset_mask": over})
    assert [each[:4] for each in found] == lengths and len({*sum(lengths, [])}) > 2


# ---------------------------------------------------------------- the window of movement time

# 2 cm along x from the cue at step 20 on, at rest there: within 1 cm from step 26, slower than 0.15 m/s from step 31 on.
PUSH, BRAKE = (1.0, 0.0), (-1.0, 0.0)
REACH = [AT_REST] * 20 + [PUSH] * 2 + [AT_REST] * 8 + [BRAKE] * 2
QUICK = {"go_delay": 0.0, "speed_limit": 0.15, "hold_radius": 0.0045, "radius": 0.01, "hold": 0.05}
TWO_CM = {"target": (0.02, 0.0)}


def window(first, last):
    return {"movement_time": (first / 100, last / 100)}


def times(infos):
    """The step that finds the cursor outside of the start's disc, and the first on the target of the last stay there."""
    away = [math.hypot(info["cursor_x"], info["cursor_y"]) > QUICK["hold_radius"] for info in infos]
    there = [info["distance"] <= 0.01 and math.hypot(info["hand_vx"], info["hand_vy"]) <= 0.15 and info["phase"] == 2 for info in infos]
    arrival = max(step for step in range(1, len(there)) if there[step] and not there[step - 1])
    return away.index(True), arrival


def test_the_movement_time_is_from_leaving_to_arriving():
    _, infos, _, ended = trial(CursorReachEnv(**QUICK), script(REACH), 0, TWO_CM)
    assert ended == (True, False) and infos[-1]["is_success"]
    left, arrival = times(infos)
    assert (left, arrival, len(infos) - 1) == (24, 31, 35)
    assert not any(info["too_fast"] or info["too_slow"] for info in infos)


@pytest.mark.parametrize(
    ("first", "last", "outcome"),
    [(0, 100, "success"), (7, 7, "success"), (7, 9, "success"), (3, 7, "success"), (8, 9, "too_fast"), (8, 8, "too_fast"), (3, 6, "too_slow"), (6, 6, "too_slow")],
)
@pytest.mark.parametrize("reward", ["shaped", "sparse", "dense"])
def test_a_hold_ends_the_trial_inside_and_outside_of_the_window(first, last, outcome, reward):
    """Seven steps from leaving to arriving; both ends of the window belong to it."""
    env, free = (CursorReachEnv(**QUICK, **more, reward=reward) for more in (window(first, last), {}))
    _, infos, rewards, ended = trial(env, script(REACH), 0, TWO_CM)
    _, _, without, _ = trial(free, script(REACH), 0, TWO_CM)
    assert ended == (True, False) and len(rewards) == len(without) == 35
    assert {name: infos[-1][name] for name in ("is_success", "too_fast", "too_slow")} == {
        "is_success": outcome == "success", "too_fast": outcome == "too_fast", "too_slow": outcome == "too_slow"
    }  # fmt: skip
    assert not any(info["too_fast"] or info["is_success"] for info in infos[:-1])
    # Too slow is known as soon as the window is over.
    assert [info["too_slow"] for info in infos] == [step > 24 + last for step in range(31)] + [7 > last] * 5
    assert rewards[:-1] == without[:-1]
    assert without[-1] - rewards[-1] == pytest.approx(BONUS if reward == "shaped" and outcome != "success" else 0)


def test_who_comes_back_in_time_counts_from_then():
    """After two steps on the target (32 and 33) too fast for one step, then slow again, from step 35 on, for good."""
    actions, slow = [*REACH, AT_REST, PUSH, BRAKE], {**QUICK, "speed_limit": 0.05}
    _, infos, _, ended = trial(CursorReachEnv(**slow, **window(11, 11)), script(actions), 0, TWO_CM)
    assert ended == (True, False) and infos[-1]["is_success"] and len(infos) - 1 == 39
    _, late, _, _ = trial(CursorReachEnv(**slow, **window(3, 10)), script(actions), 0, TWO_CM)
    assert late[-1]["too_slow"] and not late[-1]["is_success"] and len(late) - 1 == 39
    assert [info["too_slow"] for info in late[33:]] == [False] * 2 + [True] * 5  # step 35 is eleven after leaving
    _, infos, _, _ = trial(CursorReachEnv(**slow, **window(9, 20)), script(actions), 0, TWO_CM)
    assert infos[-1]["is_success"]  # the first visit, after eight steps, would have been too fast


# ---------------------------------------------------------------- false starts

# The hand is 1.05 cm away eleven steps after a push; the cue comes at step 25, the limit at step 55.
EARLY = {"go_delay": 0.05, "hold_radius": 0.0105, "time_limit": 0.3, "radius": 0.02}


def early(**keywords):
    return trial(CursorReachEnv(**{**EARLY, **keywords}), script([PUSH]), 0, {"target": (0.0, -0.08)})


@pytest.mark.parametrize("false_start", ["fail", "ignore"])
@pytest.mark.parametrize("delay", [0, 3])
def test_a_false_start_is_seen_from_then_on(false_start, delay):
    looks, infos, _, ended = early(false_start=false_start, delay=delay)
    assert ended == (False, True) and len(looks) - 1 == 55
    assert [look[10] for look in looks] == [float(step >= 11 + delay) for step in range(56)]
    assert [info["false_start"] for info in infos] == [step >= 11 for step in range(56)]
    goal, *_ = early(false_start=false_start, delay=delay, observation="goal", reward="dense")
    images, *_ = early(false_start=false_start, delay=delay, observation="pixels")
    assert [look["observation"][8] for look in goal] == [look[10] for look in looks]
    dim = [int(image[2, 0, 0]) for image in images]
    assert dim == [{(0, 0): 0, (1, 0): 64, (0, 1): 255, (1, 1): 191}[int(look[10]), int(look[2])] for look in looks]


def test_an_abort_ends_the_trial_at_once():
    looks, infos, _, ended = early(false_start="abort")
    assert ended == (True, False) and len(looks) - 1 == 11 and looks[-1][10] == 1
    assert infos[-1]["false_start"] and not infos[-1]["is_success"] and not any(info["false_start"] for info in infos[:-1])
    _, infos, _, ended = trial(CursorReachEnv(**{**EARLY, "time_limit": 1.0}, false_start="abort"), steady, 0, {"target": (0.0, -0.08)})
    assert ended == (True, False) and infos[-1]["is_success"]


def test_what_a_false_start_costs():
    effort = [1.0] + [0.0] * 54
    far = [math.hypot(info["cursor_x"], info["cursor_y"] + 0.08) for info in early()[1]][1:]
    away = [math.hypot(info["cursor_x"], info["cursor_y"]) for info in early()[1]][1:]
    moving = [step >= 25 for step in range(1, 56)]
    marked = [step >= 11 for step in range(1, 56)]
    for spoils, false_start in ((1, "fail"), (0, "ignore")):
        assert early(reward="sparse", false_start=false_start)[2] == [-1.0] * 55
        dense = [-10 * d * m - 0.01 * e - spoils * f for d, m, e, f in zip(far, moving, effort, marked, strict=True)]
        assert early(reward="dense", false_start=false_start)[2] == pytest.approx(dense)
        steps = zip(far, away, effort, moving, marked, strict=True)
        shaped = [shaped_reward(False, False, d, a, e, m, spoils * f, 0) for d, a, e, m, f in steps]
        assert early(reward="shaped", false_start=false_start)[2] == pytest.approx(shaped)
    # To be broken off costs as much as to fail to the end; nobody gains by it.
    aborted = early(reward="sparse", false_start="abort")[2]
    assert sum(aborted) == sum(early(reward="sparse")[2]) == -55 and len(aborted) == 11
    assert early(reward="dense", false_start="abort")[2] == pytest.approx([-0.01, *[0.0] * 9, -45])
    drift = [shaped_reward(False, False, 0, a, e, False, 0, 0) for a, e in zip(away[:11], effort[:11], strict=True)]
    drift[-1] -= 45
    assert early(reward="shaped", false_start="abort")[2] == pytest.approx(drift)


# ---------------------------------------------------------------- the shaped reward

places = st.floats(0, 1)


@settings(max_examples=500, deadline=None)
@given(places, places, st.floats(0, 2), st.booleans(), st.booleans(), st.booleans(), st.sampled_from([0, 40]))
def test_the_shaped_reward_is_bounded_and_falls_with_the_distance(one, other, effort, moving, spoilt, success, rest):
    near, far = sorted((one, other))
    values = [shaped_reward(False, success, d, d, effort, moving, spoilt, rest) for d in (near, far)]
    assert values[0] >= values[1]
    for value in values:
        assert -1 - 0.02 - 1 - rest - 1e-14 <= value <= BONUS
    for where, after in (((far, near), True), ((near, far), False)):  # from the target after the cue, from the start before it
        cost = -shaped_reward(False, False, *where, 0.0, after, False, 0)
        assert 0 <= cost <= 1 + 1e-15 and cost == pytest.approx(math.tanh(far / NEAR), abs=0.025)


def test_it_falls_strictly_as_far_as_15_cm():
    distances = np.linspace(0, 0.15, 1000)
    costs = -shaped_reward(0, 0, distances, 0.0, 0.0, 1, 0, 0)
    assert all(a < b for a, b in pairwise(costs)) and costs[0] == 0 and costs[-1] == pytest.approx(1, abs=1e-15)
    assert np.abs(costs - np.tanh(distances / NEAR)).max() < 0.0237


def test_to_reach_pays_more_than_to_stand_still():
    env = CursorReachEnv()
    for seed in range(20):
        _, infos, reached, _ = trial(env, steady, seed)
        _, _, rested, ended = trial(env, still, seed)
        assert infos[-1]["is_success"] and ended == (False, True) and len(rested) - len(reached) > 20
        assert sum(reached) > sum(rested) + BONUS and -101 <= sum(rested) < 0
        assert reached[-1] == pytest.approx(BONUS, abs=0.5)
        assert all(-1.1 < reward <= 0 for reward in reached[:-1])


@pytest.mark.parametrize("keywords", [{"start": None}, {"start": None, "radius": 0.03, "hold_radius": 0.03}, {"targets": "uniform"}], ids=str)
@pytest.mark.parametrize("make", [CursorReachEnv, lambda **k: CursorReachVectorEnv(1, backend="numba", **k)], ids=["scalar", "numba"])
def test_targets_never_overlap_the_starts_disc(make, keywords):
    env = make(**keywords)
    apart, least = env.task.radius + env.task.hold_radius, math.inf
    for k in range(3000):
        _, info = env.reset(seed=1 if k == 0 else None)
        least = min(least, float(np.hypot(info["hand_x"] - info["target_x"], info["hand_y"] - info["target_y"]).max()))
    assert apart < least < apart + 0.01


def test_a_start_without_room_for_a_target_is_refused():
    env = CursorReachEnv(targets=[(0.05, 0.0)])
    with pytest.raises(ValueError, match="`target` must lie further than radius and hold_radius together, 0.02 m"):
        env.reset(options={"target": (0.0, 0.02)})
    with pytest.raises(ValueError, match="outside of at least one target"):
        env.reset(options={"start": (0.04, 0.015)})
    assert env.reset(options={"target": (0.0, math.nextafter(0.02, 1))})[1]["target_y"] > 0.02
