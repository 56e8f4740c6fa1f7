"""Wrappers between an agent and its environment: the agent meets them, the measures do not."""

import json
import sys
import threading
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from gymnasium.wrappers.vector import NormalizeObservation, RecordEpisodeStatistics

from reach_gym.benchmark.engines import Done
from reach_gym.benchmark.jobs import Job, is_current, run_job
from reach_gym.benchmark.results import Entry, Limits, jobs_of, run
from reach_gym.cli import main
from reach_gym.evaluation import evaluate, suite
from reach_gym.planning import MinimumJerkAgent

STRANGERS = Path(__file__).parents[1] / "benchmark/strangers"
sys.path.insert(0, str(STRANGERS))
import between  # noqa: E402
from guests import Spring, towards  # noqa: E402

GRID, REACH, CURL = "reach_gym/GridReachCurl-v0", "reach_gym/CursorReach-v0", "reach_gym/CursorReachCurl-v0"


def same(a, b):
    return all(np.array_equal(getattr(a, f.name), getattr(b, f.name), equal_nan=True) for f in fields(a))


@pytest.fixture(autouse=True)
def no_thread_stays():
    before = threading.active_count()
    yield
    assert threading.active_count() == before


@pytest.mark.parametrize("session", [False, True])
@pytest.mark.parametrize("env_id", [GRID, CURL])
def test_what_changes_nothing_changes_nothing(env_id, session):
    count = 5 if session else 300
    bare = evaluate("naive", env_id, count, seed=2, session=session)
    assert same(bare, evaluate("naive", env_id, count, seed=2, session=session, wrappers=[between.Same, RecordEpisodeStatistics]))
    assert same(bare, evaluate("naive", env_id, count, seed=2, session=session, wrappers=["between:Rich"]))


def spring(seen):
    return (seen[:, 2:3] > 0.5) * seen[:, :2] - seen[:, 3:5] - seen[:, 5:7]


def test_actions_and_observations_are_changed():
    def weak(seen):
        return 0.5 * spring(seen)

    bare = evaluate(weak, REACH, 30)
    assert same(bare, evaluate(spring, REACH, 30, wrappers=[between.Half])) and not same(bare, evaluate(spring, REACH, 30))
    assert same(evaluate(weak, REACH, 30, wrappers=["between:Half"]), evaluate(spring, REACH, 30, wrappers=["between:scaled(0.25)"]))
    misled, led = evaluate(Spring, REACH, 30, wrappers=[between.East]), evaluate(Spring, REACH, 30)
    # The trials and their true targets are the same, but nobody gets there.
    assert np.array_equal(misled.targets, led.targets) and np.array_equal(misled.starts, led.starts)
    west = misled.targets[:, 0] < 0
    assert led.success[west].any() and not misled.success[west].any()


def test_the_order_is_that_of_the_list_and_the_agent_is_made_with_the_last():
    made = []

    class Asks(MinimumJerkAgent):
        def __init__(self, env):
            made.append([type(env).__name__, type(env.env).__name__])
            super().__init__(env)

    evaluate(Asks, REACH, 2, wrappers=["between:Half", between.Same])
    assert made == [["Same", "Half"]]


def test_random_numbers_of_wrappers_are_those_of_the_seed():
    first, again, other = (evaluate("minimum_jerk", REACH, 20, seed, wrappers=[between.Noise]) for seed in (3, 3, 4))
    assert same(first, again) and not np.array_equal(first.returns, other.returns)
    assert not np.array_equal(first.returns, evaluate("minimum_jerk", REACH, 20, 3).returns)


