"""Q-learning: the update, what it learns, and that a resumed run is the same run."""

from __future__ import annotations

import random
import signal
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium import spaces

import reach_gym  # noqa: F401  (registers the tasks)
from agents.common.training import train
from agents.q_learning.config import QLearningConfig
from agents.q_learning.learner import QLearning, load
from agents.q_learning.tabular import TabularAgent
from reach_gym.grid.exact import steps_to_go
from reach_gym.grid.world import grid_world
from reach_gym.training import checkpoint
from reach_gym.training.checkpoint import CheckpointError

CALM, WIND = "reach_gym/GridReachTabular-v0", "reach_gym/GridReachTabularWind-v0"
SHRINKING = {"radius": {"start": 4.0, "every": 40}, "size": 12}


def learner_for(env_id: str = CALM, seed: int = 0, env_kwargs: Any = None, **settings: Any) -> QLearning:
    return QLearning(gym.make(env_id, **(env_kwargs or {})), QLearningConfig(**settings), seed)


def excess_steps(env: gym.Env[Any, Any], agent: TabularAgent) -> list[int]:
    """Steps beyond the optimum from every start but the target."""
    size, (x, y) = env.unwrapped.size, (5, 8)
    env.reset(seed=0)
    ideal = steps_to_go(grid_world(size, env.unwrapped.scene().field), 0.0, y * size + x)[0]
    excess = []
    for cell in range(size * size):
        if cell == y * size + x:
            continue
        observation, _ = env.reset(options={"start": (cell % size, cell // size)})
        steps, done = 0, False
        while not done:
            observation, _, terminated, truncated, _ = env.step(int(agent.act([observation])[0]))
            steps, done = steps + 1, terminated or truncated
        excess.append(steps - int(ideal[cell]))
    return excess


class TwoStates(gym.Env[Any, Any]):
    """One step from state 0 to state 1, then the end: by termination or by truncation."""

    observation_space, action_space = spaces.Discrete(2), spaces.Discrete(3)

    def __init__(self, terminated: bool) -> None:
        self.terminated = terminated

    def reset(self, *, seed: Any = None, options: Any = None) -> tuple[int, dict[str, Any]]:
        super().reset(seed=seed)
        return 0, {}

    def step(self, action: int) -> tuple[int, float, bool, bool, dict[str, Any]]:
        return 1, -2.0, self.terminated, not self.terminated, {}


@pytest.mark.parametrize("terminated", [True, False])
def test_update_bootstraps_unless_terminated(terminated: bool) -> None:
    learner = QLearning(TwoStates(terminated), QLearningConfig(alpha=0.25, epsilon=0.0, gamma=0.9), seed=3)
    before = learner.q
    learner.learn(1)
    action = before[0].argmax()
    ahead = 0.0 if terminated else 0.9 * before[1].max()
    expected = before.copy()
    expected[0, action] += 0.25 * (-2.0 + ahead - before[0, action])
    np.testing.assert_array_equal(learner.q, expected)
    assert (learner.steps, learner.returns, learner.successes) == ([1], [-2.0], [terminated])


def test_exploration_is_uniform_and_as_frequent_as_epsilon() -> None:
    class Counting(TwoStates):
        def __init__(self) -> None:
            super().__init__(terminated=True)
            self.counts = [0, 0, 0]

        def step(self, action: int) -> tuple[int, float, bool, bool, dict[str, Any]]:
            self.counts[action] += 1
            return super().step(action)

    # At this small learning rate the greedy action of state 0 stays what the random table made it.
    env = Counting()
    learner = QLearning(env, QLearningConfig(alpha=1e-9, epsilon=0.6), seed=0)
    greedy = learner.q[0].argmax()
    learner.learn(20_000)
    shares = np.array(env.counts) / 20_000
    expected = np.full(3, 0.2)
    expected[greedy] += 0.4
    np.testing.assert_allclose(shares, expected, atol=0.015)  # four standard deviations


def test_initial_table_is_optimistic_and_depends_on_the_seed() -> None:
    q = learner_for(seed=1, initial=2.0).q
    assert q.min() >= 0
    assert 1.9 < q.max() < 2.0
    assert (learner_for(seed=2, initial=2.0).q != q).all()


@pytest.mark.parametrize("env_id", [CALM, WIND])
@pytest.mark.parametrize("seed", [0, 1])
def test_greedy_policy_is_optimal_from_all_starts(env_id: str, seed: int) -> None:
    learner = learner_for(env_id, seed)
    learner.learn(learner.config.episodes)
    assert excess_steps(gym.make(env_id), TabularAgent(learner.q)) == [0] * 99


def test_learns_from_random_targets() -> None:
    # The table then has a row for every pair of cursor and target.
    learner = learner_for(env_kwargs={"size": 4, "target": None}, episodes=4_000)
    learner.learn(4_000)
    assert learner.q.shape == (256, 8)
    assert np.mean(learner.steps[-500:]) < np.mean(learner.steps[:500]) / 2


def test_same_seed_same_bits() -> None:
    a, b, c = learner_for(seed=5), learner_for(seed=5), learner_for(seed=6)
    for learner in (a, b, c):
        learner.learn(50)
    assert a.q.tobytes() == b.q.tobytes()
    assert a.steps == b.steps
    assert a.steps != c.steps


def test_no_global_random_state() -> None:
    def state() -> list[int]:
        return np.random.get_state()[1].tolist()  # type: ignore[index, union-attr]  # noqa: NPY002

    before, python = state(), random.getstate()
    learner_for().learn(20)
    assert state() == before
    assert random.getstate() == python


@pytest.mark.parametrize(("env_id", "env_kwargs"), [(CALM, {}), (WIND, {}), (CALM, SHRINKING)])
def test_resume_continues_bit_for_bit(tmp_path: Path, env_id: str, env_kwargs: dict[str, Any]) -> None:
    whole = learner_for(env_id, 4, env_kwargs, episodes=300)
    whole.learn(300)
    task = {"id": env_id, "kwargs": env_kwargs}
    first = learner_for(env_id, 4, env_kwargs, episodes=200)
    first.learn(130)
    first.save(tmp_path, task)
    second = learner_for(env_id, 4, env_kwargs, episodes=300)
    second.resume(tmp_path, task)
    assert second.done == 130
    second.learn(170)
    assert second.q.tobytes() == whole.q.tobytes()
    assert (second.steps, second.returns, second.successes) == (whole.steps, whole.returns, whole.successes)


class PressingCtrlC(gym.Wrapper[Any, Any, Any, Any]):
    """Somebody presses Ctrl-C in the middle of an episode."""

    def __init__(self, env: gym.Env[Any, Any], at: tuple[int, ...]) -> None:
        super().__init__(env)
        self.at, self.count = at, 0

    def step(self, action: Any) -> Any:
        self.count += 1
        if self.count in self.at:
            signal.raise_signal(signal.SIGINT)
        return super().step(action)


def test_ctrl_c_saves_and_the_resumed_run_is_the_same(tmp_path: Path) -> None:
    whole = learner_for(episodes=400)
    whole.learn(400)
    handler = signal.getsignal(signal.SIGINT)
    config, task = QLearningConfig(episodes=400), {"id": CALM, "kwargs": {}}
    learner = QLearning(PressingCtrlC(gym.make(CALM), (777,)), config, 0)
    with pytest.raises(KeyboardInterrupt):
        train(learner, lambda: learner.save(tmp_path, task), 10_000)
    assert signal.getsignal(signal.SIGINT) is handler
    resumed = learner_for(episodes=400)
    resumed.resume(tmp_path, task)
    assert sum(resumed.steps) >= 777
    assert resumed.done < 400
    train(resumed, lambda: resumed.save(tmp_path, task), 10_000)
    assert resumed.q.tobytes() == whole.q.tobytes()
    assert load(tmp_path).act(np.arange(100)).tolist() == whole.q.argmax(1).tolist()


def test_a_second_ctrl_c_interrupts_at_once() -> None:
    env = PressingCtrlC(gym.make(CALM), (100, 101))
    learner = QLearning(env, QLearningConfig(), 0)
    saved: list[int] = []
    with pytest.raises(KeyboardInterrupt):
        train(learner, lambda: saved.append(learner.done), 10_000)
    assert env.count == 101
    assert saved == []


def test_checkpoints_come_as_often_as_asked() -> None:
    learner, saved = learner_for(episodes=100), []
    train(learner, lambda: saved.append(learner.done), 35)
    assert saved == [35, 70, 100]


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ({"seed": 1}, ("seed", "0", "1")),
        ({"alpha": 0.25}, ("0.5", "0.25")),
        ({"episodes": 19}, ("20 episodes", "19")),
        ({"env_id": WIND}, (CALM, WIND)),
        ({"env_kwargs": {"size": 12}}, ("{}", "12")),
    ],
)
def test_resume_refuses_another_run(tmp_path: Path, changes: dict[str, Any], shown: tuple[str, ...]) -> None:
    first = learner_for(episodes=20)
    first.learn(20)
    first.save(tmp_path, {"id": CALM, "kwargs": {}})
    other = learner_for(**{"episodes": 30, **changes})
    before = other.q
    task = {"id": changes.get("env_id", CALM), "kwargs": changes.get("env_kwargs", {})}
    with pytest.raises(CheckpointError) as caught:
        other.resume(tmp_path, task)
    assert caught.value.kind == "incompatible"
    assert all(part in str(caught.value) for part in shown)
    assert other.done == 0
    assert (other.q == before).all()


def test_resume_refuses_a_bad_environment_state(tmp_path: Path) -> None:
    first = learner_for(episodes=20)
    first.learn(20)
    task = {"id": CALM, "kwargs": {}}
    first.save(tmp_path, task)
    arrays, manifest = checkpoint.load(tmp_path)
    for state in (
        None,
        {},
        {**manifest["env_state"], "trial": -1},
        {**manifest["env_state"], "cursor": 1000},
    ):
        checkpoint.save(tmp_path, arrays, {**manifest, "env_state": state})
        with pytest.raises(CheckpointError) as caught:
            learner_for(episodes=20).resume(tmp_path, task)
        assert caught.value.kind == "corrupt"


def test_a_trial_of_any_length_can_be_saved(tmp_path: Path) -> None:
    kwargs = {"max_episode_steps": 200_000, "field": {"push": [-1, 0], "gain": 2}}  # the cursor never gets off the left wall
    config = QLearningConfig(episodes=1, epsilon=0.0)
    first = QLearning(gym.make(CALM, **kwargs), config)
    first.learn(1)
    assert first.steps == [200_000]
    task = {"id": CALM, "kwargs": kwargs}
    first.save(tmp_path, task)
    second = QLearning(gym.make(CALM, **kwargs), config)
    second.resume(tmp_path, task)
    assert second.steps == first.steps and (tmp_path / checkpoint.MANIFEST).stat().st_size < 5_000


def test_resume_needs_an_environment_with_a_state(tmp_path: Path) -> None:
    first = QLearning(TwoStates(True), QLearningConfig(episodes=5))
    first.learn(5)
    first.save(tmp_path, {})
    with pytest.raises(CheckpointError, match="set_state") as caught:
        QLearning(TwoStates(True), QLearningConfig(episodes=5)).resume(tmp_path, {})
    assert caught.value.kind == "incompatible"


SOUND: dict[str, Any] = {
    "q": np.zeros((3, 2)),
    "steps": np.ones(4, np.int64),
    "returns": np.zeros(4),
    "successes": np.ones(4, np.bool_),
}


@pytest.mark.parametrize(
    ("arrays", "agent", "kind"),
    [
        ({}, "dqn", "incompatible"),
        ({"q": None}, "q_learning", "corrupt"),
        ({"q": np.zeros(3)}, "q_learning", "corrupt"),
        ({"q": np.zeros((3, 0))}, "q_learning", "corrupt"),
        ({"q": np.zeros((3, 2), np.float32)}, "q_learning", "corrupt"),
        ({"steps": np.ones(5, np.int64)}, "q_learning", "corrupt"),
        ({"steps": np.zeros(4, np.int64)}, "q_learning", "corrupt"),
        ({"successes": None}, "q_learning", "corrupt"),
    ],
)
def test_load_refuses_what_is_no_table(tmp_path: Path, arrays: dict[str, Any], agent: str, kind: str) -> None:
    sound = {f"tabular/{name}": array for name, array in SOUND.items()}
    changed = {f"tabular/{name}": array for name, array in {**SOUND, **arrays}.items() if array is not None}
    checkpoint.save(tmp_path, sound, {"agent": "q_learning", "done": 4})
    assert load(tmp_path).act([0, 2]).tolist() == [0, 0]
    checkpoint.save(tmp_path, changed, {"agent": agent, "done": 4})
    with pytest.raises(CheckpointError) as caught:
        load(tmp_path)
    assert caught.value.kind == kind


@pytest.mark.parametrize("env_id", ["reach_gym/GridReach-v0", "reach_gym/GridReachPixels-v0", "CartPole-v1"])
def test_refuses_other_observations_than_discrete(env_id: str) -> None:
    with pytest.raises(ValueError, match="Discrete observations"):
        learner_for(env_id)


def test_refuses_other_actions_and_huge_tables() -> None:
    env = TwoStates(True)
    env.action_space = spaces.Box(-1, 1, (2,))  # type: ignore[assignment]
    with pytest.raises(ValueError, match="Discrete actions"):
        QLearning(env, QLearningConfig())
    env.action_space = spaces.Discrete(3, start=1)
    with pytest.raises(ValueError, match="Discrete actions from 0"):
        QLearning(env, QLearningConfig())
    with pytest.raises(ValueError, match="too large"):
        learner_for(env_kwargs={"size": 64, "target": None})


@pytest.mark.parametrize(
    ("setting", "value", "error"),
    [
        ("episodes", 0, ValueError),
        ("episodes", 2.0, TypeError),
        ("alpha", 0, ValueError),
        ("alpha", 1.5, ValueError),
        ("alpha", "a", TypeError),
        ("epsilon", -0.1, ValueError),
        ("epsilon", float("nan"), ValueError),
        ("gamma", 1.01, ValueError),
        ("initial", float("inf"), ValueError),
        ("initial", True, TypeError),
    ],
)
def test_bad_settings(setting: str, value: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match=f"`{setting}`"):
        QLearningConfig(**{setting: value})


@pytest.mark.parametrize(
    ("seed", "error"), [(-1, ValueError), (2**63, ValueError), (1.0, TypeError), (None, TypeError)]
)
def test_bad_seeds(seed: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="`seed`"):
        learner_for(seed=seed)


def test_tabular_agent() -> None:
    agent = TabularAgent(np.array([[1.0, 3.0, 3.0], [2.0, 2.0, 1.0]]))
    agent.reset(np.array([True, True]))
    actions = agent.act(np.array([0, 1, 0]))
    assert actions.tolist() == [1, 0, 1]
    assert actions.dtype == np.int64
    assert agent.act(np.zeros(0, np.int64)).shape == (0,)


@pytest.mark.parametrize("observations", [[-1], [2], [0.0], ["a"], [True]])
def test_tabular_agent_refuses_foreign_observations(observations: Any) -> None:
    with pytest.raises(ValueError, match="from 0 to 1"):
        TabularAgent(np.zeros((2, 3))).act(observations)


@pytest.mark.parametrize("q", [np.zeros(3), np.zeros((0, 3)), np.array([[np.nan]]), np.array([[np.inf]])])
def test_tabular_agent_refuses_foreign_tables(q: Any) -> None:
    with pytest.raises(ValueError, match="`q` must be"):
        TabularAgent(q)
