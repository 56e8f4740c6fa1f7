"""What is drawn of a continuous reach."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any

from reach_gym.fields import Pair, from_numbers
from reach_gym.plants.plant import Plant
from reach_gym.reach.events import is_hidden
from reach_gym.reach.facts import cursor_of
from reach_gym.reach.keywords import Reach
from reach_gym.reach.rows import STREAM, Counts, ReachRows, Trial, float_lines
from reach_gym.reach.rules import Phase, pace, phase, shown
from reach_gym.reach.tables import ReachTables
from reach_gym.rendering import CursorScene
from reach_gym.rendering.cursor_layout import VIEW, View

_FLESH = 0.1  # room around the joints, in lengths of the arm


def scene_of(
    task: Reach, tables: ReachTables, rows: ReachRows, row: int, path: Sequence[Pair], total: float, title: str
) -> CursorScene:
    """The picture of one row.

    Args:
        task: The task.
        tables: Its tables.
        rows: The rows.
        row: Which one.
        path: The cursor's path so far, at least one point.
        total: Sum of the trial's rewards.
        title: The headline.
    """
    at, floats = float_lines(task.plant), rows.floats[:, row].tolist()
    trial, counts = Trial(*floats[at.state.stop : at.field.start]), Counts(*rows.counts[:, row].tolist())
    hand = task.plant.hand(floats[at.state], task.params)
    factor = float(tables.waves[counts.wave, max(0, counts.step - 1) % tables.periods[counts.wave]])
    cursor = cursor_of(task, tables, rows)
    too_fast, too_slow = pace(counts.step, counts.held, counts.left, counts.ended, *task.window, task.hold_steps)
    visible, cue = shown(counts.step, 0, 0, task.onset, counts.go, task.pulse)
    return CursorScene(
        field=from_numbers(trial.scale * factor, floats[at.field]),
        workspace=task.workspace,
        arena=task.arena,
        cursor=(float(cursor.x[row]), float(cursor.y[row])),
        hand=tuple(hand[:2]),
        start=(trial.start_x, trial.start_y),
        target=(trial.target_x, trial.target_y),
        target_visible=visible,
        go=cue,
        phase=Phase(phase(counts.step, task.onset, counts.go)).name.lower(),
        radius=task.radius,
        hold_radius=task.hold_radius,
        trail=tuple(path),
        step=counts.step,
        seconds=counts.step * task.dt,
        episode_return=total,
        block=task.table.blocks[counts.block].name,
        trial=int(rows.streams[STREAM.trial, row]),
        gain=trial.gain * factor,
        channel=counts.channel == 1,
        success=counts.success == 1,
        false_start=counts.false_start == 1,
        too_fast=too_fast,
        too_slow=too_slow,
        title=title,
        hidden=bool(is_hidden(trial, counts.feedback, hand)) and counts.step > 0,
        bar=trial.bar,
        home=(trial.home_x, trial.home_y),
        limbs=task.plant.limbs(floats[at.state], task.params),
        seen=seen_of(task.plant, task.workspace, task.params),
    )


@functools.lru_cache(maxsize=8)
def seen_of(plant: Plant, workspace: float, params: Any) -> View | None:
    """What the board shows of a `plant` with these `params` and its `workspace` (m).

    Returns:
        A square around the workspace and all of an arm, wherever its hand is in there; ``None`` for a plant without limbs.
    """
    along = (-workspace, 0.0, workspace)
    hands = [(x, y) for x in along for y in along if plant.reaches(x, y)]
    arms = [plant.limbs(plant.start(*hand, params), params) for hand in hands]
    joints = [joint for arm in arms if arm is not None for joint in arm.joints]
    if not joints:
        return None
    flesh = _FLESH * (math.dist(*joints[:2]) + math.dist(*joints[1:3]))
    around = [(x + side * flesh, y + side * flesh) for x, y in joints for side in (-1, 1)]
    view = VIEW * workspace
    xs, ys = zip((-view, -view), (view, view), *around, strict=True)
    half = max(max(xs) - min(xs), max(ys) - min(ys)) / 2
    return View((min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2, half)
