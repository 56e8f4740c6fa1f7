"""`GridReachVectorEnv`, where `gym.make` and other code import it from; it lives in `reach_gym.grid.vector_env`."""

from reach_gym.grid.vector_env import GridReachVectorEnv

__all__ = ["GridReachVectorEnv"]
