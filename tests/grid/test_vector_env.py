"""Row i of the native vector environment is the scalar environment seeded s + i, bit for bit."""

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import data_equivalence
from gymnasium.vector import AutoresetMode

import reach_gym  # noqa: F401
from reach_gym.grid.env import GridReachEnv
from reach_gym.grid.observations import KINDS
from reach_gym.grid.vector_env import GridReachVectorEnv
from reach_gym.registration import TASKS

MODES = ["NextStep", "SameStep", "Disabled"]
BACKENDS = ["numpy", "numba"]
SHRINK = {"start": 3, "factor": 0.5, "floor": 0, "every": 2}
SHRINK_RATE = {"start": 3, "factor": 0.5, "floor": 1, "success_rate": 0.5, "window": 2}
CASES = [
    {},
    {"observation": "pixels"},
    {"observation": "index", "target": (1, 2), "size": 4},
    {"observation": "index", "size": 3, "radius": 1},
    {"size": 2},
    {"size": 5, "radius": SHRINK},
    {"size": 5, "radius": SHRINK_RATE, "observation": "pixels"},
    {"size": 10, "target": (5, 8), "field": "wind", "observation": "index"},
    {"size": 7, "field": {"preset": "curl_cw", "region": (2, 2, 4, 4)}, "start": (0, 0), "radius": 1.5},
    {"size": 6, "field": "curl_ccw"},
    {"size": 64, "target": (3, 60)},
    {"size": 5, "observation": "goal"},
    {"size": 5, "observation": "goal", "radius": SHRINK},
]


def same(a, b):
    return data_equivalence(a, b, exact=True)


def sync(kwargs, num_envs, mode, limit):
    """Gymnasium's own vector environment over scalar ones: the yardstick."""
    make = lambda: gym.wrappers.TimeLimit(GridReachEnv(**kwargs), limit)
    return gym.vector.SyncVectorEnv([make] * num_envs, autoreset_mode=AutoresetMode(mode))


def reset_done(env, done, options=None):
    return env.reset(options={"reset_mask": done.copy(), **(options or {})})


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kwargs", CASES, ids=str)
def test_equals_gymnasiums_vector_env_of_scalar_envs(kwargs, mode, backend):
    ours = GridReachVectorEnv(7, **kwargs, max_episode_steps=6, autoreset_mode=mode, backend=backend)
    theirs = sync(kwargs, 7, mode, 6)
    assert same(ours.reset(seed=11), theirs.reset(seed=11))
    generator = np.random.default_rng(3)
    for _ in range(60):
        actions = generator.integers(0, 8, 7)
        mine, other = ours.step(actions), theirs.step(actions)
        assert same(mine, other)
        done = mine[2] | mine[3]
        if mode == "Disabled" and done.any():
            assert same(reset_done(ours, done), reset_done(theirs, done))


@pytest.mark.parametrize("num_envs", [1, 2, 7, 64])
@pytest.mark.parametrize("backend,threads", [("numpy", 1), ("numba", 1), ("numba", 2)])
@pytest.mark.parametrize("kwargs", CASES[:2], ids=str)
def test_rows_do_not_depend_on_their_number(kwargs, backend, threads, num_envs):
    import numba

    if threads > numba.config.NUMBA_NUM_THREADS:
        pytest.skip("Numba was started with one thread")
    env = GridReachVectorEnv(num_envs, **kwargs, max_episode_steps=5, backend=backend, threads=threads)
    rows = [gym.wrappers.Autoreset(gym.wrappers.TimeLimit(GridReachEnv(**kwargs), 5)) for _ in range(num_envs)]
    first, _ = env.reset(seed=5)
    singles = [row.reset(seed=5 + i)[0] for i, row in enumerate(rows)]
    assert np.array_equal(first, np.array(singles))
    generator = np.random.default_rng(0)
    for _ in range(20):
        actions = generator.integers(0, 8, num_envs)
        observation, reward, terminated, truncated, info = env.step(actions)
        for i, row in enumerate(rows):
            o, r, te, tr, extra = row.step(int(actions[i]))
            assert np.array_equal(observation[i], o)
            assert (reward[i], terminated[i], truncated[i]) == (r, te, tr)
            assert {name: info[name][i].item() for name in extra} == extra


@pytest.mark.parametrize("env_id", TASKS)
@pytest.mark.parametrize("mode", MODES)
def test_make_vec_passes_limit_and_mode(env_id, mode):
    env = gym.make_vec(env_id, num_envs=2, autoreset_mode=mode)
    assert env.unwrapped.max_episode_steps == TASKS[env_id].max_episode_steps
    assert env.metadata["autoreset_mode"] is AutoresetMode(mode)
    assert "autoreset_mode" not in GridReachVectorEnv.metadata


