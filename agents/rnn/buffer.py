"""The roll-out of the output-buffer model: network and hand in a loop, forward and backward.

What does not depend on the loop is taken out of it: the first layer's share of target and cue before it, and all gradients of
weights after it.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from agents.rnn.cells import flat, relu_back, tape_of
from agents.rnn.config import UNIT
from agents.rnn.models import AXES, INPUTS
from agents.rnn.plant import Hands
from agents.rnn.rollout import Path, Rollout, layer_gradients
from agents.rnn.trials import STEPS, TrialBatch


class BufferRollout(Rollout):
    """The network emits accelerations, the field acts on the hand in real time, and the last accelerations of the hand come back.

    The loss is on displacement, the double integral of what the hand did.
    """

    def forward(self, batch: TrialBatch, generator: np.random.Generator | None = None) -> Path:
        """See `Rollout`."""
        config, space, weights = self._config, self._space, self._weights()
        rows, units, k = batch.inputs.shape[1], config.units, config.buffer
        self._batch, self._masks = batch, self._draw_masks(3, rows, generator)
        masks = [each.unbind(0) for each in self._masks]
        self._hands = hands = Hands(batch.facts, self._arena, STEPS, k, space, config.gate)
        own, from_buffer = torch.split(weights["first.weight"], [INPUTS, AXES * k], dim=1)
        first = torch.addmm(weights["first.bias"], flat(batch.inputs), own.T, out=space("first", STEPS * rows, units))
        self._first, self._second = first.view(STEPS, rows, units), space("second", STEPS, rows, units)
        self._hidden, self._shown = space("hidden", STEPS, rows, units), space("shown", STEPS, rows, units)
        self._cell = cell = tape_of(self.network.cell, STEPS, rows, space)
        fed = space("fed", rows, cell.gates * units)
        firsts, seconds, showns, hiddens = (each.unbind(0) for each in (self._first, self._second, self._shown, self._hidden))
        second_t, hidden_t = (weights[f"{name}.weight"].T.contiguous() for name in ("second", "hidden"))
        second_bias, hidden_bias = weights["second.bias"], weights["hidden.bias"]
        # Units are converted in the matrices: the buffer holds changes of velocity, the output is a force.
        newtons, per_change = self._units_of(batch)
        out, out_bias, buffer_t = (
            newtons * weights["out.weight"],
            (newtons * weights["out.bias"])[:, None],
            per_change * from_buffer.T,
        )
        recents = windows(hands.change, k)
        for t in range(STEPS):
            seen = firsts[t].addmm_(recents[t].T, buffer_t).relu_()
            if masks:
                seen.mul_(masks[0][t])
            seen = torch.addmm(second_bias, seen, second_t, out=seconds[t]).relu_()
            if masks:
                seen.mul_(masks[1][t])
            shown = cell.step(t, cell.feed(seen, fed))
            if masks:
                shown = torch.mul(shown, masks[2][t], out=showns[t])
            hidden = torch.addmm(hidden_bias, shown, hidden_t, out=hiddens[t]).relu_()
            hands.move(t, torch.addmm(out_bias, out, hidden.T))
        return Path(hands.position, hands.velocity, cell.state[1:])

    def _units_of(self, batch: TrialBatch) -> tuple[float, float]:
        """Newtons per unit of output, and units of the buffer per change of velocity."""
        scale = self._config.scale.acceleration
        return scale * batch.facts.body.mass, 1.0 / (scale * batch.facts.dt)

    def loss(self) -> float:
        """See `Rollout`."""
        return self._elastic((self._hands.position[1:] - self._batch.position) / UNIT)[0]

    def backward(self) -> dict[str, Tensor]:
        """See `Rollout`."""
        config, hands, cell, space, weights = self._config, self._hands, self._cell, self._space, self._weights()
        rows, units, k = self._batch.inputs.shape[1], config.units, config.buffer
        to_positions = (self._elastic((hands.position[1:] - self._batch.position) / UNIT)[1] / UNIT).unbind(0)
        newtons, per_change = self._units_of(self._batch)
        buffer_matrix, out = per_change * weights["first.weight"][:, INPUTS:].T, newtons * weights["out.weight"]
        tos = tuple(space(f"to_{name}", STEPS, rows, units) for name in ("first", "second", "hidden"))
        to_firsts, to_seconds, to_hiddens = (each.unbind(0) for each in tos)
        firsts, seconds, hiddens = (each.unbind(0) for each in (self._first, self._second, self._hidden))
        masks = [each.unbind(0) for each in self._masks]
        to_change, to_force = space("to_change", STEPS + k, AXES, rows).zero_(), space("to_force", STEPS, AXES, rows)
        to_changes, to_recents, to_forces = to_change[k:].unbind(0), windows(to_change, k), to_force.unbind(0)
        hands.begin_back()
        cell.begin_back()
        for t in reversed(range(STEPS)):
            to_forces[t].copy_(hands.move_back(t, to_positions[t], to_changes[t]))
            through = relu_back(to_forces[t].T @ out, hiddens[t], 0, grad_input=to_hiddens[t]) @ weights["hidden.weight"]
            if masks:
                through.mul_(masks[2][t])
            # A silenced unit's output is 0, so its gradient stops at the threshold; the others pass theirs, times their factor.
            through = relu_back(cell.back(t, through) @ cell.from_input, seconds[t], 0, grad_input=to_seconds[t])
            if masks:
                through.mul_(masks[1][t])
            through = relu_back(through @ weights["second.weight"], firsts[t], 0, grad_input=to_firsts[t])
            if masks:
                through.mul_(masks[0][t])
            to_recents[t].addmm_(buffer_matrix, through.T)
        recent = per_change * torch.stack(windows(hands.change, k)).transpose(1, 2)
        givens = torch.cat([self._batch.inputs, recent], dim=2), self._first, self._shown if masks else cell.state[1:]
        layers = [*zip(("first", "second", "hidden"), tos, givens, strict=True)]
        layers.append(("out", newtons * to_force.transpose(1, 2), self._hidden))
        return {**layer_gradients(layers), **cell.finish(self._second)}


def windows(change: Tensor, k: int) -> tuple[Tensor, ...]:
    """Of changes (T+k, 2, n) those of the `k` steps before each step, oldest first: T views (2 k, n)."""
    rows = change.shape[2]
    return change.as_strided((len(change) - k, AXES * k, rows), (AXES * rows, rows, 1)).unbind(0)
