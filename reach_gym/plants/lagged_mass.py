"""A point mass whose own force follows the command with a lag, as muscles do.

Component-wise functions as in `reach_gym.plants.point_mass`, whose step moves the hand here too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar, NamedTuple

from reach_gym.keywords import keyword, positive
from reach_gym.plants.point_mass import LONGEST_LAG, PointMass, stop
from reach_gym.plants.point_mass import start as hand_at_rest
from reach_gym.plants.point_mass import step as move_mass


class State(NamedTuple):
    """Place (m) and velocity (m/s) of the hand, and the force (N) that it exerts now."""

    x: Any
    y: Any
    vx: Any
    vy: Any
    fx: Any
    fy: Any


class Params(NamedTuple):
    """What does not change.

    Attributes:
        rate: Time step over mass, s/kg.
        drag: Viscous damping of the mass itself times `rate`, without unit.
        dt: Time step, s.
        arena: Half the side of the square that the hand cannot leave, m.
        keep: How much of the difference between force and command is left at the end of a step.
        lasting: How much of it is there on average during the step.
    """

    rate: Any
    drag: Any
    dt: Any
    arena: Any
    keep: Any
    lasting: Any


def fading(dt: float, lag: float) -> tuple[float, float]:
    """What is left of a difference that fades with the time constant `lag` after `dt` seconds, and on average until then."""
    # The exponential of the mathematics library differs in the last bit from one machine to the next; this one does not.
    keep = float((-Decimal(dt) / Decimal(lag)).exp())
    return keep, (1.0 - keep) * lag / dt


def start(x: Any, y: Any, params: Any) -> Any:
    """At rest at (x, y), without force."""
    x, y, vx, vy = hand_at_rest(x, y, params)
    return x, y, vx, vy, vx + 0.0, vy + 0.0


def step(state: Any, command: Any, scale: Any, field: Any, params: Any) -> Any:
    """One time step, in which the force comes nearer to the command by an exponential, exactly.

    The hand moves as under the mean of that force, so that its velocity is exact where no field acts; its place errs to the
    second order of the time step.

    Args:
        state: x, y, vx, vy, fx, fy.
        command: What the force tends to, N.
        scale: Factor on the field.
        field: As in `reach_gym.plants.point_mass.step`.
        params: As `Params`.

    Returns:
        The new state, and the field's mean force (x, y) during the step, N.
    """
    x, y, vx, vy, fx, fy = state
    ux, uy = command
    rate, drag, dt, arena, keep, lasting = params
    over_x, over_y = fx - ux, fy - uy
    mean = ux + over_x * lasting, uy + over_y * lasting
    (x, y, vx, vy), force_x, force_y = move_mass((x, y, vx, vy), mean, scale, field, (rate, drag, dt, arena))
    return (x, y, vx, vy, ux + over_x * keep, uy + over_y * keep), force_x, force_y


def stop_hand(state: Any, params: Any) -> Any:
    """Stops the hand at the walls of the arena; its force stays."""
    x, y, vx, vy, fx, fy = state
    x, y, vx, vy = stop((x, y, vx, vy), params)
    return x, y, vx, vy, fx, fy


def hand(state: Any, params: Any) -> Any:
    """The hand's x, y, vx, vy."""
    x, y, vx, vy, _, _ = state
    return x, y, vx, vy


_FUNCTIONS = (start, step, stop_hand, hand)


@dataclass(frozen=True, kw_only=True)
class LaggedMass(PointMass):
    """A point mass whose force follows the command with a lag.

    With the command u held during a step and f the force at its beginning, the force ends as ``u + (f - u) exp(-dt / lag)``.
    """

    kind: ClassVar[str] = "lagged_mass"
    title: ClassVar[str] = "a point mass with a lag of its force"
    lags: ClassVar[bool] = True
    State: ClassVar[type[Any]] = State
    Params: ClassVar[type[Any]] = Params
    start = staticmethod(start)
    step = staticmethod(step)
    stop = staticmethod(stop_hand)
    hand = staticmethod(hand)
    steady: ClassVar[Callable[..., Any] | None] = None
    step_steady: ClassVar[Callable[..., Any] | None] = None
    COMPONENT_WISE: ClassVar[tuple[Callable[..., Any], ...]] = (*PointMass.COMPONENT_WISE, *_FUNCTIONS)

    force_lag: float = keyword(
        0.04,
        "Time constant with which the hand's own force follows the command: a low-pass of the first order.",
        "s",
        positive(LONGEST_LAG),
    )

    def params(self, dt: float, arena: float) -> Any:
        """See `Plant.params`."""
        rate, drag, dt, arena = super().params(dt, arena)
        return Params(rate, drag, dt, arena, *fading(dt, self.force_lag))

    def describe(self) -> str:
        """One line about the body, for people."""
        return f"{super().describe()} whose force follows the command with a time constant of {1000 * self.force_lag:g} ms"

    def describe_actions(self) -> str:
        """One line about what the actions do, for people."""
        return f"the force along x and y that the hand's tends to, 1 is {self.max_force:g} N"
