"""The bridge to Stable-Baselines3: the vector environment, the features, models from files, and the command."""

from __future__ import annotations

import importlib
import io
import json
import signal
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import sb3_contrib
import stable_baselines3 as sb3
import torch
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.vec_env import DummyVecEnv
from torch.torch_version import TorchVersion

from agents import loading
from agents.__main__ import main
from agents.sb3.run import Watching
from reach_gym.acting import sb3_archive
from reach_gym.acting.protocol import load_agent
from reach_gym.acting.recipes import recipe
from reach_gym.acting.sb3 import AimFeatures, GoalFeatures, ReachFeatures, ReachVecEnv
from reach_gym.acting.sb3_policies import load_policy
from reach_gym.benchmark.jobs import Job, run_job
from reach_gym.cli import main as reach_gym_main
from reach_gym.errors import MissingExtraError, NotApplicableError
from reach_gym.training import checkpoint
from reach_gym.training.checkpoint import CheckpointError

PIXELS, VECTOR, CURSOR = "reach_gym/GridReachPixels-v0", "reach_gym/GridReach-v0", "reach_gym/CursorReach-v0"
MUSCLES = "reach_gym/MuscleReach-v0"
SMALL: dict[str, Any] = {"size": 6, "backend": "numpy"}


def rows(env_id: str = PIXELS, count: int = 3, infos: bool = False, **kwargs: Any) -> ReachVecEnv:
    envs = gym.make_vec(env_id, num_envs=count, autoreset_mode="SameStep", **{"backend": "numpy", **kwargs})
    return ReachVecEnv(envs, infos)


@pytest.mark.parametrize(
    ("env_id", "kwargs"), [(PIXELS, {"size": 4}), (CURSOR, {"observation": "goal", "reward": "sparse"}), (VECTOR, {"size": 5, "field": "curl_ccw"}), (VECTOR, {"size": 5, "observation": "goal", "field": "curl_ccw"})]
)
def test_it_is_what_single_environments_are_to_stable_baselines3(env_id: str, kwargs: dict[str, Any]) -> None:
    mine = rows(env_id, infos=True, **kwargs)
    theirs = DummyVecEnv([lambda: gym.make(env_id, disable_env_checker=True, **kwargs)] * 3)
    mine.seed(5), theirs.seed(5)
    same(mine.reset(), theirs.reset())
    theirs.action_space.seed(0)
    ends, truncations = 0, 0
    for _ in range(300):
        actions = np.array([theirs.action_space.sample() for _ in range(3)])
        (obs, rewards, dones, infos), (obs2, rewards2, dones2, infos2) = mine.step(actions), theirs.step(actions)
        same(obs, obs2), same(rewards, rewards2), same(dones, dones2)
        for row in range(3):
            ends += bool(dones[row])
            if dones[row]:
                same(infos[row]["terminal_observation"], infos2[row]["terminal_observation"])
                assert infos[row]["TimeLimit.truncated"] is bool(infos2[row]["TimeLimit.truncated"])
                truncations += infos[row]["TimeLimit.truncated"]
                assert infos[row]["episode"]["l"] >= 1
            for name in ("distance", "is_success"):
                assert infos[row][name] == infos2[row][name]
    assert ends >= 6 and (truncations or env_id == PIXELS)  # by chance every pair of the small grid is hit in time
    mine.close()


def same(one: Any, other: Any) -> None:
    if isinstance(other, dict):
        assert one.keys() == other.keys()
        for name in other:
            same(one[name], other[name])
    else:
        np.testing.assert_array_equal(one, other)
        assert np.asarray(one).dtype == np.asarray(other).dtype


def test_episodes_are_summed_up() -> None:
    envs = rows(size=4, radius=1.0)
    envs.reset()
    total, length = np.zeros(3), np.zeros(3, int)
    seen = 0
    for step in range(300):
        _, rewards, dones, infos = envs.step(np.full(3, step % 8))
        total, length = total + rewards, length + 1
        for row in np.flatnonzero(dones).tolist():
            episode = infos[row]["episode"]
            assert (episode["r"], episode["l"]) == (total[row], length[row])
            assert infos[row]["is_success"] is bool(length[row] < 100)
            seen += 1
        total[dones], length[dones] = 0, 0
        assert all(info == {} for info, done in zip(infos, dones, strict=True) if not done)
    assert seen > 10


