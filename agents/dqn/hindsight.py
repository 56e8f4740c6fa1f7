"""New targets for old steps, and the grid's symmetries: what one step teaches beyond itself.

The target is part of what the agent sees, and where a move leads does not depend on it. So any step may be asked: what would
it have been worth with another target? (Hindsight experience replay, Andrychowicz et al. 2017.)
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from agents.dqn.replay import Batch, Indices, Outcome, Replay
from reach_gym.grid.vector_env import GridReachVectorEnv
from reach_gym.grid.world import MOVES, squared_distance, squared_limit

Floats = npt.NDArray[np.float64]


class Hindsight:
    """Draws steps from a replay buffer and gives a share of them the targets that were in fact reached later on."""

    def __init__(self, env: GridReachVectorEnv, share: float) -> None:
        """Prepares for the observations of `env`; `share` of the steps, 0 to 1, get a new target."""
        self._size, self._observations, self._share = env.size, env.observations, share

    def batch(
        self, replay: Replay, count: int, generator: np.random.Generator, radius: Floats, n_step: int = 1, gamma: float = 1.0
    ) -> Batch:
        """Draws transitions and judges them by their (new or old) targets and the radius that holds now.

        A new target is where the cursor stood after a later step of the same episode, each being equally likely (Andrychowicz'
        strategy "future"): such targets are near enough to be hit often, which uniformly drawn ones are not.

        Args:
            replay: The buffer.
            count: Transitions to draw.
            generator: Source of all choices.
            radius: float64 (rows,), the reward radius of every row now, in squares.
            n_step: See `Replay.batch`.
            gamma: See `Replay.batch`.
        """
        times, rows = replay.draw(count, generator)
        later = generator.integers(times, replay.last(times, rows) + 1)
        reached = self._cursor(replay.seen(later + 1, rows))
        asked = self._observations.decode(replay.seen(times, rows))[1]
        targets = np.where(generator.random(count) < self._share, reached, asked)
        limit = squared_limit(radius[rows])

        def outcome(at: Indices) -> Outcome:
            cursor, size = self._cursor(replay.seen(at + 1, rows)), self._size
            squared = squared_distance(cursor % size, cursor // size, targets % size, targets // size)
            hit = squared <= limit
            return (hit - 1.0).astype(np.float32), hit

        batch = replay.batch(times, rows, n_step, gamma, outcome)
        return batch._replace(
            observations=self._aim(batch.observations, targets), next_observations=self._aim(batch.next_observations, targets)
        )

    def _cursor(self, observations: npt.NDArray[Any]) -> Indices:
        return self._observations.decode(observations)[0]

    def _aim(self, observations: npt.NDArray[Any], targets: Indices) -> npt.NDArray[Any]:
        return self._observations.batch(self._cursor(observations), targets)


class Symmetries:
    """The eight turns and reflections of the square. Without a field each of them maps the task onto itself."""

    def __init__(self, env: GridReachVectorEnv) -> None:
        """Prepares for the observations of `env`.

        Raises:
            ValueError: Its field or its schedule tells the directions apart.
        """
        if not env.task.field.is_null or env.task.schedule is not None:
            raise ValueError("`symmetries` must be off where a field or a schedule acts, which tell the directions apart.")
        self._observations = env.observations
        last = env.size - 1
        x, y = np.arange(env.size**2) % env.size, np.arange(env.size**2) // env.size
        dx, dy = np.array(MOVES).T
        number = {move: action for action, move in enumerate(MOVES)}
        cells, actions = [], []
        for k in range(8):
            u, v = (x, y) if k < 4 else (y, x)
            du, dv = (dx, dy) if k < 4 else (dy, dx)
            right, up = (1, -1)[k & 1], (1, -1)[k >> 1 & 1]
            cells.append((u if right > 0 else last - u) + (v if up > 0 else last - v) * env.size)
            actions.append([number[move] for move in zip((right * du).tolist(), (up * dv).tolist(), strict=True)])
        self._cells, self._actions = np.array(cells), np.array(actions)

    def turn(self, batch: Batch, generator: np.random.Generator) -> Batch:
        """Every transition of `batch` under a symmetry of its own."""
        which = generator.integers(0, 8, len(batch.actions))
        return batch._replace(
            observations=self._turn(batch.observations, which),
            actions=self._actions[which, batch.actions],
            next_observations=self._turn(batch.next_observations, which),
        )

    def _turn(self, observations: npt.NDArray[Any], which: Indices) -> npt.NDArray[Any]:
        cursor, target = self._observations.decode(observations)
        return self._observations.batch(self._cells[which, cursor], self._cells[which, target])
