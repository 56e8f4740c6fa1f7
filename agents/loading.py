"""Loads the trained agent of any run directory; `reach_gym.acting.protocol.load_agent` looks here when it is given one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from agents.dqn import checkpoint as dqn_checkpoint
from agents.in_context import checkpoint as in_context_checkpoint
from agents.q_learning import learner as q_learning
from agents.rnn import checkpoint as rnn_checkpoint
from agents.sb3 import run as sb3_run
from reach_gym.acting.protocol import Agent
from reach_gym.training import checkpoint
from reach_gym.training.checkpoint import CheckpointError

LOADERS: dict[str, Callable[[Path, Any], Agent]] = {
    q_learning.AGENT: lambda directory, env: q_learning.load(directory),
    dqn_checkpoint.AGENT: lambda directory, env: dqn_checkpoint.load(directory),
    rnn_checkpoint.AGENT: rnn_checkpoint.load_agent,
    in_context_checkpoint.AGENT: in_context_checkpoint.load_agent,
    sb3_run.AGENT: sb3_run.load,
}
"""By the kind of agent that the checkpoint names: makes it from the directory, for a vector environment."""


def load(directory: Path | str, env: Any) -> Agent:
    """The trained agent of a run directory. No code runs from it.

    Args:
        directory: What a command of ``python -m agents`` wrote.
        env: The vector environment in which it shall act.

    Raises:
        CheckpointError: There is no sound checkpoint, or of an agent that is none of ours.
        ValueError: The agent does not fit `env`.
    """
    kind = checkpoint.load_manifest(directory).get("agent")
    if not isinstance(kind, str) or kind not in LOADERS:
        raise CheckpointError("incompatible", f"the checkpoint is of {kind!r}; known are {', '.join(LOADERS)}.")
    return LOADERS[kind](Path(directory), env)
