"""DQN: the target, the exploration, the networks, what it learns, and that a resumed run is the same run."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium import spaces

import reach_gym  # noqa: F401  (registers the tasks)
from agents import loading
from agents.common.greedy import GreedyTable
from agents.common.judging import judge_grid
from agents.common.training import train
from agents.dqn import checkpoint as dqn_checkpoint
from agents.dqn.command import make
from agents.dqn.config import PRESETS, DQNConfig
from agents.dqn.learner import DQN, HISTORY, td_target
from agents.dqn.networks import QNetwork, initialise
from agents.dqn.replay import Batch
from reach_gym.acting.protocol import load_agent
from reach_gym.training import checkpoint
from reach_gym.training.checkpoint import CheckpointError

ROOT = Path(__file__).resolve().parents[3]
PIXELS, VECTOR, CURL = (f"reach_gym/GridReach{kind}-v0" for kind in ("Pixels", "", "Curl"))
SMALL = DQNConfig(
    steps=640, num_envs=8, buffer=400, warmup=64, batch=16, channels=(2, 2), hidden=(8,), log_every=80, epsilon_steps=200
)
TINY: dict[str, Any] = {"size": 4, "backend": "numpy"}


def learner_for(env_id: str = PIXELS, seed: int = 0, kwargs: dict[str, Any] | None = None, **settings: Any) -> DQN:
    return make(env_id, {**TINY, **(kwargs or {})}, replace(SMALL, **settings), seed)


class Fixed(torch.nn.Module):
    """A network of given values."""

    def __init__(self, values: list[list[float]]) -> None:
        super().__init__()
        self.values = torch.tensor(values)

    def forward(self, observations: torch.Tensor) -> torch.Tensor:
        return self.values[: len(observations)]


@pytest.mark.parametrize(("double", "expected"), [(False, [-1 + 0.5 * 4, -2.0]), (True, [-1 + 0.5 * 3, -2.0])])
def test_td_target(double: bool, expected: list[float]) -> None:
    batch = Batch(
        np.zeros((2, 4), np.float32), np.zeros(2, np.int64), np.array([-1, -2], np.float32), np.array([0.5, 0], np.float32),
        np.zeros((2, 4), np.float32),
    )
    network, target = Fixed([[9.0, 1.0], [0.0, 0.0]]), Fixed([[3.0, 4.0], [7.0, 8.0]])
    assert td_target(batch, network, target, double).tolist() == expected


def test_an_update_is_a_step_of_adam_towards_the_target() -> None:
    learner = learner_for(hindsight=0.0, anneal=0.0)
    learner.learn(56)
    batch = learner.draw()
    learner.draw = lambda: batch  # type: ignore[method-assign]
    before = {name: value.clone() for name, value in learner.network.state_dict().items()}
    old_target = {name: value.clone() for name, value in learner.target.state_dict().items()}
    wanted = td_target(batch, learner.network, learner.target, False)
    values = learner.network(torch.from_numpy(batch.observations))[torch.arange(16), torch.from_numpy(batch.actions)]
    gradients = torch.autograd.grad(((values - wanted) ** 2).mean(), list(learner.network.parameters()))
    learner.update()
    for (name, after), gradient in zip(learner.network.named_parameters(), gradients, strict=True):
        # The first step of Adam has the size of the learning rate, against the gradient's sign.
        expected = before[name] - learner.config.learning_rate * gradient / (gradient.abs() + 1e-8)
        torch.testing.assert_close(after.detach(), expected, atol=2e-6, rtol=0)
        moved = old_target[name] + learner.config.target_rate * (after.detach() - old_target[name])
        torch.testing.assert_close(learner.target.state_dict()[name], moved)


def test_no_target_network_at_full_rate() -> None:
    learner = learner_for(target_rate=1.0)
    learner.learn(200)
    for mine, other in zip(learner.network.parameters(), learner.target.parameters(), strict=True):
        assert torch.equal(mine, other)


def test_the_target_network_waits() -> None:
    learner = learner_for(target_rate=1.0, target_every=1000)
    first = [value.clone() for value in learner.target.parameters()]
    learner.learn(400)
    assert all(torch.equal(a, b) for a, b in zip(first, learner.target.parameters(), strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(first, learner.network.parameters(), strict=True))


def test_the_network_tells_target_and_cursor_apart() -> None:
    space = spaces.Box(0, 255, (2, 6, 6), np.uint8)
    network = QNetwork(space, 8, (4, 4), (16,), True)
    initialise(network, False, 0.0, 3)
    picture = np.zeros((1, 2, 6, 6), np.uint8)
    picture[0, 0, 1, 4] = picture[0, 1, 3, 2] = 255
    with torch.no_grad():
        values, swapped = (network(torch.from_numpy(p)) for p in (picture, picture[:, ::-1].copy()))
    assert (values - swapped).abs().max() > 1e-3


def test_the_learner_sees_the_target_in_channel_0() -> None:
    """Where the environment lights the target there must lie the learner's target: hindsight moves it, and nothing else."""
    learner = learner_for(hindsight=1.0)
    learner.learn(56)
    batch = learner.draw()
    hit = batch.discounts == 0
    assert hit.any() and not hit.all()
    same = (batch.next_observations[:, 0] == batch.next_observations[:, 1]).all(axis=(1, 2))
    np.testing.assert_array_equal(same, hit)


