"""``python -m benchmarks populations``: what networks that reach have of monkeys' motor cortex."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from benchmarks.populations_measures import measured_in
from benchmarks.populations_report import markdown, picture
from benchmarks.populations_runs import PLANTS, folder_of
from reach_gym import checks, files
from reach_gym.cli import shell


@dataclass(kw_only=True)
class Populations(shell.Command):
    """Measures networks before and after they learn to reach, in a curl field, after its washout, and without a field.

    Every network has a directory of its own with its activity at all stages, which `reach-gym neural` reads, and its numbers. A
    second call trains and measures only what is missing; the table says what is.

    Attributes:
        plants: What is moved: `point_mass`, `two_link_arm`, `muscle_arm`.
        seeds: How many networks of each plant.
        first: Updates that a network learns to reach with.
        updates: In the field, and as many in the washout; the control's two blocks are as long.
        draws: Of each null.
        out: Directory of the networks.
        report: Where the table is written, as Markdown, with the figure beside it as PNG and SVG; nowhere if ``None``.
        only_report: Train nothing: report on the networks that are there.
    """

    plants: tuple[str, ...] = tuple(PLANTS)
    seeds: int = 5
    first: int = 600
    updates: int = 200
    draws: int = 100
    out: Path = Path("runs/populations")
    report: Path | None = None
    only_report: bool = False

    def run(self) -> None:
        """Trains and measures what is missing, and reports."""
        with shell.request():
            for plant in self.plants:
                checks.choice("plants", plant, PLANTS)
            for name in ("seeds", "first", "updates", "draws"):
                checks.integer(name, getattr(self, name), 1)
        torch.set_num_threads(1)
        found, missing = self._networks()
        with shell.request():
            if not found:
                raise ValueError(f"`out` must hold at least one network with `only_report`, got none in {self.out}.")
        table = markdown(found, self.first, self.updates, self.draws, missing)
        print(table)
        if self.report is not None:
            from reach_gym.figures import save

            files.write(self.report, table.encode())
            for suffix in (".png", ".svg"):
                save(picture(found), self.report.with_suffix(suffix))

    def _networks(self) -> tuple[Mapping[str, list[dict[str, Any]]], list[str]]:
        """What was measured of each plant's networks, and which networks were not."""
        found: dict[str, list[dict[str, Any]]] = {}
        missing = []
        for plant in self.plants:
            for seed in range(self.seeds):
                folder = folder_of(self.out, plant, seed, self.first, self.updates)
                if self.only_report and not (folder / f"measured_{self.draws}.json").exists():
                    missing.append(f"`{plant}` seed {seed}")
                    continue
                told = measured_in(folder, plant, seed, self.first, self.updates, self.draws)
                found.setdefault(plant, []).append(told)
        return found, missing
