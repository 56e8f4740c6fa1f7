"""The keywords of the grid reach stand once, and everything that shows or takes them reads them there."""

import copy
import inspect
import json
import pickle
import pydoc
from dataclasses import FrozenInstanceError, fields
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

import reach_gym  # noqa: F401
from reach_gym.fields import GRID_PRESETS, NULL, ForceField
from reach_gym.grid.env import GridReachEnv
from reach_gym.grid.keywords import GridReach
from reach_gym.grid.observations import KINDS
from reach_gym.grid.pairs import FREE
from reach_gym.grid.radius import RadiusSchedule
from reach_gym.grid.vector_env import GridReachVectorEnv
from reach_gym.keywords import table
from reach_gym.rows.keywords import Rows, Shown
from reach_gym.sessions.schedule import SCHEDULES, Schedule
from tests.refusals import wording

BUSY = {
    "size": 9,
    "observation": "index",
    "start": [0, 1],
    "target": (5, 8),
    "radius": {"start": 3, "factor": 0.5, "floor": 0, "every": 2},
    "field": {"preset": "wind", "gain": 2},
    "schedule": [{"name": "a", "trials": 3, "gain": 0.5}],
}
CASES = [{}, BUSY, {"field": "curl_ccw", "schedule": "abrupt"}, {"radius": 2}, {"target": np.array([3, 4])}]
scalar_and_vector = pytest.mark.parametrize("made,shared", [(GridReachEnv, Shown), (GridReachVectorEnv, Rows)], ids=["scalar", "vector"])


def test_what_is_held_is_what_was_read():
    task = GridReach(**BUSY)
    assert (task.size, task.observation, task.start, task.target) == (9, "index", (0, 1), (5, 8))
    assert task.radius == RadiusSchedule(3, 0.5, 0, 2) and task.radii == (3, 1.5, 0)
    assert task.field == ForceField(gain=2, region=GRID_PRESETS["wind"].region, push=GRID_PRESETS["wind"].push)
    assert isinstance(task.schedule, Schedule) and task.schedule.blocks[0].gain == 0.5
    assert (task.start_cell, task.target_cell) == (9, 8 * 9 + 5)
    assert task.world.size == 9 and task.world.field == task.field
    plain = GridReach()
    assert (plain.start, plain.target, plain.start_cell, plain.target_cell) == (None, None, FREE, FREE)
    assert (plain.field, plain.schedule, plain.radii, plain.session()) == (NULL, None, (0.0,), None)
    assert GridReach(schedule="abrupt").schedule == SCHEDULES["abrupt"]
    assert GridReach.family == "grid"


@pytest.mark.parametrize("kwargs", CASES, ids=str)
def test_a_task_survives_json_pickle_and_copies(kwargs):
    task = GridReach(**kwargs)
    _ = task.world, task.radii, task.start_cell  # what follows from it may have been asked for
    assert GridReach(**json.loads(json.dumps(task.to_data()))) == task
    assert pickle.loads(pickle.dumps(task)) == copy.deepcopy(task) == task
    assert hash(task) == hash(GridReach(**kwargs))
    assert task != GridReach(**{**kwargs, "size": 12})
    with pytest.raises(FrozenInstanceError):
        task.size = 3


@scalar_and_vector
@pytest.mark.parametrize("kwargs", CASES, ids=str)
def test_the_environments_take_them_one_by_one_or_as_a_task(made, shared, kwargs):
    task = GridReach(**kwargs)
    ready = {} if made is GridReachEnv else {"task": task}
    before = (task,) if made is GridReachEnv else ()
    assert made(**kwargs).task == made(*before, **ready).task == task
    changed = made(*before, **ready, size=13)
    assert changed.task == GridReach(**{**kwargs, "size": 13}) and changed.size == 13 and task.size != 13
    with pytest.raises(ValueError, match=wording("size", "got 1.")):
        made(*before, **ready, size=1)


def test_the_number_of_rows_comes_first():
    assert GridReachVectorEnv(3, size=6).num_envs == GridReachVectorEnv(num_envs=3).num_envs == 3
    assert GridReachVectorEnv().num_envs == 1


@pytest.mark.parametrize("made", [GridReachEnv, lambda task: GridReachVectorEnv(2, task)], ids=["scalar", "vector"])
@pytest.mark.parametrize("task", [8, {"size": 8}, Shown(), "vector"], ids=repr)
def test_what_is_no_task_is_refused(made, task):
    with pytest.raises(TypeError, match="GridReach"):
        made(task)


@pytest.mark.parametrize(
    "make",
    [
        GridReachEnv,
        GridReachVectorEnv,
        lambda **kwargs: gym.make("reach_gym/GridReach-v0", **kwargs),
        lambda **kwargs: gym.make_vec("reach_gym/GridReach-v0", num_envs=2, **kwargs),
    ],
    ids=["scalar", "vector", "make", "make_vec"],
)
@pytest.mark.parametrize(
    "name,hint",
    [("sise", "did you mean `size`?"), ("radiuss", "did you mean `radius`?"), ("zzz", "known are"), ("feild", "did you mean `field`?")],
)
def test_a_misspelt_keyword_is_refused_with_the_nearest_name(make, name, hint):
    with pytest.raises(TypeError) as caught:
        make(**{name: 8})
    # TorchRL reads these words, to find out what an environment takes.
    assert f"unexpected keyword argument '{name}'" in str(caught.value) and hint in str(caught.value)


@scalar_and_vector
def test_signature_and_help_show_every_keyword(made, shared):
    parameters = inspect.signature(made).parameters
    rows = table(GridReach, shared)
    assert {name for name in parameters if name != "task"} == {row.name for row in rows}
    for each in (*fields(GridReach), *fields(shared)):
        assert parameters[each.name].default == each.default
    assert parameters["radius"].annotation == float | dict[str, Any] | RadiusSchedule
    text = " ".join(pydoc.render_doc(made).replace("|", " ").split())  # as `help` shows it, on one line
    for row in rows:
        assert row.meaning and f"{row.name}: {' '.join(row.meaning.split())}" in text
        assert not row.unit or f"In {row.unit}. Default: {row.default}." in text
    for kind in KINDS.values():
        assert kind.meaning in text


def test_the_rows_keywords_are_read_too():
    env = GridReachVectorEnv(2, autoreset_mode="SameStep", backend="numpy", max_episode_steps=7)
    assert env.metadata["autoreset_mode"] is AutoresetMode.SAME_STEP and env.max_episode_steps == 7 and env.backend == "numpy"
    assert Rows(autoreset_mode="SameStep") == Rows(autoreset_mode=AutoresetMode.SAME_STEP)
