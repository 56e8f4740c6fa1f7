"""Sets of keywords: each value has a source and a keyword, and gives way to what is given."""

import inspect
import json

import gymnasium as gym
import pytest
from gymnasium.envs.registration import EnvSpec

from reach_gym.plants.table import PLANTS
from reach_gym.reach.env import CursorReachEnv
from reach_gym.reach.keywords import Reach, plant_keywords
from reach_gym.reach.presets import PRESETS, with_preset
from reach_gym.reach.vector_env import CursorReachVectorEnv
from reach_gym.registration import TASKS

BOTH = [CursorReachEnv, lambda *task, **keywords: CursorReachVectorEnv(2, *task, backend="numpy", **keywords)]
plain = json.dumps


@pytest.mark.parametrize("name", PRESETS)
def test_every_value_has_a_source_and_is_that_of_a_keyword_as_plain_data(name):
    known = {*Reach().to_data(), *(keyword for plant in PLANTS for keyword in plant_keywords(plant))}
    for keyword, (value, source, _) in PRESETS[name].items():
        assert keyword in known and len(source) > 9
        assert json.loads(plain(value)) == value
    own, task = {keyword: each.at(0.01) for keyword, each in PRESETS[name].items()}, CursorReachEnv(preset=name).task
    assert task == CursorReachEnv(**own).task
    body = task.plant.to_data()
    data = {**body, **task.to_data(), "plant": {name: body[name] for name in own["plant"]} if "plant" in own else None}
    # The task holds what the preset says; of what an array and a tuple hold, the numbers count.
    assert {keyword: data[keyword] for keyword in own} == json.loads(plain(own))


def test_the_presets_are_what_they_are_called():
    simple, lab, paper = (CursorReachEnv(preset=name).task for name in ("simple", "lab", "sun_plitt"))
    assert simple == CursorReachEnv().task == Reach()
    assert (simple.delay, simple.sensory_noise, simple.motor_noise, simple.reward, simple.cue) == (0, (0, 0), (0, 0), "shaped", "latched")
    assert 0.05 <= lab.delay * lab.dt <= 0.1 and lab.history >= lab.delay and min(*lab.sensory_noise, *lab.motor_noise) > 0
    assert (lab.go_delay, lab.false_start) == ((0.4, 0.9), "abort") and lab.hold >= 0.2 and lab.movement_time is not None
    assert (paper.target_onset, paper.go_delay, paper.cue, paper.go_pulse) == (0.2, (0.0, 0.09), "pulse", 0.05)


@pytest.mark.parametrize("make", BOTH)
def test_the_physiology_takes_as_long_in_steps_of_any_length(make):
    for dt in (0.005, 0.01, 0.02):
        lab, arm = make(preset="lab", dt=dt).task, make(preset="lab_arm", dt=dt).task
        assert [round(steps * dt, 9) for steps in (lab.delay, lab.history, arm.felt_delay)] == [0.06, 0.08, 0.02]
        assert arm.delay == round(0.07 / dt)
    assert make(preset="lab", dt=0.5).task.delay == 1  # the least that there can be
    assert CursorReachEnv(Reach(dt=0.02), preset="lab").task.delay == 3
    for dt in ("0.01", 0.0, True):
        with pytest.raises((TypeError, ValueError), match="`dt`"):
            make(preset="lab", dt=dt)


@pytest.mark.parametrize("make", BOTH)
def test_what_is_given_wins(make):
    lab = make(preset="lab").task
    other = make(preset="lab", delay=4, history=0, force_lag=0.01, targets="uniform", movement_time=None).task
    assert (other.delay, other.history, other.targets, other.movement_time, other.plant.force_lag) == (4, 0, "uniform", None, 0.01)
    assert (other.hold, other.go_delay, other.false_start) == (lab.hold, lab.go_delay, lab.false_start)
    assert make(delay=4).task.hold == Reach().hold  # a preset is not remembered
    given = {"preset": "lab", "delay": 4}
    with_preset(given)
    assert given == {"preset": "lab", "delay": 4}


