"""``python -m benchmarks phenomena``: reference columns of the scorecard of phenomena, by models and by controllers.

Models go through the sessions as numbers; for phenomena of movement they would act through the same controller as the others.
Controllers move in the environments. They do not learn, and every protocol of adaptation would say so: they go through some, and
through all of movement. Each column is kept in a file as soon as it is done, so that a run can be continued.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import yardsticks
from benchmarks.training_report import table
from reach_gym import checks, files
from reach_gym.cli import shell
from reach_gym.models import MODELS, OneState
from reach_gym.phenomena import PHENOMENA, Cell, Scorecard, scorecard
from reach_gym.phenomena.scorecard import MAX_SUBJECTS, beside, said, said_of_people

# What stands behind the columns that have no name of their own in the package.
COLUMNS: dict[str, Callable[[], Any]] = {
    "no_learning": lambda: OneState(retention=1.0, learning=0.0),
    **{name: (lambda name=name: name) for name in MODELS},  # type: ignore[misc]
    "naive": lambda: "naive",
    "adapted": lambda: "adapted",
    "stiff": lambda: yardsticks.by(yardsticks.velocity_loop),
}
CONTROLLERS = ("naive", "adapted", "stiff")
# What controllers go through besides the phenomena of movement.
TRIED = ("learning_curve", "after_effect", "spontaneous_recovery", "evoked_recovery", "clamp_decay")
_MARKS = {"shown": "**shown**", "absent": "absent", "open": "open", "no value": ""}


@dataclass(kw_only=True)
class Phenomena(shell.Command):
    """Reference columns of the scorecard of phenomena.

    Attributes:
        columns: Which; all unless told otherwise.
        subjects: Simulated subjects in each group of a model.
        moving: The same of a controller.
        seed: Of all draws.
        jobs: Columns at a time.
        parts: Directory in which finished columns are kept.
        out: File for the table, in Markdown, with the figure beside it as PNG; it is printed, too.
    """

    columns: list[str] = field(default_factory=lambda: list(COLUMNS))
    subjects: int = 20
    moving: int = 12
    seed: int = 0
    jobs: int = 1
    parts: Path | None = None
    out: Path | None = None

    def run(self) -> None:
        """Runs, prints and writes."""
        with shell.request():
            for name in self.columns:
                checks.choice("columns", name, COLUMNS)
            for option in ("subjects", "moving"):
                checks.integer(option, getattr(self, option), 2, MAX_SUBJECTS)
            checks.integer("jobs", self.jobs, 1, 64)
        with ProcessPoolExecutor(self.jobs) as pool:
            counts = {name: self.moving if name in CONTROLLERS else self.subjects for name in self.columns}
            tasks = [pool.submit(column, name, count, self.seed, self.parts) for name, count in counts.items()]
            done = [task.result() for task in tasks]
        card = beside([each for each, _ in done])
        text = report(card, dict(zip(card.agents, (took for _, took in done), strict=True)))
        print(text)
        if self.out is not None:
            from reach_gym.figures import save
            from reach_gym.phenomena.picture import picture

            files.write(self.out, text.encode())
            save(picture(card), self.out.with_suffix(".png"))


def column(name: str, subjects: int, seed: int, parts: Path | None) -> tuple[Scorecard, float]:
    """One column and the seconds that it took, from its file if it is there."""
    path = None if parts is None else parts / f"{name}-{subjects}-{seed}.json"
    if path is not None and path.exists():
        data = json.loads(path.read_text(encoding="utf-8"))
        return _from_data(data), float(data["seconds"])
    begun = time.perf_counter()
    tried = {key: each for key, each in PHENOMENA.items() if name not in CONTROLLERS or key in TRIED or each.needs == "movement"}
    card = scorecard({name: COLUMNS[name]()}, tried, subjects, seed, moving=False)
    took = time.perf_counter() - begun
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write(path, json.dumps({**card.to_data(), "seconds": took}).encode())
    return card, took


def _from_data(data: dict[str, Any]) -> Scorecard:
    def number(value: float | None) -> float:
        return float("nan") if value is None else value

    cells = {
        (row["phenomenon"], row["agent"]): Cell(
            np.array([number(value) for value in row["values"]]),
            number(row["value"]),
            number(row["low"]),
            number(row["high"]),
            row["verdict"],
            row["how"],
        )
        for row in data["cells"]
    }
    tried = {name: each for name, each in PHENOMENA.items() if any(name == key for key, _ in cells)}
    return Scorecard(tried, tuple(data["agents"]), cells, data["subjects"], data["seed"])


def report(card: Scorecard, seconds: dict[str, float]) -> str:
    """The table in Markdown."""
    rows = []
    for name, each in card.phenomena.items():
        title = f"{name}{' (contested, not scored)' if each.contested else ''}"
        found = [card.cells[name, agent] for agent in card.agents]
        told = [f"{said(cell)} {_MARKS[cell.verdict]}".strip() for cell in found]
        how = each.human.how_obtained
        human = f"{said_of_people(each)}, {'no number found' if how == 'not found' else how}"
        rows.append([title, human, f"{each.least:g}", *told])
    score = ["scored and shown", "", "", *("{} of {}".format(*card.shown(agent)) for agent in card.agents)]
    size = ["subjects", "", "", *(str(len(card.cells[next(iter(card.phenomena)), agent].values)) for agent in card.agents)]
    spent = ["seconds on one core", "", "", *(f"{seconds[agent]:.0f}" for agent in card.agents)]
    lines = table(["phenomenon", "people", "at least", *card.agents], [*rows, score, size, spent])
    head = f"Seed {card.seed}; means with 95 % intervals over subjects (Student's t)."
    return "\n".join(["# Phenomena: reference columns", "", head, *_NOTES, "", *lines]) + "\n"


_NOTES = (
    "An effect is shown where the whole interval lies above the least that counts, absent where it lies below, else open.",
    "Two rows give what two models that were fitted to people foretell here, not people's means; for the others no number was",
    "found, and only the effect's sign is known. The count is no ranking: four of the scored ones cannot be shown by models",
    "without directions, for which a cue is a cue, or that forget nothing in a rest, and all models meet the same noise. `naive`",
    "and `adapted` plan reaches of minimum jerk that take longer over longer ways: `fitts` and `bell_speed` are built into them.",
    "Models ran as numbers, controllers in the environments. Written by",
    "`python -m benchmarks phenomena --jobs 2 --out benchmarks/results/phenomena.md`.",
)
