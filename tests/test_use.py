"""Defects that were met in use, and must not come back."""

import copy
import inspect
import time

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.error import Error
from gymnasium.utils.env_checker import data_equivalence

import reach_gym  # noqa: F401
from reach_gym.acting.protocol import as_agent
from reach_gym.errors import InvalidActionError
from reach_gym.grid import rules
from reach_gym.grid.env import GridReachEnv
from reach_gym.grid.vector_env import GridReachVectorEnv
from reach_gym.reach.env import CursorReachEnv
from reach_gym.reach.keywords import Reach
from reach_gym.reach.tables import SESSION, tables_of
from reach_gym.reach.vector_env import CursorReachVectorEnv


class Unprintable:
    """Somebody's object that an error message cannot show."""

    def __repr__(self):
        raise RuntimeError("no picture")


CLASSES = (CursorReachEnv, CursorReachVectorEnv, GridReachEnv, GridReachVectorEnv)
FEW = [
    ({"size": 64, "radius": 88.9}, 4),
    ({"size": 64, "radius": 86.0, "target": (0, 0)}, None),
    ({"size": 64, "radius": 88.5, "start": (63, 0)}, None),
]


@pytest.mark.parametrize("kwargs,pairs", FEW)
def test_few_possible_pairs_are_found_at_once(kwargs, pairs):
    begin = time.process_time()
    env = gym.make("reach_gym/GridReach-v0", **kwargs).unwrapped
    env.reset(seed=5)
    scalar = []
    for _ in range(12):
        state = env.get_state()
        scalar.append((state["start"], state["target"]))
        env.reset()
    assert time.process_time() - begin < 5
    size, limit = kwargs["size"], int(kwargs["radius"] ** 2)
    far = [(a % size - b % size) ** 2 + (a // size - b // size) ** 2 > limit for a, b in scalar]
    assert all(far)
    if pairs:
        assert len(set(scalar)) == pairs
    for backend in ("numpy", "numba"):
        if backend == "numba":
            pytest.importorskip("numba")
        envs = gym.make_vec(
            "reach_gym/GridReach-v0", num_envs=2, backend=backend, max_episode_steps=1, autoreset_mode="SameStep", **kwargs
        ).unwrapped
        envs.reset(seed=[5, 6])
        rows = []
        for _ in range(12):
            start, target = envs.trial_cells()
            rows.append((int(start[0]), int(target[0])))
            envs.step(np.zeros(2, np.int64))
        assert rows == scalar


def test_every_possible_pair_is_equally_likely(monkeypatch):
    size, limit = 4, 8
    for start, target in ((-1, -1), (0, -1), (-1, 15)):
        cells = range(size * size)
        possible = [
            (a, b)
            for a in (cells if start < 0 else [start])
            for b in (cells if target < 0 else [target])
            if (a % size - b % size) ** 2 + (a // size - b // size) ** 2 > limit
        ]
        each = -(-rules.CHANCES // len(possible))
        drawn = [rules.far_pair(k * each, start, target, size, limit) for k in range(len(possible))]
        assert sorted(drawn) == sorted(possible)


def test_a_wave_takes_memory_once():
    wave = {"amplitude": 0.5, "period": 1000}
    blocks = [{"name": "plain", "trials": 1}] * 400 + [{"name": "wave", "trials": 1, "within": wave}] * 3
    other = {"name": "other", "trials": 1, "within": {"amplitude": 0.2, "period": 1}}
    tables = tables_of(Reach(schedule=[*blocks, other], field="curl_cw"), None)
    assert tables.waves.shape == (3, 100_000)
    assert tables.session[SESSION.wave].tolist() == [0.0] * 400 + [1.0] * 3 + [2.0]


def test_the_state_does_not_depend_on_the_render_mode():
    states = []
    for mode in (None, "rgb_array"):
        env = gym.make("reach_gym/CursorReachCurl-v0", render_mode=mode)
        env.reset(seed=3)
        for _ in range(27):
            env.step(np.array([0.5, -0.2], np.float32))
        states.append(env.unwrapped.get_state())
    assert states[0] == states[1]


@pytest.mark.parametrize("env_id", ["GridReach-v0", "CursorReach-v0"])
def test_a_reset_without_a_display_changes_nothing(env_id, monkeypatch):
    pytest.importorskip("pygame")
    for name in ("SDL_VIDEODRIVER", "SDL_VIDEO_DRIVER", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    env = gym.make(f"reach_gym/{env_id}", render_mode="human").unwrapped
    with pytest.raises(Error, match="No window can open"):
        env.reset(seed=1)
    with pytest.raises(Error, match="no trial has begun"):
        env.get_state()


def test_an_array_of_objects_is_no_action():
    env = gym.make("reach_gym/CursorReach-v0").unwrapped
    env.reset(seed=0)
    state = env.get_state()
    with pytest.raises(InvalidActionError, match="`action` must be finite numbers"):
        env.step(np.array([0.1, 0.2], object))
    assert env.get_state() == state


def test_states_that_a_task_cannot_reach_are_refused():
    grid = gym.make("reach_gym/GridReach-v0", radius={"start": 4, "every": 10}).unwrapped
    grid.reset(seed=0)
    for name in ("seen", "hits"):
        with pytest.raises(ValueError, match=f"`state\\['{name}'\\]`"):
            grid.set_state({**grid.get_state(), name: 10})
    rows = gym.make_vec("reach_gym/GridReach-v0", num_envs=2, radius={"start": 4, "every": 10}, backend="numpy").unwrapped
    rows.reset(seed=0)
    for line in (6, 9, 10):  # steps, seen, hits
        state = rows.get_state()
        state["numbers"][line, 0] = 2**31 - 1
        with pytest.raises(ValueError, match="`state\\['numbers'\\]"):
            rows.set_state(state)
    cursor = gym.make("reach_gym/CursorReach-v0").unwrapped
    cursor.reset(seed=0)
    state = cursor.get_state()
    far = copy.deepcopy(state)
    far["floats"][6] = 1e15  # the target's x stands behind the four numbers of the hand and the start
    with pytest.raises(ValueError, match="starts and targets within"):
        cursor.set_state(far)
    cursor.set_state(state)
    assert data_equivalence(cursor.get_state(), state)


@pytest.mark.parametrize("cls", CLASSES)
def test_what_cannot_be_printed_is_refused_like_everything_else(cls):
    for name, parameter in inspect.signature(cls).parameters.items():
        for bad in (Unprintable(), [Unprintable()], {"kind": Unprintable()}):
            with pytest.raises((TypeError, ValueError)):
                cls(bad) if parameter.kind is parameter.POSITIONAL_ONLY else cls(**{name: bad})
    with pytest.raises(TypeError, match="got a Unprintable that cannot be printed"):
        as_agent(Unprintable(), gym.make_vec("reach_gym/GridReach-v0", backend="numpy"))
