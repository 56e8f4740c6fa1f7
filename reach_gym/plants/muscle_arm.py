"""An arm of two bones in the plane with six muscles on rigid tendons; see `reach_gym.plants.muscles`.

A class for each model of muscle, whose functions are those of `reach_gym.plants.muscle_motion`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from reach_gym.keywords import choice_of, keyword, number_from
from reach_gym.plants.limbs import Limbs, limbs_of
from reach_gym.plants.muscle_models import KISTEMAKER, THELEN, VIRTUAL, MuscleModel
from reach_gym.plants.muscle_motion import Functions, Params, State, functions_of, hand, stop
from reach_gym.plants.muscles import COUNT, MUSCLES, NAMES
from reach_gym.plants.skeleton import ARMS, JointedArm

_LEAST_TIME, _MOST_TIME = 0.01, 1.0  # time constants of activation, s: that of the shortest is followed by the longest step


@dataclass(frozen=True, kw_only=True)
class MuscleArm(JointedArm):
    """A planar arm moved by six muscles on rigid tendons, as Kistemaker et al. 2010 describe them. Base of those of other models.

    Actions are excitations from 0 to 1; the activations follow them with time constants.
    """

    kind: ClassVar[str] = "muscle_arm"
    title: ClassVar[str] = "an arm of two bones with six muscles"
    unit: ClassVar[str] = ""
    model: ClassVar[MuscleModel] = KISTEMAKER
    State: ClassVar[type[Any]] = State
    Params: ClassVar[type[Any]] = Params
    low: ClassVar[tuple[float, ...]] = (0.0,) * COUNT
    high: ClassVar[tuple[float, ...]] = (1.0,) * COUNT
    senses: ClassVar[tuple[str, ...]] = (
        *(f"length of the {name}, optimal lengths beyond 1" for name in NAMES),
        *(f"velocity of the {name}, 10 optimal lengths/s" for name in NAMES),
        *(f"force of the {name}, share of its maximum" for name in NAMES),
        *("angle of the shoulder, rad", "angle of the elbow, rad"),
    )
    _functions: ClassVar[Functions] = functions_of(KISTEMAKER)
    pull = staticmethod(_functions.pull)
    activations = staticmethod(_functions.activations)
    start = staticmethod(_functions.start)
    step = staticmethod(_functions.step)
    stop = staticmethod(stop)
    hand = staticmethod(hand)
    feel = staticmethod(_functions.feel)
    COMPONENT_WISE: ClassVar[tuple[Callable[..., Any], ...]] = _functions.all

    def __init_subclass__(cls, model: MuscleModel | None = None) -> None:
        """Gives an arm the functions of another `model` of its muscles."""
        super().__init_subclass__()
        if model is not None:
            cls.model, own = model, functions_of(model)
            for name in ("pull", "activations", "start", "step", "feel"):
                setattr(cls, name, staticmethod(getattr(own, name)))
            cls.COMPONENT_WISE = own.all

    arm: str = keyword(
        "nijhof_kouwenhoven_2000",
        "Published constants of the bones: a name of `reach_gym.plants.skeleton.ARMS`.",
        read=choice_of(*ARMS),
    )
    muscles: str = keyword(
        "kistemaker_2010",
        "Published muscles, how they pull and where: a name of `reach_gym.plants.muscles.MUSCLES`.",
        read=choice_of(*MUSCLES),
    )
    activation_time: float | None = keyword(
        None,
        "Time constant with which muscles become active. None for that of the model.",
        "s",
        number_from(_LEAST_TIME, _MOST_TIME, True),
    )
    deactivation_time: float | None = keyword(
        None,
        "Time constant with which muscles become less active. None for that of the model.",
        "s",
        number_from(_LEAST_TIME, _MOST_TIME, True),
    )

    @classmethod
    def suits(cls, keywords: Mapping[str, Any]) -> bool:
        """Whether its model is that of the ``"muscles"``, or none is named that exists."""
        named = MUSCLES.get(str(keywords.get("muscles")))
        return named is None or named.model is cls.model

    def check(self) -> None:
        """Refuses bones that cannot be, and muscles of another model."""
        super().check()
        if MUSCLES[self.muscles].model is not self.model:
            own = [name for name, muscles in MUSCLES.items() if muscles.model is self.model]
            raise ValueError(f"`muscles` of {self.kind!r} must be {' or '.join(map(repr, own))}, got {self.muscles!r}.")

    def params(self, dt: float, arena: float) -> Any:
        """See `Plant.params`.

        Raises:
            ValueError: `dt` is longer than 20 ms.
        """
        self.require_short(dt)
        given = self.activation_time, self.deactivation_time
        times = [usual if time is None else time for time, usual in zip(given, self.model.times, strict=True)]
        return Params(*self.bones, dt, *times, *MUSCLES[self.muscles].numbers())

    def muscle_numbers(self, params: Any) -> tuple[tuple[float, ...], ...]:
        """The five numbers that `pull` takes of every muscle, each of all muscles, from the parameters."""
        first = Params._fields.index("m1_0")
        return tuple(params[first + k :: 5][:COUNT] for k in range(5))

    @property
    def strength(self) -> tuple[float, ...]:
        """See `Plant.strength`."""
        return (1.0,) * COUNT

    def limbs(self, state: Any, params: Any) -> Limbs | None:
        """See `Plant.limbs`."""
        return limbs_of(state[0], state[1], params, state[4 : 4 + COUNT])

    def describe(self) -> str:
        """One line about the body, for people."""
        return f"{super().describe()}; muscles: {MUSCLES[self.muscles].source}; they pull as of {self.model.source}"

    def describe_actions(self) -> str:
        """One line about what the actions do, for people."""
        return f"the excitations of {', '.join(MUSCLES[self.muscles].names)}, from 0 to 1"


@dataclass(frozen=True, kw_only=True)
class ThelenArm(MuscleArm, model=THELEN):
    """A planar arm moved by six muscles on rigid tendons, as Thelen 2003 describes them."""

    kind: ClassVar[str] = "thelen_muscle_arm"

    muscles: str = keyword("thelen_2003", "Published muscles; see `MuscleArm`.", read=choice_of(*MUSCLES))


@dataclass(frozen=True, kw_only=True)
class VirtualMuscleArm(MuscleArm, model=VIRTUAL):
    """A planar arm moved by six virtual muscles without tendons, as Li & Todorov 2004 describe them."""

    kind: ClassVar[str] = "virtual_muscle_arm"

    arm: str = keyword("li_todorov_2004", "Published constants of the bones; see `MuscleArm`.", read=choice_of(*ARMS))
    muscles: str = keyword("todorov_li_2004", "Published muscles; see `MuscleArm`.", read=choice_of(*MUSCLES))
