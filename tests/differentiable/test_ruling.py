"""Cursor, reward and observation of a step: their written slopes are PyTorch's automatic ones, whatever the senses are."""

import numpy as np
import pytest
import torch

from reach_gym.differentiable import TorchReach, ruling, written
from reach_gym.differentiable.judging import JUDGED, Kind, shared_block
from reach_gym.differentiable.tensors import root

KINDS = {
    "prompt": Kind("vector", "shaped", 0, eventful=False, late=False, felt_late=False, noisy=False, felt_noisy=False),
    "late": Kind("vector", "dense", 0, eventful=False, late=True, felt_late=False, noisy=True, felt_noisy=False),
    "felt": Kind("body", "shaped", 3, eventful=False, late=True, felt_late=False, noisy=False, felt_noisy=True),
    "all": Kind("body", "shaped", 2, eventful=True, late=True, felt_late=True, noisy=True, felt_noisy=True),
}


@pytest.mark.parametrize("name", KINDS)
def test_the_written_slopes_are_the_automatic_ones(name, monkeypatch):
    monkeypatch.setattr(written, "_compiled", lambda text: None)
    kind, rng, rows = KINDS[name], np.random.default_rng(0), 40
    task = TorchReach("reach_gym/CursorReach-v0", 1, rotation=20, sensory_noise=(1e-3, 1e-2)).task
    sizes, outputs = ruling.sizes_of(kind)
    moving = [rng.normal(size=(size, rows)) * 0.1 for size in sizes[:5]]
    still = [rng.normal(size=(size, rows)) * 0.1 for size in sizes[5:-1]]
    still[0], still[1] = rng.integers(0, 3, still[0].shape) * 1.0, rng.integers(0, 3, still[1].shape) * 1.0
    still[0][JUDGED.step] = rng.integers(0, 30, rows)
    still[2][11:13] = rng.integers(0, 4, (2, rows))  # go cue, and what is seen of the hand
    shared = shared_block(task, 100, task.observations())
    slopes = [rng.normal(size=(outputs[0], rows)), rng.normal(size=(rows, outputs[1]))]
    found = [np.empty_like(each) for each in moving]
    ruling.written_rules.__wrapped__(kind).backward(*moving, *still, shared, *slopes, *found)
    tensors = [torch.from_numpy(each).requires_grad_() for each in moving]
    lines = (line for block in [*tensors, *map(torch.from_numpy, still)] for line in block)
    numbers = ruling.ruling(kind, torch.where, root)(*lines, *shared.tolist())
    weights = np.concatenate([slopes[0], slopes[1].T])
    # The judged numbers, which come last, have no weight.
    sum((torch.from_numpy(weight) * number).sum() for weight, number in zip(weights, numbers, strict=False)).backward()
    for own, tensor in zip(found, tensors, strict=True):
        known = torch.zeros_like(tensor) if tensor.grad is None else tensor.grad
        assert np.allclose(own, known, rtol=1e-9, atol=1e-12)
    assert all(np.abs(each).max() > 0 for each in found[:2] if len(each))
