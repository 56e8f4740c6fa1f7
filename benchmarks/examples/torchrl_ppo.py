"""TorchRL: PPO on a small grid, with its environment, collector, advantage and loss."""

import numpy as np
import torch
from tensordict.nn import TensorDictModule
from torchrl.collectors import Collector
from torchrl.envs import GymEnv
from torchrl.modules import MLP, ProbabilisticActor, ValueOperator
from torchrl.objectives import ClipPPOLoss
from torchrl.objectives.value import GAE

from reach_gym.evaluation import evaluate

ENV_ID, KWARGS = "reach_gym/GridReach-v0", {"size": 6}


def main(steps: int = 40_000, seed: int = 0) -> None:
    """Trains for so many steps, and evaluates on held-out trials."""
    torch.manual_seed(seed)
    env = GymEnv(ENV_ID, categorical_action_encoding=True, **KWARGS)
    net = MLP(in_features=4, out_features=8, num_cells=[64, 64])
    module = TensorDictModule(net, in_keys=["observation"], out_keys=["logits"])
    actor = ProbabilisticActor(
        module, in_keys=["logits"], distribution_class=torch.distributions.Categorical, return_log_prob=True
    )
    critic = ValueOperator(MLP(in_features=4, out_features=1, num_cells=[64, 64]))
    advantage, loss = GAE(gamma=0.95, lmbda=0.95, value_network=critic), ClipPPOLoss(actor, critic, entropy_coeff=0.01)
    optimizer = torch.optim.Adam(loss.parameters(), 1e-3)
    sizes = {"frames_per_batch": 2000, "total_frames": steps}
    for batch in Collector(env, actor, **sizes, auto_register_policy_transforms=False):
        for _ in range(8):
            advantage(batch)
            for part in batch.reshape(-1)[torch.randperm(batch.numel())].split(250):
                losses = loss(part)
                optimizer.zero_grad()
                (losses["loss_objective"] + losses["loss_critic"] + losses["loss_entropy"]).backward()
                optimizer.step()
    result = evaluate(lambda seen: net(torch.as_tensor(np.array(seen))).argmax(1).numpy(), ENV_ID, 500, env_kwargs=KWARGS)
    print(f"success {result.summary()['success']:.3f}, excess steps {result.summary()['mean_excess_steps']:.2f}")
