"""A hand that is a point mass, pushed by a force along each axis.

Component-wise functions of `+ - * /` and comparisons only, written once: with floats they are the scalar environment, with NumPy
arrays the vector environment, registered with Numba the fast one, and with torch tensors the differentiable plant. All agree
with ``==`` in float64.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from reach_gym.keywords import keyword, number_from, positive
from reach_gym.plants.bounds import confine
from reach_gym.plants.plant import LinearHand, Plant, state_is_hand


class State(NamedTuple):
    """Place (m) and velocity (m/s) of the hand."""

    x: Any
    y: Any
    vx: Any
    vy: Any


class Params(NamedTuple):
    """What does not change.

    Attributes:
        rate: Time step over mass, s/kg.
        damping: Viscous damping of the mass itself, N s/m.
        dt: Time step in seconds.
        arena: Half the side of the square that the hand cannot leave, m.
    """

    rate: Any
    damping: Any
    dt: Any
    arena: Any


def start(x: Any, y: Any, params: Any) -> Any:
    """At rest at (x, y)."""
    still = 0.0 * x + 0.0  # at rest there is no sign
    return x, y, still, 0.0 * y + 0.0


def step(state: Any, command: Any, force_x: Any, force_y: Any, params: Any) -> Any:
    """Semi-implicit Euler: the velocity first, then the position with the new velocity.

    Args:
        state: x, y, vx, vy.
        command: The hand's own force, N.
        force_x: The other force on the hand, N.
        force_y: Likewise.
        params: As `Params`.
    """
    x, y, vx, vy = state
    ux, uy = command
    rate, damping, dt, _ = params
    vx = vx + rate * (ux + force_x - damping * vx)
    vy = vy + rate * (uy + force_y - damping * vy)
    return x + dt * vx, y + dt * vy, vx, vy


def stop(state: Any, params: Any) -> Any:
    """Stops the hand at the walls of the arena: beyond them it stays at the wall with no velocity across it."""
    x, y, vx, vy = state
    x, vx = confine(x, vx, params[3])
    y, vy = confine(y, vy, params[3])
    return x, y, vx, vy


_FUNCTIONS = (start, step, stop, confine, state_is_hand)


@dataclass(frozen=True, kw_only=True)
class PointMass(Plant):
    """A point mass: the hand alone, without an arm."""

    kind: ClassVar[str] = "point_mass"
    title: ClassVar[str] = "a point mass"
    State: ClassVar[type[Any]] = State
    Params: ClassVar[type[Any]] = Params
    low: ClassVar[tuple[float, ...]] = (-1.0, -1.0)
    high: ClassVar[tuple[float, ...]] = (1.0, 1.0)
    start = staticmethod(start)
    step = staticmethod(step)
    stop = staticmethod(stop)
    hand = staticmethod(state_is_hand)
    COMPONENT_WISE: ClassVar[tuple[Callable[..., Any], ...]] = _FUNCTIONS

    mass: float = keyword(1.0, "Mass of the hand.", "kg", positive(1e6))
    damping: float = keyword(0.0, "Viscous damping of the hand itself.", "N s/m", number_from(0, 1e6))
    max_force: float = keyword(10.0, "The hand's force along one axis for an action of 1.", "N", positive(1e6))

    def params(self, dt: float, arena: float) -> Any:
        """See `Plant.params`.

        Raises:
            ValueError: The damping would make steps of `dt` unstable.
        """
        if self.damping * dt > self.mass:
            raise ValueError(f"`damping` must be at most mass / dt = {self.mass / dt:g} N s/m, got {self.damping:g}.")
        return Params(dt / self.mass, self.damping, dt, arena)

    @property
    def strength(self) -> tuple[float, ...]:
        """See `Plant.strength`."""
        return self.max_force, self.max_force

    def free_within(self, arena: float) -> float:
        """The arena: only its walls stop the hand."""
        return arena

    def stiffest(self, dt: float) -> tuple[float, float]:
        """See `Plant.stiffest`."""
        return 0.6 * self.mass / dt**2, self.mass / dt - self.damping

    def linear(self) -> LinearHand:
        """Itself."""
        return LinearHand(self.mass, self.damping, self.max_force)

    def describe(self) -> str:
        """One line about the body, for people."""
        return f"a point mass of {self.mass:g} kg" + (f" with a damping of {self.damping:g} N s/m" if self.damping else "")

    def describe_actions(self) -> str:
        """One line about what the actions do, for people."""
        return f"the force along x and y, 1 is {self.max_force:g} N"