def test_a_wrapper_may_step_several_times():
    seen = []

    def watching(observations):
        seen.append(np.array(observations))
        return 0.5 * spring(observations)

    found = evaluate(watching, REACH, 300, wrappers=[between.Twice])
    # One action for two steps, and a new batch of trials begins afresh even in the middle of two.
    assert found.steps.shape == (300,) and len(seen) <= 1 + sum(-(-int(part.max()) // 2) for part in (found.steps[:256], found.steps[256:]))


def test_who_learns_is_told_what_it_saw_and_did():
    told = []

    class Learner:
        def reset(self, starts):
            pass

        def act(self, observations):
            return np.ones((len(observations), 2))

        def observe(self, transition):
            told.append(transition)

    evaluate(Learner(), REACH, 2, session=True, wrappers=[between.Half, between.East, between.Rich])
    assert told and all((each.actions == 1).all() and (each.observations[:, 0] == 1).all() for each in told)
    assert all((each.next_observations[:, :2] == [1, 0]).all() and (each.rewards > 900).all() for each in told)
    evaluate(Learner(), REACH, 2, wrappers=[between.Half])
    assert len(told) < 400 and (told.clear() or evaluate(Learner(), REACH, 2, wrappers=[between.Half])) and told == []


def test_wrappers_of_gymnasium_work():
    assert evaluate("random", GRID, 5, wrappers=["gymnasium.wrappers.vector:NormalizeObservation"]).summary()["episodes"] == 5
    assert evaluate("random", REACH, 5, wrappers=[NormalizeObservation]).summary()["episodes"] == 5


@pytest.mark.parametrize(
    "wrappers,error,message",
    [
        ("between:Half", TypeError, "`wrappers` must be a list"),
        (3, TypeError, "`wrappers` must be a list"),
        ([3], TypeError, "got 3"),
        (["between:number"], TypeError, "functions of a vector environment, got 3"),
        (["between"], ValueError, "names 'module:function', got 'between'"),
        (["between:"], ValueError, "names 'module:function'"),
        (["nosuch_module:f"], ImportError, "`wrappers` must hold names 'module:function' .* 'nosuch_module:f': No module named"),
        (["between:nosuch"], AttributeError, "`wrappers` must hold names 'module:function' .* 'between:nosuch': module 'between'"),
        ([between.nothing], TypeError, "must return a vector environment, got None"),
        ([between.fewer], ValueError, "must keep the 2 rows, got 3"),
        ([between.Still], ValueError, "must step the environment"),
        ([between.Raises], ValueError, "no good"),
    ],
)
def test_what_is_no_wrapper_is_refused(wrappers, error, message):
    with pytest.raises(error, match=message):
        evaluate("random", GRID, 2, wrappers=wrappers)


# The command


def test_the_command_takes_wrappers_and_says_so(monkeypatch, capsys):
    monkeypatch.chdir(STRANGERS)
    arguments = ["evaluate", REACH, "--agent", "minimum_jerk", "--episodes", "5"]
    assert main([*arguments, "--wrapper", "between:Half", "--wrapper", "between:East", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    bare = evaluate("minimum_jerk", REACH, 5, wrappers=[between.Half, between.East]).summary()
    assert told["wrappers"] == ["between:Half", "between:East"] and told["endpoint_error_mm"] == bare["endpoint_error_mm"]
    assert main([*arguments, "--wrapper", "between:Half"]) == 0
    assert "minimum_jerk through between:Half on reach_gym/CursorReach-v0" in capsys.readouterr().out


BAD = [("nosuch", "'module:function'"), ("nosuch_module:f", "'module:function' of what can be imported, got 'nosuch_module:f'"), ("between:nosuch", "'between:nosuch'"), ("between:number", "got 3")]


@pytest.mark.parametrize("name,message", BAD)
@pytest.mark.parametrize("command", [["evaluate", GRID, "--episodes", "2"], ["benchmark", "--suite", "grid-null", "--seeds", "0"]])
def test_bad_names_end_with_2_and_one_line(command, name, message, monkeypatch, capsys):
    monkeypatch.chdir(STRANGERS)
    code, told = main([*command, "--agent", "random", "--wrapper", name]), capsys.readouterr().err
    assert code == 2 and message in told and told.count("\n") == 1, told


# The benchmark


class Here:
    def run(self, function, items):
        for place, item in enumerate(items):
            yield Done(place, function(item), "")


def limits(*wrappers, path=STRANGERS):
    return Limits(path=str(path), wrappers=wrappers)


@pytest.mark.parametrize("task", ["cursor-curl", "cursor-washout", "grid-washout"])
def test_in_a_process_of_its_own_an_agent_does_the_same(task):
    what = suite.TASKS[task]
    agent, wrappers = ("guests:towards", ["between:Same"]) if what.family == "grid" else ("guests:Spring", ["between:Half", "between:Noise"])
    (found,) = run([Entry("it", agent)], [what], (1,), Here(), limits(*wrappers)).records
    bare = evaluate(towards if what.family == "grid" else Spring, what.env_id, what.episodes, 1, what.kwargs, session=what.is_session, wrappers=wrappers)
    counted = bare.returns if what.block is None else bare.returns[bare.block == 1]
    assert found["status"] == "ok" and found["value"] == pytest.approx(counted.mean(), abs=1e-12), found["message"]
    assert found["wrappers"] == wrappers


def test_wrappers_that_fail_are_failures_of_the_agent():
    found = run_job(Job("it", "guests:towards", "grid-null", 0, path=str(STRANGERS), wrappers=("between:Raises",))).record
    assert found["status"] == "error" and "no good" in found["message"] and "between.py" in found["message"]


def test_yardsticks_and_the_packages_own_agents_act_without():
    entries = [Entry("it", "guests:Spring"), Entry("naive", "naive")]
    jobs = jobs_of(entries, [suite.TASKS["cursor-null"]], (0,), limits("between:Half"))
    assert {job.label: job.wrappers for job in jobs} == {"random": (), "ideal": (), "naive": (), "it": ("between:Half",)}
    plain, changed = (run(entries[:1], [suite.TASKS["cursor-null"]], (0,), Here(), limits(*some)).records[0] for some in ([], ["between:Half"]))
    assert plain["yardsticks"] == changed["yardsticks"] and plain["trials"] == changed["trials"] and plain["value"] != changed["value"]


def test_a_wrapper_that_is_another_or_has_changed_is_not_resumed(tmp_path):
    (tmp_path / "mine.py").write_text((STRANGERS / "between.py").read_text())
    (tmp_path / "guests.py").write_text((STRANGERS / "guests.py").read_text())

    def job(*wrappers):
        return Job("it", "guests:towards", "grid-null", 0, path=str(tmp_path), wrappers=wrappers)

    record = run_job(job("mine:Same")).record
    assert record["status"] == "ok" and is_current(job("mine:Same"), record)
    assert not is_current(job(), record) and not is_current(job("mine:Rich"), record)
    assert not is_current(job("mine:Same", "mine:Same"), record)
    with (tmp_path / "mine.py").open("a") as file:
        file.write("\n# changed\n")
    assert not is_current(job("mine:Same"), record)
