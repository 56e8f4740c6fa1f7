"""The roll-out of the output-buffer model: network and hand in a loop, forward and backward.

What does not depend on the loop is taken out of it: the first layer's share of target and cue before it, and all gradients of
weights after it.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from .rnn_cells import flat, tape_of, threshold_backward
from .rnn_config import UNIT
from .rnn_models import AXES, INPUTS
from .rnn_plant import Hands
from .rnn_rollout import Path, Rollout, layer_gradients
from .rnn_trials import STEPS, TrialBatch


class BufferRollout(Rollout):
    """The network emits accelerations, the field acts on the hand in real time, and the last accelerations of the hand come back.

    The loss is on displacement, the double integral of what the hand did.
    """

    def forward(self, batch: TrialBatch, generator: np.random.Generator | None = None) -> Path:
        """See `Rollout`."""
        config, space, weights = self._config, self._space, self._weights()
        rows, units = batch.inputs.shape[1], config.units
        self._batch, self._masks = batch, self._draw_masks(3, rows, generator)
        self._hands = hands = Hands(batch.plants, self._arena, STEPS, config.buffer, space, config.gate)
        own, from_buffer = torch.split(weights["first.weight"], [INPUTS, AXES * config.buffer], dim=1)
        first = torch.addmm(weights["first.bias"], flat(batch.inputs), own.T, out=space("first", STEPS * rows, units))
        self._first, self._second = first.view(STEPS, rows, units), space("second", STEPS, rows, units)
        self._hidden, self._shown = space("hidden", STEPS, rows, units), space("shown", STEPS, rows, units)
        self._cell = cell = tape_of(self.network.cell, STEPS, rows, space)
        fed = space("fed", rows, cell.gates * units)
        firsts, seconds, showns, hiddens = (each.unbind(0) for each in (self._first, self._second, self._shown, self._hidden))
        names = ("second", "hidden", "out")
        matrices, biases = [weights[f"{n}.weight"].T.contiguous() for n in names], [weights[f"{n}.bias"] for n in names]
        scale = config.scale.acceleration
        buffer_matrix = from_buffer.T.contiguous() / scale
        for t in range(STEPS):
            recent = hands.acceleration[t : t + config.buffer].reshape(-1, rows).T
            seen = self._silence(0, t, firsts[t].addmm_(recent, buffer_matrix).relu_())
            seen = self._silence(1, t, torch.addmm(biases[0], seen, matrices[0], out=seconds[t]).relu_())
            state = cell.step(t, cell.feed(seen, fed))
            shown = torch.mul(state, self._masks[2][t], out=showns[t]) if self._masks else state
            out = torch.addmm(biases[2], torch.addmm(biases[1], shown, matrices[1], out=hiddens[t]).relu_(), matrices[2])
            hands.move(t, out.T * (scale * batch.plants.mass))
        return Path(hands.position, hands.velocity, cell.state[1:])

    def loss(self) -> float:
        """See `Rollout`."""
        return self._elastic((self._hands.position[1:] - self._batch.position) / UNIT)[0]

    def backward(self) -> dict[str, Tensor]:
        """See `Rollout`."""
        config, hands, space, weights = self._config, self._hands, self._space, self._weights()
        rows, units, k = self._batch.inputs.shape[1], config.units, config.buffer
        to_position = self._elastic((hands.position[1:] - self._batch.position) / UNIT)[1] / UNIT
        scale = config.scale.acceleration
        from_buffer = weights["first.weight"][:, INPUTS:].contiguous() / scale
        tos = tuple(space(f"to_{name}", STEPS, rows, units) for name in ("first", "second", "hidden"))
        to_out, to_acceleration = space("to_out", STEPS, rows, AXES), space("to_acceleration", STEPS + k, AXES, rows).zero_()
        hands.begin_back()
        for t in reversed(range(STEPS)):
            to_force = hands.move_back(t, to_position[t], to_acceleration=to_acceleration[t + k])
            torch.mul(to_force.T, scale * self._batch.plants.mass, out=to_out[t])
            through = threshold_backward(to_out[t] @ weights["out.weight"], self._hidden[t], 0)
            tos[2][t] = through
            to_fed = self._cell.back(t, self._silence(2, t, through @ weights["hidden.weight"]))
            # A silenced unit's output is 0, so its gradient stops at the threshold; the others pass theirs, times their factor.
            through = self._silence(1, t, threshold_backward(to_fed @ self._cell.from_input, self._second[t], 0))
            tos[1][t] = through
            through = self._silence(0, t, threshold_backward(through @ weights["second.weight"], self._first[t], 0))
            tos[0][t] = through
            to_acceleration[t : t + k] += (through @ from_buffer).T.reshape(k, AXES, rows)
        recent = torch.cat([hands.acceleration[i : i + STEPS] for i in range(k)], dim=1).transpose(1, 2) / scale
        givens = torch.cat([self._batch.inputs, recent], dim=2), self._first, self._shown if self._masks else self._cell.state[1:]
        layers = [*zip(("first", "second", "hidden"), tos, givens, strict=True), ("out", to_out, self._hidden)]
        return {**layer_gradients(layers), **self._cell.finish(self._second)}

    def _silence(self, layer: int, t: int, values: Tensor) -> Tensor:
        return values.mul_(self._masks[layer][t]) if self._masks else values
