"""Linear models of learning: one state, two states, and one fast state beside several slow ones.

Each state decays by a factor per trial and takes up a share of the error, and the output is their sum:

    x <- A x + B e,    e = f - (sum of the x that are in use).

Smith, Ghazizadeh & Shadmehr, PLoS Biology 4:e179, 2006: two such states, of which one learns and forgets fast, explain savings,
spontaneous recovery and anterograde interference. Lee & Schweighofer, Journal of Neuroscience 29:10396, 2009: one fast state in
parallel with several slow ones, of which a context cue chooses one, explains that two tasks can be learned at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from reach_gym.models.model import Floats, Integers, Model

_SHARE = (0.0, 1.0)
_PER_SECOND = (0.0, 1000.0)
_FEW = 12  # models at once, up to which plain numbers are faster than arrays


class Linear(Model):
    """Base of the linear models: a state is an array (subjects, d)."""

    @property
    def states_in_use(self) -> int:
        """How many states there are: d."""
        raise NotImplementedError

    @property
    def retentions(self) -> Floats:
        """A of each state (d,), or (subjects, d)."""
        raise NotImplementedError

    @property
    def learnings(self) -> Floats:
        """B of each state (d,), or (subjects, d)."""
        raise NotImplementedError

    @property
    def decays(self) -> Floats:
        """What each state loses per second of rest (d,), as a rate."""
        raise NotImplementedError

    def weights(self, cue: Any, subjects: int) -> Floats:
        """Which states (subjects, d) are read and taught under a cue: 1 or 0."""
        return np.ones((subjects, self.states_in_use))

    def begin(self, subjects: int = 1, rng: Any = None) -> Floats:
        """All states at 0, (subjects, d)."""
        return np.zeros((subjects, self.states_in_use))

    def output(self, state: Floats, cue: Any = None) -> Floats:
        """The sum (subjects,) of the states in use."""
        return np.asarray((state * self.weights(cue, len(state))).sum(axis=1))

    def learn(self, state: Floats, error: Any, clamped: Any = False, cue: Any = None, rest: Any = None) -> Floats:
        """``A x + B e``; see `Model.learn`."""
        felt = np.where(clamped, 0.0, error)[..., None]
        learned = self.retentions * state + self.learnings * self.weights(cue, len(state)) * felt
        return learned if rest is None else self.wait(learned, rest)

    def wait(self, state: Floats, rest: Any) -> Floats:
        """Each state decays exponentially with the seconds of rest, at its rate of `decays`."""
        return np.asarray(state * np.exp(-self.decays * np.asarray(rest, float)[..., None]))

    def states(self, perturbation: Any, clamped: Any) -> Floats:
        """All states (n, d) at the beginning of every trial of a session without rests and cues."""
        state, found = self.begin(), []
        for push, wall in zip(np.asarray(perturbation, float), np.asarray(clamped, bool), strict=True):
            found.append(state[0])
            state = self.learn(state, push - self.output(state), wall)
        return np.array(found)

    @property
    def asymptote(self) -> float:
        """The share of a lasting perturbation that is compensated in the end, always under the same cue."""
        used = self.weights(np.ones(1, np.int64), 1)[0] > 0
        keep, learn = self.retentions[used], self.learnings[used]
        if (keep[learn > 0] >= 1.0).any():
            return 1.0
        gains = float((learn[learn > 0] / (1.0 - keep[learn > 0])).sum())
        return gains / (1.0 + gains)


@dataclass(frozen=True)
class OneState(Linear):
    """One state: what is learned decays with one time constant, so that nothing recovers by itself.

    The defaults are chosen, not published: they come to about the asymptote of `TwoState`, at a pace between its two.

    Attributes:
        retention: A, per trial.
        learning: B, share of the error.
        decay: Rate of decay per second of rest; 0 for none.
    """

    retention: float = 0.98
    learning: float = 0.06
    decay: float = 0.0

    RANGES: ClassVar[Mapping[str, tuple[float, float]]] = {"retention": _SHARE, "learning": _SHARE, "decay": _PER_SECOND}
    FREE: ClassVar[tuple[str, ...]] = ("retention", "learning")

    @property
    def states_in_use(self) -> int:
        """One."""
        return 1

    @property
    def retentions(self) -> Floats:
        """A."""
        return np.stack([self.retention], axis=-1)

    @property
    def learnings(self) -> Floats:
        """B."""
        return np.stack([self.learning], axis=-1)

    @property
    def decays(self) -> Floats:
        """Of the state."""
        return np.stack([self.decay], axis=-1)

    @classmethod
    def starts(cls) -> tuple[Self, ...]:
        """The defaults, somebody fast and somebody who forgets."""
        return cls(), cls(0.999, 0.3), cls(0.6, 0.2)

    @classmethod
    def courses(cls, parameters: Mapping[str, Floats], fixed: Self, session: Any) -> Floats:
        """See `Model.courses`."""
        if len(parameters["retention"]) > _FEW or session.rest.any():
            return super().courses(parameters, fixed, session)
        pairs = zip(parameters["retention"].tolist(), parameters["learning"].tolist(), strict=True)
        return np.array([_two(session, keep, 0.0, learn, 0.0) for keep, learn in pairs])


@dataclass(frozen=True)
class TwoState(Linear):
    """A fast and a slow state; the defaults are those of Smith, Ghazizadeh & Shadmehr 2006.

    `JOINER_SMITH_2008` is another published set.

    Attributes:
        fast_retention: A_f.
        slow_retention: A_s, at least A_f.
        fast_learning: B_f.
        slow_learning: B_s, at most B_f.
        fast_decay: Rate of decay of the fast state per second of rest; 0 for none.
        slow_decay: The same of the slow state.

    Raises:
        TypeError: A parameter is no number.
        ValueError: It is out of its range.
    """

    fast_retention: float = 0.59
    slow_retention: float = 0.992
    fast_learning: float = 0.21
    slow_learning: float = 0.02
    fast_decay: float = 0.0
    slow_decay: float = 0.0

    RANGES: ClassVar[Mapping[str, tuple[float, float]]] = {
        **dict.fromkeys(("fast_retention", "slow_retention", "fast_learning", "slow_learning"), _SHARE),
        **dict.fromkeys(("fast_decay", "slow_decay"), _PER_SECOND),
    }
    FREE: ClassVar[tuple[str, ...]] = ("fast_retention", "slow_retention", "fast_learning", "slow_learning")

    @property
    def states_in_use(self) -> int:
        """Two."""
        return 2

    @property
    def retentions(self) -> Floats:
        """A_f and A_s."""
        return np.stack([self.fast_retention, self.slow_retention], axis=-1)

    @property
    def learnings(self) -> Floats:
        """B_f and B_s."""
        return np.stack([self.fast_learning, self.slow_learning], axis=-1)

    @property
    def decays(self) -> Floats:
        """Of the fast and the slow state."""
        return np.stack([self.fast_decay, self.slow_decay], axis=-1)

    @classmethod
    def coordinates(cls) -> tuple[tuple[str, float, float], ...]:
        """The slow state's as shares, so that retentions and learning rates are in order by construction."""
        return tuple((name, 0.0, 1.0) for name in cls.FREE)

    @classmethod
    def from_coordinates(cls, values: Floats) -> dict[str, Floats]:
        """The slow retention covers a share of what the fast one leaves to 1; the slow learning is a share of the fast one."""
        keep, above, learn, share = (values[..., i] for i in range(4))
        return dict(zip(cls.FREE, (keep, keep + (1.0 - keep) * above, learn, learn * share), strict=True))

    def to_coordinates(self) -> Floats:
        """See `from_coordinates`."""
        keep, slow, learn, small = (getattr(self, name) for name in self.FREE)
        above = (slow - keep) / (1.0 - keep) if keep < 1.0 else 0.0
        return np.array([keep, above, learn, small / learn if learn > 0 else 0.0])

    @classmethod
    def starts(cls) -> tuple[Self, ...]:
        """The paper's values, somebody who learns fast, somebody who learns slowly, somebody who forgets."""
        return cls(), cls(0.8, 0.999, 0.6, 0.2), cls(0.9, 0.99, 0.05, 0.01), cls(0.2, 0.8, 0.3, 0.1)

    @classmethod
    def courses(cls, parameters: Mapping[str, Floats], fixed: Self, session: Any) -> Floats:
        """See `Model.courses`."""
        if len(parameters["fast_retention"]) > _FEW or session.rest.any():
            return super().courses(parameters, fixed, session)
        rows = zip(*(parameters[name].tolist() for name in cls.FREE), strict=True)
        return np.array([_two(session, *row) for row in rows])


