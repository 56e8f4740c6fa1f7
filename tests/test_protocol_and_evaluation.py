"""What counts as an agent, and what an evaluation of one says."""

import sys
from collections import Counter
from dataclasses import fields

import gymnasium as gym
import numpy as np
import pytest

import reach_gym  # noqa: F401
from reach_gym.evaluation import BATCH, Evaluation, evaluate
from reach_gym.planning import IdealAgent, RandomAgent
from reach_gym.protocol import as_agent, from_callable, from_predict, load_agent

GRID, CURL, TABULAR = "reach_gym/GridReach-v0", "reach_gym/GridReachCurl-v0", "reach_gym/GridReachTabular-v0"
ON, OFF = True, False


@pytest.fixture
def env():
    made = gym.make_vec(GRID, num_envs=2)
    yield made
    made.close()


def north(observations):
    return np.full(len(observations), 2)


class Recurrent:
    """Counts per row the steps since the episode began; its state is that count."""

    def __init__(self):
        self.calls = []

    def predict(self, observations, state=None, episode_start=None, deterministic=False):
        self.calls.append((state, episode_start.tolist(), deterministic))
        state = np.zeros(len(observations), int) if state is None else state
        state = np.where(episode_start, 0, state) + 1
        return state % 8, state


class Explorer:
    """An agent class: made with the environment."""

    def __init__(self, env):
        self.env = env

    def reset(self, starts):
        pass

    def act(self, observations):
        return north(observations)


def same(a, b):
    return all(np.array_equal(getattr(a, field.name), getattr(b, field.name)) for field in fields(Evaluation))


def test_from_callable():
    agent = from_callable(north)
    agent.reset(np.ones(3, bool))
    assert agent.act(np.zeros((3, 4))).tolist() == [2, 2, 2]
    with pytest.raises(TypeError, match="callable"):
        from_callable(3)


@pytest.mark.parametrize("deterministic", [True, False])
def test_from_predict_hands_on_state_and_starts(deterministic):
    model = Recurrent()
    agent = from_predict(model, deterministic)
    observations = np.zeros((3, 4))
    agent.reset(np.array([ON, ON, ON]))
    assert agent.act(observations).tolist() == [1, 1, 1]
    assert agent.act(observations).tolist() == [2, 2, 2]
    agent.reset(np.array([OFF, ON, OFF]))
    agent.reset(np.array([OFF, OFF, ON]))
    assert agent.act(observations).tolist() == [3, 1, 1]
    assert agent.act(observations).tolist() == [4, 2, 2]
    states = [None if state is None else state.tolist() for state, _, _ in model.calls]
    assert states == [None, [1, 1, 1], [2, 2, 2], [3, 1, 1]]
    assert [starts for _, starts, _ in model.calls] == [[ON] * 3, [OFF] * 3, [OFF, ON, ON], [OFF] * 3]
    assert {flag for _, _, flag in model.calls} == {deterministic}


def test_from_predict_needs_predict():
    with pytest.raises(TypeError, match="predict"):
        from_predict(north)


def test_as_agent(env):
    observations = env.reset(seed=0)[0]
    made = as_agent(Explorer, env)
    assert isinstance(made, Explorer) and made.env is env
    assert as_agent(made, env) is made
    assert isinstance(as_agent(RandomAgent, env), RandomAgent)
    assert as_agent(north, env).act(observations).tolist() == [2, 2]
    model = Recurrent()
    assert as_agent(model, env).act(observations).tolist() == [1, 1]
    assert model.calls[0][2] is True
    for garbage in (3, None, "ideal", [north]):
        with pytest.raises(TypeError, match="`agent` must be"):
            as_agent(garbage, env)


def test_load_agent(env, tmp_path, monkeypatch):
    assert isinstance(load_agent("ideal", env), IdealAgent) and isinstance(load_agent("random", env), RandomAgent)
    assert isinstance(load_agent("reach_gym.planning:RandomAgent", env), RandomAgent)
    (tmp_path / "mine_in_cwd.py").write_text("class Box:\n    @staticmethod\n    def south(o):\n        return [6] * len(o)\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    assert load_agent("mine_in_cwd:Box.south", env).act([0, 0]) == [6, 6]
    del sys.modules["mine_in_cwd"]


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("nobody", ValueError),
        ("", ValueError),
        ("math:", ValueError),
        (":pi", ValueError),
        ("no_such_module_of_mine:agent", ImportError),
        ("math:no_such_agent", AttributeError),
        ("math:pi", TypeError),
    ],
)
def test_load_agent_says_what_is_wrong(env, monkeypatch, name, error):
    monkeypatch.setattr(sys, "path", list(sys.path))
    with pytest.raises(error):
        load_agent(name, env)


@pytest.mark.parametrize("agent", ["ideal", "random", Recurrent(), north], ids=["ideal", "random", "predict", "function"])
def test_the_same_call_gives_the_same_result(agent):
    assert same(evaluate(agent, GRID, 20, seed=3), evaluate(agent, GRID, 20, seed=3))


