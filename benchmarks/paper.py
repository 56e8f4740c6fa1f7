"""``python -m benchmarks paper``: Sun & Plitt's recurrent models remade, beside the paper's figures, seeds and spread and all."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from rich.markdown import Markdown

from agents.common import runs
from benchmarks import paper_figures, paper_tables
from benchmarks.paper_facts import DISCREPANCIES
from benchmarks.paper_runs import load_all, train_all, train_grid
from reach_gym import checks, files
from reach_gym.cli import shell
from reach_gym.figures.saving import save as save_figure
from reach_gym.training.checkpoint import CheckpointError


@dataclass(kw_only=True)
class Paper(shell.Command):
    """Trains the paper's models and a control, and remakes its Figures 1B-E, 2B-C, 3A and 4 beside tables of numbers.

    Attributes:
        out: Directory for the runs, figures and tables.
        seeds: Trainings of each kind.
        share: Every training is shortened to this share of its updates; 0.02 shows in a few minutes that all works.
        resume: Go on with what is in the directory; what is trained already is not trained again.
        overwrite: Delete what a former call wrote there and begin anew.
        progress: Show progress bars if stderr is a terminal.
    """

    out: Path = Path("runs/paper")
    seeds: int = 3
    share: float = 1.0
    resume: bool = False
    overwrite: bool = False
    progress: bool = True

    def run(self) -> None:
        """Trains, measures, draws and prints."""
        torch.set_num_threads(1)
        with ExitStack() as stack:
            with shell.request():
                checks.integer("seeds", self.seeds, 1, 100)
                if checks.number("share", self.share, 0, 100) == 0:
                    raise ValueError("`share` must be above 0, got 0.")
                stack.enter_context(runs.claimed(self.out, "paper", self.resume, self.overwrite))
            self._remake()

    def _remake(self) -> None:
        begin = time.process_time()
        try:
            for _ in train_all(self.out, self.seeds, self.share, self.progress):
                pass
        except CheckpointError as error:  # of a call with another share, above all
            raise shell.RequestError(f"{self.out} cannot be resumed: {error}") from error
        trained = load_all(self.out, self.seeds)
        grid = train_grid(self.out, self.share, self.progress)
        for name, figure in paper_figures.all_figures(trained, grid).items():
            save_figure(figure, self.out / f"{name}.svg")
        text = report(paper_tables.tables(trained, self.out), self.seeds, self.share)
        files.write(self.out / "paper.md", text.encode())
        console = shell.console()
        console.print(Markdown(text))
        console.print(f"{time.process_time() - begin:.0f} s of CPU time in this call; written to {self.out}")


def report(tables: Mapping[str, Sequence[Sequence[str]]], seeds: int, share: float) -> str:
    """The tables and the list of discrepancies as Markdown."""
    command = f"python -m benchmarks paper --seeds {seeds}" + ("" if share == 1 else f" --share {share:g}")
    parts = [f"# Sun & Plitt's recurrent models, remade\n\n`{command}`; one core. Means over {seeds} seeds and their range."]
    parts += [f"## {title}\n\n{markdown_table(rows)}" for title, rows in tables.items()]
    listed = [
        ("matter", "the paper's code", "here", "what it changes"),
        *((d.what, d.theirs, d.here, d.changes) for d in DISCREPANCIES),
    ]
    parts.append(f"## What the paper's code does otherwise than its text\n\n{markdown_table(listed)}")
    return "\n\n".join(parts) + "\n"


def markdown_table(rows: Sequence[Sequence[Any]]) -> str:
    """A table in Markdown; the first row is its head."""
    lines = ["| " + " | ".join(map(str, row)) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])
