"""A hand that is a point mass, pushed by a force along each axis.

Component-wise functions of `+ - * /` and comparisons only, written once: with floats they are the scalar environment, with NumPy
arrays the vector environment, registered with Numba the fast one, and with torch tensors the differentiable plant. All agree
with ``==`` in float64.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from reach_gym.fields import parts_of
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
        drag: Viscous damping of the mass itself times `rate`, without unit.
        dt: Time step, s.
        arena: Half the side of the square that the hand cannot leave, m.
    """

    rate: Any
    drag: Any
    dt: Any
    arena: Any


def start(x: Any, y: Any, params: Any) -> Any:
    """At rest at (x, y)."""
    still = 0.0 * x + 0.0  # at rest there is no sign
    return x, y, still, 0.0 * y + 0.0


_TWELFTH = 1.0 / 12.0
LONGEST_LAG = 10.0  # s, of a hand's force


def _solved(rate: Any, z: Any, xx: Any, xy: Any, yx: Any, yy: Any) -> Any:
    """What a step needs of the viscosity (xx, xy, yx, yy) of a field and of the hand's own damping `z`; see `step`."""
    zxx, zxy, zyx, zyy = rate * xx + z, rate * xy, rate * yx, rate * yy + z
    dxx, dxy = 1.0 - 0.5 * zxx + (zxx * zxx + zxy * zyx) * _TWELFTH, zxy * ((zxx + zyy) * _TWELFTH - 0.5)
    dyy, dyx = 1.0 - 0.5 * zyy + (zyy * zyy + zxy * zyx) * _TWELFTH, zyx * ((zxx + zyy) * _TWELFTH - 0.5)
    # D mean = old + (1 / 2 - Z / 12) gain, solved in closed form. The determinant is 0 only for a field that drives the hand in
    # circles ever faster, twentyfold in a single step; the walls stop what then comes out.
    size = dxx * dyy - dxy * dyx
    size = size + 1.0 * (size == 0.0)
    return xx, xy, yx, yy, zxx, zxy, zyx, zyy, dxx, dxy, dyx, dyy, size


def _carried(state: Any, gain_x: Any, gain_y: Any, force_x: Any, force_y: Any, solved: Any, dt: Any) -> Any:
    """The step under a viscosity that is `_solved`; the gains are those of the velocity without what depends on it."""
    x, y, vx, vy = state
    xx, xy, yx, yy, zxx, zxy, zyx, zyy, dxx, dxy, dyx, dyy, size = solved
    right_x = vx + 0.5 * gain_x - (zxx * gain_x + zxy * gain_y) * _TWELFTH
    right_y = vy + 0.5 * gain_y - (zyy * gain_y + zyx * gain_x) * _TWELFTH
    mean_x, mean_y = (dyy * right_x - dxy * right_y) / size, (dxx * right_y - dyx * right_x) / size
    new_x, new_y = vx + zxx * mean_x + zxy * mean_y + gain_x, vy + zyy * mean_y + zyx * mean_x + gain_y
    moved = x + dt * mean_x, y + dt * mean_y, new_x, new_y
    return moved, force_x + xx * mean_x + xy * mean_y, force_y + yx * mean_x + yy * mean_y


def steady(scale: Any, field: Any, params: Any) -> Any:
    """See `reach_gym.plants.plant.Plant.steady`: what `step_steady` needs, for numbers."""
    _, _, _, _, _, _, _, _, _, _, k_xx, k_xy, k_yx, k_yy, _, _ = field
    if (k_xx, k_xy, k_yx, k_yy) != (0, 0, 0, 0) or any(abs(edge) != math.inf for edge in field[:4]):
        return None
    force_x, force_y, *viscosity = parts_of(scale, 0.0, 0.0, *field)
    rate, drag, dt, _ = params
    return force_x, force_y, rate, dt, _solved(rate, -drag, *viscosity)


def step_steady(state: Any, command: Any, scale: Any, prepared: Any, params: Any) -> Any:
    """`step` in a field that `steady` has prepared: the same bits."""
    force_x, force_y, rate, dt, solved = prepared
    return _carried(state, rate * (command[0] + force_x), rate * (command[1] + force_y), force_x, force_y, solved, dt)


