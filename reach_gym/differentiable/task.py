"""A continuous reach as tensors: the environment's own trials, with gradients from everything that follows to every action."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from gymnasium import spaces
from gymnasium.error import ResetNeeded
from gymnasium.vector import AutoresetMode
from torch import Tensor

from reach_gym import checks
from reach_gym.acting.adapters import is_stateful
from reach_gym.acting.rollout import make_rows
from reach_gym.differentiable.history import TensorHistory
from reach_gym.differentiable.judging import JUDGED
from reach_gym.differentiable.moving import automatic, written
from reach_gym.differentiable.rollouts import Notes, Rollout
from reach_gym.differentiable.rows import TorchRows
from reach_gym.errors import InvalidActionError, NotApplicableError
from reach_gym.reach.keywords import Reach
from reach_gym.reach.options import trial_numbers
from reach_gym.reach.rows import ReachRows
from reach_gym.reach.tables import tables_of
from reach_gym.registration import family_of
from reach_gym.rows.records import Mask

_DTYPES = (torch.float32, torch.float64)


class Step(NamedTuple):
    """What came of one step of n rows.

    Attributes:
        observation: (n, ...), what is observed now.
        reward: (n,).
        terminated: bool (n,), whether the rules have ended the trial.
        truncated: bool (n,), whether its time is over.
        hand: (n, 4), x, y (m), vx, vy (m/s).
        cursor: (n, 4), likewise.
        force: (n, 2), the field's mean force on the hand during the step, N.
    """

    observation: Tensor
    reward: Tensor
    terminated: Tensor
    truncated: Tensor
    hand: Tensor
    cursor: Tensor
    force: Tensor


class TorchReach:
    """Rows of a continuous reach as tensors; with float64 on the CPU the same numbers as the vector environment.

    Trials, and their noise, are those of the vector environment with the same id, keywords and seed. Gradients flow through
    plant, field, cursor, senses, rewards and noise that goes with the command. They end where a rule ends them: at actions
    beyond their bounds, at walls and limits of joints, at what is judged or counted; nowhere else.

    A row whose trial has ended is moved on with the others, until the time of the longest trial is over: `done` tells which have
    ended, and a `Rollout` which steps belong to the trial. `next_trials` begins the next ones.

    Attributes:
        rows: Number of rows.
        task: The task's keywords.
        device: Where the tensors are.
        dtype: Of their numbers.
        first: int64 (rows,), the trial of its session that each row begins with.
        observation: The present one, (n, ...).
    """

    observation: Tensor

    def __init__(
        self,
        env_id: str,
        rows: int = 32,
        device: Any = "cpu",
        dtype: torch.dtype = torch.float32,
        fast: bool = True,
        first: Any = 0,
        **keywords: Any,
    ) -> None:
        """Makes the rows.

        Args:
            env_id: The id of a continuous reach, such as ``"reach_gym/CursorReachCurl-v0"``.
            rows: How many.
            device: A device of PyTorch.
            dtype: float32, within 1e-5 of the environment over a trial; or float64, equal to it on the CPU.
            fast: Whether the derivative of the plant's step is written by machine; else it is PyTorch's automatic one.
            first: The trial of its session, from 0, that each row begins with: a number, or one for each row. Rows that begin far
                apart in a long schedule go through different parts of it.
            **keywords: Of the task, in place of the registered ones.

        Raises:
            NotApplicableError: It is no continuous reach, or its observation is no array.
            TypeError: There is no such keyword, or a value has the wrong type.
            ValueError: A value is out of range.
            gymnasium.error.Error: There is no such task.
        """
        self.env_id, self.keywords = env_id, dict(keywords)
        self.rows = checks.integer("rows", rows, 1, 2**20)
        if dtype not in _DTYPES:
            raise ValueError(f"`dtype` must be torch.float32 or torch.float64, got {checks.shown(dtype)}.")
        self.first = trial_numbers("first", first, rows).astype(np.int64)
        self.device, self.dtype = torch.device(device), dtype
        self._envs = make_rows(env_id, rows, keywords, AutoresetMode.DISABLED)
        if family_of(self._envs) != "cursor":
            raise NotApplicableError(f"only continuous reaches can be differentiated, which {env_id} is not.")
        base: Any = self._envs.unwrapped
        self.task: Reach = base.task
        if not isinstance(base.single_observation_space, spaces.Box):
            raise NotApplicableError(f"the observation must be one array, which {self.task.observation!r} is not.")
        self._base, limit = base, base.max_episode_steps
        self.longest = self.task.longest if limit is None else min(limit, self.task.longest)
        tables = tables_of(self.task, limit)
        step = (written if fast else automatic)(self.task)
        self._rows = TorchRows(self.task, tables, self.longest, self.device, dtype, step)
        self._history = TensorHistory(self.task.history, len(self.task.plant.low))
        self._begun = False

    def reset(self, seed: int | list[int] | None = None, **options: Any) -> Tensor:
        """Begins the next trial of every row, or with a `seed` the `first` trials of sessions of their own.

        Args:
            seed: Row i has the session of the seed `seed` + i; a list gives each row its own.
            **options: Reset options of the environment, such as ``channel``, or ``trial``: how many trials after the `first` one.

        Returns:
            The observation (n, ...).

        Raises:
            TypeError: An argument has the wrong type.
            ValueError: An argument is out of range, or there is no such option.
        """
        if self.first.any() and (seed is not None or "trial" in options):
            options["trial"] = self.first + trial_numbers("options['trial']", options.get("trial", 0), self.rows).astype(np.int64)
        self._envs.reset(seed=seed, options=options or None)  # type: ignore[arg-type]
        return self._load(np.ones(self.rows, np.bool_))

    def next_trials(self, mask: Any = None) -> Tensor:
        """Begins the next trial in every row, or in those of a `mask`, bool (n,); returns the observation (n, ...).

        What the other rows have done keeps its gradients; `detach` ends them.

        Raises:
            gymnasium.error.ResetNeeded: No trial has begun.
            TypeError: `mask` is none.
            ValueError: It has another shape, or no true value.
        """
        self._require_begun("next_trials")
        if isinstance(mask, Tensor):
            mask = mask.cpu().numpy()
        self._envs.reset(options={} if mask is None else {"reset_mask": mask})
        return self._load(np.ones(self.rows, np.bool_) if mask is None else mask)

    def _load(self, mask: Mask) -> Tensor:
        state = self._base.get_state()
        first = self._rows.load(ReachRows(**{name: state[name] for name in ReachRows._fields}), mask)
        self._begun = True
        return self._show(self._history.begin(first, torch.from_numpy(mask.copy()).to(self.device)))

    def _show(self, observation: Tensor) -> Tensor:
        self.observation = observation
        return observation

    def detach(self) -> None:
        """Lets no gradient flow from now on to what came before."""
        self._require_begun("detach")
        self._rows.detach()
        self.observation = self.observation.detach()

    def step(self, action: Tensor) -> Step:
        """Moves every row by an action (n, actuators); finite numbers beyond their bounds are clipped.

        Raises:
            gymnasium.error.ResetNeeded: No trial has begun, or the time of the longest one is over in some row.
            InvalidActionError: `action` is no tensor of that shape, or not finite; then no row has moved.
        """
        self._require_begun("step")
        if isinstance(action, Tensor) and not bool(action.isfinite().all()):
            raise InvalidActionError(f"`action` must hold finite numbers, got {checks.shown(action)}.")
        going = ~self.done
        self._advance(action)
        rows, at = self._rows, self._rows.at
        ended, late = (self._told(line) for line in (JUDGED.ended, JUDGED.late))
        parts = (rows.block[lines].T.clone() for lines in (at.hand, at.cursor, at.force))  # the block is still in use
        return Step(self.observation, torch.where(going, rows.block[at.reward], 0.0), ended, late, *parts)

    def _told(self, line: int) -> Tensor:
        """A truth value of the last step, bool (n,)."""
        return self._rows.tensor(self._rows.facts[line] != 0)

    def _advance(self, action: Tensor) -> None:
        shape = (self.rows, len(self.task.plant.low))
        if not isinstance(action, Tensor) or action.shape != shape:
            raise InvalidActionError(f"`action` must be a tensor of the shape {shape}, got {checks.shown(action)}.")
        if self._rows.steps >= self.longest:
            raise ResetNeeded(f"Begin the next trials: the {self.longest} steps of the longest trial are over.")
        seen = self._rows.advance(action)
        self._show(self._history.add(seen, self._rows.within(action)) if self.task.history else seen)

    def rollout(self, module: Callable[..., Any], state: Any = None, steps: int | None = None, rewards: bool = False) -> Rollout:
        """Lets a module act from where the rows stand.

        Args:
            module: ``module(observation, state) -> action, state`` with ``initial(rows) -> state``, such as an ``nn.Module``;
                or a module or function without `initial`, ``module(observation) -> action``. A state is a tensor or a tuple of
                tensors, the rows first.
            state: The state to begin with; by default ``module.initial(rows)``.
            steps: How many; by default as many as the longest trial lasts.
            rewards: Whether the rollout holds the rewards, which losses seldom need.

        Raises:
            gymnasium.error.ResetNeeded: No trial has begun, or the rows have not so many steps left.
            InvalidActionError: The module's actions have another shape than (rows, actuators).
            ValueError: `steps` is less than 1.
        """
        self._require_begun("rollout")
        count = self.longest if steps is None else checks.integer("steps", steps, 1)
        recurrent = is_stateful(module)
        if recurrent and state is None:
            state = module.initial(self.rows)  # type: ignore[attr-defined]
        notes, rows, first = Notes(), self._rows, self._rows.facts
        for _ in range(count):
            seen = self.observation
            if recurrent:
                action, state = module(seen, state)
                notes.states.append(state)
            else:
                action = module(seen)
            self._advance(action)
            notes.add(seen, action, rows.block, rows.facts)
        return notes.rollout(rows, first, rewards, self.task, module)

    @property
    def done(self) -> Tensor:
        """Whether the trial of each row has ended, bool (n,)."""
        return self._told(JUDGED.done)

    def _require_begun(self, what: str) -> None:
        if not self._begun:
            raise ResetNeeded(f"Call `reset` before `{what}`: no trial has begun.")
