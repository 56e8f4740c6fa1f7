"""What counts as an agent, and what an evaluation of one says."""

import sys
from collections import Counter
from dataclasses import fields

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.error import Error

import reach_gym  # noqa: F401
from reach_gym.acting import protocol, rollout
from reach_gym.acting.protocol import BUILT_IN, LEARNERS, as_agent, count_rows, from_callable, from_predict, load_agent
from reach_gym.acting.rollout import BATCH
from reach_gym.errors import NotApplicableError
from reach_gym.evaluation import CursorEvaluation, Evaluation, evaluate
from reach_gym.planning import AdaptedAgent, IdealAgent, MinimumJerkAgent, NaiveAgent, RandomAgent
from reach_gym.recording import record

GRID, CURL, TABULAR = "reach_gym/GridReach-v0", "reach_gym/GridReachCurl-v0", "reach_gym/GridReachTabular-v0"
REACH, CURL_REACH, CENTER_OUT = "reach_gym/CursorReach-v0", "reach_gym/CursorReachCurl-v0", "reach_gym/CursorReachCenterOut-v0"
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


def rest(observations):
    return np.zeros((len(observations), 2), np.float32)


def same(a, b):
    return type(a) is type(b) and all(np.array_equal(getattr(a, f.name), getattr(b, f.name)) for f in fields(a))


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
    assert agent.states.tolist() == [[4.0], [2.0], [2.0]]
    states = [None if state is None else state.tolist() for state, _, _ in model.calls]
    assert states == [None, [1, 1, 1], [2, 2, 2], [3, 1, 1]]
    assert [starts for _, starts, _ in model.calls] == [[ON] * 3, [OFF] * 3, [OFF, ON, ON], [OFF] * 3]
    assert {flag for _, _, flag in model.calls} == {deterministic}


def test_states_of_a_recurrent_model_are_all_its_parts_and_layers():
    class Lstm:
        def predict(self, observations, state=None, **more):
            return np.zeros(3, int), (np.arange(12.0).reshape(2, 3, 2), -np.arange(6.0).reshape(1, 3, 2))

    agent = from_predict(Lstm())
    with pytest.raises(AttributeError, match="no recurrent state"):
        agent.states  # noqa: B018 (it is the property that raises)
    agent.act(np.zeros((3, 4)))
    assert agent.states.tolist() == [[0, 1, 6, 7, 0, -1], [2, 3, 8, 9, -2, -3], [4, 5, 10, 11, -4, -5]]


def test_a_run_directory_without_the_checkout_says_what_is_missing(tmp_path, monkeypatch):
    def missing(module):
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.setattr(protocol.importlib, "import_module", missing)
    for name, message in (("agents", "needs this project's checkout"), ("torch", "No module named 'torch'")):
        with pytest.raises(ImportError, match=message):
            load_agent(str(tmp_path), None)


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


def test_the_built_in_agents():
    classes = {"ideal": IdealAgent, "naive": NaiveAgent, "adapted": AdaptedAgent, "minimum_jerk": MinimumJerkAgent, "random": RandomAgent}
    assert {name: made for name, made in BUILT_IN.items() if name not in LEARNERS} == classes
    for env_id, names in ((REACH, classes), (GRID, set(classes) - {"minimum_jerk"})):
        env = gym.make_vec(env_id, num_envs=2, backend="numpy")
        observations, _ = env.reset(seed=0)
        for name in names:
            agent = load_agent(name, env)
            assert type(agent) is classes[name]
            agent.reset(np.ones(2, bool))
            assert env.action_space.contains(agent.act(observations))
    with pytest.raises(TypeError, match="cursor reach"):
        evaluate("minimum_jerk", GRID, 2)
    with pytest.raises(ValueError, match="'ideal', 'naive', 'adapted', 'minimum_jerk', 'random', 'one_state', .*, a run directory, a .zip file or"):
        load_agent("nobody", env)


