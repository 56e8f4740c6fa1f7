"""The back end that moves the rows of a continuous reach as tensors, with gradients; `reach_gym.reach.numpy_rows` is its model.

Movement, cursor, events, judging, rewards and observations are the environment's own functions. Judging has no gradient, as
everything that is counted; whatever else follows from the hand has one.
"""

from __future__ import annotations

from collections import deque
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from reach_gym.differentiable.moving import Move
from reach_gym.differentiable.tensors import TENSORS, Columns, cursor_at, root, sensed_of, squared_distance
from reach_gym.plants.bounds import confine
from reach_gym.reach.events import pushed, set_off
from reach_gym.reach.facts import placed, what_happens
from reach_gym.reach.keywords import Reach
from reach_gym.reach.observations import OBSERVATIONS
from reach_gym.reach.rows import STREAM, Counts, Cursor, Moment, ReachRows, Trial, float_lines
from reach_gym.reach.rules import REWARDS, Verdict, is_late, judge, rest_of, shown, signals
from reach_gym.reach.tables import ReachTables, limits_of, settings_of, wholes_of
from reach_gym.rows.records import Array, Mask
from reach_gym.sessions import draws


class Moved(NamedTuple):
    """What a step did to n rows.

    Attributes:
        actions: What the actuators did, (n,) each: actions within their bounds.
        hand: x, y, vx, vy after it, (n,) each.
        cursor: Likewise.
        force: (2, n), the field's mean force on the hand during the step.
        verdict: What the rules say.
        truncated: bool (n,), whether the time limit is over.
    """

    actions: list[Tensor]
    hand: tuple[Tensor, ...]
    cursor: Cursor
    force: Tensor
    verdict: Verdict
    truncated: Tensor


