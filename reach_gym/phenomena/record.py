"""What a phenomenon is: a protocol, a measure, what people do in it, and how it is known."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from reach_gym import checks
from reach_gym.phenomena.behaviour import Floats, Group

HOW = ("verified", "secondary", "unverified", "not found")
NEEDS = ("state", "movement")
SHOWN, ABSENT, OPEN, NOTHING = "shown", "absent", "open", "no value"


@dataclass(frozen=True, kw_only=True)
class Human:
    """What people do.

    Attributes:
        effect: In words.
        source: Where it was published.
        how_obtained: Of the number: ``"verified"``, read in the source or its abstract; ``"secondary"``, from another
            publication or computed from published parameters; ``"unverified"``, from memory; ``"not found"``, where there is no
            number: then only the effect's direction is known.
        how_effect_obtained: The same of the effect in words: verified, secondary or unverified.
        value: The number, in the unit of the measure.
        low: Lower end of its spread.
        high: Upper end.
        spread: What the spread is.
        subjects: How many people; ``None`` where that was not found.

    Raises:
        ValueError: A text is missing, or number and `how_obtained` do not go together.
    """

    effect: str
    source: str
    how_obtained: str = "not found"
    how_effect_obtained: str = "secondary"
    value: float | None = None
    low: float | None = None
    high: float | None = None
    spread: str = ""
    subjects: int | None = None

    def __post_init__(self) -> None:
        """Checks that what is said of the number goes together."""
        checks.choice("how_obtained", self.how_obtained, HOW)
        checks.choice("how_effect_obtained", self.how_effect_obtained, HOW[:3])
        for name in ("effect", "source"):
            if not getattr(self, name).strip():
                raise ValueError(f"`{name}` must not be empty.")
        if (self.value is None) != (self.how_obtained == "not found"):
            raise ValueError(f"`how_obtained` must be 'not found' exactly where there is no `value`, got {self.how_obtained!r}.")
        if (self.low is None) != (self.high is None) or (self.low is not None and not self.spread):
            raise ValueError("`low`, `high` and `spread` must be given together.")


@dataclass(frozen=True, kw_only=True)
class Phenomenon:
    """A phenomenon of motor learning or control.

    Attributes:
        name: Its name.
        title: The same for people.
        sessions: The session of each condition, a name of `reach_gym.sessions.SESSIONS`, by the name of the condition.
        measure: From a group in these sessions to one number per subject, positive where people have the effect.
        unit: Of the measure.
        least: The effect is there where the interval of the measure lies above this: a tenth of the perturbation or so, chosen.
        failure: What a failure looks like.
        human: What people do.
        contested: Why the effect is contested; it is then shown but not scored. Empty otherwise.
        needs: ``"state"`` where a model of learning has all that is asked for; ``"movement"`` where somebody must move.
        env_id: The task in which agents are tested.
        env_kwargs: Keywords that replace the registered ones.
        turn: Degrees of the rotation that is learned; ``None`` in a field.
        rests: Whether it is about what a rest does; it then says nothing of a model that forgets nothing in a rest.

    Raises:
        ValueError: A value is missing or out of range.
    """

    name: str
    title: str
    sessions: Mapping[str, str]
    measure: Callable[[Group], Floats]
    unit: str
    least: float
    failure: str
    human: Human
    contested: str = ""
    needs: str = "state"
    env_id: str = "reach_gym/CursorReachCenterOut-v0"
    env_kwargs: Mapping[str, Any] = field(default_factory=dict)
    turn: float | None = None
    rests: bool = False

    def __post_init__(self) -> None:
        """Checks that nothing is missing."""
        checks.choice("needs", self.needs, NEEDS)
        if not self.sessions:
            raise ValueError("`sessions` must name at least one session, got none.")
        for name in ("name", "title", "unit", "failure"):
            if not getattr(self, name).strip():
                raise ValueError(f"`{name}` must not be empty.")

    @property
    def kwargs(self) -> dict[str, Any]:
        """Keywords of the environment, its rotation among them."""
        own = {} if self.turn is None else {"field": None, "rotation": self.turn}
        return {**own, **self.env_kwargs}

    def verdict(self, low: float, high: float) -> str:
        """What an interval of the group's mean says: shown, absent, or open where it holds `least`; no value where it is NaN."""
        if not (math.isfinite(low) and math.isfinite(high)):
            return NOTHING
        return SHOWN if low > self.least else ABSENT if high <= self.least else OPEN