def test_seeds_and_options_reach_the_rows_once() -> None:
    envs = rows(size=6)
    envs.seed(3)
    envs.set_options({"target": (5, 5)})
    first = envs.reset()
    assert (first[:, 0, 5, 5] == 255).all()
    envs.set_options([{"target": (5, 5)}, {}, {}])
    with pytest.raises(ValueError, match="share their options"):
        envs.reset()
    envs.set_options()
    assert not (envs.reset()[:, 0, 5, 5] == 255).all()
    envs.seed(3)
    envs.set_options({"target": (5, 5)})
    same(envs.reset(), first)


def test_other_autoreset_modes_are_refused() -> None:
    with pytest.raises(ValueError, match="SameStep"):
        ReachVecEnv(gym.make_vec(PIXELS, num_envs=2, backend="numpy"))


def test_attributes_and_methods_of_the_rows() -> None:
    envs = rows(size=6)
    assert envs.get_attr("size") == [6, 6, 6] and envs.get_attr("size", 1) == [6]
    assert envs.get_attr("render_mode") == [None] * 3
    with pytest.raises(AttributeError, match="size"):
        envs.set_attr("size", 4)
    envs.reset()
    assert len(envs.env_method("trial_cells", indices=[0, 1])) == 2
    pictures = rows(size=6, render_mode="rgb_array")
    pictures.reset()
    assert pictures.render().shape[2] == 3


@pytest.mark.parametrize("env_id", [PIXELS, VECTOR])
def test_a_model_learns_and_is_evaluated_without_a_warning(env_id: str) -> None:
    envs = rows(env_id, 4, size=6)
    policy = {"features_extractor_class": ReachFeatures, "net_arch": [], "normalize_images": False}
    model = sb3.PPO("MlpPolicy", envs, n_steps=16, batch_size=32, n_epochs=1, policy_kwargs=policy, seed=0, device="cpu")
    before = [value.clone() for value in model.policy.parameters()]
    model.learn(128)
    assert any(not torch.equal(a, b) for a, b in zip(before, model.policy.parameters(), strict=True))
    # Sun & Plitt's two layers end in 128 units, and nothing stands between them and the head.
    assert model.policy.action_net.in_features == 128
    mean, _ = evaluate_policy(model, envs, n_eval_episodes=4)
    assert -100 <= mean <= 0


def test_aim_features_show_the_way_to_where_the_hand_should_be() -> None:
    envs = rows(CURSOR, 1, history=2, target_onset=0.0, go_delay=0.02, start=[0.02, -0.01], targets=[[0.06, 0.05]])
    features = AimFeatures(envs.observation_space, gain=3.0)
    seen, places, speeds = [envs.reset()], [], []
    for action in ([0.5, 0.0], [0.25, -1.0], [0.0, 0.75]):
        seen.append(envs.step(np.array([action], np.float32))[0])
    for each, aim in zip(seen, ([0.2, -0.1], [0.2, -0.1], [0.6, 0.5], [0.6, 0.5]), strict=True):  # in units of 10 cm; the cue comes after two steps
        places.append(each[0, 3:5])
        speeds.append(each[0, 5:7])
        got = features(torch.as_tensor(each))[0].numpy()
        if len(places) > 2:  # the present and what came before it, the latest first
            way = np.concatenate([np.array(aim) - place for place in places[:-4:-1]])
            done = [each[0, 28:30], each[0, 44:46]]
            expected = np.concatenate([way, np.tanh(3.0 * way), *(2.0 * speed for speed in speeds[:-4:-1]), *done, each[0, 10:11]])
            np.testing.assert_allclose(got, expected, rtol=0, atol=1e-6)
    np.testing.assert_array_equal(done, [[0.0, 0.75], [0.25, -1.0]])
    assert got.shape == (features.features_dim,) == (8 * 2 + 7,)


@pytest.mark.parametrize("task", [{}, {"preset": "lab"}, {"history": 1}])
def test_aim_features_ignore_clock_and_target_before_the_cue(task: dict[str, Any]) -> None:
    envs = rows(CURSOR, 3, **task)
    features, seen = AimFeatures(envs.observation_space), envs.reset()
    other = seen.copy()
    other[:, [0, 1, 7, 8, 9, 11]] += 0.3
    np.testing.assert_array_equal(features(torch.as_tensor(seen)), features(torch.as_tensor(other)))
    other[:, 2] = 1.0
    assert not np.allclose(features(torch.as_tensor(seen)), features(torch.as_tensor(other)))


