"""Every bad value is refused at the border: the right class, a message with name and value, and nothing changed."""

import re
import subprocess
import sys
import tracemalloc
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.error import ClosedEnvironmentError, InvalidAction, ResetNeeded
from gymnasium.utils.env_checker import data_equivalence

import reach_gym  # noqa: F401
from reach_gym.fields import ForceField
from reach_gym.grid.env import GridReachEnv
from reach_gym.grid.radius import RadiusSchedule
from reach_gym.grid.vector_env import GridReachVectorEnv
from tests.refusals import label, unrefused, wording

NAN, INF = float("nan"), float("inf")
ROWS = 3
BACKENDS = ["numpy", "numba"]
HUGE = 10**5000  # Python refuses to print it

# (keywords, class, parameter's name, the value as the message shows it); for the scalar and the vector environment.
KEYWORDS = [
    ({"size": 1}, ValueError, "size", "from 2 to 64, got 1."),
    ({"size": 0}, ValueError, "size", "got 0."),
    ({"size": -4}, ValueError, "size", "got -4."),
    ({"size": 65}, ValueError, "size", "got 65."),
    ({"size": 10**6}, ValueError, "size", "got 1000000."),
    ({"size": HUGE}, ValueError, "size", "from 2 to 64, got"),
    ({"size": 16.0}, TypeError, "size", "an integer from 2 to 64, got 16.0."),
    ({"size": NAN}, TypeError, "size", "got nan."),
    ({"size": True}, TypeError, "size", "got True."),
    ({"size": "16"}, TypeError, "size", "got '16'."),
    ({"size": None}, TypeError, "size", "got None."),
    ({"size": [16]}, TypeError, "size", "got [16]."),
    ({"observation": "image"}, ValueError, "observation", "one of 'vector', 'pixels', 'index', 'goal', got 'image'."),
    ({"observation": None}, TypeError, "observation", "got None."),
    ({"observation": 0}, TypeError, "observation", "got 0."),
    ({"observation": ["vector"]}, TypeError, "observation", "got ['vector']."),
    ({"render_mode": "ascii"}, ValueError, "render_mode", "got 'ascii'."),
    ({"render_mode": 1}, TypeError, "render_mode", "got 1."),
    ({"start": (16, 0)}, ValueError, "start[0]", "from 0 to 15, got 16."),
    ({"start": (0, -1)}, ValueError, "start[1]", "got -1."),
    ({"start": (0, 1, 2)}, ValueError, "start", "got (0, 1, 2)."),
    ({"start": 5}, TypeError, "start", "a pair (x, y) of integers from 0 to 15, got 5."),
    ({"start": "12"}, TypeError, "start", "got '12'."),
    ({"start": (0, 1.0)}, TypeError, "start[1]", "got 1.0."),
    ({"start": (NAN, 1)}, TypeError, "start[0]", "got nan."),
    ({"start": (True, 1)}, TypeError, "start[0]", "got True."),
    ({"start": {0: 1, 2: 3}}, TypeError, "start", "got {0: 1, 2: 3}."),
    ({"start": [1, [2, 3]]}, TypeError, "start", "got [2, 3]."),
    ({"target": (16, 0)}, ValueError, "target[0]", "got 16."),
    ({"target": [3]}, ValueError, "target", "got [3]."),
    ({"target": np.array(3)}, TypeError, "target", "got array(3)."),
    ({"target": (None, 1)}, TypeError, "target[0]", "got None."),
    ({"target": (INF, 1)}, TypeError, "target[0]", "got inf."),
    ({"target": [[1, 2], 3]}, TypeError, "target", "got [1, 2]."),
    ({"start": (3, 3), "target": (3, 3)}, ValueError, "radius", "smaller than the 0 squares"),
    ({"start": (0, 0), "target": (3, 4), "radius": 5}, ValueError, "radius", "smaller than the 5 squares"),
    ({"size": 2, "radius": 1.5}, ValueError, "radius", "smaller than the 1.414 squares"),
    ({"target": (8, 8), "radius": 11.4}, ValueError, "radius", "smaller than the 11.31 squares"),
    ({"radius": 22}, ValueError, "radius", "smaller than the 21.21 squares"),
    ({"radius": -0.5}, ValueError, "radius", "got -0.5."),
    ({"radius": 33}, ValueError, "radius", "from 0 to 32, got 33"),
    ({"radius": NAN}, ValueError, "radius", "got nan."),
    ({"radius": INF}, ValueError, "radius", "got inf."),
    ({"radius": HUGE}, ValueError, "radius", "a finite number"),
    ({"radius": True}, TypeError, "radius", "got True."),
    ({"radius": "2"}, TypeError, "radius", "got '2'."),
    ({"radius": None}, TypeError, "radius", "got None."),
    ({"radius": [2]}, TypeError, "radius", "got [2]."),
    ({"radius": {}}, ValueError, "radius", "the key 'start', got {}."),
    ({"radius": {"every": 5}}, ValueError, "radius", "got {'every': 5}."),
    ({"radius": {"start": 8}}, ValueError, "radius", "got every=None and success_rate=None."),
    ({"radius": {"start": 8, "every": 5, "success_rate": 0.5}}, ValueError, "radius", "every=5 and success_rate=0.5."),
    ({"radius": {"start": 8, "every": 5, "speed": 1}}, ValueError, "radius", "'speed'"),
    ({"radius": {"start": -8, "every": 5}}, ValueError, "radius.start", "got -8."),
    ({"radius": {"start": NAN, "every": 5}}, ValueError, "radius.start", "got nan."),
    ({"radius": {"start": "8", "every": 5}}, TypeError, "radius.start", "got '8'."),
    ({"radius": {"start": 40, "every": 5}}, ValueError, "radius", "from 0 to 32, got 40"),
    ({"radius": {"start": 2, "floor": 3, "every": 5}}, ValueError, "radius.floor", "got 3."),
    ({"radius": {"start": 2, "floor": -1, "every": 5}}, ValueError, "radius.floor", "got -1."),
    ({"radius": {"start": 2, "factor": 1, "every": 5}}, ValueError, "radius.factor", "got 1."),
    ({"radius": {"start": 2, "factor": 0, "every": 5}}, ValueError, "radius.factor", "got 0."),
    ({"radius": {"start": 2, "factor": NAN, "every": 5}}, ValueError, "radius.factor", "got nan."),
    ({"radius": {"start": 8, "factor": 0.99, "every": 5}}, ValueError, "radius", "at most 32 levels; factor 0.99"),
    ({"radius": {"start": 2, "every": 0}}, ValueError, "radius.every", "got 0."),
    ({"radius": {"start": 2, "every": 2.0}}, TypeError, "radius.every", "got 2.0."),
    ({"radius": {"start": 2, "every": 2**31}}, ValueError, "radius.every", "got 2147483648."),
    ({"radius": {"start": 2, "success_rate": 0}}, ValueError, "radius.success_rate", "got 0."),
    ({"radius": {"start": 2, "success_rate": 1.1}}, ValueError, "radius.success_rate", "got 1.1."),
    ({"radius": {"start": 2, "success_rate": 0.5, "window": 0}}, ValueError, "radius.window", "got 0."),
    ({"radius": {"start": 2, "success_rate": 0.5, "window": True}}, TypeError, "radius.window", "got True."),
    ({"field": "storm"}, ValueError, "field", "'null', 'wind', 'curl_ccw', 'curl_cw', got 'storm'."),
    ({"field": 3}, TypeError, "field", "got 3."),
    ({"field": True}, TypeError, "field", "got True."),
    ({"field": ["wind"]}, TypeError, "field", "got ['wind']."),
    ({"field": {"strength": 1}}, ValueError, "field", "'strength'"),
    ({"field": {"preset": "storm"}}, ValueError, "field.preset", "got 'storm'."),
    ({"field": {"preset": 1}}, TypeError, "field.preset", "got 1."),
    ({"field": {"gain": NAN}}, ValueError, "field.gain", "got nan."),
    ({"field": {"gain": -INF}}, ValueError, "field.gain", "got -inf."),
    ({"field": {"gain": "1"}}, TypeError, "field.gain", "got '1'."),
    ({"field": {"gain": None}}, TypeError, "field.gain", "got None."),
    ({"field": {"push": 1}}, TypeError, "field.push", "got 1."),
    ({"field": {"push": (1, 2, 3)}}, ValueError, "field.push", "got (1, 2, 3)."),
    ({"field": {"push": (1, INF)}}, ValueError, "field.push[1]", "got inf."),
    ({"field": {"origin": (NAN, 0)}}, ValueError, "field.origin[0]", "got nan."),
    ({"field": {"viscosity": 2}}, TypeError, "field.viscosity", "a 2 x 2 matrix, row by row, got 2."),
    ({"field": {"viscosity": [1, 2]}}, TypeError, "field.viscosity[0]", "got 1."),
    ({"field": {"viscosity": [[1, 2], [3]]}}, ValueError, "field.viscosity[1]", "got [3]."),
    ({"field": {"viscosity": [[0, NAN], [1, 0]]}}, ValueError, "field.viscosity[0][1]", "got nan."),
    ({"field": {"stiffness": [[0, "a"], [1, 0]]}}, TypeError, "field.stiffness[0][1]", "got 'a'."),
    ({"field": {"region": (0, 0, 4)}}, ValueError, "field.region", "got (0, 0, 4)."),
    ({"field": {"region": "all"}}, TypeError, "field.region", "got 'all'."),
    ({"field": {"region": (5, None, 4, None)}}, ValueError, "field.region", "x_min <= x_max, got (5, None, 4, None)."),
    ({"field": {"region": (None, 5, None, 4)}}, ValueError, "field.region", "y_min <= y_max, got (None, 5, None, 4)."),
    ({"field": {"region": (0, NAN, 4, 4)}}, ValueError, "field.region[1]", "got nan."),
]
VECTOR_KEYWORDS = [
    ({"num_envs": 0}, ValueError, "num_envs", "got 0."),
    ({"num_envs": -1}, ValueError, "num_envs", "got -1."),
    ({"num_envs": 10**12}, ValueError, "num_envs", "got 1000000000000."),
    ({"num_envs": 2.0}, TypeError, "num_envs", "got 2.0."),
    ({"num_envs": True}, TypeError, "num_envs", "got True."),
    ({"num_envs": None}, TypeError, "num_envs", "got None."),
    ({"max_episode_steps": 0}, ValueError, "max_episode_steps", "got 0."),
    ({"max_episode_steps": 2**31}, ValueError, "max_episode_steps", "got 2147483648."),
    ({"max_episode_steps": 10.0}, TypeError, "max_episode_steps", "got 10.0."),
    ({"max_episode_steps": INF}, TypeError, "max_episode_steps", "got inf."),
    ({"autoreset_mode": "Never"}, ValueError, "autoreset_mode", "got 'Never'."),
    ({"autoreset_mode": "SAME_STEP"}, ValueError, "autoreset_mode", "'SameStep', 'Disabled', got 'SAME_STEP'."),
    ({"autoreset_mode": None}, TypeError, "autoreset_mode", "got None."),
    ({"autoreset_mode": True}, TypeError, "autoreset_mode", "got True."),
    ({"backend": "jax"}, ValueError, "backend", "'auto', 'numpy', 'numba', got 'jax'."),
    ({"backend": None}, TypeError, "backend", "got None."),
    ({"threads": 0}, ValueError, "threads", "got 0."),
    ({"threads": 10**6}, ValueError, "threads", "got 1000000."),
    ({"threads": 1.0}, TypeError, "threads", "got 1.0."),
    ({"threads": True}, TypeError, "threads", "got True."),
    ({"threads": 2, "backend": "numpy"}, ValueError, "threads", "got 2."),
    ({"threads": 1024, "backend": "numba"}, ValueError, "threads", "got 1024."),
    ({"render_mode": "human"}, ValueError, "render_mode", "one of 'rgb_array', got 'human'."),
]
# Reset arguments; for the scalar and the vector environment.
RESETS = [
    ({"seed": -1}, ValueError, "seed", "got -1."),
    ({"seed": 2**63}, ValueError, "seed", "got 9223372036854775808."),
    ({"seed": HUGE}, ValueError, "seed", "from 0 to 9223372036854775807, got"),
    ({"seed": 1.0}, TypeError, "seed", "got 1.0."),
    ({"seed": NAN}, TypeError, "seed", "got nan."),
    ({"seed": True}, TypeError, "seed", "got True."),
    ({"seed": "1"}, TypeError, "seed", "got '1'."),
    ({"options": [("radius", 1)]}, TypeError, "options", "got [('radius', 1)]."),
    ({"options": 5}, TypeError, "options", "got 5."),
    ({"options": "radius"}, TypeError, "options", "got 'radius'."),
    ({"options": {"size": 5}}, ValueError, "options", "'size'"),
    ({"options": {3: 5}}, ValueError, "options", "the unknown key 3;"),
    ({"seed": 1, "options": {"start": (6, 0)}}, ValueError, "options['start'][0]", "got 6."),
    ({"seed": 1, "options": {"start": (0, 1.5)}}, TypeError, "options['start'][1]", "got 1.5."),
    ({"seed": 1, "options": {"start": 4}}, TypeError, "options['start']", "got 4."),
    ({"seed": 1, "options": {"start": [1, [2, 3]]}}, TypeError, "options['start']", "[2, 3]"),
    ({"options": {"target": (-1, 0)}}, ValueError, "options['target'][0]", "got -1."),
    ({"options": {"target": (1, 2, 3)}}, ValueError, "options['target']", "got (1, 2, 3)."),
    ({"options": {"target": "ab"}}, TypeError, "options['target']", "got 'ab'."),
    ({"options": {"radius": -1}}, ValueError, "options['radius']", "got -1."),
    ({"options": {"radius": NAN}}, ValueError, "options['radius']", "got nan."),
    ({"options": {"radius": 1000}}, ValueError, "options['radius']", "got 1000."),
    ({"options": {"radius": True}}, TypeError, "options['radius']", "got True."),
    ({"options": {"radius": {"start": 2, "every": 1}}}, TypeError, "options['radius']", "got {'start': 2"),
    ({"seed": 1, "options": {"radius": 8}}, ValueError, "radius", "got about 8."),
    ({"seed": 1, "options": {"start": (2, 2), "target": (2, 2)}}, ValueError, "radius", "smaller than the 0 squares"),
    ({"seed": 1, "options": {"start": (0, 0), "target": (0, 2), "radius": 2}}, ValueError, "radius", "got about 2."),
    ({"seed": 1, "options": {"field": "storm"}}, ValueError, "field", "got 'storm'."),
    ({"seed": 1, "options": {"field": {"gain": INF}}}, ValueError, "field.gain", "got inf."),
    ({"seed": 1, "options": {"field": 7}}, TypeError, "field", "got 7."),
]
VECTOR_RESETS = [
    ({"seed": [1, 2]}, ValueError, "seed", "got [1, 2]."),
    ({"seed": [1, 2, 3, 4]}, ValueError, "seed", "got [1, 2, 3, 4]."),
    ({"seed": [1, -2, 3]}, ValueError, "seed", "got -2."),
    ({"seed": [1, 2.0, 3]}, TypeError, "seed", "got 2.0."),
    ({"seed": [1, True, 3]}, TypeError, "seed", "got True."),
    ({"seed": 2**63 - 2}, ValueError, "seed", "got"),  # seed + row must fit too
    ({"options": {"reset_mask": [True, False, True]}}, TypeError, "options['reset_mask']", "got [True, False, True]."),
    ({"options": {"reset_mask": np.array([1, 0, 1])}}, TypeError, "options['reset_mask']", "got array([1, 0, 1])."),
    ({"options": {"reset_mask": None}}, TypeError, "options['reset_mask']", "got None."),
    ({"options": {"reset_mask": np.ones(4, bool)}}, ValueError, "options['reset_mask']", "shape (3,)"),
    ({"options": {"reset_mask": np.ones((3, 1), bool)}}, ValueError, "options['reset_mask']", "shape (3,)"),
    ({"options": {"reset_mask": np.zeros(3, bool)}}, ValueError, "options['reset_mask']", "[False, False, False]"),
    ({"options": {"reset_mask": np.ones(3, bool), "size": 4}}, ValueError, "options", "'size'"),
    ({"options": {"reset_mask": np.array([0, 1, 0], bool), "radius": 8}, "seed": 4}, ValueError, "radius", "about 8"),
    ({"options": {"start": [(0, 0), (1, 1)]}}, ValueError, "options['start']", "got [(0, 0), (1, 1)]."),
    ({"options": {"start": [(0, 0), (1, 1), (6, 0)]}}, ValueError, "options['start']", "got [(0, 0), (1, 1), (6, 0)]."),
    ({"options": {"target": np.full((3, 2), -1)}}, ValueError, "options['target']", "from 0 to 5"),
    ({"options": {"target": np.ones((3, 2))}}, TypeError, "options['target']", "1."),
    ({"options": {"target": np.ones((3, 2), bool)}}, TypeError, "options['target']", "True"),
    ({"options": {"start": [(0, 0), (1, 1), (2, 2)], "target": (2, 2)}}, ValueError, "radius", "the 0 squares"),
]
ACTIONS = [
    *[-1, 8, 10**30, HUGE, True, False, np.True_, np.array(True), 3.0, np.float64(3), np.float32(3), NAN, INF, "3", b"3", None],
    *[[3], (3,), np.array([3]), np.array([[3]]), np.array(3.0), np.array(9), np.int8(-1), np.uint64(2**63), {}, 3j, object],
    *[np.timedelta64(1, "s"), np.timedelta64(1), np.timedelta64("NaT"), np.datetime64(1, "s"), np.array(np.timedelta64(1))],
]
VECTOR_ACTIONS = [
    *[[0, 1], [0, 1, 2, 3], 3, None, "012", [], np.zeros((3, 1), int), np.zeros((1, 3), int), np.zeros(3), [0, 1.0, 2]],
    *[[0, None, 2], [0, NAN, 2], [0, INF, 2], ["0", "1", "2"], [True, False, True], [0, [1], 2], [0, 1, HUGE]],
    *[np.array([1, 2, 3], "m8[s]"), np.array([1, 2, 3], "M8[s]")],
    *[[0, 1, -1], [8, 0, 1], [0, 8, 1], [0, 1, 8], [0, 10**30, 0], np.array([0, 1, 2**64 - 1], np.uint64), [3, 2, -(2**63)]],
]


