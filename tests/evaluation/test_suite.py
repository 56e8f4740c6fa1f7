"""The benchmark's tasks are frozen, and each is what it says."""

import json
from pathlib import Path

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
    "arm-reach": "1d2cdc83fd560594",
    "arm-null": "ad3a47e6eecc41d8",
    "arm-curl": "10253670eae4b75d",
    "arm-mirrored": "878ac7b0f92659d8",
    "muscle-reach": "051cf5cb7d131246",
    "muscle-null": "e3b0908da19caefc",
    "muscle-curl": "2a3a50699f3ec30e",
    "muscle-mirrored": "b2972d8521d6699e",
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
# Groups that measure a share of trials, of which nobody can have more than all but by noise.
OF_SHARES = ("lab", "arm", "muscle")
FEW = 2  # trials of an arm, whose controllers take long; `python -m benchmarks yardsticks` has all of them
TAKES_LONG = ("muscle-null", "muscle-curl", "muscle-mirrored")  # 5 s for a single trial; that command has them, too
every_scored = pytest.mark.parametrize("task", [task for task in SCORED if task.name not in TAKES_LONG], ids=lambda task: task.name)


def value(agent, task, seed=0):
    result = evaluate(agent, task.env_id, FEW if task.sectors else task.episodes, seed, task.kwargs, session=task.is_session)
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
        assert name.startswith(f"{({'haste': 'cursor', 'adaptation': 'cursor'}.get(task.group, task.group))}-")
        assert json.loads(json.dumps(task.kwargs)) == task.kwargs
        # Only where the return is measured does it matter which reward there is.
        assert task.kwargs.get("reward") == ("sparse" if task.group == "haste" else None)
        assert task.measure == {**dict.fromkeys(OF_SHARES, "success"), "adaptation": "learning"}.get(task.group, "mean_return")
        assert (task.sectors == 8) == (task.group in ("arm", "muscle"))
        if task.is_session:
            assert task.episodes == schedule_from_data(task.kwargs["schedule"]).trials
    assert set(SUITES["full"].tasks) == set(SUITES["grid"].tasks) | set(SUITES["lab"].tasks)
    assert {task.name for task in SCORED} == {name for suite in ("full", "haste", "arms") for name in SUITES[suite].tasks}
    assert {name for each in SUITES.values() for name in each.tasks} == set(TASKS)


def test_the_kind_of_observation_is_the_agents_choice_but_in_a_laboratory_of_arms():
    for task in TASKS.values():
        seen_only = task.group in ("arm", "muscle") and not task.name.endswith("-reach")
        assert task.kinds == (("vector",) if seen_only else suite.OBSERVATIONS[task.family])
        # What the body feels would come without the latency of what is seen.
        assert task.kwargs.get("felt_delay", 0) == 0


def test_the_hand_of_an_arm_is_seen_late():
    for name in ("arm-curl", "muscle-curl"):
        env = suite.rollout.make_rows(TASKS[name].env_id, 1, TASKS[name].kwargs)
        assert (env.unwrapped.task.delay, env.unwrapped.task.false_start, env.unwrapped.task.movement_time) == (7, "abort", (0.2, 0.45))


@every_scored
def test_the_yardsticks_are_apart_and_only_fields_cost_who_ignores_them(task):
    low, naive, high = (value(agent, task) for agent in ("random", "naive", "ideal"))
    assert low + (0.9 if task.group in OF_SHARES else 10) < high and naive <= high
    if task.group in OF_SHARES:
        # Nobody can exceed 1 but by noise, and who knows no field fails in a curl.
        curl = not task.name.endswith(("-null", "-washout", "-non-static", "-reach"))
        assert high >= 1 / 1.02 and (not curl or (naive - low) / (high - low) < 0.5)
    # A field that one must know of costs whoever does not; where there is none it costs nothing.
    if task.name.endswith(("-null", "-washout", "-large", "-tabular", "-reach")):
        assert naive == high
    else:
        assert naive < high


@pytest.mark.parametrize("name", ["cursor-non-static", "cursor-catch"])
def test_what_nobody_can_know_costs_little(name):
    # The suite's docstring: the ideal's 1 is a bound; who knows only what the block teaches comes close to it.
    low, adapted, high = (value(agent, TASKS[name]) for agent in ("random", "adapted", "ideal"))
    assert 0.85 < (adapted - low) / (high - low) < 1


def test_ceilings_are_those_that_were_computed():
    """The page is what `python -m benchmarks ceiling` wrote."""
    page = (Path(__file__).parents[2] / "benchmarks" / "results" / "ceiling.md").read_text()
    computed = {cells[1].strip(): float(cells[2]) for cells in (line.split("|") for line in page.splitlines()[2:])}
    assert len(computed) == 12
    assert {name: suite.TASKS[name].ceiling for name in computed} == computed
    unknown = [name for name, task in suite.TASKS.items() if task.ceiling is None]
    assert unknown == ["cursor-region", "cursor-washout", "cursor-adaptation-both"]


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
