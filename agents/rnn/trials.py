"""Batches of trials to learn from: drawn by the environment itself, so that networks meet what agents meet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from agents.rnn.config import RnnConfig, Scaling
from reach_gym.acting import rollout
from reach_gym.planning import Profile, logistic, minimum_jerk
from reach_gym.reach.facts import TrialFacts
from reach_gym.reach.rows import STREAM
from reach_gym.reach.rules import cue_is_on
from reach_gym.recording.metadata import require_cursor

STEPS = 100  # of a trial, 1 s
# The paper's trials: its timings, and an end where the networks' training ends.
PAPER_TRIALS: dict[str, Any] = {"preset": "sun_plitt", "max_episode_steps": STEPS}
REACTION = 0.1  # s from the go cue to a minimum-jerk movement; the logistic has its own slow beginning


class TrialBatch(NamedTuple):
    """n trials as tensors; T time steps.

    Attributes:
        inputs: (T, n, 3), target x, target y and go cue in the network's units, as they are seen before each step.
        position: (T, 2, n), desired after each step, m.
        velocity: (T, 2, n), m/s.
        acceleration: (T, 2, n), m/s^2.
        facts: What the environment tells of the trials.
    """

    inputs: Tensor
    position: Tensor
    velocity: Tensor
    acceleration: Tensor
    facts: TrialFacts


class TrialSource:
    """The trials of one cursor task, batch by batch: batch k holds trial k of every row, a pure function of seed and k."""

    def __init__(self, env_id: str, env_kwargs: Mapping[str, Any], config: RnnConfig, rows: int, seed: int) -> None:
        """Prepares the rows.

        Raises:
            ValueError: The task is no cursor reach, has noise, a sensory delay or a rotation, which no network here is taught, or
                its go cue comes too late.
        """
        self._envs = rollout.make_rows(env_id, rows, env_kwargs)
        require_cursor(self._envs)
        base: Any = self._envs.unwrapped
        self.task, self._base, self._config = base.task, base, config
        if base.task.delay or any((*base.task.sensory_noise, *base.task.motor_noise, base.task.rotation)):
            raise ValueError("the networks learn from exact roll-outs: `delay`, noise and `rotation` must be 0 in training.")
        longest = base.task.onset + max(base.task.delays)
        if longest >= STEPS:
            raise ValueError(f"the networks' trials have {STEPS} steps: `dt` and `go_delay` must not put the cue at {longest}.")
        self._seed, self._next = seed, 0

    def draw(self, number: int, dtype: torch.dtype = torch.float32) -> TrialBatch:
        """The batch with this `number`, from 0."""
        if self._next == 0 or number == 0:
            self._envs.reset(seed=self._seed)
            self._next = 1
        if number != self._next - 1:
            if number != self._next:
                state = self._base.get_state()
                state["streams"][STREAM.trial] = number - 1
                self._base.set_state(state)
            self._envs.reset()
            self._next = number + 1
        # The cue is a pulse as in the paper, whether or not the task's own then stays on.
        return batch_of(self._base.trial_facts(steps=STEPS), self.task.pulse_steps, self._config, dtype)

    def close(self) -> None:
        """Closes the rows."""
        self._envs.close()


def batch_of(facts: TrialFacts, pulse: int, config: RnnConfig, dtype: torch.dtype = torch.float32) -> TrialBatch:
    """The trials of `facts`, whose go cue lasts for `pulse` steps, as tensors."""
    inputs = torch.from_numpy(inputs_of(facts, pulse, config.scale)).to(dtype)
    wanted = (torch.from_numpy(each).to(dtype).transpose(1, 2).contiguous() for each in desired(facts, config.desired))
    position, velocity, acceleration = wanted
    return TrialBatch(inputs, position, velocity, acceleration, facts)


def inputs_of(facts: TrialFacts, pulse: int, scale: Scaling) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Target (a step, from its onset on, relative to the start) and go cue (a pulse of each trial): float64 (T, n, 3)."""
    time = np.arange(STEPS)[:, None]
    inputs = np.zeros((STEPS, len(facts.go), 3))
    inputs[facts.onset :, :, :2] = (facts.target - facts.start) / scale.place
    inputs[:, :, 2] = scale.cue * cue_is_on(time, facts.go, pulse)
    return inputs


def desired(facts: TrialFacts, kind: str) -> Profile:
    """The desired trajectories of `facts` after each of `STEPS` steps, float64 (T, n, 2); `kind` is one of `DESIRED`."""
    since = (np.arange(1, STEPS + 1)[:, None] - facts.go) * facts.dt
    if kind == "logistic":
        return logistic(since, facts.start, facts.target)
    return minimum_jerk(since - REACTION, facts.start, facts.target)
