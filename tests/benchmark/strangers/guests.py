"""Honest strangers for tests/benchmark/test_benchmark.py."""

import os
import random
from pathlib import Path

import numpy as np

from reach_gym.planning import MinimumJerkAgent


def drawn(observations):
    """Draws from Python's, NumPy's and PyTorch's global random numbers."""
    return np.random.randint(0, 8, len(observations)) + 0 * random.randrange(3)  # noqa: NPY002


def towards(observations):
    """Moves in the direction of the target, which is blind to fields."""
    x, y = np.sign(observations[:, 2] - observations[:, 0]), np.sign(observations[:, 3] - observations[:, 1])
    numbers = {(1, 0): 0, (1, 1): 1, (0, 1): 2, (-1, 1): 3, (-1, 0): 4, (-1, -1): 5, (0, -1): 6, (1, -1): 7, (0, 0): 0}
    return [numbers[pair] for pair in zip(x.tolist(), y.tolist(), strict=True)]


class Pixels:
    """Wants images."""

    observation = "pixels"

    def __init__(self, env):
        assert env.single_observation_space.shape == (2, 16, 16)

    def reset(self, starts):
        pass

    def act(self, observations):
        assert observations.dtype == np.uint8 and observations.shape[1:] == (2, 16, 16)
        places = np.argmax(observations.reshape(len(observations), 2, 256), axis=2)
        return towards(np.stack([places[:, 1] % 16, places[:, 1] // 16, places[:, 0] % 16, places[:, 0] // 16], axis=1))


class Tracks(MinimumJerkAgent):
    """A controller of the package, built upon by a stranger."""


class Learner:
    """A spring and a damper, and what it has learned from `observe` of a curl field."""

    def __init__(self, env):
        self.curl, self.going = 0.0, np.zeros(env.num_envs, bool)

    def reset(self, starts):
        self.going &= ~starts

    def act(self, observations):
        self.going |= observations[:, 2] > 0.5
        place, speed = 0.1 * observations[:, 3:5], 0.5 * observations[:, 5:7]
        force = 100 * (0.1 * observations[:, :2] * self.going[:, None] - place) - 20 * speed
        return (force + self.curl * np.stack([speed[:, 1], -speed[:, 0]], axis=1)) / 10

    def observe(self, transition):
        before, after = (0.5 * seen[0, 5:7] for seen in (transition.observations, transition.next_observations))
        push = (after - before) / 0.01 - 10 * np.clip(transition.actions[0], -1, 1)
        if before @ before > 1e-3:
            self.curl += 0.01 * ((before[0] * push[1] - before[1] * push[0]) / (before @ before) - self.curl)


class Weights:
    """Reads a file of its own."""

    def __init__(self, path):
        self.text = Path(path).read_text()

    def __call__(self, observations):
        return np.full(len(observations), len(self.text) % 8)


class Notes:
    """Says where it is."""

    def __init__(self, env):
        raise RuntimeError(f"in {Path.cwd().name}: {sorted(os.listdir())}, {env.num_envs} rows, {type(env.unwrapped).__name__}")


class Spring:
    """As in README.md."""

    family = "cursor"

    def __init__(self, env):
        self.going = np.zeros(env.num_envs, bool)

    def reset(self, starts):
        self.going &= ~starts

    def act(self, seen):
        self.going |= seen[:, 2] > 0.5
        return self.going[:, None] * seen[:, :2] - seen[:, 3:5] - seen[:, 5:7]


def resting(seen):
    """A function that says what it is for."""
    return seen[:, 3:5] - seen[:, 3:5]


resting.family = "cursor"
