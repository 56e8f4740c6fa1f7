"""The continuous reach: row i of the native vector environment is the scalar environment seeded s + i, bit for bit.

A simple reaching policy moves some rows to their targets and random actions the others to the walls and into false starts.
"""

import json

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import data_equivalence
from gymnasium.vector import AutoresetMode

import reach_gym  # noqa: F401
from reach_gym.reach.env import CursorReachEnv
from reach_gym.reach.rules import Phase
from reach_gym.reach.vector_env import CursorReachVectorEnv

MODES = ["NextStep", "SameStep", "Disabled"]
BACKENDS = ["numpy", "numba"]
EASY = {"radius": 0.03, "speed_limit": 1.0, "hold": 0.02, "target_onset": 0.02, "go_delay": (0.0, 0.03)}
MIXED = [
    {"name": "still", "trials": 2, "gain": 0.0, "clamp": 0.3},
    {"name": "ramp", "trials": 3, "gain_end": 2.0, "spread": 0.4, "catch": 0.3, "clamp": 0.3, "field": "push"},
    {"name": "waves", "trials": 2, "wave": {"amplitude": 0.5, "period": 3}, "within": {"amplitude": 0.9, "period": 0.13}},
]
# (keywords, time limit in steps)
CASES = [
    ({}, 100),
    ({**EASY, "field": "curl_ccw", "reward": "dense", "start": None}, 40),
    ({**EASY, "field": "push", "observation": "goal", "reward": "sparse", "false_start": "ignore"}, 40),
    ({**EASY, "observation": "pixels", "delay": 2, "rotation": 30.0, "sensory_noise": (0.02, 0.0)}, 40),
    ({**EASY, "targets": "center-out", "field": "viscous", "delay": 3, "sensory_noise": (0.01, 0.1), "motor_noise": (1.0, 0.2)}, 40),
    ({**EASY, "schedule": "within_trial", "field": "saddle", "rotation": 30.0, "start": None}, 25),
    ({**EASY, "schedule": MIXED, "field": "curl_cw", "rotation": -45.0, "start": (0.05, 0.02), "delay": 2, "observation": "goal",
      "reward": "sparse", "go_delay": {"mean": 0.03}, "max_force": 60.0, "damping": 0.5, "mass": 0.7, "hold_radius": 0.02}, 25),
    ({"target_onset": 0.0, "go_delay": 0.0, "hold": 0.0, "radius": 0.09, "speed_limit": 1e5, "hold_radius": 0.005, "targets": [(0.1, 0)],
      "schedule": "non_static", "field": {"stiffness": [[-50, 0], [0, -50]], "origin": [0.1, 0], "gain": 2}}, 12),
    ({**EASY, "false_start": "abort", "movement_time": (0.1, 0.2), "time_limit": 0.4, "cue": "pulse", "delay": 2, "history": 3}, 60),
    ({**EASY, "false_start": "abort", "time_limit": 0.3, "force_lag": 0.03, "plant": "lagged_mass"}, 60),
]  # fmt: skip


def same(a, b):
    return data_equivalence(a, b, exact=True)


def scalar(kwargs, limit):
    return gym.wrappers.TimeLimit(CursorReachEnv(**kwargs), limit)


def sync(kwargs, num_envs, mode, limit):
    """Gymnasium's own vector environment over scalar ones: the yardstick."""
    return gym.vector.SyncVectorEnv([lambda: scalar(kwargs, limit)] * num_envs, autoreset_mode=AutoresetMode(mode))


def reach(info, force=10.0):
    """A spring-damper towards the target from the go cue on, in float64: for one row or many."""
    go = info["phase"] == Phase.MOVE
    parts = [go * (100 * (info[f"target_{a}"] - info[f"cursor_{a}"]) - 20 * info[f"hand_v{a}"]) / force for a in "xy"]
    return np.stack(parts, axis=-1).astype(np.float32)


def actions_of(info, generator):
    """The policy for the rows with an even number, random actions, some beyond the bounds, for the others."""
    actions = reach(info)
    actions[1::2] = generator.uniform(-1.3, 1.3, actions[1::2].shape)
    return actions


