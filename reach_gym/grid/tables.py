"""What holds for every row of the grid's vector environment, laid out as arrays for both back ends."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from reach_gym.grid.exact import steps_to_go
from reach_gym.grid.keywords import GridReach
from reach_gym.grid.observations import words_of
from reach_gym.grid.pairs import FREE
from reach_gym.grid.world import GridWorld
from reach_gym.rows.records import Floats, Integers

UNLIMITED = 2**31 - 1


class Settings(NamedTuple):
    """The numbers of a task.

    Attributes:
        size: Squares along one side.
        start: The start's cell, or `reach_gym.grid.pairs.FREE`.
        target: The target's cell, or `FREE`.
        episodes: Of the radius schedule, after which it looks whether to advance.
        hits: Of the radius schedule, the successes among them that it needs.
        last_level: Of the radius schedule.
        time_limit: Steps.
        drawn_by_session: 1 where a session draws the trials before a back end is called, which then only shows them; else 0.
    """

    size: Any
    start: Any
    target: Any
    episodes: Any
    hits: Any
    last_level: Any
    time_limit: Any
    drawn_by_session: Any


class Tables(NamedTuple):
    """What holds for every row, as arrays.

    Attributes:
        settings: int32 (8,), the numbers of `Settings` in order.
        next_place: int32 (worlds, cells, 9), see `reach_gym.grid.rules.move`.
        ideal: int16 (levels, targets or 1, cells), steps to go under the task's own field; not used in a session.
        radii: float64 (levels,).
        words: uint64 (cells,), see `reach_gym.grid.observations.words_of`.
    """

    settings: Integers
    next_place: Integers
    ideal: npt.NDArray[np.int16]
    radii: Floats
    words: npt.NDArray[np.uint64]

    @property
    def rules(self) -> Settings:
        """The settings by name, plain integers."""
        return Settings(*self.settings.tolist())

    def with_worlds(self, worlds: list[GridWorld]) -> Tables:
        """The same with the moves of other `worlds`."""
        # A copy even of a single one: compiled loops distinguish arrays that can be written to from others.
        return self._replace(next_place=np.stack([world.next_place for world in worlds]))


def tables_of(task: GridReach, max_steps: int | None) -> Tables:
    """Lays out `task`; its own world is the only one. `max_steps` is the time limit, ``None`` for none."""
    rule, radii = task.radius, task.radii
    target = None if task.target_cell == FREE else task.target_cell
    settings = Settings(
        size=task.size,
        start=task.start_cell,
        target=task.target_cell,
        episodes=rule.episodes,
        hits=rule.hits,
        last_level=len(radii) - 1,
        time_limit=UNLIMITED if max_steps is None else max_steps,
        drawn_by_session=int(task.schedule is not None),
    )
    return Tables(
        np.array(settings, np.int32),
        np.stack([task.world.next_place]),
        np.zeros((1, 1, 1), np.int16) if task.schedule else np.stack([steps_to_go(task.world, r, target) for r in radii]),
        np.array(radii),
        words_of(task.size),
    )
