"""What ``info`` tells of a step of the continuous reach: one record whose fields are the keys."""

from __future__ import annotations

from typing import Any, NamedTuple, get_type_hints

from reach_gym.rows.records import Mask, batch_info_of, info_of


class Info(NamedTuple):
    """The keys of info in order; each is annotated with its type.

    Attributes:
        hand_x: Place of the hand, m.
        hand_y: Likewise.
        hand_vx: Its velocity, m/s.
        hand_vy: Likewise.
        cursor_x: Place of the cursor, m.
        cursor_y: Likewise.
        target_x: Place of the target, m.
        target_y: Likewise.
        force_x: Force of the field or channel on the hand in the last step, N.
        force_y: Likewise.
        distance: From cursor to target, m.
        effort: Squared action.
        gain: Factor on the perturbation in the last step, at `reset` in the first.
        block: Index into ``task.table.blocks``.
        trial: Number of the trial in its session, from 0.
        phase: `reach_gym.reach.rules.Phase`.
        channel: Whether the trial runs in a force channel.
        false_start: Whether there has been a false start.
        is_success: Whether the trial has succeeded.
        too_fast: Whether a hold was reached in less than the window of movement time.
        too_slow: Whether the movement takes longer than the window.
    """

    hand_x: float
    hand_y: float
    hand_vx: float
    hand_vy: float
    cursor_x: float
    cursor_y: float
    target_x: float
    target_y: float
    force_x: float
    force_y: float
    distance: float
    effort: float
    gain: float
    block: int
    trial: int
    phase: int
    channel: bool
    false_start: bool
    is_success: bool
    too_fast: bool
    too_slow: bool


def _keys(kind: type) -> tuple[str, ...]:
    return tuple(name for name, annotation in get_type_hints(Info).items() if annotation is kind)


# A batch of infos is made in three blocks, one per type: float64, int64 and bool.
FLOATS, WHOLES, FLAGS = _keys(float), _keys(int), _keys(bool)
# The line of each key in its block.
LINE = Info(*(block.index(name) for block in (FLOATS, WHOLES, FLAGS) for name in block))  # type: ignore[arg-type]


class Outcome(NamedTuple):
    """What is left of info with ``info="lean"``.

    Attributes:
        false_start: As in `Info`.
        is_success: Likewise.
    """

    false_start: bool
    is_success: bool


info_from = info_of(Info)
_batch, batch_outcome = batch_info_of(Info), batch_info_of(Outcome)


class Ends(NamedTuple):
    """What stands below the flags of info in the block of truth values: how a step ended.

    Attributes:
        terminated: By the rules.
        truncated: By the time limit.
        done: Either.
        every: True in all rows.
    """

    terminated: int
    truncated: int
    done: int
    every: int


def batch_info(floats: Any, wholes: Any, flags: Any, mask: Mask) -> dict[str, Any]:
    """The info of a batch from its three blocks, with Gymnasium's `mask` of the rows that each value holds for."""
    return _batch(*floats, *wholes, *flags, mask)
