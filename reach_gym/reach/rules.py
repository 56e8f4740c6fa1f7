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
# The shaped reward: the distance that costs three quarters of what the farthest one does, m; and what success earns.
NEAR = 0.05
BONUS = 10.0


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
        abort: 1 if a false start ends the trial.
        hold_steps: Steps to stay on the target.
        fastest: The least movement time for success, in steps.
        slowest: The greatest.
        last: Steps from the go cue to the time limit.
    """

    radius_squared: Any
    speed_squared: Any
    leave_squared: Any
    strict: Any
    abort: Any
    hold_steps: Any
    fastest: Any
    slowest: Any
    last: Any


class Verdict(NamedTuple):
    """What the rules say of a cursor after a step.

    Attributes:
        false_start: Whether there has been a false start.
        spoilt: Whether it rules success out.
        on_target: Whether the cursor is on the target.
        held: For how many steps it has been there.
        left: The step after which it was first seen outside of the start's disc; 0 while it has not left.
        success: Whether the trial has succeeded.
        ended: Whether it is over: by success, by a hold outside of the window of movement time, or by an aborting false start.
    """

    false_start: Any
    spoilt: Any
    on_target: Any
    held: Any
    left: Any
    success: Any
    ended: Any


class Signals(NamedTuple):
    """What is observed of the rules' own bookkeeping.

    Attributes:
        clock: Time since the phase began, s.
        moving: Time since the cursor left the start, s; 0 before.
        held: Which share of the time to stay on the target is over.
        false_start: Whether there has been a false start.
    """

    clock: Any
    moving: Any
    held: Any
    false_start: Any


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


def signals(time: Any, onset: Any, go: Any, left: Any, held: Any, hold_steps: Any, dt: Any) -> tuple[Any, Any, Any, Any]:
    """The `Signals` of a moment of a trial.

    Args:
        time: The moment, in steps; before 0 nothing has begun.
        onset: The step at which the target appears.
        go: The step at which the cue begins.
        left: As in `Verdict`.
        held: Steps on the target at that moment.
        hold_steps: Steps to stay on the target.
        dt: Time step, s.
    """
    now = time * (time > 0)
    has_moved = (left > 0) & (left <= now)
    since = now - onset * (now >= onset) - (go - onset) * (now >= go)
    return since * dt, (now - left) * has_moved * dt, held / hold_steps, has_moved & (left <= go)


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


def movement_steps(step: Any, held: Any, left: Any) -> Any:
    """Steps from leaving the start to the arrival with which the present stay on the target began, else to now."""
    return step - (held - 1) * (held > 0) - left


def pace(step: Any, held: Any, left: Any, ended: Any, fastest: Any, slowest: Any, hold_steps: Any) -> tuple[Any, Any]:
    """Whether a movement was too fast, which is known when it is over, and whether it is too slow, which is known earlier."""
    steps = movement_steps(step, held, left)
    return (ended != 0) & (held >= hold_steps) & (steps < fastest), (left > 0) & (steps > slowest)


def judge(
    step: Any, go: Any, x: Any, y: Any, vx: Any, vy: Any, start_x: Any, start_y: Any, squared: Any, false_start: Any, held: Any,
    left: Any, limits: Any,
) -> tuple[Any, Any, Any, Any, Any, Any, Any]:  # fmt: skip
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
        left: As in `Verdict`.
        limits: As `Limits`.

    Returns:
        The `Verdict`.
    """
    radius_squared, speed_squared, leave_squared, strict, abort, hold_steps, fastest, slowest, _ = limits
    outside = has_left(x, y, start_x, start_y, leave_squared)
    left = left + step * (outside & (left == 0))
    false_start = false_start | (outside & (step <= go))
    spoilt = false_start * strict
    on_target = is_on_target(squared, vx, vy, step >= go, spoilt, radius_squared, speed_squared)
    held = (held + on_target) * on_target
    over = held >= hold_steps
    steps = movement_steps(step, held, left)
    success = over & (steps >= fastest) & (steps <= slowest)
    return false_start, spoilt, on_target, held, left, success, over | (false_start * abort != 0)