def arrays_in(value):
    """All arrays of numbers in what an environment returned."""
    if isinstance(value, np.ndarray):
        return [value] if value.dtype != object else [a for item in value for a in arrays_in(item)]
    items = value.values() if isinstance(value, dict) else value if isinstance(value, tuple | list) else ()
    return [array for item in items for array in arrays_in(item)]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kwargs,limit", CASES, ids=range(len(CASES)))
def test_equals_gymnasiums_vector_env_of_scalar_envs(kwargs, limit, mode, backend):
    ours = CursorReachVectorEnv(6, **kwargs, max_episode_steps=limit, autoreset_mode=mode, backend=backend)
    theirs = sync(kwargs, 6, mode, limit)
    assert ours.observation_space == theirs.observation_space and ours.action_space == theirs.action_space
    mine, other = ours.reset(seed=11), theirs.reset(seed=11)
    assert same(mine, other)
    generator, hits, ends = np.random.default_rng(3), 0, 0
    for _ in range(110):
        actions = actions_of(mine[-1], generator)
        mine, other = ours.step(actions), theirs.step(actions)
        assert same(mine, other)
        assert mine[0] in ours.observation_space
        done = mine[2] | mine[3]
        hits, ends = hits + mine[2].sum(), ends + done.sum()
        if mode == "Disabled" and done.any():
            mine, other = ours.reset(options={"reset_mask": done}), theirs.reset(options={"reset_mask": done})
            assert same(mine, other)
    assert hits and ends > hits  # both kinds of end have been seen


@pytest.fixture(scope="module")
def many_rows():
    """What 64 rows return: after the reset, and in 60 steps."""
    kwargs, limit = CASES[1]
    env = CursorReachVectorEnv(64, **kwargs, max_episode_steps=limit, backend="numpy")
    results, generator = [env.reset(seed=5)], np.random.default_rng(0)
    for _ in range(60):
        results.append(env.step(actions_of(results[-1][-1], generator)))
    assert any(result[2].any() for result in results[1:])
    return results


@pytest.mark.parametrize("num_envs", [1, 2, 7, 64])
@pytest.mark.parametrize("backend,threads", [("numpy", 1), ("numba", 1), ("numba", 2)])
def test_rows_do_not_depend_on_their_number(many_rows, backend, threads, num_envs):
    import numba

    if threads > numba.config.NUMBA_NUM_THREADS:
        pytest.skip("Numba was started with one thread")
    kwargs, limit = CASES[1]
    env = CursorReachVectorEnv(num_envs, **kwargs, max_episode_steps=limit, backend=backend, threads=threads)
    generator = np.random.default_rng(0)
    result = env.reset(seed=5)
    for *arrays, info in many_rows:
        assert same(result, (*(array[:num_envs] for array in arrays), {name: value[:num_envs] for name, value in info.items()}))
        result = env.step(actions_of(info, generator)[:num_envs])


@pytest.mark.parametrize("backend", BACKENDS)
def test_rows_do_not_depend_on_their_neighbours(backend):
    kwargs, limit = CASES[4]
    make = lambda rows: CursorReachVectorEnv(rows, **kwargs, max_episode_steps=limit, backend=backend)
    alone, crowd = make(1), make(5)
    mine, other = alone.reset(seed=[9]), crowd.reset(seed=[1, 9, 2, 3, 9])
    generator, ends = np.random.default_rng(0), 0
    for _ in range(100):
        action = reach(mine[-1])
        mine, other = alone.step(action), crowd.step(np.concatenate([generator.uniform(-1, 1, (4, 2)), action])[[0, 4, 1, 2, 3]])
        for array, many in zip(arrays_in(mine), arrays_in(other), strict=True):
            assert np.array_equal(array[0], many[1])
        ends += mine[2].sum()
    assert ends


