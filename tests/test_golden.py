"""The tasks, frozen: whoever changes what a seed gives must change a version number.

One SHA-256 per task over 200 steps, more of the laboratory's longer trials and of muscles, the same from the scalar environment
and from both back ends. It covers every observation, reward, end and info value, with autoreset: on the grid under random
actions; of the cursor tasks the even trials under random actions beyond the bounds, the odd ones under a spring-damper at the
hand that reaches the target. A second one covers what is drawn at the start of 300 cursor trials, with the step of the go cue.
"""

import hashlib
import itertools

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

from reach_gym.registration import TASKS
from tests.hands import at_hand

HASHES = {
    "reach_gym/GridReach-v0": "e78e2dadb845504e7bc51348d8e1cabf8653a442febd3e995ae4ba19ef4fe303",
    "reach_gym/GridReachPixels-v0": "f50e7b07367856ead4829788c5c3d2f81d60e2289442344d049d40b864cf6570",
    "reach_gym/GridReachCurl-v0": "e31a4204e401b06e04e7f3ee2e78e5fb03a4d6c15acbcc2325104e365d6405ab",
    "reach_gym/GridReachTabular-v0": "bd886dd6e6277e403b5b002f4d28267fc5591edbb5b6639ad783eda7eff2d5e0",
    "reach_gym/GridReachTabularWind-v0": "9e7599fc61598ece89bd4dd062d74eeadc39f6d7c7acc440f1dd3e069e5ac359",
    "reach_gym/CursorReach-v0": "bcbed71a709dd12df1d1d2cf645187b52bc4fd737aaf5aa75e8f086ae7c53328",
    "reach_gym/CursorReachRegion-v0": "39ec29319853f514dfea329411a30c1b5ea4aaa8edc04ee7e712c94e3f5ce188",
    "reach_gym/CursorReachCurl-v0": "4299619a596cf443c614d2e71b292352d5c10b1446ad675f844801c13b93abb1",
    "reach_gym/CursorReachCenterOut-v0": "3dfd9f14ff5bba981c12b6bd4a0389c3ade879582c13c859a4597bf3419896c5",
    "reach_gym/ArmReach-v0": "4daf6bda76a17ea00b83b2b45143ef098ed2112fe7a715bc6f9c753a7f962f4c",
    "reach_gym/ArmReachCurl-v0": "88a7e1a20e058c5821654ee4e369b7a67f9682b54bead28c95793afbd6ffb157",
    "reach_gym/ArmReachCenterOut-v0": "a1ef14b185a4deb3b71a013d7ee6ca2e8cbf66a37c1d58fd73c90459dee9862c",
    "reach_gym/MuscleReach-v0": "fc4fb078eecb0569f77c15c4b71455fba22b4a80e2b729218a1654b2bd76a6db",
    "reach_gym/MuscleReachCurl-v0": "280b206bc6879bcce922723374bec928527b71427082588c6ceed28f3062291f",
    "reach_gym/MuscleReachCenterOut-v0": "4ef4184c827ea7d675d66149c1cf7162e04646dc9edb0c317f1fbe34405b9c46",
    "reach_gym/LabReach-v0": "001041efa5beaa5e899780a943d2d409633c57a51c2c4931f2a98a66fe0a1bdb",
    "reach_gym/LabReachCurl-v0": "51642536cc02d32ab6a89e728866f8803070193e6d1a26df30b1c64e3f566202",
    "reach_gym/LabReachCenterOut-v0": "b3e3d1f5ecd3a457a9ac96de30da95e6336afca56c6d7942653fbc03cafbcb8e",
}
DRAWS = {
    "reach_gym/CursorReach-v0": "f29240dd614b6004bb562e4c59e95484a9d99f179403e141ac10343f9a5fb0a1",
    "reach_gym/CursorReachCenterOut-v0": "b80a37e1a55362655e0a394757a9f7985fbb14c2e23b25ca6c3bc180ca350151",
    "reach_gym/LabReachCenterOut-v0": "0ee740738c1939ba6cdbc6dd81c63c4c70cf1e05f7e8774b4370f46baf36f8a9",
}
GRID_INFO = ("distance", "ideal_steps", "in_field", "is_success", "radius")
CURSOR_INFO = (
    *("hand_x", "hand_y", "hand_vx", "hand_vy", "cursor_x", "cursor_y", "target_x", "target_y", "force_x", "force_y"),
    *("distance", "effort", "gain", "block", "trial", "phase", "channel", "false_start", "is_success", "too_fast", "too_slow"),
)
KINDS = ["scalar", "numpy", "numba"]