def test_rows_are_counted_in_every_kind_of_batch():
    array = np.zeros((3, 7))
    for batch in (array, {"a": array, "b": array}, (array, array[:, 0]), ({"a": array},), {"a": (array,)}, [0, 1, 2]):
        assert count_rows(batch) == 3


def test_from_predict_counts_the_rows_of_a_dict():
    class Goal(Recurrent):
        def predict(self, observations, state=None, episode_start=None, deterministic=False):
            return super().predict(observations["achieved_goal"], state, episode_start, deterministic)

    agent = from_predict(Goal())
    observations = {name: np.zeros((4, 2)) for name in ("achieved_goal", "desired_goal", "observation")}
    assert agent.act(observations).tolist() == [1] * 4
    agent.reset(np.array([ON, OFF, OFF, OFF]))
    assert agent.act(observations).tolist() == [1, 2, 2, 2]
    assert agent.act(observations).tolist() == [2, 3, 3, 3]


def test_an_untrained_model_of_stable_baselines3_is_an_agent():
    sb3 = pytest.importorskip("stable_baselines3")
    kwargs = {"observation": "goal", "reward": "sparse"}
    env = gym.make(REACH, **kwargs)
    model = sb3.SAC("MultiInputPolicy", env, replay_buffer_class=sb3.HerReplayBuffer, buffer_size=200, seed=0, policy_kwargs={"net_arch": [8]})
    first, second = (evaluate(model, REACH, 3, env_kwargs=kwargs) for _ in range(2))
    assert same(first, second) and len(first.steps) == 3
    recording = record(model, REACH, 3, env_kwargs=kwargs)
    assert recording.metadata["agent"].endswith("SAC") and np.array_equal(recording.steps, first.steps)
    # Alone, without this package's loop, the model does the same.
    seen = {name: values[1, 0] for name, values in recording.observation.items()}
    assert np.allclose(model.predict(seen, deterministic=True)[0], recording.action[1, 0], atol=1e-6)


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
        block=np.zeros(4, np.int64),
        path=np.full((4, 11), -1),
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


# The cursor


@pytest.mark.parametrize("agent", ["ideal", "naive", "adapted", "minimum_jerk", "random"])
def test_a_cursor_evaluation_tells_what_a_recording_shows(agent):
    evaluation, recording = evaluate(agent, CURL_REACH, 12, seed=4), record(agent, CURL_REACH, 12, seed=4)
    assert type(evaluation) is CursorEvaluation and same(evaluation, CursorEvaluation.of(recording))
    assert evaluation.starts.shape == evaluation.targets.shape == (12, 2) and np.array_equal(evaluation.targets, recording.target)
    assert np.array_equal(evaluation.returns, np.nansum(recording.reward, axis=1))
    assert np.array_equal(evaluation.max_deviation, recording.measures()["max_deviation"])
    assert (evaluation.false_start.any(), evaluation.success.all()) == ((True, False) if agent == "random" else (False, True))
    assert len(np.unique(evaluation.targets, axis=0)) == 12


def test_the_naive_agent_is_pushed_aside_and_the_ideal_one_is_not():
    naive, ideal = evaluate("naive", CURL_REACH, 40), evaluate("ideal", CURL_REACH, 40)
    assert np.array_equal(naive.targets, ideal.targets)
    assert (naive.max_deviation > 0).all() and naive.summary()["max_deviation_mm"] > 4 * ideal.summary()["max_deviation_mm"]
    assert naive.summary()["mean_steps"] > ideal.summary()["mean_steps"]


def test_more_than_one_batch_of_the_cursor():
    many, few = evaluate("minimum_jerk", REACH, BATCH + 9, seed=1), evaluate("minimum_jerk", REACH, 9, seed=1)
    assert len(many.steps) == BATCH + 9
    assert all(np.array_equal(getattr(many, f.name)[:9], getattr(few, f.name)) for f in fields(few))
    assert len(np.unique(many.targets, axis=0)) == BATCH + 9