def test_seed_list_and_none_keep_streams():
    env, single = CursorReachVectorEnv(3), CursorReachEnv()
    place = lambda info, row: (info["target_x"][row], info["target_y"][row])
    target = lambda info: (info["target_x"], info["target_y"])
    _, info = env.reset(seed=[4, 9, 4])
    assert place(info, 0) == place(info, 2) != place(info, 1) == target(single.reset(seed=9)[1])
    _, info = env.reset(seed=[None, 1, None])
    assert place(info, 1) == target(single.reset(seed=1)[1])
    single.reset(seed=4)
    assert place(info, 0) == place(info, 2) == target(single.reset()[1])
    assert info["trial"].tolist() == [1, 0, 1]


def test_unseeded_rows_differ():
    _, info = CursorReachVectorEnv(64).reset()
    assert len(np.unique(info["target_x"])) == 64


def test_many_rows_are_like_the_scalar_env():
    env = gym.make_vec("reach_gym/CursorReach-v0", num_envs=16_384)
    _, info = env.reset(seed=0)
    assert info["target_x"][16_383] == CursorReachEnv().reset(seed=16_383)[1]["target_x"]


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_time_limit_is_the_constructors(backend):
    none = CursorReachVectorEnv(2, backend=backend, time_limit=4.0)
    short = CursorReachVectorEnv(2, backend=backend, max_episode_steps=3)
    for env in (none, short):
        env.reset(seed=0)
    for step in range(1, 301):
        assert not none.step(np.zeros((2, 2)))[3].any()
        _, _, terminated, truncated, _ = short.step(np.zeros((2, 2)))
        assert not terminated.any()
        assert truncated.tolist() == [step % 4 == 3] * 2  # three steps, then the one that resets


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("observation,reward", [("vector", "dense"), ("goal", "sparse"), ("pixels", "shaped")])
def test_returned_arrays_are_fresh(observation, reward, mode, backend):
    make = lambda: CursorReachVectorEnv(
        5, **EASY, observation=observation, reward=reward, delay=1, max_episode_steps=9, autoreset_mode=mode, backend=backend
    )
    env, twin = make(), make()
    result, expected = env.reset(seed=0), twin.reset(seed=0)
    earlier, generator = [], np.random.default_rng(1)
    for _ in range(25):
        assert same(result, expected)
        arrays = arrays_in(result)
        assert not any(np.shares_memory(array, old) for array in arrays for old in earlier)
        done = result[2] | result[3] if len(result) == 5 else np.zeros(5, bool)
        actions = actions_of(expected[-1], generator)
        for array in arrays:
            array[...] = 1  # a caller may do as he likes
        earlier = arrays
        if mode == "Disabled" and done.any():
            result, expected = (each.reset(options={"reset_mask": done.copy()}) for each in (env, twin))
        else:
            given = actions.copy()
            result, expected = env.step(given), twin.step(actions)
            assert np.array_equal(given, actions)
            given[:] = 0.3  # his actions too


@pytest.mark.parametrize("observation", ["vector", "goal", "pixels"])
def test_the_scalar_envs_arrays_are_fresh(observation):
    env, twin = (CursorReachEnv(**EASY, observation=observation, reward="sparse", delay=1) for _ in range(2))
    earlier, result, expected = [], env.reset(seed=0), twin.reset(seed=0)
    for _ in range(12):
        assert same(result, expected)
        arrays = arrays_in(result)
        assert not any(np.shares_memory(array, old) for array in arrays for old in earlier)
        action = reach(expected[-1])
        for array in arrays:
            array[...] = 1
        result[-1].clear()
        earlier, (result, expected) = arrays, (env.step(action), twin.step(action))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("kwargs,limit", CASES[1:4], ids=["vector", "goal", "pixels"])
def test_info_has_constant_keys_and_types(kwargs, limit, backend):
    env, single = CursorReachVectorEnv(3, **kwargs, max_episode_steps=limit, backend=backend), CursorReachEnv(**kwargs)
    _, many = env.reset(seed=0)
    _, one = single.reset(seed=0)
    types = {name: type(value) for name, value in one.items()}
    kinds = {float: np.float64, int: np.int64, bool: np.bool_}
    assert set(types.values()) == set(kinds)
    for _ in range(limit + 3):
        assert {name: type(value) for name, value in one.items()} == types
        names = [name for name in many if not name.startswith("_")]
        assert names == list(types) and {f"_{name}" for name in names} == set(many) - set(names)
        assert {name: many[name].dtype.type for name in names} == {name: kinds[kind] for name, kind in types.items()}
        _, _, _, _, many = env.step(np.zeros((3, 2)))
        _, _, _, _, one = single.step(np.zeros(2))


