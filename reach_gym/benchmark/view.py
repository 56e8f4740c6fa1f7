"""What the class of an agent is called with in a benchmark: the task's spaces, and what its observations say; no more."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium.vector import VectorEnv, VectorWrapper

from reach_gym import checks
from reach_gym.planning.watch import STEPS
from reach_gym.reach.facts import TrialFacts, facts_of_nothing, sensed_by
from reach_gym.reach.observations import Sensed


class AgentView(VectorWrapper):
    """The environment as an agent sees it.

    It has the spaces, ``num_envs`` and ``spec`` of the environment that is played, but it is not that one: the trials under way,
    their fields and what is yet to come are not in it, and whatever an agent does to it changes no score. For a cursor it says in
    SI units what observations mean (`sense`), and what a controller knows that expects no field (`trial_facts`), so that
    controllers of `reach_gym.planning` like `MinimumJerkAgent` can be built upon.
    """

    def __init__(self, env: VectorEnv[Any, Any, Any]) -> None:
        """Shows `env`, which nobody plays."""
        super().__init__(env)
        base: Any = env.unwrapped
        self.task = base.task
        self.observation = self.task.observation
        self._steps = np.zeros(self.num_envs, np.int64)
        # A grid says all in its observations.
        if self.task.family == "cursor":
            self.trial_facts, self.sense = self._trial_facts, self._sense

    @property
    def unwrapped(self) -> Any:
        """The view itself."""
        return self

    def begin(self, starts: npt.NDArray[np.bool_]) -> None:
        """Notes the rows, bool (n,), that begin an episode."""
        self._steps[starts] = 0

    def count(self) -> None:
        """Notes that every row takes a step."""
        self._steps += 1

    def _trial_facts(self, belief: str = "nothing", steps: int = STEPS) -> TrialFacts:
        """What a controller knows that expects no field: the plant, and how long the trials last already.

        Raises:
            ValueError: Another `belief`: nobody tells an agent which fields its trials have.
        """
        if belief != "nothing":
            raise ValueError(
                f"`belief` must be 'nothing': in a benchmark no agent is told of the field, got {checks.shown(belief)}."
            )
        return facts_of_nothing(self.task, self._steps, steps)

    def _sense(self, observations: Any) -> Sensed:
        """What a batch of observations says, in SI units.

        Raises:
            NotApplicableError: Images, which do not say it.
        """
        return sensed_by(self.task.observations(), self.single_observation_space, self.num_envs, observations)
