"""Draws the trials of the vector environment that are no plain next ones: those under reset options and those of a session."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from reach_gym.grid.exact import steps_to_go
from reach_gym.grid.keywords import TrialOptions, require_pair
from reach_gym.grid.numpy_rows import Rules, draw_pairs, draw_trial, place_at
from reach_gym.grid.rows import IDEAL, LEVEL, LIMIT, START, Rows
from reach_gym.grid.session import GridSession, find
from reach_gym.grid.world import GridWorld, squared_limit
from reach_gym.rows.records import KEY, TRIAL

Table = Callable[[GridWorld, float, int | None], npt.NDArray[np.int16]]
Told = dict[str, npt.NDArray[Any]]


def draw_rows(
    rows: Rows,
    lay_out: Callable[[list[GridWorld]], Rules],
    chosen: TrialOptions,
    special: bool,
    session: GridSession | None,
    worlds: list[GridWorld],
) -> tuple[list[GridWorld], Rules, Told]:
    """Draws the trials whose numbers stand in `rows`.

    Args:
        rows: The rows, every one of which begins.
        lay_out: Gives the rules with the tables of some worlds.
        chosen: The options for these rows.
        special: Whether there are any.
        session: The session that decides on the field where the options do not.
        worlds: The worlds to choose from.

    Returns:
        The worlds and with them those that the trials need besides; the rules with their tables; and what info tells of the
        trials of a session.
    """
    worlds, told = [*worlds], Told()
    if session is None:
        which = np.full(len(rows.radius), find(chosen.world, worlds))
    else:
        which, told = session.begin_all(rows.streams[KEY], rows.streams[TRIAL], chosen.world if chosen.replaced else None, worlds)
    rules = lay_out(worlds)
    if special or session is not None:
        draw_special(rows, rules, chosen, worlds, which, steps_to_go if session is None else session.steps_to_go)
    else:
        draw_trial(rows, rules)
    return worlds, rules, told


def draw_special(
    rows: Rows,
    rules: Rules,
    options: TrialOptions,
    worlds: list[GridWorld],
    which: npt.NDArray[np.int64],
    table: Table = steps_to_go,
) -> None:
    """Draws the trial of each of `rows` under reset `options` with one start and target per row; may refuse them.

    Args:
        rows: The rows, every one of which begins.
        rules: With the tables of `worlds`.
        options: Start and target are arrays (rows,).
        worlds: The worlds.
        which: In which of the `worlds` each row's trial takes place, (rows,).
        table: Where the exact steps to go come from.
    """
    numbers, size = rows.numbers, int(rules.settings[0])
    rows.radius[:] = rules.radii[numbers[LEVEL]] if options.radius is None else options.radius
    numbers[LIMIT] = squared_limit(rows.radius)
    wanted = zip(options.start.tolist(), options.target.tolist(), numbers[LIMIT].tolist(), strict=True)
    for start, target, limit in set(wanted):
        require_pair(size, start, target, limit)
    targets = draw_pairs(rows, rules, options.start, options.target)
    place_at(rows, rules, targets, which)
    own = int(rules.settings[2])
    for world, radius in set(zip(which.tolist(), rows.radius.tolist(), strict=True)):
        some = (which == world) & (rows.radius == radius)
        # A fixed target needs the table of that target only.
        steps = table(worlds[world], radius, own if (targets[some] == own).all() else None)
        numbers[IDEAL, some] = steps[targets[some] % len(steps), numbers[START, some]]