def test_goals_give_the_features_of_the_same_trials_as_vectors() -> None:
    plain, goals = rows(CURSOR, 4), rows(CURSOR, 4, observation="goal", reward="sparse", workspace=0.1)
    plain.seed(3), goals.seed(3)
    seen, asked = plain.reset(), goals.reset()
    of_vectors, of_goals = AimFeatures(plain.observation_space), GoalFeatures(goals.observation_space)
    draw, cues = np.random.default_rng(0), set()
    for _ in range(30):
        given = {name: torch.as_tensor(each, dtype=torch.float32) for name, each in asked.items()}
        np.testing.assert_allclose(of_goals(given), of_vectors(torch.as_tensor(seen)), rtol=0, atol=2e-6)
        cues |= set(seen[:, 2].tolist())
        actions = draw.uniform(-1, 1, (4, 2)).astype(np.float32)
        seen, asked = plain.step(actions)[0], goals.step(actions)[0]
    assert cues == {0.0, 1.0} and of_goals.features_dim == of_vectors.features_dim == 7


def test_aim_features_feel_the_body_behind_the_same_way() -> None:
    envs = rows(MUSCLES, 2, history=1)
    moved = [envs.reset(), *(envs.step(np.full((2, 6), level, np.float32))[0] for level in (0.1, 0.2))][-1]
    features = AimFeatures(envs.observation_space, senses=20, actuators=6)
    got = features(torch.as_tensor(moved)).numpy()
    assert got.shape == (2, features.features_dim) == (2, 26 * 2 + 6 + 1)
    now, before, done = moved[:, :34], moved[:, 34:68], moved[:, 68:]
    seen = np.concatenate([now[:, :14], before[:, :14], done[:, :2]], axis=1)  # what an arm without senses would see
    unfelt = AimFeatures(gym.spaces.Box(-1, 1, (30,)))(torch.as_tensor(seen)).numpy()
    np.testing.assert_array_equal(got[:, :12], unfelt[:, :12])
    np.testing.assert_array_equal(got[:, 12:], np.concatenate([now[:, 14:], before[:, 14:], done, now[:, 10:11]], axis=1))
    np.testing.assert_array_equal(done, np.full((2, 6), 0.2, np.float32))


@pytest.mark.parametrize(
    ("shape", "more", "word"),
    [
        *(((size,), {}, "`observation_space` must be of vectors .14 . 16 history") for size in (13, 15, 31)),
        ((3, 14), {}, "`observation_space` must be"),
        *(((size,), {"senses": 20, "actuators": 6}, "vectors .34 . 40 history") for size in (14, 33, 73)),
        ((14,), {"senses": -1}, "`senses` must be"),
        ((14,), {"actuators": 0}, "`actuators` must be"),
    ],
)
def test_aim_features_refuse_other_observations(shape: tuple[int, ...], more: dict[str, int], word: str) -> None:
    with pytest.raises(ValueError, match=word):
        AimFeatures(gym.spaces.Box(-1, 1, shape), **more)


@pytest.mark.parametrize(
    "parts",
    [{}, {"observation": (2,)}, {"observation": (2,), "desired_goal": (2, 2)}, {"observation": None, "desired_goal": (2,)}],
    ids=str,
)
def test_the_papers_features_refuse_other_dicts(parts: dict[str, Any]) -> None:
    boxes = {name: gym.spaces.Discrete(3) if shape is None else gym.spaces.Box(0, 1, shape) for name, shape in parts.items()}
    with pytest.raises(ValueError, match="`observation_space` must hold vectors 'observation', 'desired_goal'"):
        ReachFeatures(gym.spaces.Dict(boxes))


def test_hindsight_of_stable_baselines3_works_on_the_cursor() -> None:
    envs = rows(CURSOR, 2, infos=True, observation="goal", reward="sparse")
    model = sb3.SAC(
        "MultiInputPolicy", envs, replay_buffer_class=sb3.HerReplayBuffer, learning_starts=270, buffer_size=1000, seed=0,
        replay_buffer_kwargs={"copy_info_dict": True}, policy_kwargs={"net_arch": [8]}, batch_size=16, device="cpu",
    )  # fmt: skip
    model.learn(290)
    assert model.num_timesteps >= 290


