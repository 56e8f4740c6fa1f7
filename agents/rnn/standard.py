"""The roll-out of the standard sequence model: six kinematics from target and cue, and what a field adds to them.

Nothing in the network waits for the hand, so that inputs, outputs and gradients of all steps are single products of matrices;
only the recurrent layer's own state, and the field, go step by step.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from agents.rnn.cells import flat, relu_back, tape_of
from agents.rnn.config import ACCELERATION_UNIT, UNIT, VELOCITY_UNIT
from agents.rnn.models import AXES, KINEMATICS
from agents.rnn.rollout import Path, Rollout, layer_gradients
from agents.rnn.tracking import Led
from agents.rnn.trials import STEPS, TrialBatch

_UNITS = (ACCELERATION_UNIT, VELOCITY_UNIT, UNIT)


class StandardRollout(Rollout):
    """The hand is led along the network's kinematics (`agents.rnn.tracking`); a field acts in real time where the hand really is.

    What the field adds to position, velocity and acceleration is added to the network's six outputs, and the loss compares the
    sums with the desired kinematics.
    """

    _led: Led | None

    def forward(self, batch: TrialBatch, generator: np.random.Generator | None = None) -> Path:
        """See `Rollout`."""
        config, space, weights = self._config, self._space, self._weights()
        rows, units = batch.inputs.shape[1], config.units
        self._batch, self._masks = batch, self._draw_masks(1, rows, generator)
        self._cell = cell = tape_of(self.network.cell, STEPS, rows, space)
        fed = cell.feed(flat(batch.inputs), space("fed", STEPS * rows, cell.gates * units)).view(STEPS, rows, -1).unbind(0)
        for t in range(STEPS):
            cell.step(t, fed[t])
        states = cell.state[1:]
        self._shown = torch.mul(states, self._masks[0], out=space("shown", *states.shape)) if self._masks else states
        hidden = space("hidden", STEPS * rows, units)
        self._hidden = torch.addmm(weights["hidden.bias"], flat(self._shown), weights["hidden.weight"].T, out=hidden).relu_()
        out = (
            torch.addmm(weights["out.bias"], self._hidden, weights["out.weight"].T).view(STEPS, rows, KINEMATICS).transpose(1, 2)
        )
        plan = [part * unit for part, unit in zip(torch.split(out, AXES, dim=1), self._units_of(), strict=True)]
        plan[2] = plan[2] + torch.from_numpy(batch.facts.start.T).to(out.dtype)
        self._executed, self._led = plan, None
        if generator is not None and not (batch.facts.scale != 0).any():
            # Learning without a field needs no hand: the path is the planned one.
            start = batch.facts.start.T.copy()
            whole = torch.cat([torch.from_numpy(start).to(out.dtype)[None], plan[2]])
            return Path(whole, torch.cat([torch.zeros_like(plan[1][:1]), plan[1]]), states)
        led = Led(plan, batch.facts, self._arena, space, self._believed)
        if led.felt:
            self._led, self._executed = led, [part + more for part, more in zip(plan, led.added(), strict=True)]
        return Path(led.real.position, led.real.velocity, states)

    def _units_of(self) -> tuple[float, float, float]:
        scale = self._config.scale
        return scale.acceleration, scale.velocity, scale.place

    def _losses(self) -> tuple[float, Tensor]:
        batch = self._batch
        wanted = (batch.acceleration, batch.velocity, batch.position)
        errors = [(done - want) / unit for done, want, unit in zip(self._executed, wanted, _UNITS, strict=True)]
        return self._elastic(torch.cat(errors, dim=1))

    def loss(self) -> float:
        """See `Rollout`."""
        return self._losses()[0]

    def backward(self) -> dict[str, Tensor]:
        """See `Rollout`."""
        weights, cell = self._weights(), self._cell
        rows = self._batch.inputs.shape[1]
        to_plan = [part / unit for part, unit in zip(torch.split(self._losses()[1], AXES, dim=1), _UNITS, strict=True)]
        if self._led is not None:
            to_plan = [part + more for part, more in zip(to_plan, self._led.back(to_plan), strict=True)]
        to_out = torch.cat([part * unit for part, unit in zip(to_plan, self._units_of(), strict=True)], dim=1).transpose(1, 2)
        to_hidden = flat(to_out) @ weights["out.weight"]
        relu_back(to_hidden, self._hidden, 0, grad_input=to_hidden)
        to_states = (to_hidden @ weights["hidden.weight"]).view(STEPS, rows, -1)
        if self._masks:
            to_states.mul_(self._masks[0])
        cell.begin_back()
        for t in reversed(range(STEPS)):
            cell.back(t, to_states[t])
        layers = [("hidden", to_hidden, self._shown), ("out", to_out, self._hidden)]
        return {**layer_gradients(layers), **cell.finish(self._batch.inputs)}
