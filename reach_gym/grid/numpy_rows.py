"""What the rows of the grid's vector environment obey, and the NumPy back end that moves them.

A back end has two operations with the same arguments, `restart` and `advance`; `reach_gym.grid.numba_rows` is the other one.
Both return arrays that nobody else holds.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from reach_gym.grid.exact import steps_to_go
from reach_gym.grid.keywords import FREE, GridTask
from reach_gym.grid.observations import GridObservations, VectorObservations
from reach_gym.grid.radius import advance_radius
from reach_gym.grid.rows import GOAL, HITS, IDEAL, LEVEL, LIMIT, PLACE, SEEN, START, STEPS, SUCCESS, WORLD, Integers, Rows
from reach_gym.grid.world import NUM_ACTIONS, STAY, place_cell, place_felt, place_x, place_y, squared_distance, squared_limit
from reach_gym.rows.records import KEY, TRIAL, Mask
from reach_gym.rows.vector_env import Array, Info, Moved
from reach_gym.sessions import draws

UNLIMITED = 2**31 - 1


class Rules(NamedTuple):
    """What holds for every row, as arrays.

    Attributes:
        settings: int32 (8,): size, start and target (cells or -1), the radius schedule's episodes, hits and last level, the time
            limit, and 1 where a session draws the trials before a back end is called, which then only shows them.
        next_place: int32 (worlds, cells, 9).
        ideal: int16 (levels, targets or 1, cells), steps to go under the task's own field; not used in a session.
        radii: float64 (levels,).
        pairs: uint64 (cells,), x and y of each cell scaled to [0, 1], two float32 side by side.
    """

    settings: Integers
    next_place: Integers
    ideal: npt.NDArray[np.int16]
    radii: npt.NDArray[np.float64]
    pairs: npt.NDArray[np.uint64]


def rules_of(task: GridTask, max_steps: int | None) -> Rules:
    """Lays out `task`; its own world is the first of the tables."""
    rule, radii = task.radius, task.radius.radii
    target = None if task.target == FREE else task.target
    limit = UNLIMITED if max_steps is None else max_steps
    return Rules(
        np.array(
            [task.size, task.start, task.target, rule.episodes, rule.hits, len(radii) - 1, limit, task.schedule is not None],
            np.int32,
        ),
        np.stack([task.world.next_place]),  # a copy: compiled loops distinguish arrays that can be written from others
        np.zeros((1, 1, 1), np.int16) if task.schedule else np.stack([steps_to_go(task.world, r, target) for r in radii]),
        np.array(radii),
        VectorObservations(task.size).coordinates.view(np.uint64)[:, 0],
    )


INFO_NAMES = ("distance", "ideal_steps", "in_field", "radius", "is_success")


def grid_info(distance: Any, ideal_steps: Any, in_field: Any, radius: Any, is_success: Any, mask: Mask) -> Info:
    """The info of a batch, every value with Gymnasium's `mask` of the rows that it holds for."""
    return {
        "distance": distance,
        "_distance": mask,
        "ideal_steps": ideal_steps,
        "_ideal_steps": mask,
        "in_field": in_field,
        "_in_field": mask,
        "radius": radius,
        "_radius": mask,
        "is_success": is_success,
        "_is_success": mask,
    }


class Backend(Protocol):
    """How rows are moved."""

    rules: Rules

    def restart(self, rows: Rows, mask: Mask, observation: Array, info: Info) -> None:
        """Begins the next trial in the rows of `mask` and overwrites their `observation` and `info`."""

    def advance(self, rows: Rows, actions: npt.NDArray[np.int64], again: Mask) -> Moved | int:
        """Moves all rows, or begins the next trial instead in the rows of `again`.

        Returns:
            Fresh arrays; or, before any row has moved, the number of the first row with a bad action.
        """


def next_trial(rows: Rows, rules: Rules) -> None:
    """Begins the next trial of the task in every one of `rows`."""
    count_trial(rows, rules)
    draw_trial(rows, rules)


def count_trial(rows: Rows, rules: Rules) -> None:
    """Tells the radius schedule how the trial ended, and goes to the number of the next one."""
    numbers, (episodes, hits, last) = rows.numbers, rules.settings[3:6]
    numbers[LEVEL], numbers[SEEN], numbers[HITS] = advance_radius(
        numbers[LEVEL], numbers[SEEN], numbers[HITS], numbers[SUCCESS], episodes, hits, last
    )
    rows.streams[TRIAL] += np.uint64(1)


def begin_streams(rows: Rows, fresh: Mask, keys: list[int]) -> None:
    """Gives the rows of `fresh` their new `keys` and sets them to trial 0 and the first radius."""
    rows.streams[KEY, fresh] = np.array(keys, np.uint64)
    rows.streams[TRIAL, fresh] = 0
    rows.numbers[LEVEL : HITS + 1, fresh] = 0


