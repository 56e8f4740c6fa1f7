"""The benchmark's tasks are frozen, and each is what it says."""

import json

import numpy as np
import pytest

from reach_gym.evaluation import evaluate, subset, suite
from reach_gym.evaluation.suite import SUITES, TASKS, chosen, fingerprint
from reach_gym.registration import FAMILIES
from reach_gym.registration import TASKS as REGISTERED
from reach_gym.sessions.schedule import schedule_from_data

# Whoever changes the trials of a task must give it another name.
FROZEN = {
    "grid-null": "c7941100162c4d3c",
    "grid-curl": "c469d4089239ff36",
    "grid-tabular": "57bbb7898f31a3c7",
    "grid-wind": "34c332a81d962fa7",
    "grid-non-static": "093bf848e6253df1",
    "grid-catch": "d23b46488f966426",
    "grid-washout": "10fe5c6e9fc5fc8b",
    "grid-mirrored": "ca9368a402d04df2",
    "grid-targets": "179ebc2233c66e1a",
    "grid-large": "250b3c0e269585e2",
    "lab-null": "ad3a47e6eecc41d8",
    "lab-curl": "71c37dfee62053d9",
    "lab-mirrored": "e7974af86432b39b",
    "lab-non-static": "e33351fd66414115",
    "lab-catch": "5ef8ff6e7dec1084",
    "lab-washout": "a8e8a0980ebb93ff",
    "lab-targets": "45ff498a315c83e0",
    "cursor-null": "1d2cdc83fd560594",
    "cursor-curl": "1558d4571f91c0ab",
    "cursor-region": "ee4016997a44c560",
    "cursor-non-static": "c6a6a774fc2c247d",
    "cursor-catch": "06996e6d7a964222",
    "cursor-washout": "77fd27ce6e8ca836",
    "cursor-mirrored": "7fdc61b9c49dc5ed",
    "cursor-targets": "d051dc7ec44e5a0a",
    "cursor-adaptation-both": "49c68bceb72d14b2",
}
SCORED = [task for task in TASKS.values() if task.track == "score"]
every_scored = pytest.mark.parametrize("task", SCORED, ids=lambda task: task.name)


def value(agent, task, seed=0):
    result = evaluate(agent, task.env_id, task.episodes, seed, task.kwargs, session=task.is_session)
    if task.block is not None:
        names = [block["name"] for block in task.kwargs["schedule"]]
        result = subset(result, result.block == names.index(task.block))
    return result.summary()[task.measure]


def test_the_trials_are_frozen():
    assert {name: fingerprint(task, 0) for name, task in TASKS.items()} == FROZEN


def test_other_seeds_have_other_trials():
    assert fingerprint(TASKS["grid-null"], 1) != FROZEN["grid-null"] and fingerprint(TASKS["cursor-curl"], 1) != FROZEN["cursor-curl"]


def test_the_tasks_are_data():
    for name, task in TASKS.items():
        assert name == task.name and task.family in FAMILIES and task.env_id in REGISTERED and task.summary
        assert name.startswith({"grid": "grid-", "lab": "lab-", "haste": "cursor-", "adaptation": "cursor-"}[task.group])
        assert json.loads(json.dumps(task.kwargs)) == task.kwargs and "observation" not in task.kwargs
        # Only where the return is measured does it matter which reward there is.
        assert task.kwargs.get("reward") == ("sparse" if task.group == "haste" else None)
        assert task.measure == {"lab": "success", "adaptation": "learning"}.get(task.group, "mean_return")
        if task.is_session:
            assert task.episodes == schedule_from_data(task.kwargs["schedule"]).trials
    assert set(SUITES["full"].tasks) == set(SUITES["grid"].tasks) | set(SUITES["lab"].tasks)
    assert {task.name for task in SCORED} == set(SUITES["full"].tasks) | set(SUITES["haste"].tasks)
    assert {name for each in SUITES.values() for name in each.tasks} == set(TASKS)


@every_scored
def test_the_yardsticks_are_apart_and_only_fields_cost_who_ignores_them(task):
    low, naive, high = (value(agent, task) for agent in ("random", "naive", "ideal"))
    assert low + (0.9 if task.group == "lab" else 10) < high and naive <= high
    if task.group == "lab":
        # Nobody can exceed 1 but by noise, and who knows no field fails in a curl.
        assert high >= 1 / 1.02 and ((naive - low) / (high - low) < 0.5 or task.name in ("lab-null", "lab-washout", "lab-non-static"))
    # A field that one must know of costs whoever does not; where there is none it costs nothing.
    if task.name.endswith(("-null", "-washout", "-large", "-tabular")):
        assert naive == high
    else:
        assert naive < high


@pytest.mark.parametrize("name", ["cursor-non-static", "cursor-catch"])
def test_what_nobody_can_know_costs_little(name):
    # The suite's docstring: the ideal's 1 is a bound; who knows only what the block teaches comes close to it.
    low, adapted, high = (value(agent, TASKS[name]) for agent in ("random", "adapted", "ideal"))
    assert 0.85 < (adapted - low) / (high - low) < 1


def test_suites_can_be_joined():
    tasks, seeds = chosen(["cursor-curl", "grid", "grid-null"])
    assert [task.name for task in tasks] == [*SUITES["grid"].tasks, "cursor-curl"] and seeds == (0, 1, 2, 3, 4)
    assert chosen(["quick"])[1] == (0, 1, 2)


@pytest.mark.parametrize("names,error", [(["nosuch"], ValueError), ([], ValueError), ([3], TypeError)])
def test_unknown_suites_are_refused(names, error):
    with pytest.raises(error, match="`suite`"):
        chosen(names)


def test_the_catch_and_non_static_trials_differ():
    gains = {}
    for name in ("cursor-catch", "cursor-non-static"):
        task = TASKS[name]
        env = suite.rollout.make_rows(task.env_id, 256, task.kwargs)
        gains[name] = env.reset(seed=suite.rollout.held_out(0))[1]["gain"]
    assert set(gains["cursor-catch"]) == {0.0, 1.0} and 0.15 < np.mean(gains["cursor-catch"] == 0) < 0.35
    assert gains["cursor-non-static"].min() < -0.9 and gains["cursor-non-static"].max() > 0.9
