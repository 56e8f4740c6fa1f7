"""The command line ``reach-gym``: list, show, recipes, play, watch, evaluate, record, phenomena, neural and benchmark."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence

from reach_gym import startup
from reach_gym.errors import missing_extra

_DESCRIPTION = "Reaching under force fields: look at the tasks, play them, watch, evaluate and benchmark agents."
_COMMANDS = {
    "list": "reach_gym.cli.listing:List",
    "show": "reach_gym.cli.listing:Show",
    "recipes": "reach_gym.cli.listing:Recipes",
    "play": "reach_gym.cli.play:Play",
    "watch": "reach_gym.cli.watch:Watch",
    "evaluate": "reach_gym.cli.evaluating:Evaluate",
    "record": "reach_gym.cli.recording:Record",
    "phenomena": "reach_gym.cli.scorecard:Phenomena",
    "neural": "reach_gym.cli.neural:Neural",
    "benchmark": "reach_gym.cli.benchmarking:Benchmark",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command.

    Args:
        argv: The arguments; ``None`` for those of this process.

    Returns:
        The exit code: 0 done, 1 failed, 2 bad request, 130 interrupted.
    """
    for package in ("tyro", "rich"):
        if importlib.util.find_spec(package) is None:
            print(f"error: {missing_extra(package, 'render')}", file=sys.stderr)
            return 2
    with startup.importing():
        from reach_gym.cli import shell
    return shell.main(_COMMANDS, argv, "reach-gym", _DESCRIPTION)
