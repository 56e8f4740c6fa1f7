"""The continuous reach as tensors of PyTorch: any module learns through any plant, field and session.

.. code-block:: python

    class MyNetwork(nn.Module):
        def __init__(self, observations, units, actions):
            super().__init__()
            self.cell, self.out = nn.GRUCell(observations, units), nn.Linear(units, actions)

        def initial(self, rows):
            return torch.zeros(rows, self.cell.hidden_size)

        def forward(self, observation, state):
            state = self.cell(observation, state)
            return torch.tanh(self.out(state)), state


    task = TorchReach("reach_gym/CursorReachCurl-v0", rows=32, delay=5)
    network = MyNetwork(14, 96, 2)
    train(network, task, lambda path: position(path) + 0.01 * effort(path), updates=1000)
    evaluate(network, task.env_id, episodes=200, env_kwargs=task.keywords)

Needs the extra ``torch``.
"""

from reach_gym.errors import missing_extra

try:
    import safetensors as _safetensors  # noqa: F401
    import torch as _torch  # noqa: F401
except ImportError:
    raise missing_extra("torch", "torch") from None

from reach_gym.differentiable.losses import deviation, effort, endpoint, hidden, jerk, position
from reach_gym.differentiable.replicates import Replicates
from reach_gym.differentiable.rollouts import Rollout
from reach_gym.differentiable.saving import load_network
from reach_gym.differentiable.task import Step, TorchReach
from reach_gym.differentiable.training import cosine, train

__all__ = [
    "Replicates",
    "Rollout",
    "Step",
    "TorchReach",
    "cosine",
    "deviation",
    "effort",
    "endpoint",
    "hidden",
    "jerk",
    "load_network",
    "position",
    "train",
]
