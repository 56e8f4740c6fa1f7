"""Begins trials in many rows with NumPy: the task's plain next ones, those under reset options, and those of a session."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from reach_gym.grid.exact import steps_to_go
from reach_gym.grid.options import TrialOptions
from reach_gym.grid.pairs import require_pair
from reach_gym.grid.radius import advance_radius
from reach_gym.grid.rows import GridRows, Numbers, SessionInfo
from reach_gym.grid.rules import CHANCES, TRIES, begun, far_pair, ideal_steps, is_hit, settle_pair
from reach_gym.grid.session import GridSession, find
from reach_gym.grid.tables import Tables
from reach_gym.grid.world import GridWorld, squared_limit
from reach_gym.rows.records import Floats, Mask, writer
from reach_gym.sessions.draws import draw_start, draw_target

Cells = npt.NDArray[np.int64]
Table = Callable[[GridWorld, float, int | None], npt.NDArray[np.int16]]
_EVERY = slice(None)
_put_numbers = writer(Numbers)


def count_trial(rows: GridRows, tables: Tables) -> None:
    """Tells the radius schedule how the trial ended, and goes to the number of the next one."""
    now, rules = rows.now, tables.rules
    level, seen, hits = advance_radius(now.level, now.seen, now.hits, now.success, rules.episodes, rules.hits, rules.last_level)
    now.level[:], now.seen[:], now.hits[:] = level, seen, hits
    rows.stream.trial[:] += np.uint64(1)


def begin_streams(rows: GridRows, fresh: Mask, keys: list[int]) -> None:
    """Gives the rows of `fresh` their new `keys` and sets them to trial 0 and the first radius."""
    stream, now = rows.stream, rows.now
    stream.key[fresh], stream.trial[fresh] = np.array(keys, np.uint64), 0
    now.level[fresh] = now.seen[fresh] = now.hits[fresh] = 0


def next_trial(rows: GridRows, tables: Tables) -> None:
    """Begins the next trial of the task in every one of `rows`."""
    count_trial(rows, tables)
    draw_trial(rows, tables)


def draw_trial(rows: GridRows, tables: Tables) -> None:
    """Draws the trial whose number stands in each of `rows`, under the task's own settings."""
    rules, level, free = tables.rules, rows.now.level, np.ones(len(rows.radius), np.int64)
    _set_radius(rows, tables.radii[level])
    starts, targets = draw_pairs(rows, rules.size, rules.start * free, rules.target * free)
    _put(rows, tables, 0 * free, starts, targets, ideal_steps(tables.ideal, level, targets, starts))


def draw_pairs(rows: GridRows, size: int, starts: Cells, targets: Cells) -> tuple[Cells, Cells]:
    """Draws starts and targets where `starts` and `targets` leave them open (`reach_gym.grid.pairs.FREE`); returns both."""
    at, to = starts.copy(), targets.copy()
    stream, limit = rows.stream, rows.now.limit
    pending, attempt = np.arange(len(at)), 0
    while pending.size and attempt < TRIES:
        key, trial = stream.key[pending], stream.trial[pending]
        start, target = (draw(key, trial, attempt, size * size).astype(np.int64) for draw in (draw_start, draw_target))
        at[pending], to[pending], squared = settle_pair(start, target, starts[pending], targets[pending], size)
        pending = pending[is_hit(squared, limit[pending])]
        attempt += 1
    for row in pending.tolist():
        luck = draw_start(int(stream.key[row]), int(stream.trial[row]), TRIES, CHANCES)
        at[row], to[row] = far_pair(luck, int(starts[row]), int(targets[row]), size, int(limit[row]))
    return at, to


def _set_radius(rows: GridRows, radius: Floats | float) -> None:
    rows.radius[:] = radius
    rows.now.limit[:] = squared_limit(rows.radius)


def _put(rows: GridRows, tables: Tables, which: Cells, starts: Cells, targets: Cells, ideal: npt.NDArray[np.int16]) -> None:
    now = rows.now
    _put_numbers(
        rows.numbers, _EVERY, begun(tables.next_place, which, starts, targets, now.limit, ideal, now.level, now.seen, now.hits)
    )


class Drawn(NamedTuple):
    """What comes with trials that have been drawn.

    Attributes:
        worlds: The worlds that rows stand in, those that the trials need besides appended.
        tables: With the moves of these worlds.
        told: What info tells of the trials of a session; ``None`` without one.
    """

    worlds: list[GridWorld]
    tables: Tables
    told: SessionInfo | None


def draw_rows(
    rows: GridRows,
    lay_out: Callable[[list[GridWorld]], Tables],
    chosen: TrialOptions,
    special: bool,
    session: GridSession | None,
    worlds: list[GridWorld],
) -> Drawn:
    """Draws the trials whose numbers stand in `rows`.

    Args:
        rows: The rows, every one of which begins.
        lay_out: Gives the tables with the moves of some worlds.
        chosen: The options for these rows.
        special: Whether there are any.
        session: The session that decides on the field where the options do not.
        worlds: The worlds to choose from.
    """
    worlds, told = [*worlds], None
    if session is None:
        which = np.full(len(rows.radius), find(chosen.world, worlds))
    else:
        which, told = session.begin_all(*rows.stream, chosen.world if chosen.replaced else None, worlds)
    tables = lay_out(worlds)
    if special or session is not None:
        draw_special(rows, tables, chosen, worlds, which, steps_to_go if session is None else session.steps_to_go)
    else:
        draw_trial(rows, tables)
    return Drawn(worlds, tables, told)


def draw_special(
    rows: GridRows,
    tables: Tables,
    options: TrialOptions,
    worlds: list[GridWorld],
    which: Cells,
    table: Table = steps_to_go,
) -> None:
    """Draws the trial of each of `rows` under reset `options` with one start and target per row; may refuse them.

    Args:
        rows: The rows, every one of which begins.
        tables: With the moves of `worlds`.
        options: Start and target are arrays (rows,).
        worlds: The worlds.
        which: In which of the `worlds` each row's trial takes place, (rows,).
        table: Where the exact steps to go come from.

    Raises:
        ValueError: The radius leaves no start outside of it.
    """
    rules = tables.rules
    _set_radius(rows, tables.radii[rows.now.level] if options.radius is None else options.radius)
    wanted = zip(options.start.tolist(), options.target.tolist(), rows.now.limit.tolist(), strict=True)
    for start, target, limit in set(wanted):
        require_pair(rules.size, start, target, limit)
    starts, targets = draw_pairs(rows, rules.size, options.start, options.target)
    ideal = np.empty(len(which), np.int16)
    for world, radius in set(zip(which.tolist(), rows.radius.tolist(), strict=True)):
        some = (which == world) & (rows.radius == radius)
        # A fixed target needs the table of that target only.
        steps = table(worlds[world], radius, rules.target if (targets[some] == rules.target).all() else None)
        ideal[some] = ideal_steps(steps[None], 0, targets[some], starts[some])
    _put(rows, tables, which, starts, targets, ideal)