MODELS: dict[str, Any] = {
    "dqn": (sb3.DQN, "MlpPolicy", VECTOR, {"net_arch": [8]}),
    "qrdqn": (sb3_contrib.QRDQN, "MlpPolicy", VECTOR, {"net_arch": [8], "n_quantiles": 4}),
    "pixels": (sb3.PPO, "MlpPolicy", PIXELS, {"features_extractor_class": ReachFeatures, "net_arch": [], "normalize_images": False}),
    "aim": (sb3.PPO, "MlpPolicy", CURSOR, {"features_extractor_class": AimFeatures, "net_arch": [8]}),
    "felt": (sb3.PPO, "MlpPolicy", MUSCLES, recipe("ppo", MUSCLES).settings["policy_kwargs"] | {"features_extractor_class": AimFeatures}),
    "flat pixels": (sb3.DQN, "MlpPolicy", PIXELS, {"net_arch": [8]}),
    "convolutions": (sb3.DQN, "CnnPolicy", PIXELS, {"net_arch": [8]}),
    "a2c": (sb3.A2C, "MlpPolicy", VECTOR, {"net_arch": [8]}),
    "tqc": (sb3_contrib.TQC, "MlpPolicy", CURSOR, {"net_arch": [8]}),
    "many critics": (sb3.SAC, "MlpPolicy", CURSOR, {"net_arch": {"pi": [64, 64], "qf": [4, 4]}, "n_critics": 9}),
    "ppo": (sb3.PPO, "MlpPolicy", CURSOR, {"net_arch": {"pi": [8], "vf": [8]}, "activation_fn": torch.nn.ReLU}),
    "sac": (sb3.SAC, "MlpPolicy", CURSOR, {"net_arch": [8]}),
    "ddpg": (sb3.DDPG, "MlpPolicy", CURSOR, {"net_arch": [8]}),
    "goal": (sb3.TD3, "MultiInputPolicy", CURSOR, {"net_arch": [8]}),
    "recurrent": (sb3_contrib.RecurrentPPO, "MlpLstmPolicy", CURSOR, {"lstm_hidden_size": 8}),
    "crossq": (sb3_contrib.CrossQ, "MlpPolicy", CURSOR, {"net_arch": [8]}),
    "noisy": (sb3.SAC, "MlpPolicy", CURSOR, {"net_arch": [8]}),
}


def saved(name: str, tmp_path: Path) -> tuple[Any, Any, Path]:
    kind, policy, env_id, policy_kwargs = MODELS[name]
    observation = {"observation": "goal", "reward": "dense"} if name == "goal" else {}
    envs = rows(env_id, 2, **({"size": 36 if name == "convolutions" else 6} if "Grid" in env_id else observation))
    more = {} if kind in (sb3.A2C, sb3.PPO, sb3_contrib.RecurrentPPO) else {"buffer_size": 10}
    more |= {"use_sde": True} if name == "noisy" else {}
    model = kind(policy, envs, policy_kwargs=dict(policy_kwargs), seed=1, device="cpu", **more)
    model.save(tmp_path / "model.zip")
    return model, envs, tmp_path / "model.zip"


@pytest.mark.parametrize("name", MODELS)
def test_a_saved_model_acts_as_before_with_and_without_trust(name: str, tmp_path: Path) -> None:
    model, envs, path = saved(name, tmp_path)
    state = torch.get_rng_state()
    agents = [load_agent(str(path), envs.envs, trust) for trust in (False, True)]
    assert torch.equal(torch.get_rng_state(), state)
    observations = envs.reset()
    starts, memory = np.ones(2, np.bool_), None
    for agent in agents:
        agent.reset(starts)
    for _ in range(3):
        actions, memory = model.predict(observations, memory, episode_start=starts, deterministic=True)
        for agent in agents:
            np.testing.assert_array_equal(agent.act(observations), actions)
        observations, starts = envs.step(actions)[0], np.zeros(2, np.bool_)


def test_a_benchmark_takes_a_saved_model_and_trusts_it_only_when_told(tmp_path: Path) -> None:
    model, _, path = saved("ppo", tmp_path)
    for task, status in (("grid-null", "not_applicable"), ("cursor-null", "ok")):
        record = run_job(Job("mine", str(path), task, 0)).record
        assert record["status"] == status and record["source"], record["message"]
    assert record["versions"]["stable_baselines3"] == sb3.__version__
    model.policy_kwargs["evil"] = Evil(tmp_path / "executed")
    model.save(path)
    record = run_job(Job("mine", str(path), "cursor-null", 0)).record
    assert record["status"] == "error" and "trust" in record["message"] and not (tmp_path / "executed").exists()
    run_job(Job("mine", str(path), "cursor-null", 0, trust=True))
    assert (tmp_path / "executed").exists()