def scalar():
    return GridReachEnv(size=6)


def vector(backend="numpy", num_envs=ROWS, **kwargs):
    return GridReachVectorEnv(num_envs, size=6, backend=backend, **kwargs)


def vector_from(kwargs):
    return GridReachVectorEnv(**{"num_envs": 2, "backend": "numpy", **kwargs})


def complaints():
    """What is not refused as it should be, without pytest and `assert`: for Python's -O."""

    def tries():
        for kwargs, *expected in KEYWORDS:
            yield lambda kwargs=kwargs: GridReachEnv(**kwargs), expected
            yield lambda kwargs=kwargs: vector_from(kwargs), expected
        for kwargs, *expected in VECTOR_KEYWORDS:
            yield lambda kwargs=kwargs: vector_from(kwargs), expected
        one, many = scalar(), vector()
        one.reset(seed=1)
        many.reset(seed=1)
        for kwargs, *expected in RESETS:
            yield lambda kwargs=kwargs: one.reset(**kwargs), expected
            yield lambda kwargs=kwargs: many.reset(**kwargs), expected
        for action in ACTIONS:
            yield lambda action=action: one.step(action), (InvalidAction, "action", "")
        for actions in VECTOR_ACTIONS:
            yield lambda actions=actions: many.step(actions), (InvalidAction, "actions", "")
        yield lambda: scalar().step(0), (ResetNeeded, "", "reset")
        yield lambda: vector().step([0] * ROWS), (ResetNeeded, "", "reset")
        yield scalar().render, (ResetNeeded, "", "reset")

    return unrefused(tries())