@pytest.mark.parametrize("he", [True, False])
def test_initialisation_is_a_function_of_the_seed_and_touches_no_global_state(he: bool) -> None:
    space = spaces.Box(0, 255, (2, 16, 16), np.uint8)
    state = torch.get_rng_state()

    def network(seed: int) -> QNetwork:
        made = QNetwork(space, 8, (8, 16), (128, 128), True)
        initialise(made, he, -3.0, seed)
        return made

    one, same, other = network(1), network(1), network(2)
    assert torch.equal(torch.get_rng_state(), state)
    weights = [net.features[1].weight for net in (one, same, other)]
    assert torch.equal(weights[0], weights[1]) and not torch.equal(weights[0], weights[2])
    # Sun & Plitt's sizes: 14 x 14 after one convolution, 12 x 12 after two.
    assert one.features[6].weight.shape == (128, 16 * 12 * 12)
    dense = one.features[6].weight.std().item() * np.sqrt(2304)
    assert dense == pytest.approx(np.sqrt(2) if he else 1 / np.sqrt(3), rel=0.02)
    if he:
        with torch.no_grad():
            assert one(torch.zeros(3, 2, 16, 16, dtype=torch.uint8)).unique().tolist() == [-3.0]


@pytest.mark.parametrize("kind", ["pixels", "vector"])
def test_standardised_inputs_have_unit_mean_square(kind: str) -> None:
    envs: Any = gym.make_vec(VECTOR, num_envs=1, observation=kind, backend="numpy").unwrapped
    cells = np.random.default_rng(0).integers(0, 256, (2, 4000))
    observations = torch.from_numpy(envs.observations.batch(*cells))
    space = envs.single_observation_space
    inputs = {on: QNetwork(space, 8, (8,), (8,), on).features[0](observations) for on in (True, False)}
    assert inputs[True].square().mean().item() == pytest.approx(1.0, abs=0.15)
    assert (inputs[False].min().item(), inputs[False].max().item()) == (0.0, 1.0)


def test_exploration_follows_epsilon_which_begins_anew_with_every_radius() -> None:
    learner = learner_for(
        epsilon_start=1.0, epsilon_end=0.2, epsilon_steps=80, kwargs={"size": 12, "radius": {"start": 8.0, "every": 1}}
    )
    seen = set()
    for _ in range(60):
        radius, epsilon = learner.radius, learner.epsilon()
        learner.learn(8)
        shrunk = learner.radius != radius if learner.replay.time > 1 else np.zeros(8, np.bool_)
        np.testing.assert_allclose(learner.epsilon()[shrunk], 1.0)
        # Eight rows pass 80 steps in 10 of their own.
        np.testing.assert_allclose(learner.epsilon()[~shrunk], np.maximum(epsilon[~shrunk] - 0.08, 0.2))
        seen |= set(learner.radius.tolist())
    assert {8.0, 4.0, 2.0} <= seen


