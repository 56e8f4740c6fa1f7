"""`GridReachEnv`, where `gym.make` and other code import it from; it lives in `reach_gym.grid.env`."""

from reach_gym.grid.env import GridReachEnv

__all__ = ["GridReachEnv"]
