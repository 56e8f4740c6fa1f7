"""The rules of a continuous reach: phases of a trial, what is visible, false start, success and reward.

Component-wise functions, as in `reach_gym.plants`: floats, arrays, tensors and Numba alike. Truth values are 0 or 1.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import Any, NamedTuple

# One unit of the dense reward's distance, in 1/m: 10 cm cost as much per step as the sparse reward does.
PER_METRE = 10.0
# Cost of the greatest effort along one axis, per step.
EFFORT_COST = 0.01


class Phase(IntEnum):
    """Where a trial stands.

    HOLD: the hand rests at the start, no target is shown. PLAN: the target is shown, the hand must wait. MOVE: the go cue has
        come.
    """

    HOLD = 0
    PLAN = 1
    MOVE = 2


class Limits(NamedTuple):
    """What a cursor is judged by.

    Attributes:
        radius_squared: Square of the greatest distance from the target, m^2.
        speed_squared: Square of the greatest speed on it, (m/s)^2.
        leave_squared: Square of the radius around the start, m^2.
        strict: 1 if a false start rules success out.
        hold_steps: Steps to stay on the target.
    """

    radius_squared: Any
    speed_squared: Any
    leave_squared: Any
    strict: Any
    hold_steps: Any


def phase(step: Any, onset: Any, go: Any) -> Any:
    """The phase (`Phase`) after `step` steps; the target appears at `onset`, the go cue begins at `go`."""
    return 1 * (step >= onset) + 1 * (step >= go)


def cue_is_on(step: Any, go: Any, pulse: Any) -> Any:
    """Whether the go cue, which begins at `go` and lasts for `pulse` steps, is on at `step`."""
    return (go <= step) & (step < go + pulse)


def shown(step: Any, delay: Any, late_goal: Any, onset: Any, go: Any, pulse: Any) -> tuple[Any, Any]:
    """Whether the target and the go cue are sensed after `step` steps.

    Args:
        step: Steps taken.
        delay: How many steps old what is sensed is.
        late_goal: 1 if the target is sensed with that delay, 0 if it is seen at once.
        onset: The step at which the target appears.
        go: The step at which the cue begins.
        pulse: Steps that it lasts.
    """
    return step - delay * late_goal >= onset, cue_is_on(step - delay, go, pulse)


def has_left(x: Any, y: Any, start_x: Any, start_y: Any, limit: Any) -> Any:
    """Whether the cursor is further from its start than the square root of `limit`."""
    dx, dy = x - start_x, y - start_y
    return dx * dx + dy * dy > limit


def is_on_target(squared: Any, vx: Any, vy: Any, moving: Any, spoilt: Any, radius_squared: Any, speed_squared: Any) -> Any:
    """Whether the cursor rests on the target after the go cue.

    Args:
        squared: Squared distance of cursor and target.
        vx: Velocity.
        vy: Velocity.
        moving: Whether the go cue has come.
        spoilt: 1 if a false start rules success out.
        radius_squared: Square of the greatest distance.
        speed_squared: Square of the greatest speed.
    """
    slow = vx * vx + vy * vy <= speed_squared
    return (squared <= radius_squared) & slow & moving & (spoilt == 0)


def judge(
    step: Any, go: Any, x: Any, y: Any, vx: Any, vy: Any, start_x: Any, start_y: Any, squared: Any, false_start: Any, held: Any,
    limits: Any,
) -> tuple[Any, Any, Any, Any, Any]:  # fmt: skip
    """What the rules say of a cursor after a step.

    Args:
        step: Steps taken.
        go: The step at which the go cue begins.
        x: Cursor.
        y: Cursor.
        vx: Velocity of the hand; a rotation of the cursor leaves the speed as it is.
        vy: Velocity.
        start_x: Start.
        start_y: Start.
        squared: Squared distance of cursor and target.
        false_start: 1 if there has been a false start.
        held: Steps on the target so far.
        limits: As `Limits`.

    Returns:
        Whether there has been a false start, whether the trial is spoilt by it, whether the cursor is on the target, how many
        steps it has been there, and whether these are enough.
    """
    radius_squared, speed_squared, leave_squared, strict, hold_steps = limits
    false_start = false_start | (has_left(x, y, start_x, start_y, leave_squared) & (step <= go))
    spoilt = false_start * strict
    on_target = is_on_target(squared, vx, vy, step >= go, spoilt, radius_squared, speed_squared)
    held = (held + on_target) * on_target
    return false_start, spoilt, on_target, held, held >= hold_steps


def sparse_reward(on_target: Any, distance: Any, effort: Any, moving: Any, spoilt: Any) -> Any:
    """-1 per step, 0 on the target."""
    return 1.0 * on_target - 1.0


def dense_reward(on_target: Any, distance: Any, effort: Any, moving: Any, spoilt: Any) -> Any:
    """Minus the distance in units of 10 cm after the go cue, minus a little effort, minus 1 after a false start."""
    return 0.0 - 1.0 * moving * distance * PER_METRE - EFFORT_COST * effort - 1.0 * spoilt


class Reward(NamedTuple):
    """One way to reward a step.

    Attributes:
        of: ``of(on_target, distance, effort, moving, spoilt)``, component-wise; the distance in metres, the effort as in info.
        meaning: What it is, for people.
        of_target_only: Whether nothing but `on_target` matters; plain Python then calls `of` once for each of its two values.
    """

    of: Callable[[Any, Any, Any, Any, Any], Any]
    meaning: str
    of_target_only: bool = False


REWARDS: dict[str, Reward] = {
    "sparse": Reward(sparse_reward, "-1 per step, 0 for a step that ends on the target", of_target_only=True),
    "dense": Reward(
        dense_reward,
        f"after the go cue minus {PER_METRE:g} times the distance in m; minus {EFFORT_COST:g} times the squared action; "
        "minus 1 after a false start",
    ),
}

COMPONENT_WISE = (phase, cue_is_on, shown, has_left, is_on_target, judge, *(reward.of for reward in REWARDS.values()))
