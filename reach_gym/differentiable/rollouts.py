"""What a module did in a batch of trials: everything that a loss may want, as tensors with gradients."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from reach_gym.acting.modules import activity_of
from reach_gym.differentiable.judging import JUDGED, Judged
from reach_gym.differentiable.rows import TorchRows
from reach_gym.reach.keywords import Reach
from reach_gym.rows.records import Floats


@dataclass(frozen=True)
class Rollout:
    """T time steps of n trials. Every tensor has the time first; moment t is the one after step t, unless said otherwise.

    A trial that has ended is moved on, without a reward: `going` tells which steps belong to it. A loss may take them all.

    Attributes:
        observations: (T, n, ...), what was observed before each step.
        states: The module's state after each step, T of them; empty for a module without one.
        actions: (T, n, actuators), as the module wanted them; bounds and noise come after them.
        hand: (T, n, 4), x, y (m), vx, vy (m/s).
        cursor: (T, n, 4), likewise.
        force: (T, n, 2), the field's mean force on the hand during each step, N.
        target: (T, n, 2), m.
        start: (n, 2), m.
        step: int64 (T, n), steps taken in the trial.
        go: int64 (n,), the step at which the go cue begins.
        going: bool (T, n), whether the trial was under way before the step.
        success: bool (n,), whether the trial has succeeded.
        rewards: (T, n), 0 where the trial was over; ``None`` unless they were asked for.
        dt: Time step, s.
        workspace: Half the side of the workspace, m.
        module: The module that acted.
    """

    observations: Tensor
    states: list[Any]
    actions: Tensor
    hand: Tensor
    cursor: Tensor
    force: Tensor
    target: Tensor
    start: Tensor
    step: Tensor
    go: Tensor
    going: Tensor
    success: Tensor
    rewards: Tensor | None
    dt: float
    workspace: float
    module: Any

    @property
    def since_cue(self) -> Tensor:
        """int64 (T, n), steps since the go cue began; negative before."""
        return self.step - self.go

    @property
    def activity(self) -> Tensor:
        """What the units did, (T, n, units); see `reach_gym.acting.modules.activity_of`.

        Raises:
            ValueError: The module has none.
        """
        self._require_states()
        return torch.stack([activity_of(self.module, state) for state in self.states])

    def _require_states(self) -> None:
        if not self.states:
            raise ValueError("`states` must not be empty: the module that acted has no state.")

    @property
    def last_state(self) -> Any:
        """The module's state after the last step of each row's trial, which is what goes on to its next trial in a session.

        Raises:
            ValueError: The module has none.
        """
        self._require_states()
        last, rows = self.going.sum(0).clamp(min=1) - 1, torch.arange(len(self.success), device=self.success.device)
        if isinstance(self.states[0], tuple):
            return tuple(torch.stack(parts)[last, rows] for parts in zip(*self.states, strict=True))
        return torch.stack(self.states)[last, rows]

    def of_rows(self, rows: slice, module: Any) -> Rollout:
        """The same of some rows, in which `module` acted."""
        timed = ("observations", "actions", "hand", "cursor", "force", "target", "step", "going")
        parts = {name: getattr(self, name)[:, rows] for name in timed}
        parts |= {name: getattr(self, name)[rows] for name in ("start", "go", "success")}
        states = [tuple(part[rows] for part in state) if isinstance(state, tuple) else state[rows] for state in self.states]
        rewards = None if self.rewards is None else self.rewards[:, rows]
        return replace(self, **parts, states=states, rewards=rewards, module=module)


class Notes:
    """What a rollout gathers step by step."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.states: list[Any] = []
        self._gathered: tuple[list[Any], ...] = [], [], [], []

    def add(self, seen: Tensor, action: Tensor, block: Tensor, facts: Floats) -> None:
        """One step: what was observed before it and done, and how the rows stand after it."""
        for gathered, value in zip(self._gathered, (seen, action, block, facts), strict=True):
            gathered.append(value)

    def rollout(self, rows: TorchRows, first: Floats, rewards: bool, task: Reach, module: Any) -> Rollout:
        """All of it; `first` are the rows' facts before the first step."""
        seen, actions, blocks = (torch.stack(each) for each in self._gathered[:3])
        hand, cursor, force = (blocks[:, lines].transpose(1, 2) for lines in (rows.at.hand, rows.at.cursor, rows.at.force))
        facts = np.stack([first, *self._gathered[3]], axis=1)
        now = Judged(*facts[:, 1:])
        places, going = np.stack([now.target_x, now.target_y], axis=2), rows.tensor(facts[JUDGED.done, :-1] == 0)
        still = places, rows.start, now.step.astype(np.int64), rows.go.astype(np.int64), now.succeeded[-1] != 0
        target, start, step, go, success = map(rows.tensor, still)
        rewarded = torch.where(going, blocks[:, rows.at.reward], 0.0) if rewards else None
        moving = target, start, step, go, going, success, rewarded
        return Rollout(seen, self.states, actions, hand, cursor, force, *moving, task.dt, task.workspace, module)