class TorchRows:
    """Rows of a task as tensors.

    Attributes:
        state: The plants' states, (numbers, n).
        hand: x, y, vx, vy, (n,) each.
        trial: `reach_gym.reach.rows.Trial`; targets stand where they have jumped to.
        counts: `reach_gym.reach.rows.Counts`, int64.
        steps: int64 NumPy (n,), steps taken; what depends on them alone need not wait for the device.
    """

    state: Tensor
    hand: tuple[Tensor, ...]
    trial: Trial
    counts: Counts
    steps: Array

    def __init__(
        self, task: Reach, tables: ReachTables, longest: int, device: torch.device, dtype: torch.dtype, move: Move
    ) -> None:
        """Prepares a task whose trials are `longest` steps long at most; `move` moves the plant."""
        self._task, self._longest, self._device, self._dtype, self._move = task, longest, device, dtype, move
        self._at, self._observations = float_lines(task.plant), task.observations()
        self._write = OBSERVATIONS[task.observation].writer(TENSORS)
        self._limits, self._limit = limits_of(settings_of(task), wholes_of(task, longest)), longest
        changing: dict[str, Any] = {name: self._tensor(getattr(tables, name)) for name in ("waves", "periods", "events")}
        self._tables = tables._replace(**changing)
        self._reward = REWARDS[task.reward].of
        self._past: deque[Moment] = deque(maxlen=task.delay + 1)

    def _tensor(self, array: Array) -> Tensor:
        """On the device; integers as int64, floats in the type of the task."""
        made = torch.from_numpy(np.ascontiguousarray(array)).to(self._device)
        return made.to(self._dtype) if array.dtype.kind == "f" else made.to(torch.int64)

    def load(self, rows: ReachRows, mask: Mask) -> None:
        """Begins the trials of `rows`, all of which stand at the beginning of one, in those of `mask`; the others go on."""
        floats, counts = self._tensor(rows.floats), Counts(*self._tensor(rows.counts))
        state, past = floats[self._at.state], Moment(*self._tensor(rows.past)[0])
        hand = tuple(self._task.plant.hand(tuple(state), self._task.params))
        if mask.all():
            self.state, self.hand, self.counts, self.steps = state, hand, counts, np.zeros(len(mask), np.int64)
            self._past.extend([past] * (self._task.delay + 1))
        else:
            some = torch.from_numpy(mask).to(self._device)

            def pick(new: Any, old: Any) -> list[Tensor]:
                return [torch.where(some, one, other) for one, other in zip(new, old, strict=True)]

            self.state, self.hand = torch.where(some, state, self.state), tuple(pick(hand, self.hand))
            self.counts = Counts(*pick(counts, self.counts))
            self.steps = np.where(mask, 0, self.steps)
            self._past.extend([Moment(*pick(past, each)) for each in self._past])
        self.trial = self._at.trial_of(floats)  # type: ignore[arg-type]
        # Without a field the plants need fewer operations, and come to the same bits.
        acts = self._task.is_eventful or rows.floats[self._at.trial.scale].any()
        self._field = floats[self._at.field] if acts else None
        self._around = torch.cat([self.trial.scale[None], self._field]) if self._field is not None else None
        self._draw_noise(rows)
        if self._task.is_eventful:
            self._place_targets()

    def _draw_noise(self, rows: ReachRows) -> None:
        """All noise of the trials: a function of their keys and the step."""
        task, actuators = self._task, len(self._task.plant.low)
        keys = rows.streams[STREAM.noise]
        time = np.arange(self._longest + 1, dtype=np.uint64)[:, None, None]

        def drawn(streams: tuple[int, ...]) -> Tensor:
            return self._tensor(draws.normal(keys, time, np.array(streams, np.uint64)[:, None]))

        self._motor = drawn(draws.NOISE_STREAMS[: 2 * actuators]) if any(task.motor_noise) else None
        self._sensory = drawn(draws.NOISE_STREAMS[4:]) if any(task.sensory_noise) else None

    def _noise(self, noise: Tensor) -> Tensor:
        """This step's part, (streams, n), of what `_draw_noise` drew."""
        first = int(self.steps[0])
        if (self.steps == first).all():
            return noise[first]
        return noise[self._tensor(self.steps), :, torch.arange(len(self.steps), device=self._device)].T

    def detach(self) -> None:
        """Lets no gradient flow back to before now."""
        self.state, self.hand = self.state.detach(), tuple(each.detach() for each in self.hand)
        self._past.extend([Moment(*(each.detach() for each in moment)) for moment in self._past])

    def advance(self, actions: Tensor) -> Moved:
        """Moves all rows by actions (n, actuators)."""
        task, plant = self._task, self._task.plant
        columns = zip(actions.to(self._dtype).unbind(1), plant.low, plant.high, strict=True)
        clipped = [column.clamp(low, high) for column, low, high in columns]
        command = self._command(clipped)
        motion = self._move(self.state, torch.stack(command), self._felt())
        self.state, hand = motion.state, motion.hand.unbind(0)
        self.hand = hand
        self.steps = self.steps + 1
        self.counts = self.counts._replace(step=self.counts.step + 1)
        with torch.no_grad():
            if task.is_eventful:
                self._happen(hand)
        cursor = self._cursor(hand)
        with torch.no_grad():
            verdict, late = self._judge(hand, cursor)
        if task.delay:
            self._past.append(Moment(*self._sensed(hand, cursor), self.counts.held))
        return Moved(clipped, hand, cursor, motion.force, verdict, late)

    def _command(self, actions: list[Tensor]) -> list[Tensor]:
        command = [strength * action for strength, action in zip(self._task.plant.strength, actions, strict=True)]
        if self._motor is None:
            return command
        plain, share = self._task.command_spread
        noise = self._noise(self._motor).unbind(0)
        parts = zip(command, noise[::2], noise[1::2], strict=True)
        return [part * (1.0 + share * one) + plain * two for part, one, two in parts]

    def _felt(self) -> Tensor | None:
        """The factor on the field in this step, and its numbers with what a pulse adds to them."""
        tables, counts, scale = self._tables, self.counts, self.trial.scale
        if self._field is None or (len(tables.periods) == 1 and not self._task.is_eventful):
            return self._around
        field: Any = self._field
        if len(tables.periods) > 1:
            scale = scale * tables.waves[counts.wave, counts.step % tables.periods[counts.wave]]
        if self._task.is_eventful:
            push = what_happens(tables, counts.pulse, counts.pushed, counts.step)
            scale, field = pushed(scale, field.unbind(0), self.hand[0].detach(), self.hand[1].detach(), *push)
        return torch.stack([scale, *field])

    def _happen(self, hand: tuple[Tensor, ...]) -> None:
        """Sets events off, and moves the targets that jump."""
        counts, before = self.counts, self.counts
        for name, since in (("jump", "jumped"), ("shift", "shifted"), ("pulse", "pushed")):
            line = getattr(before, name)
            _, _, trigger, at, _ = self._tables.events[line].T
            on = set_off(getattr(before, since), line, trigger, at, before.step, before.go, hand, self.trial)
            counts = counts._replace(**{since: on})
        self.counts = counts
        self._place_targets()

    def _place_targets(self) -> None:
        counts, trial = self.counts, self.trial
        x, y = what_happens(self._tables, counts.jump, counts.jumped, counts.step)
        self.trial = trial._replace(target_x=trial.home_x + x, target_y=trial.home_y + y)

    def _cursor(self, hand: Any) -> Cursor:
        if not self._task.turns_cursor:
            return Cursor(*hand)
        return placed(self._task, self._tables, self.trial, self.counts, hand, cursor_at)

    def _sensed(self, hand: Any, cursor: Cursor) -> Cursor:
        return Cursor(*sensed_of(self.trial, self.counts.feedback, hand, cursor)) if self._task.is_eventful else cursor

    def _squared(self, cursor: Cursor) -> Tensor:
        """The squared distance of the cursor from the target."""
        if self._task.is_eventful:
            return squared_distance(cursor.x, cursor.y, self.trial)  # type: ignore[no-any-return]
        dx, dy = cursor.x - self.trial.target_x, cursor.y - self.trial.target_y
        return dx * dx + dy * dy  # type: ignore[no-any-return]

    def _judge(self, hand: tuple[Tensor, ...], cursor: Cursor) -> tuple[Verdict, Tensor]:
        counts, trial = self.counts, self.trial
        verdict = Verdict(
            *judge(
                *(counts.step, counts.go, cursor.x, cursor.y, hand[2], hand[3], trial.start_x, trial.start_y),
                *(self._squared(cursor), counts.false_start, counts.held, counts.left, self._limits),
            )
        )
        self.counts = counts._replace(
            **{name: getattr(verdict, name) for name in ("false_start", "held", "left", "success", "ended")}
        )
        late = (counts.step >= self._limit) | is_late(counts.step, counts.go, self._limits.last)
        return verdict, late

    def reward(self, moved: Moved) -> Tensor:
        """The rewards (n,) of the step that has just been made."""
        counts, trial, cursor, verdict = self.counts, self.trial, moved.cursor, moved.verdict
        sx, sy = cursor.x - trial.start_x, cursor.y - trial.start_y
        rest = rest_of(counts.step, counts.go, self._limits.last, verdict.false_start, self._limits.abort)
        effort, moving = sum(action * action for action in moved.actions), 1 * (counts.step >= counts.go)
        reward = self._reward(
            *(verdict.on_target, verdict.success, root(self._squared(cursor)), root(sx * sx + sy * sy)),
            *(effort, moving, verdict.spoilt, rest),
        )
        return reward.to(self._dtype)  # type: ignore[no-any-return]

    def observe(self) -> Tensor:
        """What is observed, without its past: (n, ...)."""
        task, trial, counts = self._task, self.trial, self.counts
        cursor = self._cursor(self.hand)
        now = self._sensed(self.hand, cursor)
        late_goal = int(self._observations.late_goal)
        target, start = (trial.target_x, trial.target_y), (trial.start_x, trial.start_y)
        if task.is_eventful:  # a jump of the target is seen as late as the target
            jump_x, jump_y = what_happens(self._tables, counts.jump, counts.jumped, counts.step - task.delay * late_goal)
            target = trial.home_x + jump_x, trial.home_y + jump_y
        with torch.no_grad():
            visible, cue = shown(counts.step, task.delay, late_goal, task.onset, counts.go, task.pulse)
            held = (self._past[0].held if task.delay else counts.held).to(self._dtype)
            # Whole numbers times a time step would be of single precision.
            time, left = (counts.step - task.delay).to(self._dtype), counts.left.to(self._dtype)
            told = signals(time, task.onset, counts.go, left, held, task.hold_steps, task.dt)
        seen = self._noisy(Cursor(*self._past[0][:4]) if task.delay else now)
        flat = len(self._observations.shape) == 1
        every: Any = slice(None) if flat else torch.arange(len(self.steps), device=self._device)
        shape = (len(self.steps), *self._observations.shape)
        into: Any = Columns() if flat else torch.zeros(shape, dtype=torch.int64, device=self._device)
        units = self._observations.per_metre, self._observations.per_speed
        self._write(into, every, target, start, cue, visible, seen, now[:2], told, *units)
        observed: Tensor = into.side_by_side(self._dtype) if flat else into.to(torch.uint8)
        return observed

    def _noisy(self, cursor: Cursor) -> Cursor:
        if self._sensory is None:
            return cursor
        place, speed = self._task.sensed_spread
        limits = (self._observations.place_limit,) * 2 + (self._observations.speed_limit,) * 2
        parts = zip(cursor, (place, place, speed, speed), self._noise(self._sensory).unbind(0), limits, strict=True)
        return Cursor(*(confine(value + spread * noise, 0.0, limit)[0] for value, spread, noise, limit in parts))
