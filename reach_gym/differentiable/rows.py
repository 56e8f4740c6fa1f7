"""The back end that moves the rows of a continuous reach as tensors, with gradients; `reach_gym.reach.numpy_rows` is its model.

Movement, cursor, senses, rules, rewards and observations are the environment's own functions. What is judged and counted has no
gradient (`reach_gym.differentiable.judging`); whatever else follows from the hand has one.
"""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np
import torch
from torch import Tensor

from reach_gym.differentiable.blocks import Block, Given, array_of, block_of, joined, lines_of
from reach_gym.differentiable.judging import JUDGED, kind_of, shared_block, trial_block, trial_of
from reach_gym.differentiable.moving import Stages, Step
from reach_gym.reach.events import happening, pushed
from reach_gym.reach.keywords import Reach
from reach_gym.reach.rows import COUNT, STREAM, ReachRows, float_lines
from reach_gym.reach.tables import ReachTables
from reach_gym.rows.records import Array, Floats, Mask
from reach_gym.sessions import draws


class TorchRows:
    """Rows of a task as tensors.

    Attributes:
        at: Where the numbers of a row stand in its block.
        block: Of all rows after the last step, (numbers, n).
        facts: `reach_gym.differentiable.judging.Judged` of them, float64 (numbers, n).
        steps: How many the row has taken that has taken most.
        go: int32 (n,), the step at which the go cue begins.
    """

    block: Tensor
    steps: int
    facts: Floats
    go: Array

    def __init__(
        self, task: Reach, tables: ReachTables, longest: int, device: torch.device, dtype: torch.dtype, step: Step
    ) -> None:
        """Prepares a task whose trials are `longest` steps long at most; `step` moves the rows."""
        self._task, self._tables, self._longest, self._step = task, tables, longest, step
        self._device, self._dtype, self.at = device, dtype, lines_of(task)
        self._stages, self._kind, self._observations = Stages(task), kind_of(task), task.observations()
        self._shared = shared_block(task, longest, self._observations)
        self._past: deque[tuple[Tensor, Floats]] = deque(maxlen=task.moments)

    def tensor(self, array: Array) -> Tensor:
        """On the device; floats in the type of the task."""
        made = torch.from_numpy(np.ascontiguousarray(array)).to(self._device)
        return made.to(self._dtype) if array.dtype.kind == "f" else made

    def within(self, actions: Tensor) -> Tensor:
        """Actions (n, actuators) within their bounds."""
        low, high = (self.tensor(np.array(bound, np.float64)) for bound in (self._task.plant.low, self._task.plant.high))
        return actions.to(self._dtype).clamp(low, high)

    def load(self, rows: ReachRows, mask: Mask) -> Tensor:
        """Begins the trials of `rows`, all of which stand at the beginning of one, in those of `mask`; the others go on.

        Returns:
            What is observed in those rows, (n, ...); without a meaning in the others.
        """
        lines, whole = float_lines(self._task.plant), bool(mask.all())
        floats, self.go, self._keys = rows.floats, rows.counts[COUNT.go].copy(), rows.streams[STREAM.noise].copy()
        self._trial, self._waves = trial_block(rows, self._task, self._tables), rows.counts[COUNT.wave].copy()
        # Without a field the plants need fewer operations, and come to the same bits.
        acts = self._task.is_eventful or floats[lines.trial.scale].any()
        around = np.concatenate([floats[[lines.trial.scale]], floats[lines.field]]) if acts else floats[:0]
        self._around = block_of(self.tensor(around))
        self._draw_noise()
        block, facts, shown = self._begun(floats[lines.state])
        if not whole:
            some = torch.from_numpy(mask).to(self._device)
            past = [(torch.where(some, block, old), np.where(mask, facts, then)) for old, then in self._past]
            block, facts = torch.where(some, block, self.block), np.where(mask, facts, self.facts)
        self._past.extend([(block, facts)] * self._task.moments if whole else past)
        self.block, self.facts, self.steps = block, facts, int(facts[JUDGED.step].max())
        return shown

    def _begun(self, state: Floats) -> tuple[Tensor, Floats, Tensor]:
        """Blocks, facts and observations where a trial begins with such a `state`."""
        task, at = self._task, self.at
        tensor = self.tensor(state)
        block = tensor.new_zeros(at.total, tensor.shape[1])
        block[at.state] = tensor
        block[at.hand] = torch.stack(tuple(task.plant.hand(tuple(tensor), task.params)))
        if task.feels:
            block[at.body] = torch.stack(tuple(task.plant.feel(tuple(tensor), task.params)))
        facts, own = np.zeros((len(JUDGED), tensor.shape[1])), block_of(block)
        before = facts.copy()
        before[JUDGED.step] = -1.0  # the step that leads to the beginning
        none = block_of(block)[:0]
        given = Given(none, none, *self._told(before, before, facts))
        late, felt = own if task.delay else None, own if self._kind.felt_late else None
        if late is not None:  # what was sensed then is what is sensed now
            self._stages.place(own, own[:1], late, felt, given)
        shown = self._stages.place(own, own[:1], late, felt, given)
        return block, facts, self._observation(shown)

    def _draw_noise(self) -> None:
        """All noise of the trials: a function of their keys and the step."""
        task, time = self._task, np.arange(self._longest + 1, dtype=np.uint64)[:, None, None]

        def drawn(streams: tuple[int, ...], spread: Any) -> Block:
            if not np.any(spread):
                return block_of(self.tensor(np.empty((len(time), 0, len(self._keys)))))
            return block_of(self.tensor(draws.normal(self._keys, time, np.array(streams, np.uint64)[:, None])))

        self._motor = drawn(draws.MOTOR_STREAMS[: 2 * len(task.plant.low)], task.motor_noise)
        sensed = drawn(draws.CURSOR_STREAMS, task.sensory_noise), drawn(draws.BODY_STREAMS[: self._kind.senses], task.felt_noise)
        self._sensory, self._felt_noise = map(array_of, sensed)

    def _told(self, before: Floats, then: Floats, into: Floats) -> tuple[Floats, ...]:
        """Of a step `Given` from `before` on; `then` are the facts of the moment that late senses tell of."""
        steps = before[JUDGED.step] + 1.0
        noise = self._noise(self._sensory, steps), self._noise(self._felt_noise, steps)
        return before, then[JUDGED.held : JUDGED.held + 1], self._trial, *noise, self._shared, into

    def _noise(self, noise: Block, steps: Floats) -> Block:
        """What `_draw_noise` drew for these steps, (streams, n)."""
        if not noise.shape[1]:
            return noise[0]
        at = steps.astype(np.int64)
        if (at == at[0]).all():
            return noise[int(at[0])]
        own = noise[at, :, np.arange(len(at))].T
        return own.contiguous() if isinstance(own, Tensor) else np.ascontiguousarray(own)

    def _around_now(self) -> Block:
        """The factor on the field in the step that comes, and its numbers with what a pulse adds to them."""
        around, facts, waves, periods = self._around, self.facts, self._tables.waves, self._tables.periods
        if len(around) and len(periods) > 1:
            step = facts[JUDGED.step].astype(np.int64)
            factor = block_of(self.tensor(waves[self._waves, step % periods[self._waves]]))
            around = joined([around[0] * factor, *around[1:]])
        if self._task.is_eventful:
            pulse = happening(trial_of(self._trial).pulse, facts[JUDGED.pushed], facts[JUDGED.step])
            x, y = block_of(self.block[self.at.hand][:2])
            scale, field = pushed(around[0], tuple(around[1:]), x, y, *block_of(self.tensor(np.stack(pulse))))
            around = joined([scale, *field])
        return around

    @property
    def start(self) -> Floats:
        """Where the trials start, float64 (n, 2), m."""
        trial = trial_of(self._trial).trial
        return np.stack([trial.start_x, trial.start_y], axis=1)

    def detach(self) -> None:
        """Lets no gradient flow back to before now."""
        self.block = self.block.detach()
        self._past.extend([(old.detach(), then) for old, then in self._past])

    def advance(self, actions: Tensor) -> Tensor:
        """Moves all rows by actions (n, actuators); what is observed, without its past: (n, ...)."""
        task, past, into = self._task, self._past, np.empty_like(self.facts)
        late, then = past[-task.delay] if task.delay else (None, self.facts)
        felt = past[-task.felt_delay][0] if self._kind.felt_late else None
        motor, around = self._noise(self._motor, self.facts[JUDGED.step]), self._around_now()
        given = Given(motor, around, *self._told(self.facts, then, into))
        self.block, shown = self._step(self.block, actions.to(self._dtype), late, felt, given)
        self.facts, self.steps = into, self.steps + 1
        past.append((self.block, into))
        return self._observation(shown)

    def _observation(self, shown: Any) -> Tensor:
        """Of what the rules show: an image is made of it, which has no gradient."""
        kind = self._observations
        if len(kind.shape) == 1:
            return torch.as_tensor(shown, device=self._device)
        lines = torch.as_tensor(shown).detach().cpu().numpy().T
        target, (visible, cue), start, sensed, at, told = np.split(lines, [2, 4, 6, 10, 12])
        return torch.from_numpy(kind.batch(target, visible != 0, cue != 0, start, sensed, at, told, ())).to(self._device)
