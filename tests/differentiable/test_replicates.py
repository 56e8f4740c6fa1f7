"""Networks that learn side by side learn what they would one by one."""

import numpy as np
import pytest
import torch

from reach_gym.differentiable import Replicates, TorchReach, endpoint, load_network, train
from reach_gym.evaluation import evaluate
from tests.differentiable.test_training import CURL, TASK, Network, Pair, loss, same, task


class Alone(TorchReach):
    """The rows of a task from the `skipped` one on."""

    skipped = 0

    def reset(self, seed=None, **options):
        return super().reset(seed if seed is None else [seed + self.skipped + row for row in range(self.rows)], **options)


@pytest.mark.parametrize(("kind", "optimiser"), [(Network, torch.optim.Adam), (Pair, torch.optim.SGD)])
def test_replicates_learn_what_they_would_one_by_one(kind, optimiser):
    # The go cue comes at different times, so that the rows of a network do not have as many moments as those of another.
    trials = {**TASK, "go_delay": [0.0, 0.1], "time_limit": 0.2}
    settings = {"rate": 0.05, "optimiser": optimiser, "clip": 0.02, "trials": 2, "carry": True, "progress": False, "seed": 4}
    made = iter(range(2))
    together = Replicates(lambda: kind(seed=next(made)), [0, 1])
    found = train(together, TorchReach(CURL, 8, **trials), loss, 2, measures={"mm": endpoint}, **settings)
    for k, network in enumerate(together.networks):
        alone, task = kind(seed=k), Alone(CURL, 4, **trials)
        task.skipped = 4 * k
        curves = train(alone, task, loss, 2, measures={"mm": endpoint}, **settings)
        for name in ("loss", "gradient", "mm"):
            np.testing.assert_allclose(found[f"{name} {k}"], curves[name], rtol=1e-5)
        for one, other in zip(network.parameters(), alone.parameters(), strict=True):
            np.testing.assert_allclose(one.detach(), other.detach(), atol=1e-6)
        assert max(curves["gradient"]) > 0.02  # it was clipped, by its own length
    np.testing.assert_allclose(found["loss"], np.mean([found[f"loss {k}"] for k in range(2)], axis=0))


def test_replicates_draw_their_weights_from_their_seeds_are_saved_and_act(tmp_path):
    def make():
        return torch.nn.GRUCell(14, 2)

    class Drawn(Network):
        def __init__(self):
            torch.nn.Module.__init__(self)
            self.cell, self.out, self.dropout = torch.nn.GRUCell(14, 4), torch.nn.Linear(4, 2), torch.nn.Identity()

    before = torch.get_rng_state()
    one, again = Replicates(Drawn, [3, 5]), Replicates(Drawn, [5, 3])
    assert (torch.get_rng_state() == before).all()
    assert same(one.networks[0], again.networks[1]) and not same(one.networks[0], one.networks[1])
    settings = {"directory": tmp_path, "progress": False}
    train(one, task(), loss, 2, **settings)
    found = train(again, task(), loss, 3, resume=True, **settings)
    assert len(found["loss 1"]) == 3 and same(load_network(tmp_path, Replicates(Drawn, [0, 1])), again)
    # All of them act in a task, and each of them does.
    reach = task()
    reach.reset(0)
    path = reach.rollout(one)
    for k, network in enumerate(one.networks):
        reach.reset([4 * k + row if row < 4 else 99 for row in range(8)])
        alone = reach.rollout(network)
        assert torch.allclose(path.activity[:, 4 * k : 4 * k + 4], alone.activity[:, :4], atol=1e-6)
    assert evaluate(again.networks[1], CURL, episodes=3, env_kwargs=TASK).summary()["episodes"] == 3
    for arguments, error, said in (
        ((Drawn, []), ValueError, "`seeds`"),
        ((Drawn, [0.5]), TypeError, "seeds.0."),
        ((make, [1]), TypeError, "`initial`"),
        ((lambda: None, [1]), TypeError, "`make`"),
    ):
        with pytest.raises(error, match=said):
            Replicates(*arguments)
    with pytest.raises(ValueError, match="multiple of 2"):
        one.initial(7)
