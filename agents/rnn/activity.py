"""Hidden activity of the trained networks, in trials of a task."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agents.rnn.agents import agent_of
from agents.rnn.config import RnnConfig
from agents.rnn.models import Network
from agents.rnn.trials import PAPER_TRIALS
from reach_gym.acting import rollout
from reach_gym.neural import Activity
from reach_gym.neural.recorded import record_activity_in

# A trial of the paper that never counts as done lasts until its time limit, so that all trials are equally long.
WHOLE: dict[str, Any] = {**PAPER_TRIALS, "hold": 1.0}


def record_network(
    network: Network,
    config: RnnConfig,
    env_id: str,
    env_kwargs: Mapping[str, Any],
    trials: int,
    seed: int = 0,
    name: str = "rnn",
) -> Activity:
    """`reach_gym.neural.record_activity` of a trained network in trials of a task."""
    env = rollout.make_rows(env_id, min(trials, rollout.BATCH), env_kwargs)
    try:
        return record_activity_in(env, agent_of(env, network, config), trials, seed, name)
    finally:
        env.close()
