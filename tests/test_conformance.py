"""Gymnasium's and Stable-Baselines3's own checkers stay silent on every registered task, and copies continue bit for bit."""

import copy
import json
import os
import pickle
import random
import subprocess
import sys
import warnings
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
from gymnasium import spaces
from gymnasium.envs.registration import EnvSpec
from gymnasium.utils.env_checker import check_env, data_equivalence
from gymnasium.utils.env_match import check_environments_match
from gymnasium.vector import AsyncVectorEnv, SyncVectorEnv

import reach_gym  # noqa: F401
from reach_gym.grid.env import GridReachEnv
from reach_gym.grid.vector_env import GridReachVectorEnv
from reach_gym.reach.env import CursorReachEnv
from reach_gym.reach.vector_env import CursorReachVectorEnv
from reach_gym.registration import TASKS

ROOT = Path(__file__).parents[1]
IDS = sorted(TASKS)
GOAL = {"observation": "goal", "reward": "sparse"}  # of the shaped reward no step alone tells
GRID_GOAL = {"observation": "goal"}
# Every id, and other kinds of observation.
MADE = [
    *((env_id, {}) for env_id in IDS),
    *((env_id, kind) for env_id in IDS if "Cursor" in env_id for kind in (GOAL, {"observation": "pixels"})),
    *((env_id, GRID_GOAL) for env_id in ("reach_gym/GridReach-v0", "reach_gym/GridReachTabularWind-v0")),
]
BACKENDS = ["numpy", "numba"]
MODES = ["NextStep", "SameStep", "Disabled"]
COPIES = {"deepcopy": copy.deepcopy, "pickle": lambda env: pickle.loads(pickle.dumps(env))}
every_id = pytest.mark.parametrize("env_id", IDS)
everything_made = pytest.mark.parametrize("env_id,kwargs", MADE, ids=lambda part: part if isinstance(part, str) else str(part or ""))
every_copy = pytest.mark.parametrize("duplicate", COPIES.values(), ids=COPIES)


@pytest.fixture(autouse=True)
def no_window(monkeypatch):
    """The checkers open windows; this lets them."""
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")


def same(a, b):
    return data_equivalence(a, b, exact=True)


def drawn(generator, space, count=None):
    """A random action, or a batch of them; of a box also beyond its bounds."""
    if isinstance(space, spaces.Discrete):
        return int(generator.integers(space.n)) if count is None else generator.integers(0, space.n, count)
    return generator.uniform(-1.2, 1.2, space.shape if count is None else (count, *space.shape)).astype(np.float32)


