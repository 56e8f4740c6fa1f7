"""The shrinking reward radius, as numbers and as an environment shows it."""

import json

import numpy as np
import pytest

from reach_gym.grid.env import GridReachEnv
from reach_gym.grid.radius import RadiusSchedule, advance_radius, radius_from_data
from reach_gym.planning import IdealAgent

EVERY = {"start": 2, "factor": 0.5, "floor": 0, "every": 3}
RATE = {"start": 2, "factor": 0.5, "floor": 0, "success_rate": 0.5, "window": 4}


def test_the_papers_radii():
    assert RadiusSchedule(8, 0.5, 1, every=2000).radii == (8, 4, 2, 1)


@pytest.mark.parametrize(
    ("start", "factor", "floor", "radii"),
    [
        (8, 0.5, 0, (8, 4, 2, 1, 0)),
        (3, 0.5, 0, (3, 1.5, 0)),
        (3, 0.5, 1, (3, 1.5, 1)),
        (5, 0.5, 2, (5, 2.5, 2)),
        (0.5, 0.5, 0, (0.5, 0)),
        (0, 0.5, 0, (0,)),
        (4, 0.9, 4, (4,)),
    ],
)
def test_radii_end_at_the_floor(start, factor, floor, radii):
    assert RadiusSchedule(start, factor, floor, every=1).radii == radii


def test_needed_hits():
    assert RadiusSchedule(2, success_rate=0.7, window=10).hits == 7
    assert RadiusSchedule(2, success_rate=0.71, window=10).hits == 8
    assert RadiusSchedule(2, every=5).hits == 0 and RadiusSchedule(2, every=5).episodes == 5


@pytest.mark.parametrize("data", [EVERY, RATE, 3], ids=str)
def test_round_trip_through_json(data):
    schedule = radius_from_data(data)
    assert radius_from_data(json.loads(json.dumps(schedule.to_data()))) == schedule
    assert radius_from_data(schedule) is schedule


def test_a_number_never_advances():
    assert radius_from_data(2.5).radii == (2.5,)


def test_advance_is_component_wise():
    generator = np.random.default_rng(0)
    state = np.stack([generator.integers(0, top, 300) for top in (4, 5, 5, 2)])
    together = advance_radius(*state, 5, 3, 3)
    for i in range(300):
        assert tuple(int(part[i]) for part in together) == advance_radius(*state[:, i].tolist(), 5, 3, 3)
    assert advance_radius(0, 4, 2, 1, 5, 3, 3) == (1, 0, 0)  # third hit of the fifth episode
    assert advance_radius(0, 4, 2, 0, 5, 3, 3) == (0, 0, 0)  # too few: a new window
    assert advance_radius(3, 4, 4, 1, 5, 3, 3) == (3, 0, 0)  # the last level stays
    assert advance_radius(1, 3, 3, 1, 5, 3, 3) == (1, 4, 4)  # no look before the window is full


def play(env, hit):
    """One step towards failure, or the whole way to the target."""
    if not hit:
        return
    agent = IdealAgent(env)
    observation, terminated = np.array([env.observations.see(env.scene().start[1] * env.size + env.scene().start[0])]), False
    while not terminated:
        observation, _, terminated, _, info = env.step(int(agent.act(observation)[0]))
        observation = np.array([observation])
    assert info["is_success"] and info["distance"] <= info["radius"]


def shown(env, outcomes, seed=None):
    """The radius of each episode; the next begins by a reset without a seed."""
    radii = []
    for hit in outcomes:
        info = env.reset(seed=seed)[1]
        seed = None
        radii.append(info["radius"])
        play(env, hit)
    return radii


@pytest.mark.parametrize("hit", [False, True])
def test_every_n_episodes(hit):
    env = GridReachEnv(size=5, radius=EVERY)
    assert shown(env, [hit] * 11, seed=1) == [2, 2, 2, 1, 1, 1, 0, 0, 0, 0, 0]


def test_success_rate_looks_once_per_window():
    env = GridReachEnv(size=5, radius=RATE)
    outcomes = [1, 0, 0, 0] + [1, 1, 0, 0] + [0, 1, 0, 0] + [0, 0, 1, 1] + [1]
    assert shown(env, outcomes, seed=1) == [2] * 8 + [1] * 8 + [0]


def test_only_a_seeded_reset_restarts():
    env = GridReachEnv(size=5, radius=EVERY)
    assert shown(env, [0] * 5, seed=1) == [2, 2, 2, 1, 1]
    assert shown(env, [0] * 3) == [1, 0, 0]
    assert shown(env, [0] * 4, seed=1) == [2, 2, 2, 1]


def test_the_first_reset_needs_no_seed():
    assert shown(GridReachEnv(size=5, radius=EVERY), [0] * 4) == [2, 2, 2, 1]


def test_a_radius_option_holds_for_one_trial_and_counts_as_an_episode():
    env = GridReachEnv(size=5, radius=EVERY)
    radii = shown(env, [0], seed=1)
    radii.append(env.reset(options={"radius": 1.5})[1]["radius"])
    assert radii + shown(env, [0] * 2) == [2, 1.5, 2, 1]
