"""``python -m benchmarks rnn_speed``: what an update of the paper's models costs, and what a short training gives."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from typing import Any

import torch
from rich import box
from rich.table import Table

from agents.rnn.config import RnnConfig, config_from_data
from agents.rnn.models import body_of, make_network
from agents.rnn.objective import objective
from agents.rnn.sessions import PAPER_TRIALS
from agents.rnn.training import RnnLearner
from benchmarks.networks import timed_update
from benchmarks.paper_runs import TASK
from reach_gym import checks
from reach_gym.cli import shell
from reach_gym.differentiable import TorchReach

BATCHES = (32, 128, 256)
# Updates of a short training, which has the learning rate's whole schedule.
SOON = {"standard": 200, "output_buffer": 400}


@dataclass(kw_only=True)
class RnnSpeed(shell.Command):
    """Measures updates in the field by place, and short trainings without it.

    Attributes:
        repeats: Measurements of each, of which the median counts.
        seeds: Short trainings of each model; 0 leaves them out.
        compile: Compile the networks by `torch.compile` first, which takes about a minute each.
    """

    repeats: int = 11
    seeds: int = 3
    compile: bool = False

    def run(self) -> None:
        """Measures and prints."""
        with shell.request():
            checks.integer("repeats", self.repeats, 1)
            checks.integer("seeds", self.seeds, 0)
        torch.set_num_threads(1)
        heads = (f"batch {rows}" for rows in BATCHES)
        table = Table("model", *heads, title="ms of CPU time per update of 100 steps", box=box.HORIZONTALS)
        for model in SOON:
            took = (update_time(model, rows, self.repeats, self.compile) for rows in BATCHES)
            table.add_row(model, *(f"{1000 * each:.0f}" for each in took))
        shell.console().print(table)
        soon = Table("model", "updates", "error (mm)", "CPU s", title="short trainings, batch 64", box=box.HORIZONTALS)
        for model, updates in SOON.items() if self.seeds else ():
            runs = [accuracy_time(model, updates, seed) for seed in range(self.seeds)]
            errors = ", ".join(f"{error:.1f}" for _, error in runs)
            soon.add_row(model, str(updates), errors, f"{max(seconds for seconds, _ in runs):.0f}")
        if self.seeds:
            shell.console().print(soon)


def _config(model: str, batch: int) -> RnnConfig:
    return config_from_data({"model": model, "batch": batch})


def update_time(model: str, batch: int, repeats: int, compiled: bool = False) -> float:
    """Median CPU seconds of an update in the field by place: trials, roll-out, gradients, Adam."""
    config, task = _config(model, batch), TorchReach(TASK, batch, **PAPER_TRIALS)
    network, loss = make_network(config, body_of(task.task)), objective(config)
    if compiled:
        network.compile()
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-4)
    update = timed_update(network, task, loss, optimiser)
    update()
    return statistics.median(update() for _ in range(repeats))


def accuracy_time(model: str, updates: int, seed: int) -> tuple[float, float]:
    """Seconds of CPU time of a whole short training, and the endpoint error in mm on held-out trials after it."""
    begin = time.process_time()
    session: list[dict[str, Any]] = [{"name": "before", "trials": updates, "gain": 0.0}]
    learner = RnnLearner(TASK, {**PAPER_TRIALS, "schedule": session}, _config(model, RnnConfig().batch), seed)
    learner.learn()
    return time.process_time() - begin, learner.probes[0]["after"]["endpoint_mm"]