def fresh_python(code, *flags, **environment):
    return subprocess.run(
        [sys.executable, *flags, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, env={**os.environ, **environment}
    )


@everything_made
def test_gymnasiums_checker_is_silent(env_id, kwargs):
    env = gym.make(env_id, disable_env_checker=True, **kwargs).unwrapped
    assert env.spec is not None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(env)


@everything_made
def test_stable_baselines_checker_is_silent(env_id, kwargs):
    sb3 = pytest.importorskip("stable_baselines3.common.env_checker")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", "The minimal resolution for an image is 36x36")
        if "Muscle" in env_id:  # excitations are from 0 to 1: a muscle pulls and does not push
            warnings.filterwarnings("ignore", "We recommend you to use a symmetric and normalized Box action space")
        sb3.check_env(gym.make(env_id, disable_env_checker=True, **kwargs).unwrapped)
        if kwargs not in (GOAL, GRID_GOAL):  # there it asks the outermost wrapper for `compute_reward`
            sb3.check_env(gym.make(env_id, **kwargs))


def rollout(env, steps=30, seed=4):
    """What an episode stream of `env` returns, with its own resets."""
    generator = np.random.default_rng(seed)
    out = [env.reset(seed=seed)]
    for _ in range(steps):
        out.append(env.step(drawn(generator, env.action_space)))
        if out[-1][2] or out[-1][3]:
            out.append(env.reset())
    return out


@every_id
def test_the_spec_survives_json(env_id):
    text = gym.spec(env_id).to_json()
    json.loads(text)
    spec = EnvSpec.from_json(text)
    assert spec == gym.spec(env_id)
    direct = gym.make(env_id)
    again = gym.make(EnvSpec.from_json(direct.spec.to_json()))
    assert direct.spec.kwargs == again.spec.kwargs == TASKS[env_id].kwargs
    assert direct.spec.max_episode_steps == again.spec.max_episode_steps == TASKS[env_id].max_episode_steps
    expected = rollout(direct, 120)
    assert same(expected, rollout(again, 120))
    assert same(expected, rollout(gym.make(spec), 120))


def vector_rollout(env, steps=40):
    generator = np.random.default_rng(1)
    out = [env.reset(seed=7)]
    for _ in range(steps):
        out.append(env.step(drawn(generator, env.single_action_space, env.num_envs)))
    return out


@everything_made
def test_make_vec_gives_the_same_in_every_mode(env_id, kwargs):
    limit = 15  # short, so that the time limit is met
    backend = {"backend": "numpy"} if kwargs else {}  # Numba would compile each kind of observation, for seconds
    native = gym.make_vec(env_id, num_envs=3, vectorization_mode="vector_entry_point", max_episode_steps=limit, **kwargs, **backend)
    default = gym.make_vec(env_id, num_envs=3, max_episode_steps=limit, **kwargs, **backend)
    sync = gym.make_vec(env_id, num_envs=3, vectorization_mode="sync", max_episode_steps=limit, **kwargs)
    vector_class = GridReachVectorEnv if "Grid" in env_id else CursorReachVectorEnv
    assert type(native.unwrapped) is type(default.unwrapped) is vector_class
    assert isinstance(sync.unwrapped, SyncVectorEnv)
    assert native.observation_space == sync.observation_space
    assert native.action_space == sync.action_space
    expected = vector_rollout(native)
    assert any(out[3].any() for out in expected[1:])
    assert same(expected, vector_rollout(default))
    assert same(expected, vector_rollout(sync))


@every_id
def test_make_vec_passes_the_registered_time_limit(env_id):
    env = gym.make_vec(env_id, num_envs=2)
    assert env.unwrapped.max_episode_steps == TASKS[env_id].max_episode_steps
    assert env.spec.id == env_id


@pytest.mark.parametrize("env_id,kwargs", [("reach_gym/GridReachCurl-v0", {}), ("reach_gym/CursorReachCenterOut-v0", GOAL)], ids=str)
def test_make_vec_with_spawned_workers(env_id, kwargs):
    native = gym.make_vec(f"reach_gym:{env_id}", num_envs=2, backend="numpy", **kwargs)
    workers = gym.make_vec(
        f"reach_gym:{env_id}", num_envs=2, vectorization_mode="async", vector_kwargs={"context": "spawn"}, **kwargs
    )
    try:
        assert isinstance(workers.unwrapped, AsyncVectorEnv)
        assert same(vector_rollout(native), vector_rollout(workers))
    finally:
        workers.close()


class OneRow(gym.Env):
    """A one-row vector environment seen as a scalar one."""

    def __init__(self, env):
        self.env = env
        self.render_mode = env.render_mode
        self.observation_space = env.single_observation_space
        self.action_space = env.single_action_space

    def _seen(self, observation, info):
        assert all(info[f"_{name}"].item() is True for name in list(info) if not name.startswith("_"))
        cell = isinstance(self.observation_space, spaces.Discrete)
        first = {name: part[0] for name, part in observation.items()} if isinstance(observation, dict) else observation[0]
        return first.item() if cell else first, {name: value.item() for name, value in info.items() if not name.startswith("_")}

    def reset(self, *, seed=None, options=None):
        return self._seen(*self.env.reset(seed=seed, options=options))

    def step(self, action):
        observation, reward, terminated, truncated, info = self.env.step(np.array([action]))
        observation, info = self._seen(observation, info)
        return observation, reward.item(), terminated.item(), truncated.item(), info

    def render(self):
        return self.env.render()[0]


@pytest.mark.parametrize("backend", BACKENDS)
@everything_made
def test_one_row_matches_the_scalar_env(env_id, kwargs, backend):
    if kwargs and backend == "numba":
        pytest.skip("tests/reach/test_vector_env.py compares these; each kind is compiled for seconds")
    for render_mode, steps in ((None, 250), ("rgb_array", 4)):
        env = gym.make(env_id, disable_env_checker=True, render_mode=render_mode, **kwargs)
        vector = gym.make_vec(
            env_id, num_envs=1, autoreset_mode="Disabled", backend=backend, render_mode=render_mode, **kwargs
        )
        for seed in (0, 3):
            check_environments_match(env, OneRow(vector), num_steps=steps, seed=seed, info_comparison="equivalence")


SHRINK = {"start": 3, "every": 1}
GRID_TRIAL, CURSOR_TRIAL = {"field": "wind", "radius": 1.5}, {"field": "saddle", "gain": 2.0}
# A cursor task of everything that a trial can have, with which random actions often hit.
RICH = {
    "schedule": [{"name": "a", "trials": 3, "spread": 0.5, "clamp": 0.3, "within": {"amplitude": 0.5, "period": 0.1}}, {"name": "b", "trials": 2}],
    **{"field": "curl_ccw", "rotation": 20.0, "delay": 2, "sensory_noise": (0.01, 0.05), "motor_noise": (0.5, 0.1), "start": None},
    **{"radius": 0.08, "speed_limit": 9.0, "hold": 0.0, "hold_radius": 0.1, "target_onset": 0.0, "reward": "dense"},
}
# (scalar class, vector class, keywords, options of one trial)
SETTINGS = [
    *((GridReachEnv, GridReachVectorEnv, TASKS[env_id].kwargs, GRID_TRIAL) for env_id in IDS if "Grid" in env_id),
    (GridReachEnv, GridReachVectorEnv, {"size": 5, "radius": SHRINK, "field": "curl_cw"}, GRID_TRIAL),
    (GridReachEnv, GridReachVectorEnv, {"size": 5, "radius": SHRINK, "observation": "goal"}, GRID_TRIAL),
    *((CursorReachEnv, CursorReachVectorEnv, TASKS[env_id].kwargs, CURSOR_TRIAL) for env_id in IDS if "Grid" not in env_id),
    *((CursorReachEnv, CursorReachVectorEnv, {**RICH, "observation": kind}, CURSOR_TRIAL) for kind in ("vector", "goal", "pixels")),
]
every_setting = pytest.mark.parametrize("scalar,vector,kwargs,trial", SETTINGS, ids=range(len(SETTINGS)))
RENDERED = [(GridReachEnv, GridReachVectorEnv, {"size": 6}), (CursorReachEnv, CursorReachVectorEnv, RICH)]
every_picture = pytest.mark.parametrize("scalar,vector,kwargs", RENDERED, ids=["grid", "cursor"])


def continues(env, twin, steps=60):
    """Both go on alike, over several trials, and the copy shares nothing with the original."""
    generator = np.random.default_rng(2)
    actions = [drawn(generator, env.action_space) for _ in range(steps)]
    mine = []
    for number, action in enumerate(actions):
        mine.append(env.step(action))
        if mine[-1][2] or number == steps // 2:
            mine.append(env.reset())
    for expected in mine:
        got = twin.step(actions.pop(0)) if len(expected) == 5 else twin.reset()
        assert same(expected, got)
    assert env.get_state() == twin.get_state()
    assert same(env.reset(), twin.reset())
    assert env.np_random.bit_generator.state == twin.np_random.bit_generator.state


@every_setting
@every_copy
def test_a_copy_in_mid_episode_continues(duplicate, scalar, vector, kwargs, trial):
    env = scalar(**kwargs)
    env.reset(seed=8)
    env.reset()
    env.reset(options=trial)
    env.step(drawn(np.random.default_rng(0), env.action_space))
    continues(env, duplicate(env))


@every_picture
@every_copy
def test_a_copy_after_a_render_continues(duplicate, scalar, vector, kwargs):
    env, plain = scalar(**kwargs, render_mode="rgb_array"), scalar(**kwargs)
    for each in (env, plain):
        each.reset(seed=8)
        each.step(drawn(np.random.default_rng(0), env.action_space))
    env.render()
    twin = duplicate(env)
    assert np.array_equal(env.render(), twin.render())
    continues(twin, plain)  # and rendering has changed nothing


@every_picture
@every_copy
def test_a_copy_of_an_env_with_a_window_continues(duplicate, scalar, vector, kwargs):
    pytest.importorskip("pygame")
    env = scalar(**kwargs, render_mode="human")
    env.metadata = {**env.metadata, "render_fps": 1000}
    env.reset(seed=8)
    env.step(drawn(np.random.default_rng(0), env.action_space))
    twin = duplicate(env)
    assert env._window is not None and twin._window is None  # it opens its own
    continues(env, twin, 5)
    env.close()
    twin.close()


@every_id
@every_copy
def test_a_copy_of_a_registered_env_continues(duplicate, env_id):
    env, generator = gym.make(env_id), np.random.default_rng(0)
    env.reset(seed=8)
    env.step(drawn(generator, env.action_space))
    twin = duplicate(env)
    for _ in range(4):
        action = drawn(generator, env.action_space)
        assert same(env.step(action), twin.step(action))


def vector_continues(env, twin, mode, steps=40):
    generator = np.random.default_rng(2)
    for _ in range(steps):
        actions = drawn(generator, env.single_action_space, env.num_envs)
        mine, other = env.step(actions), twin.step(actions)
        assert same(mine, other)
        done = mine[2] | mine[3]
        if mode == "Disabled" and done.any():
            assert same(*(each.reset(options={"reset_mask": done}) for each in (env, twin)))
    assert same(env.get_state(), twin.get_state())
    assert same(env.reset(), twin.reset())


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("mode", MODES)
@every_setting
@every_copy
def test_a_copy_of_a_vector_env_continues(duplicate, scalar, vector, kwargs, trial, mode, backend):
    if backend == "numba" and kwargs.get("observation") in ("goal", "pixels") and scalar is CursorReachEnv:
        pytest.skip("the kind of observation has nothing to do with it, and each is compiled for seconds")
    env = vector(4, **kwargs, autoreset_mode=mode, backend=backend, max_episode_steps=9)
    env.reset(seed=8)
    env.reset(options={"reset_mask": np.array([True, False, True, False]), **trial})
    _, _, terminated, truncated, _ = env.step(drawn(np.random.default_rng(0), env.single_action_space, 4))
    if mode == "Disabled" and (terminated | truncated).any():
        env.reset(options={"reset_mask": terminated | truncated})
    twin, still = duplicate(env), duplicate(env)
    assert twin.backend == env.backend == backend
    before = still.get_state()
    vector_continues(env, twin, mode)
    assert same(still.get_state(), before)  # the copy has not moved with the original


@pytest.mark.parametrize("backend", BACKENDS)
@every_picture
@every_copy
def test_a_copy_of_a_vector_env_after_a_render_continues(duplicate, scalar, vector, kwargs, backend):
    env, plain = (vector(3, **kwargs, render_mode=mode, backend=backend, max_episode_steps=5) for mode in ("rgb_array", None))
    for each in (env, plain):
        each.reset(seed=8)
        each.step(drawn(np.random.default_rng(0), env.single_action_space, 3))
    env.render()
    twin = duplicate(env)
    assert same(env.render(), twin.render())
    vector_continues(twin, plain, "NextStep")
    assert any(not np.array_equal(a, b) for a, b in zip(env.render(), twin.render(), strict=True))


@everything_made
def test_the_observation_space_is_that_of_the_observations(env_id, kwargs):
    env = gym.make(env_id, disable_env_checker=True, **kwargs)
    kinds = {spaces.Box: np.ndarray, spaces.Discrete: np.integer, spaces.Dict: dict}
    observation, _ = env.reset(seed=0)
    assert isinstance(observation, (kinds[type(env.observation_space)], int))
    assert observation in env.observation_space


@pytest.mark.parametrize("backend", BACKENDS)
@every_id
def test_no_global_random_state_is_read_or_written(env_id, backend):
    results = []
    for global_seed in (1, 2):
        random.seed(global_seed)
        np.random.seed(global_seed)  # noqa: NPY002
        before = random.getstate(), np.random.get_state()  # noqa: NPY002
        env, many = gym.make(env_id), gym.make_vec(env_id, num_envs=3, backend=backend, max_episode_steps=15)
        results.append((rollout(env, 120), vector_rollout(many)))
        assert same((random.getstate(), np.random.get_state()), before)  # noqa: NPY002
    assert same(*results)


def test_nothing_depends_on_the_hash_seed():
    code = (
        "import sys, hashlib, warnings, gymnasium as gym; sys.path[:0] = ['.', 'tests']\n"
        "warnings.filterwarnings('ignore', '.*ends trials before their go cue')\n"
        "import test_conformance as t\n"
        "for env_id in t.IDS:\n"
        "    many = gym.make_vec(env_id, num_envs=3, backend='numpy', max_episode_steps=15)\n"
        "    got = t.rollout(gym.make(env_id), 120), t.vector_rollout(many)\n"
        "    print(env_id, hashlib.sha256(repr(got).encode()).hexdigest())\n"
    )
    one, two = (fresh_python(code, PYTHONHASHSEED=seed) for seed in ("1", "2"))
    assert (one.returncode, one.stderr, one.stdout.count("\n")) == (0, "", len(IDS))
    assert one.stdout == two.stdout


def test_the_module_prefix_makes_an_env_in_a_fresh_process():
    done = fresh_python(
        "import sys, gymnasium as gym\n"
        "assert 'reach_gym' not in sys.modules\n"
        "env = gym.make('reach_gym:reach_gym/GridReach-v0')\n"
        "print(env.spec.id, env.reset(seed=3)[0].tolist())\n",
        "-W",
        "error",
    )
    observation = gym.make("reach_gym/GridReach-v0").reset(seed=3)[0].tolist()
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, f"reach_gym/GridReach-v0 {observation}", "")


HEAVY = ["torch", "numba", "pygame", "matplotlib", "tyro", "rich", "PIL", "imageio", "stable_baselines3", "safetensors"]


def test_importing_the_package_loads_nothing_heavy():
    done = fresh_python(f"import sys, reach_gym\nprint([name for name in {HEAVY} if name in sys.modules])")
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "[]", "")


def test_the_scalar_env_runs_without_anything_heavy():
    done = fresh_python(
        "import sys, gymnasium as gym, reach_gym\n"
        "env = gym.make('reach_gym/GridReach-v0'); env.reset(seed=1); env.step(3)\n"
        "env = gym.make('reach_gym/CursorReachCenterOut-v0'); env.reset(seed=1); env.step(env.action_space.sample())\n"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "[]", "")
