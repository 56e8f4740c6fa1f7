"""The command line ``reach-gym``: list, show, recipes, play, watch, evaluate, record, phenomena, neural and benchmark."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence

from reach_gym import startup
from reach_gym.errors import missing_extra

_DESCRIPTION = "Reaching under force fields: look at the tasks, play them, watch, evaluate and benchmark agents."


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
        from reach_gym.cli import benchmarking, evaluating, listing, neural, play, recording, scorecard, shell, watch

    commands: dict[str, type[shell.Command]] = {
        "list": listing.List,
        "show": listing.Show,
        "recipes": listing.Recipes,
        "play": play.Play,
        "watch": watch.Watch,
        "evaluate": evaluating.Evaluate,
        "record": recording.Record,
        "phenomena": scorecard.Phenomena,
        "neural": neural.Neural,
        "benchmark": benchmarking.Benchmark,
    }
    return shell.main(commands, argv, "reach-gym", _DESCRIPTION)
