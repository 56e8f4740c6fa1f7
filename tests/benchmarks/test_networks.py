"""What the benchmark of one's own network measures."""

import pytest
import torch

from benchmarks import networks
from reach_gym.differentiable import TorchReach


class Compensating:
    """Pushes along the way, and across it against what a curl would do, or some share of that."""

    def __init__(self, share):
        self.share = share

    def __call__(self, observation):
        way = observation[:, :2] - observation[:, 12:14]
        way = way / way.norm(dim=1, keepdim=True).clamp(min=1e-6)
        # For 0.3 s after the cue; velocities are in units of 0.5 m/s, actions of 10 N.
        along = 0.1 * (observation[:, 7:8] < 0.3) * observation[:, 2:3]
        velocity = 0.5 * observation[:, 5:7]
        across = self.share * networks.VISCOSITY / 10.0 * torch.stack([velocity[:, 1], -velocity[:, 0]], dim=1)
        return along * way + across


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_the_coefficient_is_the_share_of_the_field_that_is_compensated(share, monkeypatch):
    monkeypatch.setattr(networks, "TASK", {**networks.TASK, "delay": 0})
    path = networks.probed(Compensating(share), networks.CURL, 0, channel=True)
    assert networks.coefficient(path) == pytest.approx(share, abs=0.03)
    effect = networks.after_effect(networks.probed(Compensating(share), networks.CURL, 0, gain=0.0))
    assert effect == pytest.approx(0.0, abs=0.1) if share == 0 else effect < -5  # to the right


def test_a_training_is_measured_before_and_in_the_field():
    found = networks.trained(0, 2)
    assert len(found) == 7 and all(value == value for value in found) and found[0] > 0 and found[3] > 0
    assert 0 < networks.step_time("point_mass", 2, True, 1) < 60
    assert TorchReach(networks.CURL, 2, **networks.TASK).longest > 100
