"""The observation "body": what is seen as in "vector", then what the body feels, with a delay and noise of its own."""

import json
import pickle

import gymnasium as gym
import numpy as np
import pytest

from reach_gym.plants.skeleton import bent
from reach_gym.plants.table import PLANTS
from reach_gym.reach.env import CursorReachEnv
from reach_gym.reach.observations import FELT_LIMIT
from reach_gym.reach.vector_env import CursorReachVectorEnv

SEEN = 14
LATE = {"delay": 4, "felt_delay": 2}
NOISY = {"felt_noise": 0.01, "sensory_noise": (0.001, 0.01), "motor_noise": (0.5, 0.1), "field": "curl_ccw"}
FEELING = sorted(name for name, plant in PLANTS.items() if plant.senses)


def made(plant="two_link_arm", **keywords):
    return {"plant": plant, "observation": "body", "target_onset": 0.02, "go_delay": (0.0, 0.03), **keywords}


def pushes(env, steps, seed=0):
    low, high = env.task.plant.low, env.task.plant.high
    return np.random.default_rng(seed).uniform(low, high, (steps, len(low))).astype(np.float32)


def trial(env, steps=30, seed=3):
    """The observations of a trial under random actions."""
    return np.array([env.reset(seed=seed)[0], *(env.step(action)[0] for action in pushes(env, steps))])


@pytest.mark.parametrize("plant", FEELING)
def test_it_is_the_vector_and_what_the_plant_feels(plant):
    env, plain = CursorReachEnv(**made(plant)), CursorReachEnv(**made(plant, observation="vector"))
    seen, told = trial(env), trial(plain)
    assert seen.shape == (31, SEEN + len(env.task.plant.senses)) and seen.dtype == np.float32
    assert np.array_equal(seen[:, :SEEN], told)
    felt = env.task.plant.feel(env._trial.state, env.task.params)
    assert np.array_equal(seen[-1, SEEN:], np.array(felt, np.float32))
    assert all(each in env.observation_space for each in seen)
    assert np.array_equal(env.sense(seen[-1:]).body, seen[-1:, SEEN:]) and plain.sense(told[-1:]).body.shape == (1, 0)
    low, high = env.observation_space.low[SEEN:], env.observation_space.high[SEEN:]
    assert set(high) == {FELT_LIMIT} and np.array_equal(low, -high)


def test_an_arm_feels_its_angles_and_how_fast_they_change():
    env = CursorReachEnv(**made())
    seen, info = env.reset(seed=1)
    assert seen[SEEN : SEEN + 2] == pytest.approx(bent(info["hand_x"], info["hand_y"], env.task.plant.bones), abs=1e-6)
    assert not seen[SEEN + 2 :].any()
    before = seen
    for action in pushes(env, 10):
        seen = env.step(action)[0]
        moved = (seen[SEEN : SEEN + 2] - before[SEEN : SEEN + 2]) / env.task.dt
        assert moved == pytest.approx(5 * (seen[SEEN + 2 :] + before[SEEN + 2 :]), abs=0.05)  # the mean velocity, in rad/s
        before = seen


@pytest.mark.parametrize(("delay", "felt_delay"), [(4, 2), (2, 4), (0, 3), (3, 0), (0, 0)])
def test_eye_and_body_have_delays_of_their_own(delay, felt_delay):
    now, late = trial(CursorReachEnv(**made())), trial(CursorReachEnv(**made(delay=delay, felt_delay=felt_delay)))
    steps = np.arange(len(now))
    assert np.array_equal(late[:, SEEN:], now[np.maximum(steps - felt_delay, 0), SEEN:])
    assert np.array_equal(late[:, 3:7], now[np.maximum(steps - delay, 0), 3:7])


@pytest.mark.parametrize("dt", [0.01, 0.005])
def test_the_noise_of_each_sense_is_its_own_and_goes_with_the_time_step(dt):
    quiet, noisy = (CursorReachEnv(**made(felt_noise=noise, dt=dt, time_limit=9.0)) for noise in (0.0, 0.02))
    off = trial(noisy, 800) - trial(quiet, 800)
    assert not off[:, :SEEN].any()
    spread = 0.02 * (0.01 / dt) ** 0.5
    assert off[:, SEEN:].std(axis=0) == pytest.approx(np.full(4, spread), rel=0.1)
    assert np.abs(off[:, SEEN:].mean(axis=0)).max() < 5 * spread / 800**0.5
    assert np.abs(np.corrcoef(off[:, SEEN:].T) - np.eye(4)).max() < 0.2


def test_noise_is_cut_at_the_bounds():
    env = CursorReachEnv(**made(felt_noise=100.0, dt=0.0001))  # of 1000 in a step
    seen = trial(env, 60)
    assert np.abs(seen[:, SEEN:]).max() == FELT_LIMIT and all(each in env.observation_space for each in seen)


@pytest.mark.parametrize("backend", ["numpy", "numba"])
@pytest.mark.parametrize("more", [{**LATE, **NOISY, "history": 2}, {}, {"delay": 1, "felt_delay": 3, "felt_noise": 0.01}], ids=str)
def test_rows_are_the_scalar_environment(backend, more):
    rows, keywords = 4, made(**more, time_limit=0.2)
    many = CursorReachVectorEnv(rows, **keywords, backend=backend, autoreset_mode="SameStep")
    envs = [CursorReachEnv(**keywords) for _ in range(rows)]
    seen = np.stack([env.reset(seed=5 + i)[0] for i, env in enumerate(envs)])
    assert np.array_equal(many.reset(seed=5)[0], seen)
    for step, action in enumerate(pushes(envs[0], 60)):
        told = many.step(np.stack([action] * rows))[0]
        for i, env in enumerate(envs):
            one, _, terminated, truncated, _ = env.step(action)
            assert np.array_equal(told[i], env.reset()[0] if terminated or truncated else one)
        if step == 40:
            one, all_ = envs[1].get_state(), many.get_state()
            assert all(np.array_equal(one[name], all_[name][..., 1]) for name in one)
            many.set_state(pickle.loads(pickle.dumps(all_)))


@pytest.mark.parametrize("duplicate", [lambda env: pickle.loads(pickle.dumps(env)), None], ids=["pickle", "state"])
def test_a_copy_and_a_saved_state_continue(duplicate):
    keywords = made(**LATE, **NOISY, history=1)
    env = CursorReachEnv(**keywords)
    trial(env, 10)
    twin = duplicate(env) if duplicate else CursorReachEnv(env.task)
    if duplicate is None:
        twin.reset(seed=99)
        twin.set_state(json.loads(json.dumps(env.get_state())))
    for action in pushes(env, 20, seed=1):
        assert np.array_equal(env.step(action)[0], twin.step(action)[0])


def test_its_keywords_go_through_json():
    env = gym.make("reach_gym/ArmReach-v0", observation="body", felt_delay=2, felt_noise=0.01)
    again = gym.make(gym.envs.registration.EnvSpec.from_json(env.spec.to_json()))
    assert env.unwrapped.task == again.unwrapped.task and (again.unwrapped.task.felt_delay, again.unwrapped.task.felt_noise) == (2, 0.01)