def step(state: Any, command: Any, scale: Any, field: Any, params: Any) -> Any:
    """One time step, in which the command, and what depends on the place, stay as they are in its middle.

    What depends on the velocity, damping and the field's viscosity, is a matrix Z per step. Alone it gives ``new = N / D old``
    with ``N, D = 1 +- Z / 2 + Z^2 / 12``, the diagonal Pade approximant of order 4 of the matrix exponential. A curl, whose Z is
    skew, therefore does no work, whatever the time step, and damping of any size is stable. The force of a stiffness is taken at
    the place ``p + dt / 2 v`` (leapfrog).

    Args:
        state: x, y, vx, vy.
        command: The hand's own force, N.
        scale: Factor on the field.
        field: `reach_gym.fields.FieldNumbers`, or ``None`` where there is no field; the bits are those of a field of zeros.
        params: As `Params`.

    Returns:
        The new state, and the field's mean force (x, y) during the step, N.
    """
    x, y, vx, vy = state
    ux, uy = command
    rate, drag, dt, _ = params
    z = -drag
    if field is None:
        force_x = force_y = 0.0 * x
        gain_x, gain_y = rate * ux, rate * uy  # of the velocity, without what depends on it
        d = 1.0 - 0.5 * z + z * z * _TWELFTH
        size = d * d
        mean_x = d * (vx + 0.5 * gain_x - z * gain_x * _TWELFTH) / size
        mean_y = d * (vy + 0.5 * gain_y - z * gain_y * _TWELFTH) / size
        new_x, new_y = vx + z * mean_x + gain_x, vy + z * mean_y + gain_y
    else:
        half = 0.5 * dt
        force_x, force_y, xx, xy, yx, yy = parts_of(scale, x + half * vx, y + half * vy, *field)
        return _carried(
            state, rate * (ux + force_x), rate * (uy + force_y), force_x, force_y, _solved(rate, z, xx, xy, yx, yy), dt
        )
    return (x + dt * mean_x, y + dt * mean_y, new_x, new_y), force_x, force_y


def stop(state: Any, params: Any) -> Any:
    """Stops the hand at the walls of the arena: beyond them it stays at the wall with no velocity across it."""
    x, y, vx, vy = state
    x, vx = confine(x, vx, params[3])
    y, vy = confine(y, vy, params[3])
    return x, y, vx, vy


_FUNCTIONS = (start, _solved, _carried, step, stop, confine, state_is_hand, parts_of)


@dataclass(frozen=True, kw_only=True)
class PointMass(Plant):
    """A point mass: the hand alone, without an arm."""

    kind: ClassVar[str] = "point_mass"
    title: ClassVar[str] = "a point mass"
    unit: ClassVar[str] = "N"
    lags: ClassVar[bool] = False
    State: ClassVar[type[Any]] = State
    Params: ClassVar[type[Any]] = Params
    low: ClassVar[tuple[float, ...]] = (-1.0, -1.0)
    high: ClassVar[tuple[float, ...]] = (1.0, 1.0)
    start = staticmethod(start)
    step = staticmethod(step)
    stop = staticmethod(stop)
    hand = staticmethod(state_is_hand)
    steady: ClassVar[Callable[..., Any] | None] = staticmethod(steady)
    step_steady: ClassVar[Callable[..., Any] | None] = staticmethod(step_steady)
    COMPONENT_WISE: ClassVar[tuple[Callable[..., Any], ...]] = _FUNCTIONS

    mass: float = keyword(1.0, "Mass of the hand.", "kg", positive(1e6))
    damping: float = keyword(0.0, "Viscous damping of the hand itself.", "N s/m", number_from(0, 1e6))
    max_force: float = keyword(10.0, "The hand's force along one axis for an action of 1.", "N", positive(1e6))
    force_lag: float = keyword(
        0.0,
        "Time constant with which the hand's own force follows the command: a low-pass of the first order. 0 is none; with more "
        "the plant is a `reach_gym.plants.lagged_mass.LaggedMass`, which muscles suggest with about 0.04.",
        "s",
        number_from(0, LONGEST_LAG),
    )

    @classmethod
    def suits(cls, keywords: Mapping[str, Any]) -> bool:
        """Whether it has the ``"force_lag"``, or none is given that is a number."""
        lag = keywords.get("force_lag")
        return isinstance(lag, bool) or not isinstance(lag, int | float) or (lag > 0) == cls.lags

    def check(self) -> None:
        """A lag needs another class, so that no plant has one that it does not show."""
        if self.force_lag != 0.0 and type(self) is PointMass:
            raise ValueError(f"`force_lag` must be 0 for a PointMass, got {self.force_lag:g}; a LaggedMass takes more.")

    def params(self, dt: float, arena: float) -> Any:
        """See `Plant.params`.

        Raises:
            ValueError: The damping would make steps of `dt` unstable.
        """
        if self.damping * dt > self.mass:
            raise ValueError(f"`damping` must be at most mass / dt = {self.mass / dt:g} N s/m, got {self.damping:g}.")
        rate = dt / self.mass
        return Params(rate, rate * self.damping, dt, arena)

    @property
    def strength(self) -> tuple[float, ...]:
        """See `Plant.strength`."""
        return self.max_force, self.max_force

    def free_within(self, arena: float) -> float:
        """The arena: only its walls stop the hand."""
        return arena

    def stiffest(self, dt: float) -> tuple[float, float]:
        """See `Plant.stiffest`."""
        return 0.6 * self.mass / dt**2, math.inf

    def linear(self) -> LinearHand:
        """Itself."""
        return LinearHand(self.mass, self.damping, self.max_force, self.force_lag)

    def describe(self) -> str:
        """One line about the body, for people."""
        return f"a point mass of {self.mass:g} kg" + (f" with a damping of {self.damping:g} N s/m" if self.damping else "")

    def describe_actions(self) -> str:
        """One line about what the actions do, for people."""
        return f"the force along x and y, 1 is {self.max_force:g} N"
