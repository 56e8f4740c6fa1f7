"""The recipes: plain data, models made of them, and the form of the RL Zoo."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from reach_gym.acting import recipes
from reach_gym.acting.recipes import ALGORITHMS, recipe
from reach_gym.acting.sb3 import GoalFeatures
from reach_gym.acting.sb3_models import algorithm_settings
from reach_gym.cli import main
from reach_gym.evaluation import evaluate
from reach_gym.registration import TASKS

PIXELS, VECTOR, CURSOR = "reach_gym/GridReachPixels-v0", "reach_gym/GridReach-v0", "reach_gym/CursorReach-v0"
LAB, ARM, MUSCLES = "reach_gym/LabReachCurl-v0", "reach_gym/ArmReachCurl-v0", "reach_gym/MuscleReachCurl-v0"


def test_they_are_read_without_stable_baselines3() -> None:
    code = "import sys; from reach_gym.acting.recipes import recipes; assert recipes('sac'); print({'torch', 'stable_baselines3'} & {*sys.modules})"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "set()\n"


@pytest.mark.parametrize("algo", ALGORITHMS)
def test_every_recipe_makes_a_model(algo: str) -> None:
    found = recipes.recipes(algo)
    assert found
    for each in found:
        json.dumps(dict(each.settings))
        model = each.make(seed=1)
        assert type(model).__name__.lower() == algo.replace("_", "") and model.env.num_envs == each.num_envs
        rate = float(str(each.settings["learning_rate"]).removeprefix("lin_"))
        assert (model.seed, model.gamma, model.lr_schedule(1.0)) == (1, each.settings["gamma"], rate)
        model.env.close()


def test_a_recipe_learns_and_takes_changes() -> None:
    found = recipe("td3", CURSOR, {"field": "curl_cw"})
    model = found.make(seed=3, gamma=0.5)
    assert model.env.num_envs == found.num_envs == 16 and model.gamma == 0.5
    assert model.env.envs.task.field.viscosity[0][1] > 0
    assert model.learn(found.settings["learning_starts"] + 32).num_timesteps == found.settings["learning_starts"] + 32
    assert model._n_updates == 8  # four after each step beyond `learning_starts`
    np.testing.assert_array_equal(model.action_noise.base_noise._sigma, [0.3, 0.3])


def test_the_tasks_own_keywords_come_first() -> None:
    assert recipe("dqn", PIXELS).env_kwargs["radius"]["start"] == 8
    assert recipe("dqn", PIXELS, {"radius": 1, "size": 8}).env_kwargs == {"radius": 1, "size": 8}
    assert recipe("dqn", VECTOR, {"observation": "pixels"}).settings == recipe("dqn", PIXELS).settings


def test_cues_come_later_in_training_unless_a_source_times_them() -> None:
    assert recipe("ppo", CURSOR).env_kwargs == {"go_delay": [0.0, 0.15]}
    assert recipe("td3", CURSOR).env_kwargs == {"go_delay": [0.0, 0.2]}
    assert recipe("sac", CURSOR, {"go_delay": 0.0}).env_kwargs == {"go_delay": 0.0}
    for preset in ("simple", "sun_plitt"):
        given = {"preset": preset}
        assert recipe("sac", CURSOR, given).env_kwargs == ({"go_delay": [0.0, 0.2], **given} if preset == "simple" else given)
    goals = recipe("sac", CURSOR, {"preset": "sun_plitt", "observation": "goal"}).env_kwargs
    assert goals["reward"] == "sparse" and not {"go_delay", "target_onset"} & {*goals}


def test_the_laboratorys_tasks_have_recipes_of_their_own() -> None:
    found = recipe("ppo", LAB)
    assert found.settings["policy_kwargs"]["features_extractor_class"] == "reach_gym.acting.sb3.AimFeatures"
    assert found.env_kwargs["false_start"] == "ignore" and "movement_time" not in found.env_kwargs
    assert recipe("ppo", CURSOR, {"preset": "lab"}).settings == found.settings
    assert recipe("ppo", LAB, {"preset": "simple"}).settings == recipe("ppo", CURSOR).settings
    model = found.make(num_envs=2, batch_size=200)
    task = model.env.envs.task  # trials that are easier to learn from, with the laboratory's hand
    assert not task.strict and task.reward == "shaped" and task.movement_time == (0.2, 0.45)
    assert (task.delay, task.history, task.plant.force_lag) == (6, 8, 0.04)
    assert (model.lr_schedule(1.0), model.lr_schedule(0.25)) == pytest.approx((1e-3, 2.5e-4))
    model.env.close()


def learns_with_hindsight(model: Any, steps: int, env_id: str, kwargs: dict[str, Any], path: Path) -> None:
    """Some of the new targets were reached, and what is saved acts as the model does, read without trust."""
    model.learn(steps)
    assert type(model.replay_buffer).__name__ == "HerReplayBuffer"
    assert set(model.replay_buffer.sample(500).rewards.flatten().tolist()) == {-1.0, 0.0}
    model.save(path)
    kept, now = (evaluate(each, env_id, 5, env_kwargs=kwargs).summary() for each in (f"{path}.zip", model))
    assert kept == now
    model.env.close()


def test_goals_are_learned_with_hindsight(tmp_path: Path) -> None:
    goals = {"observation": "goal", "reward": "sparse"}
    found = recipe("sac", CURSOR, {"observation": "goal"})
    assert found.env_kwargs["reward"] == "sparse" and recipe("sac", CURSOR, goals).settings == found.settings
    model = found.make(num_envs=2, learning_starts=300, policy_kwargs={"features_extractor_class": GoalFeatures, "net_arch": [4]})
    learns_with_hindsight(model, 330, CURSOR, goals, tmp_path / "model")  # whatever the speed, and with a false start


def test_the_grids_goals_are_learned_with_hindsight(tmp_path: Path) -> None:
    goals = {"observation": "goal"}
    found = recipe("dqn", VECTOR, goals)
    assert found.env_kwargs == goals
    model = found.make(num_envs=8, learning_starts=900)  # the buffer gives nothing before an episode has ended
    learns_with_hindsight(model, 940, VECTOR, goals, tmp_path / "model")


def test_a_radius_that_shrinks_is_learned_with_hindsight() -> None:
    kwargs = {"observation": "goal", "radius": {"start": 8.0, "factor": 0.5, "every": 1}}
    model = recipe("dqn", VECTOR, kwargs).make(num_envs=8, learning_starts=900)
    model.learn(940)
    told = {info["radius"] for row in model.replay_buffer.infos[: model.replay_buffer.pos] for info in row}
    assert len(told) > 1 and set(model.replay_buffer.sample(500).rewards.flatten().tolist()) == {-1.0, 0.0}
    envs, generator, radii = model.env, np.random.default_rng(0), set()
    envs.reset()
    for _ in range(200):
        seen, rewards, over, infos = envs.step(generator.integers(0, 8, 8))
        last = [info["terminal_observation"] if end else {name: part[row] for name, part in seen.items()} for row, (end, info) in enumerate(zip(over, infos, strict=True))]
        achieved, desired = ([each[name] for each in last] for name in ("achieved_goal", "desired_goal"))
        assert envs.env_method("compute_reward", achieved, desired, infos)[0].tolist() == rewards.tolist()
        radii |= {info["radius"] for info in infos}
    assert len(radii) > 2
    lost = recipe("dqn", VECTOR, kwargs).make(num_envs=8, learning_starts=900, replay_buffer_kwargs={"copy_info_dict": False})
    with pytest.raises(ValueError, match=r"copy_info_dict=True.*infos=True"):
        lost.learn(940)


def test_changes_tell_whether_infos_are_needed() -> None:
    kwargs = {"observation": "goal", "reward": "sparse"}
    changes = ({}, {"replay_buffer_kwargs": {"copy_info_dict": False}}, {"replay_buffer_class": None, "replay_buffer_kwargs": None})
    for each, told in zip(changes, (True, False, False), strict=True):
        envs = recipe("sac", CURSOR, kwargs).make(num_envs=2, **each).env
        envs.reset()
        assert bool(envs.step(np.zeros((2, 2)))[3][0]) is told
    with pytest.raises(TypeError, match="`replay_buffer_kwargs` must be settings"):
        recipe("sac", CURSOR, kwargs).make(num_envs=2, replay_buffer_kwargs="x")


def test_the_plant_chooses_the_recipe() -> None:
    found = recipe("ppo", ARM)
    assert found.settings["policy_kwargs"]["features_extractor_class"].endswith("AimFeatures") and found.env_kwargs == {"go_delay": [0.0, 0.3]}
    for plant in ("two_link_arm", {"kind": "two_link_arm", "arm": "nijhof_kouwenhoven_2000"}):
        assert recipe("ppo", CURSOR, {"plant": plant}).settings == found.settings
    assert recipe("ppo", ARM, {"plant": {"mass": 2.0}}).settings == recipe("ppo", CURSOR).settings
    model = found.make(num_envs=2, n_steps=4, batch_size=8)
    assert model.env.envs.task.plant.kind == "two_link_arm" and model.env.envs.task.field.viscosity[1][0] == 13
    model.env.close()


def test_muscles_are_learned_in_the_task_itself_by_who_feels_them() -> None:
    found = recipe("ppo", MUSCLES)
    assert found.env_kwargs == {} and recipe("ppo", CURSOR, {"plant": "muscle_arm", "observation": "body"}).settings == found.settings
    model = found.make(num_envs=2, n_steps=4, batch_size=8)
    assert model.env.envs.task == gym.make(MUSCLES).unwrapped.task  # no trial is easier
    assert model.policy.features_extractor.features_dim == 6 + 20 + 1
    model.env.close()
    past = recipe("ppo", MUSCLES, {"history": 2}).make(num_envs=2, n_steps=4, batch_size=8)  # so that the number of actuators matters
    assert past.policy.features_extractor.features_dim == 3 * 26 + 2 * 6 + 1
    past.env.close()


def test_falling_rates_and_noise_are_read() -> None:
    model = recipe("sac", CURSOR).make(num_envs=1)
    settings = algorithm_settings({"learning_rate": "lin_2e-3", "noise_type": "normal", "noise_std": 0.3, "n_timesteps": 5}, model.action_space)
    assert set(settings) == {"learning_rate", "action_noise"}
    assert [settings["learning_rate"](left) for left in (1.0, 0.5, 0.0)] == pytest.approx([2e-3, 1e-3, 0.0])
    np.testing.assert_array_equal(settings["action_noise"]._sigma, [0.3, 0.3])


@pytest.mark.parametrize("algo", ALGORITHMS)
def test_the_zoos_file_reads_back(algo: str, capsys: pytest.CaptureFixture[str]) -> None:
    yaml = pytest.importorskip("yaml")
    assert main(["recipes", algo]) == 0
    read = yaml.safe_load(capsys.readouterr().out)
    assert list(read) == list(dict.fromkeys(each.env_id for each in recipes.recipes(algo)))
    for env_id, entry in read.items():
        found = next(each for each in recipes.recipes(algo) if each.env_id == env_id)
        model = found.make()
        assert (entry.pop("n_timesteps"), entry.pop("n_envs")) == (found.steps, found.num_envs)
        coded = {"policy_kwargs", "replay_buffer_class", "replay_buffer_kwargs"} & entry.keys()
        settings = algorithm_settings(found.settings, model.action_space)
        assert {name: eval(entry.pop(name)) for name in coded} == {name: settings[name] for name in coded}
        assert entry == {name: value for name, value in found.settings.items() if name in entry}
        assert set(entry) | {"n_timesteps", "n_envs"} | coded == set(found.settings)
        model.env.close()


def needed(line: str) -> dict[str, Any]:
    """The keywords of a line that ends with what the Zoo's command line needs, as a shell and the Zoo read them."""
    words = subprocess.run(f"printf '%s\\n' {line.split('--env-kwargs ')[1]}", shell=True, capture_output=True, text=True).stdout
    return {name: eval(value) for name, _, value in (word.partition(":") for word in words.splitlines())}


