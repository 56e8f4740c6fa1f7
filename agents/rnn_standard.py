"""The roll-out of the standard sequence model: six kinematics from target and cue, and what a field adds to them.

Nothing in the network waits for the hand, so that inputs, outputs and gradients of all steps are single products of matrices;
only the recurrent layer's own state, and the field, go step by step.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from .rnn_cells import flat, tape_of, threshold_backward
from .rnn_config import ACCELERATION_UNIT, UNIT, VELOCITY_UNIT
from .rnn_models import AXES, KINEMATICS
from .rnn_plant import Hands
from .rnn_rollout import Path, Rollout, layer_gradients
from .rnn_trials import STEPS, TrialBatch

_UNITS = (ACCELERATION_UNIT, VELOCITY_UNIT, UNIT)


class StandardRollout(Rollout):
    """The hand carries out the network's positions: it exerts the force that would take it along them without a field.

    A field acts in real time on the hand where it really is. What it adds to position, velocity and acceleration is added to the
    network's six outputs, and the loss compares the sums with the desired kinematics.
    """

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
        scale = config.scale
        units_of = (scale.acceleration, scale.velocity, scale.place)
        acceleration, velocity, position = (
            part * unit for part, unit in zip(torch.split(out, AXES, dim=1), units_of, strict=True)
        )
        start = torch.from_numpy(batch.plants.start.T).to(position.dtype)
        self._executed = [acceleration, velocity, position + start]
        self._hands = self._push(batch, self._executed[2], start)
        whole = torch.cat([start[None], self._executed[2]])
        return Path(whole, torch.cat([torch.zeros_like(start)[None], self._executed[1]]), states)

    def _push(self, batch: TrialBatch, planned: Tensor, start: Tensor) -> Hands | None:
        """Adds to `_executed` what the field does to hands on the way `planned`; nothing without a field."""
        plants = batch.plants
        if not (plants.scale != 0).any():
            return None
        pace = torch.diff(planned, dim=0, prepend=start[None]) / plants.dt
        change = torch.diff(pace, dim=0, prepend=torch.zeros_like(pace[:1])) / plants.dt
        hands = Hands(plants._replace(max_force=torch.inf), self._arena, STEPS, 0, self._space)
        hands.follow(change * plants.mass)
        done = (hands.acceleration, hands.velocity[1:], hands.position[1:])
        for i, (actual, plan) in enumerate(zip(done, (change, pace, planned), strict=True)):
            self._executed[i] = self._executed[i] + (actual - plan)
        return hands

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
        config, weights, cell = self._config, self._weights(), self._cell
        rows = self._batch.inputs.shape[1]
        to_kinematics = [part / unit for part, unit in zip(torch.split(self._losses()[1], AXES, dim=1), _UNITS, strict=True)]
        if self._hands is not None:
            to_kinematics[2] = to_kinematics[2] + self._through_field(self._hands, *to_kinematics)
        scale = config.scale
        units_of = (scale.acceleration, scale.velocity, scale.place)
        to_out = torch.cat([part * unit for part, unit in zip(to_kinematics, units_of, strict=True)], dim=1).transpose(1, 2)
        to_hidden = threshold_backward(flat(to_out) @ weights["out.weight"], self._hidden, 0)
        to_states = (to_hidden @ weights["hidden.weight"]).view(STEPS, rows, -1)
        if self._masks:
            to_states.mul_(self._masks[0])
        for t in reversed(range(STEPS)):
            cell.back(t, to_states[t])
        layers = [("hidden", to_hidden, self._shown), ("out", to_out, self._hidden)]
        return {**layer_gradients(layers), **cell.finish(self._batch.inputs)}

    def _through_field(self, hands: Hands, to_change: Tensor, to_pace: Tensor, to_place: Tensor) -> Tensor:
        """The gradient for the planned positions by way of what the field adds: actual minus planned kinematics."""
        plants, dt = self._batch.plants, self._batch.plants.dt
        hands.begin_back()
        to_force = torch.stack(
            [hands.move_back(t, to_place[t], to_pace[t], to_acceleration=to_change[t]) for t in reversed(range(STEPS))]
        ).flip(0)
        to_change = plants.mass * to_force - to_change
        return _before(_before(to_change, dt) - to_pace, dt) - to_place


def _before(to_difference: Tensor, dt: float) -> Tensor:
    """The transpose of ``diff / dt`` along the steps."""
    later = torch.cat([to_difference[1:], torch.zeros_like(to_difference[:1])])
    return (to_difference - later) / dt