class Evil:
    """Touches a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return (Path.touch, (self.path,))


def test_nothing_runs_from_a_file_without_trust(tmp_path: Path) -> None:
    model, envs, path = saved("dqn", tmp_path)
    model.policy_kwargs["evil"] = Evil(tmp_path / "executed")
    model.save(path)
    assert not (tmp_path / "executed").exists()
    with pytest.raises(ValueError, match="only be loaded with trust"):
        load_policy(path, envs.envs)
    assert not (tmp_path / "executed").exists()
    with pytest.raises(ValueError):
        load_policy(path, envs.envs, trust=True)
    assert (tmp_path / "executed").exists()


def rewritten(path: Path, change: Any) -> None:
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    data = json.loads(parts["data"])
    change(parts, data)
    if "data" in parts and isinstance(data, dict):
        parts["data"] = json.dumps(data).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


@pytest.mark.parametrize(
    ("name", "change", "word"),
    [
        ("dqn", lambda parts, data: data["policy_class"].update(__module__="os"), "trust"),
        ("dqn", lambda parts, data: data.update(policy_class=None), "trust"),
        ("dqn", lambda parts, data: data["policy_kwargs"].update(net_arch=[10**9]), "net_arch"),
        ("dqn", lambda parts, data: data["policy_kwargs"].update(net_arch=[4]), "fit"),
        ("dqn", lambda parts, data: data["policy_kwargs"].update(net_arch={"pi": [4]}), "fit"),
        ("dqn", lambda parts, data: data["policy_kwargs"].update(no_such=1), "fit"),
        ("dqn", lambda parts, data: data["policy_kwargs"].update(activation_fn="<class 'os.system'>"), "trust"),
        ("dqn", lambda parts, data: data["policy_class"].update(__module__=[]), "trust"),
        ("dqn", lambda parts, data: data.update(policy_kwargs=[1]), "settings by name"),
        ("dqn", lambda parts, data: data["policy_kwargs"].update(net_arch=[4096] * 4), "more weights than it has"),
        ("ppo", lambda parts, data: data["policy_kwargs"].update(net_arch={"pi": [4096] * 4}), "more weights than it has"),
        ("recurrent", lambda parts, data: data["policy_kwargs"].update(lstm_hidden_size=4096), "more weights than it has"),
        ("sac", lambda parts, data: data["policy_kwargs"].update(net_arch=[4096] * 4, n_critics=0), "more weights than it has"),
        ("sac", lambda parts, data: data["policy_kwargs"].update(n_critics=4096), "more weights than it has"),
        ("ppo", lambda parts, data: data["policy_kwargs"].update(net_arch={"pi": [4096, 4096], "vf": [-4096, 4096]}), "more weights"),
        ("ppo", lambda parts, data: data["policy_kwargs"].update(net_arch={"pi": [-4096, 4096]}), "fit"),
        ("pixels", lambda parts, data: data["policy_kwargs"].update(features_extractor_kwargs={"hidden": [4096]}), "more weights than it has"),
        ("dqn", lambda parts, data: data["policy_kwargs"].update(n_critics=[2]), "fit"),
        ("sac", lambda parts, data: data["policy_kwargs"].update(n_critics=[2]), "fit"),
        ("dqn", lambda parts, data: parts.pop("policy.pth"), "no model"),
        ("dqn", lambda parts, data: parts.update({"policy.pth": b"PK nonsense"}), "weights"),
        ("dqn", lambda parts, data: parts.update({"policy.pth": b"PK\x01\x02" * 10_001}), "parts"),
        ("dqn", lambda parts, data: parts.update({"policy.pth": bytes(2**20 + 1)}), "bytes"),
        ("dqn", lambda parts, data: data.update(more="x" * (2**16 + 1)), "`data` .* bytes"),
    ],
)
def test_damaged_models_are_refused(name: str, change: Any, word: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, envs, path = saved(name, tmp_path)
    monkeypatch.setattr(sb3_archive, "MAX_WEIGHTS", 2**20)
    monkeypatch.setattr(sb3_archive, "MAX_SETTINGS", 2**16)
    rewritten(path, change)
    with pytest.raises(ValueError, match=word):
        load_policy(path, envs.envs)


@pytest.mark.parametrize("dtype", [torch.float16, torch.float64, torch.int64])
def test_weights_of_another_type_are_refused(dtype: torch.dtype, tmp_path: Path) -> None:
    model, envs, path = saved("dqn", tmp_path)
    rewritten(path, weights_of({name: values.to(dtype) for name, values in model.policy.state_dict().items()}))
    with pytest.raises(ValueError, match="float32"):
        load_policy(path, envs.envs)


def weights_of(parameters: Any) -> Any:
    """Changes the weights of a model's file."""
    buffer = io.BytesIO()
    torch.save(parameters, buffer)
    return lambda parts, data: parts.update({"policy.pth": buffer.getvalue()})


