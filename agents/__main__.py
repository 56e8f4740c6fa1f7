"""``python -m agents COMMAND``: train the learners of this repository."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from reach_gym.cli import shell

from .dqn_command import DQNCommand
from .q_learning_command import QLearningCommand
from .sb3_command import Sb3Command


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command line and returns its exit code."""
    commands: dict[str, type[shell.Command]] = {"q_learning": QLearningCommand, "dqn": DQNCommand, "sb3": Sb3Command}
    return shell.main(commands, argv, "python -m agents", "Trains agents that learn to reach.")


if __name__ == "__main__":
    sys.exit(main())
