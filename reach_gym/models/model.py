"""What every model of learning has: parameters, a state per subject, an output per trial and a rule of learning.

Everything is in units of the perturbation: 0 is no perturbation and no compensation, 1 the whole of it. On a trial with the
perturbation f and the output x the error is ``e = f - x``. In an error clamp (a force channel) it is 0 whatever x is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from reach_gym import checks
from reach_gym.measures import arrays

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

MAX_SUBJECTS = 100_000


@dataclass(frozen=True)
class Model:
    """Base of all models; each is a frozen dataclass of its parameters, which are plain numbers.

    Attributes:
        RANGES: Least and greatest value of each parameter.
        FREE: The parameters that `reach_gym.models.fit` estimates unless told otherwise.
        TOLD_OF_CLAMPS: Whether the model learns which trials are error clamps; the others only feel that there is no error.

    Raises:
        TypeError: A parameter is no number.
        ValueError: It is out of its range; the message names it.
    """

    RANGES: ClassVar[Mapping[str, tuple[float, float]]] = {}
    FREE: ClassVar[tuple[str, ...]] = ()
    TOLD_OF_CLAMPS: ClassVar[bool] = False

    def __post_init__(self) -> None:
        """Checks and normalises every parameter."""
        for field in fields(self):
            low, high = self.RANGES[field.name]
            check = checks.integer if field.type == "int" else checks.number
            value = check(field.name, getattr(self, field.name), low, high)  # type: ignore[arg-type]
            object.__setattr__(self, field.name, value)

    def begin(self, subjects: int = 1, rng: Any = None) -> Any:
        """The state of `subjects` before their first trial; every array in it has one entry per subject in front.

        Args:
            subjects: How many.
            rng: A generator or a seed, for models that draw; the others do not need it.
        """
        raise NotImplementedError

    def output(self, state: Any, cue: Any = None) -> Floats:
        """The expected compensation (subjects,) on a trial with the context cue `cue` (subjects,), 0 or ``None`` without one."""
        raise NotImplementedError

    def learn(self, state: Any, error: Any, clamped: Any = False, cue: Any = None, rest: Any = None) -> Any:
        """The state after a trial; the one before is left as it is.

        Args:
            state: Before it.
            error: (subjects,), what the output fell short of the perturbation by.
            clamped: bool (subjects,), error clamp trials: the error does not count.
            cue: int (subjects,), the trial's context cue, 0 for none.
            rest: (subjects,), seconds that pass before the next trial.
        """
        raise NotImplementedError

    def wait(self, state: Any, rest: Any) -> Any:
        """The state after `rest` (subjects,) seconds without a trial."""
        raise NotImplementedError

    def part(self, state: Any, subjects: Flags) -> Any:
        """The state of some `subjects`, bool (subjects,), only."""
        if isinstance(state, np.ndarray):
            return state[subjects]
        return type(state)(*(each[subjects] if isinstance(each, np.ndarray) else each for each in state))

    def put(self, state: Any, subjects: Flags, part: Any) -> Any:
        """The state in which some `subjects`, bool (subjects,), are as in `part`; the one given is left as it is."""
        if isinstance(state, np.ndarray):
            whole = state.copy()
            whole[subjects] = part
            return whole
        pairs = zip(state, part, strict=True)
        return type(state)(*(self.put(old, subjects, new) if isinstance(old, np.ndarray) else old for old, new in pairs))

    def simulate(
        self,
        perturbation: Any,
        clamped: Any,
        *,
        rest: Any = None,
        cue: Any = None,
        rng: Any = None,
        subjects: int | None = None,
        output_noise: float = 0.0,
        planning_noise: float = 0.0,
    ) -> Floats:
        """The compensation in every trial of a session.

        Args:
            perturbation: (n,), 0 none, 1 the whole perturbation; 0 in catch trials.
            clamped: bool (n,), error clamp trials.
            rest: (n,), seconds before each trial; none without it.
            cue: Whole numbers (n,), the context cues, 0 for none.
            rng: A generator or a seed, for noise and for models that draw.
            subjects: How many go through the session, each with noise and draws of its own; ``None`` for one.
            output_noise: Standard deviation of what is added to the result only, as measurements have it.
            planning_noise: Standard deviation of what is added to the output itself, so that the error has it, too.

        Returns:
            float64 (n,), or (subjects, n) where `subjects` is given.

        Raises:
            TypeError: An argument has the wrong type.
            ValueError: One is of another shape or out of range.
        """
        push = arrays.numbers("perturbation", perturbation)
        walls = arrays.mask("clamped", clamped, len(push))
        pause, cues = rests("rest", rest, len(push)), cues_of("cue", cue, len(push))
        many = 1 if subjects is None else checks.integer("subjects", subjects, 1, MAX_SUBJECTS)
        spread, inner = (
            checks.number(name, value, 0.0)
            for name, value in (("output_noise", output_noise), ("planning_noise", planning_noise))
        )
        if not np.isfinite(push).all():
            raise ValueError("`perturbation` must hold finite numbers, got NaN.")
        generator = np.random.default_rng(rng)
        found = self._course(push, walls, pause, cues, many, generator, inner)
        if spread:
            found = found + generator.normal(0.0, spread, found.shape)
        return found[0] if subjects is None else found

    def _course(
        self, push: Floats, walls: Flags, pause: Floats, cues: Integers, subjects: int, generator: Any, inner: float
    ) -> Floats:
        """Outputs (subjects, n) of a checked session."""
        state, found = self.begin(subjects, generator), np.empty((subjects, len(push)))
        waits = bool(pause.any())
        for n in range(len(push)):
            if waits and pause[n]:
                state = self.wait(state, np.full(subjects, pause[n]))
            cue, wall = np.full(subjects, cues[n]), np.full(subjects, walls[n])
            planned = self.output(state, cue)
            if inner:
                planned = planned + generator.normal(0.0, inner, subjects)
            found[:, n] = planned
            state = self.learn(state, push[n] - planned, wall, cue)
        return found

    def to_data(self) -> dict[str, float]:
        """The parameters as plain data."""
        return asdict(self)

    @classmethod
    def coordinates(cls) -> tuple[tuple[str, float, float], ...]:
        """What a fit moves: name, least and greatest value of each; see `from_coordinates`."""
        return tuple((name, *cls.RANGES[name]) for name in cls.FREE)

    @classmethod
    def from_coordinates(cls, values: Floats) -> dict[str, Floats]:
        """The parameters `FREE`, each (...), at coordinates (..., k)."""
        return {name: values[..., i] for i, name in enumerate(cls.FREE)}

    def to_coordinates(self) -> Floats:
        """The coordinates (k,) of this model."""
        return np.array([getattr(self, name) for name in self.FREE])

    @classmethod
    def starts(cls) -> tuple[Self, ...]:
        """Where fits begin."""
        return (cls(),)

    @classmethod
    def bundle(cls, parameters: Mapping[str, Any], fixed: Self) -> Self:
        """Many models at once: each of the `parameters` an array (m,), one entry per subject; the rest as in `fixed`.

        A bundle is for inner loops: its parameters are not checked.
        """
        made = object.__new__(cls)
        for field in fields(cls):
            object.__setattr__(made, field.name, parameters.get(field.name, getattr(fixed, field.name)))
        return made

    @classmethod
    def courses(cls, parameters: Mapping[str, Floats], fixed: Self, session: Any) -> Floats:
        """Noiseless outputs (m, n) of m models, whose `parameters` are (m,), in a `session` (`TrialData`)."""
        many = len(next(iter(parameters.values())))
        made = cls.bundle(parameters, fixed)
        arguments = session.perturbation, session.clamped, session.rest, session.cue
        return made._course(*arguments, many, np.random.default_rng(0), 0.0)


def rests(name: str, value: Any, trials: int) -> Floats:
    """Returns `value` as seconds before each trial (trials,), at least 0; none where it is ``None``."""
    if value is None:
        return np.zeros(trials)
    found = arrays.numbers(name, value)
    if len(found) != trials or not (found >= 0).all():
        raise ValueError(f"`{name}` must hold {trials} numbers of at least 0, got {checks.shown(value)}.")
    return found


def cues_of(name: str, value: Any, trials: int) -> Integers:
    """Returns `value` as context cues int64 (trials,), whole numbers of at least 0; none where it is ``None``."""
    return np.zeros(trials, np.int64) if value is None else arrays.steps(name, value, (trials,))


def contexts_of(cue: Any, lead_in: Any, known: dict[tuple[int, float | None], int]) -> Integers:
    """The context cues (n,) of trials; where there are lead-ins, cue and lead-in are numbered together as they come.

    Args:
        cue: int (n,), what is shown.
        lead_in: (n,), the direction of the movement that led to the start, degrees; NaN for none.
        known: The pairs that have come so far, and their numbers; new ones are added.
    """
    lead = np.asarray(lead_in, np.float64)
    if not (np.isfinite(lead).any() or known):
        return np.asarray(cue, np.int64)
    pairs = zip(np.asarray(cue).tolist(), [each if np.isfinite(each) else None for each in lead.tolist()], strict=True)
    return np.array([known.setdefault(pair, len(known) + 1) for pair in pairs], np.int64)