@pytest.mark.parametrize("make", BOTH)
def test_the_laboratory_is_for_every_plant(make):
    arm = make(preset="lab_arm").task
    assert (arm.plant.kind, arm.observation, arm.delay * arm.dt, arm.felt_delay * arm.dt) == ("two_link_arm", "body", 0.07, 0.02)
    for name, plant in PLANTS.items():
        presets = ("lab", "lab_arm") if plant.senses else ("lab",)
        for task in (make(preset=preset, plant=name).task for preset in presets):
            assert task.hold == 0.2 and getattr(task.plant, "force_lag", 0.04) == 0.04  # where it is a keyword of the plant
    own = make(preset="lab", plant={"kind": "two_link_arm", "force_lag": 0.01}).task  # what is given within the plant wins, too
    assert own.plant.force_lag == 0.01


@pytest.mark.parametrize("make", BOTH)
def test_who_names_the_kind_of_arm_gets_the_presets(make):
    named = make(preset="lab_arm", plant="two_link_arm").task
    assert named == make(preset="lab_arm").task and named.plant.arm == "shadmehr_mussa_ivaldi_1994"
    for plant in ({}, {"plant": "two_link_arm"}):
        other = make(preset="lab_arm", arm="nijhof_kouwenhoven_2000", **plant).task.plant
        assert (other.arm, other.force_lag) == ("nijhof_kouwenhoven_2000", 0.04)
    other = make(preset="lab_arm", plant={"kind": "two_link_arm", "max_torque": (8.0, 6.0)}).task.plant
    assert (other.arm, other.max_torque) == (named.plant.arm, (8.0, 6.0))


@pytest.mark.parametrize("make", BOTH)
def test_the_hint_knows_the_plant(make):
    with pytest.raises(TypeError, match="unexpected keyword argument 'damping'; did you mean `joint_damping`"):
        make(plant="two_link_arm", damping=3.0)
    with pytest.raises(TypeError, match="unexpected keyword argument 'dampin'; did you mean `damping`"):
        make(dampin=3.0)


@pytest.mark.parametrize("make", BOTH)
def test_a_misspelt_preset_is_refused(make):
    with pytest.raises(ValueError, match="`preset` must be one of 'simple', 'lab', 'lab_arm', 'sun_plitt', got 'labs'"):
        make(preset="labs")
    with pytest.raises(TypeError, match="unexpected keyword argument 'presets'; did you mean `preset`"):
        make(presets="lab")
    with pytest.raises(TypeError, match="unexpected keyword argument 'histroy'; did you mean `history`"):
        make(preset="lab", histroy=3)


@pytest.mark.parametrize("cls", [CursorReachEnv, CursorReachVectorEnv])
def test_the_signature_shows_it(cls):
    parameters, text = inspect.signature(cls).parameters, cls.__init__.__doc__
    assert parameters["preset"].default == "simple" and "preset: Keywords that hold where they are not given" in text
    assert all(f'"{name}"' in text for name in PRESETS)


@pytest.mark.parametrize("env_id", [env_id for env_id, task in TASKS.items() if "preset" in task.kwargs])
def test_a_registered_preset_goes_through_json(env_id):
    env = gym.make(env_id, hold=0.15)
    again = gym.make(EnvSpec.from_json(env.spec.to_json()))
    assert env.unwrapped.task == again.unwrapped.task and again.spec.kwargs["preset"] == "lab"
    assert again.unwrapped.task.hold == 0.15 and again.unwrapped.task.delay == CursorReachEnv(preset="lab").task.delay
    assert Reach(**json.loads(plain(env.unwrapped.task.to_data()))) == env.unwrapped.task


@pytest.mark.parametrize("make", BOTH)
def test_an_error_says_which_of_its_keywords_nobody_gave(make):
    with pytest.raises(ValueError, match=r"`history` must be 0, .*, got 8. From the preset 'lab': `history`\.$"):
        make(preset="lab", observation="pixels")
    with pytest.raises(ValueError, match=r"From the preset 'lab': `history`, `false_start`. By default: `reward`\.$") as caught:
        make(preset="lab", observation="goal")
    assert all(f"`{name}` must" in str(caught.value) for name in ("history", "reward", "false_start"))
    assert make(preset="lab", observation="goal", history=0, reward="sparse", false_start="fail").task.observation == "goal"
    with pytest.raises(ValueError, match=r"which has no senses. From the preset 'lab_arm': `observation`\.$"):
        make(preset="lab_arm", plant="point_mass")
    with pytest.raises(ValueError, match=r"got 3\.$"):  # what was given needs no word
        make(history=3, observation="pixels")
    with pytest.raises(ValueError, match=r"got 8\.$"):  # nor what a task says
        make(make(preset="lab").task, observation="pixels")
