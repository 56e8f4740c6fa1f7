"""What a schedule makes of the grid's trials: which field each of them has, and its exact steps to go."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from reach_gym.fields import NULL, ForceField, field_from_data
from reach_gym.grid.exact import steps_to_go
from reach_gym.grid.rows import SessionInfo
from reach_gym.grid.world import GridWorld, grid_world, squared_limit
from reach_gym.sessions import draws
from reach_gym.sessions.schedule import MAX_GAIN, Schedule, place_in_session, schedule_from_data
from reach_gym.sessions.table import TrialTable

SHARES = 4  # gains are rounded to quarters
_MAX_TABLES = 256  # of steps to go that a session keeps, more than schedules in use have


def quarters(gain: Any) -> Any:
    """Rounds a gain to quarters; one that lies half-way goes to the even number of them, so that mirror images stay mirrored.

    A field shifts the cursor by whole squares, so finer gains would change little but the number of tables.
    """
    return np.rint(SHARES * gain) / SHARES + 0.0  # zero has no sign


def grid_schedule(value: Any) -> Schedule | None:
    """Reads the keyword `schedule`; ``None`` for none.

    Raises:
        TypeError: `value` is no schedule, or one of its numbers has the wrong type.
        ValueError: An unknown name or key, a bad number, or a block whose gain changes within a trial.
    """
    if value is None:
        return None
    schedule = schedule_from_data(value)
    for block in schedule.blocks:
        if block.within is not None:
            raise ValueError(
                "`block.within` must be None on the grid: the exact numbers of steps need a field that stays the same within a "
                f"trial; got {block.within} in the block {block.name!r}."
            )
    return schedule


def block_fields(schedule: Schedule, field: ForceField) -> tuple[ForceField, ...]:
    """The field of each block at gain 1; `field` where the block names none.

    Raises:
        TypeError: A block's field is none, or has a number of the wrong type.
        ValueError: An unknown preset or key, or a number that is not finite at the largest gain.
    """
    fields = tuple(field if block.field is None else field_from_data(block.field) for block in schedule.blocks)
    for each in fields:
        replace(each, gain=each.gain * 3 * MAX_GAIN)  # refuses; gain, spread and wave may be `MAX_GAIN` each
    return fields


def find(world: GridWorld, worlds: list[GridWorld]) -> int:
    """Where `world` stands among `worlds`; it is appended if it is missing."""
    fields = [each.field for each in worlds]
    if world.field not in fields:
        worlds.append(world)
        return len(fields)
    return fields.index(world.field)


class GridSession:
    """A schedule on a grid. Trial k of a row has the same gain as with the continuous task, rounded to quarters.

    It keeps the tables that it made: a session may have more fields than the package's shared caches hold, and then they would be
    made again and again.
    """

    def __init__(self, size: int, schedule: Schedule, field: ForceField) -> None:
        """Lays out `schedule` for a grid of `size` x `size` squares whose own field is `field`.

        Raises:
            TypeError: A block's field has the wrong type.
            ValueError: A block's field has a value that is not allowed.
        """
        self._size = size
        self._fields = block_fields(schedule, field)
        table = TrialTable.of_schedule(schedule)
        self._gains = np.stack([table.gain, table.spread, table.catch, table.channel])
        self._blocks, self._last = table.block_index.astype(np.int64), table.last
        self._worlds: dict[tuple[int, float], GridWorld] = {}
        self._tables: dict[tuple[bytes, int, int | None], npt.NDArray[np.int16]] = {}

    def __getstate__(self) -> dict[str, Any]:
        """Copies and pickles without the tables, which are a pure function of the rest."""
        return {**self.__dict__, "_worlds": {}, "_tables": {}}

    def _place(self, trial: Any) -> Any:
        return place_in_session(trial, len(self._blocks), self._last)

    def _drawn(self, key: Any, trial: Any, place: Any) -> Any:
        # On the grid the trials in a channel are catch trials: `draw_kind` gives both the gain 0.
        return quarters(draws.draw_kind(key, trial, *self._gains[:, place])[0])

    def block(self, trial: Any) -> Any:
        """The block of trial number `trial`; an ``int`` or an array (n,) of them."""
        return self._blocks[self._place(trial)]

    def begin(self, key: int, trial: int, other: GridWorld | None) -> tuple[GridWorld, SessionInfo]:
        """The world of trial number `trial` of the row with this `key`, and what info tells of it.

        Args:
            key: Key of the row.
            trial: From 0.
            other: The world of a field that replaces the schedule's; its gain is 1.
        """
        if other is not None:
            return other, self.told(trial, 1.0)
        told = self.told(trial, float(self._drawn(key, trial, self._place(trial))))
        return self.world(told.block, told.gain), told

    def told(self, trial: int, gain: float) -> SessionInfo:
        """What info tells of trial number `trial` with this `gain`."""
        return SessionInfo(int(self.block(trial)), trial, gain)

    def told_all(self, trial: npt.NDArray[np.int64], gain: npt.NDArray[np.float64]) -> SessionInfo:
        """As `told`, for n rows: arrays (n,)."""
        return SessionInfo(self.block(trial), trial, gain)

    def begin_all(
        self, keys: npt.NDArray[np.uint64], numbers: npt.NDArray[np.uint64], other: GridWorld | None, worlds: list[GridWorld]
    ) -> tuple[npt.NDArray[np.int64], SessionInfo]:
        """As `begin`, for n rows.

        Args:
            keys: Their keys, (n,).
            numbers: The numbers of their trials, (n,).
            other: The world of a field that replaces the schedule's in all of them.
            worlds: What the worlds are looked up in; those that are missing are appended.

        Returns:
            Which of the `worlds` each row stands in, (n,), and what info tells, arrays (n,).
        """
        trial = numbers.astype(np.int64)
        if other is not None:
            return np.full(len(trial), find(other, worlds)), self.told_all(trial, np.ones(len(trial)))
        told = self.told_all(trial, self._drawn(keys, numbers, self._place(trial)))
        kinds, kind = np.unique(np.stack([told.block, told.gain]), axis=1, return_inverse=True)
        places = [find(self.world(int(b), g), worlds) for b, g in kinds.T.tolist()]
        return np.array(places)[kind.reshape(-1)], told

    def world(self, block: int, gain: float) -> GridWorld:
        """The tables of a block's field times `gain`."""
        if (block, gain) not in self._worlds:
            field = self._fields[block]
            # All trials without a force share one world, whichever field is off.
            field = NULL if gain == 0 or field.is_null else replace(field, gain=field.gain * gain)
            self._worlds[block, gain] = grid_world(self._size, field)
        return self._worlds[block, gain]

    def steps_to_go(self, world: GridWorld, radius: float, target: int | None = None) -> npt.NDArray[np.int16]:
        """As `reach_gym.grid.exact.steps_to_go`; fields that shift alike share one table."""
        key = world.next_cell.tobytes(), int(squared_limit(radius)), target
        if key not in self._tables:
            if len(self._tables) == _MAX_TABLES:
                self._tables.clear()
            self._tables[key] = steps_to_go(world, radius, target)
        return self._tables[key]
