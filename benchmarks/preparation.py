"""``python -m benchmarks preparation``: what learning a curl field in one direction does to preparatory activity."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

from benchmarks.preparation_report import found, markdown, picture
from benchmarks.preparation_runs import subject_in
from reach_gym import checks, files
from reach_gym.cli import shell


@dataclass(kw_only=True)
class Preparation(shell.Command):
    """Asks of networks what Sun, O'Shea et al. 2022 found in monkeys, with the controls that the finding needs.

    A network of its own for every seed learns to wait and to reach to twelve targets. Then half of the trials go in one
    direction, in a curl field, and the others elsewhere without it; then the field is taken away. A control goes through the same
    trials without a field, and both again with another optimiser. What a network does in error clamps is kept in the directory:
    a second call trains only what is missing there.

    Attributes:
        runs: Directory of the networks' activity.
        seeds: Of weights and trials; one network each.
        first: Updates that a network learns to reach with.
        updates: In the field, and as many in the washout.
        out: Where the table is written, as Markdown, with the figure beside it as PNG and SVG; nowhere if ``None``.
    """

    runs: Path = Path("runs/preparation")
    seeds: tuple[int, ...] = tuple(range(5))
    first: int = 300
    updates: int = 100
    out: Path | None = None

    def run(self) -> None:
        """Trains what is missing, and reports."""
        with shell.request():
            for seed in self.seeds:
                checks.integer("seeds", seed, 0, 2**31)
            checks.integer("first", self.first, 1)
            checks.integer("updates", self.updates, 1)
            if not self.seeds:
                raise ValueError("`seeds` must hold at least one seed, got none.")
        torch.set_num_threads(1)
        self.runs.mkdir(parents=True, exist_ok=True)
        networks = [found(subject_in(self.runs, seed, self.first, self.updates)) for seed in self.seeds]
        table = markdown(networks, self.first, self.updates)
        print(table)
        if self.out is not None:
            from reach_gym.figures import save

            files.write(self.out, table.encode())
            for suffix in (".png", ".svg"):
                save(picture(networks), self.out.with_suffix(suffix))
