"""What tensors need that numbers and arrays do not: the choice between two, a root and observations with a gradient.

The rules themselves are the environment's own component-wise functions.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from reach_gym.reach.events import sensed_with, way_with
from reach_gym.reach.observations import Observations
from reach_gym.rows.records import Floats


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


_, squared_distance, cursor_at = way_with(torch.where, root)
sensed_of = sensed_with(torch.where)


class _Shown(torch.autograd.Function):
    """Observations that were written as arrays, with the gradient of what moves in them."""

    @staticmethod
    def forward(ctx: Any, moving: Tensor, shown: Floats, slopes: Tensor) -> Tensor:
        """The observations (n, numbers), which are linear in what is `moving`, (k, n); slopes (k, numbers)."""
        ctx.slopes = slopes
        return torch.from_numpy(shown).to(moving)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        """The gradient of what is moving."""
        return ctx.slopes @ gradients[0].T, None, None


def shown_of(moving: Tensor, shown: Floats, slopes: Tensor | None) -> Tensor:
    """Observations as tensors; without `slopes`, as for images, they have no gradient."""
    if slopes is None:
        return torch.from_numpy(shown).to(moving.device)
    result: Tensor = _Shown.apply(moving, shown, slopes)  # type: ignore[no-untyped-call]
    return result


def slopes_of(kind: Observations, senses: int) -> Floats | None:
    """How much each number of an observation moves with cursor x, y, vx, vy and what is felt: (4 + senses, numbers).

    A row of ones and zeros at a time, since observations are linear in these; ``None`` for images, which are not.
    """
    if len(kind.shape) > 1:
        return None
    moving = np.eye(5 + senses, 4 + senses).T
    none, pair = np.zeros(5 + senses), np.zeros((2, 5 + senses))
    into = np.zeros((5 + senses, *kind.shape))
    shown = kind.batch(pair, none != 0, none, pair, moving[:4], pair, np.zeros((4, 5 + senses)), moving[4:], into)
    return np.asarray(shown[:-1] - shown[-1])