def inside(change: Any) -> Any:
    """Changes the parts of the archive in which a model's file has its weights; new ones are packed."""

    def outside(parts: dict[str, bytes], data: Any) -> None:
        buffer = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(parts["policy.pth"])) as archive, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
            members = {name: archive.read(name) for name in archive.namelist()}
            change(members)
            for name, content in members.items():
                new.writestr(name, content)
        parts["policy.pth"] = buffer.getvalue()

    return outside


def greedy_models(path: Path) -> list[Path]:
    """Small files that would like to take gigabytes."""
    model, _, sound = saved("dqn", path)
    weights, large = model.policy.state_dict(), 2**26
    huge = b"\x80\x02}U\x05extra" b"ctorch\nTensor\nJ\xff\xff\xff\x3f\x85Rs."  # pickled: {"extra": torch.Tensor(2**30 - 1)}
    changes = [
        weights_of({**weights, "extra": torch.zeros(1).expand(3 * 10**9)}),
        weights_of({**weights, "extra": torch.zeros(1, dtype=torch.uint8).expand(large)}),
        weights_of(dict.fromkeys(map(str, range(9)), torch.zeros(2**20))),
        weights_of({"extra": torch.sparse_coo_tensor(torch.zeros((1, 1), dtype=torch.int64), torch.ones(1), (10**10,), check_invariants=True)}),
        weights_of({"extra": torch.zeros(2).as_strided((10**9, 1), (0, 1))}),
        inside(lambda members: members.update({next(n for n in members if "/data/" in n): bytes(large)})),
        inside(lambda members: members.update({next(n for n in members if n.endswith("data.pkl")): b"\x80\x02" + b"]" * 2**24})),
        inside(lambda members: members.update({next(n for n in members if n.endswith("data.pkl")): huge})),
        lambda parts, data: parts.update({"policy.pth": bytes(large)}),
        lambda parts, data: data.update(more=" " * 2**24),
    ]
    found = []
    for i, change in enumerate(changes):
        found.append(path / f"greedy{i}.zip")
        found[-1].write_bytes(sound.read_bytes())
        rewritten(found[-1], change)
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="the peak of memory is read from /proc")
def test_a_small_file_takes_no_large_memory(tmp_path: Path) -> None:
    paths = greedy_models(tmp_path)
    assert max(path.stat().st_size for path in paths) < 2**21
    code = """
import re, sys, gymnasium as gym, reach_gym
from reach_gym.acting import sb3_archive
from reach_gym.acting.sb3_policies import load_policy
envs = gym.make_vec("reach_gym/GridReach-v0", num_envs=1, size=6, backend="numpy")
peak = lambda: int(re.search(r"VmHWM:\\s*(\\d+) kB", open("/proc/self/status").read())[1]) >> 10
before, sb3_archive.MAX_WEIGHTS = peak(), 2**25  # bytes
for path in sys.argv[1:]:
    try:
        load_policy(path, envs)
    except ValueError as error:
        print(f"{peak() - before} MiB: {error}")
"""
    done = subprocess.run([sys.executable, "-c", code, *map(str, paths)], capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    assert len(lines) == len(paths), done
    assert all(int(line.split()[0]) < 60 for line in lines), lines


@pytest.mark.parametrize("weights", [{"q_net.bias": torch.tensor([torch.nan])}, {3: torch.zeros(1)}, {"q_net.bias": [0.0]}])
def test_weights_that_are_no_finite_numbers_are_refused(weights: Any, tmp_path: Path) -> None:
    _, envs, path = saved("dqn", tmp_path)
    rewritten(path, weights_of(weights))
    with pytest.raises(ValueError, match="finite numbers"):
        load_policy(path, envs.envs)


def test_an_old_pytorch_loads_no_file_of_a_stranger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, envs, path = saved("dqn", tmp_path)
    monkeypatch.setattr(torch, "__version__", TorchVersion("2.9.1"))
    with pytest.raises(ValueError, match="PyTorch must be at least 2.10 .* got 2.9.1"):
        load_policy(path, envs.envs)
    load_policy(path, envs.envs, trust=True)


@pytest.mark.parametrize("name", ["sb3", "sb3_archive", "features"])
def test_without_stable_baselines3_an_import_says_how_to_install_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    needed = "torch" if name == "features" else "stable_baselines3"
    for module in [each for each in sys.modules if each.partition(".")[0] == needed]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, needed, None)
    monkeypatch.delitem(sys.modules, f"reach_gym.acting.{name}")
    with pytest.raises(MissingExtraError, match=rf"{needed.replace('_', '-')} is not installed; run `pip install .reach-gym\[sb3\]"):
        importlib.import_module(f"reach_gym.acting.{name}")


