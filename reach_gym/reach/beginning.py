"""How a trial begins: what is drawn, and what that comes to. Scalar, NumPy and Numba call these functions; only loops differ."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from reach_gym.fields import FieldNumbers, channel_of
from reach_gym.plants.turns import turn
from reach_gym.reach.events import CLAMP, clamped_way, clamped_way_all, pick
from reach_gym.reach.rows import Trial
from reach_gym.rows.records import chooser
from reach_gym.sessions.draws import draw_delay, draw_point, draw_start_point, draw_target

_choose_field = chooser(FieldNumbers)


def candidate(
    key: Any, trial: Any, attempt: Any, settings: Any, fixed_start: Any, count: Any, points_x: Any, points_y: Any
) -> tuple[Any, Any, Any, Any]:
    """Start and target of one attempt; it is repeated until start and target are far enough apart.

    Args:
        key: Key of the row.
        trial: Number of the trial.
        attempt: From 0.
        settings: `reach_gym.reach.tables.Settings`.
        fixed_start: Whether every trial starts at the same place.
        count: How many targets there are to choose from; 0 draws them from the workspace.
        points_x: Their places.
        points_y: Their places.

    Returns:
        x and y of the start, x and y of the target.
    """
    if fixed_start:
        start_x, start_y = settings.start_x, settings.start_y
    else:
        start_x, start_y = draw_start_point(key, trial, attempt, settings.workspace)
    if count > 0:
        which = draw_target(key, trial, attempt, count)
        target_x, target_y = points_x[which], points_y[which]
    else:
        target_x, target_y = draw_point(key, trial, attempt, settings.workspace)
    return start_x, start_y, target_x, target_y


def given_or(given: Any, drawn: Any, where: Any) -> Any:
    """What a session says, unless it says nothing (NaN)."""
    return where(given == given, given, drawn)  # NaN is not equal to itself


def begin_with(
    where: Callable[[Any, Any, Any], Any],
    choose: Callable[[Any, Any, Any], Any],
    some: Callable[[Any], Any],
    clamped_way: Callable[..., Any],
) -> Callable[..., tuple[Any, Any, Any, Any]]:
    """Makes `begin` for numbers or for arrays.

    Args:
        where: ``where(condition, one, other)``.
        choose: The same for the numbers of a field.
        some: Whether a condition holds anywhere.
        clamped_way: `reach_gym.reach.events.clamped_way`, likewise.
    """

    def begin(
        key: Any, number: Any, gain: Any, channel: Any, wave: Any, own_gain: Any, own: Any,
        start_x: Any, start_y: Any, target_x: Any, target_y: Any, rotation: Any, bar: Any, feedback: Any, clamp_angle: Any,
        settings: Any, waits: Any,
    ) -> tuple[Any, Any, Any, Any]:  # fmt: skip
        """What the draws of a trial come to.

        Args:
            key: Key of the row.
            number: Number of the trial.
            gain: Factor on the perturbation.
            channel: 1 if the trial runs in a force channel instead.
            wave: Line of the table of waves that the block has.
            own_gain: Gain of the block's field.
            own: Its numbers, `FieldNumbers`.
            start_x: Start.
            start_y: Start.
            target_x: Target.
            target_y: Target.
            rotation: Of the cursor at gain 1, degrees.
            bar: Half the width of the target.
            feedback: What is seen of the hand, as a number.
            clamp_angle: Of a clamped cursor's way from the target's direction, degrees.
            settings: `reach_gym.reach.tables.Settings`.
            waits: How many delays from onset to go cue there are.

        Returns:
            The numbers of the trial, `reach_gym.reach.rows.Trial`; those of its field, `FieldNumbers`, which are the walls of a
            channel; its line of the table of waves; and which of the delays it has.
        """
        in_channel, field = channel == 1, own
        if some(in_channel):
            walls = channel_of(start_x, start_y, target_x, target_y, settings.wall_stiffness, settings.wall_damping)
            field = choose(in_channel, walls, own)
        scale = where(in_channel, 1.0, gain * own_gain)
        cosine, sine = 1.0, 0.0
        if some(rotation != 0.0):
            cosine, sine = turn(gain * rotation)
        clamped = feedback == CLAMP
        if some(clamped):
            way_x, way_y = clamped_way(start_x, start_y, target_x, target_y, clamp_angle)
            cosine, sine = where(clamped, way_x, cosine), where(clamped, way_y, sine)
        trial = Trial(start_x, start_y, target_x, target_y, gain, scale, cosine, sine, target_x, target_y, bar)
        return trial, field, where(in_channel, 0, wave), draw_delay(key, number, waits)

    return begin


def _itself(condition: Any) -> Any:
    return condition


begin = begin_with(pick, pick, _itself, clamped_way)
begin_all = begin_with(
    np.where, lambda condition, one, other: _choose_field(np.where, condition, one, other), np.any, clamped_way_all
)

COMPONENT_WISE = (_itself, candidate, given_or, begin)
