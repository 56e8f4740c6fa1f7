"""A cursor task, and the session of any task, as text for ``reach-gym show``."""

from __future__ import annotations

from typing import Any

from reach_gym import fields
from reach_gym.fields import Pair
from reach_gym.reach.keywords import Reach
from reach_gym.reach.observations import OBSERVATIONS
from reach_gym.reach.rules import REWARDS
from reach_gym.sessions.schedule import STEADY, Block, Schedule, Wave
from reach_gym.sessions.table import TrialTable


def cursor_rows(task: Reach, env: Any) -> list[tuple[str, str]]:
    """What there is to say about a `task`, as (name, text); `env` is its environment, whose spaces are told."""
    half = f"|x|, |y| <= {_centimetres(task.workspace)}"
    rows = [
        ("hand", f"{task.plant.describe()}, {task.plant.describe_stop(task.arena)}"),
        ("workspace", f"{half}; x to the right, y upwards; all numbers in SI units"),
        ("observation", f"{task.observation}: {OBSERVATIONS[task.observation].meaning}{_senses(task, env.observation_space)}"),
        *([("senses", _felt(task))] if task.feels else []),
        ("actions", f"{env.action_space}: {task.plant.describe_actions()}{_tremor(task)}"),
        ("start", "drawn anew for every trial" if task.start is None else _place(task.start)),
        ("target", _targets(task)),
        ("field", fields.describe(task.field)),
    ]
    if task.rotation:
        turn = f"by {task.rotation:g} degrees counter-clockwise times the gain"
        rows.append(("rotation", f"the cursor turns around the start {turn}"))
    return [
        *rows,
        ("timeline", _timeline(task)),
        ("success", _success(task)),
        ("false start", f"further than {_centimetres(task.hold_radius)} from the start before the go cue{_consequence(task)}"),
        ("reward", f"{task.reward}: {REWARDS[task.reward].meaning}"),
        ("time limit", f"{task.last * task.dt:g} s after the go cue; a trial has at most {task.longest} steps of {task.dt:g} s"),
    ]


def schedule_lines(schedule: Schedule | TrialTable, channels: bool) -> list[str]:
    """The blocks of a session as a table; nothing where all trials are alike.

    Args:
        schedule: The session.
        channels: Whether the task has force channels; on the grid, which has none, these trials are catch trials.
    """
    if schedule == STEADY:
        return []
    head = ("block", "trials", "gain", "catch trials", *(("channel trials",) if channels else ()))
    if isinstance(schedule, TrialTable):
        rows = [head, *_span_rows(schedule)]
    else:
        own = any(block.field is not None for block in schedule.blocks)
        rows = [(*head, "field") if own else head, *(_block_row(block, channels, own) for block in schedule.blocks)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    table = ["   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    title = f"session of {schedule.trials} trials (the last block goes on for ever):"
    return [title, *(f"    {line}" for line in table), ""]


def _span_rows(table: TrialTable) -> list[tuple[str, ...]]:
    """The blocks of a table of trials."""
    rows, first = [], 0
    for span in table.blocks:
        mine = slice(first, first + span.trials)
        low, high = table.gain[mine].min(), table.gain[mine].max()
        gain = f"{low:g}" if low == high else f"{low:g} to {high:g}"
        shares = (_share(round(float(column[mine].mean()), 3)) for column in (table.catch, table.channel))
        rows.append((span.name, f"{span.trials}", gain, *shares))
        first += span.trials
    return rows


def _block_row(block: Block, channels: bool, own: bool) -> tuple[str, ...]:
    shares = (block.catch, block.clamp) if channels else (block.catch + block.clamp,)
    row = (block.name, f"{block.trials}", _gain(block), *map(_share, shares))
    field = block.field if isinstance(block.field, str) else "-" if block.field is None else "its own"
    return (*row, field) if own else row


def _gain(block: Block) -> str:
    text = f"{block.gain:g}" + ("" if block.gain_end is None else f" to {block.gain_end:g}")
    text += f" +- {block.spread:g} at random" if block.spread else ""
    text += "" if block.wave is None else f" + {_wave(block.wave)} trials"
    return text + ("" if block.within is None else f", times (1 + {_wave(block.within)} s)")


def _wave(wave: Wave) -> str:
    return f"{wave.amplitude:g} sin with a period of {wave.period:g}"


def _share(share: float) -> str:
    return f"{100 * share:g} %" if share else "-"


def _centimetres(length: float) -> str:
    return f"{100 * length:g} cm"


def _place(place: Pair) -> str:
    return f"x = {_centimetres(place[0])}, y = {_centimetres(place[1])}"


def _targets(task: Reach) -> str:
    if not task.points:
        return "uniform in the workspace, drawn anew for every trial"
    if len(task.points) == 1:
        return _place(task.points[0])
    places = ", ".join(f"({round(100 * x, 2) + 0.0:g}, {round(100 * y, 2) + 0.0:g})" for x, y in task.points[:8])
    more = ", ..." if len(task.points) > 8 else ""
    return f"one of {len(task.points)} places, drawn anew for every trial: {places}{more} cm"


def _senses(task: Reach, space: Any) -> str:
    place, speed = task.sensory_noise
    delay = f"; {task.delay} steps old" if task.delay else ""
    noise = f"; with noise of {place:g} m and {speed:g} m/s" if place or speed else ""
    past = f"; then the last {task.history} and the actions that followed them, {space.shape} in all" if task.history else ""
    return delay + noise + past


def _felt(task: Reach) -> str:
    delay = f"; {task.felt_delay} steps old" if task.felt_delay else ""
    noise = f"; with noise of {task.felt_noise:g}" if task.felt_noise else ""
    return f"{'; '.join(task.plant.senses)}{delay}{noise}"


def _tremor(task: Reach) -> str:
    plain, share = task.motor_noise
    most = f"{plain:g} {task.plant.unit}".rstrip()
    return f", with noise of {most} and {100 * share:g} % of the command" if plain or share else ""


def _timeline(task: Reach) -> str:
    dt, shortest, longest = task.dt, min(task.delays), max(task.delays)
    wait = f"{shortest * dt:g}" if shortest == longest else f"{shortest * dt:g} to {longest * dt:g}"
    lasts = f"{task.pulse * dt:g} s long" if task.cue == "pulse" else "which stays on"
    return f"hold; at {task.onset * dt:g} s the target appears: plan; {wait} s later the go cue, {lasts}: move"


def _success(task: Reach) -> str:
    where = f"within {_centimetres(task.radius)} of the target and slower than {task.speed_limit:g} m/s"
    text = f"{where} for {task.hold_steps * task.dt:g} s after the go cue; it ends the trial"
    if task.movement_time is None:
        return text
    return text + "; the movement must take from {:g} to {:g} s".format(*task.movement_time)


def _consequence(task: Reach) -> str:
    return {"fail": "; it rules success out", "abort": "; it ends the trial", "ignore": "; it is only marked"}[task.false_start]