def draw_trial(rows: Rows, rules: Rules) -> None:
    """Draws the trial whose number stands in each of `rows`, under the task's own settings."""
    numbers, (_, start, target, *_) = rows.numbers, rules.settings
    level = numbers[LEVEL]
    rows.radius[:] = rules.radii[level]
    numbers[LIMIT] = squared_limit(rows.radius)
    free = np.ones_like(level, np.int64)
    targets = draw_pairs(rows, rules, start * free, target * free)
    place_at(rows, rules, targets)
    numbers[IDEAL] = rules.ideal[level, targets % rules.ideal.shape[1], numbers[START]]


def place_at(rows: Rows, rules: Rules, targets: npt.NDArray[np.int64], which: npt.NDArray[np.int64] | int = 0) -> None:
    """Puts the cursors of `rows` on their starts in `which` of the worlds, aims at the `targets` and sets the counts to zero."""
    numbers = rows.numbers
    numbers[PLACE] = rules.next_place[which, numbers[START], STAY]
    numbers[GOAL] = rules.next_place[which, targets, STAY]
    numbers[WORLD], numbers[STEPS], numbers[SUCCESS] = which, 0, 0


def draw_pairs(rows: Rows, rules: Rules, starts: npt.NDArray[np.int64], targets: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Draws START where `starts`, and the targets where `targets`, leaves them open (FREE); returns the targets."""
    size = int(rules.settings[0])
    drawn = targets.copy()
    pending, attempt = np.arange(len(drawn)), 0
    while pending.size:
        key, trial = rows.streams[KEY, pending], rows.streams[TRIAL, pending]
        to = draws.draw_target(key, trial, attempt, size * size).astype(np.int64)
        at = draws.draw_start(key, trial, attempt, size * size).astype(np.int64)
        to = np.where(targets[pending] == FREE, to, targets[pending])
        at = np.where(starts[pending] == FREE, at, starts[pending])
        drawn[pending], rows.numbers[START, pending] = to, at
        apart = squared_distance(at % size, at // size, to % size, to // size)
        pending = pending[apart <= rows.numbers[LIMIT, pending]]
        attempt += 1
    return drawn


def distance_squared(numbers: Integers) -> Integers:
    """The squared distance of cursor and target, int32 (rows,)."""
    place, goal = numbers[PLACE], numbers[GOAL]
    squared: Integers = squared_distance(*(place_x(place), place_y(place), place_x(goal), place_y(goal)))
    return squared


def first_bad(actions: npt.NDArray[np.int64]) -> int:
    """The number of the first row whose action is out of range; -1 for none."""
    bad = (actions < 0) | (actions >= NUM_ACTIONS)
    return int(bad.argmax()) if bad.any() else -1


class NumpyBackend:
    """Moves the rows with NumPy; needs nothing else."""

    def __init__(self, rules: Rules, observations: GridObservations) -> None:
        """Keeps the `rules` and the maker of `observations`."""
        self.rules = rules
        self._observations = observations

    def report(self, rows: Rows) -> tuple[Array, Info]:
        """Observation and info of `rows`, in fresh arrays."""
        place, goal = (rows.numbers[line].astype(np.int64) for line in (PLACE, GOAL))
        info = grid_info(
            distance=np.sqrt(distance_squared(rows.numbers).astype(np.float64)),
            ideal_steps=rows.numbers[IDEAL].astype(np.int64),
            in_field=place_felt(place) != 0,
            radius=rows.radius.copy(),
            is_success=rows.numbers[SUCCESS] != 0,
            mask=np.ones(len(place), np.bool_),
        )
        return self._observations.batch(place_cell(place), place_cell(goal)), info

    def _next(self, rows: Rows, mask: Mask) -> Rows:
        some = rows.take(mask)
        if not self.rules.settings[7]:
            next_trial(some, self.rules)
            rows.put(mask, some)
        return some

    def restart(self, rows: Rows, mask: Mask, observation: Array, info: Info) -> None:
        """See `Backend`."""
        some = self._next(rows, mask)
        observation[mask], values = self.report(some)
        for name in INFO_NAMES:
            info[name][mask] = values[name]

    def advance(self, rows: Rows, actions: npt.NDArray[np.int64], again: Mask) -> Moved | int:
        """See `Backend`."""
        bad = first_bad(actions)
        if bad >= 0:
            return bad
        if again.any():
            self._next(rows, again)
            actions = np.where(again, STAY, actions)
        numbers, moved = rows.numbers, ~again
        cells = place_cell(numbers[PLACE])
        numbers[PLACE] = self.rules.next_place[numbers[WORLD], cells, actions]
        numbers[STEPS] += moved
        terminated = distance_squared(numbers) <= numbers[LIMIT]
        truncated = numbers[STEPS] >= self.rules.settings[6]
        numbers[SUCCESS] = terminated
        observation, info = self.report(rows)
        reward = 0.0 - 1.0 * (moved & ~terminated)  # not -1.0 * x: zero has no sign
        return observation, reward, terminated, truncated, terminated | truncated, info
