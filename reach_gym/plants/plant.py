"""What a plant is: the contract that every body meets which an agent can move.

A plant has a state, moves by one time step under the agent's command and a force on its hand, and says where the hand is. Fields,
channels, rotations, rules, recordings and measures see only the *hand*: what works for one plant works for all.

A new plant is one module with a subclass of `Plant`, one line in `reach_gym.plants.table`, a drawing and its tests.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from reach_gym.errors import NotApplicableError
from reach_gym.keywords import Keywords
from reach_gym.plants.limbs import Limbs


class LinearHand(NamedTuple):
    """A hand that obeys ``mass dv/dt = own + force - damping v``, as controllers of linear systems need it.

    Its own force is the command, or follows it by ``lag d(own)/dt = command - own``.

    Attributes:
        mass: kg.
        damping: N s/m.
        strength: Greatest command along one axis, N.
        lag: Time constant of its own force, s; 0 where that is the command.
    """

    mass: float
    damping: float
    strength: float
    lag: float = 0.0


def state_is_hand(state: Any, params: Any) -> Any:
    """The function `Plant.hand` of a plant whose state is its hand; plain Python then spares itself the call."""
    return state


def feel_nothing(state: Any, params: Any) -> tuple[Any, ...]:
    """The function `Plant.feel` of a plant without a body to be felt."""
    return ()


@dataclass(frozen=True, kw_only=True)
class Plant(Keywords):
    """A body that an agent moves. Its fields are the keywords that a user may give.

    The functions are component-wise: of `+ - * /`, comparisons and truth values only, so that floats, NumPy arrays, Numba and
    tensors give the same bits. A state is a tuple of numbers or arrays in the order of `State`, and parameters one in the order
    of `Params`.

    Attributes:
        kind: The plant's name.
        title: What it is, for people: ``"a point mass"``.
        State: Names of what changes; a ``NamedTuple``.
        Params: Names of what does not; a ``NamedTuple`` of floats.
        unit: Of the commands, such as ``"N"``; empty where they have none.
        low: The least action of each actuator.
        high: The greatest.
        start: ``start(x, y, params)``: the state at rest with the hand at (x, y).
        step: ``step(state, command, scale, field, params)``: the state one time step later, where nothing stops the plant, and
            the mean force (x, y) of the field on the hand during the step. The command is what the actuators do, each in its own
            unit: actions times `strength`, and motor noise. The field is given by its numbers and a factor on them, or is
            ``None``, so that the plant can take its force where its integrator wants it.
        stop: ``stop(state, params)``: the state with what lies beyond walls or joint limits brought back; as it was where nothing
            stops the plant.
        hand: ``hand(state, params)``: the hand's x, y, vx, vy.
        steady: ``steady(scale, field, params)`` for numbers: what ``step_steady`` takes instead of a field, worked out once in a
            trial, where the field is the same everywhere and all the time; ``None`` where it is not. The base has none.
        step_steady: ``step_steady(state, command, scale, prepared, params)``: the same bits as `step`, sooner in plain Python.
        senses: What is felt of the body, in order, each with its unit: ``"angle of the shoulder, rad"``.
        feel: ``feel(state, params)``: as many numbers, in units in which usual ones are from about -1 to 1.
        COMPONENT_WISE: All functions above and those that they call, for Numba.
    """

    kind: ClassVar[str]
    title: ClassVar[str]
    unit: ClassVar[str]
    State: ClassVar[type[Any]]
    Params: ClassVar[type[Any]]
    low: ClassVar[tuple[float, ...]]
    high: ClassVar[tuple[float, ...]]
    start: ClassVar[Callable[..., Any]]
    step: ClassVar[Callable[..., Any]]
    stop: ClassVar[Callable[..., Any]]
    hand: ClassVar[Callable[..., Any]]
    steady: ClassVar[Callable[..., Any] | None] = None
    step_steady: ClassVar[Callable[..., Any] | None] = None
    senses: ClassVar[tuple[str, ...]] = ()
    feel: ClassVar[Callable[..., Any]] = staticmethod(feel_nothing)
    COMPONENT_WISE: ClassVar[tuple[Callable[..., Any], ...]]

    @classmethod
    def suits(cls, keywords: Mapping[str, Any]) -> bool:
        """Whether such `keywords` are for this class; if not, another of its family may take them."""
        return True

    @abstractmethod
    def params(self, dt: float, arena: float) -> Any:
        """The parameters of time steps of `dt` seconds in an arena of half the side `arena`, in metres.

        Raises:
            ValueError: The plant would not be stable with such steps.
        """

    @property
    @abstractmethod
    def strength(self) -> tuple[float, ...]:
        """The command of each actuator for an action of 1."""

    def free_within(self, arena: float) -> float:
        """Half the side of a square around the origin in which nothing ever stops the hand, m; 0 where there is none.

        Plain Python then spares itself the call of `stop`.
        """
        return 0.0

    def arena(self, workspace: float) -> float:
        """Half the side of a square around the origin that the hand cannot leave, m.

        Args:
            workspace: Half the side of the workspace, m.
        """
        return 2 * workspace

    def hindrance(self, x: float, y: float) -> str | None:
        """Why the hand cannot be at (x, y), m, for people; ``None`` where it can: anywhere, of a plant that has no limbs."""
        return None

    def reaches(self, x: float, y: float) -> bool:
        """Whether the hand can be at (x, y), m."""
        return self.hindrance(x, y) is None

    def limbs(self, state: Any, params: Any) -> Limbs | None:
        """Where its limbs are, for drawings; ``None`` where it has none.

        Args:
            state: Of one plant: numbers.
            params: See `params`.
        """
        return None

    def require_reach(self, name: str, x: float, y: float) -> None:
        """Refuses a place where the hand cannot be.

        Raises:
            ValueError: (x, y), which the message calls `name`, is out of reach.
        """
        if not self.reaches(x, y):
            raise ValueError(f"`{name}` must be within reach of {self.title}, got ({x:g}, {y:g}) m.")

    @abstractmethod
    def stiffest(self, dt: float) -> tuple[float, float]:
        """The greatest stiffness (N/m) and damping (N s/m) that walls may have at the hand to be stable in steps of `dt`."""

    def bearable(self, dt: float) -> tuple[float, float, float]:
        """The greatest push (N), viscosity (N s/m) and stiffness (N/m) of a field that steps of `dt` seconds can follow."""
        return math.inf, math.inf, math.inf

    def to_data(self) -> dict[str, Any]:
        """The plant as plain JSON."""
        return {"kind": self.kind, **super().to_data()}

    def linear(self) -> LinearHand:
        """The plant as a linear one.

        Raises:
            NotApplicableError: It is none.
        """
        raise NotApplicableError(f"the controller knows only plants that are linear, which {self.title} is not.")

    @abstractmethod
    def describe(self) -> str:
        """One line about the body, for people."""

    def describe_stop(self, arena: float) -> str:
        """What stops the hand, for people: the walls of the arena of half the side `arena`, in metres."""
        return f"stopped at |x|, |y| = {100 * arena:g} cm"

    @abstractmethod
    def describe_actions(self) -> str:
        """One line about what the actions do, for people."""
