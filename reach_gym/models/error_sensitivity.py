"""A memory of errors: how much is learned from an error depends on what came of errors of that size before.

Herzfeld, Vaswani, Marko & Shadmehr, Science 345:1349, 2014: the output follows ``x <- a x + eta(e) e``. The sensitivity to error
is coded by units with Gaussian tuning to the error, ``eta(e) = w . g(e)``, and where the error of the trial before and the
present one have the same sign the sensitivity around the former grows, else it falls:

    w <- w + beta sign(e_before e) g(e_before) / (g(e_before) . g(e_before)).

That consistent errors are learned from more is contested: Avraham, Keizman & Shmuelof, Journal of Neurophysiology 123:57, 2020,
found no such change of implicit learning.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np

from reach_gym.models.model import Floats, Model

_UNITS = np.linspace(-2.0, 2.0, 33)  # preferred errors, in perturbations; chosen: denser than any width that is allowed


class Sensitivity(NamedTuple):
    """The state of `ErrorSensitivity`.

    Attributes:
        output: (subjects,).
        change: (subjects, units), weights beyond the initial sensitivity.
        before: (subjects,), the error of the trial before, 0 where there was none or it was clamped.
    """

    output: Floats
    change: Floats
    before: Floats


@dataclass(frozen=True)
class ErrorSensitivity(Model):
    """One state whose sensitivity to errors grows while they are consistent.

    The equation is the paper's; its parameters are in degrees or newtons of its own tasks, so the defaults are chosen, in units
    of the perturbation.

    Attributes:
        retention: a, per trial.
        sensitivity: eta of every error before the first trial.
        growth: beta, by which the sensitivity around an error changes.
        width: Standard deviation of the tuning to errors.
        decay: Rate of decay of the output per second of rest; 0 for none. The sensitivity stays, which makes savings.
    """

    retention: float = 0.98
    sensitivity: float = 0.08
    growth: float = 0.005
    width: float = 0.25
    decay: float = 0.0

    RANGES: ClassVar[Mapping[str, tuple[float, float]]] = {
        "retention": (0.0, 1.0),
        "sensitivity": (0.0, 1.0),
        "growth": (0.0, 0.5),
        "width": (0.13, 10.0),
        "decay": (0.0, 1000.0),
    }
    FREE: ClassVar[tuple[str, ...]] = ("retention", "sensitivity", "growth")

    def begin(self, subjects: int = 1, rng: Any = None) -> Sensitivity:
        """Nothing compensated, the initial sensitivity everywhere."""
        return Sensitivity(np.zeros(subjects), np.zeros((subjects, len(_UNITS))), np.zeros(subjects))

    def output(self, state: Sensitivity, cue: Any = None) -> Floats:
        """See `Model.output`; cues mean nothing to it."""
        return state.output

    def learn(self, state: Sensitivity, error: Any, clamped: Any = False, cue: Any = None, rest: Any = None) -> Sensitivity:
        """See `Model.learn`. The sensitivity stays from 0 to 1."""
        felt = np.broadcast_to(np.where(clamped, 0.0, error), state.output.shape)
        then = self._tuning(state.before)
        step = np.asarray(self.growth) * np.sign(state.before * felt) / (then * then).sum(axis=1)
        change = state.change + step[:, None] * then
        output = self.retention * state.output + self._eta(change, felt) * felt
        after = Sensitivity(output, change, felt)
        return after if rest is None else self.wait(after, rest)

    def sensitivity_to(self, state: Sensitivity, error: Any) -> Floats:
        """Eta (subjects,) of an `error`, a number or (subjects,)."""
        return self._eta(state.change, np.broadcast_to(np.asarray(error, float), state.output.shape))

    def wait(self, state: Sensitivity, rest: Any) -> Sensitivity:
        """The output decays, the memory of errors does not."""
        return state._replace(output=state.output * np.exp(-np.asarray(self.decay) * np.asarray(rest, float)))

    @classmethod
    def starts(cls) -> tuple[Self, ...]:
        """The defaults, somebody who learns at a constant rate, somebody whose sensitivity grows fast."""
        return cls(), cls(0.95, 0.2, 0.0001), cls(0.99, 0.03, 0.02)

    def _tuning(self, error: Floats) -> Floats:
        off = (error[:, None] - _UNITS) / np.asarray(self.width)[..., None]
        return np.asarray(np.exp(-0.5 * off * off))

    def _eta(self, change: Floats, error: Floats) -> Floats:
        return np.asarray(np.clip(self.sensitivity + (change * self._tuning(error)).sum(axis=1), 0.0, 1.0))