def test_no_zip_and_no_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "text.zip").write_text("text")
    for name in ("text.zip", "missing.zip"):
        assert reach_gym_main(["evaluate", "GridReach-v0", "--agent", str(tmp_path / name), "--episodes", "1"]) == 2
        assert capsys.readouterr().err.count("\n") == 1


def test_a_model_of_another_task_does_not_fit(tmp_path: Path) -> None:
    _, _, path = saved("dqn", tmp_path)
    with pytest.raises(ValueError, match="does not fit"):
        load_policy(path, rows(CURSOR).envs)


def command(out: Path, *more: str) -> list[str]:
    small = ["--env", "GridReachPixels-v0", "--env-kwargs", '{"size": 6, "radius": 1}', "--steps", "4200", "--num-envs", "32"]
    return ["sb3", "--algo", "ppo", "--out", str(out), *small, *more]


def test_a_task_that_cannot_be_judged_is_refused_before_the_training(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The recipe for goals sets a reward of its own; the task in which the policy is judged has not got it."""
    task = ["--env", "CursorReach-v0", "--env-kwargs", '{"observation": "goal"}', "--steps", "40", "--out", str(tmp_path / "run")]
    assert main(["sb3", "--algo", "sac", *task]) == 2
    assert "`reward` must be 'sparse' or 'dense'" in capsys.readouterr().err and not (tmp_path / "run").exists()


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "run"
    assert main(command(out)) == 0
    return out


def test_the_command_writes_everything(finished: Path, tmp_path: Path) -> None:
    manifest = json.loads((finished / checkpoint.MANIFEST).read_text())
    assert manifest["config"] == {"algo": "ppo"} and manifest["done"] >= 4200
    assert manifest["env"]["kwargs"] == {"size": 6, "radius": 1}
    scores = json.loads((finished / "evaluation.json").read_text())
    assert [each["agent"] for each in scores] == ["random", "ppo"] * 2
    task = ["GridReachPixels-v0", "--kwargs", '{"size": 6}', "--episodes", "40"]
    envs = rows(size=6).envs
    observations, _ = envs.reset(seed=0)
    actions = [load_agent(str(path), envs).act(observations).tolist() for path in (finished, finished / "model.zip")]
    assert actions[0] == actions[1]
    assert reach_gym_main(["evaluate", *task, "--agent", str(finished)]) == 0
    assert reach_gym_main(["evaluate", *task, "--agent", str(finished / "model.zip")]) == 0


@pytest.mark.parametrize(
    ("algo", "steps", "losses"),
    [("ppo", 4096, ("loss", "value_loss", "policy_gradient_loss")), ("sac", 3200, ("actor_loss", "critic_loss", "ent_coef"))],
)
def test_tensorboard_gets_the_losses_of_a_short_run_and_its_settings(algo: str, steps: int, losses: tuple[str, ...], tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    out = tmp_path / "run"
    task = ["--env", "CursorReach-v0", "--steps", str(steps), "--out", str(out), "--seed", "3", "--no-progress"]
    assert main(["sb3", "--algo", algo, *task]) == 0
    events = EventAccumulator(str(out / "tensorboard" / f"{algo}_1"))
    events.Reload()
    assert {f"train/{name}" for name in losses} <= set(events.Tags()["scalars"])
    assert events.Scalars(f"train/{losses[0]}")[-1].step == steps
    told = json.loads(events.Tensors("settings/text_summary")[0].tensor_proto.string_val[0])
    found = recipe(algo, CURSOR)
    assert told == {**found.zoo(), "algo": algo, "seed": 3, "n_timesteps": steps, "env": CURSOR, "env_kwargs": found.env_kwargs}
    assert "_hparams_/session_start_info" in events.summary_metadata


def test_a_damaged_run_is_refused(finished: Path, tmp_path: Path) -> None:
    arrays, manifest = checkpoint.load(finished)
    name, policy = "policy/action_net.bias", manifest["policy"]
    bias = arrays[name]
    for word, some, told in (
        ("trust", arrays, {**manifest, "policy": {}}),
        ("policy", arrays, {**manifest, "policy": 3}),
        ("known are", arrays, {**manifest, "agent": ["sb3"]}),
        ("Missing key", {key: each for key, each in arrays.items() if key != name}, manifest),
        ("size mismatch", {**arrays, name: bias[:3]}, manifest),
        ("must be float32, got int64", {**arrays, name: bias.astype(np.int64)}, manifest),
        ("must be float32, got float16", {**arrays, name: bias.astype(np.float16)}, manifest),
        ("no_such", arrays, {**manifest, "policy": {**policy, "policy_kwargs": {**policy["policy_kwargs"], "no_such": 1}}}),
        ("more weights", arrays, {**manifest, "policy": {**policy, "policy_kwargs": {"net_arch": [4096] * 4}}}),
        ("observations", arrays, {**manifest, "spaces": None}),
        ("observations", arrays, {**manifest, "spaces": {}}),
        ("observations", arrays, {**manifest, "spaces": {**manifest["spaces"], "actions": {"kind": "Discrete", "shape": 8}}}),
    ):
        checkpoint.save(tmp_path, some, told)
        with pytest.raises(CheckpointError, match=word) as caught:
            loading.load(tmp_path, rows(size=6).envs)
        assert not isinstance(caught.value, NotApplicableError)


@pytest.mark.parametrize(("env_id", "kwargs"), [(CURSOR, {}), (VECTOR, {"observation": "index"}), (PIXELS, {"size": 7})])
def test_a_run_of_another_task_is_not_applicable(finished: Path, env_id: str, kwargs: dict[str, Any]) -> None:
    with pytest.raises(NotApplicableError, match="does not fit"):
        loading.load(finished, rows(env_id, **kwargs).envs)


@pytest.mark.parametrize(
    ("more", "word"),
    [
        (("--resume",), "resume"),
        (("--algo", "sac"), "sac"),
        (("--algo", "alphago"), "alphago"),
        (("--steps", "0"), "steps"),
        (("--num-envs", "0"), "num-envs"),
        (("--seed", "-1"), "seed"),
        (("--env", "GridReachTabular-v0", "--env-kwargs", "{}"), "ppo"),
    ],
)
def test_bad_requests(tmp_path: Path, more: tuple[str, ...], word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(command(tmp_path / "run", *more)) == 2
    output = capsys.readouterr()
    assert (output.out, output.err.count("\n")) == ("", 1) and word in output.err
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("algo", ["ppo", "sac", "td3"])
def test_hands_are_trained_by_the_command(algo: str, tmp_path: Path) -> None:
    task = ["--env", "CursorReachCurl-v0", "--steps", "2400", "--out", str(tmp_path / "run"), "--seed", "3", "--no-progress"]
    assert main(["sb3", "--algo", algo, *task]) == 0
    scores = json.loads((tmp_path / "run" / "evaluation.json").read_text())
    assert [each["agent"] for each in scores] == ["random", algo, "ideal"]
    envs = rows("reach_gym/CursorReachCurl-v0").envs
    observations, _ = envs.reset(seed=0)
    assert load_agent(str(tmp_path / "run"), envs).act(observations).shape == (3, 2)


def test_a_run_saves_now_and_then_and_ends_after_ctrl_c() -> None:
    model = recipe("ppo", VECTOR, {"size": 10}).make(num_envs=8)
    saves, pressed = [], []

    def save() -> None:
        saves.append(model.num_timesteps)
        pressed.append(len(saves) == 3)

    model.learn(100_000, Watching(lambda: None, lambda: any(pressed), save, 200, {}))
    assert saves == [200, 400, 600] and model.num_timesteps == 600
    model.env.close()


def test_ctrl_c_leaves_an_agent_that_can_be_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(self: Watching) -> bool:
        signal.raise_signal(signal.SIGINT)
        return not self._interrupted()

    monkeypatch.setattr(Watching, "_on_step", interrupted)
    assert main(command(tmp_path / "run")) == 130
    assert json.loads((tmp_path / "run" / checkpoint.MANIFEST).read_text())["done"] == 32
    assert load_agent(str(tmp_path / "run"), rows(size=6).envs)
    assert not (tmp_path / "run" / "model.zip").exists()


def test_sigterm_ends_a_run_as_ctrl_c_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    handler = signal.getsignal(signal.SIGTERM)

    def terminated(self: Watching) -> bool:
        signal.raise_signal(signal.SIGTERM)
        return not self._interrupted()

    monkeypatch.setattr(Watching, "_on_step", terminated)
    assert main(command(tmp_path / "run")) == 143
    assert json.loads((tmp_path / "run" / checkpoint.MANIFEST).read_text())["done"] == 32
    assert signal.getsignal(signal.SIGTERM) is handler


def test_a_run_has_a_checkpoint_from_the_beginning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*arguments: Any, **more: Any) -> None:
        raise RuntimeError("killed")

    monkeypatch.setattr(sb3.PPO, "learn", killed)
    assert main(command(tmp_path / "run")) == 1
    assert json.loads((tmp_path / "run" / checkpoint.MANIFEST).read_text())["done"] == 0
    assert load_agent(str(tmp_path / "run"), rows(size=6).envs)