@pytest.mark.parametrize("make", [lambda kwargs: GridReachEnv(**kwargs), vector_from], ids=["scalar", "vector"])
@pytest.mark.parametrize("kwargs,kind,name,value", KEYWORDS, ids=label)
def test_a_bad_keyword_is_refused(make, kwargs, kind, name, value):
    with pytest.raises(kind, match=wording(name, value)):
        make(kwargs)


@pytest.mark.parametrize("kwargs,kind,name,value", VECTOR_KEYWORDS, ids=label)
def test_a_bad_keyword_of_the_vector_env_is_refused(kwargs, kind, name, value):
    with pytest.raises(kind, match=wording(name, value)):
        vector_from(kwargs)


def test_the_registered_id_refuses_too():
    with pytest.raises(ValueError, match=wording("size", "got 1.")):
        gym.make("reach_gym/GridReach-v0", size=1)
    with pytest.raises(ValueError, match=wording("size", "got 1.")):
        gym.make_vec("reach_gym/GridReach-v0", num_envs=2, size=1)
    with pytest.raises(ValueError, match=wording("num_envs", "got 0.")):
        gym.make_vec("reach_gym/GridReach-v0", num_envs=0, vectorization_mode="vector_entry_point")


@pytest.mark.parametrize("make", [lambda kwargs: GridReachEnv(**kwargs), vector_from], ids=["scalar", "vector"])
def test_a_huge_size_is_refused_before_memory_is_taken(make):
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=wording("size", "got 1000000.")):
            make({"size": 10**6})
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2**20  # any table of such a grid would take terabytes, and the time to fill them


