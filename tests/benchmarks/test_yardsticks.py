"""Trackers: they reach, the best of them is found, and no field is told to them."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks import trackers
from benchmarks.__main__ import main
from benchmarks.trackers import Laws, Tracker, best_share
from benchmarks.yardsticks import TRACKED, tracked_row
from reach_gym.evaluation import evaluate
from reach_gym.evaluation.statistics import Interval
from reach_gym.evaluation.suite import TASKS

GENTLE = np.array([[6.0, 2.0, 15.0, 0.44, 0.0]])


@pytest.mark.parametrize("name", ["lab-null", "arm-null"])
def test_a_gentle_tracker_reaches_without_a_field_and_is_thrown_off_by_one(name):
    task = TASKS[name]
    agent = type("Gentle", (Tracker,), {"laws": GENTLE})
    for field, share in (("null", 1.0), ({"preset": "curl_ccw", "gain": 2.0}, 0.0)):
        assert evaluate(agent, task.env_id, 2, 0, {**task.kwargs, "observation": "vector", "field": field}).success.mean() == share


def test_the_best_law_is_found_on_other_trials_than_it_is_shown_on(monkeypatch):
    seen = []

    def succeeds(task, kwargs, laws, seed):
        seen.append(seed)
        return laws[:, 3] > 0.5  # long paths succeed

    monkeypatch.setattr(trackers, "_succeeds", succeeds)
    found, law = best_share(replace(TASKS["arm-curl"], episodes=64), {})
    assert found.value == 1.0 and law.duration[0, 0] > 0.5 and law.tension.shape == (1, 1)
    assert seen == [100, 101, 102, 103, 104, 105, 200, 0]


def test_rows_of_the_table_and_names():
    law = Laws(*(np.array([[each]]) for each in (6.0, 2.0, 15.0, 0.44, 0.1)))
    assert tracked_row("a", Interval(0.5, 0.25, 0.75), law) == [
        *("a", "50.0 % (25.0 to 75.0)"),
        "stiffness 6 per s², damping 2 per s, pace 15 per s, path of 0.44 s, tension 0.10",
    ]
    assert tracked_row("a", Interval(0.0, 0.0, 0.1), law) == ["a", "0.0 % (0.0 to 10.0)", "-"]
    assert all(task in TASKS for task, _ in TRACKED.values())


def test_beside_every_curl_stands_what_trackers_do_without_it():
    bodies = {task.partition("-")[0] for task, _ in TRACKED.values()}
    assert bodies == {"lab", "arm", "muscle"} and all(TRACKED[f"{body}-null"] == (f"{body}-null", {}) for body in bodies)


@pytest.mark.parametrize("words", [["--tracked", "nosuch"], ["--tasks", "arm-null"]])
def test_bad_requests(words, capsys):
    assert main(["yardsticks", *words]) == 2 and words[1] in capsys.readouterr().err
