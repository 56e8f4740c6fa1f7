"""The back end that moves the rows of a continuous reach as tensors, with gradients; `reach_gym.reach.numpy_rows` is its model.

Movement, cursor, senses, rewards and observations are the environment's own functions. What is judged and counted has no
gradient (`reach_gym.differentiable.judging`); whatever else follows from the hand has one.
"""

from __future__ import annotations

from collections import deque
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from reach_gym.differentiable.judging import Referee
from reach_gym.differentiable.moving import Move
from reach_gym.differentiable.tensors import cursor_at, root, sensed_of, shown_of, slopes_of, squared_distance
from reach_gym.plants.bounds import confine
from reach_gym.plants.turns import swing
from reach_gym.reach.events import pushed
from reach_gym.reach.keywords import Reach
from reach_gym.reach.observations import FELT_LIMIT
from reach_gym.reach.rows import Cursor, ReachRows, Trial, float_lines
from reach_gym.reach.rules import REWARDS, Verdict, rest_of
from reach_gym.reach.tables import ReachTables
from reach_gym.rows.records import Array, Mask
from reach_gym.sessions import draws


class Moved(NamedTuple):
    """What a step did to n rows.

    Attributes:
        actions: What the actuators did, (actuators, n): actions within their bounds.
        hand: (4, n), x, y, vx, vy after it.
        cursor: (4, n), likewise.
        force: (2, n), the field's mean force on the hand during the step.
        verdict: What the rules say, as arrays.
        truncated: bool (n,), an array: whether the time limit is over.
    """

    actions: Tensor
    hand: Tensor
    cursor: Tensor
    force: Tensor
    verdict: Verdict
    truncated: Mask


class Moment(NamedTuple):
    """What is remembered of a step for late senses.

    Attributes:
        cursor: (4, n), what is seen of it.
        held: int32 (n,), an array: steps on the target.
        body: (senses, n), what is felt.
    """

    cursor: Tensor
    held: Array
    body: Tensor