def test_ready_made_fields_and_schedules_are_checked_on_construction():
    with pytest.raises(ValueError, match=wording("field.gain", "got nan.")):
        ForceField(gain=NAN)
    with pytest.raises(TypeError, match=wording("field.push", "got None.")):
        ForceField(push=None)
    with pytest.raises(ValueError, match=wording("radius.floor", "got 9.")):
        RadiusSchedule(start=8, floor=9, every=1)
    with pytest.raises(TypeError, match=wording("radius.start", "got None.")):
        RadiusSchedule(start=None, every=1)


@pytest.mark.parametrize("kwargs,kind,name,value", RESETS, ids=label)
def test_a_rejected_reset_changes_nothing(kwargs, kind, name, value):
    env, twin = scalar(), scalar()
    for each in (env, twin):
        each.reset(seed=5)
        each.step(1)
    before = env.get_state()
    with pytest.raises(kind, match=wording(name, value)):
        env.reset(**kwargs)
    assert env.get_state() == before
    assert data_equivalence(env.step(2), twin.step(2), exact=True)
    assert data_equivalence(env.reset(), twin.reset(), exact=True)
    assert env.np_random.bit_generator.state == twin.np_random.bit_generator.state


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("kwargs,kind,name,value", [*RESETS, *VECTOR_RESETS], ids=label)
def test_a_rejected_vector_reset_changes_nothing(kwargs, kind, name, value, backend):
    env, twin = vector(backend), vector(backend)
    for each in (env, twin):
        each.reset(seed=5)
        each.step([1, 2, 3])
    before = env.get_state()
    with pytest.raises(kind, match=wording(name, value)):
        env.reset(**kwargs)
    assert data_equivalence(env.get_state(), before, exact=True)
    assert data_equivalence(env.step([4, 5, 6]), twin.step([4, 5, 6]), exact=True)
    assert data_equivalence(env.reset(), twin.reset(), exact=True)


