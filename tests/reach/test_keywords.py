"""The keywords of the continuous reach: shown, refused and kept the same everywhere; the plant among them."""

import copy
import inspect
import json
import pickle

import gymnasium as gym
import pytest

import reach_gym  # noqa: F401  (registers the tasks)
from reach_gym.keywords import table
from reach_gym.plants.plant import feel_nothing
from reach_gym.plants.point_mass import PointMass
from reach_gym.plants.table import PLANTS
from reach_gym.reach.env import CursorReachEnv
from reach_gym.reach.keywords import Reach
from reach_gym.reach.vector_env import CursorReachVectorEnv
from reach_gym.registration import TASKS, family_of
from reach_gym.rows.keywords import Rows, Shown

CLASSES = [(CursorReachEnv, Shown), (CursorReachVectorEnv, Rows)]
WAYS = [
    {},
    {"field": "curl_ccw", "schedule": "abrupt", "targets": {"kind": "center-out", "distance": 0.05}, "start": [0.01, 0.0]},
    {"targets": [[0.05, -0.02], [0.03, 0.04]], "go_delay": [0.1, 0.2], "plant": {"mass": 2.0}, "motor_noise": [0.1, 0.2]},
    {"targets": {"kind": "center-out", "count": 4}, "go_delay": {"mean": 0.2}, "plant": "point_mass", "damping": 3.0},
]


@pytest.mark.parametrize(("cls", "more"), CLASSES)
def test_signature_and_help_show_every_keyword_with_default_unit_and_meaning(cls, more):
    parameters, shown = inspect.signature(cls).parameters, " ".join((cls.__init__.__doc__ or "").split())
    for row in table(Reach, PointMass, more):
        assert row.name in parameters
        if row.name != "num_envs":
            assert f"{row.name}: {' '.join(row.meaning.split())}" in shown, row.name
        assert not row.unit or f"In {row.unit}." in shown
        assert f"Default: {row.default}." in shown
    assert parameters["hold_radius"].default == 0.01 and parameters["mass"].default == 1.0


@pytest.mark.parametrize(("given", "near"), [("hold_radus", "hold_radius"), ("mas", "mass"), ("feild", "field"), ("dampin", "damping")])
@pytest.mark.parametrize("make", [lambda **k: gym.make("reach_gym/CursorReach-v0", **k), lambda **k: CursorReachVectorEnv(2, **k)])
def test_a_misspelt_keyword_is_refused_with_the_nearest_name(make, given, near):
    with pytest.raises(TypeError, match=f"unexpected keyword argument '{given}'; did you mean `{near}`"):
        make(**{given: 1})


@pytest.mark.parametrize("keywords", WAYS)
def test_the_task_is_the_same_from_keywords_from_plain_data_and_from_a_task(keywords):
    task = CursorReachEnv(**keywords).task
    again = Reach(**json.loads(json.dumps(task.to_data())))
    assert task == again == CursorReachEnv(task).task == CursorReachVectorEnv(2, task, backend="numpy").task
    assert copy.deepcopy(task) == pickle.loads(pickle.dumps(task)) == task
    assert CursorReachEnv(task, radius=0.02).task.radius == 0.02 and task.radius == 0.01


def test_a_task_cannot_be_changed():
    with pytest.raises(AttributeError):
        Reach().radius = 0.02  # type: ignore[misc]


def test_the_keywords_of_the_plant_stand_inside_or_beside_but_not_twice():
    inside, beside = CursorReachEnv(plant={"kind": "point_mass", "mass": 2.0}), CursorReachEnv(mass=2.0)
    assert inside.task == beside.task and inside.task.plant == PointMass(mass=2.0)
    assert CursorReachEnv(plant=PointMass(mass=2.0), damping=1.0).task.plant == PointMass(mass=2.0, damping=1.0)
    assert CursorReachEnv(inside.task, mass=3.0).task.plant.mass == 3.0
    with pytest.raises(ValueError, match="`mass` must stand in `plant` or beside it"):
        CursorReachEnv(plant={"mass": 2.0}, mass=2.0)


@pytest.mark.parametrize(
    ("plant", "error", "words"),
    [
        ("rubber", ValueError, "one of 'point_mass', 'lagged_mass', 'two_link_arm', .* got 'rubber'"),
        ({"kind": "rubber"}, ValueError, "plant.kind"),
        ({"kind": "point_mass", "length": 1}, ValueError, "unknown key 'length'"),
        ({"mass": "2"}, TypeError, "`mass`"),
        ({"mass": float("nan")}, ValueError, "`mass`"),
        (3, TypeError, "`plant` must be"),
        (None, TypeError, "`plant` must be"),
    ],
)
def test_a_bad_plant_is_refused(plant, error, words):
    with pytest.raises(error, match=words):
        CursorReachEnv(plant=plant)


def test_every_plant_meets_the_contract():
    for kind, plant in PLANTS.items():
        made = plant()
        state = made.start(0.03, -0.02, made.params(0.01, 0.2))
        assert made.kind == kind and len(state) == len(made.State._fields)
        params = made.params(0.01, 0.2)
        assert len(params) == len(made.Params._fields)
        assert tuple(made.hand(state, params)) == pytest.approx((0.03, -0.02, 0.0, 0.0), abs=1e-14)
        assert len(made.feel(state, params)) == len(made.senses) and made.feel in {*made.COMPONENT_WISE, feel_nothing}
        assert len(made.low) == len(made.high) == len(made.strength)
        assert {made.start, made.step, made.stop, made.hand} <= set(made.COMPONENT_WISE)
        assert made.describe() and made.describe_actions()


def test_the_family_says_which_task_it_is():
    for env_id, task in TASKS.items():
        env = gym.make(env_id)
        assert family_of(env) == family_of(env.unwrapped) == task.family
    assert family_of(gym.make("CartPole-v1")) is None