def test_random_actions_are_as_frequent_as_epsilon() -> None:
    learner = learner_for(epsilon_start=0.4, epsilon_end=0.4, initial_value=0.0, warmup=10**9)
    learner.learn(8)
    actions = np.concatenate([learner.explore() for _ in range(1000)])
    # Before the first update all values are equal and the first action is greedy.
    shares = np.bincount(actions, minlength=8) / len(actions)
    np.testing.assert_allclose(shares, [0.65] + [0.05] * 7, atol=0.02)


@pytest.mark.parametrize(("observation", "steps"), [("pixels", 8_000), ("vector", 12_000)])
def test_learns_a_small_grid(observation: str, steps: int) -> None:
    config = DQNConfig(
        steps=steps, num_envs=16, buffer=10_000, warmup=500, batch=64, channels=(8, 8), hidden=(64, 64), epsilon_steps=1000
    )
    learner = make(VECTOR, {**TINY, "observation": observation}, config, 1)
    learner.learn(config.steps)
    exact = judge_grid(learner.agent, "dqn", VECTOR, {**TINY, "observation": observation})["exact hit", "dqn"]
    assert len(exact.steps) == 240
    assert exact.success.all()
    assert (exact.steps == exact.ideal_steps).mean() > 0.97
    assert learner.history["loss"][-1] < learner.history["loss"][1]


def test_the_greedy_table_is_the_agent() -> None:
    learner = learner_for()
    learner.learn(160)
    table = GreedyTable(learner.agent, learner.envs)
    observations, _ = learner.envs.reset(seed=9)
    cursor, target = learner.envs.observations.decode(observations)
    assert table.act(cursor * 16 + target).tolist() == learner.agent.act(observations).tolist()
    assert len(np.unique(table.actions)) > 1


@pytest.mark.parametrize("cut", [0, 8, 160, 480])
@pytest.mark.parametrize(
    ("env_id", "kwargs", "settings"),
    [
        (PIXELS, {"radius": {"start": 2.0, "every": 2}}, {"double": True, "n_step": 3}),
        (CURL, {"size": 12}, {"hindsight": 0.0, "loss": "huber", "target_rate": 1.0, "target_every": 7}),
        (VECTOR, {"schedule": [{"name": "a", "trials": 2, "spread": 1.0}], "field": "curl_ccw"}, {}),
    ],
)
def test_a_resumed_run_is_the_same_bit_for_bit(
    cut: int, env_id: str, kwargs: Any, settings: Any, tmp_path: Path
) -> None:
    task = {"id": env_id, "kwargs": kwargs}
    whole = learner_for(env_id, 5, kwargs, **settings)
    whole.learn(640)
    dqn_checkpoint.save(whole, tmp_path / "whole", task)
    first, second = (learner_for(env_id, 5, kwargs, **settings) for _ in range(2))
    if cut:
        first.learn(cut)
    dqn_checkpoint.save(first, tmp_path / "half", task)
    state = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()  # noqa: NPY002
    dqn_checkpoint.resume(second, tmp_path / "half", task)
    assert second.done == cut
    second.learn(640 - cut)
    dqn_checkpoint.save(second, tmp_path / "halves", task)
    # Network, optimiser, replay, environment, generators, metrics: the manifest names the arrays by their hash.
    assert (tmp_path / "halves" / "checkpoint.json").read_bytes() == (tmp_path / "whole" / "checkpoint.json").read_bytes()
    assert state == (random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist())  # noqa: NPY002


def test_the_seed_decides_everything_and_different_seeds_share_nothing() -> None:
    learners = [learner_for(seed=seed) for seed in (0, 0, 1)]
    for learner in learners:
        learner.learn(160)
    same, again, other = (learner.replay.observations[:20] for learner in learners)
    assert (same == again).all()
    # With seeds that are only added to the rows' numbers, row 1 of seed 0 would be row 0 of seed 1.
    assert not (same[:, 1] == other[:, 0]).all()