def test_trials_do_not_depend_on_the_agent():
    ideal, random = evaluate("ideal", GRID, 300), evaluate("random", GRID, 300)
    assert np.array_equal(ideal.starts, random.starts) and np.array_equal(ideal.targets, random.targets)
    assert np.array_equal(ideal.ideal_steps, random.ideal_steps) and random.steps.mean() > ideal.steps.mean()


def test_more_than_one_batch():
    many, few = evaluate("ideal", GRID, 300), evaluate("ideal", GRID, 50)
    assert {len(getattr(many, field.name)) for field in fields(Evaluation)} == {300} and BATCH < 300
    assert np.array_equal(many.starts[:50], few.starts) and np.array_equal(many.steps[:50], few.steps)
    assert not np.array_equal(many.starts[BATCH:], many.starts[: 300 - BATCH])
    assert len(np.unique(np.hstack([many.starts, many.targets]), axis=0)) > 290
    assert many.success.all() and np.array_equal(many.steps, many.ideal_steps)
    assert many.steps.tolist() == np.abs(many.starts - many.targets).max(axis=1).tolist()


def test_seeds_give_other_trials():
    first, second = evaluate("ideal", GRID, 40, seed=0), evaluate("ideal", GRID, 40, seed=1)
    pairs = [{tuple(pair) for pair in np.hstack([e.starts, e.targets]).tolist()} for e in (first, second)]
    assert len(pairs[0] & pairs[1]) < 5


@pytest.mark.parametrize(
    ("env_id", "kwargs", "size", "radius"),
    [
        (TABULAR, {}, 10, 0),
        (GRID, {"size": 4}, 4, 0),
        (GRID, {"size": 5, "radius": 1.5}, 5, 1.5),
        (GRID, {"size": 5, "start": [1, 0]}, 5, 0),
    ],
    ids=str,
)
def test_all_covers_every_valid_pair_once(env_id, kwargs, size, radius):
    result = evaluate("ideal", env_id, "all", env_kwargs=kwargs)
    squares = [(x, y) for x in range(size) for y in range(size)]
    starts = [tuple(kwargs["start"])] if "start" in kwargs else squares
    targets = [(5, 8)] if env_id == TABULAR else squares
    expected = {(*s, *t) for s in starts for t in targets if (s[0] - t[0]) ** 2 + (s[1] - t[1]) ** 2 > radius**2}
    seen = Counter(map(tuple, np.hstack([result.starts, result.targets]).tolist()))
    assert set(seen) == expected and set(seen.values()) == {1}
    assert result.summary()["optimal"] == 1


def test_a_perfect_agent_is_optimal():
    summary = evaluate("ideal", CURL, 100).summary()
    assert list(summary) == [
        *("episodes", "success", "mean_steps", "mean_ideal_steps", "mean_excess_steps", "optimal", "mean_return"),
    ]
    assert (summary["episodes"], summary["success"], summary["optimal"], summary["mean_excess_steps"]) == (100, 1, 1, 0)
    assert summary["mean_return"] == pytest.approx(1 - summary["mean_steps"])
    assert {type(value) for value in summary.values()} == {float}


def test_an_agent_that_never_arrives():
    # On a 2 x 2 grid `north` arrives in one step, or never.
    result = evaluate(north, GRID, "all", env_kwargs={"size": 2})
    above = (result.starts[:, 0] == result.targets[:, 0]) & (result.starts[:, 1] < result.targets[:, 1])
    assert above.sum() == 2 and np.array_equal(result.success, above)
    assert np.array_equal(result.steps, np.where(above, 1, 100))
    assert np.array_equal(result.returns, np.where(above, 0, -100))


def test_a_summary_by_hand():
    squares = np.zeros((4, 2), np.int64)
    result = Evaluation(
        starts=squares,
        targets=squares,
        steps=np.array([3, 5, 10, 10]),
        ideal_steps=np.array([3, 4, 10, -1]),  # the third took as long as the ideal and missed; the last cannot be reached
        success=np.array([True, True, False, False]),
        returns=np.array([-2.0, -4.0, -10.0, -10.0]),
    )
    assert result.summary() == {
        "episodes": 4,
        "success": 0.5,
        "mean_steps": 7,
        "mean_ideal_steps": pytest.approx(17 / 3),
        "mean_excess_steps": pytest.approx(1 / 3),
        "optimal": 0.25,
        "mean_return": -6.5,
    }


def test_the_model_hears_of_every_episode():
    model = Recurrent()
    evaluate(model, GRID, 3)
    starts = np.array([row for _, row, _ in model.calls])
    assert starts[0].all() and not starts[1:-1].all(axis=1).any()


@pytest.mark.parametrize(("episodes", "error"), [(0, ValueError), (-1, ValueError), (1.5, TypeError), ("some", TypeError)])
def test_bad_numbers_of_episodes(episodes, error):
    with pytest.raises(error, match="episodes"):
        evaluate("ideal", GRID, episodes)
