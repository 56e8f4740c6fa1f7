"""``python -m benchmarks rnn_ablation``: what each choice of the output-buffer model's training bought."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from rich import box
from rich.table import Table

from agents.rnn.config import PRESETS, RnnConfig, config_from_data
from agents.rnn.sessions import PAPER_TRIALS
from agents.rnn.training import RnnLearner
from benchmarks.paper_runs import TASK
from reach_gym import checks
from reach_gym.cli import shell

# Each of them from the defaults, as if that one choice had not been made.
LEVERS: dict[str, dict[str, Any]] = {
    "all choices": {},
    "the paper's units for inputs and outputs": {"scaling": "paper"},
    "PyTorch's initial weights": {"initial": "torch"},
    "the paper's learning rate, constant": {"learning_rate": 3e-4, "warm_up": 0, "floor": 1.0},
    "no fall of the learning rate": {"floor": 1.0},
    "no limit to the gradient": {"clip": 0.0},
    "dropout .3": {"dropout": 0.3},
    "L1 weighs 0.01": {"l1": 0.01},
    "buffer of 5": {"buffer": 5},
    "batch 32": {"batch": 32},
    "batch 128": {"batch": 128},
    "ReLU RNN": {"cell": "relu"},
    "tanh RNN": {"cell": "tanh"},
    "the paper's preset": PRESETS["paper"].to_data(),
}


@dataclass(kw_only=True)
class RnnAblation(shell.Command):
    """Trains the output-buffer model without a field, leaving out one choice at a time; all of them see equally many trials.

    The learning rate goes through its whole schedule in each of them, with a tenth of the updates to warm up.

    Attributes:
        trials: Trials of each training.
        seeds: Trainings of each choice.
    """

    trials: int = 25_600
    seeds: int = 3

    def run(self) -> None:
        """Trains and prints."""
        torch.set_num_threads(1)
        with shell.request():
            checks.integer("trials", self.trials, 1)
            checks.integer("seeds", self.seeds, 1)
        table = Table("without one choice", "updates", "endpoint error (mm)", "seeds", "loss", "CPU s", box=box.HORIZONTALS)
        for name, changes in LEVERS.items():
            config = config_from_data(changes)
            updates = max(1, self.trials // config.batch)
            begin = time.process_time()
            found = [_trained(config, updates, seed) for seed in range(self.seeds)]
            errors, losses = zip(*found, strict=True)
            cells = f"{np.mean(errors):.1f}", ", ".join(f"{error:.1f}" for error in errors), f"{np.mean(losses):.2f}"
            table.add_row(name, str(updates), *cells, f"{(time.process_time() - begin) / self.seeds:.0f}")
        shell.console().print(table)


def _trained(config: RnnConfig, updates: int, seed: int) -> tuple[float, float]:
    """Endpoint error in mm and loss on held-out trials after a training; infinite where it did not come to its end."""
    config = replace(config, warm_up=min(config.warm_up, updates // 10))
    learner = RnnLearner(TASK, {**PAPER_TRIALS, "schedule": [{"name": "before", "trials": updates, "gain": 0.0}]}, config, seed)
    try:
        learner.learn()
    except FloatingPointError:
        return math.inf, math.inf
    after = learner.probes[0]["after"]
    return after["endpoint_mm"], after["loss"]