@pytest.mark.parametrize("backend", BACKENDS)
def test_per_row_options_and_masks(backend):
    kwargs = {"field": "curl_ccw", "schedule": "abrupt", "rotation": 20.0}
    make = lambda: CursorReachVectorEnv(3, **kwargs, autoreset_mode="Disabled", backend=backend)
    env, untouched = make(), make()
    for each in (env, untouched):
        each.reset(seed=0)
        each.step(np.full((3, 2), 0.5))
    mask = np.array([True, False, True])
    pushed = False
    rows = {"start": np.array([[0, 0], [0.01, 0.01], [0.02, -0.03]]), "target": [(0.1, 0.1), (0, 0.1), (-0.05, 0)], "gain": [0.5, 1, -2.0]}
    for extra in ({}, {"channel": True, "gain": None}, {"field": "push", "target": (0.09, -0.09), "gain": 3}):
        options = {**rows, **extra}
        _, info = env.reset(options={**options, "reset_mask": mask})
        assert info["_gain"].tolist() == mask.tolist() and info["gain"][1] == 0 == info["trial"][1]
        singles = {}
        for row in (0, 2):
            single = singles[row] = CursorReachEnv(**kwargs)
            single.reset(seed=row)
            for _ in range(int(info["trial"][row]) - 1):
                single.reset()
            own = {name: value[row] if isinstance(value, np.ndarray | list) else value for name, value in options.items()}
            _, first = single.reset(options=own)
            assert {name: info[name][row].item() for name in first} == first
        for _ in range(40):
            actions = np.full((3, 2), [0.3, 0.1])
            observation, _, _, _, info = env.step(actions)
            assert np.array_equal(observation[1], untouched.step(actions)[0][1])
            for row, single in singles.items():
                alone, _, _, _, one = single.step(actions[row])
                assert np.array_equal(observation[row], alone)
                assert {name: info[name][row].item() for name in one} == one
            pushed |= info["force_x"][[0, 2]].all()
    assert pushed


STATES = [pytest.param(*case, id=str(number)) for number, case in enumerate(CASES)]


@pytest.mark.parametrize("kwargs,limit", STATES)
def test_the_scalar_state_survives_json(kwargs, limit):
    env, other, same_trial = (CursorReachEnv(**kwargs) for _ in range(3))
    _, info = env.reset(seed=3)
    other.reset(seed=99)
    for step in range(limit):  # into the second trial
        result = env.step(reach(info) if step % 3 else (0.2, -0.3))
        info = result[-1]
        if result[2] or result[3] or step == limit // 2:
            _, info = env.reset(options={"gain": 2.0, "field": "saddle"})
    state = env.get_state()
    text = json.dumps(state)
    for each in (other, same_trial):  # one that was elsewhere, and one that has never begun
        each.set_state(json.loads(text))
        assert each.get_state() == state and each.task == env.task
        assert each.scene().trail[-1] == each.scene().cursor == env.scene().cursor
    assert env.get_state() == state  # what was handed out is a copy
    for step in range(2 * limit):
        results = [each.step(reach(info) if step % 3 else (0.2, -0.3)) for each in (env, other, same_trial)]
        assert same(results[0], results[1]) and same(results[0], results[2])
        info = results[0][-1]
        if results[0][2] or results[0][3] or step == limit:
            results = [each.reset() for each in (env, other, same_trial)]
            assert same(results[0], results[1]) and same(results[0], results[2])
            info = results[0][-1]


