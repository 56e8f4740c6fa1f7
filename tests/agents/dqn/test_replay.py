"""The replay buffer: what it draws, how it bootstraps, and hindsight's new targets, against plain loops."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium import spaces
from hypothesis import given, settings
from hypothesis import strategies as st

import reach_gym  # noqa: F401  (registers the tasks)
from agents.dqn.hindsight import Hindsight, Symmetries
from agents.dqn.replay import Replay
from reach_gym.grid.world import MOVES

SPACE = spaces.Box(0.0, 1.0, (1,), np.float32)
SIZE = 5


def number(time: int, row: int, rows: int) -> float:
    """An observation that tells when and where it was made."""
    return float(time * rows + row)


def filled(ends: dict[tuple[int, int], str], steps: int, rows: int, capacity: int) -> Replay:
    """A buffer after `steps` steps; `ends` says which (step, row) terminates or truncates. Rewards are unique."""
    replay = Replay(capacity, rows, SPACE)
    seen = lambda time: np.array([[number(time, row, rows)] for row in range(rows)], np.float32)  # noqa: E731
    replay.begin(seen(0))
    for time in range(steps):
        kinds = [ends.get((time, row), "") for row in range(rows)]
        replay.add(
            np.arange(rows) + time,
            np.array([-1.0 - number(time, row, rows) for row in range(rows)]),
            np.array([kind == "terminated" for kind in kinds]),
            np.array([kind == "truncated" for kind in kinds]),
            seen(time + 1),
        )
    return replay


def one(replay: Replay, time: int, row: int, **more: Any) -> Any:
    return replay.batch(np.array([time]), np.array([row]), **more)


def test_a_step_comes_back_with_what_was_seen_after_it() -> None:
    replay = filled({}, 6, 3, 10)
    batch = one(replay, 4, 2)
    assert batch.observations.tolist() == [[number(4, 2, 3)]]
    assert batch.next_observations.tolist() == [[number(5, 2, 3)]]
    assert batch.actions.tolist() == [6]
    assert batch.returns.tolist() == [-1 - number(4, 2, 3)]
    assert batch.discounts.tolist() == [1.0]


@pytest.mark.parametrize(("kind", "discount"), [("terminated", 0.0), ("truncated", 0.9)])
def test_only_termination_makes_the_future_worthless(kind: str, discount: float) -> None:
    replay = filled({(2, 0): kind}, 6, 1, 10)
    batch = one(replay, 2, 0, gamma=0.9)
    assert batch.discounts[0] == np.float32(discount)
    # What a time limit bootstraps from is the last observation of that episode, not the first of the next.
    assert batch.next_observations.tolist() == [[3.0]]


def test_the_step_that_begins_an_episode_is_never_drawn() -> None:
    replay = filled({(2, 0): "truncated", (4, 1): "terminated"}, 8, 2, 20)
    times, rows = replay.draw(5000, np.random.default_rng(0))
    drawn = set(zip(times.tolist(), rows.tolist(), strict=True))
    assert drawn == {(time, row) for time in range(8) for row in range(2)} - {(3, 0), (5, 1)}


def test_every_stored_step_is_equally_likely_and_old_ones_are_gone() -> None:
    replay = filled({}, 25, 2, 10)
    times, rows = replay.draw(20_000, np.random.default_rng(1))
    assert (times.min(), times.max()) == (15, 24)
    counts = np.bincount((times - 15) * 2 + rows, minlength=20)
    assert abs(counts - 1000).max() < 5 * np.sqrt(1000)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_n_step_batches_equal_a_plain_loop(data: st.DataObject) -> None:
    rows, capacity = data.draw(st.integers(1, 3)), data.draw(st.integers(3, 12))
    steps, n, gamma = data.draw(st.integers(1, 30)), data.draw(st.integers(1, 6)), data.draw(st.sampled_from([1.0, 0.5]))
    kinds = st.dictionaries(
        st.tuples(st.integers(0, 29), st.integers(0, rows - 1)), st.sampled_from(["terminated", "truncated"]), max_size=8
    )
    ends = {}
    for (time, row), kind in sorted(data.draw(kinds).items()):
        if (time - 1, row) not in ends:  # the step that begins an episode ends none
            ends[time, row] = kind
    replay = filled(ends, steps, rows, capacity)
    for time in range(max(0, steps - capacity), steps):
        for row in range(rows):
            if (time - 1, row) in ends:
                continue
            total, discount, at = 0.0, 1.0, time
            while True:
                total += discount * (-1.0 - number(at, row, rows))
                discount *= gamma
                kind = ends.get((at, row), "")
                at += 1
                if kind or at - time == n or at == steps:
                    break
            batch = one(replay, time, row, n_step=n, gamma=gamma)
            assert batch.returns[0] == np.float32(total)
            assert batch.discounts[0] == (0.0 if kind == "terminated" else discount)
            assert batch.next_observations[0, 0] == number(at, row, rows)


def test_last_is_the_end_of_the_episode_or_the_newest_step() -> None:
    replay = filled({(3, 0): "terminated", (6, 0): "truncated"}, 9, 1, 20)
    times = np.array([0, 3, 5, 6, 8])
    assert replay.last(times, np.zeros(5, np.int64)).tolist() == [3, 3, 6, 6, 8]


def test_restore_refuses_another_size_and_changes_nothing() -> None:
    replay, other = filled({}, 5, 1, 10), Replay(11, 1, SPACE)
    with pytest.raises(ValueError, match="replay.observations"):
        other.restore(replay.state())
    assert other.time == 0


@pytest.mark.parametrize(
    ("name", "place", "value"), [("ends", (2, 0), 1), ("ends", (2, 0), -7), ("ends", (2, 0), 5), ("begins", 0, 9), ("time", (), -1)]
)
def test_restore_refuses_steps_that_are_not_there(name: str, place: Any, value: int) -> None:
    replay, other = filled({(3, 0): "terminated"}, 5, 1, 10), Replay(10, 1, SPACE)
    state = {key: array.copy() for key, array in replay.state().items()}
    other.restore(state)
    state[name][place] = value
    with pytest.raises(ValueError, match="not there"):
        other.restore(state)
    assert other.time == 5


def test_a_full_ring_is_restored() -> None:
    replay, other = filled({(3, 0): "terminated", (9, 0): "truncated"}, 14, 1, 6), Replay(6, 1, SPACE)
    other.restore(replay.state())
    assert all((other.state()[key] == array).all() for key, array in replay.state().items())


def grid_replay(observation: str, steps: int = 60, **kwargs: Any) -> tuple[Any, Replay]:
    envs: Any = gym.make_vec(
        "reach_gym/GridReach-v0", num_envs=3, size=SIZE, observation=observation, max_episode_steps=7, backend="numpy", **kwargs
    )
    replay = Replay(100, 3, envs.single_observation_space)
    observations, _ = envs.reset(seed=4)
    replay.begin(observations)
    generator = np.random.default_rng(5)
    for _ in range(steps):
        actions = generator.integers(0, 8, 3)
        observations, rewards, terminated, truncated, _ = envs.step(actions)
        replay.add(actions, rewards, terminated, truncated, observations)
    return envs.unwrapped, replay


@pytest.mark.parametrize("observation", ["pixels", "vector"])
def test_hindsight_asks_about_places_reached_later_in_the_same_episode(observation: str) -> None:
    env, replay = grid_replay(observation)
    decode = env.observations.decode
    cursor = decode(replay.observations.reshape(-1, *replay.observations.shape[2:]))[0].reshape(replay.observations.shape[:2])
    batch = Hindsight(env, 1.0).batch(replay, 4000, np.random.default_rng(0), np.zeros(3))
    # The same draws again tell which steps these were.
    times, rows = replay.draw(4000, np.random.default_rng(0))
    target = decode(batch.observations)[1]
    np.testing.assert_array_equal(decode(batch.observations)[0], cursor[times, rows])
    np.testing.assert_array_equal(decode(batch.next_observations)[0], cursor[times + 1, rows])
    np.testing.assert_array_equal(decode(batch.next_observations)[1], target)
    for time, row, asked in zip(times.tolist(), rows.tolist(), target.tolist(), strict=True):
        last = int(replay.last(np.array([time]), np.array([row]))[0])
        assert asked in cursor[time + 1 : last + 2, row]
    hit = cursor[times + 1, rows] == target
    assert 0.2 < hit.mean() < 0.7
    np.testing.assert_array_equal(batch.returns, np.where(hit, 0.0, -1.0))
    np.testing.assert_array_equal(batch.discounts, np.where(hit, 0.0, 1.0))


def test_hindsight_without_new_targets_gives_back_what_was() -> None:
    env, replay = grid_replay("pixels")
    batch = Hindsight(env, 0.0).batch(replay, 500, np.random.default_rng(0), np.zeros(3), n_step=3, gamma=0.5)
    times, rows = replay.draw(500, np.random.default_rng(0))
    for mine, plain in zip(batch, replay.batch(times, rows, 3, 0.5), strict=True):
        np.testing.assert_array_equal(mine, plain)


def test_hindsight_judges_by_the_radius_of_the_row() -> None:
    env, replay = grid_replay("vector")
    radius = np.array([0.0, 1.5, 20.0])
    batch = Hindsight(env, 1.0).batch(replay, 3000, np.random.default_rng(0), radius)
    _, rows = replay.draw(3000, np.random.default_rng(0))
    (x, y), (u, v) = (divmod(cells, SIZE) for cells in env.observations.decode(batch.next_observations))
    hit = np.hypot(x - u, y - v) <= radius[rows]
    np.testing.assert_array_equal(batch.discounts == 0, hit)
    np.testing.assert_array_equal(batch.returns, hit - 1.0)
    assert hit[rows == 2].all() and not hit[rows == 0].all()


def test_symmetries_map_moves_onto_moves() -> None:
    env, replay = grid_replay("pixels")
    batch = replay.batch(*replay.draw(2000, np.random.default_rng(0)))
    turned = Symmetries(env).turn(batch, np.random.default_rng(1))
    (y, x), (after_y, after_x) = (
        divmod(env.observations.decode(seen)[0], SIZE) for seen in (turned.observations, turned.next_observations)
    )
    dx, dy = np.array(MOVES)[turned.actions].T
    np.testing.assert_array_equal(np.clip(x + dx, 0, SIZE - 1), after_x)
    np.testing.assert_array_equal(np.clip(y + dy, 0, SIZE - 1), after_y)
    assert (turned.actions != batch.actions).mean() > 0.5
    # Distances to the target stay.
    for before, after in ((batch.observations, turned.observations), (batch.next_observations, turned.next_observations)):
        far = [np.hypot(c % SIZE - t % SIZE, c // SIZE - t // SIZE) for c, t in map(env.observations.decode, (before, after))]
        np.testing.assert_allclose(*far)


@pytest.mark.parametrize("kwargs", [{"field": "curl_ccw"}, {"schedule": [{"name": "all", "trials": 3}]}])
def test_symmetries_refuse_a_field(kwargs: Any) -> None:
    env, _ = grid_replay("pixels", steps=1, **kwargs)
    with pytest.raises(ValueError, match="symmetries"):
        Symmetries(env)