def test_a_rejected_first_reset_begins_nothing():
    env, many = scalar(), vector()
    with pytest.raises(ValueError):
        env.reset(seed=1, options={"radius": -1})
    with pytest.raises(ResetNeeded):
        env.step(0)
    with pytest.raises(ValueError):
        many.reset(seed=1, options={"radius": -1})
    with pytest.raises(ResetNeeded):
        many.step([0] * ROWS)
    with pytest.raises(ResetNeeded, match="all rows"):
        many.reset(seed=1, options={"reset_mask": np.array([True, False, True])})


@pytest.mark.parametrize("kind", [InvalidAction, ValueError])
@pytest.mark.parametrize("action", ACTIONS, ids=label)
def test_a_bad_action_is_refused_and_moves_nothing(action, kind):
    env = scalar()
    env.reset(seed=3)
    before = env.get_state()
    with pytest.raises(kind, match=wording("action", "an integer from 0 to 7, got ")) as caught:
        env.step(action)
    if action is not HUGE:
        assert repr(action)[:60] in str(caught.value)
    assert env.get_state() == before


def test_torch_actions_that_are_no_integer_scalars_are_refused():
    torch = pytest.importorskip("torch")
    env = scalar()
    env.reset(seed=3)
    for action in (torch.tensor(3.0), torch.tensor(True), torch.tensor([3]), torch.tensor(8)):
        with pytest.raises(InvalidAction, match=wording("action", "got tensor(")):
            env.step(action)