def test_resume_refuses_actions_that_do_not_exist(tmp_path: Path) -> None:
    learner, task = learner_for(), {"id": PIXELS, "kwargs": {}}
    learner.learn(80)
    for action in (-1, 8):
        learner.replay.actions[3, 2] = action
        dqn_checkpoint.save(learner, tmp_path, task)
        with pytest.raises(CheckpointError, match="from 0 to 7"):
            dqn_checkpoint.resume(learner_for(), tmp_path, task)


@pytest.mark.parametrize(
    ("change", "kind", "word"),
    [
        ({"seed": 1}, "incompatible", "seed"),
        ({"batch": 17}, "incompatible", "17"),
        ({"env_id": CURL}, "incompatible", CURL),
        ({"steps": 72}, "incompatible", "80 steps"),
    ],
)
def test_resume_refuses_another_run(tmp_path: Path, change: dict[str, Any], kind: str, word: str) -> None:
    learner = learner_for()
    learner.learn(80)
    dqn_checkpoint.save(learner, tmp_path, {"id": PIXELS, "kwargs": {}})
    env_id = change.pop("env_id", PIXELS)
    other = learner_for(**change)
    with pytest.raises(CheckpointError, match=word) as caught:
        dqn_checkpoint.resume(other, tmp_path, {"id": env_id, "kwargs": {}})
    assert caught.value.kind == kind
    assert other.done == 0


def damaged(manifest: dict[str, Any], arrays: dict[str, Any], what: str) -> None:
    if what == "a generator":
        manifest["generators"]["explorer"]["state"]["state"] = "x"
    elif what == "no config":
        del manifest["config"]
    elif what == "a setting":
        manifest["config"]["batch"] = 0
    elif what == "actions":
        manifest["spaces"]["actions"]["n"] = 2**40
    elif what == "observations":
        manifest["spaces"]["observations"]["shape"] = [2, 16, 10**9]
    elif what == "huge observations":
        manifest["spaces"]["observations"]["shape"] = [2, 4096, 4096]
    elif what == "a layer":
        arrays["network/head.weight"] = arrays["network/head.weight"][:, :3]
    elif what == "the replay":
        arrays["replay/actions"] = arrays["replay/actions"].astype(np.int32)
    elif what == "the replay's count":
        arrays["replay/time"] = np.array(-4)
    elif what == "the optimiser":
        del arrays["adam/head.bias/exp_avg"]
    elif what == "the environment":
        arrays["env/numbers"][2] = 10**6
    elif what == "the history":
        arrays["history"] = arrays["history"][:3]
    elif what == "the rows":
        arrays["rows/radius"] = arrays["rows/radius"][:2]
    elif what == "the updates":
        manifest["updates"] = "many"


@pytest.mark.parametrize(
    "what",
    [
        "a generator", "no config", "a setting", "actions", "observations", "huge observations", "a layer", "the replay",
        "the replay's count", "the optimiser", "the environment", "the history", "the rows", "the updates",
    ],
)
def test_damage_is_refused_and_changes_nothing(tmp_path: Path, what: str) -> None:
    learner = learner_for()
    learner.learn(80)
    task = {"id": PIXELS, "kwargs": {}}
    dqn_checkpoint.save(learner, tmp_path, task)
    arrays, manifest = checkpoint.load(tmp_path)
    damaged(manifest, arrays, what)
    checkpoint.save(tmp_path, arrays, {key: value for key, value in manifest.items() if key != "arrays"})
    other = learner_for()
    before = [value.clone() for value in other.network.parameters()]
    with pytest.raises(CheckpointError):
        dqn_checkpoint.resume(other, tmp_path, task)
    assert other.done == 0 and not other.optimiser.state
    assert all(torch.equal(a, b) for a, b in zip(before, other.network.parameters(), strict=True))
    other.learn(8)