# Joiner & Smith, Journal of Neurophysiology 100:2948, 2008.
JOINER_SMITH_2008 = TwoState(0.85, 0.998, 0.11, 0.021)


@dataclass(frozen=True)
class ManySlow(TwoState):
    """One fast state, always in use, and a slow state for each context cue (Lee & Schweighofer 2009).

    Without cues it is `TwoState`. The defaults are those of `TwoState`, since the paper's own were not at hand. Slow states whose
    cue is absent are not taught, and decay from trial to trial like the one in use.

    Attributes:
        contexts: How many slow states; cues are 1, 2 and so on, and trials without a cue (0) use the first.

    Raises:
        ValueError: A cue has no slow state.
    """

    contexts: int = 2

    RANGES: ClassVar[Mapping[str, tuple[float, float]]] = {**TwoState.RANGES, "contexts": (1, 1000)}

    @property
    def states_in_use(self) -> int:
        """The fast one and the slow ones."""
        return 1 + self.contexts

    def _with_slow(self, fast: Any, slow: Any) -> Floats:
        return np.stack([fast, *([slow] * self.contexts)], axis=-1)

    @property
    def retentions(self) -> Floats:
        """A_f, then A_s for every context."""
        return self._with_slow(self.fast_retention, self.slow_retention)

    @property
    def learnings(self) -> Floats:
        """B_f, then B_s for every context."""
        return self._with_slow(self.fast_learning, self.slow_learning)

    @property
    def decays(self) -> Floats:
        """Of the fast state, then of every slow one."""
        return self._with_slow(self.fast_decay, self.slow_decay)

    def weights(self, cue: Any, subjects: int) -> Floats:
        """The fast state and the slow one of the cue."""
        which: Integers = np.maximum(np.broadcast_to(0 if cue is None else cue, subjects).astype(np.int64), 1)
        if (which > self.contexts).any():
            raise ValueError(f"`cue` must be at most {self.contexts}, one per slow state, got {int(which.max())}.")
        return np.asarray((np.arange(1 + self.contexts) == which[:, None]) | (np.arange(1 + self.contexts) == 0), float)

    @classmethod
    def courses(cls, parameters: Mapping[str, Floats], fixed: Self, session: Any) -> Floats:
        """See `Model.courses`."""
        return super(TwoState, cls).courses(parameters, fixed, session)


def _two(session: Any, fast_keep: float, slow_keep: float, fast_learn: float, slow_learn: float) -> list[float]:
    """The outputs of two states in plain numbers, which for a few models at once is many times faster than arrays."""
    fast, slow, found = 0.0, 0.0, []
    for push, wall in session.plain:
        output = fast + slow
        found.append(output)
        error = 0.0 if wall else push - output
        fast, slow = fast_keep * fast + fast_learn * error, slow_keep * slow + slow_learn * error
    return found