# Onto the target for two steps, off it again, onto it for three: the last of them is the success. Places 0.25, 0.5, -0.25, -1, 0, 2,
# 3.5 and 4 cm.
VISITS = [(0.2, True), (-0.2, True), (-0.6, False), (0.6, False), (0.8, False), (0, True), (-0.4, True), (-0.4, True)]
VISIT = {"targets": [(0.05, 0.0)], "radius": 0.049, "speed_limit": 1.0, "hold": 0.15, "hold_radius": 0.0005, "dt": 0.05, "reward": "sparse", "target_onset": 0.0, "go_delay": 0.0}


@pytest.mark.parametrize("back_end", ["scalar", *BACKENDS])
def test_only_an_unbroken_stay_on_the_target_is_a_success(back_end):
    """Its length is part of the state: an environment that gets the state before every step goes on alike."""
    make = lambda: CursorReachEnv(**VISIT) if back_end == "scalar" else CursorReachVectorEnv(1, **VISIT, backend=back_end)
    env, other = make(), make()
    env.reset(seed=0), other.reset(seed=1)
    for number, (push, on_target) in enumerate(VISITS, 1):
        action = np.array([push, 0.0]) if back_end == "scalar" else np.array([[push, 0.0]])
        other.set_state(env.get_state())
        result = env.step(action)
        assert same(result, other.step(action))
        assert (result[1], result[2], result[4]["is_success"]) == (on_target - 1.0, number == len(VISITS), number == len(VISITS))


def test_a_finished_state_stays_finished():
    env, other = CursorReachEnv(**EASY), CursorReachEnv(**EASY)
    (_, info), done = env.reset(seed=0), False
    while not done:
        _, _, done, _, info = env.step(reach(info))
    assert info["is_success"]
    other.set_state(json.loads(json.dumps(env.get_state())))
    with pytest.raises(gym.error.ResetNeeded):
        other.step((0, 0))
    assert same(env.reset(), other.reset())


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("mode", MODES)
def test_the_vector_state_round_trip_continues(mode, backend):
    kwargs, limit = CASES[4]
    make = lambda seed: CursorReachVectorEnv(4, **kwargs, max_episode_steps=limit, autoreset_mode=mode, backend=backend)
    env, other = make(3), make(4)
    result, generator = env.reset(seed=3), np.random.default_rng(0)
    for _ in range(limit):
        result = env.step(actions_of(result[-1], generator))
        if mode == "Disabled" and (result[2] | result[3]).any():
            break
    state = env.get_state()
    listed = {name: value.tolist() for name, value in state.items()}
    other.set_state(json.loads(json.dumps(listed)))
    assert same(other.get_state(), state)
    kept = {name: value.copy() for name, value in state.items()}
    for _ in range(2 * limit):
        done = result[2] | result[3]
        if mode == "Disabled" and done.any():
            result, twin = (each.reset(options={"reset_mask": done}) for each in (env, other))
            assert same(result, twin)
        actions = actions_of(result[-1], generator)
        result, twin = env.step(actions), other.step(actions)
        assert same(result, twin)
    assert same(state, kept)  # the state is nobody's any more


def goals(env, steps, seed=0, each=None):
    """Trials of a goal-conditioned `env` under the policy: rewards, goals and infos of all steps."""
    generator, taken = np.random.default_rng(seed), []
    _, info = env.reset(seed=seed)
    for step in range(steps):
        action = reach(info) if info["trial"] % 3 else generator.uniform(-1, 1, 2)
        observation, reward, terminated, truncated, info = env.step(action)
        taken.append((observation["achieved_goal"], observation["desired_goal"], reward, info))
        if terminated or truncated:
            _, info = env.reset()
    return taken


@pytest.mark.parametrize("strict", ["fail", "ignore"])
@pytest.mark.parametrize("reward", ["sparse", "dense"])
def test_compute_reward_is_the_steps_reward(reward, strict):
    kwargs = {"reward": reward, "observation": "goal", "false_start": strict, "rotation": 15.0, "delay": 2, "sensory_noise": (0.01, 0.1)}
    env = scalar({**kwargs, "speed_limit": 0.2}, 100)
    compute = env.unwrapped.compute_reward
    taken = goals(env, 600)
    for achieved, desired, given, info in taken:
        again = compute(achieved, desired, info)
        assert type(again) is float and again == given
    achieved, desired, given, infos = (list(part) for part in zip(*taken, strict=True))
    assert len(set(given)) > 1 and any(info["is_success"] for info in infos) and any(info["false_start"] for info in infos)
    batch = compute(np.array(achieved), np.array(desired), infos)
    assert batch.dtype == np.float64 and batch.tolist() == given
    table = {name: np.array([info[name] for info in infos]) for name in infos[0]}
    for infos_like in (table, np.array(infos, object), tuple(infos)):
        assert compute(achieved, desired, infos_like).tolist() == given