LARGE: dict[str, str] = {
    "a space of 64 GiB": "manifest['spaces']['observations']['shape'] = [4096, 4096, 4096]",
    "a space of 512 MiB": "manifest['spaces']['observations']['shape'] = [512, 1024, 1024]",
    "pictures of 4096 x 4096": "manifest['spaces']['observations']['shape'] = [2, 4096, 4096]",
    "many worlds": "manifest['env_state']['fields'] = [None] * 100_000",
    "many different worlds": "manifest['env_state']['fields'] = [None] + [{'preset': 'wind', 'gain': 1 + k / 9999} for k in range(9999)]",
    "wide layers": "manifest['config']['hidden'] = [4096] * 64",
    "many layers": "manifest['config']['channels'] = [1] * 100_000",
    "many rows": "manifest['config']['num_envs'] = 65_536; manifest['config']['buffer'] = 2**24",
    "a large replay": "arrays['replay/observations'] = np.zeros((1, 8, 2, 2048, 2048), np.uint8)",
    "a long history": "arrays['history'] = np.zeros((11, 10**6)); arrays['history_known'] = np.ones((11, 10**5), bool)",
    "a huge generator": "manifest['generators']['explorer']['state']['state'] = 10**4000",
    "a deep state": "manifest['env_state'] = json.loads('[' * 500 + ']' * 500)",
}


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak of the memory in KiB")
def test_large_claims_take_no_memory(tmp_path: Path) -> None:
    """Each in a manifest that fits the two files' hashes, read as an agent and resumed."""
    code = f"""
import copy, json, resource, sys
import numpy as np
sys.path.insert(0, {str(ROOT)!r})
from agents import loading
from reach_gym.training import checkpoint
from agents.dqn import checkpoint as dqn_checkpoint
from tests.agents.dqn.test_dqn import LARGE, PIXELS, learner_for
task, kwargs, out = {{"id": PIXELS, "kwargs": {{}}}}, {{"size": 12}}, {str(tmp_path)!r}
learner = learner_for(kwargs=kwargs)
learner.learn(80)
dqn_checkpoint.save(learner, out, task)
sound = checkpoint.load(out)
for name, change in LARGE.items():
    arrays, manifest = copy.deepcopy(sound)
    exec(change)
    checkpoint.save(out, arrays, manifest)
    del arrays, manifest
    other, refused = learner_for(kwargs=kwargs), 0
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for use in (lambda: dqn_checkpoint.resume(other, out, task), lambda: loading.load(out, other.envs)):
        try:
            use()
        except checkpoint.CheckpointError as error:
            refused += 1
            assert len(str(error)) < 400, error
    assert refused, name
    taken = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert taken < 150, (name, taken)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr


def test_a_loss_that_is_not_finite_keeps_the_last_checkpoint(tmp_path: Path) -> None:
    learner, task = learner_for(), {"id": PIXELS, "kwargs": {}}
    learner.leg = 8

    def poison() -> None:
        if learner.done == 328:
            with torch.no_grad():
                learner.network.head.bias[0] = torch.nan

    with pytest.raises(FloatingPointError, match="loss is nan"):
        train(learner, lambda: dqn_checkpoint.save(learner, tmp_path, task), 80, log=poison)
    kept = learner_for()
    dqn_checkpoint.resume(kept, tmp_path, task)
    assert kept.done == 320
    kept.learn(80)


def test_a_trained_agent_enters_by_its_directory(tmp_path: Path) -> None:
    learner = learner_for()
    learner.learn(160)
    dqn_checkpoint.save(learner, tmp_path, {"id": PIXELS, "kwargs": {}})
    observations, _ = learner.envs.reset(seed=3)
    agent = load_agent(str(tmp_path), learner.envs)
    assert agent.act(observations).tolist() == learner.agent.act(observations).tolist()
    with pytest.raises(ValueError, match="uint8"):
        agent.act(observations.astype(np.float32))
    checkpoint.save(tmp_path, {}, {"agent": "pigeon"})
    with pytest.raises(CheckpointError, match="pigeon"):
        loading.load(tmp_path, None)


@pytest.mark.parametrize(
    ("kwargs", "error"),
    [
        ({"observation": "index"}, ValueError),
        ({"autoreset_mode": "SameStep"}, ValueError),
    ],
)
def test_environments_that_do_not_fit(kwargs: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error, match="envs"):
        learner_for(kwargs=kwargs)


def test_other_environments_do_not_fit() -> None:
    with pytest.raises(TypeError, match="grid reach"):
        DQN(gym.make_vec("CartPole-v1", num_envs=8), SMALL)
    with pytest.raises(TypeError, match="grid reach"):
        make("reach_gym/CursorReach-v0", {}, SMALL, 0)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"steps": 0}, ValueError), ({"batch": 1.5}, TypeError), ({"learning_rate": 0}, ValueError),
        ({"gamma": 1.1}, ValueError), ({"loss": "cubic"}, ValueError), ({"hidden": ()}, ValueError),
        ({"channels": (0,)}, ValueError), ({"buffer": 15, "num_envs": 8}, ValueError), ({"initial_value": float("nan")}, ValueError),
        ({"target_rate": 0}, ValueError), ({"init": 3}, TypeError),
    ],
)  # fmt: skip
def test_bad_settings(change: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error, match=next(iter(change))):
        replace(SMALL, **change)


def test_the_paper_preset_is_the_paper() -> None:
    paper = PRESETS["paper"].config
    assert (paper.batch, paper.learning_rate, paper.gamma, paper.loss, paper.buffer) == (32, 1e-3, 1.0, "squared", 100_000)
    assert (paper.target_rate, paper.target_every, paper.hindsight, paper.n_step, paper.standardise) == (1.0, 1, 0.0, 1, False)
    assert PRESETS["paper"].radius == {"start": 8.0, "factor": 0.5, "floor": 1.0, "every": 2000}


def test_history_counts_episodes_and_steps() -> None:
    learner = learner_for()
    learner.learn(640)
    assert learner.history["step"] == [80.0 * k for k in range(1, 9)]
    ended = learner.replay.over.sum()  # the buffer holds the last 400 steps
    assert 0 < sum(learner.history["episodes"][3:]) <= ended + 1
    for name in HISTORY:
        assert len(learner.history[name]) == 8
    assert learner.status().keys() == {"return", "success", "radius", "loss"}


@pytest.mark.skipif(os.name != "posix", reason="kills processes")
def test_a_kill_during_checkpointing_leaves_a_sound_checkpoint(tmp_path: Path) -> None:
    # A warm process forks the children that are killed, so that 50 kills do not cost 50 imports.
    code = f"""
