"""`CursorReachVectorEnv`, where `gym.make` and other code import it from; it lives in `reach_gym.reach.vector_env`."""

from reach_gym.reach.vector_env import CursorReachVectorEnv

__all__ = ["CursorReachVectorEnv"]