def test_back_ends_give_one_evaluation():
    assert same(evaluate("minimum_jerk", REACH, 5), evaluate("minimum_jerk", REACH, 5, env_kwargs={"backend": "numpy"}))
    pytest.importorskip("numba")
    assert same(evaluate("random", TABULAR, 50), evaluate("random", TABULAR, 50, env_kwargs={"backend": "numba"}))


def test_a_cursor_summary_by_hand():
    nan = np.nan
    arrays = {
        "max_deviation": [0.01, -0.03, nan], "deviation_at_peak_speed": [0.0, 0.0, nan], "initial_angle_error": [np.pi / 6, -np.pi / 3, nan],
        "path_length_ratio": [1.0, 1.5, nan], "peak_speed": [0.2, 0.4, nan], "movement_time": [0.5, 0.7, nan], "reaction_time": [0.1, 0.2, nan],
        "endpoint_error": [0.002, 0.004, nan], "early_angle_error": [np.pi / 18, -np.pi / 9, nan],
    }  # fmt: skip
    evaluation = CursorEvaluation(
        starts=np.zeros((3, 2)),
        targets=np.ones((3, 2)),
        steps=np.array([60, 80, 100]),
        success=np.array([ON, OFF, OFF]),
        false_start=np.array([OFF, ON, OFF]),
        too_fast=np.array([OFF, OFF, OFF]),
        too_slow=np.array([OFF, ON, ON]),
        returns=np.array([-55.0, -80.0, -100.0]),
        effort=np.array([0.1, 0.2, 0.6]),
        block=np.zeros(3, int),
        **{name: np.array(values) for name, values in arrays.items()},
    )
    assert evaluation.summary() == {
        "episodes": 3,
        "success": pytest.approx(1 / 3),
        "false_starts": pytest.approx(1 / 3),
        "too_fast": 0,
        "too_slow": pytest.approx(2 / 3),
        "moved": pytest.approx(2 / 3),
        "mean_steps": 80,
        "mean_return": pytest.approx(-235 / 3),
        "max_deviation_mm": pytest.approx(20),
        "initial_angle_error_deg": pytest.approx(45),
        "early_angle_error_deg": pytest.approx(15),
        "endpoint_error_mm": pytest.approx(3),
        "path_length_ratio": pytest.approx(1.25),
        "peak_speed_m_per_s": pytest.approx(0.3),
        "reaction_time_s": pytest.approx(0.15),
        "movement_time_s": pytest.approx(0.6),
        "effort_s": pytest.approx(0.3),
    }
    assert {type(value) for value in evaluation.summary().values()} == {float}


def test_intervals_of_the_means_are_over_the_trials():
    found = evaluate("random", CURL_REACH, 40)
    summary, intervals = found.summary(), found.intervals()
    assert set(intervals) == {"success", "false_starts", "too_fast", "too_slow", "mean_return", "effort_s"}
    assert all(each.value == pytest.approx(summary[name]) and each.low <= each.value <= each.high for name, each in intervals.items())
    assert intervals["effort_s"].low < summary["effort_s"] < intervals["effort_s"].high
    assert summary["success"] == 0 and intervals["success"].low == 0 and 0 < intervals["success"].high < 0.1
    assert set(evaluate("random", GRID, 40).intervals()) == {"success", "mean_return"}
    assert all(np.isnan(each[1:]).all() for name, each in evaluate("random", GRID, 1).intervals().items() if name == "mean_return")


def test_effort_is_what_info_sums_up():
    found = evaluate("naive", CURL_REACH, 3)
    env = gym.make_vec(CURL_REACH, num_envs=3, backend="numpy")
    observations, _ = env.reset(seed=rollout.held_out(0))
    total = np.zeros(3)
    for step in rollout.play(as_agent(NaiveAgent, env), env, observations):
        total += step.running * step.info["effort"]
    assert found.effort == pytest.approx(total * env.unwrapped.task.dt)