import os, random, signal, sys, time
import torch
torch.set_num_threads(1)
sys.path.insert(0, {str(ROOT)!r})
from reach_gym.training import checkpoint
from agents.dqn import checkpoint as dqn_checkpoint
from tests.agents.dqn.test_dqn import PIXELS, learner_for
learner, task, out = learner_for(), {{"id": PIXELS, "kwargs": {{}}}}, {str(tmp_path)!r}
learner.learn(80)
learner.replay.rewards[:] = 0
dqn_checkpoint.save(learner, out, task)
random.seed(0)
begin = time.perf_counter()
dqn_checkpoint.save(learner, out, task)
usual = time.perf_counter() - begin
rewards = checkpoint.load(out)[0]["replay/rewards"].size
for kill in range(50):
    seen, say = os.pipe()
    child = os.fork()
    if child == 0:
        while True:
            os.write(say, b"x")
            learner.replay.rewards += 1  # the first checkpoint holds ones, the second twos
            dqn_checkpoint.save(learner, out, task)
    for _ in range(kill % 4):  # so many checkpoints are finished
        os.read(seen, 1)
    os.read(seen, 1)
    time.sleep(random.uniform(0.0, 1.2 * usual))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(seen), os.close(say)
    arrays, manifest = checkpoint.load(out)
    found = arrays["replay/rewards"].sum() / rewards  # the number of the checkpoint
    assert found % 1 == 0 and found >= kill % 4, (kill, found)  # a finished one is never lost
    dqn_checkpoint.resume(learner_for(), out, task)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