@pytest.mark.parametrize("kind", [np.int64, np.int8, np.uint8, np.array, "torch", "torch uint8"], ids=str)
def test_every_integer_scalar_is_the_same_action(kind):
    if isinstance(kind, str):
        torch = pytest.importorskip("torch")
        dtype = torch.uint8 if "uint8" in kind else torch.int64
        kind = lambda action: torch.tensor(action, dtype=dtype)
    env, plain = scalar(), scalar()
    assert data_equivalence(env.reset(seed=9), plain.reset(seed=9), exact=True)
    places = []
    for action in [0, 1, 2, 3, 4, 5, 6, 7, 7, 2]:
        env.step(kind(action)), plain.step(action)
        places.append((plain.get_state()["trial"], plain.get_state()["cursor"]))
        assert env.get_state() == plain.get_state()
        if not plain._running:
            env.reset(), plain.reset()
    assert len({cursor for trial, cursor in places if trial == places[-1][0]}) > 1  # it did move


@pytest.mark.parametrize("make", [list, tuple, np.array, lambda a: np.array(a, np.uint8), "torch"], ids=range(5))
def test_every_integer_batch_is_the_same_actions(make):
    if make == "torch":
        make = pytest.importorskip("torch").tensor
    env, plain = vector(), vector()
    env.reset(seed=9), plain.reset(seed=9)
    assert data_equivalence(env.step(make([1, 5, 7])), plain.step(np.array([1, 5, 7])), exact=True)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("actions", VECTOR_ACTIONS, ids=label)
