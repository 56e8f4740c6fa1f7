"""What tensors need that numbers and arrays do not: a root with a gradient everywhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor


class _Root(torch.autograd.Function):
    """The square root; at 0, where it has no derivative, with the gradient 0 instead of infinity."""

    @staticmethod
    def forward(ctx: Any, value: Tensor) -> Tensor:
        """NumPy's on the CPU: PyTorch's own differs there in the last bit from everybody else's."""
        found = torch.sqrt(value) if value.is_cuda else torch.from_numpy(np.sqrt(value.detach().numpy()))
        ctx.save_for_backward(found)
        return found

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        """Half of the gradient over the root."""
        (found,) = ctx.saved_tensors
        none = found == 0.0
        result: Tensor = gradients[0] * 0.5 * ~none / (found + none)
        return result


def root(value: Tensor) -> Tensor:
    """The square root of tensors, as `reach_gym.reach.events.way_with` takes it."""
    result: Tensor = _Root.apply(value)  # type: ignore[no-untyped-call]
    return result
