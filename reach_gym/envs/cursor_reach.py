"""`CursorReachEnv`, where `gym.make` and other code import it from; it lives in `reach_gym.reach.env`."""

from reach_gym.reach.env import CursorReachEnv

__all__ = ["CursorReachEnv"]