def test_seed_list_and_none_keep_streams():
    env, single = GridReachVectorEnv(3), GridReachEnv()
    observation, _ = env.reset(seed=[4, 9, 4])
    assert np.array_equal(observation[0], observation[2])
    assert np.array_equal(observation[1], single.reset(seed=9)[0])
    observation, _ = env.reset(seed=[None, 1, None])
    assert np.array_equal(observation[0], observation[2])
    single.reset(seed=4)
    assert np.array_equal(observation[0], single.reset()[0])
    assert np.array_equal(observation[1], single.reset(seed=1)[0])


def test_unseeded_rows_differ():
    observation, _ = GridReachVectorEnv(64).reset()
    assert len(np.unique(observation, axis=0)) > 50


def observed(result):
    """The arrays of the observations."""
    return list(result[0].values()) if isinstance(result[0], dict) else [result[0]]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("observation", KINDS)
def test_returned_arrays_are_fresh(observation, mode, backend):
    env = GridReachVectorEnv(5, size=3, observation=observation, max_episode_steps=3, autoreset_mode=mode, backend=backend)
    twin = GridReachVectorEnv(5, size=3, observation=observation, max_episode_steps=3, autoreset_mode=mode, backend=backend)
    results = [env.reset(seed=0)]
    twin.reset(seed=0)
    generator = np.random.default_rng(1)
    for _ in range(12):
        actions = generator.integers(0, 8, 5)
        result, expected = env.step(actions), twin.step(actions)
        assert same(result, expected)
        arrays = [*observed(result), *result[1:4], *(v for v in result[4].values() if isinstance(v, np.ndarray) and v.dtype != object)]
        before = [x for old in results for x in (*observed(old), *(v for v in old[-1].values() if isinstance(v, np.ndarray)))]
        assert not any(np.shares_memory(a, b) for a in arrays for b in before if b.dtype != object)
        done = result[2] | result[3]
        for array in arrays:
            array[...] = 1  # a caller may do as he likes
        results.append(result)
        if mode == "Disabled" and done.any():
            reset_done(env, done)
            reset_done(twin, done)


@pytest.mark.parametrize("backend", BACKENDS)
def test_per_row_options_and_masks(backend):
    env = GridReachVectorEnv(3, size=8, autoreset_mode="Disabled", backend=backend)
    env.reset(seed=0)
    before = env.get_state()
    starts = np.array([[0, 0], [1, 1], [2, 2]])
    mask = np.array([True, False, True])
    options = {"reset_mask": mask, "start": starts, "target": (7, 7), "field": "curl_cw", "radius": 1}
    _, info = env.reset(options=options)
    assert info["_radius"].tolist() == [True, False, True] and info["radius"].tolist() == [1.0, 0.0, 1.0]
    assert env.trial_cells()[0].tolist()[::2] == [0, 18]
    assert env.get_state()["numbers"][:3, 1].tolist() == before["numbers"][:3, 1].tolist()
    single = GridReachEnv(size=8)
    for row, start in ((0, (0, 0)), (2, (2, 2))):
        single.reset(seed=row)
        single.reset(options={"start": start, "target": (7, 7), "field": "curl_cw", "radius": 1})
        single_path = [single.step(a)[4]["distance"] for a in (1, 2, 3)]
        twin = GridReachVectorEnv(3, size=8, autoreset_mode="Disabled", backend=backend)
        twin.reset(seed=0)
        twin.reset(options=options)
        assert [twin.step(np.full(3, a))[4]["distance"][row] for a in (1, 2, 3)] == single_path


@pytest.mark.parametrize("backend", BACKENDS)
def test_state_round_trip_continues(backend):
    kwargs = {"size": 6, "radius": SHRINK, "max_episode_steps": 4, "backend": backend}
    env, other = GridReachVectorEnv(4, **kwargs), GridReachVectorEnv(4, **kwargs)
    env.reset(seed=3)
    for action in range(8):
        env.step(np.full(4, action))
    other.set_state(env.get_state())
    for action in range(20):
        assert same(env.step(np.full(4, action % 8)), other.step(np.full(4, action % 8)))


def test_many_rows_are_built_quickly_and_alike():
    env = gym.make_vec("reach_gym/GridReach-v0", num_envs=16_384)
    observation, _ = env.reset(seed=0)
    single = GridReachEnv()
    assert np.array_equal(observation[16_383], single.reset(seed=16_383)[0])
