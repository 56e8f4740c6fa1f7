"""The reference agents, for the grid and for the cursor alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from reach_gym.errors import NotApplicableError
from reach_gym.planning.grid_planner import GridPlanner
from reach_gym.planning.optimal import OptimalFeedback
from reach_gym.registration import family_of


class _Reference:
    """Delegates to the planner or controller that fits the environment."""

    _belief: str

    def __init__(self, env: Any) -> None:
        """Prepares for `env`, a reach of this package, scalar or vector, wrapped or not.

        Raises:
            NotApplicableError: `env` is none.
        """
        base, family = getattr(env, "unwrapped", env), family_of(env)
        self._agent: GridPlanner | OptimalFeedback
        # What is shown to an agent in a benchmark has a family too, but does not tell which field a trial has.
        if family == "grid" and hasattr(base, "row_tasks"):
            self._agent = GridPlanner(base, feels=self._belief != "nothing")
        elif family == "cursor" and hasattr(base, "trial_facts"):
            self._agent = OptimalFeedback(base, self._belief)
        else:
            raise NotApplicableError(f"`env` must be a grid reach or a cursor reach of reach_gym, got {env}.")

    def reset(self, starts: npt.NDArray[np.bool_]) -> None:
        """Forgets the rows, bool (n,), that begin an episode."""
        self._agent.reset(starts)

    def act(self, observations: Any) -> npt.NDArray[Any]:
        """The actions for a batch of n observations: int64 (n,) on the grid, float32 (n, actuators) for the cursor."""
        return self._agent.act(observations)


class IdealAgent(_Reference):
    """The agent that knows the field of every trial.

    On the grid it also knows the radius and takes a shortest path, the first action where several are equally good: nobody is
    better. The cursor it moves by feedback control whose gains are optimal for costs of its own (`OptimalFeedback`), not for a
    task's reward or share of successes: there it is a reference that others may exceed.
    """

    _belief = "trial"


class NaiveAgent(_Reference):
    """The same planner or controller, but it believes that there is no field: a subject before adaptation.

    On the grid it plans every step as if no field would shift it. The cursor's path is straight in the null field and hooked
    under an unexpected one. Where senses are late or noisy, or the force lags, it estimates the force that it did not expect and
    cancels that. In a curl field of 13 N s/m and 1 kg this keeps it stable up to a delay of 70 ms beside a lag of 40 ms. An arm
    as light as that of Li & Todorov 2004, 0.4 kg at the hand and hardly damped, circles then; that of Shadmehr & Mussa-Ivaldi
    1994 does not.
    """

    _belief = "nothing"


class AdaptedAgent(_Reference):
    """The agent that expects in every trial what the block has taught, and is surprised by catch and channel trials.

    In a catch trial the cursor's path bends to the other side: the after-effect. Where senses are late it allows for the absence
    of the field and stays stable without it. On the grid it is the ideal agent.
    """

    _belief = "block"


class RandomAgent:
    """Uniformly random actions: the agent that defines score 0."""

    def __init__(self, env: Any, seed: int = 0) -> None:
        """Acts in any `env` of discrete or bounded actions, scalar or vector; the same `seed` gives the same actions.

        Raises:
            NotApplicableError: The actions of `env` are neither discrete nor in a bounded box of floats.
        """
        space = getattr(env, "single_action_space", env.action_space)
        bounded = isinstance(space, spaces.Box) and space.is_bounded() and np.issubdtype(space.dtype, np.floating)
        if not (isinstance(space, spaces.Discrete) or bounded):
            raise NotApplicableError(f"`env` must have discrete actions or a bounded box of floats, got {space}.")
        self._space = space
        self._generator = np.random.default_rng(seed)

    def reset(self, starts: npt.NDArray[np.bool_]) -> None:
        """Nothing to forget."""

    def act(self, observations: Any) -> npt.NDArray[Any]:
        """An independent uniform action for each of a batch of n observations: (n, ...)."""
        count = len(next(iter(observations.values())) if isinstance(observations, Mapping) else observations)
        if isinstance(self._space, spaces.Discrete):
            return self._generator.integers(int(self._space.start), int(self._space.start + self._space.n), count)
        drawn = self._generator.uniform(self._space.low, self._space.high, (count, *self._space.shape))
        return drawn.astype(self._space.dtype)
