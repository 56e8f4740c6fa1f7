"""The state and the path of a trial that goes on for ever take no more room than those of a short one."""

import json
import pickle

import numpy as np
import pytest

from reach_gym.grid.env import GridReachEnv
from tests.refusals import wording

# A wind that never lets the cursor get off the left wall.
STUCK = {"size": 6, "start": (3, 3), "target": (5, 5), "field": {"push": [-1, 0], "gain": 2}}


def long_trial(steps, **kwargs):
    env = GridReachEnv(**STUCK, **kwargs)
    env.reset(seed=1)
    for k in range(steps):
        assert not env.step(2 * (k % 2) + 2)[2]
    return env


def test_a_long_trial_takes_no_room():
    short, long = long_trial(10), long_trial(20_000)
    assert len(pickle.dumps(long)) < len(pickle.dumps(short)) + 500
    assert len(json.dumps(long.get_state())) < 600
    scene = long.scene()
    assert (scene.step, scene.episode_return, scene.start) == (20_000, -20_000.0, (3, 3))
    assert scene.trail == (scene.cursor,)


def test_a_picture_shows_the_path():
    env = long_trial(4, render_mode="rgb_array")
    assert env.scene().trail == ((3, 3), (1, 4), (0, 4), (0, 5), (0, 5))
    twin = GridReachEnv(**STUCK, render_mode="rgb_array")
    twin.set_state(env.get_state())
    assert twin.scene().trail == ((0, 5),) and twin.scene().step == 4
    twin.step(6)
    assert twin.scene().trail == ((0, 5), (0, 4))
    assert twin.get_state()["steps"] == 5


def test_a_state_continues_the_trial_and_the_stream():
    env, twin = GridReachEnv(size=5, radius=1), GridReachEnv(size=5, radius=1)
    env.reset(seed=2)
    env.step(2)
    state = json.loads(json.dumps(env.get_state()))
    assert {"start", "target", "cursor", "steps"} <= set(state) and "path" not in state
    twin.set_state(state)
    actions = iter(np.random.default_rng(0).integers(0, 8, 100).tolist())
    for action in actions:
        result, other = env.step(action), twin.step(action)
        assert result[1:] == other[1:] and np.array_equal(result[0], other[0])
        if result[2]:
            assert env.reset()[1] == twin.reset()[1] and env.get_state() == twin.get_state()


@pytest.mark.parametrize(
    "part,bad,kind",
    [
        ("cursor", 36, ValueError),
        ("cursor", -1, ValueError),
        ("start", 2.0, TypeError),
        ("start", 36, ValueError),
        ("steps", -1, ValueError),
        ("steps", None, TypeError),
        ("key", 2**64, ValueError),
        ("level", 1, ValueError),
        ("target", [3], TypeError),
        ("radius", float("nan"), ValueError),
    ],
)
def test_a_bad_state_is_refused_and_changes_nothing(part, bad, kind):
    env = long_trial(3)
    before = env.get_state()
    with pytest.raises(kind, match=wording(f"state['{part}']", "got ")):
        env.set_state({**before, part: bad})
    with pytest.raises(ValueError, match="keys"):
        env.set_state({name: value for name, value in before.items() if name != part})
    assert env.get_state() == before
