"""Exact steps to go against a plain search, and the two reference agents."""

from types import SimpleNamespace

import gymnasium as gym
import numpy as np
import pytest
from gymnasium import spaces

import reach_gym  # noqa: F401
from reach_gym.evaluation import evaluate
from reach_gym.fields import NULL, field_from_data
from reach_gym.grid.env import GridReachEnv
from reach_gym.grid.exact import UNREACHABLE, steps_to_go
from reach_gym.grid.observations import KINDS
from reach_gym.grid.world import grid_world, squared_limit
from reach_gym.planning import AdaptedAgent, IdealAgent, NaiveAgent, RandomAgent
from reach_gym.registration import TASKS

FIELDS = [
    None,
    "wind",
    "curl_ccw",
    "curl_cw",
    {"push": [3, 0]},  # nobody comes back: some targets cannot be reached
    {"preset": "curl_ccw", "region": [1, 1, 2, 2], "gain": 2},
]


def plain_steps(world, radius, target):
    """For each cell a forward search of its own."""
    size = world.size

    def near(cell):
        return (cell % size - target % size) ** 2 + (cell // size - target // size) ** 2 <= radius**2

    steps = []
    for start in range(size * size):
        known, front, k = {start}, {start}, 0
        while front and not any(map(near, front)):
            front = {after for cell in front for after in world.rows[cell]} - known
            known |= front
            k += 1
        steps.append(k if front else -1)
    return steps


@pytest.mark.parametrize("radius", [0, 1, 1.5])
@pytest.mark.parametrize("size", [2, 4, 5])
@pytest.mark.parametrize("field", FIELDS, ids=str)
def test_steps_to_go_equal_a_plain_search(field, size, radius):
    world = grid_world(size, field_from_data(field))
    expected = [plain_steps(world, radius, target) for target in range(size * size)]
    assert steps_to_go(world, radius).tolist() == expected
    assert steps_to_go(world, radius, 3).tolist() == [expected[3]]


def test_some_targets_cannot_be_reached():
    table = steps_to_go(grid_world(5, field_from_data({"push": [3, 0]})))
    assert table[0, 4] == UNREACHABLE and (np.diag(table) == 0).all()


@pytest.mark.parametrize("size", [2, 9, 16])
def test_without_a_field_it_is_the_larger_difference(size):
    cells = np.arange(size * size)
    x, y = cells % size, cells // size
    expected = np.maximum(abs(x - x[:, None]), abs(y - y[:, None]))
    assert np.array_equal(steps_to_go(grid_world(size, NULL)), expected)


@pytest.mark.parametrize(("field", "mean", "longest"), [(None, 4.45, 8), ("wind", 4.91, 10)])
def test_the_papers_optimum(field, mean, longest):
    target = 8 * 10 + 5
    steps = np.delete(steps_to_go(grid_world(10, field_from_data(field)), 0, target)[0], target)
    assert len(steps) == 99 and steps.min() > 0
    assert round(float(steps.mean()), 2) == mean and steps.max() == longest


@pytest.mark.parametrize("env_id", [env_id for env_id in TASKS if "/Grid" in env_id])
def test_every_pair_of_every_task_is_reachable(env_id):
    kwargs = TASKS[env_id].kwargs
    size = kwargs.get("size", 16)
    table = steps_to_go(grid_world(size, field_from_data(kwargs.get("field"))))
    if "target" in kwargs:
        x, y = kwargs["target"]
        table = table[[y * size + x]]
    assert table.min() == 0 and table.max() <= TASKS[env_id].max_episode_steps


def test_squared_limit():
    assert [squared_limit(radius) for radius in (0, 0.9, 1, 1.5, 2)] == [0, 0, 1, 2, 4]


@pytest.mark.parametrize("observation", KINDS)
def test_the_ideal_agent_needs_exactly_the_ideal_steps(observation):
    result = evaluate("ideal", "reach_gym/GridReachCurl-v0", 200, env_kwargs={"observation": observation})
    assert result.success.all()
    assert np.array_equal(result.steps, result.ideal_steps)
    assert np.array_equal(result.returns, 1.0 - result.steps)


def test_the_ideal_agent_knows_the_field_and_radius_of_this_trial():
    env = GridReachEnv(size=8)
    agent = IdealAgent(gym.wrappers.TimeLimit(env, 50))
    options = {"field": {"push": [-1, 0], "region": [None, 2, None, 5]}, "radius": 1.5}
    for _ in range(20):
        observation, info = env.reset(options=options)
        steps, terminated = 0, False
        while not terminated:
            observation, _, terminated, _, _ = env.step(agent.act(observation[None])[0])
            steps += 1
        assert steps == info["ideal_steps"]


def test_the_ideal_agent_takes_the_first_of_equal_actions():
    env = GridReachEnv(size=5)
    observation, _ = env.reset(seed=0, options={"start": (0, 2), "target": (2, 2)})
    assert IdealAgent(env).act(observation[None]).tolist() == [0]  # east, not north-east or south-east


def test_the_naive_agent_plans_without_the_field_and_the_adapted_one_with_it():
    env = GridReachEnv(size=5, field={"push": [-1, 0]})
    observation, _ = env.reset(seed=0, options={"start": (2, 0), "target": (2, 1)})
    # Straight to the target is north-east against the push, north without it.
    assert [agent(env).act(observation[None]).tolist() for agent in (NaiveAgent, AdaptedAgent, IdealAgent)] == [[2], [1], [1]]


def test_the_ideal_agent_refuses_other_environments():
    with pytest.raises(TypeError, match="grid reach"):
        IdealAgent(gym.make("CartPole-v1"))


def test_the_random_agent_is_reproducible_and_uniform():
    env = gym.make("reach_gym/GridReach-v0")
    draws = [RandomAgent(env, seed).act(np.zeros(8000)) for seed in (4, 4, 5)]
    assert np.array_equal(draws[0], draws[1]) and not np.array_equal(draws[0], draws[2])
    counts = np.bincount(draws[0])
    assert len(counts) == 8 and abs(counts - 1000).max() < 150
    agent = RandomAgent(env, 4)
    assert not np.array_equal(agent.act(np.zeros(50)), agent.act(np.zeros(50)))


def test_the_random_agent_follows_the_space():
    env = SimpleNamespace(action_space=spaces.Discrete(3, start=5))
    assert set(RandomAgent(env).act(np.zeros(100)).tolist()) == {5, 6, 7}
    with pytest.raises(TypeError, match="discrete"):
        RandomAgent(SimpleNamespace(action_space=spaces.MultiBinary(3)))


def test_the_random_agent_acts_in_vector_environments():
    env = gym.make_vec("reach_gym/GridReach-v0", num_envs=3)
    actions = RandomAgent(env).act(env.reset(seed=0)[0])
    assert actions.shape == (3,) and env.action_space.contains(actions)