def test_only_the_return_depends_on_the_reward():
    window = {"movement_time": [0.2, 0.4], "hold": 0.1}
    found = [evaluate("naive", CURL_REACH, 30, env_kwargs={**window, "reward": reward}) for reward in ("shaped", "sparse", "dense")]
    assert len({each.summary()["mean_return"] for each in found}) == 3
    for each in found[1:]:
        differ = {f.name for f in fields(each) if not np.array_equal(getattr(each, f.name), getattr(found[0], f.name), equal_nan=True)}
        assert differ == {"returns"}


def test_an_agent_that_never_moves_has_no_measures():
    evaluation = evaluate(rest, REACH, 3)
    summary = evaluation.summary()
    go = record(rest, REACH, 3).go
    assert np.array_equal(evaluation.steps, go + 100) and not (evaluation.too_fast | evaluation.too_slow).any()
    assert np.isnan(evaluation.max_deviation).all() and (summary["moved"], summary["success"], summary["mean_steps"]) == (0, 0, go.mean() + 100)
    assert {name for name, value in summary.items() if np.isnan(value)} == {
        *("max_deviation_mm", "initial_angle_error_deg", "early_angle_error_deg", "endpoint_error_mm", "path_length_ratio"),
        *("peak_speed_m_per_s", "reaction_time_s", "movement_time_s"),
    }


def test_who_knows_no_rotation_sets_out_by_its_whole_angle():
    found = evaluate("naive", "reach_gym/LabReach-v0", 64, env_kwargs={"rotation": 30.0})
    turned = found.summary()
    off, late = np.degrees(found.early_angle_error), found.reaction_time
    assert np.median(off) == pytest.approx(27, abs=2) and off.std() < 15  # 27.0 without noise
    assert np.median(late) == pytest.approx(0.12, abs=0.02)  # latency and the lag of the force; 0.12 s without noise
    assert (late < 0.06).mean() < 0.1  # hardly anyone sets out before the cue can be seen
    assert turned["early_angle_error_deg"] == pytest.approx(30, abs=5)
    assert turned["initial_angle_error_deg"] < 20  # at peak speed what is seen has corrected it


def test_an_evaluation_sees_the_first_trial_of_a_schedule():
    evaluation = evaluate("naive", CENTER_OUT, 30)
    assert evaluation.success.all() and np.abs(evaluation.max_deviation).max() < 0.005  # the baseline: no field
    assert len(np.unique(evaluation.targets.round(6), axis=0)) == 8


def test_the_cursor_path_is_measured():
    turned = evaluate("ideal", REACH, 10, env_kwargs={"rotation": 40.0})
    assert turned.success.all() and turned.summary()["endpoint_error_mm"] < 10


def test_what_cannot_be_evaluated_is_refused(monkeypatch):
    def foreign(num_envs, **kwargs):
        return gym.make_vec("CartPole-v1", num_envs, vectorization_mode="sync")

    monkeypatch.setitem(gym.registry, "Foreign-v0", gym.envs.registration.EnvSpec("Foreign-v0", vector_entry_point=foreign))
    with pytest.raises(ValueError, match="'all'"):
        evaluate("ideal", REACH, "all")
    with pytest.raises(ValueError, match="task of reach_gym"):
        evaluate(rest, "Foreign-v0", 3)
    with pytest.raises(gym.error.Error):
        evaluate("ideal", "reach_gym/Nothing-v0", 3)
    for seed, error in ((-1, ValueError), (0.5, TypeError)):
        with pytest.raises(error, match="seed"):
            evaluate("ideal", REACH, 3, seed=seed)


SESSION = [{"name": "first", "trials": 3, "gain": 0.0}, {"name": "then", "trials": 4}]


class Notes:
    """Acts at random, writes down what it is told, in what order."""

    def __init__(self, env):
        self.agent, self.told = RandomAgent(env), []
        Notes.last = self

    def reset(self, starts):
        self.told.append("reset")

    def act(self, observations):
        self.seen = self.agent.act(observations)
        self.told.append("act")
        return self.seen

    def observe(self, transition):
        assert transition.actions is self.seen and len(transition.rewards) == len(transition.next_observations) == 1
        self.told.append("end" if transition.terminated[0] or transition.truncated[0] else "observe")


