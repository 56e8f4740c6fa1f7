"""Wrappers for the tests of evaluation and benchmark."""

import numpy as np
from gymnasium.vector import VectorWrapper


class Same(VectorWrapper):
    """Changes nothing."""


class Half(VectorWrapper):
    """Half of every action of the cursor."""

    def step(self, actions):
        return self.env.step(0.5 * np.asarray(actions))


class East(VectorWrapper):
    """Moves the target to the east, for the agent, in place."""

    def reset(self, **more):
        return self._seen(*self.env.reset(**more))

    def step(self, actions):
        return self._seen(*self.env.step(actions))

    def _seen(self, observations, *more):
        observations[:, :2] = 1.0, 0.0
        return observations, *more


class Noise(VectorWrapper):
    """Trembles."""

    def step(self, actions):
        return self.env.step(actions + 0.2 * self.np_random.normal(size=np.shape(actions)))


class Rich(VectorWrapper):
    """Pays well, and says that everything ends at once."""

    def step(self, actions):
        observations, rewards, terminated, truncated, info = self.env.step(actions)
        return observations, rewards + 1000.0, ~terminated, truncated, info


class Twice(VectorWrapper):
    """Every action for two steps."""

    def step(self, actions):
        self.env.step(actions)
        return self.env.step(actions)


class Still(VectorWrapper):
    """Steps nothing."""

    def step(self, actions):
        return self.env.reset()[0], np.zeros(self.num_envs), np.zeros(self.num_envs, bool), np.zeros(self.num_envs, bool), {}


class Raises(VectorWrapper):
    """Fails in the middle of a trial."""

    def step(self, actions):
        self.env.step(actions)
        raise ValueError("a wrapper that is no good")


def scaled(text):
    """A wrapper by its number."""

    class Scaled(VectorWrapper):
        def step(self, actions):
            return self.env.step(float(text) * np.asarray(actions))

    return Scaled


def nothing(env):
    """Forgets to return what it made."""


def fewer(env):
    """Returns another number of rows."""
    import gymnasium as gym

    return gym.make_vec("reach_gym/GridReach-v0", num_envs=env.num_envs + 1)


number = 3
