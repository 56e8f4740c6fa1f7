"""The tasks, frozen: whoever changes what a seed gives must change a version number.

One SHA-256 per task over 200 steps, the same from the scalar environment and from both back ends.
"""

import hashlib

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

from reach_gym.registration import TASKS

HASHES = {
    "reach_gym/GridReach-v0": "e78e2dadb845504e7bc51348d8e1cabf8653a442febd3e995ae4ba19ef4fe303",
    "reach_gym/GridReachPixels-v0": "f50e7b07367856ead4829788c5c3d2f81d60e2289442344d049d40b864cf6570",
    "reach_gym/GridReachCurl-v0": "e31a4204e401b06e04e7f3ee2e78e5fb03a4d6c15acbcc2325104e365d6405ab",
    "reach_gym/GridReachTabular-v0": "bd886dd6e6277e403b5b002f4d28267fc5591edbb5b6639ad783eda7eff2d5e0",
    "reach_gym/GridReachTabularWind-v0": "9e7599fc61598ece89bd4dd062d74eeadc39f6d7c7acc440f1dd3e069e5ac359",
}
INFO = ("distance", "ideal_steps", "in_field", "is_success", "radius")


def canonical(value):
    return (np.asarray(value).astype("<f8") + 0.0).tobytes()  # -0.0 and 0.0 are the same value


def scalar_row(env_id, actions):
    env = gym.wrappers.Autoreset(gym.make(env_id, disable_env_checker=True))
    yield env.reset(seed=7)
    for action in actions.tolist():
        yield env.step(action)
    env.close()


def vector_row(env_id, actions, backend):
    env = gym.make_vec(env_id, num_envs=1, backend=backend, autoreset_mode=AutoresetMode.NEXT_STEP)
    assert env.unwrapped.backend == backend
    yield _first(env.reset(seed=7))
    for action in actions:
        yield _first(env.step(action[None]))
    env.close()


def _first(result):
    *arrays, info = result
    return [*(array[0] for array in arrays), {name: info[name][0] for name in INFO}]


@pytest.mark.parametrize("backend", ["scalar", "numpy", "numba"])
@pytest.mark.parametrize("env_id", TASKS)
def test_golden(env_id, backend):
    actions = np.random.default_rng(0).integers(0, 8, 200)
    row = scalar_row(env_id, actions) if backend == "scalar" else vector_row(env_id, actions, backend)
    digest = hashlib.sha256()
    for *values, info in row:
        for value in (*values, *(info[name] for name in INFO)):
            digest.update(canonical(value))
    assert digest.hexdigest() == HASHES[env_id]


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_a_reward_of_zero_has_no_sign(backend):
    env = gym.make_vec("reach_gym/GridReach-v0", num_envs=1, backend=backend)
    env.reset(seed=0, options={"start": (0, 0), "target": (1, 0)})
    rewards = [env.step(np.zeros(1, np.int64))[1][0] for _ in range(2)]
    assert rewards == [0, 0]  # the hit, then the step in which the row begins anew
    assert not np.signbit(rewards).any()
