"""The replay buffer: what the rows of a vector environment went through lately, and batches of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from gymnasium import spaces

Array = npt.NDArray[Any]
Indices = npt.NDArray[np.int64]
Outcome = tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]
"""Reward and whether the episode terminated, of n steps."""

_RUNNING = -1  # end of an episode that has none yet
_ARRAYS = ("observations", "actions", "rewards", "terminated", "over", "real", "ends", "begins")


class Batch(NamedTuple):
    """n transitions over one or several steps.

    Attributes:
        observations: (n, ...), before the first step.
        actions: int64 (n,), the first action.
        returns: float32 (n,), the discounted sum of the rewards.
        discounts: float32 (n,), factor on the value of `next_observations`; 0 where the episode terminated.
        next_observations: (n, ...), after the last step.
    """

    observations: Array
    actions: Indices
    returns: npt.NDArray[np.float32]
    discounts: npt.NDArray[np.float32]
    next_observations: Array


class Replay:
    """A ring of the last steps of all rows of a vector environment in autoreset mode ``NEXT_STEP``.

    In that mode the observation after a step is the one before the next step, also at the end of an episode. So each is stored
    once, and the last observation of an episode, which a time limit bootstraps from, is the true one. The step in which a row
    begins anew is stored as well and never drawn.

    Attributes:
        time: Steps stored so far, those included that have been overwritten. Steps are known by their number, from 0.
    """

    def __init__(self, steps: int, rows: int, space: spaces.Box) -> None:
        """Makes an empty buffer.

        Args:
            steps: How many steps of every row it holds.
            rows: Rows of the environment.
            space: Observation space of one row; observations keep its type, so pixels stay uint8.
        """
        slots = steps + 1  # one more, because the observation after the newest step has to be there too
        self.rows, self._slots = rows, slots
        self.observations: Array = np.zeros((slots, rows, *space.shape), space.dtype)
        self.actions = np.zeros((slots, rows), np.int64)
        self.rewards = np.zeros((slots, rows), np.float32)
        self.terminated = np.zeros((slots, rows), np.bool_)
        self.over = np.zeros((slots, rows), np.bool_)
        self.real = np.zeros((slots, rows), np.bool_)
        self.ends = np.full((slots, rows), _RUNNING, np.int64)
        self.begins = np.zeros(rows, np.int64)  # number of the first step of each row's episode
        self.time = 0

    @property
    def newest(self) -> Array:
        """What the rows see now, (rows, ...)."""
        newest: Array = self.observations[self.time % self._slots]
        return newest

    def begin(self, observations: Array) -> None:
        """Takes what the rows see at first."""
        self.observations[0] = observations

    def add(self, actions: Array, rewards: Array, terminated: Array, truncated: Array, observations: Array) -> None:
        """Takes one step of all rows: the action, and what came of it."""
        slot = self.time % self._slots
        real = ~self.over[slot - 1] if self.time else np.ones(self.rows, np.bool_)
        self.begins[~real] = self.time + 1
        self.actions[slot], self.rewards[slot], self.terminated[slot] = actions, rewards, terminated
        self.over[slot], self.real[slot], self.ends[slot] = terminated | truncated, real, _RUNNING
        oldest = self._oldest() + (self.time >= self._slots - 1)
        for row in np.flatnonzero(self.over[slot]).tolist():
            first = max(int(self.begins[row]), oldest)
            self.ends[np.arange(first, self.time + 1) % self._slots, row] = self.time
        self.time += 1
        self.observations[self.time % self._slots] = observations

    def _oldest(self) -> int:
        return max(0, self.time - self._slots + 1)

    def draw(self, count: int, generator: np.random.Generator) -> tuple[Indices, Indices]:
        """Numbers of steps and their rows, int64 (count,) each, uniform over all that are stored."""
        oldest = self._oldest()
        most = (self.time - oldest) * self.rows

        def some(n: int) -> Indices:
            return generator.integers(0, most, n)

        flat = some(count)
        while True:
            times, rows = oldest + flat // self.rows, flat % self.rows
            again = ~self.real[times % self._slots, rows]
            if not again.any():
                return times, rows
            flat[again] = some(int(again.sum()))

    def seen(self, times: Indices, rows: Indices) -> Array:
        """The observations before the steps `times`; a copy."""
        seen: Array = self.observations[times % self._slots, rows]
        return seen

    def last(self, times: Indices, rows: Indices) -> Indices:
        """Number of the last step of the episodes; of those under way the newest step."""
        ends = self.ends[times % self._slots, rows]
        return np.where(ends == _RUNNING, self.time - 1, ends)

    def outcome(self, times: Indices, rows: Indices) -> Outcome:
        """Reward and termination of the steps, as they were."""
        slots = times % self._slots
        return self.rewards[slots, rows], self.terminated[slots, rows]

    def batch(
        self,
        times: Indices,
        rows: Indices,
        n_step: int = 1,
        gamma: float = 1.0,
        outcome: Callable[[Indices], Outcome] | None = None,
    ) -> Batch:
        """The transitions over up to `n_step` steps from the steps `times` on.

        They are shorter where the episode ends or the newest step is reached. Only termination makes what follows worth nothing:
        after a time limit, and at the newest step, the value of the last observation counts.

        Args:
            times: Numbers of the first steps, int64 (n,).
            rows: Their rows, int64 (n,).
            n_step: Steps of a transition, at least 1.
            gamma: Discount per step.
            outcome: Tells reward and termination of the steps with given numbers, in the same `rows`; `None` for what was.
        """
        returns, discounts = np.zeros(len(times), np.float32), np.ones(len(times), np.float32)
        going, after = np.ones(len(times), np.bool_), times
        for k in range(n_step):
            at = np.where(going, times + k, times)
            rewards, terminated = self.outcome(at, rows) if outcome is None else outcome(at)
            returns += np.where(going, discounts * rewards, np.float32(0))
            discounts[going] *= np.float32(gamma)
            discounts[going & terminated] = 0
            after = np.where(going, at + 1, after)
            going &= ~terminated & (at < self.last(at, rows))
        return Batch(self.seen(times, rows), self.actions[times % self._slots, rows], returns, discounts, self.seen(after, rows))

    def state(self) -> dict[str, Array]:
        """Everything that changes, for checkpoints; views, not copies."""
        return {**{name: getattr(self, name) for name in _ARRAYS}, "time": np.array(self.time)}

    def restore(self, state: Mapping[str, Array]) -> None:
        """Continues from what `state` of a buffer of the same size returned.

        Raises:
            ValueError: Something is missing, or has another shape or type; nothing was changed.
        """
        for name, mine in self.state().items():
            given = state.get(name)
            if given is None or given.shape != mine.shape or given.dtype != mine.dtype:
                what = "nothing" if given is None else f"{given.dtype} {given.shape}"
                raise ValueError(f"`replay.{name}` must be {mine.dtype} {mine.shape}, got {what}.")
        time, ends = int(state["time"]), state["ends"]
        number = time - 1 - (time - 1 - np.arange(self._slots)) % self._slots  # of the step in each slot
        known = (ends == _RUNNING) | ((ends >= number[:, None]) & (ends < time))
        if time < 0 or not known.all() or (state["begins"] > time).any():
            raise ValueError("`replay` counts steps that are not there.")
        for name in _ARRAYS:
            getattr(self, name)[...] = state[name]
        self.time = time
