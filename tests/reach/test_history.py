"""`history=n`: the present observation, then, the latest first, n pairs of a past observation and the action that followed it."""

import json

import gymnasium as gym
import numpy as np
import pytest

from reach_gym.reach.env import CursorReachEnv
from reach_gym.reach.vector_env import CursorReachVectorEnv
from reach_gym.rows.out import Out

N, ROWS, LIMIT = 3, 3, 9
TASK = {"target_onset": 0.02, "go_delay": (0.0, 0.03), "delay": 2, "sensory_noise": (0.002, 0.02), "motor_noise": (0.5, 0.1)}
MODES = ["NextStep", "SameStep", "Disabled"]
BACKENDS = ["numpy", "numba"]


class Past:
    """What one row should show, from what it shows without a history."""

    def __init__(self, first):
        self.seen, self.done = [first], []

    def after(self, action, seen):
        self.done.append(np.clip(action, -1, 1).astype(np.float32))
        self.seen.append(seen)

    @property
    def shown(self):
        pairs = []
        for k in range(1, N + 1):
            at = len(self.seen) - 1 - k
            pairs += [self.seen[max(at, 0)], self.done[at] if at >= 0 else np.zeros(2, np.float32)]
        return np.concatenate([self.seen[-1], *pairs])


def actions(generator, *shape):
    return generator.uniform(-1.5, 1.5, (*shape, 2)).astype(np.float32)  # some beyond the bounds


def test_the_scalar_environment_shows_its_past():
    env, plain = CursorReachEnv(**TASK, history=N), CursorReachEnv(**TASK)
    generator = np.random.default_rng(0)
    for trial in range(3):
        seed = 5 if trial == 0 else None
        (shown, info), (seen, told) = env.reset(seed=seed), plain.reset(seed=seed)
        past = Past(seen)
        assert info == told and shown.dtype == np.float32 and shown.shape == (14 + N * 16,)
        for step in range(20):
            assert np.array_equal(shown, past.shown) and shown in env.observation_space
            if step == 7 and trial == 1:  # goes on in an environment that was elsewhere
                state = json.loads(json.dumps(env.get_state()))
                env = CursorReachEnv(**TASK, history=N)
                env.reset(seed=99)
                env.set_state(state)
                assert env.get_state() == state
            action = actions(generator)
            (shown, *one), (seen, *two) = env.step(action), plain.step(action)
            past.after(action, seen)
            assert one == two


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("backend", BACKENDS)
def test_the_rows_show_their_past_from_trial_to_trial(backend, mode):
    keywords = {**TASK, "max_episode_steps": LIMIT, "autoreset_mode": mode, "backend": backend}
    env, plain = CursorReachVectorEnv(ROWS, **keywords, history=N), CursorReachVectorEnv(ROWS, **keywords)
    generator = np.random.default_rng(0)
    shown, (seen, _) = env.reset(seed=4)[0], plain.reset(seed=4)
    pasts, done, ends = [Past(each) for each in seen], np.zeros(ROWS, np.bool_), 0
    mask = np.array([True, False, True])
    for step in range(40):
        assert np.array_equal(shown, [past.shown for past in pasts]) and shown in env.observation_space
        if step == 5 or (mode == "Disabled" and done.any()):  # one row goes on; the trials now end at different times
            again = mask if step == 5 else done
            shown, seen = (each.reset(options={"reset_mask": again})[0] for each in (env, plain))
            pasts = [Past(seen[row]) if again[row] else past for row, past in enumerate(pasts)]
            done = done & ~again
            continue
        if step == 20:
            state, env = env.get_state(), CursorReachVectorEnv(ROWS, **keywords, history=N)
            env.set_state(state)
        given = actions(generator, ROWS)
        out = Out(observations=np.full(env.observation_space.shape, 7, np.float32)) if step % 2 else None
        shown, _, one, two, info = env.step(given, out=out)
        assert out is None or shown is out.observations
        seen, _, terminated, truncated, told = plain.step(given)
        assert np.array_equal(one, terminated) and np.array_equal(two, truncated)
        over = terminated | truncated
        for row in range(ROWS):
            if mode == "NextStep" and done[row]:
                pasts[row] = Past(seen[row])
                continue
            pasts[row].after(given[row], told["final_obs"][row] if mode == "SameStep" and over[row] else seen[row])
            if mode == "SameStep" and over[row]:
                assert np.array_equal(info["final_obs"][row], pasts[row].shown)
                pasts[row] = Past(seen[row])
        done, ends = over, ends + over.sum()
    assert ends > 5


def test_what_was_returned_is_nobodys_any_more():
    for env, action in ((CursorReachEnv(history=N), np.ones(2)), (CursorReachVectorEnv(2, history=N, backend="numpy"), np.ones((2, 2)))):
        kept = [env.reset(seed=0)[0], *(env.step(action)[0] for _ in range(4))]
        copies = [seen.copy() for seen in kept]
        kept[-1][...] = 5
        env.step(action)
        assert all(np.array_equal(a, b) for a, b in zip(kept[:-1], copies[:-1], strict=True))
        assert np.array_equal(env.step(action)[0][..., 14 + 16 : 14 + 16 + 14], copies[-1][..., :14])


def test_the_registered_space_tells_its_length():
    assert gym.make("reach_gym/CursorReach-v0", history=2).observation_space.shape == (46,)
    lab = gym.make("reach_gym/LabReach-v0")
    assert lab.observation_space.shape == (14 + 16 * lab.unwrapped.task.history,)
