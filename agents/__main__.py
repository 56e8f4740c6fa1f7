"""``python -m agents COMMAND``: train the learners of this repository."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from reach_gym import startup


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command line and returns its exit code."""
    with startup.importing():
        from agents.dqn.command import DQNCommand
        from agents.in_context.command import InContextCommand
        from agents.q_learning.command import QLearningCommand
        from agents.rnn.command import RnnCommand
        from agents.sb3.command import Sb3Command
        from reach_gym.cli import shell

    commands: dict[str, type[shell.Command]] = {
        "q_learning": QLearningCommand,
        "dqn": DQNCommand,
        "sb3": Sb3Command,
        "rnn": RnnCommand,
        "in_context": InContextCommand,
    }
    return shell.main(commands, argv, "python -m agents", "Trains agents that learn to reach.")


if __name__ == "__main__":
    sys.exit(main())
