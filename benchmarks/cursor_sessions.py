"""Sessions of the reference controllers, all trials at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from gymnasium.vector import VectorEnv, VectorWrapper

from reach_gym import rollout
from reach_gym.recording import Recording
from reach_gym.recording.metadata import describe
from reach_gym.recording.schema import assemble
from reach_gym.recording.sessions import record_rows


class WholeSession(VectorWrapper):
    """Row k stands at trial k of one and the same session.

    Trial k of a row is a function of the row's key and k alone, so that a row need not have acted in the trials before.
    """

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begins the session of an integer `seed` in every row and moves row k on to trial k."""
        rows = self.num_envs
        env: Any = self.env  # the native ones take a seed per row, which Gymnasium's base class does not mention
        observations, info = env.reset(seed=[seed] * rows, options=options)
        for k in range(1, rows):
            mask = np.arange(rows) >= k
            observations, news = env.reset(options={**(options or {}), "reset_mask": mask})
            for name, values in news.items():
                info[name][mask] = values[mask]
        return observations, info


def record_whole_session(agent: Any, env_id: str, seed: int, env_kwargs: Mapping[str, Any] | None = None) -> Recording:
    """The same as `reach_gym.recording.record` with ``session=True``, many times faster.

    Only for agents that carry nothing over from one trial to the next, as the reference controllers do not.

    Args:
        agent: A name that `reach_gym.protocol.load_agent` takes.
        env_id: A registered cursor task.
        seed: Seed of the session.
        env_kwargs: Constructor keywords that replace the registered ones.
    """
    one = rollout.make_rows(env_id, 1, env_kwargs)
    base: Any = one.unwrapped
    trials = base.task.schedule.trials
    one.close()
    env: VectorEnv[Any, Any, Any] = WholeSession(rollout.make_rows(env_id, trials, env_kwargs))
    try:
        metadata = describe(env, {"agent": agent, "seed": seed, "session": True})
        return assemble(list(record_rows(rollout.actor(agent, env), env, trials, seed)), metadata)
    finally:
        env.close()
