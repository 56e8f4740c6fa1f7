"""The keywords of the grid reach, each with default, unit, meaning and check, and what follows from them."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any, ClassVar

from reach_gym import checks
from reach_gym.fields import ForceField, field_from_data
from reach_gym.grid.observations import KINDS, GridObservations
from reach_gym.grid.pairs import FREE, require_pair
from reach_gym.grid.radius import RadiusSchedule, radius_from_data
from reach_gym.grid.session import GridSession, block_fields, grid_schedule
from reach_gym.grid.world import MAX_SIZE, MIN_SIZE, GridWorld, grid_world, squared_limit
from reach_gym.keywords import Keywords, Read, choice_of, integer_from, keyword
from reach_gym.sessions.schedule import Schedule

Square = tuple[int, int]


def square(name: str, value: Any, size: int) -> Square | None:
    """Reads a square (x, y) of a grid of `size` x `size` squares, or ``None``."""
    return None if value is None else checks.cell(name, value, size)


def cell_of(square: Square | None, size: int) -> int:
    """The cell of a square, or `FREE`."""
    return FREE if square is None else square[1] * size + square[0]


@dataclasses.dataclass(frozen=True, kw_only=True)
class GridReach(Keywords):
    """One task of the grid reach (`reach_gym.grid.env.GridReachEnv` describes what happens in it).

    Every keyword can be written as plain JSON; it is checked and held as the type that its attribute has.

    Raises:
        TypeError: A keyword has the wrong type.
        ValueError: A keyword has a value that is not allowed, or `radius` leaves no start outside of it.
    """

    family: ClassVar[str] = "grid"
    title: ClassVar[str] = "Grid reach"

    size: int = keyword(
        16, f"Length of one side of the grid, {MIN_SIZE} to {MAX_SIZE}.", "squares", integer_from(MIN_SIZE, MAX_SIZE)
    )
    observation: str = keyword(
        "vector",
        f"What is observed: {'; '.join(f'`{kind!r}` for {each.meaning}' for kind, each in KINDS.items())}.",
        read=choice_of(*KINDS),
    )
    start: Read[Square | None, Square | list[int] | None] = keyword(
        None, "The square (x, y) in which every trial starts; `None` draws it anew for every trial."
    )
    target: Read[Square | None, Square | list[int] | None] = keyword(
        None, "The square (x, y) of the target; `None` draws it anew for every trial."
    )
    radius: Read[RadiusSchedule, float | dict[str, Any] | RadiusSchedule] = keyword(
        0.0,
        "The reward radius: the cursor hits the target from this Euclidean distance on, the bound included; 0 demands the "
        "target's own square. A dict with the attributes of `reach_gym.grid.radius.RadiusSchedule` makes it shrink from episode "
        "to episode; a vector environment counts the episodes of each row by itself.",
        "squares",
        lambda name, value: radius_from_data(value),
    )
    field: Read[ForceField, str | dict[str, Any] | ForceField | None] = keyword(
        None,
        "The force field, which shifts each move by whole squares: the name of a preset (`reach_gym.fields.GRID_PRESETS`), a "
        "dict with the attributes of `reach_gym.fields.ForceField`, or `None` for no field.",
        read=lambda name, value: field_from_data(value),
    )
    schedule: Read[Schedule | None, str | list[Any] | Schedule | None] = keyword(
        None,
        "What changes from trial to trial: a name of `reach_gym.sessions.schedule.SCHEDULES` or a list of blocks; `None` makes "
        "all trials alike. Each row of a vector environment goes through a session of its own.",
        read=lambda name, value: grid_schedule(value),
    )

    def check(self) -> None:
        """Reads the squares, which need the size, and refuses what leaves no trial."""
        checks.number("radius", self.radius.start, 0, 2 * self.size)
        self.settle(start=square("start", self.start, self.size), target=square("target", self.target, self.size))
        if self.schedule is not None:
            block_fields(self.schedule, self.field)
        require_pair(self.size, self.start_cell, self.target_cell, int(squared_limit(self.radius.start)))

    @functools.cached_property
    def start_cell(self) -> int:
        """The cell y * size + x in which every trial starts, or `reach_gym.grid.pairs.FREE` where it is drawn."""
        return cell_of(self.start, self.size)

    @functools.cached_property
    def target_cell(self) -> int:
        """The target's cell, or `reach_gym.grid.pairs.FREE` where it is drawn."""
        return cell_of(self.target, self.size)

    @functools.cached_property
    def radii(self) -> tuple[float, ...]:
        """The reward radius of each level of its schedule, in squares; a single one where it is constant."""
        return self.radius.radii

    @functools.cached_property
    def world(self) -> GridWorld:
        """The tables of size and field."""
        return grid_world(self.size, self.field)

    def observations(self) -> GridObservations:
        """A fresh maker of observations."""
        return KINDS[self.observation](self.size, self.target_cell)

    def session(self) -> GridSession | None:
        """The schedule laid out, in a fresh object; ``None`` without one."""
        return None if self.schedule is None else GridSession(self.size, self.schedule, self.field)