class TorchRows:
    """Rows of a task as tensors.

    Attributes:
        referee: Counts and judges.
        state: The plants' states, (numbers, n).
        trial: `reach_gym.reach.rows.Trial`, (n,) each; the target before it jumps.
    """

    state: Tensor
    trial: Trial

    def __init__(
        self, task: Reach, tables: ReachTables, longest: int, device: torch.device, dtype: torch.dtype, move: Move
    ) -> None:
        """Prepares a task whose trials are `longest` steps long at most; `move` moves the plant."""
        self._task, self._longest, self._device, self._dtype, self._move = task, longest, device, dtype, move
        self._at, self._observations = float_lines(task.plant), task.observations()
        self._reward = REWARDS[task.reward].of
        slopes = slopes_of(self._observations, len(task.plant.senses) if task.feels else 0)
        self._slopes = None if slopes is None else torch.from_numpy(slopes).to(device, dtype)
        self._bounds = self._column(task.plant.low), self._column(task.plant.high)
        self._strength = self._column(task.plant.strength)
        self.referee = Referee(task, tables, longest)
        self._past: deque[Moment] = deque(maxlen=task.moments)
        sensed, seen = task.sensed_spread, self._observations
        limits = np.array([seen.place_limit] * 2 + [seen.speed_limit] * 2)[:, None]
        # Standard deviations and bounds of what is sensed of the cursor, (4, 1): its four numbers are made noisy at once.
        self._spreads, self._limits = self.tensor(np.repeat(sensed, 2)[:, None]), self.tensor(limits)

    def _column(self, values: tuple[float, ...]) -> Any:
        """A value per actuator, (actuators, 1); the number itself where all have the same, which is faster."""
        if len(set(values)) == 1:
            return values[0]
        return torch.tensor(values, dtype=self._dtype, device=self._device)[:, None]

    def tensor(self, array: Array) -> Tensor:
        """On the device; floats in the type of the task."""
        made = torch.from_numpy(np.ascontiguousarray(array)).to(self._device)
        return made.to(self._dtype) if array.dtype.kind == "f" else made

    def load(self, rows: ReachRows, mask: Mask) -> None:
        """Begins the trials of `rows`, all of which stand at the beginning of one, in those of `mask`; the others go on."""
        task, floats = self._task, self.tensor(rows.floats)
        self.referee.load(rows, mask)
        state = floats[self._at.state]
        hand = torch.stack(tuple(task.plant.hand(tuple(state), task.params)))
        body = state[:0]
        if task.feels:
            body = torch.stack(tuple(task.plant.feel(tuple(state), task.params)))
        first = Moment(hand, np.zeros(len(mask), np.int32), body)
        if mask.all():
            self.state, self._hand, self._body = state, hand, body
            self._past.extend([first] * task.moments)
        else:
            some = torch.from_numpy(mask).to(self._device)
            self.state, self._hand = torch.where(some, state, self.state), torch.where(some, hand, self._hand)
            self._body = torch.where(some, body, self._body)
            self._past.extend(
                [
                    Moment(torch.where(some, hand, old.cursor), np.where(mask, 0, old.held), torch.where(some, body, old.body))
                    for old in self._past
                ]
            )
        self.trial = Trial(*floats[self._at.state.stop : self._at.field.start])
        # Without a field the plants need fewer operations, and come to the same bits.
        acts = task.is_eventful or rows.floats[self._at.trial.scale].any()
        self._field = floats[self._at.field] if acts else None
        self._around = torch.cat([self.trial.scale[None], self._field]) if self._field is not None else None
        self._cursor = self._place_cursor(self._hand)
        self._draw_noise()

    def _draw_noise(self) -> None:
        """All noise of the trials: a function of their keys and the step."""
        task, time = self._task, np.arange(self._longest + 1, dtype=np.uint64)[:, None, None]

        def drawn(streams: tuple[int, ...], spread: Any) -> Tensor | None:
            if not np.any(spread):
                return None
            return self.tensor(draws.normal(self.referee.keys, time, np.array(streams, np.uint64)[:, None]))

        self._motor = drawn(draws.MOTOR_STREAMS[: 2 * len(task.plant.low)], task.motor_noise)
        self._sensory = drawn(draws.CURSOR_STREAMS, task.sensory_noise)
        self._felt_noise = drawn(draws.BODY_STREAMS[: len(task.plant.senses)], task.felt_noise)

    def _noise(self, noise: Tensor) -> Tensor:
        """This step's part of what `_draw_noise` drew, (streams, n)."""
        steps = self.referee.counts.step
        if (steps == steps[0]).all():
            return noise[int(steps[0])]
        return noise[self.tensor(steps).long(), :, torch.arange(len(steps), device=self._device)].T

    def detach(self) -> None:
        """Lets no gradient flow back to before now."""
        self.state, self._hand, self._body = self.state.detach(), self._hand.detach(), self._body.detach()
        self._cursor = self._cursor.detach()
        self._past.extend([old._replace(cursor=old.cursor.detach(), body=old.body.detach()) for old in self._past])

    def advance(self, actions: Tensor) -> Moved:
        """Moves all rows by actions (n, actuators)."""
        task, referee = self._task, self.referee
        clipped = actions.to(self._dtype).T.clamp(*self._bounds)
        motion = self._move(self.state, self._command(clipped), self._around_now())
        self.state, self._hand, self._body = motion.state, motion.hand, motion.body
        hand = _array(motion.hand)
        referee.step(hand)
        self._cursor = cursor = self._place_cursor(motion.hand)
        verdict, late = referee.judge(hand, _array(cursor) if task.turns_cursor else hand)
        if task.moments > 1:
            self._past.append(Moment(self._sensed(cursor), verdict.held, motion.body))
        return Moved(clipped, motion.hand, cursor, motion.force, verdict, late)

    def _command(self, actions: Tensor) -> Tensor:
        command: Tensor = self._strength * actions
        if self._motor is None:
            return command
        plain, share = self._task.command_spread
        noise = self._noise(self._motor)
        noisy: Tensor = command * (1.0 + share * noise[::2]) + plain * noise[1::2]
        return noisy

    def _around_now(self) -> Tensor | None:
        """The factor on the field in this step, and its numbers with what a pulse adds to them."""
        factor = self.referee.factor()
        if self._field is None or (factor is None and not self._task.is_eventful):
            return self._around
        scale, field = self.trial.scale, tuple(self._field)
        if factor is not None:
            scale = scale * self.tensor(factor)
        if self._task.is_eventful:
            x, y = self._hand.detach()[:2]
            scale, field = pushed(scale, field, x, y, *self.tensor(self.referee.happening("pulse", "pushed")))
        return torch.stack([scale, *field])

    def _place_cursor(self, hand: Tensor) -> Tensor:
        if not self._task.turns_cursor:
            return hand
        trial, (x, y, vx, vy) = self.trial, hand.unbind(0)
        if self._task.is_eventful:
            shift = self.tensor(self.referee.happening("shift", "shifted"))
            return torch.stack(cursor_at(trial, self._feedback(), *shift, (x, y, vx, vy)))
        sx, sy = swing(x - trial.start_x, y - trial.start_y, trial.cosine, trial.sine)
        svx, svy = swing(vx, vy, trial.cosine, trial.sine)
        return torch.stack((x + sx, y + sy, vx + svx, vy + svy))

    def _feedback(self) -> Tensor:
        return self.tensor(self.referee.counts.feedback)

    def _sensed(self, cursor: Tensor) -> Tensor:
        if not self._task.is_eventful:
            return cursor
        return torch.stack(sensed_of(self.trial, self._feedback(), tuple(self._hand), Cursor(*cursor)))

    def reward(self, moved: Moved) -> Tensor:
        """The rewards (n,) of the step that has just been made."""
        counts, verdict, trial, (x, y, _, _) = self.referee.counts, moved.verdict, self.trial, moved.cursor
        (last, abort), now = self.referee.limits, self.referee.trial
        trial = trial._replace(target_x=self.tensor(now.target_x), target_y=self.tensor(now.target_y))
        dx, dy, sx, sy = x - trial.target_x, y - trial.target_y, x - trial.start_x, y - trial.start_y
        squared = squared_distance(x, y, trial) if self._task.is_eventful else dx * dx + dy * dy
        rest = rest_of(counts.step, counts.go, last, verdict.false_start, abort)
        told = (verdict.on_target, verdict.success, counts.step >= counts.go, verdict.spoilt, rest)
        on_target, success, moving, spoilt, left = self.tensor(np.stack(told).astype(np.float64))
        effort = sum(action * action for action in moved.actions)
        distance, away = root(squared), root(sx * sx + sy * sy)
        return self._reward(on_target, success, distance, away, effort, moving, spoilt, left)  # type: ignore[no-any-return]

    def observe(self) -> Tensor:
        """What is observed, without its past: (n, ...)."""
        task, kind, trial = self._task, self._observations, self.referee.trial
        before = self._past[-1 - task.delay]
        seen = self.referee.seen(int(kind.late_goal), before.held if task.delay else self.referee.counts.held)
        sensed = self._noisy(before.cursor if task.delay else self._sensed(self._cursor))
        moving = torch.cat([sensed, self._felt()]) if task.feels else sensed
        values, told = _array(moving), np.stack(seen.signals)
        # As exact as the task; an image has whole numbers.
        into = None if self._slopes is None else np.empty((len(seen.cue), *kind.shape), values.dtype)
        start, at = (trial.start_x, trial.start_y), _array(self._cursor[:2])
        image = kind.batch(seen.target, seen.visible, seen.cue, start, values[:4], at, told, values[4:], into)
        return shown_of(moving, image, self._slopes)

    def _noisy(self, cursor: Tensor) -> Tensor:
        if self._sensory is None:
            return cursor
        return (cursor + self._spreads * self._noise(self._sensory)).clamp(-self._limits, self._limits)

    def _felt(self) -> Tensor:
        """What is felt of the bodies, (senses, n), delayed and noisy."""
        task = self._task
        felt = self._past[-1 - task.felt_delay].body if task.felt_delay else self._body
        if self._felt_noise is not None:
            felt = felt + task.felt_spread * self._noise(self._felt_noise)
        within: Tensor = confine(felt, 0.0, FELT_LIMIT)[0]
        return within


def _array(tensor: Tensor) -> Array:
    array: Array = tensor.detach().cpu().numpy()
    return array
