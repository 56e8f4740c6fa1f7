"""Recurrent cells with a backward pass of their own, for roll-outs that have to go step by step.

Each cell keeps what its backward pass needs in a tape of all steps. Whatever does not depend on the order of the steps is done
for all of them at once: the slopes of the gates before the backward pass, and after it the gradients of the weights, as products
of large matrices, where PyTorch's automatic gradient multiplies and adds small ones in every step.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from agents.rnn.plant import Workspace

# The gradient before a ReLU from the one after it and the ReLU's output, written to `grad_input`.
relu_back = torch.ops.aten.threshold_backward.grad_input


def flat(tape: Tensor) -> Tensor:
    """All steps and rows of a tape (T, n, width) one below the other."""
    return tape.reshape(-1, tape.shape[-1])


class _Tape:
    """What both kinds of cells share.

    Attributes:
        state: (T+1, n, units), the first one zero.
        from_input: The cell's matrix for its input, (gates * units, width).
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
        self._gates, self._held = space("gates", steps, rows, 2 * units), space("held", steps, rows, 3 * units)
        self._new, self._to_held = space("new", steps, rows, units), space("to_held", steps, rows, 3 * units)
        # Views of all steps at once: cut out one by one they would cost as much as the arithmetic.
        self._opens, self._news, self._helds = self._gates.unbind(0), self._new.unbind(0), self._held.unbind(0)
        self._resets, self._keeps = self._gates[..., :units].unbind(0), self._gates[..., units:].unbind(0)
        self._held_opens, self._held_news = self._held[..., : 2 * units].unbind(0), self._held[..., 2 * units :].unbind(0)

    def step(self, t: int, fed: Tensor) -> Tensor:
        """The state after step `t`, (n, units), from what `feed` gave."""
        units, state = self._units, self._states[t]
        torch.addmm(self._state_bias, state, self._state_t, out=self._helds[t])
        torch.add(fed[:, : 2 * units], self._held_opens[t], out=self._opens[t]).sigmoid_()
        new = torch.addcmul(fed[:, 2 * units :], self._resets[t], self._held_news[t], out=self._news[t]).tanh_()
        return torch.lerp(new, state, self._keeps[t], out=self._states[t + 1])

    def begin_back(self) -> None:
        """Prepares the backward pass: what every gate passes on, of all steps."""
        units, gates, new = self._units, self._gates, self._new
        reset, keep = gates[..., :units], gates[..., units:]
        self._by_new = ((1.0 - new * new).mul_(1.0 - keep)).unbind(0)
        self._by_keep = ((self.state[:-1] - new).mul_(keep).mul_(1.0 - keep)).unbind(0)
        self._by_reset = (self._held[..., 2 * units :] * reset).mul_(1.0 - reset).unbind(0)
        fed, held = self._to_fed, self._to_held
        self._to_opens, self._to_news = fed[..., : 2 * units].unbind(0), fed[..., 2 * units :].unbind(0)
        self._to_resets, self._to_keeps = fed[..., :units].unbind(0), fed[..., units : 2 * units].unbind(0)
        self._to_helds, self._to_held_opens = held.unbind(0), held[..., : 2 * units].unbind(0)
        self._to_held_news = held[..., 2 * units :].unbind(0)

    def back(self, t: int, to_state: Tensor) -> Tensor:
        """The gradient for what was fed in at step `t`; `to_state` is the one for its state, later steps not included."""
        to_state = self._to_state.add_(to_state)
        to_new = torch.mul(to_state, self._by_new[t], out=self._to_news[t])
        torch.mul(to_state, self._by_keep[t], out=self._to_keeps[t])
        torch.mul(to_new, self._by_reset[t], out=self._to_resets[t])
        self._to_held_opens[t].copy_(self._to_opens[t])
        torch.mul(to_new, self._resets[t], out=self._to_held_news[t])
        torch.addmm(to_state * self._keeps[t], self._to_helds[t], self._from_state, out=self._to_state)
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

    def begin_back(self) -> None:
        """See `GruTape.begin_back`."""
        states = self.state[1:]
        self._slopes = ((states > 0).to(states.dtype) if self._relu else 1.0 - states * states).unbind(0)

    def back(self, t: int, to_state: Tensor) -> Tensor:
        """See `GruTape.back`."""
        to_fed = torch.mul(self._to_state.add_(to_state), self._slopes[t], out=self._to_feds[t])
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
