"""``python -m benchmarks COMMAND``: the demonstration, the speed measurements and the leaderboard."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from reach_gym.cli import shell

from .demo import Demo
from .dqn import DQNAblation
from .isolation import Isolation
from .leaderboard import Leaderboard
from .speed import Speed


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command line and returns its exit code."""
    commands: dict[str, type[shell.Command]] = {
        "demo": Demo,
        "speed": Speed,
        "dqn": DQNAblation,
        "leaderboard": Leaderboard,
        "isolation": Isolation,
    }
    return shell.main(commands, argv, "python -m benchmarks", "Experiments and measurements of reach_gym.")


if __name__ == "__main__":
    sys.exit(main())
