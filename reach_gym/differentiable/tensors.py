"""What tensors need that numbers and arrays do not: the choice between two, a root with a gradient, columns without writing.

The rules themselves are the environment's own component-wise functions.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from reach_gym.reach.events import sensed_with, way_with
from reach_gym.reach.observations import Numeric


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


def _itself(value: Any) -> Any:
    return value


TENSORS = Numeric(torch.where, lambda value: value.long(), lambda value: value[:, None, None], _itself)
_, squared_distance, cursor_at = way_with(torch.where, root)
sensed_of = sensed_with(torch.where)


class Columns:
    """Takes what is written into its columns and puts them side by side, so that gradients flow through what is written."""

    def __init__(self) -> None:
        """Nothing is written yet."""
        self._columns: dict[int, Tensor] = {}

    def __setitem__(self, at: tuple[Any, int], value: Tensor) -> None:
        """Keeps a column; the rows are all of them."""
        self._columns[at[1]] = value

    def side_by_side(self, dtype: torch.dtype, more: list[Tensor]) -> Tensor:
        """The columns in order, (n, columns), and `more` of them."""
        own = [self._columns[k] for k in range(len(self._columns))]
        return torch.stack([each if each.dtype is dtype else each.to(dtype) for each in [*own, *more]], dim=1)
