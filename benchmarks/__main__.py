"""``python -m benchmarks COMMAND``: the demonstration, the paper remade, the leaderboards, and measurements."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from reach_gym import startup

COMMANDS = {
    "demo": "benchmarks.demo:Demo",
    "paper": "benchmarks.paper:Paper",
    "leaderboard": "benchmarks.leaderboard:Leaderboard",
    "training": "benchmarks.training:Training",
    "recipes": "benchmarks.recipe_check:RecipeCheck",
    "arms": "benchmarks.arms:Arms",
    "dqn": "benchmarks.dqn:DQNAblation",
    "dqn_race": "benchmarks.dqn_race:DQNRace",
    "rnn_ablation": "benchmarks.rnn_ablation:RnnAblation",
    "rnn_speed": "benchmarks.rnn_speed:RnnSpeed",
    "motornet_speed": "benchmarks.motornet_speed:MotorNetSpeed",
    "feedbax_speed": "benchmarks.feedbax_speed:FeedbaxSpeed",
    "networks": "benchmarks.networks:Networks",
    "populations": "benchmarks.populations:Populations",
    "preparation": "benchmarks.preparation:Preparation",
    "in_context": "benchmarks.in_context:InContext",
    "isolation": "benchmarks.isolation:Isolation",
    "readers": "benchmarks.readers:Readers",
    "speed": "benchmarks.speed:Speed",
    "ceiling": "benchmarks.ceiling:Ceiling",
    "yardsticks": "benchmarks.yardsticks:Yardsticks",
    "adaptation": "benchmarks.adaptation:Adaptation",
    "coverage": "benchmarks.coverage:Coverage",
    "phenomena": "benchmarks.phenomena:Phenomena",
    "recovery": "benchmarks.recovery:Recovery",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command line and returns its exit code."""
    with startup.importing():
        from reach_gym.cli import shell
    return shell.main(COMMANDS, argv, "python -m benchmarks", "Experiments and measurements of reach_gym.")


if __name__ == "__main__":
    sys.exit(main())
