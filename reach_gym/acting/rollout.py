"""An agent at work on held-out trials: the loop that evaluation and recording share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import gymnasium as gym
import numpy as np
import numpy.typing as npt
from gymnasium.vector import AutoresetMode, VectorEnv, VectorWrapper

from reach_gym import checks
from reach_gym.acting import wrapping
from reach_gym.acting.protocol import Agent, Transition, as_agent, load_agent
from reach_gym.registration import TASKS, registered_id
from reach_gym.rows.keywords import with_full_info
from reach_gym.sessions import draws

BATCH = 256  # rows stepped together; fixed, so that the same call gives the same result everywhere


class Step(NamedTuple):
    """One step of n rows.

    Attributes:
        actions: What the agent did, (n, ...).
        observations: What it sees after the step.
        rewards: float64 (n,).
        terminated: bool (n,).
        truncated: bool (n,).
        info: The vector environment's info.
        running: bool (n,), rows whose first episode was under way; what the others do does not count.
    """

    actions: Any
    observations: Any
    rewards: npt.NDArray[np.float64]
    terminated: npt.NDArray[np.bool_]
    truncated: npt.NDArray[np.bool_]
    info: dict[str, Any]
    running: npt.NDArray[np.bool_]


def make_rows(
    env_id: str, rows: int, env_kwargs: Mapping[str, Any] | None, autoreset: AutoresetMode = AutoresetMode.NEXT_STEP
) -> VectorEnv[Any, Any, Any]:
    """The vector environment of a task.

    Args:
        env_id: The task; one of this package also without its namespace.
        rows: How many.
        env_kwargs: Constructor keywords that replace the registered ones; ``"backend"`` among them.
        autoreset: When a row whose trial is over begins the next one.

    Raises:
        TypeError: There is no such keyword, or a value has the wrong type.
        ValueError: A value is out of range.
        gymnasium.error.Error: There is no such task.
    """
    env_id = registered_id(env_id)
    # To compile Numba's rows takes longer than tens of thousands of episodes with NumPy's, which are the same.
    usual = {"backend": "numpy"} if env_id in TASKS else {}
    settings = {**usual, **with_full_info(env_kwargs or {}), "autoreset_mode": autoreset, "render_mode": None}
    return gym.make_vec(env_id, num_envs=rows, **settings)


def actor(
    agent: Any, env: VectorEnv[Any, Any, Any], trust: bool = False, wrappers: Sequence[wrapping.Wrapper] = (), seed: int = 0
) -> Agent:
    """Makes an agent of a name (`reach_gym.acting.protocol.load_agent`) or of anything that `as_agent` takes.

    Args:
        agent: Who acts.
        env: Where.
        trust: See `load_agent`.
        wrappers: What stands between the two (`reach_gym.acting.wrapping`); `release` the agent if there are any.
        seed: Of the wrappers' random numbers.

    Raises:
        TypeError: It cannot be made an agent of `env`.
        ValueError: An unknown name.
    """

    def make(seen: VectorEnv[Any, Any, Any]) -> Agent:
        return load_agent(agent, seen, trust) if isinstance(agent, str) else as_agent(agent, seen)

    return wrapping.wrapped(env, wrappers, seed, make) if wrappers else make(env)


def release(agent: Agent) -> None:
    """Ends what `actor` started for the wrappers of an agent."""
    if isinstance(agent, wrapping.WrappedAgent):
        agent.close()


def held_out(seed: Any) -> int:
    """The seed of the first row of an evaluation: far from the small ones with which one trains, and from those of other seeds.

    Raises:
        TypeError: `seed` is no integer.
        ValueError: It is out of range.
    """
    first: int = draws.mix(checks.integer("seed", seed, 0, checks.MAX_SEED)) >> 2
    return first


class WholeSession(VectorWrapper):
    """Row k stands at trial k of one and the same session.

    Trial k of a row is a function of the row's key and k alone, so that a row need not have acted in the trials before.
    """

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begins the session of an integer `seed` in every row and moves row k on to trial k."""
        rows = self.num_envs
        env: Any = self.env  # the native ones take a seed per row, which Gymnasium's base class does not mention
        if env.unwrapped.task.family == "cursor":
            told: tuple[Any, dict[str, Any]] = env.reset(
                seed=[seed] * rows, options={**(options or {}), "trial": np.arange(rows)}
            )
            return told
        # On the grid the radius of a trial depends on how those before it went, so that none can be begun at once.
        observations, info = env.reset(seed=[seed] * rows, options=options)
        for k in range(1, rows):
            mask = np.arange(rows) >= k
            observations, news = env.reset(options={**(options or {}), "reset_mask": mask})
            for name, values in news.items():
                info[name][mask] = values[mask]
        return observations, info


def play(agent: Agent, env: VectorEnv[Any, Any, Any], observations: Any, session: bool = False) -> Iterator[Step]:
    """Lets an agent act until the episode of every row is over.

    Args:
        agent: Who acts.
        env: Just reset; rows whose episode is over go on with their next one.
        observations: What the reset returned.
        session: Whether the agent may learn from what comes of its actions (`reach_gym.acting.protocol.Agent`).

    Yields:
        Every step.
    """
    running, starts = np.ones(env.num_envs, np.bool_), np.ones(env.num_envs, np.bool_)
    observe = getattr(agent, "observe", None) if session else None
    follow = getattr(agent, "follow", None)  # an agent's wrappers are told in every case
    while running.any():
        if starts.any():
            agent.reset(starts)
        seen, actions = observations, agent.act(observations)
        observations, rewards, terminated, truncated, info = env.step(actions)
        transition = Transition(seen, actions, rewards, observations, terminated, truncated)
        if follow is not None:
            follow(transition, session)
        elif observe is not None:
            observe(transition)
        yield Step(actions, observations, rewards, terminated, truncated, info, running)
        starts = terminated | truncated
        running = running & ~starts
