"""The grid reach for goal-conditioned learners: the observation ``"goal"`` and the reward for any target."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from reach_gym.evaluation import evaluate
from reach_gym.grid.env import GridReachEnv
from reach_gym.grid.observations import KINDS
from reach_gym.grid.vector_env import GridReachVectorEnv

BACKENDS = ["numpy", "numba"]
SHRINKING = {"start": 4.0, "factor": 0.5, "success_rate": 0.5, "window": 3}
Step = tuple[dict[str, Any], float, dict[str, Any]]


def steps(env: Any, count: int, seed: int = 0) -> list[Step]:
    """Random steps of a scalar environment: observation, reward and info of each."""
    generator, taken = np.random.default_rng(seed), []
    env.reset(seed=seed)
    for _ in range(count):
        observation, reward, terminated, _, info = env.step(int(generator.integers(8)))
        taken.append((observation, reward, info))
        if terminated:
            env.reset()
    return taken


@pytest.mark.parametrize("radius", [0.0, 1.5, SHRINKING], ids=["exact", "wide", "shrinking"])
def test_compute_reward_is_the_steps_reward(radius: Any) -> None:
    env = GridReachEnv(size=6, observation="goal", radius=radius, field="curl_ccw")
    taken = steps(env, 400)
    for observation, reward, info in taken:
        again = env.compute_reward(observation["achieved_goal"], observation["desired_goal"], info)
        assert type(again) is float and again == reward
    observations, rewards, infos = zip(*taken, strict=True)
    achieved, desired = (np.stack([each[name] for each in observations]) for name in ("achieved_goal", "desired_goal"))
    assert set(rewards) == {0.0, -1.0} and (radius != SHRINKING or len({info["radius"] for info in infos}) > 1)
    for told in (list(infos), {name: np.array([info[name] for info in infos]) for name in infos[0]}):
        batch = env.compute_reward(achieved, desired, told)
        assert batch.dtype == np.float64 and batch.tolist() == list(rewards)


def test_compute_reward_for_another_target_is_the_reward_with_that_target() -> None:
    env, moved = (GridReachEnv(size=5, observation="goal", radius=1.0) for _ in range(2))
    generator, seen = np.random.default_rng(0), set()
    for seed in range(30):
        env.reset(seed=seed, options={"start": (0, 0), "target": (4, 4)})
        moved.reset(seed=seed, options={"start": (0, 0), "target": (2, 3)})
        for _ in range(5):
            action = int(generator.integers(8))
            other, _, terminated, _, info = env.step(action)
            observation, expected, over, _, _ = moved.step(action)
            assert env.compute_reward(other["achieved_goal"], observation["desired_goal"], info) == expected
            seen.add(expected)
            if over or terminated:
                break
    assert seen == {0.0, -1.0}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("info", ["full", "lean"])
def test_compute_reward_of_the_vector_env(backend: str, info: str) -> None:
    env = GridReachVectorEnv(5, size=4, observation="goal", autoreset_mode="Disabled", backend=backend, info=info)
    vectors = GridReachVectorEnv(5, size=4, autoreset_mode="Disabled", backend=backend)
    generator, hits = np.random.default_rng(0), 0
    seen, plain = env.reset(seed=1)[0], vectors.reset(seed=1)[0]
    for _ in range(80):
        assert all(part.dtype == np.float32 and part.flags.owndata for part in seen.values())
        np.testing.assert_array_equal(np.concatenate([seen["observation"], seen["desired_goal"]], axis=1), plain)
        np.testing.assert_array_equal(seen["achieved_goal"], seen["observation"])
        actions = generator.integers(0, 8, 5)
        (seen, reward, over, _, told), (plain, *_) = env.step(actions), vectors.step(actions)
        assert env.compute_reward(seen["achieved_goal"], seen["desired_goal"], told).tolist() == reward.tolist()
        hits += int(over.sum())
        if over.any():
            seen, plain = (each.reset(options={"reset_mask": over})[0] for each in (env, vectors))
    assert hits > 5


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "goal"])
def test_only_the_goal_observation_computes_rewards(kind: str) -> None:
    for env in (GridReachEnv(observation=kind), GridReachVectorEnv(1, observation=kind)):
        assert not hasattr(env, "compute_reward")
        with pytest.raises(AttributeError, match=f"'goal', got '{kind}'"):
            _ = env.compute_reward


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (([0.5], [0.5, 0.5], {}), "`achieved_goal` must be finite points"),
        (([0.5, np.nan], [0.5, 0.5], {}), "`achieved_goal` must be finite points"),
        (([0.5, 0.5], "here", {}), "`desired_goal` must be finite points"),
        (([0.5, 0.5], [[0.5, 0.5]], {}), r"`desired_goal` must have the shape \(2,\)"),
        (([0.5, 1.5], [0.5, 0.5], {}), "`achieved_goal` must be from 0 to 1, got 0.5 to 1.5"),
        (([0.5, 0.5], [-1.0, 0.5], {}), "`desired_goal` must be from 0 to 1"),
        (([0.5, 0.5], [0.5, 0.5], {}), "`info` must hold finite numbers under 'radius' for 1 steps"),
        (([[0.5, 0.5]] * 2, [[0.5, 0.5]] * 2, {"radius": np.zeros(3)}), "`info` must hold finite numbers under 'radius' for 2"),
        (([[0.5, 0.5]] * 2, [[0.5, 0.5]] * 2, None), "`info` must hold finite numbers under 'radius' for 2"),
    ],
)
def test_what_tells_no_reward_is_refused(arguments: tuple[Any, ...], word: str) -> None:
    with pytest.raises(ValueError, match=word):
        GridReachEnv(observation="goal", radius=SHRINKING).compute_reward(*arguments)


@pytest.mark.parametrize("radius", [0.0, SHRINKING], ids=["one radius", "several"])
@pytest.mark.parametrize(
    "infos",
    [
        *({"radius": np.array([0.0, bad])} for bad in (np.nan, np.inf, -1.0)),
        *({"radius": bad} for bad in (np.array(["0", "1"]), 1.0, None)),
        *([{"radius": 0.0}, other] for other in ({}, None, {"radius": "near"}, {"radius": -2})),
        [{"radius": 0.0}],
    ],
    ids=str,
)
def test_infos_with_a_radius_that_is_none_are_refused(radius: Any, infos: Any) -> None:
    with pytest.raises(ValueError, match=r"^`info` must hold"):
        GridReachEnv(observation="goal", radius=radius).compute_reward([[0.5, 0.5]] * 2, [[0.5, 0.5]] * 2, infos)


@pytest.mark.parametrize("radius", [1.0, np.uint8(20), np.float32(3.0), 2**40, 1e200], ids=repr)
def test_a_radius_of_any_size_and_type_is_one(radius: Any) -> None:
    compute = GridReachEnv(observation="goal", size=32, radius=SHRINKING).compute_reward
    here, there = [[0.0, 0.0]] * 2, [[0.0, 0.0], [0.0, 15 / 31]]
    told = compute(here, there, [{"radius": radius}] * 2)
    assert told.tolist() == compute(here, there, {"radius": np.array([radius] * 2)}).tolist() == [0.0, 0.0 if radius >= 15 else -1.0]


@pytest.mark.parametrize("infos", [None, {}, [{}, {}], {"distance": np.zeros(2)}], ids=str)
def test_without_a_radius_in_the_infos_that_of_the_task_holds(infos: Any) -> None:
    compute = GridReachEnv(observation="goal", size=5, radius=1.0).compute_reward
    assert compute([[0.5, 0.5]] * 2, [[0.5, 0.75], [0.75, 0.75]], infos).tolist() == [0.0, -1.0]


def test_hindsight_learns_from_it() -> None:
    sb3 = pytest.importorskip("stable_baselines3")
    envs = gym.make("reach_gym/GridReach-v0", observation="goal", size=6, max_episode_steps=20)
    model = sb3.DQN(
        "MultiInputPolicy", envs, replay_buffer_class=sb3.HerReplayBuffer, learning_starts=60, policy_kwargs={"net_arch": [8]}, seed=0, device="cpu"
    ).learn(70)
    assert set(model.replay_buffer.sample(500).rewards.flatten().tolist()) == {-1.0, 0.0}
    assert evaluate(model, "reach_gym/GridReach-v0", 5, env_kwargs={"observation": "goal", "size": 6}).summary()["episodes"] == 5
