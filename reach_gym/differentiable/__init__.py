from reach_gym.differentiable.rollouts import Rollout
from reach_gym.differentiable.task import Step, TorchReach

__all__ = ["Rollout", "Step", "TorchReach"]
