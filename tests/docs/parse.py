"""Lets each program parse a command line of its own, and runs nothing."""

from __future__ import annotations

import contextlib
import io

import gymnasium as gym

from agents.__main__ import main as agents
from benchmarks.__main__ import main as benchmarks
from reach_gym.cli import main as reach_gym
from reach_gym.cli import shell
from reach_gym.cli.tasks import full_id

MAINS = {"reach-gym": reach_gym, "python -m agents": agents, "python -m benchmarks": benchmarks}


def complaint(program: str, arguments: list[str]) -> str | None:
    """What is wrong with a command line; the keywords of the task are tried, too."""
    said = io.StringIO()
    with contextlib.redirect_stderr(said):
        status = MAINS[program](arguments)
    return None if status == 0 else said.getvalue()


def checked(parse):
    """`shell._parse`, which then has nothing left to run."""

    def instead(*given):
        command = parse(*given)
        with shell.request():
            for name in ("_config", "_keywords", "env_kwargs", "check"):
                part = getattr(command, name, None)
                if callable(part):
                    part()
            if hasattr(command, "env"):
                gym.make(full_id(command.env), **command.kwargs()).close()
        return None

    return instead
