"""Trials of every plant are recorded: with all of its actions as carried out, and what it is."""

import numpy as np
import pytest

from reach_gym.plants.table import PLANTS
from reach_gym.recording import Recording, RecordingError, record
from reach_gym.recording.metadata import check_metadata

TASK = "reach_gym/CursorReachCurl-v0"
LIMBS = sorted(name for name in PLANTS if name not in ("point_mass", "lagged_mass"))


class Wild:
    """Random actions, some of them beyond the bounds."""

    def __init__(self, env):
        self.rng, self.shape = np.random.default_rng(0), (env.num_envs, *env.single_action_space.shape)

    def reset(self, starts):
        pass

    def act(self, observations):
        return self.rng.normal(0, 0.9, self.shape).astype(np.float32)


@pytest.fixture(scope="module", params=LIMBS)
def recording(request):
    return record(Wild, TASK, 3, env_kwargs={"plant": request.param, "observation": "body", "max_episode_steps": 30})


def test_a_recording_holds_the_actions_of_all_actuators(recording):
    plant = PLANTS[recording.metadata["plant"]]
    assert recording.action.shape == (3, 30, len(plant.low)) and recording.observation.shape == (3, 31, 14 + len(plant.senses))
    acted = recording.action.reshape(-1, len(plant.low))
    assert (acted.min(axis=0), acted.max(axis=0)) == (pytest.approx(plant.low), pytest.approx(plant.high))
    assert np.abs(np.diff(recording.hand, axis=1)).max() > 1e-4


@pytest.mark.parametrize("name", ["r.npz", "r.h5"])
def test_a_file_gives_it_back(recording, tmp_path, name):
    recording.save(tmp_path / name)
    again = Recording.load(tmp_path / name)
    assert again.metadata == recording.metadata
    assert all(np.array_equal(values, again.arrays()[key], equal_nan=True) for key, values in recording.arrays().items())


def test_its_measures_are_those_of_the_hand(recording):
    assert (recording.measures()["peak_speed"] > 0).all()


def test_a_point_mass_must_have_a_mass_and_another_plant_need_not(recording):
    arm, mass = recording.metadata, record(Wild, TASK, 1, env_kwargs={"max_episode_steps": 9}).metadata
    assert "mass" not in arm and mass["plant"] == "point_mass"
    check_metadata(arm)
    for told in (mass, {name: value for name, value in mass.items() if name != "plant"}):  # as in files of before
        check_metadata(told)
        with pytest.raises(RecordingError, match="mass"):
            check_metadata({name: value for name, value in told.items() if name != "mass"})