def test_a_bad_action_is_refused_before_any_row_moves(actions, backend):
    env, twin = vector(backend), vector(backend)
    env.reset(seed=3), twin.reset(seed=3)
    before = env.get_state()
    for kind in (InvalidAction, ValueError):
        with pytest.raises(kind, match=wording("actions", "3 integers from 0 to 7, got ")):
            env.step(actions)
    assert data_equivalence(env.get_state(), before, exact=True)
    assert data_equivalence(env.step([0, 1, 2]), twin.step([0, 1, 2]), exact=True)


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_message_tells_the_row_and_the_value(backend):
    env = vector(backend)
    env.reset(seed=3)
    with pytest.raises(InvalidAction, match="got 8 in row 1"):
        env.step(np.array([0, 8, 9]))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("mode", ["NextStep", "SameStep", "Disabled"])
def test_the_callers_actions_are_never_modified(mode, backend):
    env = vector(backend, autoreset_mode=mode, max_episode_steps=2)
    _, _ = env.reset(seed=3)
    actions = np.array([1, 5, 7])
    for _ in range(7):  # through several ends of trials
        _, _, terminated, truncated, _ = env.step(actions)
        assert actions.tolist() == [1, 5, 7]
        if mode == "Disabled" and (terminated | truncated).any():
            env.reset(options={"reset_mask": terminated | truncated})
    bad = np.array([1, 5, 9])
    with pytest.raises(InvalidAction):
        env.step(bad)
    assert bad.tolist() == [1, 5, 9]