def test_the_zoos_file_tells_the_keywords_of_the_environment(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["recipes", "dqn"]) == 0
    line = next(line for line in capsys.readouterr().out.splitlines() if "Needs" in line)
    assert needed(line) == recipe("dqn", VECTOR).env_kwargs


def test_goals_are_listed_with_the_observation_that_they_need(capsys: pytest.CaptureFixture[str]) -> None:
    yaml = pytest.importorskip("yaml")
    assert main(["recipes"]) == 0
    needy = [line.split() for line in capsys.readouterr().out.splitlines() if line.endswith("observation: goal")]
    families = {"dqn": "/GridReach", "sac": "/CursorReach"}
    # A task of pixels is with goals the same as that of coordinates.
    wanted = [[algo, env_id] for algo, family in families.items() for env_id in TASKS if family in env_id and "Pixels" not in env_id]
    assert [words[:2] for words in needy] == wanted
    assert main(["recipes", "sac"]) == 0
    # The Zoo has room for one entry of a task: the others are comments, to be put in its place.
    instead = capsys.readouterr().out.split("# Or, instead of the entry of this task above:\n")[1:]
    for env_id, text in zip((words[1] for words in needy if words[0] == "sac"), instead, strict=True):
        found = recipe("sac", env_id, {"observation": "goal"})
        lines = [line.removeprefix("# ") for line in text.splitlines() if line]
        entry = yaml.safe_load("\n".join(lines))[env_id]
        assert (entry["policy"], entry["n_timesteps"]) == ("MultiInputPolicy", found.steps) and "HerReplayBuffer" in entry["replay_buffer_class"]
        assert needed(lines[1]) == found.env_kwargs and found.env_kwargs["observation"] == "goal"