@pytest.mark.parametrize("reward", ["sparse", "dense"])
def test_compute_reward_for_another_target_is_the_reward_with_that_target(reward):
    kwargs = {"reward": reward, "observation": "goal", "speed_limit": 0.2}
    env, moved = CursorReachEnv(**kwargs), CursorReachEnv(**kwargs)
    hits = 0
    for seed in range(3):
        _, info = moved.reset(seed=seed, options={"target": (0.04, -0.05)})
        env.reset(seed=seed, options={"target": (0.09, 0.09)})
        for _ in range(90):
            action = reach(info)
            observation, expected, terminated, _, info = moved.step(action)
            other, given, _, _, told = env.step(action)
            assert np.array_equal(other["achieved_goal"], observation["achieved_goal"])
            if told["phase"] == Phase.MOVE:
                assert given != expected or reward == "sparse"
            assert env.compute_reward(other["achieved_goal"], (0.04, -0.05), told) == expected
            hits += expected > -0.1
            if terminated:
                break
    assert hits


@pytest.mark.parametrize("backend", BACKENDS)
def test_compute_reward_of_the_vector_env(backend):
    env = CursorReachVectorEnv(6, **EASY, observation="goal", reward="sparse", max_episode_steps=40, autoreset_mode="SameStep", backend=backend)
    _, info = env.reset(seed=0)
    generator, hits = np.random.default_rng(0), 0
    for _ in range(60):
        observation, reward, terminated, truncated, info = env.step(actions_of(info, generator))
        going = ~(terminated | truncated)
        again = env.compute_reward(observation["achieved_goal"], observation["desired_goal"], info)
        assert np.array_equal(again[going], reward[going])
        for row in np.flatnonzero(~going):
            last = info["final_obs"][row]
            final = {name: value[row] for name, value in info["final_info"].items()}
            assert env.compute_reward(last["achieved_goal"], last["desired_goal"], final) == reward[row]
            hits += reward[row] == 0
    assert hits


@pytest.mark.parametrize("observation", ["vector", "pixels"])
def test_only_the_goal_observation_computes_rewards(observation):
    """Stable-Baselines3 takes every environment that has `compute_reward` for a goal-conditioned one."""
    for env in (CursorReachEnv(observation=observation), CursorReachVectorEnv(1, observation=observation)):
        assert not hasattr(env, "compute_reward")
        with pytest.raises(AttributeError, match=f"'goal', got '{observation}'"):
            _ = env.compute_reward


def test_hindsight_experience_replay_learns_from_it():
    sb3 = pytest.importorskip("stable_baselines3")
    at_once = {"target_onset": 0.0, "go_delay": 0.0, "false_start": "ignore", "speed_limit": 10.0}
    make = lambda copies: sb3.DDPG(
        "MultiInputPolicy",
        gym.make("reach_gym/CursorReach-v0", observation="goal", reward="sparse", max_episode_steps=30, **at_once),
        replay_buffer_class=sb3.HerReplayBuffer,
        replay_buffer_kwargs={"n_sampled_goal": 4, "copy_info_dict": copies},
        learning_starts=60,
        batch_size=32,
        policy_kwargs={"net_arch": [8]},
        seed=0,
        device="cpu",
    )
    model = make(True).learn(70)
    sample = model.replay_buffer.sample(500)
    assert set(sample.rewards.flatten().tolist()) == {-1.0, 0.0}  # some of the relabelled goals have been reached
    with pytest.raises(ValueError, match="copy_info_dict=True"):
        make(False).learn(70)