def is_late(step: Any, go: Any, last: Any) -> Any:
    """Whether the time limit, which counts from the go cue, is over."""
    return step >= go + last


def rest_of(step: Any, go: Any, last: Any, false_start: Any, abort: Any) -> Any:
    """How many steps a false start cuts off that ends the trial; 0 where it does not."""
    return (go + last - step) * (false_start * abort != 0)


def sparse_reward(
    on_target: Any, success: Any, distance: Any, away: Any, effort: Any, moving: Any, spoilt: Any, rest: Any
) -> Any:
    """-1 per step, 0 on the target; an aborted trial costs its full time."""
    return 1.0 * on_target - 1.0 - 1.0 * rest


def dense_reward(on_target: Any, success: Any, distance: Any, away: Any, effort: Any, moving: Any, spoilt: Any, rest: Any) -> Any:
    """Minus the distance in units of 10 cm after the go cue, minus a little effort, minus 1 after a false start."""
    return 0.0 - 1.0 * moving * distance * PER_METRE - EFFORT_COST * effort - 1.0 * spoilt - 1.0 * rest


def shaped_reward(
    on_target: Any, success: Any, distance: Any, away: Any, effort: Any, moving: Any, spoilt: Any, rest: Any
) -> Any:
    """Bounded: minus a saturating function of the distance from where to be, a little effort, false starts; plus success."""
    # Until the go cue the cursor should be at the start: without a slope towards it nobody learns to wait for a second.
    far = (moving * distance + (1 - moving) * away) / NEAR
    far = far * (far < 3.0) + 3.0 * (far >= 3.0)
    # The Pade approximant of tanh, which is 1 at 3: no library's tanh gives the same last bit everywhere.
    cost = far * (27.0 + far * far) / (27.0 + 9.0 * far * far)
    return 0.0 - cost - EFFORT_COST * effort - 1.0 * spoilt + BONUS * success - 1.0 * rest


class Reward(NamedTuple):
    """One way to reward a step.

    Attributes:
        of: ``of(on_target, success, distance, away, effort, moving, spoilt, rest)``, component-wise; `distance` from the target
            and `away` from the start in metres, the effort as in info, `rest` as of `rest_of`. `away` matters only until the cue.
        meaning: What it is, for people.
        of_target_only: Whether nothing but `on_target` matters unless a false start ends the trial; plain Python then calls
            `of` once for each of its two values.
        of_step_only: Whether it depends on the step alone, so that it can be told for other goals than the trial's.
    """

    of: Callable[[Any, Any, Any, Any, Any, Any, Any, Any], Any]
    meaning: str
    of_target_only: bool = False
    of_step_only: bool = True


REWARDS: dict[str, Reward] = {
    "shaped": Reward(
        shaped_reward,
        f"bounded, for learning: minus about tanh(distance / {100 * NEAR:g} cm), from the start until the go cue and from the "
        f"target after it; minus {EFFORT_COST:g} times the squared action; minus 1 after a false start; plus {BONUS:g} for "
        "success; an aborted trial costs 1 for each step cut off",
        of_step_only=False,
    ),
    "sparse": Reward(
        sparse_reward,
        "-1 per step, 0 for a step that ends on the target; an aborted trial costs its full time",
        of_target_only=True,
    ),
    "dense": Reward(
        dense_reward,
        f"after the go cue minus {PER_METRE:g} times the distance in m; minus {EFFORT_COST:g} times the squared action; "
        "minus 1 after a false start; an aborted trial costs 1 for each step cut off",
    ),
}

COMPONENT_WISE = (
    *(phase, cue_is_on, shown, signals, has_left, is_on_target, movement_steps, pace, judge, is_late, rest_of),
    *(reward.of for reward in REWARDS.values()),
)