@pytest.mark.parametrize("env_id", [CURL, CURL_REACH])
def test_a_session_is_one_subject_that_hears_what_comes_of_its_actions(env_id):
    result = evaluate(Notes, env_id, 7, env_kwargs={"schedule": SESSION}, session=True)
    assert result.block.tolist() == [0, 0, 0, 1, 1, 1, 1]
    told = Notes.last.told
    assert told.count("reset") == told.count("end") == 7 and told.count("act") == result.steps.sum()
    ends = [i for i, what in enumerate(told) if what == "end"]
    assert all(told[i - 1] == "act" and told[i + 1 : i + 2] in (["reset"], []) for i in ends)


@pytest.mark.parametrize("env_id", [CURL, CURL_REACH])
def test_independent_trials_teach_nothing(env_id):
    evaluate(Notes, env_id, 3, env_kwargs={"schedule": SESSION})
    assert not {"observe", "end"} & set(Notes.last.told)


@pytest.mark.parametrize("env_id", [CURL, CURL_REACH])
def test_the_ideal_does_a_session_at_once_as_it_does_it_one_by_one(env_id):
    kwargs = {"schedule": [{"name": "all", "trials": 6, "spread": 1.0}]}
    at_once, one_by_one = (evaluate(agent, env_id, 6, 3, kwargs, session=True) for agent in ("ideal", IdealAgent))
    assert same(at_once, one_by_one) and len(set(map(tuple, at_once.targets.tolist()))) > 3


class Declares:
    """Says for what it is made; acts nowhere."""

    def __init__(self, **told):
        self.__dict__.update(told)

    def reset(self, starts):
        pass

    def act(self, observations):
        raise AssertionError


@pytest.mark.parametrize(
    "told,fits",
    [
        ({"observation": "vector"}, True),
        ({"observation": "pixels"}, False),
        ({"action_space": gym.spaces.Discrete(8)}, True),
        ({"action_space": gym.spaces.Discrete(9)}, False),
        ({"observation_space": gym.spaces.Discrete(100)}, False),
    ],
)
def test_an_agent_made_for_something_else_is_refused(told, fits, env):
    if fits:
        assert as_agent(Declares(**told), env)
    else:
        with pytest.raises(NotApplicableError, match="agent"):
            as_agent(Declares(**told), env)


def test_what_a_model_was_made_for_counts():
    model = Recurrent()
    model.observation_space = gym.spaces.Discrete(100)
    with pytest.raises(NotApplicableError, match="observation space Discrete"):
        evaluate(model, GRID, 1)


@pytest.mark.parametrize("name,env_id", [("minimum_jerk", GRID), ("ideal", "CartPole-v1")])
def test_the_package_s_own_agents_say_so_too(name, env_id):
    with pytest.raises(NotApplicableError):
        load_agent(name, gym.make_vec(env_id, num_envs=1))


def test_the_path_leads_from_the_start_to_the_target():
    result = evaluate("ideal", CURL, 300)
    cells = [line[line >= 0] for line in result.path]
    assert [len(line) - 1 for line in cells] == result.steps.tolist() and result.path.shape[1] == result.steps.max() + 1
    assert [line[0] for line in cells] == (result.starts @ [1, 16]).tolist() and [line[-1] for line in cells] == (result.targets @ [1, 16]).tolist()
    assert (np.abs(np.diff([line[:2] % 16 for line in cells])) <= 2).all()


@pytest.mark.parametrize("name", ["CursorReach-v0", "reach_gym:reach_gym/CursorReach-v0"])
def test_ids_of_the_package_need_no_namespace(name):
    full = "reach_gym/CursorReach-v0"
    assert evaluate("naive", name, 2).summary() == evaluate("naive", full, 2).summary()
    for session in (False, True):
        one, other = (record("naive", env_id, 2, session=session) for env_id in (name, full))
        assert one.metadata == other.metadata and np.array_equal(one.hand, other.hand, equal_nan=True)
    with pytest.raises(Error, match="CursorReac"):
        evaluate("naive", "CursorReac-v0", 2)