def test_the_callers_options_are_never_modified():
    for env, options in (
        (scalar(), {"radius": 2, "field": {"preset": "wind", "gain": 2}}),
        (vector(), {"radius": 2, "reset_mask": np.ones(ROWS, bool), "start": np.zeros((ROWS, 2), int)}),
    ):
        kept = {key: np.array(value, copy=True) if isinstance(value, np.ndarray) else value for key, value in options.items()}
        env.reset(seed=1, options=options)
        assert options.keys() == kept.keys() and all(np.all(options[key] == kept[key]) for key in kept)


@pytest.mark.parametrize("what", ["render", "get_state", "scene", "row_tasks"])
def test_the_bare_env_needs_a_reset_first(what):
    with pytest.raises(ResetNeeded, match="reset"):
        getattr(GridReachEnv(render_mode="rgb_array"), what)()


def test_step_before_the_reset_and_after_the_end_is_refused():
    env = GridReachEnv(size=6, render_mode="rgb_array")
    with pytest.raises(ResetNeeded, match="`reset` before `step`"):
        env.step(0)
    env.reset(seed=1, options={"start": (0, 0), "target": (1, 0)})
    assert env.step(0)[2]
    before = env.get_state()
    with pytest.raises(ResetNeeded, match="`reset` before `step`"):
        env.step(0)
    assert env.get_state() == before
    assert env.render().ndim == 3  # the last picture stays to be seen
    env.reset()
    env.step(0)


@pytest.mark.parametrize("what", ["render", "get_state", "scenes", "row_tasks"])
def test_the_vector_env_needs_a_reset_first(what):
    with pytest.raises(ResetNeeded, match="reset"):
        getattr(vector(render_mode="rgb_array"), what)()


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_vector_env_without_autoreset_refuses_to_go_on(backend):
    env = vector(backend, autoreset_mode="Disabled")
    with pytest.raises(ResetNeeded, match="`reset` before `step`"):
        env.step([0] * ROWS)
    env.reset(seed=1, options={"start": [(0, 0), (3, 3), (0, 0)], "target": [(1, 0), (0, 0), (5, 5)]})
    assert env.step([0, 0, 0])[2].tolist() == [True, False, False]
    before = env.get_state()
    with pytest.raises(ResetNeeded, match=re.escape("rows [0]")):
        env.step([0, 0, 0])
    assert data_equivalence(env.get_state(), before, exact=True)
    env.reset(options={"reset_mask": np.array([True, False, False])})
    env.step([0, 0, 0])


def test_a_closed_vector_env_is_closed():
    env = vector(render_mode="rgb_array")
    env.reset(seed=1)
    state = env.get_state()
    env.close()
    env.close()  # once more does no harm
    for call in (
        lambda: env.step([0] * ROWS),
        lambda: env.step(None),
        lambda: env.reset(),
        lambda: env.reset(seed=1),
        env.render,
        env.get_state,
        lambda: env.set_state(state),
    ):
        with pytest.raises(ClosedEnvironmentError, match="closed"):
            call()


def test_the_checks_survive_python_o():
    root = Path(__file__).parents[2]
    code = (
        "import sys; sys.path[:0] = ['.']\n"
        "from tests.grid.test_bad_input import complaints\n"
        "count, found = complaints()\n"
        "print(__debug__, count, *found, sep='\\n')\n"
    )
    done = subprocess.run([sys.executable, "-O", "-c", code], cwd=root, capture_output=True, text=True, timeout=60)
    debug, count, *found = done.stdout.splitlines() or ["", "0", done.stderr]
    assert (done.returncode, debug, found) == (0, "False", [])
    assert int(count) > 250
