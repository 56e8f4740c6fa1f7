"""Recurrent cells with a backward pass of their own, for roll-outs that have to go step by step.

Each cell keeps what its backward pass needs in a tape of all steps. The gradients for the weights are then single products of
large matrices after the last step, where PyTorch's automatic gradient multiplies and adds small ones in every step.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .rnn_plant import Workspace

threshold_backward = torch.ops.aten.threshold_backward


def flat(tape: Tensor) -> Tensor:
    """All steps and rows of a tape (T, n, width) one below the other."""
    return tape.reshape(-1, tape.shape[-1])


class _Tape:
    """What both kinds of cells share.

    Attributes:
        state: (T+1, n, units), the first one zero.
    """

    gates: int

    def __init__(self, cell: nn.RNNCellBase, steps: int, rows: int, space: Workspace) -> None:
        """Keeps the weights of `cell` and begins with a state of zeros."""
        units = cell.hidden_size
        self._units, self.from_input, self._from_state = units, cell.weight_ih.detach(), cell.weight_hh.detach()
        self._input_bias, self._state_bias = cell.bias_ih.detach(), cell.bias_hh.detach()
        self._input_t, self._state_t = self.from_input.T.contiguous(), self._from_state.T.contiguous()
        self.state = space("state", steps + 1, rows, units)
        self.state[0] = 0.0
        self._states = self.state.unbind(0)
        self._to_fed = space("to_fed", steps, rows, self.gates * units)
        self._to_feds = self._to_fed.unbind(0)
        self._to_state = self.state.new_zeros(rows, units)

    def feed(self, inputs: Tensor, out: Tensor) -> Tensor:
        """The share of `inputs` (n, width) in the gates, (n, gates * units), written to `out`: of one step or of many."""
        return torch.addmm(self._input_bias, inputs, self._input_t, out=out)

    def _gradients(self, inputs: Tensor, to_held: Tensor) -> dict[str, Tensor]:
        to_fed, to_held = flat(self._to_fed), flat(to_held)
        return {
            "cell.weight_ih": to_fed.T @ flat(inputs),
            "cell.weight_hh": to_held.T @ flat(self.state[:-1]),
            "cell.bias_ih": to_fed.sum(0),
            "cell.bias_hh": to_held.sum(0),
        }


class GruTape(_Tape):
    """The gated recurrent unit of Cho et al. 2014, in PyTorch's form: the reset gate acts on the product with the state."""

    gates = 3

    def __init__(self, cell: nn.RNNCellBase, steps: int, rows: int, space: Workspace) -> None:
        """See `_Tape`."""
        super().__init__(cell, steps, rows, space)
        units = self._units
        gates, held = space("gates", steps, rows, 2 * units), space("held", steps, rows, 3 * units)
        self._to_held = space("to_held", steps, rows, 3 * units)
        # Views of all steps at once: cut out one by one they would cost as much as the arithmetic.
        self._open, self._reset, self._keep = (each.unbind(0) for each in (gates, gates[..., :units], gates[..., units:]))
        self._new, self._held = space("new", steps, rows, units).unbind(0), held.unbind(0)
        self._held_open, self._held_new = held[..., : 2 * units].unbind(0), held[..., 2 * units :].unbind(0)
        fed, back = self._to_fed, self._to_held
        self._to_open, self._to_new = fed[..., : 2 * units].unbind(0), fed[..., 2 * units :].unbind(0)
        self._to_reset, self._to_keep = fed[..., :units].unbind(0), fed[..., units : 2 * units].unbind(0)
        self._to_helds = back.unbind(0)
        self._to_held_open, self._to_held_new = back[..., : 2 * units].unbind(0), back[..., 2 * units :].unbind(0)

    def step(self, t: int, fed: Tensor) -> Tensor:
        """The state after step `t`, (n, units), from what `feed` gave."""
        units, state = self._units, self._states[t]
        torch.addmm(self._state_bias, state, self._state_t, out=self._held[t])
        torch.add(fed[:, : 2 * units], self._held_open[t], out=self._open[t]).sigmoid_()
        new = torch.addcmul(fed[:, 2 * units :], self._reset[t], self._held_new[t], out=self._new[t]).tanh_()
        return torch.lerp(new, state, self._keep[t], out=self._states[t + 1])

    def back(self, t: int, to_state: Tensor) -> Tensor:
        """The gradient for what was fed in at step `t`; `to_state` is the one for its state, later steps not included."""
        new, keep, opened = self._new[t], self._keep[t], self._open[t]
        to_state = self._to_state.add_(to_state)
        kept = to_state * keep
        to_new, to_open, to_held = self._to_new[t], self._to_open[t], self._to_helds[t]
        torch.mul(to_state - kept, 1.0 - new * new, out=to_new)
        torch.mul(to_new, self._held_new[t], out=self._to_reset[t])
        torch.mul(to_state, self._states[t] - new, out=self._to_keep[t])
        to_open.mul_(opened).mul_(1.0 - opened)
        self._to_held_open[t].copy_(to_open)
        torch.mul(to_new, self._reset[t], out=self._to_held_new[t])
        torch.addmm(kept, to_held, self._from_state, out=self._to_state)
        return self._to_feds[t]

    def finish(self, inputs: Tensor) -> dict[str, Tensor]:
        """The gradients of the weights after the last step; `inputs` (T, n, width) is what was fed."""
        return self._gradients(inputs, self._to_held)


class PlainTape(_Tape):
    """The simple recurrent cell with ReLU or tanh."""

    gates = 1

    def __init__(self, cell: nn.RNNCell, steps: int, rows: int, space: Workspace) -> None:
        """See `_Tape`."""
        super().__init__(cell, steps, rows, space)
        self._relu = cell.nonlinearity == "relu"
        self._input_bias = self._input_bias + self._state_bias  # the two always act together

    def step(self, t: int, fed: Tensor) -> Tensor:
        """See `GruTape.step`."""
        after = torch.addmm(fed, self._states[t], self._state_t, out=self._states[t + 1])
        return after.relu_() if self._relu else after.tanh_()

    def back(self, t: int, to_state: Tensor) -> Tensor:
        """See `GruTape.back`."""
        state, to_state = self._states[t + 1], self._to_state.add_(to_state)
        to_fed = self._to_feds[t]
        to_fed.copy_(threshold_backward(to_state, state, 0) if self._relu else to_state * (1.0 - state * state))
        torch.mm(to_fed, self._from_state, out=self._to_state)
        return to_fed

    def finish(self, inputs: Tensor) -> dict[str, Tensor]:
        """See `GruTape.finish`."""
        return self._gradients(inputs, self._to_fed)


def tape_of(cell: nn.Module, steps: int, rows: int, space: Workspace) -> GruTape | PlainTape:
    """The tape of a cell."""
    if isinstance(cell, nn.GRUCell):
        return GruTape(cell, steps, rows, space)
    if isinstance(cell, nn.RNNCell):
        return PlainTape(cell, steps, rows, space)
    raise TypeError(f"`cell` must be a GRUCell or an RNNCell, got {cell}.")