def canonical(value):
    return (np.asarray(value).astype("<f8") + 0.0).tobytes()  # -0.0 and 0.0 are the same value


def made(env_id, kind, **kwargs):
    if kind == "scalar":
        return gym.wrappers.Autoreset(gym.make(env_id, disable_env_checker=True, **kwargs))
    env = gym.make_vec(env_id, num_envs=1, backend=kind, autoreset_mode=AutoresetMode.NEXT_STEP, **kwargs)
    assert env.unwrapped.backend == kind
    return env


def rollout(env, policy, steps):
    """What one row returns: after the reset, and in that many steps."""
    result = _first(env.reset(seed=7))
    yield result
    for _ in range(steps):
        action = policy(result[-1])
        result = _first(env.step(action if isinstance(env, gym.Env) else np.array([action])))
        yield result


def _first(result):
    *arrays, info = result
    if "_is_success" not in info:
        return result
    return [*(array[0] for array in arrays), {name: value[0] for name, value in info.items() if not name.startswith("_")}]


def grid_policy():
    actions = iter(np.random.default_rng(0).integers(0, 8, 200))
    return lambda info: next(actions)


def cursor_policy(steps, plant):
    actions = iter(np.random.default_rng(0).uniform(-1.3, 1.3, (steps, len(plant.low))).astype(np.float32))

    def policy(info):
        action, going = next(actions), info["phase"] == 2
        if info["trial"] % 2 == 0:
            return action
        reach = (20.0 * (info[f"target_{a}"] - info[f"cursor_{a}"]) - 2.8 * info[f"hand_v{a}"] for a in "xy")
        return np.array([part * going for part in at_hand(plant, info["hand_x"], info["hand_y"], *reach)], np.float32)

    return policy


LONG = {"Lab": 600, "Muscle": 400}  # steps


def hash_of(env_id, kind):
    """The hash of a task's rollout, and how many of its steps were hits."""
    grid, steps = "Grid" in env_id, next((long for name, long in LONG.items() if name in env_id), 200)
    names, digest, hits = GRID_INFO if grid else CURSOR_INFO, hashlib.sha256(), 0
    env = made(env_id, kind)
    for *values, info in rollout(env, grid_policy() if grid else cursor_policy(steps, env.unwrapped.task.plant), steps):
        assert set(info) == set(names)
        for value in (*values, *(info[name] for name in names)):
            digest.update(canonical(value))
        hits += info["is_success"]
    return digest.hexdigest(), hits


def hash_of_draws(env_id, kind):
    env, digest = made(env_id, kind, max_episode_steps=1), hashlib.sha256()
    results = rollout(env, lambda info: np.zeros(2, np.float32), 598)
    for _, *_, info in itertools.islice(results, 0, None, 2):  # every other result begins a trial
        for value in (*(info[name] for name in CURSOR_INFO), env.unwrapped.trial_facts(steps=1).go[0]):
            digest.update(canonical(value))
    assert info["trial"] == 299
    return digest.hexdigest()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("env_id", TASKS)
def test_golden(env_id, kind):
    digest, hits = hash_of(env_id, kind)
    assert hits or "Grid" in env_id  # a hash without a hit would miss half of the rules
    assert digest == HASHES[env_id]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("env_id", DRAWS)
def test_golden_draws(env_id, kind):
    assert hash_of_draws(env_id, kind) == DRAWS[env_id]


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_a_reward_of_zero_has_no_sign(backend):
    env = gym.make_vec("reach_gym/GridReach-v0", num_envs=1, backend=backend)
    env.reset(seed=0, options={"start": (0, 0), "target": (1, 0)})
    rewards = [env.step(np.zeros(1, np.int64))[1][0] for _ in range(2)]
    assert rewards == [0, 0]  # the hit, then the step in which the row begins anew
    assert not np.signbit(rewards).any()
