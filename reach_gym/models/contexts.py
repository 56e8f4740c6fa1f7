"""Contextual inference: several memories, and a belief about which of them a trial calls for (the COIN model).

Heald, Lengyel & Wolpert, Nature 600:489, 2021, written from the paper's generative model:

- A context is active in each trial. Contexts follow each other by a sticky hierarchical Dirichlet process (Fox, Sudderth, Jordan
  & Willsky, Annals of Applied Statistics 5:1020, 2011), so that their number is not fixed and each may stay for a while.
- Each context j has a state, ``x <- a_j x + d_j + noise``; retention a_j and drift d_j are learned with it.
- The active context's state is what feedback shows, with noise; it may also give a cue, by a hierarchical Dirichlet process.

The learner infers all of it by particle learning (Carvalho, Johannes, Lopes & Polson, Statistical Science 25:88, 2010): particles
are drawn by how well they predict what comes, then each draws the active context and updates its counts. The output is the
mean of the states, weighted with the probabilities of their contexts before the feedback. In an error clamp there is no feedback.

One thing is simpler than in the paper: a retention drawn beyond [0, 1) is cut there, which the priors make all but impossible.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from reach_gym.checks import integer
from reach_gym.models import particles
from reach_gym.models.model import MAX_SUBJECTS, Floats, Model
from reach_gym.models.particles import Memories


@dataclass(frozen=True)
class Contextual(Model):
    """The COIN model.

    The defaults are those of the authors' public program (github.com/jamesheald/COIN, COIN.m), but for `cues`, which is chosen.
    The program names Table S1 (A) of the preprint (Heald et al. 2020) as the source of the first nine; the table itself was not
    read, so that they are secondary.

    Attributes:
        retention: Mean of the prior on a context's retention.
        retention_spread: Standard deviation of that prior.
        drift_spread: Standard deviation of the prior on a context's drift, whose mean is 0.
        process_noise: Standard deviation of the noise of states.
        sensory_noise: Standard deviation of the noise of feedback.
        motor_noise: The same of the motor noise, which feedback has, too.
        concentration: alpha of the transitions between contexts: the larger, the more alike are transitions from all contexts.
        self_transition: rho, the share by which transitions of a context to itself are more likely.
        novelty: gamma: the larger, the likelier are new contexts.
        cue_concentration: alpha of the cues that contexts give.
        cue_novelty: gamma of these.
        particles: How many.
        contexts: Most contexts of a particle.
        cues: Greatest cue.
    """

    retention: float = 0.9425
    retention_spread: float = 1.0 / 837.1
    drift_spread: float = 1.0 / 1222.7
    process_noise: float = 0.0089
    sensory_noise: float = 0.03
    motor_noise: float = 0.0182
    concentration: float = 8.955
    self_transition: float = 0.2501
    novelty: float = 0.1
    cue_concentration: float = 25.0
    cue_novelty: float = 0.1
    particles: int = 100
    contexts: int = 10
    cues: int = 8

    RANGES: ClassVar[Mapping[str, tuple[float, float]]] = {
        "retention": (0.0, 0.9999),
        **dict.fromkeys(("retention_spread", "drift_spread", "process_noise", "sensory_noise", "motor_noise"), (1e-6, 10.0)),
        **dict.fromkeys(("concentration", "novelty", "cue_concentration", "cue_novelty"), (1e-6, 1e6)),
        "self_transition": (0.0, 0.999),
        "particles": (1, 10_000),
        "contexts": (1, 100),
        "cues": (1, 100),
    }
    FREE: ClassVar[tuple[str, ...]] = ("retention", "process_noise", "concentration", "self_transition")
    TOLD_OF_CLAMPS: ClassVar[bool] = True

    def begin(self, subjects: int = 1, rng: Any = None) -> Memories:
        """Particles that know no context yet."""
        return particles.begin(self, integer("subjects", subjects, 1, MAX_SUBJECTS), np.random.default_rng(rng))

    def output(self, state: Memories, cue: Any = None) -> Floats:
        """See `Model.output`."""
        return particles.predict(self, state, self._cues(state, cue)).output

    def learn(self, state: Memories, error: Any, clamped: Any = False, cue: Any = None, rest: Any = None) -> Memories:
        """See `Model.learn`; draws from the state's generator."""
        subjects = len(state.last)
        cues = self._cues(state, cue)
        off, walls = np.broadcast_to(np.asarray(error, float), subjects), np.broadcast_to(np.asarray(clamped, bool), subjects)
        return particles.learn(self, state, off, walls, cues)

    def wait(self, state: Memories, rest: Any) -> Memories:
        """The model counts trials, not seconds."""
        return state

    def probabilities(self, state: Memories, cue: Any = None) -> Floats:
        """Predicted probability (subjects, particles, contexts) of each context, the novel one included, before feedback."""
        return particles.predict(self, state, self._cues(state, cue)).chance

    @property
    def feedback_noise(self) -> float:
        """Standard deviation of feedback about the state."""
        return float(np.hypot(self.sensory_noise, self.motor_noise))

    @property
    def stickiness(self) -> float:
        """Kappa."""
        return float(self.concentration * self.self_transition / (1.0 - self.self_transition))

    def _cues(self, state: Memories, cue: Any) -> Any:
        found = np.broadcast_to(np.asarray(0 if cue is None else cue, np.int64), len(state.last))
        if ((found < 0) | (found > self.cues)).any():
            raise ValueError(
                f"`cue` must hold whole numbers from 0 to {self.cues}, got {found[(found < 0) | (found > self.cues)][0]}."
            )
        return found
