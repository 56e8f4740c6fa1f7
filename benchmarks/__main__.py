"""``python -m benchmarks COMMAND``: the demonstration, the paper remade, the leaderboards, and measurements."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from reach_gym import startup


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command line and returns its exit code."""
    with startup.importing():
        from benchmarks.adaptation import Adaptation
        from benchmarks.arms import Arms
        from benchmarks.ceiling import Ceiling
        from benchmarks.coverage import Coverage
        from benchmarks.demo import Demo
        from benchmarks.dqn import DQNAblation
        from benchmarks.dqn_race import DQNRace
        from benchmarks.feedbax_speed import FeedbaxSpeed
        from benchmarks.in_context import InContext
        from benchmarks.isolation import Isolation
        from benchmarks.leaderboard import Leaderboard
        from benchmarks.motornet_speed import MotorNetSpeed
        from benchmarks.networks import Networks
        from benchmarks.paper import Paper
        from benchmarks.phenomena import Phenomena
        from benchmarks.populations import Populations
        from benchmarks.preparation import Preparation
        from benchmarks.readers import Readers
        from benchmarks.recipe_check import RecipeCheck
        from benchmarks.recovery import Recovery
        from benchmarks.rnn_ablation import RnnAblation
        from benchmarks.rnn_speed import RnnSpeed
        from benchmarks.speed import Speed
        from benchmarks.training import Training
        from benchmarks.yardsticks import Yardsticks
        from reach_gym.cli import shell

    commands: dict[str, type[shell.Command]] = {
        "demo": Demo,
        "paper": Paper,
        "leaderboard": Leaderboard,
        "training": Training,
        "recipes": RecipeCheck,
        "arms": Arms,
        "dqn": DQNAblation,
        "dqn_race": DQNRace,
        "rnn_ablation": RnnAblation,
        "rnn_speed": RnnSpeed,
        "motornet_speed": MotorNetSpeed,
        "feedbax_speed": FeedbaxSpeed,
        "networks": Networks,
        "populations": Populations,
        "preparation": Preparation,
        "in_context": InContext,
        "isolation": Isolation,
        "readers": Readers,
        "speed": Speed,
        "ceiling": Ceiling,
        "yardsticks": Yardsticks,
        "adaptation": Adaptation,
        "coverage": Coverage,
        "phenomena": Phenomena,
        "recovery": Recovery,
    }
    return shell.main(commands, argv, "python -m benchmarks", "Experiments and measurements of reach_gym.")


if __name__ == "__main__":
    sys.exit(main())
