"""`info="lean"`: the same steps, and of info the outcome alone."""

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import data_equivalence
from gymnasium.vector import SyncVectorEnv

import reach_gym  # noqa: F401
from reach_gym.acting.rollout import make_rows
from reach_gym.registration import TASKS

LIMIT = 15
EASY = {"radius": 0.09, "speed_limit": 1e4, "hold": 0.0, "target_onset": 0.02, "go_delay": (0.0, 0.03)}
CASES = {
    "grid": ("GridReach-v0", {"radius": 3.0, "field": "wind"}),
    "grid pixels": ("GridReachPixels-v0", {"radius": 3.0}),
    "grid goal": ("GridReach-v0", {"radius": 3.0, "observation": "goal"}),
    "grid session": ("GridReach-v0", {"radius": 3.0, "field": "wind", "schedule": "abrupt"}),
    "cursor": ("CursorReachCurl-v0", EASY),
    "cursor late": ("CursorReach-v0", {**EASY, "delay": 2, "rotation": 20.0, "reward": "dense", "observation": "goal"}),
}
KEYS = {"grid": ["is_success"], "cursor": ["false_start", "is_success"]}
every_case = pytest.mark.parametrize("env_id,kwargs", CASES.values(), ids=CASES)


def same(a, b):
    return data_equivalence(a, b, exact=True)


def keys_of(env_id):
    return KEYS[TASKS[f"reach_gym/{env_id}"].family]


def less(info, keys):
    """What of a full info a lean one holds."""
    kept = {name: values for name, values in info.items() if name.lstrip("_") in (*keys, "final_obs", "final_info")}
    if "final_info" in kept:
        kept["final_info"] = less(kept["final_info"], keys)
    return kept


@every_case
def test_scalar(env_id, kwargs):
    made = [gym.make(f"reach_gym/{env_id}", info=info, max_episode_steps=LIMIT, **kwargs) for info in ("full", "lean")]
    made[0].action_space.seed(0)
    actions = [made[0].action_space.sample() for _ in range(80)]
    keys, told = keys_of(env_id), set()
    for action in [None, *actions]:
        (*full, info), (*lean, outcome) = [env.reset(seed=3) if action is None else env.step(action) for env in made]
        assert same(full, lean)
        assert same({name: info[name] for name in keys}, outcome)
        told.add(tuple(outcome.values()))
        if action is not None and (full[2] or full[3]):
            for env in made:
                env.reset()
    assert len(told) > 1


@pytest.mark.parametrize("mode", ["NextStep", "SameStep", "Disabled"])
@pytest.mark.parametrize("backend", ["numpy", "numba"])
@every_case
def test_vector(env_id, kwargs, backend, mode):
    if backend == "numba":
        pytest.importorskip("numba")
    env_id_full, keys = f"reach_gym/{env_id}", keys_of(env_id)
    common = {"max_episode_steps": LIMIT, "autoreset_mode": mode, **kwargs}
    full = gym.make_vec(env_id_full, num_envs=5, backend="numpy", **common)
    lean = gym.make_vec(env_id_full, num_envs=5, backend=backend, info="lean", **common)
    sync = SyncVectorEnv(
        [lambda: gym.make(env_id_full, info="lean", max_episode_steps=LIMIT, **kwargs)] * 5,
        autoreset_mode=lean.metadata["autoreset_mode"],
    )
    full.action_space.seed(1)
    envs, ends = (full, lean, sync), np.zeros(5, np.bool_)
    for step in range(60):
        actions = full.action_space.sample()
        if step == 0 or (mode == "Disabled" and ends.any()):
            options = None if step == 0 else {"reset_mask": ends}
            results = [env.reset(seed=7 if step == 0 else None, options=options) for env in envs]
            ends = np.zeros(5, np.bool_)
        else:
            results = [env.step(actions) for env in envs]
            ends = results[0][2] | results[0][3]
        (*a, info), (*b, outcome), (*c, theirs) = results
        assert same(a, b)
        assert same(less(info, keys), outcome)
        assert same([np.asarray(x) for x in b[1:]], [np.asarray(x) for x in c[1:]])
        assert set(theirs) == set(outcome)
        arrays = [outcome[name] for name in keys] + [x for x in b if isinstance(x, np.ndarray)]
        assert not any(np.may_share_memory(x, y) for i, x in enumerate(arrays) for y in arrays[:i])


def test_it_is_a_keyword_and_those_who_read_more_ask_for_all():
    with pytest.raises(ValueError, match="`info` must be one of 'full', 'lean', got 'less'"):
        gym.make("reach_gym/GridReach-v0", info="less")
    env = make_rows("reach_gym/GridReach-v0", 2, {"info": "lean"})
    assert "distance" in env.reset(seed=0)[1]