def test_they_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["recipes"]) == 0
    listed = [line.split()[:2] for line in capsys.readouterr().out.splitlines()[1:]]
    assert listed == [[algo, each.env_id] for algo in ALGORITHMS for each in recipes.recipes(algo)]
    assert listed.count(["sac", CURSOR]) == 2 and listed.count(["td3", CURSOR]) == 1
    assert {env_id for _, env_id in listed} == {*TASKS}


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("sac", VECTOR), "sac has no settings for a grid reach"),
        (("dqn", CURSOR), "dqn has no settings for a cursor reach"),
        (("sac", LAB), "sac has no settings for a lab cursor reach"),
        (("sac", ARM), "sac has no settings for a two-link arm reach"),
        (("ppo", CURSOR, {"preset": "lab_arm"}), "ppo has no settings for a lab two-link arm reach"),
        (("ppo", ARM, {"preset": "nil"}), "`preset` must be one of"),
        (("ppo", ARM, {"plant": {"kind": "leg"}}), "`plant.kind` must be one of"),
        (("dqn", "reach_gym/GridReachTabular-v0"), "observation 'index'"),
        (("ppo", VECTOR, {"observation": ["pixels"]}), "observation"),
        (("sac", "CursorReach-v0"), "`env_id` must be one of"),
        (("alphago", CURSOR), "alphago has no settings"),
    ],
)
def test_what_has_no_recipe_is_refused(arguments: tuple[Any, ...], word: str) -> None:
    with pytest.raises(ValueError, match=word):
        recipe(*arguments)


@pytest.mark.parametrize(("changes", "word"), [({"seed": -1}, "seed"), ({"num_envs": 0}, "num_envs")])
def test_what_cannot_be_made_is_refused(changes: dict[str, int], word: str) -> None:
    with pytest.raises(ValueError, match=word):
        recipe("sac", CURSOR).make(**changes)
    assert main(["recipes", "nosuch"]) == 2
