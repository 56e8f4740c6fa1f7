"""`step(actions, out=...)` writes the same values into the caller's arrays, and large arrays are fresh though memory is used again."""

import copy

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import data_equivalence

import reach_gym  # noqa: F401
from reach_gym.errors import InvalidActionError
from reach_gym.rows import pages
from reach_gym.rows.out import Out

LIMIT, ROWS, STEPS = 5, 3, 12
CASES = [
    ("GridReach-v0", {"radius": 3.0}),
    ("GridReachPixels-v0", {"radius": 3.0}),
    ("GridReach-v0", {"radius": 3.0, "observation": "goal"}),
    ("GridReachTabular-v0", {}),
    ("CursorReachCurl-v0", {}),
    ("CursorReach-v0", {"observation": "goal", "reward": "sparse"}),
    ("CursorReach-v0", {"observation": "pixels"}),
]
MODES = ["NextStep", "SameStep", "Disabled"]
every_case = pytest.mark.parametrize("env_id,kwargs", CASES, ids=lambda part: part if isinstance(part, str) else str(part or ""))


def made(env_id, kwargs, **more):
    env = gym.make_vec(
        f"reach_gym/{env_id}", ROWS, vectorization_mode="vector_entry_point", max_episode_steps=LIMIT, **{"backend": "numpy", **kwargs, **more}
    ).unwrapped
    env.action_space.seed(0)
    env.reset(seed=0)
    return env


def buffers(env, steps, fill):
    """Arrays for so many steps, as a learner keeps them, full of something else."""

    def array(space):
        return np.full((steps, *space.shape), fill, space.dtype)

    space = env.observation_space
    seen = {name: array(part) for name, part in space.items()} if isinstance(space, gym.spaces.Dict) else array(space)
    return seen, np.full((steps, ROWS), 7.0), np.ones((steps, ROWS), np.bool_), np.ones((steps, ROWS), np.bool_)


def at(part, step):
    return {name: values[step] for name, values in part.items()} if isinstance(part, dict) else part[step]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("backend", ["numpy", "numba"])
@every_case
def test_the_same_values_in_the_callers_arrays(env_id, kwargs, backend, mode):
    if backend == "numba":
        pytest.importorskip("numba")
    env = made(env_id, kwargs, backend=backend, autoreset_mode=mode)
    other, kept = copy.deepcopy(env), buffers(env, STEPS, 3)
    expected, got = [], []
    for step in range(STEPS):
        actions = env.action_space.sample()
        expected.append(env.step(actions))
        out = Out(*(at(part, step) for part in kept))
        got.append(other.step(actions, out=out))
        assert all(result is part for result, part in zip(got[-1][:4], out, strict=True))
        over = expected[-1][2] | expected[-1][3]
        if mode == "Disabled" and over.any():
            for each in (env, other):
                each.reset(options={"reset_mask": over})
    # Compared at the end: nothing that was written, and no final observation, is touched by later steps.
    assert data_equivalence(expected, got, exact=True)
    assert any("final_obs" in result[4] for result in got) == (mode == "SameStep")


@every_case
def test_a_bad_action_writes_nothing(env_id, kwargs):
    for backend in ("numpy", "numba"):
        if backend == "numba" and env_id.startswith("Cursor"):
            continue  # compiles for seconds; its loops check before they write
        env = made(env_id, kwargs, backend=backend)
        kept = buffers(env, 1, 1)
        bad = np.full(ROWS, 8) if env_id.startswith("Grid") else np.full((ROWS, 2), np.nan)
        before = copy.deepcopy(kept)
        with pytest.raises(InvalidActionError):
            env.step(bad, out=Out(*(at(part, 0) for part in kept)))
        assert data_equivalence(kept, before, exact=True)


def test_what_cannot_be_written_into_is_refused():
    env = made("GridReach-v0", {})
    actions, state = np.zeros(ROWS, np.int64), env.get_state()
    frozen = np.zeros(ROWS)
    frozen.setflags(write=False)
    flags = np.zeros(ROWS, np.bool_)
    for out, error, text in [
        ((np.zeros((ROWS, 4), np.float32),), TypeError, "`out` must be a `reach_gym.rows.out.Out`"),
        (Out(observations=np.zeros((ROWS, 4))), TypeError, "`out.observations` must be .* float32 array of shape"),
        (Out(observations=[0.0]), TypeError, "`out.observations` must be"),
        (Out(observations=np.zeros((ROWS + 1, 4), np.float32)), ValueError, "got one of shape"),
        (Out(observations=np.zeros((4, ROWS), np.float32).T), ValueError, "not contiguous"),
        (Out(rewards=np.zeros(ROWS, np.float32)), TypeError, "`out.rewards` must be"),
        (Out(rewards=frozen), ValueError, "writable"),
        (Out(terminated=flags, truncated=flags), ValueError, "must not share memory"),
    ]:
        with pytest.raises(error, match=text):
            env.step(actions, out=out)
    assert data_equivalence(env.get_state(), state, exact=True)
    goal = made("CursorReach-v0", {"observation": "goal", "reward": "sparse"})
    with pytest.raises(TypeError, match="`out.observations` must be a dict with the keys"):
        goal.step(np.zeros((ROWS, 2)), out=Out(observations=np.zeros((ROWS, 9))))


def test_memory_is_used_again_only_when_nobody_holds_it():
    made_of, shape = pages.Pages(), (pages.LARGE,)
    first = made_of.empty(shape, np.uint8)
    place = first.ctypes.data
    first[:] = 1
    part = first[5:7]
    second, third = made_of.empty(shape, np.uint8), made_of.empty(shape, np.uint8)
    assert not np.may_share_memory(first, second) and not np.may_share_memory(second, third)
    assert not np.may_share_memory(first, third)
    del first, third
    second[:] = 2
    assert made_of.empty(shape, np.uint8).ctypes.data != place and (part == 1).all()
    del part, second
    held = made_of.empty(shape, np.uint8)
    place = held.ctypes.data
    view = memoryview(held)
    del held
    assert made_of.empty(shape, np.uint8).ctypes.data != place
    view.release()
    del view
    used = {made_of.empty(shape, np.uint8).ctypes.data for _ in range(4)}
    assert len(used) == 1
    assert pages.array_maker((3,), np.dtype(np.float32)) is np.empty


def test_large_batches_of_pixels_are_fresh(monkeypatch):
    monkeypatch.setattr(pages, "LARGE", 1)
    env = made("CursorReach-v0", {"observation": "pixels"})
    held, copies = [], []
    for step in range(8):
        seen = env.step(np.full((ROWS, 2), 0.5, np.float32))[0]
        if step % 3:
            held.append(seen[1] if step % 2 else seen)
            copies.append(held[-1].copy())
    assert data_equivalence(held, copies, exact=True)
    assert not any(np.may_share_memory(one, other) for i, one in enumerate(held) for other in held[:i])
