"""``python -m agents COMMAND``: train the learners of this repository."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from reach_gym import startup

COMMANDS = {
    "q_learning": "agents.q_learning.command:QLearningCommand",
    "dqn": "agents.dqn.command:DQNCommand",
    "sb3": "agents.sb3.command:Sb3Command",
    "rnn": "agents.rnn.command:RnnCommand",
    "in_context": "agents.in_context.command:InContextCommand",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command line and returns its exit code."""
    with startup.importing():
        from reach_gym.cli import shell
    return shell.main(COMMANDS, argv, "python -m agents", "Trains agents that learn to reach.")


if __name__ == "__main__":
    sys.exit(main())
