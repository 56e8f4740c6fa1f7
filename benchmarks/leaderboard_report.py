"""The boards of `benchmarks.leaderboard` as one page in Markdown."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from textwrap import fill

from reach_gym.benchmark.report import AVERAGES, SCALES, made_with
from reach_gym.benchmark.results import RECORDS
from reach_gym.benchmark.summary import summarise
from reach_gym.benchmark.tables import markdown as tables

_TITLES = {
    "grid": "Grid",
    "lab": "Laboratory",
    "arm": "Arm of torques",
    "muscle": "Arm of muscles",
    "haste": "Haste",
    "adaptation": "Adaptation",
}


def markdown(command: str, boards: Mapping[str, Path]) -> str:
    """The page.

    Args:
        command: By which the boards were made.
        boards: By group of tasks, the directory with its results.

    Raises:
        OSError: There are no results.
    """
    parts = [f"# Leaderboard\n\n```bash\n{command}\n```\n\n{fill(AVERAGES, 120)}\n"]
    for group, folder in boards.items():
        records = [json.loads(line) for line in (folder / RECORDS).read_text(encoding="utf-8").splitlines()]
        summary = summarise(records)
        seeds = ", ".join(map(str, summary["seeds"]))
        told = f"{SCALES[group]} Seeds {seeds} of training and of the held-out trials. {made_with(records)}"
        parts.append(f"## {_TITLES[group]}\n\n{told}\n\n{tables(summary, measures=False)}")
    return "\n".join(parts)
